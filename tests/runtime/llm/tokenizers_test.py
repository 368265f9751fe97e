"""Tokenizers against Hugging Face's, over the vocabularies of six families.

    build/venv/bin/python tests/runtime/llm/tokenizers_test.py [--filter llama] [--full]

Text of many scripts, code, emoji, invalid and rare white space, drawn from a seed, and this project's
own files; ids must be equal, and so must the text decoded, whole and token by token.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "harness"))

from common import ROOT

import tokenizers

import tokenizers_oracle

FAMILIES = ["gpt-2", "llama-bpe", "qwen2", "starcoder", "refact"]
ALPHABET = ("abc XYZ  \n\r\t'’sdtréèüßñ中文日本語한국어🙂👩‍👩‍👧é\u0301\u00a0\u3000\u2028 0123456789٣½.,!?()[]{}<|>_-+=*/\\\"#@$%^&~`"
            "ſАбвгδεζηåøאבגไทยहिन्दी\u200b\ufeff\x00\x01\x7f")
FIXED = ["Hello world", "", "don't DON'T it's I'LL 'S", "  two  spaces ", "\n\n\n a\n b\r\n\r\nc", "123456 7 89  10", "a  1", "  1",
         "x" * 3000, " " * 3000, "1" * 500, "\n" * 500, "aé" * 1000, "<|im_start|>user\nhi<|im_end|>", "ab<|endoftext|>cd"]


def texts(seed, full):
    draw = random.Random(seed)
    drawn = ["".join(draw.choice(ALPHABET) for _ in range(draw.randrange(1, 80))) for _ in range(6000 if full else 800)]
    files = sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "passes").rglob("*.cpp"))[:120 if full else 20]
    return FIXED + drawn + [path.read_text() for path in files]


def vocabularies():
    if not (ROOT / "build/models/vocabularies").is_dir():
        subprocess.run([ROOT / "scripts/models", "vocabularies"], check=True, stdout=subprocess.DEVNULL)
    found = {name: ROOT / f"build/models/vocabularies/ggml-vocab-{name}.gguf" for name in FAMILIES}
    if not (ROOT / "build/models/smollm2.gguf").exists():
        subprocess.run([ROOT / "scripts/models", "smollm2"], check=True, stdout=subprocess.DEVNULL)
    return {**found, "smollm2": ROOT / "build/models/smollm2.gguf"}


def compare(name, path, seed, full, program, scratch):
    """The number of cases, and what differs, as (case, reason)."""
    text = tokenizers_oracle.tokenizer_json(path)
    (scratch / "tokenizer.json").write_text(text)
    oracle = tokenizers.Tokenizer.from_str(text)
    draw = random.Random(seed + 1)
    requests = [{"text": t} for t in texts(seed, full)]
    requests += [{"ids": [draw.randrange(oracle.get_vocab_size()) for _ in range(20)]} for _ in range(300)]
    done = subprocess.run([program, scratch / "tokenizer.json"], input="".join(json.dumps(r) + "\n" for r in requests),
                          capture_output=True, text=True, timeout=300)
    if done.returncode:
        return 1, [[name, f"exited with {done.returncode}: {done.stderr[-300:]}"]]
    problems = []
    for request, line in zip(requests, done.stdout.split("\n")):
        answer = json.loads(line)
        ids = request.get("ids") or oracle.encode(request["text"]).ids
        decoded = oracle.decode(ids)
        if [ids, decoded, decoded] != [answer["ids"], answer["text"], answer["stream"]]:
            problems.append([f"{name}: {str(request)[:80]}", f"expected {ids[:20]}, {decoded[:60]!r}; got {str(answer)[:300]}"])
    return len(requests), problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/bin/runtime-tokenize")
    arguments = parser.parse_args()
    scratch = ROOT / "build/release/test-output/tokenizers"
    scratch.mkdir(parents=True, exist_ok=True)
    passed, failures = 0, []
    for name, path in vocabularies().items():
        if arguments.filter in name:
            count, problems = compare(name, path, arguments.seed, arguments.full, arguments.program, scratch)
            passed, failures = passed + count - len(problems), failures + problems
            print(f"{name}: {count - len(problems)} of {count}", flush=True)
    for name, reason in failures[:20]:
        print(f"FAILED {name}: {reason}")
    print(f"{passed} passed, {len(failures)} failed")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": passed, "failures": failures}))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
