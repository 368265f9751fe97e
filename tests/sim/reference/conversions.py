"""cvt and cvt.pack: between integers and floats of every width, each rounded once."""

import softfloat as sf
from case import WIDTH, Case, clamp, extend, is_signed, mask, number, signed
from floats import MODES, convert_exactly, finish, flags

INTEGERS = ("u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64")
FLOATS = ("f16", "bf16", "f32", "f64")
TO_INTEGER = {"rni": sf.NEAREST, "rzi": sf.ZERO, "rmi": sf.DOWN, "rpi": sf.UP}


def register(type_):
    """The narrowest register that holds the type."""
    return {"u8": "b16", "s8": "b16"}.get(type_, type_)


def between_integers():
    for to in INTEGERS:
        for source in INTEGERS:
            width = WIDTH[register(to)]
            yield Case(f"cvt.{to}.{source} %d, %a;", (register(source),), register(to),
                       lambda a, t=to, s=source, w=width: extend(number(a, s), t, w))
            if not contains(to, source):
                yield Case(f"cvt.sat.{to}.{source} %d, %a;", (register(source),), register(to),
                           lambda a, t=to, s=source, w=width: extend(clamp(number(a, s), t), t, w))


def wider_registers():
    """Sources and destinations may be wider than the type; results are extended."""
    for wide, names in (("b32", INTEGERS[:4]), ("b64", INTEGERS[:6])):
        for to in names:
            for source in names:
                yield Case(f"cvt.{to}.{source} %d, %a;", (wide,), wide,
                           lambda a, t=to, s=source, w=WIDTH[wide]: extend(number(a, s), t, w), (wide,))
                if not contains(to, source):
                    yield Case(f"cvt.sat.{to}.{source} %d, %a;", (wide,), wide,
                               lambda a, t=to, s=source, w=WIDTH[wide]: extend(clamp(number(a, s), t), t, w), (wide,))
            for source in ("f16", "f32", "f64"):
                yield Case(f"cvt.rni.{to}.{source} %d, %a;", (source,), wide,
                           to_integer(to, source, sf.NEAREST, False, WIDTH[wide]), (wide,))


def contains(to, source):
    """Whether saturation could not matter; ptxas does not take it then."""
    bits, from_bits = WIDTH[to] - is_signed(to), WIDTH[source] - is_signed(source)
    return bits >= from_bits and (is_signed(to) or not is_signed(source))


def integer_to_float():
    for to in FLOATS:
        for source in INTEGERS:
            if to == "bf16" and WIDTH[source] == 8:
                continue
            for mode in MODES:
                for ftz in (False, True) if to == "f32" else (False,):
                    for sat in (False, True) if to != "bf16" else (False,):
                        yield Case(f"cvt.{mode}{flags(ftz=ftz, sat=sat)}.{to}.{source} %d, %a;",
                                   (register(source),), to, from_integer(to, source, mode, sat))


def from_integer(to, source, mode, sat):
    f = sf.FORMATS[to]

    def reference(a):
        value = number(a, source)
        return finish(f, f.encode(value < 0, abs(value), 0, mode), sat=sat)
    return reference


def float_to_integer():
    for to in INTEGERS:
        for source in FLOATS:
            if source == "bf16" and WIDTH[to] == 8:
                continue
            for name, mode in TO_INTEGER.items():
                for ftz in (False, True) if source == "f32" else (False,):
                    for sat in (False, True) if source != "bf16" else (False,):
                        yield Case(f"cvt.{name}{flags(ftz=ftz, sat=sat)}.{to}.{source} %d, %a;", (source,),
                                   register(to), to_integer(to, source, mode, ftz))


def to_integer(to, source, mode, ftz, width=None):
    f, bits, width = sf.FORMATS[source], WIDTH[to], width or WIDTH[register(to)]

    def reference(a):
        kind, sign, m, e = f.decode(f.flush(a) if ftz else a)
        if kind == sf.NAN:
            value = 1 << (bits - 1) if source == "f64" or bits == 64 else 0
        elif kind == sf.INFINITE:
            value = clamp(-1 << 70 if sign else 1 << 70, to)
        else:
            value = clamp(sf.to_integer(kind, sign, m, e, mode), to)
        return extend(value, to, width)
    return reference


def between_floats():
    for to in FLOATS:
        for source in FLOATS:
            narrow = WIDTH[to] < WIDTH[source] or {to, source} == {"f16", "bf16"}
            modes = MODES if narrow else ("",) if to != source else ("", *TO_INTEGER)
            if "bf16" in (to, source) and to != source and WIDTH[to] >= WIDTH[source]:
                modes = ("", *MODES)
            for mode in modes:
                for ftz in (False, True) if "f32" in (to, source) else (False,):
                    for sat in (False, True) if "bf16" not in (to, source) else (False,):
                        yield Case(f"cvt{'.' + mode if mode else ''}{flags(ftz=ftz, sat=sat)}.{to}.{source} %d, %a;",
                                   (source,), to, float_to_float(to, source, mode, ftz, sat))


