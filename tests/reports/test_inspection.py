"""The folder for an authority: what it says is so, it opens without the program, and it gives no number away."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from html import unescape
from pathlib import Path
from random import Random

import polars as pl
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from dnc import Rulebook, Store, check, vet
from dnc.checks.campaign import keep_campaign
from dnc.checks.inspection import Scope, inspect
from dnc.checks.past import past_checks
from dnc.files.input_file import sha256_of
from dnc.files.signing import Signer
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from dnc.reports.inspection_folder import write_folder
from dnc.store import audit_log, wordings
from tests import new_key, size

DAYS = ("--from", "2026-09-01", "--to", "2026-11-30")
SCOPE = Scope(date(2026, 9, 1), date(2026, 11, 30))
NUMBERS = [f"+3319900{at:04}" for at in range(1, 9)]
BRIEF = 'region = "FR"\n[facts]\ncaller = "commercial"\nsource = "opt_in_form"\ncli = "01 99 00 90 00"\n'


BEFORE_A_SALE = {
    **{"caller": "commercial", "voice": "human", "dialler": "manual", "cli": "01 99 00 90 00", "sector": "general"},
    **{"recipient": "consumer", "source": "opt_in_form", "relationship": "none", "attempts": "0"},
    **{"objected_on": "none", "habit": "occasional"},
}
WRITTEN = "00 00 00 00 00"  # what people write in names and reasons and looks like a number
DIGITS = re.compile(r"1\W?99\W?00\W?00\W?0\d|00\W?00\W?00\W?00\W?00")


def planned(rows: int) -> list[str]:
    """Calls on the first days of October, one a day."""
    return [f"{number},2026-10-0{day}T10:00" for day, number in enumerate(NUMBERS[:rows], 1)]


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The rules."""
    return Rulebook.load()


@pytest.fixture(scope="module")
def office(book, tmp_path_factory) -> Iterator[Store]:
    """A store with something of everything; the moment stands still."""
    folder = tmp_path_factory.mktemp("office")
    store = Store(folder / "store")

    def file(name: str, text: str) -> Path:
        (folder / name).write_text(text)
        return folder / name

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", "2026-10-01")
        patch.setattr(audit_log, "now", lambda: datetime(2026, 10, 1, 9, 12, 34))
        wordings.add(store.journal, "form-7", f"Call me; or not: {WRITTEN}", {"names": "Soleil", "recipients": "Lune"})
        keep_campaign(store, "autumn", BRIEF)
        proof = file(f"{WRITTEN}.txt", "a scan")
        given = {"consent": "named_caller", "consent_for": "live", "wording": "form-7"}
        told = [
            {"number": NUMBERS[0], "consent_on": "2026-09-05", "proof_sha256": sha256_of(proof), "proof": str(proof)},
            {"number": NUMBERS[1], "consent_on": "2026-09-06", "proof_sha256": "f" * 64, "proof": str(proof)},
            {"number": NUMBERS[2], "consent_on": "2026-09-07", "passed_to": "Mars"},
        ]
        withdrawn = {"number": NUMBERS[2], "consent_withdrawn_on": "2026-10-07"}
        own_records.record(store, "consents", [row | given for row in told], book)
        path = file("october.csv", "\n".join(["number,call_at", *planned(6)]))
        check(path, store, region="FR", given=BEFORE_A_SALE, keep=True)
        patch.setenv("DNC_TODAY", "2026-11-30")
        patch.setattr(audit_log, "now", lambda: datetime(2026, 11, 30, 9, 12, 34))
        own_records.record(store, "consents", [withdrawn], book)
        calls = [f"{n},{number},2026-10-0{n}T10:00,answered,autumn" for n, number in enumerate(NUMBERS[:6], 1)]
        calls += [f"9,{NUMBERS[2]},2026-10-20T10:00,no_answer,autumn", f"10,{NUMBERS[0]},2026-10-21T10:00,busy,"]
        path = file("calls.csv", "\n".join(["call_id,number,at,result,campaign", *calls]))
        october = RecordReading(covers_days=(date(2026, 10, 1), date(2026, 10, 31)))
        own_records.load(store, "calls", [path], book, october)
        path = file("own.csv", f"number,since\n{NUMBERS[6]},2026-09-10\n{NUMBERS[7]},\n")
        store.load(path, registry="own", as_of=date(2026, 9, 12))
        store.object([NUMBERS[1]], date(2026, 11, 20), reason="no more")
        store.retain("calls", 36)
        store.hold(f"complaint of {WRITTEN}", campaign="autumn")
        path = file(f"list of {WRITTEN}.csv", "\n".join(["number", *NUMBERS]))
        check(path, store, region="FR", given={"caller": "commercial", "campaign": "autumn"}, at="2026-11-30")
        yield store


