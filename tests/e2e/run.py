"""End to end: compiles real models with `tenon compile`, runs them with `tenon run`, and compares
every output with ONNX Runtime by the measure of measure.py.

    build/venv/bin/python tests/e2e/run.py [--filter mnist] [--seed N] [--preset asan]

With --device cuda:0 the models run on a simulated GPU (fewer shapes and feeds: it is slow), and
what the simulator finds is a failure. One test per model and shape, of at least three feeds (--full: six),
which must first be shown to move the reference's output; one more per model: the answers are the same
for any thread count. Of the models exported from PyTorch a sample is taken, unless --full or named.
"""

import argparse
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))

import numpy as np
import onnxruntime

import cases
import measure
from common import ROOT, Context
from tenon import Tenon, TenonError, file_names

SAMPLE = 4  # of the exported models, without --full


def reference_session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class Peer:
    """ONNX Runtime and Tenon behind one call: inputs by name to outputs by name."""

    def __init__(self, tenon, session, bundle):
        self.tenon, self.session, self.bundle = tenon, session, bundle
        self.names = [output.name for output in session.get_outputs()]

    def reference(self, feed):
        return dict(zip(self.names, self.session.run(None, feed)))

    def actual(self, feed, *options):
        files = self.tenon.run(self.bundle, feed, *options)
        missing = [f for f in file_names(self.names) if f not in files]
        if missing:
            raise TenonError(0, f"tenon run wrote no {missing[0]}.npy, only {sorted(files)}")
        return {name: files[file] for name, file in zip(self.names, file_names(self.names))}


def run_steps(call, steps, carry):
    """Outputs of each step; outputs named in `carry` become inputs of the next."""
    results, carried = [], {}
    for step in steps:
        outputs = call({**carried, **step})
        carried = {target: outputs[source] for source, target in carry.items()}
        results.append(outputs)
    return results


def still_outputs(references, names):
    """Outputs that no two feeds move by more than 5% of their range."""
    def moved(name):
        last = [reference[-1][name] for reference in references]
        return any(measure.moves(last[0], other) for other in last[1:])
    return [name for name in names if not moved(name)]


def check_shape(case, peer, shape, seed, feeds):
    """None if every feed of this shape comes out right, else the reason."""
    rng = np.random.default_rng([seed, cases.ALL.index(case), case.shapes.index(shape)])
    inputs = [case.feed(rng, shape, index) for index in range(feeds)]
    references = [run_steps(peer.reference, steps, case.carry) for steps in inputs]
    if still := still_outputs(references, peer.names):
        return f"the test is void: its inputs do not move output {still[0]}"
    for index, (steps, expected) in enumerate(zip(inputs, references)):
        actual = run_steps(peer.actual, steps, case.carry)
        for step, (got, want) in enumerate(zip(actual, expected)):
            for name in peer.names:
                if problem := measure.mismatch(got[name], want[name]):
                    return f"feed {index}, step {step}, output {name}: {problem}"
    return None


def check_threads(case, peer, seed):
    """The same bits with one thread and with two."""
    rng = np.random.default_rng([seed, 7])
    for shape in case.shapes[:2]:
        feed = case.feed(rng, shape, 0)[0]
        one, two = peer.actual(feed, "--threads", "1"), peer.actual(feed, "--threads", "2")
        for name in peer.names:
            if one[name].tobytes() != two[name].tobytes():
                return f"shape {shape}: output {name} differs between 1 and 2 threads"
    return None


def guarded(check, *arguments):
    try:
        return check(*arguments)
    except TenonError as error:
        return ("crash: " if error.crashed else "") + str(error)


def run_case(case, arguments, tests):
    """All tests of one model, as (name, reason or None)."""
    if case.fetch and subprocess.run([ROOT / "scripts" / "models", case.fetch]).returncode != 0:
        return [(name, f"scripts/models {case.fetch} failed") for name in tests]
    model = case.model()
    tenon = Tenon(arguments.preset, 600, arguments.device, arguments.gpu)
    bundle = Context(False, "", 0).scratch("e2e") / f"{case.name}.{arguments.device[:4]}.tenon"
    bundle.unlink(missing_ok=True)
    if problem := guarded(lambda: tenon.compile(model, bundle, *case.options)):
        return [(name, f"compile: {problem}") for name in tests]
    peer, results = Peer(tenon, reference_session(model), bundle), []
    for name, shape in tests.items():
        if shape == "threads":
            results.append((name, guarded(check_threads, case, peer, arguments.seed)))
        else:
            feeds = 6 if arguments.full else case.feeds(arguments.device)
            results.append((name, guarded(check_shape, case, peer, shape, arguments.seed, feeds)))
        print(f"{name}: {results[-1][1] or 'ok'}", flush=True)
    return results


def shape_name(shape):
    return "x".join(map(str, shape)) if isinstance(shape, tuple) else str(shape)


def chosen_cases(arguments):
    """All, but of the large exported models a sample by the seed, and none on a simulated GPU, unless
    they are asked for."""
    small = [case for case in cases.ALL if not case.exported]
    large = [case for case in cases.ALL if case.exported]
    if arguments.full or arguments.filter:
        return small + large
    sample = np.random.default_rng(arguments.seed).permutation(len(large))[:SAMPLE]
    return small + ([large[index] for index in sorted(sample)] if arguments.device == "cpu" else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--device", default="cpu", help="cuda:0: on a simulated GPU")
    parser.add_argument("--gpu", default="a100", help="which GPU is simulated")
    arguments = parser.parse_args()
    results = []
    for case in chosen_cases(arguments):
        onCpu = arguments.device == "cpu"
        shapes = case.shapes if onCpu or arguments.full else case.simulated or case.shapes
        tests = {f"{case.name}/{shape_name(shape)}".rstrip("/"): shape for shape in shapes}
        if onCpu:
            tests[f"{case.name}/threads"] = "threads"
        tests = {name: shape for name, shape in tests.items() if arguments.filter in name}
        if tests:
            results += run_case(case, arguments, tests)
    failures = [[name, reason] for name, reason in results if reason]
    for name, reason in failures:
        print(f"FAILED {name}: {reason}")
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": len(results) - len(failures), "failures": failures}))
    return 1 if failures or not results else 0


if __name__ == "__main__":
    sys.exit(main())
