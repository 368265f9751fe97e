"""lit configuration: .mlir and .test files anywhere under tests/, against build/<preset>.

Run by scripts/test, or alone:  build/venv/bin/python tests/harness/lit_main.py -sv tests/dialects
`--param preset=asan` takes another build; `REQUIRES: avx512f` and the like are CPU flags.
"""

import os

import lit.formats
import lit.util

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.join(root, "build", lit_config.params.get("preset", "release"))
llvm = lit_config.params.get("llvm", "/usr/lib/llvm-22")

config.name = "tenon"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "data", "harness"]
config.test_source_root = os.path.join(root, "tests")
config.test_exec_root = os.path.join(build, "lit")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), os.path.join(llvm, "bin"), os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "--dump-input-filter=error"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions.append(("%python", lit_config.params.get("python", "python3")))
config.substitutions.append(("%data", os.path.join(root, "tests", "data")))
config.substitutions.append(("%build", build))

with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
    flags = next((line for line in info if line.startswith("flags")), "")
config.available_features.update(flags.partition(":")[2].split())
