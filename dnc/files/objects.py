"""Objects in an object store: each is read with one request, and written completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dnc.errors import InputError, extra, is_full
from dnc.messages import changed, localized

_NO_BUCKET = "The specified bucket does not exist"  # in the answers of S3 and of Google Cloud Storage

if TYPE_CHECKING:
    from obstore.store import ObjectStore


def name_of(url: str) -> str:
    """The last part of a URL. Raises InputError if it names no object."""
    name = PurePosixPath(urlsplit(url).path).name
    if not name:
        raise InputError(localized("errors", "object", "no_name", url=url))
    return name


def fetched(url: str, folder: Path) -> Path:
    """Copy an object, or all `.parquet` files below a folder, into a folder; see `dnc.files.remote.fetched`."""
    store, path = _opened(url)
    copy = folder / name_of(url)
    with _store_errors(url):
        if not url.endswith("/") and _exists(store, path):
            _copy(store, path, copy)
        elif not _copy_below(store, path, copy, url, ".parquet"):
            raise InputError(localized("errors", "object", "missing", url=url))
    return copy


def deliver(file: Path, url: str) -> None:
    """Write a file as an object; the former object stays until the last part has arrived. Raises InputError."""
    store, path = _opened(url)
    with _store_errors(url, "unwritten"):
        store.put(path, file)


def upload(folder: Path, url: str, last: str) -> None:
    """Write all files of a folder below a URL; the one named `last` is written after all others."""
    store, path = _opened(url)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with _store_errors(url, "unwritten"):
        if any(True for _ in _below(store, path)):
            raise InputError(localized("errors", "object", "exists", url=url))
        for file in sorted(files, key=lambda path: path.name == last):
            store.put(f"{path}/{file.relative_to(folder).as_posix()}", file)


def download(url: str, folder: Path) -> Path:
    """Copy everything below a URL into a folder. Raises InputError if there is nothing."""
    store, path = _opened(url)
    copy = folder / name_of(url)
    with _store_errors(url):
        if not _copy_below(store, path, copy, url):
            raise InputError(localized("errors", "object", "nothing", url=url))
    return copy


def _opened(url: str) -> tuple[ObjectStore, str]:
    with extra("objects"):
        from obstore.store import from_url
    parts = urlsplit(url)
    with _store_errors(url):
        return from_url(f"{parts.scheme}://{parts.netloc}"), parts.path.strip("/")


def _exists(store: ObjectStore, path: str) -> bool:
    try:
        store.head(path)
    except FileNotFoundError:
        return False
    return True


def _below(store: ObjectStore, path: str) -> Iterator[str]:
    return (item["path"] for items in store.list(f"{path}/") for item in items)


def _copy_below(store: ObjectStore, path: str, copy: Path, url: str, suffix: str = "") -> int:
    """Copy the objects below a path whose names end in `suffix` into a new folder; returns how many there are."""
    names = [name for name in _below(store, path) if name.lower().endswith(suffix)]
    for name in names:
        to = copy / PurePosixPath(name).relative_to(path)
        if ".." in to.parts:
            raise InputError(localized("errors", "object", "dots", url=url))
        to.parent.mkdir(parents=True, exist_ok=True)
        _copy(store, name, to)
    return len(names)


def _copy(store: ObjectStore, path: str, to: Path) -> None:
    with to.open("xb") as file:
        for block in store.get(path).stream():
            file.write(block)


@contextmanager
def _store_errors(url: str, what: str = "unread") -> Iterator[None]:
    """Turn errors of the store into one sentence; the server's text is left out, because it may quote keys."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        if is_full(error) and not isinstance(error, BaseError):
            raise  # of this machine, not of the server
        sentence = localized("errors", what, why=_why(error))
        raise InputError(changed(sentence, lambda text: f"{url}: {text}")) from None


def _why(error: Exception) -> str:
    if _NO_BUCKET in str(error):
        return localized("errors", "object", "bucket")
    kind = type(error).__name__.removesuffix("Error").lower()
    if kind == "generic":
        return localized("errors", "object", "unreached")
    return kind
