"""Keyed random numbers: jax.random with 64-bit types and partitionable Threefry, the scheme nx follows.

Bits, split, fold_in, uniform, randint and permutation must match exactly. normal is √2·erfinv(u) of an exact u, so the
reference takes JAX's u and evaluates erfinv in extended precision: JAX's own erfinv is a few ULP off."""
import os

os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_THREEFRY_PARTITIONABLE"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import mpmath
import numpy as np

from exact_math import round_f64
from golden import NUMPY, Family, In, Out, list_text, shape_text

family = Family("random_jax", f"jax {jax.__version__} (numpy {np.__version__})")
SEEDS = (0, 1, 42, 2**32 + 7, 2**63 - 1)
SHAPES = ((), (1,), (7,), (3, 5), (2, 0), (300,))


def key_in(key):
    return In(np.asarray(jax.random.key_data(key)))


for seed in SEEDS:
    key = jax.random.key(seed)
    family.case("random_key", [], [Out(np.asarray(jax.random.key_data(key)))], seed=seed, layout="none")
    for count in (1, 2, 3, 8):
        family.case("random_split", [key_in(key)], [Out(np.asarray(jax.random.key_data(jax.random.split(key, count))))], count=count, layout="contiguous")
    for data in (0, 1, 7, 2**31, 2**32 - 1):
        family.case("random_fold_in", [key_in(key)], [Out(np.asarray(jax.random.key_data(jax.random.fold_in(key, data))))], data=data, layout="contiguous")
    for shape in SHAPES if seed < 43 else SHAPES[:4]:
        attrs = {"shape": shape_text(shape), "layout": "contiguous"}
        for width, dtype in ((8, "u8"), (32, "u32"), (64, "u64")):
            family.case("random_bits", [key_in(key)], [Out(np.asarray(jax.random.bits(key, shape, NUMPY[dtype])))], width=width, **attrs)
        if shape == (300,) and seed:
            continue
        for dtype in ("f32", "f64"):
            kind = NUMPY[dtype]
            family.case("random_uniform", [key_in(key)], [Out(np.asarray(jax.random.uniform(key, shape, kind)))], dtype=dtype, **attrs)
            for low, high in ((-1.0, 1.0), (2.5, 10.0)):
                values = np.asarray(jax.random.uniform(key, shape, kind, low, high))
                # u·(high − low) + low: one step, for XLA may fuse the product and the sum
                family.case("random_uniform", [key_in(key)], [Out(values, f"atol={float(np.finfo(kind).eps) * high!r}")], dtype=dtype, low=low.hex(), high=high.hex(), **attrs)
            u = np.asarray(jax.random.uniform(key, shape, kind, np.nextafter(kind(-1), kind(0)), kind(1)))
            with mpmath.workprec(120):
                exact = np.array([round_f64(mpmath.sqrt(2) * mpmath.erfinv(mpmath.mpf(float(v)))) for v in u.reshape(-1)], np.float64).astype(kind).reshape(shape)
            assert np.allclose(exact, np.asarray(jax.random.normal(key, shape, kind)), rtol=2e-5 if dtype == "f32" else 1e-12)
            # erfinv 3 ULP, the rounded √2 and the product 1 each; near u = 0 the rounding of u itself decides, hence atol
            family.case("random_normal", [key_in(key)], [Out(exact, f"atol={8 * float(np.finfo(kind).eps) * 4!r}")], dtype=dtype, **attrs)
        for dtype in ("i32", "i64"):
            for low, high in ((0, 10), (-5, 100), (0, 1), (0, 2**31 - 1)):
                family.case("random_randint", [key_in(key)], [Out(np.asarray(jax.random.randint(key, shape, low, high, NUMPY[dtype])))], low=low, high=high, dtype=dtype, **attrs)
    for count in (1, 2, 10, 100):
        family.case("random_permutation", [key_in(key)], [Out(np.asarray(jax.random.permutation(key, count)).astype(np.int64))], count=count, layout="contiguous")
    rows = np.array([[0.1, 1.0, -2.0, 0.5, 0.0], [3.0, -np.inf, 2.9, 3.1, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    for dtype in ("f32", "f64"):
        logits = In(rows.astype(NUMPY[dtype]))
        family.case("random_categorical", [key_in(key), logits], [Out(np.asarray(jax.random.categorical(key, logits.view, axis=-1)).astype(np.int64))], layout="contiguous")
family.write()
