"""The scrub itself: it hears, and it knows a number in any spelling."""

from __future__ import annotations

from datetime import date

import pytest

from dnc import InputError
from tests.scrub import found_in, tails


@pytest.mark.parametrize(
    "spelling",
    [
        "+33199000001", "0199000001", "01 99 00 00 01", "01.99.00.00.01", "(0)1 99-00-00-01", "0033 1 99 00 00 01",
        "199000001", "33199000001.0", "07700 900123", "+44 (0)20 7946 0123", "0639 98 12 34", "٠١٩٩٠٠٠٠٠١",
        "tel:+33-1-99-00-00-01", "01\u202f99\u202f00\u202f00\u202f01",
    ],
)  # fmt: skip
def test_a_number_is_known_in_any_spelling(spelling):
    """However a number of the fixtures is written, it is found in a sentence."""
    assert found_in(f"line 7 could not be read: {spelling}; see the log")


@pytest.mark.parametrize(
    "text",
    [
        "check 12 of 2026-11-25T10:30:00, 1,234,567 rows, head 4:" + "19900000" * 8,
        "120,000 of 1,000,000 rows",
        "as of 2026-08-01 (snapshot 3)",
    ],
)
def test_a_count_or_a_hash_is_no_number(text):
    """Days, counts and checksums are told freely."""
    assert not found_in(text)


def test_the_fixtures_numbers_are_known():
    """The scrub looks for those of every registry's fixture and of the tables of cases."""
    assert len(tails()) > 100


@pytest.mark.says_numbers
def test_the_scrub_hears_errors_narration_and_the_log(scrubbed, dnc, store):
    """A number that is put into each of them on purpose is heard."""
    InputError("bad number 0199000001")
    dnc("load", "--preview", "0199000002.csv")
    store.object(["+33199000001"], date(2026, 8, 1))
    store.record("note", {"text": "01 99 00 00 03"}, {})
    heard = [text for text in scrubbed.texts if found_in(text)]
    assert [any(number in text for text in heard) for number in ("0199000001", "0199000002", "01 99 00 00 03")] == [
        True
    ] * 3
