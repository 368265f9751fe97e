"""Programs of the language and what NumPy says they compute, in float64."""

import numpy as np

PROGRAMS = []


def program(text, feeds, entry=None, library=None):
    """Registers a program; the function it decorates computes the outputs from the feeds."""
    def register(reference):
        PROGRAMS.append((reference.__name__, text, feeds, reference, library))
        return reference
    return register


def normal(*shape, seed=0):
    return np.random.default_rng(seed + sum(shape)).standard_normal(shape).astype(np.float32)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@program("""
entry f(x: f32[5, 12], w: f32[7, 12]) -> f32[5, 7] {
  y[b, o] = sum(i) x[b, i] * w[o, i] / 2
  return y
}""", {"x": normal(5, 12), "w": normal(7, 12)})
def linear(x, w):
    return x @ w.T / 2


@program("""
size B in 1..16
size S in 1..64
entry f(x: f32[B, S, 24], w: f32[24, 24]) -> f32[B, 4, S, S] {
  q[b, s, h, d] = sum(i) x[b, s, i] * w[h * 6 + d, i]
  return [b, h, s, t] sum(d) q[b, s, h, d] * q[b, t, h, d] where t <= s
}""", {"x": normal(2, 5, 24), "w": normal(24, 24)})
def heads(x, w):
    q = (x @ w.T).reshape(2, 5, 4, 6)
    return np.einsum("bshd,bthd->bhst", q, q) * np.tril(np.ones((5, 5)))


@program("""
entry f(x: f32[2, 3, 9, 10], w: f32[4, 3, 3, 2]) -> f32[2, 4, 5, 5] {
  return [b, o, i < 5, j < 5] sum(c, u, v) x[b, c, 2 * i + u - 1, 2 * j + v | 0] * w[o, c, u, v]
}""", {"x": normal(2, 3, 9, 10), "w": normal(4, 3, 3, 2)})
def convolution(x, w):
    padded = np.zeros((2, 3, 12, 12))
    padded[:, :, 1:10, :10] = x
    y = np.zeros((2, 4, 5, 5))
    for i in range(5):
        for j in range(5):
            y[:, :, i, j] = np.einsum("bcuv,ocuv->bo", padded[:, :, 2 * i:2 * i + 3, 2 * j:2 * j + 2], w)
    return y


@program("""
entry f(x: f32[9], at: i32[4]) -> (f32[9], f32[7], f32[9], f32[4], f32[18], f32[3, 3], f32[3], f32[9]) {
  back[i < 9] = x[8 - i]
  part[i < 7] = x[i + 2]
  shifted[i < 9] = x[(i) - 3 | 0.5]
  looked[s] = x[at[s]]
  twice[i < 18] = x[i / 2]
  square[i < 3, j < 3] = x[3 * i + j]
  diagonal[i] = square[i, i]
  odd[i < 9] = x[i * i % 9]
  return back, part, shifted, looked, twice, square, diagonal, odd
}""", {"x": normal(9), "at": np.array([3, 0, 8, 3], np.int32)})
def indices(x, at):
    shifted = np.concatenate([np.full(3, 0.5), x[:6]])
    return (x[::-1], x[2:], shifted, x[at], np.repeat(x, 2), x.reshape(3, 3), x[[0, 4, 8]],
            x[np.arange(9) ** 2 % 9])


@program("""
entry f(x: f32[4, 6], n: i32) -> (f32[4], f32[4], i64[4], i64[4], f32[4, 6], f32, bool, f32[4]) {
  largest[b] = max(i) x[b, i] where i != 2
  least[b] = min(i) x[b, i]
  at[b] = argmax(i) x[b, i]
  low[b] = argmin(i) x[b, i]
  running[b, i] = cumsum(i) x[b, i]
  average = mean(b, i) x[b, i]
  some = any(b, i) (x[b, i] > 100)
  power[b] = prod(i < 3) x[b, i] ^ 2
  return largest, least, at, low, running, average, some, power
}""", {"x": normal(4, 6), "n": np.array(3, np.int32)})
def reductions(x, n):
    return (np.delete(x, 2, 1).max(1), x.min(1), x.argmax(1), x.argmin(1), x.cumsum(1), x.mean(),
            np.array(False), (x[:, :3] ** 2).prod(1))


@program("""
use std.{softmax, rms_norm, layer_norm, gelu, silu, linear_bias, log_softmax}
entry f(x: f32[3, 4, 16], w: f32[16], c: f32[16], m: f32[8, 16], d: f32[8])
    -> (f32[3, 4, 16], f32[3, 4, 16], f32[3, 4, 16], f32[3, 4, 16], f32[3, 4, 8], f32[3, 4, 16]) {
  return softmax(x), rms_norm(x, w, 1e-6), layer_norm(x, w, c, 1e-5), silu(x), linear_bias(x, m, d), log_softmax(x)
}""", {"x": normal(3, 4, 16), "w": normal(16), "c": normal(16, seed=1), "m": normal(8, 16), "d": normal(8)})
def norms(x, w, c, m, d):
    centred = x - x.mean(-1, keepdims=True)
    return (softmax(x), x / np.sqrt((x ** 2).mean(-1, keepdims=True) + 1e-6) * w,
            centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-5) * w + c,
            x / (1 + np.exp(-x)), x @ m.T + d, np.log(softmax(x)))


