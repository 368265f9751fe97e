"""What acceptance lines measure with: programs with a clock, their memory, big models, fresh clones."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import onnx
from onnx import TensorProto, helper

import models
from common import ROOT, Context

SCRATCH = Context(False, "", 0).scratch("accept")


def timed(command, cwd=ROOT, env=None):
    """(seconds, exit status, output) of a program; its output is shown too."""
    start, lines = time.monotonic(), []
    process = subprocess.Popen([str(c) for c in command], cwd=cwd, env=env, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in process.stdout:
        lines.append(line)
        print("  | " + line, end="", flush=True)
    return time.monotonic() - start, process.wait(), "".join(lines)


def suite(script, *options):
    """The summary a test runner writes."""
    report = SCRATCH / "suite.json"
    report.unlink(missing_ok=True)
    timed([sys.executable, "-u", ROOT / script, "--json", report, *options])
    return json.loads(report.read_text())


def fresh_clone(folder):
    """The committed tree, with nothing built."""
    path = pathlib.Path(folder) / "tenon"
    subprocess.run(["git", "clone", "-q", ROOT, path], check=True)
    return path


def without_ccache():
    return dict(os.environ, CCACHE_DISABLE="1")


def peak_anonymous(command):
    """(MB of RssAnon at most, exit status, errors) of a program, sampled every few milliseconds."""
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    peak, done = 0, threading.Event()

    def watch():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, sum(anonymous(pid) for pid in tree(process.pid)))
            time.sleep(0.004)

    watcher = threading.Thread(target=watch)
    watcher.start()
    errors = process.communicate()[1]
    done.set()
    watcher.join()
    return peak / 1024, process.returncode, errors


def tree(pid):
    """A process and its children (`tenon compile` starts `tenon-compile`)."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(p for child in children for p in tree(int(child)))]


def anonymous(pid):
    """RssAnon of a process in KB."""
    try:
        found = re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def layers_model(path, layers, width, sparse=False):
    """A chain of square products, weights in external data beside it; sparse: a file of holes."""
    data, bytes_each = path.with_suffix(".bin"), width * width * 4
    with open(data, "wb") as file:
        if sparse:
            file.truncate(layers * bytes_each)
        else:
            block = np.random.default_rng(0).standard_normal((width, width)).astype(np.float32) / width**0.5
            for index in range(layers):  # all different: equal weights are stored once
                file.write((block + np.float32(1e-4 * index)).tobytes())
    nodes, weights, value = [], [], "x"
    for index in range(layers):
        w = TensorProto(name=f"w{index}", data_type=TensorProto.FLOAT, dims=[width, width],
                        data_location=TensorProto.EXTERNAL)
        for key, entry in (("location", data.name), ("offset", index * bytes_each), ("length", bytes_each)):
            w.external_data.add(key=key, value=str(entry))
        weights.append(w)
        nodes.append(helper.make_node("MatMul", [value, w.name], [f"h{index}"], name=f"product_{index}"))
        value = f"h{index}"
    return models.save(path, nodes, [("x", TensorProto.FLOAT, ["batch", width])],
                       [(value, TensorProto.FLOAT, ["batch", width])], weights)


def largest_tensor(model):
    """Bytes of the largest initializer."""
    sizes = [int(np.prod(t.dims)) * onnx.helper.tensor_dtype_to_np_dtype(t.data_type).itemsize
             for t in onnx.load(model, load_external_data=False).graph.initializer]
    return max(sizes, default=0)


def scratch_folder():
    return tempfile.TemporaryDirectory(prefix="tenon-accept-", dir=SCRATCH)
