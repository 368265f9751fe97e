"""Random instructions of a grammar: what ptxas takes must be executed, or refused by name.

Instructions come from grammar.py, some of them spoiled. Of those that ptxas 13.0 takes the simulator
must refuse none without saying which, and must compute what the reference (tests/sim/reference)
computes; those without a reference must at least run. What the simulator takes and ptxas does not is
counted. Without ptxas all are skipped.
"""

import argparse
import collections
import json
import pathlib
import random
import struct
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "reference"), str(HERE)]

import driver
import grammar
import inputs
import ptxas
import run_case
from case import WIDTH, Case

GPUS = {"sm_90a": "h100", "sm_100a": "b200"}
LANES = 64
#: Ends a thread, needs other warps, or waits for what never comes: loaded, not run.
NOT_RUN = ("trap", "brkpt", "exit", "ret", "mbarrier.", "setmaxnreg", "bar", "ld.param", "elect", "nanosleep")


def key(head):
    """Name, modifiers in any order, types in theirs."""
    name, *words = head.split(".")
    return name, tuple(sorted(w for w in words if not grammar.is_type(w))), tuple(w for w in words if grammar.is_type(w))


def references():
    """Key of an instruction -> case, for those with one instruction and plain operands."""
    table = {}
    for case in run_case.all_cases():
        first = case.code.split(";")[0]
        head, _, operands = first.partition(" ")
        names = [o.strip() for o in operands.split(",")]
        predicate = names[0] == "%p" and head.startswith(("setp", "testp"))
        if (case.code.count(";") == 1 and names[0] == "%d") or predicate:
            if all(n.startswith("%") for n in names) and not case.operands:
                table.setdefault((key(head), len(case.inputs)), case)
    return table


def constant_bits(text, type_):
    """The bits of a constant of that type, or None where PTX has no single answer."""
    if text.startswith("0f"):
        return int(text[2:], 16)
    if text.startswith("0d"):
        return int(text[2:], 16)
    if "." in text:
        kind = "<f" if type_ == "f32" else "<d"
        return int.from_bytes(struct.pack(kind, float(text)), "little")
    return int(text, 0) & ((1 << max(16, WIDTH[type_])) - 1)


def with_reference(made, table):
    """The instruction as a case whose sources are its registers, or None."""
    plain = not made.loose and not made.head.startswith("@") and made.result
    predicates = [o for o in made.operands if o in ("%p", "!%p")]
    case = table.get((key(made.head), len(made.sources) + len(predicates))) if plain else None
    if not case or len(predicates) > 1 or any("|" in o for o in made.operands):
        return None
    if (made.result == "pred") != (case.code.split()[1] == "%p,"):
        return None
    letters = [s for s, _ in made.sources if s in "abce"]
    fixed = [None if s in "abce" else constant_bits(s, t) for s, t in made.sources]
    negated = predicates == ["!%p"]

    def reference(*values):
        values = list(values)
        sources = [values.pop(0) if f is None else f for f in fixed]
        sources += [v ^ 1 if negated else v for v in values]
        return case.reference(*sources)

    types = tuple(t for s, t in made.sources if s in "abce") + ("pred",) * len(predicates)
    if sorted(letters) != letters or letters != list("abce"[:len(letters)]):
        return None
    code = made.text
    if made.result == "pred":
        code += " selp.u32 %d32, 1, 0, %q;"
    return Case(code, types, "u32" if made.result == "pred" else case.output, reference)


RUNNABLE = """
.reg .b32 %x<4>;
mov.u32 %x0, %tid.x;
ld.param.u64 %g, [k_0];
mad.wide.u32 %g, %x0, 256, %g;
mov.u64 %s, tile;
mad.wide.u32 %s, %x0, 256, %s;
mov.u64 %m, tile;
mov.u64 %l, stack;
{fill}
setp.ne.u32 %p, %x0, 3;
setp.ne.u32 %q, %x0, 4;
setp.ne.u32 %r, %x0, 5;
"""


