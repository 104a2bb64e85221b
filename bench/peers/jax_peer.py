"""JAX's side of the benchmark (CPU): cases named as in bench/tolk/cases.cpp. Every case is a jitted call."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
if THREADS == 1:
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import protocol


def leaves(count):
    return [jnp.ones(16, jnp.float32) for _ in range(count)]


def add_one(xs):
    return [x + 1 for x in xs]


def call_150_leaves():
    f = jax.jit(add_one)
    xs = leaves(150)
    return "jax.block_until_ready(f(xs))", {"jax": jax, "f": f, "xs": xs}


def call_446_donated():
    f = jax.jit(add_one, donate_argnums=0)
    held = [leaves(446)]

    def run():
        held[0] = f(held[0])
        jax.block_until_ready(held[0])

    return "run()", {"run": run}


def tiny_200():
    def centre(x):
        for k in range(200):
            x = x - x.mean(axis=k % 2)
        return x

    f = jax.jit(centre)
    x = jnp.arange(256, dtype=jnp.float32).reshape(16, 16)
    return "jax.block_until_ready(f(x))", {"jax": jax, "f": f, "x": x}


CASES = {"call_150_leaves": call_150_leaves, "call_446_donated": call_446_donated, "tiny_200": tiny_200}


def sgemm():
    a = jnp.ones((1024, 1024), jnp.float32)
    f = jax.jit(jnp.matmul)
    return protocol.sgemm_rate(lambda: jax.block_until_ready(f(a, a)))


if __name__ == "__main__":
    protocol.serve("jax", jax.__version__, CASES, lambda: "eigen", sgemm, lambda: THREADS)
