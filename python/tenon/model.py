"""Models: a bundle and a session over it, with inputs and outputs by name."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Mapping, Sequence, Union

import numpy as np

from . import _core, dtypes
from .errors import Code, Error


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """An input or output of an entry point."""

    name: str
    dtype: np.dtype
    sizes: tuple[int | None, ...]
    """Per dimension the size, None where it is free."""
    dims: tuple[str, ...]
    """Per dimension the name or formula of a free one ("batch", "2*seq"), "" for a fixed one."""
    _type: tuple[int, int] = dataclasses.field(repr=False, default=(2, 32))

    def __str__(self) -> str:
        shape = ", ".join(name or str(size) for size, name in zip(self.sizes, self.dims))
        return f"{self.name}: {dtypes.name_of(*self._type)}[{shape}]"


@dataclasses.dataclass(frozen=True)
class EntryPoint:
    """One function of a model: `run(..., entry=name)` runs it."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def _spec(raw: tuple) -> TensorSpec:
    name, code, bits, sizes, dims = raw
    return TensorSpec(name, dtypes.numpy_type(code, bits), tuple(sizes), tuple(dims), (code, bits))


class Model:
    """A compiled model, ready to run.

    Holds one session: calls from several threads queue up. `session()` gives another one that shares
    the weights, so that a thread each runs in parallel; the GIL is released while a model runs.
    """

    def __init__(self, bundle: _core.Bundle, device: str, threads: int):
        self._bundle: _core.Bundle | None = bundle
        self._session: _core.Session | None = _core.Session(bundle, device, threads)
        self._options = (device, threads)
        self.entry_points: tuple[EntryPoint, ...] = tuple(
            EntryPoint(name, tuple(map(_spec, bundle.inputs(i))), tuple(map(_spec, bundle.outputs(i))))
            for i, name in enumerate(bundle.entries()))

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Inputs of the first entry point."""
        return self.entry_points[0].inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Outputs of the first entry point."""
        return self.entry_points[0].outputs

    @property
    def device(self) -> str:
        """What it runs on, e.g. "cpu (avx512, 2 threads)"."""
        return self._open().device

    @property
    def threads(self) -> int:
        return self._open().threads

    @property
    def memory(self) -> int:
        """Bytes that the session holds besides the bundle's weights."""
        return self._open().memory

    def run(self, feeds: Mapping[str, Any], *, entry: str | None = None) -> dict[str, np.ndarray]:
        """Runs an entry point (the first by default) on inputs by name; gives the outputs by name.

        A value is anything with DLPack or the buffer protocol in host memory (NumPy, PyTorch, ...),
        used without a copy if contiguous; or a number or nested list. The outputs are new arrays.
        Raises Error for a wrong name, type or shape and for what the model refuses.
        """
        index, point = self._entry(entry)
        unknown = set(feeds) - {spec.name for spec in point.inputs}
        if unknown:
            raise Error(f"the model has no input {sorted(unknown)[0]!r}", Code.INVALID_ARGUMENT)
        missing = [spec.name for spec in point.inputs if spec.name not in feeds]
        if missing:
            raise Error(f"input {missing[0]!r} is not given", Code.INVALID_ARGUMENT)
        results = self._run(index, point, [feeds[spec.name] for spec in point.inputs])
        return {spec.name: result for spec, result in zip(point.outputs, results)}

    def __call__(self, *args: Any, entry: str | None = None, **feeds: Any) -> np.ndarray | tuple[np.ndarray, ...]:
        """Runs with inputs in order or by keyword; gives the output, or a tuple of them."""
        index, point = self._entry(entry)
        if len(args) > len(point.inputs):
            raise Error(f"the model has {len(point.inputs)} inputs, {len(args)} are given", Code.INVALID_ARGUMENT)
        named = {spec.name: value for spec, value in zip(point.inputs, args)}
        twice = named.keys() & feeds.keys()
        if twice:
            raise Error(f"input {sorted(twice)[0]!r} is given twice", Code.INVALID_ARGUMENT)
        results = tuple(self.run({**named, **feeds}, entry=point.name).values())
        return results[0] if len(results) == 1 else results

    def session(self) -> Model:
        """Another session over the same weights and code, with state of its own."""
        self._open()
        return Model(self._bundle, *self._options)

    def reset(self) -> None:
        """Puts all state (caches, counters) back to its initial value."""
        self._open().reset()

    def verify(self) -> None:
        """Reads the whole bundle and compares every hash."""
        self._open()
        self._bundle.verify()

    def close(self) -> None:
        """Lets go of the session and of the bundle once no other session uses it."""
        self._session = self._bundle = None

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        points = "; ".join(f"{p.name}({', '.join(map(str, p.inputs))}) -> ({', '.join(map(str, p.outputs))})"
                           for p in self.entry_points)
        return f"<tenon.Model {points}>"

    def _open(self) -> _core.Session:
        if self._session is None:
            raise Error("the model is closed", Code.INVALID_ARGUMENT)
        return self._session

    def _entry(self, name: str | None) -> tuple[int, EntryPoint]:
        if name is None:
            return 0, self.entry_points[0]
        for index, point in enumerate(self.entry_points):
            if point.name == name:
                return index, point
        known = ", ".join(point.name for point in self.entry_points)
        raise Error(f"the model has no entry point {name!r}, it has {known}", Code.INVALID_ARGUMENT)

    def _run(self, index: int, point: EntryPoint, values: Sequence[Any]) -> list[np.ndarray]:
        arrays, types = [], []
        for spec, value in zip(point.inputs, values):
            array, kind = _input(spec, value)
            arrays.append(array)
            types.append(kind)
        try:
            results = self._open().run(index, arrays, types)
        except TypeError as error:
            given = ", ".join(f"{spec.name}: {type(value).__name__}" for spec, value in zip(point.inputs, values))
            raise Error(f"an input is no tensor in memory that can be read ({given})",
                        Code.INVALID_ARGUMENT) from error
        return [result if dtypes.is_plain(spec._type[0]) else dtypes.from_bits(result, *spec._type)
                for spec, result in zip(point.outputs, results)]


def _input(spec: TensorSpec, value: Any) -> tuple[Any, tuple[int, int] | None]:
    """What the core takes for a value, and the type to take it as where it cannot say so itself."""
    if not isinstance(value, np.ndarray) and not hasattr(value, "__dlpack__"):
        if isinstance(value, (int, float, bool, list, tuple)):
            try:
                value = np.asarray(value, spec.dtype)
            except (ValueError, TypeError, OverflowError) as error:
                raise Error(f"input {spec.name!r}: {error}", Code.INVALID_ARGUMENT) from error
        else:
            value = np.asarray(value)
    if isinstance(value, np.ndarray):
        if not dtypes.is_plain(spec._type[0]):
            try:
                return dtypes.to_bits(value, *spec._type), spec._type
            except TypeError as error:
                raise Error(f"input {spec.name!r}: {error}", Code.INVALID_ARGUMENT) from error
        if not value.dtype.isnative:
            value = value.astype(value.dtype.newbyteorder("="))
    return value, None


def load(path: Union[str, os.PathLike[str]], device: str = "cpu", threads: int = 0) -> Model:
    """Opens a bundle for running on a device ("cpu", "cuda:0") with so many threads (0: one for each
    processor this process may use). A bundle holds native code: load only files you trust."""
    return Model(_core.Bundle(os.fspath(path)), device, threads)
