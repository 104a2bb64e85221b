"""Sort GatherAxis ScatterAxis and the public take, take_along_axis, put_along_axis, sort, argsort over them."""
import numpy as np

from golden import FIVE, FLOATS, LAYOUTS, NUMPY, Family, In, Out, draw, list_text, pool

SHAPES = {"contiguous": ((4, 7), "-"), "vector": ((65,), "-"), **{k: LAYOUTS[k] for k in ("permuted", "sliced", "negative", "negative_step", "broadcast", "mixed", "empty")}}


def stable_order(x, axis, descending):
    """NaN last in both directions, ties in input order in both, -0 = +0."""
    key = x
    if descending:
        # reversing, sorting stably and reversing back keeps ties in input order once indices are mirrored
        order = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
        order = x.shape[axis] - 1 - np.flip(order, axis)
        if x.dtype.kind == "f":  # NumPy puts NaN last ascending, so first here: move the block of NaN behind
            missing = np.take_along_axis(np.isnan(x), order, axis)
            order = np.take_along_axis(order, np.argsort(missing, axis=axis, kind="stable"), axis)
            # and NaN among themselves were mirrored: they too keep input order
        return order
    return np.argsort(key, axis=axis, kind="stable")


def sorts(family):
    for dtype in FIVE:
        for index, (layout, (shape, recipe)) in enumerate(SHAPES.items()):
            values = pool(dtype)
            x = In(draw(values[: 12 if index % 2 else 65], shape, 70 + index), recipe)
            for axis in range(x.view.ndim):
                for descending in (0, 1):
                    order = stable_order(x.view, axis, descending)
                    result = np.take_along_axis(x.view, order, axis)
                    attrs = {"axis": axis, "descending": descending, "layout": layout}
                    family.case("sort", [x], [Out(result)], **attrs)
                    family.case("argsort", [x], [Out(order)], **attrs)
                    payload = In(np.indices(x.view.shape)[axis])
                    family.case("Sort", [x, payload], [Out(result), Out(np.take_along_axis(payload.view, order, axis))], axis=axis, num_keys=1, descending=descending, stable=1, layout=layout)
    for dtype in ("f32", "i64"):  # two keys: the second decides ties of the first
        first = In(draw(np.array([2, 1, 1, 0, 2, 1], NUMPY[dtype]), (2, 30), 1))
        second = In(draw(pool(dtype)[3:12], (2, 30), 2))
        payload = In(np.arange(60, dtype=np.int64).reshape(2, 30))
        order = np.array([np.lexsort((s, f)) for f, s in zip(first.view, second.view)])
        family.case("Sort", [first, second, payload], [Out(np.take_along_axis(o.view, order, 1)) for o in (first, second, payload)], axis=1, num_keys=2, descending=0, stable=1, layout="contiguous")


def along_axis(family):
    rng = np.random.default_rng(4)
    for dtype in FIVE:
        for layout, (shape, recipe) in SHAPES.items():
            x = In(draw(pool(dtype), shape, 7), recipe)
            for axis in range(x.view.ndim):
                extent = x.view.shape[axis]
                if extent == 0:
                    continue
                for index_dtype in ("i64", "i32"):
                    index_shape = tuple(3 if d == axis else n for d, n in enumerate(x.view.shape))
                    index = In(rng.integers(-extent, extent, index_shape).astype(NUMPY[index_dtype]))
                    taken = np.take_along_axis(x.view, index.view, axis)
                    family.case("take_along_axis", [x, index], [Out(taken)], axis=axis, layout=layout)
                    family.case("take_along_axis", [x, index], [Out(taken)], axis=axis - x.view.ndim, layout=layout)
                    positive = In(index.view % extent)
                    family.case("GatherAxis", [x, positive], [Out(taken)], axis=axis, layout=layout)
                    updates = In(draw(pool(dtype)[11:19], index_shape, 9))
                    if x.view.size == 0 or index_dtype == "i32" or layout == "negative":
                        continue
                    for kind in ("set", "add", "mul", "min", "max"):
                        if dtype == "b1" and kind != "set":
                            continue
                        result = x.view.copy()
                        functions = {"add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}
                        where = [np.arange(n).reshape([-1 if d == k else 1 for k in range(result.ndim)]) for d, n in enumerate(index_shape)]
                        where[axis] = positive.view
                        if kind == "set":  # duplicates: the last in C order wins
                            flat = [np.broadcast_to(w, index_shape).reshape(-1) for w in where]
                            for k in range(updates.view.size):
                                result[tuple(f[k] for f in flat)] = updates.view.reshape(-1)[k]
                        else:
                            functions[kind].at(result, tuple(where), updates.view)
                        family.case("ScatterAxis", [x, positive, updates], [Out(result, "value" if kind in ("min", "max") else "exact")], axis=axis, kind=kind, layout=layout)
    x = In(np.zeros((2, 3)))
    for bad in (3, -4):
        family.case("take_along_axis", [x, In(np.full((2, 1), bad))], error="Index", axis=1, layout="contiguous")
    family.case("take_along_axis", [x, In(np.zeros(2, np.int64))], error="Shape", axis=1, layout="contiguous")
    family.case("take_along_axis", [x, In(np.zeros((2, 1)))], error="DType", axis=1, layout="contiguous")
    family.case("take_along_axis", [x, In(np.zeros((2, 1), np.int64))], error="Axis", axis=2, layout="contiguous")


def takes(family):
    rng = np.random.default_rng(6)
    for dtype in FIVE:
        for layout, (shape, recipe) in SHAPES.items():
            x = In(draw(pool(dtype), shape, 8), recipe)
            for axis in [None] + list(range(x.view.ndim)):
                extent = x.view.size if axis is None else x.view.shape[axis]
                if extent == 0:
                    continue
                for index_shape in ((), (2, 3), (0,)) if layout in ("contiguous", "empty", "permuted") else ((4,),):
                    index = In(rng.integers(-extent, extent, index_shape))
                    attrs = {} if axis is None else {"axis": axis}
                    family.case("take", [x, index], [Out(np.take(x.view, index.view, axis))], **attrs, layout=layout)
                wild = In(rng.integers(-3 * extent, 3 * extent, (5,)))
                for mode in ("clip", "wrap"):
                    family.case("take", [x, wild], [Out(np.take(x.view, wild.view, axis, mode=mode))], mode=mode, **attrs, layout=layout)
    for bad in (6, -7):
        family.case("take", [In(np.zeros((2, 3))), In(np.array([0, bad]))], error="Index", layout="contiguous")


family = Family("selection")
sorts(family)
along_axis(family)
takes(family)
family.write()