def runnable(target, text):
    """A kernel in which every register and every byte has a value, and the instruction."""
    fill = [f"mov.b{n} %{r}{n}, {i + 1};" for n in (16, 32, 64) for i, r in enumerate("abced")]
    fill += [f"mov.b{n} %w{n}_{i}, {i};" for n in (16, 32, 64) for i in range(8)]
    fill += [f"mov.b32 %v{i}, {i};" for i in range(4)]
    fill += [f"st.shared.b64 [%s+{i}], 7;" for i in range(0, 256, 8)]
    fill += [f"st.local.b64 [%l+{i}], 7;" for i in range(0, 64, 8)]
    body = RUNNABLE.format(fill="\n".join(fill)) + text
    return ptxas.module(target, [body])[0]


class Judge:
    def __init__(self, target):
        self.target, self.gpu = target, driver.Gpu(GPUS[target], checks="none")
        self.table = references()
        self.counts = collections.Counter()
        self.failures, self.lenient, self.refused = [], [], []

    def verdict(self, text):
        """What the simulator says of a text, or None if it takes it."""
        try:
            self.gpu.load(ptxas.module(self.target, [text])[0]).unload()
        except driver.Refused as refused:
            return str(refused)
        return None

    def judge(self, made, ptxas_says, seed):
        said = self.verdict(made.text)
        if ptxas_says is not None:
            self.counts["refused by both" if said else "taken, though ptxas does not"] += 1
            if not said:
                self.lenient.append((made.text, ptxas_says))
            return
        if said is not None:
            self.counts["refused by name"] += 1
            self.refused.append((made.text, said.strip().splitlines()[0] if said.strip() else ""))
            if made.text not in said:
                self.failures.append((made.text, f"refused without its name: {said.strip()[:200]}"))
            return
        problem = self.run(made, seed)
        if problem:
            self.failures.append((made.text, problem))

    def run(self, made, seed):
        case = with_reference(made, self.table)
        if case:
            self.counts["compared with the reference"] += 1
            module = self.gpu.load(run_case.module([case], self.target))
            problem = run_case.check(self.gpu, module.entry("k0"), case, LANES, seed)
            module.unload()
            return problem
        words = made.head.split(".")
        lost = [o for o, space in (("[%l", "local"), ("[%s", "shared"))  # the mutation took the space away
                if o in made.text and not any(w.startswith(space) for w in words)]
        if lost or made.head.lstrip("@!%pqr ").startswith(NOT_RUN):
            self.counts["loaded"] += 1
            return None
        self.counts["run"] += 1
        module = self.gpu.load(runnable(self.target, made.text))
        memory = self.gpu.upload(np.full(64 * 256, 7, np.uint8))
        try:
            self.gpu.launch(module.entry("k"), 1, 32, [memory])
        except driver.CudaError as error:
            self.gpu.call("cuDevicePrimaryCtxReset_v2", 0)
            self.gpu = driver.Gpu(GPUS[self.target], checks="none")
            return f"does not run: {error}"
        self.gpu.free(memory)
        module.unload()
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--target", choices=GPUS)
    parser.add_argument("--verbose", action="store_true", help="list what only one of the two takes")
    arguments = parser.parse_args()
    if not ptxas.available():
        return skip(arguments, "ptxas is not installed")
    draw = random.Random(arguments.seed)
    target = arguments.target or draw.choice(sorted(GPUS))
    generator = grammar.Generator(draw)
    made = [generator.next() for _ in range(5000 if arguments.full else 1000)]
    made = [m for m in made if arguments.filter in m.text]
    judge = Judge(target)
    for one, says in zip(made, ptxas.verdicts(target, [m.text for m in made])):
        judge.judge(one, says, arguments.seed)
    return report(judge, made, arguments)


def skip(arguments, reason):
    print(f"1 skipped: {reason}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": 0, "skipped": 1, "failures": []}))
    return 0


def report(judge, made, arguments):
    for text, problem in judge.failures:
        print(f"FAILED {text}: {problem}")
    if arguments.verbose:
        for text, why in judge.refused:
            print(f"only ptxas takes  {text}   {why}")
        for text, why in judge.lenient:
            print(f"only we take      {text}   {why}")
    print(f"{judge.target}, seed {arguments.seed}: {len(made)} instructions; "
          + ", ".join(f"{count} {what}" for what, count in sorted(judge.counts.items())))
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": len(made) - len(judge.failures), "skipped": 0,
                                              "failures": judge.failures, "counts": judge.counts}))
    return 1 if judge.failures or not made else 0


if __name__ == "__main__":
    sys.exit(main())
