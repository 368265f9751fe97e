"""Drives the `tenon` command: compile and run as a user does, arrays in and out through files."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import numpy as np

from common import ROOT, sanitizer_environment


class TenonError(Exception):
    """The command said no: `status` and `message` are its exit status and standard error."""

    def __init__(self, status, message):
        super().__init__(f"exit status {status}: {message.strip()[-600:]}")
        self.status, self.message = status, message

    @property
    def crashed(self):
        """Died by a signal, timed out, or a sanitizer's report rather than a refusal."""
        return self.status < 0 or self.status > 3


class Tenon:
    """With device cuda:N, models are compiled for GPUs only and run on a simulated GPU, with all of
    its checks: a finding is a failure of the command."""

    def __init__(self, preset="release", timeout=300, device="cpu", gpu="a100"):
        self.bin = ROOT / "build" / preset / "bin"
        self.device, self.simulator = device, []
        if device != "cpu":
            self.simulator = [self.bin / "tenon-sim", "run", "--gpu", gpu, "--"]
        self.env = sanitizer_environment() if preset == "asan" else dict(os.environ)
        self.timeout = timeout

    def call(self, *arguments, cwd=None, under=()):
        """Runs `tenon ARGUMENTS`, returns standard output; raises TenonError on any status but 0.
        `under` is a command that takes this one as its arguments."""
        command = [*map(str, under), str(self.bin / "tenon"), *map(str, arguments)]
        try:
            done = subprocess.run(command, cwd=cwd, env=self.env, timeout=self.timeout,
                                  stdin=subprocess.DEVNULL, capture_output=True)
        except subprocess.TimeoutExpired:
            raise TenonError(124, f"no end after {self.timeout} s: {' '.join(command)}") from None
        except OSError as error:
            raise TenonError(127, str(error)) from None
        if done.returncode != 0:
            raise TenonError(done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def compile(self, model, bundle, *options):
        targets = [] if self.device == "cpu" else ["--target", "sm_80,sm_90a,sm_120a"]
        self.call("compile", model, "-o", bundle, *targets, *options)

    def run(self, bundle, feeds, *options):
        """One run; returns the outputs by file name (see `file_name`)."""
        with tempfile.TemporaryDirectory(prefix="tenon-run-") as folder:
            folder = pathlib.Path(folder)
            arguments = []
            for index, (name, value) in enumerate(feeds.items()):
                np.save(folder / f"in{index}.npy", value)
                arguments += ["--input", f"{name}={folder / f'in{index}.npy'}"]
            self.call("run", bundle, *arguments, "--output-dir", folder / "out", "--device",
                      self.device, *options, under=self.simulator)
            return {path.stem: np.load(path) for path in (folder / "out").glob("*.npy")}


def file_names(outputs):
    """The file names `tenon run` gives to outputs of these names, in order."""
    taken, names = set(), []
    for output in outputs:
        base = name = re.sub(r"[^A-Za-z0-9._-]", "_", output)
        number = 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def fresh(path):
    """An empty folder."""
    shutil.rmtree(path, ignore_errors=True)
    pathlib.Path(path).mkdir(parents=True)
    return pathlib.Path(path)
