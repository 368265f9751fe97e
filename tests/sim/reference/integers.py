"""Integer arithmetic, logic, shifts, bit fields, comparison and selection of integers."""

from case import INTEGERS, UNSPECIFIED, WIDTH, Case, clamp, is_signed, mask, number, signed

WIDE = {"u16": "u32", "s16": "s32", "u32": "u64", "s32": "s64"}
SIMPLE = {"eq": lambda x, y: x == y, "ne": lambda x, y: x != y, "lt": lambda x, y: x < y,
          "le": lambda x, y: x <= y, "gt": lambda x, y: x > y, "ge": lambda x, y: x >= y}
UNSIGNED_NAMES = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
BOOLEAN = {"and": lambda p, c: p and c, "or": lambda p, c: p or c, "xor": lambda p, c: p != c}


def on_numbers(type_, function, result=None):
    """Bits to bits by way of integers, cut to the result's width."""
    bits = WIDTH[result or type_]
    return lambda *sources: function(*(number(s, type_) for s in sources)) & mask(bits)


def halves(function):
    return lambda *sources: function(*(s & 0xffff for s in sources)) | function(*(s >> 16 for s in sources)) << 16


def arithmetic():
    for t in INTEGERS:
        bits = WIDTH[t]
        yield Case(f"add.{t} %d, %a, %b;", (t, t), t, on_numbers(t, lambda x, y: x + y))
        yield Case(f"sub.{t} %d, %a, %b;", (t, t), t, on_numbers(t, lambda x, y: x - y))
        yield Case(f"mul.lo.{t} %d, %a, %b;", (t, t), t, on_numbers(t, lambda x, y: x * y))
        yield Case(f"mul.hi.{t} %d, %a, %b;", (t, t), t, on_numbers(t, lambda x, y, n=bits: x * y >> n))
        yield Case(f"mad.lo.{t} %d, %a, %b, %c;", (t, t, t), t, on_numbers(t, lambda x, y, z: x * y + z))
        yield Case(f"mad.hi.{t} %d, %a, %b, %c;", (t, t, t), t,
                   on_numbers(t, lambda x, y, z, n=bits: (x * y >> n) + z))
        yield Case(f"sad.{t} %d, %a, %b, %c;", (t, t, t), t, on_numbers(t, lambda x, y, z: z + abs(x - y)))
        yield Case(f"div.{t} %d, %a, %b;", (t, t), t, division(t, lambda q, r: q))
        yield Case(f"rem.{t} %d, %a, %b;", (t, t), t, division(t, lambda q, r: r))
        yield Case(f"min.{t} %d, %a, %b;", (t, t), t, on_numbers(t, min))
        yield Case(f"max.{t} %d, %a, %b;", (t, t), t, on_numbers(t, max))
        if is_signed(t):
            yield Case(f"abs.{t} %d, %a;", (t,), t, on_numbers(t, abs))
            yield Case(f"neg.{t} %d, %a;", (t,), t, on_numbers(t, lambda x: -x))
    for t, wide in WIDE.items():
        yield Case(f"mul.wide.{t} %d, %a, %b;", (t, t), wide, on_numbers(t, lambda x, y: x * y, wide))
        yield Case(f"mad.wide.{t} %d, %a, %b, %c;", (t, t, wide), wide, wide_product(t, wide))
    yield from saturating()
    yield from narrow_products()
    yield from packed()


def division(t, choose):
    """Towards zero; nothing is said of a zero divisor, nor of a quotient that does not fit."""
    def reference(a, b):
        x, y = number(a, t), number(b, t)
        if y == 0 or (is_signed(t) and y == -1 and x == -(1 << (WIDTH[t] - 1))):
            return UNSPECIFIED
        quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
        return choose(quotient, x - quotient * y) & mask(WIDTH[t])
    return reference


def wide_product(t, wide):
    return lambda a, b, c: (number(a, t) * number(b, t) + c) & mask(WIDTH[wide])


