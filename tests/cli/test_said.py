"""What is said of foreign names and of numbers: nothing that a terminal, a page or a brief would obey, and no number."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import Rulebook
from dnc.checks.brief_draft import draft
from dnc.errors import printable, without_numbers
from dnc.lists.brief_text import brief_text, toml_text
from tests import SALE, size, some

OBEYED = "\x1b\x07\x9b\u202e\u2066\u200f\n\r"
NAMES = [
    'a\x1b]0;owned\x07\x9b2J\nregion = "US"\r\u2028[facts]\u202e"""<script>alert(1)<&\'>{name}{0}%s.csv',
    "a\x1b]0;owned\x07\x9b2J.csv",
    'a\nregion = "US"\n[facts]\ncaller = "survey".csv',
    "a\r\u2028dates = 'mdy'.csv",
    '"""\n]] # x.csv',
    "\u202egnp.csv",
    "<script>alert(1)<&'>.csv",
    "-rf.csv",
    "=1+1.csv",
    "{name}{0}%s.csv",
]
CALLS = "number,caller\n0199000418,commercial\n0199000419,commercial\n"


@pytest.fixture
def named(write_file):
    """A function that gives the list a name."""
    return lambda name: write_file(name.replace("/", "|"), CALLS)


@pytest.mark.parametrize("name", some(NAMES, 1))
def test_the_name_of_a_file_is_shown_and_not_obeyed(name, dnc, named, store):
    """By every verb that names a list, on stdout and on stderr, also as JSON."""
    path = named(name)
    for verb in (
        ["check", path, "--region", "FR", "--out", "v.csv"],
        ["check", path, "--region", "FR", "--json", "--out", "v.csv"],
        ["--log-json", "check", path, "--region", "FR", "--out", "v.csv"],
        ["vet", path, "--region", "FR"],
        ["vet", path, "--region", "FR", "--json"],
        ["brief", path],
        ["explain", path, "--row", "1", "--region", "FR"],
        ["explain", path, "--row", "9", "--region", "FR"],
        ["load", path, "--registry", "own", "--as-of", "2026-01-01"],
        ["log"],
        ["load", "--preview", path, "--registry", "gb-tps"],
    ):
        code, out, err = dnc(*verb)
        assert code in (0, 1, 2, 3, 4), (verb, err)
        for text in (out, err):
            assert not set(text) & set(OBEYED) - {"\n", "\r"}, (verb, text)
            assert "\nregion = " not in text and "\ndates = 'mdy'" not in text, (verb, text)


@pytest.mark.parametrize("name", some(NAMES, 1))
def test_the_name_of_a_file_on_a_page_is_text(name, dnc, named):
    """The pages of a check and of a vetting show it, and no tag of it."""
    path = named(name)
    for verb, out in (("check", "page.html"), ("vet", "vet.html")):
        assert dnc(verb, path, "--region", "FR", "--out", out)[0] in (0, 1, 3)
        text = Path(out).read_text(encoding="utf-8")
        assert "<script>a" not in text and "alert(1)<" not in text and not set(text) & set(OBEYED) - {"\n", "\r"}


@pytest.mark.parametrize("name", NAMES)
def test_no_brief_is_drafted_by_a_name(name, named, write_file):
    """The draft decides the same, whatever the file and its columns are called."""
    plain = tomllib.loads("\n".join(draft(write_file("calls.csv", CALLS), Rulebook.load(), "en")))
    assert tomllib.loads("\n".join(draft(named(name), Rulebook.load(), "fr"))) == plain


HARD = st.text(alphabet=[*"\"'\\]#[=.\n\r\t{}%", "\x00", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "a", "é", "名"])


