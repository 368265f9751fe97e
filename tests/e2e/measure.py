"""When an output is right: the one measure every comparison with ONNX Runtime uses.

For an output b of the reference and a of Tenon, seen as rows x channels of the last axis,

    max|a - b| <= 3e-4 * range(b) + 2e-5 * rms(whole b) + 1e-6

per channel, or over the whole output where it has fewer than 16 rows; and in every row the same
argmax where the two best differ by more than that bound. Integers and booleans must be equal.
Non-finite values must be the same ones in the same places.

A comparison proves nothing where the output hardly depends on the input, so `moves` demands first
that two inputs move the output by more than 5% of its range.
"""

import numpy as np

RELATIVE, OF_RMS, ABSOLUTE = 3e-4, 2e-5, 1e-6
ROWS_FOR_CHANNELS = 16
LEAST_MOVE = 0.05


def as_rows(array):
    """Rows x channels of the last axis, in float64."""
    array = np.asarray(array, dtype=np.float64)
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def bounds(b):
    """The allowed error of each channel, from the finite values of rows b."""
    finite = np.where(np.isfinite(b), b, np.nan)
    rms = np.sqrt(np.nanmean(finite**2))
    axis = 0 if b.shape[0] >= ROWS_FOR_CHANNELS else None
    span = np.nanmax(finite, axis=axis) - np.nanmin(finite, axis=axis)
    return np.broadcast_to(RELATIVE * np.nan_to_num(span) + OF_RMS * rms + ABSOLUTE, b.shape[1:])


def wrong_argmax(a, b, bound):
    """The first row whose argmax differs though its two best are further apart than the bound."""
    if b.shape[1] < 2:
        return None
    best = np.argsort(b, axis=1, kind="stable")[:, -2:]
    rows = np.arange(b.shape[0])
    gap = b[rows, best[:, 1]] - b[rows, best[:, 0]]
    clear = gap > np.maximum(bound[best[:, 0]], bound[best[:, 1]])
    differs = clear & (np.argmax(a, axis=1) != best[:, 1])
    return int(np.flatnonzero(differs)[0]) if differs.any() else None


def mismatch(actual, expected):
    """None where `actual` is right, else what is wrong, in words."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape:
        return f"shape {actual.shape}, expected {expected.shape}"
    if actual.dtype != expected.dtype:
        return f"type {actual.dtype}, expected {expected.dtype}"
    if expected.dtype.kind not in "fc":
        wrong = np.count_nonzero(actual != expected)
        return f"{wrong} of {expected.size} elements differ" if wrong else None
    if expected.size == 0:
        return None
    a, b = as_rows(actual), as_rows(expected)
    odd = ~np.isfinite(b)
    if not np.array_equal(a[odd], b[odd], equal_nan=True) or not np.isfinite(a[~odd]).all():
        return "non-finite values differ"
    if odd.all():
        return None
    bound = bounds(b)
    error = np.where(odd, 0.0, np.abs(np.where(odd, 0.0, a) - np.where(odd, 0.0, b)))
    excess = error.max(axis=0) / bound
    if excess.max() > 1:
        channel = int(excess.argmax())
        return (f"error {error[:, channel].max():.3g} in channel {channel}, allowed {bound[channel]:.3g}"
                f" ({excess.max():.3g} times)")
    row = wrong_argmax(np.where(odd, 0, a), np.where(odd, 0, b), bound)
    return None if row is None else f"argmax of row {row} differs"


def moves(first, second):
    """Whether two reference outputs differ by more than 5% of their common range."""
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape:
        return True
    both = np.concatenate([first.ravel(), second.ravel()])
    both = both[np.isfinite(both)]
    if both.size == 0:
        return False
    return float(np.abs(first - second).max()) > LEAST_MOVE * float(np.ptp(both)) > 0
