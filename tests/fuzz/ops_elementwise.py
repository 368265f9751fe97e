"""Element-wise nodes and reductions."""

import numpy as np

from graph import BOOL, F32, F64, FLOATS, I8, I16, I32, I64, INTS, SMALL_INTS, U8, U16, U32, U64, Unfit, broadcasts, onnx_type

UNARY = ("Abs Neg Exp Tanh Sigmoid Relu Erf Sqrt Ceil Floor Round Sign Softplus Softsign Sin Cos Atan Asinh Sinh "
         "Identity Reciprocal Elu Selu LeakyRelu HardSigmoid ThresholdedRelu Celu HardSwish Mish Gelu Log IsNaN "
         "Shrink").split()


def unary(g):
    x, kind, options = g.pick(), g.rng.choice(UNARY), {}
    if kind in ("Elu", "LeakyRelu", "ThresholdedRelu", "Celu"):
        options["alpha"] = g.rng.choice([0.1, 0.5, 1.3])
    elif kind == "HardSigmoid":
        options = {"alpha": g.rng.choice([0.2, 0.3]), "beta": g.rng.choice([0.4, 0.5])}
    elif kind == "Gelu":
        options["approximate"] = g.rng.choice(["none", "tanh"])
    elif kind == "Shrink":
        options = {"lambd": 0.7, "bias": 0.2}
    elif kind in ("Sqrt", "Log"):
        x = g.op("Abs", [x])
    return g.op(kind, [x], **options)


def unary_integer(g):
    return g.op(g.rng.choice(["Abs", "Neg", "Sign", "Identity", "BitwiseNot", "Relu"]), [g.pick(INTS)])


def binary(g):
    x = g.pick()
    y, kind = g.partner(x), g.rng.choice("Add Sub Mul Div Max Min Mean Sum PRelu Pow Mod".split())
    if g.rng.random() < 0.5 and kind != "PRelu":
        x, y = y, x
    if kind == "Pow":
        x = g.op("Abs", [x])
    if kind == "Mod":
        return g.op("Mod", [x, y], fmod=1)
    inputs = [x, y]
    if kind in ("Max", "Min", "Sum", "Mean") and g.rng.random() < 0.5:
        inputs = [x, y, g.partner(x)][:g.rng.randint(1, 3)]
    return g.op(kind, inputs)


def binary_integer(g):
    x = g.pick(INTS)
    y, rng = g.partner(x), g.rng
    kind = rng.choice("Add Sub Mul Div Mod Max Min BitwiseAnd BitwiseOr BitwiseXor BitShift Pow".split())
    dtype = g[x].dtype
    if kind in ("Div", "Mod") and (g[y] == 0).any():
        y = g.op("Max", [g.op("Abs", [y]) if dtype.kind == "i" else y, g.constant(np.array(1, dtype))])
    if kind == "Mod" and dtype.kind == "i" and rng.random() < 0.5:
        return g.op(kind, [x, y], fmod=1)
    if kind == "BitShift":
        return g.op(kind, [x, y], direction=rng.choice(["LEFT", "RIGHT"]))
    if kind == "Pow":
        return g.op(kind, [x, g.constant(np.array(rng.choice([0, 1, 2, 3]), dtype))])
    return g.op(kind, [x, y])


def compare(g):
    x = g.pick(g.rng.choice([FLOATS, INTS, (BOOL,)]))
    kinds = ["And", "Or", "Xor", "Equal"] if g[x].dtype == bool else \
        ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]
    return g.op(g.rng.choice(kinds), [x, g.partner(x)])


def where(g):
    x = g.pick(g.rng.choice([FLOATS, INTS]))
    y, shape = g.partner(x), g[x].shape
    try:
        condition = g.pick((BOOL,), fits=lambda value: broadcasts(value.shape, shape))
    except Unfit:
        condition = g.input(BOOL, [size if g.rng.random() < 0.7 else 1 for size in shape])
    return g.op("Where", [condition, x, y])


