"""Weights for graphs that are committed without them: drawn by NumPy from a seed.

A weightless graph names its parameters as external data of one file that does not exist;
`materialise(graph, folder, seed)` writes that file beside a copy of the graph. Values are scaled so
that the output depends on the input: kernels keep the variance of their input (He, of the fan-in),
and each BatchNormalization gets the mean and variance that really reach it, measured by running the
part of the network before it, so that every block's output has a deviation near one.
"""

import hashlib
import os
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

FILE = "weights.bin"


def strip(model, smallest=1024):
    """Replaces the data of each float parameter of at least `smallest` bytes by a place in FILE; for the
    script that exports a graph."""
    offset = 0
    for tensor in model.graph.initializer:
        size = int(np.prod(tensor.dims)) * 4
        if tensor.data_type != onnx.TensorProto.FLOAT or size < smallest:
            continue
        for field in ("raw_data", "float_data", "external_data"):
            tensor.ClearField(field)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", FILE), ("offset", offset), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        offset += -(-size // 64) * 64
    return model


def users(graph):
    """parameter -> (node, index of the input) of its first use."""
    result = {}
    for node in graph.node:
        for index, name in enumerate(node.input):
            result.setdefault(name, (node, index))
    return result


def draw(tensor, use, rng):
    """One parameter's values, by the role it has in its node."""
    shape = tuple(tensor.dims)
    node, index = use
    if node.op_type == "BatchNormalization":
        return rng.uniform(0.6, 1.4, shape) if index in (1, 4) else rng.normal(0, 0.2, shape)
    if node.op_type in ("LayerNormalization", "GroupNormalization") or (node.op_type == "Mul" and len(shape) == 1):
        return rng.uniform(0.6, 1.4, shape) if index != 2 else rng.normal(0, 0.2, shape)
    if len(shape) < 2:
        return rng.normal(0, 0.1, shape)
    fan_in = shape[0] if node.op_type == "MatMul" else int(np.prod(shape[1:]))
    if node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute):
        fan_in = shape[0]
    gain = 2.0 if node.op_type in ("Conv", "ConvTranspose") else 1.0
    scale = 1.0 if node.op_type == "Gather" else (gain / fan_in) ** 0.5
    return rng.normal(0, scale, shape)


def fill(model, values):
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name].astype(np.float32), tensor.name))


def calibrate(model, values, feed):
    """Sets each BatchNormalization's mean and variance to those of its input, first to last."""
    for node in model.graph.node:
        if node.op_type != "BatchNormalization" or node.input[3] not in values:
            continue
        part = onnx.ModelProto()
        part.CopyFrom(model)
        del part.graph.output[:]
        part.graph.output.add(name=node.input[0])
        session = onnxruntime.InferenceSession(part.SerializeToString(), providers=["CPUExecutionProvider"])
        x = session.run(None, feed)[0]
        axes = tuple(axis for axis in range(x.ndim) if axis != 1)
        values[node.input[3]], values[node.input[4]] = x.mean(axis=axes), x.var(axis=axes) + 1e-3
        fill(model, {name: values[name] for name in node.input[3:5]})


def materialise(graph, folder, seed=0, feed=None):
    """The path of the graph with its weights, made once per graph and seed; `feed` calibrates."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stamp, wanted = folder / "stamp", hashlib.sha256(graph.read_bytes() + bytes([seed % 256])).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        write(onnx.load(graph, load_external_data=False), folder, seed, feed)
        (folder / graph.name).write_bytes(graph.read_bytes())
        stamp.write_text(wanted)
    return folder / graph.name


def write(model, folder, seed, feed):
    outside = [t for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    places = {t.name: {e.key: e.value for e in t.external_data} for t in outside}
    rng, uses = np.random.default_rng(seed), users(model.graph)
    values = {t.name: draw(t, uses[t.name], rng) for t in outside}
    fill(model, values)
    if feed is not None:
        calibrate(model, values, feed)
    part = folder / (FILE + ".part")
    with open(part, "wb") as file:
        for name, place in places.items():
            file.seek(int(place["offset"]))
            file.write(values[name].astype("<f4").tobytes())
    os.replace(part, folder / FILE)
