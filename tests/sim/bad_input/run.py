"""What a caller can do wrong: damaged PTX, wrong launches, bad handles, double frees.

The driver must answer each with an error code of its own and go on working; a crash or a sanitizer's
message ends the child that made the calls, and is a failure. --preset asan takes the sanitized
library; TENON_SIM_LIBCUDA names any other.
"""

import argparse
import ctypes
import json
import os
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "harness")]

import driver
from common import sanitizer_environment

PTX = sorted((HERE.parent / "cuda/ptx").glob("*.ptx"))
PIECES = ["{", "}", ";", ",", "[", "]", "(", ")", "0x", "0f", "|", "!", "@", "%", "<99999999999>", "-", ".b64", ".align 3",
          "1e999", "call", "::", '"', "/*", "_", "%r1", ".v4", " WARP_SZ ", "4294967295", ".shared", ".local", "-1"]
#: Names of the codes that the driver documents for what is done here.
KNOWN = {0, 1, 2, 4, 101, 200, 201, 209, 218, 220, 222, 223, 300, 301, 400, 401, 500, 600, 700, 701, 702, 715, 716, 717,
         718, 719, 720, 801, 900, 901, 906, 908, 912}
ROUNDS_PER_CHILD = 100


def damage(draw, text):
    """A few changes of one place each."""
    for _ in range(draw.randint(1, 5)):
        at, other = draw.randrange(len(text)), draw.randrange(len(text))
        kind = draw.randrange(6)
        if kind == 0:
            text = text[:at] + chr(draw.randrange(1, 127)) + text[at + 1:]
        elif kind == 1:
            text = text[:at] + text[at + draw.randrange(20):]
        elif kind == 2:
            text = text[:at] + draw.choice(PIECES) + text[at:]
        elif kind == 3:
            text = text[:at] + text[other:other + draw.randrange(60)] + text[at:]
        elif kind == 4:  # a number becomes another
            digits = [i for i in range(at, min(at + 200, len(text))) if text[i].isdigit()]
            if digits:
                text = text[:digits[0]] + draw.choice("0123456789") + text[digits[0] + 1:]
        else:
            lines = text.split("\n")
            i = draw.randrange(len(lines))
            lines[i:i + 1] = draw.choice(([], [lines[i]] * 2))
            text = "\n".join(lines)
        text = text or " "
    return text


