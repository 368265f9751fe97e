"""The documents against the tree: links lead to files, quoted code stands in the file it names.

A code block whose opening line names a file (```cpp runtime/include/tenon.h) must occur there,
indentation aside; `...` on a line of its own stands for left-out lines.
"""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))

import checks
import simulator
from checks import test
from common import ROOT


def pages():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


def squeezed(text):
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def occurs(block, lines):
    """Whether the lines of each piece between `...` follow one another in `lines`, piece after piece."""
    at = 0
    for piece in block.split("\n...\n"):
        wanted = squeezed(piece)
        at = next((i + len(wanted) for i in range(at, len(lines) - len(wanted) + 1)
                   if lines[i:i + len(wanted)] == wanted), None)
        if at is None:
            return False
    return True


@test
def links_lead_to_files(tenon, folder):
    for page in pages():
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: no {target}"


@test
def quoted_code_is_real(tenon, folder):
    for page in pages():
        for name, block in re.findall(r"^```\w+ (\S+)\n(.*?)^```", page.read_text(), re.M | re.S):
            source = ROOT / name
            assert source.exists(), f"{page.relative_to(ROOT)}: no file {name}"
            assert occurs(block.rstrip("\n"), squeezed(source.read_text())), \
                f"{page.relative_to(ROOT)}: this does not stand in {name}: {block[:80]!r}"


@test
def scripts_of_the_documents_exist(tenon, folder):
    for page in pages():
        for name in re.findall(r"(?:\./)?(scripts/[a-z-]+|tests/[\w/]+\.py|bench/\w+\.py)", page.read_text()):
            assert (ROOT / name).exists(), f"{page.relative_to(ROOT)}: no {name}"


@test
def coverage_of_the_simulator_is_current(tenon, folder):
    text = simulator.PAGE.read_text()
    assert text == simulator.generated(text), "docs/simulator.md is not what tests/docs/simulator.py writes"


if __name__ == "__main__":
    checks.main("docs")
