"""Nodes that move data: views, slices, pads, reads and writes at computed indices."""

import numpy as np

from graph import BOOL, F32, FLOATS, I32, I64, INTS, SMALL_INTS, Unfit

ANY = FLOATS + INTS


def transpose(g):
    x = g.pick(ANY + (BOOL,), least=1)
    order = list(range(g[x].ndim))
    g.rng.shuffle(order)
    return g.op("Transpose", [x], **({"perm": order} if g.rng.random() < 0.85 else {}))


def reshape(g):
    x, rng = g.pick(ANY), g.rng
    value = g[x]
    if rng.random() < (0.5 if g.sizes else 0.15):
        return g.op("Flatten", [x], axis=rng.randint(0, value.ndim))
    if value.size == 0:
        return g.op("Reshape", [x, g.ints([0] * value.ndim)])
    shape, rest = [], value.size
    while rest > 1 and len(shape) < 5:
        shape.append(rng.choice([size for size in range(2, rest + 1) if rest % size == 0]))
        rest //= shape[-1]
    shape += [rest] if rest > 1 else []
    while rng.random() < 0.3:
        shape.insert(rng.randint(0, len(shape)), 1)
    rng.shuffle(shape)
    if shape and rng.random() < 0.6:
        shape[rng.randrange(len(shape))] = -1
    as_input = g.rng.random() < 0.1
    return g.op("Reshape", [x, g.input(I64, [len(shape)], np.array(shape, I64)) if as_input else g.ints(shape)])


def reshape_by_shape(g):
    x = g.pick(least=2, fits=lambda value: value.size > 0)
    size = g.op("Gather", [g.op("Shape", [x]), g.ints([g.rng.randrange(g[x].ndim)])], axis=0)
    parts = [size, g.ints([-1])]
    g.rng.shuffle(parts)
    return g.op("Reshape", [x, g.op("Concat", parts, axis=0)])


def expand(g):
    if g.rng.random() < 0.5:
        x = g.pick()
        return g.op("Expand", [g.partner(x), g.op("Shape", [x])])
    x = g.pick(FLOATS + SMALL_INTS)
    shape = [g.rng.choice([1, size]) if size != 1 else g.rng.choice([1, 2, 3]) for size in g[x].shape]
    return g.op("Expand", [x, g.ints(([g.rng.choice([1, 2, 3])] if g.rng.random() < 0.4 else []) + shape)])


def concat(g):
    x, rng = g.pick(ANY, least=1), g.rng
    value = g[x]
    axis, inputs = rng.randrange(value.ndim), [x]
    for _ in range(rng.randint(0, 3)):
        shape = list(value.shape)
        shape[axis] = rng.choice([0, 1, 2, 3, 5])
        inputs.append(x if rng.random() < 0.3 else g.either(value.dtype, shape))
    rng.shuffle(inputs)
    return g.op("Concat", inputs, axis=axis)


def split(g):
    x, rng = g.pick(FLOATS + SMALL_INTS, least=1, fits=lambda value: max(value.shape) > 1), g.rng
    axis = rng.choice([axis for axis, size in enumerate(g[x].shape) if size > 1])
    size = g[x].shape[axis]
    count = rng.randint(2, min(4, size))
    cuts = [0, *sorted(rng.sample(range(1, size), count - 1)), size]
    parts = [end - start for start, end in zip(cuts, cuts[1:])]
    if g.opset < 13:
        return g.op("Split", [x], count, axis=axis, split=parts)
    if g.opset >= 18 and rng.random() < 0.4:
        return g.op("Split", [x], count, axis=axis, num_outputs=count)
    return g.op("Split", [x, g.ints(parts)], count, axis=axis)


def slice_(g):
    x, rng = g.pick(ANY, least=1), g.rng
    shape = g[x].shape
    axes = rng.sample(range(len(shape)), rng.randint(1, len(shape)))
    steps = [rng.choice([1, 1, 2, 3, -1, -2]) if g.opset >= 10 else 1 for _ in axes]
    starts = [rng.choice([0, -1, rng.randint(-shape[axis] - 2, shape[axis] + 2)]) for axis in axes]
    ends = [rng.choice([2**31 - 1 if step > 0 else -2**31, rng.randint(-shape[axis] - 2, shape[axis] + 2)])
            for axis, step in zip(axes, steps)]
    if g.opset < 10:
        return g.op("Slice", [x], axes=axes, starts=starts, ends=ends)
    kind = rng.choice([I64, I64, I32])
    bounds = [g.constant(np.array(list_, kind)) for list_ in (starts, ends, axes, steps)]
    return g.op("Slice", [x, *bounds])


