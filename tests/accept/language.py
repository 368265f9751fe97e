"""The native language: models as papers write them, with real weights and state."""

import json
import subprocess
import sys
import time

import numpy as np

from common import ROOT
from tenon import Tenon

sys.path.insert(0, str(ROOT / "tests" / "language"))
sys.path.insert(0, str(ROOT / "tests" / "damage"))

import files  # noqa: E402
import measurements as m  # noqa: E402
import programs  # noqa: E402
import pytorch  # noqa: E402
from capi import Runtime  # noqa: E402

SMOLLM2 = ROOT / "build" / "models" / "smollm2.gguf"
MINILM = ROOT / "build" / "models" / "minilm"
BUNDLE = m.SCRATCH / "smollm2.tenon"


def compile_smollm2():
    start = time.monotonic()
    Tenon().call("compile", ROOT / "models/llama.tn", "--weights", SMOLLM2, "-o", BUNDLE)
    return time.monotonic() - start


def kernels(bundle, entry=None):
    """(launches, kernels of its own) of a bundle's entry point."""
    launches = json.loads(Tenon().call("inspect", "--json", bundle))["kernels"]
    launches = [launch for launch in launches if entry in (None, launch["entry"])]
    return len(launches), len({launch["name"] for launch in launches})


def smollm2(_):
    """A prompt of 256 tokens at once, then 32 greedy ones, against PyTorch's float32 (references/make.py)."""
    compile_smollm2()
    reference = np.load(pytorch.REFERENCES / "smollm2.npz")
    tokens, prompt, kept = reference["tokens"], int(reference["prompt"]), reference["kept"]
    span = (reference["most"] - reference["least"]).max()
    model = Runtime().open(BUNDLE, threads=2)
    start = np.zeros(1, np.int32)
    everything = model.run({"tokens": tokens[None, :prompt], "at": start, "mask": np.ones((1, prompt), bool)}, "logits")["logits"][0]
    model.reset()
    rows = [model.run({"tokens": tokens[None, :prompt], "at": start, "mask": np.ones((1, prompt), bool)}, "prefill")["logits"][0]]
    greedy = []
    for place in range(prompt, len(tokens)):
        greedy.append(rows[-1].argmax())
        feeds = {"token": np.array(greedy[-1:], np.int32), "at": np.array([place], np.int32), "mask": np.ones((1, place + 1), bool)}
        rows.append(model.run(feeds, "decode")["logits"][0])
    rows = np.array(rows)
    same = (np.array(greedy) == tokens[prompt:]).all()
    errors = [np.abs(one[:, kept] - reference["logits"][at]).max() / span
              for one, at in ((everything, slice(0, prompt)), (rows, slice(prompt - 1, None)))]
    ends = max(np.abs(rows.max(-1) - reference["most"][prompt - 1:]).max(), np.abs(rows.min(-1) - reference["least"][prompt - 1:]).max()) / span
    agree = (everything.argmax(-1) == reference["argmax"][:prompt]).mean()
    figure = (f"{prompt} tokens off by {errors[0]:.1e} of the range (argmax of {agree:.1%} the same), {len(greedy)} decoded by "
              f"{errors[1]:.1e}, their range by {ends:.1e}, {'the same' if same else 'OTHER'} greedy tokens")
    return figure, bool(same and max(*errors, ends) < 3e-4)


def pytorch_models(_):
    report = m.suite("tests/language/run.py", "--filter", "model_")
    return f"{report['passed']} of {len(pytorch.names())} models within 2e-5 of the range", \
        not report["failures"] and report["passed"] >= len(pytorch.names())


def minilm(_):
    folder = m.SCRATCH
    Tenon().call("compile", ROOT / "models/bert.tn", "--weights", MINILM / "model.safetensors", "-o", folder / "tn.tenon")
    Tenon().call("compile", MINILM / "model.onnx", "-o", folder / "onnx.tenon")
    rng = np.random.default_rng(0)
    feeds = {"input_ids": rng.integers(1000, 30000, (3, 24)), "attention_mask": np.ones((3, 24), np.int64),
             "token_type_ids": np.zeros((3, 24), np.int64)}
    feeds["attention_mask"][1, 15:] = 0
    one, other = (Runtime().open(folder / name, threads=2).run(feeds)["last_hidden_state"]
                  for name in ("tn.tenon", "onnx.tenon"))
    error = np.abs(one - other).max() / np.ptp(other)
    (mine, own), (theirs, _) = kernels(folder / "tn.tenon"), kernels(folder / "onnx.tenon")
    return f"off by {error:.1e} of the range; {mine} launches ({own} kernels), by ONNX {theirs}", error < 1e-5 and mine <= theirs


