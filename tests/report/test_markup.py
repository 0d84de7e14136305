"""Elements escape what they take in, once."""

from __future__ import annotations

from edgewise.report.markup import Markup, element, escape, join

from .pages import INJECTED, ParsedPage


def test_an_element_escapes_text_and_attributes_and_keeps_markup():
    for name in INJECTED:
        page = ParsedPage(element("g", element("title", name), name, data_of=name))
        assert [tag for tag, _ in page.tags] == ["g", "title"]
    inner = element("b", "<")
    assert element("g", inner) == "<g><b>&lt;</b></g>" and escape(inner) is inner


def test_what_is_joined_outside_is_no_markup_any_more():
    """Text added to markup by `+` must not pass as escaped."""
    assert not isinstance(element("g") + "<script>", Markup)
    assert isinstance(join([element("g"), "<script>"]), Markup) and "<script>" not in join([element("g"), "<script>"])


def test_names_of_attributes_and_coordinates():
    assert element("a", class_="c", text_anchor="end", x=1 / 3, n=3, missing=None) == (
        '<a class="c" text-anchor="end" x="0.3" n="3"/>'
    )
