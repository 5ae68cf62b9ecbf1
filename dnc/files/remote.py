"""Lists and outputs elsewhere: objects in a store (`s3://bucket/calls.csv`), and queries and tables of a database.

What is read is first copied into a file of its own: a check reads its list twice, and both times has to read the same.
An object is first written to a file of its own, and then handed over whole. A table is written in one transaction.

The libraries for it are the extras `objects` and `databases`. Both find passwords and keys in the URL, the environment
or the files of their service; neither these nor the content of rows are ever in a message.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dnc.errors import OptionError, room_in
from dnc.messages import said

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://")
_DATABASES = ("postgresql", "postgres", "sqlite", "duckdb")
_OBJECTS = ("s3", "gs", "az")


@dataclass(frozen=True)
class Query:
    """A list that a database answers.

    Attributes:
        url: `postgresql://…`, `sqlite:///path` or `duckdb:///path`.
        sql: one statement that returns rows; it runs in a transaction that can change nothing.
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
    """Copy a list from elsewhere.

    Args:
        source: a query, or the URL of an object. The URL of a folder stands for all `.parquet` files below it.
        folder: an empty folder for the copy.
    Returns:
        The copy, a file or a folder, under the name that it has there.
    Raises:
        InputError: it cannot be read, or is empty. OptionError: there is no way to read such a URL.
    """
    if isinstance(source, Query):
        from dnc.files import databases

        if _scheme(source.url) not in _DATABASES:
            raise OptionError(said("errors", "query_url", known=", ".join(f"{name}://" for name in _DATABASES)))
        return databases.fetched(source.url, source.sql, source.name, folder)
    if _scheme(source) in _DATABASES:
        raise OptionError(said("errors", "no_query"))
    from dnc.files import objects

    return objects.fetched(source, folder)


@contextmanager
def delivered(target: str) -> Iterator[Path]:
    """A file to write to, which becomes an object when the block ends without an error. Raises InputError."""
    from dnc.files import objects

    with tempfile.TemporaryDirectory(prefix="dnc-") as folder, room_in(tempfile.gettempdir()):
        file = Path(folder) / objects.name_of(target)
        yield file
        objects.deliver(file, target)


def _scheme(url: str) -> str:
    found = _URL.match(url)
    scheme = found[1] if found else ""
    if scheme not in (*_DATABASES, *_OBJECTS):
        known = ", ".join(f"{name}://" for name in (*_OBJECTS, *_DATABASES))
        raise OptionError(said("errors", "scheme", scheme=scheme, known=known))
    return scheme
