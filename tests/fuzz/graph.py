"""A random graph under construction. Every node is run by ONNX Runtime, alone, when it is added: one
that it refuses is dropped, so that the graph stays valid, and the values of all tensors are known."""

import random

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

F32, F64, BOOL = np.float32, np.float64, np.bool_
I8, I16, I32, I64 = np.int8, np.int16, np.int32, np.int64
U8, U16, U32, U64 = np.uint8, np.uint16, np.uint32, np.uint64
FLOATS = (F32, F32, F32, F64)
SMALL_INTS = (I32, I64)
INTS = (I8, I16, I32, I64, U8, U16, U32, U64)

OPSETS = (9, 11, 12, 13, 13, 14, 15, 16, 17, 17, 18, 19, 20, 21, 22)
IR_VERSIONS = {9: 4, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10}
MOST_ELEMENTS = 200_000

onnxruntime.set_default_logger_severity(4)


class Unfit(Exception):
    """The drawn node does not suit the graph; another is drawn."""


def onnx_type(dtype):
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def reference(model, feeds):
    """The outputs of ONNX Runtime, its optimisations off, by name."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


def broadcasts(shape, to):
    return len(shape) <= len(to) and all(a in (1, b) for a, b in zip(shape[::-1], to[::-1]))


class Graph:
    def __init__(self, seed):
        self.rng, self.numbers = random.Random(seed), np.random.RandomState(seed % 2**32)
        self.opset = self.rng.choice(OPSETS)
        self.values, self.initializers, self.nodes = {}, {}, []
        self.inputs = {}  # name to declared shape: sizes and names of sizes
        self.used, self.count = set(), 0
        self.sizes = {}  # of named dimensions

    # ---- Values ----------------------------------------------------------

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def draw(self, dtype, shape):
        dtype = np.dtype(dtype)
        if dtype == bool:
            return np.asarray(self.numbers.rand(*shape) > 0.5)
        if dtype.kind in "iu":
            low = 0 if dtype.kind == "u" else -5
            return np.asarray(self.numbers.randint(low, 6, size=shape)).astype(dtype)
        return np.asarray(self.numbers.randn(*shape)).astype(dtype)

    def input(self, dtype, shape, value=None):
        name, value = self.name("x"), self.draw(dtype, shape) if value is None else np.asarray(value)
        declared = list(value.shape)
        for axis, size in enumerate(declared):
            named = [symbol for symbol, known in self.sizes.items() if known == size]
            if named and self.rng.random() < 0.7:
                declared[axis] = named[0]
        self.inputs[name], self.values[name] = declared, value
        return name

    def constant(self, value):
        name = self.name("c")
        self.initializers[name] = self.values[name] = np.asarray(value)
        return name

    def ints(self, values):
        return self.constant(np.array(values, I64))

    def either(self, dtype, shape):
        """An input or an initializer."""
        return self.input(dtype, shape) if self.rng.random() < 0.4 else self.constant(self.draw(dtype, shape))

    def pick(self, dtypes=FLOATS, rank=None, least=0, fits=None):
        """A value there is, one of the newest more often."""
        wanted = [np.dtype(dtype) for dtype in dtypes]
        found = [name for name, value in self.values.items()
                 if value.dtype in wanted and value.ndim >= least and value.size <= MOST_ELEMENTS
                 and (rank is None or value.ndim == rank) and (fits is None or fits(value))]
        if not found:
            raise Unfit("no value")
        return found[-1] if self.rng.random() < 0.45 else self.rng.choice(found)

    def partner(self, name):
        """A value that broadcasts with this one."""
        value, rng = self.values[name], self.rng
        if rng.random() < 0.35:
            found = [other for other, has in self.values.items()
                     if has.dtype == value.dtype and broadcasts(has.shape, value.shape)]
            if found:
                return rng.choice(found)
        shape = [size if rng.random() < 0.6 else 1 for size in value.shape]
        shape = shape[rng.randint(0, value.ndim):]
        return self.either(value.dtype, shape)

    def __getitem__(self, name):
        return self.values[name]

    # ---- Nodes -----------------------------------------------------------

    def op(self, kind, inputs, outputs=1, **attributes):
        names = [self.name("v") for _ in range(outputs)]
        node = helper.make_node(kind, inputs, names, name=f"{kind}_{self.count}", **attributes)
        return self.add(node)

    def add(self, node):
        """Appends a node if ONNX Runtime runs it; one output name, or a list."""
        read = node_inputs(node)
        model = self.model([node], read, list(node.output))
        try:
            results = reference(model, {name: self.values[name] for name in read if name not in self.initializers})
        except Exception as error:
            raise Unfit(str(error)[:150]) from None
        self.values.update((name, np.asarray(value)) for name, value in results.items())
        self.nodes.append(node)
        self.used.update(read)
        return node.output[0] if len(node.output) == 1 else list(node.output)

    def model(self, nodes, read, outputs, declared=None):
        """A model of these nodes, which read these values; those not declared have their static shape."""
        declared = declared or {}
        inputs = [helper.make_tensor_value_info(name, onnx_type(self.values[name].dtype),
                                                declared.get(name, self.values[name].shape))
                  for name in read if name not in self.initializers]
        initializers = [numpy_helper.from_array(np.ascontiguousarray(self.initializers[name])
                                                .reshape(self.initializers[name].shape), name)
                        for name in read if name in self.initializers]
        results = [helper.make_tensor_value_info(name, onnx_type(self.values[name].dtype), None)
                   if name in self.values else helper.make_empty_tensor_value_info(name) for name in outputs]
        graph = helper.make_graph(nodes, "random", inputs, results, initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                 ir_version=IR_VERSIONS[self.opset])

    def part(self, nodes, exposed=False):
        """The model of some of the nodes, in order, and its feeds: what they read of the others is fed.
        Outputs are what nothing reads, or all (`exposed`)."""
        made = [name for node in nodes for name in node.output if name]
        read = list(dict.fromkeys(name for node in nodes for name in node_inputs(node) if name not in made))
        used = {name for node in nodes for name in node_inputs(node)}
        outputs = [name for name in made if exposed or name not in used]
        feeds = {name: self.values[name] for name in read if name not in self.initializers}
        return self.model(nodes, read, outputs, self.inputs), feeds


def node_inputs(node):
    """The names that a node reads, those of its bodies' outer scope included."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            body = attribute.g
            inside = {value.name for value in body.input} | {name for inner in body.node for name in inner.output}
            names += [name for inner in body.node for name in node_inputs(inner) if name not in inside]
            names += [output.name for output in body.output if output.name not in inside]
    return list(dict.fromkeys(names))
