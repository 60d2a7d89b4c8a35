"""The drafts as a page for browsers."""

import html
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from attendance.privacy.blocks import Block, Heading, Item, Table, blocks

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.3rem .5rem;text-align:left;"
    "vertical-align:top}ul.boxes{list-style:'\\2610\\00a0'}@media print{body{margin:0}h1{break-before:page}"
    "h1:first-of-type{break-before:auto}}"
)


def to_html(text: str, language: str) -> str:
    """A page that stands alone: no script, nothing from elsewhere."""
    found = list(blocks(text))
    title = next((each.text for each in found if isinstance(each, Heading)), "")
    body = "\n".join(_html(found))
    return (
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n{body}\n</html>\n"
    )


def _html(found: list[Block]) -> Iterator[str]:
    for kind, same in groupby(found, key=lambda each: (type(each), getattr(each, "box", None))):
        if kind[0] is Item:
            items = "".join(f"<li>{html.escape(each.text)}</li>" for each in same if isinstance(each, Item))
            yield f"<ul{' class=boxes' if kind[1] else ''}>{items}</ul>"
        else:
            yield from map(_one, same)


def _one(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{html.escape(block.text)}</h{block.level}>"
    if isinstance(block, Table):
        head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in block.head)
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<p>{html.escape(block.text)}</p>"