def saturating():
    s = "s32"
    yield Case("add.sat.s32 %d, %a, %b;", (s, s), s, lambda a, b: clamp(number(a, s) + number(b, s), s))
    yield Case("sub.sat.s32 %d, %a, %b;", (s, s), s, lambda a, b: clamp(number(a, s) - number(b, s), s))
    yield Case("mad.hi.sat.s32 %d, %a, %b, %c;", (s, s, s), s,
               lambda a, b, c: clamp((number(a, s) * number(b, s) >> 32) + number(c, s), s))
    yield Case("mad24.hi.sat.s32 %d, %a, %b, %c;", (s, s, s), s,
               lambda a, b, c: clamp(signed(signed(a, 24) * signed(b, 24) >> 16, 32) + number(c, s), s))
    for name, function in (("min", min), ("max", max)):
        yield Case(f"{name}.relu.s32 %d, %a, %b;", (s, s), s,
                   lambda a, b, f=function: max(f(number(a, s), number(b, s)), 0))


def narrow_products():
    for t in ("u32", "s32"):
        cut = (lambda v: signed(v, 24)) if is_signed(t) else (lambda v: v & mask(24))
        for half, shift in (("lo", 0), ("hi", 16)):
            product = lambda a, b, cut=cut, shift=shift: cut(a) * cut(b) >> shift
            yield Case(f"mul24.{half}.{t} %d, %a, %b;", (t, t), t, lambda a, b, p=product: p(a, b) & mask(32))
            yield Case(f"mad24.{half}.{t} %d, %a, %b, %c;", (t, t, t), t,
                       lambda a, b, c, p=product: (p(a, b) + c) & mask(32))
    for ta in ("u32", "s32"):
        for tb in ("u32", "s32"):
            yield Case(f"dp4a.{ta}.{tb} %d, %a, %b, %c;", ("u32", "u32", "u32"), "u32", dot(ta, tb, 8, 0))
            for half, first in (("lo", 0), ("hi", 2)):
                yield Case(f"dp2a.{half}.{ta}.{tb} %d, %a, %b, %c;", ("u32", "u32", "u32"), "u32",
                           dot(ta, tb, 16, first))


