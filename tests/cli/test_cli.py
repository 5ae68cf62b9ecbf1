"""The command line as a user sees it: outcomes, exit codes, one clear line for each error."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dnc.cli.main import cli
from dnc.messages import messages
from tests import SALE

SEED = ["--region", "FR", "--at", "2017-04-18T12:00", "--set", "caller=political", "--set", "voice=recorded"]
SEED += ["--set", "source=directory", "--set", "recipient=consumer"]
CALLS = "number\n01 99 00 04 18\n"


def rows(text: str) -> list[dict[str, str]]:
    """Rows of a CSV."""
    first = text.splitlines()[0]
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ","))


def test_the_list_of_verbs_has_whole_sentences(dnc, monkeypatch):
    """In a terminal of 80 columns, too."""
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = dnc("--help")
    groups = dict(re.findall(r"^(\w+):\n((?:  .*\n)+)", out, re.MULTILINE))
    groups.pop("Options")
    assert code == 0
    assert [*groups] == ["Check", "Data", "People", "Proof", "Store"]
    verbs = [name for group in groups.values() for name in re.findall(r"^  (\w+)", group, re.MULTILINE)]
    assert sorted(verbs) == sorted(cli.commands) and len(verbs) == 21
    texts = re.sub(r"\n {3,}", " ", "".join(groups.values())).splitlines()
    assert not [line for line in texts if not line.endswith(".") or line.endswith("..")]


def test_seed_is_blocked_by_the_cnil_and_not_by_bloctel(dnc, screened, write_file):
    """18 April 2017: Bloctel does not apply, the CNIL's rule blocks, and the notice is a duty."""
    code, out, err = dnc("check", write_file("calls.csv", CALLS), *SEED, "--set", "consent=none")
    [row] = rows(out)
    assert (code, row["dnc_outcome"], row["dnc_blocked_by"]) == (1, "blocked", "cnil-pol-robocall")
    assert "bloctel" not in row["dnc_applies"]
    assert row["dnc_duties"] == "cnil-pol-robocall-notice"
    assert "The past call should not have been made." in err


def test_seed_is_clear_with_consent(dnc, screened, write_file):
    """With consent for automated calls, and every fact known, the call is clear and the duty remains."""
    told = ["--set", "consent=named_caller", "--set", "consent_for=automated", "--set", "consent_on=2017-03-01"]
    code, out, err = dnc("check", write_file("calls.csv", CALLS), *SEED, *told)
    [row] = rows(out)
    assert (code, row["dnc_outcome"], row["dnc_duties"]) == (0, "clear", "cnil-pol-robocall-notice")
    assert row["dnc_valid_until"] == "2017-04-21"  # the eve of the first round opens on the 22nd
    assert "The past call was possible." in err and "Duties that go with" not in err


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_past_call_is_promised_nothing(dnc, screened, monkeypatch, lang):
    """It was possible, or its hour forbade it; no line says that it is, or from when."""
    told = [
        "--set",
        "consent=named_caller",
        "--set",
        "consent_for=automated",
        "--set",
        "consent_on=2017-03-01",
        "--lang",
        lang,
    ]
    clear = dnc("explain", "01 99 00 04 18", *SEED, *told)
    assert clear[0] == 0 and clear[1].lower().count("possible") == 1
    call = [part for name, cell in SALE.items() for part in ("--set", f"{name}={cell}")]
    call += ["--set", "consent=named_caller", "--set", "consent_on=2026-08-20", "--set", "consent_for=live"]
    monkeypatch.setenv("DNC_TODAY", "2026-11-26")
    for day, promised in (("2026-11-26", 1), ("2026-11-25", 0)):
        code, out, _ = dnc("explain", "01 99 00 04 18", *call, "--region", "FR", "--at", f"{day}T21:30", "--lang", lang)
        assert (code, out.lower().count("possible")) == (1, promised), out


def test_seed_is_clear_with_advice(dnc, screened, write_file):
    """When a recommendation is advice, the call is clear and the advice is named; what only it asks is not missing."""
    for told in (["--set", "consent=none"], []):
        brief = write_file("brief.toml", 'guidance = "advise"\n')
        code, out, _ = dnc("check", write_file("calls.csv", CALLS), *SEED, *told, "--brief", brief)
        [row] = rows(out)
        assert (code, row["dnc_outcome"], row["dnc_advice"]) == (0, "clear", "cnil-pol-robocall")
        assert row["dnc_missing"] == ""


