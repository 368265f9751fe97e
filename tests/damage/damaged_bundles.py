"""Every truncation and every byte once xor 0xFF of small bundles, through the C API."""

import dataclasses
import multiprocessing
import os
import tempfile

import numpy as np

import models
from capi import RunError, Runtime
from common import Context
from pool import Pool
from tenon import Tenon

LARGEST = 64 * 1024
CHUNK = 2048
position = multiprocessing.Value("q", -1)  # where the worker is, for the report of its death


@dataclasses.dataclass
class Chunk:
    bundle: str
    kind: str
    content: bytes
    feed: dict
    expected: dict
    places: range


class Backend:
    """A worker's own copy of the file, changed in place and restored."""

    def __init__(self, preset):
        self.runtime = Runtime(preset)
        self.folder = tempfile.TemporaryDirectory(prefix="tenon-damage-", dir="/dev/shm")
        self.path = os.path.join(self.folder.name, "damaged.tenon")

    def answer(self, feed):
        """The outputs, or the message of the refusal."""
        try:
            with self.runtime.open(self.path) as session:
                self.runtime.check(self.runtime.lib.tenon_bundle_verify(session.bundle))
                return session.run(feed)
        except RunError as error:
            return str(error)


def judge(backend, chunk):
    """None of the chunk's damages may pass for anything but a refusal or the right answer."""
    for place in chunk.places:
        position.value = place
        damaged = bytearray(chunk.content)
        if chunk.kind == "cut":
            damaged = damaged[:place]
        else:
            damaged[place] ^= 0xFF
        with open(backend.path, "wb") as file:
            file.write(damaged)
        answer = backend.answer(chunk.feed)
        if isinstance(answer, str):
            if not answer.strip():
                return "wrong", f"{chunk.kind} at {place}: refused without a message"
        elif any(answer[name].tobytes() != chunk.expected[name].tobytes() for name in chunk.expected):
            return "wrong", f"{chunk.kind} at {place}: another answer"
    return "pass", len(chunk.places)


def small_bundles(preset, folder):
    """name -> (content, feed): a perceptron of any batch, and two of them in a row, all sizes fixed."""
    tenon = Tenon(preset)
    result = {}
    for name, rows in (("free", "batch"), ("fixed", 3)):
        model = models.perceptron(folder / f"{name}.onnx", rows=rows, inner=12, columns=5)
        tenon.compile(model, folder / f"{name}.tenon")
        content = (folder / f"{name}.tenon").read_bytes()
        assert len(content) <= LARGEST, f"the bundle {name} has {len(content)} bytes, more than {LARGEST}"
        result[name] = content, {"x": np.linspace(-1, 1, 36, dtype=np.float32).reshape(3, 12)}
    return result


def run(arguments):
    folder = Context(False, "", 0).scratch("damage")
    chunks, runtime = [], Runtime(arguments.preset)
    for name, (content, feed) in small_bundles(arguments.preset, folder).items():
        with runtime.open(folder / f"{name}.tenon") as session:
            expected = session.run(feed)
        for kind in ("cut", "xor"):
            chunks += [Chunk(name, kind, content, feed, expected, range(start, min(start + CHUNK, len(content))))
                       for start in range(0, len(content), CHUNK)]
    passed, failures = 0, []
    pool = Pool(lambda: Backend(arguments.preset), judge, jobs=1, timeout=300)
    for chunk, (outcome, detail) in pool.map(chunks):
        if outcome == "pass":
            passed += detail
        else:
            where = f" (at {position.value})" if outcome == "crash" else ""
            failures.append([f"bundle {chunk.bundle} {chunk.kind} {chunk.places}", f"{outcome}: {detail}{where}"])
    return passed, failures
