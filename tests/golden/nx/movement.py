"""Reshape Permute Expand Slice SliceUpdate Flip Pad Concat, and the public functions over them."""
import numpy as np

from golden import FIVE, FLOATS, NUMPY, Family, In, Out, Weak, draw, list_text, pool, shape_text

SOURCES = [("contiguous", (2, 3, 4), "-"), ("permuted", (4, 2, 3), "permute:1,2,0"), ("sliced", (5, 7, 9), "slice:1,0,0:5,7,9:2,3,3/slice:0,0,0:2,3,3:1,1,1"),
           ("negative", (2, 3, 4), "flip:0,2"), ("broadcast", (2, 1, 4), "expand:2x3x4"), ("broadcast_row", (4,), "expand:2x3x4"),
           ("mixed", (4, 6, 2), "permute:2,0,1/slice:0,0,0:2,4,6:1,1,2/flip:2"), ("empty", (2, 0, 4), "-"), ("0d", (), "-"), ("vector", (13,), "-"), ("vector_negative", (13,), "flip:0")]


def sources():
    for dtype in FIVE:
        for index, (layout, shape, recipe) in enumerate(SOURCES):
            yield layout, dtype, In(draw(pool(dtype), shape, 30 + index), recipe)


def same_size_shapes(shape):
    size = int(np.prod(shape))
    return {24: [(24,), (4, 6), (6, 4), (2, 12), (3, 2, 4), (1, 24, 1), (2, 3, 2, 2)], 18: [(18,), (3, 6), (9, 2)], 0: [(0,), (0, 5), (3, 0, 2)], 1: [(1,), (1, 1), ()], 13: [(13, 1), (1, 13)]}.get(size, [(size,)])


def expand(view, shape, dims):
    """broadcast_in_dim: input axis i becomes output axis dims[i]."""
    placed = [1] * len(shape)
    for axis, dim in enumerate(dims):
        placed[dim] = view.shape[axis]
    return np.broadcast_to(view.reshape(placed), shape)


def pad(view, low, high, interior, value):
    """XLA-style padding: interior elements between neighbours, then edges; a negative edge crops."""
    for axis in range(view.ndim):
        view = np.moveaxis(view, axis, 0)
        n = view.shape[0]
        spread = np.full(((n - 1) * (interior[axis] + 1) + 1 if n else 0,) + view.shape[1:], value, view.dtype)
        spread[:: interior[axis] + 1] = view
        lo, hi = low[axis], high[axis]
        spread = spread[max(-lo, 0): len(spread) - max(-hi, 0)] if len(spread) - max(-hi, 0) - max(-lo, 0) > 0 else spread[:0]
        edge = lambda count: np.full((max(count, 0),) + spread.shape[1:], value, view.dtype)
        view = np.moveaxis(np.concatenate([edge(lo), spread, edge(hi)]), 0, axis)
    return view


