"""DotGeneral and matmul, dot, tensordot, outer, vecdot. Whole numbers keep every order of summation exact; random
numbers carry the bound k·eps·Σ|a||b| of spec nx.md §6.9."""
import numpy as np

from golden import FLOATS, INTS, LAYOUTS, NUMPY, Family, In, Out, draw, list_text

LETTERS = "abcdefghijkl"


def whole(dtype, shape, seed):
    rng = np.random.default_rng(seed)
    if dtype in FLOATS:
        return (rng.integers(-16, 17, shape) / 4).astype(NUMPY[dtype])
    if dtype == "b1":
        return rng.integers(0, 2, shape).astype(bool)
    return rng.integers(-2**29, 2**29, shape).astype(NUMPY[dtype])  # products wrap in i32


def dot_general(a, b, lhs_contract, rhs_contract, lhs_batch, rhs_batch):
    """Result axes: batch, free of the left, free of the right."""
    left, right = list(LETTERS[: a.ndim]), list(LETTERS[a.ndim: a.ndim + b.ndim])
    for i, j in zip(list(lhs_contract) + list(lhs_batch), list(rhs_contract) + list(rhs_batch)):
        right[j] = left[i]
    out = [left[i] for i in lhs_batch]
    out += [left[i] for i in range(a.ndim) if i not in tuple(lhs_contract) + tuple(lhs_batch)]
    out += [right[j] for j in range(b.ndim) if j not in tuple(rhs_contract) + tuple(rhs_batch)]
    return np.einsum(f"{''.join(left)},{''.join(right)}->{''.join(out)}", a, b)


DOTS = [  # shapes, contract (left, right), batch (left, right)
    ((3, 4), (4, 5), (1,), (0,), (), ()), ((3, 4), (5, 4), (1,), (1,), (), ()), ((4, 3), (4, 5), (0,), (0,), (), ()),
    ((4,), (4,), (0,), (0,), (), ()), ((3,), (2,), (), (), (), ()), ((), (3, 2), (), (), (), ()), ((), (), (), (), (), ()),
    ((2, 3, 4), (2, 4, 5), (2,), (1,), (0,), (0,)), ((3, 2, 4), (4, 5, 2), (2,), (0,), (1,), (2,)),
    ((2, 3, 4, 5), (2, 3, 5, 6), (3,), (2,), (0, 1), (0, 1)), ((2, 3, 4), (3, 4, 5), (1, 2), (0, 1), (), ()),
    ((2, 3, 4), (4, 3, 5), (1, 2), (1, 0), (), ()), ((2, 5), (2, 5), (1,), (1,), (0,), (0,)), ((2, 3), (2, 3), (0, 1), (0, 1), (), ()),
    ((0, 4), (4, 3), (1,), (0,), (), ()), ((3, 0), (0, 2), (1,), (0,), (), ()), ((0, 2, 3), (0, 3, 2), (2,), (1,), (0,), (0,)),
    ((17, 33), (33, 9), (1,), (0,), (), ()), ((1, 20), (20, 35), (1,), (0,), (), ()), ((35, 20), (20, 1), (1,), (0,), (), ()),
]


def views_of(values):
    """The same array reached through other layouts."""
    yield "contiguous", In(values)
    if values.size > 100 and values.dtype.kind == "i":
        return
    if values.ndim >= 2:
        perm = list(range(values.ndim))[::-1]
        yield "permuted", In(np.transpose(values, perm), "permute:" + list_text(perm))
        yield "negative", In(np.flip(values), "flip:" + list_text(range(values.ndim)))
        wide = np.zeros([2 * n + 1 for n in values.shape], values.dtype)
        where = tuple(slice(1, 2 * n + 1, 2) for n in values.shape)
        wide[where] = values
        recipe = f"slice:{list_text([1] * values.ndim)}:{list_text(wide.shape)}:{list_text([2] * values.ndim)}"
        if values.size < 100:
            yield "sliced", In(wide, recipe)


