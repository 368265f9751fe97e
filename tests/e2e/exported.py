"""The models that `scripts/export-models` took out of PyTorch: graphs in tests/data/models, weights
drawn from a seed. Each is what people deploy, at its published size but for Llama (8 layers)."""

import numpy as np

import pictures
import random_weights
from common import ROOT

GRAPHS = ROOT / "tests" / "data" / "models"
DRAWN = ROOT / "build" / "models" / "torch"


def photo(rng, shape, index):
    batch, size = shape
    scenes = np.stack([pictures.scene(rng, size, size) for _ in range(batch)])
    return [{"image": ((scenes.transpose(0, 3, 1, 2) / 255 - 0.45) / 0.225).astype(np.float32)}]


def text(vocabulary, masked):
    def feed(rng, shape, index):
        ids, mask = pictures.tokens(rng, *shape, vocabulary)
        if shape[1] == 1:  # a word, not the mark of a beginning
            ids = rng.integers(1000, vocabulary, shape).astype(np.int64)
        return [{"input_ids": ids, **({"attention_mask": mask} if masked else {})}]
    return feed


def melody(rng, shape, index):
    """Features like those of a sound: smooth over time, louder at low frequencies."""
    batch, frames = shape
    walk = rng.standard_normal((batch, 80, frames)).cumsum(axis=2)
    walk = walk - walk.mean(axis=2, keepdims=True)
    return [{"input_features": (walk / walk.std(axis=2, keepdims=True)).astype(np.float32)}]


def series(rng, shape, index):
    return [{"x": rng.standard_normal((*shape, 128)).astype(np.float32)}]


CALIBRATING = 4  # inputs in the batch that weights are calibrated with
PICTURES = [(1, 224), (3, 224)]
TEXTS = [(1, 128), (2, 17), (3, 64), (1, 1)]
FEEDS = {
    "resnet50": (photo, PICTURES), "mobilenetv3": (photo, PICTURES), "efficientnet_b0": (photo, PICTURES),
    "densenet121": (photo, PICTURES), "convnext_tiny": (photo, PICTURES), "swin_tiny": (photo, PICTURES),
    "vit_b16": (photo, PICTURES), "bert_base": (text(30522, True), TEXTS), "gpt2": (text(50257, False), TEXTS),
    "llama": (text(8000, False), TEXTS), "t5_encoder": (text(32128, True), TEXTS),
    "whisper_encoder": (melody, [(1, 3000)]), "clip_text": (text(49408, True), [(1, 77), (2, 16), (3, 33)]),
    "lstm": (series, [(1, 100), (2, 7), (3, 1)]),
}


def model(name, feed, shape):
    """-> the path of the model, its weights drawn and calibrated with one input of this kind."""
    def make():
        calibrating = feed(np.random.default_rng(1), (CALIBRATING, *shape[1:]), 0)[0]
        return random_weights.materialise(GRAPHS / f"{name}.onnx.xz", DRAWN, feed=calibrating)
    return make


def table():
    """(name, model, shapes, feed) of every graph there is; `_old` takes after its stem."""
    for path in sorted(GRAPHS.glob("*.onnx.xz")):
        name = path.name.removesuffix(".onnx.xz")
        feed, shapes = FEEDS[name.removesuffix("_old")]
        yield name, model(name, feed, shapes[0]), shapes, feed
