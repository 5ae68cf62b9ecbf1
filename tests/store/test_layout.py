"""What a user says of the columns and words of a registry's file: it is read so, and makes another load of it."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from dnc import InputError
from dnc.store.records import RecordFile
from tests.store.test_store import states

AS_OF = date(2026, 8, 3)
OWN = "Téléphone;Depuis;Fin;Motif\n01 99 00 00 01;05/03/2026;;stop\n01 99 00 00 02;06/03/26;jamais;stop\n"
OWN_SAID = {"columns": {"since": "Depuis", "until": "fin"}, "dates": "dmy", "values": {"until": {"Jamais": "never"}}}
FRENCH = "Nom;Téléphone;{rouge};{orange}\nA;01 99 00 04 18;{yes};{no}\nB;02 61 91 04 18;{no};{yes}\nC;03 53 01 04 18;{no};{no}\n"
STATES = {33199000418: "listed", 33261910418: "listed", 33353010418: "clear"}


def listings(store, one):
    """The rows of the file of a load."""
    if isinstance(one, RecordFile):
        rows = pl.read_parquet(store.path / "records" / one.file)
        return rows.select("number", ~pl.col("lifted"), "on_day", "until").rows()
    return pl.read_parquet(store.path / "snapshots" / one.file).rows()


def test_an_own_list_with_other_names(store, write_file):
    """Names, dates and words of the file are ours."""
    one = store.load(write_file("o.csv", OWN), as_of=AS_OF, registry="own", **OWN_SAID)
    days = [(33199000001, True, date(2026, 3, 5), None), (33199000002, True, date(2026, 3, 6), None)]
    assumed = "numbers without a country code: 2; no country was given, so they were read as numbers of FR"
    assert (listings(store, one), one.notes) == (days, (assumed, "newest entry: 2026-03-06"))


def test_the_command_line_says_the_same(dnc, store, write_file):
    """A brief and options of `dnc load`, with and without --preview; the log has them."""
    path = write_file("o.csv", OWN)
    brief = write_file("b.toml", 'dates = "dmy"\ncolumns.until = "Fin"\nvalues.until.jamais = "never"\n')
    words = ["--registry", "own", "--map", "since=Depuis", "--brief", brief]
    assert dnc("load", path, "--as-of", AS_OF, *words)[0] == 0
    assert store.load(path, as_of=AS_OF, registry="own", **OWN_SAID).new is False
    [row] = store.log().rows(named=True)
    assert json.loads(row["detail"])["layout"] == {
        "columns": {"since": "depuis", "until": "fin"},
        "dates": "dmy",
        "values": {"until": {"jamais": "never"}},
    }
    code, rows, _ = dnc("load", "--preview", path, *words)
    assert (code, rows.splitlines()[1:]) == (0, ["+33199000001,yes,2026-03-05", "+33199000002,yes,2026-03-06"])


def test_plain_form_with_other_names(store, write_file):
    """A file is in plain form by the names that the user gives; another reading of it replaces the first."""
    text = "Rufnummer;Gesperrt;Seit\n01632 960101;Ja;2. März 2026\n01632 960102;Nein;\n01632 960103;;\n"
    path = write_file("tps.csv", text)
    words = {
        "registry": "gb-tps",
        "as_of": AS_OF,
        "columns": {"number": "Rufnummer", "listed": "Gesperrt", "since": "seit"},
    }
    first = store.load(path, **words, values={"listed": {"ja": "yes", "nein": "no", "": "no"}})
    assert listings(store, first)[0] == (441632960101, True, date(2026, 3, 2), None)
    assert [state for _, state, *_ in listings(store, first)] == [True, False, False]
    second = store.load(path, **words, values={"listed": {"ja": "yes", "nein": "no"}})
    assert [state for _, state, *_ in listings(store, second)] == [True, False, True]
    assert [one.id for one in store.snapshots()] == [second.id]
    assert f"as snapshot {first.id}; replaced by this one" in " ".join(second.notes)


@pytest.mark.parametrize(
    "words",
    [
        {"rouge": "Liste rouge", "orange": "Liste orange", "yes": "oui", "no": "non"},
        {"rouge": "LISTE_ROUGE", "orange": "liste-orange", "yes": "OUI", "no": "Non"},
        {"rouge": "Inscrit en liste rouge", "orange": "Inscrit en liste orange", "yes": "O", "no": "N"},
    ],
)
def test_a_french_directory_as_it_is(store, write_file, words):
    """Its columns are named for liste rouge and liste orange, and say oui or non."""
    one = store.load(write_file("annuaire.csv", FRENCH.format(**words)), as_of=AS_OF, ignore=["Nom"])
    assert one.registry == "fr-directory"
    assert dict(zip(STATES, states(store, "fr-directory", STATES, "2026-08-04"), strict=True)) == STATES


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("Nom;Téléphone;Hors liste rouge;Liste orange\nA;01 99 00 04 18;oui;non\n", {}, None),
        ("Téléphone;Liste rouge;Liste orange\n01 99 00 04 18;;non\n", {}, "listed"),
        ("Téléphone;Liste rouge;Liste orange\n01 99 00 04 18;;non\n", {"values": {"listing": {"": "listed"}}}, "clear"),
        ("Téléphone;Liste rouge;Liste orange\n01 99 00 04 18;ja;non\n", {}, "listed"),
        (
            "Tél;LR;LO\n01 99 00 04 18;x;non\n",
            {"columns": {"number": "Tél", "listing": "LR", "prospecting": "LO"}},
            "listed",
        ),
    ],
)
def test_what_a_directory_does_not_say_is_against_the_call(store, write_file, text, words, said):
    """A name that says the opposite is not recognised, and a cell that says nothing counts as listed."""
    path = write_file("annuaire.csv", text)
    if said is None:
        with pytest.raises(InputError, match="not recognised as that of a registry"):
            store.load(path, as_of=AS_OF)
        return
    one = store.load(path, as_of=AS_OF, **words)
    assert (one.registry, one.listed, one.clear) == ("fr-directory", said == "listed", said == "clear")


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("number,since\n+33199000001,\n", {"columns": {"until": "Ende"}}, "no column 'Ende' for until"),
        (
            "number,since\n+33199000001,\n",
            {"registry": "own", "columns": {"listing": "since"}},
            "own has no column 'listing'",
        ),
        ("number,since\n+33199000001,\n", {"values": {"until": {"x": "never"}}}, "no column until"),
        ("number,since\n+33199000001,\n", {"values": {"number": {"x": "y"}}}, "number cannot be replaced"),
        ("number,a\n+33199000001,\n", {"columns": {"since": "a", "until": "A"}}, "'a' is mapped twice"),
        ("number,since,a\n+33199000001,,\n", {"columns": {"since": "a"}}, "several columns are called since"),
        ("number,since\n+33199000001,\n", {"dates": "ymd"}, "dates 'ymd' is not known"),
        ("Telephone;Réponse\n0199000001;OK\n", {"columns": {"reponse": "Réponse"}}, "its own file format"),
        ("Telephone;Réponse\n0199000001;OK\n", {"dates": "dmy"}, "its own file format"),
    ],
)
def test_what_cannot_have_an_effect_is_refused(store, write_file, text, words, message):
    """A layout that the file or the registry has no place for stores nothing."""
    path = write_file("list.csv", text)
    with pytest.raises(InputError, match=message) as refused:
        store.load(path, as_of=AS_OF, **words)
    assert "199000" not in str(refused.value)
    assert not store.exists


@pytest.mark.parametrize(
    "words",
    [["--map", "since"], ["--map", "since=a", "--map", "since=b"], ["--brief", "b.toml"]],
)
def test_options_that_are_not_in_form(dnc, write_file, words):
    """They are wrong usage."""
    path = write_file("own.csv", "number,a,b\n+33199000001,,\n")
    write_file("b.toml", 'dates = "ymd"')
    assert dnc("load", path, "--registry", "own", "--as-of", AS_OF, *words)[0] == 2
