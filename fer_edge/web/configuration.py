"""The settings in use, to read: value, source and sentence of each, and the handbook that explains them all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from aiohttp import web

from fer_edge.config import handbook
from fer_edge.sinks.payloads import without_secrets

if TYPE_CHECKING:
    from fer_edge.settings import Settings
    from fer_edge.web.node import Node


class Configuration:
    """Routes that tell a node's settings; none changes anything."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.routes: Mapping[str, Callable[[web.Request], Any]] = {
            "/settings.json": self._settings,
            "/handbook": self._handbook,
        }

    async def _settings(self, _: web.Request) -> web.Response:
        return web.json_response({"settings": list(rows(*self._node.configuration()))})

    async def _handbook(self, _: web.Request) -> web.Response:
        return web.Response(text=await asyncio.to_thread(page, handbook.markdown()), content_type="text/html")


def rows(settings: Settings, origins: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Each setting: ``name``, ``value`` as YAML would say it, ``source``, ``what`` it does, ``values`` allowed.

    ``value`` is None where it is a secret, or names one's file.
    """
    for name, field, value in handbook.each(settings):
        plain = without_secrets({name.rsplit(".", 1)[-1]: _json(value)})
        shown = next(iter(plain.values())) if plain else None
        yield {
            "name": name,
            "value": _said(shown) if plain else None,
            "source": origins.get(name, "default"),
            "what": handbook.sentence(field),
            "values": handbook.values(field).replace("`", ""),
        }


def _json(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def _said(value: Any) -> str:
    if value is None or value == []:
        return "(empty)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_said(item)}" for name, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def page(markdown: str) -> str:
    """The handbook as a page. Every setting's row is found by its full name; knows the Markdown that is in it."""
    body = "\n".join(_blocks(markdown))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>fer-edge: configuration</title>
<link rel="icon" href="icon.svg"><link rel="stylesheet" href="page.css"></head>
<body><main class="book">{body}</main></body></html>
"""


def _blocks(markdown: str) -> Iterator[str]:
    group, seen, table, tables, heads = "", set[str](), False, 0, 0
    for line in [*markdown.splitlines(), ""]:
        row = line.startswith("|")
        if table and not row:
            yield "</tbody></table></div>"
        if heading := re.match(r"(#+) (.*)", line):
            heads = min(len(heading[1]), heads + 1)
            group = heading[2].strip("`") if heading[2].startswith("`") else ""
            yield (
                f'<h{heads} id="{escape(group)}">{_inline(heading[2])}</h{heads}>'
                if group
                else f"<h{heads}>{_inline(heading[2])}</h{heads}>"
            )
        elif row:
            cells = [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not table:
                head = "".join(f"<th>{_inline(cell)}</th>" for cell in cells)
                tables += 1
                told = escape(group or "the top level")
                yield f'<div class="scroll" tabindex="0" role="region" aria-label="Table {tables}: settings of {told}">'
                yield f"<table><thead><tr>{head}</tr></thead><tbody>"
            elif not set(line) <= set("|-"):
                told = "".join(f"<td>{_inline(cell)}</td>" for cell in cells)
                yield f"<tr{_anchor(group, cells[0], seen)}>{told}</tr>"
        elif line and not line.startswith("<!--"):
            yield f"<p>{_inline(line)}</p>"
        table = row


def _anchor(group: str, cell: str, seen: set[str]) -> str:
    """The id of a row; of several kinds that have the same setting the first has it."""
    name = ".".join(filter(None, (group, cell.strip().strip("`"))))
    if name in seen:
        return ""
    seen.add(name)
    return f' id="{escape(name)}"'


def _inline(text: str) -> str:
    text = escape(text.strip(), quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"<em>\1</em>", text)
