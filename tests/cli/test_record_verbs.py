"""The verbs of own records on the command line."""

from __future__ import annotations

import json
import tomllib

import pytest

NUMBER = "01 99 00 00 01"


@pytest.fixture
def recorded(dnc, write_file) -> None:
    """A wording, a consent with its proof, a call and customers."""
    text = write_file("form.txt", "Yes, X may call me.\n")
    assert dnc("record", "wording", text, "--name", "form-7", "--set", "term_months=12")[0] == 0
    told = ["--on", "2026-08-05T10:12+02:00", "--for", "both", "--set", "wording=form-7", "--proof-file", "form.txt"]
    assert dnc("record", "consent", NUMBER, "--region", "FR", *told, "--set", "channel=web")[0] == 0
    assert (
        dnc(
            "record", "call", "+33199000001", "--at", "2026-11-03T10:00", "--result", "no_answer", "--set", "call_id=7"
        )[0]
        == 0
    )
    customers = write_file("k.csv", "number,relationship\n+33199000001,buyer\n")
    assert dnc("load", customers, "--registry", "customers", "--as-of", "2026-11-01")[0] == 0


def test_what_is_recorded_comes_out_and_goes_in_again(dnc, recorded, write_file, tmp_path):
    """An export is a file that a load takes: in the same store nothing is new, in another all of it is."""
    for kind, more in (("consents", ()), ("calls", ()), ("customers", ("--as-of", "2026-11-01"))):
        code, text, _ = dnc("export", kind)
        assert (code, len(text.splitlines())) == (0, 2)
        path = write_file(f"{kind}.csv", text)
        if kind != "customers":
            assert "0 added, 1 known" in dnc("load", path, "--registry", kind)[2]
        other = ["--store", str(tmp_path / "other")]
        assert "1 added" in dnc("load", path, "--registry", kind, *more, *other)[2]
        again = dnc("export", kind, *other)[1]
        assert again.splitlines()[1].rpartition(",")[0] == text.splitlines()[1].rpartition(",")[0]
    assert "form.txt" in dnc("export", "consents")[1]


def test_wordings_are_listed_and_shown(dnc, recorded):
    """By name, with their hash and their text."""
    assert dnc("export", "wordings")[1].startswith("name,sha256,added_at,facts,text\nform-7,")
    assert ',"Yes, X may call me.\n"\n' in dnc("export", "wordings")[1]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("J\u2019accepte d\u2019être appelé".encode("cp1252"), "J\u2019accepte d\u2019être appelé"),
        ("J'accepte d'être appelé".encode("utf-16"), "J'accepte d'être appelé"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", None),
        (b"PK\x03\x04\x14\x00", None),
        (b"  \n", None),
        (b"long " * 250_000, None),
    ],
)
def test_a_wording_is_kept_as_people_read_it(dnc, tmp_path, content, shown):
    """In the encodings of Windows, too; what is no text is refused, since a wording is never changed."""
    (tmp_path / "form.txt").write_bytes(content)
    assert dnc("record", "wording", tmp_path / "form.txt", "--name", "form-9")[0] == (0 if shown else 4)
    code, out, _ = dnc("export", "wordings")
    assert code == (0 if shown else 4) and (not shown or out.endswith(f",{shown}\n"))


@pytest.mark.parametrize("name", ["form\n", "form\x1b]0;x\x07"])
def test_no_name_in_the_store_has_what_a_terminal_obeys(dnc, write_file, name):
    """It would be in the log and in every list: a line break at its end, too."""
    path = write_file("form.toml", 'region = "FR"\n')
    for verb in (("record", "wording", path, "--name"), ("campaign", "add", "--brief", path), ("key", "add")):
        assert dnc(*verb, name)[0] == 4


