"""Floating point in exact integer arithmetic: decode, compute without error, round once.

A finite value is (sign, m, e), meaning (-1)^sign * m * 2^e with m >= 0. Python's integers have no
limit, so sums and products are exact; quotients and roots carry a sticky bit for what was cut off.
"""

import math

NEAREST, ZERO, DOWN, UP, AWAY = "rn", "rz", "rm", "rp", "rna"
FINITE, INFINITE, NAN = range(3)
#: Stands for any NaN of the format where PTX does not say which one.
ANY_NAN = "any NaN"


class Format:
    """A binary format. `infinite` is False for e4m3, which has NaN at its top alone."""

    def __init__(self, exponent_bits, mantissa_bits, nan, infinite=True, largest=None):
        self.exponent_bits, self.mantissa_bits, self.nan = exponent_bits, mantissa_bits, nan
        self.bits = 1 + exponent_bits + mantissa_bits
        self.sign = 1 << (self.bits - 1)
        self.bias = (1 << (exponent_bits - 1)) - 1
        self.infinite = infinite
        self.top = ((1 << exponent_bits) - 1) << mantissa_bits
        self.largest = self.top - 1 if largest is None else largest
        self.one = self.bias << mantissa_bits

    def decode(self, bits):
        """(kind, sign, m, e)."""
        sign, rest = bits >> (self.bits - 1) & 1, bits & (self.sign - 1)
        if self.infinite and rest >= self.top:
            return (INFINITE if rest == self.top else NAN), sign, 0, 0
        if not self.infinite and rest > self.largest:
            return NAN, sign, 0, 0
        exponent, mantissa = rest >> self.mantissa_bits, rest & ((1 << self.mantissa_bits) - 1)
        if exponent:
            return FINITE, sign, mantissa | 1 << self.mantissa_bits, exponent - self.bias - self.mantissa_bits
        return FINITE, sign, mantissa, 1 - self.bias - self.mantissa_bits

    def is_nan(self, bits):
        return self.decode(bits)[0] == NAN

    def is_subnormal(self, bits):
        return not bits & self.top

    def flush(self, bits):
        """A subnormal becomes the zero of its sign."""
        return bits & self.sign if not bits & self.top else bits

    def infinity(self, sign):
        return (self.sign if sign else 0) | (self.top if self.infinite else self.nan)

    def encode(self, sign, m, e, mode=NEAREST, sticky=False, satfinite=False):
        """Rounds (m and a bit more, if sticky) * 2^e. Sticky needs m to have bits to spare."""
        signed = self.sign if sign else 0
        if not m and not sticky:
            return signed
        exponent = max(m.bit_length() - 1 + e, 1 - self.bias)
        shift = exponent - self.mantissa_bits - e
        if shift <= 0:
            assert not sticky
            units, below, half = m << -shift, 0, 1
        else:
            units, below, half = m >> shift, m & ((1 << shift) - 1), 1 << (shift - 1)
        if below or sticky:
            if mode == NEAREST:
                units += below > half or (below == half and (sticky or units & 1))
            elif mode == AWAY:
                units += below >= half
            elif mode == UP:
                units += not sign
            elif mode == DOWN:
                units += sign
        bits = units + ((exponent + self.bias - 1) << self.mantissa_bits)
        if bits <= self.largest:
            return signed | bits
        inward = mode == ZERO or (mode == DOWN and not sign) or (mode == UP and sign)
        return signed | self.largest if satfinite or inward else self.infinity(sign)


F16 = Format(5, 10, 0x7fff)
BF16 = Format(8, 7, 0x7fff)
F32 = Format(8, 23, 0x7fffffff)
F64 = Format(11, 52, 0x7ff8000000000000)
TF32 = Format(8, 10, 0x3ffff)  # the upper 19 bits of a register
E4M3 = Format(4, 3, 0x7f, infinite=False, largest=0x7e)
E5M2 = Format(5, 2, 0x7f)
FORMATS = {"f16": F16, "bf16": BF16, "f32": F32, "f64": F64, "tf32": TF32, "e4m3": E4M3, "e5m2": E5M2}


def zero_of_sum(sign_a, sign_b, mode):
    return sign_a if sign_a == sign_b else mode == DOWN


