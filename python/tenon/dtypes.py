"""Element types: DLPack's codes on one side, NumPy's types on the other.

NumPy has no bfloat16 or float8 of its own. Where the package ml_dtypes is installed its types are
used; without it outputs of such types come as float32, and inputs may be given as float32.
"""

from __future__ import annotations

import numpy as np

try:
    import ml_dtypes
except ImportError:  # an optional package
    ml_dtypes = None

_PLAIN = {0: "int", 1: "uint", 2: "float"}
_BOOL = 6
_SMALL = {4: "bfloat16", 10: "float8_e4m3fn", 11: "float8_e4m3fnuz", 12: "float8_e5m2", 13: "float8_e5m2fnuz"}


def name_of(code: int, bits: int) -> str:
    """The type's name, as NumPy or ml_dtypes spells it."""
    if code == _BOOL:
        return "bool"
    return _SMALL.get(code) or f"{_PLAIN[code]}{bits}"


def is_plain(code: int) -> bool:
    """Whether NumPy itself has the type."""
    return code == _BOOL or code in _PLAIN


def numpy_type(code: int, bits: int) -> np.dtype:
    """The NumPy type that arrays of this type have in Python."""
    if is_plain(code):
        return np.dtype(name_of(code, bits))
    return np.dtype(getattr(ml_dtypes, _SMALL[code])) if ml_dtypes else np.dtype(np.float32)


def to_bits(array: np.ndarray, code: int, bits: int) -> np.ndarray:
    """An array of a small type as unsigned integers of its width: no copy if it has the type already."""
    name = name_of(code, bits)
    if array.dtype.name == name:
        return array.view(f"uint{bits}")
    if array.dtype == np.float32 and name == "bfloat16":
        words = np.ascontiguousarray(array).view(np.uint32).astype(np.uint64)
        rounded = (words + 0x7FFF + ((words >> 16) & 1)) >> 16  # to nearest, ties to even
        return np.where(np.isnan(array), 0x7FC0, rounded).astype(np.uint16)
    raise TypeError(f"expected an array of {name}, got {array.dtype}")


def from_bits(array: np.ndarray, code: int, bits: int) -> np.ndarray:
    """The reverse for an output: a view where the type has a name, else float32."""
    if ml_dtypes:
        return array.view(getattr(ml_dtypes, _SMALL[code]))
    if _SMALL[code] == "bfloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    raise TypeError(f"outputs of {_SMALL[code]} need the package ml_dtypes")
