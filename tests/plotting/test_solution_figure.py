"""The figure of a solution shows what it is given."""

from __future__ import annotations

import numpy as np

from edgewise.plotting.solution_figure import solution_figure


def test_a_line_and_a_map():
    place, losses = np.linspace(0, 1, 7), np.array([1.0, 0.1, 0.0])
    left, middle, right = solution_figure([place], place**2, place, ["x0"], losses).axes
    assert np.allclose(left.lines[0].get_ydata(), place**2)
    assert np.allclose(np.asarray(middle.lines[0].get_ydata())[1:], np.log10(place[1:]))
    assert len(np.asarray(right.lines[0].get_ydata())) == 3
    other = np.linspace(2, 3, 4)
    values = place[:, None] + other
    figure = solution_figure([place, other], np.where(values > 3, np.nan, values), values, ["x0", "x1"], losses)
    mesh = figure.axes[0].collections[0]
    colours = np.ma.asarray(mesh.get_array())
    assert colours.shape == (4, 7) and np.allclose(colours[0, 0], 2.0)
    assert np.ma.getmaskarray(colours)[-1, -1] and figure.axes[0].get_ylabel() == "x1"