@pytest.fixture(scope="module")
def signer(tmp_path_factory) -> Signer:
    """A key."""
    path = tmp_path_factory.mktemp("key") / "key.pem"
    new_key(path)
    return Signer(path)


@pytest.fixture
def made(office, book, tmp_path):
    """A function that makes a folder and gives its files."""

    def run(scope: Scope = SCOPE, language: str = "en", **options: object) -> dict[str, bytes]:
        write_folder(tmp_path / "folder.zip", inspect(office, scope), book, language, **options)
        with zipfile.ZipFile(tmp_path / "folder.zip") as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    return run


@pytest.fixture(scope="module")
def folder(office, book, signer, tmp_path_factory) -> dict[str, bytes]:
    """The files of a signed folder."""
    path = tmp_path_factory.mktemp("folder") / "folder.zip"
    write_folder(path, inspect(office, SCOPE), book, signer=signer)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(data: bytes) -> list[dict[str, str]]:
    """The rows of a table."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_the_page_has_no_number_and_without_numbers_nothing_has(folder, made, signer):
    """Also not in names of files, proofs, reasons and wordings; the page and the tables are otherwise the same."""
    told = {name for name, data in folder.items() if DIGITS.search(data.decode(errors="replace"))}
    assert told == {"checks.csv", "consents.csv", "calls.csv", "objections.csv"}
    bare = made(numbers=False, signer=signer)
    assert set(folder) - set(bare) == {"log.jsonl"}
    assert not any(DIGITS.search(text) for text in [*folder, *(data.decode("latin-1") for data in bare.values())])
    for name in ("consents.csv", "calls.csv", "objections.csv"):
        assert [row["statement"] for row in table(bare[name])] == [row["statement"] for row in table(folder[name])]
        assert "number" not in table(bare[name])[0]


def test_the_same_store_gives_the_same_bytes_and_checksums_hold(folder, made, signer):
    """Whatever is changed afterwards is seen from the list of checksums, which is signed."""
    assert folder == made(signer=signer)
    sums = dict(line.split("  ")[::-1] for line in folder["SHA256SUMS"].decode().splitlines()[1:])
    assert sums == {name: sha256(data).hexdigest() for name, data in folder.items() if "SHA256SUMS" not in name}
    key = load_pem_public_key(folder["SHA256SUMS.pem"])
    assert sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest() == signer.fingerprint
    key.verify(folder["SHA256SUMS.sig"], folder["SHA256SUMS"])  # raises where it is another's


def test_the_log_can_be_verified_by_what_the_page_says(folder):
    """Each hash is that of the line up to it, and the last is the one on the page."""
    before = ""
    for line in folder["log.jsonl"].decode().splitlines():
        row = json.loads(line)
        assert row["prev"] == before and row["said"] is None
        before = sha256((line.split(',"hash":')[0] + "}").encode()).hexdigest()
        assert row["hash"] == before
    assert before in folder["index.html"].decode()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_lines_that_the_page_prints_verify_it(made, signer, tmp_path, language):
    """On a machine without this program: the files, the signature, and the last hash of the log."""
    files = made(language=language, signer=signer)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    page = unescape(files["index.html"].decode())
    lines = [
        found[0] for line in ("openssl pkeyutl[^<]*", r"tail -n 1 .*?\| sha256sum") if (found := re.search(line, page))
    ]
    said = [
        subprocess.run(line, shell=True, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        for line in ("sha256sum -c SHA256SUMS", *lines)
    ]
    assert said[0].count(": OK") == len(files) - 3
    assert "Verified" in said[1] and said[2].split()[0] in page


def test_a_list_that_was_only_offered_is_no_check_of_calls(tmp_path, write_file):
    """The log has the assessment of an offer; the folder and the past checks are about calls."""
    store, path, facts = (
        Store(tmp_path / "store"),
        write_file("offer.csv", "number\n0199000418\n"),
        {"caller": "commercial"},
    )
    vet(path, store, region="FR", given=facts, at="2026-10-05")
    days = Scope(date(2026, 10, 1), date(2026, 10, 31))
    assert (len(past_checks(store)), inspect(store, days).checks.height, store.log().height) == (0, 0, 1)
    check(path, store, region="FR", given=facts, at="2026-10-05")
    assert (len(past_checks(store)), inspect(store, days).checks.height) == (1, 1)


def test_links_lead_to_files_of_the_folder(folder):
    """And every file but the checksums is named on the page."""
    links = set(re.findall(r'href="([^"#:]+)"', folder["index.html"].decode()))
    assert links == {name for name in folder if name != "index.html" and "SHA256SUMS" not in name}


@pytest.mark.parametrize(
    ("language", "answers"),
    [
        (
            "en",
            [
                "Calls recorded: 8, of these 4 on a consent that the store keeps",
                "Every call is said to be recorded for 31 of the 91 days.",
                "said of them: possible 2, forbidden 2, more information needed 2; calls without such a check: 2",
                "between 10:00 and 10:00; on Saturdays: 1, on Sundays: 1, without an hour: 0. "
                "Most calls to one number in thirty days, of all campaigns: 2",
                "Objections: 3, withdrawals of consent: 1; recorded by the next day: 0, longest: 81 days, without a day of "
                "their own: 1",
                "Recorded calls after an objection or a withdrawal: 1; on the day itself, in an order that is not known: 0",
                "no damage, and the log is whole",
                "Consents were passed on to: Lune, Mars",
                "Call me; or not: …",
            ],
        ),
        (
            "fr",
            ["Appels enregistrés : 8, dont 4", "le samedi : 1", "Des consentements ont été transmis à : Lune, Mars"],
        ),
    ],
)
def test_the_page_answers_what_an_inspector_asks(made, language, answers):
    """What was called, on what ground, who objected when, who was called after it."""
    page = made(language=language)["index.html"].decode().replace("\xa0", " ").replace("&#39;", "'")
    assert [answer for answer in answers if answer not in page] == []


def test_the_tables_answer_ten_questions_of_an_inspector(folder):
    """About one person who was called, and about the caller; each from the tables and the log alone."""
    names = ("checks", "consents", "calls", "objections", "registries", "law")
    tables = {name: table(folder[f"{name}.csv"]) for name in names}
    theirs = {name: [row for row in tables[name] if row["number"] == NUMBERS[2]] for name in names[1:4]}
    [first, second], [given, _], [objection] = theirs["calls"], theirs["consents"], theirs["objections"]
    # Who called this number, when, on what consent, with what wording and proof, and to whom was it passed on?
    assert (first["at"], first["campaign"], first["rests_on"]) == ("2026-10-03T10:00:00", "autumn", "consents:3")
    assert (given["statement"], given["consent_on"], given["passed_to"]) == ("consents:3", "2026-09-07", "Mars")
    assert (given["wording"], given["wording_text"], given["proof"]) == ("form-7", f"Call me; or not: {WRITTEN}", "")
    [proved] = [row for row in tables["consents"] if row["statement"] == "consents:1"]
    assert proved["proof"].endswith(".txt") and proved["proof_sha256"] == sha256(b"a scan").hexdigest()
    # When did this person object, when was it recorded, and what was done after it?
    assert (objection["statement"], objection["on_day"], objection["kind"]) == (
        "consents:4",
        "2026-10-07",
        "withdrawal",
    )
    assert (objection["days_until_recorded"], objection["called_after"]) == ("54", "1")
    assert (second["at"][:10], second["after"], second["order_known"]) == ("2026-10-20", "consents:4", "true")
    # How often was this person called, outside the hours, and what had a check said, by which law?
    assert [row["attempts"] for row in theirs["calls"]] == ["1", "2"]
    assert (first["outcome"], second["outcome"]) == ("blocked", "") and "calls only from Monday to Friday" in first[
        "why"
    ]
    [hours] = [row for row in tables["law"] if row["rule"] == "fr-hours-2026"]
    assert "from 10:00 to 13:00 and from 14:00 to 20:00" in hours["asks"] and "L. 223-1" in hours["source"]
    # Who checked, on what was declared, and which extracts of registries were used, how old?
    [check] = [row for row in tables["checks"] if row["row"] == first["check"]]
    assert check["done_by"] == audit_log.user() and "Origin of the number: a consent form" in check["declared"]
    [extract] = tables["registries"]
    assert (extract["registry"], extract["as_of"], extract["used_by"], extract["days_old"]) == (
        *("own", "2026-09-12"),
        *(tables["checks"][-1]["row"], "79"),
    )
    # What was erased, and by whom?
    assert "forget" not in folder["log.jsonl"].decode() and '"verb":"retain"' in folder["log.jsonl"].decode()
    assert "calls made" in folder["index.html"].decode()


def test_an_erasure_is_named_whenever_it_was(store, book, monkeypatch):
    """What was erased after the days of the folder is missing from it too."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-20")
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 12, 20, 9, 12, 34))
    store.object([NUMBERS[0]], date(2026, 12, 1))
    store.forget_numbers([NUMBERS[0]])
    assert inspect(store, SCOPE).erasures.select("verb", "numbers").rows() == [("forget", 1)]


