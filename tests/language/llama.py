"""models/llama.tn against NumPy, on the weights of a GGUF file dequantised exactly."""

import struct
import sys

import numpy as np

import files

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


class Gguf:
    """The metadata and tensors of a file that is trusted."""

    def __init__(self, path):
        self.data = np.memmap(path, np.uint8, "r")
        self.at = 4
        _, tensors, pairs = self.take("IQQ")
        self.meta = {}
        for _ in range(pairs):
            key = self.text()
            self.meta[key] = self.value(self.take("I")[0])
        self.table = {}
        for _ in range(tensors):
            name = self.text()
            rank, = self.take("I")
            shape = self.take(f"{rank}Q")[::-1]
            self.table[name] = (shape, *self.take("IQ"))
        self.start = -(-self.at // self.meta.get("general.alignment", 32)) * 32

    def take(self, layout):
        size = struct.calcsize("<" + layout)
        value = struct.unpack("<" + layout, self.data[self.at:self.at + size].tobytes())
        self.at += size
        return value

    def text(self):
        length, = self.take("Q")
        raw = self.data[self.at:self.at + length].tobytes()
        self.at += length
        return raw.decode(errors="replace")

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            inner, count = self.take("IQ")
            return [self.value(inner) for _ in range(count)]
        return self.take(SCALARS[kind])[0]

    def tensor(self, name, dtype=np.float32):
        shape, kind, offset = self.table[name]
        count = int(np.prod(shape))
        if kind in (0, 1):
            plain = np.float32 if kind == 0 else np.float16
            raw = self.data[self.start + offset:][:count * plain().itemsize]
            return raw.view(plain).reshape(shape).astype(dtype)
        label, (_, per_block, size) = next(item for item in files.BLOCKS.items() if item[1][0] == kind)
        raw = self.data[self.start + offset:][:count // per_block * size]
        return files.unpack(label, raw.tobytes()).reshape(shape).astype(dtype)


def rms_norm(x, w, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * w


def rope(x, theta):
    """Neighbours turn together; x is [S, H, D]."""
    half = x.shape[-1] // 2
    angle = np.arange(len(x))[:, None, None] * theta ** (-np.arange(half) / half)
    even, odd = x[..., ::2], x[..., 1::2]
    return np.stack([even * np.cos(angle) - odd * np.sin(angle), odd * np.cos(angle) + even * np.sin(angle)],
                    -1).reshape(x.shape)


def logits(model, tokens, dtype=np.float64):
    """All logits of a prompt, [S, vocab]."""
    meta = {key.removeprefix("llama."): value for key, value in model.meta.items()}
    heads, groups = meta["attention.head_count"], meta["attention.head_count_kv"]
    eps, theta = meta["attention.layer_norm_rms_epsilon"], meta.get("rope.freq_base", 10000.0)
    embed = model.tensor("token_embd.weight", dtype)
    x = embed[tokens]
    length = len(tokens)
    for layer in range(meta["block_count"]):
        weight = lambda name: model.tensor(f"blk.{layer}.{name}.weight", dtype)  # noqa: B023, E731
        h = rms_norm(x, weight("attn_norm"), eps)
        q = rope((h @ weight("attn_q").T).reshape(length, heads, -1), theta)
        k = rope((h @ weight("attn_k").T).reshape(length, groups, -1), theta).repeat(heads // groups, 1)
        v = (h @ weight("attn_v").T).reshape(length, groups, -1).repeat(heads // groups, 1)
        score = np.einsum("shd,thd->hst", q, k) / np.sqrt(q.shape[-1])
        score = np.where(np.tril(np.ones((length, length), bool)), score, -np.inf)
        p = np.exp(score - score.max(-1, keepdims=True))
        o = np.einsum("hst,thd->shd", p / p.sum(-1, keepdims=True), v).reshape(length, -1)
        x = x + o @ weight("attn_output").T
        h = rms_norm(x, weight("ffn_norm"), eps)
        gate = h @ weight("ffn_gate").T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ weight("ffn_up").T)) @ weight("ffn_down").T
    output = model.tensor("output.weight", dtype) if "output.weight" in model.table else embed
    return rms_norm(x, model.tensor("output_norm.weight", dtype), eps) @ output.T
