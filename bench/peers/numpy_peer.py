"""NumPy's side of the benchmark: cases named as in bench/nx/rows.cpp."""
import os

import numpy as np
import protocol

generator = np.random.default_rng(0)


def normal(shape, dtype=np.float32):
    return generator.standard_normal(shape, dtype)


def uniform(shape, dtype=np.float32):
    return generator.random(shape, dtype)


def case(statement, **inputs):
    """A case whose inputs are made by calling the given functions."""
    return lambda: (statement, {"np": np, **{name: make() for name, make in inputs.items()}})


def gemm(m, k, n):
    return case("a @ b", a=lambda: normal((m, k)), b=lambda: normal((k, n)))


# Written as a NumPy user writes a stable softmax, the division in place.
SOFTMAX = "e = np.exp(x - x.max(axis=-1, keepdims=True)); e /= e.sum(axis=-1, keepdims=True)"

CASES = {
    "add_tiny": case("a + b", a=lambda: normal(4), b=lambda: normal(4)),
    "add_tiny_f64": case("a + b", a=lambda: normal(4, np.float64), b=lambda: normal(4, np.float64)),
    "add_weak_scalar": case("a + 1.0", a=lambda: normal(4)),
    "add_broadcast_tiny": case("a + b", a=lambda: normal(4), b=lambda: normal(1)),
    "scale_shift_0d": case("x * 2 + 1", x=lambda: np.array(1.5)),
    "view_slice": case("x[1:50, ::2]", x=lambda: normal((100, 100), np.float64)),
    "view_reshape": case("x.reshape(10, 1000)", x=lambda: normal((100, 100), np.float64)),
    "view_transpose": case("x.T", x=lambda: normal((100, 100), np.float64)),
    "sum_tiny": case("x.sum()", x=lambda: normal(8)),
    "max_tiny": case("x.max()", x=lambda: normal(8)),
    "exp_cache_f32": case("np.exp(x)", x=lambda: normal(4096)),
    "exp_cache_f64": case("np.exp(x)", x=lambda: normal(2048, np.float64)),
    "add_100x100_f64": case("a + b", a=lambda: normal((100, 100), np.float64), b=lambda: normal((100, 100), np.float64)),
    "add_100x100_f32": case("a + b", a=lambda: normal((100, 100)), b=lambda: normal((100, 100))),
    "add_f32_1e6": case("a + b", a=lambda: normal(1_000_000), b=lambda: normal(1_000_000)),
    "add_f64_1e6": case("a + b", a=lambda: normal(1_000_000, np.float64), b=lambda: normal(1_000_000, np.float64)),
    "add_f32_5e7": case("a + b", a=lambda: np.ones(50_000_000, np.float32), b=lambda: np.ones(50_000_000, np.float32)),
    "add_broadcast_column_f32": case("a + b", a=lambda: normal((1024, 1024)), b=lambda: normal((1024, 1))),
    "add_broadcast_row_f32": case("a + b", a=lambda: normal((1024, 1024)), b=lambda: normal(1024)),
    "add_transposed_f32": case("a + b.T", a=lambda: normal((2048, 2048)), b=lambda: normal((2048, 2048))),
    "where_f32_1e6": case("np.where(x > 0.5, x, np.float32(0))", x=lambda: uniform(1_000_000)),
    "sum_f32_1e6": case("x.sum()", x=lambda: normal(1_000_000)),
    "sum_f64_1e6": case("x.sum()", x=lambda: normal(1_000_000, np.float64)),
    "var_axis1_f32": case("x.var(axis=1)", x=lambda: normal((2048, 2048))),
    "softmax_f32": case(SOFTMAX, x=lambda: normal((2048, 2048))),
    "transpose_copy_f32": case("x.T.copy()", x=lambda: normal((4096, 4096))),
    "gemm_64": gemm(64, 64, 64),
    "gemm_256": gemm(256, 256, 256),
    "gemm_512": gemm(512, 512, 512),
    "gemm_1024": gemm(1024, 1024, 1024),
    "gemm_2048": gemm(2048, 2048, 2048),
    "gemm_100000x32x32": gemm(100_000, 32, 32),
    "gemv_4096": gemm(1, 4096, 4096),
    "gemm_transposed_sliced": case("a.T @ b[::2]", a=lambda: normal((1024, 1024)), b=lambda: normal((2048, 1024))),
    "process_start": lambda: protocol.process_start("import numpy as np; np.ones(4) + np.ones(4)"),
}
for name, dtype in (("f32", np.float32), ("f64", np.float64)):
    for function in ("exp", "sin", "tanh"):
        CASES[f"{function}_{name}_1e6"] = case(f"np.{function}(x)", x=lambda d=dtype: normal(1_000_000, d))
    CASES[f"log_{name}_1e6"] = case("np.log(x)", x=lambda d=dtype: uniform(1_000_000, d) + d(0.5))
    CASES[f"pow_{name}_1e6"] = case("x ** y", x=lambda d=dtype: uniform(1_000_000, d) + d(0.5), y=lambda d=dtype: d(1.7))
for reduction in ("sum", "max", "mean"):
    for axis in (0, 1):
        CASES[f"{reduction}_axis{axis}_f32"] = case(f"x.{reduction}(axis={axis})", x=lambda: normal((4096, 1024)))
STEP_SHAPES = (
    (768, 128, 384), (768, 128, 128), (768, 128, 512), (768, 512, 128), (768, 128, 63), (768, 384, 128),
    (768, 63, 128), (128, 768, 384), (128, 768, 128), (128, 768, 512), (512, 768, 128), (128, 768, 63),
)  # fmt: skip
for shape in STEP_SHAPES:
    CASES["gemm_%dx%dx%d" % shape] = gemm(*shape)


def sgemm():
    a, b = normal((1024, 1024)), normal((1024, 1024))
    return protocol.sgemm_rate(lambda: a @ b)


if __name__ == "__main__":
    threads = int(os.environ.get("OPENBLAS_NUM_THREADS", "1"))
    protocol.serve("numpy", np.__version__, CASES, protocol.blas_text, sgemm, lambda: threads)
