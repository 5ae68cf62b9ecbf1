"""Forms: read while they arrive, within limits, and only with the token of the session that they were made for.

The token is the first field of every form, so that a file is refused before its first byte is written.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import date
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from dnc.clock import today
from dnc.desk.desk import RefusedError
from dnc.desk.visit import TOKEN, Visit
from dnc.errors import is_full, no_room, printable, without_numbers

_MOST_FIELDS = 2_000
_MOST_TEXT = 1 << 20  # bytes of everything that is not a file
_MOST_FILES = 20
STALLED_SECONDS = 60.0  # between two parts of an upload
_MOST_NAME = 60  # characters of a file's name; a character may take four bytes of 255


class Upload(msgspec.Struct, frozen=True):
    """A file that came with a form.

    Attributes:
        path: readable by its owner only; it is removed when the form was answered, unless it is kept.
        name: as the browser gave it, without folders and control characters.
    """

    path: Path
    name: str


class Form(msgspec.Struct):
    """The content of a form.

    Attributes:
        fields: name and text of each field, in their order; a name may occur several times.
        uploads: the files, by the name of their field.
    """

    fields: list[tuple[str, str]] = []
    uploads: dict[str, list[Upload]] = {}
    _folder: Path | None = None
    _kept: bool = False

    def get(self, name: str) -> str:
        """The last text of a field, without blanks at its ends; empty if the form has no such field."""
        return next((text.strip() for key, text in reversed(self.fields) if key == name), "")

    def day(self, name: str) -> date | None:
        """The day in a field; None if it is empty or no day."""
        with suppress(ValueError):
            return date.fromisoformat(self.get(name))
        return None

    def past_day(self, name: str) -> date | None:
        """The day in a field; None also if it is still to come."""
        day = self.day(name)
        return day if day and day <= today() else None

    def all(self, name: str) -> list[str]:
        """The texts of a field that may occur several times."""
        return [text for key, text in self.fields if key == name]

    def file(self, name: str, visit: Visit) -> Upload | None:
        """The file of a field that takes one, or None. Raises RefusedError if there are several."""
        files = self.uploads.get(name, [])
        if len(files) > 1:
            raise RefusedError(400, visit.texts["two_files"])
        return files[0] if files else None

    def keep(self) -> None:
        """Leave the uploads where they are until the session ends, for instance for a job."""
        self._kept = True

    def remove(self) -> None:
        """Remove the uploads, unless they are kept."""
        if self._folder and not self._kept:
            with suppress(OSError):
                shutil.rmtree(self._folder)


@asynccontextmanager
async def read_form(visit: Visit) -> AsyncIterator[Form]:
    """The form of a request; its uploads are removed at the end. Raises RefusedError."""
    headers, texts = visit.request.headers, visit.texts
    kind, options = parse_options_header(headers.get("content-type", ""))
    multipart = kind == b"multipart/form-data"
    most = visit.desk.max_upload + _MOST_TEXT if multipart else _MOST_TEXT
    form = Form()
    try:
        with ExitStack() as stack:
            stack.enter_context(visit.session.in_use())
            if multipart:
                stack.enter_context(visit.desk.upload(visit.session))
                reader = stack.enter_context(_FormReader(visit, form, options.get(b"boundary", b"")))
                await reader.read(most)
            elif kind in (b"application/x-www-form-urlencoded", b""):
                form.fields = await _urlencoded(visit, most)
            else:
                raise RefusedError(415, texts["bad_form"])
        if not visit.session.owns_form(form.get(TOKEN)):
            raise RefusedError(403, texts["no_form_token"])
        yield form
    finally:
        form.remove()


async def received(
    request: Request, most: int, texts: Mapping[str, Any], too_large: str = "too_large"
) -> AsyncIterator[bytes]:
    """The body of a request while it arrives. Raises RefusedError if it is too large, stalls, or is cut off."""
    size, got, chunks = request.headers.get("content-length", "0"), 0, aiter(request.stream())
    try:
        if not size.isdecimal() or int(size) > most:
            raise RefusedError(413, texts[too_large])
        while (chunk := await asyncio.wait_for(anext(chunks, None), STALLED_SECONDS)) is not None:
            got += len(chunk)
            if got > most:
                raise RefusedError(413, texts[too_large])
            yield chunk
    except (ClientDisconnect, TimeoutError):
        raise RefusedError(400, texts["cut_off"]) from None


async def _urlencoded(visit: Visit, most: int) -> list[tuple[str, str]]:
    body = b"".join([chunk async for chunk in received(visit.request, most, visit.texts)])
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise RefusedError(400, visit.texts["bad_form"]) from None


class _FormReader:
    """Reads `multipart/form-data` while it arrives; files go to disk. A context manager that closes them."""

    def __init__(self, visit: Visit, form: Form, boundary: bytes) -> None:
        self._visit, self._form = visit, form
        if not boundary:
            raise RefusedError(400, visit.texts["bad_form"])
        callbacks: list[Callable[..., None]] = [self._part_begin, self._part_data, self._part_end, self._end]
        callbacks += [self._header_field, self._header_value, self._header_end, self._headers_finished]
        self._parser = MultipartParser(boundary, {f"on{callback.__name__}": callback for callback in callbacks})  # type: ignore[arg-type]
        self._text_bytes = 0
        self._files = 0
        self._complete = False
        self._file: IO[bytes] | None = None
        self._part_begin()

    def __enter__(self) -> _FormReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    async def read(self, most: int) -> None:
        """Read the whole body, of at most so many bytes. Raises RefusedError."""
        texts = self._visit.texts
        try:
            async for chunk in received(self._visit.request, most, texts):
                self._parser.write(chunk)
            self._parser.finalize()
            if not self._complete:
                raise RefusedError(400, texts["cut_off"])
        except FormParserError:
            raise RefusedError(400, texts["bad_form"]) from None
        except OSError as error:
            if is_full(error):
                raise no_room(self._visit.desk.store.path) from None
            raise RefusedError(507, texts["not_written"].format(why=error.strerror or "")) from None

    # callbacks of the parser

    def _part_begin(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._header, self._value, self._name, self._text = bytearray(), bytearray(), "", bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._bounded(end - start)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._bounded(end - start)

    def _header_end(self) -> None:
        self._headers[bytes(self._header.lower())] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            self._begin_file(options[b"filename"].decode("utf-8", "replace"))

    def _begin_file(self, given: str) -> None:
        visit = self._visit
        if not visit.session.owns_form(self._form.get(TOKEN)):
            raise RefusedError(403, visit.texts["no_form_token"])
        self._files += 1
        if self._files > _MOST_FILES:
            raise RefusedError(413, visit.texts["too_large"])
        if not given:
            return  # a file field that was left empty
        if self._form._folder is None:
            self._form._folder = visit.session.folder(visit.desk.store)
        name = _clean(given)
        folder = self._form._folder / str(self._files)
        folder.mkdir(mode=0o700)
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._form.uploads.setdefault(self._name, []).append(Upload(folder / name, name))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file:
            self._file.write(data[start:end])
        else:
            self._bounded(end - start)
            self._text += data[start:end]

    def _part_end(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
        elif b"filename" not in self._headers.get(b"content-disposition", b""):
            self._form.fields.append((self._name, self._text.decode("utf-8", "replace")))
            if len(self._form.fields) > _MOST_FIELDS:
                raise RefusedError(413, self._visit.texts["too_large"])

    def _end(self) -> None:
        self._complete = True

    def _bounded(self, more: int) -> None:
        """Count the bytes that are kept in memory. Raises RefusedError if they are too many."""
        self._text_bytes += more
        if self._text_bytes > _MOST_TEXT:
            raise RefusedError(413, self._visit.texts["too_large"])


def _clean(given: str) -> str:
    """A name for a file on disk: the last part of what the browser gave, without what may be a telephone number."""
    last = printable(given.replace("\\", "/").rpartition("/")[2]).strip()
    name = without_numbers(last).replace("…", "_").replace(":", "_").lstrip(".")
    stem, dot, suffix = name.rpartition(".")
    short = name if len(name) <= _MOST_NAME else f"{stem[: _MOST_NAME - 10]}{dot}{suffix[:9]}"
    return short or "file"
