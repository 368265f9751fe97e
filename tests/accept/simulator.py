"""The simulated GPU, on its own and with what it runs."""

import measurements as m
import simulator_speed
from common import ROOT

GRAMMAR_TARGETS = ("sm_90a", "sm_100a")


def sum_up(report, what):
    """(figure, verdict) of a runner's report."""
    failures = report["failures"]
    figure = f"{report['passed']} {what}" + (f", {len(failures)} not: {failures[0][0][:80]}" if failures else "")
    return figure, report["passed"] > 0 and not failures


def instructions(full):
    """Scalar, warp and memory instructions by the reference in Python; matrix ones by their unit tests."""
    figure, good = sum_up(m.suite("tests/sim/reference/run.py", *(["--full"] if full else [])), "instruction forms agree")
    matrix = ROOT / "build/release/unittests/SimMatrixTest"
    _, status, output = m.timed([matrix, "--gtest_brief=1"])
    return f"{figure}; matrix: {output.strip().splitlines()[-1]}", good and status == 0


def grammar(full):
    figures, good = [], True
    for target in GRAMMAR_TARGETS:
        report = m.suite("tests/sim/grammar/run.py", "--target", target, *(["--full"] if full else []))
        if "counts" not in report:
            return "needs ptxas", None
        good &= not report["failures"]
        figures.append(f"{target}: " + ", ".join(f"{n} {what}" for what, n in sorted(report["counts"].items()))
                       + f", {len(report['failures'])} misread")
    return "; ".join(figures), good


def cuda(only, what):
    """The runner's programs or mutants; --full takes all of them."""
    def measure(full):
        report = m.suite("tests/sim/cuda/run.py", f"--filter={only}", *(["--full"] if full else []))
        if report["skipped"]:
            return "needs nvcc", None
        return sum_up(report, what)
    return measure


def bad_input(full):
    """With the sanitized library where there is one (ninja -C build/asan TenonSimCuda)."""
    preset = "asan" if (ROOT / "build/asan/lib/sim/libcuda.so.1").exists() else "release"
    report = m.suite("tests/sim/bad_input/run.py", "--preset", preset, *(["--full"] if full else []))
    return sum_up(report, f"wrong inputs, {report['refused']} refused, no crash ({preset} build)")


LINES = [
    ("instructions", "10,000 random lanes and all edge values per instruction and type equal an independent reference",
     instructions),
    ("grammar", "5,000 random instructions: what ptxas takes is executed or refused by name", grammar),
    ("programs", "CUDA programs at -O0 and -O3 for sm_80 and sm_90a right, no false finding", cuda("-sm_", "runs right")),
    ("mutants", "each wait, fence, barrier and bounds check that is missing is found", cuda("-line", "mutants found")),
    *simulator_speed.LINES,
    ("bad input", "5,000 mutations of PTX, wrong launches, bad handles, double frees: error codes, no crash", bad_input),
]
