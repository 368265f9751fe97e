"""GPU kernels and the cuda device, counted on the simulated machine.

The large product is counted on a slice of it: two small depths, whose difference is the main loop alone.
"""

import json
import math
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import onnx

import measurements as m
from common import ROOT

sys.path.insert(0, str(ROOT / "tests" / "gpu"))

import products
from simulator import sum_up
from tenon import Tenon, TenonError

ARCHITECTURES = {"sm_80": "a100", "sm_90a": "h100", "sm_120a": "rtx5090"}
CLASSES = ("alu", "fma", "mma", "load", "store", "barrier", "other")


class Made:
    """One graph of tests/gpu/products.py, compiled, with inputs on the disk."""

    def __init__(self, folder, build, kind="f16", target="sm_80", options=()):
        self.folder, self.tenon = pathlib.Path(folder), Tenon("release", 1200, "cuda:0")
        graph = products.Graph(np.random.default_rng(3), kind)
        output = build(graph)
        onnx.save(graph.model(output), self.folder / "m.onnx")
        self.arguments = [self.folder / "m.onnx", "--target", target, *options]
        self.tenon.call("compile", *self.arguments, "-o", self.folder / "m.tenon")
        self.feeds = []
        for name, value in graph.feeds.items():
            np.save(self.folder / f"{name}.npy", value)
            self.feeds += ["--input", f"{name}={self.folder / name}.npy"]

    def ptx(self):
        return self.tenon.call("compile", *self.arguments, "--stop-after=codegen")

    def kernels(self):
        return json.loads(self.tenon.call("inspect", self.folder / "m.tenon", "--kernels", "--json"))["kernels"]

    def profile(self, feeds=None):
        """The counters of all launches together."""
        command = [self.tenon.bin / "tenon-sim", "profile", "--json", "--", self.tenon.bin / "tenon", "run",
                   self.folder / "m.tenon", *(feeds or self.feeds), "--device", "cuda:0", "--output-dir",
                   self.folder / "out"]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=1200)
        if done.returncode:
            raise TenonError(done.returncode, done.stderr)
        text = done.stdout[done.stdout.index("{"):]
        return json.loads(text)["kernels"]


def total(kernels, key):
    return sum(kernel[key] for kernel in kernels)


def instructions(kernels):
    return {name: sum(kernel["warp_instructions"].get(name, 0) for kernel in kernels) for name in CLASSES}


def profile_of(build, kind="f16", **options):
    with m.scratch_folder() as folder:
        return Made(folder, build, kind, **options).profile()


def whole_models(full):
    options = [] if full else ["--filter", "mnist"]
    figures, good = [], True
    for target, gpu in ARCHITECTURES.items():
        figure, right = sum_up(m.suite("tests/e2e/run.py", "--device", "cuda:0", "--gpu", gpu, *options), "right")
        figures.append(f"{target}: {figure}")
        good &= right
        if not full:
            break
    return "; ".join(figures), good


def assembled(full):
    if not shutil.which("ptxas"):
        return "needs ptxas", None
    return sum_up(m.suite("tests/gpu/ptxas.py", *(["--full"] if full else [])), "models without spills")


def generated(full):
    return sum_up(m.suite("tests/gpu/products.py", *(["--full"] if full else [])), "products right, no findings")


def softmax(g):
    x = g.input("x", [64, 512])
    def compute(v):
        e = np.exp(v - v.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)
    return g.op("Softmax", [x], compute, axis=-1)


def attention(size, causal):
    """softmax(q kT * scale + mask) v, spelled out as exporters do."""
    def build(g):
        shape = [1, 2, 64, size]
        q, k, v = (g.input(name, shape) for name in "qkv")
        t = g.op("Transpose", [k], lambda a: a.transpose(0, 1, 3, 2), perm=[0, 1, 3, 2])
        s = g.product(q, t)
        if causal:
            mask = np.where(np.tril(np.ones((64, 64))) > 0, 0, -1e4).astype(products.NUMPY_TYPES[g.kind])
            g.values["mask"] = mask.astype(np.float64)
            g.weights.append(onnx.numpy_helper.from_array(mask, "mask"))
            s = g.op("Add", [s, "mask"], np.add)
        def soft(a):
            e = np.exp(a - a.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True)
        return g.product(g.op("Softmax", [s], soft, axis=-1), v)
    return build


def count(build, kind="f16"):
    with m.scratch_folder() as folder:
        return len(Made(folder, build, kind).kernels())


def launches(full):
    counts = {"softmax": count(softmax), "attention 64": count(attention(64, False)),
              "attention 128, causal": count(attention(128, True))}
    return ", ".join(f"{name}: {n}" for name, n in counts.items()), all(n == 1 for n in counts.values())


def large_product(full):
    """All rows and columns, and the difference between two depths: the main loop."""
    size, depth = 4096, 128
    near, far = (profile_of(products.plain(size, size, k)) for k in (depth, 2 * depth))
    fill = (total(far, "shared_fill_bytes") - total(near, "shared_fill_bytes")) / depth * size
    before, after = instructions(near), instructions(far)
    step = {name: after[name] - before[name] for name in CLASSES}
    others = (sum(step.values()) - step["mma"]) / max(step["mma"], 1)
    conflicts = total(far, "bank_conflicts") - total(near, "bank_conflicts")
    figure = (f"{fill / 1e9:.2f} GB of shared memory filled, {conflicts} bank conflicts and {others:.2f} other "
              "instructions per mma in the main loop")
    return figure, fill <= 2.2e9 and conflicts == 0 and others <= 1.0


