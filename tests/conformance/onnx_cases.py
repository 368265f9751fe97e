"""The node tests as plain data, and the judgement of one."""

import dataclasses

import numpy as np
import onnx
from onnx import numpy_helper


@dataclasses.dataclass
class Case:
    name: str
    model: onnx.ModelProto
    inputs: dict
    expected: dict
    rtol: float
    atol: float
    unfit: str = ""  # why it cannot even be asked: values that are no tensors


def load():
    """All node tests of the installed onnx, in the order of their names."""
    from onnx.backend.test.case.node import collect_testcases
    return [as_case(test) for test in sorted(collect_testcases(None), key=lambda test: test.name)]


def as_case(test):
    graph = test.model.graph
    stored = {tensor.name for tensor in graph.initializer}
    inputs, outputs = test.data_sets[0]
    names = [i.name for i in graph.input if i.name not in stored or len(graph.input) == len(inputs)]
    unfit = ""
    values = {}
    for table, keys in ((inputs, names), (outputs, [o.name for o in graph.output])):
        for key, value in zip(keys, table):
            values[id(table), key] = tensor(value)
            if values[id(table), key] is None:
                unfit = f"{key} is not a tensor"
    pick = lambda table: {key: value for (owner, key), value in values.items() if owner == id(table)}
    return Case(test.name, test.model, pick(inputs), pick(outputs), test.rtol, test.atol, unfit)


def tensor(value):
    """The value as an array; None for sequences, optionals and strings."""
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if isinstance(value, (list, tuple, dict)) or value is None:
        return None
    array = np.asarray(value)
    return None if array.dtype.kind in "OUS" else array


def judge(backend, case):
    """(outcome, message) of one test. The backend raises Refused for a refusal."""
    try:
        actual = backend.answer(case)
    except backend.Refused as refusal:
        message = str(refusal).strip()
        return ("refused", message[-400:]) if message else ("crash", "refused without a message")
    if case.unfit:
        return "wrong", f"compiled and ran although {case.unfit}"
    for name, expected in case.expected.items():
        if problem := differs(actual.get(name), expected, case):
            return "wrong", f"{name}: {problem}"
    return "pass", ""


def differs(actual, expected, case):
    """None if `actual` is `expected` as onnx's own test runner sees it, else the difference."""
    if actual is None:
        return "no such output"
    if actual.shape != expected.shape:
        return f"shape {actual.shape}, expected {expected.shape}"
    if actual.dtype != expected.dtype:
        return f"type {actual.dtype}, expected {expected.dtype}"
    if expected.dtype.kind in "biu":
        wrong = np.count_nonzero(actual != expected)
        return f"{wrong} of {expected.size} elements differ" if wrong else None
    # Two units in the last place of bfloat16, as onnx's runner has it.
    rtol = max(case.rtol, 2**-6) if expected.dtype.name == "bfloat16" else case.rtol
    a, b = (np.asarray(x, np.complex128 if expected.dtype.kind == "c" else np.float64) for x in (actual, expected))
    with np.errstate(invalid="ignore"):
        close = np.isclose(a, b, rtol=rtol, atol=case.atol, equal_nan=True)
    if close.all():
        return None
    worst = np.unravel_index(np.argmin(close), close.shape)
    return f"{np.count_nonzero(~close)} of {close.size} elements differ, the first: {a[worst]}, expected {b[worst]}"
