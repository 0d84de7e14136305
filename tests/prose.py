"""The sentences of a Markdown page, as a reader counts them."""

from __future__ import annotations

import re

FENCE = re.compile(r"^\s*(```|~~~).*?^\s*\1[ \t]*$", flags=re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", flags=re.DOTALL)
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", flags=re.DOTALL)
IMAGE = re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])")
LINK = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
END = re.compile(r"(?<=[.!?])[)\]\"'*_]*\s+")
ABBREVIATIONS = ("e.g.", "i.e.", "al.", "cf.", "vs.", "eq.", "eqs.", "ch.", "no.", "...")  # these end no sentence


def blocks(page: str) -> list[str]:
    """The paragraphs and list items of a page, each on one line: no code blocks, tables, headings or comments."""
    found: list[list[str]] = [[]]
    listed = False  # inside a list, where indented lines are text
    after_gap = True  # the line before was blank or code
    for line in FENCE.sub("", COMMENT.sub("", page)).splitlines():
        if not line.strip():
            found.append([])
            after_gap = True
            continue
        item = ITEM.match(line)
        indented = line.startswith(("    ", "\t"))
        if after_gap and indented and not listed:
            continue  # an indented code block
        listed = bool(item) or (listed and (not after_gap or line[0].isspace()))
        after_gap = False
        if line.lstrip().startswith(("#", "|")):
            found.append([])
        elif item:
            found.append([line[item.end() :]])
        else:
            found[-1].append(line.lstrip("> "))
    return [" ".join(" ".join(block).split()) for block in found if block]


def sentences(page: str) -> list[str]:
    """The sentences of a page. A piece of inline code is one word, its spaces are shown as open boxes. A link
    is its text, an image is nothing, and a block that holds links alone is left out.

    Every full stop, question or exclamation mark before a space ends a sentence, but for `ABBREVIATIONS`.
    """
    found = []
    for block in blocks(page):
        text = IMAGE.sub("", CODE.sub(lambda found: found[0].replace(" ", "\N{OPEN BOX}"), block))
        if not words(LINK.sub("", text)):
            continue
        parts = [""]
        for part in END.split(LINK.sub(r"\1", text)):
            last = parts[-1].lower().split()[-1:]
            if last and last[0].lstrip("([\"'") in ABBREVIATIONS:
                parts[-1] += " " + part
            else:
                parts.append(part)
        found += [part for part in parts if words(part)]
    return found


def words(text: str) -> list[str]:
    """What stands between spaces and holds a letter or a digit."""
    return [word for word in text.split() if re.search(r"\w", word)]
