"""PyTorch's side of the benchmark (CPU): cases named as in bench/nx/rows.cpp, bench/rune bench/kaun and bench/tolk."""
import os
import pathlib
import re
import sys

import numpy as np
import protocol
import pytorch_kernels
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "kaun"))

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
torch.set_num_threads(THREADS)
torch.manual_seed(0)
F32, F64 = torch.float32, torch.float64
NUMPY = {F32: np.float32, F64: np.float64}


_inference = None


def gradients(enabled):
    """Autograd on, or inference mode for the cases to come: PyTorch's fastest way to call a tiny operation."""
    global _inference
    if _inference:
        _inference.__exit__(None, None, None)
        _inference = None
    torch.set_grad_enabled(True)
    if not enabled:
        _inference = torch.inference_mode()
        _inference.__enter__()


def values(*shape, dtype=F32, seed=1):
    return torch.from_numpy(protocol.hashed(shape, seed, NUMPY[dtype]))


def interval(low, high, dtype):
    """10^6 elements."""
    return values(1_000_000, dtype=dtype) * ((high - low) / 2) + (high + low) / 2


def case(statement, **inputs):
    """A case without gradients whose inputs are made by calling the given functions."""

    def make():
        gradients(False)
        return statement, {"torch": torch, **{name: build() for name, build in inputs.items()}}

    return make


def gemm(m, k, n, dtype=F32):
    return case("a @ b", a=lambda: values(m, k, dtype=dtype), b=lambda: values(k, n, dtype=dtype))


def tape_1000():
    """A chain of 1,000 adds of four floats, recorded and run backward."""
    gradients(True)
    x = torch.ones(4).requires_grad_()
    y = torch.ones(4)

    def run():
        z = x
        for _ in range(1000):
            z = z + y
        return torch.autograd.grad(z.sum(), x)

    return "run()", {"run": run}


def grad_rows(count):
    """The gradient of sum over rows i of sum(x[i]²), row by row, x of (count, 256)."""

    def make():
        gradients(True)
        x = torch.ones(count, 256).requires_grad_()

        def run():
            total = torch.zeros(())
            for i in range(count):
                row = x[i]
                total = total + (row * row).sum()
            return torch.autograd.grad(total, x)

        return "run()", {"run": run}

    return make


def attention(backward):
    def make():
        gradients(backward)
        attend = torch.nn.functional.scaled_dot_product_attention
        query, key, value = (values(1, 12, 1024, 64, seed=s).requires_grad_(backward) for s in (1, 2, 3))
        cotangent = torch.ones(1, 12, 1024, 64)

        def forward():
            return attend(query, key, value, is_causal=True)

        def both():
            return torch.autograd.grad(forward(), (query, key, value), cotangent)

        return "run()", {"run": both if backward else forward}

    return make


def hashed_weights(model):
    """As bench/kaun/gpt_step.cpp: matrices from a hash, biases 0, scales of norms 1."""
    with torch.no_grad():
        for seed, (name, parameter) in enumerate(model.named_parameters(), 1):
            if parameter.dim() >= 2:
                parameter.copy_(values(*parameter.shape, seed=seed) * 0.03)
            elif name.endswith("bias"):
                parameter.zero_()
    return model


