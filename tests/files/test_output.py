"""Rows on stdout: they come as they are written, and nothing stands before the first of them."""

from __future__ import annotations

import polars as pl
import pytest

from dnc import InputError
from dnc.files.output_file import output
from dnc.files.output_rows import OutputRows

ROW = OutputRows.of(pl.DataFrame({"a": ["1"]}))


@pytest.mark.parametrize(("target", "first", "rows"), [("-", b"a\n", b"1\n"), ("-.jsonl", b"", b'{"a":"1"}\n')])
def test_rows_of_text_come_as_they_are_written(capsysbinary, target, first, rows):
    """The header with the first of them, and each batch before the next one is there."""
    with output(target, ["a"]) as writer:
        assert capsysbinary.readouterr().out == b""
        writer.add(ROW)
        assert capsysbinary.readouterr().out == first + rows
        writer.add(ROW)
        assert capsysbinary.readouterr().out == rows
    assert capsysbinary.readouterr().out == b""


@pytest.mark.parametrize("target", ["-", "-.csv", "-.jsonl", "-.parquet", "-.xlsx"])
def test_an_error_before_the_first_row_prints_nothing(capsysbinary, target):
    """In no format."""
    with pytest.raises(InputError), output(target, ["a"]):
        raise InputError("the list cannot be read")
    assert capsysbinary.readouterr().out == b""


def test_a_file_that_is_whole_at_its_end_is_printed_then(capsysbinary):
    """A spreadsheet, after an error not at all."""
    with output("-.xlsx", ["a"]) as writer:
        writer.add(ROW)
        assert capsysbinary.readouterr().out == b""
    assert pl.read_excel(capsysbinary.readouterr().out).to_dicts() == [{"a": "1"}]
    with pytest.raises(InputError), output("-.xlsx", ["a"]) as writer:
        writer.add(ROW)
        raise InputError("the list cannot be read")
    assert capsysbinary.readouterr().out == b""


def test_a_file_without_a_row_has_its_header(tmp_path, capsysbinary):
    """So has stdout."""
    for target in (tmp_path / "rows.csv", "-"):
        with output(target, ["a", "b"]):
            pass
    assert (tmp_path / "rows.csv").read_bytes() == capsysbinary.readouterr().out == b"a,b\n"
