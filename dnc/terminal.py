"""What the verbs share: how days are typed, where things are, how data and narration are printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from dnc.errors import printable

if TYPE_CHECKING:
    import polars as pl

    from dnc.rulebook import Rulebook
    from dnc.store import Store


class _Day(click.ParamType[date]):
    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; write YYYY-MM-DD", param, ctx)


class _Pair(click.ParamType[tuple[str, str]]):
    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, rest = str(value).partition("=")
        if not equals or not name.strip():
            self.fail(f"{value!r} is not written name=value", param, ctx)
        return name.strip(), rest.strip()


DAY, PAIR = _Day(), _Pair()
REGION = click.option(
    "--region",
    callback=lambda ctx, param, value: value and value.upper(),
    help="Numbering plan of numbers in national form, e.g. FR.",
)


def say(text: str) -> None:
    """A line of narration on stderr; what a terminal would obey in a name is shown as `?`."""
    click.echo(printable(text), err=True)


_PLACES = {
    "rules": "Folder of rule files that add to those that ship, or replace them.",
    "store": "Folder of the store; else $DNC_STORE, else dnc-store.",
}


def both(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that takes --store and --rules behind the verb as well."""

    def keep(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.obj[param.name] = value

    for name, told in _PLACES.items():
        option = click.option(f"--{name}", name, type=click.Path(), expose_value=False, callback=keep, help=told)
        command = option(command)
    return command


def store_of(ctx: click.Context) -> Store:
    """The store that was named."""
    from dnc.store import Store

    return Store(ctx.obj["store"])


def book_of(ctx: click.Context) -> Rulebook:
    """The rules that were named."""
    from dnc.rulebook import Rulebook

    return Rulebook.load(ctx.obj["rules"])


def print_csv(frame: pl.DataFrame) -> None:
    """A frame on stdout."""
    from dnc.report import CsvStream
    from dnc.rows import Rows

    stream = CsvStream(sys.stdout.buffer, frame.columns)
    stream.add(Rows.of(frame))
    sys.stdout.buffer.flush()


def print_rows(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    """Rows on stdout as CSV."""
    import polars as pl

    print_csv(pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None))
