"""Instructions of the simulated GPU against an independent reference, bit for bit.

Every instruction of the tables here, with every type and modifier: all combinations of edge values
and 10,000 random lanes with --full; a sample of instructions and lanes without. The reference is
plain Python on integers of any size and shares nothing with the simulator.
"""

import argparse
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import driver
import run_case

PER_MODULE = 100


def chunks(gpu, cases):
    """Loads the cases in modules; what is refused alone is a failure of its own."""
    for start in range(0, len(cases), PER_MODULE):
        some = cases[start:start + PER_MODULE]
        try:
            yield gpu.load(run_case.module(some)), some, None
        except driver.Refused:
            for case in some:
                try:
                    yield gpu.load(run_case.module([case])), [case], None
                except driver.Refused as refused:
                    yield None, [case], "refused: " + str(refused).strip().splitlines()[0]


def select(arguments):
    cases = [case for case in run_case.all_cases() if arguments.filter in case.name]
    if arguments.full or arguments.filter:
        return cases
    return random.Random(arguments.seed).sample(cases, min(len(cases), 400))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--lanes", type=int)
    arguments = parser.parse_args()
    if not driver.library().exists():
        sys.exit("libcuda.so.1 of the simulator is not built")
    count = arguments.lanes or (10000 if arguments.full else 96)
    gpu, failures, passed = driver.Gpu("b200"), [], 0
    for loaded, cases, problem in chunks(gpu, select(arguments)):
        for index, case in enumerate(cases):
            wrong = problem or run_case.check(gpu, loaded.entry(f"k{index}"), case, count, arguments.seed)
            passed += wrong is None
            if wrong:
                failures.append((case.name, wrong))
                print(f"FAILED {case.name}: {wrong}", flush=True)
        if loaded:
            loaded.unload()
    print(f"{passed} passed, {len(failures)} failed; {count} random lanes each")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": passed, "skipped": 0, "failures": failures}))
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
