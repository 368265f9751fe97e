"""Small models that were once answered wrongly, against ONNX Runtime or NumPy."""

import itertools

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import models
from checks import refused, test
from tenon import file_names

FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64


def save(folder, nodes, feeds, outputs, weights=None, shapes=None, opset=17):
    """A model of these nodes; inputs are the feeds, with these shapes declared for some."""
    inputs = [(name, helper.np_dtype_to_tensor_dtype(value.dtype), (shapes or {}).get(name, value.shape))
              for name, value in feeds.items()]
    initializers = [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()]
    return models.save(folder / "m.onnx", nodes, inputs, [(name, kind, None) for name, kind in outputs], initializers,
                       opset)


def answers(tenon, folder, feeds, outputs, *options):
    tenon.compile(folder / "m.onnx", folder / "m.tenon", *options)
    files = tenon.run(folder / "m.tenon", feeds)
    names = [name for name, _ in outputs]
    return [files[file] for file in file_names(names)]


def same(tenon, folder, nodes, feeds, outputs, weights=None, shapes=None, opset=17):
    """Tenon's answers are ONNX Runtime's."""
    model = save(folder, nodes, feeds, outputs, weights, shapes, opset)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    expected = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"]).run(None, feeds)
    for (name, _), actual, wanted in zip(outputs, answers(tenon, folder, feeds, outputs), expected):
        assert actual.shape == wanted.shape, f"{name} has shape {actual.shape}, expected {wanted.shape}"
        np.testing.assert_allclose(actual, wanted, rtol=1e-3, atol=1e-4, err_msg=str(nodes[0].op_type))


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@test
def weights_of_several_kernels(tenon, folder):
    """Both directions and all steps read the same weights: stored in one order that all know."""
    for kind, gates, hidden in (("RNN", 1, 32), ("GRU", 3, 16), ("LSTM", 4, 16)):
        weights = {"w": numbers(2, gates * hidden, 16) / 4, "r": numbers(2, gates * hidden, hidden, seed=1) / 4}
        node = helper.make_node(kind, ["x", "w", "r", "", "lengths"], ["y", "h"], name="n", hidden_size=hidden,
                                direction="bidirectional")
        feeds = {"x": numbers(2, 2, 16, seed=2), "lengths": np.array([2, 1], np.int32)}
        same(tenon, folder, [node], feeds, [("y", FLOAT), ("h", FLOAT)], weights)


