"""`tenon run`: inputs by name and file, what is wrong with them, and where outputs go."""

import numpy as np
import onnx
from onnx import TensorProto, helper

import models
from checks import refused, test


def bundle(tenon, folder, **shape):
    tenon.compile(models.perceptron(folder / "m.onnx", **shape), folder / "m.tenon")
    return folder / "m.tenon"


def relu(x, folder):
    import onnxruntime
    return onnxruntime.InferenceSession(str(folder / "m.onnx")).run(None, {"x": x})[0]


def sample(rows=3, columns=16):
    return np.random.default_rng(5).standard_normal((rows, columns)).astype(np.float32)


@test
def free_dimension(tenon, folder):
    program = bundle(tenon, folder)
    for rows in (1, 2, 3, 17, 64):
        np.testing.assert_allclose(tenon.run(program, {"x": sample(rows)})["y"], relu(sample(rows), folder),
                                   rtol=1e-4, atol=1e-4)


@test
def wrong_shapes(tenon, folder):
    program = bundle(tenon, folder)
    for wrong in (sample(3, 15), sample(3, 17), sample()[0], sample()[None], np.float32(1)):
        refused(lambda: tenon.run(program, {"x": wrong}), "x")


@test
def out_of_range_dimension(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon", "--dim", "batch=2..8:2")
    assert tenon.run(folder / "m.tenon", {"x": sample(4)})["y"].shape == (4, 8)
    for rows in (1, 3, 10):
        refused(lambda: tenon.run(folder / "m.tenon", {"x": sample(rows)}), "batch", rows)


@test
def wrong_types(tenon, folder):
    program = bundle(tenon, folder)
    for kind in (np.float64, np.float16, np.int32, np.int64, np.bool_, np.complex64):
        refused(lambda: tenon.run(program, {"x": sample().astype(kind)}), "x")


@test
def wrong_names(tenon, folder):
    program = bundle(tenon, folder)
    refused(lambda: tenon.run(program, {"nobody": sample()}), "nobody")
    refused(lambda: tenon.run(program, {"x": sample(), "more": sample()}), "more")
    refused(lambda: tenon.run(program, {}), "x")


@test
def unreadable_inputs(tenon, folder):
    program = bundle(tenon, folder)
    refused(lambda: tenon.call("run", program, "--input", f"x={folder}/nowhere.npy", "--output-dir", folder / "o"),
            "nowhere.npy")
    np.save(folder / "good.npy", sample())
    good = (folder / "good.npy").read_bytes()
    damaged = {"empty": b"", "text": b"not an array", "cut": good[:-7], "head": good[:60],
               "huge": good.replace(b"(3, 16)", b"(3, 99999999999999999999)"),
               "negative": good.replace(b"(3, 16)", b"(-3, 16)"),
               "nested": b"\x93NUMPY\x01\x00\xff\xff" + b"{" * 65535}
    for name, content in damaged.items():
        path = folder / f"{name}.npy"
        path.write_bytes(content)
        refused(lambda: tenon.call("run", program, "--input", f"x={path}", "--output-dir", folder / "o"), name)
    np.save(folder / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused(lambda: tenon.call("run", program, "--input", f"x={folder}/pickled.npy", "--output-dir", folder / "o"),
            "pickled")


@test
def layouts_of_arrays(tenon, folder):
    """Fortran order and version 2 headers are NumPy's business and must not change the answer."""
    program, x = bundle(tenon, folder), sample()
    expected = tenon.run(program, {"x": x})["y"]
    assert np.array_equal(tenon.run(program, {"x": np.asfortranarray(x)})["y"], expected)
    with open(folder / "v2.npy", "wb") as file:
        np.lib.format.write_array(file, x, version=(2, 0))
    tenon.call("run", program, "--input", f"x={folder}/v2.npy", "--output-dir", folder / "out")
    assert np.array_equal(np.load(folder / "out" / "y.npy"), expected)


@test
def archives(tenon, folder):
    program, x = bundle(tenon, folder), sample()
    expected = tenon.run(program, {"x": x})["y"]
    for save in (np.savez, np.savez_compressed):
        save(folder / "in.npz", x=x)
        tenon.call("run", program, "--input", folder / "in.npz", "--output", folder / "out.npz")
        with np.load(folder / "out.npz") as out:
            assert np.array_equal(out["y"], expected)


@test
def random_inputs(tenon, folder):
    program, results = bundle(tenon, folder), []
    for index, options in enumerate((["--seed", "3"], ["--seed", "3"], ["--seed", "4"], [])):
        tenon.call("run", program, "--random", *options, "--output-dir", folder / f"o{index}")
        results.append(np.load(folder / f"o{index}" / "y.npy"))
    assert results[0].shape == (1, 8), "a free dimension is 1 unless --dim says otherwise"
    assert np.array_equal(results[0], results[1]) and not np.array_equal(results[0], results[2])
    tenon.call("run", program, "--random", "--dim", "batch=5", "--output-dir", folder / "d")
    refused(lambda: tenon.call("run", program, "--random", "--dim", "batch=99999999999", "--output-dir", folder / "e"),
            "'batch'", "99999999999", "1 to 2147483647")
    assert np.load(folder / "d" / "y.npy").shape == (5, 8)


@test
def output_names(tenon, folder):
    nodes = [helper.make_node("Relu", ["x"], ["a/b:0"]), helper.make_node("Neg", ["x"], ["a b:0"]),
             helper.make_node("Abs", ["x"], ["plain-1.2_x"])]
    info = lambda name: (name, TensorProto.FLOAT, [2, 3])
    model = models.save(folder / "m.onnx", nodes, [info("x")], [info(n.output[0]) for n in nodes])
    tenon.compile(model, folder / "m.tenon")
    x = np.array([[1, -2, 3], [-4, 5, -6]], np.float32)
    results = tenon.run(folder / "m.tenon", {"x": x})
    assert sorted(results) == ["a_b_0", "a_b_0_2", "plain-1.2_x"], sorted(results)
    assert np.array_equal(results["a_b_0"], np.maximum(x, 0)) and np.array_equal(results["a_b_0_2"], -x)


@test
def input_names_with_equals_signs(tenon, folder):
    """`--input NAME=FILE` splits at the first `=`; the path may hold more of them."""
    program = bundle(tenon, folder)
    np.save(folder / "a=b.npy", sample())
    tenon.call("run", program, "--input", f"x={folder}/a=b.npy", "--output-dir", folder / "out")


@test
def no_device(tenon, folder):
    program = bundle(tenon, folder)
    np.save(folder / "x.npy", sample())
    refused(lambda: tenon.call("run", program, "--input", f"x={folder}/x.npy", "--device", "cuda:0",
                               "--output-dir", folder / "o"), "cuda", status=3)
    refused(lambda: tenon.call("run", program, "--random", "--device", "toaster"), "toaster", status=2)


@test
def unwritable_outputs(tenon, folder):
    program = bundle(tenon, folder)
    refused(lambda: tenon.call("run", program, "--random", "--output-dir", "/sys/kernel/out"), "/sys/kernel")
    (folder / "file").write_bytes(b"")
    refused(lambda: tenon.call("run", program, "--random", "--output-dir", folder / "file"), "file")


@test
def scalars_and_empty_tensors(tenon, folder):
    nodes = [helper.make_node("Mul", ["x", "s"], ["y"], name="scale")]
    model = models.save(folder / "m.onnx", nodes, [("x", TensorProto.FLOAT, ["n"]), ("s", TensorProto.FLOAT, [])],
                        [("y", TensorProto.FLOAT, ["n"])])
    tenon.compile(model, folder / "m.tenon")
    x, s = np.arange(5, dtype=np.float32), np.array(2, np.float32)
    assert np.array_equal(tenon.run(folder / "m.tenon", {"x": x, "s": s})["y"], x * 2)
    try:
        result = tenon.run(folder / "m.tenon", {"x": x[:0], "s": s})["y"]
    except Exception:
        refused(lambda: tenon.run(folder / "m.tenon", {"x": x[:0], "s": s}), "n")
    else:
        assert result.shape == (0,)


@test
def a_result_that_nobody_reads(tenon, folder):
    """The number of chosen elements is asked for, which they are is not."""
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Compress", ["x", "keep"], ["kept"], axis=1), onnx.helper.make_node("Shape", ["kept"], ["y"])],
        "g", [value("x", onnx.TensorProto.FLOAT, [2, 3]), value("keep", onnx.TensorProto.BOOL, [3])],
        [value("y", onnx.TensorProto.INT64, [2])])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9), folder / "m.onnx")
    tenon.compile(folder / "m.onnx", folder / "m.tenon")
    feeds = {"x": np.zeros((2, 3), np.float32), "keep": np.array([True, False, True])}
    assert tenon.run(folder / "m.tenon", feeds)["y"].tolist() == [2, 2]