def dot(ta, tb, width, first):
    def part(value, at, bits, t):
        value = value >> at & mask(bits)
        return signed(value, bits) if is_signed(t) else value

    def reference(a, b, c):
        return (c + sum(part(a, n * width, width, ta) * part(b, (n + first) * 8, 8, tb)
                        for n in range(32 // width))) & mask(32)
    return reference


def packed():
    for t, lane in (("u16x2", "u16"), ("s16x2", "s16")):
        yield Case(f"add.{t} %d, %a, %b;", (t, t), t, halves(on_numbers(lane, lambda x, y: x + y)))
        for name, function in (("min", min), ("max", max)):
            yield Case(f"{name}.{t} %d, %a, %b;", (t, t), t, halves(on_numbers(lane, function)))
    for name, function in (("min", min), ("max", max)):
        yield Case(f"{name}.relu.s16x2 %d, %a, %b;", ("s16x2", "s16x2"), "s16x2",
                   halves(on_numbers("s16", lambda x, y, f=function: max(f(x, y), 0))))


def carries():
    """The carry shows in the sum of the upper halves."""
    for t in ("u32", "s32", "u64", "s64"):
        n = WIDTH[t]
        joined = lambda low, high, n=n: low | high << n
        yield Case(f"add.cc.{t} %x, %a, %b; addc.{t} %d, %c, %e;", (t, t, t, t), t,
                   lambda a, b, c, e, n=n, j=joined: (j(a, c) + j(b, e)) >> n & mask(n))
        yield Case(f"sub.cc.{t} %x, %a, %b; subc.{t} %d, %c, %e;", (t, t, t, t), t,
                   lambda a, b, c, e, n=n, j=joined: (j(a, c) - j(b, e)) >> n & mask(n))
        yield Case(f"add.cc.{t} %x, %a, %b; addc.cc.{t} %x, %c, %e; addc.{t} %d, %a, %e;", (t, t, t, t), t,
                   lambda a, b, c, e, n=n, j=joined: (a + e + (j(a, c) + j(b, e) >> 2 * n)) & mask(n))
        yield Case(f"sub.cc.{t} %x, %a, %b; subc.cc.{t} %x, %c, %e; subc.{t} %d, %a, %e;", (t, t, t, t), t,
                   lambda a, b, c, e, n=n, j=joined: (a - e - (j(a, c) < j(b, e))) & mask(n))
        for half in ("lo", "hi"):
            product = lambda a, b, t=t, n=n, h=half: (number(a, t) * number(b, t) >> (n if h == "hi" else 0)) & mask(n)
            yield Case(f"mad.{half}.cc.{t} %x, %a, %b, %c; madc.{half}.{t} %d, %a, %c, %e;", (t, t, t, t), t,
                       lambda a, b, c, e, n=n, p=product: (p(a, c) + e + (p(a, b) + c >> n)) & mask(n))
            yield Case(f"mad.{half}.cc.{t} %x, %a, %b, %c; madc.{half}.cc.{t} %x, %a, %c, %e; addc.{t} %d, 0, 0;",
                       (t, t, t, t), t,
                       lambda a, b, c, e, n=n, p=product: p(a, c) + e + (p(a, b) + c >> n) >> n)


def bits():
    for t in ("b16", "b32", "b64"):
        n = WIDTH[t]
        yield Case(f"and.{t} %d, %a, %b;", (t, t), t, lambda a, b: a & b)
        yield Case(f"or.{t} %d, %a, %b;", (t, t), t, lambda a, b: a | b)
        yield Case(f"xor.{t} %d, %a, %b;", (t, t), t, lambda a, b: a ^ b)
        yield Case(f"not.{t} %d, %a;", (t,), t, lambda a, n=n: ~a & mask(n))
        yield Case(f"cnot.{t} %d, %a;", (t,), t, lambda a: int(a == 0))
        yield Case(f"shl.{t} %d, %a, %b;", (t, "small"), t, lambda a, b, n=n: a << min(b, n) & mask(n))
        yield Case(f"mov.{t} %d, %a;", (t,), t, lambda a: a)
    for t in ("b16", "b32", "b64", *INTEGERS):
        yield Case(f"shr.{t} %d, %a, %b;", (t, "small"), t,
                   on_shift(t, lambda x, b: x >> min(b, 64)))
    for t in ("b32", "b64"):
        n = WIDTH[t]
        yield Case(f"popc.{t} %d, %a;", (t,), "u32", lambda a: bin(a).count("1"))
        yield Case(f"clz.{t} %d, %a;", (t,), "u32", lambda a, n=n: n - a.bit_length())
        yield Case(f"brev.{t} %d, %a;", (t,), t, lambda a, n=n: int(f"{a:0{n}b}"[::-1], 2))
        yield Case(f"bfi.{t} %d, %a, %b, %c, %e;", (t, t, "small", "small"), t, insert(n))
    for t in ("u32", "s32", "u64", "s64"):
        yield Case(f"bfind.{t} %d, %a;", (t,), "u32", find(t, False))
        yield Case(f"bfind.shiftamt.{t} %d, %a;", (t,), "u32", find(t, True))
        yield Case(f"bfe.{t} %d, %a, %b, %c;", (t, "small", "small"), t, extract(t))
    yield Case("fns.b32 %d, %a, %b, %c;", ("b32", "small", "small"), "b32", find_nth)
    yield Case("fns.b32 %d, %a, %b, %c;", ("b32", "lane", "near"), "b32", find_nth, ("near",))
    yield from fields()


def on_shift(t, function):
    return lambda a, b: function(number(a, t), b) & mask(WIDTH[t])


def insert(n):
    def reference(a, b, c, e):
        position, length = c & 0xff, e & 0xff
        field = mask(length) << position & mask(n)
        return (b & ~field) | (a << position & field)
    return reference


def find(t, shift_amount):
    n = WIDTH[t]

    def reference(a):
        value = number(a, t)
        if value < 0:
            value = ~value
        if not value:
            return mask(32)
        at = value.bit_length() - 1
        return n - 1 - at if shift_amount else at
    return reference


def extract(t):
    """As the pseudo code of the PTX manual has it, bit by bit."""
    n = WIDTH[t]

    def reference(a, b, c):
        position, length = b & 0xff, c & 0xff
        fill = 0
        if is_signed(t) and length:
            fill = a >> min(position + length - 1, n - 1) & 1
        result = 0
        for i in range(n):
            inside = i < length and position + i < n
            result |= (a >> (position + i) & 1 if inside else fill) << i
        return result
    return reference


def find_nth(a, b, c):
    """`b` is where to begin, `c` which bit, counted upwards or downwards."""
    base, which = b & mask(32), signed(c, 32)
    if base > 31:
        return UNSPECIFIED
    if which == 0:
        return base if a >> base & 1 else mask(32)
    order = range(base, 32) if which > 0 else range(base, -1, -1)
    found = [i for i in order if a >> i & 1]
    return found[abs(which) - 1] if len(found) >= abs(which) else mask(32)


def fields():
    yield Case("bmsk.clamp.b32 %d, %a, %b;", ("small", "small"), "b32",
               lambda a, b: mask(min(b, 32)) << min(a, 32) & mask(32))
    yield Case("bmsk.wrap.b32 %d, %a, %b;", ("small", "small"), "b32",
               lambda a, b: mask(b & 31) << (a & 31) & mask(32))
    for t in ("u32", "s32"):
        for mode in ("clamp", "wrap"):
            def reference(a, b, t=t, mode=mode):
                width = b & 31 if mode == "wrap" else min(b, 32)
                if not width:
                    return 0
                return (signed(a, width) if is_signed(t) else a & mask(width)) & mask(32)
            yield Case(f"szext.{mode}.{t} %d, %a, %b;", (t, "small"), t, reference)
    for mode in ("clamp", "wrap"):
        limit = (lambda c: min(c, 32)) if mode == "clamp" else (lambda c: c & 31)
        yield Case(f"shf.l.{mode}.b32 %d, %a, %b, %c;", ("b32", "b32", "small"), "b32",
                   lambda a, b, c, l=limit: ((b << 32 | a) << l(c)) >> 32 & mask(32))
        yield Case(f"shf.r.{mode}.b32 %d, %a, %b, %c;", ("b32", "b32", "small"), "b32",
                   lambda a, b, c, l=limit: (b << 32 | a) >> l(c) & mask(32))
    for table in range(256):
        yield Case(f"lop3.b32 %d, %a, %b, %c, {table};", ("b32", "b32", "b32"), "b32",
                   lambda a, b, c, t=table: lookup(t, a, b, c), (table,))
    for name in ("or", "and"):
        yield Case(f"lop3.{name}.b32 %x|%q, %a, %b, %c, 0x6a, %p; selp.u32 %d, 1, 0, %q;",
                   ("b32", "b32", "b32", "pred"), "u32",
                   lambda a, b, c, p, f=BOOLEAN[name]: int(f(lookup(0x6a, a, b, c) != 0, bool(p))))
    yield Case("prmt.b32 %d, %a, %b, %c;", ("b32", "b32", "b32"), "b32", lambda a, b, c: permute(a, b, nibbles(c)))
    for mode, choose in PERMUTE_MODES.items():
        yield Case(f"prmt.b32.{mode} %d, %a, %b, %c;", ("b32", "b32", "b32"), "b32",
                   lambda a, b, c, f=choose: permute(a, b, f(c & 3)))


def nibbles(c):
    return [c >> 4 * i & 15 for i in range(4)]


#: Selectors of result bytes 0 to 3, from the tables of the PTX manual.
PERMUTE_MODES = {
    "f4e": lambda c: [c, c + 1, c + 2, c + 3],
    "b4e": lambda c: [c, (c - 1) & 7, (c - 2) & 7, (c - 3) & 7],
    "rc8": lambda c: [c] * 4,
    "ecl": lambda c: [max(i, c) for i in range(4)],
    "ecr": lambda c: [min(i, c) for i in range(4)],
    "rc16": lambda c: [(c & 1) * 2, (c & 1) * 2 + 1] * 2,
}


def permute(a, b, selectors):
    whole, result = b << 32 | a, 0
    for i, selector in enumerate(selectors):
        byte = whole >> 8 * (selector & 7) & 0xff
        if selector & 8:
            byte = 0xff if byte & 0x80 else 0
        result |= byte << 8 * i
    return result


def lookup(table, a, b, c):
    result = 0
    for i in range(8):
        if table >> i & 1:
            result |= (a if i & 4 else ~a) & (b if i & 2 else ~b) & (c if i & 1 else ~c)
    return result & mask(32)


def comparisons():
    for t in ("b16", "b32", "b64", *INTEGERS):
        names = ["eq", "ne"] if t[0] == "b" else list(SIMPLE)
        names += list(UNSIGNED_NAMES) if t[0] == "u" else []
        for name in names:
            test = SIMPLE[UNSIGNED_NAMES.get(name, name)]
            decide = lambda a, b, t=t, f=test: f(number(a, t), number(b, t))
            yield from setp(name, t, decide)
            for to, one in (("u32", mask(32)), ("s32", mask(32)), ("f32", 0x3f800000)):
                yield Case(f"set.{name}.{to}.{t} %d, %a, %b;", (t, t), to,
                           lambda a, b, f=decide, one=one: one if f(a, b) else 0)
    for t in ("b16", "b32", "b64", *INTEGERS, "f32", "f64"):
        yield Case(f"selp.{t} %d, %a, %b, %p;", (t, t, "pred"), t, lambda a, b, p: a if p else b)
        yield Case(f"slct.{t}.s32 %d, %a, %b, %c;", (t, t, "s32"), t,
                   lambda a, b, c: a if number(c, "s32") >= 0 else b)


def setp(name, t, decide, flush=""):
    """A comparison alone, with its complement, and combined with a predicate; bf16 has no complement."""
    show = "selp.u32 %d, 1, 0, %p;"
    yield Case(f"setp.{name}{flush}.{t} %p, %a, %b; {show}", (t, t), "u32", lambda a, b: int(decide(a, b)))
    if t == "bf16":
        for combine, function in BOOLEAN.items():
            yield Case(f"setp.{name}.{combine}.{t} %p, %a, %b, %p; {show}", (t, t, "pred"), "u32",
                       lambda a, b, c, f=function: int(bool(f(bool(decide(a, b)), bool(c)))))
        return
    both = "selp.u32 %x, 1, 0, %p; selp.u32 %y, 2, 0, %q; or.b32 %d, %x, %y;"
    yield Case(f"setp.{name}{flush}.{t} %p|%q, %a, %b; {both}", (t, t), "u32",
               lambda a, b: 1 if decide(a, b) else 2)
    for combine, function in BOOLEAN.items():
        yield Case(f"setp.{name}.{combine}{flush}.{t} %p|%q, %a, %b, %p; {both}", (t, t, "pred"), "u32",
                   lambda a, b, c, f=function: bool(f(bool(decide(a, b)), bool(c)))
                   + 2 * bool(f(not decide(a, b), bool(c))))


def cases():
    for family in (arithmetic, carries, bits, comparisons):
        yield from family()
