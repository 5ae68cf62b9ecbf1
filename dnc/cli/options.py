"""What the verbs share: how days and files are typed, where things are, how data and narration are printed."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.errors import InputError, printable

if TYPE_CHECKING:
    import polars as pl

    from dnc.law.rulebook import Rulebook
    from dnc.store.store import Store


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


class _File(click.ParamType[Path]):
    """The path of a file or folder to read; what can be read only once, a pipe or a device, is put aside first."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        try:
            status = path.stat()
        except OSError:
            return path  # whoever reads it says what is wrong
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or ctx is None:
            return path
        aside: dict[tuple[int, int], Path] = ctx.meta.setdefault(__name__, {})
        identity = status.st_dev, status.st_ino
        if identity not in aside:
            folder = ctx.find_root().with_resource(tempfile.TemporaryDirectory(prefix="dnc-"))
            aside[identity] = _put_aside(path, Path(folder))
        return aside[identity]


def _put_aside(path: Path, folder: Path) -> Path:
    """What a pipe gives, as a file that its owner alone can read, and that is called as the pipe was in messages."""
    file = folder / path.name
    _called[str(file)] = str(path)
    left = _MOST_BYTES
    try:
        with (
            path.open("rb") as pipe,
            os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
        ):
            while block := pipe.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise InputError("gives more than 20 GB; name a file", path)
                out.write(block)
            if out.tell() == 0 and stat.S_ISFIFO(os.fstat(pipe.fileno()).st_mode):
                raise InputError("gives nothing; did the command before it fail?", path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from None
    return file


_MOST_BYTES = 20 * 10**9  # of a pipe
_BLOCK = 1 << 20
_called: dict[str, str] = {}  # what was put aside: its path → that which was typed
DAY, PAIR, FILE = _Day(), _Pair(), _File()
REGION = click.option(
    "--region",
    callback=lambda ctx, param, value: value and value.upper(),
    help="Numbering plan of numbers in national form, e.g. FR.",
)


def say(text: str) -> None:
    """A line of narration on stderr; what a terminal would obey in a name is shown as `?`."""
    for path, typed in _called.items():
        text = text.replace(path, typed)
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
    from dnc.store.store import Store

    return Store(ctx.obj["store"])


def book_of(ctx: click.Context) -> Rulebook:
    """The rules that were named."""
    from dnc.law.rulebook import Rulebook

    return Rulebook.load(ctx.obj["rules"])


def print_csv(frame: pl.DataFrame) -> None:
    """A frame on stdout."""
    from dnc.files.output_rows import Rows
    from dnc.files.writers import CsvStream

    stream = CsvStream(sys.stdout.buffer, frame.columns)
    stream.add(Rows.of(frame))
    sys.stdout.buffer.flush()


def print_rows(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    """Rows on stdout as CSV."""
    import polars as pl

    print_csv(pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None))
