"""The examples of docs/language.md, run: what is marked `tn` compiles, what is marked `tn-error` is
refused, and the message says what the page says."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

from checks import main, refused, test  # noqa: E402

FENCE = re.compile(r"^```(tn-error|tn|message)\n(.*?)^```$", re.M | re.S)


def examples():
    """(program, is accepted, messages) in order."""
    found = []
    for match in FENCE.finditer((ROOT / "docs" / "language.md").read_text()):
        kind, text = match.groups()
        if kind == "message":
            found[-1][2].extend(line.strip() for line in text.strip().splitlines())
        else:
            found.append((text, kind == "tn", []))
    return found


def make(number, program, accepted, messages):
    def run(tenon, folder):
        path = folder / "example.tn"
        path.write_text(program)
        call = lambda: tenon.call("check", path)  # noqa: E731
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
