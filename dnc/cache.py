"""Results that depend on nothing but their inputs, kept between runs in the cache folder of the user.

The folder is `dnc` in `XDG_CACHE_HOME` (`~/.cache`) or `LOCALAPPDATA`. `DNC_CACHE` names another folder; if it is
empty, nothing is kept. The name of a file contains the SHA-256 of all inputs, so a result of other inputs is never
used. Its content is JSON after its own SHA-256; if that is wrong, or the file belongs to somebody else or cannot be
read, the result is computed as if there were no cache. It is not an error if the cache cannot be written.
"""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_HASH_BYTES = 32


def kept(
    name: str,
    inputs: tuple[object, ...],
    kind: type[T],
    compute: Callable[[], T],
    *,
    write: Callable[[Any], Any] | None = None,
    read: Callable[[type, Any], Any] | None = None,
) -> T:
    """The result of `compute`, from the cache if it is there.

    Args:
        name: name of the file, without the hash of the inputs; a file with this name and other inputs is removed.
        inputs: everything that the result depends on, including the code that computes it (`source`). Different inputs
            must have a different `repr`.
        kind: type of the result, which `msgspec` can write as JSON and read again.
        compute: computes the result.
        write, read: for values of other types, the `enc_hook` and `dec_hook` of `msgspec`.
    """
    folder = _folder()
    if folder is None:
        return compute()
    path = folder / f"{name}-{sha256(repr(inputs).encode()).hexdigest()}"
    with suppress(OSError, msgspec.MsgspecError):
        if (content := _read(path)) is not None:
            return msgspec.json.decode(content, type=kind, dec_hook=read)
    result = compute()
    with suppress(OSError):
        _write(path, msgspec.json.encode(result, enc_hook=write))
        for old in folder.glob(f"{name}-*"):
            if old != path:
                old.unlink(missing_ok=True)
    return result


def shipped_toml(package: str, *path: str) -> dict[str, Any]:
    """A TOML file without dates that ships in a package; its text is parsed once, which takes 5 ms for 20 kB."""
    text = files(package).joinpath(*path).read_text(encoding="utf-8")
    return kept(path[-1], (text,), dict[str, Any], lambda: tomllib.loads(text))


def source(package: str, *suffixes: str) -> str:
    """The SHA-256 of the files of a package whose names end in `suffixes`, such as its code or its data."""
    names = (file for file in files(package).iterdir() if file.name.endswith(suffixes))
    hashes = sorted((file.name, sha256(file.read_bytes()).hexdigest()) for file in names)
    return sha256(repr(hashes).encode()).hexdigest()


def _folder() -> Path | None:
    """The cache folder; None if there should be none, or there is no home folder."""
    chosen = os.environ.get("DNC_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    home = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    if not home and sys.platform != "win32":
        home = os.path.expanduser("~/.cache")  # noqa: PTH111 (pathlib raises if there is no home)
    return Path(home) / "dnc" if home and Path(home).is_absolute() else None


def _read(path: Path) -> bytes | None:
    """The content of a file; None unless it is complete and belongs to this user."""
    with path.open("rb") as file:
        if sys.platform != "win32" and os.fstat(file.fileno()).st_uid != os.geteuid():
            return None
        data = file.read()
    content = data[_HASH_BYTES:]
    return content if sha256(content).digest() == data[:_HASH_BYTES] else None


def _write(path: Path, content: bytes) -> None:
    """Write a file completely or not at all, for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(sha256(content).digest() + content)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
