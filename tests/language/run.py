"""Programs of the language against NumPy (programs.py), state over calls, weights from files."""

import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

from capi import Compiler, Runtime  # noqa: E402
from checks import main, test  # noqa: E402

import files  # noqa: E402
import programs  # noqa: E402

compiler, runtime = Compiler(), Runtime()


def session(folder, text, *options):
    (folder / "model.tn").write_text(text)
    compiler.compile(folder / "model.tn", folder / "model.tenon", *options)
    return runtime.open(folder / "model.tenon", threads=2)


def close(actual, expected, what=""):
    actual, expected = np.asarray(actual), np.asarray(expected, dtype=np.float64)
    assert actual.shape == expected.shape, f"{what} has shape {actual.shape}, expected {expected.shape}"
    scale = np.abs(expected).max(initial=0) * 1e-5 + 1e-6
    worst = np.abs(actual.astype(np.float64) - expected).max(initial=0)
    assert worst <= scale, f"{what} is off by {worst:.3g}, allowed {scale:.3g}"


def make(name, text, feeds, reference):
    def run(_, folder):
        expected = reference(**{key: value.astype(np.float64) if value.dtype == np.float32 else value
                                for key, value in feeds.items()})
        expected = expected if isinstance(expected, tuple) else (expected,)
        with session(folder, text) as model:
            outputs = list(model.run(feeds).values())
        assert len(outputs) == len(expected), f"{len(outputs)} outputs, expected {len(expected)}"
        for number, (one, other) in enumerate(zip(outputs, expected)):
            close(one, other, f"output {number}")
    run.__name__ = f"program_{name}"
    test(run)


for name, text, feeds, reference, _ in programs.PROGRAMS:
    make(name, text, feeds, reference)


@test
def state_lives_over_calls(_, folder):
    text = """
state total: f32[4]
state count: i64
entry add(x: f32[4]) -> sum: f32[4] {
  total <- total + x
  count <- count + 1
  return total
}
entry average() -> mean: f32[4] = total / f32(count)
"""
    with session(folder, text) as model:
        for x in ([1, 2, 3, 4], [3, 2, 1, 0]):
            model.run({"x": np.array(x, np.float32)}, "add")
        close(model.run({}, "average")["mean"], [2, 2, 2, 2])
        model.reset()
        close(model.run({"x": np.ones(4, np.float32)}, "add")["sum"], np.ones(4))


@test
def a_cache_is_updated_in_place(_, folder):
    text = """
size S in 1..8
state cache: f32[2, 8, 3]
entry put(x: f32[2, S, 3], at: i32[2]) -> all: f32[2, 8, 3] {
  cache[b, at[b] + s, d] <- x[b, s, d] * 2
  return [b, t, d] cache[b, t, d] + 1
}
"""
    expected = np.zeros((2, 8, 3))
    with session(folder, text) as model:
        for length, at in ((3, [0, 1]), (1, [3, 4]), (2, [6, 0])):
            x = programs.normal(2, length, 3)
            for b in range(2):
                expected[b, at[b]:at[b] + length] = 2 * x[b]
            close(model.run({"x": x, "at": np.array(at, np.int32)})["all"], expected + 1)


@test
def safetensors_weights(_, folder):
    w, table = programs.normal(6, 4), programs.normal(5, 6)
    files.safetensors(folder / "w.safetensors", {"w": w, "table": table.astype(np.float16), "unread": w})
    text = """
config { width = extent("w", 0) }
w = weight("not.there", "w")
table: f32[5, width] = weight("table")
entry f(at: i32[3]) -> f32[3, 4] = [s, o] sum(i) table[at[s], i] * w[i, o]
"""
    with session(folder, text, "--weights", folder / "w.safetensors") as model:
        y = model.run({"at": np.array([4, 0, 4], np.int32)})["f"]
    close(y, table.astype(np.float16).astype(np.float64)[[4, 0, 4]] @ w)


@test
def packed_weights(_, folder):
    """All packed types, as a matrix and as a table, against ggml's formulas in NumPy."""
    rows, columns = 6, 512
    tensors = {name: files.random_blocks(name, rows * columns, seed) for seed, name in enumerate(files.BLOCKS)}
    files.gguf(folder / "w.gguf", {name: (name, (rows, columns), data) for name, data in tensors.items()},
               {"test.number": 7})
    x = programs.normal(2, columns)
    for name, data in tensors.items():
        text = f"""
config {{ seven = meta("test.number") }}
w: f32[{rows}, {columns}] = weight("{name}")
entry f(x: f32[2, {columns}], at: i32[2]) -> (f32[2, {rows}], f32[2, {columns}], f32) {{
  y[b, o] = sum(i) x[b, i] * w[o, i]
  z[b, i] = w[at[b], i]
  return y, z, f32(seven)
}}
"""
        values = files.unpack(name, data).reshape(rows, columns)
        with session(folder, text, "--weights", folder / "w.gguf") as model:
            y, z, seven = model.run({"x": x, "at": np.array([5, 2], np.int32)}).values()
        close(z, values[[5, 2]], f"rows of {name}")
        close(y, x.astype(np.float64) @ values.T, f"product with {name}")
        assert seven == 7


@test
def an_edited_library_is_used(_, folder):
    (folder / "std.tn").write_text("fn softmax(x[*, n]) = x * 3\n")
    x = programs.normal(2, 5)
    text = "use std.softmax\nentry f(x: f32[2, 5]) -> f32[2, 5] = softmax(x)\n"
    with session(folder, text) as model:
        close(model.run({"x": x})["f"], x.astype(np.float64) * 3)


if __name__ == "__main__":
    main("language")
