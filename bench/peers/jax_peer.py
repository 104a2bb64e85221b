"""JAX's side of the benchmark (CPU): cases named as in bench/tolk/cases.cpp. Every case is a jitted call."""
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("JAX_PLATFORMS", "cpu")
THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
if THREADS == 1:
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import protocol
from gpt2_shapes import SHAPES, VOCABULARY, WIDTH


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
        return jax.block_until_ready(held[0])

    return "run()", {"run": run}


def tiny_200():
    def centre(x):
        for k in range(200):
            x = x - x.mean(axis=k % 2)
        return x

    f = jax.jit(centre)
    x = hashed(16, 16)
    return "jax.block_until_ready(f(x))", {"jax": jax, "f": f, "x": x}


def hashed(*shape, seed=1):
    return jnp.asarray(protocol.hashed(shape, seed))


def integers(count, bound, seed):
    return jnp.asarray(protocol.hashed_integers((count,), bound, seed))


def positive():
    return (hashed(4096, 4096) + 1) / 2


def map_gelu(x, y):
    return jax.nn.gelu(x * y + y, approximate=False) * x


def dropout(x, key, g):
    """Straight from the bits, which are Raven's: less work than bernoulli's uniform numbers."""

    def forward(x):
        keep = jax.random.bits(key, x.shape) >= jnp.uint32(0.1 * 2**32 + 0.5)
        return jnp.where(keep, x * (1 / 0.9), 0)

    y, pullback = jax.vjp(forward, x)
    return y, *pullback(g)


def layer_norm(x, weight, bias):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * weight + bias


def layer_norm_grad(x, weight, bias, g):
    return jax.vjp(layer_norm, x, weight, bias)[1](g)


def embedding(table, ids, g):
    rows, pullback = jax.vjp(lambda table: table[ids], table)
    return rows, *pullback(g)


def cross_entropy(logits, labels):
    def loss(logits):
        chosen = jnp.take_along_axis(logits, labels[:, None], -1)[:, 0]
        return (jax.nn.logsumexp(logits, -1) - chosen).mean()

    return jax.value_and_grad(loss)(logits)


def of_function(function, inputs):
    def make():
        return "wait(f(*a))", {"wait": jax.block_until_ready, "f": jax.jit(function), "a": inputs()}

    return make


def adamw_gpt2():
    """Clipping by the global norm, then AdamW; parameters and moments are given up."""

    def update(gradients, parameters, mu, nu, count):
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in gradients))
        factor = jnp.minimum(1.0, 1.0 / (norm + 1e-6))
        count = count + 1
        correction1, correction2 = 1 - 0.9**count, 1 - 0.999**count

        def leaf(g, p, m, v):
            g = g * factor
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            p = p * (1 - 1e-3 * 0.1) - 1e-3 * (m / correction1) / (jnp.sqrt(v / correction2) + 1e-8)
            return p, m, v

        leaves = [leaf(*four) for four in zip(gradients, parameters, mu, nu)]
        return [x[0] for x in leaves], [x[1] for x in leaves], [x[2] for x in leaves], count

    f = jax.jit(update, donate_argnums=(1, 2, 3, 4))
    gradients = [hashed(*shape, seed=1001 + i) * 0.001 for i, shape in enumerate(SHAPES)]
    held = [
        [hashed(*shape, seed=1 + i) * 0.02 for i, shape in enumerate(SHAPES)],
        [jnp.zeros(shape, jnp.float32) for shape in SHAPES],
        [jnp.zeros(shape, jnp.float32) for shape in SHAPES],
        jnp.zeros((), jnp.float32),
    ]

    def run():
        held[:] = f(gradients, *held)
        return jax.block_until_ready(held[0])

    return "run()", {"run": run}


