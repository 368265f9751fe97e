"""The last part of scripts/demo: compiles PP-OCR's recognition model and reads a picture with it.

What is not Tenon here is what any user of the model does: scale the picture to the model's 48 rows,
and turn the probabilities of each column into text (CTC: best class per step, repeats merged, blanks
dropped) with the list of characters that the model carries.
"""

import argparse
import pathlib
import subprocess
import sys
import time

import numpy as np
import onnx
from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "build" / "models" / "ppocr-rec.onnx"
WORK = ROOT / "build" / "demo"
TENON = ROOT / "build" / "release" / "bin" / "tenon"
TEXT = "One file, no Python at run time"
HEIGHT, LEAST_WIDTH = 48, 320


def draw(path):
    """The picture that is read if the user has none."""
    font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
    face = ImageFont.truetype(font, 40) if pathlib.Path(font).exists() else ImageFont.load_default(40)
    image = Image.new("RGB", (760, 80), "white")
    ImageDraw.Draw(image).text((24, 14), TEXT, fill=(20, 30, 90), font=face)
    image.save(path)


def line_of_text(path):
    """The picture, flattened onto white and cut to its ink with a little margin."""
    try:
        picture = Image.open(path).convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        sys.exit(f"error: cannot read the picture: {error}")
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    pixels = np.asarray(flat, np.int32)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ink = np.abs(pixels - np.median(edge, axis=0)).max(axis=2) > 60
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        sys.exit(f"error: {path} is a single colour: no text to read")
    margin = max(2, (rows[-1] - rows[0]) // 6)
    return flat.crop((max(0, columns[0] - margin), max(0, rows[0] - margin),
                      min(flat.width, columns[-1] + margin + 1), min(flat.height, rows[-1] + margin + 1)))


def model_input(line):
    """1 x 3 x 48 x W in -1..1, blue first, padded with zeros to the model's usual width."""
    width = max(8, round(HEIGHT * line.width / line.height))
    scaled = np.asarray(line.resize((width, HEIGHT), Image.BILINEAR), np.float32)[:, :, ::-1]
    x = np.zeros((1, 3, HEIGHT, max(LEAST_WIDTH, width)), np.float32)
    x[0, :, :, :width] = scaled.transpose(2, 0, 1) / 127.5 - 1
    return x


def decode(probabilities):
    """CTC: (text, mean confidence)."""
    metadata = {p.key: p.value for p in onnx.load(MODEL).metadata_props}
    characters = ["", *metadata["character"].splitlines(), " "]
    best = probabilities.argmax(axis=1)
    kept = [t for t, c in enumerate(best) if c != 0 and (t == 0 or best[t - 1] != c)]
    confidence = float(np.mean([probabilities[t, best[t]] for t in kept])) if kept else 0.0
    return "".join(characters[best[t]] for t in kept), confidence


def command(*arguments):
    """Shows a command and runs it; its failure is ours."""
    shown = " ".join(str(a).replace(f"{ROOT}/", "") for a in arguments)
    print(f"$ {shown}", flush=True)
    start = time.monotonic()
    status = subprocess.run([str(a) for a in arguments]).returncode
    if status != 0:
        sys.exit(f"error: exit status {status}: {shown}")
    print(f"  {time.monotonic() - start:.2f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--image", type=pathlib.Path, help="a picture of one line of text")
    image = parser.parse_args().image
    WORK.mkdir(parents=True, exist_ok=True)
    if image is None:
        image = WORK / "picture.png"
        draw(image)
    np.save(WORK / "x.npy", model_input(line_of_text(image)))
    bundle = WORK / "ppocr-rec.tenon"
    command(TENON, "compile", MODEL, "-o", bundle)
    command(TENON, "run", bundle, "--input", f"x={WORK / 'x.npy'}", "--output-dir", WORK / "out")
    output, = (WORK / "out").glob("*.npy")
    text, confidence = decode(np.load(output)[0])
    print(f"{image} says, with confidence {confidence:.2f}:\n{text}")


if __name__ == "__main__":
    main()
