"""Floating-point arithmetic, comparison and functions."""

import math

import softfloat as sf
from case import UNSPECIFIED, Case, Near
from integers import BOOLEAN, setp

HALVES = ("f16", "bf16")
MODES = (sf.NEAREST, sf.ZERO, sf.DOWN, sf.UP)


def finish(f, bits, ftz=False, sat=False, relu=False):
    """Saturation, relu and flushing of a result. The sign of a clamped zero is left open."""
    if f.is_nan(bits):
        return 0 if sat else f.nan
    if (sat or relu) and (bits & f.sign or not bits):
        return (0, f.sign) if bits in (0, f.sign) else 0
    if sat and bits > f.one:
        return f.one
    return f.flush(bits) if ftz else bits


def per_lane(type_, function):
    """A function of one element applied to each element of a packed type."""
    if not type_.endswith("x2"):
        return function
    n = sf.FORMATS[type_[:-2]].bits
    m = (1 << n) - 1

    def reference(*sources):
        low, high = function(*(s & m for s in sources)), function(*(s >> n & m for s in sources))
        lows, highs = low if isinstance(low, tuple) else (low,), high if isinstance(high, tuple) else (high,)
        both = tuple(x | y << n for x in lows for y in highs)
        return both if len(both) > 1 else both[0]
    return reference


def element(type_):
    return sf.FORMATS[type_.removesuffix("x2")]


def operation(type_, compute, mode=sf.NEAREST, ftz=False, sat=False, relu=False):
    f = element(type_)

    def one(*sources):
        if ftz:
            sources = [f.flush(s) for s in sources]
        return finish(f, compute(f, *sources, mode), ftz, sat, relu)
    return per_lane(type_, one)


def subtract(f, a, b, mode):
    return sf.add(f, a, b if f.is_nan(b) else b ^ f.sign, mode)


def flags(**names):
    return "".join(f".{name}" for name, on in names.items() if on)


def arithmetic():
    two = (("add", sf.add), ("sub", subtract), ("mul", sf.mul))
    for name, compute in two:
        for mode in ("", *MODES):
            rounding = f".{mode}" if mode else ""
            for ftz in (False, True):
                for sat in (False, True):
                    yield Case(f"{name}{rounding}{flags(ftz=ftz, sat=sat)}.f32 %d, %a, %b;", ("f32", "f32"), "f32",
                               operation("f32", compute, mode or sf.NEAREST, ftz, sat))
                yield Case(f"{name}{rounding}{flags(ftz=ftz)}.f32x2 %d, %a, %b;", ("f32x2", "f32x2"), "f32x2",
                           operation("f32x2", compute, mode or sf.NEAREST, ftz))
            yield Case(f"{name}{rounding}.f64 %d, %a, %b;", ("f64", "f64"), "f64",
                       operation("f64", compute, mode or sf.NEAREST))
        for t in ("f16", "f16x2"):
            for rounding in ("", ".rn"):
                for ftz in (False, True):
                    for sat in (False, True):
                        yield Case(f"{name}{rounding}{flags(ftz=ftz, sat=sat)}.{t} %d, %a, %b;", (t, t), t,
                                   operation(t, compute, ftz=ftz, sat=sat))
        for t in ("bf16", "bf16x2"):
            for rounding in ("", ".rn"):
                yield Case(f"{name}{rounding}.{t} %d, %a, %b;", (t, t), t, operation(t, compute))
    yield from products_and_sums()
    yield from mixed()


