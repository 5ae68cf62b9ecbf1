"""What the law asks to keep of consents is not deleted unseen: it is restricted, or deleted for a reason."""

from __future__ import annotations

from datetime import date

import pytest

from dnc import Rulebook, check
from dnc.checks.consent_ends import kept_by_law
from dnc.lists import own_records

FRENCH, GERMAN, BRITISH = 33199000001, 493023125001, 441632960001


def consent(number: int, on: str, **cells: str) -> dict[str, str]:
    """A consent as it is recorded."""
    return {"number": f"+{number}", "consent": "named_caller", "consent_for": "live", "consent_on": on} | cells


@pytest.fixture
def kept(store, monkeypatch):
    """A function that records consents and calls, and says until when the law asks to keep consents, by number."""
    book = Rulebook.load()

    def until(consents, calls=(), today="2026-11-29"):
        monkeypatch.setenv("DNC_TODAY", today)
        own_records.record(store, "consents", consents, book)
        if calls:
            own_records.record(store, "calls", calls, book)
        numbers = {int(row["number"]) for row in consents}
        return {number: one.until for one in kept_by_law(store, numbers, book) for number in one.numbers}

    return until


def call(number: int, at: str) -> dict[str, str]:
    """A call as it is recorded."""
    return {"number": f"+{number}", "at": at, "result": "answered"}


def test_a_consent_is_kept_as_long_as_the_law_of_its_country_says(kept):
    """Three years in France, five in Germany; where no period was read, none."""
    consents = [consent(number, "2026-09-01") for number in (FRENCH, GERMAN, BRITISH)]
    assert kept(consents) == {FRENCH: date(2029, 9, 1), GERMAN: date(2031, 9, 1)}


def test_the_period_begins_again_with_each_use_and_with_the_withdrawal(kept):
    """A call made before the consent was not made on it."""
    consents = [consent(GERMAN, "2024-02-29"), consent(FRENCH, "2024-02-29", consent_withdrawn_on="2026-03-31")]
    calls = [call(GERMAN, "2024-02-01T10:00:00"), call(GERMAN, "2025-06-30T10:00:00")]
    assert kept(consents, calls) == {GERMAN: date(2030, 6, 30), FRENCH: date(2029, 3, 31)}


@pytest.mark.parametrize(("today", "is_kept"), [("2029-09-01", True), ("2029-09-02", False)])
def test_after_its_last_day_a_consent_may_be_deleted(kept, today, is_kept):
    """The last day counts."""
    assert (FRENCH in kept([consent(FRENCH, "2026-09-01")], today=today)) is is_kept


def test_forget_names_the_law_and_deletes_nothing(dnc, monkeypatch):
    """Of two numbers one may be deleted: neither is, since who asks has to choose."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")
    told = ("--region", "FR", "--for", "live")
    assert dnc("record", "consent", "01 99 00 00 01", "--on", "2026-09-01", *told)[0] == 0
    assert dnc("record", "consent", "01 99 00 00 02", "--on", "2022-09-01", *told)[0] == 0
    both = ("forget", "+33199000001", "+33199000002")
    code, out, err = dnc(*both)
    assert (code, out) == (4, "")
    assert "1 of these numbers, the last until 2029-09-01: Code de la consommation" in err and "--restrict" in err
    assert "0199000001" not in err and "33199000001" not in err
    assert dnc("export", "consents")[1].count("+331990000") == 2

    assert dnc(*both, "--restrict")[0] == 0
    assert dnc("export", "consents")[1].count("+331990000") == 1
    assert "+33199000001" in dnc("export", "own")[1]

    assert dnc("forget", "+33199000001", "--reason", "order of the court")[0] == 0
    assert "+33199000001" not in dnc("export", "consents")[1]
    assert "order of the court" in dnc("log")[1]


def test_nobody_is_called_on_a_restricted_consent(store, write_file, monkeypatch):
    """It is there as a proof of earlier calls."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")
    own_records.record(store, "consents", [consent(FRENCH, "2026-09-01")], Rulebook.load())
    told = "caller=commercial purpose=sale voice=human recipient=consumer relationship=none attempts=0 dialler=manual"
    told += " cli=+33162100001 sector=general source=opt_in_form objected_on=none"
    planned = write_file("list.csv", f"number\n+{FRENCH}\n")

    def outcome() -> str:
        done = check(planned, store, given=dict(fact.split("=") for fact in told.split()), at="2026-11-30T10:30")
        return str(done.verdicts["dnc_outcome"][0])

    assert outcome() == "clear"
    store.forget_numbers([f"+{FRENCH}"], restrict=True, reason="restriction")
    assert outcome() == "blocked"


@pytest.mark.parametrize(
    "wrong",
    [
        ("+33199000001", "--restrict", "--reason", "x"),
        ("+33199000001", "--reason", " "),
    ],
)
def test_what_is_kept_is_restricted_or_deleted_for_a_reason(dnc, wrong):
    """Not both, and not without a reason."""
    code, _, err = dnc("forget", *wrong)
    assert code == 2 and "--restrict keeps consents, --reason with a reason erases them" in err


def test_retain_says_what_the_law_asks(dnc, store):
    """In the list, and where less is kept."""
    store.retain("consents", 6)
    assert "France: the law asks to keep a consent and its proof for 36 months" in dnc("retention")[2]
    assert "Germany" in dnc("retention", "consents", "--months", "48")[2]
    assert "France" not in dnc("retention", "consents", "--months", "48")[2]


def test_what_is_due_stays_as_long_as_the_law_asks(dnc, monkeypatch):
    """Three years in France and five in Germany, whatever the user set."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")
    for number in ("+33199000001", f"+{GERMAN}"):
        assert dnc("record", "consent", number, "--on", "2022-09-01", "--for", "live")[0] == 0
    assert dnc("retention", "consents", "--months", "36")[0] == 0
    code, _, err = dnc("retention", "--apply")
    assert code == 0 and "kept, as the law asks" in err and "until 2027-09-01" in err
    assert f"+{GERMAN}" in (left := dnc("export", "consents")[1]) and "+33199000001" not in left


def test_the_status_names_only_what_may_be_deleted(dnc, store, monkeypatch):
    """A consent that a call was made on, or that the law asks to keep, is not due, however old it is."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")
    rows = [consent(number, "2022-09-01") for number in (FRENCH, GERMAN, BRITISH, BRITISH + 1)]
    own_records.record(store, "consents", rows, Rulebook.load())
    own_records.record(store, "calls", [call(BRITISH, "2026-11-02T10:00:00")], Rulebook.load())
    store.retain("consents", 36)
    code, out, _ = dnc("status")
    assert code == 1 and "kept longer than dnc retention allows: 2;" in out
    dnc("retention", "--apply")
    assert dnc("status")[0] == 0
    monkeypatch.setenv("DNC_TODAY", "2027-09-02")
    assert "kept longer than dnc retention allows: 1;" in dnc("status")[1]