@test
def inputs_called_like_loops(tenon, folder):
    """A loop's counter is no dimension of an input `loop`."""
    flow = helper.make_graph([helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Add", ["v", "loop"], ["v2"])],
                             "body", [helper.make_tensor_value_info("i", TensorProto.INT64, []),
                                      helper.make_tensor_value_info("c", TensorProto.BOOL, []),
                                      helper.make_tensor_value_info("v", TensorProto.FLOAT, None)],
                             [helper.make_tensor_value_info("c2", TensorProto.BOOL, []),
                              helper.make_tensor_value_info("v2", TensorProto.FLOAT, None)])
    nodes = [helper.make_node("Loop", ["n", "", "loop"], ["y"], body=flow), helper.make_node("Relu", ["loop"], ["z"])]
    model = models.save(folder / "m.onnx", nodes,
                        [("n", TensorProto.INT64, []), ("loop", TensorProto.FLOAT, [None])],
                        [("y", TensorProto.FLOAT, [None]), ("z", TensorProto.FLOAT, [None])])
    tenon.compile(model, folder / "m.tenon")
    x = np.arange(6, dtype=np.float32)
    results = tenon.run(folder / "m.tenon", {"n": np.int64(3), "loop": x})
    assert np.array_equal(results["y"], 4 * x) and np.array_equal(results["z"], x), results
