"""Runs every packed model on a GPU and compares it with the answers packed beside it, by measure.py.

    python3 check.py [--device cuda:0] [PREFIX COMMAND ...]    the command runs tenon (tests: tenon-sim)
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import numpy as np

import measure


def run(folder, index, device, prefix):
    """The outputs of feed `index`, or the reason why there are none."""
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out.npz"
        command = [*prefix, str(HERE / "bin" / "tenon"), "run", str(folder / "model.tenon"), "--device", device,
                   "--input", str(folder / f"in{index}.npz"), "--output", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            return f"exit status {done.returncode}: {done.stderr.strip()[-400:]}"
        with np.load(out) as outputs:
            return dict(outputs)


def check(folder, device, prefix):
    feeds = sorted(folder.glob("in*.npz"))
    if not feeds:
        return "has no inputs"
    for index in range(len(feeds)):
        got = run(folder, index, device, prefix)
        if isinstance(got, str):
            return f"feed {index}: {got}"
        with np.load(folder / f"want{index}.npz") as want:
            for name in want:
                if name not in got:
                    return f"feed {index}: no output {name}"
                if problem := measure.mismatch(got[name], want[name]):
                    return f"feed {index}, output {name}: {problem}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("prefix", nargs="*")
    arguments = parser.parse_args()
    models = sorted(path for path in (HERE / "models").glob("*") if path.is_dir())
    failed = 0
    for folder in models:
        problem = check(folder, arguments.device, arguments.prefix)
        failed += problem is not None
        print(f"{folder.name}: {problem or 'right'}", flush=True)
    print(f"{len(models) - failed} right, {failed} not")
    return 1 if failed or not models else 0


if __name__ == "__main__":
    sys.exit(main())
