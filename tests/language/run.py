"""Programs of the language against NumPy (programs.py), state over calls, weights from files."""

import json
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

from capi import Compiler, RunError, Runtime  # noqa: E402
from checks import main, refused, test  # noqa: E402

import files  # noqa: E402
import llama  # noqa: E402
import programs  # noqa: E402
import pytorch  # noqa: E402

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
def wrong_weights_are_named(tenon, folder):
    """What the file lacks or has in another shape: tensor, key and line, and what was probably meant."""
    weights = folder / "model.safetensors"
    files.safetensors(weights, {"up.weight": programs.normal(6, 4), "half": np.ones(4, np.float16)})
    (folder / "config.json").write_text('{"hidden_size": 4, "rope": {"theta": 5.5}}')

    def check(text, *words, options=()):
        (folder / "model.tn").write_text(text)
        call = lambda: tenon.call("check", folder / "model.tn", "--weights", weights, *options)  # noqa: E731
        return refused(call, *words) if words else call()

    entry = "entry f(x: f32[4]) -> f32[6] = [o] sum(i) x[i] * w[o, i]\n"
    check('config { width = meta("hidden_size") }\nw: f32[6, width] = weight("up.weight")\n' + entry)
    check('config { theta = meta("rope.theta") }\nentry f(x: f32[4]) -> f32[4] = x * theta')
    check('w = weight("up.wieght")\n' + entry, "model.tn:1:5", "has no weight 'up.wieght'", "did you mean 'up.weight'?")
    check('w: f32[4, 6] = weight("up.weight")\n' + entry, "model.tn:1:1",
          "'w' is weight 'up.weight' f32[6, 4], expected f32[4, 6]")
    check('config { width = meta("hidden_sise") }\n' + entry, "model.tn:1:18", "says nothing of 'hidden_sise'",
          "did you mean 'hidden_size'?", "--set gives it a value")
    check('w = weight("half")\nentry f(x: f32[4]) -> f32[4] = x * w', "this joins f32[4] and f16[4]")
    check('config { a = 1 }\nentry f(x: f32[4]) -> f32[4] = x * a', "the config has no 'b'", options=("--set", "b=2"))
    weights.write_bytes(weights.read_bytes()[:-3])
    check('w = weight("up.weight")\n' + entry, "lies outside of the file")


@test
def an_edited_library_is_used(_, folder):
    (folder / "std.tn").write_text("fn softmax(x[*, n]) = x * 3\n")
    x = programs.normal(2, 5)
    text = "use std.softmax\nentry f(x: f32[2, 5]) -> f32[2, 5] = softmax(x)\n"
    with session(folder, text) as model:
        close(model.run({"x": x})["f"], x.astype(np.float64) * 3)


@test
def an_unseen_model(_, folder):
    weights = programs.unseen_weights()
    files.safetensors(folder / "w.safetensors", weights)
    x = programs.normal(9, 32)
    text = (ROOT / "tests/language/unseen.tn").read_text()
    with session(folder, text, "--weights", folder / "w.safetensors") as model:
        close(model.run({"x": x})["y"], programs.unseen(weights, x))


@test
def gpt2_with_a_cache(_, folder):
    weights = programs.gpt2_weights()
    files.safetensors(folder / "model.safetensors", weights)
    (folder / "config.json").write_text('{"n_layer": 2, "n_embd": 32, "n_head": 4, "n_positions": 16, "x": [1, {}]}')
    tokens = np.random.default_rng(1).integers(0, 50, 9)
    expected = programs.gpt2(weights, tokens)
    text = (ROOT / "models/gpt2.tn").read_text()
    with session(folder, text, "--weights", folder / "model.safetensors") as model:
        feeds = {"tokens": tokens[None, :6].astype(np.int32), "at": np.zeros(1, np.int32)}
        close(model.run(feeds, "logits")["logits"][0], expected[:6])
        for place in range(6, 9):
            feeds = {"token": tokens[place:place + 1].astype(np.int32), "at": np.array([place], np.int32)}
            close(model.run(feeds, "decode")["logits"][0], expected[place], f"token {place}")


