"""Weights for graphs that are committed without them: drawn by NumPy from a seed.

A weightless graph (compressed, `NAME.onnx.xz`) names its parameters as external data of a file that
does not exist; `materialise(graph, folder, seed, feed)` writes `NAME.onnx` and that file. Values are
scaled so that the output depends on the input: matrices keep the variance of what they multiply (by
the fan-in), and convolutions and batch normalizations are then calibrated on a real input, so that
what each puts out has a deviation near one and no network vanishes, overflows or saturates.
"""

import hashlib
import lzma
import os
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SMALLEST = 1024  # bytes: what is smaller stays in the graph
# What a convolution feeds may ask for a smaller deviation: branches that are added and gates that
# multiply make a deep network of random weights chaotic, every rounding error growing layer by layer.
DEVIATION = {"Add": 0.3, "Sigmoid": 0.3, "HardSigmoid": 0.3}
FORWARD = ("Transpose", "Reshape", "Identity", "Cast", "Slice", "Concat", "Unsqueeze")
VERSION = b"8"  # of the way values are drawn


def strip(model, file):
    """Replaces the data of each float parameter by a place in `file`; for the script that exports."""
    offset = 0
    for tensor in model.graph.initializer:
        size = int(np.prod(tensor.dims)) * 4
        if tensor.data_type != TensorProto.FLOAT or size < SMALLEST:
            continue
        for field in ("raw_data", "float_data", "external_data"):
            tensor.ClearField(field)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", file), ("offset", offset), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        offset += -(-size // 64) * 64
    return model


def uses(graph):
    """parameter -> (node, index of the input, whether it came through a Transpose), first use that computes."""
    first, result = {}, {}
    for node in graph.node:
        for index, name in enumerate(node.input):
            first.setdefault(name, (node, index))
    for tensor in graph.initializer:
        name, turned = tensor.name, False
        while name in first and first[name][0].op_type in FORWARD:
            turned ^= first[name][0].op_type == "Transpose"
            name = first[name][0].output[0]
        if name in first:
            result[tensor.name] = (*first[name], turned)
    return result


def fan_in(shape, node, turned):
    """How many products one output element sums."""
    if node.op_type in ("LSTM", "GRU", "RNN"):
        return shape[-1]
    if node.op_type == "MatMul" or (node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute)):
        return shape[-1] if turned else shape[-2]
    return int(np.prod(shape[1:]))


def draw(shape, node, index, turned, rng):
    """One parameter's values, by the role it has in its node."""
    if node.op_type == "BatchNormalization":
        return rng.uniform(0.6, 1.4, shape) if index in (1, 4) else rng.normal(0, 0.2, shape)
    if len(shape) == 1 and (node.op_type == "Mul" or (node.op_type.endswith("Normalization") and index == 1)):
        return rng.uniform(0.6, 1.4, shape)
    if len(shape) < 2 or node.op_type == "Add":
        return rng.normal(0, 0.1, shape)
    if node.op_type in ("Gather", "Expand", "Mul"):
        return rng.normal(0, 1.0, shape)
    return rng.normal(0, fan_in(shape, node, turned) ** -0.5, shape)


def fill(model, values):
    """Puts the values into the graph itself."""
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name].astype(np.float32), tensor.name))


