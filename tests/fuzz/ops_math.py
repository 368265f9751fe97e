"""Products, windows, norms, recurrences, resampling."""

import numpy as np

from graph import F32, FLOATS, I8, I32, SMALL_INTS, U8, Unfit


def swap_last(g, name):
    order = list(range(g[name].ndim))
    order[-1], order[-2] = order[-2], order[-1]
    return g.op("Transpose", [name], perm=order)


def matmul(g):
    x, rng = g.pick(rng_types(g), least=1), g.rng
    shape = g[x].shape
    inner, outer = shape[-1], rng.choice([1, 2, 3, 5, 8, 13, 17, 33, 64])
    shapes = [[inner], [inner, outer], [2, inner, outer]]
    if len(shape) > 1:
        batch = list(shape[:-2])
        shapes = [[inner], [inner, outer], batch + [inner, outer], [1] * len(batch) + [inner, outer],
                  [2] + batch + [inner, outer]]
    y = g.either(g[x].dtype, rng.choice(shapes))
    if len(shape) > 1 and g[y].ndim > 1 and rng.random() < 0.3:
        return g.op("MatMul", [swap_last(g, y), swap_last(g, x)])
    return g.op("MatMul", [x, y])


def rng_types(g):
    return g.rng.choice([FLOATS, FLOATS, SMALL_INTS])


def attention(g):
    x = g.pick(least=2)
    scores = g.op("MatMul", [x, swap_last(g, x)])
    return g.op("MatMul", [g.op("Softmax", [scores], axis=-1 if g.opset >= 11 else g[x].ndim - 1), x])


def gemm(g):
    x, rng = g.pick(rng_types(g), rank=2), g.rng
    left, right = rng.randint(0, 1), rng.randint(0, 1)
    rows, inner = g[x].shape[::-1] if left else g[x].shape
    columns, dtype = rng.choice([1, 3, 8, 17, 40]), g[x].dtype
    inputs = [x, g.either(dtype, [columns, inner] if right else [inner, columns])]
    bias = rng.choice([None, [columns], [rows, columns], [rows, 1], [1, columns], [1], []])
    if bias is not None or g.opset < 11:
        inputs.append(g.constant(g.draw(dtype, [columns] if bias is None else bias)))
    scales = {"alpha": rng.choice([1.0, 0.5, -2.0]), "beta": rng.choice([1.0, 0.0, 0.3])} if dtype.kind == "f" else {}
    return g.op("Gemm", inputs, transA=left, transB=right, **scales)


def picture(g, rank, types=FLOATS):
    try:
        return g.pick(types, rank=rank)
    except Unfit:
        sizes = [g.rng.choice([5, 7, 8, 11]) for _ in range(rank - 2)]
        return g.input(F32, [g.rng.choice([1, 2]), g.rng.choice([2, 3, 4, 6]), *sizes])


def divisors(number):
    return [part for part in range(1, number + 1) if number % part == 0] or [1]


def windows(g, count, pads):
    rng, options = g.rng, {}
    if rng.random() < 0.6:
        options["strides"] = [rng.choice([1, 2, 3]) for _ in range(count)]
    if rng.random() < 0.5:
        options["dilations"] = [rng.choice([1, 2, 3]) for _ in range(count)]
    if rng.random() < 0.1:
        options["auto_pad"] = "VALID"
    elif rng.random() < 0.7:
        options["pads"] = [rng.randint(0, pads) for _ in range(2 * count)]
    return options


