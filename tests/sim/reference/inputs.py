"""Sources for the cases: every combination of edge values, and random lanes.

Random floats are of several kinds: any bits, values close to one another (so that sums cancel and
round), halves and ties of integers, and the edges themselves. Beside the types of PTX there are
"small" (a u32 mostly below 100), "lane" (below 32), "near" (around zero), "few32" (one of three).
"""

import itertools
import random

import softfloat as sf
from case import WIDTH, mask

MAXIMUM = 4096  # combinations of edges; of more, a sample


def float_edges(f):
    one, step = f.one, 1
    positive = [0, 1, 2, (1 << f.mantissa_bits) - 1, 1 << f.mantissa_bits, (1 << f.mantissa_bits) + 1, one - step,
                one, one + step, one + (1 << (f.mantissa_bits - 1)), one + (1 << f.mantissa_bits), f.largest - 1,
                f.largest, f.nan & (f.sign - 1)]
    if f.infinite:
        positive += [f.top, f.top | 1]
    return positive + [p | f.sign for p in positive]


def integer_edges(bits):
    half = 1 << (bits - 1)
    return sorted({0, 1, 2, 3, 7, mask(bits), mask(bits) - 1, half, half - 1, half + 1, half - 2, half >> 1,
                   0x55 * (mask(bits) // 255) & mask(bits), 0x80 * (mask(bits) // 255), mask(bits // 2),
                   1 << (bits // 2), mask(bits) - 127})


def element(type_):
    """(format, how often) of a float type, packed or not."""
    base, times = (type_[:-2], 2) if type_.endswith("x2") else (type_, 1)
    return (sf.FORMATS[base], times) if base in sf.FORMATS and base != "tf32" else (None, 1)


def edges(type_):
    if type_ == "pred":
        return [0, 1]
    if type_.startswith("few"):
        return [0, 1, 1 << int(type_[3:]) - 1]
    if type_ in ("small", "near", "lane"):
        return {"small": [0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 255, 256, 257, 0x80000000, 0xffffffff],
                "lane": [0, 1, 15, 30, 31], "near": [0, 1, 2, 5, 0xffffffff, 0xfffffffe, 0xfffffffb, 0x80000000]}[type_]
    f, times = element(type_)
    if not f:
        return integer_edges(WIDTH[type_])
    values = float_edges(f)
    if times == 2:
        order = values[7:] + values[:7]
        return [v | w << f.bits for v, w in zip(values, order)]
    return values


def random_float(draw, f):
    kind = draw.random()
    if kind < 0.4:
        return draw.getrandbits(f.bits)
    sign = draw.getrandbits(1) * f.sign
    if kind < 0.7:  # close to one
        exponent = f.bias + draw.randint(-3, 3)
    elif kind < 0.85:  # integers and halves of them
        return f.encode(draw.getrandbits(1), draw.getrandbits(draw.randint(1, min(f.bits - 1, 63))), draw.choice((-1, -1, 0, 1)))
    elif kind < 0.95:  # very small
        return sign | draw.getrandbits(f.mantissa_bits + 1)
    else:
        return draw.choice(float_edges(f))
    return sign | max(1, min(exponent, (1 << f.exponent_bits) - 2)) << f.mantissa_bits | draw.getrandbits(f.mantissa_bits)


def random_value(draw, type_):
    if type_ == "pred":
        return draw.getrandbits(1)
    if type_.startswith("few"):
        return draw.choice((0, 0, 1, 1 << int(type_[3:]) - 1))
    if type_ == "small":
        return draw.getrandbits(draw.choice((5, 6, 7, 32)))
    if type_ == "lane":
        return draw.randrange(32)
    if type_ == "near":
        return draw.randint(-8, 8) & 0xffffffff
    f, times = element(type_)
    if f:
        return sum(random_float(draw, f) << f.bits * i for i in range(times))
    bits = WIDTH[type_]
    return draw.getrandbits(bits) if draw.random() < 0.7 else draw.getrandbits(bits) & mask(draw.randint(1, bits))


def lanes(case, count, seed):
    """Tuples of sources, a multiple of 32."""
    draw = random.Random(f"{seed} {case.code}")
    sets = [edges(t) for t in case.inputs]
    total = 1
    for s in sets:
        total *= len(s)
    if total <= MAXIMUM:
        rows = list(itertools.product(*sets))
    else:
        rows = [tuple(draw.choice(s) for s in sets) for _ in range(MAXIMUM)]
        rows += [tuple(s[i % len(s)] for s in sets) for i in range(max(map(len, sets)))]
    if count < 1000:  # a sample
        rows = draw.sample(rows, min(len(rows), count))
    rows += [tuple(random_value(draw, t) for t in case.inputs) for _ in range(count)]
    while len(rows) % 32:
        rows.append(rows[0])
    return rows
