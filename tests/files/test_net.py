"""The net finds most texts that say not to call a person, and few others.

`pytest tests/files/test_net.py -s` prints the shares that docs/clear.md tells.
"""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc.files.net import marked, marks
from tests import size


@pytest.mark.parametrize(
    "name",
    [
        "DNC", "do_not_call", "DoNotCall", "Do_Not_Call__c", "optOut", "HasOptedOutOfPhone", "CUSTOM_DNC",
        "opposition_demarchage", "OPPOSITION", "Date d'opposition", "consent_withdrawn_on", "D.N.C.", "stop_list",
        "Werbewiderspruch", "liste rouge", "oppositions.csv", "Robinson",
    ],
)  # fmt: skip
def test_names(name):
    """Names of columns, sheets and files, in the ways in which programs write them."""
    assert marks(name)


@pytest.mark.parametrize(
    "name",
    ["Phone", "Last call", "consent_on", "Contact", "Téléphone", "Date d'appel", "Vorname", "Statut", "applicable", ""],
)
def test_other_names(name):
    """Names that have words for calls, and say nothing against them."""
    assert not marks(name)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("opposition démarchage reçue par courrier", "opposition courrier"),
        ("désinscrit newsletter et téléphone", "désinscrit newsletter"),
        ("soll nicht kontaktiert werden", "nicht kontaktiert"),
        ("not to be called", "not called"),
        ("pas d'appel", "pas applicable"),
        ("oppositoin démarchage", "apposition démarchage"),
        ("No answer, no calls", "No answer, call"),
        ("ne pas appeler", "ne pas appeler avant 10 h"),
        ("do not call", "do not forget to call"),
        ("refuse les appels", "refuse le devis"),
        ("take me off the list", "take item 3 off the list"),
        ("opted out", "opted out of the pension"),
        ("Client,NPA", "Client,VIP"),
        ("01 99 00 00 01 (opposition)", "01 99 00 00 01 (option)"),
        ("FICTIF MARIE /STOP/", "FICTIF MARIE /SEPT/"),
        ("Sète [stop]", "Saint-Denis - Le Refuge"),
        ("*OPPOSITION* Exemple", "Rue de l'Opposition / Lyon"),
        ("TPS registered", "checked against TPS, clear"),
        ("DÃ©sinscrit", "DÃ©crit"),
        ("ne pas appe\u00adler", "ne pas app"),
    ],
)
def test_what_stands_beside(text, other):
    """A word counts by those beside it; case, spoilt accents and a typo in a long word change nothing."""
    assert marked(pl.Series([text, other])).to_list() == [True, False]


def test_columns_about_mail():
    """There a single word is about mail; two words that speak of calls count, as in a column about both."""
    texts = pl.Series(["Unsubscribed", "No calls"])
    assert marked(texts, column="Email status").to_list() == [False, True]
    assert marked(texts, column="Email and phone status").to_list() == [True, True]


def test_what_a_text_says_behind_the_name_of_its_column():
    """A text alone may say nothing of calls; a name that says so itself, or is about mail, adds nothing."""
    texts = pl.Series(["Non autorisé", "Autorisé", None])
    assert marked(texts, column="Appel").to_list() == [True, False, False]
    assert not marked(pl.Series(["Non", "never"]), column="Contacté").any()  # not reached yet
    for name in ("SMS", "Nom", "Ne pas appeler", ""):
        assert not marked(texts, column=name).any()


def test_series():
    """The answer has the length and the name of what was asked, which stays as it was."""
    texts = pl.Series("notes", [None, "", "Refus", "<br>", None, "no call &amp; no visit"])
    before = texts.clone()
    assert marked(texts).equals(pl.Series("notes", [False, False, True, False, False, True]), check_names=True)
    assert texts.equals(before)
    assert marked(pl.Series("none", [], dtype=pl.String)).dtype == pl.Boolean


@settings(max_examples=size(40, 300), deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6))
def test_a_text_is_read_by_itself(texts):
    """The other texts of a series change nothing."""
    assert marked(pl.Series(texts, dtype=pl.String)).to_list() == [marks(text) for text in texts]


@pytest.mark.parametrize(("table", "least", "most"), [("net.csv", 0.97, 0.005), ("net_held_out.csv", 0.77, 0.081)])
def test_shares(table, least, most):
    """The net was written with the first table; the second is by somebody else, and it was never changed for that one.

    The second also names the columns. least: share of the objecting texts that must be marked. most: share of the others
    that may be.
    """
    with (Path(__file__).parent / table).open(encoding="utf-8", newline="") as file:
        rows = pl.DataFrame(list(csv.DictReader(file)))
    named = rows.with_columns(column=pl.lit("")) if "column" not in rows.columns else rows
    rows = pl.concat(
        part.with_columns(marked=marked(part["text"], column=name))
        for (name,), part in named.partition_by("column", as_dict=True).items()
    )
    shares = {
        objects: (len(part), part["marked"].mean())
        for (objects,), part in rows.partition_by("objects", as_dict=True).items()
    }
    print(
        "\n",
        table,
        *(
            f"{share:.1%} of {count} marked where objects = {objects}"
            for objects, (count, share) in sorted(shares.items())
        ),
        sep="\n  ",
    )
    assert shares["1"][1] >= least
    assert shares["0"][1] <= most