def cast(g):
    """To types that hold the values: what lies outside is ONNX Runtime's own affair."""
    x, to = g.pick(FLOATS + INTS + (BOOL,)), g.rng.choice([F32, F64, I32, I64, I8, U8, I16, BOOL, U16, U32, U64])
    value = g[x]
    if value.dtype.kind == "f" and np.dtype(to).kind in "iu":
        if g.sizes:
            raise Unfit("other sizes have other values")
        limits = np.iinfo(to)
        if not (np.isfinite(value).all() and (value > max(limits.min, -2.0**31)).all()
                and (value < min(limits.max, 2.0**31 - 1)).all()):
            raise Unfit("out of range")
    return g.op("Cast", [x], to=onnx_type(to))


REDUCTIONS = "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceSumSquare".split()
OF_FLOATS = ["ReduceL2", "ReduceLogSumExp", "ReduceLogSum"]


def reduce(g):
    x = g.pick(g.rng.choice([FLOATS, FLOATS, SMALL_INTS]), fits=lambda value: value.size > 0)
    kind = g.rng.choice(REDUCTIONS + OF_FLOATS if g[x].dtype.kind == "f" else REDUCTIONS)
    if kind == "ReduceLogSum":
        x = g.op("Abs", [x])
    if g[x].dtype.kind == "i" and np.abs(g[x].astype(F64)).max() > 2**20:
        raise Unfit("ONNX Runtime sums integers in floats")
    if kind == "ReduceProd" and np.abs(g[x].astype(F64)).clip(1).prod() > 2**30:
        raise Unfit("overflows, which ONNX Runtime does in a way of its own")
    rank, rng = g[x].ndim, g.rng
    axes = [axis - rank if rng.random() < 0.4 else axis for axis in sorted(rng.sample(range(rank), rng.randint(0, rank)))]
    options = {"keepdims": rng.randint(0, 1)}
    if g.opset < (13 if kind == "ReduceSum" else 18):
        return g.op(kind, [x], **options, **({"axes": axes} if axes else {}))
    if not axes and rng.random() < 0.4:
        options["noop_with_empty_axes"] = 1
    return g.op(kind, [x, g.ints(axes)] if axes else [x], **options)


def arg_reduce(g):
    x = g.pick(FLOATS + (I32,), least=1, fits=lambda value: value.size > 0)
    rank = g[x].ndim
    options = {} if g.opset < 12 else {"select_last_index": g.rng.randint(0, 1)}
    return g.op(g.rng.choice(["ArgMax", "ArgMin"]), [x], axis=g.rng.randint(-rank, rank - 1),
                keepdims=g.rng.randint(0, 1), **options)


def softmax(g):
    x = g.pick(least=1)
    rank = g[x].ndim
    return g.op(g.rng.choice(["Softmax", "Softmax", "LogSoftmax", "Hardmax"]), [x],
                axis=g.rng.randint(-rank if g.opset >= 11 else 0, rank - 1))


def clip(g):
    x = g.pick(FLOATS + SMALL_INTS)
    if g.opset < 11:
        return g.op("Clip", [x], min=-0.5, max=0.7)
    low, high = (g.constant(np.array(bound, g[x].dtype)) for bound in (-1, 1))
    return g.op("Clip", g.rng.choice([[x], [x, low], [x, "", high], [x, low, high]]))


def cumulative_sum(g):
    x = g.pick(FLOATS + SMALL_INTS, least=1)
    rank = g[x].ndim
    axis = g.constant(np.array(g.rng.randint(-rank, rank - 1), g.rng.choice(SMALL_INTS)))
    return g.op("CumSum", [x, axis], exclusive=g.rng.randint(0, 1), reverse=g.rng.randint(0, 1))


OPERATORS = [(unary, 10), (unary_integer, 2), (binary, 12), (binary_integer, 4), (compare, 3), (where, 3), (cast, 4),
             (reduce, 8), (arg_reduce, 3), (softmax, 4), (clip, 2), (cumulative_sum, 2)]
