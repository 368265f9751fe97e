"""Building the CUDA programs of this folder with nvcc, and running them on simulated GPUs."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
GPUS = {"80": "a100", "90a": "h100"}
OPTIMISATION = {"O0": ["-O0", "-Xcicc", "-O0"], "O3": ["-O3"]}


@dataclasses.dataclass(frozen=True)
class Variant:
    """One program: a source, an architecture (of its PTX), a level of optimisation."""
    source: pathlib.Path
    arch: str
    level: str

    @property
    def name(self):
        return f"{self.source.stem}-sm_{self.arch}-{self.level}"


def sources():
    return sorted(HERE.glob("*.cu"))


def variants(source):
    """Sources named *_sm90 need sm_90a; the others are built for both."""
    archs = ["90a"] if source.stem.endswith("_sm90") else ["80", "90a"]
    # At -O0 accumulators pass through local memory between wgmmas, against PTX's rules; ptxas then
    # serialises them (C7517, C7519), the simulator reports them.
    levels = [level for level in OPTIMISATION if level != "O0" or "wgmma" not in source.read_text()]
    return [Variant(source, arch, level) for arch in archs for level in levels]


def compiler():
    return shutil.which("nvcc")


def flags(arch, level):
    # Line information, so that findings name source lines; PTX only, which is what runs here.
    return ["-std=c++17", "-cudart", "shared", "-lineinfo", "-w", f"-I{HERE}", *OPTIMISATION[level],
            "-gencode", f"arch=compute_{arch},code=compute_{arch}"]


def build(text, variant, folder, name=None):
    """Compiles `text` (the source, or a mutant of it) unless that very text was; the program's path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / (name or variant.name)
    copy = program.with_suffix(".cu")
    header = (HERE / "check.cuh").read_text()
    stamp = program.with_suffix(".stamp")
    key = text + header + " ".join(flags(variant.arch, variant.level))
    if program.exists() and stamp.exists() and stamp.read_text() == key:
        return program
    copy.write_text(text)
    command = [compiler(), *flags(variant.arch, variant.level), str(copy), "-o", str(program), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"nvcc: {(done.stderr or done.stdout).strip()[-600:]}")
    stamp.write_text(key)
    return program


def simulator():
    return pathlib.Path(os.environ.get("TENON_SIM", ROOT / "build/release/bin/tenon-sim"))


@dataclasses.dataclass
class Outcome:
    status: int
    output: str
    findings: list


def run(program, arch, order="eager", seed=0, timeout=120, checks=None):
    """Runs a program on the GPU of its architecture; its exit status, output and findings."""
    report = program.with_suffix(f".{order}.json")
    report.unlink(missing_ok=True)
    command = [str(simulator()), "run", "--gpu", GPUS[arch], "--order", order, "--seed", str(seed), "--report",
               str(report), *(["--checks", checks] if checks else []), "--", str(program)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, errors="replace",
                              env=dict(os.environ, CUDA_MODULE_LOADING="LAZY"))
    except subprocess.TimeoutExpired:
        return Outcome(124, "time-out", [])
    findings = json.loads(report.read_text())["findings"] if report.exists() else []
    return Outcome(done.returncode, done.stdout + done.stderr, findings)
