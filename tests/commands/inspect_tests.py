"""`tenon inspect` and `tenon bench`: the keys that scripts read."""

import json

import models
from checks import refused, test
from common import ROOT


@test
def inspect_json(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon")
    data = json.loads(tenon.call("inspect", folder / "m.tenon", "--json"))
    for key in ("format", "targets", "entry_points", "kernels", "weights", "memory"):
        assert key in data, f"no {key}: {list(data)}"
    entry, = data["entry_points"]
    assert [i["name"] for i in entry["inputs"]] == ["x"] and [o["name"] for o in entry["outputs"]] == ["y"]
    kernel, = data["kernels"]  # product, bias and activation are one launch
    for key in ("name", "entry", "nodes", "target", "grid", "bytes", "flops"):
        assert key in kernel, f"no {key} in a kernel: {list(kernel)}"
    assert {"product", "bias", "activation"} <= set(kernel["nodes"]), kernel["nodes"]
    for weight in data["weights"]:
        assert {"name", "type", "shape", "bytes", "offset"} <= set(weight), weight
    assert data["memory"]["arena_bytes"] is not None and "lower_bound_bytes" in data["memory"]


@test
def layouts_of_weights(tenon, folder):
    """Convolutions have their weights' first dimension last in memory; vectors have one order only."""
    tenon.compile(ROOT / "tests/data/mnist.onnx", folder / "m.tenon")
    for weight in json.loads(tenon.call("inspect", folder / "m.tenon", "--json"))["weights"]:
        expected = "1,2,3,0" if weight["name"] in ("Parameter5", "Parameter87") else ""
        assert weight["layout"] == expected, weight


@test
def inspect_text(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon")
    assert "x" in tenon.call("inspect", folder / "m.tenon")
    for option in ("--kernels", "--weights", "--memory"):
        assert tenon.call("inspect", folder / "m.tenon", option).strip(), option


@test
def bench_json(tenon, folder):
    tenon.compile(models.perceptron(folder / "m.onnx"), folder / "m.tenon")
    data = json.loads(tenon.call("bench", folder / "m.tenon", "--threads", "2", "--json"))
    latency = data["latency_ms"]
    assert 0 < latency["min"] <= latency["median"] <= latency["p90"] <= latency["p99"], latency
    assert data["threads"] == 2 and data["runs"] >= 3, data


@test
def bench_trace(tenon, folder):
    """Launches in order, one after another, with the model's nodes; no trace without a profile."""
    tenon.compile(ROOT / "tests/data/mnist.onnx", folder / "m.tenon")
    data = json.loads(tenon.call("bench", folder / "m.tenon", "--runs", "3", "--json", "--trace", folder / "t.json"))
    events = [e for e in json.loads((folder / "t.json").read_text())["traceEvents"] if e["ph"] == "X"]
    assert [e["name"] for e in events] == [k["name"] for k in data["kernels"]], events
    assert [e["args"]["nodes"] for e in events] == [k["nodes"] for k in data["kernels"]], events
    for before, after in zip(events, events[1:]):
        assert before["dur"] > 0 and before["ts"] + before["dur"] <= after["ts"] + 1, (before, after)
    refused(lambda: tenon.call("bench", folder / "m.tenon", "--runs", "1", "--trace", folder / "no" / "t.json"), "t.json")
    refused(lambda: tenon.call("bench", folder / "m.tenon", "--no-profile", "--trace", folder / "t.json"), "--trace", status=2)


@test
def foreign_files(tenon, folder):
    (folder / "text.tenon").write_text("not a bundle")
    (folder / "empty.tenon").write_bytes(b"")
    for verb in ("inspect", "run", "bench"):
        options = ["--random"] if verb == "run" else []
        refused(lambda: tenon.call(verb, folder / "text.tenon", *options), "text.tenon")
        refused(lambda: tenon.call(verb, folder / "empty.tenon", *options), "empty.tenon")
        refused(lambda: tenon.call(verb, folder / "nowhere.tenon", *options), "nowhere.tenon")
        refused(lambda: tenon.call(verb, folder, *options))
