"""The models of the end-to-end tests: where each is, what it is fed, at which shapes.

A case is compiled once. Every shape is one test of three or more feeds; a feed is a list of steps
(one, but for models whose caller passes state from step to step).
"""

import dataclasses
import os
import pathlib
import shutil
from collections.abc import Callable

import numpy as np

import exported
import pictures
from common import ROOT

DATA = ROOT / "tests" / "data"
FETCHED = ROOT / "build" / "models"


@dataclasses.dataclass
class Case:
    name: str
    model: Callable  # () -> path of the .onnx file
    shapes: list
    feed: Callable  # (generator, shape, index of the feed) -> [inputs by name, ...]
    options: tuple = ()  # of tenon compile
    carry: dict = dataclasses.field(default_factory=dict)  # output -> input of the next step
    fetch: str = ""  # the name scripts/models knows it by
    exported: bool = False  # one of the large models of exported.py
    simulated: list = dataclasses.field(default_factory=list)  # shapes on a simulated GPU; none: all

    def feeds(self, device):
        """How many feeds a test has; two must do to show that they matter where it is slow."""
        return 3 if device == "cpu" else 2


def mnist(rng, shape, index):
    return [{"Input3": pictures.digit(rng, int(rng.integers(0, 10))).reshape(1, 1, 28, 28)}]


def yolox(rng, shape, index):
    return [{"images": pictures.scene(rng, 416, 416).transpose(2, 0, 1)[None].copy()}]


def ppocr_rec(rng, shape, index):
    batch, width = shape
    lines = [pictures.text_line(rng, width, 48) for _ in range(batch)]
    return [{"x": (np.stack(lines).transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)}]


def ppocr_det(rng, shape, index):
    """Pages with a few lines of text at any place."""
    batch, height, width = shape
    pages = []
    for _ in range(batch):
        page = pictures.scene(rng, width, height).copy()
        for _ in range(3):
            line = pictures.text_line(rng, int(rng.integers(width // 3, width // 2)), 24)
            top, left = int(rng.integers(0, height - 24)), int(rng.integers(0, width - line.shape[1]))
            page[top:top + 24, left:left + line.shape[1]] = line
        pages.append(page)
    return [{"x": ((np.stack(pages).transpose(0, 3, 1, 2) / 255 - 0.45) / 0.225).astype(np.float32)}]


def ppocr_cls(rng, shape, index):
    """Lines of text, every other one upside down."""
    lines = [pictures.text_line(rng, 192, 48) for _ in range(shape)]
    turned = [line[::-1, ::-1] if (index + row) % 2 else line for row, line in enumerate(lines)]
    return [{"x": (np.stack(turned).transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)}]


MAGIKA_FILES = ("NOTICE", "LICENSE", "CMakeLists.txt", "tests/e2e/cases.py", "tests/data/mnist.onnx",
                "scripts/build", "tests/data/yolox_nano.onnx", "CMakePresets.json")


def magika(rng, shape, index):
    """The first and last 2,048 bytes of real files, padded by 256 as Magika does."""
    rows = []
    for row in range(shape):
        content = (ROOT / MAGIKA_FILES[(index * shape + row) % len(MAGIKA_FILES)]).read_bytes().strip()
        first, last = content[:2048], content[-2048:]
        rows.append([*first, *[256] * (2048 - len(first)), *[256] * (2048 - len(last)), *last])
    return [{"bytes": np.array(rows, np.int32)}]


def silero(rng, shape, index):
    """Five windows of a sound: speech-like, silence, speech in noise; `sr` is an input like the rest."""
    batch, window = shape
    loudness = (0.5, 0.003, 0.15)[index % 3]
    sound = np.stack([pictures.voice(rng, 5 * window, loudness) for _ in range(batch)])
    steps = [{"input": sound[:, i * window:(i + 1) * window].copy(), "sr": np.array(16000, np.int64)}
             for i in range(5)]
    steps[0]["state"] = np.zeros((2, batch, 128), np.float32)
    return steps


def minilm(rng, shape, index):
    ids, mask = pictures.tokens(rng, *shape)
    return [{"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}]


def minilm_model():
    """The committed graph beside the weights it points into."""
    folder = FETCHED / "minilm"
    folder.mkdir(parents=True, exist_ok=True)
    graph, copy = DATA / "minilm" / "model.onnx", folder / "model.onnx"
    if not copy.exists() or copy.read_bytes() != graph.read_bytes():
        temporary = copy.with_suffix(f".{os.getpid()}")
        shutil.copyfile(graph, temporary)
        os.replace(temporary, copy)
    return copy


def data(name) -> Callable[[], pathlib.Path]:
    return lambda: DATA / name


ALL = [
    Case("mnist", data("mnist.onnx"), [()], mnist),
    Case("magika", data("magika_standard_v2_1.onnx"), [1, 3], magika, simulated=[1]),
    Case("silero", data("silero_vad_16k_op15.onnx"), [(1, 512), (1, 576), (3, 512)], silero,
         carry={"stateN": "state"}, simulated=[(1, 512)]),
    Case("yolox_nano", data("yolox_nano.onnx"), [()], yolox),
    Case("ppocr_rec", lambda: FETCHED / "ppocr-rec.onnx", [(1, 320), (1, 160), (2, 240), (1, 481), (3, 96)],
         ppocr_rec, fetch="ppocr-rec", simulated=[(1, 160)]),
    Case("ppocr_det", lambda: FETCHED / "ppocr-det.onnx", [(1, 320, 320), (1, 224, 352), (2, 160, 192)],
         ppocr_det, fetch="ppocr-det", simulated=[(1, 224, 352)]),
    Case("ppocr_cls", lambda: FETCHED / "ppocr-cls.onnx", [1, 5], ppocr_cls, fetch="ppocr-cls", simulated=[1]),
    Case("minilm", minilm_model, [(1, 8), (2, 16), (1, 65), (4, 32), (3, 128)], minilm, fetch="minilm",
         simulated=[(1, 8), (2, 16)]),
]
ALL += [Case(name, model, shapes, feed, exported=True) for name, model, shapes, feed in exported.table()]
