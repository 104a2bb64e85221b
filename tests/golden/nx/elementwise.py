"""Elementwise primitives (Op names) and the public functions over them, with promotion and broadcasting."""
import numpy as np

import exact_math
from golden import FIVE, FLOATS, INTS, NAME, NUMPY, Family, In, Out, Weak, binary_inputs, draw, pool, shape_text, unary_inputs
from lattice import cast, float_dtype, result_dtype


def trunc_divide(x, y):
    """C's division; x / 0 = 0 and INT_MIN / -1 = INT_MIN by nx's rule."""
    bits = x.dtype.itemsize * 8
    out = [0 if b == 0 else (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1) for a, b in zip(x.ravel().tolist(), y.ravel().tolist())]
    return wrap(out, x.dtype).reshape(x.shape)


def trunc_remainder(x, y):
    """C's remainder, sign of x; x % 0 = 0 for ints; fmod for floats."""
    if x.dtype.kind == "f":
        return np.fmod(x, y)
    out = [0 if b == 0 else (abs(a) % abs(b)) * (-1 if a < 0 else 1) for a, b in zip(x.ravel().tolist(), y.ravel().tolist())]
    return wrap(out, x.dtype).reshape(x.shape)


def wrap(values, dtype):
    bits = np.dtype(dtype).itemsize * 8
    unsigned = np.array([v % 2**bits for v in values], f"u{bits // 8}")
    return unsigned.view(dtype)


def unary():
    family = Family("unary")
    # apply() itself gives bool and int operands of a float function the default float, f64
    square_root = lambda x: np.sqrt(cast(x, float_dtype(NAME[x.dtype])))
    exact = {
        "Neg": (np.negative, FLOATS + INTS), "Abs": (np.absolute, FLOATS + INTS), "Sign": (np.sign, FLOATS + INTS),
        "Not": (np.invert, INTS + ("b1",)), "Sqrt": (square_root, FIVE),
    }
    for op, (function, dtypes) in exact.items():
        for dtype in FIVE:
            for layout, x in unary_inputs(pool(dtype)):
                if dtype in dtypes:
                    family.case(op, [x], [Out(function(x.view))], layout=layout)
                elif op != "Abs" and layout in ("contiguous", "permuted", "empty"):
                    family.case(op, [x], error="DType", layout=layout)
    for mode, function in {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "even": np.rint}.items():
        for dtype in FLOATS + INTS:
            for layout, x in unary_inputs(pool(dtype)):
                result = function(x.view) if dtype in FLOATS else x.view
                family.case("Round", [x], [Out(result)], mode=mode, layout=layout)
    for op in exact_math.FUNCTIONS:
        for dtype in FIVE:
            values = pool(dtype)
            if op in ("ErfInv", "Log1p") and dtype in FLOATS:  # more of the interesting domain
                inner = np.random.default_rng(3).uniform(-1, 1, 30).astype(values.dtype)
                values = np.concatenate([values[:34], inner])
            for layout, x in unary_inputs(values):
                if dtype not in FLOATS and layout in ("negative_step", "broadcast_row", "window", "mixed"):
                    continue  # computed as f64 through Cast: the other layouts show that much
                wide = cast(x.view, float_dtype(dtype))
                family.case(op, [x], [Out(exact_math.evaluate(op, wide), f"ulp={exact_math.ulp(op)}")], layout=layout)
    family.write()


