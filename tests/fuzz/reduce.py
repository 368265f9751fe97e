"""A failing graph with as few nodes as fail the same way: nodes are taken away one at a time, what they
made is fed with the reference's values, until none can go."""

import onnx
import numpy as np

import judge
from pool import Pool

TIMEOUT = 60


def outcome(make_bench, graph, nodes):
    """In a process of its own, which may die."""
    pool = Pool(make_bench, judge.judge_part, 1, TIMEOUT)
    return next(iter(pool.map([(graph, nodes)])))[1]


def reduce(make_bench, graph, kind):
    """The nodes that are left, and why they fail."""
    nodes, why, shrunk = list(graph.nodes), "", True
    while shrunk:
        shrunk = False
        for node in reversed(list(nodes)):
            rest = [other for other in nodes if other is not node]
            if not rest:
                continue
            found, reason = outcome(make_bench, graph, rest)
            if found == kind:
                nodes, why, shrunk = rest, reason, True
    return nodes, why


def save(folder, seed, graph, nodes):
    folder.mkdir(parents=True, exist_ok=True)
    model, feeds = graph.part(nodes)
    onnx.save(model, folder / f"{seed}.onnx")
    np.savez(folder / f"{seed}.npz", **feeds)
    return folder / f"{seed}.onnx"
