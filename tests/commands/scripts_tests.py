"""The scripts as a user calls them: misuse is said at once, before anything is installed or built."""

import subprocess
import sys

from checks import test
from common import ROOT

sys.path.insert(0, str(ROOT / "tests/harness"))
import suites


def script(folder, name, *arguments):
    done = subprocess.run([ROOT / "scripts" / name, *arguments], cwd=folder, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


@test
def misuse_of_scripts(tenon, folder):
    for name, arguments, status, word in (("demo", ["--picture", "x"], 2, "--picture"), ("demo", ["--image"], 2, "--image"),
                                          ("demo", ["--image", "a.png", "b.png"], 2, "b.png"),
                                          ("demo", ["--image", "nowhere.png"], 1, str(folder / "nowhere.png")),
                                          ("accept", ["nonsense"], 2, "nonsense"), ("accept", [], 2, "name"),
                                          ("build", ["nonsense"], 1, "nonsense")):
        code, out, err = script(folder, name, *arguments)
        assert code == status and word in err and "Traceback" not in err, (name, arguments, code, err)
        assert "building" not in err, f"{name} {arguments} built first"


@test
def unreadable_pictures(tenon, folder):
    sys.path.insert(0, str(ROOT / "scripts/lib"))
    import demo
    (folder / "x.png").write_text("not a picture")
    try:
        demo.line_of_text(folder / "x.png")
    except SystemExit as end:
        assert "cannot read the picture" in str(end) and "x.png" in str(end), end
    else:
        raise AssertionError("accepted what is no picture")


@test
def suites_are_described(tenon, folder):
    code, out, _ = script(folder, "test", "--list")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == list(suites.ALL), out
    assert all(len(line.split()) > 2 for line in out.splitlines()), out
    code, out, _ = script(folder, "test", "--help")
    assert code == 0 and all(option in out for option in ("--full", "--filter", "--suite", "--seed", "--no-build")), out
