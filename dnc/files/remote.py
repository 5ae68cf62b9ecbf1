"""Lists and outputs elsewhere: objects in an object store (`s3://bucket/calls.csv`), queries and tables of a database.

A list is first copied to a local file: a check reads its list twice, and has to read the same both times. An object is
first written to a local file, and then uploaded as a whole. A table is written in one transaction.

The libraries are in the extras `objects` and `databases`. They take passwords and keys from the URL, the environment
or the files of their service; neither these nor the content of rows ever appear in a message.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dnc.errors import OptionError, room_in
from dnc.messages import localized

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://")
_DATABASES = ("postgresql", "postgres", "sqlite", "duckdb")
_OBJECTS = ("s3", "gs", "az")


@dataclass(frozen=True)
class Query:
    """A list that is the result of a query.

    Attributes:
        url: `postgresql://…`, `sqlite:///path` or `duckdb:///path`.
        sql: one statement that returns rows; it runs in a read-only transaction.
    """

    url: str
    sql: str

    @property
    def name(self) -> str:
        """The database, without user and password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def is_url(source: object) -> bool:
    """Whether a list or an output is not on this machine."""
    return isinstance(source, str) and _URL.match(source) is not None


def is_database(target: object) -> bool:
    """Whether an output is a table of a database."""
    return is_url(target) and _scheme(str(target)) in _DATABASES


def fetched(source: str | Query, folder: Path) -> Path:
    """Copy a list from elsewhere into an empty folder, as a file or a folder with the same name.

    The URL of a folder means all `.parquet` files below it.

    Raises:
        InputError: it cannot be read, or is empty. OptionError: such a URL is not supported.
    """
    if isinstance(source, Query):
        from dnc.files import databases

        if _scheme(source.url) not in _DATABASES:
            raise OptionError(localized("errors", "query_url", known=", ".join(f"{name}://" for name in _DATABASES)))
        return databases.fetched(source.url, source.sql, source.name, folder)
    if _scheme(source) in _DATABASES:
        raise OptionError(localized("errors", "no_query"))
    from dnc.files import objects

    return objects.fetched(source, folder)


@contextmanager
def delivered(target: str) -> Iterator[Path]:
    """A file to write to, which becomes an object when the block ends without an error.

    Raises InputError; OptionError where such a URL is not supported.
    """
    from dnc.files import objects

    _ = _scheme(target, _OBJECTS)
    with tempfile.TemporaryDirectory(prefix="dnc-") as folder, room_in(tempfile.gettempdir()):
        file = Path(folder) / objects.name_of(target)
        yield file
        objects.deliver(file, target)


def _scheme(url: str, known: Sequence[str] = (*_OBJECTS, *_DATABASES)) -> str:
    """What a URL begins with. Raises OptionError where that is not known."""
    match = _URL.match(url)
    scheme = match[1] if match else ""
    if scheme not in known:
        names = ", ".join(f"{name}://" for name in known)
        raise OptionError(localized("errors", "scheme", scheme=scheme, known=names))
    return scheme
