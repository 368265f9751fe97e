"""Loads, stores and atomics of each lane on 32 bytes of its own, in every space."""

import softfloat as sf
from case import WIDTH, Case, extend, mask, number

#: %y (or %g, 64 bits) is the lane's address; the kernel declares the variables.
SPACES = {
    "shared": "mov.u32 %y, tile; mad.lo.u32 %y, %t, 32, %y;",
    "local": "mov.u32 %y, stack;",
    "": "mov.u64 %g, tile; cvta.shared.u64 %g, %g; mad.wide.u32 %g, %t, 32, %g;",
}
LOADS = ("b8", "u8", "s8", "b16", "u16", "s16", "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64")


def place(space):
    return ("." + space if space else ""), ("%y" if space else "%g")


def bytes_in(type_):
    return 1 if type_.endswith("8") else int(type_[1:]) // 8


def loads():
    """Bytes of a stored 64-bit value, extended to each wider register."""
    for space, begin in SPACES.items():
        dot, at = place(space)
        for t in LOADS:
            size = bytes_in(t)
            for register in ("b16", "b32", "b64"):
                if WIDTH[register] < 8 * size or (t[0] == "f" and WIDTH[register] != 8 * size):
                    continue
                for offset in {0, 8 - size}:
                    yield Case(f"{begin} st{dot}.b64 [{at}], %a; ld{dot}.{t} %d, [{at}+{offset}];", ("b64",), register,
                               lambda a, t=t, n=size, o=offset, r=register: cut(a, t, n, o, WIDTH[r]))
            yield Case(f"{begin} st{dot}.b64 [{at}], %a; st{dot}.{t} [{at}+{8 - size}], %b; ld{dot}.b64 %d, [{at}];",
                       ("b64", "b16" if size < 2 else "b" + str(8 * size)), "b64",
                       lambda a, b, n=size: a & mask(64 - 8 * n) | (b & mask(8 * n)) << 64 - 8 * n)
        yield from vectors(begin, dot, at)


def cut(a, type_, size, offset, width):
    value = a >> 8 * offset & mask(8 * size)
    return extend(value, "s" + str(8 * size), width) if type_[0] == "s" else value


def vectors(begin, dot, at):
    """Two stored values come back as a vector, of which one element is looked at."""
    for t, count in (("b16", 4), ("b32", 2), ("b32", 4), ("b64", 2), ("u16", 2)):
        n = int(t[1:])
        total = f"{begin} st{dot}.v2.b64 [{at}], {{%a, %b}}; "
        for element in range(count):
            names = ", ".join("%d" if i == element else "_" for i in range(count))
            yield Case(f"{total}ld{dot}.v{count}.{t} {{{names}}}, [{at}];", ("b64", "b64"), "b" + str(n),
                       lambda a, b, n=n, i=element: (b << 64 | a) >> n * i & mask(n))


WRAPPING = {"inc": lambda x, y: 0 if x >= y else x + 1, "dec": lambda x, y: y if x == 0 or x > y else x - 1}
PLAIN = {"add": lambda x, y: x + y, "min": min, "max": max}
BITWISE = {"and": lambda x, y: x & y, "or": lambda x, y: x | y, "xor": lambda x, y: x ^ y, "exch": lambda x, y: y}


def atomics():
    for space in ("shared", ""):
        for operation, types, function in operations():
            for t in types:
                yield from both_ways(space, operation, t, function)
        for t in ("b16", "b32", "b64"):
            dot, at = place(space)
            stored = f"{SPACES[space]} st{dot}.{t} [{at}], %a; "
            for show, result in (("", lambda a, b, c: a), ("new", lambda a, b, c: c if a == b else a)):
                to, tail = ("%x", f" ld{dot}.{t} %d, [{at}];") if show else ("%d", "")
                code = f"{stored}atom{dot}.cas.{t} {to}, [{at}], %b, %c;{tail}"
                yield Case(code.replace("%x", "_"), ("few" + t[1:], "few" + t[1:], t), t, result)


def operations():
    for name, function in PLAIN.items():
        types = ("u32", "s32", "u64") + (("s64",) if name != "add" else ())
        yield name, types, lambda t, f=function: lambda a, b: f(number(a, t), number(b, t)) & mask(WIDTH[t])
    for name, function in WRAPPING.items():
        yield name, ("u32",), lambda t, f=function: f
    for name, function in BITWISE.items():
        yield name, ("b32", "b64"), lambda t, f=function: f
    yield "add", ("f32", "f64"), added
    for name in ("add", "min", "max"):
        yield name + ".noftz", ("f16", "bf16", "f16x2", "bf16x2"), lambda t, n=name: halves(n, t)


def added(t):
    f = sf.FORMATS[t]

    def reference(a, b):
        exact = sf.add(f, a, b)
        flushed = f.flush(sf.add(f, f.flush(a), f.flush(b)))  # what global memory may do
        return sf.ANY_NAN if f.is_nan(exact) else (exact, flushed)
    return reference


def halves(name, t):
    from floats import element, extreme, per_lane
    f = element(t)
    return per_lane(t, (lambda a, b: sf.add(f, a, b)) if name == "add" else extreme(name, f, False, False, False))


def both_ways(space, operation, t, function):
    """The old value that an atomic returns, and the new one in memory; red has only the latter."""
    dot, at = place(space)
    bits = "b" + str(WIDTH[t])
    stored = f"{SPACES[space]} st{dot}.{bits} [{at}], %a; "
    yield Case(f"{stored}atom{dot}.{operation}.{t} %d, [{at}], %b;", (t, t), bits, lambda a, b: a)
    yield Case(f"{stored}atom{dot}.{operation}.{t} _, [{at}], %b; ld{dot}.{bits} %d, [{at}];", (t, t), t, function(t))
    if operation != "exch":
        yield Case(f"{stored}red{dot}.{operation}.{t} [{at}], %b; ld{dot}.{bits} %d, [{at}];", (t, t), t, function(t))


def cases():
    yield from loads()
    yield from atomics()