def test_what_the_person_said_before_the_days_is_there_if_they_were_called(store, book, monkeypatch):
    """An objection of last year that was lifted, and the calls of the thirty days before."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    store.object([NUMBERS[0], NUMBERS[1]], date(2025, 3, 1))
    store.object([NUMBERS[0]], date(2025, 4, 1), lift=True, reason="x")
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2025, 4, 1, 9, 12, 34))
    days = ("2026-08-20", "2026-08-25", "2026-09-02")
    told = [{"number": NUMBERS[0], "at": f"{day}T10:00", "result": "busy"} for day in days]
    own_records.record(store, "calls", told, book)
    found = inspect(store, Scope(date(2026, 9, 1), date(2026, 9, 30)))
    assert found.calls.select("at", "attempts", "after").rows() == [("2026-09-02T10:00:00", 3, None)]
    assert found.objections.filter(number=NUMBERS[0]).select("on_day", "ended_on").rows() == [
        (date(2025, 3, 1), date(2025, 4, 1))
    ]


def test_the_addresses_of_sources_stand_as_they_are(folder, made, book):
    """On the page and in the table, also of a folder without numbers, whatever looks like a number in them."""
    urls = {cite.url for one in book.packs["fr"].regimes for cite in one.cites if re.search(r"\d{9}", cite.url)}
    shown = [url for url in urls if url in folder["law.csv"].decode()]
    assert shown and made(numbers=False)["law.csv"] == folder["law.csv"]
    assert all(url in unescape(folder["index.html"].decode()) for url in shown)


def test_only_rules_of_checks_and_of_countries_called_are_there(folder):
    """Those in force on the days."""
    assert {row["country"] for row in table(folder["law.csv"])} == {"France"}
    assert not any(row["last_on"] and row["last_on"] < "2026-09-01" for row in table(folder["law.csv"]))


def test_a_text_of_the_rules_that_is_no_more_today_s_is_in_the_folder(office, book, tmp_path):
    """As the check applied it; the page names it."""
    used = office.texts("rules", [sha for sha, text in book.texts.items() if '\njurisdiction = "fr"\n' in text])
    now = replace(book, texts={sha: text for sha, text in book.texts.items() if text not in used})
    write_folder(tmp_path / "folder.zip", inspect(office, SCOPE), now)
    with zipfile.ZipFile(tmp_path / "folder.zip") as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".toml")]
        assert archive.read(name).decode() == used[0] and name == f"law-{sha256(used[0].encode()).hexdigest()}.toml"
        assert "Rules in another text than today&#39;s, which a check of these days applied: " + name in archive.read(
            "index.html"
        ).decode().replace("\xa0", " ")


def test_files_are_named_and_described_in_the_language_of_the_folder(made, signer):
    """The page speaks of them by these names."""
    files = made(language="fr", signer=signer)
    six = {f"{name}.csv" for name in ("controles", "consentements", "appels", "oppositions", "registres", "droit")}
    assert set(files) == six | {"index.html", "log.jsonl", "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.pem"}
    assert set(re.findall(r'href="([a-z]+\.csv)"', files["index.html"].decode())) == six


def test_what_was_accepted_of_a_file_is_said_in_words(store, book, write_file, tmp_path, monkeypatch):
    """On the page and in the table: how many rows, and why."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 11, 30, 9, 12, 34))
    path = write_file("own.csv", f"number\n{NUMBERS[0]}\nsee file\n")
    store.load(path, registry="own", as_of=date(2026, 10, 2), accept={"unread": "twice"})
    write_folder(tmp_path / "folder.zip", inspect(store, SCOPE), book)
    with zipfile.ZipFile(tmp_path / "folder.zip") as archive:
        [row] = table(archive.read("registries.csv"))
        page = archive.read("index.html").decode()
    assert (
        row["accepted"].startswith("rows that cannot be read were left out: 1;") and "reason: twice" in row["accepted"]
    )
    assert row["accepted"] in page


