"""Acceptance line "new op": in a copy of the tree, adds an operation that no test knows to MapOps.td, as
docs/adding-an-op.md shows: a factor rule (by its base class) and a scalar body, nothing else. Then a
model uses it between two other operations, and it must end in their kernel with NumPy's answer."""

import json
import pathlib
import subprocess

import numpy as np

import measurements as m
from tenon import Tenon

DEFINITION = """
def Tenon_WitchOp : Tenon_UnaryOp<"witch"> {
  let summary = "8 / (x * x + 4), the witch of Agnesi";
  let description = [{Example: `%1 = tenon.witch %0 : (tensor<4xf32>) -> tensor<4xf32>`}];
  let scalar = "8.0 / (x * x + 4.0)";
}
"""
MODEL = """
module {
  tenon.func @main(%x: tensor<6x10xf32> {tenon.name = "x"}, %y: tensor<6x10xf32> {tenon.name = "y"})
      -> (tensor<6x10xf32> {tenon.name = "z"}) {
    %0 = tenon.add %x, %y : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
    %1 = tenon.witch %0 : (tensor<6x10xf32>) -> tensor<6x10xf32>
    %2 = tenon.mul %1, %x : (tensor<6x10xf32>, tensor<6x10xf32>) -> tensor<6x10xf32>
    tenon.return %2 : tensor<6x10xf32>
  }
}
"""
ANCHOR = "def Tenon_SubOp :"


def add(tree):
    """Puts the definition into MapOps.td."""
    path = tree / "dialects" / "tenon" / "MapOps.td"
    text = path.read_text()
    assert text.count(ANCHOR) == 1, f"no single '{ANCHOR}' in {path}"
    path.write_text(text.replace(ANCHOR, DEFINITION.lstrip() + ANCHOR))


def measure(full):
    with m.scratch_folder() as folder:
        tree = m.fresh_clone(folder)
        add(tree)
        seconds, status, _ = m.timed(["./scripts/build", "release", "tenon-commands"], tree)
        if status:
            return "the tree with the new operation does not build", False
        changed = subprocess.run(["git", "diff", "--stat"], cwd=tree, capture_output=True, text=True).stdout.strip()
        tenon = Tenon()
        tenon.bin = tree / "build" / "release" / "bin"
        model = pathlib.Path(folder) / "witch.mlir"
        model.write_text(MODEL)
        tenon.compile(model, model.with_suffix(".tenon"))
        rng = np.random.default_rng(0)
        x, y = (rng.standard_normal((6, 10)).astype(np.float32) for _ in range(2))
        z = next(iter(tenon.run(model.with_suffix(".tenon"), {"x": x, "y": y}).values()))
        error = float(np.abs(z - 8 / ((x + y) ** 2 + 4) * x).max())
        kernels = len(json.loads(tenon.call("inspect", model.with_suffix(".tenon"), "--json"))["kernels"])
    figure = f"{changed.splitlines()[-1].strip()}; {kernels} kernel(s), largest error {error:.1e}"
    return figure, error < 1e-5 and kernels == 1
