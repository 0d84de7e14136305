"""Pieces of a formula know their kind and place."""

from __future__ import annotations

import pytest

from edgewise.errors import SymbolicError
from edgewise.imports.tokens import Token, tokens


def test_every_piece_knows_where_it_begins():
    assert tokens(" a1 ** 2.5e-3*`b c`") == [
        Token("name", "a1", 0.0, 1),
        Token("sign", "**", 0.0, 4),
        Token("number", "2.5e-3", 2.5e-3, 7),
        Token("sign", "*", 0.0, 13),
        Token("quoted", "b c", 0.0, 14),
        Token("end", "", 0.0, 19),
    ]


@pytest.mark.parametrize("text", ["x ? 1", "x @ y", 'x + "y"', "x\\y", "x # y", "٣ + x", "½*x", "²"])
def test_letters_that_no_formula_has_are_named_with_their_place(text):
    with pytest.raises(SymbolicError, match="cannot be read.*at character"):
        tokens(text)
