"""Runs a case: a kernel of one instruction over arrays of sources, compared lane by lane."""

import math
import re

import conversions
import floats
import inputs
import integers
import memory
import numpy as np
import softfloat as sf
import warp
from case import WIDTH, Near

FAMILIES = (integers, floats, conversions, warp, memory)
SOURCES = "abce"
BLOCK = 128


def width(type_):
    if type_.startswith("few"):
        return int(type_[3:])
    return {"small": 32, "near": 32, "lane": 32, "pred": 32}.get(type_) or max(16, WIDTH[type_])


MEMORY = f".shared .align 16 .b8 tile[{BLOCK * 32}];\n.local .align 16 .b8 stack[32];\n"


def kernel(index, case):
    """A kernel that runs the case on the i-th sources of each array."""
    bits = {s: width(t) for s, t in zip(SOURCES, case.inputs)}
    body, code = [], case.code
    for i, (source, type_) in enumerate(zip(SOURCES, case.inputs)):
        body += [f"ld.param.u64 %base, [k{index}_{i}];", f"mad.wide.u32 %at, %i, {bits[source] // 8}, %base;",
                 f"ld.global.b{bits[source]} %{source}{bits[source]}, [%at];"]
        if type_ == "pred":
            body.append(f"setp.ne.b32 %p, %{source}32, 0;")
        else:
            code = re.sub(rf"%{source}\b", f"%{source}{bits[source]}", code)
    out = width(case.output)
    code = re.sub(r"%d\b", f"%d{out}", code)
    carried = 64 if any(bits[s] == 64 for s in bits) and ("%x" in code) and "selp" not in code else 32
    code = code.replace("%x", f"%x{carried}")
    body += [code, f"ld.param.u64 %base, [k{index}_{len(bits)}];", f"mad.wide.u32 %at, %i, {out // 8}, %base;",
             f"st.global.b{out} [%at], %d{out};"]
    parameters = ", ".join(f".param .u64 k{index}_{i}" for i in range(len(bits) + 1))
    registers = "".join(f".reg .b{n} %{s}{n};" for s in "abcedx" for n in (16, 32, 64))
    return (f".visible .entry k{index}({parameters})\n{{\n{registers}\n.reg .b32 %y, %i, %t;.reg .pred %p, %q;\n"
            f".reg .b64 %base, %at, %g;\n{MEMORY}mov.u32 %i, %ctaid.x;\nmov.u32 %t, %tid.x;\nmad.lo.u32 %i, %i, {BLOCK}, %t;\n"
            + "\n".join(body) + "\nret;\n}\n")


def module(cases, target="sm_100a"):
    return f".version 9.0\n.target {target}\n.address_size 64\n" + "".join(kernel(i, c) for i, c in enumerate(cases))


def all_cases():
    return [case for family in FAMILIES for case in family.cases()]


def is_right(case, want, got):
    if want is None:
        return True
    if isinstance(want, tuple):
        return got in want
    if isinstance(want, (str, Near)):
        f = sf.FORMATS["f32" if case.output == "tf32" else case.output]
        if isinstance(want, str):
            return f.is_nan(got)
        value = sf.to_double(f, got)
        if math.isinf(want.value) or math.isinf(value) or math.isnan(value):
            limit = sf.to_double(f, f.largest)
            return value == want.value or (math.isinf(value) and abs(want.value) * (1 + want.relative) >= limit
                                           and value * want.value > 0)
        return abs(value - want.value) <= max(abs(want.value) * want.relative, want.absolute) * 1.000001
    # What PTX says of NaNs of f64 is only that they are NaNs.
    return got == want or (case.output == "f64" and sf.F64.is_nan(want) and sf.F64.is_nan(got))


def execute(gpu, function, case, rows):
    kinds = {16: np.uint16, 32: np.uint32, 64: np.uint64}
    rows += rows[:1] * (-len(rows) % BLOCK)
    addresses = [gpu.upload(np.array([row[i] & ((1 << width(t)) - 1) for row in rows], kinds[width(t)]))
                 for i, t in enumerate(case.inputs)]
    result = np.zeros(len(rows), kinds[width(case.output)])
    addresses.append(gpu.allocate(result.nbytes))
    gpu.launch(function, len(rows) // BLOCK, BLOCK, addresses)
    gpu.download(addresses[-1], result)
    for address in addresses:
        gpu.free(address)
    return result.tolist()


def expected_of(case, rows):
    if not case.warp:
        return [case.reference(*row) for row in rows]
    return [want for i in range(0, len(rows), 32) for want in case.reference(rows[i:i + 32])]


def check(gpu, function, case, count, seed):
    """What is wrong with the case, or None."""
    rows = inputs.lanes(case, count, seed)
    results = execute(gpu, function, case, rows)
    wrong = [(row, want, got) for row, want, got in zip(rows, expected_of(case, rows), results)
             if not is_right(case, want, got)]
    if not wrong:
        return None
    row, want, got = wrong[0]
    expected = f"{want:#x}" if isinstance(want, int) else want
    return (f"{len(wrong)} of {len(rows)} lanes wrong: {', '.join(f'{v:#x}' for v in row)} -> {got:#x}, "
            f"expected {expected}")
