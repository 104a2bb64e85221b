#!/usr/bin/env python3
"""Derives every polynomial and table of raven/vmath/coefficients.hpp with mpmath (1.4, PyPI) and prints that header.

    python3 fit.py > ../coefficients.hpp       the whole header (about five minutes)
    python3 fit.py erf_f64                     that polynomial only

Method: Remez exchange on a dense Chebyshev grid in 50 digits; then the coefficients are rounded to the target format one
by one, lowest power first, and the rest is fitted again after each, so that later coefficients absorb the rounding.
The comment after each table is its relative error, as a power of two, before evaluation error.
"""
import struct
import sys

from mpmath import (cos, erf, erfc, erfinv, exp, floor, fabs, inf, log, log1p, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tanh)

mp.dps = 50


def round_to(value, kind):
    """The nearest float32 or float64, as an exact mpf."""
    bits = 24 if kind == "float" else 53
    with mp.workprec(bits):
        return +mpf(value)


def error_of(points, target, weight, powers, coefficients):
    return max(fabs(w * (t - sum(c * x**k for c, k in zip(coefficients, powers))))
               for w, t, x in zip(weight, target, points))


def remez(points, target, weight, powers):
    """Coefficients c that minimise max |weight · (target - Σ c_k x^powers_k)| over the grid."""
    count = len(powers)
    basis = [[x**k for k in powers] for x in points]
    nodes = [round(i * (len(points) - 1) / count) for i in range(count + 1)]
    best, best_worst = None, inf
    for _ in range(40):
        rows, right = matrix(count + 1, count + 1), matrix(count + 1, 1)
        for row, node in enumerate(nodes):
            for column in range(count):
                rows[row, column] = basis[node][column]
            rows[row, count] = (-1) ** row / weight[node]
            right[row] = target[node]
        solution = lu_solve(rows, right)
        coefficients, level = list(solution[:count]), fabs(solution[count])
        error = [w * (t - sum(c * b for c, b in zip(coefficients, bs))) for w, t, bs in zip(weight, target, basis)]
        # one extremum per run of equal sign, then the best alternating stretch
        extrema = []
        for index, e in enumerate(error):
            if extrema and (error[extrema[-1]] > 0) == (e > 0):
                if fabs(e) > fabs(error[extrema[-1]]):
                    extrema[-1] = index
            else:
                extrema.append(index)
        while len(extrema) > count + 1:
            if fabs(error[extrema[0]]) < fabs(error[extrema[-1]]):
                extrema.pop(0)
            else:
                extrema.pop()
        worst = max(fabs(e) for e in error)
        if worst < best_worst:
            best, best_worst = coefficients, worst
        if len(extrema) < count + 1 or worst < level * mpf("1.0001"):
            break
        nodes = extrema
    return best, best_worst


def fit(name, kind, function, low, high, powers, weight=None, fixed=(), note="", split=False):
    """Prints one table. `fixed` are (power, value) terms that the code adds itself; the table holds only `powers`.

    `split`: the lowest coefficient is held in two parts, the first two entries of the table.
    """
    if sys.argv[1:] and name not in sys.argv[1:]:
        return
    low, high = mpf(low), mpf(high)
    grid = 24 * (len(powers) + 2)
    points = [(low + high) / 2 - (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * grid)) for i in range(grid)]
    values = [function(x) for x in points]
    weights = [weight(x) if weight else 1 / fabs(v) for x, v in zip(points, values)]
    target = [v - sum(c * x**k for k, c in fixed) for x, v in zip(points, values)]
    left, chosen = list(powers), []
    coefficients, ideal = remez(points, target, weights, left)
    while left:
        first = round_to(coefficients[0], kind)
        chosen.append(first)
        if split and len(chosen) == 1:
            chosen.append(round_to(coefficients[0] - first, kind))
            first += chosen[1]
        target = [t - first * x ** left[0] for t, x in zip(target, points)]
        left, coefficients = left[1:], coefficients[1:]
        if left:
            refitted, worst = remez(points, target, weights, left)
            if worst < error_of(points, target, weights, left, coefficients):
                coefficients = refitted
    worst = max(fabs(w * t) for w, t in zip(weights, target))
    emit(name, kind, chosen, f"{note}; relative error 2^{float(log(worst, 2)):.1f}")
    sys.stderr.write(f"    unrounded 2^{float(log(ideal, 2)):.1f}\n")


def hexadecimal(value, kind):
    text = float(value).hex()
    if "." in text:
        head, tail = text.split("p")
        text = head.rstrip("0").rstrip(".") + "p" + tail
    return text + ("f" if kind == "float" else "")


