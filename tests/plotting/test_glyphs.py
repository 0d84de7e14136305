"""Letters that matplotlib's own font lacks: another font has them, or one warning of ours names them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import matplotlib
import pytest
from matplotlib import font_manager

from edgewise.errors import EdgewiseWarning
from edgewise.model import KAN
from edgewise.plotting import plot
from edgewise.plotting.glyphs import MISSING, families_for, without


@pytest.fixture(autouse=True)
def _fonts_of_matplotlib_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [font for font in font_manager.fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)


@pytest.fixture
def _no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def written(name: str, format: str = "png") -> list[str]:
    """The texts of a picture of a network with an input of this name, drawn as a file."""
    figure = plot(KAN((1, 1)), inputs=[name])
    figure.savefig(io.BytesIO(), format=format)
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_letters_that_no_font_has_are_named_once_and_drawn_as_boxes(format: str):
    with pytest.warns(EdgewiseWarning) as caught:
        texts = written("\u6e29\u5ea6 t", format)
    assert len(caught) == 1
    assert "no font here has \u5ea6, \u6e29" in str(caught[0].message) and "install a font" in str(caught[0].message)
    assert f"{MISSING}{MISSING} t" in texts


@pytest.mark.usefixtures("_no_warning")
@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_letters_that_another_font_has_are_drawn_in_it(format: str):
    letter = "\U0001d504"  # a Fraktur A: in matplotlib's fonts for formulas, not in its font for text
    assert letter in written(letter, format)
    families, lost = families_for([letter])
    assert families[:1] == matplotlib.rcParams["font.family"] and len(families) == 2 and not lost


@pytest.mark.usefixtures("_no_warning")
def test_a_font_of_the_user_that_lacks_letters_is_helped_out():
    with matplotlib.rc_context({"font.family": "cmr10", "axes.formatter.use_mathtext": True}):
        assert "gr\u00f6\u00dfe \u03c0" in written("gr\u00f6\u00dfe \u03c0")


@pytest.mark.usefixtures("_no_warning")
def test_plain_names_ask_for_no_other_font():
    assert families_for(["temperature", "x\u00b2", "\u221ax \u2212 \u03c0"]) == (
        matplotlib.rcParams["font.family"],
        set(),
    )


def test_marks_without_a_font_leave_the_letter_below_them():
    assert without("a\u1abf b", {"\u1abf"}) == "a b"