def casts():
    family = Family("cast")
    for source in FIVE + ("u8", "u32", "u64"):
        for target in FIVE + ("u8", "u32", "u64"):
            values = pool(source)
            for layout, x in unary_inputs(values):
                if layout in ("contiguous", "permuted", "sliced", "negative", "broadcast", "empty", "0d") or (
                        source in FIVE and target in FIVE):
                    family.case("Cast", [x], [Out(cast(x.view, target))], dtype=target, layout=layout)
    for source, target in (("f32", "i32"), ("f32", "u32"), ("f64", "i64"), ("f64", "u64"), ("i32", "f32"), ("i64", "f64"), ("b1", "u8")):
        for layout, x in unary_inputs(pool(source)):
            # compared as integers: a NaN's bits must survive, which a float comparison would not see
            result = np.ascontiguousarray(x.view).view(NUMPY[target]).reshape(x.view.shape)
            family.case("Bitcast", [x], [Out(result)], dtype=target, layout=layout)
    for source, target in (("f64", "i32"), ("f64", "f32"), ("i64", "u8"), ("f32", "u8")):
        x = In(draw(pool(source), (3, 5), 2))
        family.case("Bitcast", [x], [Out(x.view.view(NUMPY[target]))], dtype=target, layout="contiguous")
    for source, target in (("i32", "f64"), ("u8", "f32"), ("u8", "i64")):
        x = In(draw(pool(source), (3, 16), 2))
        family.case("Bitcast", [x], [Out(x.view.view(NUMPY[target]))], dtype=target, layout="contiguous")
    for source, target in (("i32", "f64"), ("u8", "i64")):
        family.case("Bitcast", [In(draw(pool(source), (2, 3), 2))], error="Shape", dtype=target, layout="contiguous")
    for dtype in FIVE + ("u8", "u32", "u64"):
        for shape in ((), (0, 3), (5,), (3, 7), (2, 3, 4)):
            for value in pool(dtype)[[0, 1, 4, 5, 9, 20]]:
                full = np.full(shape, value, NUMPY[dtype])
                text = float(value).hex() if dtype in FLOATS else int(value)
                family.case("Full", [], [Out(full)], dtype=dtype, shape=shape_text(shape), value=text, layout="none")
            if dtype == "b1":
                continue
            for axis in range(len(shape)):
                ramp = np.broadcast_to(np.arange(shape[axis]).reshape([-1 if d == axis else 1 for d in range(len(shape))]), shape)
                family.case("Iota", [], [Out(ramp.astype(NUMPY[dtype]))], dtype=dtype, shape=shape_text(shape), axis=axis, layout="none")
    family.write()


BITWISE = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}
COMPARE = {"Eq": np.equal, "Ne": np.not_equal, "Lt": np.less, "Le": np.less_equal}


def binary():
    family = Family("binary")
    table = []
    for dtype in FIVE:
        numeric = dtype != "b1"
        # bool: Add = or, Mul = and, Sub = DTypeError, as NumPy
        table += [("Add", dtype, np.add, "exact", {}), ("Mul", dtype, np.multiply, "exact", {}),
                  ("Sub", dtype, np.subtract if numeric else None, "exact", {}),
                  ("Div", dtype, lambda x, y, d=float_dtype(dtype): np.divide(cast(x, d), cast(y, d)), "exact", {}),
                  ("IDiv", dtype, trunc_divide if dtype in INTS else None, "exact", {}),
                  # the sign of a zero result at ±0 ties is NumPy's CPU's choice: `value` ignores it
                  ("Maximum", dtype, np.maximum, "value", {}), ("Minimum", dtype, np.minimum, "value", {})]
        if numeric:
            table.append(("Rem", dtype, trunc_remainder, "exact", {}))
        table += [("Bitwise", dtype, f if dtype not in FLOATS else None, "exact", {"kind": k}) for k, f in BITWISE.items()]
        table += [("Shl", dtype, np.left_shift if dtype in INTS else None, "exact", {}),
                  ("Shr", dtype, np.right_shift if dtype in INTS else None, "exact", {})]
        table += [(op, dtype, f, "exact", {}) for op, f in COMPARE.items()]
    for op, dtype, function, rule, attrs in table:
        values = pool(dtype)[:22] if dtype != "b1" else np.array([False, True, True, False])
        right = values
        if op in ("Shl", "Shr") and function:
            right = np.array([0, 1, 2, 5, 8, 31, 32, 33, 63, 64, 65, 1000, -1, -5, np.iinfo(values.dtype).min], values.dtype)
        for layout, x, y in binary_inputs(values, right):
            if function:
                family.case(op, [x, y], [Out(function(x.view, y.view), rule)], **attrs, layout=layout)
            elif layout in ("contiguous", "permuted", "empty"):
                family.case(op, [x, y], error="DType", **attrs, layout=layout)
    for dtype in FLOATS:
        values = pool(dtype)
        left = np.concatenate([values[:20], values[35:47]])
        right = np.concatenate([values[:20], np.array([2, 3, 4, -2, -3, 7, -1.75, 10, 100, -0.25, 1 / 3], values.dtype)])
        for layout, x, y in binary_inputs(left, right):
            family.case("Pow", [x, y], [Out(exact_math.power(x.view, y.view), "ulp=1")], layout=layout)
    for dtype in INTS:
        for layout, x, y in binary_inputs(pool(dtype)[:30], np.array([0, 1, 2, 3, 4, 5, 10, 31, 63], NUMPY[dtype])):
            family.case("Pow", [x, y], [Out(np.power(x.view, y.view))], layout=layout)
    for dtype in FIVE:
        values = pool(dtype)
        for layout, x, y in binary_inputs(values[:12], values[12:24]):
            for pattern in (0, 1):
                shape = x.base.shape if pattern else y.base.shape
                mask = In(draw(np.array([True, False, True]), shape, 77), x.recipe if pattern else y.recipe)
                family.case("Select", [mask, x, y], [Out(np.where(mask.view, x.view, y.view))], layout=layout)
    family.write()


