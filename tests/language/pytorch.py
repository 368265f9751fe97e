"""The models of models/ against the committed outputs of transformers and diffusers (references/)."""

import json
import pathlib
import sys

import numpy as np

import files

HERE = pathlib.Path(__file__).resolve().parent
REFERENCES = HERE / "references"
MODELS = HERE.parent.parent / "models"
sys.path.insert(0, str(REFERENCES))

import weights  # noqa: E402


def names():
    return sorted(path.stem for path in REFERENCES.glob("*.npz") if not path.stem.startswith("smollm2"))


def write_weights(about, folder):
    """The files as they would come from the hub."""
    files.safetensors(folder / "model.safetensors", weights.make(about["shapes"]))
    (folder / "config.json").write_text(json.dumps(about["config"]))
    return folder / "model.safetensors"


def compile_model(name, folder, compiler):
    """(bundle, what the reference says)"""
    reference = np.load(REFERENCES / f"{name}.npz")
    about = json.loads(str(reference["about"]))
    options = [word for key, value in about["settings"].items() for word in ("--set", f"{key}={value}")]
    compiler.compile(MODELS / f"{about['program']}.tn", folder / "model.tenon", "--weights",
                     write_weights(about, folder), *options)
    return folder / "model.tenon", reference, about


def check(name, folder, compiler, runtime):
    """The largest error of any output, as a share of its range; calls are of one session, in order."""
    bundle, reference, about = compile_model(name, folder, compiler)
    worst = 0
    with runtime.open(bundle, threads=2) as model:
        for number, entry in enumerate(about["calls"]):
            def arrays(kind):
                prefix = f"{number}.{kind}."  # noqa: B023
                return {key[len(prefix):]: reference[key] for key in reference if key.startswith(prefix)}
            feeds = arrays("in")
            if "mask" in model.arguments(model.entries.index(entry))[0] and "mask" not in feeds:
                tokens = feeds["tokens"].shape[1] if "tokens" in feeds else 1
                feeds["mask"] = np.ones((1, int(feeds["at"][0]) + tokens), bool)  # all there are until then
            outputs = model.run(feeds, entry)
            for key, expected in arrays("out").items():
                assert outputs[key].shape == expected.shape, f"{entry}: {key} has shape {outputs[key].shape}"
                assert np.isfinite(outputs[key]).all(), f"{entry}: {key} is not finite"
                error = np.abs(outputs[key].astype(np.float64) - expected).max() / np.ptp(expected)
                worst = max(worst, error)
                assert error < 2e-5, f"{entry} (call {number}): {key} is off by {error:.2g} of its range"
    return worst
