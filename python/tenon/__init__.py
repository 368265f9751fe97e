"""Tenon's runtime: load a compiled model and run it.

    model = tenon.load("model.tenon", threads=2)
    y = model(x)                            # NumPy, PyTorch, anything with DLPack
    outputs = model.run({"input": x})       # a dict by output name

`tenon.compile(source, out)` calls the installed compiler.
"""

from . import _core
from .compiler import compile
from .errors import Code, Error
from .model import EntryPoint, Model, TensorSpec, load

__version__ = _core.version()
__all__ = ["Code", "EntryPoint", "Error", "Model", "TensorSpec", "compile", "load"]