@pytest.mark.parametrize(
    ("kind", "head", "row"),
    [
        ("consents", "consent,consent_on", "named_caller,2026-08-01"),
        ("calls", "at,result", "2026-08-01,busy"),
        ("customers", "relationship", "buyer"),
    ],
)
def test_every_column_of_own_records_has_a_role(dnc, write_file, kind, head, row):
    """Otherwise nothing is loaded; a brief gives it one, and a text in it that nobody read stops or spoils the row."""
    path = write_file("k.csv", f"number,{head},Statut\n+33199000001,{row},actif\n+33199000002,{row},\n")
    load = ["load", path, "--registry", kind, *(["--as-of", "2026-08-02"] if kind == "customers" else [])]
    code, _, told = dnc(*load)
    assert code == 2 and '[texts."Statut"]' in told
    assert dnc("export", kind)[0] != 0 or len(dnc("export", kind)[1].splitlines()) < 2
    brief = write_file("b.toml", '[texts."Statut"]\nnothing = ["Actif"]\n')
    assert "2 added" in dnc(*load, "--brief", brief)[2]
    other = write_file("o.toml", '[texts."Statut"]\nobjected = ["Actif"]\n')
    code, _, told = dnc(*load, "--brief", other)
    assert code == 4 and "k.csv:2: tells an objection" in told
    unread = write_file("u.toml", '[texts."Statut"]\nunread = ["Actif"]\n')
    assert dnc(*load, "--brief", unread)[0] == (0 if kind == "consents" else 4)
    assert kind != "consents" or "not understood" in dnc("export", kind)[1]


def test_a_person_who_objected_in_a_call_is_on_the_own_list(dnc, recorded):
    """It need not be recorded twice."""
    assert dnc("record", "call", "+33199000002", "--at", "2026-11-04", "--result", "objected")[0] == 0
    assert "+33199000002" in dnc("export", "own")[1]


def test_the_log_says_to_whom_consents_were_passed_on(dnc, recorded):
    """Who asks is told so."""
    assert dnc("export", "consents", "--to", "Partner GmbH")[0] == 0
    assert '""to"": ""Partner GmbH""' in dnc("log")[1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["load", "FILE", "--registry", "consents", "--means", "listed"], 2),
        (["load", "FILE", "--registry", "own", "--as-of", "2026-08-01", "--brief", "zone.toml"], 2),
        (["load", "FILE", "--registry", "own"], 2),
        (["load", "FILE", "--registry", "calls", "--covers", "2026-11-02..2026-11-01"], 2),
        (["load", "FILE", "--registry", "calls", "--covers", "november"], 2),
        (["load", "FILE", "--registry", "calls", "--brief", "mars.toml"], 2),
        (["load", "FILE", "--registry", "customers"], 2),
        (["record", "consent", NUMBER, "--region", "FR", "--for", "live"], 2),
        (["record", "consent", "12", "--on", "2026-08-01"], 4),
        (["record", "consent", "+33199000001", "--withdrawn-on", "20/11/2026"], 4),
        (["record", "consent", "+33199000001", "--withdrawn-on", "2099-01-01"], 4),
        (["record", "call", "+33199000001", "--at", "soon", "--result", "busy"], 4),
        (["record", "call", "+33199000001", "--at", "2026-11-01", "--result", "loud"], 4),
        (["record", "wording", "FILE"], 2),
        (["record", "wording", "FILE", "--name", "x", "--set", "mood=good"], 2),
        (["export", "calls", "--to", "Partner GmbH"], 2),
    ],
)
def test_wrong_words(dnc, write_file, words, code):
    """The exit codes are those of every verb, and nothing is stored."""
    path = write_file(
        "rows.csv", "number,at,result,consent,consent_on\n+33199000001,2026-11-01,busy,written,2026-08-01\n"
    )
    write_file("zone.toml", 'zone = "Europe/Paris"')
    write_file("mars.toml", 'zone = "Mars"')
    assert dnc(*(path if word == "FILE" else word for word in words))[0] == code


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--on", "2099-01-01"], "a day was not understood or is still to come"),
        (["--on", "2026-08-01", "--set", "consent_until=soon"], "a day was not understood"),
        (["--on", "2026-08-01", "--set", "wordign=form-7"], "wordign: unknown key; use one of number or consent"),
        (["--on", "2026-08-01", "--set", "origin=do not call"], "nobody has said what the text in 'origin' means"),
    ],
)
def test_a_statement_that_is_not_understood_is_not_recorded(dnc, more, says):
    """A file may hold one, which then forbids the call; who records one at a time can mend it at once."""
    code, _, said = dnc("record", "consent", "+33199000001", *more)
    assert code in (2, 4) and said.startswith(f"dnc: {says}")
    assert dnc("export", "consents")[0] == 4