def test_the_own_list_that_a_check_used_is_named(store, write_file, monkeypatch):
    """Also if it was loaded before the days; one that was loaded after the last check of the days was not used."""
    calls = write_file("calls.csv", f"number\n{NUMBERS[3]}\n")
    for month, day in ((9, 1), (11, 3), (12, 2)):
        monkeypatch.setenv("DNC_TODAY", f"2026-{month:02}-{day:02}")
        monkeypatch.setattr(audit_log, "now", lambda at=(month, day): datetime(2026, *at, 9))
        path = write_file(f"own{month}.csv", f"number\n{NUMBERS[month - 8]}\n")
        if month == 11:
            check(calls, store, region="FR", at="2026-11-03")
        else:
            store.load(path, registry="own", as_of=date(2026, month, 1))
    found = inspect(store, Scope(date(2026, 11, 1), date(2026, 11, 30)))
    assert found.registries.select("registry", "as_of").rows() == [("own", "2026-09-01")]


def test_a_folder_of_a_campaign_has_its_calls_and_the_consents_they_were_made_on(made):
    """The call without a campaign is left out, and what no call of it was made on."""
    files = made(Scope(SCOPE.first, SCOPE.last, "autumn"))
    assert len(table(files["calls.csv"])) == 7
    assert [row["statement"] for row in table(files["consents.csv"])] == ["consents:1", "consents:2", "consents:3"]
    assert len(table(files["checks.csv"])) == 1


