#!/usr/bin/env python3
"""Computes Coefficients.h: minimax polynomials by Remez exchange, in 60 digits.

    python3 passes/codegen/math/fit.py > passes/codegen/math/Coefficients.h    (needs mpmath)

Each entry is fitted to the function that its comment names, over the interval
that the range reduction leaves, with the weight that makes the error of the
*result* relative (or, for erf's tail, absolute in erf). The largest weighted
error is printed beside it; in f32 2^-24 is half an ulp, in f64 2^-53.
"""

import mpmath as mp

mp.mp.dps = 60


def remez(function, low, high, degree, weight=lambda x: mp.mpf(1), grid=600):
    """Coefficients, constant first, and the largest |weight * (p - function)|."""
    count = degree + 2
    middle, half = (low + high) / 2, (high - low) / 2
    dense = [middle - half * mp.cos(mp.pi * i / grid) for i in range(grid + 1)]
    values = [function(x) for x in dense]
    weights = [weight(x) for x in dense]
    floor = max(weights) / 1000  # a weight may vanish, where the leading terms are exact
    weights = [max(w, floor) for w in weights]
    picks = [round(i * grid / (count - 1)) for i in range(count)]
    for _ in range(12):
        matrix = mp.matrix(count, count)
        right = mp.matrix(count, 1)
        for row, pick in enumerate(picks):
            power = mp.mpf(1)
            for column in range(degree + 1):
                matrix[row, column] = power
                power *= dense[pick]
            matrix[row, degree + 1] = (-1) ** row / weights[pick]
            right[row] = values[pick]
        solution = mp.lu_solve(matrix, right)
        coefficients = [solution[i] for i in range(degree + 1)]
        errors = [w * (mp.polyval(coefficients[::-1], x) - v)
                  for x, v, w in zip(dense, values, weights)]
        # The largest error of each run of one sign, then the best `count` neighbours.
        runs = []
        for index, error in enumerate(errors):
            if runs and (errors[runs[-1]] > 0) == (error > 0):
                if abs(error) > abs(errors[runs[-1]]):
                    runs[-1] = index
            else:
                runs.append(index)
        while len(runs) > count:
            runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
        if len(runs) < count or runs == picks:
            break
        picks = runs
    return coefficients, max(abs(e) for e in errors)


def series(function, center=0):
    """The function, with its limit near zero taken from a little beside it."""
    tiny = mp.mpf(10) ** -18
    return lambda x: function(x if abs(x) > tiny else tiny)


def tables():
    ln2 = mp.log(2) / 2 * mp.mpf("1.001")
    exp_tail = series(lambda r: (mp.exp(r) - 1 - r) / r**2)
    yield ("Exp32", "exp(r) = 1 + r + r^2 p(r), |r| <= ln(2)/2", exp_tail, -ln2, ln2, 4, lambda r: r**2)
    yield ("Exp64", "the same", exp_tail, -ln2, ln2, 10, lambda r: r**2)

    log_tail = series(lambda f: (mp.log(1 + f) - f + f**2 / 2) / f**3)
    low, high = mp.sqrt(mp.mpf(1) / 2) - 1 - mp.mpf("1e-6"), mp.sqrt(mp.mpf(2)) - 1 + mp.mpf("1e-6")
    yield ("Log32", "log(1 + f) = f - f^2/2 + f^3 p(f), sqrt(1/2) <= 1 + f <= sqrt(2)",
           log_tail, low, high, 8, lambda f: f**2)
    s_tail = series(lambda z: (mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1) * 2 / z)
    s = mp.mpf("0.17158")
    yield ("Log64", "log((1 + s)/(1 - s)) = 2s + s^3 p(s^2), |s| <= (sqrt(2) - 1)/(sqrt(2) + 1)",
           s_tail, mp.mpf(0), s * s, 6, lambda z: z)
    yield ("LogPow64", "the same, for pow", s_tail, mp.mpf(0), s * s, 8, lambda z: z)

    quarter = (mp.pi / 4 * mp.mpf("1.0001")) ** 2
    yield ("Sin64", "sin(r) = r + r^3 p(r^2), |r| <= pi/4",
           series(lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z), mp.mpf(0), quarter, 5, lambda z: z)
    yield ("Cos64", "cos(r) = 1 - r^2/2 + r^4 p(r^2), |r| <= pi/4",
           series(lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2), mp.mpf(0), quarter, 5, lambda z: z**2)
    t = (mp.sqrt(2) - 1) * mp.mpf("1.0001")
    yield ("Atan64", "atan(x) = x + x^3 p(x^2), |x| <= tan(pi/8)",
           series(lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z), mp.mpf(0), t * t, 11, lambda z: z)
    yield ("Asin64", "asin(x) = x + x^3 p(x^2), |x| <= 1/2",
           series(lambda z: (mp.asin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z), mp.mpf(0), mp.mpf("0.2501"), 12,
           lambda z: z)
    yield ("Tanh32", "tanh(x) = x + x^3 p(x^2), |x| <= 0.625",
           series(lambda z: (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z), mp.mpf(0), mp.mpf("0.392"), 5,
           lambda z: z)

    erf_near = series(lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1)
    yield ("Erf32", "erf(x) = x + x p(x^2), |x| <= 0.93", erf_near, mp.mpf(0), mp.mpf("0.866"), 6,
           lambda z: mp.mpf(1))
    yield ("ErfTail32", "erf(x) = 1 - exp(-x - x p(x)), 0.92 <= x <= 4",
           lambda x: -mp.log(mp.erfc(x)) / x - 1, mp.mpf("0.92"), mp.mpf(4), 6,
           lambda x: mp.erfc(x) * x)
    yield ("Erf64", "erf(x) = x + x p(x^2), |x| <= 1", erf_near, mp.mpf(0), mp.mpf("1.001"), 13,
           lambda z: mp.mpf(1))

    def scaled(u):
        x = 4 * (1 + u) / (1 - u)
        return mp.erfc(x) * mp.exp(x * x) * (x + 1)
    low, high = mp.mpf("0.999"), mp.mpf(28)
    to_u = lambda x: (x - 4) / (x + 4)
    yield ("Erfc64", "erfc(x) = exp(-x^2) p((x - 4)/(x + 4)) / (x + 1), 1 <= x <= 28", scaled,
           to_u(low), to_u(high), 22, lambda u: 1 / scaled(u))


HEADER = """\
//===- Coefficients.h - Polynomials of the math functions ---------*- C++ -*-===//
//
// Written by fit.py, which says how; constant term first. The numbers behind the
// formulas are the largest error of the result, relative (erf's tail: absolute).
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_CODEGEN_MATH_COEFFICIENTS_H
#define TENON_PASSES_CODEGEN_MATH_COEFFICIENTS_H

namespace tenon::math {
"""


def main():
    print(HEADER)
    for name, comment, function, low, high, degree, weight in tables():
        coefficients, error = remez(function, low, high, degree, weight)
        print(f"/// {comment}: 2^{mp.nstr(mp.log(error, 2), 4)}")
        body = ",\n    ".join(mp.nstr(c, 20, strip_zeros=False) for c in coefficients)
        print(f"inline constexpr double k{name}[] = {{\n    {body}}};\n")
    print("} // namespace tenon::math\n\n#endif")


if __name__ == "__main__":
    main()
