"""Tenon inside this process, through the C interfaces: the compiler (libtenon-compiler.so) and the
runtime (libtenon.so, tenon.h). Tests that would otherwise start thousands of processes use it; a
process that may die with it belongs to the caller.
"""

import ctypes
import ctypes.util
import os
import tempfile

import numpy as np

from common import ROOT


class CompileError(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class RunError(Exception):
    def __init__(self, code, message, node):
        super().__init__(message + (f" (node {node})" if node else ""))
        self.code = code


# ---- DLPack ----------------------------------------------------------------

class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("dtype", DataType), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


KINDS = {0: "int", 1: "uint", 2: "float"}
NAMED = {4: "bfloat16", 6: "bool", 10: "float8_e4m3fn", 11: "float8_e4m3fnuz", 12: "float8_e5m2",
         13: "float8_e5m2fnuz", 14: "float8_e8m0fnu"}


def numpy_type(dtype):
    name = NAMED.get(dtype.code) or f"{KINDS[dtype.code]}{dtype.bits}"
    if name == "bool" or dtype.code in KINDS:
        return np.dtype(name)
    import ml_dtypes
    return np.dtype(getattr(ml_dtypes, name))


def dlpack_type(dtype):
    name = np.dtype(dtype).name
    for code, known in NAMED.items():
        if known == name:
            return DataType(code, np.dtype(dtype).itemsize * 8, 1)
    for code, kind in KINDS.items():
        if name.startswith(kind):
            return DataType(code, np.dtype(dtype).itemsize * 8, 1)
    raise TypeError(f"no tensor type for {name}")


def as_tensor(array):
    shape = (ctypes.c_int64 * max(1, array.ndim))(*array.shape)
    tensor = Tensor(array.ctypes.data, 1, 0, array.ndim, dlpack_type(array.dtype), shape, None, 0)
    tensor.keep = (array, shape)
    return tensor


def as_array(tensor):
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    kind = numpy_type(tensor.dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    raw = ctypes.string_at(tensor.data + tensor.byte_offset, size) if size else b""
    return np.frombuffer(raw, dtype=kind).reshape(shape)


# ---- The runtime -----------------------------------------------------------

class Info(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("type", DataType), ("ndim", ctypes.c_int32),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("dim_names", ctypes.POINTER(ctypes.c_char_p))]


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("device", ctypes.c_char_p), ("threads", ctypes.c_int32)]


class Runtime:
    def __init__(self, preset="release", path=None):
        self.lib = lib = ctypes.CDLL(str(path or ROOT / "build" / preset / "lib" / "libtenon.so"))
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        for name, result, arguments in [
                ("tenon_error_code", ctypes.c_int, [pointer]),
                ("tenon_error_message", ctypes.c_char_p, [pointer]),
                ("tenon_error_node", ctypes.c_char_p, [pointer]),
                ("tenon_error_free", None, [pointer]),
                ("tenon_bundle_open", pointer, [ctypes.c_char_p, ctypes.POINTER(pointer)]),
                ("tenon_bundle_close", None, [pointer]),
                ("tenon_bundle_verify", pointer, [pointer]),
                ("tenon_bundle_entry_count", size, [pointer]),
                ("tenon_bundle_entry_name", ctypes.c_char_p, [pointer, size]),
                ("tenon_session_reset", pointer, [pointer]),
                ("tenon_session_truncate", pointer, [pointer, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int64]),
                ("tenon_session_fork", pointer, [pointer, ctypes.POINTER(pointer)]),
                ("tenon_session_save", pointer, [pointer, pointer, ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint64)]),
                ("tenon_session_restore", pointer, [pointer, ctypes.c_char_p, ctypes.c_uint64]),
                ("tenon_session_memory", ctypes.c_uint64, [pointer]),
                ("tenon_bundle_input_count", size, [pointer, size]),
                ("tenon_bundle_output_count", size, [pointer, size]),
                ("tenon_bundle_input", ctypes.POINTER(Info), [pointer, size, size]),
                ("tenon_bundle_output", ctypes.POINTER(Info), [pointer, size, size]),
                ("tenon_session_create", pointer, [pointer, ctypes.POINTER(Options), ctypes.POINTER(pointer)]),
                ("tenon_session_destroy", None, [pointer]),
                ("tenon_session_run", pointer, [pointer, size, ctypes.POINTER(Tensor), size,
                                                ctypes.POINTER(Tensor), size])]:
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments

    def check(self, error):
        if error:
            failure = RunError(self.lib.tenon_error_code(error),
                               self.lib.tenon_error_message(error).decode(errors="replace"),
                               self.lib.tenon_error_node(error).decode(errors="replace"))
            self.lib.tenon_error_free(error)
            raise failure

    def open(self, path, threads=1):
        return Session(self, path, threads)


