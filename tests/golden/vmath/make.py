#!/usr/bin/env python3
"""Golden points of raven/vmath in double precision, computed with mpmath (1.4, PyPI); Raven is not involved.

    python3 make.py        writes <function>.bin beside this file

A file is n records: n x float64 argument, (pow: n x float64 second argument), n x float64 correctly rounded result,
n x int8 the rest of the exact result in 1/250 ULP of it. Little-endian; n follows from the size.
"""
import math
import os
import random
import struct
import sys

from mpmath import mp, mpf
import mpmath

mp.prec = 240
COUNT = 2048
root2 = lambda: mp.sqrt(2)


def gelu_gradient(x):
    return mp.erfc(-x / root2()) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def gelu_tanh_slope(x):
    return 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mpf("0.044715") * x * x)


def gelu_tanh_argument(x):
    return 2 * mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)


def gelu_tanh_gradient(x):
    s = sigmoid(gelu_tanh_argument(x))
    return s + x * s * sigmoid(-gelu_tanh_argument(x)) * gelu_tanh_slope(x)


def silu_gradient(x):
    s = sigmoid(x)
    return s + x * s * sigmoid(-x)


def erfinv(x):
    """Newton on erf or erfc from a double estimate: mpmath's own is slow near 1."""
    a = abs(x)
    if a == 0:
        return x
    complement = 1 - a
    w = -mp.log((1 - a) * (1 + a))
    y = mp.sqrt(w) * mpf("0.886") if a < 0.5 else mp.sqrt(w)
    for _ in range(200):
        slope = 2 / mp.sqrt(mp.pi) * mp.exp(-y * y)
        step = (mp.erf(y) - a) / slope if a < 0.5 else (mp.log(complement) - mp.log(mp.erfc(y))) * mp.erfc(y) / slope
        y -= step
        if abs(step) < abs(y) * mpf(2) ** -110:
            break
    return y if x > 0 else -y


# (kind, low, high, share): "linear" uniform, "log" uniform in log|x|, "log±" with both signs, "bits" any finite double
ALL = [("bits", 0, 0, 1)]
EXP = [("linear", -745, 710, 4), ("log±", 1e-18, 700, 4), ("linear", -1, 1, 2), ("linear", -745.2, -707, 2), ("linear", 709, 709.79, 1)] + ALL
LOG = [("bits+", 0, 0, 3), ("linear", 0.5, 2, 5), ("linear", 0.99, 1.01, 2), ("subnormal", 0, 0, 1), ("log", 1e-5, 1e5, 2)]
TRIG = [("linear", -8, 8, 4), ("linear", -1e5, 1e5, 3), ("multiple", 0, 63000, 3), ("multiple", 0, 1e15, 3), ("log±", 1e5, 1e300, 4), ("log±", 1e-300, 1, 1)]
GATE = [("linear", -8, 8, 6), ("log±", 1e-12, 40, 4), ("linear", -750, -30, 3), ("linear", -50, 50, 3)] + ALL
FUNCTIONS = {
    "exp": (mp.exp, EXP),
    "exp2": (lambda x: mpf(2) ** x, [("linear", -1075, 1024, 4), ("log±", 1e-18, 1000, 4), ("linear", -1, 1, 2), ("linear", -1075, -1020, 2)] + ALL),
    "expm1": (mp.expm1, [("linear", -40, 710, 2), ("log±", 1e-18, 700, 4), ("linear", -1.5, 1.5, 6)] + ALL),
    "log": (mp.log, LOG),
    "log2": (lambda x: mp.log(x) / mp.log(2), LOG),
    "log10": (lambda x: mp.log(x) / mp.log(10), LOG),
    "log1p": (mp.log1p, [("linear", -0.9999, 3, 6), ("log±", 1e-18, 0.9, 4), ("log", 1, 1e300, 2), ("bits+", 0, 0, 1)]),
    "tanh": (mp.tanh, [("linear", -22, 22, 3), ("linear", -2, 2, 4), ("log±", 1e-18, 20, 3)] + ALL),
    "sigmoid": (sigmoid, GATE),
    "erf": (mp.erf, [("linear", -6, 6, 3), ("linear", -1.2, 1.2, 4), ("log±", 1e-18, 5, 3)] + ALL),
    "erfc": (mp.erfc, [("linear", -6, 27.3, 4), ("linear", -1.2, 1.2, 3), ("log±", 1e-18, 5, 2), ("linear", 25.9, 27.3, 1)] + ALL),
    "erfinv": (erfinv, [("linear", -1, 1, 5), ("complement", 1e-16, 0.5, 5), ("log±", 1e-18, 1, 2)]),
    "sin": (mp.sin, TRIG),
    "cos": (mp.cos, TRIG),
    "tan": (mp.tan, TRIG),
    "pow": (lambda x, y: mp.exp(y * mp.log(x)), None),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), [("bits+", 0, 0, 3), ("linear", 0.25, 4, 2), ("subnormal", 0, 0, 1)]),
    "gelu": (lambda x: x * mp.erfc(-x / root2()) / 2, GATE + [("linear", -38.5, -5, 2)]),
    "gelu_gradient": (gelu_gradient, GATE + [("linear", -38.5, -5, 2)]),
    "gelu_tanh": (lambda x: x * sigmoid(gelu_tanh_argument(x)), GATE + [("linear", -21.5, -5, 2)]),
    "gelu_tanh_gradient": (gelu_tanh_gradient, GATE + [("linear", -21.5, -5, 2)]),
    "silu": (lambda x: x * sigmoid(x), GATE),
    "silu_gradient": (silu_gradient, GATE),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), GATE),
}