FIRST_CALL = """
import os, sys, time
os.environ["JAX_PLATFORMS"] = "cpu"
if sys.argv[2]:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = sys.argv[2]
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
import jax, jax.numpy as jnp, numpy as np
jax.devices()  # starting the runtime is no part of a compilation
x, y = (jnp.asarray(np.linspace(-1, 1, 65536, dtype=np.float32).reshape(64, 1024)) for _ in range(2))
functions = {
    "map_gelu": lambda x, y: jax.nn.gelu(x * y + y, approximate=False) * x,
    "softmax_grad": lambda x, y: jax.vjp(jax.nn.softmax, x)[1](y)[0],
}
start = time.perf_counter()
jax.block_until_ready(jax.jit(functions[sys.argv[1]])(x, y))
print(time.perf_counter() - start)
"""


def first_call(name, from_disk):
    """A process that times its own first call: with nothing cached, or after another one has filled JAX's cache."""

    def seconds(cache):
        arguments = [sys.executable, "-c", FIRST_CALL, name, cache]
        return float(subprocess.run(arguments, check=True, stdout=subprocess.PIPE).stdout)

    def make():
        if not from_disk:
            return lambda: seconds(""), {}
        directory = tempfile.TemporaryDirectory()
        seconds(directory.name)
        return lambda: seconds(directory.name), {}

    return make


CASES = {
    "call_150_leaves": call_150_leaves,
    "call_446_donated": call_446_donated,
    "tiny_200": tiny_200,
    "first_call_map_gelu_cold": first_call("map_gelu", from_disk=False),
    "first_call_map_gelu_disk": first_call("map_gelu", from_disk=True),
    "first_call_softmax_grad_cold": first_call("softmax_grad", from_disk=False),
    "first_call_softmax_grad_disk": first_call("softmax_grad", from_disk=True),
    "map_gelu_16M": of_function(map_gelu, lambda: (hashed(16384, 1024), hashed(16384, 1024, seed=2))),
    "map_bias_relu_residual_16M": of_function(
        lambda x, bias, residual: jax.nn.relu(x + bias) + residual,
        lambda: (hashed(16384, 1024), hashed(1024, seed=2), hashed(16384, 1024, seed=3)),
    ),
    "dropout_16M": of_function(
        dropout, lambda: (hashed(16384, 1024), jax.random.PRNGKey(1), hashed(16384, 1024, seed=2))
    ),
    "softmax_16384x1024": of_function(jax.nn.softmax, lambda: (hashed(16384, 1024),)),
    "layer_norm_16384x1024": of_function(
        layer_norm, lambda: (hashed(16384, 1024), hashed(1024, seed=2), hashed(1024, seed=3))
    ),
    "layer_norm_grad_16384x1024": of_function(
        layer_norm_grad,
        lambda: (hashed(16384, 1024), hashed(1024, seed=2), hashed(1024, seed=3), hashed(16384, 1024, seed=4)),
    ),
    "sum_all_4096": of_function(jnp.sum, lambda: (positive(),)),
    "sum_axis0_4096": of_function(lambda x: x.sum(0), lambda: (positive(),)),
    "sum_axis1_4096": of_function(lambda x: x.sum(1), lambda: (positive(),)),
    "argmax_axis1_4096": of_function(lambda x: x.argmax(1), lambda: (positive(),)),
    "transpose_4096": of_function(lambda x: x.T * 2, lambda: (positive(),)),
    "embedding_32768x768": of_function(
        embedding,
        lambda: (hashed(VOCABULARY, WIDTH), integers(32768, VOCABULARY, 2), hashed(32768, WIDTH, seed=3)),
    ),
    "cross_entropy_512x50257": of_function(
        cross_entropy, lambda: (hashed(512, VOCABULARY), integers(512, VOCABULARY, 2))
    ),
    "adamw_gpt2": adamw_gpt2,
}


def sgemm():
    a = jnp.ones((1024, 1024), jnp.float32)
    f = jax.jit(jnp.matmul)
    return protocol.sgemm_rate(lambda: jax.block_until_ready(f(a, a)))


if __name__ == "__main__":
    protocol.serve("jax", jax.__version__, CASES, lambda: "eigen", sgemm, lambda: THREADS)
