"""Hugging Face tokenizers built from the vocabularies that GGUF files carry."""

import json
import struct

SIZES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CONTROL, USER = 3, 4


def metadata(path):
    """The key-value pairs of a GGUF file, strings as bytes."""
    data = path.read_bytes()
    (count,), at = struct.unpack_from("<Q", data, 16), 24

    def text():
        nonlocal at
        (size,) = struct.unpack_from("<Q", data, at)
        at += 8 + size
        return data[at - size:at]

    def value(kind):
        nonlocal at
        if kind == 8:
            return text()
        if kind == 9:
            kind, size = struct.unpack_from("<IQ", data, at)
            at += 12
            return [value(kind) for _ in range(size)]
        result = struct.unpack_from("<" + SIZES[kind], data, at)[0]
        at += struct.calcsize("<" + SIZES[kind])
        return result

    pairs = {}
    for _ in range(count):
        key = text().decode()
        (kind,) = struct.unpack_from("<I", data, at)
        at += 4
        pairs[key] = value(kind)
    return pairs


def pre_tokenizer(name):
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    if name in ("gpt-2", "mpt"):
        return level
    if name in ("smollm", "starcoder", "refact"):
        return {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, level]}
    split = {"type": "Split", "pattern": {"Regex": LLAMA3 if name == "llama-bpe" else QWEN2}, "behavior": "Isolated",
             "invert": False}
    return {"type": "Sequence", "pretokenizers": [split, {**level, "use_regex": False}]}


def tokenizer_json(path):
    """The tokenizer.json of a byte-level GGUF vocabulary, as text."""
    pairs = {key.removeprefix("tokenizer.ggml."): value for key, value in metadata(path).items()}
    tokens = [token.decode() for token in pairs["tokens"]]
    kinds = pairs.get("token_type", [1] * len(tokens))
    name = pairs["pre"].decode()
    added = [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": kind == CONTROL} for i, kind in enumerate(kinds) if kind in (CONTROL, USER)]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "NFC"} if name == "qwen2" else None, "pre_tokenizer": pre_tokenizer(name),
        "post_processor": level, "decoder": level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "ignore_merges": name == "llama-bpe",
                  "vocab": {token: i for i, token in enumerate(tokens)},
                  "merges": [merge.decode() for merge in pairs["merges"]]}})