family = Family("contraction")
for dtype in FLOATS + INTS + ("b1",):
    for (a, b, lhs_contract, rhs_contract, lhs_batch, rhs_batch) in DOTS:
        x, y = whole(dtype, a, 1), whole(dtype, b, 2)
        if dtype == "b1":  # OR of ANDs
            result = dot_general(x.astype(np.int64), y.astype(np.int64), lhs_contract, rhs_contract, lhs_batch, rhs_batch) != 0
        else:
            result = dot_general(x, y, lhs_contract, rhs_contract, lhs_batch, rhs_batch)
        attrs = {"lhs_contract": list_text(lhs_contract), "rhs_contract": list_text(rhs_contract), "lhs_batch": list_text(lhs_batch), "rhs_batch": list_text(rhs_batch)}
        for layout, left in views_of(x):
            family.case("DotGeneral", [left, In(y)], [Out(result, "value")], **attrs, layout=layout)
        for layout, right in views_of(y):
            if layout != "contiguous":
                family.case("DotGeneral", [In(x), right], [Out(result, "value")], **attrs, layout=layout)
    if dtype != "b1":  # a broadcast operand
        row = In(whole(dtype, (4,), 3), "expand:3x4")
        family.case("DotGeneral", [row, In(whole(dtype, (4, 5), 4))], [Out(row.view @ whole(dtype, (4, 5), 4), "value")], lhs_contract=1, rhs_contract=0, lhs_batch="", rhs_batch="", layout="broadcast")

    for a, b in ([((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 5)), ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3)), ((0, 4), (4, 2)), ((2, 0), (0, 3)), ((0,), (0,)), ((1, 1), (1, 1))]):
        x, y = In(whole(dtype, a, 1)), In(whole(dtype, b, 2))
        result = np.matmul(x.view.astype(np.int64), y.view.astype(np.int64)) != 0 if dtype == "b1" else np.matmul(x.view, y.view)
        family.case("matmul", [x, y], [Out(result, "value")], layout="contiguous")
        if dtype != "b1":
            family.case("dot", [x, y], [Out(np.dot(x.view, y.view), "value")], layout="contiguous") if len(a) < 3 and len(b) < 3 else None
    if dtype != "b1":
        x, y = In(whole(dtype, (2, 3, 4), 1)), In(whole(dtype, (3, 4, 5), 2))
        family.case("tensordot", [x, y], [Out(np.tensordot(x.view, y.view, 2), "value")], axes=2, layout="contiguous")
        u, v = In(whole(dtype, (3,), 1)), In(whole(dtype, (4,), 2))
        family.case("outer", [u, v], [Out(np.outer(u.view, v.view), "value")], layout="contiguous")

for dtype in FLOATS:
    for m, k, n in ((2, 300, 7), (1, 1, 1), (17, 9, 49), (15, 24, 40), (1, 300, 7), (1, 513, 1), (20, 31, 19)):
        x, y = (np.random.default_rng(seed).normal(size=s).astype(NUMPY[dtype]) for seed, s in ((12, (m, k)), (13, (k, n))))
        exact = x.astype(np.longdouble) @ y.astype(np.longdouble)
        bound = k * float(np.finfo(x.dtype).eps) * float((np.abs(x).astype(float) @ np.abs(y).astype(float)).max())
        family.case("matmul", [In(x), In(y)], [Out(exact.astype(x.dtype), f"atol={bound!r}")], layout="contiguous")
    for special in (np.nan, np.inf):  # 0 · inf and NaN must not be skipped
        x, y = np.zeros((3, 4), NUMPY[dtype]), np.ones((4, 20), NUMPY[dtype])
        x[1] = 1
        y[2, 7] = special
        family.case("matmul", [In(x), In(y)], [Out(np.array([[sum((x[i, k] * y[k, j] for k in range(4)), NUMPY[dtype](0)) for j in range(20)] for i in range(3)], NUMPY[dtype]), "value")], layout="contiguous")
for left in ("f32", "f64", "i32", "i64"):  # mixed dtypes promote by nx's lattice
    for right in ("f32", "f64", "i32", "i64"):
        if left != right:
            from lattice import cast, join
            common = join(left, right)
            x, y = (np.arange(6, dtype=NUMPY[d]).reshape(s) for d, s in ((left, (2, 3)), (right, (3, 2))))
            family.case("matmul", [In(x), In(y)], [Out(cast(x, common) @ cast(y, common))], layout="contiguous")
for a, b in (((2, 3), (4, 2)), ((3,), (4,)), ((2, 2, 3), (3, 3, 4)), ((), (3,)), ((3,), ())):
    family.case("matmul", [In(np.zeros(a)), In(np.zeros(b))], error="Shape", layout="contiguous")
family.write()