def float_to_float(to, source, mode, ftz, sat):
    f, g = sf.FORMATS[to], sf.FORMATS[source]
    flush_in, flush_out = ftz and source == "f32", ftz and to == "f32"

    def reference(a):
        kind, sign, m, e = g.decode(g.flush(a) if flush_in else a)
        if kind == sf.NAN:
            return 0 if sat else sf.ANY_NAN
        if kind == sf.INFINITE:
            bits = f.infinity(sign)
        elif mode in TO_INTEGER:
            value = sf.to_integer(kind, sign, m, e, TO_INTEGER[mode])
            bits = f.encode(sign, abs(value), 0)
        else:
            bits = f.encode(sign, m, e, mode or sf.NEAREST)
        return finish(f, bits, flush_out, sat)
    return reference


def narrowing(f, source, mode, relu, satfinite):
    """To one element of a small format; relu and satfinite as PTX has them."""
    def reference(a):
        kind, sign, m, e = source.decode(a)
        if kind == sf.NAN:
            return f.nan
        if kind == sf.INFINITE:
            bits = (f.sign if sign else 0) | f.largest if satfinite else f.infinity(sign)
        else:
            bits = f.encode(sign, m, e, mode, satfinite=satfinite)
        return finish(f, bits, relu=relu)
    return reference


def both(high, low, bits):
    """All ways to join two results, each of which may be a tuple."""
    highs, lows = (x if isinstance(x, tuple) else (x,) for x in (high, low))
    joined = tuple(h << bits | l for h in highs for l in lows)
    return joined if len(joined) > 1 else joined[0]


def small_formats():
    for relu in (False, True):
        for satfinite in (False, True):
            mods = flags(relu=relu, satfinite=satfinite)
            for mode in (sf.NEAREST, sf.ZERO):
                for t in ("f16", "bf16"):
                    one = narrowing(sf.FORMATS[t], sf.F32, mode, relu, satfinite)
                    if mods:
                        yield Case(f"cvt.{mode}{mods}.{t}.f32 %d, %a;", ("f32",), t, one)
                    yield Case(f"cvt.{mode}{mods}.{t}x2.f32 %d, %a, %b;", ("f32", "f32"), t + "x2",
                               lambda a, b, one=one: both(one(a), one(b), 16))
                yield Case(f"cvt.{mode}{mods}.tf32.f32 %d, %a;", ("f32",), "tf32",
                           tf32(narrowing(sf.TF32, sf.F32, mode, relu, satfinite)))
            if not relu:
                yield Case(f"cvt.rna{mods}.tf32.f32 %d, %a;", ("f32",), "tf32",
                           tf32(narrowing(sf.TF32, sf.F32, sf.AWAY, False, satfinite)))
        yield from eight_bits(relu)


def tf32(one):
    """Thirteen low bits that are zero; for NaN the manual does not say which."""
    def reference(a):
        result = one(a)
        if result == sf.TF32.nan:
            return sf.ANY_NAN
        return tuple(r << 13 for r in result) if isinstance(result, tuple) else result << 13
    return reference


def eight_bits(relu):
    for t in ("e4m3", "e5m2"):
        f = sf.FORMATS[t]
        one = narrowing(f, sf.F32, sf.NEAREST, relu, True)
        yield Case(f"cvt.rn.satfinite{flags(relu=relu)}.{t}x2.f32 %d, %a, %b;", ("f32", "f32"), t + "x2",
                   lambda a, b, one=one: both(one(a), one(b), 8))
        half = narrowing(f, sf.F16, sf.NEAREST, relu, True)
        yield Case(f"cvt.rn.satfinite{flags(relu=relu)}.{t}x2.f16x2 %d, %a;", ("f16x2",), t + "x2",
                   lambda a, one=half: both(one(a >> 16), one(a & 0xffff), 8))
        wide = lambda v, f=f, relu=relu: finish(sf.F16, convert_exactly(f, sf.F16, v), relu=relu)
        yield Case(f"cvt.rn{flags(relu=relu)}.f16x2.{t}x2 %d, %a;", (t + "x2",), "f16x2",
                   lambda a, one=wide: both(one(a >> 8), one(a & 0xff), 16))


def packs():
    for t in ("u16", "s16"):
        yield Case(f"cvt.pack.sat.{t}.s32 %d, %a, %b;", ("s32", "s32"), "b32",
                   lambda a, b, t=t: clamp(signed(a, 32), t) << 16 | clamp(signed(b, 32), t))
    for t, bits in (("u8", 8), ("s8", 8), ("u4", 4), ("s4", 4), ("u2", 2), ("s2", 2)):
        def one(value, t=t, bits=bits):
            low, high = (-(1 << bits - 1), mask(bits - 1)) if t[0] == "s" else (0, mask(bits))
            return min(max(signed(value, 32), low), high) & mask(bits)
        yield Case(f"cvt.pack.sat.{t}.s32.b32 %d, %a, %b, %c;", ("s32", "s32", "b32"), "b32",
                   lambda a, b, c, n=bits, one=one: (c << 2 * n | one(a) << n | one(b)) & mask(32))


def cases():
    for family in (between_integers, wider_registers, integer_to_float, float_to_integer, between_floats, small_formats, packs):
        yield from family()
