"""Products on a simulated GPU: shapes, types, layouts, prologues and epilogues, against float64.

    build/venv/bin/python tests/gpu/products.py [--filter TEXT] [--full] [--seed N] [--gpu a100]

Every case is one small graph, compiled for one architecture and run with all of the simulator's checks. The
error allowed is that of the type (see `tolerance`). A case also names the instructions that its code must
have: a product that quietly went another way is a failure.
"""

import argparse
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tenon import Tenon, TenonError

ONNX_TYPES = {"f32": TensorProto.FLOAT, "f16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
NUMPY_TYPES = {"f32": np.float32, "f16": np.float16}
# How products are computed: the graph's type, and the command's --precision.
KINDS = {"f32": ("f32", "f32"), "f16": ("f16", "f32"), "f32-as-f16": ("f32", "f16"), "f32-as-bf16": ("f32", "bf16")}
TENSOR = ("mma.sync", "ldmatrix")
EXACT = ("fma.rn.f32", "ld.shared")
COPY = ("cp.async.cg.shared.global",)


class Graph:
    """A graph under construction beside its values in float64."""

    def __init__(self, rng, kind):
        self.rng, self.kind = rng, kind
        self.nodes, self.inputs, self.weights, self.feeds, self.values = [], [], [], {}, {}

    def number(self, shape):
        return (self.rng.standard_normal(shape) * 0.5).astype(NUMPY_TYPES[self.kind])

    def input(self, name, shape, dims=None):
        self.feeds[name] = self.number(shape)
        self.values[name] = self.feeds[name].astype(np.float64)
        self.inputs.append(helper.make_tensor_value_info(name, ONNX_TYPES[self.kind], dims or shape))
        return name

    def weight(self, name, shape):
        value = self.number(shape)
        self.values[name] = value.astype(np.float64)
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def constant(self, name, value):
        self.weights.append(numpy_helper.from_array(np.array(value, np.int64), name))
        return name

    def op(self, kind, inputs, compute, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"{kind}_{len(self.nodes)}", **attributes))
        self.values[name] = compute(*(self.values.get(i) for i in inputs))
        return name

    def product(self, a, b):
        return self.op("MatMul", [a, b], np.matmul)

    def model(self, output):
        shape = [None] * self.values[output].ndim
        out = helper.make_tensor_value_info(output, ONNX_TYPES[self.kind], shape)
        graph = helper.make_graph(self.nodes, "g", self.inputs, [out], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def silu(g, x):
    return g.op("Mul", [x, g.op("Sigmoid", [x], lambda v: 1 / (1 + np.exp(-v)))], np.multiply)


def plain(m, n, k):
    return lambda g: g.product(g.input("x", [m, k]), g.weight("w", [k, n]))


def symbolic(m, n, k):
    return lambda g: g.product(g.input("x", [m, k], ["M", k]), g.weight("w", [k, n]))


def symbolic_all(m, n, k):
    """Rows and columns are free: the tile is chosen for their declared range."""
    return lambda g: g.product(g.input("x", [m, k], ["M", k]), g.input("w", [k, n], [k, "N"]))


def layer(m, n, k):
    """A bias, an activation and a residual behind the product."""
    def build(g):
        y = g.op("Add", [g.product(g.input("x", [m, k]), g.weight("w", [k, n])), g.weight("b", [n])], np.add)
        return g.op("Add", [silu(g, y), g.input("r", [m, n])], np.add)
    return build


def heads(batch, length, count, size, k):
    """Split into heads and transposed behind the product."""
    def build(g):
        y = g.product(g.input("x", [batch, length, k]), g.weight("w", [k, count * size]))
        shape = [batch, length, count, size]
        y = g.op("Reshape", [y, g.constant("shape", shape)], lambda v, _: v.reshape(shape))
        return g.op("Transpose", [silu(g, y)], lambda v: v.transpose(0, 2, 1, 3), perm=[0, 2, 1, 3])
    return build


def scores(batch, heads_, m, n, size):
    """Queries times transposed keys, batched over heads."""
    def build(g):
        q, k = g.input("q", [batch, heads_, m, size]), g.input("k", [batch, heads_, n, size])
        t = g.op("Transpose", [k], lambda v: v.transpose(0, 1, 3, 2), perm=[0, 1, 3, 2])
        return g.product(q, t)
    return build


def merged(batch, heads_, m, k, size):
    """Weights times values, heads merged again: digits of the stored dimension."""
    def build(g):
        p, v = g.input("p", [batch, heads_, m, k]), g.input("v", [batch, heads_, k, size])
        y = g.op("Transpose", [g.product(p, v)], lambda v: v.transpose(0, 2, 1, 3), perm=[0, 2, 1, 3])
        shape = [batch, m, heads_ * size]
        return g.op("Reshape", [y, g.constant("shape", shape)], lambda v, _: v.reshape(shape))
    return build


def prologue(m, n, k):
    """A map in front of the product: operands that are computed, not copied."""
    def build(g):
        x = g.op("Tanh", [g.input("x", [m, k])], np.tanh)
        return g.product(x, g.weight("w", [k, n]))
    return build


def pieces(m, n, first, second):
    """The left side is a concatenation along the summed dimension."""
    def build(g):
        x = g.op("Concat", [g.input("x", [m, first]), g.input("y", [m, second])],
                 lambda a, b: np.concatenate([a, b], 1), axis=1)
        return g.product(x, g.weight("w", [first + second, n]))
    return build


def transposed(m, n, k):
    """The left side lies transposed in memory."""
    def build(g):
        x = g.op("Transpose", [g.input("x", [k, m])], lambda v: v.T, perm=[1, 0])
        return g.product(x, g.input("w", [k, n]))
    return build


def convolve(x, w, pad, stride):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,ocij->nohw", windows, w)


def convolution(batch, channels, size, out, kernel, stride=1):
    def build(g):
        x, w = g.input("x", [batch, channels, size, size]), g.weight("w", [out, channels, kernel, kernel])
        pad = kernel // 2
        y = g.op("Conv", [x, w], lambda a, b: convolve(a, b, pad, stride), pads=[pad] * 4, strides=[stride] * 2,
                 kernel_shape=[kernel] * 2)
        return g.op("Relu", [y], lambda v: np.maximum(v, 0))
    return build


# name, builder, instructions beside those of the type
CASES = [
    ("plain-128x256x96", plain(128, 256, 96), COPY),
    ("plain-64x64x64", plain(64, 64, 64), COPY),
    ("ragged-95x104x88", plain(95, 104, 88), COPY),
    ("odd-67x53x41", plain(67, 53, 41), ()),
    ("short-9x72x40", plain(9, 72, 40), COPY),
    ("symbolic-70x64x48", symbolic(70, 64, 48), COPY),
    ("symbolic-70x88x48", symbolic_all(70, 88, 48), ()),
    ("layer-66x80x64", layer(66, 80, 64), COPY),
    ("heads-2x33x3x16x64", heads(2, 33, 3, 16, 64), COPY),
    ("scores-2x2x40x56x32", scores(2, 2, 40, 56, 32), COPY),
    ("merged-2x3x40x24x32", merged(2, 3, 40, 24, 32), COPY),
    ("prologue-40x72x56", prologue(40, 72, 56), ()),
    ("pieces-40x48x64+64", pieces(40, 48, 64, 64), ()),
    ("pieces-24x32x24+40", pieces(24, 32, 24, 40), ()),
    ("transposed-72x40x56", transposed(72, 40, 56), COPY),
    ("conv-2x8x9x24x3", convolution(2, 8, 9, 24, 3), ()),
    ("conv-1x16x8x32x1", convolution(1, 16, 8, 32, 1), ()),
    ("conv-1x6x11x20x5s2", convolution(1, 6, 11, 20, 5, 2), ()),
]


def tolerance(kind, want):
    """Rounding of the result, or of the operands, and of a sum in f32 of exact products."""
    scale = np.abs(want).max() + 1e-6
    return scale * {"f32": 2e-6, "f16": 2e-3, "f32-as-f16": 2e-3, "f32-as-bf16": 1.6e-2}[kind]


def check(build, kind, instructions, arguments, seed):
    element, precision = KINDS[kind]
    graph = Graph(np.random.default_rng(seed), element)
    output = build(graph)
    tenon = Tenon("release", 600, "cuda:0", arguments.gpu)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(graph.model(output), folder / "m.onnx")
        target = ["--target", arguments.target, "--precision", precision]
        try:
            ptx = tenon.call("compile", folder / "m.onnx", *target, "--stop-after=codegen")
            tenon.call("compile", folder / "m.onnx", *target, "-o", folder / "m.tenon")
            got = tenon.run(folder / "m.tenon", graph.feeds)[output]
        except TenonError as error:
            return str(error)
    want = graph.values[output]
    if got.shape != want.shape:
        return f"has shape {got.shape}, expected {want.shape}"
    worst = np.abs(got.astype(np.float64) - want).max()
    if not worst <= tolerance(kind, want):
        return f"differs by {worst:.3g}, {tolerance(kind, want):.3g} allowed"
    # What is rounded on the way is not copied.
    wanted = [*(instructions if precision == "f32" else ()), *(EXACT if kind == "f32" else TENSOR)]
    missing = [text for text in wanted if text not in ptx]
    return f"has no {missing[0]}" if missing else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true", help="all types of every case")
    parser.add_argument("--gpu", default="a100")
    parser.add_argument("--target", default="sm_80")
    arguments = parser.parse_args()
    results = {}
    for index, (name, build, instructions) in enumerate(CASES):
        for number, kind in enumerate(KINDS):
            full = f"{kind}/{name}"
            sampled = arguments.full or arguments.filter or (index + arguments.seed - number) % 3 == 0
            if arguments.filter not in full or not sampled:
                continue
            results[full] = check(build, kind, instructions, arguments, [arguments.seed, index])
            print(f"{full}: {results[full] or 'ok'}", flush=True)
    failures = [[name, reason] for name, reason in results.items() if reason]
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": len(results) - len(failures), "skipped": 0,
                                              "failures": failures}))
    return 1 if failures or not results else 0


if __name__ == "__main__":
    sys.exit(main())
