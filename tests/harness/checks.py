"""A small runner for tests that drive the commands: functions marked @test, each with an empty folder
and a Tenon; a failed assertion or a TenonError is a failure, Skip a skip with its reason."""

import argparse
import json
import pathlib
import shutil
import sys
import traceback
import types

from common import Context
from tenon import Tenon, TenonError, fresh

TESTS = []
settings = types.SimpleNamespace(seed=0, full=False)


class Skip(Exception):
    pass


def test(function):
    TESTS.append(function)
    return function


def refused(call, *words, status=1):
    """`call` must be refused with that exit status and a message that has all of `words`."""
    try:
        call()
    except TenonError as error:
        assert error.status == status, f"expected exit status {status}, found {error}"
        assert error.message.strip(), "refused without a message"
        assert "Assertion" not in error.message and "runtime error:" not in error.message, error.message
        for word in words:
            assert str(word) in error.message, f"the message does not name {word!r}: {error.message.strip()[-400:]}"
        return error.message
    raise AssertionError("accepted what should be refused")


def run_one(function, arguments, scratch):
    folder = fresh(scratch / function.__name__)
    try:
        function(Tenon(arguments.preset), folder)
        shutil.rmtree(folder, ignore_errors=True)
        return None
    except Skip:
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[1]
        kind = "" if isinstance(error, (AssertionError, TenonError)) else f"{type(error).__name__}: "
        return f"{kind}{error} ({pathlib.Path(where.filename).name}:{where.lineno})"


def main(suite):
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--preset", default="release")
    arguments = parser.parse_args()
    settings.seed, settings.full = arguments.seed, arguments.full
    scratch = Context(arguments.full, "", arguments.seed).scratch(suite)
    passed, skipped, failures = 0, 0, []
    for function in list(TESTS):
        if arguments.filter not in function.__name__:
            continue
        try:
            reason = run_one(function, arguments, scratch)
        except Skip as skip:
            skipped += 1
            print(f"skipped {function.__name__}: {skip}", flush=True)
            continue
        passed += reason is None
        if reason:
            failures.append([function.__name__, reason])
            print(f"FAILED {function.__name__}: {reason}", flush=True)
    print(f"{passed} passed, {len(failures)} failed")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": passed, "skipped": skipped, "failures": failures}))
    sys.exit(1 if failures else 0)
