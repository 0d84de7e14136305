"""Small pieces of HTML: escaped text, tables, numbers. Whatever comes from outside passes through `escape`."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..plotting.wording import clean, number


def escape(value: object) -> str:
    """Any text as HTML, on one clean line and safe in attributes too.

    >>> escape("<b> & '")
    '&lt;b&gt; &amp; &#x27;'
    """
    return html.escape(clean(value), quote=True)


def figure(value: Any, digits: int = 4) -> str:
    """A number for a table; a dash for what is missing or not finite.

    >>> figure(0.123456), figure(None), figure(12345.6)
    ('0.1235', '–', '12346')
    """
    if value is None or isinstance(value, str):
        return escape(value) if value else "–"
    value = float(value)
    if not math.isfinite(value):
        return "–"
    if 1000 <= abs(value) < 1e6:
        return f"{value:.0f}".replace("-", "−")
    return number(value, digits)


def share(value: Any) -> str:
    """A part of 1 with as many nines as it has: 0.99997 must not read as 1.

    >>> share(0.99999712), share(0.5), share(1.0), share(-3.2)
    ('0.9999971', '0.5', '1', '−3.2')
    """
    if value is None or isinstance(value, str) or not 0.999 < float(value) < 1:
        return figure(value)
    digits = 1 - math.floor(math.log10(1 - float(value)))
    return f"{float(value):.{digits}f}".rstrip("0")


SHARES = ("r2", "accuracy")


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, marked: int | None = None, caption: str = "", style: str = ""
) -> str:
    """A table whose cells are HTML already; the first column is text, the others numbers. `marked` is the row that
    stands out. In the style 'stack' every row becomes a small list on narrow screens."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = ""
    for place, row in enumerate(rows):
        first, *others = row
        cells = [f'<td data-label="{label}">{cell}</td>' for label, cell in zip(head[1:], others, strict=True)]
        marks = ' class="marked"' if place == marked else ""
        body += f'<tr{marks}><th scope="row">{first}</th>' + "".join(cells) + "</tr>"
    title = f"<caption>{caption}</caption>" if caption else ""
    return (
        '<div class="scroll"><table'
        f' class="{style}">{title}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def section(ident: str, title: str, body: str, lead: str = "") -> str:
    """A titled part of the page; nothing where it has no body. `title` and `lead` are HTML."""
    if not body:
        return ""
    return (
        f'<section id="{ident}"><h2>{title}</h2>'
        + (f'<p class="lead">{lead}</p>' if lead else "")
        + f"{body}</section>"
    )


def score_table(rows: Mapping[str, Any], marked: int | None = 0) -> str:
    """Scores by name, each a number, several numbers by name, or a sentence that says why there are none."""
    keys = list(dict.fromkeys(key for row in rows.values() if isinstance(row, Mapping) for key in row))
    if any(isinstance(row, int | float) for row in rows.values()):
        keys = ["error", *[key for key in keys if key != "error"]]
    lines = []
    for name, row in rows.items():
        if isinstance(row, int | float):
            row = {"error": row}
        if isinstance(row, Mapping):
            lines.append([escape(name), *((share if key in SHARES else figure)(row.get(key)) for key in keys)])
        else:
            lines.append([escape(name) + f'<small class="note">{escape(row)}</small>', *("–" for _ in keys)])
    heads = {"rmse": "RMSE", "mae": "MAE", "r2": "R²"}
    return table(
        ["", *(heads.get(key) or escape(key.replace("_", " ")) for key in map(str, keys))], lines, marked=marked
    )


def code(text: str, label: str) -> str:
    """A block of code, as it is, with a button that copies it."""
    shown = html.escape(text, quote=False)
    button = f'<button type="button" class="copy" aria-label="Copy {escape(label)}">Copy</button>'
    return f'<div class="code"><pre tabindex="0"><code>{shown}</code></pre>{button}</div>'
