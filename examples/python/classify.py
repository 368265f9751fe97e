"""Runs a model on an image-sized input and prints its largest output.

    tenon compile mnist.onnx -o mnist.tenon
    python classify.py mnist.tenon [digit.npy]
"""

import sys

import numpy as np
import tenon


def main():
    with tenon.load(sys.argv[1], threads=2) as model:
        (spec,) = model.inputs
        shape = [1 if size is None else size for size in spec.sizes]
        x = np.load(sys.argv[2]) if len(sys.argv) > 2 else np.zeros(shape, spec.dtype)
        scores = model(x).ravel()
        print(f"class {scores.argmax()} of {scores.size}, score {scores.max():g}")


if __name__ == "__main__":
    try:
        main()
    except tenon.Error as error:
        sys.exit(f"classify: {error}")
