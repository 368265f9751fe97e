#!@TENON_COMPARE_PYTHON@
"""tenon compare: where a compiled model departs from ONNX Runtime.

Compiles the model, asks the bundle which of the model's nodes each kernel holds, and makes what leaves
a kernel an output of a copy of the model. That copy runs in ONNX Runtime and, compiled, in Tenon, on the
same inputs; tensors are compared in the order of the kernels, by the bound of docs/testing.md. (A value
that is read cannot be fused away, so kernels of the copy may be smaller than the model's own.) Needs the
Python packages numpy, onnx and onnxruntime.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM = "tenon compare"
RELATIVE, OF_RMS, ABSOLUTE = 3e-4, 2e-5, 1e-6
ROWS_FOR_CHANNELS = 16
TYPES = {"f16": "float16", "f32": "float32", "f64": "float64", "bool": "bool", "i1": "bool",
         **{f"i{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
         **{f"{prefix}{bits}": f"uint{bits}" for bits in (8, 16, 32, 64) for prefix in ("u", "ui")}}


class Failure(Exception):
    """What is said on standard error, and the exit status."""

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status


def tenon(*arguments):
    """Runs the `tenon` command beside this one; standard output."""
    command = pathlib.Path(os.environ.get("TENON_COMMAND") or pathlib.Path(__file__).resolve().parent / "tenon")
    try:
        done = subprocess.run([command, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise Failure(f"cannot run '{command}': {error.strerror}") from None
    if done.returncode:
        raise Failure(done.stderr.strip(), done.returncode if done.returncode > 0 else 1)
    return done.stdout


def file_names(outputs):
    """The files that `tenon run` writes outputs of these names to."""
    taken, names = set(), []
    for output in outputs:
        base = name = re.sub(r"[^A-Za-z0-9._-]", "_", output)
        number = 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names.append(name + ".npy")
    return names


def excess(actual, expected):
    """(largest error, that error in parts of what is allowed)."""
    if actual.shape != expected.shape:
        return float("inf"), float("inf")
    if expected.dtype.kind != "f":
        wrong = int(np.count_nonzero(actual != expected))
        return float(wrong), float("inf") if wrong else 0.0
    if expected.size == 0:
        return 0.0, 0.0
    rows = (-1, expected.shape[-1]) if expected.ndim else (1, 1)
    a, b = actual.astype(np.float64).reshape(rows), expected.astype(np.float64).reshape(rows)
    odd = ~np.isfinite(b)
    if not np.array_equal(a[odd], b[odd], equal_nan=True) or not np.isfinite(a[~odd]).all():
        return float("inf"), float("inf")
    a, finite = np.where(odd, 0, a), np.where(odd, 0, b)
    axis = 0 if b.shape[0] >= ROWS_FOR_CHANNELS else None
    allowed = RELATIVE * (finite.max(axis=axis) - finite.min(axis=axis)) + OF_RMS * np.sqrt((finite**2).mean()) + ABSOLUTE
    error = np.abs(a - finite)
    return float(error.max()), float((error / allowed).max())


def node_names(graph):
    """The names that the compiler gives to nodes, and their nodes."""
    return {node.name or f"{node.op_type}_{index}": node for index, node in enumerate(graph.node)}


def boundaries(graph, kernels):
    """[(kernel, its nodes, a tensor that leaves it)], in the order of the kernels."""
    nodes, users = node_names(graph), {}
    for name, node in nodes.items():
        for value in node.input:
            users.setdefault(value, set()).add(name)
    results, seen, outputs = [], set(), {output.name for output in graph.output}
    for kernel in kernels:
        inside = [name for name in kernel["nodes"] if name in nodes]
        for name in inside:
            for value in nodes[name].output:
                leaves = value in outputs or users.get(value, set()) - set(inside)
                if value and leaves and value not in seen:
                    seen.add(value)
                    results.append((kernel["name"], inside, value))
    return results


def typed_outputs(model, names):
    """Of these tensors those whose type can be told, as further outputs of the model."""
    known = {info.name: info for info in [*model.graph.value_info, *model.graph.output]}
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
        known.update({info.name: info for info in inferred.graph.value_info})
    except Exception:  # what inference cannot do is left out
        pass
    have, kept = {output.name for output in model.graph.output}, []
    for name in names:
        if name in have:
            kept.append(name)
        elif name in known and known[name].type.tensor_type.elem_type:
            model.graph.output.append(known[name])
            kept.append(name)
    return kept


def random_inputs(inputs, dims, seed):
    """N(0, 1) for floats, 0 or 1 for integers, true for booleans; free sizes 1 unless given."""
    rng, result = np.random.default_rng(seed), {}
    for row in inputs:
        shape = [size if isinstance(size, int) else dims.get(size, 1) for size in row["shape"]]
        kind = TYPES.get(row["type"])
        if kind is None:
            raise Failure(f"input '{row['name']}' of type {row['type']} must be given: --input")
        values = rng.standard_normal(shape) if kind.startswith("float") else rng.integers(0, 2, shape)
        result[row["name"]] = np.ones(shape, bool) if kind == "bool" else values.astype(kind)
    return result


def given_inputs(specs):
    result = {}
    for spec in specs:
        name, split, path = spec.partition("=")
        if not split:
            raise Failure(f"--input takes NAME=FILE, got '{spec}'", 2)
        try:
            result[name] = np.load(path)
        except (OSError, ValueError) as error:
            raise Failure(f"cannot read '{path}': {error}") from None
    return result


def run_tenon(bundle, feed, names, folder):
    arguments = []
    for index, (name, value) in enumerate(feed.items()):
        np.save(folder / f"in{index}.npy", value)
        arguments += ["--input", f"{name}={folder / f'in{index}.npy'}"]
    tenon("run", bundle, *arguments, "--output-dir", folder / "out")
    return [np.load(folder / "out" / file) for file in file_names(names)]


def run_reference(path, feed, names):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    wanted = {entry.name for entry in session.get_inputs()}
    return session.run(names, {name: value for name, value in feed.items() if name in wanted})


def probe(arguments, folder):
    """(rows of the table, whether all is within the bound)."""
    source = pathlib.Path(arguments.model)
    options = [part for dim in arguments.dim for part in ("--dim", dim)]
    bundle = pathlib.Path(arguments.bundle) if arguments.bundle else folder / "model.tenon"
    if not arguments.bundle:
        tenon("compile", source, "-o", bundle, "--target", "cpu", *options)
    report = json.loads(tenon("inspect", bundle, "--json"))
    model = onnx.load(source, load_external_data=False)
    places = boundaries(model.graph, report["kernels"])
    kept = typed_outputs(model, [value for _, _, value in places])
    names = [output.name for output in model.graph.output]
    sizes = {name: int(size) for name, _, size in (dim.partition("=") for dim in arguments.dim) if size.isdigit()}
    feed = random_inputs(report["entry_points"][0]["inputs"], sizes, arguments.seed) | given_inputs(arguments.input)
    # The copy lies beside the model: its weights may be there.
    handle, path = tempfile.mkstemp(suffix=".onnx", prefix=".tenon-compare-", dir=source.resolve().parent)
    try:
        os.write(handle, model.SerializeToString())
        os.close(handle)
        tenon("compile", path, "-o", folder / "probe.tenon", "--target", "cpu", *options)
        expected = dict(zip(names, run_reference(path, feed, names)))
    finally:
        os.unlink(path)
    actual = dict(zip(names, run_tenon(folder / "probe.tenon", feed, names, folder)))
    rows = []
    for kernel, nodes, value in places:
        if value in kept:
            error, part = excess(actual[value], expected[value])
            rows.append({"kernel": kernel, "nodes": nodes, "tensor": value, "error": error, "of_allowed": part})
    if arguments.bundle:
        outputs = [output["name"] for output in report["entry_points"][0]["outputs"]]
        for name, value in zip(outputs, run_tenon(bundle, feed, outputs, folder)):
            error, part = excess(value, expected[name])
            rows.append({"kernel": bundle.name, "nodes": [], "tensor": name, "error": error, "of_allowed": part})
    return rows


def show(rows, first):
    print(f"{'error':>10} {'of allowed':>10}  tensor")
    for row in rows:
        mark = "*" if row["of_allowed"] > 1 else " "
        print(f"{row['error']:10.3g} {row['of_allowed']:10.3g}{mark} {row['tensor']}  ({row['kernel']})")
    if first:
        print(f"the first kernel that departs: {first['kernel']}, of {', '.join(first['nodes']) or 'the bundle'}")
    else:
        print(f"{len(rows)} tensors agree")


def main():
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("bundle", metavar="MODEL.tenon", nargs="?", help="compare this bundle's outputs too")
    parser.add_argument("--against", choices=["onnxruntime"], default="onnxruntime")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE", help="an input from a .npy file")
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=SIZE", help="a free size (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of inputs that are not given")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    try:
        global np, onnx, onnxruntime
        import numpy as np, onnx, onnxruntime
    except ImportError as error:
        raise Failure(f"needs the Python package '{error.name}'") from None
    if not pathlib.Path(arguments.model).is_file():
        raise Failure(f"cannot read '{arguments.model}'")
    with tempfile.TemporaryDirectory(prefix="tenon-compare-") as folder:
        rows = probe(arguments, pathlib.Path(folder))
    first = next((row for row in rows if row["of_allowed"] > 1), None)
    if arguments.json:
        print(json.dumps({"tensors": rows, "first": first}, indent=1))
    else:
        show(rows, first)
    return 1 if first else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"{PROGRAM}: error: {failure}", file=sys.stderr)
        sys.exit(failure.status)
