"""A frame of rows written down: CSV, Parquet, XLSX, JSON lines, by suffix.

A file appears whole or not at all: it is written beside its name, synced and
renamed, readable by its owner only. In CSV and XLSX a cell that a spreadsheet
could take for a formula is defused with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

import polars as pl

from dnc.errors import InputError, OptionError

XLSX_ROWS = 1_048_575  # of one sheet, beside the header
_FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_HARMLESS = r"^(?:\+[\d\s().\-/]+|[+-]?\d+(?:[.,]\d+)?)$"  # a telephone number, a plain number


class Writer(Protocol):
    """What writes frames of one format, all with the same columns, one after the other."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None: ...

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""

    def close(self) -> None:
        """Finish the file."""


def defused(frame: pl.DataFrame) -> pl.DataFrame:
    """Text cells that a spreadsheet would run, made text by an apostrophe."""
    text = pl.selectors.string()
    harmful = text.str.contains(_FORMULA) & ~text.str.contains(_HARMLESS)
    return frame.with_columns(pl.when(harmful).then(pl.lit("'") + text).otherwise(text).name.keep())


def _header(names: list[str]) -> list[str]:
    return defused(pl.DataFrame({"name": names}))["name"].to_list()


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Nested cells as JSON, so that flat formats hold them."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    as_json = [
        pl.when(pl.col(name).is_not_null())
        .then(pl.struct(v=name).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}"))
        .alias(name)
        for name in nested
    ]
    return frame.with_columns(as_json)


class CsvStream:
    """CSV into an open binary file, in UTF-8."""

    def __init__(self, file: IO[bytes], header: list[str], delimiter: str = ",", bom: bool = False) -> None:
        self._file = file
        self._delimiter = delimiter
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(_header(header))
        self._file.write(line.getvalue().encode("utf-8-sig" if bom else "utf-8"))

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        flat = defused(_as_text(frame)).with_columns(pl.selectors.string().replace("", None))
        self._file.write(flat.write_csv(include_header=False, separator=self._delimiter).encode())


class _Csv(CsvStream):
    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._opened = path.open("wb")
        super().__init__(self._opened, header, delimiter, bom)

    def close(self) -> None:
        self._opened.close()


class _JsonLines:
    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._file = path.open("wb")

    def write(self, frame: pl.DataFrame) -> None:
        frame.write_ndjson(self._file)

    def close(self) -> None:
        self._file.close()


class _Parquet:
    """Parts beside the file, streamed into one at the end."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._path = path
        self._parts = tempfile.TemporaryDirectory(prefix="parts-", dir=path.parent)
        self._schemas: list[dict[str, pl.DataType]] = []

    def _part(self, number: int) -> str:
        return str(Path(self._parts.name) / f"{number}.parquet")

    def write(self, frame: pl.DataFrame) -> None:
        frame.write_parquet(self._part(len(self._schemas)))
        self._schemas.append(dict(frame.schema))

    def close(self) -> None:
        unlike = {name for schema in self._schemas for name, kind in schema.items() if kind != self._schemas[0][name]}
        scans = [pl.scan_parquet(self._part(at), glob=False) for at in range(len(self._schemas))]
        same = [scan.with_columns(pl.col(name).cast(pl.String) for name in unlike) for scan in scans]
        if same:
            pl.concat(same).sink_parquet(self._path, maintain_order=True)
        self._parts.cleanup()


class _Xlsx:
    """One sheet, a row written as it comes; every cell as text but for numbers and days."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        import xlsxwriter

        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(path, options)
        self._sheet = self._book.add_worksheet("verdicts")
        self._sheet.write_row(0, 0, _header(header), self._book.add_format({"bold": True}))
        self._sheet.freeze_panes(1, 0)
        self._sheet.autofilter(0, 0, 0, len(header) - 1)
        self._row = 0

    def write(self, frame: pl.DataFrame) -> None:
        if self._row + frame.height > XLSX_ROWS:
            raise InputError(f"a spreadsheet holds {XLSX_ROWS:,} rows; write .csv or .parquet")
        flat = defused(_as_text(frame))
        days = [name for name, kind in flat.schema.items() if kind.is_temporal()]
        for row in flat.with_columns(pl.col(days).cast(pl.String)).iter_rows():
            self._row += 1
            for column, value in enumerate(row):
                if isinstance(value, str):
                    self._sheet.write_string(self._row, column, value)
                elif value is not None:
                    self._sheet.write(self._row, column, value)

    def close(self) -> None:
        self._book.close()


FORMATS: dict[str, Callable[..., Any]] = {".csv": _Csv, ".parquet": _Parquet, ".xlsx": _Xlsx, ".jsonl": _JsonLines}
PAGE = ".html"


def is_page(path: str | Path) -> bool:
    """Whether a name asks for the page of a run, which is no table of its rows."""
    return Path(path).suffix.lower() == PAGE


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A file that appears whole or not at all: gives the name beside it to write to."""
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=".dnc-", suffix=path.suffix.lower(), dir=path.parent)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path) from None
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o600)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


class Output:
    """An output file of rows that appears whole or not at all; a context."""

    def __init__(self, path: str | Path, header: list[str], delimiter: str = ",", bom: bool = False) -> None:
        suffix = Path(path).suffix.lower()
        if suffix not in FORMATS:
            known = ", ".join((*FORMATS, PAGE))
            raise OptionError(f"no format for {suffix or 'a name without suffix'}; known are {known}", path)
        with ExitStack() as stack:
            beside = stack.enter_context(whole(path))
            self._writer: Writer = stack.enter_context(closing(FORMATS[suffix](beside, header, delimiter, bom)))
            self._stack = stack.pop_all()

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        self._writer.write(frame)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, value, trace)
