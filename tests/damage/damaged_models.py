"""Mutations of small ONNX models: bytes flipped, cut, repeated, and fields given hostile values."""

import dataclasses
import pathlib
import random
import tempfile

import onnx

from capi import CompileError, Compiler, RunError, Runtime
from common import Context
from onnx_cases import load
from pool import Pool

NUMBERS = (0, 1, -1, 2, 7, 255, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63))


@dataclasses.dataclass
class Mutant:
    name: str
    content: bytes
    feed: dict


# ---- Mutations: each takes (model bytes, random) and returns bytes ----------

def flip(content, rng):
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        damaged[rng.randrange(len(damaged))] ^= rng.choice((1, 0x80, 0xFF, 1 << rng.randrange(8)))
    return bytes(damaged)


def cut(content, rng):
    return content[:rng.randrange(len(content))]


def repeat(content, rng):
    start = rng.randrange(len(content))
    piece = content[start:start + rng.randrange(1, 64)]
    at = rng.randrange(len(content))
    return content[:at] + piece * rng.choice((1, 2, 50)) + content[at:]


def drop(content, rng):
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.randrange(1, 32):]


def field(content, rng):
    """One value of the model, deep inside, replaced by a hostile one of its own type."""
    model = onnx.ModelProto.FromString(content)
    for _ in range(rng.choice((1, 1, 3))):
        spots = list(places(model))
        message, descriptor, index = rng.choice(spots)
        value = hostile(descriptor, rng)
        try:
            if index is None:
                setattr(message, descriptor.name, value)
            else:
                getattr(message, descriptor.name)[index] = value
        except (TypeError, ValueError):  # out of the field's range
            continue
    return model.SerializeToString()


def places(message):
    """Every scalar of a message and of those inside it: (owner, field, index or None)."""
    for descriptor, value in message.ListFields():
        repeated = not isinstance(value, (int, float, str, bytes)) and hasattr(value, "__len__")
        if descriptor.message_type is not None:
            for child in (value if repeated else [value]):
                yield from places(child)
        elif repeated:
            yield from ((message, descriptor, index) for index in range(min(len(value), 16)))
        else:
            yield message, descriptor, None


def hostile(descriptor, rng):
    if descriptor.cpp_type in (descriptor.CPPTYPE_FLOAT, descriptor.CPPTYPE_DOUBLE):
        return rng.choice((0.0, -1.0, float("inf"), float("nan"), 1e30))
    if descriptor.type == descriptor.TYPE_BYTES:
        return bytes(rng.randrange(256) for _ in range(rng.choice((0, 1, 7, 4096))))
    if descriptor.cpp_type == descriptor.CPPTYPE_STRING:
        return rng.choice(("", "x", "y", "Conv", "If", "Loop", "Gather", "axis", "ai.onnx.ml", "%s%n", "\u202e", "a" * 9999))
    return rng.choice(NUMBERS)


def swap(content, rng):
    """Two nodes' operators, or their inputs, change places."""
    model = onnx.ModelProto.FromString(content)
    nodes = model.graph.node
    first, second = rng.choice(nodes), rng.choice(nodes)
    if rng.random() < 0.5 or len(nodes) == 1:
        first.op_type = rng.choice(("Add", "Conv", "Reshape", "Concat", "Slice", "Gather", "If", "LSTM", "Resize",
                                    "Pad", "MatMul", "Softmax", "Cast", "Transpose", "Split", "TopK", "Einsum"))
    else:
        inputs = list(first.input)
        del first.input[:]
        first.input.extend(second.input)
        del second.input[:]
        second.input.extend(inputs)
    return model.SerializeToString()


MUTATIONS = (flip, cut, repeat, drop, field, field, field, field, swap)


def mutants(seed, count):
    rng = random.Random(seed)
    cases = [case for case in load() if not case.unfit and case.model.ByteSize() < 20000]
    for number in range(count):
        case, mutation = rng.choice(cases), rng.choice(MUTATIONS)
        content = mutation(case.model.SerializeToString(), rng)
        yield Mutant(f"{case.name} {mutation.__name__} {number}", content, case.inputs)


class Backend:
    def __init__(self, preset):
        self.compiler, self.runtime = Compiler(preset), Runtime(preset)
        self.folder = tempfile.TemporaryDirectory(prefix="tenon-damage-", dir="/dev/shm")
        self.model = pathlib.Path(self.folder.name) / "m.onnx"
        self.bundle = pathlib.Path(self.folder.name) / "m.tenon"


def judge(backend, mutant):
    backend.model.write_bytes(mutant.content)
    backend.bundle.unlink(missing_ok=True)
    try:
        backend.compiler.compile(backend.model, backend.bundle)
        with backend.runtime.open(backend.bundle) as session:
            session.run({name: mutant.feed[name] for name in session.inputs})
    except CompileError as error:
        if error.status != 1 or not str(error).strip():
            return "wrong", f"exit status {error.status}, message {str(error)!r}"
    except (RunError, KeyError):
        pass
    return "pass", ""


def run(arguments):
    count = 20000 if arguments.full else 2000
    keep = Context(False, "", 0).scratch("damage")
    pool = Pool(lambda: Backend(arguments.preset), judge, jobs=2, timeout=60)
    passed, failures = 0, []
    for mutant, (outcome, detail) in pool.map(list(mutants(arguments.seed, count))):
        passed += outcome == "pass"
        if outcome != "pass":
            file = keep / f"mutant-{mutant.name.split()[-1]}.onnx"
            file.write_bytes(mutant.content)
            failures.append([f"model {mutant.name}", f"{outcome}: {detail} (kept as {file})"])
    return passed, failures