class Calibration:
    """A copy of the graph in which each normalization uses the statistics of its input and each
    convolution is divided by the deviation of its result, in one run, the statistics as outputs."""

    def __init__(self, model, values):
        self.values, self.graph = values, model.graph
        self.users = {name: node.op_type for node in model.graph.node for name in node.input}
        self.normalized = {node.input[0] for node in model.graph.node if node.op_type == "BatchNormalization"}
        self.copy = onnx.ModelProto()
        self.copy.CopyFrom(model)
        fill(self.copy, values)
        del self.copy.graph.node[:], self.copy.graph.output[:]
        self.old = max(i.version for i in model.opset_import if i.domain in ("", "ai.onnx")) < 18

    def add(self, kind, inputs, output, **attributes):
        self.copy.graph.node.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def number(self, value):
        name = f"calibration.{value}"
        if all(t.name != name for t in self.copy.graph.initializer):
            self.copy.graph.initializer.append(numpy_helper.from_array(np.float32(value), name))
        return name

    def wanted(self, name):
        self.copy.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        return name

    def mean(self, value, axes, output, keep=0):
        if self.old:
            return self.add("ReduceMean", [value], output, axes=axes, keepdims=keep)
        constant = numpy_helper.from_array(np.array(axes, np.int64), output + ".axes")
        self.copy.graph.initializer.append(constant)
        return self.add("ReduceMean", [value, constant.name], output, keepdims=keep)

    def normalization(self, node):
        x, name = node.input[0], node.output[0]
        mean = self.wanted(self.mean(x, [0, 2, 3], name + ".mean"))
        square = self.mean(self.add("Mul", [x, x], name + ".xx"), [0, 2, 3], name + ".square")
        variance = self.add("Sub", [square, self.add("Mul", [mean, mean], name + ".mm")], name + ".raw")
        variance = self.wanted(self.add("Abs", [variance], name + ".variance"))
        copy = self.copy.graph.node.add()
        copy.CopyFrom(node)
        copy.input[3], copy.input[4] = mean, variance

    def convolution(self, node):
        """The result, divided by its deviation. Before a normalization over channels the mean of each
        channel goes first: common to all inputs, it would hide what an input changes."""
        name, rank = node.output[0], next(len(t.dims) for t in self.graph.initializer if t.name == node.input[1])
        copy = self.copy.graph.node.add()
        copy.CopyFrom(node)
        x = copy.output[0] = name + ".raw"
        if self.users.get(name) == "Transpose" and len(node.input) > 2:
            mean = self.mean(x, [axis for axis in range(rank) if axis != 1], name + ".mean", keep=1)
            x = self.add("Sub", [x, self.wanted(mean)], name + ".centred")
        square = self.mean(self.add("Mul", [x, x], name + ".xx"), list(range(rank)), name + ".square")
        scale = self.number(1 / DEVIATION.get(self.users.get(name), 1.0))
        root = self.add("Sqrt", [square], name + ".root")
        self.add("Div", [x, self.wanted(self.add("Mul", [root, scale], name + ".deviation"))], name)

    def place(self, node):
        if node.op_type == "BatchNormalization" and node.input[3] in self.values:
            return self.normalization(node)
        if node.op_type == "Conv" and node.output[0] not in self.normalized and node.input[1] in self.values:
            return self.convolution(node)
        self.copy.graph.node.add().CopyFrom(node)

    def run(self, feed):
        for node in self.graph.node:
            self.place(node)
        names = [output.name for output in self.copy.graph.output]
        if not names:
            return
        session = onnxruntime.InferenceSession(self.copy.SerializeToString(), providers=["CPUExecutionProvider"])
        found = dict(zip(names, session.run(names, feed)))
        for node in self.graph.node:
            name = node.output[0]
            if name + ".variance" in found:
                self.values[node.input[3]], self.values[node.input[4]] = found[name + ".mean"], found[name + ".variance"] + 1e-3
            elif name + ".deviation" in found:
                self.rescale(node, found.get(name + ".mean"), max(float(found[name + ".deviation"]), 1e-6))

    def rescale(self, node, mean, deviation):
        """Puts what the copy takes off and divides by into the convolution's parameters."""
        for name in list(node.input)[1:]:
            value = self.values.get(name)
            if value is None:  # too small to lie outside
                value = numpy_helper.to_array(next(t for t in self.graph.initializer if t.name == name))
            if mean is not None and name == node.input[2]:
                value = value - mean.reshape(-1)
            self.values[name] = value / deviation


def materialise(graph, folder, seed=0, feed=None):
    """The path of the graph with its weights, made once per graph and seed; `feed` calibrates."""
    folder, name = pathlib.Path(folder), graph.name.removesuffix(".xz")
    folder.mkdir(parents=True, exist_ok=True)
    data = graph.read_bytes()
    stamp, wanted = folder / (name + ".stamp"), hashlib.sha256(data + VERSION + bytes([seed % 256])).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        model = onnx.load_model_from_string(lzma.decompress(data))
        places = {t.name: {e.key: e.value for e in t.external_data} for t in model.graph.initializer
                  if t.data_location == TensorProto.EXTERNAL}
        values = drawn(model, places, seed, feed)
        write(folder, model, places, values)
        replace(folder / name, model.SerializeToString())
        replace(stamp, wanted.encode())
    return folder / name


def drawn(model, places, seed, feed):
    rng, roles = np.random.default_rng(seed), uses(model.graph)
    shapes = {t.name: tuple(t.dims) for t in model.graph.initializer}
    values = {name: draw(shapes[name], *roles[name], rng) for name in places}
    if feed is not None:
        Calibration(model, values).run(feed)
    return values


def write(folder, model, places, values):
    """The file of the parameters; small ones that calibration changed go into the graph."""
    fill(model, {name: value for name, value in values.items() if name not in places})
    files = {place["location"] for place in places.values()}
    for file in files:
        part = folder / f"{file}.{os.getpid()}"
        with open(part, "wb") as out:
            for name, place in places.items():
                out.seek(int(place["offset"]))
                out.write(values[name].astype("<f4").tobytes())
            out.truncate(max(int(p["offset"]) + int(p["length"]) for p in places.values()))
        os.replace(part, folder / file)


def replace(path, data):
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    os.replace(temporary, path)
