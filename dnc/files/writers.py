"""Write rows to a file: CSV, Parquet, XLSX or JSON lines, by its suffix.

A file is written completely or not at all: under a temporary name in the same folder, then synced and renamed. It is
readable by its owner only. In CSV and XLSX an apostrophe goes before a cell that a spreadsheet could run as a formula.
"""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import polars as pl

from dnc.errors import InputError, OptionError, is_full, no_room, room_in, why
from dnc.files.atomic import move_into_place
from dnc.files.csv_reader import DELIMITERS
from dnc.files.output_rows import Rows
from dnc.files.remote import delivered, is_database, is_url
from dnc.files.spreadsheet import CELL
from dnc.files.table import unique_names
from dnc.frames import as_text, together
from dnc.messages import figure, said

XLSX_ROWS = 1_048_575  # of one sheet, without the header
XLSX_SHEETS = 5  # with rows
_XLSX_COLUMNS = 1 << 14
_A4 = 9  # as spreadsheets number sizes of paper
_LONG = 10**11  # a spreadsheet shows numbers from here on as 1.2E+11
_BACKGROUNDS = {"clear": "#D5EFE3", "blocked": "#F7D9D6", "undecided": "#F5E9C3"}
_WIDTH, _WIDTHS, _WIDEST = 16.0, {"dnc_why": 90.0}, 60
_NUMBER = "dnc_number"  # our own, of digits after a plus; one of the input is replaced by it
_SPECIAL = ['"', "\n", "\r", *DELIMITERS]  # whichever of these delimiters a spreadsheet is set to
_FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_HARMLESS = r"^(?:\+[\d\s().\-/]+|[+-]?\d+(?:[.,]\d+)?)$"  # a telephone number, a plain number


class Writer(ABC):
    """Writes rows in one format, all with the same columns.

    `laid_out` does the work that does not depend on the rows before, so several threads may do it; `write` is called in
    the order of the rows.
    """

    cut = 0  # cells that were written only in part
    folder: Path | None = None  # where it writes

    @abstractmethod
    def laid_out(self, rows: Rows) -> pl.DataFrame:
        """Bring rows into the form of the format, without changing the writer."""

    @abstractmethod
    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""

    def add(self, rows: Rows) -> None:
        """Lay out and write rows."""
        self.write(self.laid_out(rows))

    def close(self) -> None:  # noqa: B027 - its owner closes a stream
        """Finish the file."""