@given(st.dictionaries(HARD, st.one_of(HARD, st.lists(HARD)), max_size=4), HARD)
@settings(max_examples=size(50, 150), deadline=None)
def test_a_brief_is_read_as_it_was_meant(entries, key):
    """Whatever its keys and texts hold, TOML reads back the same, and each text stands on one line."""
    brief = {"ignore": ["x"], "columns": entries, "values": {key: entries}}
    assert tomllib.loads(brief_text(brief)) == brief
    for text in entries.values():
        assert not set(toml_text(text)) & {"\n", "\r", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff"}


@pytest.mark.says_numbers  # to errors, which do not repeat them
@pytest.mark.parametrize("joined", ["tel{}", "{}x", "a_{}b", "Portable{}Bis", "abc{}def"])
def test_a_number_joined_to_letters_is_not_repeated(joined, dnc):
    """In whatever a user typed; a checksum stays whole."""
    number, checksum = "0199000418", "0123456789" * 6 + "abcd"
    code, _, err = dnc("check", joined.format(number), "--region", "FR")
    assert (code, number in err, "…" in err) == (4, False, True)
    assert without_numbers(f"{checksum} 7:{checksum} 7-{checksum}-{checksum[:16]}.tsr").count(checksum) == 3
    named = f"{checksum}-4-{'0' * 10}{checksum[10:]}-{checksum[:16]}.tsr"
    assert without_numbers(named) == named and without_numbers(f"0199000418-{checksum}").startswith("…")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+33\t1\t99\t00\t04\t18", "…"), ("01\u00ad99\u00ad00\u00ad04\u00ad18", "…"), ("01*99|00·04~18", "…"),
        ("01\u200b99\u200b00\u200b04\u200b18", "…"), ("0199000418" * 4, "…"), ("1,234,567 of 12:30:00", None),
        ("list 2026-11-29 01 99 00 04 18.csv", "list 2026-11-29 ….csv"), ("2026-11-29 12:30 10.0.0.1", None),
    ],
)  # fmt: skip
def test_a_number_is_hidden_however_it_is_written(text, said):
    """Between its digits may be what nobody sees; before it a day, or another number. Days and counts are told."""
    assert without_numbers(printable(text)) == (said or text)


@pytest.mark.parametrize("header", some(['"', '"""', "]", "#", "a]\n[facts", "'", "\\", "x = 1 # "], 4))
def test_no_brief_is_drafted_by_a_header(header, tmp_path):
    """A column, a word and a sheet of any name are quoted: the draft decides nothing but the column of numbers.

    Each column has a role, and none of its texts a meaning.
    """
    path = tmp_path / "calls.parquet"
    rows = {
        "number": ["0199000418"] * 5,
        header: [header] * 5,
        f"Opposition {header}": ["no"] * 5,
        "caller": [header] * 5,
    }
    pl.DataFrame(rows).write_parquet(path)
    found = tomllib.loads("\n".join(draft(path, Rulebook.load(), "en")))
    texts = found.pop("texts")
    assert texts.keys() == {header, f"Opposition {header}"}
    assert all(meant.keys() == {"unread"} for meant in texts.values())
    assert {key: value for key, value in found.items() if value and not (isinstance(value, dict) and not any(value.values()))} in (
        {"region": "FR"}, {"region": "FR", "columns": {"number": "number"}},
    )  # fmt: skip


# Numbers in the wrong place

NUMBER, SPELLED = "0639980001", "+33 (0)6-39.98 00.01"


