"""A whole graph from a seed."""

import random

import numpy as np

import ops_control
import ops_elementwise
import ops_math
import ops_shape
from graph import F32, F64, I8, I16, I32, I64, U8, U32, Graph, Unfit

OPERATORS = (ops_elementwise.OPERATORS + ops_shape.OPERATORS + ops_math.OPERATORS + ops_control.OPERATORS)
TYPES = [F32] * 8 + [F64, I32, I64, U8, I8, I16, U32]
SIZES = (1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 19, 31, 33, 40)
MOST_NODES = 12


def first_inputs(g, rng):
    """One or two inputs; in one graph of four with named sizes, in one of twenty with empty tensors."""
    sizes = rng.sample(SIZES, 5) + ([0] if rng.random() < 0.05 else [])
    if rng.random() < 0.25:
        g.sizes = {"N": rng.choice([3, 6]), "M": rng.choice([5, 10])}
        sizes = sizes[:2] + 2 * list(g.sizes.values())
    for _ in range(rng.randint(1, 2)):
        shape = [rng.choice(sizes) for _ in range(rng.choice([0, 1, 2, 2, 3, 3, 4, 4, 5]))]
        while np.prod(shape) > 20000:
            shape[int(np.argmax(shape))] = 2
        g.input(rng.choice(TYPES), shape)


def draw(seed):
    """The graph of a seed; without nodes where nothing that was drawn suited."""
    rng, g = random.Random(seed * 7919 + 1), Graph(seed)
    first_inputs(g, rng)
    wanted = rng.randint(1, MOST_NODES)
    functions, weights = zip(*OPERATORS)
    for _ in range(wanted * 6):
        if len(g.nodes) >= wanted:
            break
        saved = dict(g.values), dict(g.inputs), dict(g.initializers), list(g.nodes), set(g.used)
        try:
            rng.choices(functions, weights)[0](g)
        except Unfit:
            g.values, g.inputs, g.initializers, g.nodes, g.used = saved
    return g
