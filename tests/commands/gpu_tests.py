"""`--target` and `--device cuda:N` on simulated GPUs: answers, and what is refused in which words."""

import ctypes

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import models
from checks import Skip, refused, test
from run_tests import relu, sample
from tenon import Tenon


def simulated(tenon, gpu="a100", device="cuda:0"):
    if not (tenon.bin / "tenon-sim").exists():
        raise Skip("the simulator is not built here")
    return Tenon(tenon.bin.parent.name, device=device, gpu=gpu)


def gather(path):
    """y = table[i], which refuses an index that the table has not."""
    table = numpy_helper.from_array(np.arange(24, dtype=np.float32).reshape(6, 4), "table")
    return models.save(path, [helper.make_node("Gather", ["table", "i"], ["y"], name="lookup")],
                       [("i", TensorProto.INT64, ["n"])], [("y", TensorProto.FLOAT, ["n", 4])], [table])


@test
def one_bundle_for_both_devices(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon", "--target", "cpu,sm_80")
    for rows in (1, 3, 65):
        for device in (tenon, simulated(tenon)):
            np.testing.assert_allclose(device.run(folder / "m.tenon", {"x": sample(rows)})["y"],
                                       relu(sample(rows), folder), rtol=1e-4, atol=1e-4)


@test
def every_architecture(tenon, folder):
    program = folder / "m.tenon"
    tenon.compile(models.perceptron(folder / "m.onnx"), program, "--target", "sm_80,sm_86,sm_89,sm_90a,sm_100a,sm_120a")
    for gpu in ("a100", "a10", "l40s", "h100", "b200", "rtx5090", "fictional"):
        np.testing.assert_allclose(simulated(tenon, gpu).run(program, {"x": sample()})["y"], relu(sample(), folder),
                                   rtol=1e-4, atol=1e-4)


@test
def architecture_with_suffix_brings_ptx_for_others(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon", "--target", "sm_90a")
    targets = tenon.call("inspect", folder / "m.tenon")
    assert "cuda:sm_90a" in targets and "cuda:compute_80" in targets, targets
    simulated(tenon, "fictional").run(folder / "m.tenon", {"x": sample()})


@test
def kernels_of_a_gpu(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon", "--target", "sm_80")
    text = tenon.call("inspect", folder / "m.tenon", "--kernels")
    assert "1 launches" in text and "block 32" in text, text
    ptx = tenon.call("inspect", folder / "m.tenon", "--ptx", "k0")
    assert ".target sm_80" in ptx and ".entry k0(" in ptx, ptx[:400]
    refused(lambda: tenon.call("inspect", folder / "m.tenon", "--ptx", "k99"), "k99")


@test
def unknown_target(tenon, folder):
    model = models.perceptron(folder / "m.onnx")
    refused(lambda: tenon.compile(model, folder / "m.tenon", "--target", "sm_75"), "sm_75", "sm_80", "sm_120a", status=2)
    assert not (folder / "m.tenon").exists()


@test
def no_driver(tenon, folder):
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        pass
    else:
        raise Skip("this machine has a driver")
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon", "--target", "sm_80")
    refused(lambda: tenon.call("run", folder / "m.tenon", "--random", "--device", "cuda:0", "--output-dir", folder / "o"),
            "no NVIDIA driver", "libcuda.so.1", status=3)


@test
def no_such_gpu(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon", "--target", "sm_80")
    refused(lambda: simulated(tenon, device="cuda:1").run(folder / "m.tenon", {"x": sample()}), "cuda:1", "1 GPU",
            status=3)


@test
def no_code_for_this_gpu(tenon, folder):
    program = folder / "m.tenon"
    model = models.perceptron(folder / "m.onnx")
    for target in ("cpu", "sm_89"):
        tenon.compile(model, program, "--target", target)
        refused(lambda: simulated(tenon).run(program, {"x": sample()}), "no code", "sm_80", "--target", status=3)
    refused(lambda: tenon.run(program, {"x": sample()}), "no code", status=3)


@test
def refused_data_names_the_node(tenon, folder):
    tenon.compile(gather(folder / "g.onnx"), folder / "g.tenon", "--target", "sm_80")
    gpu = simulated(tenon)
    good = gpu.run(folder / "g.tenon", {"i": np.array([5, 0, 3], np.int64)})["y"]
    np.testing.assert_array_equal(good, np.arange(24, dtype=np.float32).reshape(6, 4)[[5, 0, 3]])
    for bad in (6, 1 << 40, -7):
        refused(lambda: gpu.run(folder / "g.tenon", {"i": np.array([0, bad], np.int64)}), "lookup", "out of range")


@test
def empty_tensors(tenon, folder):
    tenon.compile(gather(folder / "g.onnx"), folder / "g.tenon", "--target", "sm_80", "--dim", "n=0..9")
    assert simulated(tenon).run(folder / "g.tenon", {"i": np.zeros(0, np.int64)})["y"].shape == (0, 4)
