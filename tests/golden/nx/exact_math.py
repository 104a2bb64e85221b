"""Correctly rounded references: f64 NumPy for f32, 200-bit mpmath for f64 (a higher precision)."""
import math

import mpmath
import numpy as np

mpmath.mp.prec = 1400  # sin(1e300) needs the argument to 1,000 bits; also enough for 1 - erf at 1e-300


def round_f64(value):
    """An mpf as the nearest double; int / int in Python rounds once, subnormals included."""
    if mpmath.isnan(value):
        return math.nan
    if mpmath.isinf(value):
        return math.inf if value > 0 else -math.inf
    sign, mantissa, exponent, _ = value._mpf_
    try:
        magnitude = (int(mantissa) << exponent) / 1 if exponent >= 0 else int(mantissa) / (1 << -exponent)
    except OverflowError:
        magnitude = math.inf
    return -magnitude if sign else magnitude


def _erfinv(x):
    if x == 1 or x == -1:
        return mpmath.inf * x
    if abs(x) > 1:
        return mpmath.nan
    with mpmath.workprec(300):
        return mpmath.erfinv(x)


def _guard(function, domain):
    return lambda x: function(x) if domain(x) else mpmath.nan


def _exp(x):
    return mpmath.mpf(0) if x < -800 else mpmath.inf if x > 800 else mpmath.exp(x)


def _expm1(x):
    return mpmath.mpf(-1) if x < -800 else mpmath.inf if x > 800 else mpmath.expm1(x)


def _tanh(x):
    return mpmath.sign(x) if abs(x) > 400 else mpmath.tanh(x)


def _erf(x):
    return mpmath.sign(x) if abs(x) > 30 else mpmath.erf(x)


def _logistic(x):
    return mpmath.mpf(1) if x > 800 else mpmath.mpf(0) if x < -800 else 1 / (1 + mpmath.exp(-x))


# function at a finite non-zero argument, its values at -inf, -0, +0, +inf, and the bound in ULP (spec nx.md §6.9)
inf, nan = math.inf, math.nan
FUNCTIONS = {
    "Rsqrt": (_guard(lambda x: 1 / mpmath.sqrt(x), lambda x: x > 0), (nan, -inf, inf, 0.0), 1),
    "Exp": (_exp, (0.0, 1.0, 1.0, inf), 1),
    "Expm1": (_expm1, (-1.0, -0.0, 0.0, inf), 1),
    "Log": (_guard(mpmath.log, lambda x: x > 0), (nan, -inf, -inf, inf), 1),
    "Log1p": (_guard(lambda x: mpmath.log1p(x) if x > -1 else -mpmath.inf, lambda x: x >= -1), (nan, -0.0, 0.0, inf), 1),
    "Sin": (mpmath.sin, (nan, -0.0, 0.0, nan), 1),
    "Cos": (mpmath.cos, (nan, 1.0, 1.0, nan), 1),
    "Tanh": (_tanh, (-1.0, -0.0, 0.0, 1.0), 2),
    "Logistic": (_logistic, (0.0, 0.5, 0.5, 1.0), 2),
    "Erf": (_erf, (-1.0, -0.0, 0.0, 1.0), 2),
    "ErfInv": (_erfinv, (nan, -0.0, 0.0, nan), 3),
}


def _one(function, limits, x):
    if math.isnan(x):
        return nan
    if x == inf or x == -inf:
        return limits[3] if x > 0 else limits[0]
    if x == 0:
        return limits[1] if math.copysign(1, x) < 0 else limits[2]
    return round_f64(function(mpmath.mpf(x)))


_cache = {}


def evaluate(name, array):
    """The function at each element, in the array's own dtype, correctly rounded (f32 through a rounded double)."""
    function, limits, _ = FUNCTIONS[name]
    flat = []
    for x in np.asarray(array, np.float64).reshape(-1):
        x = float(x)
        key = (name, x.hex())
        if key not in _cache:
            _cache[key] = _one(function, limits, x)
        flat.append(_cache[key])
    return np.array(flat, np.float64).astype(array.dtype).reshape(array.shape)


def ulp(name):
    return FUNCTIONS[name][2]


def power(x, y):
    """pow(x, y) rounded once; Annex F decides where an argument is zero, infinite or NaN, as math.pow does."""
    result = np.empty(x.shape, np.float64)
    for index in np.ndindex(x.shape):
        a, b = float(x[index]), float(y[index])
        key = ("pow", a.hex(), b.hex())
        if key not in _cache:
            if a == 0 or math.isinf(a) or math.isnan(a) or b == 0 or math.isinf(b) or math.isnan(b):
                try:
                    _cache[key] = math.pow(a, b)
                except ValueError:  # pow(±0, negative)
                    _cache[key] = math.copysign(inf, a) if b % 2 == 1 else inf
            elif a < 0 and b != math.floor(b):
                _cache[key] = nan
            else:
                log2 = b * mpmath.log(abs(mpmath.mpf(a)), 2)
                sign = -1 if a < 0 and b % 2 == 1 else 1
                if log2 > 1100:
                    _cache[key] = sign * inf
                elif log2 < -1200:
                    _cache[key] = sign * 0.0
                else:
                    _cache[key] = sign * round_f64(mpmath.power(abs(mpmath.mpf(a)), mpmath.mpf(b)))
        result[index] = _cache[key]
    return result.astype(x.dtype)
