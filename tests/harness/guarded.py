"""Arrays that end, or begin, at a page that nobody may touch: an access beyond them ends the process."""

import ctypes
import mmap

import numpy as np

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def empty(shape, dtype, at_end=True):
    """An array of its own pages between two forbidden ones; filled with 0xCD."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64))
    size = count * dtype.itemsize
    inside = -(-size // PAGE) * PAGE
    pages = mmap.mmap(-1, inside + 2 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    whole = np.frombuffer(pages, dtype=np.uint8)
    start = PAGE + (inside - size if at_end else 0)
    whole[PAGE:PAGE + inside] = 0xCD
    base = whole.ctypes.data
    for address in (base, base + PAGE + inside):
        if libc.mprotect(address, PAGE, 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    # (The array holds the mapping: it is unmapped with the last array that shows it.)
    return whole[start:start + size].view(dtype).reshape(shape)


def copy(array, at_end=True):
    result = empty(array.shape, array.dtype, at_end)
    result[...] = array
    return result