@test
def llama_and_its_repeated_layers(tenon, folder):
    """A small Llama from a GGUF of mixed types against NumPy; its layers are one function."""
    model = small_llama(folder / "small.gguf")
    text = (ROOT / "models/llama.tn").read_text()
    options = ["--weights", folder / "small.gguf", "--set", "context=32"]
    tokens = np.random.default_rng(2).integers(0, 64, 7)
    expected = llama.logits(model, tokens)
    with session(folder, text, *options) as bundle:
        feeds = {"tokens": tokens[None].astype(np.int32), "at": np.zeros(1, np.int32), "mask": np.ones((1, 7), bool)}
        close(bundle.run(feeds, "logits")["logits"][0], expected)
        bundle.reset()
        feeds["tokens"] = feeds["tokens"][:, :6]  # of the cache's seventh place only the mask is there
        close(bundle.run(feeds, "prefill")["logits"][0], expected[5])
        feeds = {"token": tokens[6:].astype(np.int32), "at": np.array([6], np.int32), "mask": np.ones((1, 7), bool)}
        close(bundle.run(feeds, "decode")["logits"][0], expected[6])
    ir = tenon.call("compile", folder / "model.tn", *options, "--stop-after=import")
    assert ir.count("tenon.func private @decode") == 1, "equal layers of an entry are one function"
    assert ir.count("tenon.call @decode") == 3