@pytest.mark.says_numbers  # to errors, which do not repeat them
@pytest.mark.parametrize("number", some([NUMBER, f"Jean {NUMBER}", SPELLED, f"x_{NUMBER}"], 2))
@pytest.mark.parametrize(
    "words",
    [
        ["N"], ["check", "N"], ["check", "calls.csv", "N"], ["check", "calls.csv", "--N"], ["check", "calls.csv", "--region", "N"],
        ["check", "calls.csv", "--at", "N"], ["check", "calls.csv", "--set", "N"], ["check", "calls.csv", "--set", "N=1"],
        ["check", "calls.csv", "--set", "caller=N"], ["check", "calls.csv", "--set", "objected_on=N"], ["check", "calls.csv", "--map", "N=number"],
        ["check", "calls.csv", "--map", "number=N"], ["check", "calls.csv", "--map", "caller=N"], ["check", "calls.csv", "--brief", "N"],
        ["check", "calls.csv", "--brief", "brief.toml"], ["check", "calls.csv", "--brief", "key.toml"], ["check", "calls.csv", "--brief", "twice.toml"],
        ["check", "calls.csv", "--accept", "N=why"], ["check", "calls.csv", "--accept", "N"], ["check", "calls.csv", "--require", "N"],
        ["check", "calls.csv", "--columns", "N"], ["check", "calls.csv", "--only", "N"], ["check", "calls.csv", "--ignore", "N"],
        ["check", "calls.csv", "--consents", "N"], ["check", "calls.csv", "--out", "N"], ["check", "calls.csv", "--out", "N/v.csv"],
        ["check", "calls.csv", "--out", "v.N"], ["check", "calls.csv", "--sheet", "N"], ["check", "calls.csv", "--lang", "N"],
        ["check", "calls.csv", "--query", "N"], ["check", "second.csv", "--region", "FR"], ["check", "header.csv"],
        ["explain", "N", "--row", "1"], ["explain", "calls.csv", "--row", "N"], ["explain", "N", "--set", "N"], ["explain", "N", "--at", "N"],
        ["load", "N", "--as-of", "2026-01-01"], ["load", "calls.csv", "--as-of", "N"], ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "N"],
        ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--covers", "N"], ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--means", "N"],
        ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--asked", "N"], ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--map", "N=number"],
        ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--map", "number=N"], ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--brief", "N"],
        ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--brief", "brief.toml"], ["load", "calls.csv", "--as-of", "2026-01-01", "--registry", "own", "--brief", "key.toml"],
        ["load", "unread.csv", "--as-of", "2026-01-01", "--registry", "own"], ["load", "calls.csv", "--as-of", "2026-01-01", "--loader", "N"],
        ["load", "--preview", "N"], ["load", "--preview", "calls.csv", "--registry", "N"], ["record", "objection", "N", "N x", "--on", "2026-01-01"], ["record", "objection", "nobody N", "--on", "2026-01-01"],
        ["record", "objection", "N", "--on", "N"], ["record", "objection", "N", "--lift", "--on", "2026-01-01"], ["person", "N x"], ["person", "nobody N"], ["person", "N", "--on", "N"],
        ["forget", "nobody N"], ["retention", "--before", "N"], ["retention", "N", "--before", "2026-01-01"], ["retention", "N", "--months", "1"],
        ["rules", "N"], ["rules", "--on", "N"], ["status", "--files", "--store", "N"], ["log", "--verify", "--head", "N"], ["replay", "N"], ["restore", "N"],
        ["vet", "N"], ["vet", "calls.csv", "--against", "N"], ["vet", "calls.csv", "--where", "N"], ["brief", "N"], ["key", "remove", "N"], ["key", "add", "N"],
        ["status", "--max-age", "N=1"], ["status", "--max-age", "own=N"], ["export", "N"], ["backup", "calls.csv"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_error_says_a_number(words, number, dnc, write_file):
    """One in the wrong place is not repeated: an error may land in the log of a job."""
    write_file("calls.csv", "number,caller\n0199000418,commercial\n")
    write_file("second.csv", f"number,{number}\n0199000418,1\nnumber,caller\n0199000419,x\n")
    write_file("header.csv", f"number,objected {number}\n0199000418,1\n")
    write_file("unread.csv", f"number,reason\n{number} {number},x\nnobody {number},x\n")
    write_file("brief.toml", f'[values.caller]\n"{number}" = "{number}"\n')
    write_file("key.toml", f'"{number}" = 1\n')
    write_file("twice.toml", f'a = {{ "{number}" = 1, "{number}" = 2 }}\n')
    _, _, err = dnc(*(word.replace("N", number) if "N" in word else word for word in words))
    assert without_numbers(err) == err and "39980001" not in "".join(filter(str.isdecimal, err))


NAMED = "Zorbaque (sclérose)"  # a person and an illness, of nobody


@pytest.mark.parametrize("as_json", [False, True])
def test_messages_count_texts_and_quote_none(dnc, write_file, scrubbed, as_json, monkeypatch):
    """What a list says of people stands in its draft and its report, and in no message, log line or row of the log."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-02")  # a day on which the law has hours
    facts = [part for name, word in SALE.items() for part in ("--set", f"{name}={word}")]
    rows = f"number,Note,consent,consent_for,consent_on\n0199000418,{NAMED},{NAMED},{NAMED},{NAMED}\n"
    path = write_file("calls.csv", rows)
    own = write_file("own.csv", f"number,listed,since\n0199000418,{NAMED},{NAMED}\n{NAMED},yes,\n")
    title = write_file("titled.csv", f"{NAMED};\nnumber;nom\n0199000418;A\n")
    read = ("--region", "FR", *facts)
    before = ["--log-json"] if as_json else []
    assert dnc(*before, "check", path, "--region", "FR")[0] == 2
    assert dnc(*before, "check", title, "--region", "FR")[0] == 2
    brief = write_file("b.toml", '[texts."Note"]\n')
    assert dnc(*before, "check", path, "--brief", brief, *read)[0] == 3
    harmless = write_file("h.toml", f'[texts.Note]\nnothing = ["ne plus appeler, {NAMED}"]\n')
    noted = write_file("noted.csv", f'number,Note\n0199000418,"ne plus appeler, {NAMED}"\n')
    at = ("--at", "2026-12-01T10:30", "--set", "consent=named_caller", "--set", "consent_on=2026-09-01")
    assert dnc(*before, "check", noted, "--brief", harmless, *read, *at, "--set", "consent_for=live")[0] == 0
    assert dnc(*before, "explain", path, "--row", 1, "--region", "FR")[0] == 2
    assert dnc(*before, "vet", path, "--region", "FR")[0] == 2
    assert dnc(*before, "load", path, "--registry", "consents", "--region", "FR", "--ignore", "Note")[0] == 0
    assert dnc(*before, "load", own, "--registry", "own", "--region", "FR", "--as-of", "2026-08-01")[0] == 4
    told = "\n".join(scrubbed.texts)
    assert "Note: 1 text" in told and "Zorbaque" not in told and "sclérose" not in told
    assert NAMED in dnc("brief", path)[1]
