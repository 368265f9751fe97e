"""The Python package, from its wheel, in an environment without the compiler's packages."""

import numpy as np

from checks import test
from common import ROOT
from packages import call, clean_environment, only

MNIST = ROOT / "tests/data/mnist.onnx"


def python(tenon, folder, program):
    """Runs a program that finds a compiled mnist as m.tenon and the command as TENON_COMMAND."""
    if not (folder / "m.tenon").exists():
        tenon.compile(MNIST, folder / "m.tenon")
    (folder / "program.py").write_text("import numpy as np, tenon\n" + program)
    return call(clean_environment(), folder / "program.py", cwd=folder, TENON_COMMAND=str(tenon.bin / "tenon"))


@test
def wheel_is_small_and_needs_numpy_alone(tenon, folder):
    assert only("*.whl").stat().st_size < 5e6
    printed = call(clean_environment(), "-c", "import sys, tenon; print(tenon.__version__);"
                                              "print('onnx' in sys.modules, 'onnxruntime' in sys.modules)")
    assert printed.split() == ["0.1.0", "False", "False"], printed


@test
def runs_by_name_and_by_position(tenon, folder):
    x = np.random.default_rng(2).random((1, 1, 28, 28), dtype=np.float32)
    tenon.compile(MNIST, folder / "m.tenon")
    (expected,) = tenon.run(folder / "m.tenon", {"Input3": x}).values()
    np.save(folder / "x.npy", x)
    python(tenon, folder, """
x = np.load("x.npy")
with tenon.load("m.tenon", device="cpu", threads=2) as m:
    name = m.outputs[0].name
    np.save("a.npy", m(x)); np.save("b.npy", m.run({"Input3": x})[name]); np.save("c.npy", m(Input3=x))
    np.save("d.npy", m(np.asfortranarray(x))); np.save("e.npy", m(x.tolist()))
    np.save("f.npy", m(x.astype(">f4")))
    assert m(x).flags.owndata or m(x).base is not None
    first = m(x); m(x * 0); np.save("g.npy", first)      # outputs are not overwritten by a later run
    assert m.threads == 2 and m.device.startswith("cpu"), m.device
""")
    for name in "abcdefg":
        assert np.array_equal(np.load(folder / f"{name}.npy"), expected), name


@test
def refusals_are_exceptions(tenon, folder):
    python(tenon, folder, """
def refused(call, *words, code=tenon.Code.INVALID_ARGUMENT):
    try:
        call()
    except tenon.Error as error:
        assert error.code == code, (error.code, error)
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"accepted: {words}")
m = tenon.load("m.tenon")
x = np.zeros((1, 1, 28, 28), np.float32)
refused(lambda: m(x[..., :27]), "Input3", "27", "28")
refused(lambda: m(x.astype(np.float64)), "Input3", "f64", "f32")
refused(lambda: m.run({}), "Input3", "not given")
refused(lambda: m.run({"Input3": x, "y": x}), "'y'")
refused(lambda: m(x, x), "1 inputs")
refused(lambda: m(x, entry="decode"), "decode", "main")
refused(lambda: m(np.array(["a"])), "Input3")
refused(lambda: m([["a"]]), "Input3")
refused(lambda: tenon.load("none.tenon"), "none.tenon", code=tenon.Code.IO)
open("bad.tenon", "wb").write(b"x" * 1000)
refused(lambda: tenon.load("bad.tenon"), code=tenon.Code.INVALID_BUNDLE)
refused(lambda: tenon.load("m.tenon", device="tpu"), "tpu", code=tenon.Code.NO_DEVICE)
m.close()
refused(lambda: m(x), "closed")
""")


@test
def threads_run_in_parallel_sessions(tenon, folder):
    python(tenon, folder, """
import threading
m = tenon.load("m.tenon", threads=1)
xs = [np.full((1, 1, 28, 28), i, np.float32) for i in range(4)]
expected = [m(x) for x in xs]
wrong = []
def work(i, session):
    for _ in range(200):
        if not np.array_equal(session(xs[i]), expected[i]):
            wrong.append(i)
for sessions in ([m.session() for _ in xs], [m] * 4):     # one each, and one for all
    workers = [threading.Thread(target=work, args=(i, s)) for i, s in enumerate(sessions)]
    [w.start() for w in workers]; [w.join() for w in workers]
assert not wrong, wrong
""")


@test
def inputs_are_borrowed_and_outputs_owned(tenon, folder):
    """An identity-like model on 64 MB: the process grows by the output and by no copy of the input."""
    import onnx
    from onnx import TensorProto, helper
    size = 1 << 24
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "neg.onnx")
    tenon.compile(folder / "neg.onnx", folder / "neg.tenon")
    python(tenon, folder, f"""
m = tenon.load("neg.tenon", threads=1)
x = np.ones({size}, np.float32)
before = m.memory
y = m(x)
assert y[0] == -1 and m.memory - before < 1 << 20, m.memory - before
""")


@test
def compile_calls_the_installed_command(tenon, folder):
    (folder / "model.onnx").write_bytes(MNIST.read_bytes())
    python(tenon, folder, """
class Proto:                                  # what onnx.ModelProto offers
    def SerializeToString(self): return open("model.onnx", "rb").read()
for source in ("model.onnx", Proto()):
    path = tenon.compile(source, "out.tenon", target="cpu")
    assert tenon.load(path)(np.zeros((1, 1, 28, 28), np.float32)).shape == (1, 10)
open("junk.onnx", "wb").write(b"junk")
try:
    tenon.compile("junk.onnx", "junk.tenon")
except tenon.Error as error:
    assert error.code == tenon.Code.COMPILATION and "junk.onnx" in str(error), error
else:
    raise AssertionError("compiled junk")
import os
assert not os.path.exists("junk.tenon")
""")


@test
def small_floats(tenon, folder):
    """bfloat16 in and out, without ml_dtypes: as float32."""
    import onnx
    from onnx import TensorProto, helper
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g",
                              [helper.make_tensor_value_info("x", TensorProto.BFLOAT16, [4])],
                              [helper.make_tensor_value_info("y", TensorProto.BFLOAT16, [4])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "b.onnx")
    tenon.compile(folder / "b.onnx", folder / "b.tenon")
    python(tenon, folder, """
y = tenon.load("b.tenon")(np.array([1, -2.5, 3e38, 0.1], np.float32))
assert y.dtype == np.float32 and y[0] == 2 and y[1] == -5 and abs(y[3] - 0.2) < 2e-3, y
""")


@test
def types_are_checked(tenon, folder):
    """The package is typed: py.typed is in the wheel and every public name has a signature."""
    listed = call("python3", "-m", "zipfile", "-l", only("*.whl"))
    assert "tenon/py.typed" in listed and "tenon/_core.pyi" in listed, listed
    python(tenon, folder, """
import inspect
for name in tenon.__all__:
    thing = getattr(tenon, name)
    assert thing.__doc__, name
    if inspect.isfunction(thing):
        assert "return" in inspect.get_annotations(thing), name
""")


@test
def python_example(tenon, folder):
    tenon.compile(MNIST, folder / "m.tenon")
    printed = call(clean_environment(), ROOT / "examples/python/classify.py", folder / "m.tenon")
    assert printed.startswith("class ") and " of 10" in printed, printed
