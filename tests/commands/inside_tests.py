"""Looking inside: IR printed, fed back and refused, passes timed; the least sizes that have a meaning."""

import json
import subprocess

import numpy as np
from onnx import TensorProto, helper

import models
from checks import refused, test
from common import ROOT

MNIST = ROOT / "tests/data/mnist.onnx"
SILERO = ROOT / "tests/data/silero_vad_16k_op15.onnx"
GELU = """module {
  tenon.func @main(%x: tensor<6x10xf32> {tenon.name = "x"}) -> (tensor<6x10xf32> {tenon.name = "z"}) {
    %0 = tenon.add %x, %x : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
    %1 = tenon.gelu %0 : (tensor<6x10xf32>) -> tensor<6x10xf32>
    tenon.return %1 : tensor<6x10xf32>
  }
}
"""


@test
def printed_ir_compiles_again(tenon, folder):
    """With its weights beside it, IR of both early stages gives the same answers as the model."""
    tenon.compile(MNIST, folder / "m.tenon")
    x = np.random.default_rng(0).standard_normal((1, 1, 28, 28)).astype(np.float32)
    expected = tenon.run(folder / "m.tenon", {"Input3": x})
    for stage in ("import", "graph"):
        text = tenon.call("compile", MNIST, "--stop-after", stage, "--save-weights", folder / "w.bin")
        (folder / "again.mlir").write_text(text)
        tenon.compile(folder / "again.mlir", folder / "again.tenon")
        again = tenon.run(folder / "again.tenon", {"Input3": x})
        assert np.array_equal(again["Plus214_Output_0"], expected["Plus214_Output_0"]), stage


@test
def ir_without_its_weights(tenon, folder):
    (folder / "m.mlir").write_text(tenon.call("compile", MNIST, "--stop-after", "graph"))
    refused(lambda: tenon.compile(folder / "m.mlir", folder / "m.tenon"), "Parameter", "--save-weights")
    refused(lambda: tenon.call("compile", MNIST, "--save-weights", folder / "w.bin"), "--stop-after", status=2)


@test
def ir_of_later_stages_is_named(tenon, folder):
    for stage in ("fuse", "tile", "exec"):
        (folder / "m.mlir").write_text(tenon.call("compile", MNIST, "--stop-after", stage, "--elide"))
        message = refused(lambda: tenon.compile(folder / "m.mlir", folder / "m.tenon"), "m.mlir")
        assert f"after stage '{stage}'" in message or "elided" in message, message
        assert len(message.splitlines()) < 5, message


@test
def nothing_to_compile(tenon, folder):
    for text in ("", "module {}"):
        (folder / "m.mlir").write_text(text)
        refused(lambda: tenon.compile(folder / "m.mlir", folder / "m.tenon"), "m.mlir", "no tenon.func")


@test
def ir_by_hand_has_names(tenon, folder):
    (folder / "m.mlir").write_text(GELU)
    tenon.compile(folder / "m.mlir", folder / "m.tenon")
    kernel, = json.loads(tenon.call("inspect", folder / "m.tenon", "--json"))["kernels"]
    assert kernel["nodes"] == ["add:3", "gelu:4"], kernel["nodes"]


@test
def printed_ir_can_be_short(tenon, folder):
    whole = tenon.call("compile", MNIST, "--stop-after", "graph")
    short = tenon.call("compile", MNIST, "--stop-after", "graph", "--elide")
    assert "loc(" in whole and "loc(" not in short and "elided" in short and len(short) < 0.8 * len(whole), short[:500]


@test
def codegen_is_readable(tenon, folder):
    text = tenon.call("compile", models.perceptron(folder / "m.onnx"), "--stop-after", "codegen", "--target", "cpu:avx2")
    assert "target cpu:avx2" in text and "define" in text and "fma" in text and "avx512" not in text, text[:500]


@test
def all_stages_are_timed(tenon, folder):
    model = models.perceptron(folder / "m.onnx")
    done = subprocess.run([tenon.bin / "tenon", "compile", model, "-o", folder / "m.tenon", "--time-passes"],
                          capture_output=True, text=True, env=tenon.env)
    for word in ("import", "graph", "fuse", "tile", "exec", "codegen", "bundle"):
        assert word in done.stderr, f"no {word}: {done.stderr}"


@test
def a_failing_pass_can_be_replayed(tenon, folder):
    """The IR and the passes in one file; a run without failure writes none."""
    (folder / "m.mlir").write_text("""tenon.func @main() -> tensor<i64> {
      %0 = tenon.dim <4611686018427387904 * 4> : tensor<i64>
      tenon.return %0 : tensor<i64>
    }""")
    report = folder / "crash.mlir"
    message = "has a size that overflowed"
    refused(lambda: tenon.call("compile", folder / "m.mlir", "-o", folder / "m.tenon", "--crash-reproducer", report), message)
    done = subprocess.run([tenon.bin / "tenon-opt", "--run-reproducer", report], capture_output=True, text=True,
                          env=tenon.env)
    assert done.returncode == 1 and message in done.stderr, done.stderr
    other = folder / "none.mlir"
    tenon.call("compile", models.perceptron(folder / "m.onnx"), "-o", folder / "m.tenon", "--crash-reproducer", other)
    assert not other.exists()


@test
def misuse_of_compile(tenon, folder):
    model = models.perceptron(folder / "m.onnx")
    refused(lambda: tenon.call("compile", model, "--target", "toaster"), "tenon compile: error: ", "toaster", status=2)
    refused(lambda: tenon.call("compile", model, "--print-ir-after", "tenon-fuse-kernel"),
            "did you mean 'tenon-fuse-kernels'?", status=2)
    refused(lambda: tenon.call("check", "nowhere.onnx"), "tenon check: error: ", "nowhere.onnx")


@test
def least_sizes_come_from_the_model(tenon, folder):
    """Silero reflects 64 samples and takes windows of 256; a run without sizes takes the least that work."""
    tenon.compile(SILERO, folder / "m.tenon")
    symbols = json.loads(tenon.call("inspect", folder / "m.tenon", "--json"))["entry_points"][0]["symbols"]
    assert {s["name"]: s["min"] for s in symbols} == {"batch": 1, "sequence": 192}, symbols
    tenon.call("run", folder / "m.tenon", "--random")
    refused(lambda: tenon.call("run", folder / "m.tenon", "--random", "--dim", "sequence=100"), "sequence",
            "192 or more")


@test
def a_run_says_which_sizes_nobody_gave(tenon, folder):
    """Two sizes that must agree cannot be bounded one by one."""
    reshape = helper.make_node("Reshape", ["x", "s"], ["y"], name="to_rows")
    s = helper.make_tensor("s", TensorProto.INT64, [2], [-1, 7])
    model = models.save(folder / "m.onnx", [reshape], [("x", TensorProto.FLOAT, ["n", 3])],
                        [("y", TensorProto.FLOAT, None)], [s])
    tenon.compile(model, folder / "m.tenon")
    refused(lambda: tenon.call("run", folder / "m.tenon", "--random"), "to_rows", "n = 1", "size of n", "--dim")
    tenon.call("run", folder / "m.tenon", "--random", "--dim", "n=7")
