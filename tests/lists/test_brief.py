"""What a brief cannot say: each is refused, with the key."""

from __future__ import annotations

import re

import pytest

from dnc import Brief, InputError
from dnc.lists.brief import read_brief


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ('regoin = "FR"', "regoin", "region, dates"),
        ("ignore = [1]", "ignore", "must be a list of columns"),
        ('sheet = ""', "sheet", "must be the name of a sheet"),
        ("sheet = 2", "sheet", "must be the name of a sheet"),
        ('require_proof = "yes"', "require_proof", "must be true or false"),
        ("consent_months = 0", "consent_months", "at least 1"),
        ('consent_months = "24"', "consent_months", "must be a number of months"),
        ('around = "yes"', "around", "'?yes'? is not known"),
        ('[columns]\nnumber = ["Tel", 2]', "columns.number", "must be a text or a list of texts"),
        ('facts = "none"', "facts", "must be a table"),
        ('[facts]\ncaller = ["commercial"]', "facts.caller", "must be a text"),
        ('[values.consent]\n" " = "none"', "values.consent", "entry for empty cells"),
        ('[texts.Notes]\nnever = ["Stop"]', "texts.Notes", "objected"),
        ('[texts.Notes]\nobjected = "Stop"', "texts.Notes.objected", "must be a list of texts"),
        ('[texts.Notes]\nobjected = [" "]', "texts.Notes.objected", "entry for empty cells"),
        (
            '[texts.Notes]\nobjected = ["Stop"]\nnothing = ["STOP"]',
            "texts.Notes",
            "the same word or text is there twice",
        ),
        ('[texts.Notes]\nobjected = ["a; b"]\nseparator = ";"', "texts.Notes", "a text has the separator in it"),
        ("[texts.Notes]\non = 1", "texts.Notes.on", "must be a text"),
        ('[texts.Notes]\nrest = "objected"', "texts.Notes.rest", "is not known"),
        ('[texts.Notes]\nseparator = "x"', "texts.Notes.separator", ""),
    ],
)
def test_refused(tmp_path, text, key, message):
    """A word that is wrong, a value of another type, a text with two meanings."""
    (path := tmp_path / "b.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"b\.toml:{re.escape(key)}: .*{message}"):
        read_brief(path)


@pytest.mark.parametrize(("words", "message"), [({"dates": "ymd"}, "iso"), ({"ignore": "Notes"}, "list of columns")])
def test_refused_in_python(words, message):
    """The order of dates, and a text in the place of a list, each of whose letters would be a column."""
    with pytest.raises(InputError, match=message):
        Brief(**words)
