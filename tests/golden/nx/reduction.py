"""Reduce and ArgReduce, and sum prod max min mean var std any all argmax argmin softmax logsumexp over them.

Sums of ordinary values use multiples of 1/4 small enough to be exact in any order, so `exact` holds for every correct
summation order; long random sums carry the bound of spec nx.md §6.9 as an absolute tolerance."""
import math

import numpy as np

from elementwise import wrap
from golden import FIVE, FLOATS, INTS, LAYOUTS, NAME, NUMPY, Family, In, Out, draw, list_text, pool

AXES = {1: [(0,), ()], 2: [(0,), (1,), (0, 1)], 3: [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]}


def tame(dtype, count=97):
    """Values whose sums and products of a few are exact."""
    rng = np.random.default_rng(11)
    if dtype in FLOATS:
        return (rng.integers(-40, 40, count) / 4).astype(NUMPY[dtype])
    return rng.integers(0, 2, count).astype(NUMPY[dtype]) if dtype == "b1" else rng.integers(-50, 50, count).astype(NUMPY[dtype])


def inputs(values):
    yield "contiguous", In(draw(values, (29,), 1))
    yield "contiguous", In(draw(values, (5, 7), 2))
    yield "contiguous", In(draw(values, (3, 4, 5), 3))
    yield "contiguous", In(draw(values, (2, 1), 3))
    for index, (layout, (shape, recipe)) in enumerate(LAYOUTS.items()):
        yield layout, In(draw(values, shape, 20 + index), recipe)
    yield "0d", In(values[2])


def accumulate(kind, view, axes):
    """Reduce in the array's own dtype (wrapping ints); bool: max = any, min = all, sum and prod are refused."""
    if kind == "sum":
        return np.add.reduce(view, axis=axes, dtype=view.dtype)
    if kind == "prod":
        return np.multiply.reduce(view, axis=axes, dtype=view.dtype)
    if view.dtype == bool:
        return (np.logical_or if kind == "max" else np.logical_and).reduce(view, axis=axes)
    return (np.maximum if kind == "max" else np.minimum).reduce(view, axis=axes)


def subsets(rank):
    return AXES.get(rank, [()])


def powers(dtype):
    """±1, ±2, ½: products of up to 60 stay exact in f32."""
    return np.array([1, -1, 2, 0.5, 1, -2, 1, -0.5, 1, 2, 0.5, 1, -1], NUMPY[dtype]) if dtype in FLOATS else tame(dtype)


