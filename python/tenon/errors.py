"""What failing calls raise."""

import enum


class Code(enum.IntEnum):
    """Kinds of failure; the values are those of tenon_code in tenon.h."""

    INVALID_ARGUMENT = 1
    INVALID_BUNDLE = 2
    UNSUPPORTED = 3
    IO = 4
    OUT_OF_MEMORY = 5
    NO_DEVICE = 6
    EXECUTION = 7
    INTERNAL = 8
    COMPILATION = 100
    """The compiler refused the model (it has no code in tenon.h)."""


class Error(Exception):
    """A refusal or failure of Tenon.

    `code` says which kind; `node` is the model's node to blame, or "".
    """

    code: Code
    node: str

    def __init__(self, message: str, code: int = Code.INTERNAL, node: str = ""):
        super().__init__(f"{node}: {message}" if node else message)
        self.code = Code(code)
        self.node = node
