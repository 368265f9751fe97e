"""The documents against the tree: links lead to files, quoted code stands in the file it names.

A code block whose opening line names a file (```cpp runtime/include/tenon.h) must occur there,
indentation aside; `...` on a line of its own stands for left-out lines. Every `Example:` of an
operation, type or attribute must parse.
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

LLVM = "/usr/lib/llvm-22"


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


EXAMPLE = re.compile(r"Example[^`\n]*:\s*(?:```mlir\n(.*?)```|`([^`]+)`)", re.S)
DIALECTS = {"tenon": "dialects/tenon/TenonOps.td", "exec": "dialects/exec/ExecOps.td", "tile": "dialects/tile/TileOps.td"}


def examples():
    """The examples of all dialects, as their generated documentation has them."""
    for dialect, source in DIALECTS.items():
        page = subprocess.run([f"{LLVM}/bin/mlir-tblgen", "-gen-dialect-doc", f"-dialect={dialect}", "-I", ROOT, "-I",
                               f"{LLVM}/include", ROOT / source], capture_output=True, text=True, check=True).stdout
        for match in EXAMPLE.finditer(page):
            yield source, match[1] or " ".join(match[2].split())


def as_module(example, types):
    """An example with definitions of the values it leaves open; `...` is any operation."""
    if example.startswith("#"):
        return f'"test.attribute"() {{a = {example}}} : () -> ()'
    if re.match(r"(tensor<|!)", example):
        return f'"test.type"() : () -> ({example})'
    lines = [f'{name} = "test.value"() : () -> {kind}' for name, kind in types.items()]
    return "\n".join([*lines, example.replace("...", '"test.rest"() : () -> ()')])


def parse_problem(tenon, example, folder):
    """Parses until the types of open values, which errors name, are found; the last error, if it stays."""
    defined = set(re.findall(r"%\w+(?=(?:, %\w+)* = )|%\w+(?=: [!a-z])", example))
    types = {name: "none" for name in re.findall(r"%\w+", example) if name not in defined}
    path = folder / "example.mlir"
    for _ in range(len(types) + 1):
        path.write_text(as_module(example, types))
        done = subprocess.run([tenon.bin / "tenon-opt", path, "--allow-unregistered-dialect", "--verify-each=false",
                               "--mlir-very-unsafe-disable-verifier-on-parsing", "--mlir-print-op-generic", "-o",
                               "/dev/null"], capture_output=True, text=True, env=tenon.env)
        if done.returncode == 0:
            return ""
        wrong = re.search(r"use of value '(%\w+)' expects different type than prior uses: '(.*)' vs", done.stderr)
        if not wrong:
            break
        types[wrong[1]] = wrong[2]
    return done.stderr


@test
def examples_parse(tenon, folder):
    found = list(examples())
    assert len(found) > 100, f"only {len(found)} examples found"
    problems = [f"{source}: {example}\n{problem}" for source, example in found
                if (problem := parse_problem(tenon, example, folder))]
    assert not problems, "\n".join(problems)


if __name__ == "__main__":
    checks.main("docs")
