"""nx's promotion lattice, written from the rules of spec nx.md §1.2 (JAX's lattice with 64-bit types), not from NumPy's.

It differs from NumPy 2 in one place: an int array with a float array keeps the float dtype, whatever the int width."""
import numpy as np

from golden import NAME, NUMPY, Weak

SIGNED = {"i8": 8, "i16": 16, "i32": 32, "i64": 64}
UNSIGNED = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}
ALL = ("b1", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "bf16", "f16", "f32", "f64", "c64", "c128")
FLOAT_BITS = {"bf16": 16, "f16": 16, "f32": 32, "f64": 64}
COMPLEX_BITS = {"c64": 32, "c128": 64}


def category(dtype):
    if dtype == "b1":
        return 0
    if dtype in SIGNED or dtype in UNSIGNED:
        return 1
    return 2 if dtype in FLOAT_BITS else 3


def join(a, b):
    """The common dtype of two strong dtypes."""
    if a == b:
        return a
    if category(a) > category(b):
        a, b = b, a
    if category(a) == 0:
        return b
    if category(a) < category(b):
        if category(b) == 3 and category(a) == 2:
            return "c128" if FLOAT_BITS[a] == 64 or COMPLEX_BITS[b] == 64 else "c64"
        return b
    if category(a) == 3:
        return "c128"
    if category(a) == 2:
        if FLOAT_BITS[a] == FLOAT_BITS[b]:
            return "f32"
        return a if FLOAT_BITS[a] > FLOAT_BITS[b] else b
    for family in (SIGNED, UNSIGNED):
        if a in family and b in family:
            return a if family[a] > family[b] else b
    signed, unsigned = (a, b) if a in SIGNED else (b, a)
    if unsigned == "u64":
        return "f64"
    bits = max(SIGNED[signed], 2 * UNSIGNED[unsigned])
    return f"i{bits}"


def join_weak(dtype, kind):
    """A strong dtype with a weak scalar of category `kind`; None where the value must be looked at."""
    if kind == "bool":
        return join(dtype, "b1")
    if kind == "int":
        return "i64" if dtype == "b1" else dtype
    return "f64" if category(dtype) < 2 else dtype


def result_dtype(*operands):
    """The common dtype of arrays (NumPy) and Weak scalars."""
    strong = [NAME[o.dtype] for o in operands if not isinstance(o, Weak)]
    result = strong[0] if strong else None
    for dtype in strong[1:]:
        result = join(result, dtype)
    for o in operands:
        if isinstance(o, Weak):
            result = join_weak(result, o.kind) if result else {"bool": "b1", "int": "i64", "float": "f64"}[o.kind]
    return result


def cast(array, dtype):
    """nx's Cast: float -> int truncates and saturates and sends NaN to 0 (NumPy leaves this to the CPU)."""
    array = np.asarray(array)
    target = NUMPY[dtype]
    if array.dtype.kind == "f" and np.dtype(target).kind in "iu":
        info = np.iinfo(target)
        flat = []
        for value in array.reshape(-1).tolist():
            if value != value:
                flat.append(0)
            elif value in (float("inf"), float("-inf")):
                flat.append(info.max if value > 0 else info.min)
            else:
                flat.append(min(max(int(value), info.min), info.max))
        return np.array(flat, target).reshape(array.shape)
    return array.astype(target)


def float_dtype(dtype):
    """Unary float functions and true division of bool and int arrays give the default float, f64."""
    return "f64" if category(dtype) < 2 else dtype
