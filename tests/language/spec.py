"""The examples of docs/language.md, run: what is marked `tn` compiles, what is marked `tn-error` is
refused, and the message says what the page says."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

import numpy as np  # noqa: E402

import files  # noqa: E402
from checks import main, refused, test  # noqa: E402

WEIGHTS = {"up": np.ones((6, 4), np.float32), "down": np.ones((4, 6), np.float32), "half": np.ones(4, np.float16)}
FENCE = re.compile(r"^```(tn(?:-weights)?(?:-error)?|message)\n(.*?)^```$", re.M | re.S)


def examples():
    """(program, its kind, messages) in order."""
    found = []
    for match in FENCE.finditer((ROOT / "docs" / "language.md").read_text()):
        kind, text = match.groups()
        if kind == "message":
            found[-1][2].extend(line.strip() for line in text.strip().splitlines())
        else:
            found.append((text, kind, []))
    return found


def make(number, program, kind, messages):
    accepted = not kind.endswith("error")

    def run(tenon, folder):
        path = folder / "example.tn"
        path.write_text(program)
        options = []
        if "weights" in kind:
            files.safetensors(folder / "example.safetensors", WEIGHTS)
            options = ["--weights", "example.safetensors"]
        call = lambda: tenon.call("check", path, *options, cwd=folder)  # noqa: E731
        assert accepted or messages, "a refused example says nothing of why"
        if accepted:
            call()
        else:
            refused(call, *messages)
    run.__name__ = f"example_{number}_{'accepted' if accepted else 'refused'}"
    test(run)


for number, example in enumerate(examples()):
    make(number, *example)

if __name__ == "__main__":
    main("language-spec")