# ---- public functions -------------------------------------------------------------------------------------------------


def floor_divide(x, y):
    """NumPy's, but by nx's rule an integer divided by 0 is 0 and INT_MIN // -1 wraps."""
    return np.floor_divide(x, y)


PUBLIC_BINARY = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "floor_divide": floor_divide,
    "remainder": np.remainder, "power": np.power, "maximum": np.maximum, "minimum": np.minimum, "equal": np.equal,
    "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal, "greater": np.greater,
    "greater_equal": np.greater_equal, "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor, "left_shift": np.left_shift, "right_shift": np.right_shift,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
}
COMPARISONS = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
PROMOTES_WIDE = ("add", "multiply", "divide", "remainder", "maximum", "equal", "less", "bitwise_and")  # also with u8 u32 u64
BROADCASTS = [((3, 4), (4,)), ((4, 1), (1, 5)), ((2, 1, 3), (4, 1)), ((), (6,)), ((5,), ()), ((), ()), ((0, 3), (3,)), ((1,), (0,))]


def public_binary_case(family, name, operands, layout):
    views = [o if isinstance(o, Weak) else o.view for o in operands]
    common = result_dtype(*views)
    numbers = [np.asarray(v.value) if isinstance(v, Weak) else v for v in views]
    rule = "exact"
    if name in COMPARISONS or name.startswith("logical"):
        # comparisons of mixed-sign integers are exact, never through f64 (NumPy 2 too)
        if name in COMPARISONS and not all(n.dtype.kind in "iu" for n in numbers):
            numbers = [cast(n, common) for n in numbers]
        result = PUBLIC_BINARY[name](*numbers)
    else:
        if name == "divide":
            common = float_dtype(common)
        if common == "b1" and name in ("subtract", "floor_divide", "remainder", "power", "left_shift", "right_shift"):
            if name != "subtract":
                return
            return family.case(name, operands, error="DType", layout=layout)
        if name in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift") and common in FLOATS:
            return family.case(name, operands, error="DType", layout=layout)
        numbers = [cast(n, common) for n in numbers]
        if name == "power":
            if common in FLOATS:
                numbers = np.broadcast_arrays(*numbers)
                result, rule = exact_math.power(*numbers), "ulp=1"
            elif (numbers[1] < 0).any():
                return family.case(name, operands, error="Value", layout=layout)
            else:
                result = np.power(*numbers)
        else:
            result = PUBLIC_BINARY[name](*numbers)
        rule = "value" if name in ("maximum", "minimum") else rule
    family.case(name, operands, [Out(result, rule)], layout=layout)


