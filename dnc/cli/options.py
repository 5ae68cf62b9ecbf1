"""What the verbs share: types of arguments, common options, and how data and messages are printed.

Nothing here imports an engine when it is loaded, so that `dnc --help` is quick.
"""

from __future__ import annotations

import json
import os
import select
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from dnc.cli.help import Command, Option, language, option
from dnc.errors import (
    InputError,
    OptionError,
    ShortageError,
    StoreError,
    is_full,
    printable,
    room_in,
    why,
    without_numbers,
)
from dnc.files.remote import Query, fetched, is_url
from dnc.messages import LANGUAGES, in_language, localized, said

if TYPE_CHECKING:
    import polars as pl

    from dnc.checks.result import Conditions
    from dnc.checks.settings import Settings
    from dnc.law.rulebook import Rulebook
    from dnc.lists.brief import Brief
    from dnc.store.store import Store
    from dnc.store.verify import Findings

_Path = TypeVar("_Path")
_Asked = TypeVar("_Asked", bound="Conditions")

_SIGNS = {">=": "min_", "<=": "max_"}  # of conditions, and how their fields begin
STDOUT = Path("-")  # what a person types for it
_STDIN = Path("/dev/stdin")
_MOST_PIPED_BYTES = 20 * 10**9
_BLOCK_BYTES = 1 << 20
_LONGEST_WAIT = 1.0  # seconds, for a pipe
_PROGRESS_FROM_BYTES = 4_000_000  # smaller files are read before a progress bar could be seen
_log = {"json": False}  # whether lines on stderr are JSON objects
_typed_names: dict[str, str] = {}  # path of the copy of a pipe -> what the user typed


# Types of arguments


class _Read(click.ParamType[Any]):
    """A value that a function reads, which raises ValueError where it does not understand it; error: the message."""

    def __init__(self, name: str, error: str, read: Callable[[str], Any]) -> None:
        self.name, self._error, self._read = name, error, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._read(value) if isinstance(value, str) else value
        except ValueError:
            self.fail(localized("errors", "cli", self._error, value=value), param, ctx)


def _pair(text: str) -> tuple[str, str]:
    name, equals, rest = text.partition("=")
    if not equals or not name.strip():
        raise ValueError
    return name.strip(), rest.strip()


def _amount(text: str) -> tuple[float, str | None]:
    number, *currency = text.split()
    if len(currency) > 1:
        raise ValueError
    return float(number), currency[0] if currency else None


def _condition(text: str) -> tuple[str, float]:
    for sign, prefix in _SIGNS.items():
        what, found, limit = text.partition(sign)
        if found:
            return prefix + what.strip(), float(limit)
    raise ValueError


class _CompletedPath(click.ParamType[_Path]):
    """A path, of which a shell completes the names of files."""

    name = "path"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="file")]


class _Target(_CompletedPath["Path | str"]):
    """Where to write: a path, or a URL, which stays as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        return value if is_url(value) else Path(value)


class _FilePath(_CompletedPath[Path]):
    """The path of a file or folder to read; `-` is stdin, and a URL names an object.

    A pipe or device can be read only once, but a check reads its list twice (checksum, then rows): it is copied to a
    temporary file first, and so is an object.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if is_url(value) and ctx is not None:
            below = ctx.find_root().with_resource(tempfile.TemporaryDirectory(prefix="dnc-"))
            with room_in(tempfile.gettempdir()):
                copy = fetched(str(value), Path(below))
            _typed_names[str(copy)] = str(value)
            return copy
        if value == "":  # which would be the working folder
            self.fail(localized("errors", "path_empty"), param, ctx)
        path = _STDIN if str(value) == "-" else Path(value)
        try:
            status = path.stat()
        except OSError:
            return path  # the reader reports what is wrong, with its own advice
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or ctx is None:
            return path
        copies: dict[tuple[int, int], Path] = ctx.meta.setdefault(__name__, {})
        identity = status.st_dev, status.st_ino
        if identity not in copies:
            folder = ctx.find_root().with_resource(tempfile.TemporaryDirectory(prefix="dnc-"))
            copies[identity] = _copied(path, Path(folder))
        return copies[identity]


