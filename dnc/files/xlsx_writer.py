"""Write rows as a spreadsheet: sheets of a million rows, with other sheets before and after them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import InputError
from dnc.files.output_rows import OutputRows
from dnc.files.table import CELL, SHEET_COLUMNS, unique_names
from dnc.files.writers import Sheet, Spool, Writer, as_cells, defused, header_cells
from dnc.messages import figure, localized

XLSX_ROWS = 1_048_575  # of one sheet, without the header
XLSX_SHEETS = 5  # with rows
_ROWS = "verdicts"
_A4 = 9  # number of this paper size in spreadsheets
_LONG = 10**11  # spreadsheets show numbers from here on as 1.2E+11
_BACKGROUNDS = {"clear": "#D5EFE3", "blocked": "#F7D9D6", "undecided": "#F5E9C3"}
_WIDTH, _WIDTHS, _WIDEST = 16.0, {"dnc_why": 90.0}, 60


class Xlsx(Writer):
    """Rows are stored next to the file, and written at the end as sheets of rows.

    The first of the sheets that are added comes before them, the others after them; one that is a function of the rows
    has them in another form, and comes before them too. Cells are text except for dates and
    short numbers: a spreadsheet spoils numbers of twelve digits or more.
    """

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        if len(header) > SHEET_COLUMNS:
            raise InputError(localized("errors", "xlsx_columns", most=figure(SHEET_COLUMNS)), path)
        self._path = path
        self._header = unique_names(header)
        self._spool = Spool(path.parent)
        self._annex: Mapping[str, Sheet] = {}

    def laid_out(self, rows: OutputRows) -> pl.DataFrame:
        """Rows with types that cells can have."""
        return defused(as_cells(rows.frame))

    def write(self, frame: pl.DataFrame) -> None:
        """Store rows that were laid out. Raises InputError if there are too many for a workbook."""
        if self._spool.rows + frame.height > XLSX_ROWS * XLSX_SHEETS:
            raise InputError(localized("errors", "xlsx_rows", most=figure(XLSX_ROWS * XLSX_SHEETS)))
        for cells in frame.select(pl.selectors.string()):
            self.cut += int((cells.str.len_chars() > CELL).sum()) if (cells.str.len_bytes() > CELL).any() else 0
        self._spool.add(frame)

    def add_sheets(self, sheets: Callable[[], Mapping[str, Sheet]]) -> None:
        """Add sheets before and after the rows."""
        self._annex = sheets()

    def close(self) -> None:
        """Write the workbook."""
        with closing(self._spool) as spool:
            rows = spool.scan()
            if rows is None:
                rows = pl.LazyFrame(schema=dict.fromkeys(self._header, pl.String))
            starts = range(0, max(1, spool.rows), XLSX_ROWS)
            forms = {name: form(rows) for name, form in self._annex.items() if callable(form)} | {_ROWS: rows}
            sheets = {
                sheet_name(at, name): _for_cells(form).slice(start, XLSX_ROWS)
                for name, form in forms.items()
                for at, start in enumerate(starts)
            }
            annex = {name: defused(frame) for name, frame in self._annex.items() if isinstance(frame, pl.DataFrame)}
            _write_workbook(self._path, sheets, annex)


def sheet_name(at: int, name: str = _ROWS) -> str:
    """The name of a sheet of rows, counted from 0."""
    return f"{name} {at + 1}" if at else name


def _for_cells(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows that fit into cells of a spreadsheet: long numbers and other types become text, long texts are cut."""
    names = rows.collect_schema().names()
    rows = rows.rename(dict(zip(names, unique_names(header_cells(names)), strict=True)))
    schema = rows.collect_schema()
    integers = [name for name, kind in schema.items() if kind.is_integer()]
    largest = rows.select(pl.col(integers).cast(pl.Float64).abs().max()).collect().to_dicts()[0] if integers else {}
    long = [name for name, value in largest.items() if (value or 0) >= _LONG]
    plain = (pl.String, pl.Boolean, pl.Date)
    other = [name for name, kind in schema.items() if not kind.is_numeric() and kind not in plain]
    text = [pl.col(name).cast(pl.String) for name in (*long, *other)]
    return rows.with_columns(*text).with_columns(pl.selectors.string().str.head(CELL))


class _SheetRows:
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
    before, after = list(annex.items())[:1], list(annex.items())[1:]
    write_worksheets(
        [*before, *((name, _SheetRows(rows)) for name, rows in sheets.items()), *after],
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