def products_and_sums():
    for mode in MODES:
        for ftz in (False, True):
            for sat in (False, True):
                for name in ("fma", "mad"):
                    yield Case(f"{name}.{mode}{flags(ftz=ftz, sat=sat)}.f32 %d, %a, %b, %c;", ("f32",) * 3, "f32",
                               operation("f32", sf.fma, mode, ftz, sat))
            yield Case(f"fma.{mode}{flags(ftz=ftz)}.f32x2 %d, %a, %b, %c;", ("f32x2",) * 3, "f32x2",
                       operation("f32x2", sf.fma, mode, ftz))
        for name in ("fma", "mad"):
            yield Case(f"{name}.{mode}.f64 %d, %a, %b, %c;", ("f64",) * 3, "f64", operation("f64", sf.fma, mode))
    for t in ("f16", "f16x2"):
        for ftz in (False, True):
            for last in ("", "sat", "relu"):
                yield Case(f"fma.rn{flags(ftz=ftz)}{'.' + last if last else ''}.{t} %d, %a, %b, %c;", (t,) * 3, t,
                           operation(t, sf.fma, ftz=ftz, sat=last == "sat", relu=last == "relu"))
    for t in ("bf16", "bf16x2"):
        for relu in (False, True):
            yield Case(f"fma.rn{flags(relu=relu)}.{t} %d, %a, %b, %c;", (t,) * 3, t, operation(t, sf.fma, relu=relu))


def mixed():
    """f32 arithmetic on sources of 16 bits, which are widened exactly."""
    f = sf.F32
    for t in HALVES:
        widen = lambda v, g=sf.FORMATS[t]: convert_exactly(g, f, v)
        for mode in ("", *MODES):
            rounding = f".{mode}" if mode else ""
            for sat in (False, True):
                for name, compute in (("add", sf.add), ("sub", subtract)):
                    yield Case(f"{name}{rounding}{flags(sat=sat)}.f32.{t} %d, %a, %b;", (t, "f32"), "f32",
                               lambda a, b, w=widen, c=compute, m=mode, s=sat:
                               finish(f, c(f, w(a), b, m or sf.NEAREST), sat=s))
                if mode:
                    yield Case(f"fma.{mode}{flags(sat=sat)}.f32.{t} %d, %a, %b, %c;", (t, t, "f32"), "f32",
                               lambda a, b, c, w=widen, m=mode, s=sat:
                               finish(f, sf.fma(f, w(a), w(b), c, m), sat=s))


def convert_exactly(source, to, bits):
    kind, sign, m, e = source.decode(bits)
    if kind == sf.NAN:
        return to.nan
    return to.infinity(sign) if kind == sf.INFINITE else to.encode(sign, m, e)


def quotients():
    for mode in MODES:
        for ftz in (False, True):
            yield Case(f"div.{mode}{flags(ftz=ftz)}.f32 %d, %a, %b;", ("f32", "f32"), "f32",
                       operation("f32", sf.div, mode, ftz))
            yield Case(f"rcp.{mode}{flags(ftz=ftz)}.f32 %d, %a;", ("f32",), "f32",
                       operation("f32", reciprocal, mode, ftz))
            yield Case(f"sqrt.{mode}{flags(ftz=ftz)}.f32 %d, %a;", ("f32",), "f32",
                       operation("f32", sf.sqrt, mode, ftz))
        yield Case(f"div.{mode}.f64 %d, %a, %b;", ("f64", "f64"), "f64", operation("f64", sf.div, mode))
        yield Case(f"rcp.{mode}.f64 %d, %a;", ("f64",), "f64", operation("f64", reciprocal, mode))
        yield Case(f"sqrt.{mode}.f64 %d, %a;", ("f64",), "f64", operation("f64", sf.sqrt, mode))


def reciprocal(f, a, mode):
    return sf.div(f, f.one, a, mode)


