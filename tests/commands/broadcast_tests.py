"""Shapes that are broadcast where only the run knows which size is 1, against ONNX Runtime."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from answer_tests import numbers, save
from checks import refused, test
from tenon import file_names

FLOAT = TensorProto.FLOAT


def at_sizes(tenon, folder, nodes, declared, sizes, refusals=(), weights=None, typed=None):
    """One bundle answers as ONNX Runtime does for each tuple of the inputs' shapes, and refuses some."""
    draw = lambda shapes: {**{name: numbers(*shape, seed=1) for name, shape in zip(declared, shapes)}, **(typed or {})}
    model = save(folder, nodes, draw(sizes[0]), [("z", FLOAT)], weights, declared, opset=19)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    tenon.compile(model, folder / "m.tenon")
    for shapes in sizes:
        expected, = session.run(None, draw(shapes))
        actual = tenon.run(folder / "m.tenon", draw(shapes))[file_names(["z"])[0]]
        assert actual.shape == expected.shape, f"{shapes}: {actual.shape}, expected {expected.shape}"
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5, err_msg=str(shapes))
    for shapes in refusals:
        refused(lambda: tenon.run(folder / "m.tenon", draw(shapes)), nodes[0].op_type, "broadcast")


@test
def two_batches(tenon, folder):
    nodes = [helper.make_node("Add", ["x", "y"], ["a"]), helper.make_node("Mul", ["a", "x"], ["z"])]
    at_sizes(tenon, folder, nodes, {"x": ["n", 4, "s"], "y": ["m", 1, "t"]},
             [((3, 4, 5), (3, 1, 5)), ((3, 4, 5), (1, 1, 5)), ((1, 4, 5), (3, 1, 5)), ((1, 4, 1), (3, 1, 7)),
              ((3, 4, 40), (3, 1, 1))],
             [((3, 4, 5), (2, 1, 5))])


@test
def batches_of_a_product(tenon, folder):
    at_sizes(tenon, folder, [helper.make_node("MatMul", ["x", "y"], ["z"])], {"x": ["a", 4, 8], "y": ["b", 8, 5]},
             [((3, 4, 8), (3, 8, 5)), ((1, 4, 8), (3, 8, 5)), ((3, 4, 8), (1, 8, 5))],
             [((2, 4, 8), (3, 8, 5))])


@test
def three_operands(tenon, folder):
    nodes = [helper.make_node("Greater", ["x", "y"], ["c"]), helper.make_node("Where", ["c", "x", "w"], ["z"])]
    shapes = [(3, 3, 3), (1, 3, 1), (3, 1, 1), (1, 1, 3), (1, 1, 1)]
    at_sizes(tenon, folder, nodes, {"x": ["a", 6], "y": ["b", 6], "w": ["c", 6]},
             [tuple((size, 6) for size in sizes) for sizes in shapes])


@test
def a_free_size_against_a_weight(tenon, folder):
    at_sizes(tenon, folder, [helper.make_node("Add", ["x", "k"], ["z"])], {"x": ["a", "b"]},
             [((3, 8),), ((3, 1),), ((1, 1),)], [((2, 5),)], weights={"k": numbers(1, 8)})


@test
def masked_attention(tenon, folder):
    """A mask for all, for each of the batch, for each position."""
    nodes = [helper.make_node("Add", ["x", "y"], ["a"]), helper.make_node("Softmax", ["a"], ["b"], axis=-1),
             helper.make_node("MatMul", ["b", "v"], ["z"])]
    x, v = (2, 2, 6, 6), (2, 2, 6, 8)
    at_sizes(tenon, folder, nodes, {"x": ["B", 2, "S", "S"], "y": ["M", 1, "Q", "K"], "v": ["B", 2, "S", 8]},
             [(x, mask, v) for mask in ((2, 1, 6, 6), (1, 1, 1, 6), (1, 1, 6, 6), (2, 1, 6, 1))])


@test
def a_shape_that_is_fed(tenon, folder):
    node = helper.make_node("Expand", ["x", "s"], ["z"])
    for shape, sizes in (([3, 6], [((1, 6),), ((3, 6),)]), ([1, 1], [((3, 6),)])):
        at_sizes(tenon, folder, [node], {"x": ["a", 6]}, sizes, typed={"s": np.array(shape, np.int64)})


@test
def what_a_crop_leaves_is_repeated(tenon, folder):
    """Negative pads crop first: what is repeated beside a tensor is of what is left."""
    for mode, pads in (("wrap", [-1, 1]), ("wrap", [2, -2]), ("reflect", [-1, 2]), ("edge", [-2, 3])):
        at_sizes(tenon, folder, [helper.make_node("Pad", ["x", "p"], ["z"], mode=mode)], {"x": [5]}, [((5,),)],
                 weights={"p": np.array(pads)})
