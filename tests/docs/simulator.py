"""Writes the coverage tables of docs/simulator.md from the sources: which instructions the machine
decodes, which it refuses by name, which functions of the driver API are absent.

    python tests/docs/simulator.py       rewrites the tables in place
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "simulator.md"
MACHINE = ROOT / "sim" / "machine"


def opcodes():
    """(section, enumerator, mnemonic) in the order of the table."""
    section = ""
    for line in (ROOT / "sim" / "ptx" / "Opcodes.def").read_text().splitlines():
        if comment := re.match(r"// (.*?)\.?$", line):
            section = comment[1]
        elif entry := re.match(r'OPCODE\((\w+), "([^"]+)"\)', line):
            yield section, entry[1], entry[2]


def decoded():
    """Enumerators that some decoder asks for, ranges included. Decode.cpp only sorts them into classes."""
    order = [name for _, name, _ in opcodes()]
    names = set()
    for path in sorted(MACHINE.rglob("*.cpp")):
        if path.name == "Decode.cpp" and path.parent.name == "code":
            continue
        text = path.read_text()
        names.update(re.findall(r"\b(?:O|Opcode)::(\w+)", text))
        for first, last in re.findall(r">= Opcode::(\w+) && [\w.]+ <= Opcode::(\w+)", text):
            names.update(order[order.index(first):order.index(last) + 1])
    return names


def forms():
    """How many forms the parser knows of each enumerator."""
    counts = {}
    for name in re.findall(r"^FORM\((\w+),", (ROOT / "sim" / "ptx" / "Instructions.def").read_text(), re.M):
        counts[name] = counts.get(name, 0) + 1
    return counts


def instruction_table():
    known, counts, rows = decoded(), forms(), {}
    for section, name, mnemonic in opcodes():
        executed, refused = rows.setdefault(section, ([], []))
        (executed if name in known else refused).append((mnemonic, counts.get(name, 0)))
    lines = ["| family | forms | executed | refused by name |", "|---|---|---|---|"]
    for section, (executed, refused) in rows.items():
        cell = lambda entries: ", ".join(f"`{mnemonic}`" for mnemonic, _ in entries) or "-"
        lines.append(f"| {section} | {sum(n for _, n in executed + refused)} | {cell(executed)} | {cell(refused)} |")
    return "\n".join(lines)


def refusals():
    """What the decoders say of forms that they refuse although they execute others."""
    found = set()
    for path in MACHINE.rglob("*.cpp"):
        for text in re.findall(r'"([^"\n]*(?:is|are) not simulated)"', path.read_text()):
            found.add(text)
    return "\n".join(f"- {text}" for text in sorted(found) if text[0] != " ")


def absent_functions():
    names = re.findall(r"^ABSENT\((\w+)\)", (ROOT / "sim" / "libcuda" / "Absent.def").read_text(), re.M)
    plain = sorted({re.sub(r"_v\d+$|_ptsz$|_ptds$", "", name) for name in names})
    return ", ".join(f"`{name}`" for name in plain)


TABLES = {"instructions": instruction_table, "refusals": refusals, "absent": absent_functions}


def generated(text):
    for name, make in TABLES.items():
        pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
        assert re.search(pattern, text, re.S), f"no place for {name}"
        text = re.sub(pattern, lambda match: match[1] + make() + "\n" + match[2], text, count=1, flags=re.S)
    return text


if __name__ == "__main__":
    PAGE.write_text(generated(PAGE.read_text()))
