"""External data: read beneath the model's folder only, and never past the end of a file."""

import os

import numpy as np

import models
from checks import refused, test


def weights(path, shape=(16, 8)):
    w = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(64) + w.tobytes())
    return w


@test
def external_data_is_read(tenon, folder):
    w = weights(folder / "sub" / "w.bin")
    model = models.external(folder / "m.onnx", "sub/w.bin", offset=64)
    tenon.compile(model, folder / "m.tenon")
    x = np.random.default_rng(2).standard_normal((4, 16)).astype(np.float32)
    np.testing.assert_allclose(tenon.run(folder / "m.tenon", {"x": x})["y"], x @ w, rtol=1e-4, atol=1e-5)


@test
def external_data_outside_the_folder(tenon, folder):
    weights(folder / "outside.bin")
    inside = folder / "model"
    inside.mkdir()
    (inside / "link.bin").symlink_to(folder / "outside.bin")
    (inside / "linked").symlink_to(folder)
    for location in ("../outside.bin", str(folder / "outside.bin"), "link.bin", "linked/outside.bin",
                     "./../outside.bin", "x/../../outside.bin", "/etc/passwd"):
        model = models.external(inside / "m.onnx", location, offset=64)
        refused(lambda: tenon.compile(model, inside / "m.tenon"), "w")


@test
def external_data_from_the_working_folder(tenon, folder):
    """A model given by its bare name has the working folder as its folder, and no more."""
    weights(folder / "w.bin")
    models.external(folder / "m.onnx", "w.bin", offset=64)
    tenon.call("compile", "m.onnx", "-o", "m.tenon", cwd=folder)
    models.external(folder / "n.onnx", "../w.bin", offset=64)
    refused(lambda: tenon.call("compile", "n.onnx", "-o", "n.tenon", cwd=folder))


@test
def external_data_ranges(tenon, folder):
    weights(folder / "w.bin")
    for offset, length in ((64, 100000), (10**18, 512), (2**63 - 1, 512), (-1, 512), (65, 512), (64, 4), (64, -5)):
        model = models.external(folder / "m.onnx", "w.bin", offset, length)
        refused(lambda: tenon.compile(model, folder / "m.tenon"), "w")


@test
def external_data_that_is_no_file(tenon, folder):
    (folder / "a_folder").mkdir()
    os.mkfifo(folder / "a_pipe")
    for location in ("a_folder", "a_pipe", "missing.bin", ""):
        model = models.external(folder / "m.onnx", location)
        refused(lambda: tenon.compile(model, folder / "m.tenon"), "w")