def signs():
    for t in ("f32", "f16", "f16x2", "bf16", "bf16x2", "f64"):
        for ftz in (False, True) if t in ("f32", "f16", "f16x2") else (False,):
            for name, change in (("abs", lambda f, v: v & ~f.sign), ("neg", lambda f, v: v ^ f.sign)):
                def one(v, t=t, ftz=ftz, change=change):
                    f = element(t)
                    if f.is_nan(v):
                        return tuple(range(f.top + 1, f.sign)) if f.bits == 16 else sf.ANY_NAN
                    return change(f, f.flush(v) if ftz else v)
                reference = one if not t.endswith("x2") else skip_nans(t, one)
                yield Case(f"{name}{flags(ftz=ftz)}.{t} %d, %a;", (t,), t,
                           reference if t.endswith("x2") or t in ("f32", "f64") else half_sign(t, one))
    for t in ("f32", "f64"):
        f = sf.FORMATS[t]
        yield Case(f"copysign.{t} %d, %a, %b;", (t, t), t, lambda a, b, f=f: (b & ~f.sign) | (a & f.sign))
        for name, test in TESTS.items():
            yield Case(f"testp.{name}.{t} %p, %a; selp.u32 %d, 1, 0, %p;", (t,), "u32",
                       lambda a, f=f, test=test: int(test(f, *f.decode(a))))


def half_sign(t, one):
    return lambda v: sf.ANY_NAN if sf.FORMATS[t].is_nan(v) else one(v)


def skip_nans(t, one):
    """Of a pair with a NaN nothing is checked: its payload is open."""
    f, whole = element(t), per_lane(t, one)
    return lambda v: UNSPECIFIED if f.is_nan(v & 0xffff) or f.is_nan(v >> 16) else whole(v)


TESTS = {
    "finite": lambda f, k, s, m, e: k == sf.FINITE,
    "infinite": lambda f, k, s, m, e: k == sf.INFINITE,
    "number": lambda f, k, s, m, e: k != sf.NAN,
    "notanumber": lambda f, k, s, m, e: k == sf.NAN,
    "normal": lambda f, k, s, m, e: k == sf.FINITE and m >> f.mantissa_bits == 1,
    "subnormal": lambda f, k, s, m, e: k == sf.FINITE and 0 < m < 1 << f.mantissa_bits,
}


def extremes():
    for name in ("min", "max"):
        for t in ("f32", "f16", "f16x2", "bf16", "bf16x2"):
            for ftz in (False, True) if not t.startswith("bf16") else (False,):
                for nan in (False, True):
                    for xorsign in (False, True):
                        mods = flags(ftz=ftz, NaN=nan) + (".xorsign.abs" if xorsign else "")
                        yield Case(f"{name}{mods}.{t} %d, %a, %b;", (t, t), t,
                                   per_lane(t, extreme(name, element(t), ftz, nan, xorsign)))
        yield Case(f"{name}.f64 %d, %a, %b;", ("f64", "f64"), "f64", extreme(name, sf.F64, False, False, False))
        for ftz in (False, True):
            for nan in (False, True):
                for absolute in (False, True):
                    yield Case(f"{name}{flags(ftz=ftz, NaN=nan, abs=absolute)}.f32 %d, %a, %b, %c;", ("f32",) * 3,
                               "f32", extreme_of_three(name, ftz, nan, absolute))


def extreme(name, f, ftz, nan, xorsign):
    pick = min if name == "min" else max

    def reference(a, b):
        sign = (a ^ b) & f.sign
        if ftz:
            a, b = f.flush(a), f.flush(b)
        if xorsign:
            a, b = a & ~f.sign, b & ~f.sign
        numbers = [v for v in (a, b) if not f.is_nan(v)]
        if not numbers or (nan and len(numbers) < 2):
            return sf.ANY_NAN if f is sf.F64 else f.nan
        result = pick(numbers, key=lambda v: sf.order_key(f, v))
        return result | sign if xorsign else result
    return reference


def extreme_of_three(name, ftz, nan, absolute):
    pick, f = min if name == "min" else max, sf.F32

    def reference(*sources):
        if ftz:
            sources = [f.flush(s) for s in sources]
        numbers = [s & ~f.sign if absolute else s for s in sources if not f.is_nan(s)]
        if not numbers or (nan and len(numbers) < 3):
            return f.nan
        return pick(numbers, key=lambda v: sf.order_key(f, v))
    return reference


ORDERED = {"eq": lambda c: c == 0, "ne": lambda c: c != 0, "lt": lambda c: c < 0, "le": lambda c: c <= 0,
           "gt": lambda c: c > 0, "ge": lambda c: c >= 0}


