"""Names of files put no number on the pages of a desk."""

from __future__ import annotations

import pytest

from dnc.desk.forms import _clean


@pytest.mark.parametrize(
    ("given", "kept"),
    [("0199000001.csv", "_.csv"), ("C:\\lists\\tel 01 99 00 00 01.xlsx", "tel _.xlsx"), ("autumn-2026.csv",) * 2],
)
def test_a_list_that_is_named_like_a_number_does_not_put_it_into_titles_and_the_log(given, kept):
    """Its name is what the pages and the log say; what may be a telephone number is left out."""
    assert _clean(given) == kept
