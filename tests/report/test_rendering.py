"""The page as HTML: whole and balanced, self-contained, and safe whatever the data may be called."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources

import pytest

from edgewise.errors import MissingExtra
from edgewise.model import KAN
from edgewise.report import rendering, report

from .pages import INJECTED, ParsedPage, data

BOTH_PAGES = pytest.mark.parametrize("which", ["full", "hostile"])


@BOTH_PAGES
def test_page_is_balanced_and_ids_are_unique(which, request):
    page = ParsedPage(request.getfixturevalue(which))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert set(page.attributes("data-edge")) <= set(ids)
    assert {link.removeprefix("#") for tag, a in page.tags if tag == "a" for link in [a["href"] or ""]} <= set(ids)


@BOTH_PAGES
def test_page_loads_nothing(which, request):
    text = request.getfixturevalue(which)
    page = ParsedPage(text)
    assert not page.attributes("src") and not page.attributes("srcset") and not page.attributes("action")
    assert all(link.startswith("#") or link == "data:," for link in page.attributes("href"))
    assert not re.search(r"https?://|url\(|@import", text)
    assert {tag for tag, _ in page.tags} & {"img", "iframe", "object", "embed", "base", "form"} == set()


@BOTH_PAGES
def test_only_the_pages_own_script_may_run(which, request):
    text = request.getfixturevalue(which)
    page = ParsedPage(text)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert [tag for tag, _ in page.tags].count("script") == len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = next(a["content"] or "" for tag, a in page.tags if tag == "meta" and "http-equiv" in a)
    assert f"script-src 'sha256-{digest}';" in policy and "default-src 'none'" in policy
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "alert(1)" not in scripts[0]


def test_hostile_names_are_shown_as_text(hostile):
    text = ParsedPage(hostile).text
    for name in INJECTED:
        if len(name) < 30 and name.isprintable():
            assert " ".join(name.split()) in text


@BOTH_PAGES
def test_no_control_characters_reach_the_page(which, request):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", request.getfixturevalue(which))


def test_templates_escape_everything():
    """A filter or block that turns escaping off would let a column's name in as HTML."""
    for file in resources.files("edgewise.report").joinpath("templates").iterdir():
        assert not re.search(r"\bsafe\b|autoescape", file.read_text(encoding="utf-8")), file.name
    assert rendering.environment().from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


def test_jinja2_is_asked_for_by_name_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    rendering.environment.cache_clear()
    model = KAN((1, 1))
    with pytest.raises(MissingExtra, match="'jinja2'"):
        report(model, *data(model), closed_forms={})