def defused(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula, whatever their column is called."""
    texts = frame.select(pl.selectors.string().exclude(_NUMBER))
    return frame.with_columns(map(_defused, texts))


def _defused(cells: pl.Series) -> pl.Series:
    # Comparisons are much faster than the pattern: most cells begin with a digit or a letter.
    doubtful = (
        ((cells > "") & (cells < "0")) | ((cells >= ":") & (cells < "A")) | (cells >= "\N{FULLWIDTH PLUS SIGN}")
    ).arg_true()
    doubtful = doubtful.filter(~cells[doubtful].str.contains(_HARMLESS))
    if doubtful.is_empty():
        return cells
    text = pl.col(cells.name)
    harmful = text.str.contains(_FORMULA)
    mended = cells[doubtful].to_frame().select(pl.when(harmful).then(pl.lit("'") + text).otherwise(text))
    return cells.clone().scatter(doubtful, mended.to_series())


def _header(names: list[str]) -> list[str]:
    return defused(pl.DataFrame({"name": names}))["name"].to_list()


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells of types that CSV and XLSX do not have, as text."""
    kinds = (pl.Duration, pl.Binary, pl.Categorical, pl.Enum)
    odd = [name for name, kind in frame.schema.items() if kind.is_nested() or kind in kinds]
    return frame.with_columns(as_text(frame[name]) for name in odd)


class CsvStream(Writer):
    """CSV in UTF-8, into an open binary file."""

    def __init__(self, file: IO[bytes], header: list[str], delimiter: str = ",", bom: bool = False) -> None:
        self._file = file
        self._delimiter = delimiter
        names = self._quoted(pl.DataFrame({"name": _header(header)}))["name"]
        self._file.write(f"{delimiter.join(names)}\n".encode("utf-8-sig" if bom else "utf-8"))

    def laid_out(self, rows: Rows) -> pl.DataFrame:
        """Rows as text; neighbouring columns that share their cells are joined into one text per distinct row."""
        own = self._quoted(defused(_as_text(rows.own)))
        fields: list[pl.Series] = []
        for shared, names in rows.runs:
            if shared:
                texts = self._quoted(defused(shared.frame.select(pl.col(names).cast(pl.String))))
                line = texts.select(pl.concat_str(names, separator=self._delimiter).alias(f"\0{len(fields)}"))
                fields.append(line.to_series()[shared.row])
            else:
                fields += own.select(names).get_columns()
        return pl.DataFrame(fields)

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        frame.write_csv(self._file, include_header=False, separator=self._delimiter, quote_style="never")

    def _quoted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts with quotes where CSV needs them, and empty texts for nulls."""
        special = list({*_SPECIAL, self._delimiter})
        texts = frame.select(pl.selectors.string().exclude(_NUMBER))
        marked = {cells.name: cells.str.contains_any(special) for cells in texts}
        return frame.with_columns(
            pl.when(is_special)
            .then(pl.lit('"') + pl.col(name).str.replace_all('"', '""', literal=True) + pl.lit('"'))
            .otherwise(name)
            .alias(name)
            for name, is_special in marked.items()
            if is_special.any()
        ).with_columns(pl.selectors.string().fill_null(""))


class _Csv(CsvStream):
    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._opened = path.open("wb")
        super().__init__(self._opened, header, delimiter, bom)

    def close(self) -> None:
        self._opened.close()


class _JsonLines(Writer):
    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._file = path.open("wb")

    def laid_out(self, rows: Rows) -> pl.DataFrame:
        return rows.frame

    def write(self, frame: pl.DataFrame) -> None:
        frame.write_ndjson(self._file)

    def close(self) -> None:
        self._file.close()


class _Parts:
    """Frames stored as Arrow IPC files next to the output until it is finished."""

    def __init__(self, path: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=".dnc-parts-", dir=path.parent)
        self._frames = self.rows = 0

    def _part(self, number: int) -> str:
        return str(Path(self._folder.name) / f"{number}.arrow")

    def add(self, frame: pl.DataFrame) -> None:
        frame.write_ipc(self._part(self._frames), compression="lz4")
        self._frames += 1
        self.rows += frame.height

    def scan(self) -> pl.LazyFrame | None:
        """All rows in order (see `together`); None where nothing was written."""
        scans = [pl.scan_ipc(self._part(at), glob=False) for at in range(self._frames)]
        return together(scans) if scans else None

    def close(self) -> None:
        self._folder.cleanup()


class _Parquet(Writer):
    """Parts are stored next to the file, and streamed into it at the end."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._path = path
        self._parts = _Parts(path)

    def laid_out(self, rows: Rows) -> pl.DataFrame:
        return rows.frame

    def write(self, frame: pl.DataFrame) -> None:
        self._parts.add(frame)

    def close(self) -> None:
        with closing(self._parts) as parts:
            if (rows := parts.scan()) is not None:
                rows.sink_parquet(self._path, maintain_order=True)


class _Xlsx(Writer):
    """Parts are stored next to the file, and written at the end as sheets of rows.

    Of the `annex` sheets the first comes before them, the others behind.

    Cells are text except for dates and short numbers: a spreadsheet spoils numbers of twelve digits or more.
    """

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        if len(header) > _XLSX_COLUMNS:
            raise InputError(said("errors", "xlsx_columns", most=figure(_XLSX_COLUMNS)), path)
        self._path = path
        self._header = unique_names(header)
        self._parts = _Parts(path)
        self.annex: Mapping[str, pl.DataFrame] = {}

    def laid_out(self, rows: Rows) -> pl.DataFrame:
        return defused(_as_text(rows.frame))

    def write(self, frame: pl.DataFrame) -> None:
        if self._parts.rows + frame.height > XLSX_ROWS * XLSX_SHEETS:
            raise InputError(said("errors", "xlsx_rows", most=figure(XLSX_ROWS * XLSX_SHEETS)))
        for cells in frame.select(pl.selectors.string()):
            self.cut += int((cells.str.len_chars() > CELL).sum()) if (cells.str.len_bytes() > CELL).any() else 0
        self._parts.add(frame)

    def close(self) -> None:
        with closing(self._parts) as parts:
            rows = parts.scan()
            if rows is None:
                rows = pl.LazyFrame(schema=dict.fromkeys(self._header, pl.String))
            rows = _for_cells(rows)
            starts = range(0, max(1, parts.rows), XLSX_ROWS)
            sheets = {sheet_name(at): rows.slice(start, XLSX_ROWS) for at, start in enumerate(starts)}
            _write_workbook(self._path, sheets, {name: defused(frame) for name, frame in self.annex.items()})


def sheet_name(at: int) -> str:
    """The name of a sheet of rows, counted from 0."""
    return f"verdicts {at + 1}" if at else "verdicts"


def _for_cells(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows as cells of a spreadsheet can hold them: long numbers and other types as text, long texts cut."""
    names = rows.collect_schema().names()
    rows = rows.rename(dict(zip(names, unique_names(_header(names)), strict=True)))
    schema = rows.collect_schema()
    integers = [name for name, kind in schema.items() if kind.is_integer()]
    largest = rows.select(pl.col(integers).cast(pl.Float64).abs().max()).collect().to_dicts()[0] if integers else {}
    long = [name for name, value in largest.items() if (value or 0) >= _LONG]
    known = (pl.String, pl.Boolean, pl.Date)
    other = [name for name, kind in schema.items() if not kind.is_numeric() and kind not in known]
    text = [pl.col(name).cast(pl.String) for name in (*long, *other)]
    return rows.with_columns(*text).with_columns(pl.selectors.string().str.head(CELL))


class _Sheet:
    """Rows that are only read when the writer of the workbook asks for them, to save memory."""

    def __init__(self, rows: pl.LazyFrame) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._rows.collect().__arrow_c_stream__(requested_schema)


def _write_workbook(path: Path, sheets: Mapping[str, pl.LazyFrame], annex: Mapping[str, pl.DataFrame]) -> None:
    from rustpy_xlsxwriter import Format, write_worksheets

    formats = {outcome: Format().set_background_color(colour) for outcome, colour in _BACKGROUNDS.items()}
    coloured: dict[str, Any] = {
        "dnc_outcome": [
            {"type": "text", "criteria": "begins_with", "value": outcome, "format": format_}
            for outcome, format_ in formats.items()
        ]
    }
    columns: dict[str, Any] = {name: rows.collect_schema().names() for name, rows in sheets.items()}
    before, behind = list(annex.items())[:1], list(annex.items())[1:]
    write_worksheets(
        [*before, *((name, _Sheet(rows)) for name, rows in sheets.items()), *behind],
        str(path),
        freeze_panes={"general": {"row": 1, "col": 0}},
        autofilter={"general": True},
        header_format={"general": Format().set_bold()},
        datetime_format="yyyy-mm-dd",
        column_widths={
            **{sheet: {name: _WIDTHS.get(name, _WIDTH) for name in names} for sheet, names in columns.items()},
            **{name: {cells.name: _width(cells) for cells in frame} for name, frame in annex.items()},
        },
        column_formats={
            name: dict.fromkeys(frame.columns, Format().set_text_wrap().set_align("top"))
            for name, frame in annex.items()
        },
        page_setup={name: {"landscape": True, "paper_size": _A4, "fit_to_pages": (1, 0)} for name in annex},
        conditional_formats={name: coloured for name, names in columns.items() if "dnc_outcome" in names},
        ignore_errors=columns,
        url_columns={name: ["URL"] for name, frame in annex.items() if "URL" in frame.columns},
    )


def _width(cells: pl.Series) -> float:
    """The width of a column of an annex, in characters: that of its longest cell, within limits."""
    longest = max(cells.cast(pl.String).str.len_chars().fill_null(0), default=0)
    return float(min(max(longest, len(cells.name)) + 4, _WIDEST))


FORMATS: dict[str, Callable[..., Any]] = {".csv": _Csv, ".parquet": _Parquet, ".xlsx": _Xlsx, ".jsonl": _JsonLines}
PAGE = ".html"


def is_page(path: str | Path) -> bool:
    """Whether an output is the HTML page about a check, not a table of its rows."""
    return _suffix(path) == PAGE


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Write a file completely or not at all: yields a temporary path to write to.

    A path on this machine is written by way of its folder, a URL as `dnc.files.remote.delivered` says.

    Raises InputError where it cannot be written to.
    """
    if is_url(path):
        with delivered(str(path)) as file:
            yield file
        return
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=".dnc-", suffix=path.suffix.lower(), dir=path.parent)
    except OSError as error:
        if is_full(error):
            raise no_room(path.parent) from None
        raise InputError(said("errors", "unwritten", why=why(error)), path) from None
    os.close(handle)
    unfinished = Path(name)
    try:
        with room_in(path.parent):
            yield unfinished
            move_into_place(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _suffix(path: str | Path) -> str:
    return "" if is_database(path) else Path(path).suffix.lower()


@contextmanager
def _opened(path: str | Path, header: list[str], delimiter: str, bom: bool) -> Iterator[Writer]:
    if is_database(path):
        from dnc.files.databases import table

        with table(str(path)) as rows:
            yield rows
        return
    suffix = _suffix(path)
    if suffix not in FORMATS:
        known = ", ".join((*FORMATS, PAGE))
        named = said("errors", "format" if suffix else "no_suffix", suffix=suffix, known=known)
        raise OptionError(named, path)
    with atomic_path(path) as unfinished, closing(FORMATS[suffix](unfinished, header, delimiter, bom)) as writer:
        writer.folder = unfinished.parent
        yield writer


class Output:
    """A context for an output of rows, a file or a table, that is written completely or not at all.

    writer: writes the rows. Raises OptionError for an unknown suffix, and InputError.
    """

    def __init__(self, path: str | Path, header: list[str], delimiter: str = ",", bom: bool = False) -> None:
        with ExitStack() as stack:
            self.writer: Writer = stack.enter_context(_opened(path, header, delimiter, bom))
            self._stack = stack.pop_all()

    def annex(self, sheets: Callable[[], Mapping[str, pl.DataFrame]]) -> None:
        """Add sheets before and after the rows, if the format has sheets."""
        if isinstance(self.writer, _Xlsx):
            self.writer.annex = sheets()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, value, trace)