def test_consents_are_listed_by_their_end(dnc, recorded, monkeypatch, tmp_path):
    """Agreed, by the wording or by the law of the country; in Great Britain no law sets an end."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")
    for number, on in (("+33199000002", "2025-12-20"), ("+33199000003", "2025-11-01"), ("+441632960001", "2024-01-01")):
        assert dnc("record", "consent", number, "--on", on, "--for", "live")[0] == 0
    assert dnc("record", "consent", "+33199000004", "--on", "2026-11-01", "--set", "consent_until=2026-12-31")[0] == 0
    assert dnc("record", "consent", "+33199000005", "--on", "2026-11-01")[0] == 0
    assert dnc("record", "consent", "+33199000005", "--withdrawn-on", "2026-11-02")[0] == 0
    rows = [line.split(",") for line in dnc("export", "consents", "--ending", 365)[1].splitlines()[1:]]
    assert [(row[0], row[5], row[6]) for row in rows] == [
        ("+33199000002", "2026-12-20", "21"),
        ("+33199000004", "2026-12-31", "32"),
        ("+33199000001", "2027-08-05", "249"),
    ]
    _, listed, said = dnc("export", "consents", "--ending", "21", "--lang", "fr")
    assert len(listed.splitlines()) == 2 and "21 jours : 1" in said.replace("\u00a0", " ").replace("\u202f", " ")
    assert dnc("export", "consents", "--ending", "21", "--out", tmp_path / "ending.csv")[:2] == (0, "")
    assert (tmp_path / "ending.csv").read_text() == listed
    assert dnc("record", "objection", "+33199000002", "--on", "2026-11-29")[0] == 0  # nobody asks this person again
    listed = dnc("export", "consents", "--ending", 365)[1].splitlines()[1:]
    assert [line.split(",")[0] for line in listed] == [row[0] for row in rows[1:]]


def test_a_check_counts_the_consents_that_its_calls_rest_on(dnc, recorded, write_file, tmp_path):
    """By wording, age and end, for people and as JSON; those without a proof or a wording are named."""
    assert (
        dnc(
            "record",
            "consent",
            "+33199000002",
            "--on",
            "2026-09-20",
            "--set",
            "consent_until=2026-10-01",
            "--for",
            "live",
        )[0]
        == 0
    )
    assert dnc("record", "consent", "+33199000003", "--withdrawn-on", "2026-09-01")[0] == 0
    assert dnc("record", "consent", "+33199000003", "--on", "2026-09-10")[0] == 0
    calls = write_file("calls.csv", "number\n" + "".join(f"+3319900000{n}\n" for n in range(1, 5)))
    words = ["--at", "2026-09-21", "--set", "caller=commercial", "--out", tmp_path / "v.csv"]
    _, out, said = dnc("check", calls, *words, "--json")
    assert json.loads(out)["consents"] == {
        "calls": 2,
        "unproven": 1,
        "wordings": [{"name": "form-7", "calls": 1, "clear": 0}, {"name": None, "calls": 1, "clear": 0}],
        "ages": {"to_90": 2},
        "ends": {"2026-10-01": 1, "2027-08-05": 1},
    }
    assert "rest on a consent: 2, of these without a proof or a wording: 1" in said
    dnc("check", calls, *words, "--out", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for line in ("form-7, of these possible: 0", "in days: up to 90: 2", "2026-10-01: 1; 2027-08-05: 1"):
        assert line in said and line in page
    assert (tmp_path / "v.csv").read_text().splitlines()[0].endswith(",dnc_consent")


def test_a_load_says_which_consents_say_nothing_that_is_understood(dnc, write_file):
    """And how their words are given a meaning; a row that tells nothing is no known one."""
    file = write_file("c.csv", "number,consent,consent_on\n+33199000001,ok,2026-08-01\n+33199000002,,\n")
    brief = write_file("b.toml", 'values.consent.ok = "named_caller"')
    told = dnc("load", file, "--registry", "consents")[2]
    assert (
        "1 added, 1 left out that tell neither" in told
        and "1 not understood" in told
        and "(cells by column: consent 1)" in told
    )
    assert "not understood" in dnc("person", "+33199000001")[1] and "(in force)" not in dnc("person", "+33199000001")[1]
    told = dnc("load", file, "--registry", "consents", "--brief", brief)[2]
    assert "1 added" in told and "not understood" not in told
    assert "(in force)" in dnc("person", "+33199000001")[1]


def test_a_load_says_that_the_country_of_the_numbers_is_missing(dnc, write_file):
    """A row whose number is in national form is right as it is."""
    file = write_file("c.csv", "number,consent\n0199000001,none\n")
    code, _, err = dnc("load", file, "--registry", "consents")
    assert code == 4 and "c.csv:2: its number is written without the code of a country" in err and "--region FR" in err
    assert dnc("load", file, "--registry", "consents", "--region", "FR")[0] == 0


def test_a_load_says_why_consents_are_not_understood_of_which_no_word_is_unknown(dnc, write_file):
    """Texts in a kept column that nobody gave a meaning: here yes or no in place of a wording."""
    rows = "".join(f"+3319900000{place},named_caller,2026-09-0{place},f\n" for place in (1, 2))
    code, _, err = dnc(
        "load", write_file("c.csv", "number,consent,consent_on,wording\n" + rows), "--registry", "consents"
    )
    assert (code, "2 not understood, on which no call can rest: rows that do not fit" in err) == (0, True)


def test_a_refused_file_of_other_names_ends_with_the_options_that_say_what_they_may_be(dnc, write_file):
    """One try shows all of them, whatever is missing; behind lines of a brief, which stay valid, they are a comment."""
    calls = write_file("calls.csv", "Telefon;Zeit;Ergebnis\n01 99 00 00 01;2026-11-02 10:00;busy\n")
    said = dnc("load", calls, "--registry", "calls", "--region", "FR")[2].rstrip()
    assert "columns are missing: number, at, result" in said
    assert said.endswith("; perhaps --map number='Telefon' --map at='Zeit'")

    opt_ins = write_file("o.csv", "phone,opt_in_time,opt_in_ip\n0199000001,2026-08-05 10:12:00,192.0.2.1\n")
    said = dnc("load", opt_ins, "--registry", "consents", "--region", "FR")[2].rstrip()
    assert said.endswith("; perhaps --map number='phone' --map consent_on='opt_in_time'")  # no address is a consent

    head = "Téléphone;Type;Date du consentement;Preuve"
    path = write_file(
        "consents.csv", f"{head}\n01 99 00 00 01;oui;01/09/2026;p1.pdf\n01 99 00 00 02;oui;02/09/2026;p2.pdf\n"
    )
    maps = ["--map", "number=Téléphone", "--map", "consent=Type"]
    code, _, said = dnc("load", path, "--registry", "consents", "--region", "FR", *maps)
    brief = said[said.index("[texts.") :]
    assert code == 2 and set(tomllib.loads(brief)["texts"]) == {"Date du consentement", "Preuve"}
    last = brief.rstrip().splitlines()[-1]
    assert last.startswith("# ") and last.endswith("--map consent_on='Date du consentement' --map proof='Preuve'")