def comparison_names():
    for name, test in ORDERED.items():
        yield name, lambda c, f=test: c is not None and f(c)
        yield name + "u", lambda c, f=test: c is None or f(c)
    yield "num", lambda c: c is not None
    yield "nan", lambda c: c is None


def comparisons():
    for t in ("f32", "f64", *HALVES):
        f = sf.FORMATS[t]
        for name, test in comparison_names():
            for ftz in (False, True) if t in ("f32", "f16") else (False,):
                def decide(a, b, f=f, test=test, ftz=ftz):
                    return test(sf.compare(f, f.flush(a), f.flush(b)) if ftz else sf.compare(f, a, b))
                yield from setp(name, t, decide, flags(ftz=ftz))
                for to, one in set_results(t):
                    yield Case(f"set.{name}{flags(ftz=ftz)}.{to}.{t} %d, %a, %b;", (t, t), to,
                               lambda a, b, decide=decide, one=one: one if decide(a, b) else 0)
                if not ftz:
                    yield from combined_set(name, t, decide)
    for ftz in (False, True):
        for t in ("b16", "b32", "b64", "u16", "s32", "f32", "f64"):
            yield Case(f"slct{flags(ftz=ftz)}.{t}.f32 %d, %a, %b, %c;", (t, t, "f32"), t, choose_by_sign(ftz))
    yield from packed_comparisons()


def set_results(t):
    if t in HALVES:
        return (("f16", 0x3c00) if t == "f16" else ("bf16", 0x3f80)), ("u16", 0xffff), ("s16", 0xffff), \
               ("u32", 0xffffffff), ("s32", 0xffffffff)
    return ("u32", 0xffffffff), ("s32", 0xffffffff), ("f32", 0x3f800000)


def combined_set(name, t, decide):
    for combine, function in BOOLEAN.items():
        yield Case(f"set.{name}.{combine}.u32.{t} %d, %a, %b, %p;", (t, t, "pred"), "u32",
                   lambda a, b, p, d=decide, f=function: 0xffffffff if f(bool(d(a, b)), bool(p)) else 0)


def choose_by_sign(ftz):
    f = sf.F32

    def reference(a, b, c):
        c = f.flush(c) if ftz else c
        order = sf.compare(f, c, 0)
        return a if order is not None and order >= 0 else b
    return reference


def packed_comparisons():
    for t, one in (("f16", 0x3c00), ("bf16", 0x3f80)):
        f = sf.FORMATS[t]
        for name, test in comparison_names():
            decide = lambda a, b, f=f, test=test: test(sf.compare(f, a, b))
            yield Case(f"set.{name}.{t}x2.{t}x2 %d, %a, %b;", (t + "x2",) * 2, t + "x2",
                       per_lane(t + "x2", lambda a, b, d=decide, one=one: one if d(a, b) else 0))
            yield Case(f"setp.{name}.{t}x2 %p|%q, %a, %b; selp.u32 %x, 1, 0, %p; selp.u32 %y, 2, 0, %q; "
                       f"or.b32 %d, %x, %y;", (t + "x2",) * 2, "u32",
                       lambda a, b, d=decide: bool(d(a & 0xffff, b & 0xffff)) + 2 * bool(d(a >> 16, b >> 16)))