@pytest.mark.parametrize(
    ("day", "outcomes", "decided_by"),
    [
        ("2026-08-10", ["clear", "blocked", "clear", "undecided"], "fr-bloctel-2020"),
        ("2026-08-11", ["blocked", "blocked", "clear", "blocked"], "fr-optin-2026"),
    ],
)
def test_the_same_retail_calls_change_sides_overnight(dnc, screened, day, outcomes, decided_by):
    """On the last day of Bloctel and on the first day of opt-in, different laws decide the same list."""
    from tests.conftest import SAMPLES

    _, out, _ = dnc("check", SAMPLES / "shop.csv", "--region", "FR", "--at", f"{day}T10:30")
    found = rows(out)
    assert [row["dnc_outcome"] for row in found] == outcomes
    assert decided_by in found[1]["dnc_blocked_by"].split(";")
    if day == "2026-08-10":
        assert found[3]["dnc_missing"] == "uncovered:fr-bloctel"
        assert found[0]["dnc_valid_until"] == day


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["check", "none.csv"], 4, "none.csv: cannot be read"),
        (["check", "."], 4, "contains no .parquet file"),
        (["check", "calls.csv", "--set", "colour=red"], 2, "'colour' is not a column of planned calls"),
        (["check", "calls.csv", "--set", "caller=shop"], 2, "caller 'shop' is not known; use one of commercial"),
        (["check", "calls.csv", "--set", "caller"], 2, "is not in the form NAME=VALUE"),
        (["check", "calls.csv", "--region", "XX"], 2, "region 'XX' is not known"),
        (["check", "calls.csv", "--at", "soon"], 2, "call_at 'soon' is not a valid date"),
        (["check", "calls.csv", "--out", "verdicts.doc"], 2, "no format for .doc"),
        (["check", "calls.csv", "--out", "no/folder/verdicts.csv"], 4, "cannot be written"),
        (["check", "calls.csv", "--columns", "colour"], 2, "is not a column of verdicts"),
        (["check", "calls.csv", "--accept", "fr-optin-2026=we think so"], 2, "cannot be accepted"),
        (["check", "words.csv"], 4, "words.csv:1: no column 'number'; name it with --map"),
        (["check", "calls.csv", "--set", "attempts=many"], 2, "attempts 'many' is not a"),
        (["check", "calls.csv", "--set", "consent_on=lately"], 2, "consent_on 'lately' is not a valid date"),
        (["check", "bare.csv", "--map", "number=tel"], 4, "bare.csv:1: the first row holds numbers, not names"),
        (["check", "bare.csv"], 4, "bare.csv:1: the first row holds numbers, not names"),
        (["check", "empty.csv"], 4, "empty.csv: the file is empty"),
        (["check", "page.csv"], 4, "page.csv: named .csv but is a web page; log in"),
        (["check", "calls.csv", "--brief", "bad.toml"], 4, "bad.toml:colour: unknown key"),
        (["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "xx"], 4, "unknown registry 'xx'; use one of"),
        (
            ["load", "calls.csv", "--as-of", "2026-01-01"],
            4,
            "a list of bare numbers could be own or it-rpo or au-dncr or fr-bloctel; name the registry",
        ),
        (["load", "words.csv", "--as-of", "2026-01-01"], 4, "not recognised as that of a registry"),
        (["load", "calls.csv", "--as-of", "2027-01-01", "--registry", "own"], 4, "is in the future"),
        (["load", "calls.csv", "--as-of", "yesterday"], 2, "is not a valid date; use YYYY-MM-DD"),
        (["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "fr-bloctel"], 4, "use --means to say"),
        (["record", "objection", "12", "--on", "2026-01-01", "--region", "FR"], 4, "number 1 cannot be read"),
        (["record", "objection", "+33199000001", "--on", "2026-01-01", "--lift"], 2, "--lift requires --reason"),
        (
            ["record", "objection", "+33199000001", "--on", "2026-01-01", "--lift", "--reason", " "],
            2,
            "--lift requires --reason",
        ),
        (["check", "calls.csv", "--accept", "fr-bloctel-2016-former= "], 2, "needs a reason"),
        (["status", "--files"], 4, "no store here"),
        (["rules", "xx"], 2, "no rules for 'xx'"),
        (["frobnicate"], 2, "No such command 'frobnicate';"),
        (["chek", "calls.csv"], 2, "No such command 'chek' (Did you mean: check?);"),
        (["check", "calls.csv", "--at"], 2, "requires an argument;"),
        (
            ["vet", "calls.csv", "--require", "clear>=50"],
            2,
            "'clear>=50' is not a condition; write for example clear>=0.9",
        ),
        (
            ["vet", "calls.csv", "--sample-of", "9" * 30],
            2,
            "sample_of must be a number of rows, at most 1,000,000,000,000",
        ),
    ],
)
def test_bad_input_gets_one_clear_line(dnc, write_file, monkeypatch, arguments, code, says):
    """Any error is one line on stderr that names what is wrong; stdout stays empty."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    write_file("calls.csv", CALLS)
    write_file("words.csv", "a,b\n1,2\n")
    write_file("empty.csv", "")
    write_file("bare.csv", "01 99 00 04 18,x\n")
    write_file("page.csv", "<!DOCTYPE html><p>log in")
    write_file("bad.toml", 'colour = "red"')
    found, out, err = dnc(*arguments)
    assert (found, out) == (code, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert "01 99 00 04 18" not in err


def test_days_and_numbers_at_the_end_of_what_there_is_are_taken(dnc, write_file):
    """The last day of all has no weeks after it, and a link to itself is replaced."""
    write_file("calls.csv", CALLS)
    Path("loop.csv").symlink_to("loop.csv")
    assert dnc("vet", "calls.csv", "--at", "9999-12-31")[0] == 0
    assert dnc("check", "calls.csv", "--out", "loop.csv", "--quiet")[0] in (1, 3)
    assert Path("loop.csv").read_text().startswith("number,")


@pytest.mark.parametrize("verb", ["check", "vet"])
def test_a_name_that_the_system_refuses_is_no_fault_in_the_program(dnc, verb):
    """The line says what the system says of it."""
    code, out, err = dnc(verb, "x" * 300)
    assert (code, out) == (4, "") and err.endswith(": File name too long\n") and len(err.splitlines()) == 1


def test_a_number_that_is_too_long_for_a_name_is_an_unreadable_number(dnc):
    """`dnc explain` asks whether its argument is a file."""
    code, out, _ = dnc("explain", "1" * 300, "--region", "FR")
    assert code == 3 and "unreadable number" in out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("dnc che", "plain,check"),
        ("dnc check --reg", "plain,--region"),
        ("dnc check --format pa", "plain,parquet"),
        ("dnc check li", "file,li"),
        ("dnc check --out ver", "file,ver"),
    ],
)
def test_a_shell_completes_what_is_typed(typed, offered):
    """Verbs, options and words of a closed list; for files, that the shell should look for them."""
    env = {"_DNC_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    dnc = Path(sys.executable).with_name("dnc")
    done = subprocess.run([dnc], env=os.environ | env, check=True, capture_output=True, text=True)
    assert done.stdout == f"{offered}\n"


def test_a_fault_in_the_program_is_4_and_quotes_nothing(dnc, write_file, monkeypatch):
    """A crash never exits with 1: it gives 4, and one line that names a place in the program and quotes no data."""
    monkeypatch.setattr("dnc.verdicts.judge.worded", lambda *_: 1 / 0)
    code, _, err = dnc("check", write_file("calls.csv", CALLS), "--region", "FR")
    assert code == 4
    assert re.fullmatch(r"dnc: internal error \(ZeroDivisionError at \w+\.py:\d+\); .*\n", err)


def test_odd_rows_never_stop_a_run(dnc, write_file):
    """Every row is written, in order; a row that was not understood is undecided and says why."""
    text = (
        "number,recipient,call_at,attempts\n"
        "01 99 00 04 18,household,2026-10-05T11:00,1\n"
        "01 99 00 2,consumer,2026-10-05T11:00,1\n"
        ",,,\n"
        "01 99 00 04 19,consumer,05/10/2026,many\n"
        '01 99 00 04 20,consumer,"2026-10-05T11:00,1\n'
        "01 99 00 04 21,consumer,2026-10-05T11:00,1,surplus\n"
        "01 99 00 04 22\n"
        "6.1234567E8,consumer,2026-10-05T11:00,1\n"
    )
    code, out, _ = dnc("check", write_file("calls.csv", text), "--region", "FR", "--set", "caller=commercial")
    found = rows(out)
    assert [row["dnc_outcome"] for row in found] == ["undecided"] * 8
    assert code == 3
    why = [row["dnc_why"] for row in found]
    assert "Consumer or business 'household'" in why[0]
    assert [found[at]["dnc_missing"] for at in (1, 2, 5, 7)] == ["number"] * 4
    assert "text:recipient" in found[0]["dnc_missing"].split(";")
    assert found[3]["dnc_missing"] == "call_at;text:attempts"
    assert "Date of the call '05/10/2026', Calls in the last 30" in why[3]
    assert "more cells than the header" in why[5]
    assert [row["number"] for row in found][4] == "01 99 00 04 20"


@pytest.mark.parametrize(
    ("brief", "says"),
    [
        (
            '[values.objected_on]\nOUI = "2026-01-01"\noui = "none"',
            "b.toml:values.objected_on: the same word or text is there twice",
        ),
        (
            '[values.consent]\nopt-in = "written"\n"Opt In" = "none"',
            "b.toml:values.consent: the same word or text is there twice",
        ),
        ('[values.consent]\n"" = "none"', "b.toml:values.consent: an entry for empty cells has no effect here"),
        ('values = "consent"', "b.toml:values: must be a table"),
    ],
)
def test_a_brief_that_contradicts_itself_is_refused(dnc, write_file, brief, says):
    """Two spellings of one word with different meanings are an error: neither silently overrides the other."""
    code, _, err = dnc("check", write_file("c.csv", "number\n0199000001\n"), "--brief", write_file("b.toml", brief))
    assert (code, says in err) == (4, True), err
    same = '[values.consent]\nopt-in = "written"\n"Opt In" = "written"\n'
    assert dnc("check", "c.csv", "--brief", write_file("b.toml", same))[0] == 3


def test_a_crm_export_becomes_decided_with_one_brief(dnc, write_file):
    """Oui/Non, Particulier, dd/mm/yyyy, semicolons, Windows-1252, two telephone columns."""
    export = (
        "Nom;Téléphone fixe;Tél. mobile;Type;Opt-in;Date opt-in;Opposition;Appels;CA €\r\n"
        "Éric;01 99 00 10 01;06 39 98 10 01;Particulier;Oui;01/09/2026;Non;1;12 €\r\n"
        "Müller;;06.39.98.10.02;Particulier;Non;;Non;0;1 200 €\r\n"
        "Étoile;;+33 6 39 98 10 03;Professionnel;Non;;15/03/2025;2;\r\n"
    )
    brief = (
        'region = "FR"\ndates = "dmy"\nignore = ["Nom", "Téléphone fixe", "CA €"]\n'
        '[columns]\nnumber = "Tél. mobile"\nrecipient = "Type"\n'
        'consent = "Opt-in"\nconsent_on = "Date opt-in"\nobjected_on = "Opposition"\nattempts = "Appels"\n'
        '[values.recipient]\nParticulier = "consumer"\nProfessionnel = "business"\n'
        '[values.consent]\nOui = "named_caller"\nNon = "none"\n'
        '[facts]\ncaller = "commercial"\nvoice = "human"\ndialler = "manual"\ncli = "01 99 00 90 00"\n'
        'sector = "general"\nrelationship = "none"\nconsent_for = "live"\nsource = "own_customers"\n'
    )
    code, out, err = dnc(
        "check", write_file("crm.csv", export.encode("cp1252")), "--brief", write_file("b.toml", brief),
        "--at", "2026-10-05T11:00",
    )  # fmt: skip
    assert out.startswith("\ufeffNom;")
    assert [row["dnc_outcome"] for row in rows(out)] == ["clear", "blocked", "blocked"]
    assert code == 1
    assert "Column 'Téléphone fixe' looks like telephone numbers" in err


def test_summary_asks_for_the_fact_that_decides_most(dnc, write_file):
    """For undecided rows the summary says what to write, or whom to ask, with the line to write in the brief."""
    calls = write_file("calls.csv", "number\n01 99 00 04 18\n01 99 00 04 18\n")
    _, _, err = dnc("check", calls, *SEED)
    assert "Set for all rows, where the list says nothing: Caller: a party or candidate · Who or what speaks: " in err
    assert "Data officer: Write what consent each person has given" in err
    assert 'in the brief: columns.consent = "your column"' in err and "facts.consent" not in err
    assert "found more than once: 1" in err
    consent = ("--set", "consent=named_caller", "--set", "consent_for=automated", "--set", "consent_on=2017-03-01")
    assert "dnc load FILE --registry own" in dnc("check", calls, *SEED, *consent)[2]


def test_a_day_that_was_not_told_is_today_and_said(dnc, write_file, monkeypatch):
    """Without call_at and --at, calls are taken as planned for today, and stderr says so."""
    monkeypatch.setenv("DNC_TODAY", "2026-10-05")
    _, _, err = dnc("check", write_file("calls.csv", CALLS), "--region", "FR")
    assert "planned for today, 2026-10-05" in err


def test_explain_shows_every_regime_with_its_law(dnc, screened):
    """As text and as JSON, with the exit codes of check."""
    arguments = ["explain", "01 99 00 04 18", *SEED, "--set", "consent=none"]
    code, out, _ = dnc(*arguments, "--all")
    assert code == 1
    assert "(cnil-pol-robocall): forbids the call (guidance, confidence: medium)" in out
    assert "(fr-bloctel-2016): does not apply (not the case: Purpose of the call: a sale" in out
    assert "https://www.cnil.fr" in out
    _, out, _ = dnc(*arguments)
    assert "forbids the call" in out and "does not apply" not in out and len(out.splitlines()) <= 14
    _, out, _ = dnc(*arguments, "--json")
    told = json.loads(out)
    assert told["verdict"]["dnc_outcome"] == "blocked"
    assert len(told["findings"]) == 33  # seven of them in every country


def test_french_is_spoken(dnc, screened, write_file):
    """--lang fr gives the verdict, the summary and the explanation in French."""
    calls = write_file("calls.csv", CALLS)
    _, out, err = dnc("check", calls, *SEED, "--set", "consent=none", "--lang", "fr")
    assert rows(out)[0]["dnc_why"].startswith(
        "Interdit\N{NO-BREAK SPACE}: pas de consentement\N{NO-BREAK SPACE}; Un parti, un candidat ou un élu"
    )
    plain = str.maketrans({"\N{NO-BREAK SPACE}": " "})
    said = "L'appel n'aurait pas dû être passé."
    assert said in err.translate(plain)
    out = dnc("explain", "01 99 00 04 18", *SEED, "--lang", "fr", "--all")[1].translate(plain)
    assert "(cnil-pol-robocall) : s'applique, à compléter (recommandation, certitude moyenne)" in out
    assert "(fr-bloctel-2016) : ne s'applique pas (condition non remplie : Finalité de l'appel : une vente" in out


def test_objections_are_recorded_lifted_and_recorded_again(dnc, write_file, store, monkeypatch):
    """The newest statement of the person counts, an opt-out from the day before; lifting one requires a reason."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    calls = write_file("calls.csv", "number\n+33199000001\n")
    facts = [
        "--set",
        "caller=charity",
        "--set",
        "voice=human",
        "--set",
        "recipient=consumer",
        "--set",
        "source=donors",
        "--set",
        "objected_on=none",
    ]

    def outcome(day: str) -> str:
        return rows(dnc("check", calls, "--at", day, *facts, "--set", "dialler=manual")[1])[0]["dnc_outcome"]

    dnc("load", write_file("own.csv", "number\n"), "--registry", "own", "--as-of", "2026-01-01")
    assert outcome("2026-02-01") == "clear"
    assert dnc("record", "objection", "+33 1 99 00 00 01", "--on", "2026-03-01")[0] == 0
    assert (outcome("2026-02-27"), outcome("2026-02-28")) == ("clear", "blocked")
    assert (
        dnc("record", "objection", "+33199000001", "--on", "2026-05-01", "--lift", "--reason", "asked in writing")[0]
        == 0
    )
    assert (outcome("2026-04-30"), outcome("2026-05-01")) == ("blocked", "clear")
    dnc("record", "objection", "+33199000001", "--on", "2026-06-01")
    assert (outcome("2026-05-30"), outcome("2026-05-31")) == ("clear", "blocked")
    log = rows(dnc("log")[1])
    assert [row["verb"] for row in log if row["verb"] != "check"] == ["load", "object", "lift", "object"]
    assert "+33199000001" not in json.dumps(log)
    assert (
        rows(dnc("log", "--verb", "lift", "--verb", "object", "--tail", "2")[1])
        == [row for row in log if row["verb"] in ("object", "lift")][-2:]
    )
    assert rows(dnc("log", "--since", "9999-01-01")[1]) == []
    assert rows(dnc("log", "--since", log[0]["done_at"][:10])[1]) == log
    assert dnc("log", "--verify", "--tail", "2")[0] == 2


def test_lifting_says_what_was_on_the_own_list(dnc, monkeypatch):
    """A number that is not on it, and one with a later opt-out, are not counted as lifted."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    lift = ["--lift", "--reason", "asked in writing"]
    code, _, said = dnc("record", "objection", "+33199000001", "--on", "2026-03-01", *lift)
    assert (code, said.splitlines()) == (
        0,
        ["objections lifted: 0, dated 2026-03-01", "not on your own list, so there was nothing to lift: 1"],
    )
    dnc("record", "objection", "+33199000001", "+33199000002", "--on", "2026-04-01")
    dnc("record", "objection", "+33199000003", "--on", "2026-06-01")
    said = dnc("record", "objection", *(f"+3319900000{n}" for n in (1, 2, 3, 4, 4)), "--on", "2026-05-01", *lift)[2]
    assert said.splitlines() == [
        "objections lifted: 2, dated 2026-05-01",
        "not on your own list, so there was nothing to lift: 1",
        "still on your own list, because of an objection after 2026-05-01: 1",
    ]


def test_rules_lists_and_prints(dnc):
    """Regimes are printed as CSV, for one day, and as SQL."""
    _, out, _ = dnc("rules", "fr", "--on", "2026-08-11")
    assert {"fr-optin-2026", "eu-gdpr-objection"} < {row["id"] for row in rows(out)}
    assert "fr-bloctel-2020" not in out
    _, out, _ = dnc("rules", "fr", "--sql")
    assert "create macro fr_holidays()" in out
    assert "-- fr-optin-2026:" in out


def test_house_rules_are_added(dnc, write_file, tmp_path):
    """--rules DIR adds a rule to those that ship; terminal, spreadsheet, page and log name it."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "house.toml").write_text(
        'jurisdiction = "fr"\n[cites]\nP = { text = "our policy", url = "", read = 2026-01-01 }\n'
        '[[regime]]\nid = "house-x"\nsays = "x"\ncites = ["P"]\nwhen = {}\nforbidden = {}\n'
    )
    named = "Rules of your own: added house-x."
    _, out, err = dnc("rules", "fr", "--rules", folder)
    assert "house-x" in [row["id"] for row in rows(out)] and err.splitlines() == [named]
    page, calls = tmp_path / "page.html", write_file("calls.csv", CALLS)
    code, _, err = dnc("check", calls, *SEED, "--rules", folder, "--out", tmp_path / "out.csv", "--out", page)
    assert (code, err.count(named), page.read_text(encoding="utf-8").count(named)) == (1, 1, 1)
    assert dnc("explain", "01 99 00 04 18", *SEED, "--rules", folder)[2].splitlines() == [named]
    [check_row] = [json.loads(row["detail"]) for row in rows(dnc("log")[1]) if row["verb"] == "check"]
    assert check_row["rules_changed"] == {"added": ["house-x"], "replaced": [], "ended": []}


def test_read_shows_listings_and_stores_nothing(dnc, write_file, tmp_path):
    """The listings go to stdout as CSV; refused rows are named on stderr, without their content."""
    path = write_file("answer.csv", "Telephone;Identifiant;Réponse\n0199000001;a;OK\n0199000002;b;\nxx;c;OK\n")
    code, out, err = dnc("load", "--preview", path)
    assert (code, out) == (0, "number,listed,since\n+33199000001,no,\n+33199000002,yes,\n")
    assert err == f"{path}:4: not written as a number\n"
    assert not (tmp_path / "dnc-store").exists()


def test_forget_deletes_old_snapshots_and_keeps_objections(dnc, screened):
    """Old snapshots are deleted with their files; the own list is kept."""
    _, _, err = dnc("retention", "--before", "2020-01-01")
    assert "deleted snapshot 1: Telephone directory with opt-out marks (France) (fr-directory)" in err
    assert [row["registry"] for row in rows(dnc("status", "--files")[1])] == ["fr-bloctel", "own", "own"]
    assert len(list((screened.path / "snapshots").iterdir())) == 1
    assert dnc("retention", "own", "--before", "2020-01-01")[0] == 4
    assert dnc("retention", "fr-bloctel", "--before", "2020-01-01", "--apply")[0] == 2


def test_demo_fits_on_a_screen_and_leaves_what_it_names(dnc, monkeypatch):
    """At most 40 lines of 100 characters: what was loaded, three calls with reasons, the change of law.

    The report exists, and the command that the demo suggests at its end works in its folder.
    """
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    code, out, err = dnc("demo")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert len(lines) <= 40
    assert all(len(line) <= 100 for line in lines if "dnc-demo-" not in line)
    assert sum("numbers opted out" in line for line in lines) == 3
    clear, blocked, undecided = messages("common", "en")["outcome"].values()
    one = f"({clear}|{blocked}|{undecided})"
    calls = {at: found[1] for at, line in enumerate(lines) if (found := re.search(rf"20\d\d-\d\d-\d\d +{one}$", line))}
    assert list(calls.values()) == [blocked, blocked, undecided]
    assert all(lines[at + 1].startswith("  ") for at in calls)
    changes = re.findall(rf"^a (?:bought list|consent form) .*?{one} +{one}$", out, re.MULTILINE)
    assert changes == [(clear, blocked), (blocked, blocked), (clear, clear), (undecided, blocked)]

    [report] = re.findall(r"^Report to open in a browser: (.*)$", out, re.MULTILINE)
    assert Path(report).read_text(encoding="utf-8").startswith("<!doctype html>")
    folder, command = re.findall(r"^\$ (?:cd|dnc) (.*)$", out, re.MULTILINE)
    monkeypatch.chdir(folder)
    assert dnc(*command.split())[0] == 1
    assert Path("verdicts.xlsx").exists()


def test_the_commands_of_the_demo_run_as_printed(dnc, monkeypatch):
    """Also where the program is in no folder in which the shell looks for it, as after `make demo`."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    printed = re.findall(r"^\$ (.*)$", dnc("demo")[1], re.MULTILINE)
    done = subprocess.run(["sh", "-c", " && ".join(printed)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "forbidden" in done.stderr
    assert Path(printed[0].removeprefix("cd "), "verdicts.xlsx").exists()


def test_demo_is_in_the_language_asked_for(dnc, monkeypatch):
    """Each line of it, and its report; it is no longer or wider than in English."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    code, out, err = dnc("demo", "--lang", "fr")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", len(dnc("demo")[1].splitlines()))
    assert all(len(line) <= 100 for line in lines if "dnc-demo-" not in line)
    assert sum(line.endswith(("interdit", "appel possible", "à compléter")) for line in lines) == 7
    assert not re.search(r"\b(the|of|blocked|clear|undecided|with)\b", out)
    [report] = re.findall(r"^Rapport à ouvrir .*: (.*)$", out, re.MULTILINE)
    assert '<html lang="fr"' in Path(report).read_text(encoding="utf-8")


