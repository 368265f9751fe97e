"""Command lines: help, misuse in words, sizes that nobody gave."""

import json
import shutil
import subprocess

import numpy as np

import models
from checks import refused, test

VERBS = ("compile", "check", "run", "bench", "inspect", "verify")


def bundle(tenon, folder, *options, **shape):
    tenon.compile(models.perceptron(folder / "m.onnx", **shape), folder / "m.tenon", *options)
    return folder / "m.tenon"


@test
def help_of_a_verb(tenon, folder):
    for verb in VERBS:
        text = tenon.call("help", verb)
        assert text == tenon.call(verb, "--help") and f"tenon {verb}" in text, text
        assert "=[" not in text and "REQUIRED" not in text and " ..." not in text, text


@test
def only_installed_verbs_are_listed(tenon, folder):
    """Alone in a folder, `tenon` has no verbs, and says where they come from."""
    shutil.copy(tenon.bin / "tenon", folder / "tenon")
    text = subprocess.run([folder / "tenon", "--help"], capture_output=True, text=True, env=tenon.env).stdout
    listed, absent = text.split("not installed:")
    assert "run" not in listed and "run (package 'tenon')" in absent, text
    whole = tenon.call("--help")
    assert all(f"\n  {verb} " in whole.split("not installed:")[0] for verb in VERBS), whole


@test
def misuse_names_the_command(tenon, folder):
    refused(lambda: tenon.call("comple"), "'comple' is not a verb of tenon, did you mean 'compile'?", status=2)
    refused(lambda: tenon.call("run", "x", "--thread", "3"),
            "tenon run: error: unknown option '--thread', did you mean '--threads'?", status=2)
    refused(lambda: tenon.call("run", "x", "first", "second"), "tenon run: error: unexpected argument 'first'", status=2)
    refused(lambda: tenon.call("compile", "x", "first", "second"), "tenon compile: error: unexpected argument 'first'",
            status=2)
    refused(lambda: tenon.call("inspect"), "tenon inspect: error: BUNDLE is required", status=2)
    refused(lambda: tenon.call("run", "x", "--seed"), "tenon run: error: --seed needs a value", status=2)
    for verb in VERBS:
        refused(lambda: tenon.call(verb, "--xyzzy"), f"tenon {verb}: error: unknown option '--xyzzy'\n", status=2)


@test
def numbers_are_numbers(tenon, folder):
    program = bundle(tenon, folder)
    for seconds in ("nan", "inf", "-1", "1e9", "soon"):
        refused(lambda: tenon.call("bench", program, "--seconds", seconds), "--seconds", seconds, status=2)


@test
def sizes_need_random_inputs(tenon, folder):
    np.save(folder / "x.npy", np.ones((2, 16), np.float32))
    program = bundle(tenon, folder)
    refused(lambda: tenon.call("run", program, "--input", f"x={folder}/x.npy", "--dim", "batch=3"), "--random", status=2)


@test
def sizes_have_a_range(tenon, folder):
    program = bundle(tenon, folder, "--dim", "batch=2..8:2")
    for size in (1, 5, 10):
        refused(lambda: tenon.call("run", program, "--random", "--dim", f"batch={size}"), f"is {size}",
                "2 to 8")
    refused(lambda: tenon.call("run", program, "--random", "--dim", "bach=2"), "'bach'", "it has batch")
    tenon.call("run", program, "--random", "--dim", "batch=4", "--output-dir", folder)
    assert np.load(folder / "y.npy").shape == (4, 8)


@test
def sizes_no_memory_could_hold(tenon, folder):
    program = bundle(tenon, folder)
    refused(lambda: tenon.call("run", program, "--random", "--dim", "batch=2000000000"), "no memory for input 'x'",
            "[2000000000 x 16]")


@test
def random_inputs_fit_the_given_ones(tenon, folder):
    from onnx import TensorProto, helper
    model = models.save(folder / "m.onnx", [helper.make_node("Add", ["a", "b"], ["y"])],
                        [(name, TensorProto.FLOAT, ["n", 3]) for name in "ab"], [("y", TensorProto.FLOAT, ["n", 3])])
    tenon.compile(model, folder / "m.tenon")
    np.savez(folder / "part.npz", a=np.ones((5, 3), np.float32))
    tenon.call("run", folder / "m.tenon", "--input", folder / "part.npz", "--random", "--output-dir", folder)
    assert np.load(folder / "y.npy").shape == (5, 3)


@test
def places_are_looked_at_before_the_run(tenon, folder):
    """An input that is refused at the run shows whether the run was reached."""
    program = bundle(tenon, folder)
    np.save(folder / "x.npy", np.ones((2, 15), np.float32))
    (folder / "file").write_bytes(b"")
    call = lambda *options: tenon.call("run", program, "--input", f"x={folder}/x.npy", *options)
    refused(lambda: call("--output-dir", folder / "file"), "cannot make folder")
    refused(lambda: call("--output", folder / "nowhere" / "y.npz"), "cannot write to folder", "nowhere")
    refused(lambda: call(), "16")


@test
def inspect_reads_sizes(tenon, folder):
    program = bundle(tenon, folder)
    text = tenon.call("inspect", program, "--kernels")
    assert "input x: f32 [batch x 16]" in text and "size batch: 1 or more" in text, text
    assert "product, bias, activation" in text and "null" not in text, text
    text = tenon.call("inspect", program, "--dim", "batch=4", "--memory")
    assert "input x: f32 [4 x 16]" in text and "arena" in text and "size batch" not in text, text
    data = json.loads(tenon.call("inspect", program, "--json", "--dim", "batch=4"))
    assert isinstance(data["kernels"][0]["flops"], int), data["kernels"]
    refused(lambda: tenon.call("inspect", program, "--dim", "rows=4"), "'rows'", "it has batch")


@test
def bench_without_profile(tenon, folder):
    program = bundle(tenon, folder)
    options = ("bench", program, "--json", "--runs", "1", "--warmup", "0")
    assert json.loads(tenon.call(*options))["kernels"], "no kernels in the profile"
    data = json.loads(tenon.call(*options, "--no-profile"))
    assert data["runs"] == 1 and data["kernels"] == [], data
