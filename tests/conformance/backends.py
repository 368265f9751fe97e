"""Two ways to ask Tenon for the answer of a model: inside this process, or by its commands.

`answer` returns the outputs by name, or raises Refused with Tenon's own words. What kills the
process is the pool's to see; a command that dies by a signal is raised as Died.
"""

import pathlib
import tempfile

import onnx

from capi import CompileError, Compiler, RunError, Runtime
from common import ROOT
from tenon import Tenon, TenonError, file_names


class Died(Exception):
    pass


class Refusal(Exception):
    pass


def available(preset):
    folder = ROOT / "build" / preset / "lib"
    return (folder / "libtenon-compiler.so").exists() and (folder / "libtenon.so").exists()


class Backend:
    Refused = Refusal

    def __init__(self, preset, options):
        self.options = options
        self.folder = tempfile.TemporaryDirectory(prefix="tenon-node-")
        self.model = pathlib.Path(self.folder.name) / "model.onnx"
        self.bundle = pathlib.Path(self.folder.name) / "model.tenon"

    def answer(self, case):
        onnx.save(case.model, self.model)
        self.bundle.unlink(missing_ok=True)
        self.compile()
        if case.unfit:
            return {}
        return self.run(case)


class InProcess(Backend):
    def __init__(self, preset, options):
        super().__init__(preset, options)
        self.compiler, self.runtime = Compiler(preset), Runtime(preset)

    def compile(self):
        try:
            self.compiler.compile(self.model, self.bundle, *self.options)
        except CompileError as error:
            if error.status != 1:
                raise Died(f"compile returned {error.status}: {error}") from None
            raise Refusal(str(error)) from None

    def run(self, case):
        try:
            with self.runtime.open(self.bundle) as session:
                return session.run(case.inputs)
        except (RunError, KeyError) as error:
            raise Refusal(f"run: {error}") from None


def narrowed(value, expected):
    """.npy has no bfloat16: `tenon run` writes such outputs as float32, without loss."""
    is_bf16 = getattr(expected, "dtype", None) == "bfloat16" and value.dtype == "float32"
    return value.astype(expected.dtype) if is_bf16 else value


class Commands(Backend):
    def __init__(self, preset, options, device="cpu"):
        super().__init__(preset, options)
        self.tenon = Tenon(preset, timeout=60, device=device)

    def compile(self):
        self.guard(lambda: self.tenon.compile(self.model, self.bundle, *self.options))

    def run(self, case):
        files = self.guard(lambda: self.tenon.run(self.bundle, case.inputs))
        names = list(case.expected)
        return {name: narrowed(files[file], case.expected[name])
                for name, file in zip(names, file_names(names)) if file in files}

    def guard(self, call):
        try:
            return call()
        except TenonError as error:
            if error.crashed:
                raise Died(str(error)) from None
            raise Refusal(error.message) from None
