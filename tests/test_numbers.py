"""Numbers: one subscriber, one identity, however it is written; what cannot be proved is not read."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import columns
from dnc.numbers import SCHEMA, read_number
from tests.number_twin import read_numbers

NBSP, THIN, ZERO_WIDTH, RTL = "\u00a0", "\u202f", "\u200b", "\u200e"


@pytest.mark.parametrize(
    "text",
    [
        "0639981259", "06 39 98 12 59", "06.39.98.12.59", "06-39-98-12-59", "(06) 39 98 12 59", " 0639981259 ",
        "639981259", "+33639981259", "+33 6 39 98 12 59", "+33 (0)6 39 98 12 59", "0033639981259", "0033 6 39981259",
        "33639981259", "(+33) 6 39 98 12 59", "639981259.0", "33639981259,0", "'+33639981259", '="0639981259"', "tel:+33639981259",
        f"06{NBSP}39{NBSP}98{NBSP}12{NBSP}59", f"06{THIN}39{THIN}98{THIN}12{THIN}59", f"{RTL}06{ZERO_WIDTH}39981259",
        "٠٦٣٩٩٨١٢٥٩", "０６３９９８１２５９", "＋33639981259", "06‑39‑98‑12‑59", "0639981259 poste 12", "0639981259 ext. 4",
    ],
)  # fmt: skip
def test_one_subscriber_one_identity(text):
    """Every way of writing a French number gives the same E.164."""
    assert read_number(text, "FR").number == 33639981259


@pytest.mark.parametrize(
    ("text", "region", "number", "territory"),
    [
        ("05 90 00 00 01", "FR", 590590000001, "GP"),
        ("+590 590 00 00 01", None, 590590000001, "GP"),
        ("+33590000001", None, 590590000001, "GP"),
        ("0690 00 00 01", "FR", 590690000001, "GP"),
        ("0691000001", "GP", 590691000001, "GP"),
        ("0596 00 00 79", "MQ", 596596000079, "MQ"),
        ("0596000079", "FR", 596596000079, "MQ"),
        ("0697000001", "FR", 596697000001, "MQ"),
        ("0694000001", "FR", 594694000001, "GF"),
        ("0262000001", "FR", 262262000001, "RE"),
        ("0692 00 00 01", "FR", 262692000001, "RE"),
        ("+33692000001", None, 262692000001, "RE"),
        ("0693000001", "RE", 262693000001, "RE"),
        ("0269000001", "FR", 262269000001, "YT"),
        ("0639 00 00 01", "FR", 262639000001, "YT"),
        ("0639 98 00 01", "FR", 33639980001, "FR"),
        ("0976600001", "FR", 596976600001, "MQ"),
        ("0976100001", "FR", 590976100001, "GP"),
        ("0947700008", "FR", 596947700008, "MQ"),
        ("0709000001", "FR", 590709000001, "GP"),
        ("0709200001", "FR", 262709200001, "RE"),
        ("0709350001", "FR", 262709350001, "YT"),
        ("0508 41 00 01", "FR", 508410001, "PM"),
        ("+508 41 00 01", None, 508410001, "PM"),
        ("0708000001", "FR", 508708000001, "PM"),
        ("06 12 00 00 01", "GP", 33612000001, "FR"),
        ("262692000001", "FR", 262692000001, "RE"),
        ("590 690 00 00 01", "FR", 590690000001, "GP"),
        ("596696000001", "MQ", 596696000001, "MQ"),
        ("508708000001", "FR", 508708000001, "PM"),
    ],
)
def test_overseas_numbers_have_one_identity(text, region, number, territory):
    """The official plan decides where a French number lives, whichever way it was written."""
    reading = read_number(text, region)
    assert (reading.number, reading.territory) == (number, territory)


@pytest.mark.parametrize(
    ("text", "region", "unread"),
    [
        ("", "FR", "empty"), ("   ", "FR", "empty"), ("n/c", "FR", "not written as a number"),
        ("01 99 00 2", "FR", "impossible length"), ("3600", "FR", "impossible length"),
        ("6.1234567E8", "FR", "not written as a number"), ("3,36E+10", "FR", "not written as a number"),
        ("61234567.0", "FR", "impossible length"), ("639981259.0", "US", "impossible length"),
        ("#NAME?", "FR", "not written as a number"), ("O639981259", "FR", "not written as a number"),
        ("06 39 98 12 59 / 01 99 00 00 01", "FR", "two numbers in one cell"),
        ("0639981259 ou 0199000001", "FR", "two numbers in one cell"),
        ("0639981259;0199000001", "FR", "two numbers in one cell"),
        ("0639981259", None, "region"), ("33639981259", None, "region"), ("+999123456789", None, "not a telephone number"),
    ],
)  # fmt: skip
def test_what_cannot_be_proved_is_not_read(text, region, unread):
    """Damage is not repaired by guessing: another person's number is worse than none."""
    reading = read_number(text, region)
    assert (reading.number, reading.unread) == (None, unread)


@given(st.text(max_size=40), st.sampled_from(["FR", "GP", "US", "GB", None]))
def test_reading_never_fails(text, region):
    """Any text is a number or a reason, never both and never an exception."""
    reading = read_number(text, region)
    assert (reading.number is None) == (reading.unread is not None)


@given(st.integers(10**8, 10**9 - 1))
def test_french_identity_is_stable(national):
    """Reading the E.164 that was read gives the same number again."""
    reading = read_number(f"0{national}", "FR")
    if reading.number:
        assert read_number(f"+{reading.number}", None)[:2] == reading[:2]
        assert read_number(f"+33{national}", "GB").number == reading.number


def test_a_column_keeps_its_order_and_repeats():
    """A frame of cells gives a frame of the same height and order."""
    cells = pl.DataFrame({"text": ["0199000002", None, "0199000001", "0199000002"], "region": ["FR", "FR", "FR", None]})
    read = read_numbers(cells)
    assert read["number"].to_list() == [33199000002, None, 33199000001, None]
    assert read["unread"].to_list() == [None, "empty", None, "region"]


def test_a_column_is_read_as_its_cells_are(monkeypatch):
    """What the ranges of a plan answer is what the reference answers, however the column is written."""
    monkeypatch.setattr(columns, "PAYS", 1)
    shapes = (
        "0{}",
        "{}",
        "+33{}",
        "+33 (0){}",
        "0033{}",
        "33{}",
        "{}.0",
        '="0{}"',
        "'+33{}",
        "Tél : 0{}",
        "0{} poste 12",
    )
    texts = [shape.format(n) for shape in shapes for n in range(100_000_000, 1_000_000_000, 7_777_777)]
    texts += [
        "",
        None,
        "n/c",
        "6.12E+08",
        "01 99 00 00 01",
        "01.99.00.00.01 ",
        "(+33) 199000001",
        "12",
        "0199000001/0199000002",
    ]
    for region in ("FR", "GP", "DE", None):
        cells = pl.DataFrame({"text": texts}).with_columns(region=pl.lit(region, pl.String))
        expected = [read_number(text or "", region)._asdict() for text in texts]
        assert read_numbers(cells).rows(named=True) == [{name: one[name] for name in SCHEMA} for one in expected]