def _copied(path: Path, folder: Path) -> Path:
    """The content of a pipe as a file that only its owner can read; messages show the name that was typed."""
    file = folder / path.name
    _typed_names[str(file)] = str(path)
    left = _MOST_PIPED_BYTES
    try:
        with _opened(path) as pipe, os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            while block := _next_block(pipe):
                left -= len(block)
                if left < 0:
                    raise InputError(localized("errors", "cli", "pipe_large"), path)
                out.write(block)
            if out.tell() == 0 and stat.S_ISFIFO(os.fstat(pipe.fileno()).st_mode):
                raise InputError(localized("errors", "cli", "pipe_empty"), path)
    except OSError as error:
        if is_full(error):
            raise ShortageError(localized("errors", "temp_full", place=tempfile.gettempdir())) from None
        raise InputError(localized("errors", "unread", why=why(error)), path) from None
    return file


def _opened(path: Path) -> FileIO:
    """A pipe or device to read. Stdin may belong to another user, and then it cannot be opened again by its path."""
    return FileIO(os.dup(0) if path == _STDIN else path)


def _next_block(pipe: FileIO) -> bytes | None:
    """What can be read next; empty at the end.

    Python hears a signal that comes right before it waits for the pipe only when the wait is over, so that ends early.
    """
    while sys.platform != "win32" and not select.select([pipe], [], [], _LONGEST_WAIT)[0]:
        pass
    return pipe.read(_BLOCK_BYTES)


