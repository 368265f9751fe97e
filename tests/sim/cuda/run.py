"""CUDA programs of our own on simulated GPUs: right answers, no false finding.

Every source is built by nvcc at -O0 and -O3 for sm_80 and sm_90a and run in every order of the
asynchronous engines; without --full a sample. Then mutants: a correct program with one wait, fence,
barrier or bounds check taken out must be found out. Without nvcc (or tenon-sim) all are skipped.
"""

import argparse
import json
import pathlib
import random
import sys
import traceback

import mutants
import programs

ORDERS = ("eager", "lazy", "random")
SEEDS = 5  # on some of them a mutant must be found


def check_program(variant, order, seed, folder):
    """The reason why the program fails, or None."""
    program = programs.build(variant.source.read_text(), variant, folder)
    outcome = programs.run(program, variant.arch, order, seed)
    if outcome.findings:
        first = outcome.findings[0]
        return (f"false finding {first['kind']} in {first['kernel']} at {first['file']}:{first['line']}: "
                f"{first['message']}")
    if outcome.status != 0 or not outcome.output.rstrip().splitlines()[-1:] == ["ok"]:
        return f"exit status {outcome.status}: {outcome.output.strip()[-300:]}"
    return None


def check_mutant(mutant, seed, folder):
    variant = mutant.variant
    program = programs.build(mutant.text, variant, folder / "mutants", mutant.name)
    seen = []
    for each in range(seed, seed + SEEDS):
        for order in ORDERS:
            outcome = programs.run(program, variant.arch, order, each, timeout=60)
            seen += [(f["kind"], f["line"]) for f in outcome.findings]
            if any(mutant.explains(finding) for finding in outcome.findings):
                return None
    return f"not found without '{mutant.removed.strip()}' (line {mutant.line}); findings: {seen[:4]}"


def cases(arguments):
    """(name, function) of everything to run."""
    draw = random.Random(arguments.seed)
    folder = programs.ROOT / "build/release/test-output/cuda"
    for source in programs.sources():
        chosen = programs.variants(source)
        if not arguments.full:
            chosen = [v for v in chosen if v.level == "O3"][:1] + draw.sample(chosen, 1)
        for variant in dict.fromkeys(chosen):
            for order in ORDERS if arguments.full else (draw.choice(ORDERS),):
                yield f"{variant.name} {order}", lambda v=variant, o=order: check_program(v, o, arguments.seed, folder)
    every = [mutant for source in programs.sources() for mutant in mutants.of(source)]
    for mutant in every if arguments.full else draw.sample(every, min(12, len(every))):
        yield mutant.name, lambda m=mutant: check_mutant(m, arguments.seed, folder)


def why_skipped():
    if not programs.compiler():
        return "nvcc is not installed"
    if not programs.simulator().exists():
        return "tenon-sim is not built"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    passed, skipped, failures, reason = 0, 0, [], why_skipped()
    for name, function in cases(arguments):
        if arguments.filter not in name:
            continue
        if reason:
            skipped += 1
            continue
        try:
            problem = function()
        except Exception as error:  # a build that fails, a report that is no JSON
            problem = f"{type(error).__name__}: {error}"
            if not isinstance(error, RuntimeError):
                traceback.print_exc()
        passed += problem is None
        if problem:
            failures.append((name, problem))
        print(f"{'ok' if problem is None else 'FAILED':6} {name}" + (f": {problem}" if problem else ""), flush=True)
    if reason:
        print(f"{skipped} skipped: {reason}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": passed, "skipped": skipped, "failures": failures}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
