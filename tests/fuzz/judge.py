"""Whether Tenon's answers for a graph are right.

A float may depart from ONNX Runtime's by rounding and by as much as the graph amplifies it, which is
measured: the reference is run again with inputs and weights that differ in their last digits. Outputs
that then jump (an index, a comparison, a value that ceases to be finite) decide nothing.
"""

import pathlib
import re
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper

import guarded
from capi import CompileError, Compiler, RunError, Runtime
from draw import draw
from graph import reference

NUDGE, NUDGES = 1e-6, 2
RELATIVE, OF_LARGEST, ABSOLUTE, AMPLIFIED = 1e-4, 2e-5, 1e-6, 30
EXACT_WEIGHTS = ("Resize", "Upsample", "QuantizeLinear", "DequantizeLinear")
OTHER_SIZES = ({"N": 1, "M": 2}, {"N": 7, "M": 33})
TARGETS = ("cpu:avx2", "cpu:avx512")
# An error of a verifier is a defect of the compiler, not a refusal.
INTERNAL = re.compile(r"'\w+\.\w+' op ")
# The one thing that the two understand differently: sizes that must agree and might be 1.
SIZES = re.compile(r"differ|expected equal to|does not fit|number of elements")


# ---- The reference ---------------------------------------------------------

def nudged(model, feeds, rng):
    """The model and its feeds with every float changed by about one part in a million."""
    shake = lambda array: np.asarray(array * (1 + NUDGE * rng.randn(*array.shape))).astype(array.dtype)
    model = onnx.ModelProto.FromString(model.SerializeToString())
    exact = {name for node in model.graph.node if node.op_type in EXACT_WEIGHTS for name in node.input[1:]}
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f" and tensor.name not in exact:
            tensor.CopyFrom(numpy_helper.from_array(shake(array), tensor.name))
    return model, {name: shake(array) if array.dtype.kind == "f" else array for name, array in feeds.items()}


class Expected:
    def __init__(self, model, feeds):
        self.outputs = {name: np.asarray(value) for name, value in reference(model, feeds).items()}
        rng = np.random.RandomState(0)
        self.others = [reference(*nudged(model, feeds, rng)) for _ in range(NUDGES)]

    def mismatch(self, name, actual):
        """None where the output is right or decides nothing, else what is wrong."""
        expected, others = self.outputs[name], [np.asarray(other[name]) for other in self.others]
        if any(other.shape != expected.shape for other in others):
            return None
        if actual.shape != expected.shape or actual.dtype != expected.dtype:
            return f"{actual.dtype}{list(actual.shape)}, expected {expected.dtype}{list(expected.shape)}"
        if expected.dtype.kind != "f":
            if any((other != expected).any() for other in others):
                return None
            wrong = actual != expected
        else:
            wrong = departs(actual.astype(np.float64), expected.astype(np.float64),
                            [other.astype(np.float64) for other in others])
        if not wrong.any():
            return None
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        return f"{np.count_nonzero(wrong)} of {wrong.size} wrong, first at {at}: {actual[at]}, expected {expected[at]}"


def departs(actual, expected, others):
    """Where `actual` is wrong."""
    finite = np.isfinite(expected)
    unsure = np.zeros(expected.shape, bool)
    spread = np.zeros(expected.shape)
    with np.errstate(all="ignore"):
        for other in others:
            unsure |= np.isfinite(other) != finite
            spread = np.fmax(spread, np.abs(np.where(finite & np.isfinite(other), other - expected, 0)))
        known = np.where(finite, np.abs(expected), 0)
        largest = known.max(initial=0)
        allowed = RELATIVE * known + OF_LARGEST * largest + ABSOLUTE + AMPLIFIED * (spread + 0.3 * spread.mean() if spread.size else 0)
        near = np.abs(actual - expected) <= allowed
        same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    return ~(near | same | unsure | (known > 1e30))


# ---- Tenon -----------------------------------------------------------------