def primitives():
    family = Family("reduce")
    for kind in ("sum", "prod", "max", "min"):
        for dtype in FIVE:
            if dtype == "b1" and kind in ("sum", "prod"):
                continue
            values = {"sum": tame(dtype), "prod": powers(dtype)}.get(kind, pool(dtype)[3:])
            for layout, x in inputs(values):
                for axes in subsets(x.view.ndim):
                    if kind in ("max", "min") and dtype != "b1" and any(x.view.shape[a] == 0 for a in axes):
                        continue
                    # which of ±0 wins a tie is the CPU's choice in NumPy: `value` ignores it
                    family.case("Reduce", [x], [Out(accumulate(kind, x.view, axes), "value")], kind=kind, axes=list_text(axes), dtype=NAME[x.view.dtype], layout=layout)
    specials = {"sum": [np.nan, 1, 2], "prod": [np.nan, 1, 2], "max": [1, np.nan, np.inf], "min": [1, np.nan, -np.inf]}
    for kind in specials:
        for dtype in FLOATS:
            for row in ([1, np.inf, 2], [1, -np.inf, np.inf], specials[kind], [np.inf, 0, 1], [-np.inf, 3, -5], [2, 2, np.nan]):
                x = In(np.array([row, [1, 2, 4]], NUMPY[dtype]))
                for axes in subsets(2):
                    family.case("Reduce", [x], [Out(accumulate(kind, x.view, axes), "value")], kind=kind, axes=list_text(axes), dtype=NAME[x.view.dtype], layout="contiguous")
    for source, target in (("b1", "i64"), ("i32", "i64"), ("f32", "f64")):  # results wider than the operand
        for layout, x in inputs(tame(source)):
            for axes in subsets(x.view.ndim)[:3]:
                result = np.add.reduce(x.view, axis=axes, dtype=NUMPY[target])
                family.case("Reduce", [x], [Out(result, "value")], kind="sum", axes=list_text(axes), dtype=target, layout=layout)
    for dtype in INTS:  # wrap around
        x = In(np.array([np.iinfo(NUMPY[dtype]).max, 1, 5, np.iinfo(NUMPY[dtype]).max, 7, -3], NUMPY[dtype]))
        for kind in ("sum", "prod"):
            family.case("Reduce", [x], [Out(accumulate(kind, x.view, (0,)))], kind=kind, axes=0, dtype=NAME[x.view.dtype], layout="contiguous")
    for kind, function in (("max", np.argmax), ("min", np.argmin)):
        for dtype in FIVE:
            for values in (pool(dtype)[:40], pool(dtype)[3:9], tame(dtype)):
                for layout, x in inputs(values):
                    for axis in range(x.view.ndim):
                        if x.view.shape[axis] == 0:
                            continue
                        family.case("ArgReduce", [x], [Out(function(x.view, axis=axis).astype(np.int64))], kind=kind, axis=axis, layout=layout)
    for dtype in FLOATS:  # long enough for blocks of 1,024, row blocks and the tree
        for shape, axes in (((4000,), (0,)), ((2,), (0,)), ((1023,), (0,)), ((1025,), (0,)), ((2, 1500), (1,)), ((700, 3), (0,)), ((9, 20, 17), (0, 2)), ((33, 65), (0,)), ((65, 33), (1,))):
            values = np.random.default_rng(5).normal(size=shape).astype(NUMPY[dtype])
            exact_sum = sum_exactly(values, axes)
            count = math.prod(shape[a] for a in axes)
            bound = (max(math.log2(count / 1024), 0) + 24) * np.finfo(values.dtype).eps * np.abs(values).sum(axis=axes).max()
            family.case("Reduce", [In(values)], [Out(exact_sum.astype(values.dtype), f"atol={float(bound)!r}")], kind="sum", axes=list_text(axes), dtype=dtype, layout="contiguous")
    family.write()


def sum_exactly(values, axes):
    kept = [a for a in range(values.ndim) if a not in axes]
    moved = values.transpose(kept + list(axes)).reshape([values.shape[a] for a in kept] + [-1])
    return np.apply_along_axis(lambda row: math.fsum(row.tolist()), -1, moved.astype(np.float64))


def public():
    family = Family("public_reduce")
    options = []
    for rank in (0, 1, 2, 3):
        for axis in {0: [None], 1: [None, (0,), (-1,)], 2: [None, (0,), (-1,)], 3: [None, (1,), (0, -1)]}[rank]:
            options.append((rank, axis))
    functions = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "any": np.any, "all": np.all,
                 "mean": np.mean, "var": np.var, "std": np.std}
    for name, function in functions.items():
        for dtype in FIVE + (("u8", "u32", "u64") if name in ("sum", "prod", "mean") else ()):
            values = tame(dtype) if dtype in FIVE else np.arange(0, 50, dtype=NUMPY[dtype])
            if name == "prod":
                values = powers(dtype) if dtype in FLOATS else np.array([1, 2, 3, 1, 1, 2], NUMPY[dtype])
            if name in ("any", "all"):
                values = np.array([0, 0, 1, 0, 1, 1, 1], NUMPY[dtype])
            for layout, x in inputs(values):
                if layout not in ("contiguous", "permuted", "negative_step", "broadcast", "empty", "empty_permuted", "0d"):
                    continue
                if layout != "contiguous" and (dtype not in FIVE or name in ("prod", "min", "std")):
                    continue
                for rank, axis in options:
                    if rank != x.view.ndim:
                        continue
                    for keepdims in (False, True):
                        if keepdims and not (layout == "contiguous" and x.view.ndim > 1):
                            continue
                        attrs = ({} if axis is None else {"axis": list_text(axis)}) | ({"keepdims": 1} if keepdims else {})
                        try:
                            result = np.asarray(function(x.view, axis=axis, keepdims=keepdims))
                        except ValueError:
                            family.case(name, [x], error="Value", **attrs, layout=layout)
                            continue
                        if name in ("mean", "var", "std"):
                            # ints give the default float; a few eps of the spread
                            wide = np.asarray(function(x.view.astype(np.float64), axis=axis, keepdims=keepdims))
                            result = wide.astype(result.dtype)
                            bound = 16 * np.finfo(result.dtype).eps * {"mean": 50, "var": 2500, "std": 50}[name]
                            family.case(name, [x], [Out(result, f"atol={float(bound)!r}")], **attrs, layout=layout)
                        else:
                            family.case(name, [x], [Out(result, "value")], **attrs, layout=layout)
    for name, function in (("argmax", np.argmax), ("argmin", np.argmin)):
        for dtype in FIVE:
            for layout, x in inputs(pool(dtype)[3:30]):
                if layout not in ("contiguous", "permuted", "empty", "0d"):
                    continue
                for axis in [None] + list(range(-x.view.ndim, x.view.ndim)):
                    for keepdims in (False, True):
                        attrs = ({} if axis is None else {"axis": axis}) | ({"keepdims": 1} if keepdims else {})
                        if keepdims and layout != "contiguous":
                            continue
                        try:
                            result = np.asarray(function(x.view, axis=axis, keepdims=keepdims), np.int64)
                            family.case(name, [x], [Out(result)], **attrs, layout=layout)
                        except ValueError:
                            family.case(name, [x], error="Value", **attrs, layout=layout)
    for ddof in (1, 2, 5):  # ddof >= n gives nan or inf, no error
        for dtype in FLOATS:
            x = In(np.array([[1, 2, 4.5, -3], [0, 0, 0, 0.25]], NUMPY[dtype]))
            for name in ("var", "std"):
                family.case(name, [x], [Out(functions[name](x.view, axis=1, ddof=ddof), f"atol={float(64 * np.finfo(x.view.dtype).eps)!r}")], axis=1, ddof=ddof, layout="contiguous")
    for name in list(functions) + ["argmax", "argmin"]:
        for axis in (2, -3, 7):
            family.case(name, [In(np.zeros((2, 3)))], error="Axis", axis=axis, layout="contiguous")
        if name not in ("argmax", "argmin"):
            family.case(name, [In(np.zeros((2, 3)))], error="Axis", axis="0,0", layout="contiguous")
            family.case(name, [In(np.zeros((2, 3)))], error="Axis", axis="1,-1", layout="contiguous")
    soft(family)
    family.write()