def fma(f, a, b, c, mode=NEAREST):
    """a * b + c of one format, rounded once."""
    ka, sa, ma, ea = f.decode(a)
    kb, sb, mb, eb = f.decode(b)
    kc, sc, mc, ec = f.decode(c)
    sp = sa ^ sb
    if NAN in (ka, kb, kc):
        return f.nan
    if INFINITE in (ka, kb):
        if (ka == FINITE and not ma) or (kb == FINITE and not mb) or (kc == INFINITE and sc != sp):
            return f.nan
        return f.infinity(sp)
    if kc == INFINITE:
        return f.infinity(sc)
    return encode_sum(f, sp, ma * mb, ea + eb, sc, mc, ec, mode)


def encode_sum(f, sa, ma, ea, sb, mb, eb, mode):
    e = min(ea, eb)
    x, y = ma << (ea - e), mb << (eb - e)
    total = (-x if sa else x) + (-y if sb else y)
    if not total:
        return f.sign if zero_of_sum(sa, sb, mode) else 0
    return f.encode(total < 0, abs(total), e, mode)


def add(f, a, b, mode=NEAREST):
    ka, sa, ma, ea = f.decode(a)
    kb, sb, mb, eb = f.decode(b)
    if NAN in (ka, kb) or (ka == kb == INFINITE and sa != sb):
        return f.nan
    if INFINITE in (ka, kb):
        return f.infinity(sa if ka == INFINITE else sb)
    return encode_sum(f, sa, ma, ea, sb, mb, eb, mode)


def mul(f, a, b, mode=NEAREST):
    ka, sa, ma, ea = f.decode(a)
    kb, sb, mb, eb = f.decode(b)
    if NAN in (ka, kb):
        return f.nan
    if INFINITE in (ka, kb):
        bad = (ka == FINITE and not ma) or (kb == FINITE and not mb)
        return f.nan if bad else f.infinity(sa ^ sb)
    return f.encode(sa ^ sb, ma * mb, ea + eb, mode)


def div(f, a, b, mode=NEAREST):
    ka, sa, ma, ea = f.decode(a)
    kb, sb, mb, eb = f.decode(b)
    s = sa ^ sb
    if NAN in (ka, kb) or ka == kb == INFINITE or (ka == kb == FINITE and not ma and not mb):
        return f.nan
    if ka == INFINITE or (kb == FINITE and not mb):
        return f.infinity(s)
    if kb == INFINITE or not ma:
        return f.sign if s else 0
    spare = 3 * f.bits + mb.bit_length()  # enough bits below the last one, also for subnormal results
    quotient, rest = divmod(ma << spare, mb)
    return f.encode(s, quotient, ea - eb - spare, mode, sticky=rest != 0)


def sqrt(f, a, mode=NEAREST):
    k, s, m, e = f.decode(a)
    if k == NAN or (s and (k == INFINITE or m)):
        return f.nan
    if k == INFINITE or not m:
        return a
    spare = 3 * f.bits
    spare += (e - spare) & 1
    root = math.isqrt(m << spare)
    return f.encode(0, root, (e - spare) // 2, mode, sticky=root * root != m << spare)


def to_integer(k, s, m, e, mode):
    """The integer nearest in that mode (of a finite value), with its sign."""
    if e >= 0:
        return -(m << e) if s else m << e
    units, below, half = m >> -e, m & ((1 << -e) - 1), 1 << (-e - 1)
    if below:
        if mode == NEAREST:
            units += below > half or (below == half and units & 1)
        elif mode == UP:
            units += not s
        elif mode == DOWN:
            units += s
    return -units if s else units


def compare(f, a, b):
    """-1, 0, 1, or None when one is NaN. Zeros are equal."""
    x, y = order_key(f, a), order_key(f, b)
    if f.is_nan(a) or f.is_nan(b):
        return None
    x, y = (x if a & ~f.sign & (2 * f.sign - 1) else 0), (y if b & ~f.sign & (2 * f.sign - 1) else 0)
    return (x > y) - (x < y)


def order_key(f, bits):
    """Ascending with the value, -0 below +0."""
    return -(bits & (f.sign - 1)) - 1 if bits & f.sign else bits


def to_double(f, bits):
    k, s, m, e = f.decode(bits)
    if k != FINITE:
        return math.nan if k == NAN else -math.inf if s else math.inf
    return math.ldexp(-m if s else m, e) if m else -0.0 if s else 0.0