def test_the_verb_writes_the_folder_or_says_why_not(office, dnc):
    """An unknown campaign is an error, days in the wrong order wrong usage; then no file is left."""
    at = ("--store", office.path, "evidence", "--out", "folder.zip")
    assert dnc(*at, *DAYS, "--campaign", "winter")[0] == 4
    assert dnc(*at, "--from", "2026-12-01", "--to", "2026-11-30")[0] == 2
    assert not Path("folder.zip").exists()
    code, out, err = dnc(*at, *DAYS, "--without-numbers")
    assert (code, out) == (0, "") and str(office.journal.read().head) in err and Path("folder.zip").exists()


def test_the_folder_of_one_check_has_no_other(office, dnc, tmp_path):
    """With what it decided and the hashes of its list and verdicts; days or a campaign beside it are refused."""
    checks = [row["seq"] for row in office.log().rows(named=True) if row["verb"] == "check"]
    at = ("evidence", "--store", office.path, "--out", "check.zip", "--check", checks[0])
    assert dnc(*at)[0] == dnc(*at[:4], "bare.zip", *at[5:], "--without-numbers")[0] == 0
    with zipfile.ZipFile("check.zip") as folder, zipfile.ZipFile("bare.zip") as bare:
        [row] = table(folder.read("checks.csv"))
        assert row["list_sha256"] == sha256_of(office.path.parent / "october.csv") and len(row["verdicts_sha256"]) == 64
        decisions, page = table(folder.read("decisions.csv")), folder.read("index.html").decode()
        assert [one["number"] for one in decisions] == NUMBERS[:6]
        rests_on = {name for one in decisions if (name := one["rests_on"])}
        assert rests_on and rests_on <= {one["statement"] for one in table(folder.read("consents.csv"))}
        assert f"Evidence of check {checks[0]}" in page and "What the check decided" in page
        assert not DIGITS.search("".join(bare.read(name).decode("latin-1") for name in bare.namelist()))
        assert "list_sha256" not in table(bare.read("checks.csv"))[0]
    assert dnc(*at[:-1], checks[1])[0] == 0
    with zipfile.ZipFile("check.zip") as folder:
        assert "decisions.csv" not in folder.namelist()
        assert "did not keep its decisions" in folder.read("index.html").decode()
    assert dnc(*at, *DAYS)[0] == dnc(*at, "--campaign", "autumn")[0] == dnc(*at[:5])[0] == 2
    assert dnc(*at[:-1], 1_000)[0] == 4


