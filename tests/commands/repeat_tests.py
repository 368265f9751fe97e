"""Repeatability: the same bundle byte for byte from any path, thread count and locale."""

import os
import shutil
import subprocess

from checks import test
from common import ROOT

SMALL = ("mnist.onnx", "silero_vad_16k_op15.onnx", "magika_standard_v2_1.onnx")


def compile_in(tenon, model, output, cwd, **environment):
    done = subprocess.run([tenon.bin / "tenon", "compile", model, "-o", output], cwd=cwd, capture_output=True,
                          env={**tenon.env, **environment}, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-400:]
    return (cwd / output).read_bytes()


@test
def same_bundle_from_anywhere(tenon, folder):
    for name in SMALL:
        first, second = folder / "first", folder / "a much longer place" / "deeper"
        for place in (first, second):
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / "tests/data" / name, place / name)
        expected = compile_in(tenon, name, "m.tenon", first)
        variants = {"again": (name, first, {}), "other path": (name, second, {}),
                    "absolute path": (second / name, first, {}),
                    "locale": (name, first, {"LC_ALL": "de_DE.UTF-8", "LANG": "tr_TR.UTF-8"}),
                    "C locale, zone, home": (name, first, {"LC_ALL": "C", "TZ": "Asia/Kolkata", "HOME": "/nonexistent"}),
                    "one processor": (name, first, {"OMP_NUM_THREADS": "1"})}
        for what, (model, place, environment) in variants.items():
            assert compile_in(tenon, model, "n.tenon", place, **environment) == expected, f"{name}: {what}"


@test
def same_bundle_on_one_processor(tenon, folder):
    name = SMALL[1]
    expected = compile_in(tenon, ROOT / "tests/data" / name, "m.tenon", folder)
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    try:
        assert compile_in(tenon, ROOT / "tests/data" / name, "n.tenon", folder) == expected
    finally:
        os.sched_setaffinity(0, processors)