class Session:
    """An open bundle and one session on it; a context manager."""

    def __init__(self, runtime, path, threads=1):
        self.runtime, lib = runtime, runtime.lib
        self.bundle, self.session = ctypes.c_void_p(), ctypes.c_void_p()
        self.owns_bundle = True
        runtime.check(lib.tenon_bundle_open(os.fsencode(path), ctypes.byref(self.bundle)))
        options = Options(ctypes.sizeof(Options), None, threads)
        runtime.check(lib.tenon_session_create(self.bundle, ctypes.byref(options), ctypes.byref(self.session)))
        self.describe_entries()

    def describe_entries(self):
        lib = self.runtime.lib
        self.entries = [lib.tenon_bundle_entry_name(self.bundle, index).decode()
                        for index in range(lib.tenon_bundle_entry_count(self.bundle))]
        self.inputs, self.outputs = self.arguments(0)

    def arguments(self, entry):
        """Names of the inputs and outputs of an entry point."""
        lib = self.runtime.lib
        return (self.names(entry, lib.tenon_bundle_input, lib.tenon_bundle_input_count),
                self.names(entry, lib.tenon_bundle_output, lib.tenon_bundle_output_count))

    def names(self, entry, describe, count):
        return [describe(self.bundle, entry, index).contents.name.decode(errors="replace")
                for index in range(count(self.bundle, entry))]

    def run(self, feeds, entry=None, into=None):
        """Outputs by name, of the first entry point or the one of that name. `into`: arrays by name that
        the outputs are written into, of their shapes; the inputs are then used where they lie."""
        number = self.entries.index(entry) if entry else 0
        names, results = self.arguments(number)
        values = [as_tensor(feeds[name] if into else np.array(feeds[name], order="C")) for name in names]
        inputs = (Tensor * max(1, len(values)))(*values)
        outputs = (Tensor * max(1, len(results)))()
        for index, name in enumerate(results if into else []):
            outputs[index] = as_tensor(into[name])
        self.runtime.check(self.runtime.lib.tenon_session_run(
            self.session, number, inputs, len(values), outputs, len(results)))
        return {name: into[name] if into else as_array(outputs[index]) for index, name in enumerate(results)}

    def reset(self):
        self.runtime.check(self.runtime.lib.tenon_session_reset(self.session))

    def memory(self):
        return self.runtime.lib.tenon_session_memory(self.session)

    def truncate(self, dim, length, state=None):
        name = state.encode() if state else None
        self.runtime.check(self.runtime.lib.tenon_session_truncate(self.session, name, dim, length))

    def fork(self):
        """A session of its own that holds the same state; it lives within this one's bundle."""
        copy = Session.__new__(Session)
        copy.runtime, copy.bundle, copy.session = self.runtime, self.bundle, ctypes.c_void_p()
        self.runtime.check(self.runtime.lib.tenon_session_fork(self.session, ctypes.byref(copy.session)))
        copy.owns_bundle = False
        copy.describe_entries()
        return copy

    def save(self):
        size = ctypes.c_uint64()
        self.runtime.check(self.runtime.lib.tenon_session_save(self.session, None, 0, ctypes.byref(size)))
        data = ctypes.create_string_buffer(size.value)
        self.runtime.check(self.runtime.lib.tenon_session_save(self.session, data, size, ctypes.byref(size)))
        return data.raw

    def restore(self, data):
        self.runtime.check(self.runtime.lib.tenon_session_restore(self.session, data, len(data)))

    def close(self):
        lib = self.runtime.lib
        if self.session:
            lib.tenon_session_destroy(self.session)
        if self.bundle and self.owns_bundle:
            lib.tenon_bundle_close(self.bundle)
        self.session = self.bundle = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


# ---- The compiler ----------------------------------------------------------

class Compiler:
    """`tenon compile` as a function; its messages are read from standard error."""

    def __init__(self, preset="release"):
        self.lib = ctypes.CDLL(str(ROOT / "build" / preset / "lib" / "libtenon-compiler.so"))
        self.lib.tenon_compile.restype = ctypes.c_int
        self.lib.tenon_compile.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]

    def compile(self, model, bundle, *options):
        arguments = [b"tenon-compile", os.fsencode(model), b"-o", os.fsencode(bundle),
                     *(str(option).encode() for option in options)]
        array = (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None)
        with tempfile.TemporaryFile() as log:
            saved = os.dup(2)
            os.dup2(log.fileno(), 2)
            try:
                status = self.lib.tenon_compile(len(arguments), array)
            finally:
                os.dup2(saved, 2)
                os.close(saved)
            if status != 0:
                log.seek(0)
                raise CompileError(status, log.read().decode(errors="replace").strip())