def test_a_person_of_the_own_list_has_calls_of_their_own(store, book, write_file, monkeypatch):
    """Two persons on one list; a lift for one of them says nothing of the other."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    path = write_file("own.csv", f"number,since\n{NUMBERS[0]},2026-10-01\n{NUMBERS[1]},2026-10-01\n")
    store.load(path, registry="own", as_of=date(2026, 10, 2))
    store.object([NUMBERS[0]], date(2026, 10, 5), lift=True, reason="x")
    calls = [(NUMBERS[0], 3), (NUMBERS[0], 4), (NUMBERS[0], 9), (NUMBERS[1], 9)]
    told = [{"number": n, "at": f"2026-10-0{day}T10:00", "result": "busy"} for n, day in calls]
    own_records.record(store, "calls", told, book)
    rows = inspect(store, SCOPE).objections.select("statement", "ended_on", "called_after").sort("statement").rows()
    assert rows == [("objections:1", date(2026, 10, 5), 2), ("objections:2", None, 1)]


def test_an_entry_without_an_end_in_one_of_two_files_has_not_ended(store, write_file, monkeypatch):
    """Its first day is that of the first file."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    for day, until in ((2, "2026-10-20"), (3, "")):
        text = f"number,since,until\n{NUMBERS[0]},2026-10-01,{until}\n{NUMBERS[1]},2026-10-01,2026-10-2{day}\n"
        store.load(write_file(f"own{day}.csv", text), registry="own", as_of=date(2026, 10, day))
    rows = inspect(store, SCOPE).objections.select("statement", "ended_on").sort("statement").rows()
    assert rows == [("objections:1", None), ("objections:2", date(2026, 10, 24))]