class _List(_FilePath):
    """A list to read: a file, or a URL, which stays as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if is_url(value) else super().convert(value, param, ctx)


_PATH = click.Path()  # one for all verbs: click searches folders for a translation of its name
FILE, LIST, TARGET = _FilePath(), _List(), _Target()
DATE = _Read("date", "date", date.fromisoformat)
PAIR = _Read("name=value", "pair", _pair)
AMOUNT = _Read("amount", "amount", _amount)
_CONDITION = _Read("condition", "condition", _condition)


# Options


def together(*options: Option) -> Option:
    """Several options as one, which help lists in this order."""

    def add(command: Command) -> Command:
        for add_one in reversed(options):
            command = add_one(command)
        return command

    return add


REGION = option("--region", metavar="COUNTRY", callback=lambda ctx, param, value: value and value.upper())
SHEET = option("--sheet", metavar="NAME")
MAP = option("--map", "maps", type=PAIR, multiple=True, metavar="OURS=THEIRS")
AROUND = option("--around", type=click.Choice(["read", "undecided"]))
IGNORE = option("--ignore", multiple=True, metavar="COLUMN")
CONSENTS = option("--consents", type=FILE)


LANG = option("--lang", type=click.Choice(LANGUAGES), expose_value=False)  # `language` gives it to all that prints
JSON = option("--json", "as_json", is_flag=True)


def store_options(command: Command) -> Command:
    """Let a verb take --store and --rules too, which may be before or after its name."""

    def keep(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.obj[param.name] = value

    for name in ("rules", "store"):
        command = option(f"--{name}", name, type=_PATH, expose_value=False, callback=keep)(command)
    return command


def store_verb(command: Command) -> Command:
    """A verb with --lang and `store_options`."""
    return LANG(store_options(command))


# Facts and settings of calls.
_CALLS = together(
    REGION,
    option("--at", metavar="DATE"),
    option("--set", "given", type=PAIR, multiple=True, metavar="COLUMN=VALUE"),
    option("--brief", type=FILE),
    option("--accept", type=PAIR, multiple=True, metavar="WHAT=REASON"),
    LANG,
)
# What tells how a list is read, for a check and for one of its rows.
_READING = together(
    MAP,
    IGNORE,
    CONSENTS,
)
# How one call is decided, or a row of a list, and how that is read.
row_options = together(SHEET, AROUND, _READING, _CALLS)
# The same for all rows of a list.
list_options = together(
    _READING,
    _CALLS,
    option("--require", multiple=True, type=_CONDITION, metavar="CONDITION"),
    option("--quiet", is_flag=True),
    option("--query", metavar="SQL"),
)


# What the options refer to


def open_store() -> Store:
    """The store of --store, $DNC_STORE or the working folder."""
    from dnc.store.store import Store

    return Store(click.get_current_context().obj["store"])


def load_rules() -> Rulebook:
    """The built-in rules, with those of --rules."""
    from dnc.law.rulebook import Rulebook

    return Rulebook.load(rules_folder())


def tell_changes(book: Rulebook) -> None:
    """Name on stderr the rules that the files of --rules changed."""
    from dnc.reports.phrases import rules_changed

    for line in rules_changed(book, language()):
        say(line)


def rules_folder() -> str | None:
    """The folder of --rules."""
    folder: str | None = click.get_current_context().obj["rules"]
    return folder


def settings_of(rulebook: Rulebook | None = None, *, for_one_call: bool = False) -> Settings:
    """The settings that the options of `list_options` or `row_options` tell.

    Args:
        rulebook: the law, if it has been read.
        for_one_call: the facts of --set are those of one call, so they are not declared for a list.
    Raises:
        click.UsageError: an option is wrong (exit code 2). InputError: the file of the brief is (exit code 4).
    """
    from dnc.checks.settings import Settings

    typed = click.get_current_context().params
    return Settings(
        brief=_brief_of(typed, {} if for_one_call else dict(typed["given"])),
        rulebook=rulebook or load_rules(),
        accept=dict(typed["accept"]),
        language=language(),
        at=typed["at"],
        consents=typed["consents"],
    )


def conditions_of(kind: type[_Asked], **more: Any) -> _Asked:
    """The conditions of --require, as `Conditions` of a kind, with more fields. Raises click.UsageError."""
    names, required = [field.name for field in fields(kind)], dict[str, float]()
    signs = {prefix: sign for sign, prefix in _SIGNS.items()}
    known = {name: name[4:] + signs[name[:4]] for name in names if name[:4] in signs}
    for name, limit in click.get_current_context().params["require"]:
        if name not in known:
            raise click.UsageError(localized("errors", "cli", "no_condition", known=", ".join(known.values())))
        if required.setdefault(name, limit) != limit:
            raise click.UsageError(localized("errors", "cli", "twice", name=known[name]))
        try:
            kind(**{name: limit})
        except OptionError:
            typed = f"{known[name]}{limit:g}"
            raise click.UsageError(localized("errors", "cli", "condition", value=typed)) from None
    return kind(**required, **more)


def _brief_of(typed: Mapping[str, Any], facts: Mapping[str, str]) -> Brief:
    """The brief of --brief with what other options override."""
    from dnc.lists.brief import Brief, read_brief

    brief = read_brief(typed["brief"]) if typed["brief"] else Brief()
    with as_usage():
        maps, rest = by_name(typed["maps"]), {name: typed.get(name) for name in ("sheet", "around")}
        return brief.but(typed["region"], maps, facts, typed["ignore"], **rest)


@contextmanager
def as_usage() -> Iterator[None]:
    """Raise click.UsageError (exit code 2) where what an option says is not understood."""
    try:
        yield
    except InputError as error:
        raise click.UsageError(in_language(error.message, language())) from None


def by_name(maps: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """The columns of --map; one that is named several times gets a list."""
    names: dict[str, list[str]] = {}
    for ours, theirs in maps:
        names.setdefault(ours, []).append(theirs)
    return {ours: theirs if len(theirs) > 1 else theirs[0] for ours, theirs in names.items()}


# Printing


def say(text: str, level: str = "info", code: int | None = None) -> None:
    """Print a line to stderr; control characters, for instance in file names, are shown as `?`, numbers as `…`.

    Args:
        level: `info`, `warning` or `error`; code: the exit code that follows. Both are shown with --log-json, which
            makes the line a JSON object.
    """
    for path, typed in _typed_names.items():
        text = text.replace(path, typed)
    text = without_numbers(printable(text))
    if _log["json"]:
        if not text.strip():
            return
        entry: dict[str, object] = {"level": level, "message": text.strip()} | ({} if code is None else {"code": code})
        text = json.dumps(entry, ensure_ascii=False)
    click.echo(text, err=True)


def tell(section: str, *path: str, **values: object) -> None:
    """Print a message of the catalogue to stderr, see `dnc.messages.said`."""
    say(said(language(), section, *path, **values))


def show(text: str) -> None:
    """Print lines for people to stdout; control characters of names are shown as `?`."""
    for line in text.split("\n"):
        click.echo(printable(line))


def show_findings(findings: Findings, store: Store, error: str) -> None:
    """Print what a verification found; raises StoreError if anything is wrong. error: key of its message."""
    for note in findings.notes:
        say(in_language(note, language()))
    for fault in findings.faults:
        show(in_language(fault, language()))
    if findings.faults:
        key = error if findings.damage else "set_back"
        raise StoreError(localized("errors", key, store=store.path, n=len(findings.faults)))


def log_as_json(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """The callback of --log-json."""
    _log["json"] = value


def source_of(files: Sequence[Path | str], query: str | None) -> Sequence[Path | str] | Query:
    """The list that the arguments of a verb name: files and URLs, or the query of a database."""
    if query is None:
        return files
    if len(files) != 1 or not is_url(files[0]):
        raise click.UsageError(localized("errors", "cli", "query_url"))
    return Query(str(files[0]), query)


@contextmanager
def progress_bar(paths: Sequence[Path | str], quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on stderr if that is a terminal and the files are large; yields its update function or None."""
    if quiet or _log["json"] or not sys.stderr.isatty() or any(map(is_url, paths)):
        yield None
        return
    from dnc.files.dataset import file_list
    from dnc.files.open_table import count_rows

    files = file_list(paths)
    existing = [file.path for file in files.files if file.path.exists()]
    if sum(path.stat().st_size for path in existing) < _PROGRESS_FROM_BYTES:
        yield None
        return
    with click.progressbar(length=sum(map(count_rows, existing)), label=files.name, file=sys.stderr) as bar:
        yield bar.update


def exit_code(counts: Mapping[str, int]) -> int:
    """The exit code for rows by outcome: 1 if any is blocked, else 3 if any is undecided, else 0."""
    return 1 if counts["blocked"] else 3 if counts["undecided"] else 0


def print_csv(frame: pl.DataFrame) -> None:
    """Print a frame to stdout as CSV."""
    from dnc.files.output_rows import OutputRows
    from dnc.files.writers import Csv

    Csv(sys.stdout.buffer, frame.columns).add(OutputRows.of(frame))
    sys.stdout.buffer.flush()


def write_rows(frame: pl.DataFrame, out: Path | str | None, delimiter: str = ",", *, bom: bool = False) -> None:
    """Write a frame to a file, by its suffix; to stdout as CSV without one.

    delimiter: of a CSV file. bom: whether it begins with a byte-order mark, without which Excel reads no UTF-8.
    """
    from dnc.files.output_file import output
    from dnc.files.output_rows import OutputRows

    if out is None or str(out) == "-":
        print_csv(frame)
    else:
        with output(out, frame.columns, delimiter, bom) as writer:
            writer.add(OutputRows.of(frame))


def print_rows(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    """Print rows to stdout as CSV."""
    import polars as pl

    print_csv(pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None))
