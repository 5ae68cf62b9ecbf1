"""The exceptions of this package.

    DncError
      InputError        an input file or value is wrong
        OptionError     an option is wrong; exit code 2
          RolesError    columns of a list have no role; its message ends with the lines of a brief that give them one
        LoaderError     no loader recognises the file, or several do
          FormatError   it does not have the format of its registry
        RuleError       a rules file does not follow the grammar
      StoreError        the store is locked, not a store, damaged or of another version
      ShortageError     memory or space on a disk ran out

A wrong file raises an exception, a wrong row does not: it becomes an `undecided` verdict, or is counted as an unread
listing. A message is one line, says what to do, and never quotes a telephone number or a line of a file. It comes from
the catalogue (`localized("errors", …)`): `str(error)` is English, `in_language(error.message, "fr")` French.
"""

from __future__ import annotations

import errno
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from dnc.messages import NOTHING, changed, figure, localized, messages

_FULL = re.compile(
    r"No space left on device|[Dd]isk quota exceeded|File too large|failed to offload|os error (?:27|28|122)\b"
)
_CLOSED = re.compile(r"^Broken pipe \(os error|^\[Errno 32\]|\(os error 232\)")  # the latter on Windows
_NO_MEMORY = re.compile(r"memory allocation of|[Cc]annot allocate memory|can't start new thread")
_MEMORY_ERRORS = ("MemoryError", "ArrowMemoryError", "OutOfMemoryException")
_WANTED = re.compile(r"(?:allocat\w{0,10}|malloc|realloc|pin)\b[^\d\n]{0,40}?(\d[\d.]* ?(?:[KMGT]i?B|bytes)?)")
_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"  # French uses the last two before signs and in numbers

# Also behind a row of the log, and before another. Decimal digits alone may be several numbers.
_CHECKSUM = r"(?<![^\W_])(?:\d{1,7}-)?(?=\d*[a-f])[0-9a-f]{32,64}(?:-[0-9a-f]{16})?(?![^\W_])"
_DAY, _MONTH = "(?:0[1-9]|[12][0-9]|3[01])", "(?:0[1-9]|1[0-2])"
_YEAR = r"(?:19|20)\d\d"
_DATE = rf"{_YEAR}(?P<by>[-./]?){_MONTH}(?P=by){_DAY}(?!\d)|{_DAY}(?P<with>[-./]){_MONTH}(?P=with){_YEAR}(?!\d)"
# What a telephone number may look like, also beside letters: between its digits is anything but letters and , ; : [
_SPELLED = re.compile(rf"(?P<other>{_CHECKSUM}|(?<!\d)(?:{_DATE}))|(?<!\d)\+?\(?\d(?:(?:[^\w,;:[]|_){{0,3}}\d){{8,}}")
_NO_NUMBER = re.compile(
    rf"{_YEAR}{_MONTH}{_DAY}(?:[01]\d|2[0-3])(?:[0-5]\d){{1,2}}$"
    r"|(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}"
    r"|[1-9]\d{0,2}(?:\u202f\d{3})+$"
)  # a moment, an IP address, or a count in French


def without_numbers(text: str) -> str:
    """Text in which anything that may be a telephone number is replaced by `…`."""
    return _SPELLED.sub(
        lambda match: match[0] if match["other"] or _NO_NUMBER.match(match[0]) else "…",
        text,
    )


def printable(text: str) -> str:
    """Text without control characters, which names of files and columns may contain and a terminal would obey."""
    return "".join(char if char.isprintable() or char in _SPACES else "?" for char in text)


class DncError(Exception):
    """Base class of all exceptions of this package; exit code 4.

    Attributes:
        message: what is wrong and what to do, in every language that it is known in (`dnc.messages.in_language`).
    """

    message: str

    def __init__(self, message: str) -> None:
        self.reword(message)
        super().__init__(str(self.message))

    def reword(self, message: str) -> None:
        """Replace the message, for instance to name another file."""
        self.message = changed(message, lambda text: without_numbers(printable(text)))
        self.args = (str(self.message),)


class InputError(DncError):
    """An input file or value is wrong.

    Attributes:
        path: the file, or None for a value.
        at: row number, column or key inside the file, or None.
        reason: the message without these.
    """

    def __init__(self, message: str, path: str | Path | None = None, at: object = None) -> None:
        self.path = path
        self.at = at
        self.reason = message
        where = ":".join(str(part) for part in (path, at) if part is not None)
        super().__init__(changed(message, lambda text: f"{where}: {text}") if where else message)


class OptionError(InputError):
    """An option has a value that is not allowed; exit code 2."""


class RolesError(OptionError):
    """Columns of a list have no role, or nobody has read what is around its table; exit code 2.

    The message has several lines, and ends with those of a brief.
    """

    def reword(self, message: str) -> None:
        """Replace the message; its line breaks are kept."""
        lines = partial(map, lambda line: without_numbers(printable(line)))
        self.message = changed(message, lambda text: "\n".join(lines(text.split("\n"))))
        self.args = (str(self.message),)


class LoaderError(InputError):
    """No loader recognises the file, or several do."""


class UnreadRowsError(InputError):
    """Rows that count have a number that cannot be read; they may be left out, with a reason.

    Attributes:
        count: how many.
    """

    count = 0


class UnacceptedError(LoaderError):
    """A file is refused that a person may accept with a reason.

    Attributes:
        what: one of `dnc.store.load.ACCEPTABLE`.
    """

    what = ""


class FormatError(LoaderError):
    """The file does not have the format of its registry; the message ends with the plain form that every one takes."""

    def __init__(self, message: str, path: str | Path | None = None, at: object = None) -> None:
        super().__init__(NOTHING + message + localized("errors", "plain_form"), path, at)


