"""The node tests of the onnx package: each a model of one operator, its inputs and outputs.

    build/venv/bin/python tests/conformance/onnx_node.py [--filter conv] [--no-fold] [--report r.json]

Every model is compiled and run with its inputs fed at run time, and ends as one of
  pass     every output within onnx's own tolerance of the expected one
  refused  not compiled, or not run, with a message and exit status 1
  wrong    an answer that is not the expected one
  crash    a signal, a hang, or a message that a refusal does not have
With --check (scripts/test) a test of passing.txt that does not pass is a failure, and so is every
wrong and every crash; --update rewrites passing.txt. The tests run many to a process, in forked
workers, through the C interfaces of compiler and runtime; --commands starts the commands instead.
With --device cuda:0 they run on a simulated GPU, by commands; without --full a sample of passing.txt.
"""

import argparse
import collections
import json
import pathlib
import random
import sys
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))

from backends import Commands, InProcess, available
from onnx_cases import judge, load
from pool import Pool

PASSING = HERE / "passing.txt"
TIMEOUT = 60


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="", help="only tests whose name contains this")
    parser.add_argument("--no-fold", action="store_true", help="compile with constant folding off")
    parser.add_argument("--expanded", action="store_true", help="also the _expanded tests (implied by --full)")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--check", action="store_true", help="compare with passing.txt")
    parser.add_argument("--update", action="store_true", help="rewrite passing.txt")
    parser.add_argument("--commands", action="store_true", help="drive the commands, a process per test")
    parser.add_argument("--device", default="cpu", help="cuda:0: on a simulated GPU")
    parser.add_argument("--sample", type=int, default=80, help="tests on a simulated GPU without --full")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=pathlib.Path, help="every test's outcome, as JSON")
    parser.add_argument("--json", type=pathlib.Path, help="the summary that scripts/test reads")
    return parser.parse_args()


def chosen(arguments, passing):
    """The tests of this run: all but the expanded ones, of which a sample must do without --full;
    with folding off, those that pass with it."""
    tests = [test for test in load() if arguments.filter in test.name]
    if arguments.device != "cpu":
        tests = [test for test in tests if test.name in passing]
        size = len(tests) if arguments.full else min(arguments.sample, len(tests))
        return random.Random(arguments.seed).sample(tests, size)
    if arguments.expanded or arguments.full:
        return tests
    plain = [test for test in tests if "_expanded" not in test.name]
    expanded = [test for test in tests if "_expanded" in test.name and test.name in passing]
    sample = random.Random(arguments.seed).sample(expanded, min(40, len(expanded)))
    if arguments.no_fold and arguments.check:
        plain = [test for test in plain if test.name in passing]
    return plain + sample


def run_all(tests, arguments):
    """name -> (outcome, message)."""
    if arguments.device != "cpu":
        arguments.commands = True
    if not arguments.commands and not available(arguments.preset):
        print("the compiler's or the runtime's library is not built: driving the commands", flush=True)
        arguments.commands = True
    def kind(preset, options):
        return Commands(preset, options, arguments.device) if arguments.commands else InProcess(preset, options)

    kind.Refused = Commands.Refused
    options = ["--no-fold"] if arguments.no_fold else []
    pool = Pool(lambda: kind(arguments.preset, options), judge, arguments.jobs, TIMEOUT)
    results = {}
    for test, outcome in pool.map(tests):
        results[test.name] = outcome
        if outcome[0] in ("wrong", "crash"):
            print(f"{outcome[0]:8} {test.name}: {outcome[1]}", flush=True)
    return results


def summarise(results):
    for title, wanted in (("not expanded", False), ("expanded", True)):
        counts = collections.Counter(r[0] for n, r in results.items() if ("_expanded" in n) == wanted)
        if counts:
            print(f"{title}: " + ", ".join(f"{counts[k]} {k}" for k in ("pass", "refused", "wrong", "crash")))


def regressions(results, passing):
    """(name, reason) of each test that is not as good as the list or the rule demands."""
    return [[name, f"{outcome}: {message}"] for name, (outcome, message) in sorted(results.items())
            if outcome in ("wrong", "crash") or (outcome == "refused" and name in passing)]


def update(results, passing):
    kept = (passing - results.keys()) | {name for name, r in results.items() if r[0] == "pass"}
    PASSING.write_text("".join(f"{name}\n" for name in sorted(kept)))
    print(f"{PASSING.name}: {len(kept)} tests, {sum('_expanded' not in name for name in kept)} not expanded")


def main():
    warnings.filterwarnings("ignore")
    arguments = parse_arguments()
    passing = set(PASSING.read_text().split()) if PASSING.exists() else set()
    tests = chosen(arguments, passing)
    results = run_all(tests, arguments)
    summarise(results)
    if arguments.report:
        arguments.report.write_text(json.dumps({n: {"outcome": r[0], "message": r[1]} for n, r in results.items()},
                                               indent=1))
    if arguments.update:
        update(results, passing)
    failures = regressions(results, passing)
    passed = sum(r[0] == "pass" for r in results.values())
    if arguments.json:
        refused = len(results) - passed - len(failures)
        arguments.json.write_text(json.dumps({"passed": passed, "refused": refused, "failures": failures}))
    newly = [n for n, r in results.items() if r[0] == "pass" and n not in passing]
    if newly and not arguments.update:
        print(f"{len(newly)} pass that passing.txt does not list (--update adds them)")
    return 1 if arguments.check and (failures or not results) else 0


if __name__ == "__main__":
    sys.exit(main())
