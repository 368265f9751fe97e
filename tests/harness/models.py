"""Small ONNX models that tests build."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(path, nodes, inputs, outputs, initializers=(), opset=17, extra_opsets=()):
    """Writes a model; inputs and outputs are (name, type, shape)."""
    info = lambda table: [helper.make_tensor_value_info(*row) for row in table]
    graph = helper.make_graph(nodes, "main", info(inputs), info(outputs), list(initializers))
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in extra_opsets)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)
    return path


def perceptron(path, rows="batch", inner=16, columns=8, seed=0):
    """y = relu(x @ w + b): one product, one kernel's worth of epilogue."""
    rng = np.random.default_rng(seed)
    w = numpy_helper.from_array(rng.standard_normal((inner, columns)).astype(np.float32), "w")
    b = numpy_helper.from_array(rng.standard_normal(columns).astype(np.float32), "b")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"], name="product"),
             helper.make_node("Add", ["p", "b"], ["s"], name="bias"),
             helper.make_node("Relu", ["s"], ["y"], name="activation")]
    return save(path, nodes, [("x", TensorProto.FLOAT, [rows, inner])],
                [("y", TensorProto.FLOAT, [rows, columns])], [w, b])


def external(path, location, offset=0, length=None, shape=(16, 8)):
    """y = x @ w with w in a file of its own, as told."""
    w = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    size = int(np.prod(shape)) * 4
    for key, value in (("location", location), ("offset", offset), ("length", size if length is None else length)):
        w.external_data.add(key=key, value=str(value))
    return save(path, [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
                [("x", TensorProto.FLOAT, [4, shape[0]])], [("y", TensorProto.FLOAT, [4, shape[1]])], [w])
