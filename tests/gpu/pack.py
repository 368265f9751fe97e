"""Makes the archive of scripts/gpu-pack: see there.

Each model is a folder: model.tenon, and per feed in<N>.npz and want<N>.npz of one step. Models whose
bundle would fill the archive (MiniLM's weights) are left out, by name.
"""

import pathlib
import shutil
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "harness"), str(HERE.parent / "e2e")]

import numpy as np
import onnxruntime

import cases
from common import ROOT
from tenon import Tenon, fresh

LIMIT = 40 << 20
LARGEST_BUNDLE = 16 << 20
FEEDS = 2
TARGETS = "sm_80,sm_86,sm_89,sm_90a,sm_100a,sm_120a"
COMMANDS = ("tenon", "tenon-run", "tenon-bench", "tenon-inspect", "tenon-verify")


def copy_runtime(folder):
    release = ROOT / "build" / "release"
    for command in COMMANDS:
        shutil.copy2(release / "bin" / command, fresh_once(folder / "bin"))
    for library in (release / "lib").glob("libtenon.so.*"):
        shutil.copy2(library, fresh_once(folder / "lib"), follow_symlinks=True)
    for name in ("run.sh", "check.py"):
        shutil.copy2(HERE / name, folder)
    shutil.copy2(ROOT / "tests" / "e2e" / "measure.py", folder)
    golden = fresh_once(folder / "golden")
    for name in ("golden.cu", "Inputs.h"):
        shutil.copy2(ROOT / "tests" / "sim" / "golden" / name, golden)


def fresh_once(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def add_model(case, folder):
    """False if the bundle is too large to carry."""
    model, target = case.model(), fresh(folder / case.name)
    Tenon("release", 600).compile(model, target / "model.tenon", "--target", TARGETS, *case.options)
    if (target / "model.tenon").stat().st_size > LARGEST_BUNDLE:
        shutil.rmtree(target)
        return False
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for index in range(FEEDS):
        rng = np.random.default_rng([7, index])
        feed = case.feed(rng, case.shapes[0], index)[0]
        np.savez(target / f"in{index}.npz", **feed)
        np.savez(target / f"want{index}.npz", **dict(zip(names, session.run(None, feed))))
    return True


def main():
    out = pathlib.Path(sys.argv[1])
    folder = fresh(ROOT / "build" / "gpu-pack")
    copy_runtime(folder)
    for case in (case for case in cases.ALL if not case.exported):
        if case.fetch and not case.model().exists():
            print(f"{case.name}: left out, scripts/models {case.fetch} has not fetched it")
        elif not add_model(case, folder / "models"):
            print(f"{case.name}: left out, its weights are too large")
        else:
            print(f"{case.name}: packed")
    with tarfile.open(out, "w:gz") as archive:
        archive.add(folder, "gpu-pack")
    size = out.stat().st_size
    print(f"{out}: {size / 1e6:.1f} MB")
    if size > LIMIT:
        print(f"gpu-pack: {size} bytes are more than {LIMIT}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
