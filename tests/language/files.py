"""Writes safetensors and GGUF files for tests, and says in NumPy what packed blocks stand for."""

import json
import struct

import numpy as np

TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int8": "I8",
         "uint8": "U8", "bool": "BOOL"}


def safetensors(path, tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, value in tensors.items():
        raw = np.ascontiguousarray(value).tobytes()
        header[name] = {"dtype": TYPES[value.dtype.name], "shape": list(value.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


# name: (number in GGUF, elements, bytes of a block)
BLOCKS = {"Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24), "Q8_0": (8, 32, 34),
          "Q4_K": (12, 256, 144), "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210)}
PLAIN = {"F32": 0, "F16": 1}


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def pair(key, value):
    if isinstance(value, bool):
        return text(key) + struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return text(key) + struct.pack("<II", 4, value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    return text(key) + struct.pack("<I", 8) + text(value)


def gguf(path, tensors, metadata, version=3):
    """tensors: name -> (type, shape, bytes)"""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    head += b"".join(pair(key, value) for key, value in metadata.items())
    data = b""
    for name, (kind, shape, raw) in tensors.items():
        number = BLOCKS[kind][0] if kind in BLOCKS else PLAIN[kind]
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        head += struct.pack("<IQ", number, len(data))
        data += raw + b"\0" * (-len(raw) % 32)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + data)


def halves(raw):
    """f16 fields as float64."""
    return np.ascontiguousarray(raw).view(np.float16).astype(np.float64)


def random_blocks(kind, elements, seed, size_of_scales=0.05):
    """Blocks of random bits whose f16 scales are small numbers."""
    _, per_block, size = BLOCKS[kind]
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (elements // per_block, size), dtype=np.uint8)
    places = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2],
              "Q6_K": [208]}[kind]
    for place in places:
        scale = rng.uniform(-size_of_scales, size_of_scales, len(blocks)).astype(np.float16)
        blocks[:, place:place + 2] = scale.view(np.uint8).reshape(-1, 2)
    return blocks.tobytes()


def scales_of_k(raw):
    """The 6-bit scales and minima of Q4_K and Q5_K."""
    q = raw.astype(np.int64)
    scale, least = np.zeros((len(q), 8)), np.zeros((len(q), 8))
    for j in range(8):
        if j < 4:
            scale[:, j], least[:, j] = q[:, j] & 63, q[:, j + 4] & 63
        else:
            scale[:, j] = (q[:, j + 4] & 15) | ((q[:, j - 4] >> 6) << 4)
            least[:, j] = (q[:, j + 4] >> 4) | ((q[:, j] >> 6) << 4)
    return scale, least


def unpack(kind, raw):
    """The numbers, as float64, in order."""
    _, per_block, size = BLOCKS[kind]
    b = np.frombuffer(raw, np.uint8).reshape(-1, size)
    n = len(b)
    if kind == "Q8_0":
        return (b[:, 2:].view(np.int8) * halves(b[:, :2])).ravel()
    if kind in ("Q4_0", "Q4_1", "Q5_0", "Q5_1"):
        has_min, has_high = kind.endswith("1"), kind.startswith("Q5")
        start = 2 + 2 * has_min
        high = np.zeros((n, 32), np.int64)
        if has_high:
            bits = np.ascontiguousarray(b[:, start:start + 4]).view(np.uint32).astype(np.int64)
            high = ((bits >> np.arange(32)) & 1) << 4
            start += 4
        q = b[:, start:start + 16].astype(np.int64)
        quants = np.concatenate([q & 15, q >> 4], 1) | high
        if has_min:
            return (quants * halves(b[:, :2]) + halves(b[:, 2:4])).ravel()
        return ((quants - (16 if has_high else 8)) * halves(b[:, :2])).ravel()
    if kind in ("Q4_K", "Q5_K"):
        scale, least = scales_of_k(b[:, 4:16])
        start = 48 if kind == "Q5_K" else 16
        q = b[:, start:start + 128].reshape(n, 4, 32).astype(np.int64)
        quants = np.stack([q & 15, q >> 4], 2).reshape(n, 8, 32)
        if kind == "Q5_K":
            high = b[:, 16:48].astype(np.int64)[:, None, :] >> np.arange(8)[None, :, None]
            quants |= (high & 1) << 4
        return (quants * (halves(b[:, :2]) * scale)[:, :, None] - (halves(b[:, 2:4]) * least)[:, :, None]).ravel()
    low = b[:, :128].reshape(n, 2, 2, 32).astype(np.int64)
    high = b[:, 128:192].reshape(n, 2, 32).astype(np.int64)
    scale = b[:, 192:208].view(np.int8).reshape(n, 2, 4, 2).astype(np.float64)
    runs = [low[:, :, 0] & 15, low[:, :, 1] & 15, low[:, :, 0] >> 4, low[:, :, 1] >> 4]
    quants = np.stack([run | (((high >> (2 * k)) & 3) << 4) for k, run in enumerate(runs)], 2) - 32
    return (quants.reshape(n, 2, 4, 2, 16) * scale[..., None] * halves(b[:, 208:210]).reshape(n, 1, 1, 1, 1)).ravel()
