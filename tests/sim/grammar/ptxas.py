"""ptxas as the judge of single instructions: many to a module, each on a line of its own."""

import collections
import re
import shutil
import subprocess
import tempfile

REGISTERS = "".join(f".reg .b{n} %{s}{n};" for s in "abced" for n in (16, 32, 64))
VECTORS = "".join(f".reg .b{n} %w{n}_{i};" for n in (16, 32, 64) for i in range(8))
HEAD = """.version 9.0
.target {target}
.address_size 64
.const .align 16 .b8 constants[64] = {{1, 2, 3, 4, 5}};
"""
DECLARATIONS = f"""{{
{REGISTERS}
{VECTORS}
.reg .b32 %v<4>, %t; .reg .pred %p, %q, %r; .reg .b64 %g, %l, %s, %m;
.shared .align 128 .b8 tile[16640];
.local .align 16 .b8 stack[64];
"""


def available():
    return shutil.which("ptxas")


def module(target, texts):
    """The text, and the line of the first instruction."""
    head = HEAD.format(target=target) + ".visible .entry k(.param .u64 k_0)\n" + DECLARATIONS
    return head + "\n".join(texts) + "\nret;\n}\n", head.count("\n") + 1


def verdicts(target, texts):
    """None for each text that ptxas takes, else what it says."""
    refused = {}
    while True:
        left = [i for i in range(len(texts)) if i not in refused]
        errors, output, status = compile_once(target, [texts[i] for i in left])
        for line, message in errors.items():
            if line < len(left):
                refused[left[line]] = message
        if status == 0 or not errors:
            break
    if status:
        raise RuntimeError(f"ptxas refuses, and names no line: {output[-500:]}")
    return [refused.get(i) for i in range(len(texts))]


def compile_once(target, texts):
    text, first = module(target, texts)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.ptx"
        with open(path, "w") as file:
            file.write(text)
        done = subprocess.run(["ptxas", "-arch", target, "-O0", path, "-o", f"{folder}/a.cubin"], capture_output=True,
                              text=True, timeout=300)
    errors = collections.OrderedDict()
    for match in re.finditer(r"line (\d+);? *(?:error|fatal) *: *(.*)", done.stderr):
        errors.setdefault(int(match[1]) - first, match[2])
    return errors, done.stderr, done.returncode