def test_how_often_and_when_people_were_called(store, book, write_file, monkeypatch):
    """The most calls in thirty days, both included, without wrong numbers; weekdays and hours, where one was told."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    calls = [(0, "10-05T10:00"), (0, "11-03T10:59"), (0, "11-04T19:00"), (1, "10-11T21:30"), (2, "10-05T10:00")]
    calls += [(3, "10-11"), (4, "10-11T23:59:59")]
    told = [
        {"number": NUMBERS[n], "at": f"2026-{at}", "result": "wrong_number" if n == 2 else "busy"} for n, at in calls
    ]
    own_records.record(store, "calls", told, book)
    found = inspect(store, SCOPE)
    most = found.calls.group_by("number").agg(pl.col("attempts").max()).sort("number")
    assert most["attempts"].to_list() == [2, 1, 0, 1, 1]
    assert [at for at in found.calls["at"] if "10-11" in at] == [
        *("2026-10-11T21:30:00", "2026-10-11T23:59:59", "2026-10-11"),
    ]
    page = folder_page(store, book)
    assert "23:59:59.9" not in page and "2026-10-11 21:30" in page
    assert "between 10:00 and 23:59; on Saturdays: 0, on Sundays: 3, without an hour: 1" in page
    assert "Days and hours for sales calls" in page


def expected(said: list[tuple], statements: set[tuple], calls: list[tuple]) -> list[tuple[str, bool]]:
    """Calls to somebody who had objected or withdrawn, once for each time; and whether their order is not known.

    said: number, day, whether it lifts. statements: number, day, the proof of a consent, which is new after a withdrawal
    if it is to count, or none of a withdrawal. calls: number, moment, result.
    """
    barred = []
    for at, (number, day, lifts) in enumerate(said):
        later = [d for n, d, lift in said[at + 1 :] if lift and (n, d) == (number, day)]
        later += [d for n, d, lift in said if lift and n == number and d > day]
        barred += [] if lifts else [(number, day, min(later, default=date.max))]
    for number, day, proof in statements:
        used = {"", "n/a"} | {p for n, d, p in statements if n == number and d <= day}
        later = [d for n, d, p in statements if p not in used and n == number and d > day]
        barred += [] if proof else [(number, day, min(later, default=date.max))]
    found = []
    for number, first, last in barred:
        told = [at for n, at, result in calls if (n, at.date(), result) == (number, first, "objected")]
        for seq, (called, at, _) in enumerate(calls, 1):
            if (
                called == number
                and first <= at.date() <= last
                and not (at.date() == first and told and at <= min(told))
            ):
                found.append((f"calls:{seq}", (at.date() == first and not told) or at.date() == last))
    return sorted(found)


@pytest.mark.parametrize("seed", range(size(1, 100)))
def test_calls_after_an_objection_are_those_of_a_model(store, book, monkeypatch, seed):
    """Random objections, lifts, withdrawals, new consents and calls of few people on few days."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    random, first = Random(seed), date(2026, 10, 1)

    def some() -> tuple[str, date]:
        return random.choice(NUMBERS[:4]), first + timedelta(days=random.randrange(8))

    said = [(*some(), random.random() < 0.3) for _ in range(8)]
    for number, day, lifts in said:
        store.object([number], day, lift=lifts, reason="x")
    calls = []
    for at in range(20):
        number, day = some()
        calls.append(
            (number, datetime(day.year, day.month, day.day, 10, at), random.choice(["objected", "busy", "failed"]))
        )
    told = [{"number": n, "at": at.isoformat(), "result": result} for n, at, result in calls]
    own_records.record(store, "calls", told, book)
    said += [(number, at.date(), False) for number, at, result in calls if result == "objected"]
    statements = {(*some(), random.choice(["", "", "", "p1", "p2", "p3", "n/a"])) for _ in range(10)}
    proved = {"consent": "named_caller", "wording": "w"}
    rows = [
        {
            "number": n,
            **({"consent_on": f"{day}", "proof": proof} | proved if proof else {"consent_withdrawn_on": f"{day}"}),
        }
        for n, day, proof in statements
    ]
    own_records.record(store, "consents", rows, book)
    found = inspect(store, Scope(first, date(2026, 10, 8)))
    wanted = expected(said, statements, calls)
    after = found.calls.select("statement", pl.col("after").str.split(", ")).explode("after").drop_nulls()
    assert sorted(after["statement"]) == [call for call, _ in wanted]
    known = {call for call, same_day in wanted if not same_day}
    assert set(found.calls.filter("order_known")["statement"]) == known
    assert sum(found.objections["called_after"]) == len(wanted) > 0


