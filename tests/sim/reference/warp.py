"""Instructions in which the lanes of a warp look at one another. References take all 32 lanes."""

from case import Case, mask, number

#: Halves of the warp that run on their own, each under its own mask.
HALVES = "mov.u32 %y, %laneid; setp.lt.u32 %q, %y, 16; selp.b32 %y, 0xffff, 0xffff0000, %q;"


def shuffled(mode):
    """The pseudo code of the PTX manual: value and predicate of each lane."""
    def reference(rows):
        results = []
        for lane, (_, b, c) in enumerate(rows):
            by, clamp, segment = b & 31, c & 31, c >> 8 & 31
            last = (lane & segment) | (clamp & ~segment & 31)
            source = {"up": lane - by, "down": lane + by, "bfly": lane ^ by,
                      "idx": (lane & segment) | (by & ~segment & 31)}[mode]
            valid = source >= last if mode == "up" else source <= last
            results.append((rows[source if valid else lane][0], valid))
        return results
    return reference


def shuffles():
    for mode in ("up", "down", "bfly", "idx"):
        whole = shuffled(mode)
        yield Case(f"shfl.sync.{mode}.b32 %d, %a, %b, %c, -1;", ("b32", "small", "b32"), "b32",
                   lambda rows, f=whole: [value for value, _ in f(rows)], warp=True)
        yield Case(f"shfl.sync.{mode}.b32 %x|%q, %a, %b, %c, -1; selp.u32 %d, 1, 0, %q;", ("b32", "small", "b32"),
                   "u32", lambda rows, f=whole: [int(valid) for _, valid in f(rows)], warp=True)


def votes():
    tests = {"all": all, "any": any, "uni": lambda votes: len(set(votes)) == 1}
    for before, members in (("", "-1"), (HALVES, "%y")):
        groups = (lambda rows, f: f(rows, 0)) if not before else (lambda rows, f: f(rows[:16], 0) + f(rows[16:], 16))
        for name, test in tests.items():
            yield Case(f"{before}vote.sync.{name}.pred %q, %p, {members}; selp.u32 %d, 1, 0, %q;", ("pred",), "u32",
                       lambda rows, g=groups, t=test:
                       g(rows, lambda r, _: [int(t([p for p, in r]))] * len(r)), warp=True)
        yield Case(f"{before}vote.sync.ballot.b32 %d, %p, {members};", ("pred",), "b32",
                   lambda rows, g=groups: g(rows, ballot), warp=True)
        for t in ("b32", "b64"):
            yield Case(f"{before}match.any.sync.{t} %d, %a, {members};", ("few" + t[1:],), "b32",
                       lambda rows, g=groups: g(rows, match_any), warp=True)
            yield Case(f"{before}match.all.sync.{t} %d|%q, %a, {members};", ("few" + t[1:],), "b32",
                       lambda rows, g=groups: g(rows, match_all), warp=True)
        for name, function in REDUCTIONS.items():
            for t in ("u32", "s32") if name in ("add", "min", "max") else ("b32",):
                yield Case(f"{before}redux.sync.{name}.{t} %d, %a, {members};", (t,), t,
                           lambda rows, g=groups, f=function, t=t: g(rows, lambda r, _: reduced(r, f, t)), warp=True)


def ballot(rows, first):
    return [sum(p << first + i for i, (p,) in enumerate(rows))] * len(rows)


def match_any(rows, first):
    return [sum(1 << first + i for i, (other,) in enumerate(rows) if other == value) for value, in rows]


def match_all(rows, first):
    same = len({value for value, in rows}) == 1
    return [mask(len(rows)) << first if same else 0] * len(rows)


def reduced(rows, function, type_):
    values = [number(value, type_) for value, in rows]
    result = values[0]
    for value in values[1:]:
        result = function(result, value)
    return [result & mask(32)] * len(rows)


REDUCTIONS = {"add": lambda x, y: x + y, "min": min, "max": max, "and": lambda x, y: x & y,
              "or": lambda x, y: x | y, "xor": lambda x, y: x ^ y}


def cases():
    yield from shuffles()
    yield from votes()
