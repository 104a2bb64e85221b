"""Writer of golden files: a text index of cases (<family>.cases) over one blob of deduplicated arrays (<family>.bin).

First line:  # peer <name> <version> ... ; blob <bytes>
Then one case a line, in parts separated by " | ":
  <op> [key=value ...]                      layout=… names the operands' layout; absent: contiguous
  in <dtype> <shape> [recipe] @<offset>     base array in the blob, and how the view is taken from it
  weak <int|float|bool> <value>             a C++ scalar operand
  out <dtype> <shape> @<offset> [rule]      rule: exact (absent) | value | ulp=<steps> | atol=<absolute bound>
  error <Kind>                              the call must throw nx::<Kind>Error
  text "<json string>"                      the exact string
Shapes read 2x3, a 0-d shape reads "scalar". Recipes are steps joined by "/", applied from left to right:
  permute:1,0   slice:0,1:5,7:2,1 (starts : stops : steps)   flip:0,1   expand:4x3 (leading axes added, 1 -> n)
"""
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
NUMPY = {"f32": np.float32, "f64": np.float64, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
         "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64, "b1": np.bool_}
NAME = {np.dtype(value): key for key, value in NUMPY.items()}
FIVE = ("f32", "f64", "i32", "i64", "b1")
FLOATS = ("f32", "f64")
INTS = ("i32", "i64")
np.seterr(all="ignore")


def shape_text(shape):
    return "x".join(str(n) for n in shape) if len(shape) else "scalar"


def list_text(values):
    return ",".join(str(int(v)) for v in values)


def take_view(base, recipe):
    """NumPy's account of a recipe; the C++ reader applies the same steps with nx's views."""
    for step in [] if recipe == "-" else recipe.split("/"):
        kind, _, rest = step.partition(":")
        if kind == "permute":
            base = base.transpose([int(v) for v in rest.split(",")])
        elif kind == "slice":
            starts, stops, steps = ([int(v) for v in part.split(",")] for part in rest.split(":"))
            base = base[tuple(slice(a, b, c) for a, b, c in zip(starts, stops, steps))]
        elif kind == "flip":
            base = np.flip(base, [int(v) for v in rest.split(",")])
        elif kind == "expand":
            base = np.broadcast_to(base, [int(v) for v in rest.split("x")])
        else:
            raise ValueError(step)
    return base


class In:
    """One operand: a base array and the recipe of its view."""

    def __init__(self, base, recipe="-"):
        self.base = np.ascontiguousarray(base).reshape(np.shape(base))
        self.recipe = recipe
        self.view = take_view(self.base, recipe)


class Weak:
    """A weak C++ scalar operand."""

    def __init__(self, value):
        self.kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "float"
        self.value = value


class Out:
    def __init__(self, array, rule="exact"):
        self.array = np.asarray(array)
        self.rule = rule


class Family:
    def __init__(self, name, peer=None):
        self.name = name
        self.peer = peer or "numpy " + np.__version__
        self.lines = []
        self.blob = bytearray()
        self.offsets = {}

    def _store(self, array):
        data = np.ascontiguousarray(array).tobytes()
        if data not in self.offsets:
            found = self.blob.find(data)  # also inside arrays already there: many bases are prefixes of one stream
            while found % 8 and found >= 0:
                found = self.blob.find(data, found + 1)
            if found < 0:
                self.blob += bytes(-len(self.blob) % 8)
                found = len(self.blob)
                self.blob += data
            self.offsets[data] = found
        return self.offsets[data]

    def case(self, op, inputs=(), outputs=(), error=None, text=None, **attrs):
        if attrs.get("layout") == "contiguous":
            del attrs["layout"]
        parts = [" ".join([op] + [f"{key}={value}" for key, value in attrs.items()])]
        for item in inputs:
            if isinstance(item, Weak):
                value = float(item.value).hex() if item.kind == "float" else int(item.value)
                parts.append(f"weak {item.kind} {value}")
            else:
                base = item.base
                parts.append(f"in {NAME[base.dtype]} {shape_text(base.shape)} {'' if item.recipe == '-' else item.recipe + ' '}@{self._store(base)}")
        for item in outputs:
            array = item.array
            parts.append(f"out {NAME[array.dtype]} {shape_text(array.shape)} @{self._store(array)}{'' if item.rule == 'exact' else ' ' + item.rule}")
        if error:
            parts.append(f"error {error}")
        if text is not None:
            parts.append("text " + json.dumps(text))
        self.lines.append(" | ".join(parts))

    def write(self):
        head = f"# peer {self.peer} ; cases {len(self.lines)} ; blob {len(self.blob)}\n"
        with open(os.path.join(HERE, self.name + ".cases"), "w") as file:
            file.write(head + "\n".join(self.lines) + "\n")
        with open(os.path.join(HERE, self.name + ".bin"), "wb") as file:
            file.write(self.blob)
        print(f"{self.name}: {len(self.lines)} cases, {len(self.blob)} bytes")


# ---- pools: the special values of each dtype first, then ordinary ones ------------------------------------------------


def pool(dtype):
    """Values that find edge cases: NaN, infinities, signed zeros, subnormals, extremes, ties, then ordinary numbers."""
    rng = np.random.default_rng(7)
    if dtype in FLOATS:
        info = np.finfo(NUMPY[dtype])
        tiny = float(info.smallest_subnormal)
        special = [np.nan, np.inf, -np.inf, 0.0, -0.0, tiny, -tiny, float(info.tiny) - tiny, float(info.tiny),
                   float(info.max), -float(info.max), 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 3.0, 1.0 + float(info.eps),
                   1.0 - float(info.eps) / 2, 0.1, -0.1, 0.49999997, 1e-3, 10.0, 100.0, 1e10, -1e10, 2.0**23 + 1, 2.0**31,
                   -2.0**31, 2.0**53 + 2, 2.0**63, -2.0**63, 1e22, 88.5, -87.5, -103.5, 0.75, 4.0, -7.0, 3.1415927]
        values = np.concatenate([np.array(special), rng.normal(0, 3, 21)])
    elif dtype == "b1":
        values = rng.integers(0, 2, 65)
    else:
        info = np.iinfo(NUMPY[dtype])
        special = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 31, 32, 63, 64, 100, 127, -128, 255, 256, 65535, 65536, info.max,
                   info.min, info.max - 1, info.min + 1, 46341, 2**31 - 1, 2**31, -2**31, 2**53 + 1, 2**62]
        special = [v for v in special if info.min <= v <= info.max]
        values = special + [int(v) for v in rng.integers(-100 if info.min else 0, 100, 65 - len(special))]
        return np.array(values, NUMPY[dtype])
    return values.astype(NUMPY[dtype])