def conv(g):
    count, rng = g.rng.choice([1, 2, 2, 2, 3]), g.rng
    x = picture(g, count + 2)
    dtype, channels = g[x].dtype, g[x].shape[1]
    groups, kernel = rng.choice(divisors(channels)), [rng.choice([1, 2, 3, 4]) for _ in range(count)]
    results = groups * rng.choice([1, 2, 3, 5])
    inputs = [x, g.constant(g.draw(dtype, [results, channels // groups, *kernel]))]
    if rng.random() < 0.6:
        inputs.append(g.constant(g.draw(dtype, [results])))
    return g.op("Conv", inputs, group=groups, **windows(g, count, 3))


def conv_transpose(g):
    count, rng = g.rng.choice([1, 2, 2, 3]), g.rng
    x = picture(g, count + 2)
    dtype, channels = g[x].dtype, g[x].shape[1]
    groups, kernel = rng.choice(divisors(channels)), [rng.choice([1, 2, 3, 4]) for _ in range(count)]
    results, options = rng.choice([1, 2, 3, 5]), windows(g, count, 2)
    if "strides" in options and "pads" not in options and rng.random() < 0.4:
        options["output_padding"] = [rng.randint(0, stride - 1) for stride in options["strides"]]
    inputs = [x, g.constant(g.draw(dtype, [channels, results, *kernel]))]
    if rng.random() < 0.6:
        inputs.append(g.constant(g.draw(dtype, [results * groups])))
    return g.op("ConvTranspose", inputs, group=groups, kernel_shape=kernel, **options)


def pool(g):
    count, rng = g.rng.choice([1, 2, 2, 3]), g.rng
    x = picture(g, count + 2)
    kind = rng.choice(["MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool"])
    if kind.startswith("Global"):
        return g.op(kind, [x])
    kernel = [rng.choice([1, 2, 3]) for _ in range(count)]
    options = {"kernel_shape": kernel}
    if rng.random() < 0.6:
        options["strides"] = [rng.choice([1, 2, 3]) for _ in range(count)]
    if rng.random() < 0.5:
        options["pads"] = [rng.randint(0, size - 1) for size in kernel * 2]
    if g.opset >= 10 and kind != "LpPool":
        options["ceil_mode"] = rng.randint(0, 1)
    if kind == "AveragePool":
        options["count_include_pad"] = rng.randint(0, 1)
    spread = options.get("pads", [0] * 2 * count)
    if any(size + low + high < window for size, low, high, window in
           zip(g[x].shape[2:], spread[:count], spread[count:], kernel)):
        raise Unfit("no window fits")
    if kind == "LpPool":
        options["p"] = rng.choice([1, 2, 3])
    return g.op(kind, [x], 2 if kind == "MaxPool" and rng.random() < 0.3 else 1, **options)


def batch_norm(g):
    x = g.pick(least=2)
    dtype, channels = g[x].dtype, g[x].shape[1]
    parameters = [g.constant(g.draw(dtype, [channels])) for _ in range(3)]
    variance = g.constant(np.abs(g.draw(dtype, [channels])) + dtype.type(0.1))
    return g.op("BatchNormalization", [x, *parameters, variance], epsilon=1e-3)


def norm(g):
    x, rng = g.pick(least=2), g.rng
    shape, dtype = g[x].shape, g[x].dtype
    weight = lambda sizes: g.constant(g.draw(dtype, sizes))
    kind = rng.choice(["LayerNormalization", "InstanceNormalization", "LpNormalization", "GroupNormalization", "LRN"])
    if kind == "LayerNormalization":
        axis = rng.randint(-len(shape), len(shape) - 1)
        bias = [weight(shape[axis:])] if rng.random() < 0.6 else []
        return g.op(kind, [x, weight(shape[axis:]), *bias], axis=axis)
    if kind == "InstanceNormalization":
        if np.prod(shape[2:], dtype=int) < 2:
            raise Unfit("of one element ORT's answer is its rounding, where the bias is exact")
        return g.op(kind, [x, weight([shape[1]]), weight([shape[1]])])
    if kind == "LpNormalization":
        return g.op(kind, [x], axis=rng.randint(-len(shape), len(shape) - 1), p=rng.choice([1, 2]))
    if kind == "LRN":
        return g.op(kind, [x], size=rng.choice([1, 3, 5]), alpha=0.1, beta=0.6, bias=1.2)
    if g.opset < 21:
        raise Unfit("another operator before")
    return g.op(kind, [x, weight([shape[1]]), weight([shape[1]])], num_groups=rng.choice(divisors(shape[1])))


def resize(g):
    x, rng = picture(g, g.rng.choice([3, 4, 4])), g.rng
    shape = g[x].shape
    if g.opset < 11:
        scales = [1.0, 1.0] + [rng.choice([1.0, 2.0, 3.0]) for _ in shape[2:]]
        return g.op("Upsample" if g.opset < 10 else "Resize", [x, g.constant(np.array(scales, F32))],
                    mode=rng.choice(["nearest", "linear"]))
    mode, by_scale = rng.choice(["nearest", "linear", "cubic"]), rng.random() < 0.5
    places = ["half_pixel", "pytorch_half_pixel", "asymmetric", "half_pixel_symmetric" if g.opset >= 19 else "half_pixel"]
    options = {"mode": mode,
               "coordinate_transformation_mode": rng.choice(places + ([] if by_scale else ["align_corners"]))}
    if mode == "nearest":
        options["nearest_mode"] = rng.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic":
        options.update(cubic_coeff_a=rng.choice([-0.75, -0.5]), exclude_outside=rng.randint(0, 1))
    none = g.constant(np.zeros([0], F32)) if g.opset < 13 else ""
    if by_scale:
        scales = [1, 1] + [rng.choice([0.5, 0.6, 1.0, 1.5, 2.0, 2.3]) for _ in shape[2:]]
        return g.op("Resize", [x, none, g.constant(np.array(scales, F32))], **options)
    return g.op("Resize", [x, none, none, g.ints(list(shape[:2]) + [rng.randint(1, 13) for _ in shape[2:]])], **options)


def recurrent(g):
    rng, kind = g.rng, g.rng.choice(["LSTM", "GRU", "RNN"])
    x = picture(g, 3, (F32,))
    steps, batch, features = g[x].shape
    if not steps * batch * features:
        raise Unfit("empty")
    hidden, way = rng.choice([1, 3, 4, 7, 16]), rng.choice(["forward", "reverse", "bidirectional"])
    ways, gates = 2 if way == "bidirectional" else 1, {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    weight = lambda *shape: g.constant((g.numbers.randn(*shape) * 0.4).astype(F32))
    inputs = [x, weight(ways, gates * hidden, features), weight(ways, gates * hidden, hidden), "", "", ""]
    if rng.random() < 0.6:
        inputs[3] = weight(ways, 2 * gates * hidden)
    if rng.random() < 0.4:
        inputs[4] = g.input(I32, [batch], np.array([rng.randint(1, steps) for _ in range(batch)], I32))
    if rng.random() < 0.5:
        inputs[5] = g.input(F32, [ways, batch, hidden])
    options = {"hidden_size": hidden, "direction": way}
    if kind == "GRU":
        options["linear_before_reset"] = rng.randint(0, 1)
    if kind == "LSTM":
        inputs += [g.input(F32, [ways, batch, hidden]) if rng.random() < 0.5 else "",
                   weight(ways, 3 * hidden) if rng.random() < 0.3 else ""]
    while inputs[-1] == "":
        inputs.pop()
    return g.op(kind, inputs, 3 if kind == "LSTM" else 2, **options)


def einsum(g):
    x, rng = g.pick(least=2, fits=lambda value: value.ndim <= 4), g.rng
    letters, dtype = "abcd"[:g[x].ndim], g[x].dtype
    form = rng.choice(["permute", "product", "sum"])
    if form == "permute":
        kept = rng.sample(letters, rng.randint(0, len(letters)))
        return g.op("Einsum", [x], equation=f"{letters}->{''.join(kept)}")
    if form == "product":
        y = g.constant(g.draw(dtype, [g[x].shape[-1], 3]))
        return g.op("Einsum", [x, y], equation=f"{letters},{letters[-1]}z->{letters[:-1]}z")
    return g.op("Einsum", [x, g.constant(g.draw(dtype, g[x].shape))], equation=f"{letters},{letters}->{letters[0]}")


def quantize(g):
    if g.rng.random() < 0.3:
        return g.op("MatMulInteger", [g.input(U8, [3, 7]), g.input(I8, [7, 5])])
    x, zero = g.pick((F32,)), g.constant(np.array(3, g.rng.choice([I8, U8])))
    scale = g.constant(np.array(0.05, F32))
    return g.op("DequantizeLinear", [g.op("QuantizeLinear", [x, scale, zero]), scale, zero])


OPERATORS = [(matmul, 7), (attention, 2), (gemm, 3), (conv, 5), (conv_transpose, 4), (pool, 5), (batch_norm, 2),
             (norm, 5), (resize, 3), (recurrent, 2), (einsum, 2), (quantize, 1)]
