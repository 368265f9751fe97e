"""If and Loop, their bodies reading values of the graph around them."""

import numpy as np
from onnx import TensorProto, helper

from graph import BOOL, F32, I64


def value(name, kind=TensorProto.FLOAT, shape=None):
    return helper.make_tensor_value_info(name, kind, shape)


def branch(g):
    x, rng = g.pick((F32,)), g.rng
    if rng.random() < 0.7:
        condition = g.input(BOOL, [], np.array(rng.random() < 0.5))
    else:
        total = g.op("ReduceSum", [x], keepdims=0)
        condition = g.op("Greater", [total, g.constant(np.array(0, F32))])
    stem = g.name("b")
    there = [helper.make_node("Relu", [x], [f"{stem}a"], name=f"{stem}_relu"),
             helper.make_node("Add", [f"{stem}a", x], [f"{stem}t"], name=f"{stem}_add")]
    other = [helper.make_node(rng.choice(["Tanh", "Neg", "Identity"]), [x], [f"{stem}e"], name=f"{stem}_else")]
    return g.add(helper.make_node(
        "If", [condition], [g.name("v")], name=f"If_{g.count}",
        then_branch=helper.make_graph(there, "then", [], [value(f"{stem}t")]),
        else_branch=helper.make_graph(other, "else", [], [value(f"{stem}e")])))


def loop(g):
    x, rng = g.pick((F32,), fits=lambda value: value.size < 2000), g.rng
    trips = np.array(rng.choice([1, 2, 3, 4]), I64)
    count = g.input(I64, [], trips) if rng.random() < 0.6 else g.constant(trips)
    y = g.partner(x)
    half, stem = g.constant(np.array(0.5, F32)), g.name("l")
    nodes = [helper.make_node("Mul", [f"{stem}s", half], [f"{stem}h"], name=f"{stem}_mul"),
             helper.make_node("Add", [f"{stem}h", y], [f"{stem}o"], name=f"{stem}_add"),
             helper.make_node("Identity", [f"{stem}c"], [f"{stem}d"], name=f"{stem}_on"),
             helper.make_node("Tanh", [f"{stem}o"], [f"{stem}r"], name=f"{stem}_tanh")]
    body = helper.make_graph(
        nodes, "body", [value(f"{stem}i", TensorProto.INT64, []), value(f"{stem}c", TensorProto.BOOL, []),
                        value(f"{stem}s")],
        [value(f"{stem}d", TensorProto.BOOL, []), value(f"{stem}o"), value(f"{stem}r")])
    return g.add(helper.make_node("Loop", [count, "", x], [g.name("v"), g.name("v")], name=f"Loop_{g.count}", body=body))


OPERATORS = [(branch, 2), (loop, 2)]