def public():
    family = Family("public_elementwise")
    for name in PUBLIC_BINARY:
        for dtype in FIVE:
            values = pool(dtype)[:40]
            right = np.array([0, 1, 2, 3, 5], NUMPY[dtype]) if name == "power" and dtype in INTS else values
            if name in ("left_shift", "right_shift") and dtype in INTS:
                right = np.array([0, 1, 7, 31, 32, 64, -1], NUMPY[dtype])
            for index, (a, b) in enumerate(BROADCASTS if name in PROMOTES_WIDE else BROADCASTS[:5]):
                public_binary_case(family, name, [In(draw(values, a, 40 + index)), In(draw(right, b, 60 + index))], "broadcast")
            x = In(draw(values, (4, 6), 3), "permute:1,0")
            public_binary_case(family, name, [x, In(draw(right, (6, 1), 4))], "permuted")
            x = In(draw(values, (7, 9), 3), "slice:1,0:7,9:2,3")
            public_binary_case(family, name, [x, In(draw(right, (3, 3), 4), "flip:0")], "sliced")
        for left in FIVE + ("u8", "u32", "u64"):
            for other in FIVE + ("u8", "u32", "u64"):
                if left == other or (name == "power" and "f" not in left + other):
                    continue
                if name not in PROMOTES_WIDE and not (left in FIVE and other in FIVE):
                    continue
                if "shift" in name and "i" not in left + other:
                    continue
                public_binary_case(family, name, [In(draw(pool(left)[:30], (11,), 5)), In(draw(pool(other)[:30], (11,), 6))], "contiguous")
        for dtype in FIVE + ("u8",):
            for weak in (Weak(2), Weak(0.5), Weak(True)):
                x = In(draw(pool(dtype)[:40], (9,), 8))
                if name != "power":  # `pow(x, scalar)` takes NumPy's ** shortcuts, below
                    public_binary_case(family, name, [x, weak], "contiguous")
                    public_binary_case(family, name, [weak, x], "contiguous")
        family.case(name, [In(np.zeros((2, 3), np.int32)), In(np.zeros((4,), np.int32))], error="Shape", layout="contiguous")
        family.case(name, [In(np.zeros((2, 3), np.int32)), In(np.zeros((3, 2), np.int32))], error="Shape", layout="contiguous")
        for dtype, value in (("u8", 300), ("u8", -1), ("i32", 2**31), ("u32", -5)):
            if name not in COMPARISONS and not name.startswith("logical") and name != "divide":
                family.case(name, [In(np.ones(3, NUMPY[dtype])), Weak(value)], error="Overflow", layout="contiguous")
    # which shapes broadcast, and which do not
    shapes = [(), (1,), (3,), (0,), (2, 3), (2, 1), (1, 3), (3, 2), (1, 1), (2, 0), (4, 2, 3), (4, 1, 1), (1, 2, 1), (2, 2, 3), (5, 1, 2, 1), (3, 1, 1, 1, 2)]
    for a in shapes:
        for b in shapes:
            x, y = In(np.ones(a, np.int32)), In(np.ones(b, np.int32))
            try:
                family.case("add", [x, y], [Out(x.view + y.view)], layout="broadcast")
            except ValueError:
                family.case("add", [x, y], error="Shape", layout="broadcast")
    for exponent in (2, 1, 0.5, -1.0, 0, 2.0, 0.0):  # NumPy's ** with a scalar: square, copy, sqrt, reciprocal, ones
        for dtype in FLOATS:
            x = In(pool(dtype))
            family.case("power", [x, Weak(exponent)], [Out(x.view ** exponent)], layout="contiguous")
    for dtype in FIVE:
        values = pool(dtype)
        for layout, x in unary_inputs(values):
            if layout not in ("contiguous", "permuted", "negative_step", "broadcast", "empty", "0d"):
                continue  # the primitives cover every layout
            view = x.view
            simple = {"abs": np.abs, "logical_not": np.logical_not, "square": np.square}
            if dtype != "b1":
                simple |= {"negative": np.negative, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint}
            if dtype not in FLOATS:
                simple["bitwise_not"] = np.invert
            for name, function in simple.items():
                result = function(view)
                if NAME[np.asarray(result).dtype] == dtype or name == "logical_not":
                    family.case(name, [x], [Out(result)], layout=layout)
            wide = cast(view, float_dtype(dtype))
            family.case("sqrt", [x], [Out(np.sqrt(wide))], layout=layout)
            if dtype in FLOATS:
                family.case("reciprocal", [x], [Out(np.reciprocal(view))], layout=layout)
            for op, name in {"Exp": "exp", "Log": "log", "Log1p": "log1p", "Expm1": "expm1", "Sin": "sin", "Cos": "cos", "Tanh": "tanh", "Erf": "erf", "Logistic": "sigmoid", "Rsqrt": "rsqrt"}.items():
                if dtype not in FLOATS and layout == "contiguous":  # the rest through the primitives
                    family.case(name, [x], [Out(exact_math.evaluate(op, wide), f"ulp={exact_math.ulp(op)}")], layout=layout)
            if dtype in FLOATS:
                for name, function in {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}.items():
                    family.case(name, [x], [Out(function(view))], layout=layout)
            if dtype != "b1":
                # clip(x, low, high) = two selects: NaN passes
                for low, high in ((-2, 3), (None, 1), (0, None)):
                    result = np.clip(view, None if low is None else view.dtype.type(low), None if high is None else view.dtype.type(high))
                    attrs = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
                    family.case("clip", [x], [Out(result, "value")], **attrs, layout=layout)
    for a, b, c in (((3, 1), (4,), ()), ((2, 3), (2, 3), (3,)), ((), (), (5,)), ((0,), (1,), ()), ((2, 1, 2), (3, 1), (2,))):
        for left in FIVE:
            for right in FIVE:
                mask, x, y = In(draw(np.array([True, False]), a, 1)), In(draw(pool(left), b, 2)), In(draw(pool(right), c, 3))
                common = result_dtype(x.view, y.view)
                family.case("where", [mask, x, y], [Out(np.where(mask.view, cast(x.view, common), cast(y.view, common)))], layout="broadcast")
    family.write()


if __name__ == "__main__":
    unary()
    casts()
    binary()
    public()
