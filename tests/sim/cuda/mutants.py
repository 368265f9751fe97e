"""Mutants of correct programs: one wait, fence, barrier or bounds check removed.

What can be removed is found by patterns; each says what becomes of the statement and which kinds of
finding explain the mutant. A line that ends in `// redundant: why` is not mutated: without it the
program is still right (an earlier or later barrier orders the same accesses).
"""

import dataclasses
import pathlib
import re

import programs

RACES = {"race_shared", "race_global"}
ASYNC = RACES | {"proxy_fence", "mbarrier", "uninitialised_memory", "uninitialised_register", "deadlock"}
# (pattern of a whole line, replacement, kinds)
PATTERNS = [
    (r"^(\s*)__syncthreads\(\);", r"\1;", RACES | {"uninitialised_memory", "mbarrier"}),
    (r"^(\s*)(?:block|cluster|grid)\.sync\(\);", r"\1;", RACES | {"uninitialised_memory", "out_of_bounds", "mbarrier"}),
    (r'^(\s*)asm volatile\("cp\.async(?:\.bulk)?\.wait_group[^;]*;"[^;]*\);', r"\1;", ASYNC),
    (r'^(\s*)asm volatile\("fence\.proxy\.async[^;]*;"[^;]*\);', r"\1;", {"proxy_fence"}),
    (r'^(\s*)asm volatile\("wgmma\.(?:wait_group|fence)[^;]*;"[^;]*\);', r"\1;", ASYNC),
    (r"^(\s*)(?:barrierWait|wait)\([^;]*\);", r"\1;", ASYNC),
    (r"^(\s*)pipeline\.consumer_wait\(\);", r"\1;", ASYNC),
    (r"^(\s*)barrier\.arrive_and_wait\(\);", r"\1;", ASYNC),
    (r"^(\s*)if \(i < n\)$", r"\1if (true)", {"out_of_bounds"}),
    (r"^(\s*)if \(row < m && column < n\)$", r"\1if (true)", {"out_of_bounds"}),
    (r"^(\s*)__threadfence\(\);", r"\1;", RACES),
]


@dataclasses.dataclass(frozen=True)
class Mutant:
    variant: programs.Variant
    line: int
    removed: str
    text: str
    kinds: frozenset
    function: str   # in which the line is
    places: tuple   # lines of it and of device functions that may be inlined into it

    @property
    def name(self):
        return f"{self.variant.source.stem}-line{self.line}"

    def explains(self, finding):
        """Whether the finding is of the right kind, at a line of the function or in a header that it uses."""
        if finding["kind"] not in self.kinds or finding["line"] <= 0:
            return False
        if pathlib.Path(finding["file"]).suffix == ".cu":
            return any(finding["line"] in lines for lines in self.places)
        return self.function in finding["kernel"]


def functions(lines):
    """(name, lines, whether it is a kernel) of each function; they begin and end in the first column."""
    found, start = [], None
    for number, line in enumerate(lines, 1):
        if re.match(r"(template|__global__|__device__|struct|static|int|void)\b", line) and start is None:
            start = number
        if line.startswith("}") and start is not None:
            text = " ".join(lines[start - 1:number])
            name = re.search(r"(\w+)\(", re.sub(r"(__launch_bounds__|__cluster_dims__|alignas|__align__)\([^)]*\)", "", text))
            found.append((name.group(1) if name else "", range(start, number + 1), "__global__" in text))
            start = None
        elif line.endswith(";") and start == number:
            start = None
    return found


def places_of(lines, number):
    """The name of the function around a line, and where a finding about it may be."""
    all_functions = functions(lines)
    around = next((f for f in all_functions if number in f[1]), ("", range(1, len(lines) + 1), False))
    if not around[2]:  # a device function: wherever it is called
        return around[0], (range(1, len(lines) + 1),)
    return around[0], (around[1], *(where for _, where, kernel in all_functions if not kernel))


def of(source):
    """All mutants of a source, for its first architecture at -O3."""
    variant = next(v for v in programs.variants(source) if v.level == "O3")
    lines = source.read_text().splitlines()
    found = []
    for number, line in enumerate(lines):
        if "// redundant" in line:
            continue
        for pattern, replacement, kinds in PATTERNS:
            changed = re.sub(pattern, replacement, line)
            if changed != line:
                text = "\n".join([*lines[:number], changed, *lines[number + 1:]]) + "\n"
                found.append(Mutant(variant, number + 1, line, text, frozenset(kinds), *places_of(lines, number + 1)))
                break
    return found
