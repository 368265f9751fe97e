"""scripts/test: builds, runs every suite, sums their counts.

A suite is a function of suites.py that returns a Result. A suite that was asked for and ran no
test has failed: a runner that finds nothing must not look like a success.
"""

import argparse
import random
import sys
import time

import suites
from common import Context, Result, run_logged, say


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="every case, not samples")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only tests whose name contains TEXT")
    parser.add_argument("--suite", action="append", choices=list(suites.ALL), help="only this suite")
    parser.add_argument("--seed", type=int, help="of samples, inputs and mutations")
    parser.add_argument("--no-build", action="store_true", help="take build/release and build/asan as they are")
    parser.add_argument("--list", action="store_true", help="say what each suite is")
    return parser.parse_args()


def build(context, names):
    """Builds what the suites need; returns one failure per build that failed."""
    result = Result("build")
    steps = {"release": []}
    if any(name in suites.SANITIZED for name in names):
        steps["asan"] = ["tenon-sanitized"]
    if "threads" in names:
        steps["tsan"] = ["tenon-threads"]
    for preset, targets in steps.items():
        code = run_logged(["scripts/build", preset, *targets], context.root, echo=True)
        if code != 0:
            result.record(f"build {preset}", False, f"scripts/build {preset} exited with {code}")
    return result


def report(results):
    """Prints the failures and the table of suites; returns the two sums."""
    for result in results:
        for name, reason in result.failures:
            print(f"FAILED {result.suite}: {name}: {reason}")
    print()
    for result in results:
        counts = f"{result.passed:6} passed, {len(result.failures)} failed"
        counts += f", {result.skipped} skipped" if result.skipped else ""
        counts += f", {result.refused} refused by name" if result.refused else ""
        print(f"{result.suite:14} {'' if result.suite == 'build' and not result.failures else counts}  "
              f"({result.seconds:.0f} s)")
    return sum(r.passed for r in results), sum(len(r.failures) for r in results)


def main():
    arguments = parse_arguments()
    if arguments.list:
        for name in suites.ALL:
            print(f"{name:14} {suites.ABOUT.get(name, '')}")
        return 0
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**31)
    context = Context(full=arguments.full, filter=arguments.filter, seed=seed)
    print(f"seed {seed} (repeat with --seed {seed})")
    names = arguments.suite or list(suites.ALL)
    results = []
    if not arguments.no_build:
        say("build")
        start = time.monotonic()
        results.append(build(context, names))
        results[0].seconds = time.monotonic() - start
    for name in names:
        say(name)
        start = time.monotonic()
        result = suites.ALL[name](context)
        result.seconds = time.monotonic() - start
        ran = result.passed + len(result.failures)
        if ran == 0 and not arguments.filter:
            result.record(name, False, "the suite ran no test")
        results.append(result)
    passed, failed = report(results)
    if passed + failed == 0:
        print(f"error: no test of {', '.join(names)} matches '{arguments.filter}'")
        return 2
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
