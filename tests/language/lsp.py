"""tenon-lsp-server, spoken to as an editor does."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "harness")]

from checks import main, test  # noqa: E402

PROGRAM = """use std.softmax
fn twice(x[*, n]) = x * 2
entry f(x: f32[3, 8], w: f32[8, 8]) -> f32[3, 8] {
  y[b, o] = sum(i) x[b, i] * w[o, i]
  z = softmax(twice(y))
  return z
}
"""


class Editor:
    def __init__(self, tenon, *options):
        self.process = subprocess.Popen([tenon.bin / "tenon-lsp-server", *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.number = 0

    def send(self, method, params, **more):
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def ask(self, method, params):
        self.number += 1
        self.send(method, params, id=self.number)
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                return message["result"]

    def show(self, path, text):
        """Opens a document; returns its diagnostics."""
        self.uri = path.as_uri()
        document = {"uri": self.uri, "languageId": "tn", "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})
        return self.receive()["params"]["diagnostics"]

    def edit(self, text):
        self.send("textDocument/didChange", {"textDocument": {"uri": self.uri, "version": 2},
                                             "contentChanges": [{"text": text}]})
        return self.receive()["params"]["diagnostics"]

    def at(self, line, character):
        return {"textDocument": {"uri": self.uri}, "position": {"line": line, "character": character}}

    def end(self):
        self.ask("shutdown", {})
        self.send("exit", {})
        return self.process.wait(30)


@test
def an_editor_is_served(tenon, folder):
    editor = Editor(tenon)
    capabilities = editor.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
    assert capabilities["hoverProvider"] and capabilities["definitionProvider"] and "completionProvider" in capabilities
    editor.send("initialized", {})
    assert editor.show(folder / "model.tn", PROGRAM) == []

    hover = editor.ask("textDocument/hover", editor.at(4, 20))
    assert "y: f32[3, 8]" in hover["contents"]["value"], hover
    place, = editor.ask("textDocument/definition", editor.at(5, 9))
    assert place["uri"] == editor.uri and place["range"]["start"]["line"] == 4, place
    place, = editor.ask("textDocument/definition", editor.at(4, 8))
    assert place["uri"].endswith("/std.tn"), place
    labels = {item["label"] for item in editor.ask("textDocument/completion", editor.at(5, 2))["items"]}
    assert {"y", "z", "x", "twice", "softmax", "return"} <= labels, labels

    diagnostic, = editor.edit(PROGRAM.replace("w[o, i]", "w[o, b]"))
    assert "index 'b' runs over 8 here and over 3 there" in diagnostic["message"], diagnostic
    assert diagnostic["range"]["start"] == {"line": 3, "character": 34}, diagnostic
    assert len(editor.edit("fn (\nentry g( {\n")) >= 2
    assert editor.end() == 0


@test
def weights_are_not_needed(tenon, folder):
    editor = Editor(tenon)
    editor.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    text = (ROOT / "models/gpt2.tn").read_text()
    assert editor.show(folder / "gpt2.tn", text) == []
    problems = editor.edit(text.replace("cached_attention(q", "cashed_attention(q"))
    assert editor.end() == 0
    assert isinstance(problems, list)


if __name__ == "__main__":
    main("language-server")