def test_a_check_is_of_the_days_of_its_calls(store, book, write_file, monkeypatch):
    """A list that is checked in November, for calls in December, is among those of December."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 11, 30, 9, 12, 34))
    path = write_file("list.csv", f"number\n{NUMBERS[0]}\n")
    check(path, store, region="FR", given={"call_at": "2026-12-03T10:00"})
    check(path, store, region="FR", at="2026-12-04")
    check(path, store, region="FR", at="2027-01-04")
    december = inspect(store, Scope(date(2026, 12, 1), date(2026, 12, 31)))
    assert december.checks["call_day"].to_list() == ["2026-12-03T10:00", "2026-12-04"]


def checked_for(store: Store, write_file, day: str, numbers: list[str], **told: str) -> None:
    """A check that keeps its decisions, of calls on one day."""
    path = write_file("list.csv", "\n".join(["number", *numbers]))
    check(path, store, region="FR", given=BEFORE_A_SALE | {"call_at": f"{day}T10:00"} | told, keep=True)


def test_a_check_counts_for_as_long_as_its_answer_was_valid(store, book, write_file, monkeypatch):
    """For later calls of its campaign, until its last day or what was recorded since; only a possible call lasts."""
    consent = {"consent": "named_caller", "consent_for": "live", "consent_on": "2025-10-20"}
    told = {"campaign": "autumn", **consent}
    monkeypatch.setenv("DNC_TODAY", "2026-10-01")
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 10, 1, 9, 12, 34))
    checked_for(store, write_file, "2026-10-01", NUMBERS[:6], **told)
    checked_for(store, write_file, "2026-10-02", [NUMBERS[1]], **told | {"consent": "none"})
    checked_for(store, write_file, "2026-10-02", [NUMBERS[2]], **told | {"campaign": "other", "consent": "none"})
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 11, 30, 9, 12, 34))
    store.object([NUMBERS[3]], date(2026, 10, 5), reason="x")
    calls = [
        *((0, "10-01", "autumn"), (0, "10-06", "autumn"), (0, "10-20", "autumn"), (0, "10-21", "autumn")),
        *((1, "10-01", "autumn"), (1, "10-06", "autumn"), (2, "10-06", "autumn"), (3, "10-06", "autumn")),
        *((4, "10-06", "other"), (5, "10-06", ""), (6, "10-06", "autumn")),
    ]
    rows = [{"number": NUMBERS[n], "at": f"2026-{day}T10:00", "result": "busy", "campaign": of} for n, day, of in calls]
    own_records.record(store, "calls", rows, book)
    found = inspect(store, SCOPE).calls.sort("statement").with_columns(at=pl.col("at").str.slice(8, 2).cast(pl.Int64))
    said = {
        int(row["statement"][6:]): (row["at"], row["outcome"], row["valid_until"])
        for row in found.iter_rows(named=True)
    }
    last = date(2026, 10, 20)
    assert [said[at] for at in sorted(said)] == [
        *((1, "clear", None), (6, "clear", last), (20, "clear", last), (21, None, None)),
        *((1, "clear", None), (6, None, None), (6, "clear", last), (6, None, None)),
        *((6, None, None), (6, None, None), (6, None, None)),
    ]
    page = folder_page(store, book)
    assert "of the possible ones, 3 planned for an earlier day in the same campaign" in page


def test_a_number_that_a_registry_has_listed_since_was_not_checked(store, book, write_file, monkeypatch):
    """A file of a registry was loaded between check and call."""
    be, given = ["+3225550101", "+3225550102", "+3225550103"], BEFORE_A_SALE | {"campaign": "be"}
    listings = {(1, "be.csv"): [], (4, "later.csv"): be[:1], (6, "last.csv"): be[1:2]}
    for (day, name), listed in listings.items():
        monkeypatch.setenv("DNC_TODAY", f"2026-10-0{day}")
        monkeypatch.setattr(audit_log, "now", lambda day=day: datetime(2026, 10, day, 9, 12, 34))
        rows = [f"{number},{'yes' if number in listed else 'no'}" for number in be]
        file = write_file(name, "\n".join(["number,listed", *rows]))
        store.load(file, registry="be-dncm", as_of=date(2026, 10, day))
        if day == 1:
            told = given | {"call_at": "2026-10-01T10:00", "consent": "none"}
            check(write_file("list.csv", "\n".join(["number", *be])), store, region="BE", given=told, keep=True)
    monkeypatch.setenv("DNC_TODAY", "2026-11-30")
    calls = [(number, day) for number in be for day in ("03", "05")]
    rows = [{"number": n, "at": f"2026-10-{day}T10:00", "result": "busy", "campaign": "be"} for n, day in calls]
    own_records.record(store, "calls", rows, book)
    found = inspect(store, SCOPE).calls.sort(pl.col("statement").str.slice(6).str.to_integer())
    assert found["outcome"].to_list() == ["clear", None, "clear", "clear", "clear", "clear"]


def folder_page(store: Store, book: Rulebook) -> str:
    """The page of a folder about a store."""
    path = store.path.parent / "folder.zip"
    write_folder(path, inspect(store, SCOPE), book)
    with zipfile.ZipFile(path) as archive:
        return archive.read("index.html").decode()


def test_a_number_in_a_check_twice_has_its_strictest_decision(store, book, write_file, monkeypatch):
    """Whichever row comes first."""
    monkeypatch.setenv("DNC_TODAY", "2026-10-01")
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 10, 1, 9, 12, 34))
    given = "named_caller,live,2026-09-05"
    rows = [f"{NUMBERS[0]},{given}", f"{NUMBERS[0]},none,,", f"{NUMBERS[1]},none,,", f"{NUMBERS[1]},{given}"]
    path = write_file("list.csv", "\n".join(["number,consent,consent_for,consent_on", *rows]))
    check(path, store, region="FR", given=BEFORE_A_SALE | {"call_at": "2026-10-01T10:00"}, keep=True)
    calls = [{"number": number, "at": "2026-10-01T10:00", "result": "busy"} for number in NUMBERS[:2]]
    own_records.record(store, "calls", calls, book)
    assert inspect(store, SCOPE).calls["outcome"].to_list() == ["blocked", "blocked"]
