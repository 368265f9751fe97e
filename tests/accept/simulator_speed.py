"""The simulated GPU: how fast it runs with all checks on, and what it takes of the host's memory."""

import functools
import json

import measurements as m
from common import ROOT

BENCH = ROOT / "build" / "release" / "bin" / "tenon-sim-bench"
TRIES = 3  # the machine may be busy: the best counts


@functools.cache
def built():
    seconds, status, _ = m.timed(["ninja", "-C", ROOT / "build" / "release", "tenon-sim-bench"])
    assert status == 0, "tenon-sim-bench does not build"


def figures(*options):
    """What the bench measures, by name."""
    built()
    _, status, output = m.timed([BENCH, "--json", *options])
    assert status == 0, output[-200:]
    report = json.loads(output)
    assert report["checks"] == "all"
    return {figure["name"]: figure for figure in report["figures"]}


def line(name, *options):
    """One figure of the bench against its own floor, the best of some tries."""
    def measure(full):
        best = None
        for _ in range(TRIES):
            figure = figures("--only", *options)[name]
            better = best is None or (figure["value"] < best["value"] if "at_most" in figure
                                      else figure["value"] > best["value"])
            best = figure if better else best
            if best["good"]:
                break
        return f"{best['value']:.4g} {best['unit']}", best["good"]
    return measure


LINES = [
    ("ALU loop, one core, all checks", "200 million warp instructions/s", line("alu", "alu")),
    ("global loads of 16 bytes a lane over 512 KB", "80 million/s", line("loads_512k", "loads_512k")),
    ("global loads of 16 bytes a lane over 256 MB", "25 million/s", line("loads_256m", "loads_256m")),
    ("shared memory with barriers", "120 million warp instructions/s", line("shared", "shared")),
    ("inner loop of an f32 product", "150 million warp instructions/s", line("product", "product")),
    ("mma.sync m16n8k16, bit-exact", "300 ns", line("mma", "mma")),
    ("two cores: ALU loop", "1.8 times one", line("alu_two_threads", "alu", "--scaling")),
    ("two cores: loads over 512 KB", "1.8 times one", line("loads_512k_two_threads", "loads_512k", "--scaling")),
    ("two cores: shared memory with barriers", "1.8 times one", line("shared_two_threads", "shared", "--scaling")),
    ("two cores: f32 product", "1.8 times one", line("product_two_threads", "product", "--scaling")),
    ("two cores: mma.sync", "1.8 times one", line("mma_two_threads", "mma", "--scaling")),
    ("8 GPUs of 80 GB open", "256 MB resident", line("open_8_gpus", "memory")),
    ("shadow of a buffer whose every word was accessed on its own", "3 bytes a byte", line("shadow", "memory")),
]
