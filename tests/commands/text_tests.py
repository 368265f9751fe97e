"""Models in text form (.mlir), which users may write by hand: weights in other orders, sizes that cannot be,
and that `tenon check` says what `tenon compile` does."""

import json

import numpy as np

from checks import refused, test
from common import ROOT


def product(folder, weight, attributes="", size=24):
    """y = x @ w with w of [2, 3] from a file, stored as told; also returns w itself if `both`."""
    (folder / "w.bin").write_bytes(weight.astype(np.float32).tobytes())
    (folder / "m.mlir").write_text(f"""
      tenon.weight @w : tensor<2x3xf32> #tenon.store<"w.bin", 0, {size}> {attributes}
      tenon.func @main(%x: tensor<4x2xf32> {{tenon.name = "x"}}) -> (tensor<4x3xf32> {{tenon.name = "y"}}) {{
        %w = tenon.read @w : tensor<2x3xf32>
        %y = tenon.contract [[0, 2], [2, 1]] -> [0, 1] %x, %w : (tensor<4x2xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
        tenon.return %y : tensor<4x3xf32>
      }}""")
    return folder / "m.mlir"


@test
def orders_of_weights(tenon, folder):
    weight, x = np.arange(6).reshape(2, 3), np.random.default_rng(1).standard_normal((4, 2)).astype(np.float32)
    for order in ("", "0, 1", "1, 0"):
        tenon.compile(product(folder, weight, f"{{order = array<i64: {order}>}}" if order else ""), folder / "m.tenon")
        np.testing.assert_allclose(tenon.run(folder / "m.tenon", {"x": x})["y"], x @ weight, rtol=1e-5, atol=1e-5)
        listed, = json.loads(tenon.call("inspect", folder / "m.tenon", "--json"))["weights"]
        assert listed["layout"] == order.replace(" ", ""), listed


@test
def order_of_a_vector(tenon, folder):
    weight, x = np.arange(4, dtype=np.float32), np.ones(4, np.float32)
    (folder / "w.bin").write_bytes(weight.tobytes())
    (folder / "m.mlir").write_text("""
      tenon.weight @w : tensor<4xf32> #tenon.store<"w.bin", 0, 16> {order = array<i64: 0>}
      tenon.func @main(%x: tensor<4xf32> {tenon.name = "x"}) -> (tensor<4xf32> {tenon.name = "y"}) {
        %w = tenon.read @w : tensor<4xf32>
        %y = tenon.add %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
        tenon.return %y : tensor<4xf32>
      }""")
    tenon.compile(folder / "m.mlir", folder / "m.tenon")
    assert np.array_equal(tenon.run(folder / "m.tenon", {"x": x})["y"], x + weight)


@test
def order_of_a_weight_that_is_returned(tenon, folder):
    """What no kernel reads is copied as it lies: row-major, whatever the model asks for."""
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    (folder / "w.bin").write_bytes(weight.tobytes())
    (folder / "m.mlir").write_text("""
      tenon.weight @w : tensor<2x3xf32> #tenon.store<"w.bin", 0, 24> {order = array<i64: 1, 0>}
      tenon.func @main(%x: tensor<4xf32> {tenon.name = "x"}) -> (tensor<2x3xf32> {tenon.name = "y"}) {
        %w = tenon.read @w : tensor<2x3xf32>
        tenon.return %w : tensor<2x3xf32>
      }""")
    tenon.compile(folder / "m.mlir", folder / "m.tenon")
    assert np.array_equal(tenon.run(folder / "m.tenon", {"x": np.ones(4, np.float32)})["y"], weight)


@test
def orders_that_are_none(tenon, folder):
    for order in ("1", "0, 0", "1, 2", "0, 1, 2"):
        model = product(folder, np.ones((2, 3)), f"{{order = array<i64: {order}>}}")
        refused(lambda: tenon.compile(model, folder / "m.tenon"), "weight_c3", order)


@test
def check_refuses_what_compile_refuses(tenon, folder):
    for size, words in ((9223372036854775800, ["9223372036854775800 bytes at 0", "w.bin"]),
                        (20, ["20 bytes", "expected 24"])):
        model = product(folder, np.ones((2, 3)), size=size)
        refused(lambda: tenon.compile(model, folder / "m.tenon"), *words)
        refused(lambda: tenon.call("check", model), *words)


@test
def check_takes_the_options_of_compile(tenon, folder):
    model = product(folder, np.ones((2, 3)))
    tenon.call("check", model, "--target", "cpu:avx2", "--no-fold")
    refused(lambda: tenon.call("check", model, "--target", "toaster"), "toaster", status=2)
    refused(lambda: tenon.call("check", model, "-o", "x.tenon"), status=2)
    tenon.call("check", ROOT / "tests/data/mnist.onnx")
    assert sorted(p.name for p in folder.iterdir()) == ["m.mlir", "w.bin"], "check wrote a file"


@test
def sizes_that_cannot_be(tenon, folder):
    shape = "tensor<?x1152921504606846976xi8, #tenon.dims<[B, 1152921504606846976]>>"
    (folder / "m.mlir").write_text(f"""module attributes {{tenon.symbols = #tenon.symbols<B in 1 to 64>}} {{
      tenon.func @main(%x: {shape}) -> {shape} {{
        %y = tenon.add %x, %x : ({shape}, {shape}) -> {shape}
        tenon.return %y : {shape}
      }}
    }}""")
    for verb in (["check"], ["compile", "-o", folder / "m.tenon"]):
        refused(lambda: tenon.call(*verb, folder / "m.mlir"), "bytes exceed 2^56")
