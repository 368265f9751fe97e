"""Chat templates against jinja2, set up as Hugging Face's transformers does.

    build/venv/bin/python tests/runtime/llm/run.py [--filter NAME]

Small cases of every construct, and the templates of 70 published models (scripts/models
chat-templates), each with several conversations: plain, with a system message, with tools and tool
calls, with parts, with thinking. Where jinja2 fails we must fail too, and the reverse.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "harness"))

from common import ROOT

import jinja2
import jinja2.ext
import jinja2.sandbox

from conversations import CONVERSATIONS
from snippets import SNIPPETS, VARIABLES

NOW = 1_700_000_000
TEMPLATES = ROOT / "build/models/chat-templates"


class Generation(jinja2.ext.Extension):
    """{% generation %}: its body, as transformers renders it outside of training."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def environment():
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols, Generation])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    made.filters["tojson"] = tojson
    made.filters["from_json"] = json.loads
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda text: datetime.datetime.fromtimestamp(NOW).strftime(text)
    return made


def expected(env, template, context):
    try:
        return {"text": env.from_string(template).render(**context)}
    except Exception as error:  # whatever a template can do wrong
        return {"error": f"{type(error).__name__}: {error}"}


def cases():
    """(name, template, context), the names unique."""
    for index, snippet in enumerate(SNIPPETS):
        yield f"snippet {index}: {snippet[:60]!r}", snippet, VARIABLES
    for path in sorted(TEMPLATES.glob("*.jinja")):
        for name, context in CONVERSATIONS.items():
            yield f"{path.stem}: {name}", path.read_text(), context


def difference(wanted, got):
    if "generator" in wanted.get("error", ""):
        return None  # filters give lists here, which can be written where generators cannot
    if "error" in wanted or "error" in got:
        return None if "error" in wanted and "error" in got else f"expected {wanted}, got {got}"[:700]
    if wanted["text"] == got["text"]:
        return None
    at = next((i for i, (a, b) in enumerate(zip(wanted["text"], got["text"])) if a != b),
              min(len(wanted["text"]), len(got["text"])))
    return f"differs at {at}: expected ...{wanted['text'][max(0, at - 40):at + 60]!r}, " \
           f"got ...{got['text'][max(0, at - 40):at + 60]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--filter", default="")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/bin/runtime-render-templates")
    arguments = parser.parse_args()
    if not TEMPLATES.is_dir():
        subprocess.run([ROOT / "scripts/models", "chat-templates"], check=True, stdout=subprocess.DEVNULL)
    chosen = [case for case in cases() if arguments.filter in case[0]]
    requests = "".join(json.dumps({"template": t, "context": c, "now": NOW}) + "\n" for _, t, c in chosen)
    done = subprocess.run([arguments.program], input=requests, capture_output=True, text=True, timeout=300)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    failures, env, rendered, families = [], environment(), 0, set()
    for index, (name, template, context) in enumerate(chosen):
        wanted = expected(env, template, context)
        got = answers[index] if index < len(answers) else {"error": f"died with {done.returncode}: {done.stderr[-300:]}"}
        reason = difference(wanted, got) if index < len(answers) else got["error"]
        if reason:
            failures.append([name, reason])
            print(f"FAILED {name}: {reason}", flush=True)
        elif "text" in wanted:
            rendered += 1
            families.add(name.split(":")[0])
    print(f"{len(chosen) - len(failures)} passed, {len(failures)} failed ({rendered} rendered, the rest refused by both)")
    if arguments.json:
        arguments.json.write_text(json.dumps({"passed": len(chosen) - len(failures), "failures": failures}))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
