"""What the suites share: the paths and options of a run, results, and running programs."""

import dataclasses
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@dataclasses.dataclass
class Context:
    full: bool
    filter: str
    seed: int
    root: pathlib.Path = ROOT

    def build(self, preset="release"):
        return self.root / "build" / preset

    def scratch(self, name):
        """An empty-or-old folder for the files of one suite."""
        path = self.build() / "test-output" / name
        path.mkdir(parents=True, exist_ok=True)
        return path


@dataclasses.dataclass
class Result:
    suite: str
    passed: int = 0
    skipped: int = 0
    refused: int = 0  # models that the compiler does not take yet, said so
    failures: list = dataclasses.field(default_factory=list)  # (name, reason)
    seconds: float = 0.0

    def record(self, name, passed, reason=""):
        if passed:
            self.passed += 1
        else:
            self.failures.append((name, reason))


def say(text):
    print(f"\n== {text}", flush=True)


def sanitizer_environment():
    """libLLVM and libMLIR are not instrumented: annotations of containers and of LLVM's arenas
    would be wrong across them."""
    return dict(
        os.environ,
        ASAN_OPTIONS="detect_container_overflow=0:detect_odr_violation=0:detect_leaks=0:"
        "allow_user_poisoning=0:"
        "allocator_may_return_null=1",
        UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")


def run_logged(command, cwd=ROOT, env=None, timeout=None, echo=False, log=None):
    """Runs a program, its output to our own (echo) or to the file `log`; returns its exit status,
    124 on a time-out. The whole process group dies with it."""
    out = None if echo else open(log or os.devnull, "wb")
    try:
        process = subprocess.Popen([str(c) for c in command], cwd=cwd, env=env, stdout=out,
                                   stderr=None if echo else subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return 124
        except KeyboardInterrupt:
            os.killpg(process.pid, 9)
            sys.exit(130)
    finally:
        if out:
            out.close()


def tail(path, lines=15):
    """The last lines of a log, for a failure message."""
    try:
        text = pathlib.Path(path).read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:])
