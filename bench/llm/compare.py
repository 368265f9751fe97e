"""SmolLM2 in Tenon and in llama.cpp: prefill and decode in tokens a second, in turns, best of several rounds.

llama.cpp by its Python package, built from source: `build/venv/bin/pip install llama-cpp-python`
(without it only Tenon's numbers are shown).
"""

import argparse
import json
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GGUF = ROOT / "build" / "models" / "smollm2.gguf"
TENON = ROOT / "build" / "release" / "bin" / "tenon"


class Tenon:
    def __init__(self, threads):
        self.threads, self.bundle = threads, ROOT / "build" / "smollm2.tenon"
        subprocess.run([TENON, "compile", ROOT / "models/llama.tn", "--weights", GGUF, "-o", self.bundle], check=True)

    def run(self, prompt, count):
        done = subprocess.run([TENON, "generate", self.bundle, "--prompt", prompt, "--max-tokens", str(count),
                               "--ignore-eos", "--json", "--threads", str(self.threads)], capture_output=True, check=True)
        timings = json.loads(done.stdout)["timings"]
        return timings["prefill_tokens_per_s"], timings["decode_tokens_per_s"], timings["load_ms"]


class LlamaCpp:
    def __init__(self, threads):
        from llama_cpp import Llama
        start = time.monotonic()
        self.model = Llama(str(GGUF), n_ctx=2048, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False)
        self.load = (time.monotonic() - start) * 1e3

    def run(self, prompt, count):
        tokens = self.model.tokenize(prompt.encode(), add_bos=False)
        self.model.reset()
        start = time.monotonic()
        self.model.eval(tokens)
        prefill = len(tokens) / (time.monotonic() - start)
        start = time.monotonic()
        for _ in range(count - 1):
            self.model.eval([self.model.sample(temp=0)])
        return prefill, (count - 1) / (time.monotonic() - start), self.load


def best(rounds):
    prefill, decode, load = zip(*rounds)
    return {"prefill_tokens_per_s": max(prefill), "decode_tokens_per_s": max(decode), "load_ms": min(load)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt-words", type=int, default=256)
    parser.add_argument("--decode", type=int, default=64)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    prompt = " the" * arguments.prompt_words
    systems = {"tenon": Tenon(arguments.threads)}
    try:
        systems["llama.cpp"] = LlamaCpp(arguments.threads)
    except ImportError:
        print("llama.cpp is not installed: build/venv/bin/pip install llama-cpp-python")
    rounds = {name: [] for name in systems}
    for _ in range(arguments.rounds):
        for name, system in systems.items():
            rounds[name].append(system.run(prompt, arguments.decode))
    report = {name: best(values) for name, values in rounds.items()}
    for name, values in report.items():
        print(f"{name:10} prefill {values['prefill_tokens_per_s']:7.0f} tokens/s, decode "
              f"{values['decode_tokens_per_s']:6.1f}, load {values['load_ms']:.1f} ms")
    if len(report) == 2:
        for what in ("prefill_tokens_per_s", "decode_tokens_per_s"):
            print(f"{what}: {report['tenon'][what] / report['llama.cpp'][what]:.2f} times llama.cpp")
    if arguments.json:
        arguments.json.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