def primitives():
    family = Family("movement")
    for layout, dtype, x in sources():
        view, rank = x.view, x.view.ndim
        for shape in same_size_shapes(view.shape):
            family.case("Reshape", [x], [Out(view.reshape(shape))], shape=shape_text(shape), layout=layout)
        if rank == 3:
            for perm in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1), (0, 2, 1)):
                family.case("Permute", [x], [Out(view.transpose(perm))], permutation=list_text(perm), layout=layout)
            for axes in ((0,), (2,), (0, 1), (0, 1, 2)):
                family.case("Flip", [x], [Out(np.flip(view, axes))], axes=list_text(axes), layout=layout)
            n = view.shape
            for starts, stops, steps in (((0, 0, 0), n, (1, 1, 1)), ((1, 0, 0), n, (1, 2, 3)), ((0, min(1, n[1]), 1), (1, n[1], 3), (1, 1, 1)), ((0, 0, 2), (2, n[1], 2), (1, 1, 1)), ((0, 0, 1), (2, n[1], 3), (2, 2, 1))):
                where = tuple(slice(a, b, c) for a, b, c in zip(starts, stops, steps))
                attrs = {"starts": list_text(starts), "stops": list_text(stops), "steps": list_text(steps)}
                family.case("Slice", [x], [Out(view[where])], **attrs, layout=layout)
                update = In(draw(pool(dtype)[3:30], view[where].shape, 3))
                for kind in ("set", "add"):
                    if kind == "add" and dtype == "b1":
                        continue
                    result = view.copy()
                    result[where] = update.view if kind == "set" else result[where] + update.view
                    family.case("SliceUpdate", [x, update], [Out(result)], kind=kind, **attrs, layout=layout)
            for low, high, interior in (((0, 0, 0), (0, 0, 0), (0, 0, 0)), ((1, 0, 2), (0, 3, 1), (0, 0, 0)), ((0, 0, 0), (0, 0, 0), (1, 0, 2)), ((-1, 1, 0), (0, -1, 2), (0, 1, 1)), ((0, 0, -2), (-1, 0, -1), (0, 0, 0)), ((2, -1, 0), (-2, 1, -4), (0, 2, 0))):
                value = In(pool(dtype)[20])
                family.case("Pad", [x, value], [Out(pad(view, low, high, interior, value.view))], low=list_text(low), high=list_text(high), interior=list_text(interior), layout=layout)
            for shape, dims in (((5,) + n, (1, 2, 3)), (n[:1] + (2,) + n[1:], (0, 2, 3)), (n, (0, 1, 2))):
                family.case("Expand", [x], [Out(expand(view, shape, dims))], shape=shape_text(shape), axes=list_text(dims), layout=layout)
            for axis in range(3):
                others = [In(draw(pool(dtype), tuple(m + 1 + k if d == axis else m for d, m in enumerate(n)), 50 + k)) for k in range(2)]
                family.case("Concat", [x] + others, [Out(np.concatenate([o.view for o in [x] + others], axis))], axis=axis, layout=layout)
                family.case("Concat", [x, x], [Out(np.concatenate([view, view], axis))], axis=axis, layout=layout)
        else:
            family.case("Expand", [x], [Out(expand(view, (3,) + view.shape, tuple(range(1, rank + 1))))], shape=shape_text((3,) + view.shape), axes=list_text(range(1, rank + 1)), layout=layout)
            if rank == 1:
                family.case("Flip", [x], [Out(view[::-1])], axes=0, layout=layout)
                family.case("Concat", [x], [Out(view)], axis=0, layout=layout)
    family.write()