def attend(q, k, v, mask=None):
    repeat = q.shape[2] // k.shape[2]
    k, v = np.repeat(k, repeat, 2), np.repeat(v, repeat, 2)
    score = np.einsum("bshd,bthd->bhst", q, k) / np.sqrt(q.shape[-1])
    if mask is not None:
        score = np.where(mask, score, -np.inf)
    return np.einsum("bhst,bthd->bshd", softmax(score), v)


@program("""
use std.{attention, causal_attention, sliding_attention}
size S in 1..32
entry f(q: f32[2, S, 6, 8], k: f32[2, S, 2, 8], v: f32[2, S, 2, 8])
    -> (f32[2, S, 6, 8], f32[2, S, 6, 8], f32[2, S, 6, 8]) {
  return attention(q, k, v), causal_attention(q, k, v), sliding_attention(q, k, v, 3)
}""", {"q": normal(2, 7, 6, 8), "k": normal(2, 7, 2, 8), "v": normal(2, 7, 2, 8, seed=3)})
def attentions(q, k, v):
    s, t = np.mgrid[:7, :7]
    return attend(q, k, v), attend(q, k, v, t <= s), attend(q, k, v, (t <= s) & (t + 3 > s))


@program("""
use std.{rope, rope_pairs}
entry f(x: f32[2, 3, 2, 8], at: i32[2, 3]) -> (f32[2, 3, 2, 8], f32[2, 3, 2, 8]) {
  return rope(x, at, 100.0), rope_pairs(x, at, 100.0)
}""", {"x": normal(2, 3, 2, 8), "at": np.array([[0, 1, 2], [5, 6, 7]], np.int32)})
def rotary(x, at):
    angle = at[:, :, None, None] * 100.0 ** (-np.arange(4) / 4)
    cos, sin = np.cos(angle), np.sin(angle)
    low, high = x[..., :4], x[..., 4:]
    even, odd = x[..., ::2], x[..., 1::2]
    pairs = np.stack([even * cos - odd * sin, odd * cos + even * sin], -1).reshape(x.shape)
    return np.concatenate([low * cos - high * sin, high * cos + low * sin], -1), pairs


@program("""
use std.{conv2d, max_pool2d, mean_pool2d, upsample2d, group_norm, cross_entropy}
entry f(x: f32[2, 4, 8, 8], w: f32[6, 4, 3, 3], s: f32[4], c: f32[4], y: f32[3, 5], label: i64[3])
    -> (f32[2, 6, 4, 4], f32[2, 4, 4, 4], f32[2, 4, 4, 4], f32[2, 4, 16, 16], f32[2, 4, 8, 8], f32) {
  return conv2d(x, w, stride = 2, pad = 1), max_pool2d(x, 2, 2), mean_pool2d(x, 2, 2), upsample2d(x, 2),
      group_norm(x, s, c, 2, 1e-5), cross_entropy(y, label)
}""", {"x": normal(2, 4, 8, 8), "w": normal(6, 4, 3, 3), "s": normal(4), "c": normal(4, seed=2), "y": normal(3, 5),
       "label": np.array([1, 4, 0])})
def pictures(x, w, s, c, y, label):
    padded = np.zeros((2, 4, 10, 10))
    padded[:, :, 1:9, 1:9] = x
    conv = np.zeros((2, 6, 4, 4))
    for i in range(4):
        for j in range(4):
            conv[:, :, i, j] = np.einsum("bcuv,ocuv->bo", padded[:, :, 2 * i:2 * i + 3, 2 * j:2 * j + 3], w)
    tiles = x.reshape(2, 4, 4, 2, 4, 2)
    groups = x.reshape(2, 2, -1)
    norm = (groups - groups.mean(-1, keepdims=True)) / np.sqrt(groups.var(-1, keepdims=True) + 1e-5)
    norm = norm.reshape(x.shape) * s[:, None, None] + c[:, None, None]
    loss = -np.log(softmax(y))[np.arange(3), label].mean()
    return conv, tiles.max((3, 5)), tiles.mean((3, 5)), x.repeat(2, 2).repeat(2, 3), norm, loss


@program("""
entry f(x: f32[4], n: i32) -> (f32[4], i64) {
  y = x
  rounds = 0
  for i in 0..n while (sum(j) y[j] * y[j]) < 1000 {
    y = y * 2 + f32(i)
    rounds = rounds + 1
  }
  if n > 3 {
    y = -y
  }
  return y, rounds
}""", {"x": normal(4), "n": np.array(5, np.int32)})
def loops(x, n):
    y, rounds = x.astype(np.float64), 0
    for i in range(n):
        if not (y ** 2).sum() < 1000:
            break
        y, rounds = y * 2 + i, rounds + 1
    return -y, np.array(rounds)


