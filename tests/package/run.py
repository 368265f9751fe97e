"""What `scripts/package` builds, used as a user does: from an installed tree and a clean environment."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))

import checks
import library_tests
import wheel_tests

if __name__ == "__main__":
    checks.main("package")