def less_bits(value, bits):
    """The double whose bit pattern is that of the rounded value less `bits`."""
    pattern = struct.unpack("<q", struct.pack("<d", float(round_to(value, "double"))))[0]
    return struct.unpack("<d", struct.pack("<q", pattern - bits))[0]


def emit(name, kind, values, note):
    print(f"/// {note}.")
    print(f"inline constexpr {kind} {name}[] = {{{', '.join(hexadecimal(v, kind) for v in values)}}};")
    sys.stderr.write(f"{name}: {len(values)} {note}\n")
    sys.stderr.flush()


def emit_split(name, value, bits, kind, note):
    """value as a sum of parts: each but the last has that many bits, so a product with a small integer is exact."""
    parts = []
    for count in bits:
        with mp.workprec(count):
            part = +value
        parts.append(part)
        value = value - part
    parts = [round_to(p, kind) for p in parts]
    emit(name, kind, parts, note)


def main():
    print("#pragma once")
    print("// Generated by raven/vmath/tools/fit.py; do not edit.")
    print("// Tables hold coefficients from the lowest power up; the argument and the terms the code adds are in the notes.")
    print("// clang-format off")
    print('#include "raven/vmath/level.hpp"\n')
    print("namespace vmath {\ninline namespace RAVEN_VMATH_LEVEL {\nnamespace coefficients {\n")
    half_ln2 = log(2) / 2 * mpf("1.0002")
    root = sqrt(mpf(2))
    two_over_sqrt_pi = 2 / sqrt(pi)

    # ---- constants
    emit_split("ln2_f32", log(2), (15, 24), "float", "ln 2 in two parts, the first of 15 bits")
    emit_split("ln2_f64", log(2), (41, 53), "double", "ln 2 in two parts, the first of 41 bits")
    emit_split("log10_2_f64", log(2) / log(10), (41, 53), "double", "log10 2 in two parts, the first of 41 bits")
    emit_split("inverse_ln2_f64", 1 / log(2), (53, 53), "double", "1 / ln 2 in two parts")
    emit_split("inverse_ln10_f64", 1 / log(10), (53, 53), "double", "1 / ln 10 in two parts")
    emit_split("half_pi_f64", pi / 2, (37, 37, 37, 53), "double", "pi / 2 in four parts, the first three of 37 bits")
    emit_split("half_pi_pair_f64", pi / 2, (53, 53), "double", "pi / 2 in two parts")
    emit_split("pi_pair_f64", pi, (53, 53), "double", "pi in two parts")
    emit_split("third_f64", mpf(2) / 3, (53, 53), "double", "2/3 in two parts")
    emit_split("gelu_tanh_scale_f32", 2 * sqrt(2 / pi), (24, 24), "float", "2 sqrt(2/pi) in two parts")
    emit_split("gelu_tanh_cubic_f32", 2 * sqrt(2 / pi) * mpf("0.044715"), (24, 24), "float", "0.044715 times it")
    emit_split("gelu_tanh_scale_f64", 2 * sqrt(2 / pi), (53, 53), "double", "2 sqrt(2/pi) in two parts")
    emit_split("gelu_tanh_cubic_f64", 2 * sqrt(2 / pi) * mpf("0.044715"), (53, 53), "double", "0.044715 times it")
    emit_split("root_half_f64", 1 / sqrt(mpf(2)), (53, 53), "double", "1 / sqrt 2 in two parts")

    # 2/pi · 2^(32 g) mod 4 as a sum of four doubles, g = 0 … 30: for the Payne-Hanek reduction
    mp.dps = 400
    table = []
    for group in range(31):
        value = 2 / pi * mpf(2) ** (32 * group)
        value -= 4 * floor(value / 4)
        for _ in range(4):
            with mp.workprec(53):
                part = +value
            table.append(part)
            value -= part
    mp.dps = 50
    emit("two_over_pi", "double", table, "2/pi · 2^(32 g) mod 4 in four parts, for each g")

    # ---- float, evaluated with fma in f32
    f = "float"
    fit("exp_f32", f, exp, -half_ln2, half_ln2, range(2, 7), fixed=((0, 1), (1, 1)), note="e^r - 1 - r over r^2")
    fit("exp2_f32", f, lambda r: mpf(2) ** r, "-0.5001", "0.5001", range(1, 7), fixed=((0, 1),), note="2^r - 1 over r")
    fit("log_f32", f, lambda x: log1p(x) if x else mpf(0), 1 / root - 1, root - 1, range(3, 12), fixed=((1, 1), (2, -mpf(1) / 2)),
        weight=lambda x: 1 / fabs(log1p(x)) if x else mpf(1), note="log(1 + f) - f + f^2/2 over f^3")
    fit("atanh_f32", f, lambda s: log((1 + s) / (1 - s)), "1e-9", mpf(1) / 3, range(3, 12, 2), fixed=((1, 2),),
        note="log((1 + s)/(1 - s)) - 2s over s^3 in s^2, s <= 1/3")
    fit("tanh_f32", f, tanh, "1e-9", "0.62", range(3, 14, 2), fixed=((1, 1),), note="tanh x - x over x^3 in x^2, x <= 0.6")
    fit("erf_f32", f, erf, "1e-9", 1, range(1, 16, 2), fixed=((1, 1),), note="erf x - x over x in x^2, x <= 1")
    fit("erf_tail_f32", f, lambda a: -log(erfc(a)), 1, "3.93", range(0, 7), weight=lambda a: erfc(a),
        note="-log erfc a on [1, 3.93]; weighted by erfc")

    # ---- double, for f32 results through f64
    g = "double"
    fit("exp2_mixed", g, lambda r: mpf(2) ** r, "-0.5001", "0.5001", range(1, 8), fixed=((0, 1),), note="2^r - 1 over r")
    fit("exp_mixed", g, exp, -half_ln2, half_ln2, range(2, 8), fixed=((0, 1), (1, 1)), note="e^r - 1 - r over r^2")
    fit("expm1_mixed", g, lambda r: (exp(r) - 1), -half_ln2, half_ln2, range(2, 9), fixed=((1, 1),),
        weight=lambda r: 1 / fabs(exp(r) - 1), note="e^r - 1 - r over r^2, relative to e^r - 1")
    fit("log_mixed", g, log1p, 1 / root - 1, root - 1, range(2, 13), fixed=((1, 1),), weight=lambda x: 1 / fabs(log1p(x)),
        note="log(1 + f) - f over f^2")
    fit("log2_mixed", g, lambda s: log((1 + s) / (1 - s)) / log(2), "1e-9", "0.1716", range(1, 10, 2),
        note="log2((1 + s)/(1 - s)) over s in s^2")
    fit("sin_wide", g, sin, "1e-9", pi / 2 * mpf("1.0001"), range(3, 12, 2), fixed=((1, 1),),
        note="sin r - r over r^3 in r^2, |r| <= pi/2")
    fit("sin_mixed", g, sin, "1e-9", pi / 4, range(3, 10, 2), fixed=((1, 1),), note="sin r - r over r^3 in r^2")
    fit("cos_mixed", g, cos, "0", pi / 4, range(4, 9, 2), fixed=((0, 1), (2, -mpf(1) / 2)),
        note="cos r - 1 + r^2/2 over r^4 in r^2")

    def scaled_erfc(t, k):  # e^{a^2} erfc(a) (1 + 2a) at a = k (1 + t)/(1 - t)
        if t >= 1:
            return two_over_sqrt_pi
        a = k * (1 + t) / (1 - t)
        return exp(a * a) * erfc(a) * (1 + 2 * a)

    fit("erfc_mixed", g, lambda t: scaled_erfc(t, mpf(3)), -1, mpf("0.57"), range(0, 11),
        note="(1 + 2a) e^{a^2} erfc a in t = (a - 3)/(a + 3), a <= 10.6")
    fit("erfinv_mixed", g, lambda w: erfinv(sqrt(-mp.expm1(-w))) / sqrt(-mp.expm1(-w)) if w else sqrt(pi) / 2, mpf(10) ** -12 , 5,
        range(0, 11), note="erfinv(x)/x in w = -log(1 - x^2) <= 5")
    fit("erfinv_tail_mixed", g, lambda q: erfinv_tail(q), sqrt(mpf(5)), "4.1", range(0, 12), note="erfinv(x)/x in sqrt w, w > 5")

    # ---- double, evaluated with fma
    fit("exp_f64", g, exp, -half_ln2, half_ln2, range(2, 12), fixed=((0, 1), (1, 1)), note="e^r - 1 - r over r^2")
    sixteenth = log(mpf(2)) / 32 * mpf("1.0002")
    fit("exp_step_f64", g, exp, -sixteenth, sixteenth, range(2, 7), fixed=((0, 1), (1, 1)), note="e^r - 1 - r over r^2, steps of ln 2 / 16")
    powers = [mpf(2) ** (mpf(i) / 16) for i in range(16)]
    emit("exp2_step_f64", g, [less_bits(p, i << 48) for i, p in enumerate(powers)], "2^(i/16), rounded, less i · 2^48 in its bits")
    emit("exp2_step_rest_f64", g, [round_to((p - round_to(p, g)) / p, g) for p in powers], "what its rounding took, relative")
    fit("expm1_f64", g, lambda r: (exp(r) - 1), -half_ln2, half_ln2, range(2, 13), fixed=((1, 1),),
        weight=lambda r: 1 / fabs(exp(r) - 1), note="e^r - 1 - r over r^2, relative to e^r - 1")
    fit("exp2_f64", g, lambda r: mpf(2) ** r, "-0.5001", "0.5001", range(1, 12), fixed=((0, 1),), note="2^r - 1 over r")
    fit("atanh_f64", g, lambda s: log((1 + s) / (1 - s)), "1e-9", "0.1716", range(3, 18, 2), fixed=((1, 2),),
        note="log((1 + s)/(1 - s)) - 2s over s^3 in s^2")
    fit("atanh5_f64", g, lambda s: log((1 + s) / (1 - s)), "1e-3", "0.1716", range(5, 20, 2),
        fixed=((1, 2), (3, mpf(2) / 3)), note="log((1 + s)/(1 - s)) - 2s - 2/3 s^3 over s^5 in s^2")
    fit("atanh_wide_f64", g, lambda s: log((1 + s) / (1 - s)), "1e-9", mpf(1) / 3, range(3, 24, 2), fixed=((1, 2),),
        note="log((1 + s)/(1 - s)) - 2s over s^3 in s^2, s <= 1/3")
    fit("sin_f64", g, sin, "1e-9", pi / 4, range(3, 14, 2), fixed=((1, 1),), note="sin r - r over r^3 in r^2")
    fit("cos_f64", g, cos, "0", pi / 4, range(4, 15, 2), fixed=((0, 1), (2, -mpf(1) / 2)),
        note="cos r - 1 + r^2/2 over r^4 in r^2")
    fit("erf_f64", g, erf, "1e-9", 1, range(1, 26, 2), fixed=((1, 1),), note="erf x - x over x in x^2, x <= 1")
    fit("erfc_f64", g, lambda t: scaled_erfc(t, mpf("3.75")), -1, mpf("0.765"), range(0, 24),
        note="(1 + 2a) e^{a^2} erfc a in t = (a - 3.75)/(a + 3.75), a <= 28", split=True)
    fit("erfinv_f64", g, lambda u: erfinv_center(u + mpf("3.125")), mpf("-3.125") + mpf(10) ** -12, "3.13", range(0, 25),
        note="erfinv(x)/x in w - 3.125, w = -log(1 - x^2) <= 6.25", split=True)
    fit("erfinv_middle_f64", g, lambda u: erfinv_tail(u + mpf("3.25")), "-0.752", "0.75", range(0, 20),
        note="erfinv(x)/x in sqrt w - 3.25, 6.25 <= w <= 16", split=True)
    fit("erfinv_far_f64", g, lambda u: erfinv_tail(u + mpf(5)), -1, "1.1", range(0, 19),
        note="erfinv(x)/x in sqrt w - 5, 16 <= w <= 37.2", split=True)

    # gelu: Q(a) = erfc(a / sqrt 2) / 2 = e^{-a^2/2} r P(r - c), r = 1/(a + 2.5); centred so that terms do not cancel
    k, center = mpf("2.5"), mpf("0.2265625")

    def normal_tail(u):
        r = u + center
        return exp((1 / r - k) ** 2 / 2) * erfc((1 / r - k) / root) / 2 / r

    fit("normal_tail_f32", f, normal_tail, 1 / (mpf(15) + k) - center, 1 / k - center, range(0, 11),
        note="e^{a^2/2} erfc(a/sqrt 2)/2 over r in r - 0.2265625, r = 1/(a + 2.5), a <= 15", split=True)
    print("\n}  // namespace coefficients\n}  // namespace RAVEN_VMATH_LEVEL\n}  // namespace vmath")


def erfinv_center(w):
    if w < mpf(10) ** -30:
        return sqrt(pi) / 2
    x = sqrt(-mp.expm1(-w))
    return erfinv_precise(x, -mp.expm1(-w)) / x


def erfinv_precise(x, _):
    return erfinv(x)


def erfinv_tail(q):
    """erfinv(x)/x where sqrt(-log(1 - x^2)) = q: solved by Newton on log erfc, because x is close to 1."""
    w = q * q
    complement = exp(-w)
    x = sqrt(1 - complement)
    tail = complement / (1 + x)  # 1 - x
    y = sqrt(w)
    for _ in range(60):
        step = (log(erfc(y)) - log(tail)) * erfc(y) / (2 / sqrt(pi) * exp(-y * y))
        y += step
        if fabs(step) < mpf(10) ** -45:
            break
    return y / x


main()