def test_an_unsettled_regime_is_accepted_with_a_reason(dnc, write_file):
    """--accept takes a contested law out of the outcome, names it as advice, and logs the reason."""
    calls = write_file("calls.csv", "number,source\n+33199000001,scraped\n")
    facts = [
        "--at",
        "2026-10-05T11:00",
        "--set",
        "caller=charity",
        "--set",
        "voice=human",
        "--set",
        "recipient=consumer",
    ]
    facts += ["--set", "dialler=manual", "--set", "objected_on=none", "--set", "consent=none"]
    code, out, _ = dnc("check", calls, *facts)
    assert (code, rows(out)[0]["dnc_undecided_by"], rows(out)[0]["dnc_missing"]) == (3, "eu-gdpr-scraped", "")
    code, out, _ = dnc("check", calls, *facts, "--accept", "eu-gdpr-scraped=our counsel, 3 May")
    assert (code, rows(out)[0]["dnc_outcome"], rows(out)[0]["dnc_advice"]) == (0, "clear", "eu-gdpr-scraped")
    assert "our counsel, 3 May" in rows(dnc("log")[1])[-1]["detail"]
    assert dnc("check", calls, *facts, "--accept", "eu-gdpr-objection=no")[0] == 2
    assert dnc("check", calls, *facts, "--accept", "eu-gdpr-scraped=")[0] == 2


