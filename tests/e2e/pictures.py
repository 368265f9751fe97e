"""Inputs that look like what the models were made for: drawn pictures, text lines, sounds, tokens.

Detectors and recognisers fed with noise put out nearly nothing, and a comparison of nothing with
nothing proves nothing. Everything here is a function of a NumPy generator.
"""

import functools
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")
WORDS = ("tensor kernel graph schedule Morning coffee 2048 shard Rhine Danube INVOICE No. total 17.95 EUR "
         "platform 9 departure 14:32 please mind the gap fresh apples bakery exit left only").split()


@functools.cache
def font(size, name="DejaVuSans.ttf"):
    path = FONTS / name
    return ImageFont.truetype(str(path), size) if path.exists() else ImageFont.load_default(size)


def scene(rng, width, height):
    """A picture with a gradient, shapes, people-like figures and a word; H x W x 3, 0..255."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    tint = rng.uniform(40, 200, (3, 1, 1))
    base = (tint + 60 * x * rng.uniform(-1, 1) + 60 * y * rng.uniform(-1, 1)).clip(0, 255)
    image = Image.fromarray(base.transpose(1, 2, 0).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(3, 7))):
        color = tuple(int(c) for c in rng.integers(0, 256, 3))
        left, top = rng.uniform(0, 0.8, 2) * (width, height)
        size = rng.uniform(0.1, 0.4) * min(width, height)
        if rng.random() < 0.5:  # a standing figure: head, body, legs
            draw.ellipse([left + size * .35, top, left + size * .65, top + size * .3], fill=color)
            draw.rectangle([left + size * .25, top + size * .3, left + size * .75, top + size], fill=color)
            draw.rectangle([left + size * .3, top + size, left + size * .45, top + size * 1.7], fill=color)
            draw.rectangle([left + size * .55, top + size, left + size * .7, top + size * 1.7], fill=color)
        else:  # a box on wheels
            draw.rectangle([left, top, left + size * 1.6, top + size * .6], fill=color)
            for wheel in (0.2, 1.1):
                draw.ellipse([left + size * wheel, top + size * .5, left + size * (wheel + .3), top + size * .8],
                             fill=(20, 20, 20))
    draw.text((width * .1, height * .85), str(rng.choice(WORDS)), fill=(255, 255, 255), font=font(24))
    return np.asarray(image, dtype=np.float32)


def text_line(rng, width, height, text=None):
    """A line of dark text on light ground that about fills the width; H x W x 3, 0..255."""
    paper, ink = rng.integers(200, 256, 3), rng.integers(0, 90, 3)
    image = Image.new("RGB", (width, height), tuple(int(c) for c in paper))
    draw, face = ImageDraw.Draw(image), font(int(height * 0.62))
    line = text or ""
    while not text:
        longer = (line + " " + str(rng.choice(WORDS))).strip()
        if draw.textlength(longer, font=face) > width - 12 and line:
            break
        line = longer
    draw.text((6, height * 0.14), line, fill=tuple(int(c) for c in ink), font=face)
    return np.asarray(image, dtype=np.float32)


def digit(rng, value):
    """One handwritten-looking digit, white on black; 28 x 28, 0..255."""
    image = Image.new("L", (28, 28), 0)
    ImageDraw.Draw(image).text((8, 1), str(value), fill=255, font=font(23))
    return np.asarray(image.rotate(float(rng.uniform(-15, 15))), dtype=np.float32)


def voice(rng, samples, loudness, rate=16000):
    """A buzzing vowel: harmonics of a gliding pitch under two formants, with a little breath."""
    t = np.arange(samples) / rate
    pitch = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * 3 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    wave = np.zeros(samples)
    for harmonic in range(1, 20):
        frequency = harmonic * pitch.mean()
        gain = sum(np.exp(-((frequency - f) / 180.0) ** 2) for f in (600, 1150)) + 0.05
        wave += gain * np.sin(harmonic * phase)
    wave += 0.02 * rng.standard_normal(samples)
    return (loudness * wave / np.abs(wave).max()).astype(np.float32)


def tokens(rng, batch, length, vocabulary=30522):
    """[CLS] words [SEP] and padding: ids and mask, the last rows shorter than the first."""
    ids = rng.integers(1000, vocabulary, (batch, length))
    mask = np.ones((batch, length), np.int64)
    for row in range(batch):
        used = length if row == 0 else max(3, length - int(rng.integers(1, max(2, length // 2))))
        ids[row, 0], ids[row, used - 1] = 101, 102
        ids[row, used:], mask[row, used:] = 0, 0
    return ids.astype(np.int64), mask
