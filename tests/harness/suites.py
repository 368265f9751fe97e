"""The suites of scripts/test. Each returns a Result; each runner can also be started alone."""

import json
import os
import sys

from common import ROOT, Result, run_logged, sanitizer_environment, tail


def unit(context):
    return run_unittests(context, "release", Result("unit"))


def unit_asan(context):
    return run_unittests(context, "asan", Result("unit-asan"), sanitizer_environment())


def threads(context):
    return run_unittests(context, "tsan", Result("threads"),
                         dict(os.environ, TSAN_OPTIONS="second_deadlock_stack=1:history_size=4"))


def run_unittests(context, preset, result, env=None):
    """Every GoogleTest program of the build; one that dies counts as a failure of its own."""
    folder = context.build(preset) / "unittests"
    programs = sorted(p for p in folder.glob("*") if p.is_file() and p.stat().st_mode & 0o111)
    scratch = context.scratch(result.suite)
    for program in programs:
        report, log = scratch / f"{program.name}.json", scratch / f"{program.name}.log"
        report.unlink(missing_ok=True)
        command = [program, f"--gtest_output=json:{report}", "--gtest_brief=1"]
        if context.filter:
            command.append(f"--gtest_filter=*{context.filter}*")
        code = run_logged(command, env=env, timeout=600, log=log)
        read_gtest(result, program.name, report, code, log)
    return result


def read_gtest(result, program, report, code, log):
    failed = 0
    if report.exists():
        for suite in json.loads(report.read_text())["testsuites"]:
            for case in suite["testsuite"]:
                if case["status"] == "NOTRUN" or case.get("result") == "SKIPPED":
                    result.skipped += case.get("result") == "SKIPPED"
                    continue
                problems = case.get("failures", [])
                failed += bool(problems)
                result.record(f"{program} {suite['name']}.{case['name']}", not problems,
                              problems[0]["failure"] if problems else "")
    if code != 0 and not failed:
        result.record(program, False, f"exited with {code}\n{tail(log, 40)}")


def lit(context):
    """All .mlir and .test files, by lit in a process of its own."""
    result, scratch = Result("lit"), context.scratch("lit")
    report, log = scratch / "report.json", scratch / "log"
    report.unlink(missing_ok=True)
    command = [sys.executable, ROOT / "tests/harness/lit_main.py", "-q", "-o", report, "-Dpython=" + sys.executable,
               ROOT / "tests"]
    if context.filter:
        command += ["--filter", context.filter, "--allow-empty-runs"]
    code = run_logged(command, timeout=1800, log=log)
    tests = json.loads(report.read_text())["tests"] if report.exists() else []
    for test in tests:
        kind = test["code"]
        if kind in ("UNSUPPORTED", "EXCLUDED", "SKIPPED"):
            result.skipped += kind == "UNSUPPORTED"
        else:
            result.record(test["name"], kind in ("PASS", "XFAIL", "FLAKYPASS"), f"{kind}\n{test['output']}")
    if code != 0 and not result.failures:
        result.record("lit", False, f"exited with {code}\n{tail(log)}")
    return result


def runner(suite, script, *options, env=None, timeout=3600):
    """A suite whose runner is a program of its own: takes --json FILE, --seed, --filter, --full and
    writes {"passed": N, "skipped": N, "refused": N, "failures": [[name, reason], ...]}."""

    def run(context):
        result = Result(suite)
        report = context.scratch(suite) / "report.json"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-u", ROOT / script, "--json", report, "--seed", context.seed, *options]
        command += ["--filter", context.filter] if context.filter else []
        command += ["--full"] if context.full else []
        code = run_logged(command, env=env() if env else None, timeout=timeout, echo=True)
        if report.exists():
            data = json.loads(report.read_text())
            result.passed, result.skipped = data["passed"], data.get("skipped", 0)
            result.refused = data.get("refused", 0)
            result.failures = [tuple(failure) for failure in data["failures"]]
        if code != 0 and not result.failures:
            result.record(script, False, f"exited with {code}" + (" (time-out)" if code == 124 else ""))
        return result

    return run


ALL = {
    "unit": unit,
    "unit-asan": unit_asan,
    "threads": threads,
    "lit": lit,
    "node": runner("node", "tests/conformance/onnx_node.py", "--check"),
    "node-nofold": runner("node-nofold", "tests/conformance/onnx_node.py", "--check", "--no-fold"),
    "node-gpu": runner("node-gpu", "tests/conformance/onnx_node.py", "--check", "--device", "cuda:0"),
    "e2e": runner("e2e", "tests/e2e/run.py"),
    "e2e-gpu": runner("e2e-gpu", "tests/e2e/run.py", "--device", "cuda:0"),
    "harness": runner("harness", "tests/harness/selftest.py"),
    "docs": runner("docs", "tests/docs/run.py"),
    "commands": runner("commands", "tests/commands/run.py"),
    "language": runner("language", "tests/language/run.py"),
    "language-server": runner("language-server", "tests/language/lsp.py"),
    "language-spec": runner("language-spec", "tests/language/spec.py"),
    "commands-asan": runner("commands-asan", "tests/commands/run.py", "--preset", "asan"),
    "templates": runner("templates", "tests/runtime/llm/run.py"),
    "tokenizers": runner("tokenizers", "tests/runtime/llm/tokenizers_test.py"),
    "package": runner("package", "tests/package/run.py"),
    "graphs": runner("graphs", "tests/fuzz/run.py", timeout=5 * 3600),
    "shard": runner("shard", "tests/shard/run.py"),
    "damage": runner("damage", "tests/damage/run.py"),
    "ptxas": runner("ptxas", "tests/gpu/ptxas.py"),
    "products-gpu": runner("products-gpu", "tests/gpu/products.py"),
    "cuda": runner("cuda", "tests/sim/cuda/run.py"),
    "ptx-reference": runner("ptx-reference", "tests/sim/reference/run.py"),
    "ptx-grammar": runner("ptx-grammar", "tests/sim/grammar/run.py"),
    "bad-input": runner("bad-input", "tests/sim/bad_input/run.py"),
}
ABOUT = {
    "unit": "C++ unit tests",
    "unit-asan": "the same under AddressSanitizer and UBSan",
    "threads": "the runtime's, with many sessions, under the thread sanitizer",
    "lit": "IR before and after passes",
    "node": "onnx's node tests",
    "node-nofold": "the same with constants computed at run time",
    "node-gpu": "a sample of them on a simulated GPU",
    "e2e": "real models against ONNX Runtime",
    "e2e-gpu": "the same on a simulated GPU",
    "products-gpu": "products of many shapes and layouts on a simulated GPU",
    "ptxas": "every kernel of the models assembles without spills (needs ptxas)",
    "harness": "the tests of the tests",
    "docs": "links, quoted code and scripts of the documents",
    "commands": "what the commands accept, refuse and leave on the disk",
    "commands-asan": "the same under sanitizers",
    "language": "programs of the language against NumPy",
    "language-server": "the language server as an editor sees it",
    "language-spec": "the examples of docs/language.md",
    "graphs": "random graphs, fused against unfused against ONNX Runtime",
    "templates": "chat templates against jinja2",
    "tokenizers": "text to tokens and back against Hugging Face's tokenizers",
    "package": "wheel, tarball and .deb on a bare tree",
    "shard": "models and random graphs divided among ranks",
    "damage": "damaged bundles and mutated models under sanitizers",
    "cuda": "CUDA programs on simulated GPUs",
    "ptx-reference": "each PTX instruction against exact arithmetic",
    "ptx-grammar": "random PTX: executed right or refused by name",
    "bad-input": "what callers of the simulated driver do wrong: error codes, no crash",
}
SANITIZED = {"unit-asan", "commands-asan", "damage"}
