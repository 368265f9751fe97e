"""Times models in Tenon and in ONNX Runtime, side by side in one process; see README.md."""

import argparse
import json
import math
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(ROOT / "tests" / "e2e")]

import numpy as np
import onnxruntime

import cases
from capi import RunError, Runtime, Tensor, as_tensor
from tenon import Tenon, TenonError

TURNS = 8  # of each side


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(case.name for case in cases.ALL))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4, help="for each shape of each model")
    parser.add_argument("--all-shapes", action="store_true", help="not only the first two shapes")
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def tenon_call(runtime, bundle, feed, threads):
    """A function that runs the bundle once on prepared tensors, and the session that must live on."""
    session = runtime.open(bundle, threads)
    tensors = [as_tensor(np.array(feed[name], order="C")) for name in session.inputs]
    inputs, outputs = (Tensor * len(tensors))(*tensors), (Tensor * len(session.outputs))()
    run, handle = runtime.lib.tenon_session_run, session.session

    def call():
        for output in outputs:
            output.data = None
        error = run(handle, 0, inputs, len(tensors), outputs, len(outputs))
        if error:
            runtime.check(error)

    call.keep = (session, tensors)
    return call


def peer_call(model, feed, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feed)


def best(call, seconds):
    """The fastest of as many runs as fit, at least three."""
    fastest, end, runs = math.inf, time.perf_counter() + seconds, 0
    while runs < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        fastest = min(fastest, time.perf_counter() - start)
        runs += 1
    return fastest


def in_turns(calls, seconds):
    """The best time of each call; a pause before each turn lets the other's threads go to sleep."""
    fastest = [math.inf] * len(calls)
    for call in calls:
        call()
    for _ in range(TURNS):
        for index, call in enumerate(calls):
            time.sleep(0.02)
            fastest[index] = min(fastest[index], best(call, seconds / TURNS / len(calls)))
    return fastest


def measure(case, arguments, folder, runtime):
    """One row per shape."""
    model, bundle = case.model(), folder / f"{case.name}.tenon"
    Tenon().compile(model, bundle, *case.options)
    shapes = case.shapes if arguments.all_shapes else case.shapes[:2]
    for shape in shapes:
        feed = case.feed(np.random.default_rng(0), shape, 0)[0]
        ours, theirs = in_turns([tenon_call(runtime, bundle, feed, arguments.threads),
                                 peer_call(model, feed, arguments.threads)], arguments.seconds)
        yield {"model": case.name, "shape": list(shape) if isinstance(shape, tuple) else [shape],
               "tenon_ms": ours * 1e3, "onnxruntime_ms": theirs * 1e3, "ratio": theirs / ours}


def report(rows, failures):
    print(f"{'model':12} {'shape':10} {'tenon ms':>10} {'ort ms':>10} {'ratio':>7}")
    for row in rows:
        shape = "x".join(map(str, row["shape"]))
        print(f"{row['model']:12} {shape:10} {row['tenon_ms']:10.3f} {row['onnxruntime_ms']:10.3f} {row['ratio']:7.2f}")
    for name, reason in failures.items():
        print(f"{name:12} failed: {reason}")
    if rows:
        mean = math.exp(sum(math.log(row["ratio"]) for row in rows) / len(rows))
        worst = min(rows, key=lambda row: row["ratio"])
        print(f"geometric mean {mean:.2f}, worst {worst['model']} {worst['ratio']:.2f}")


def main():
    arguments = parse_arguments()
    folder = ROOT / "build" / "release" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    runtime, rows, failures = Runtime(), [], {}
    chosen = [case for case in cases.ALL if not arguments.names or case.name in arguments.names]
    for case in chosen:
        try:
            rows += measure(case, arguments, folder, runtime)
        except (TenonError, RunError) as error:
            failures[case.name] = str(error)
    report(rows, failures)
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows, "failures": failures}, indent=1))
    return 1 if failures or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