def gpt_char_step(compiled):
    """One training step of the demo: fused AdamW, foreach clipping, gradients set to None, the batch ready."""

    def make():
        import gpt_pytorch as gpt

        gradients(True)
        model = hashed_weights(gpt.Gpt())
        optimizer = gpt.adamw(model, fused=True)
        tokens, targets = (
            torch.from_numpy(protocol.hashed_integers((gpt.BATCH, gpt.CONTEXT), gpt.VOCABULARY, seed)) for seed in (1, 2)
        )
        forward = torch.compile(model) if compiled else model
        parameters = list(model.parameters())

        def run():
            loss = forward(tokens, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            return loss.detach()

        return "run()", {"run": run}

    return make


def of_dtype(dtype):
    """Cases by name, without the dtype's suffix."""

    def array(*shape):
        return lambda: values(*shape, dtype=dtype)

    def between(low, high):
        return lambda: interval(low, high, dtype)

    cases = {
        "add_tiny": case("a + b", a=array(4), b=array(4)),
        "add_weak_scalar": case("a + 1.0", a=array(4)),
        "add_broadcast_tiny": case("a + b", a=array(4), b=array(1)),
        "scale_shift_0d": case("x * 2 + 1", x=array()),
        "sum_tiny": case("x.sum()", x=array(8)),
        "max_tiny": case("x.max()", x=array(8)),
        "exp_cache": case("torch.exp(x)", x=array(16384 // dtype.itemsize)),
        "add_100x100": case("a + b", a=array(100, 100), b=array(100, 100)),
        "add_1e6": case("a + b", a=array(1_000_000), b=array(1_000_000)),
        "add_broadcast_column": case("a + b", a=array(1024, 1024), b=array(1024, 1)),
        "add_broadcast_row": case("a + b", a=array(1024, 1024), b=array(1024)),
        "add_transposed": case("a + b.T", a=array(2048, 2048), b=array(2048, 2048)),
        "exp_1e6": case("torch.exp(x)", x=between(-4, 4)),
        "log_1e6": case("torch.log(x)", x=between(0.5, 1.5)),
        "sin_1e6": case("torch.sin(x)", x=between(-4, 4)),
        "tanh_1e6": case("torch.tanh(x)", x=between(-4, 4)),
        "pow_1e6": case("x ** 1.7", x=between(0.5, 1.5)),
        "where_1e6": case("torch.where(x > 0.5, x, 0.0)", x=between(0, 1)),
        "transpose_copy": case("x.T.contiguous()", x=array(4096, 4096)),
        "sum_1e6": case("x.sum()", x=array(1_000_000)),
        "var_axis1": case("x.var(dim=1, correction=0)", x=array(2048, 2048)),
        "softmax": case("torch.softmax(x, -1)", x=array(2048, 2048)),
        "gemv_4096": gemm(1, 4096, 4096, dtype),
        "gemv_rows_4096": gemm(4096, 4096, 1, dtype),
    }
    for reduction, function in (("sum", "sum"), ("max", "amax"), ("mean", "mean")):
        for axis in (0, 1):
            cases[f"{reduction}_axis{axis}"] = case(f"x.{function}(dim={axis})", x=array(4096, 1024))
    return cases


CASES = {
    "view_slice": case("x[1:50, ::2]", x=lambda: values(100, 100, dtype=F64)),
    "view_reshape": case("x.reshape(10, 1000)", x=lambda: values(100, 100, dtype=F64)),
    "view_transpose": case("x.T", x=lambda: values(100, 100, dtype=F64)),
    "add_5e7_f32": case("a + b", a=lambda: torch.ones(50_000_000), b=lambda: torch.ones(50_000_000)),
    "process_start": lambda: protocol.process_start("import torch; torch.ones(4) + torch.ones(4)"),
    "tape_1000": tape_1000,
    "grad_rows_4096": grad_rows(4096),
    "grad_rows_8192": grad_rows(8192),
    "attention_1024_forward": attention(backward=False),
    "attention_1024_backward": attention(backward=True),
    "gpt_char_step": gpt_char_step(compiled=False),
    "gpt_char_step_compiled": gpt_char_step(compiled=True),
    **pytorch_kernels.cases(gradients),
}
for suffix, dtype in (("_f32", F32), ("_f64", F64)):
    CASES.update({name + suffix: made for name, made in of_dtype(dtype).items()})
for suffix, dtype in (("", F32), ("_f64", F64)):
    CASES["gemm_64" + suffix] = gemm(64, 64, 64, dtype)
    CASES["gemm_256" + suffix] = gemm(256, 256, 256, dtype)
    CASES["gemm_100000x32x32" + suffix] = gemm(100_000, 32, 32, dtype)
    CASES["gemm_transposed_sliced" + suffix] = case(
        "a.T @ b[::2]", a=lambda d=dtype: values(1024, 1024, dtype=d), b=lambda d=dtype: values(2048, 1024, dtype=d)
    )
for size in (512, 1024, 2048):
    CASES[f"gemm_{size}"] = gemm(size, size, size)
STEP_SHAPES = (
    (768, 128, 384), (768, 128, 128), (768, 128, 512), (768, 512, 128), (768, 128, 63), (768, 384, 128),
    (768, 63, 128), (128, 768, 384), (128, 768, 128), (128, 768, 512), (512, 768, 128), (128, 768, 63),
)  # fmt: skip
for shape in STEP_SHAPES:
    CASES["gemm_%dx%dx%d" % shape] = gemm(*shape)


def blas():
    """MKL and oneDNN are linked in statically, so threadpoolctl does not see them."""
    build = torch.__config__.show()
    mkl = re.search(r"Math Kernel Library Version ([\d.]+)", build)
    onednn = re.search(r"MKL-DNN v([\d.]+)", build)
    parts = [f"{name} {found.group(1)}" for name, found in (("mkl", mkl), ("onednn", onednn)) if found]
    return " + ".join([*parts, torch.backends.cpu.get_cpu_capability()])


def sgemm():
    with torch.no_grad():
        a, b = values(1024, 1024), values(1024, 1024)
        return protocol.sgemm_rate(lambda: a @ b)


if __name__ == "__main__":
    protocol.serve("pytorch", torch.__version__, CASES, blas, sgemm, torch.get_num_threads)
