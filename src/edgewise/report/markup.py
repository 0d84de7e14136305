"""Elements of SVG and MathML as text. An element escapes whatever it takes in, unless that is markup already."""

from __future__ import annotations

import html
from collections.abc import Iterable

from ..plotting.wording import clean


class Markup(str):
    """Text made of elements. Only `element` and `join` make it, and templates insert it unescaped."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


NOTHING_BETWEEN = Markup()


def escape(value: object) -> Markup:
    """Any text on one clean line, escaped for content and attributes; markup stays as it is.

    >>> escape("<b> & '")
    '&lt;b&gt; &amp; &#x27;'
    """
    return value if isinstance(value, Markup) else Markup(html.escape(clean(value), quote=True))


def join(parts: Iterable[object], between: Markup = NOTHING_BETWEEN) -> Markup:
    """The parts one after the other, each escaped, with `between` in between.

    >>> join(["<", element("g")])
    '&lt;<g/>'
    """
    return Markup(between.join(map(escape, parts)))


def element(name: str, *children: object, **attributes: object) -> Markup:
    """One element with its children.

    An underscore in an attribute's name stands for a hyphen, and `class_` for class. An attribute that is None is left
    out. Floats are coordinates in pixels: they are rounded to a tenth.

    >>> element("text", "a < b", x=1.25, text_anchor="end", class_="tick")
    '<text x="1.2" text-anchor="end" class="tick">a &lt; b</text>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{f"{value:.1f}" if isinstance(value, float) else escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = join(children)
    return Markup(f"<{name}{given}>{inner}</{name}>" if inner else f"<{name}{given}/>")
