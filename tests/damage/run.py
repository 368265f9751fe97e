"""Damaged files under AddressSanitizer and UBSan: bundles and ONNX models.

    build/venv/bin/python tests/damage/run.py [--full] [--seed N] [--filter bundle]

Bundles: every truncation, and every byte once xor 0xFF, of two bundles of at most 64 KB, opened,
verified and run through the C API in one process. Models: 2,000 (--full: 20,000) mutations of small
ONNX files, compiled in one process and run where they compile. Each must end in an error with a
message or (bundles) in the answer of the undamaged file; a crash, a hang, a sanitizer's report or
another answer is a failure.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "harness"), str(HERE.parent / "conformance")]

from common import sanitizer_environment


def under_sanitizers():
    """Starts this program again with the sanitizers' runtime loaded first."""
    if os.environ.get("TENON_DAMAGE"):
        return
    runtime = subprocess.run(["clang-22", "-print-file-name=libclang_rt.asan-x86_64.so"], capture_output=True,
                             text=True, check=True).stdout.strip()
    environment = dict(sanitizer_environment(), LD_PRELOAD=runtime, TENON_DAMAGE="1", PYTHONMALLOC="malloc")
    os.execve(sys.executable, [sys.executable, "-u", *sys.argv], environment)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--filter", default="", help="only 'bundle', 'model' or 'program'")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--preset", default="asan")
    return parser.parse_args()


def main():
    under_sanitizers()
    os.environ.pop("LD_PRELOAD")  # not for the programs we start
    warnings.filterwarnings("ignore")
    arguments = parse_arguments()
    import damaged_bundles
    import damaged_models
    import damaged_programs
    passed, failures = 0, []
    for name, module in (("bundle", damaged_bundles), ("model", damaged_models), ("program", damaged_programs)):
        if arguments.filter in name:
            count, problems = module.run(arguments)
            passed, failures = passed + count, failures + problems
            print(f"{name}: {count} passed, {len(problems)} failed", flush=True)
    for name, reason in failures[:50]:
        print(f"FAILED {name}: {reason}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": passed, "failures": failures}))
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
