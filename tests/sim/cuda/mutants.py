"""Mutants of correct programs: one wait, fence, barrier or bounds check removed.

What can be removed is found by patterns; each says what becomes of the statement and which kinds of
finding explain the mutant. A line that ends in `// redundant: why` is not mutated: without it the
program is still right (an earlier or later barrier orders the same accesses).
"""

import dataclasses
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

    @property
    def name(self):
        return f"{self.variant.source.stem}-line{self.line}"

    def explains(self, finding):
        return finding["kind"] in self.kinds and finding["line"] > 0


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
                found.append(Mutant(variant, number + 1, line, text, frozenset(kinds)))
                break
    return found
