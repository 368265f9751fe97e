"""On a CPU, a product: the models people deploy, fast, at any size, packaged."""

import json
import math
import pathlib
import subprocess
import sys
import time

import numpy as np
import onnx

import cases
import measurements as m
import suites
from common import ROOT
from slice import node_counts
from tenon import Tenon

MB = 1e6
MODELS = ("resnet50 mobilenetv3 efficientnet_b0 densenet121 convnext_tiny swin_tiny vit_b16 bert_base gpt2 llama "
          "t5_encoder whisper_encoder clip_text lstm ppocr_det ppocr_rec ppocr_cls yolox_nano silero magika "
          "minilm").split()
COMPILE_SECONDS = {"resnet50": 20, "bert_base": 20, "densenet121": 30}
# model, dimensions at full size, those that are a quarter for a quarter of the work
DYNAMIC = [("minilm", {"batch": 4, "sequence": 128}, {"batch": 1}),
           ("bert_base", {"s61": 4, "s79": 4, "sequence": 128}, {"s61": 1, "s79": 1}),  # batches of both inputs
           ("ppocr_rec", {"p2o.DynamicDimension.0": 4, "x.2": 48, "p2o.DynamicDimension.1": 320},
            {"p2o.DynamicDimension.0": 1})]


def case_of(name):
    return next(case for case in cases.ALL if case.name == name)


def bundle_of(name, *options, tag=""):
    """The model compiled with its free sizes, in a file of its own."""
    path = m.SCRATCH / f"{name}{tag}.tenon"
    Tenon(timeout=600).compile(case_of(name).model(), path, *options)
    return path


def right(full):
    known = {case.name for case in cases.ALL}
    report = m.suite("tests/e2e/run.py", "--full")
    broken = sorted({name.split("/")[0] for name, _ in report["failures"]} | (set(MODELS) - known))
    good = [name for name in MODELS if name not in broken]
    return f"right: {', '.join(good) or 'none'}" + (f"; not: {', '.join(broken)}" if broken else ""), not broken


def node_tests(full):
    counts, sound = node_counts()
    enough = counts["folded"] >= 800 and counts["folded, not expanded"] >= 650
    same = all(counts[what] == counts[what.replace("folded", "not folded", 1)] for what in ("folded", "folded, not expanded"))
    return ", ".join(f"{count} {what}" for what, count in counts.items()), sound and enough and same


def speed(full):
    """Beside ONNX Runtime here; OpenVINO and IREE are bench/cpu's."""
    report = m.SCRATCH / "speed.json"
    report.unlink(missing_ok=True)
    m.timed([sys.executable, ROOT / "bench/models.py", "--threads", "2", "--json", report])
    data = json.loads(report.read_text())
    rows = sorted(data["rows"], key=lambda row: row["ratio"])
    ratios = [row["ratio"] for row in rows]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else 0
    figure = f"geometric mean {mean:.2f} of ONNX Runtime: " + ", ".join(f"{r['model']} {r['ratio']:.2f}" for r in rows)
    if data["failures"]:
        figure += "; failed: " + ", ".join(data["failures"])
    floor = bool(ratios) and not data["failures"] and ratios[0] >= 0.8 and mean >= 1.19
    return figure + "; OpenVINO, IREE: bench/cpu", floor


def bench(bundle, dims):
    """Best latency in ms on random inputs of these sizes."""
    options = [part for name, size in dims.items() for part in ("--dim", f"{name}={size}")]
    report = json.loads(Tenon(timeout=600).call("bench", bundle, "--json", "--threads", "2", "--no-profile", *options))
    return report["latency_ms"]["min"]


def memory(bundle, dims):
    """The memory plan with these sizes."""
    options = [part for name, size in dims.items() for part in ("--dim", f"{name}={size}")]
    plan = json.loads(Tenon().call("inspect", bundle, "--json", *options))["memory"]
    return {key: value and int(value) for key, value in plan.items()}


def dynamic(full):
    figures, good = [], True
    for name, whole, quarter in DYNAMIC:
        bundle, part = bundle_of(name), {**whole, **quarter}
        static = bundle_of(name, *[o for n, s in whole.items() for o in ("--dim", f"{n}={s}")], tag="-static")
        times = [[], [], []]
        for _ in range(5):  # interleaved
            for found, file, dims in zip(times, (bundle, bundle, static), (whole, part, {})):
                found.append(bench(file, dims))
        large, small, fixed = map(min, times)
        share = memory(bundle, part)["arena_bytes"] / memory(bundle, whole)["arena_bytes"]
        good = good and small <= 0.35 * large and share <= 0.35 and large <= 1.1 * fixed
        figures.append(f"{name}: time {small / large:.2f}, memory {share:.2f}, dynamic/static {large / fixed:.2f}")
    return "; ".join(figures), good


