"""`tenon compare`: agreement is said, and a bundle of another model is found out."""

import json
import subprocess

import numpy as np

import models
from checks import refused, test
from common import ROOT


def compare(tenon, *arguments):
    """(exit status, standard output)."""
    done = subprocess.run([tenon.bin / "tenon", "compare", *map(str, arguments)], capture_output=True, text=True,
                          env=tenon.env)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    return done.returncode, done.stdout


@test
def agreement(tenon, folder):
    status, text = compare(tenon, ROOT / "tests/data/mnist.onnx", "--json")
    report = json.loads(text)
    assert status == 0 and report["first"] is None, text
    assert "Plus214_Output_0" in [row["tensor"] for row in report["tensors"]], text
    assert all(row["of_allowed"] <= 1 for row in report["tensors"]), text


@test
def the_first_that_departs(tenon, folder):
    """A model whose weights changed after its bundle was compiled."""
    tenon.compile(models.perceptron(folder / "old.onnx", seed=1), folder / "old.tenon")
    model = models.perceptron(folder / "m.onnx", seed=2)
    np.save(folder / "x.npy", np.ones((3, 16), np.float32))
    status, text = compare(tenon, model, folder / "old.tenon", "--input", f"x={folder / 'x.npy'}", "--json")
    first = json.loads(text)["first"]
    assert status == 1 and first["tensor"] == "y" and first["kernel"] == "old.tenon", text
    status, text = compare(tenon, model, "--dim", "batch=4")
    assert status == 0 and "agree" in text, text


@test
def wrong_use_of_compare(tenon, folder):
    refused(lambda: tenon.call("compare", folder / "no.onnx"), "no.onnx")
    refused(lambda: tenon.call("compare", ROOT / "tests/data/mnist.onnx", "--against", "toaster"), "toaster", status=2)
    refused(lambda: tenon.call("compare", ROOT / "tests/data/mnist.onnx", "--input", "nothing"), "NAME=FILE", status=2)
