"""A page as HTML: the templates filled in, with the style, the script and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from .. import __version__
from ..errors import require
from . import pictures
from .drawing import edge_id
from .markup import Markup
from .page import Page
from .typesetting import equals, terms


def render(page: Page) -> str:
    """The page as one HTML file. Whatever it says is escaped by the templates; whatever it draws is `Markup`.

    Raises `MissingExtra` without jinja2.
    """
    script = static("report.js")
    return (
        environment()
        .get_template("page.html")
        .render(page=page, version=__version__, style=static("report.css"), script=script, policy=policy(script))
    )


@cache
def environment() -> Any:
    """The templates, with the functions that they may call."""
    jinja2 = require("jinja2")
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("edgewise.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {"pictures": pictures, "edge_id": edge_id, "equals": equals, "terms": terms}
    return made


def static(name: str) -> Markup:
    """A file of the package that goes into the page as it is."""
    return Markup(resources.files("edgewise.report").joinpath("static", name).read_text(encoding="utf-8"))


def policy(script: str) -> str:
    """What the page may load: nothing, and no script but this one, whatever a name in the data may hold."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )
