"""Acceptance line "new op": adds an operation to a copy of the tree as docs/adding-an-op.md shows, as
nothing but a factor rule and a scalar body, and uses it between two others."""


def measure(full):
    return "not written yet", None
