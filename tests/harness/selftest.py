"""The tests of the tests: the measure tells right from wrong, the pool survives its workers."""

import ctypes
import os
import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("e2e", "conformance", "docs", "fuzz")]

import numpy as np

import checks
import draw
import guarded
import judge
import measure
import reduce
from checks import test
from pool import Pool
from tenon import file_names


def rows(count=20, channels=4):
    return np.random.default_rng(0).standard_normal((count, channels)).astype(np.float32) * [1, 10, 0.01, 1]


@test
def the_measure_accepts_rounding(tenon, folder):
    b = rows().astype(np.float32)
    assert measure.mismatch(b, b) is None
    assert measure.mismatch(b + np.float32(1e-4) * np.ptp(b, axis=0).astype(np.float32), b) is None


@test
def the_measure_is_per_channel(tenon, folder):
    """An error that is small beside the whole output is large in its own channel."""
    b = rows().astype(np.float32)
    a = b.copy()
    a[3, 2] += 0.001
    assert "channel 2" in measure.mismatch(a, b)
    assert measure.mismatch(a[:10], b[:10]) is None, "under 16 rows the whole output counts"


@test
def the_measure_sees_other_things(tenon, folder):
    b = rows().astype(np.float32)
    odd = b.copy()
    odd[0, 0] = np.nan
    assert "non-finite" in measure.mismatch(odd, b) and "non-finite" in measure.mismatch(b, odd)
    assert measure.mismatch(odd, odd) is None
    assert "shape" in measure.mismatch(b[1:], b) and "type" in measure.mismatch(b.astype(np.float64), b)
    assert "1 of 3" in measure.mismatch(np.array([1, 2, 4]), np.array([1, 2, 3]))


@test
def the_measure_sees_another_winner(tenon, folder):
    """Within the error bound of a wide channel, but where the two best are clearly apart."""
    b = np.zeros((20, 2), np.float32)
    b[:, 0] = np.linspace(-5000, 5000, 20)
    b[:, 1] = b[:, 0] - 4
    a = b.copy()
    a[7, 1] += 2.5
    assert measure.mismatch(a, b) is None
    a[7] += (-2.5, 0)
    assert "argmax of row 7" in measure.mismatch(a, b)


@test
def constant_outputs_prove_nothing(tenon, folder):
    b = rows()
    assert not measure.moves(b, b) and not measure.moves(b, b + 0.01 * np.ptp(b)) and measure.moves(b, b[::-1])
    assert not measure.moves(np.zeros(3), np.zeros(3))


@test
def the_pool_survives_its_workers(tenon, folder):
    def judge(backend, case):
        if case == "abort":
            os.abort()
        if case == "hang":
            time.sleep(60)
        if case == "exit":
            os._exit(7)
        if case == "raise":
            raise ValueError("oops")
        return "pass", case

    cases = ["a", "abort", "b", "hang", "c", "exit", "d", "raise", "e"]
    found = dict(Pool(lambda: None, judge, jobs=2, timeout=2).map(cases))
    assert [c for c in cases if found[c][0] == "pass"] == list("abcde"), found
    for case, word in (("abort", "SIGABRT"), ("hang", "no end"), ("exit", "7"), ("raise", "oops")):
        assert found[case][0] == "crash" and word in found[case][1], found[case]


@test
def output_files_are_named_apart(tenon, folder):
    assert file_names(["a/b", "a:b", "a_b", "ok-1.x"]) == ["a_b", "a_b_2", "a_b_3", "ok-1.x"]


@test
def quotations_are_found(tenon, folder):
    from importlib import util
    spec = util.spec_from_file_location("docs_run", HERE.parent / "docs" / "run.py")
    docs = util.module_from_spec(spec)
    spec.loader.exec_module(docs)
    source = docs.squeezed("int a;\n\n  int b;\nint c;\nint d;\n")
    assert docs.occurs("int a;\nint b;", source) and docs.occurs("int a;\n...\nint d;", source)
    assert not docs.occurs("int a;\nint c;", source) and not docs.occurs("int d;\n...\nint a;", source)


def drawn(kind):
    """A random graph with a node of this kind among others."""
    for seed in range(1000):
        graph = draw.draw(seed)
        if len(graph.nodes) > 5 and any(node.op_type == kind for node in graph.nodes):
            return graph
    raise AssertionError(f"no graph with {kind}")


@test
def random_graphs_are_judged(tenon, folder):
    """What the reference says is right; one element of it changed is not."""
    graph = drawn("Softmax")
    expected = judge.Expected(*graph.part(graph.nodes, exposed=True))
    seen = 0
    for name, value in expected.outputs.items():
        assert expected.mismatch(name, value) is None
        if value.dtype.kind == "f" and value.size and np.isfinite(value).all():
            wrong = value.copy()
            wrong.flat[0] += 1 + np.abs(value).max()
            seen += expected.mismatch(name, wrong) is not None
        assert expected.mismatch(name, value[None]) is not None
    assert seen, "no wrong value was seen"


@test
def forbidden_pages_end_the_process(tenon, folder):
    def reads(at_end, offset):
        child = os.fork()
        if child == 0:
            array = guarded.empty((3,), np.float32, at_end)
            ctypes.string_at(array.ctypes.data + offset, 4)
            os._exit(0)
        return os.waitpid(child, 0)[1]

    for at_end in (True, False):
        assert reads(at_end, 0) == 0 and reads(at_end, 8) == 0
    assert reads(True, 12) == signal.SIGSEGV and reads(False, -4) == signal.SIGSEGV


class BadAtSoftmax:
    """A compiler whose answers are wrong where a graph has a Softmax."""

    def compile(self, model, *options):
        self.bad = any(node.op_type == "Softmax" for node in model.graph.node)

    def wrong(self, *run):
        return "wrong" if self.bad else ""

    def differs_by_threads(self, *run):
        return None


@test
def failing_graphs_are_reduced(tenon, folder):
    nodes, why = reduce.reduce(BadAtSoftmax, drawn("Softmax"), "wrong")
    assert [node.op_type for node in nodes] == ["Softmax"] and why == "wrong"


if __name__ == "__main__":
    checks.main("harness")
