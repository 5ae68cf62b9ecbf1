"""A brief as text: TOML that `dnc.lists.brief` reads back."""

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


def brief_text(brief: Mapping[str, Any], *path: str) -> str:
    """A brief in TOML, or its table at a path: keys and tables in their order."""
    below = {key: value for key, value in brief.items() if isinstance(value, Mapping)}
    lines = [f"{_key(key)} = {toml_text(value)}\n" for key, value in brief.items() if key not in below]
    name = [f"\n[{'.'.join(map(_key, path))}]\n"] if path and (lines or not below) else []
    return "".join([*name, *lines, *(brief_text(table, *path, key) for key, table in below.items())])


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else toml_text(key)
