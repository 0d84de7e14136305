"""Formulas to copy."""

from __future__ import annotations

import pytest
import sympy

from edgewise.errors import ConfigError
from edgewise.model import KAN
from edgewise.report.sections.expressions import expressions
from edgewise.report.subject import Subject

from ..pages import data


def test_each_output_has_its_expression_as_python_and_as_latex():
    model = KAN((2, 2))
    subject = Subject.of(model, *data(model))
    x = sympy.Symbol("x1")
    found = expressions(subject, [x**2, "not an expression"], ["x1 is\ta column"])
    assert found is not None and found.notes == ("x1 is a column",)
    one, two = found.expressions
    assert (one.name, one.python, one.latex) == ("y1", "y1 = x1**2", "x_{1}^{2}")
    assert (two.python, two.latex) == ("y2 = not an expression", "")
    assert expressions(subject, None) is None
    with pytest.raises(ConfigError, match=r"one expression per output \(2\), got 1"):
        expressions(subject, [x])