def soft(family):
    """softmax, log_softmax and logsumexp in extended precision (80-bit), rounded; 8 eps relative plus the row's length."""
    for dtype in FLOATS:
        rng = np.random.default_rng(2)
        rows = [rng.normal(0, 3, (4, 9)), rng.normal(0, 40, (3, 5)), np.array([[1e4, 1e4, -1e4], [-750, -745, -740], [0, 0, 0]]),
                np.array([[-np.inf, 1, 2], [-np.inf, -np.inf, -np.inf], [np.inf, 1, 2], [np.nan, 1, 2]]), rng.normal(size=(2, 1)), rng.normal(size=(2, 3, 70))]
        for base in rows:
            base = base.astype(NUMPY[dtype])
            for recipe, layout in (("-", "contiguous"), ("permute:" + list_text(reversed(range(base.ndim))), "permuted"), ("flip:0", "negative")):
                x = In(base, recipe)
                wide = x.view.astype(np.longdouble)
                for axis in (0, -1):
                    top = wide.max(axis=axis, keepdims=True)
                    shifted = wide - np.where(np.isfinite(top), top, 0)
                    total = np.exp(shifted).sum(axis=axis, keepdims=True)
                    if np.isinf(top).any() and (top > 0).any():
                        total = np.where(top == np.inf, np.inf, total)
                    log_total = np.log(total) + np.where(np.isfinite(top), top, 0)
                    # a row of -inf: softmax and log_softmax are nan, logsumexp is -inf; a row holding +inf: nan, nan, +inf
                    softmax = np.exp(shifted) / total
                    softmax = np.where(np.isinf(top), np.nan, softmax)
                    log_softmax = np.where(np.isinf(top), np.nan, wide - log_total)
                    eps = float(np.finfo(x.view.dtype).eps)
                    finite = np.abs(log_softmax[np.isfinite(log_softmax)]).max(initial=1)
                    for name, value, scale in (("softmax", softmax, 1.0), ("log_softmax", log_softmax, float(finite)), ("logsumexp", log_total.squeeze(axis), float(np.abs(log_total[np.isfinite(log_total)]).max(initial=1)))):
                        family.case(name, [x], [Out(np.asarray(value).astype(x.view.dtype), f"atol={16 * eps * scale!r}")], axis=axis, layout=layout)


primitives()
public()
