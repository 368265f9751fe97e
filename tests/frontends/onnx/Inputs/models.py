"""Small ONNX models for the importer's tests: `python models.py NAME FILE`."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


def tensor(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def model(nodes, inputs, outputs, initializers=(), opset=17, functions=(), domains=()):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=9)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def missing():
    """Two operators that nobody has, one behind the other, and one with a wrong type."""
    nodes = [helper.make_node("Nowhere", ["x"], ["a"], name="first"),
             helper.make_node("Relu", ["a"], ["b"]),
             helper.make_node("Elsewhere", ["b"], ["y"], name="second", domain="com.example"),
             helper.make_node("And", ["x", "x"], ["z"], name="third")]
    return model(nodes, [tensor("x", [4])], [tensor("y", [4]), tensor("z", [4])], domains=["com.example"])


def shapes():
    """Reshape to a shape computed from the input's: [B * S, 12]."""
    nodes = [helper.make_node("Shape", ["x"], ["s"]),
             helper.make_node("Gather", ["s", "zero"], ["b"]), helper.make_node("Gather", ["s", "one"], ["t"]),
             helper.make_node("Mul", ["b", "t"], ["n"]), helper.make_node("Unsqueeze", ["n", "axis"], ["u"]),
             helper.make_node("Concat", ["u", "twelve"], ["to"], axis=0),
             helper.make_node("Reshape", ["x", "to"], ["y"])]
    constants = [numpy_helper.from_array(np.array(i, np.int64), n) for i, n in enumerate(("zero", "one"))]
    return model(nodes, [tensor("x", ["B", "S", 12])], [tensor("y", None)],
                 constants + [ints("axis", 0), ints("twelve", -1)])


def late():
    """A shape that is fed: the declared output decides, and is checked."""
    return model([helper.make_node("Reshape", ["x", "s"], ["y"])],
                 [tensor("x", [2, 6]), tensor("s", [2], TensorProto.INT64)], [tensor("y", [3, 4])])


def unnamed():
    """An unnamed dimension whose name another one has."""
    return model([helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Relu", ["z"], ["w"])],
                 [tensor("x", [None]), tensor("z", ["x.0"])], [tensor("y", None), tensor("w", None)])


def recursion():
    """A function that calls itself."""
    call = helper.make_node("Again", ["a"], ["b"], domain="own")
    function = helper.make_function("own", "Again", ["a"], ["b"], [call],
                                    [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)])
    node = helper.make_node("Again", ["x"], ["y"], domain="own", name="call")
    return model([node], [tensor("x", [4])], [tensor("y", [4])], functions=[function], domains=["own"])


def outside():
    """External data above the model's folder."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1024],
                         data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value="../secret.bin")
    return model([helper.make_node("Add", ["x", "w"], ["y"], name="sum")], [tensor("x", [1024])],
                 [tensor("y", [1024])], [weight])


def joined():
    """Two weights in one, turned round; and one that is joined with itself to something larger."""
    rng = np.random.default_rng(0)
    weights = [numpy_helper.from_array(rng.standard_normal((32, 48), np.float32), name) for name in "abc"]
    nodes = [helper.make_node("Concat", ["a", "b"], ["ab"], axis=0),
             helper.make_node("Transpose", ["ab"], ["w"], perm=[1, 0]),
             helper.make_node("MatMul", ["x", "w"], ["y"]),
             helper.make_node("Concat", ["c", "c"], ["cc"], axis=0),
             helper.make_node("Add", ["cc", "z"], ["s"])]
    return model(nodes, [tensor("x", [4, 48]), tensor("z", [64, 48])],
                 [tensor("y", [4, 64]), tensor("s", [64, 48])], weights)


if __name__ == "__main__":
    save(globals()[sys.argv[1]](), sys.argv[2])
