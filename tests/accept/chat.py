"""Language models: a bundle that talks, right and fast."""

import json
import subprocess
import sys

import numpy as np

from common import ROOT
from tenon import Tenon

sys.path.insert(0, str(ROOT / "tests" / "language"))

import llama  # noqa: E402
import measurements as m  # noqa: E402

SMOLLM2 = ROOT / "build" / "models" / "smollm2.gguf"
BUNDLE = m.SCRATCH / "smollm2.tenon"
PROMPTS = ["The history of the city of Rome begins", "def fibonacci(n):\n", "Once upon a time, in a small village",
           "Water boils at 100 degrees because", "Liebe Freunde, heute"]


def bundle():
    if not BUNDLE.exists() or BUNDLE.stat().st_mtime < (ROOT / "build/release/bin/tenon-compile").stat().st_mtime:
        Tenon().call("compile", ROOT / "models/llama.tn", "--weights", SMOLLM2, "-o", BUNDLE)
    return BUNDLE


def generate(*arguments):
    return json.loads(Tenon().call("generate", bundle(), "--json", "--threads", 2, *arguments))


def paris(_):
    question = "What is the capital of France?"
    text = generate("--chat", "--prompt", question, "--max-tokens", 32)["text"]
    done = subprocess.run([ROOT / "build/release/bin/tenon", "chat", BUNDLE], input=question + "\nAnd of Italy?\n",
                          capture_output=True, text=True, timeout=600)
    answers = done.stdout.splitlines()
    right = "Paris" in text and len(answers) == 2 and "Paris" in answers[0] and "Rome" in answers[1]
    return f"{text!r}; in a conversation {answers}", right and done.returncode == 0


def exact(full):
    """Greedy tokens against NumPy in f32 on the same weights, dequantised exactly."""
    weights, differing, count = llama.Gguf(SMOLLM2), [], 0
    for prompt in PROMPTS if full else PROMPTS[:2]:
        report = generate("--prompt", prompt, "--max-tokens", 64 if full else 16, "--ignore-eos")
        tokens = report["prompt_tokens"] + report["tokens"]
        rows = llama.logits(weights, np.array(tokens), np.float32)
        for at in range(len(report["prompt_tokens"]), len(tokens)):
            scores, count = rows[at - 1], count + 1
            if scores.max() - scores[tokens[at]] > 1e-4 * np.ptp(scores):
                differing.append((prompt[:20], at))
    return f"{count} tokens, departures {differing}", not differing


def perplexity(_):
    """Against NumPy, on a text of a few windows."""
    text = (ROOT / "docs" / "language-models.md").read_text()[:1500]
    (m.SCRATCH / "text.txt").write_text(text)
    report = json.loads(Tenon().call("perplexity", bundle(), "--file", m.SCRATCH / "text.txt", "--window", 100, "--json"))
    ids = [int(word) for word in Tenon().call("tokenize", bundle(), "--file", m.SCRATCH / "text.txt").split()]
    weights, total, count = llama.Gguf(SMOLLM2), 0.0, 0
    for start in range(0, len(ids) - 1, 100):
        window = np.array(ids[start:start + 100])
        rows = llama.logits(weights, window, np.float32).astype(np.float64)[:-1]
        rows -= rows.max(-1, keepdims=True)
        scores = rows - np.log(np.exp(rows).sum(-1, keepdims=True))
        total, count = total + scores[np.arange(len(scores)), window[1:]].sum(), count + len(scores)
    expected = np.exp(-total / count)
    error = abs(report["perplexity"] / expected - 1)
    return f"{report['perplexity']:.4f} over {report['tokens']} tokens, NumPy's {expected:.4f}", error < 1e-3 and report["tokens"] == count


def tokenizers(_):
    report = m.suite("tests/runtime/llm/tokenizers_test.py")
    return f"{report['passed']} texts identical both ways, {len(report['failures'])} not", not report["failures"]


def ready(_):
    times = [generate("--prompt", "a", "--max-tokens", 1)["timings"]["load_ms"] for _ in range(5)]
    return f"{min(times):.1f} ms", min(times) <= 15


def bad_input(_):
    cases = [("the prompt is no UTF-8 at byte 1", ["--prompt", b"a\xff"]),
             ("the model's context holds 2048", ["--prompt", "word " * 3000]),
             ("top-p is 2, expected 0 to 1", ["--prompt", "a", "--top-p", "2"])]
    wrong = []
    for expected, arguments in cases:
        done = subprocess.run([ROOT / "build/release/bin/tenon", "generate", bundle(), *arguments], capture_output=True)
        if done.returncode != 1 or expected.encode() not in done.stderr:
            wrong.append((expected, done.returncode, done.stderr[-200:]))
    full = subprocess.run(f"'{ROOT}/build/release/bin/tenon' generate '{BUNDLE}' --prompt a --max-tokens 4 > /dev/full",
                          shell=True, capture_output=True)
    if full.returncode != 1 or b"No space left" not in full.stderr:
        wrong.append(("full disk", full.returncode, full.stderr[-200:]))
    return f"{len(cases) + 1 - len(wrong)} of {len(cases) + 1} refused by name {wrong}", not wrong


LINES = [
    ("a question answered", "Paris", paris),
    ("greedy tokens", "those of f32 on dequantised weights", exact),
    ("perplexity", "that of f32 on dequantised weights", perplexity),
    ("tokenizers", "identical both ways", tokenizers),
    ("open to ready", "15 ms", ready),
    ("bad input", "a clear error", bad_input),
]
