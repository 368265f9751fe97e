"""scripts/accept: runs the acceptance lines of one piece of work and prints their verdicts.

A piece of work is a module here whose LINES are (title, floor, function). A function measures and
returns (figure, verdict); verdict None means not measured this time, and the figure says why. Exit
status 0 only if no line fails.
"""

import argparse
import importlib
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("harness", "e2e", "conformance")] + [str(HERE)]


def names():
    return sorted(path.stem for path in HERE.glob("[a-z]*.py") if "_" not in path.stem and path.stem not in ("main", "measurements"))


def measure(function, full):
    try:
        return function(full)
    except Exception as error:
        traceback.print_exc()
        return f"{type(error).__name__}: {str(error).strip()[-200:]}", False


def write_markdown(path, name, table):
    """The table as a page of the docs."""
    rows = "".join(f"| {title} | {floor} | {figure.replace('|', '/')} | {word} |\n" for title, floor, figure, word in table)
    path.write_text(f"# Status: {name}\n\nWritten by `scripts/accept {name} --markdown {path.name}` on "
                    f"{time.strftime('%Y-%m-%d')}, 2 cores.\n\n| what | floor | figure | verdict |\n"
                    f"|---|---|---|---|\n{rows}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/accept", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=names())
    parser.add_argument("--full", action="store_true",
                        help="also the lines that need a fresh clone, a long time or much disk")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only lines whose title contains TEXT")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the table to this file too")
    parser.add_argument("--parse-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.parse_only:
        return 0
    table = []
    for title, floor, function in importlib.import_module(arguments.name).LINES:
        if arguments.filter not in title:
            continue
        print(f"\n== {title}", flush=True)
        start = time.monotonic()
        figure, verdict = measure(function, arguments.full)
        word = {True: "pass", False: "FAIL", None: "not measured"}[verdict]
        table.append((title, floor, figure, word))
        print(f"{title}: {figure}: {word} ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"\nacceptance of {arguments.name}")
    for title, floor, figure, word in table:
        print(f"{word:13} {title}\n{'':13}   floor:  {floor}\n{'':13}   figure: {figure}")
    if arguments.markdown:
        write_markdown(arguments.markdown, arguments.name, table)
    failed = sum(row[3] == "FAIL" for row in table)
    print(f"{sum(row[3] == 'pass' for row in table)} passed, {failed} failed, "
          f"{sum(row[3] == 'not measured' for row in table)} not measured")
    return 1 if failed or not table else 0


if __name__ == "__main__":
    sys.exit(main())
