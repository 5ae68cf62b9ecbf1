"""A brief as text: TOML that `dnc.checks.brief` reads back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_UNSEEN = re.compile(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")  # signs that no editor shows


def toml_text(value: Any) -> str:
    """A text of a file, a number, or a list of them, as TOML writes it, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml_text, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def brief_text(brief: Mapping[str, Any]) -> str:
    """A brief in TOML, its keys and tables in their order; empty tables are left out."""
    top = {key: value for key, value in brief.items() if not isinstance(value, Mapping)}
    return "".join([_lines(top), *(_table([key], value) for key, value in brief.items() if isinstance(value, Mapping))])


def _table(path: list[str], table: Mapping[str, Any]) -> str:
    below = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    entries = {key: value for key, value in table.items() if key not in below}
    own = f"\n[{'.'.join(map(_key, path))}]\n{_lines(entries)}" if entries else ""
    return own + "".join(_table([*path, key], value) for key, value in below.items())


def _lines(entries: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {toml_text(value)}\n" for key, value in entries.items())


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else toml_text(key)