def test_what_was_not_read_for_is_undecided(dnc, write_file):
    """Before the first day of a rules file, after its last day, and outside its places, nothing is clear."""
    missing = {
        ("+33199000001", "1995-12-31"): "jurisdiction",
        ("+33199000001", "1996-01-01"): "",
        ("+33199000001", "2027-12-31"): "",
        ("+33199000001", "2028-01-01"): "stale:law",
        ("+687201234", "2026-10-05"): "jurisdiction",
        ("+819012345678", "2026-10-05"): "jurisdiction",
    }
    lines = "".join(f"{number},{day}\n" for number, day in missing)
    calls = write_file("calls.csv", f"number,call_at\n{lines}")
    facts = ("caller=public_body", "voice=human", "recipient=consumer", "dialler=manual")
    code, out, _ = dnc("check", calls, *(part for fact in facts for part in ("--set", fact)))
    found = {(row["number"], row["call_at"]): (row["dnc_outcome"], row["dnc_missing"]) for row in rows(out)}
    assert (code, found) == (3, {call: ("undecided" if word else "clear", word) for call, word in missing.items()})


def test_a_row_of_stdin_is_explained(screened, write_file):
    """`-` is stdin wherever a list is named."""
    calls = write_file("calls.csv", "number\n+33199000001\n+33199000002\n")
    with calls.open("rb") as file:
        words = ["explain", "-", "--row", "2", "--store", str(screened.path)]
        done = subprocess.run(
            [sys.executable, "-m", "dnc", *words], check=False, stdin=file, capture_output=True, text=True
        )
    assert done.returncode == 3 and done.stdout.startswith("+33199000002")