@test
def sorted_products(tenon, folder):
    """A sort reads row-major what a convolution would rather leave channels last."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], name="c", group=4),
             helper.make_node("TopK", ["c", "k"], ["y", "i"], name="t", axis=0)]
    same(tenon, folder, nodes, {"x": numbers(2, 4, 8)}, [("y", FLOAT)],
         {"w": numbers(20, 1, 2), "k": np.array([2], np.int64)})


@test
def padding_around_one_element(tenon, folder):
    """A padded dimension of size 1 is read at index 0 only, and is zero elsewhere all the same."""
    for groups, height, kernel in itertools.product((1, 2), (1, 5), ([1, 1], [1, 3], [3, 3])):
        x = numbers(1, 2, height, 1)
        pads = [kernel[0] // 2, 1] * 2
        conv = helper.make_node("Conv", ["x", "w"], ["y"], name="c", group=groups, pads=pads)
        same(tenon, folder, [conv], {"x": x}, [("y", FLOAT)], {"w": numbers(4, 2 // groups, *kernel)})
    for groups, strides in ((1, [3, 2]), (2, [1, 2])):
        up = helper.make_node("ConvTranspose", ["x", "w"], ["y"], name="c", group=groups, strides=strides,
                              output_padding=[strides[0] - 1, 0])
        same(tenon, folder, [up], {"x": numbers(1, 2, 1, 3)}, [("y", FLOAT)], {"w": numbers(2, 3, 1, 1)})


def cut(values, kind):
    """What tenon.cast says: the nearest number in 32 (unsigned: 64) bits, then its low bits."""
    kind = np.dtype(kind)
    bits = 64 if kind.itemsize == 8 or kind == np.uint32 else 32
    if kind == np.uint64:
        return np.array([0 if np.isnan(v) else min(int(min(max(v, -2.0**63), 2.0**65)), 2**64 - 1) % 2**64 for v in values], kind)
    clamp = lambda v: 0 if np.isnan(v) else min(max(int(min(max(v, -2.0**64), 2.0**64)), -2**(bits - 1)), 2**(bits - 1) - 1)
    return np.array([clamp(v) % 2**(8 * kind.itemsize) for v in values], np.uint64).astype(kind.str.replace("i", "u")).view(kind)


@test
def casts_out_of_range(tenon, folder):
    """One meaning, computed by kernels of both feature sets and at compile time."""
    values = np.array([np.inf, -np.inf, np.nan, 1e20, -1e20, -1.5, 300.7, 2147483648.0, -3e9, 9.5e18, 40000, -129], np.float32)
    for kind in (np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64):
        type_ = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        nodes = [helper.make_node("Cast", ["x"], ["y"], name="fed", to=type_),
                 helper.make_node("Cast", ["k"], ["z"], name="constant", to=type_)]
        outputs = [("y", type_), ("z", type_)]
        save(folder, nodes, {"x": values}, outputs, {"k": values})
        for options in (("--target", "cpu:avx2"), (), ("--no-fold",)):
            for actual in answers(tenon, folder, {"x": values}, outputs, *options):
                np.testing.assert_array_equal(actual, cut(values, kind), err_msg=f"{np.dtype(kind)} {options}")


@test
def resize_symmetric(tenon, folder):
    for width, scale in itertools.product((5, 7, 8), (0.5, 1.5, 2.0)):
        node = helper.make_node("Resize", ["x", "", "s"], ["y"], name="r", mode="nearest", nearest_mode="floor",
                                coordinate_transformation_mode="half_pixel_symmetric")
        same(tenon, folder, [node], {"x": numbers(1, 1, width)}, [("y", FLOAT)],
             {"s": np.array([1, 1, scale], np.float32)}, opset=19)


@test
def resized_lengths(tenon, folder):
    """40 * 2.3 is 92 in f32 and a little less in f64."""
    node = helper.make_node("Resize", ["x", "", "s"], ["y"], name="r", mode="linear")
    same(tenon, folder, [node], {"x": numbers(1, 1, 40)}, [("y", FLOAT)], {"s": np.array([1, 1, 2.3], np.float32)})


@test
def indices_wider_than_the_data(tenon, folder):
    """In another dimension than the axis they would reach beyond the buffer."""
    at = lambda *shape: np.zeros(shape, np.int64)
    x = numbers(1, 3)
    for kind, feeds in (("ScatterElements", {"x": x, "i": at(64, 3), "u": numbers(64, 3)}),
                        ("GatherElements", {"x": x, "i": at(64, 3)})):
        node = helper.make_node(kind, list(feeds), ["y"], name="indexed", axis=1)
        save(folder, [node], feeds, [("y", FLOAT)])
        refused(lambda: tenon.compile(folder / "m.onnx", folder / "m.tenon"), "indexed", "wider", 64)
        free = {name: [f"{name}_rows", 3] for name in feeds}
        save(folder, [node], feeds, [("y", FLOAT)], shapes=free)
        refused(lambda: answers(tenon, folder, feeds, [("y", FLOAT)]), "indexed", "wider", 64)
        fitting = {name: value[:1] for name, value in feeds.items()}
        answers(tenon, folder, fitting, [("y", FLOAT)])


@test
def empty_tensors(tenon, folder):
    ints = lambda *values: np.array(values, np.int64)
    cases = [("Add", ["x", "x"], {}, {}), ("Softmax", ["x"], {}, {}), ("Transpose", ["x"], {}, {}),
             ("ReduceSum", ["x", "a"], {"a": ints(1)}, {}), ("Concat", ["x", "b"], {"b": numbers(2, 4)}, {"axis": 0}),
             ("Slice", ["x", "s", "e", "a", "p"], {"s": ints(-1), "e": ints(-2**31), "a": ints(0), "p": ints(-1)}, {}),
             ("Pad", ["x", "p"], {"p": ints(1, 1, 1, 1)}, {}), ("Tile", ["x", "p"], {"p": ints(2, 2)}, {}),
             ("MatMul", ["x", "w"], {"w": numbers(4, 3)}, {}), ("MatMul", ["v", "x"], {"v": numbers(3, 0)}, {})]
    for kind, inputs, weights, options in cases:
        node = helper.make_node(kind, inputs, ["y"], name="n", **options)
        same(tenon, folder, [node], {"x": numbers(0, 4)}, [("y", FLOAT)], weights)
    choice = helper.make_node("ArgMax", ["x"], ["y"], name="choice", axis=0)
    save(folder, [choice], {"x": numbers(0, 4)}, [("y", INT64)])
    refused(lambda: tenon.compile(folder / "m.onnx", folder / "m.tenon"), "choice", "nothing to choose from")
    nothing = helper.make_node("Tile", ["x", "p"], ["y"], name="n")
    same(tenon, folder, [nothing], {"x": numbers(4, 4)}, [("y", FLOAT)], {"p": ints(2, 0)})


@test
def shapes_that_are_fed(tenon, folder):
    """-1 and 0 mean in a fed shape what they mean in a constant."""
    node = helper.make_node("Reshape", ["x", "s"], ["y"], name="r")
    for shape in ([-1, 3], [0, 6], [0, -1], [6, 4], [8, -1]):
        same(tenon, folder, [node], {"x": numbers(4, 6), "s": np.array(shape, np.int64)}, [("y", FLOAT)],
             shapes={"x": ["N", 6]})
    for shape in ([5, 5], [7, -1]):
        feeds = {"x": numbers(4, 6), "s": np.array(shape, np.int64)}
        refused(lambda: answers(tenon, folder, feeds, [("y", FLOAT)]), "r")


@test
def sizes_that_may_be_one(tenon, folder):
    """Of two free sizes that meet, one may prove to be 1; others must agree, and the message says which."""
    node = helper.make_node("Add", ["x", "m"], ["y"], name="add_mask")
    feeds = {"x": numbers(4, 2, 5), "m": numbers(1, 1, 5)}
    save(folder, [node], feeds, [("y", FLOAT)], shapes={"x": ["batch", 2, "seq"], "m": ["mb", 1, "seq"]})
    other = {"x": numbers(4, 2, 5), "m": numbers(3, 1, 5)}
    refused(lambda: answers(tenon, folder, other, [("y", FLOAT)]), "add_mask", "batch", "mb")
    actual, = answers(tenon, folder, feeds, [("y", FLOAT)])
    np.testing.assert_allclose(actual, feeds["x"] + feeds["m"], rtol=1e-6)
    actual, = answers(tenon, folder, feeds, [("y", FLOAT)], "--dim", "mb=1")
    np.testing.assert_allclose(actual, feeds["x"] + feeds["m"], rtol=1e-6)