def compile_time(full):
    figures, good = [], True
    for name, allowed in COMPILE_SECONDS.items():
        model, start = case_of(name).model(), time.monotonic()
        Tenon(timeout=600).compile(model, m.SCRATCH / f"{name}.tenon")
        seconds = time.monotonic() - start
        good = good and seconds <= allowed
        figures.append(f"{name} {seconds:.1f} s")
    return ", ".join(figures), good


def weight_bytes(path):
    """Bytes of the initializers, equal ones once."""
    seen, total = set(), 0
    for tensor in onnx.load(path).graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        key = (array.dtype.str, array.shape, hash(array.tobytes()))
        if key not in seen:
            seen.add(key)
            total += array.nbytes
    return total


def bundle_size(full):
    figures, good = [], True
    for name in MODELS:
        path = case_of(name).model()
        size, weights = bundle_of(name).stat().st_size, weight_bytes(path)
        over = size - weights
        good = good and size <= 1.5 * weights + 3 * MB and over <= 0.02 * weights + 3 * MB
        figures.append(f"{name} {over / MB:+.1f}")
    return "MB beside the weights: " + ", ".join(figures), good


def sizes(name, bundle):
    """The free sizes of a bundle at the case's first shape."""
    case = case_of(name)
    feed = case.feed(np.random.default_rng(0), case.shapes[0], 0)[0]
    inputs = json.loads(Tenon().call("inspect", bundle, "--json"))["entry_points"][0]["inputs"]
    return {part: size for row in inputs if row["name"] in feed
            for part, size in zip(row["shape"], feed[row["name"]].shape) if str(part) != str(size)}


def memory_plan(full):
    figures, worst = [], 0.0
    for name in MODELS:
        bundle = bundle_of(name)
        plan = memory(bundle, sizes(name, bundle))
        if plan["lower_bound_bytes"] is None:
            return "bundles hold no lower bound yet", None
        ratio = plan["arena_bytes"] / max(plan["lower_bound_bytes"], 1)
        worst = max(worst, ratio)
        figures.append(f"{name} {ratio:.3f}")
    return "of the lower bound: " + ", ".join(figures), worst <= 1.05


def first_answer(full):
    """The best of ten cold processes, files in the page cache: a network with 102 MB of weights."""
    bundle, folder = bundle_of("resnet50"), m.SCRATCH / "first"
    folder.mkdir(exist_ok=True)
    picture = folder / "image.npy"
    np.save(picture, case_of("resnet50").feed(np.random.default_rng(0), (1, 224), 0)[0]["image"])
    command = [Tenon().bin / "tenon", "run", bundle, "--input", f"image={picture}", "--output-dir", folder / "out"]
    best = math.inf
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    return f"{best * 1e3:.0f} ms for {bundle.stat().st_size / MB:.0f} MB", best <= 0.1


def packages(full):
    report = m.suite("tests/package/run.py")
    return f"{report['passed']} checks hold, {len(report['failures'])} do not", not report["failures"] and report["passed"] > 0


def random_graphs(full):
    count = 5000 if full else 500
    report = m.suite("tests/fuzz/run.py", "--count", str(count))
    figure = f"{report['passed']} right, {report.get('skipped', 0)} refused, {len(report['failures'])} wrong of {count}"
    return figure, not report["failures"] and report["passed"] + report.get("skipped", 0) == count


def thread_sanitizer(full):
    if "threads" not in suites.ALL:
        return "no suite of this kind yet", None
    seconds, status, output = m.timed(["./scripts/test", "--suite", "threads"])
    return output.strip().splitlines()[-1], status == 0


LINES = [
    ("right", "all of " + ", ".join(MODELS), right),
    ("node tests", "800, 650 of them not expanded; the same without folding; none wrong, none crash", node_tests),
    ("speed", "geometric mean 1.19 of ONNX Runtime (1.0 of the better of it and OpenVINO), none under 0.8; above IREE", speed),
    ("dynamic shapes", "a quarter of the size at 0.35 of time and memory; within 10% of static: MiniLM, BERT, PP-OCR", dynamic),
    ("compile time", "resnet50 20 s, bert_base 20 s, densenet121 30 s on 2 cores", compile_time),
    ("bundle size", "weights x 1.02 + 3 MB with all feature sets", bundle_size),
    ("memory plan", "within 5% of the lower bound", memory_plan),
    ("first answer", "100 ms from a cold process, 100 MB of weights, page cache warm", first_answer),
    ("packages", "examples/ against the installed tree; the wheel in a clean environment", packages),
    ("random graphs", "500 (--full: 5,000) fused, unfused and ONNX Runtime: none wrong", random_graphs),
    ("thread sanitizer", "the runtime with many sessions: clean", thread_sanitizer),
]