class Bench:
    """Compiler and runtime of one build, and a place for one model."""

    def __init__(self, preset="release"):
        self.compiler, self.runtime = Compiler(preset), Runtime(preset)
        self.folder = tempfile.TemporaryDirectory(prefix="tenon-graphs-")
        self.model, self.bundle = (pathlib.Path(self.folder.name) / name for name in ("m.onnx", "m.tenon"))

    def compile(self, model, *options):
        onnx.save(model, self.model)
        self.bundle.unlink(missing_ok=True)
        self.compiler.compile(self.model, self.bundle, *options)

    def answers(self, feeds, expected, threads, at_end):
        feeds = {name: guarded.copy(array, at_end) for name, array in feeds.items()}
        into = {name: guarded.empty(value.shape, value.dtype, at_end) for name, value in expected.outputs.items()}
        with self.runtime.open(self.bundle, threads) as session:
            return session.run(feeds, into=into)

    def refusal(self, feeds):
        """Why it refuses to run, into outputs of its own; "" if it does not."""
        try:
            with self.runtime.open(self.bundle) as session:
                session.run(feeds)
            return ""
        except RunError as error:
            return str(error)

    def differs_by_threads(self, feeds, expected):
        one, two = (self.answers(feeds, expected, threads, True) for threads in (1, 2))
        return next((name for name in one if one[name].tobytes() != two[name].tobytes()), None)

    def wrong(self, feeds, expected, threads, at_end, what):
        """What is wrong with a run, in words, or ""."""
        try:
            answers = self.answers(feeds, expected, threads, at_end)
        except RunError as error:
            return f"{what}: {self.refusal(feeds) or error}"
        for name in expected.outputs:
            if name not in answers:
                return f"{what}: no output {name}"
            if problem := expected.mismatch(name, answers[name]):
                return f"{what}: {name}: {problem}"
        return ""


def resized(graph, feeds, sizes):
    """Feeds with the named dimensions of other sizes."""
    rng, result = np.random.RandomState(5), {}
    for name, value in feeds.items():
        shape = [sizes.get(size, size) for size in graph.inputs.get(name, value.shape)]
        floats = value.dtype.kind == "f"
        result[name] = value if list(value.shape) == shape else \
            (rng.randn(*shape) if floats else np.resize(value, shape)).astype(value.dtype)
    return result


def judge_nodes(bench, graph, nodes):
    """("pass" | "refused" | "wrong", why) of the part of a graph that these nodes are."""
    target = ("--target", TARGETS[graph.opset % 2] if AVX512 else "cpu:avx2")
    for what, exposed, options in (("fused", False, ()), ("unfused", True, ("--no-fuse",))):
        model, feeds = graph.part(nodes, exposed)
        try:
            expected = Expected(model, feeds)
        except Exception as error:
            return "refused", f"the reference: {error}"
        try:
            bench.compile(model, *target, *options)
        except CompileError as error:
            said = error.status == 1 and re.search(r"node '\w+'", str(error)) and not INTERNAL.search(str(error))
            return "refused" if said else "wrong", f"compile: {error}"
        if why := bench.wrong(feeds, expected, 1 if exposed else 2, not exposed, what):
            return "refused" if graph.sizes and SIZES.search(why) else "wrong", why
        if not exposed and (name := bench.differs_by_threads(feeds, expected)):
            return "wrong", f"{name} depends on the number of threads"
        for sizes in OTHER_SIZES if graph.sizes and not exposed else ():
            other = resized(graph, feeds, sizes)
            try:
                expected = Expected(model, other)
            except Exception:
                continue  # sizes that do not go together
            why = bench.wrong(other, expected, 1, True, f"{what} at {sizes}")
            if why and not SIZES.search(why):
                return "wrong", why
    return "pass", ""


def judge(bench, seed):
    graph = draw(seed)
    return judge_nodes(bench, graph, graph.nodes) if graph.nodes else ("pass", "no nodes")


def judge_reference(bench, seed):
    """Asks the reference alone, which may die too."""
    graph = draw(seed)
    for exposed in (False, True):
        model, feeds = graph.part(graph.nodes, exposed)
        for sizes in ({}, *(OTHER_SIZES if graph.sizes else ())):
            try:
                Expected(model, resized(graph, feeds, sizes) if sizes else feeds)
            except Exception:
                continue
    return "pass", ""


def judge_part(bench, case):
    graph, nodes = case
    return judge_nodes(bench, graph, nodes)


AVX512 = "avx512f" in pathlib.Path("/proc/cpuinfo").read_text()
