"""What a case is: one instruction with one set of types and modifiers, and what it computes.

A reference takes the bits of the sources and gives the bits of the result, or
- a tuple of bits: each of them is right (PTX leaves it open),
- ANY_NAN: any NaN of the output type,
- Near: a value with the largest error that PTX states,
- None: PTX says nothing about these sources.
"""

import dataclasses
import typing

WIDTH = {"pred": 1, "u8": 8, "s8": 8, "b8": 8, "u16": 16, "s16": 16, "b16": 16, "f16": 16, "bf16": 16,
         "u32": 32, "s32": 32, "b32": 32, "f32": 32, "f16x2": 32, "bf16x2": 32, "u16x2": 32, "s16x2": 32,
         "tf32": 32, "u64": 64, "s64": 64, "b64": 64, "f64": 64, "f32x2": 64, "e4m3x2": 16, "e5m2x2": 16}
INTEGERS = ("u16", "s16", "u32", "s32", "u64", "s64")
UNSPECIFIED = None


@dataclasses.dataclass(frozen=True)
class Near:
    """Within `relative` * |value| or `absolute` of a value that is given to many more digits."""
    value: float
    relative: float = 0.0
    absolute: float = 0.0


@dataclasses.dataclass(frozen=True)
class Case:
    code: str            # %d is the result, %a %b %c %e the sources, %x %y %p %q for what comes between
    inputs: tuple        # type of each source; more of them in inputs.py ("small", "few32", ...)
    output: str
    reference: typing.Callable
    operands: tuple = () # what tells cases of the same code apart
    warp: bool = False   # the reference takes the rows of a warp and gives its results

    @property
    def name(self):
        short = self.code.split(" %")[0] if self.code.count(";") == 1 else self.code
        return " ".join([short, *map(str, self.operands)])


def mask(bits):
    return (1 << bits) - 1


def signed(value, bits):
    value &= mask(bits)
    return value - (1 << bits) if value >> (bits - 1) else value


def is_signed(type_):
    return type_[0] == "s"


def number(value, type_):
    """The integer that the bits stand for."""
    bits = WIDTH[type_]
    return signed(value, bits) if is_signed(type_) else value & mask(bits)


def clamp(value, type_):
    """The bits of the nearest integer that the type has."""
    bits = WIDTH[type_]
    low, high = (-(1 << (bits - 1)), mask(bits - 1)) if is_signed(type_) else (0, mask(bits))
    return min(max(value, low), high) & mask(bits)


def extend(value, type_, width):
    """An integer of the type in a register of that width."""
    return number(value, type_) & mask(width)