def unseen(_):
    """Launches a layer beside the same layers of plain attention and a gated product."""
    weights, x = programs.unseen_weights(), programs.normal(9, 32)
    file, bundle = m.SCRATCH / "unseen.safetensors", m.SCRATCH / "unseen.tenon"
    files.safetensors(file, weights)
    launches, worst = [], 0
    for differential, memory in ((False, "none"), (True, "none"), (False, "fixed"), (True, "chosen")):
        Tenon().call("compile", ROOT / "tests/language/unseen.tn", "--weights", file, "-o", bundle,
                     "--set", f"differential={str(differential).lower()}", "--set", f"memory={memory}")
        y, expected = Runtime().open(bundle, threads=2).run({"x": x})["y"], programs.unseen(weights, x, differential, memory)
        worst = max(worst, np.abs(y - expected).max() / np.ptp(expected))
        launches.append(kernels(bundle)[0] / 3)
    plain, attention, state, both = launches
    figure = (f"off by {worst:.1e} of the range; launches a layer: ALiBi with differential attention {attention:.0f}, gated "
              f"state-space block {state:.0f}, both with decay by a scan {both:.0f}, plain {plain:.0f}")
    return figure, worst < 1e-5 and max(attention, state) <= plain + 1


def tests(script, words):
    def line(_):
        report = m.suite(script)
        return f"{report['passed']} {words}, {len(report['failures'])} not", not report["failures"]
    return line


def edited_library(_):
    report = m.suite("tests/language/run.py", "--filter", "edited_library")
    return "the answers change" if report["passed"] else "they do not", report["passed"] == 1


def packed(_):
    if not BUNDLE.exists():
        compile_smollm2()
    share = BUNDLE.stat().st_size / SMOLLM2.stat().st_size
    program = ("import sys; sys.path.insert(0, sys.argv[1]); import numpy as np; from capi import Runtime;"
               "model = Runtime().open(sys.argv[2], threads=2);"
               "[model.run({'token': np.array([5], np.int32), 'at': np.array([i], np.int32),"
               "'mask': np.ones((1, i + 1), bool)}, 'decode') for i in range(3)];"
               "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])")
    done = subprocess.run([sys.executable, "-c", program, ROOT / "tests/harness", BUNDLE], text=True,
                          capture_output=True, check=True)
    resident = int(done.stdout) / 1024
    widened = SMOLLM2.stat().st_size / 2**20 * 32 / 5.0
    return (f"{share:.3f} times the GGUF; {resident:.0f} MiB resident with a cache of 90 MiB, "
            f"widened it would be {widened:.0f}"), share <= 1.05 and resident < 400


def compile_time(_):
    seconds = compile_smollm2()
    sizes = [len(Tenon().call("compile", ROOT / "models/llama.tn", "--weights", SMOLLM2, "--set", f"layers={layers}",
                              "--stop-after=fuse")) for layers in (1, 30)]
    return f"{seconds:.0f} s; IR of 30 layers {sizes[1] / sizes[0]:.1f} times that of one", seconds <= 20 and sizes[1] < 15 * sizes[0]


def bad_input(full):
    import damaged_programs
    options = type("Options", (), {"preset": "release", "seed": 0, "full": full, "filter": ""})
    passed, failures = damaged_programs.run(options)
    for name, reason in failures:
        print(f"  | {name}: {reason}")
    return f"{passed} mutations answered, {len(failures)} not (release build; sanitizers: the damage suite)", not failures


LINES = [
    ("models beside PyTorch", "each right, on the same weights", pytorch_models),
    ("SmolLM2-135M from its GGUF", "right; the same greedy tokens", smollm2),
    ("MiniLM beside its ONNX route", "within 1e-5 of the range, as many kernels", minilm),
    ("a model no one has seen", "right; launches a layer within 1 of the built-in kind", unseen),
    ("programs and weights", "each against NumPy", tests("tests/language/run.py", "right")),
    ("the library edited", "the answers change", edited_library),
    ("the rules of the specification", "an accepted and a refused example, the message checked",
     tests("tests/language/spec.py", "examples as they should be")),
    ("packed weights", "at most 1.05 times the GGUF; nothing widened", packed),
    ("compiling SmolLM2", "20 s; IR not 30 times that of a layer", compile_time),
    ("bad input", "an error, no crash, bounded memory", bad_input),
]
