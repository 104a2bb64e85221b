"""Basic and advanced indexing: reads, and pure updates x.at(…).set/add/mul/min/max (np.add.at and relatives).

The attribute `items` joins one item per index argument by ";":
  3 or -1   integer      a:b:c   slice (empty parts left out)      ...   ellipsis      new   newaxis
  A<k>      integer array, operand k (0 is x)                      B<k>  bool array, operand k
"""
import numpy as np

from golden import FIVE, NUMPY, Family, In, Out, draw, pool

rng = np.random.default_rng(21)
family = Family("indexing")
BASES = [("contiguous", (5,), "-"), ("contiguous", (4, 6), "-"), ("contiguous", (2, 3, 4), "-"), ("contiguous", (2, 3, 2, 3), "-"), ("permuted", (4, 2, 3), "permute:1,2,0"),
         ("negative", (3, 5), "flip:0,1"), ("sliced", (5, 9), "slice:1,0:5,9:2,3"), ("broadcast", (3, 1, 4), "expand:3x2x4"), ("empty", (0, 3), "-"), ("0d", (), "-")]


def build(x, items, extra):
    """The NumPy index of the items."""
    index = []
    for item in items:
        if item == "...":
            index.append(Ellipsis)
        elif item == "new":
            index.append(None)
        elif item[0] in "AB":
            index.append(extra[int(item[1:]) - 1].view)
        elif ":" in item:
            index.append(slice(*[int(p) if p else None for p in item.split(":")]))
        else:
            index.append(int(item))
    return tuple(index)


def read(layout, x, items, extra=()):
    attrs = {"items": ";".join(items), "layout": layout}
    try:
        result = x.view[build(x, items, extra)]
        family.case("index", [x, *extra], [Out(result)], **attrs)
        return np.shape(result)
    except IndexError:
        family.case("index", [x, *extra], error="Index", **attrs)
    except ValueError:
        family.case("index", [x, *extra], error="Value", **attrs)
    return None


