"""Models and random graphs divided among ranks, against one rank and ONNX Runtime (README.md).

    build/venv/bin/python tests/shard/run.py [--filter NAME] [--seed N] [--count N] [--full]

Real models on meshes of 2 to 8 ranks; 60 random graphs (--full: 3,000) on 2, 3 or 4 ranks.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / part) for part in ("harness", "e2e", "fuzz", "conformance")]

import numpy as np
import onnx

import cases
import draw
import judge
from tenon import Tenon, TenonError, file_names

MESHES = {"minilm": ("tp=2", "tp=3", "tp=4", "dp=2,tp=2", "tp=12"),
          "magika": ("tp=2", "tp=4"), "yolox_nano": ("tp=2", "tp=8")}
# Sums in another order: of the largest element.
TOLERANCE = 2e-5


def ranks_of(mesh):
    return int(np.prod([int(axis.split("=")[1]) for axis in mesh.split(",")]))


def collectives(tenon, model, mesh, options):
    """How many collectives the divided graph has."""
    text = tenon.call("compile", model, "--mesh", mesh, "--stop-after=shard", *options)
    return len(re.findall(r"= spmd\.", text))


def check_model(tenon, case, mesh, seed, folder):
    whole, divided = folder / "one.tenon", folder / "many.tenon"
    shape = case.shapes[0]
    feed = case.feed(np.random.default_rng(seed), shape, 0)[0]
    try:
        tenon.compile(case.model(), whole, *case.options)
        tenon.compile(case.model(), divided, "--mesh", mesh, *case.options)
        expected, actual = tenon.run(whole, feed), tenon.run(divided, feed, "--ranks", ranks_of(mesh))
        number = collectives(tenon, case.model(), mesh, case.options)
    except TenonError as error:
        return str(error)
    for name, value in expected.items():
        if name not in actual or actual[name].shape != value.shape:
            return f"{name} is missing or of another shape"
        largest = np.abs(value).max(initial=0)
        if not np.all(np.abs(actual[name] - value) <= TOLERANCE * largest):
            return f"{name} departs by {np.abs(actual[name] - value).max()}, of at most {largest}"
    return None if number else "nothing was divided"


def divide(tenon, ranks, source, target):
    """Plans with free communication and partitions: what can be shared is."""
    text = source.read_text()
    mesh = f'spmd.mesh = #spmd.mesh<"tp" = {ranks}>'
    text = text.replace("module attributes {", f"module attributes {{{mesh}, ", 1) if "module attributes {" in text \
        else text.replace("module {", f"module attributes {{{mesh}}} {{", 1)
    pipeline = "builtin.module(tenon-shard-plan{axis=tp link=1e30 latency=0},tenon-shard-partition{axis=tp})"
    done = subprocess.run([tenon.bin / "tenon-opt", f"--pass-pipeline={pipeline}"], input=text,
                          capture_output=True, text=True)
    if done.returncode:
        raise TenonError(done.returncode, done.stderr)
    target.write_text(done.stdout)
    return len(re.findall(r"= spmd\.", done.stdout))


def check_graph(tenon, seed, folder):
    """("pass" | "refused" | "whole" | "wrong", why); whole: nothing could be shared."""
    graph = draw.draw(seed)
    if not graph.nodes:
        return "whole", ""
    ranks = random.Random(seed).choice((2, 2, 3, 4))
    model, feeds = graph.part(graph.nodes, False)
    try:
        expected = judge.Expected(model, feeds)
    except Exception as error:
        return "refused", f"the reference: {error}"
    files = {name: folder / name for name in ("m.onnx", "m.mlir", "weights.bin", "ranks.mlir", "m.tenon")}
    onnx.save(model, files["m.onnx"])
    try:
        files["m.mlir"].write_text(tenon.call("compile", files["m.onnx"], "--stop-after=graph", "--save-weights",
                                              files["weights.bin"]))
    except TenonError as error:
        return "refused", str(error)
    try:
        if not divide(tenon, ranks, files["m.mlir"], files["ranks.mlir"]):
            return "whole", ""
        tenon.compile(files["ranks.mlir"], files["m.tenon"])
        actual = tenon.run(files["m.tenon"], feeds, "--ranks", ranks)
    except TenonError as error:
        return "wrong", str(error)
    names = list(expected.outputs)
    for name, file in zip(names, file_names(names)):
        if file not in actual:
            return "wrong", f"no output {name}"
        if problem := expected.mismatch(name, actual[file]):
            return "wrong", f"{ranks} ranks: {name}: {problem}"
    return "pass", ""


def check_graphs(tenon, arguments, results, folder):
    count = arguments.count or (3000 if arguments.full else 60)
    tally = {"pass": 0, "refused": 0, "whole": 0, "wrong": 0}
    seed = arguments.seed * 100_000
    while tally["pass"] + tally["wrong"] < count:
        kind, why = check_graph(tenon, seed, folder)
        tally[kind] += 1
        if kind in ("pass", "wrong"):
            results[f"graph {seed}"] = why if kind == "wrong" else None
        if kind == "wrong":
            print(f"graph {seed}: {why}", flush=True)
        seed += 1
    print("random graphs: " + ", ".join(f"{number} {kind}" for kind, number in tally.items()), flush=True)
    return tally["refused"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--filter", default="")
    parser.add_argument("--count", type=int, help="random graphs")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--preset", default="release")
    arguments = parser.parse_args()
    tenon, results, refused = Tenon(arguments.preset), {}, 0
    with tempfile.TemporaryDirectory(prefix="tenon-shard-") as name:
        folder = pathlib.Path(name)
        for case in cases.ALL:
            for mesh in MESHES.get(case.name, ()):
                if arguments.filter in f"{case.name} {mesh}":
                    results[f"{case.name} {mesh}"] = check_model(tenon, case, mesh, arguments.seed, folder)
        if arguments.filter in "graphs":
            refused = check_graphs(tenon, arguments, results, folder)
    failures = [[name, why] for name, why in results.items() if why]
    for name, why in failures:
        print(f"FAILED {name}: {why}", flush=True)
    passed = len(results) - len(failures)
    print(f"{passed} passed, {len(failures)} failed", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": passed, "skipped": 0, "refused": refused,
                                              "failures": failures}))
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
