"""The vertical slice: an ONNX model through every layer, to an answer."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import numpy as np
from PIL import Image

import cases
import measurements as m
import new_op
import pictures
from capi import Runtime
from common import ROOT
from tenon import Tenon

MINUTES = 60.0


def demo(full):
    """With --full in a fresh clone, without ccache; else in this tree, which times nothing."""
    with m.scratch_folder() as folder:
        picture, text = pathlib.Path(folder) / "other.png", "Platform 9 departs 14:32"
        line = pictures.text_line(np.random.default_rng(4), 420, 48, text)
        Image.fromarray(line.astype(np.uint8)).save(picture)
        tree = m.fresh_clone(folder) if full else ROOT
        seconds, status, output = m.timed(["./scripts/demo"], tree, m.without_ccache())
        _, other_status, other = m.timed(["./scripts/demo", "--image", picture], tree)
    right = "One file, no Python at run time" in output and text in other and status == other_status == 0
    figure = f"{'both texts' if right else 'wrong or no text'}, {seconds / MINUTES:.1f} min"
    if not full:
        return figure + " (built tree: no time; --full clones)", right and None
    return figure, right and seconds <= 15 * MINUTES


def tests(full):
    if not full:
        return "needs a fresh clone: --full", None
    with m.scratch_folder() as folder:
        tree = m.fresh_clone(folder)
        build, _, _ = m.timed(["./scripts/build", "release"], tree, m.without_ccache())
        seconds, status, output = m.timed(["./scripts/test"], tree)
    last = output.strip().splitlines()[-1]
    total = build + seconds
    return (f"{total / MINUTES:.1f} min, of which the clean build {build / MINUTES:.1f}; {last}",
            status == 0 and total <= 60 * MINUTES and build <= 12 * MINUTES)


def right(full):
    report = m.suite("tests/e2e/run.py", *(["--full"] if full else []))
    broken = sorted({name.split("/")[0] for name, _ in report["failures"]})
    good = [case.name for case in cases.ALL if not case.exported and case.name not in broken]
    return f"right: {', '.join(good) or 'none'}" + (f"; not: {', '.join(broken)}" if broken else ""), not broken


def node_counts():
    """({what: how many pass or are bad}, whether none is wrong and none crashes)."""
    counts, sound = {}, True
    for mode, options in (("folded", []), ("not folded", ["--no-fold"])):
        report = m.SCRATCH / "node.json"
        report.unlink(missing_ok=True)
        m.timed([sys.executable, "-u", ROOT / "tests/conformance/onnx_node.py", "--report", report, *options])
        results = json.loads(report.read_text())
        passed = [name for name, r in results.items() if r["outcome"] == "pass"]
        counts[mode] = len(passed)
        counts[mode + ", not expanded"] = sum("_expanded" not in name for name in passed)
        bad = [name for name, r in results.items() if r["outcome"] in ("wrong", "crash")]
        counts[mode + ", wrong or crash"] = len(bad)
        sound = sound and not bad
    return counts, sound


def node_tests(full):
    counts, sound = node_counts()
    plain = counts["folded, not expanded"]
    enough = plain >= 450 and counts["not folded, not expanded"] == plain
    return ", ".join(f"{count} {what}" for what, count in counts.items()), sound and enough


def speed(full):
    report = m.SCRATCH / "speed.json"
    report.unlink(missing_ok=True)
    m.timed([sys.executable, ROOT / "bench/models.py", "--threads", "2", "--json", report])
    data = json.loads(report.read_text())
    rows = sorted(data["rows"], key=lambda row: row["ratio"])
    figure = ", ".join(f"{row['model']} {row['ratio']:.2f}" for row in rows)
    if data["failures"]:
        figure += "; failed: " + ", ".join(data["failures"])
    return figure, bool(rows) and not data["failures"] and rows[0]["ratio"] >= 0.15


def opening(full):
    """The best of ten: open and create a session, of a bundle with 500 MB of weights."""
    with m.scratch_folder() as folder:
        model = m.layers_model(pathlib.Path(folder) / "big.onnx", layers=30, width=2048)
        bundle = model.with_suffix(".tenon")
        Tenon().compile(model, bundle)
        size = bundle.stat().st_size
        with open(bundle, "rb") as file:  # warm
            while file.read(1 << 24):
                pass
        runtime, best = Runtime(), 1e9
        for _ in range(10):
            start = time.perf_counter()
            with runtime.open(bundle, threads=2):
                best = min(best, time.perf_counter() - start)
    return f"{best * 1e3:.2f} ms for {size / 1e6:.0f} MB", best <= 0.010 and size >= 500e6


def runtime_library(full):
    library = (ROOT / "build/release/lib/libtenon.so").resolve()
    stripped = m.SCRATCH / "libtenon.so"
    subprocess.run(["strip", "-o", stripped, library], check=True)
    size = stripped.stat().st_size
    needed = re.findall(r"NEEDED\s+(\S+)", subprocess.run(["objdump", "-p", library], capture_output=True,
                                                          text=True, check=True).stdout)
    foreign = [n for n in needed if not re.match(r"(libc|libm|libstdc\+\+|ld-linux-x86-64)\.so", n)]
    imports = subprocess.run(["nm", "-D", "--undefined-only", library], capture_output=True, text=True,
                             check=True).stdout
    arithmetic = sorted(set(re.findall(r"\bU ((?:exp|exp2|log|tanh|sin|cos|erf|pow|sqrt)f?)(?:@|$)", imports, re.M)))
    figure = f"{size / 1e6:.2f} MB, needs {' '.join(needed)}"
    figure += f"; imports {' '.join(arithmetic)}" if arithmetic else "; imports no mathematical function"
    return figure, size <= 2e6 and not foreign and not arithmetic


def compile_memory(full):
    """Over the real models and 500 MB of weights; --full: 20 GB, sparse, over two sizes of tensor."""
    worst, figures, good = None, [], True
    with m.scratch_folder() as folder:
        folder = pathlib.Path(folder)
        paths = {case.name: case.model() for case in cases.ALL if not case.exported and case.model().exists()}
        paths["500MB"] = m.layers_model(folder / "big.onnx", layers=30, width=2048)
        if full:
            paths["20GB"] = m.layers_model(folder / "huge.onnx", layers=75, width=8192, sparse=True)
        for name, model in paths.items():
            peak, status, errors = m.peak_anonymous([Tenon().bin / "tenon", "compile", model, "-o",
                                                     folder / "m.tenon"])
            allowed = 600 + 3 * m.largest_tensor(model) / 1e6
            (folder / "m.tenon").unlink(missing_ok=True)
            good = good and status == 0 and peak <= allowed
            figures.append(f"{name} {peak:.0f}" + (f" (exit {status}: {errors[-100:]})" if status else ""))
    return "MB: " + ", ".join(figures), good


def damage(full):
    with m.scratch_folder():
        seconds, status, output = m.timed(["./scripts/test", "--suite", "damage", "--suite", "commands",
                                           "--suite", "commands-asan", *(["--full"] if full else [])])
    return f"{output.strip().splitlines()[-1]}, {seconds / MINUTES:.1f} min", status == 0


def repeatability(full):
    report = m.suite("tests/commands/run.py", "--filter", "same_bundle")
    threads = m.suite("tests/e2e/run.py", "--filter", "threads")
    failures = report["failures"] + threads["failures"]
    return f"{report['passed'] + threads['passed']} checks hold, {len(failures)} do not", not failures


LINES = [
    ("demo", "the text, of another picture too; 15 min on a fresh machine", demo),
    ("tests from a clean clone", "60 min; clean build without ccache 12 min", tests),
    ("right", "mnist, magika, silero, yolox_nano, PP-OCR rec at five sizes, MiniLM at five sizes", right),
    ("node tests", "450 not expanded, the same count without folding, none wrong, none crash", node_tests),
    ("new op", "an op of a factor rule and a scalar body compiles, fuses with its neighbours, runs", new_op.measure),
    ("speed", "no model under 0.15 of ONNX Runtime, 2 threads", speed),
    ("opening", "10 ms to ready, 500 MB of weights, warm page cache", opening),
    ("runtime library", "2 MB stripped; libc, libm, libstdc++ only; no operator arithmetic", runtime_library),
    ("compile memory", "600 MB + 3 times the largest tensor of RssAnon", compile_memory),
    ("damage", "a named error or an equal answer; the target file old or whole", damage),
    ("repeatability", "same bundle from any path, thread count and locale; same answers for any threads", repeatability),
]