@program("""
fn layer(x, k) {
  a[b, i] = x[b, i] * (k + 1)
  c[b] = sum(i) a[b, i]
  return [b, i] tanh(a[b, i] - c[b] / extent(x, 1))
}
entry f(x: f32[3, 8]) -> f32[3, 8] {
  for k in 0..4 {
    x = layer(x, 1)
  }
  for k in 0..3 {
    x = layer(x, k)
  }
  return x
}""", {"x": normal(3, 8)})
def repeated(x):
    x = x.astype(np.float64)
    for k in (1, 1, 1, 1, 0, 1, 2):
        a = x * (k + 1)
        x = np.tanh(a - a.mean(1, keepdims=True))
    return x


def unseen_weights():
    rng = np.random.default_rng(5)
    weights = {}
    for layer in range(3):
        shapes = {"q": (2, 32, 32), "k": (2, 32, 32), "v": (32, 32), "o": (32, 32), "n1": 32, "n2": 32, "decay": 32,
                  "in": (32, 32), "gate": (32, 32), "out": (32, 32)}
        for name, shape in shapes.items():
            weights[f"{layer}.{name}"] = (rng.standard_normal(shape) / (6 if np.ndim(shape) else 1)).astype(np.float32)
    return weights


def unseen(weights, x, differential=True, memory="chosen"):
    """What tests/language/unseen.tn computes."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    x, length = x.astype(np.float64), len(x)
    s, t = np.mgrid[:length, :length]

    def norm(x, scale):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale

    for layer in range(3):
        p = lambda name: w[f"{layer}.{name}"]  # noqa: B023, E731
        h = norm(x, p("n1"))
        q = np.einsum("si,koi->kso", h, p("q")).reshape(2, length, 4, 8)
        k = np.einsum("si,koi->kso", h, p("k")).reshape(2, length, 4, 8)
        v = (h @ p("v").T).reshape(length, 4, 8)
        slope = 1 / (4.0 * (np.arange(4) + 1))
        score = np.einsum("kshd,kthd->khst", q, k) / np.sqrt(8) + differential * (t - s) * slope[:, None, None]
        both = softmax(np.where(t <= s, score, -np.inf))
        o = np.einsum("hst,thd->shd", both[0] - 0.5 * differential * both[1], v).reshape(length, 32)
        x = x + o @ p("o").T
        h = norm(x, p("n2"))
        u, g = h @ p("in").T, h @ p("gate").T
        rate = np.log(1 + np.exp(p("decay") + (u if memory == "chosen" else np.zeros_like(u))))
        total = np.cumsum(rate, 0)
        decay = np.exp(np.minimum(total[None] - total[:, None], 0))
        state = np.einsum("sti,ti->si", np.where((t <= s)[..., None], decay, 0), u)
        state = u if memory == "none" else state
        x = x + (state * (g / (1 + np.exp(-g)))) @ p("out").T
    return x


def gpt2_weights(layers=2, width=32, vocab=50, places=16):
    rng = np.random.default_rng(7)
    shapes = {"wte.weight": (vocab, width), "wpe.weight": (places, width), "ln_f.weight": width, "ln_f.bias": width}
    for layer in range(layers):
        for name, shape in {"ln_1.weight": width, "ln_1.bias": width, "ln_2.weight": width, "ln_2.bias": width,
                            "attn.c_attn.weight": (width, 3 * width), "attn.c_attn.bias": 3 * width,
                            "attn.c_proj.weight": (width, width), "attn.c_proj.bias": width,
                            "mlp.c_fc.weight": (width, 4 * width), "mlp.c_fc.bias": 4 * width,
                            "mlp.c_proj.weight": (4 * width, width), "mlp.c_proj.bias": width}.items():
            shapes[f"h.{layer}.{name}"] = shape
    return {name: (rng.standard_normal(shape) * 0.3).astype(np.float32) for name, shape in shapes.items()}


def gpt2(weights, tokens, heads=4, layers=2):
    """All logits of a prompt, as the paper has it."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    length = len(tokens)

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-5) * w[name + ".weight"] + w[name + ".bias"]

    def conv(x, name):
        return x @ w[name + ".weight"] + w[name + ".bias"]

    x = w["wte.weight"][tokens] + w["wpe.weight"][:length]
    for layer in range(layers):
        path = f"h.{layer}."
        qkv = conv(norm(x, path + "ln_1"), path + "attn.c_attn").reshape(1, length, 3, heads, -1)
        o = attend(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2], np.tril(np.ones((length, length), bool)))
        x = x + conv(o.reshape(length, -1), path + "attn.c_proj")
        h = conv(norm(x, path + "ln_2"), path + "mlp.c_fc")
        h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h ** 3)))
        x = x + conv(h, path + "mlp.c_proj")
    return norm(x, "ln_f") @ w["wte.weight"].T
