"""The driver API of the simulated GPU by ctypes, for tests that are written in Python.

    gpu = Gpu("b200")
    module = gpu.load(text)            # Refused, with the JIT log, when it is not taken
    gpu.launch(module.entry("k"), grid, block, [address, 3])

One process drives one GPU: the library reads its options when it starts.
"""

import ctypes
import os
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOG_BYTES = 1 << 20
ERROR_LOG, ERROR_LOG_BYTES = 5, 6


class Refused(Exception):
    """cuModuleLoadData did not take a text; the JIT log is the message."""


class CudaError(Exception):
    def __init__(self, call, code):
        super().__init__(f"{call} returned {code}")
        self.code = code


def library():
    return pathlib.Path(os.environ.get("TENON_SIM_LIBCUDA", ROOT / "build/release/lib/sim/libcuda.so.1"))


class Module:
    def __init__(self, gpu, handle):
        self.gpu, self.handle = gpu, handle

    def entry(self, name):
        function = ctypes.c_void_p()
        self.gpu.call("cuModuleGetFunction", ctypes.byref(function), self.handle, name.encode())
        return function

    def unload(self):
        self.gpu.call("cuModuleUnload", self.handle)


class Gpu:
    def __init__(self, name, **options):
        os.environ["TENON_SIM_GPU"] = name
        for option, value in options.items():
            os.environ[f"TENON_SIM_{option.upper()}"] = str(value)
        self.cuda = ctypes.CDLL(str(library()))
        self.call("cuInit", 0)
        context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.call("cuCtxSetCurrent", context)

    def call(self, name, *arguments):
        code = getattr(self.cuda, name)(*arguments)
        if code:
            raise CudaError(name, code)

    def load(self, text):
        handle, log = ctypes.c_void_p(), ctypes.create_string_buffer(LOG_BYTES)
        options = (ctypes.c_int * 2)(ERROR_LOG, ERROR_LOG_BYTES)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), LOG_BYTES)
        if self.cuda.cuModuleLoadDataEx(ctypes.byref(handle), text.encode(), 2, options, values):
            raise Refused(log.value.decode(errors="replace"))
        return Module(self, handle)

    def upload(self, array):
        array = np.ascontiguousarray(array)
        address = self.allocate(array.nbytes)
        self.call("cuMemcpyHtoD_v2", address, array.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(array.nbytes))
        return address

    def allocate(self, size):
        address = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        return address

    def download(self, address, array):
        self.call("cuMemcpyDtoH_v2", array.ctypes.data_as(ctypes.c_void_p), address, ctypes.c_size_t(array.nbytes))
        return array

    def free(self, address):
        self.call("cuMemFree_v2", address)

    def launch(self, function, grid, block, arguments, shared=0):
        """Runs to the end; CudaError when the kernel failed."""
        values = [a if isinstance(a, ctypes._SimpleCData) else ctypes.c_uint64(a) for a in arguments]
        pointers = (ctypes.c_void_p * max(1, len(values)))(*[ctypes.addressof(v) for v in values])
        self.call("cuLaunchKernel", function, grid, 1, 1, block, 1, 1, shared, None, pointers, None)
        self.call("cuCtxSynchronize")