def pad(g):
    x, rng = g.pick(FLOATS + SMALL_INTS, least=1), g.rng
    value = g[x]
    mode = rng.choice(["constant", "constant", "reflect", "edge"] + (["wrap"] if g.opset >= 19 else []))
    low = -1 if mode == "constant" and rng.random() < 0.3 else 0
    pads = [rng.randint(low, 3 if mode == "constant" else max(0, min(2, size - 1))) for size in value.shape * 2]
    if g.opset < 11:
        return g.op("Pad", [x], pads=pads, mode=mode, value=1.5)
    fill = [g.constant(np.array(2, value.dtype))] if rng.random() < 0.5 else []
    return g.op("Pad", [x, g.ints(pads), *fill], mode=mode)


def squeeze(g):
    x, rng = g.pick(FLOATS + SMALL_INTS), g.rng
    rank, ones = g[x].ndim, [axis for axis, size in enumerate(g[x].shape) if size == 1]
    if rng.random() < 0.5 and ones:
        kind, axes = "Squeeze", rng.sample(ones, rng.randint(1, len(ones)))
    elif rank >= 5:
        raise Unfit("rank")
    else:
        count = rng.randint(1, 2)
        kind, axes = "Unsqueeze", rng.sample(range(rank + count), count)
    if g.opset < 13:
        return g.op(kind, [x], axes=sorted(axes))
    return g.op(kind, [x, g.ints(axes)])


def tile(g):
    x = g.pick(FLOATS + SMALL_INTS, least=1)
    return g.op("Tile", [x, g.ints([g.rng.choice([1, 1, 2, 3]) for _ in g[x].shape])])


def indices(g, shape, low, high):
    return np.asarray(g.numbers.randint(low, high, size=shape)).astype(I64)


def gather(g):
    x, rng = g.pick(ANY, least=1, fits=lambda value: value.size > 0), g.rng
    axis = rng.randrange(g[x].ndim)
    size = g[x].shape[axis]
    at = indices(g, rng.choice([[], [3], [2, 2], [1], [0]]), -size if g.opset >= 11 else 0, size)
    at = at.astype(rng.choice(SMALL_INTS))
    return g.op("Gather", [x, g.input(at.dtype, at.shape, at) if rng.random() < 0.6 else g.constant(at)], axis=axis)


def gather_elements(g):
    x, rng = g.pick(ANY, least=1, fits=lambda value: value.size > 0), g.rng
    axis, shape = rng.randrange(g[x].ndim), [rng.randint(1, size) for size in g[x].shape]
    size, shape[axis] = g[x].shape[axis], rng.randint(1, 5)
    at = indices(g, shape, -size, size)
    return g.op("GatherElements", [x, g.input(I64, shape, at) if rng.random() < 0.7 else g.constant(at)], axis=axis)


def gather_nd(g):
    x, rng = g.pick(FLOATS + SMALL_INTS, least=1, fits=lambda value: value.size > 0), g.rng
    shape = g[x].shape
    batch = rng.randint(0, min(1, len(shape) - 1)) if g.opset >= 12 else 0
    lead = list(shape[:batch]) + [rng.randint(1, 3)] * rng.randint(0, 1)
    parts = [indices(g, lead, -size, size) for size in shape[batch:batch + rng.randint(1, len(shape) - batch)]]
    at = np.stack(parts, -1)
    return g.op("GatherND", [x, g.input(I64, at.shape, at)], **({"batch_dims": batch} if batch else {}))


def reduction(g):
    if g.opset < 16:
        return {}
    return {"reduction": g.rng.choice(["none", "add", "mul"] + (["max", "min"] if g.opset >= 18 else []))}