class Child:
    """Makes the calls; every return code must be one that the driver has."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.gpu = driver.Gpu(self.draw.choice(("a100", "h100")), checks="all")
        self.cuda = self.gpu.cuda

    def call(self, name, *arguments):
        code = getattr(self.cuda, name)(*arguments)
        if code not in KNOWN:
            raise AssertionError(f"{name} returned {code}, which is no code of its")
        return code

    def again(self):
        """After a kernel that failed the context is lost, as on a real GPU."""
        self.call("cuDevicePrimaryCtxReset_v2", 0)
        context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.call("cuCtxSetCurrent", context)

    def ptx(self):
        text = damage(self.draw, self.draw.choice(PTX).read_text())
        module = ctypes.c_void_p()
        code = self.call("cuModuleLoadData", ctypes.byref(module), text.encode(errors="replace"))
        if code == 0:
            self.call("cuModuleUnload", module)
        return code

    def launch(self):
        """A good module, launched with shapes, sizes and arguments drawn at random."""
        draw = self.draw
        name, module, function = draw.choice(PTX), ctypes.c_void_p(), ctypes.c_void_p()
        if self.call("cuModuleLoadData", ctypes.byref(module), name.read_text().encode()):
            return 0
        entries = [line.split("(")[0].split()[-1] for line in name.read_text().split("\n") if ".entry" in line]
        self.call("cuModuleGetFunction", ctypes.byref(function), module, draw.choice(entries).encode())
        sizes = lambda most: draw.choice((0, 1, 1, 2, 32, 33, 1024, 1025, most))
        # The low halves are small: a loop over 2^32 elements would be right, and endless.
        values = [ctypes.c_uint64(draw.choice((0, 1, draw.getrandbits(31) << 33, draw.getrandbits(7))))
                  for _ in range(32)]
        pointers = (ctypes.c_void_p * 32)(*[ctypes.addressof(v) for v in values])
        grid = draw.choice((0, 1, 1, 2, 3, 2**31, 2**32 - 1))
        code = self.call("cuLaunchKernel", function if draw.random() < 0.9 else None, grid, draw.choice((1, 1, 0, 70000)), 1,
                         sizes(2**31), draw.choice((1, 1, 2)), 1, draw.choice((0, 0, 1024, 300000, 2**32 - 1)),
                         None, pointers if draw.random() < 0.9 else None, None)
        code = self.call("cuCtxSynchronize") or code
        if code:
            self.again()
        return code

    def handles(self):
        """Calls with handles that are none, are of another kind, or are gone."""
        draw, junk = self.draw, ctypes.c_void_p(self.draw.choice((0, 1, 8, 0xdeadbeef, 2**63)))
        out, number = ctypes.c_void_p(), ctypes.c_size_t()
        stream, event = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuStreamCreate", ctypes.byref(stream), 0)
        self.call("cuEventCreate", ctypes.byref(event), 0)
        victim = draw.choice((junk, stream, event))
        self.call("cuStreamDestroy_v2", stream)
        self.call("cuEventDestroy_v2", event)
        calls = [("cuStreamSynchronize", victim), ("cuStreamDestroy_v2", victim), ("cuEventRecord", victim, victim),
                 ("cuEventDestroy_v2", victim), ("cuModuleUnload", victim), ("cuEventSynchronize", victim),
                 ("cuModuleGetFunction", ctypes.byref(out), victim, b"k"), ("cuGraphDestroy", victim),
                 ("cuGraphLaunch", victim, victim), ("cuGraphExecDestroy", victim), ("cuCtxSetCurrent", victim),
                 ("cuStreamWaitEvent", victim, victim, 0), ("cuFuncGetAttribute", ctypes.byref(out), 0, victim),
                 ("cuMemGetAddressRange_v2", ctypes.byref(out), ctypes.byref(number), victim),
                 ("cuModuleLoadData", ctypes.byref(out), None), ("cuModuleGetFunction", None, victim, None)]
        codes = [self.call(*draw.choice(calls)) for _ in range(4)]
        self.again()
        return max(codes)

    def memory(self):
        """Freed twice, copied beyond its end, of impossible sizes."""
        draw, address, host = self.draw, ctypes.c_uint64(), ctypes.create_string_buffer(4096)
        size = draw.choice((0, 1, 1000, 4096, 2**50, 2**64 - 1))
        code = self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        offset = draw.choice((0, 0, 1, 4096, 2**40))
        place = ctypes.c_uint64((address.value + offset) % 2**64)
        beyond = ctypes.c_size_t(min(draw.choice((0, 1, 1000, 4096)), 4096))
        codes = [self.call("cuMemcpyHtoD_v2", place, host, beyond), self.call("cuMemcpyDtoH_v2", host, place, beyond),
                 self.call("cuMemsetD8_v2", place, 1, beyond), self.call("cuMemFree_v2", place),
                 self.call("cuMemFree_v2", address), self.call("cuMemFree_v2", address)]
        codes.append(self.call("cuMemFreeHost", ctypes.c_void_p(draw.choice((0, 16, address.value)))))
        return max(code, *codes)

    def run(self, rounds):
        counts = {}
        for _ in range(rounds):
            what = self.draw.choices(("ptx", "launch", "handles", "memory"), (6, 2, 1, 1))[0]
            refused = getattr(self, what)() != 0
            counts[what] = counts.get(what, 0) + refused
        return counts


def environment(preset):
    """Of a child; Python itself is not sanitized, so the runtime comes before all."""
    libcuda = driver.ROOT / "build" / preset / "lib/sim/libcuda.so.1"
    if preset == "release":
        return dict({"TENON_SIM_LIBCUDA": str(libcuda)}, **os.environ)
    runtime = subprocess.run(["clang-22", "-print-file-name=libclang_rt.asan-x86_64.so"], capture_output=True,
                             text=True, check=True).stdout.strip()
    return dict(sanitizer_environment(), TENON_SIM_LIBCUDA=str(libcuda), LD_PRELOAD=runtime, PYTHONMALLOC="malloc")


def child(seed, rounds):
    print(json.dumps(Child(seed).run(rounds)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--preset", default="release", choices=("release", "asan"))
    parser.add_argument("--child", type=int, help="only the calls of this seed, in this process")
    arguments = parser.parse_args()
    if arguments.child is not None:
        return child(arguments.child, ROUNDS_PER_CHILD)
    failures, passed, refused = [], 0, 0
    for number in range(50 if arguments.full else 4):
        seed = arguments.seed * 1000 + number
        done = subprocess.run([sys.executable, __file__, "--child", str(seed)], capture_output=True, text=True,
                              timeout=600, errors="replace", env=environment(arguments.preset))
        if done.returncode or not done.stdout.strip():
            failures.append((f"--child {seed}", f"status {done.returncode}: {done.stderr.strip()[-400:]}"))
            print(f"FAILED --child {seed}: status {done.returncode}: {done.stderr.strip()[-400:]}", flush=True)
            continue
        passed += ROUNDS_PER_CHILD
        refused += sum(json.loads(done.stdout.strip().splitlines()[-1]).values())
    print(f"{passed} wrong inputs, of which {refused} were refused; {len(failures)} children failed")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": passed, "skipped": 0, "failures": failures, "refused": refused}))
    return 1 if failures or not refused else 0


if __name__ == "__main__":
    sys.exit(main())
