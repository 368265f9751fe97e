"""`tenon`, `tenon compile` and `tenon check`: refusals in words, and what is left on the disk."""

import os
import random
import resource
import signal
import subprocess
import time

import numpy as np
from onnx import TensorProto, helper

import models
from checks import refused, settings, test
from common import ROOT
from tenon import TenonError

OLD = b"the file that was there before"


@test
def unknown_verb(tenon, folder):
    refused(lambda: tenon.call("frobnicate"), "frobnicate", status=2)


@test
def usage_errors(tenon, folder):
    refused(lambda: tenon.call("compile"), status=2)
    refused(lambda: tenon.call("compile", "x.onnx", "-o", "y.tenon", "--no-such-option"), "no-such-option", status=2)
    refused(lambda: tenon.call("run"), status=2)


@test
def help_is_printed(tenon, folder):
    for verb in ("compile", "check", "run", "inspect", "bench"):
        assert "Usage" in (text := tenon.call(verb, "--help")) or "usage" in text, text[:200]


@test
def missing_model(tenon, folder):
    refused(lambda: tenon.compile(folder / "nowhere.onnx", folder / "x.tenon"), "nowhere.onnx")
    assert not (folder / "x.tenon").exists()


@test
def not_a_model(tenon, folder):
    for name, content in (("empty.onnx", b""), ("text.onnx", b"hello, world\n" * 50), ("zeros.onnx", bytes(4096))):
        (folder / name).write_bytes(content)
        refused(lambda: tenon.compile(folder / name, folder / "x.tenon"))
        assert not (folder / "x.tenon").exists()


def write_unknown_operators(path):
    nodes = [helper.make_node("Relu", ["x"], ["a"], name="fine"),
             helper.make_node("Frobnicate", ["a"], ["b"], name="first_strange"),
             helper.make_node("Twiddle", ["b"], ["y"], name="second_strange", domain="com.example")]
    return models.save(path, nodes, [("x", TensorProto.FLOAT, [4])], [("y", TensorProto.FLOAT, [4])],
                       extra_opsets=[("com.example", 3)])


@test
def check_lists_everything_that_is_missing(tenon, folder):
    model = write_unknown_operators(folder / "strange.onnx")
    words = ("first_strange", "Frobnicate", "second_strange", "Twiddle", "com.example", "17", "3")
    refused(lambda: tenon.call("check", model), *words)
    refused(lambda: tenon.compile(model, folder / "x.tenon"), *words[:5])


@test
def check_accepts_what_compiles(tenon, folder):
    tenon.call("check", models.perceptron(folder / "good.onnx"))


@test
def bad_arity_and_bad_types(tenon, folder):
    strange = {"too few": helper.make_node("Add", ["x"], ["y"], name="add_1"),
               "too many": helper.make_node("Relu", ["x", "x", "x"], ["y"], name="relu_3"),
               "undefined": helper.make_node("Relu", ["ghost"], ["y"], name="of_a_ghost")}
    for node in strange.values():
        model = models.save(folder / "bad.onnx", [node], [("x", TensorProto.FLOAT, [4])],
                            [("y", TensorProto.FLOAT, [4])])
        refused(lambda: tenon.compile(model, folder / "x.tenon"), node.name)


@test
def unknown_dimension(tenon, folder):
    model = models.perceptron(folder / "m.onnx")
    refused(lambda: tenon.compile(model, folder / "x.tenon", "--dim", "nonsense=4"), "nonsense")
    for malformed in ("batch=9..2", "batch=x", "batch", "batch=2..8:0"):
        refused(lambda: tenon.compile(model, folder / "x.tenon", "--dim", malformed), "batch", status=2)


@test
def unwritable_folder(tenon, folder):
    model = models.perceptron(folder / "m.onnx")
    refused(lambda: tenon.compile(model, "/sys/kernel/x.tenon"), "/sys/kernel")
    refused(lambda: tenon.compile(model, folder / "no" / "such" / "folder.tenon"), "folder")


@test
def full_disk_leaves_the_old_file(tenon, folder):
    """A file-size limit, its signal ignored, makes writes fail half way as a full disk does."""
    target = folder / "out.tenon"
    target.write_bytes(OLD)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run([tenon.bin / "tenon", "compile", ROOT / "tests/data/mnist.onnx", "-o", target],
                          preexec_fn=limit, capture_output=True, env=tenon.env, timeout=120)
    assert done.returncode == 1, f"exit status {done.returncode}: {done.stderr.decode()[-300:]}"
    assert done.stderr.strip(), "refused without a message"
    assert target.read_bytes() == OLD, "the old file was touched"
    assert os.listdir(folder) == ["out.tenon"], f"left behind: {os.listdir(folder)}"


@test
def failed_compile_leaves_the_old_file(tenon, folder):
    target, model = folder / "out.tenon", write_unknown_operators(folder / "strange.onnx")
    target.write_bytes(OLD)
    refused(lambda: tenon.compile(model, target))
    assert target.read_bytes() == OLD


@test
def killed_compile_leaves_old_or_whole(tenon, folder):
    model, target = ROOT / "tests/data/mnist.onnx", folder / "out.tenon"
    start = time.monotonic()
    tenon.compile(model, target)
    took, whole = time.monotonic() - start, target.read_bytes()
    for delay in sorted(random.Random(settings.seed).uniform(0, 1.1 * took) for _ in range(40 if settings.full else 12)):
        target.write_bytes(OLD)
        process = subprocess.Popen([tenon.bin / "tenon", "compile", model, "-o", target], env=tenon.env,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert target.read_bytes() in (OLD, whole), f"neither old nor whole after {delay:.3f} s"


@test
def stages_can_be_printed(tenon, folder):
    model = models.perceptron(folder / "m.onnx")
    text = tenon.call("compile", model, "-o", folder / "x.tenon", "--stop-after=graph")
    assert "tenon." in text, f"no IR: {text[:200]!r}"
    refused(lambda: tenon.call("compile", model, "-o", folder / "x.tenon", "--stop-after=nowhere"), "nowhere",
            status=2)
    tenon.call("compile", model, "-o", folder / "x.tenon", "--print-ir-after=tenon-fuse-kernels,exec-plan-memory")
    refused(lambda: tenon.call("compile", model, "-o", folder / "x.tenon", "--print-ir-after=nonsense"), "nonsense",
            "tenon-fuse-kernels", "exec-plan-memory", status=2)


@test
def odd_paths(tenon, folder):
    place = folder / "päth with spaces & 'quotes'"
    place.mkdir()
    model = models.perceptron(place / "модель.onnx")
    tenon.compile(model, place / "out put.tenon")
    x = np.ones((2, 16), np.float32)
    assert tenon.run(place / "out put.tenon", {"x": x})["y"].shape == (2, 8)


@test
def refusals_end_soon_under_low_memory(tenon, folder):
    """A model that claims a tensor of 2^40 bytes is refused, not attempted."""
    big = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2**20, 2**18], raw_data=b"1234")
    model = models.save(folder / "big.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
                        [("x", TensorProto.FLOAT, [1, 2**20])], [("y", TensorProto.FLOAT, [1, 2**18])], [big])
    try:
        refused(lambda: tenon.compile(model, folder / "x.tenon"), "w")
    except TenonError as error:
        raise AssertionError(str(error)) from None
