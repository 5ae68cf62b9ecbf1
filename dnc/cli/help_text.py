"""The help of the verbs in the language of messages: `help_fr.toml` has it in French, by the English of the code."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import click

from dnc.cli.options import language
from dnc.messages import typeset


@cache
def help_words(language: str) -> dict[str, str]:
    """What help says in a language, by what it says in English; nothing where it is not translated."""
    if language != "fr":
        return {}
    from dnc.cache import shipped_toml

    return shipped_toml("dnc.cli", "help_fr.toml")


def _said(text: str) -> str:
    return typeset(help_words(language()).get(text, text), language())


def _with_extra(text: str) -> str:
    """The help of an option, with what click adds to it."""
    told, _, extra = text.rpartition("  [")
    if text in help_words(language()) or not told:
        return _said(text)
    parts = (part.partition(": ") for part in extra.removesuffix("]").split("; "))
    return f"{_said(told)}  [{_said('; ').join(_said(name + colon) + value for name, colon, value in parts)}]"


class _Formatter(click.HelpFormatter):
    """Writes what click writes, in the language of messages."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or _said("Usage: "))

    def write_heading(self, heading: str) -> None:
        super().write_heading(_said(heading))

    def write_text(self, text: str) -> None:
        super().write_text("\n\n".join(_said(" ".join(part.split())) for part in text.split("\n\n")))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _with_extra(text)) for name, text in rows], col_max, col_spacing)


class Context(click.Context):
    """A context whose help is in the language of messages."""

    formatter_class = _Formatter
