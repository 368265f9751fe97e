"""Compiling: the installed `tenon` command, called from Python."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import Any, Mapping, Sequence, Union

from .errors import Code, Error

Dim = Union[int, Sequence[int]]


def _command() -> str:
    """TENON_COMMAND, else `tenon` on the PATH."""
    found = os.environ.get("TENON_COMMAND") or shutil.which("tenon")
    if not found:
        raise Error("the command 'tenon' is not installed: put it on the PATH or name it in TENON_COMMAND",
                    Code.UNSUPPORTED)
    return found


def _dim(name: str, value: Dim) -> str:
    """N, A..B or A..B:STEP, as the command takes it."""
    if isinstance(value, int):
        return f"{name}={value}"
    low, high, *step = value
    return f"{name}={low}..{high}" + (f":{step[0]}" if step else "")


def compile(source: Any, out: Union[str, os.PathLike[str]], *, dims: Mapping[str, Dim] | None = None,
            target: Union[str, Sequence[str], None] = None, options: Sequence[str] = ()) -> pathlib.Path:
    """Compiles a model (a path, or an onnx.ModelProto) into the bundle `out`, and returns its path.

    dims: a size, (low, high) or (low, high, step) per free dimension. target: e.g. "cpu" or
    ["cpu", "sm_90a"]. options: further arguments of `tenon compile`. Raises Error with the compiler's
    message; `node` names the model's node if one is to blame. Nothing is written on failure.
    """
    arguments = [_command(), "compile", "-o", os.fspath(out)]
    for name, value in (dims or {}).items():
        arguments += ["--dim", _dim(name, value)]
    if target is not None:
        arguments += ["--target", target if isinstance(target, str) else ",".join(target)]
    arguments += options
    if hasattr(source, "SerializeToString"):
        with tempfile.TemporaryDirectory(prefix="tenon-") as folder:
            path = pathlib.Path(folder) / "model.onnx"
            path.write_bytes(source.SerializeToString())
            _call(arguments + [str(path)])
    else:
        _call(arguments + [os.fspath(source)])
    return pathlib.Path(out)


def _call(arguments: Sequence[str]) -> None:
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode == 0:
        return
    message = done.stderr.strip() or f"exit status {done.returncode}"
    node = re.search(r"node '([^']*)'", message)
    error = Error(message, Code.COMPILATION)
    error.node = node.group(1) if node else ""
    raise error