def draw(values, shape, seed):
    """`shape` elements of the pool, in an order fixed by `seed`, every value used before one returns."""
    count = int(np.prod(shape))
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(values)) for _ in range(count // len(values) + 1)])[:count]
    return np.asarray(values)[order].reshape(shape)


# layout -> (base shape, recipe, view shape); `other` forms of the same view shape serve second operands
LAYOUTS = {
    "permuted": ((3, 5, 2), "permute:2,0,1"),
    "sliced": ((7, 9), "slice:1,0:7,9:2,3"),
    "window": ((4, 21), "slice:1,2:3,19:1,1"),
    "negative": ((3, 7), "flip:0,1"),
    "negative_step": ((3, 40), "slice:0,1:3,40:1,2/flip:1"),
    "broadcast": ((2, 1, 5), "expand:2x3x5"),
    "broadcast_row": ((19,), "expand:2x19"),
    "mixed": ((5, 4, 6), "permute:1,2,0/slice:0,1,0:4,6,5:1,2,2/flip:2"),
    "empty": ((0, 3), "-"),
    "empty_permuted": ((2, 0, 3), "permute:1,2,0"),
}


def unary_inputs(values):
    """(layout, In) over every layout; the contiguous one holds the whole pool and so a vector tail."""
    yield "contiguous", In(values)
    yield "contiguous", In(draw(values, (3, 11), 1))
    for index, (layout, (shape, recipe)) in enumerate(LAYOUTS.items()):
        yield layout, In(draw(values, shape, 10 + index), recipe)
    for value in draw(values, (3,), 5):
        yield "0d", In(value)
    yield "0d", In(values[0])
    yield "0d", In(values[4])


def view_shape(layout):
    shape, recipe = LAYOUTS[layout]
    return take_view(np.empty(shape), recipe).shape


PAIRS = [("permuted", "-"), ("-", "permuted"), ("permuted", "permuted"), ("sliced", "-"), ("-", "window"),
         ("negative", "-"), ("-", "negative_step"), ("broadcast", "-"), ("-", "broadcast"), ("broadcast_row", "-"),
         ("mixed", "mixed"), ("mixed", "-"), ("empty", "-"), ("empty_permuted", "-")]


def binary_inputs(left, right):
    """(layout, In, In): the whole cross product of the specials contiguous, then pairs of layouts, then 0-d."""
    a, b = np.meshgrid(left, right, indexing="ij")
    yield "contiguous", In(a.reshape(-1)), In(b.reshape(-1))
    for index, pair in enumerate(PAIRS):
        layout = pair[0] if pair[0] != "-" else pair[1]
        shape = view_shape(layout)
        operands = []
        for side, values in zip(pair, (left, right)):
            base, recipe = LAYOUTS[layout] if side != "-" else (shape, "-")
            operands.append(In(draw(values, base, 100 + 2 * index + len(operands)), recipe))
        yield layout, operands[0], operands[1]
    for x, y in zip(draw(left, (3,), 8), draw(right, (3,), 9)):
        yield "0d", In(x), In(y)