FUNCTIONS = {"add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum}


def update(layout, x, items, extra, kind, value):
    result = x.view.copy()
    where = build(x, items, extra)
    if kind == "set":
        result[where] = value.view
    else:
        FUNCTIONS[kind].at(result, where, value.view)  # repeated indices all count
    family.case("at_" + kind, [x, *extra, value], [Out(result, "value" if kind in ("min", "max") else "exact")], items=";".join(items), layout=layout)


def random_slice(n):
    part = lambda: "" if rng.random() < 0.3 else str(rng.integers(-n - 2, n + 3))
    step = rng.choice(["", "1", "2", "-1", "-2", "3", "-3"])
    return f"{part()}:{part()}:{step}"


def random_index(x):
    """Items and extra operands of one random index over x, mostly valid."""
    shape = x.view.shape
    items, extra, axis = [], [], 0
    advanced = rng.random() < 0.5
    broadcast_shape = [(3,), (2, 1), (2, 3), (1,)][rng.integers(4)]
    ellipsis_used = False
    while axis < len(shape):
        n = shape[axis]
        roll = rng.random()
        if roll < 0.1 and not ellipsis_used:
            items.append("...")
            ellipsis_used = True
            axis += int(rng.integers(0, len(shape) - axis + 1))
            continue
        if roll < 0.2:
            items.append("new")
            continue
        if roll < 0.45 and advanced and n:
            if rng.random() < 0.25:
                mask = rng.random(n) < 0.5
                if len(broadcast_shape) == 1 and broadcast_shape[0] == 3:  # as many hits as the others broadcast to
                    mask[:] = False
                    mask[: min(3, n)] = True
                    if n < 3:
                        mask[1:] = False
                elif mask.sum() != 1:
                    mask[:] = False
                    mask[-1] = True
                extra.append(In(mask))
                items.append(f"B{len(extra)}")
            else:
                extra.append(In(rng.integers(-n, n, broadcast_shape).astype([np.int64, np.int32, np.int64][rng.integers(3)])))
                items.append(f"A{len(extra)}")
        elif roll < 0.6 and n:
            items.append(str(rng.integers(-n, n)))
        else:
            items.append(random_slice(n))
        axis += 1
        if rng.random() < 0.12:
            break
    return items or ["..."], extra


def in_limits(items):
    return len(items) <= 8  # nx's fixed overloads


# the placement rules by hand: adjacent advanced indices stay, separated ones move to the front
x = In(np.arange(24, dtype=np.float64).reshape(2, 3, 4))
a, b, both = In(np.array([1, 2])), In(np.array([0, 1])), In(np.array([[0, 1], [1, 0]]))
for items, extra in ((["0", ":", "A1"], [a]), ([":", "A1", "A2"], [b, a]), (["A1", ":", "A2"], [b, a]), (["A1", "...", "A2"], [b, a]), (["A1", "new", "A2"], [b, a]),
                     (["A1"], [both]), ([":", "A1"], [both]), (["...", "A1"], [both]), (["A1", "A2", "A3"], [b, a, a]), (["A1", "0"], [b]), (["0", "A1"], [a]), (["A1", "1:", "0"], [b]),
                     ([":", "A1", "new", "A2"], [a, a]), (["new", "A1", "A2"], [b, a]), (["A1", "1:", "A2"], [both, a]), (["B1"], [In(np.array([True, False]))]),
                     (["B1"], [In(x.view > 7)]), (["B1", "0"], [In(x.view[:, :, 0] > 5)]), ([":", "B1"], [In(x.view[0] > 5)]), (["B1", ":", "B2"], [In(np.array([True, True])), In(np.array([True, False, True, False]))]),
                     (["B1"], [In(np.zeros((2, 3, 4), bool))]), (["B1"], [In(np.array(True))]), (["B1"], [In(np.array(False))]), (["A1"], [In(np.zeros((0,), np.int64))]), (["A1"], [In(np.array(1))])):
    read("contiguous", x, items, extra)
# errors: out of range, too many, masks of the wrong shape, step 0, two ellipses, float and unbroadcastable index arrays
for items, extra in ((["2"], []), (["-3"], []), (["0", "3"], []), (["0"] * 4, []), ([":"] * 4, []), (["::0"], []), (["...", "..."], []), (["A1"], [In(np.array([0, 2]))]), (["A1"], [In(np.array([-3]))]),
                     (["B1"], [In(np.ones(3, bool))]), (["B1"], [In(np.ones((2, 2), bool))]), (["A1", "A2"], [In(np.zeros(2, np.int64)), In(np.zeros(3, np.int64))]), (["A1"], [In(np.array([0.0]))])):
    read("contiguous", x, items, extra)

for dtype in FIVE:
    for layout, shape, recipe in BASES:
        x = In(draw(pool(dtype)[3:50] if dtype not in ("i32", "i64") else pool(dtype)[:30], shape, 3), recipe)
        for _ in range(7):
            items, extra = random_index(x)
            if not in_limits(items):
                continue
            result = read(layout, x, items, extra)
            if result is None:
                continue
            kinds = ("set",) if dtype == "b1" else ("set", ("add", "mul", "min", "max")[rng.integers(4)])
            for kind in kinds:
                value_shape = result if rng.random() < 0.5 else result[rng.integers(0, len(result) + 1):] if result else ()
                value_shape = tuple(1 if rng.random() < 0.2 else n for n in value_shape)
                try:
                    update(layout, x, items, extra, kind, In(draw(pool(dtype)[11:20], value_shape, 5)))
                except (ValueError, IndexError):
                    continue
# repeated indices: the last set wins, adds accumulate
for dtype in ("f32", "f64", "i32", "i64"):
    x, index = In(np.zeros((4, 2), NUMPY[dtype])), In(np.array([1, 3, 1, 1, -1]))
    value = In(np.arange(10).astype(NUMPY[dtype]).reshape(5, 2))
    for kind in ("set", "add", "max", "min"):
        update("contiguous", x, ["A1"], [index], kind, value)
# a value that does not broadcast, an update out of range
x = In(np.zeros((2, 3)))
family.case("at_set", [x, In(np.zeros(2))], error="Shape", items="0", layout="contiguous")
family.case("at_set", [x, In(np.zeros((2, 2, 3)))], error="Shape", items=":", layout="contiguous")
family.case("at_add", [x, In(np.array([5])), In(np.zeros(3))], error="Index", items="A1", layout="contiguous")
family.write()
