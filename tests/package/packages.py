"""The packages, built once per run, and programs started on them."""

import functools
import os
import pathlib
import subprocess
import sys

from common import ROOT


def call(*command, cwd=None, **environment):
    """Standard output of a program that must succeed."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, env={**os.environ, **environment},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{command[0]} exited with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"
    return done.stdout


@functools.cache
def dist():
    """The folder with the packages of this tree, freshly built."""
    call(ROOT / "scripts/package")
    return ROOT / "dist"


def only(pattern):
    found = sorted(dist().glob(pattern))
    assert len(found) == 1, f"expected one {pattern} in dist/, found {[f.name for f in found]}"
    return found[0]


@functools.cache
def installed():
    """The tarball, unpacked."""
    folder = ROOT / "build/release/test-output/installed"
    call("rm", "-rf", folder)
    folder.mkdir(parents=True)
    call("tar", "xzf", only("*.tar.gz"), "-C", folder, "--strip-components=1")
    return folder


@functools.cache
def clean_environment():
    """A virtual environment with the wheel, NumPy from the one that runs the tests, and nothing else."""
    folder = ROOT / "build/release/test-output/wheel-environment"
    call("rm", "-rf", folder)
    call(sys.executable, "-m", "venv", folder)
    python = folder / "bin/python"
    call(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", only("*.whl"))
    import numpy
    site = call(python, "-c", "import site; print(site.getsitepackages()[0])").strip()
    for part in pathlib.Path(numpy.__file__).parent.parent.glob("numpy*"):
        (pathlib.Path(site) / part.name).symlink_to(part)
    return python