@test
def products_of_packed_weights(_, folder):
    """Every packed type, in panels (rows by 16) and not, for one row and for many."""
    rng = np.random.default_rng(4)
    for seed, kind in enumerate(files.BLOCKS):
        for rows in (48, 40):
            raw = files.random_blocks(kind, rows * 512, seed)
            w = files.unpack(kind, raw).reshape(rows, 512)
            files.gguf(folder / "w.gguf", {"w": (kind, (rows, 512), raw)}, {})
            text = f"""size S in 1..64
w: f32[{rows}, 512] = weight("w")
entry one(x: f32[512]) -> y: f32[{rows}] = [o] sum(i) x[i] * w[o, i]
entry few(x: f32[5, 512]) -> y: f32[{rows}, 5] = [o, b] sum(i) w[o, i] * x[b, i]
entry many(x: f32[2, S, 512]) -> y: f32[2, S, {rows // 8}, 8] = [b, s, p, q] sum(i) x[b, s, i] * w[p * 8 + q, i]
entry row(at: i32[3]) -> y: f32[3, 512] = [s, i] w[at[s], i]
"""
            with session(folder, text, "--weights", folder / "w.gguf") as model:
                x = rng.standard_normal((2, 15, 512)).astype(np.float32)
                close(model.run({"x": x[0, 0]}, "one")["y"], w @ x[0, 0], kind)
                close(model.run({"x": x[0, :5]}, "few")["y"], w @ x[0, :5].T, kind)
                for count in (1, 6, 15):
                    expected = (x[:, :count] @ w.T).reshape(2, count, rows // 8, 8)
                    close(model.run({"x": np.ascontiguousarray(x[:, :count])}, "many")["y"], expected, f"{kind} {count}")
                at = np.array([0, 17, rows - 1], np.int32)
                close(model.run({"at": at}, "row")["y"], w[at], kind)
                lies_outside(lambda: model.run({"at": np.array([0, -1, 2], np.int32)}, "row"))
                lies_outside(lambda: model.run({"at": np.array([0, rows, 2], np.int32)}, "row"))


def lies_outside(run):
    try:
        run()
    except Exception as error:
        assert "outside" in str(error) or "range" in str(error), error
    else:
        raise AssertionError("a position outside of a table was accepted")


COUNTER = """
state seen: f32[3, 8, 2]
state calls: i64
entry put(x: f32[3, 2], at: i32) -> (all: f32[3, 8, 2], count: i64) {
  seen[b, at, d] <- x[b, d]
  calls <- calls + 1
  return [b, t, d] seen[b, t, d] * 1, calls + 0
}
"""


def put(model, at):
    x = np.full((3, 2), at + 1, np.float32)
    return model.run({"x": x, "at": np.array(at, np.int32)})


@test
def sessions_fork_truncate_save_and_restore(_, folder):
    """Each way to carry state on, and that the session it comes from does not notice."""
    with session(folder, COUNTER) as model:
        for at in range(4):
            put(model, at)
        copy, saved = model.fork(), model.save()
        first, second = put(model, 4), put(copy, 6)
        close(first["all"][:, :, 0], [[1, 2, 3, 4, 5, 0, 0, 0]] * 3, "the session")
        close(second["all"][:, :, 0], [[1, 2, 3, 4, 0, 0, 7, 0]] * 3, "its fork")
        copy.truncate(1, 2, "seen")
        close(put(copy, 5)["all"][:, :, 1], [[1, 2, 0, 0, 0, 6, 0, 0]] * 3, "what was cut")
        assert put(copy, 7)["count"] == 7, "a state without that dimension stays"
        copy.truncate(1, 0)
        close(put(copy, 3)["all"][:, :, 1], [[0, 0, 0, 4, 0, 0, 0, 0]] * 3, "all cut")
        model.restore(saved)
        third = put(model, 4)
        close(third["all"], first["all"], "what was restored")
        assert third["count"] == first["count"] == 5
        refused_by_runtime(lambda: model.truncate(1, 2, "sean"), "there is no state 'sean'")
        refused_by_runtime(lambda: model.truncate(3, 2, "seen"), "has 3 dimensions")
        refused_by_runtime(lambda: model.truncate(1, -1), "cannot be cut to -1")
        copy.close()


def refused_by_runtime(call, words):
    try:
        call()
    except RunError as error:
        assert words in str(error), f"refused with {str(error)!r}, expected {words!r}"
        return
    raise AssertionError(f"was not refused; expected {words!r}")


@test
def saved_states_are_not_trusted(_, folder):
    """Damaged ones and those of other bundles are refused, and the session keeps what it has."""
    with session(folder, COUNTER) as model:
        put(model, 0), put(model, 1)
        saved = model.save()
        rng = np.random.default_rng(0)
        for number in range(600):
            data = bytearray(saved)
            kind, at = number % 4, int(rng.integers(0, len(data)))
            if kind == 0:
                data[at] ^= 1 << int(rng.integers(0, 8))
            elif kind == 1:
                del data[at:]
            elif kind == 2:
                data[at:at] = bytes(rng.integers(0, 256, 9, dtype=np.uint8))
            else:
                at = at // 8 * 8
                data[at:at + 8] = (2**63 - 1 if number % 8 == 3 else 2**40).to_bytes(8, "little")
            refused_by_runtime(lambda: model.restore(bytes(data)), "saved")  # noqa: B023
        assert put(model, 2)["count"] == 3
        other = folder / "other"
        other.mkdir()
        with session(other, COUNTER.replace("8, 2", "9, 2")) as stranger:
            refused_by_runtime(lambda: stranger.restore(saved), "another bundle")


@test
def updates_of_state_copy_nothing(tenon, folder):
    """A cache is written where it lies: no copy in the program, and no place for one in its memory."""
    small_llama(folder / "small.gguf")
    path = folder / "model.tn"
    path.write_text((ROOT / "models/llama.tn").read_text())
    options = ["--weights", folder / "small.gguf", "--set", "context=16384"]
    program = tenon.call("compile", path, *options, "--stop-after=exec").split("exec.program")
    decode = next(part for part in program if part.lstrip().startswith("@decode"))
    assert "exec.copy" not in decode, "decode copies"
    with session(folder, path.read_text(), *options) as model:
        feeds = {"token": np.array([5], np.int32), "at": np.array([3], np.int32), "mask": np.ones((1, 4), bool)}
        model.run(feeds, "decode")
        cache, held = 3 * 2 * 16384 * 128 * 4, model.memory()
    assert cache <= held < cache * 1.1, f"the session holds {held} bytes, its cache {cache}"


@test
def states_that_would_need_a_copy_are_refused(tenon, folder):
    """The old value and the new one at once: two memories, which a model must ask for itself."""
    (folder / "model.tn").write_text("""state cache: f32[64, 4]
entry f(x: f32[4], at: i32) -> f32[64, 4] {
  old = cache
  cache[at, d] <- x[d]
  return old + cache
}
""")
    refused(lambda: tenon.call("compile", folder / "model.tn", "-o", folder / "model.tenon"),
            "a state is read after its update, which would need a copy")


@test
def sequences_of_different_lengths(_, folder):
    """Two in a batch: prompts padded to the longer one, then each goes on at its own place."""
    model = small_llama(folder / "small.gguf")
    rng = np.random.default_rng(4)
    lengths, rows = [6, 3], [rng.integers(0, 64, 9), rng.integers(0, 64, 6)]
    expected = [llama.logits(model, row) for row in rows]
    prompt = np.zeros((2, 6), np.int32)
    for number, length in enumerate(lengths):
        prompt[number, :length] = rows[number][:length]
    text = (ROOT / "models/llama.tn").read_text()
    options = ["--weights", folder / "small.gguf", "--set", "context=32", "--set", "batch=2"]
    with session(folder, text, *options) as bundle:
        mask = np.arange(6) < np.array(lengths)[:, None]
        logits = bundle.run({"tokens": prompt, "at": np.zeros(2, np.int32), "mask": mask}, "logits")["logits"]
        for number, length in enumerate(lengths):
            close(logits[number, :length], expected[number][:length], f"prompt {number}")
        for step in range(3):
            at = np.array(lengths, np.int32) + step
            feeds = {"token": np.array([row[place] for row, place in zip(rows, at)], np.int32), "at": at,
                     "mask": np.arange(at.max() + 1) <= at[:, None]}
            logits = bundle.run(feeds, "decode")["logits"]
            for number in range(2):
                close(logits[number], expected[number][at[number]], f"sequence {number}, step {step}")


def make_model(name):
    def run(_, folder):
        pytorch.check(name, folder, compiler, runtime)
    run.__name__ = f"model_{name}"
    test(run)


for name in pytorch.names():
    make_model(name)


def small_llama(path):
    """Three layers, two heads of 128 on one group, packed and plain weights."""
    width, hidden, vocab = 256, 512, 64
    rng = np.random.default_rng(3)
    tensors = {}

    def plain(name, *shape):
        tensors[name] = ("F32", shape, (rng.standard_normal(shape) * 0.1 + 1).astype(np.float32).tobytes())

    def blocks(name, kind, *shape):
        tensors[name] = (kind, shape, files.random_blocks(kind, int(np.prod(shape)), len(tensors), 0.002))

    blocks("token_embd.weight", "Q8_0", vocab, width)
    plain("output_norm.weight", width)
    for layer in range(3):
        at = f"blk.{layer}."
        plain(at + "attn_norm.weight", width)
        plain(at + "ffn_norm.weight", width)
        for name, kind, shape in (("attn_q", "Q4_1", (width, width)), ("attn_k", "Q4_0", (128, width)),
                                  ("attn_v", "Q5_1", (128, width)), ("attn_output", "Q4_K", (width, width)),
                                  ("ffn_gate", "Q4_1", (hidden, width)), ("ffn_up", "Q8_0", (hidden, width)),
                                  ("ffn_down", "Q6_K", (width, hidden))):
            blocks(f"{at}{name}.weight", kind, *shape)
    files.gguf(path, tensors, {"general.architecture": "llama", "llama.block_count": 3, "llama.embedding_length": width,
                               "llama.feed_forward_length": hidden, "llama.attention.head_count": 2,
                               "llama.attention.head_count_kv": 1,
                               "llama.attention.layer_norm_rms_epsilon": 1e-5})
    return llama.Gguf(path)


if __name__ == "__main__":
    main("language")