def ragged_product(full):
    """95% of the work on tensor cores: what is computed against what is wanted."""
    sizes = (255, 264, 248)
    kernels = profile_of(products.plain(*sizes))
    wanted, on_tensor = 2 * math.prod(sizes), total(kernels, "tensor_flops")
    fma = 2 * 32 * instructions(kernels)["fma"]
    share = on_tensor / (on_tensor + fma)
    return f"{share:.1%} on tensor cores ({on_tensor / wanted:.2f} of the product's own)", share >= 0.95


def attention_kernel(full):
    with m.scratch_folder() as folder:
        made = Made(folder, attention(64, False))
        kernels, ptx = made.kernels(), made.ptx()
    return f"{len(kernels)} kernels, mma.sync {'used' if 'mma.sync' in ptx else 'not used'}", \
        len(kernels) == 1 and "mma.sync" in ptx


def traffic(full):
    """A map and a row reduction in f32: sectors against the tensors' own."""
    def element_wise(g):
        return products.silu(g, g.input("x", [256, 1024]))
    def rows(g):
        x = g.input("x", [128, 4096])
        return g.op("ReduceMax", [x, g.constant("axes", [-1])], lambda v, _: v.max(-1, keepdims=True))
    figures, good = [], True
    for name, build, read, written in (("map", element_wise, 256 * 1024, 256 * 1024),
                                       ("rows", rows, 128 * 4096, 128)):
        kernels = profile_of(build, "f32")
        ratio = total(kernels, "global_sectors_read") * 32 / (read * 4)
        out = total(kernels, "global_sectors_written") * 32 / (written * 4)
        figures.append(f"{name}: {ratio:.3f} read, {out:.3f} written")
        good &= ratio <= 1.02 and (name == "rows" or out <= 1.02)
    return "; ".join(figures), good


def unplanned(full):
    def build(g):
        y = g.product(g.input("x", [64, 64]), g.weight("w", [64, 96]))
        y = g.op("Add", [products.silu(g, y), g.input("r", [64, 96])], np.add)
        return g.op("Transpose", [y], lambda v: v.T, perm=[1, 0])
    n = count(build)
    return f"{n} kernel{'s' * (n != 1)}", n == 1


def dynamic(full):
    """Five sizes from one bundle: the memory filled follows the size."""
    with m.scratch_folder() as folder:
        made = Made(folder, products.symbolic(64, 64, 64))
        figures = []
        for rows in (1, 17, 64, 100, 160):
            np.save(made.folder / "x.npy", np.zeros((rows, 64), np.float16))
            figures.append((rows, total(made.profile(), "shared_fill_bytes")))
    least = figures[0][1]
    good = least > 0 and all(fill <= least * math.ceil(rows / 16) for rows, fill in figures)
    return ", ".join(f"{rows}: {fill}" for rows, fill in figures), good and figures[-1][1] > least


def compile_times(full):
    found = [ROOT / "build/models/models/torch" / f"{name}.onnx" for name in ("resnet50", "bert_base")]
    missing = [path.stem for path in found if not path.exists()]
    if missing:
        return f"no {', '.join(missing)} here", None
    times = {}
    for path in found:
        with m.scratch_folder() as folder:
            seconds, status, _ = m.timed([ROOT / "build/release/bin/tenon", "compile", path, "-o",
                                          pathlib.Path(folder) / "m.tenon", "--target", "sm_80"])
        times[path.stem] = (seconds, status)
    return ", ".join(f"{name}: {s:.0f} s" for name, (s, _) in times.items()), \
        all(s <= 60 and status == 0 for s, status in times.values())


def real_gpu(full):
    """Nothing of this ran on a GPU; the archive is made and its size checked."""
    with m.scratch_folder() as folder:
        out = pathlib.Path(folder) / "gpu-pack.tar.gz"
        _, status, _ = m.timed([ROOT / "scripts/gpu-pack", out])
        size = out.stat().st_size / 1e6 if out.exists() else 0
    return f"no GPU at hand; the archive is made, {size:.1f} MB", None if status == 0 and 0 < size <= 40 else False


def faults(full):
    return sum_up(m.suite("tests/commands/run.py", "--filter", "gpu"), "refusals as they should be")


LINES = [
    ("models", "all models right on sm_80, sm_90a and sm_120a, no findings (without --full: one)", whole_models),
    ("generators", "products over shapes, types and layouts right, no findings", generated),
    ("ptxas", "no spills, no local memory, no warnings, all six architectures", assembled),
    ("launches", "softmax and attention in 1", launches),
    ("product 4096", "fill at most 2.2 GB, no bank conflicts, at most 1.0 other instruction per mma", large_product),
    ("ragged product", "95% of the flops on tensor cores", ragged_product),
    ("attention", "scores never in global memory, on tensor cores", attention_kernel),
    ("traffic", "sectors read and written at most 1.02 of the tensors'", traffic),
    ("unplanned epilogue", "activation, residual and transposed store in the product's kernel", unplanned),
    ("dynamic shapes", "five sizes from one bundle, no padding to the maximum", dynamic),
    ("compile time", "resnet50 and bert_base in 60 s for one architecture", compile_times),
    ("real GPU", "gpu-pack all right", real_gpu),
    ("faults", "one clear line for each", faults),
]
