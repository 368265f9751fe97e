"""Tenon beside other systems on a CPU, interleaved in one process, as ratios; see bench/README.md.

    build/venv/bin/python bench/cpu/compare.py [NAME...] [--against MODULE] [--docs docs/cpu-speed.md]

NAMEs are those of the end-to-end tests. Every system whose Python package is installed takes part
(onnxruntime, openvino, iree-base-compiler and iree-base-runtime, torch with onnx2torch). All run the
same input with the same number of threads, in turns; the best run of each counts.
"""

import argparse
import json
import math
import pathlib
import platform
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "bench" / "cpu"), str(ROOT / "tests" / "harness"), str(ROOT / "tests" / "e2e")]

import importlib.util

import numpy as np

import cases
import peers
from capi import RunError, Runtime
from tenon import Tenon, TenonError

# tests/harness has a `models` of its own.
SPEC = importlib.util.spec_from_file_location("bench_models", ROOT / "bench" / "models.py")
models = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(models)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6, help="for each model")
    parser.add_argument("--against", action="append", default=[], metavar="MODULE",
                        help="only these: " + ", ".join(peer.module for peer in peers.ALL))
    parser.add_argument("--docs", type=pathlib.Path, help="write the table as a page")
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def prepare(chosen, model, feed, threads):
    """A call per peer that can run the model, and why the others cannot."""
    calls, refusals = {}, {}
    for peer in chosen:
        try:
            call = peer.prepare(model, feed, threads)
            call()
            calls[peer.name] = call
        except Exception as error:  # whatever a foreign system raises
            refusals[peer.name] = (str(error) or type(error).__name__).splitlines()[0][:100]
    return calls, refusals


def measure(case, chosen, arguments, folder, runtime):
    model, bundle = case.model(), folder / f"{case.name}.tenon"
    Tenon().compile(model, bundle, *case.options)
    feed = case.feed(np.random.default_rng(0), case.shapes[0], 0)[0]
    ours = models.tenon_call(runtime, bundle, feed, arguments.threads)
    calls, refusals = prepare(chosen, model, feed, arguments.threads)
    times = models.in_turns([ours, *calls.values()], arguments.seconds)
    return {"model": case.name, "tenon_ms": times[0] * 1e3,
            "peers_ms": {name: time * 1e3 for name, time in zip(calls, times[1:])}, "refused": refusals}


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def table(rows, chosen):
    """The lines of the table, as Markdown; a ratio above 1: Tenon is faster."""
    names = [peer.name for peer in chosen]
    yield "| model | Tenon ms | " + " | ".join(f"{name} ms | ratio" for name in names) + " |"
    yield "|---|---|" + "---|---|" * len(names)
    for row in rows:
        cells = [row["model"], f"{row['tenon_ms']:.2f}"]
        for name in names:
            time = row["peers_ms"].get(name)
            cells += [f"{time:.2f}", f"{time / row['tenon_ms']:.2f}"] if time else ["-", "-"]
        yield "| " + " | ".join(cells) + " |"
    cells = ["geometric mean", ""]
    for name in names:
        ratios = [row["peers_ms"][name] / row["tenon_ms"] for row in rows if name in row["peers_ms"]]
        cells += ["", f"{geometric_mean(ratios):.2f}" if ratios else "-"]
    yield "| " + " | ".join(cells) + " |"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def page(rows, chosen, threads):
    versions = ", ".join(f"{peer.name} {peer.version()}" for peer in chosen)
    best = [min(row["peers_ms"].values()) / row["tenon_ms"] for row in rows if row["peers_ms"]]
    return "\n".join([
        "# Speed on a CPU", "",
        "Written by `bench/cpu/compare.py`, which anyone can run: the best of many runs of each system, in",
        "turns in one process, on one input of the end-to-end tests. A ratio is the other's time divided by",
        "Tenon's: above 1 Tenon is faster.", "",
        f"Processor: {processor()}, {threads} threads. {versions}.", "", *table(rows, chosen), "",
        f"Against the fastest of them on each model: geometric mean {geometric_mean(best):.2f}.", ""])


def main():
    arguments = parse_arguments()
    folder = ROOT / "build" / "release" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    chosen, runtime, rows, failures = peers.installed(arguments.against), Runtime(), [], {}
    for case in cases.ALL:
        if arguments.names and case.name not in arguments.names:
            continue
        try:
            rows.append(measure(case, chosen, arguments, folder, runtime))
            for name, reason in rows[-1]["refused"].items():
                print(f"{case.name}: {name} does not run it: {reason}", file=sys.stderr)
        except (TenonError, RunError) as error:
            failures[case.name] = str(error)
    print(*table(rows, chosen), sep="\n")
    for name, reason in failures.items():
        print(f"{name} failed: {reason}", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows, "failures": failures}, indent=1))
    if arguments.docs and rows:
        arguments.docs.write_text(page(rows, chosen, arguments.threads))
    return 1 if failures or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
