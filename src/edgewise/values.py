"""What users give as settings: numbers and flags of numpy beside those of Python."""

from __future__ import annotations

from typing import Any


def plain_numbers(value: Any) -> Any:
    """A number of numpy's as Python's own, and so the numbers in a list or a tuple; all else as it is.

    >>> import numpy as np
    >>> plain_numbers(np.float64(0.5)), plain_numbers((np.int64(3), "auto")), plain_numbers("auto")
    (0.5, (3, 'auto'), 'auto')
    """
    if _is_numpys(value):
        return value.item()
    if type(value) in (list, tuple) and any(map(_is_numpys, value)):
        return type(value)(map(plain_numbers, value))
    return value


def _is_numpys(value: object) -> bool:
    import numpy as np  # as late as this: `import edgewise` alone loads no other package

    return isinstance(value, (np.number, np.bool_))


def is_flag(value: object) -> bool:
    """Whether a value is True or False, Python's or numpy's.

    >>> is_flag(False), is_flag(0), is_flag(None)
    (True, False, False)
    """
    return type(value).__name__ in ("bool", "bool_")
