"""Briefs as tests make them: merged from parts, and written as TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

Entries = dict[str, Any]


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Entries:
    """Two briefs as one: tables are joined key by key, lists of columns one after the other, the second part wins."""
    both = dict(under)
    for key, value in over.items():
        old = both.get(key)
        if isinstance(value, Mapping):
            both[key] = merged(old if isinstance(old, Mapping) else {}, value)
        elif key == "ignore":
            both[key] = [*(old or []), *(name for name in value if name not in (old or []))]
        else:
            both[key] = value
    return both


def as_toml(entries: Mapping[str, Any], path: str = "") -> str:
    """Entries as the text of a brief; keys and words of any characters are quoted."""
    tables = {key: value for key, value in entries.items() if isinstance(value, Mapping)}
    lines = [f"{_quoted(key)} = {_value(value)}\n" for key, value in entries.items() if key not in tables]
    head = f"[{path}]\n" if path and lines else ""
    dotted = {key: f"{path}.{_quoted(key)}" if path else _quoted(key) for key in tables}
    return head + "".join(lines) + "".join("\n" + as_toml(table, dotted[key]) for key, table in tables.items())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _quoted(value) if isinstance(value, str) else str(value).lower()


def pasted(message: str) -> Entries:
    """The block of a brief with which a message ends; empty where there is none."""
    lines = message.splitlines()
    for at in range(len(lines)):
        try:
            if entries := tomllib.loads("\n".join(line.strip() for line in lines[at:])):
                return entries
        except tomllib.TOMLDecodeError:
            continue
    return {}