def functions():
    """The approximate ones, with the errors that the PTX manual states."""
    for ftz in (False, True):
        tail = flags(ftz=ftz) + ".f32 %d, %a;"
        f = lambda compute, ftz=ftz, **error: approximate("f32", compute, ftz, **error)
        yield Case("rcp.approx" + tail, ("f32",), "f32", f(lambda x: safe_divide(1.0, x), relative=2**-23))
        yield Case("sqrt.approx" + tail, ("f32",), "f32", f(math.sqrt, relative=2**-23))
        yield Case("rsqrt.approx" + tail, ("f32",), "f32",
                   f(lambda x: safe_divide(1.0, math.copysign(math.sqrt(x), x)), relative=2**-22.9))
        yield Case("sin.approx" + tail, ("f32",), "f32", f(circular(math.sin), absolute=2**-20.5))
        yield Case("cos.approx" + tail, ("f32",), "f32", f(circular(math.cos), absolute=2**-20.5))
        yield Case("lg2.approx" + tail, ("f32",), "f32", f(logarithm, relative=2**-22, absolute=2**-22))
        yield Case("ex2.approx" + tail, ("f32",), "f32", f(power, relative=2**-22))
        yield Case(f"div.full{flags(ftz=ftz)}.f32 %d, %a, %b;", ("f32", "f32"), "f32", quotient(ftz, True))
        yield Case(f"div.approx{flags(ftz=ftz)}.f32 %d, %a, %b;", ("f32", "f32"), "f32", quotient(ftz, False))
    yield Case("tanh.approx.f32 %d, %a;", ("f32",), "f32", approximate("f32", math.tanh, relative=2**-11))
    yield Case("rsqrt.approx.f64 %d, %a;", ("f64",), "f64",
               approximate("f64", lambda x: safe_divide(1.0, math.copysign(math.sqrt(x), x)), relative=2**-20))
    yield Case("rcp.approx.ftz.f64 %d, %a;", ("f64",), "f64",
               approximate("f64", lambda x: safe_divide(1.0, x), True, relative=2**-20))
    for t in ("f16", "bf16"):
        error = 2**-9.9 if t == "f16" else 2**-7
        yield Case(f"ex2.approx{'.ftz' if t == 'bf16' else ''}.{t} %d, %a;", (t,), t,
                   approximate(t, power, t == "bf16", relative=error))
        yield Case(f"tanh.approx.{t} %d, %a;", (t,), t,
                   approximate(t, math.tanh, absolute=2**-10.987 if t == "f16" else 2**-8, relative=2**-8))


def safe_divide(x, y):
    if y == 0:
        return math.copysign(math.inf, math.copysign(1, x) * math.copysign(1, y))
    try:
        return x / y
    except OverflowError:
        return math.inf


def logarithm(x):
    if x == 0:
        return -math.inf
    return math.log2(x)


def power(x):
    return math.inf if x > 1000 else 0.0 if x < -1000 else 2.0**x


def circular(function):
    def compute(x):
        if math.isinf(x):
            raise ValueError
        return function(x) if abs(x) <= 2 * math.pi else UNSPECIFIED  # the error grows outside
    return compute


def approximate(t, compute, ftz=False, relative=0.0, absolute=0.0):
    f = sf.FORMATS[t]

    def reference(a):
        if f.is_nan(a):
            return sf.ANY_NAN
        x = sf.to_double(f, f.flush(a) if ftz else a)
        try:
            value = compute(x)
        except ValueError:
            return sf.ANY_NAN
        if value is UNSPECIFIED:
            return UNSPECIFIED
        least = sf.to_double(f, 1 << f.mantissa_bits) if ftz else sf.to_double(f, 1)
        return Near(value, relative, max(absolute, least))
    return reference


def quotient(ftz, full):
    """2 ulp; .approx for 2^-126 <= |b| <= 2^126, and zeros for larger b."""
    f = sf.F32

    def reference(a, b):
        if ftz:
            a, b = f.flush(a), f.flush(b)
        x, y = sf.to_double(f, a), sf.to_double(f, b)
        magnitude = abs(y)
        if math.isnan(x) or math.isnan(y) or (math.isinf(x) and math.isinf(y)) or x == y == 0:
            return sf.ANY_NAN
        outside = 2.0**126 < magnitude < math.inf or 0 < magnitude < 2.0**-126
        if outside:
            return UNSPECIFIED if full or magnitude < 1 else (
                sf.ANY_NAN if math.isinf(x) else (0, f.sign))
        return Near(safe_divide(x, y), 2**-22, 2.0**-126 if ftz else 2.0**-148)
    return reference


def cases():
    for family in (arithmetic, quotients, signs, extremes, comparisons, functions):
        yield from family()
