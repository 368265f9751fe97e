"""The commands as a user meets them: what they accept, what they refuse and in which words."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))

import answer_tests
import checks
import broadcast_tests
import compare_tests
import compile_tests
import external_data_tests
import inside_tests
import gpu_tests
import inspect_tests
import repeat_tests
import run_tests
import scripts_tests
import text_tests
import usage_tests

if __name__ == "__main__":
    checks.main("commands")
