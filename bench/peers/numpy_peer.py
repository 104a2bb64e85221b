"""NumPy's side of the benchmark: cases named as in bench/nx/rows.cpp."""
import os

import numpy as np
import protocol


def values(shape, dtype=np.float32):
    return protocol.hashed(shape, dtype=dtype)


def interval(low, high, dtype):
    """10^6 elements."""
    return values((1_000_000,), dtype) * dtype((high - low) / 2) + dtype((high + low) / 2)


def case(statement, **inputs):
    """A case whose inputs are made by calling the given functions."""
    return lambda: (statement, {"np": np, **{name: make() for name, make in inputs.items()}})


def gemm(m, k, n, dtype=np.float32):
    return case("a @ b", a=lambda: values((m, k), dtype), b=lambda: values((k, n), dtype))


def softmax(x):
    """As a NumPy user writes it, stable, the division in place."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


def of_dtype(dtype):
    """Cases by name, without the dtype's suffix."""

    def array(*shape):
        return lambda: values(shape, dtype)

    def between(low, high):
        return lambda: interval(low, high, dtype)

    cases = {
        "add_tiny": case("a + b", a=array(4), b=array(4)),
        "add_weak_scalar": case("a + 1.0", a=array(4)),
        "add_broadcast_tiny": case("a + b", a=array(4), b=array(1)),
        "scale_shift_0d": case("x * 2 + 1", x=array()),
        "sum_tiny": case("x.sum()", x=array(8)),
        "max_tiny": case("x.max()", x=array(8)),
        "exp_cache": case("np.exp(x)", x=array(16384 // np.dtype(dtype).itemsize)),
        "add_100x100": case("a + b", a=array(100, 100), b=array(100, 100)),
        "add_1e6": case("a + b", a=array(1_000_000), b=array(1_000_000)),
        "add_broadcast_column": case("a + b", a=array(1024, 1024), b=array(1024, 1)),
        "add_broadcast_row": case("a + b", a=array(1024, 1024), b=array(1024)),
        "add_transposed": case("a + b.T", a=array(2048, 2048), b=array(2048, 2048)),
        "exp_1e6": case("np.exp(x)", x=between(-4, 4)),
        "log_1e6": case("np.log(x)", x=between(0.5, 1.5)),
        "sin_1e6": case("np.sin(x)", x=between(-4, 4)),
        "tanh_1e6": case("np.tanh(x)", x=between(-4, 4)),
        "pow_1e6": case("x ** y", x=between(0.5, 1.5), y=lambda: dtype(1.7)),
        "where_1e6": case("np.where(x > 0.5, x, zero)", x=between(0, 1), zero=lambda: dtype(0)),
        "transpose_copy": case("x.T.copy()", x=array(4096, 4096)),
        "sum_1e6": case("x.sum()", x=array(1_000_000)),
        "var_axis1": case("x.var(axis=1)", x=array(2048, 2048)),
        "softmax": case("softmax(x)", softmax=lambda: softmax, x=array(2048, 2048)),
        "gemv_4096": gemm(1, 4096, 4096, dtype),
        "gemv_rows_4096": gemm(4096, 4096, 1, dtype),
    }
    for reduction in ("sum", "max", "mean"):
        for axis in (0, 1):
            cases[f"{reduction}_axis{axis}"] = case(f"x.{reduction}(axis={axis})", x=array(4096, 1024))
    return cases


CASES = {
    "view_slice": case("x[1:50, ::2]", x=lambda: values((100, 100), np.float64)),
    "view_reshape": case("x.reshape(10, 1000)", x=lambda: values((100, 100), np.float64)),
    "view_transpose": case("x.T", x=lambda: values((100, 100), np.float64)),
    "add_5e7_f32": case("a + b", a=lambda: np.ones(50_000_000, np.float32), b=lambda: np.ones(50_000_000, np.float32)),
    "process_start": lambda: protocol.process_start("import numpy as np; np.ones(4) + np.ones(4)"),
}
for suffix, dtype in (("_f32", np.float32), ("_f64", np.float64)):
    CASES.update({name + suffix: made for name, made in of_dtype(dtype).items()})
for suffix, dtype in (("", np.float32), ("_f64", np.float64)):
    CASES["gemm_64" + suffix] = gemm(64, 64, 64, dtype)
    CASES["gemm_256" + suffix] = gemm(256, 256, 256, dtype)
    CASES["gemm_100000x32x32" + suffix] = gemm(100_000, 32, 32, dtype)
    CASES["gemm_transposed_sliced" + suffix] = case(
        "a.T @ b[::2]", a=lambda d=dtype: values((1024, 1024), d), b=lambda d=dtype: values((2048, 1024), d)
    )
for size in (512, 1024, 2048):
    CASES[f"gemm_{size}"] = gemm(size, size, size)
STEP_SHAPES = (
    (768, 128, 384), (768, 128, 128), (768, 128, 512), (768, 512, 128), (768, 128, 63), (768, 384, 128),
    (768, 63, 128), (128, 768, 384), (128, 768, 128), (128, 768, 512), (512, 768, 128), (128, 768, 63),
)  # fmt: skip
for shape in STEP_SHAPES:
    CASES["gemm_%dx%dx%d" % shape] = gemm(*shape)


def sgemm():
    a, b = values((1024, 1024)), values((1024, 1024))
    return protocol.sgemm_rate(lambda: a @ b)


if __name__ == "__main__":
    threads = int(os.environ.get("OPENBLAS_NUM_THREADS", "1"))
    protocol.serve("numpy", np.__version__, CASES, protocol.blas_text, sgemm, lambda: threads)
