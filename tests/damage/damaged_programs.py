"""Mutations of programs, safetensors and GGUF files: each ends in an error with a message, or compiles.

Inputs are read in processes of their own, many to each; one that dies names the mutation."""

import os
import pathlib
import random
import resource
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "harness"), str(HERE.parent / "language")]

import numpy as np

import files
import programs
from capi import CompileError, Compiler
from common import ROOT

MEMORY = 64 << 20
BATCH = 100

PROGRAM = b"""use std.{softmax, rms_norm}
config {
  width = extent("w", 0)
  seven = meta("number", 7)
}
size S in 1..8
w: f32[width, 4] = weight("w", "Q4_1")
state cache: f32[8, 4]
module Layer(l) {
  n = weight("n{l}", "w")
  fn (x: [S, 4]) {
    y[s, i] = sum(j) x[s, j] * n[i, j] where j <= i
    return softmax(y) + x
  }
}
entry f(x: f32[S, 4], at: i32) -> f32[S, 4] {
  for l in 0..3 { x = Layer(l)(x) }
  cache[at + s, i] <- x[s, i]
  return [s, i] x[s, i] * cache[s, i] / seven if x[s, i] > 0 else x[s, (i + 1) % 4]
}
"""

READER = """entry f(x: f32[2]) -> f32[2] = x
w = weight("w", "Q4_K", "Q4_1")
"""


def mutate(data, generator):
    """A few bytes changed, cut out, doubled or replaced by telling numbers."""
    data = bytearray(data)
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        at = generator.randrange(len(data))
        kind = generator.randrange(6)
        if kind == 0:
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            data[at] = generator.choice((0, 255, 127, 128, 1))
        elif kind == 2:
            del data[at:at + generator.randrange(1, 20)]
        elif kind == 3:
            data[at:at] = data[at:at + generator.randrange(1, 40)]
        elif kind == 4:
            number = generator.choice((0, 1, -1, 2**31, 2**63 - 1, -2**63, 2**32, 1 << 40))
            data[at:at + 8] = number.to_bytes(8, "little", signed=True)
        else:
            del data[at:]
    return bytes(data)


def mutate_text(data, generator):
    """Words moved, doubled, dropped; brackets nested."""
    if generator.random() < 0.4:
        return mutate(data, generator)
    words = data.split(b" ")
    for _ in range(generator.randrange(1, 5)):
        at, other = generator.randrange(len(words)), generator.randrange(len(words))
        kind = generator.randrange(5)
        if kind == 0:
            words[at], words[other] = words[other], words[at]
        elif kind == 1:
            del words[at]
        elif kind == 2:
            words.insert(at, words[other % max(len(words), 1)])
        elif kind == 3:
            words[at] = generator.choice((b"(", b"[", b"{", b"-")) * generator.choice((1, 10, 10000)) + words[at]
        else:
            words[at] = generator.choice((b"0", b"-1", b"9223372036854775807", b"99999999999999999999", b"1e400",
                                          b"*", b"where", b"B", b"\"{x}\"", b"sum(i)", b"w[w[0, 0], 0]"))
        if not words:
            break
    return b" ".join(words)


def originals(folder):
    """(name, bytes, how to mutate, file name)"""
    table = {"w": programs.normal(4, 4), "b": np.arange(3), "h": np.ones((2, 2), np.float16)}
    files.safetensors(folder / "w.safetensors", table, {"number": "7"})
    blocks = {name: (name, (2, 256), files.random_blocks(name, 512, 1)) for name in ("Q4_1", "Q4_K", "Q6_K")}
    files.gguf(folder / "w.gguf", blocks, {"number": 7, "general.name": "x" * 20, "flag": True, "real": 0.5})
    return [("source", PROGRAM, mutate_text, "model.tn"),
            ("safetensors", (folder / "w.safetensors").read_bytes(), mutate, "damaged.safetensors"),
            ("gguf", (folder / "w.gguf").read_bytes(), mutate, "damaged.gguf")]


def attempt(compiler, folder, name, data, file):
    """Raises unless the input compiles or is refused with a message."""
    (folder / file).write_bytes(data)
    weights = folder / ("w.safetensors" if name == "source" else file)
    program = folder / "model.tn"
    if name != "source":
        program = folder / "reader.tn"
        program.write_text(READER)
    try:
        compiler.compile(program, folder / "out.tenon", "--weights", weights, "--stop-after=graph")
    except CompileError as error:
        message = str(error)
        assert error.status == 1, f"exit status {error.status}"
        assert "error:" in message or "tenon compile:" in message, f"refused without a message: {message[:200]!r}"


def batch(arguments, folder, name, data, change, file, numbers):
    """Runs some mutations in a process of their own; returns (next number, problem or None)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        compiler = Compiler(arguments.preset)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in numbers:
            os.write(writer, b"%d " % number)
            generator = random.Random(f"{arguments.seed}/{name}/{number}")
            try:
                attempt(compiler, folder, name, change(data, generator), file)
            except AssertionError as error:
                os.write(writer, b"\n%s" % str(error).encode())
                os._exit(1)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
        if arguments.preset == "release" and grown > MEMORY + 4 * len(data):
            os.write(writer, b"\nthese took %d MiB together" % (grown >> 20))
            os._exit(1)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    status = os.waitpid(child, 0)[1]
    done, _, why = text.partition("\n")
    last = int(done.split()[-1])
    if status == 0:
        return last + 1, None
    return last + 1, f"mutation {last}: {why or 'died with status ' + str(status)}"


def run(arguments):
    """(passed, failures)"""
    passed, failures = 0, []
    count = 2000 if arguments.full or arguments.filter else 300
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name, data, change, file in originals(folder):
            number = 0
            while number < count:
                end = min(number + BATCH, count)
                following, problem = batch(arguments, folder, name, data, change, file, range(number, end))
                passed += following - number - bool(problem)
                if problem:
                    failures.append((f"{name}", problem))
                number = following
    return passed, failures


if __name__ == "__main__":
    import argparse
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    options.filter = ""
    good, bad = run(options)
    for name, reason in bad:
        print(f"FAILED {name}: {reason}")
    print(f"{good} passed, {len(bad)} failed")
    sys.exit(1 if bad else 0)