class RuleError(InputError):
    """A rules file does not follow the grammar; `at` names regime and key."""


class ShortageError(DncError):
    """Memory or space on a disk ran out."""


class StoreError(DncError):
    """The store is locked, damaged, of another version, or the folder is not a store."""


def must_be(name: str, value: object, wanted: str, *kinds: type) -> None:
    """Raise OptionError unless an argument of a Python function has one of the given types.

    `wanted` says for people what it should be: a key of `errors.wanted` in the catalogue. A datetime is not a date, and
    cannot be compared with one.
    """
    if not isinstance(value, kinds) or (isinstance(value, datetime) and datetime not in kinds):
        raise _argument(name, wanted, type(value).__name__)
    if isinstance(value, str | Path):
        must_be_unicode(value)


def declared(options: type) -> dict[str, tuple[Any, ...]]:
    """What `must_be` wants of each key of a TypedDict, whose types are `Annotated[types, wanted]`: `wanted`, types."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, hint in get_type_hints(options, include_extras=True).items():
        kinds = get_args(hint.__origin__) if isinstance(hint.__origin__, UnionType) else [hint.__origin__]
        found[name] = (*hint.__metadata__, *(get_origin(kind) or kind for kind in kinds))
    return found


def must_be_unicode(text: str | Path) -> None:
    """Raise InputError for a name or a value that is not valid UTF-8: neither the log nor a result could hold it."""
    try:
        str(text).encode()
    except UnicodeEncodeError:
        raise InputError(localized("errors", "not_unicode", text=text)) from None


def must_be_within(name: str, value: object, wanted: str, least: float, most: float = sys.float_info.max) -> None:
    """Raise OptionError unless an argument is a number from `least` to `most`; the other arguments as in `must_be`."""
    must_be(name, value, wanted, int, float)
    if not least <= value <= most:  # type: ignore[operator]
        raise _argument(name, wanted, str(value))


def must_match(name: str, value: object, wanted: str, pattern: re.Pattern[str]) -> None:
    """Raise OptionError unless an argument is a text of a pattern; the other arguments as in `must_be`."""
    must_be(name, value, wanted, str)
    if not pattern.fullmatch(str(value)):
        raise _argument(name, wanted, str(value))


def _argument(name: str, wanted: str, found: str) -> OptionError:
    return OptionError(
        localized("errors", "argument", name=name, wanted=localized("errors", "wanted", wanted), found=found)
    )


def texts_of(name: str, values: Iterable[str]) -> list[str]:
    """The texts in an argument of a Python function. Raises OptionError if it is anything else, or a single text."""
    if isinstance(values, str):
        raise _argument(name, "texts", "str")
    must_be(name, values, "texts", Iterable)
    texts = list(values)
    for text in texts:
        must_be(name, text, "texts", str)
    return texts


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Raise OptionError if a library of an extra, imported in this block, is not installed."""
    try:
        yield
    except ImportError as error:
        raise OptionError(localized("errors", "extra", name=(error.name or "").partition(".")[0], extra=name)) from None


def why(error: OSError) -> str:
    """The system's description of an error, for instance that there is no such file."""
    name = errno.errorcode.get(error.errno or 0, "")
    if name in messages("errors", "en")["system"]:
        return localized("errors", "system", name)
    return error.strerror or str(error)


def is_full(error: BaseException | None) -> bool:
    """Whether an error of the system, DuckDB, Polars or Arrow, or one raised in its place, is about a full disk.

    A file beyond the limit of the process (`ulimit -f`) counts too.
    """
    while error is not None:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or _FULL.search(str(error)):
            return True
        error = error.__context__
    return False


def is_broken_pipe(error: BaseException) -> bool:
    """Whether the reader of a pipe is gone, as Python or Polars says it: the latter raises OSError without a number."""
    return isinstance(error, BrokenPipeError) or (isinstance(error, OSError) and bool(_CLOSED.search(str(error))))


def no_room(place: str | Path) -> ShortageError:
    """The error for a folder whose disk is full."""
    return ShortageError(localized("errors", "disk_full", place=place))


def unwritable(place: Path, error: OSError, remedy: str = "") -> ShortageError | StoreError:
    """The error for a folder or file that cannot be written to. remedy: what to do, after `; `."""
    if is_full(error):
        return no_room(place)
    return StoreError(localized("errors", "unwritable", place=place, why=why(error), remedy=remedy))


@contextmanager
def room_in(place: str | Path | None) -> Iterator[None]:
    """Raise ShortageError, which names the folder, if the disk of a folder is full; with None, do nothing."""
    try:
        yield
    except BaseException as error:  # a panic in Polars is a BaseException
        if place is not None and not isinstance(error, ShortageError) and is_full(error):
            raise no_room(place) from None
        raise


def shortage(error: BaseException) -> ShortageError | None:
    """The error to show if an error was raised because memory or space on a disk ran out; else None.

    If an error was raised while another one was handled, the other one counts too. If it says how much memory was
    needed, so does the result.
    """
    if isinstance(error, ShortageError):
        return error
    if is_full(error):
        return ShortageError(localized("errors", "output_or_temp_full", place=tempfile.gettempdir()))
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__name__ in _MEMORY_ERRORS or _NO_MEMORY.search(str(cause)):
            match = _WANTED.search(str(cause))
            wanted: str = ""
            if match:
                more = localized("errors", "bytes", n=figure(int(match[1]))) if match[1].isdigit() else match[1]
                wanted = localized("errors", "memory_wanted", more=more)
            return ShortageError(localized("errors", "memory", wanted=wanted))
        cause = cause.__context__
    return None