def test_without_a_command_the_help_is_shown(dnc):
    """Line by line, on stderr, as wrong usage."""
    code, out, err = dnc()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: ") and "\n  check    Check a list of planned calls.\n" in err


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (["check", "--nope", "--lang", "fr"], None),
        (["check", "--lang=fr", "--nope"], None),
        (["--lang", "fr", "check", "--nope"], None),
        (["check", "--nope"], "DNC_LANG"),
        (["check", "--nope"], "DNC_CHECK_LANG"),
    ],
)
def test_wrong_usage_is_said_in_the_language_asked_for(dnc, monkeypatch, arguments, variable):
    """Wherever --lang stands, or by the environment; the next command speaks the language of the system again."""
    monkeypatch.setenv("LC_ALL", "C")
    if variable:
        monkeypatch.setenv(variable, "fr")
    code, _, err = dnc(*arguments)
    assert (code, "L'option « --nope » n'existe pas" in err.replace("\N{NO-BREAK SPACE}", " ")) == (2, True)
    if variable:
        monkeypatch.delenv(variable)
    assert "No such option '--nope'" in dnc("check", "--nope")[2]


def test_our_own_words_about_wrong_usage_are_said_as_they_stand(dnc, write_file):
    """What click writes is put into French, and nothing else."""
    code, _, err = dnc(
        "brief", write_file("l.csv", "number\n"), "--texts", "a", "--texts-from", "l.csv", "--lang", "fr"
    )
    assert code == 2 and "\N{NO-BREAK SPACE}" * 2 not in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["status", "x"], "Argument en trop (x)"),
        (["status", "x", "y"], "Arguments en trop (x y)"),
        (["check", "--json=3"], "Option '--json' ne prend pas de valeur"),
        (["check", "--out"], "Option '--out' demande une valeur"),
    ],
)
def test_what_click_finds_wrong_is_said_in_french(dnc, monkeypatch, arguments, says):
    """Its own texts are English only."""
    monkeypatch.setenv("DNC_LANG", "fr")
    code, _, err = dnc(*arguments)
    assert (code, says in err) == (2, True)


@pytest.mark.parametrize(
    ("library", "words", "name"),
    [
        ("adbc_driver_manager", ("check", "postgresql://localhost/x", "--query", "select 1"), "databases"),
        ("obstore", ("check", "s3://bucket/list.csv"), "objects"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(dnc, monkeypatch, library, words, name):
    """In one sentence that says how to install it."""
    monkeypatch.setitem(sys.modules, library, None)
    for module in [one for one in sys.modules if one.startswith(f"{library}.")]:
        monkeypatch.delitem(sys.modules, module)
    code, _, err = dnc(*words)
    assert (
        code == 2
        and err
        == f"dnc: this needs {library}; install the extra in the folder of the project: pip install '.[{name}]'\n"
    )