def draw(kind, low, high, rng):
    if kind == "linear":
        return rng.uniform(low, high)
    if kind in ("log", "log±"):
        x = math.exp(rng.uniform(math.log(low), math.log(high)))
        return -x if kind == "log±" and rng.random() < 0.5 else x
    if kind == "complement":
        x = 1 - math.exp(rng.uniform(math.log(low), math.log(high)))
        return -x if rng.random() < 0.5 else x
    if kind == "multiple":  # the double next to a multiple of pi/2
        k = int(math.exp(rng.uniform(0, math.log(high))))
        return float(mpf(k) * mp.pi / 2)
    if kind == "subnormal":
        return struct.unpack("<d", struct.pack("<Q", rng.getrandbits(rng.randint(1, 52))))[0]
    while True:
        x = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
        if math.isfinite(x):
            return abs(x) if kind == "bits+" else x


def record(value):
    """Nearest double and what is left, in 1/250 of its ULP."""
    if value == 0:
        return 0.0, 0
    magnitude = abs(value)
    exponent = max(int(mp.floor(mp.log(magnitude, 2))), -1022)
    if mpf(2) ** exponent > magnitude and exponent > -1022:
        exponent -= 1
    ulp = mpf(2) ** (exponent - 52)
    whole = mp.nint(value / ulp)
    if abs(whole) * ulp >= mpf(2) ** 1024:
        return math.copysign(math.inf, value), 0
    rest = value / ulp - whole
    result = math.ldexp(float(whole), exponent - 52)
    return result, int(mp.nint(rest * 250))


def points(name, ranges, rng):
    if name == "pow":
        pairs = [(3.0, 2.0), (2.0, 0.5), (10.0, 15.0), (10.0, -5.0), (7.0, 18.0), (1.5, 29.0)]
        while len(pairs) < COUNT:
            kind = len(pairs) % 6
            if kind == 0:
                x, y = rng.uniform(0, 10), rng.uniform(-20, 20)
            elif kind == 1:
                x = draw("bits+", 0, 0, rng)
                y = rng.uniform(-750, 750) / max(abs(math.log(x)), 1e-300) if x > 0 else 1.0
            elif kind == 2:  # near 1, large exponents
                x = 1 + rng.choice((-1, 1)) * math.exp(rng.uniform(-36, -1))
                y = rng.uniform(-744, 709) / math.log(x) if x != 1 else 2.0
            elif kind == 3:
                x, y = float(rng.randint(2, 50)), float(rng.randint(-40, 40))
            elif kind == 4:
                x, y = rng.uniform(0.5, 2), rng.uniform(-1000, 1000)
            else:
                x, y = draw("subnormal", 0, 0, rng), rng.uniform(-1, 2.3)
            if x > 0 and math.isfinite(y):
                pairs.append((x, y))
        return pairs
    chosen = []
    total = sum(share for *_, share in ranges)
    for kind, low, high, share in ranges:
        for _ in range(math.ceil(COUNT * share / total)):
            x = draw(kind, low, high, rng)
            if x != 0:
                chosen.append((x,))
    return chosen


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    only = sys.argv[1:]
    for name, (function, ranges) in FUNCTIONS.items():
        if only and name not in only:
            continue
        rng = random.Random("raven vmath " + name)
        arguments, results, rests = [], [], []
        for point in points(name, ranges, rng):
            big = name in ("sin", "cos", "tan") and abs(point[0]) > 1e6
            with mp.workprec(1400 if big else 240):
                x = [mpf(v) for v in point]
                if name in ("exp", "exp2", "expm1", "tanh", "sigmoid", "softplus", "silu", "silu_gradient", "gelu", "gelu_gradient",
                            "gelu_tanh", "gelu_tanh_gradient", "erf", "erfc") and abs(point[0]) > 1e4:
                    x[0] = mpf(math.copysign(1e4, point[0]))  # saturated: the same result, without enormous exponents
                    value = x[0] if name in ("softplus", "silu", "gelu", "gelu_tanh") and point[0] > 0 else function(*x)
                    if value == x[0]:
                        value = mpf(point[0])
                else:
                    if name == "pow" and abs(x[1] * mp.log(x[0])) > 5000:
                        x[1] = 5000 / mp.log(x[0]) * mp.sign(x[1] * mp.log(x[0]))
                    value = function(*x)
                    if name.startswith(("log1p", "expm1")) and abs(point[0]) < 1e-70:
                        value = x[0]
                result, rest = record(value)
            arguments.append(point)
            results.append(result)
            rests.append(rest)
        with open(os.path.join(here, name + ".bin"), "wb") as out:
            for column in zip(*arguments):
                out.write(struct.pack(f"<{len(column)}d", *column))
            out.write(struct.pack(f"<{len(results)}d", *results))
            out.write(struct.pack(f"<{len(rests)}b", *rests))
        sys.stderr.write(f"{name}: {len(results)} points\n")


main()
