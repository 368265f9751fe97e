"""Random graphs: fused against unfused against ONNX Runtime (README.md).

    build/venv/bin/python tests/fuzz/run.py [--count N] [--seed S] [--full] [--replay SEED]

100 graphs (--full: 5,000). Each that is answered wrongly, crashes, or is refused without the name of a
node, is reduced and saved in build/<preset>/test-output/graphs.
"""

import argparse
import collections
import json
import pathlib
import sys
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "harness"), str(HERE.parent / "conformance")]
warnings.filterwarnings("ignore")

import draw
import judge
import reduce
from common import Context
from pool import Pool

TIMEOUT = 90


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0, help="of the first graph")
    parser.add_argument("--count", type=int)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--filter", default="", help="unused: graphs have no names")
    parser.add_argument("--replay", type=int, metavar="SEED", help="judge this graph in this process")
    parser.add_argument("--no-reduce", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--preset", default="release")
    return parser.parse_args()


def replay(arguments):
    graph = draw.draw(arguments.replay)
    for node in graph.nodes:
        print(node.op_type, *node.input, "->", *node.output)
    print(*judge.judge(judge.Bench(arguments.preset), arguments.replay))
    return 0


def reference_dies(seed):
    pool = Pool(lambda: None, judge.judge_reference, 1, TIMEOUT)
    return next(iter(pool.map([seed])))[1][0] == "crash"


def describe(arguments, folder, seed, kind, why):
    """A failure in words, with the reduced graph."""
    if arguments.no_reduce:
        return f"{kind}: {why}"
    graph = draw.draw(seed)
    nodes, reduced = reduce.reduce(lambda: judge.Bench(arguments.preset), graph, kind)
    path = reduce.save(folder, seed, graph, nodes)
    return f"{kind}: {reduced or why} [{', '.join(node.op_type for node in nodes)}; {path}]"


def main():
    arguments = parse_arguments()
    if arguments.replay is not None:
        return replay(arguments)
    folder = Context(arguments.full, "", 0).build(arguments.preset) / "test-output" / "graphs"
    count = arguments.count or (5000 if arguments.full else 100)
    pool = Pool(lambda: judge.Bench(arguments.preset), judge.judge, arguments.jobs, TIMEOUT)
    tally, failures = collections.Counter(), []
    for seed, (kind, why) in pool.map(range(arguments.seed, arguments.seed + count)):
        if kind == "crash" and reference_dies(seed):
            kind = "refused"
        tally[kind] += 1
        if kind not in ("pass", "refused"):
            reason = describe(arguments, folder, seed, kind, why)
            failures.append([f"graph {seed}", reason])
            print(f"graph {seed}: {reason}", flush=True)
    print(", ".join(f"{number} {kind}" for kind, number in sorted(tally.items())), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(
            {"passed": tally["pass"], "skipped": tally["refused"], "failures": failures}))
    return 1 if failures or not tally["pass"] else 0


if __name__ == "__main__":
    sys.exit(main())
