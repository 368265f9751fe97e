"""The runtime from its tarball and .deb: C and C++ programs against the installed tree alone."""

import subprocess

import numpy as np

from checks import test
from common import ROOT
from packages import call, installed, only

MNIST = ROOT / "tests/data/mnist.onnx"


def built(example, folder):
    call("cmake", "-S", ROOT / "examples" / example, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={installed()}")
    call("cmake", "--build", folder / "build")
    return folder / "build"


def digit(folder):
    path = folder / "digit.f32"
    np.random.default_rng(1).random(784, dtype=np.float32).tofile(path)
    return path


@test
def c_example_by_find_package(tenon, folder):
    tenon.compile(MNIST, folder / "m.tenon")
    printed = call(built("c", folder) / "classify", folder / "m.tenon", digit(folder))
    x = np.fromfile(digit(folder), np.float32).reshape(1, 1, 28, 28)
    (scores,) = tenon.run(folder / "m.tenon", {"Input3": x}).values()
    assert printed.startswith(f"class {scores.argmax()} of 10"), printed


@test
def c_example_by_pkg_config(tenon, folder):
    tenon.compile(MNIST, folder / "m.tenon")
    flags = call("pkg-config", "--cflags", "--libs", "tenon", PKG_CONFIG_PATH=str(installed() / "lib/pkgconfig")).split()
    call("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", ROOT / "examples/c/classify.c", *flags,
         f"-Wl,-rpath,{installed()}/lib", "-o", folder / "classify")
    assert call(folder / "classify", folder / "m.tenon", digit(folder)).startswith("class ")


@test
def c_example_says_what_is_wrong(tenon, folder):
    (folder / "bad.tenon").write_bytes(b"no bundle at all")
    done = subprocess.run([built("c", folder) / "classify", folder / "bad.tenon", digit(folder)], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("classify: "), done.stderr


@test
def cpp_example_serves_on_threads(tenon, folder):
    tenon.compile(MNIST, folder / "m.tenon")
    printed = call(built("cpp", folder) / "serve", folder / "m.tenon", 4, 25)
    assert printed == "100 of 100 requests answered\n", printed


@test
def cpp_header_is_cpp17_without_warnings(tenon, folder):
    (folder / "use.cpp").write_text("#include <tenon.hpp>\nint main() { return tenon_version() == nullptr; }\n")
    call("c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{installed()}/include",
         folder / "use.cpp")


@test
def installed_commands_run_anywhere(tenon, folder):
    tenon.compile(MNIST, folder / "m.tenon")
    moved = folder / "moved"
    call("cp", "-r", installed(), moved)
    call(moved / "bin/tenon", "run", folder / "m.tenon", "--random", "--output-dir", folder / "out", LD_LIBRARY_PATH="")
    assert list((folder / "out").glob("*.npy"))


@test
def symbols_are_those_of_the_header(tenon, folder):
    """Every function that tenon.h declares is exported, and nothing else."""
    import re
    header = (installed() / "include/tenon.h").read_text()
    declared = set(re.findall(r"TENON_API\s[^;]*?\b(tenon_\w+)\(", header))
    listed = call("nm", "-D", "--defined-only", installed() / "lib/libtenon.so").splitlines()
    exported = {line.split()[-1].split("@")[0] for line in listed}
    assert declared == exported, f"not exported: {declared - exported}; not declared: {exported - declared}"


@test
def deb_holds_the_runtime_and_names_what_it_needs(tenon, folder):
    package = only("*.deb")
    fields, content = call("dpkg-deb", "--field", package), call("dpkg-deb", "--contents", package)
    assert "libstdc++6" in fields and "llvm" not in fields.lower(), fields
    for name in ("libtenon.so.0", "include/tenon.h", "bin/tenon-run", "TenonConfig.cmake", "tenon.pc"):
        assert name in content, f"{name} is not in the package:\n{content}"
