"""Exact strings of NumPy's array_repr and array_str, default and under printoptions."""
import numpy as np

from golden import FIVE, FLOATS, INTS, NUMPY, Family, In, draw, pool

family = Family("printing")
seen = set()


def both(array, layout="contiguous", recipe="-", **options):
    x = In(array, recipe)
    with np.printoptions(**options):
        for op, function in (("repr", np.array_repr),) if options else (("repr", np.array_repr), ("str", np.array_str)):
            text = function(x.view)
            key = (op, str(x.view.dtype), x.view.shape, x.view.tobytes(), str(options))
            if key not in seen:
                seen.add(key)
                attrs = {k: (int(v) if isinstance(v, bool) else "space" if v == " " else v) for k, v in options.items()}
                family.case(op, [x], text=text, **attrs, layout=layout)


for dtype in FIVE + ("u8", "u32", "u64"):
    values = pool(dtype)
    for value in values[:30]:  # 0-d
        both(np.array(value))
    for shape in ((0,), (2, 0), (0, 3), (1, 0, 2)):
        both(np.zeros(shape, NUMPY[dtype]))
    for shape in ((1,), (3,), (2, 2), (3, 1), (2, 3, 2), (1, 1, 1), (2, 1, 2, 2)):
        for seed in (1, 2):
            both(draw(values, shape, seed))
    small = np.arange(24).astype(NUMPY[dtype])
    both(small.reshape(4, 6), layout="permuted", recipe="permute:1,0")
    both(small.reshape(4, 6), layout="negative", recipe="flip:1")
    both(small[:3], layout="broadcast", recipe="expand:2x3")
    for count in (30, 60):  # wrapped rows
        both(np.arange(count).astype(NUMPY[dtype]) * NUMPY[dtype](3))
    both(np.arange(60).astype(NUMPY[dtype]).reshape(2, 30))
    for shape in ((1001,), (40, 40), (1100, 1), (3, 5, 100), (2, 600), (7, 7, 7, 7))[: 6 if dtype == "f64" else 2]:  # summarised: one row of base data, stride 0
        both(np.arange(shape[-1]).astype(NUMPY[dtype]), layout="broadcast", recipe="expand:" + "x".join(map(str, shape)))

ROWS = [
    [1.0, 2.0, 3.0], [1.5, np.nan, -np.inf], [1e-5, 1.0], [1.0, 1000.1], [0.1, 0.123456789, 100.0], [1e8, 1.0], [99999999.0, 1.0],
    [1e-4, 1.0], [9.9e-5, 0.5], [1e16, 1.0], [1e100, 1e-100], [1e300], [5e-324], [123456.789], [0.1 + 0.2], [1 / 3, 2 / 3], [-0.0, 0.0],
    [np.nan], [np.inf, -np.inf], [np.nan, 1e-10], [np.inf, 1e10], [1234567.0, 0.5], [2.5, 3.5, 1e3], [1e3, 1.0001], [0.5, 500.0], [0.0001234, 0.1],
    [1.0, 1e7], [12345678.0], [0.00012345678912], [1.123456789, 10.12345, 100.1], [3.0, -1.0, 2.5], [1e-7, 2e-7], [1e22, 1e23], [4.35, 2.675, 1.005],
    [100.0, 1e-3], [0.30000000000000004, 0.1], [1e5, 123456.5], [9.999999999, 0.1], [0.99999999999], [1e6, 1.5], [1048576.0, 3.0], [65504.0, 1.0],
]
for row in ROWS:
    for dtype in FLOATS:
        array = np.array(row, NUMPY[dtype])
        both(array)
        both(array[:1].reshape(()))
        for options in () if dtype == "f32" and len(row) == 1 else ({"precision": 3}, {"precision": 0}, {"precision": 17}, {"suppress": True}, {"suppress": True, "precision": 4},
                        {"floatmode": "fixed"}, {"floatmode": "fixed", "precision": 2}, {"floatmode": "unique"}, {"floatmode": "maxprec_equal"}, {"sign": "+"}, {"sign": " "}):
            both(array, **options)
for dtype in FIVE:
    values = draw(pool(dtype)[11:], (40,), 4)
    for options in ({"linewidth": 30}, {"linewidth": 120}, {"linewidth": 10}, {"threshold": 10}, {"threshold": 10, "edgeitems": 1}, {"threshold": 0, "edgeitems": 2}, {"sign": "+"}):
        both(values, **options)
        both(values.reshape(4, 10), **options)
for options in ({"nanstr": "NA"}, {"infstr": "Infinity"}, {"nanstr": "missing", "infstr": "oo", "precision": 2}):
    both(np.array([1.5, np.nan, np.inf, -np.inf]), **options)
rng = np.random.default_rng(1)
for dtype in FLOATS:
    for scale in (1e-3, 1, 1e3, 1e6):
        both((rng.normal(size=(3, 4)) * scale).astype(NUMPY[dtype]))
        both((10 ** rng.uniform(-6, 6, 7) * scale).astype(NUMPY[dtype]))
        both(np.round(rng.normal(size=9) * scale, 2).astype(NUMPY[dtype]))
family.write()