def scatter_elements(g):
    """Indices that differ along the axis where the order of writers would count."""
    x, rng = g.pick(FLOATS + SMALL_INTS, least=1, fits=lambda value: value.size > 0), g.rng
    axis, shape, options = rng.randrange(g[x].ndim), [rng.randint(1, size) for size in g[x].shape], reduction(g)
    size = g[x].shape[axis]
    order = np.argsort(g.numbers.rand(*[size if i == axis else n for i, n in enumerate(shape)]), axis=axis)
    at = np.take(order, range(shape[axis]), axis=axis).astype(I64)
    if options.get("reduction", "none") != "none":
        at = indices(g, shape, -size, size)
    return g.op("ScatterElements" if g.opset >= 11 else "Scatter",
                [x, g.input(I64, at.shape, at), g.input(g[x].dtype, shape)], axis=axis, **options)


def scatter_nd(g):
    x, rng = g.pick(FLOATS + SMALL_INTS, least=1, fits=lambda value: value.size > 0), g.rng
    shape = g[x].shape
    length = rng.randint(1, len(shape))
    rows = int(np.prod(shape[:length]))
    chosen = g.numbers.permutation(rows)[:min(3, rows)]
    at = np.stack(np.unravel_index(chosen, shape[:length]), -1).astype(I64)
    updates = g.input(g[x].dtype, [len(chosen), *shape[length:]])
    return g.op("ScatterND", [x, g.input(I64, at.shape, at), updates], **reduction(g))


def top_k(g):
    x, rng = g.pick(FLOATS + SMALL_INTS, least=1, fits=lambda value: value.size > 0), g.rng
    axis = rng.randrange(g[x].ndim)
    k = rng.randint(1, g[x].shape[axis])
    options = {"largest": rng.randint(0, 1), "sorted": 1} if g.opset >= 11 else {}
    if g.opset < 10:
        return g.op("TopK", [x], 2, axis=axis, k=k)
    return g.op("TopK", [x, g.ints([k])], 2, axis=axis, **options)


def compress(g):
    x = g.pick(least=1)
    axis = g.rng.randrange(g[x].ndim)
    return g.op("Compress", [x, g.input(BOOL, [g[x].shape[axis]])], axis=axis)


def reverse_sequence(g):
    x = g.pick(least=2, fits=lambda value: value.size > 0)
    batch, shape = g.rng.randint(0, 1), g[x].shape
    lengths = np.array([g.rng.randint(1, shape[1 - batch]) for _ in range(shape[batch])], I64)
    return g.op("ReverseSequence", [x, g.input(I64, lengths.shape, lengths)], batch_axis=batch, time_axis=1 - batch)


def triangle(g):
    x = g.pick(FLOATS + SMALL_INTS, least=2)
    offset = [g.constant(np.array(g.rng.randint(-3, 3), I64))] if g.rng.random() < 0.6 else []
    return g.op("Trilu", [x, *offset], upper=g.rng.randint(0, 1))


def blocks(g):
    if g.rng.random() < 0.5:
        return g.op("SpaceToDepth", [g.input(F32, [2, 3, 4, 6])], blocksize=2)
    mode = {"mode": g.rng.choice(["DCR", "CRD"])} if g.opset >= 11 else {}
    return g.op("DepthToSpace", [g.input(F32, [1, 8, 3, 5])], blocksize=2, **mode)


def non_zero(g):
    return g.op("NonZero", [g.pick(FLOATS + SMALL_INTS + (BOOL,), least=1)])


def one_hot(g):
    x = g.pick(SMALL_INTS)
    return g.op("OneHot", [x, g.constant(np.array(5, I64)), g.constant(np.array([0, 2], F32))],
                axis=g.rng.choice([-1, 0]))


OPERATORS = [(transpose, 5), (reshape, 5), (reshape_by_shape, 3), (expand, 4), (concat, 4), (split, 3), (slice_, 5),
             (pad, 4), (squeeze, 4), (tile, 2), (gather, 4), (gather_elements, 2), (gather_nd, 2),
             (scatter_elements, 2), (scatter_nd, 2), (top_k, 2), (compress, 1), (reverse_sequence, 1),
             (triangle, 1), (blocks, 1), (non_zero, 1), (one_hot, 1)]