def public():
    family = Family("public_movement")
    for layout, dtype, x in sources():
        view, rank = x.view, x.view.ndim
        put = lambda op, result, **attrs: family.case(op, [x], [Out(result)], **attrs, layout=layout)
        put("ravel", view.reshape(-1))
        put("transpose", view.transpose())
        put("expand_dims", view[None], axis=0)
        put("expand_dims", view[..., None], axis=-1)
        if view.size:
            put("reshape", view.reshape(1, -1), shape="1,-1")
        if rank == 3:
            put("reshape", view.reshape(view.shape[0], -1) if view.size else view.reshape(2, 0), shape="2,-1" if view.size else "2,0")
            put("moveaxis", np.moveaxis(view, 0, -1), source=0, destination=-1)
            put("swapaxes", np.swapaxes(view, -1, 1), axis1=-1, axis2=1)
            put("squeeze", view)
            put("flip", np.flip(view))
            put("flip", np.flip(view, -1), axis=-1)
            put("roll", np.roll(view, 1, 2), shift=1, axis=2)
            put("roll", np.roll(view, -5, 0), shift=-5, axis=0)
            put("broadcast_to", np.broadcast_to(view, (3,) + view.shape), shape=list_text((3,) + view.shape))
            put("tril", np.tril(view, 0))
            put("triu", np.triu(view, -1), k=-1)
            put("tril", np.tril(view, 1), k=1)
            other = In(draw(pool("f32" if dtype == "i64" else dtype), view.shape, 4))
            common = "f32" if dtype == "i64" else dtype  # nx: i64 with f32 is f32 (NumPy: f64)
            pair = [view.astype(NUMPY[common]), other.view]
            family.case("concatenate", [x, other], [Out(np.concatenate(pair, -1))], axis=-1, layout=layout)
            family.case("stack", [x, other], [Out(np.stack(pair, 0))], axis=0, layout=layout)
            family.case("stack", [x, other], [Out(np.stack(pair, -1))], axis=-1, layout=layout)
    matrix = In(np.zeros((2, 3)))
    for op, attrs in (("reshape", {"shape": "4,-1"}), ("reshape", {"shape": "5"}), ("reshape", {"shape": "-1,-1"}), ("broadcast_to", {"shape": "2,4"}), ("squeeze", {"axis": 1})):
        family.case(op, [matrix], error="Shape" if op != "squeeze" else "Shape", **attrs, layout="contiguous")
    family.case("reshape", [In(np.zeros((0, 3)))], error="Shape", shape="0,-1", layout="contiguous")
    for op, attrs in (("expand_dims", {"axis": 4}), ("flip", {"axis": 2}), ("moveaxis", {"source": 5, "destination": 0}), ("swapaxes", {"axis1": 0, "axis2": -3})):
        family.case(op, [matrix], error="Axis", **attrs, layout="contiguous")
    for shapes, axis, kind in ((((2, 3), (2, 4)), 0, "Shape"), (((2, 3), (2, 3, 1)), 0, "Shape"), (((2, 3), (2, 3)), 2, "Axis")):
        family.case("concatenate", [In(np.zeros(s)) for s in shapes], error=kind, axis=axis, layout="contiguous")
    family.case("stack", [In(np.zeros((2, 3))), In(np.zeros((3, 2)))], error="Shape", axis=0, layout="contiguous")

    for dtype in ("f32", "f64", "i32", "i64"):
        kind = NUMPY[dtype]
        for start, stop, step in ((0, 7, 1), (2, 9, 3), (5, -4, -2), (3, 3, 1), (4, 1, 1)):
            family.case("arange", [], [Out(np.arange(start, stop, step, dtype=kind))], start=start, stop=stop, step=step, dtype=dtype, layout="none")
    for start, stop, step in ((0.0, 1.0, 0.1), (0.5, 3.0, 0.3), (1.0, 0.0, -0.25), (0.0, 2.0, 0.7)):
        family.case("arange", [], [Out(np.arange(start, stop, step))], start=float(start).hex(), stop=float(stop).hex(), step=float(step).hex(), dtype="f64", layout="none")
    for dtype in FLOATS:
        for start, stop, num in ((0.0, 1.0, 5), (0.0, 1.0, 11), (-3.0, 7.5, 50), (2.0, 2.0, 3), (5.0, -5.0, 7), (0.0, 1.0, 1), (0.0, 1.0, 0), (0.1, 0.7, 4)):
            for endpoint in (1, 0):
                result = np.linspace(start, stop, num, endpoint=bool(endpoint), dtype=NUMPY[dtype])
                family.case("linspace", [], [Out(result, "ulp=1")], start=start.hex(), stop=stop.hex(), num=num, endpoint=endpoint, dtype=dtype, layout="none")
    for dtype in FIVE:
        for n, m, k in ((3, 3, 0), (3, 5, 1), (4, 2, -1), (0, 3, 0), (2, 2, 5)):
            family.case("eye", [], [Out(np.eye(n, m, k, NUMPY[dtype]))], n=n, m=m, k=k, dtype=dtype, layout="none")
            family.case("tri", [], [Out(np.tri(n, m, k, NUMPY[dtype]))], n=n, m=m, k=k, dtype=dtype, layout="none")
    family.write()


primitives()
public()
