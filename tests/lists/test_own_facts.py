"""What own records say of planned calls, beside what the list tells: the one that forbids counts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from dnc import InputError, OptionError, Rulebook, Store, api, check
from dnc.lists import own_records
from dnc.lists.brief import Brief
from dnc.lists.own_records import RecordReading
from dnc.store import wordings
from tests import SALE

DAY = "2026-11-20T10:30"
GIVEN = {"consent": "named_caller", "consent_on": "2026-08-01", "consent_for": "both"}
PROVEN = GIVEN | {"wording": "form-7", "proof": "page 12"}
LATER = PROVEN | {"consent_on": "2026-10-01"}
WITHDRAWN = {"consent_withdrawn_on": "2026-09-01"}
NUMBER = "+33199000001"


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The law."""
    return Rulebook.load()


CASES = {
    "nothing recorded": ([], GIVEN, "clear", None),
    "with its proof": ([PROVEN], {}, "clear", 1),
    "recorded alone": ([GIVEN], {}, "clear", 1),
    "the newest counts": ([WITHDRAWN, LATER], {}, "clear", 2),
    "in whatever order it was recorded": ([LATER, WITHDRAWN], {}, "clear", 1),
    "a withdrawal counts": ([GIVEN, WITHDRAWN], {}, "blocked", 2),
    "of one night the newest counts": ([PROVEN | {"consent_on": "2026-10-02T00:50+02:00", "consent": "partners"}, PROVEN | {"consent_on": "2026-10-02T00:10+02:00"}], {}, "blocked", 1),
    "of one day it counts too": ([GIVEN, {"consent_withdrawn_on": "2026-08-01"}], {}, "blocked", 2),
    "a reload revives nothing": ([GIVEN, WITHDRAWN, GIVEN | {"consent_on": "2026-10-01"}], {}, "blocked", 2),
    "nor does a proof without a wording": ([WITHDRAWN, LATER | {"wording": None}], {}, "blocked", 1),
    "nor a newer day with the proof of before": ([PROVEN, WITHDRAWN, LATER | {"proof": "PAGE 12"}], {}, "blocked", 2),
    "a proof of its own does": ([PROVEN, WITHDRAWN, LATER | {"proof": "page 13"}], {}, "clear", 3),
    "but not one that names nothing": ([WITHDRAWN, LATER | {"proof": "n/a"}], {}, "blocked", 1),
    "nor a bare yes": ([WITHDRAWN, LATER | {"proof": "x"}], {}, "blocked", 1),
    "nor one that is still to come": ([WITHDRAWN, LATER | {"proof": "en attente"}], {}, "blocked", 1),
    "a proof that names nothing is none": ([PROVEN | {"proof": "aucune"}], {}, "clear", 1),
    "nor a blank row": ([WITHDRAWN, {"consent": "", "wording": "form-7"}], {}, "blocked", 1),
    "nor a later yes in the list": ([GIVEN, WITHDRAWN], GIVEN | {"consent_on": "2026-11-01"}, "blocked", 2),
    "a withdrawal on a day unknown is never followed": ([{"consent_withdrawn_on": "yes"}, LATER], {}, "blocked", 1),
    "who declined has not consented": ([GIVEN, {"consent": "none", "consent_on": "2026-09-01"}], {}, "blocked", 2),
    "the list withdraws": ([GIVEN], WITHDRAWN, "blocked", None),
    "before a consent with proof that is recorded later": ([LATER], WITHDRAWN, "clear", 1),
    "the list denies": ([LATER], {"consent": "none"}, "blocked", None),
    "the weaker kind counts": ([GIVEN], GIVEN | {"consent": "partners"}, "blocked", 1),
    "no call that both are for": ([GIVEN | {"consent_for": "live"}], GIVEN | {"consent_for": "automated"}, "blocked", 1),
    "both for live calls": ([GIVEN], GIVEN | {"consent_for": "live"}, "clear", 1),
    "the earlier day counts": ([GIVEN], GIVEN | {"consent_on": "2025-08-01"}, "blocked", 1),
    "the earlier end counts": ([GIVEN | {"consent_until": "2026-11-01"}], GIVEN, "blocked", 1),
    "the end that the list tells alone": ([GIVEN], {"consent_until": "2026-11-01"}, "blocked", 1),
    "the hours that the list tells alone": ([GIVEN | {"hours_agreed": "09:00-20:00"}], {"hours_agreed": "09:00-12:00"}, "undecided", 1),
    "what is not understood may be against": ([GIVEN, GIVEN | {"consent_on": "2026-10-01", "consent_for": "fax"}], {}, "undecided", 2),
}  # fmt: skip


def _loaded(path: Path, store: Store, row: dict[str, str], book: Rulebook) -> int:
    """Load one statement from a file, in which some may be odd; returns its number."""
    pl.DataFrame([row]).write_csv(path)
    return own_records.load(store, "consents", [path], book)[0].first


@pytest.fixture(scope="module")
def decided(book, tmp_path_factory) -> pl.DataFrame:
    """The verdicts on all cases, a number each: without and with a proof required."""
    folder = tmp_path_factory.mktemp("own")
    store = Store(folder / "dnc-store")
    (folder / "own.csv").write_text("number\n+33199009999\n")
    wordings.add(store.journal, "form-7", "X may call me.")
    store.load(folder / "own.csv", as_of=date(2026, 1, 1), registry="own")
    numbers = [f"+331990005{at:02}" for at in range(len(CASES))]
    places = [
        [_loaded(folder / "consent.csv", store, {"number": number} | row, book) for row in recorded]
        for number, (recorded, *_) in zip(numbers, CASES.values(), strict=True)
    ]
    told = [{"number": number} | case[1] for number, case in zip(numbers, CASES.values(), strict=True)]
    pl.DataFrame(told, infer_schema_length=None).write_csv(folder / "calls.csv")
    proven = check(folder / "calls.csv", store, at=DAY, given=SALE, brief=Brief(require_proof=True)).verdicts
    rows = check(folder / "calls.csv", store, at=DAY, given=SALE).verdicts
    return rows.select(
        "dnc_outcome",
        "dnc_consent",
        proven=proven["dnc_outcome"],
        missing=proven["dnc_missing"],
        places=pl.Series(places),
    )


@pytest.mark.parametrize("at", range(len(CASES)), ids=list(CASES))
def test_consents(decided, at):
    """Told and recorded statements of one person; the verdict names the row of the store that it rests on."""
    _, _, outcome, statement = list(CASES.values())[at]
    was, rests, *_, places = decided.row(at)
    assert (was, rests) == (outcome, f"consents:{places[statement - 1]}" if statement else "")


@pytest.mark.parametrize("at", range(len(CASES)), ids=list(CASES))
def test_a_proof_may_be_required(decided, at):
    """A consent without a proof or a wording is then not known; nothing else changes."""
    recorded, _, outcome, statement = list(CASES.values())[at]
    is_proven = statement and {"proof", "wording"} <= recorded[statement - 1].keys()
    is_proven = is_proven and recorded[statement - 1]["proof"] != "aucune"
    _, _, proven, missing, _ = decided.row(at)
    if outcome == "clear" and not is_proven:
        assert (proven, missing) == ("undecided", "proof")
    else:
        assert proven == "blocked" if outcome == "blocked" and is_proven else proven in (outcome, "undecided")


def test_a_declared_consent_has_no_proof_either(store, write_file):
    """What the brief says of all rows is no proof."""
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")
    path = write_file("calls.csv", f"number\n{NUMBER}\n")
    options = {"at": DAY, "given": SALE | GIVEN}
    assert check(path, store, **options).verdicts["dnc_outcome"].to_list() == ["clear"]
    verdict = check(path, store, brief=Brief(require_proof=True), **options).verdicts
    assert verdict.select("dnc_outcome", "dnc_missing").row(0) == ("undecided", "proof")


@pytest.mark.parametrize(
    ("number", "way", "lacks"),
    [
        ("+493023125001", "E-Mail", "proof"),
        ("+493023125001", "SMS", None),
        ("+493023125001", "", None),
        (NUMBER, "email", None),
    ],
)
def test_a_confirmation_by_email_proves_no_number_where_the_law_says_so(store, write_file, book, number, way, lacks):
    """In Germany; a consent whose number was confirmed in no way is judged by its proof."""
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")
    wordings.add(store.journal, "form-7", "X may call me.")
    own_records.record(store, "consents", [PROVEN | {"number": number, "confirmed_via": way}], book)
    calls = write_file("calls.csv", f"number\n{number}\n")
    options = {"at": DAY, "rulebook": book, "given": SALE}
    [[missing]] = check(calls, store, brief=Brief(require_proof=True), **options).verdicts.select("dnc_missing").rows()
    assert ("proof" in (missing or "").split(";")) == bool(lacks)
    told = check(calls, store, **options)
    assert "proof" not in (told.verdicts["dnc_missing"][0] or "").split(";")
    assert told.consents and told.consents["unproven"] == bool(lacks)


@pytest.mark.parametrize(("proof", "outcome"), [("page 13", "clear"), ("Page 12", "blocked"), ("", "blocked")])
def test_a_file_of_consents_for_one_check_revives_nothing_either(store, write_file, book, proof, outcome):
    """After a recorded withdrawal, too, its consent needs a proof that the person had not given before."""
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")
    own_records.record(store, "consents", [{"number": NUMBER} | row for row in (PROVEN, WITHDRAWN)], book)
    head, row = "number,consent,consent_on,consent_for,wording,proof", f"{NUMBER},named_caller,2026-10-01,both,form-7"
    consents = write_file("consents.csv", f"{head}\n{row},{proof}\n")
    found = check(write_file("calls.csv", f"number\n{NUMBER}\n"), store, at=DAY, given=SALE, consents=consents)
    assert found.verdicts["dnc_outcome"].to_list() == [outcome]


SAYS = {"consent": "named_caller", "consent_for": "live", "term_months": "6", "hours_agreed": "09:00-18:00"}
SAYS |= {"used_from": "2026-06-01", "used_until": "2026-09-30", "sectors": "energy; general"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"consent_for": ""}, "clear"),
        ({"consent_for": "live"}, "clear"),
        ({"consent_for": "both"}, "wording"),
        ({"consent_for": "live", "consent": "written"}, "wording"),
        ({"consent_for": "live", "consent": "partners"}, "blocked"),
        ({"consent_for": "live", "consent_on": "2026-05-31"}, "wording"),
        ({"consent_for": "live", "consent_on": "2026-10-01"}, "wording"),
        ({"consent_for": "live", "consent_until": "2027-02-02"}, "wording"),
        ({"consent_for": "live", "consent_until": "2027-02-01"}, "clear"),
        ({"consent_for": "live", "hours_agreed": "09:00-20:00"}, "wording"),
        ({"consent_for": "live", "consent_sectors": "General;", "passed_to": "Y SA"}, "clear"),
        ({"consent_for": "live", "consent_sectors": "general; training"}, "wording"),
        ({"consent_for": "live", "wording": "form-8"}, "clear"),
        ({"consent_for": "both", "wording": "Form 7"}, "wording"),
    ],
)
def test_a_consent_that_contradicts_its_wording_is_not_known(store, write_file, book, row, expected):
    """What the wording says is taken where the row says nothing; a row that says more, or another day, is undecided."""
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")
    wordings.add(store.journal, "form-7", "X may call me between nine and six, for half a year.", SAYS)
    own_records.record(store, "consents", [PROVEN | {"number": NUMBER} | row], book)
    verdict = api.explain(NUMBER, store, at=DAY, given=SALE)[0]
    assert (verdict["dnc_missing"] or verdict["dnc_outcome"]) == expected
    assert verdict["dnc_consent"] == "consents:1"


def test_a_wording_keeps_its_text(store):
    """A name has one text, and the same again is nothing new; a fact that nobody knows is refused."""
    first = wordings.add(store.journal, "form-7", "X may call me.", SAYS)
    for name, hours in (("form-7", "09:00-18:00"), ("Form 7", "09:00 - 18:00")):
        assert wordings.add(store.journal, name, "X may call me.", SAYS | {"hours_agreed": hours}) == first
    for text, facts in (("Y may call me.", SAYS), ("X may call me.", {})):
        with pytest.raises(InputError, match="form-7"):
            wordings.add(store.journal, "form-7", text, facts)
    for facts in (
        {"mood": "good"},
        {"consent": "yes"},
        {"term_months": "half a year"},
        {"term_months": "0"},
        {"hours_agreed": "9-18"},
    ):
        with pytest.raises(OptionError, match="used_from"):
            wordings.add(store.journal, "form-9", "X may call me.", facts)
    assert [one.name for one in wordings.in_store(store.journal)] == ["form-7"]


def called(store: Store, book: Rulebook, rows: str, covers: tuple[date, date] | None, write_file) -> None:
    """Load calls."""
    path = write_file("made.csv", f"call_id,number,at,result\n{rows}")
    own_records.load(store, "calls", [path], book, RecordReading(covers_days=covers))


MADE = "".join(f"{day},{NUMBER},2026-11-{day:02}T10:00,no_answer\n" for day in (2, 9, 16, 19))
COVERED = (date(2026, 10, 21), date(2026, 11, 19))


@pytest.mark.parametrize(
    ("rows", "covers", "told", "known"),
    [
        (MADE, COVERED, {}, 4),
        (MADE, (date(2026, 10, 22), date(2026, 11, 19)), {}, None),
        (MADE, (date(2026, 10, 21), date(2026, 11, 18)), {}, None),
        (MADE, None, {}, None),
        (MADE, None, {"attempts": "1"}, 4),
        (MADE, COVERED, {"attempts": "7"}, 7),
        (MADE.replace("no_answer", "wrong_number"), COVERED, {}, 0),
        (MADE + MADE.splitlines(keepends=True)[0].replace("no_answer", "busy"), COVERED, {}, 4),
        (MADE + f"19,{NUMBER},2026-11-19T10:05,answered\n", COVERED, {}, 4),
        (MADE + f"19,{NUMBER},2026-11-19T15:00,answered\n", COVERED, {}, 5),
        (MADE.replace("\n9,", "\n2,").replace("\n16,", "\n2,"), COVERED, {}, 4),
        *(
            (MADE.replace("19,", f"{none},") + f"{none},{NUMBER},2026-11-19T11:00,busy\n", COVERED, {}, 5)
            for none in ("n/a", "0", "unknown")
        ),
        (f"n/a,{NUMBER},2026-11-16,busy\n" * 3 + f"n/a,{NUMBER},2026-11-17,busy\n", COVERED, {}, 4),
        (MADE + f"9,{NUMBER},2026-10-20T10:00,answered\n10,{NUMBER},2026-11-21,answered\n", COVERED, {}, 4),
    ],
)
def test_attempts_are_counted_where_every_call_is_known(
    store, write_file, book, monkeypatch, rows, covers, told, known
):
    """Thirty days before the call have to be covered whole; a call told twice under one id is one attempt of an hour."""
    called(store, book, rows, covers, write_file)
    seen = list[pl.DataFrame]()
    cells = {"number": NUMBER} | told
    path = write_file("calls.csv", ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")
    check(
        path,
        store,
        at=DAY,
        given={name: fact for name, fact in SALE.items() if name not in ("attempts", "attempts_day")},
        watch=lambda calls, _: seen.append(calls.facts("attempts", "attempts_most")),
    )
    assert seen[0]["attempts_most"].to_list() == [known]
    assert seen[0]["attempts"].item() >= (known or 0)


def test_spans_of_several_files_are_one(store, write_file, book):
    """Two months, each in its file, cover the days before a call in the second."""
    called(store, book, "", (date(2026, 10, 1), date(2026, 10, 31)), write_file)
    called(store, book, MADE, (date(2026, 11, 1), date(2026, 11, 19)), write_file)
    seen = list[pl.DataFrame]()
    path = write_file("calls.csv", f"number\n{NUMBER}\n+33199000002\n")
    check(path, store, at=DAY, watch=lambda calls, _: seen.append(calls.facts("attempts", "attempts_day")))
    assert seen[0].select("attempts", "attempts_day").rows() == [(4, 0), (0, 0)]
    check(
        path, store, at="2026-11-20T09:59", watch=lambda calls, _: seen.append(calls.facts("attempts", "attempts_day"))
    )
    assert seen[1].select("attempts", "attempts_day").rows() == [(4, 1), (0, 0)]


def test_a_refusal_and_an_objection_in_a_call_count(store, write_file, book):
    """A refusal counts for its time; an objection is on the own list, and is lifted as others are."""
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")

    def explained(number: str = NUMBER) -> tuple[str, str]:
        verdict = api.explain(number, store, at=DAY, given=SALE | GIVEN)[0]
        return verdict["dnc_outcome"], verdict["dnc_undecided_by"] or verdict["dnc_blocked_by"]

    assert explained() == ("clear", "")
    own_records.record(store, "calls", [{"number": NUMBER, "at": "2026-11-19T10:00", "result": "refused"}], book)
    assert explained() == ("undecided", "fr-refusal-pause-2026")
    other = "+33199000003"
    own_records.record(store, "calls", [{"number": other, "at": "2026-11-18", "result": "objected"}], book)
    assert explained(other)[0] == "blocked"
    store.object([other], date(2026, 11, 19), lift=True, reason="asked to be called")
    assert explained(other) == ("clear", "")


@pytest.mark.parametrize(
    ("given", "at", "outcome"),
    [
        ("2026-11-20T15:00+01:00", "2026-11-20T10:30", "blocked"),
        ("2026-11-20T09:00+01:00", "2026-11-20T10:30", "clear"),
        ("2026-11-20T10:30:20+01:00", "2026-11-20T10:30", "clear"),
        ("2026-11-20T15:00+01:00", "2026-11-20", "clear"),
        ("2026-11-20T15:00+01:00", "2026-11-20T16:00+01:00", "clear"),
        ("2026-11-20T15:00+01:00", "2026-11-20T10:30+01:00", "blocked"),
        ("2026-11-20T15:00", "2026-11-20T10:30", "blocked"),
        ("2026-11-20 09:00", "2026-11-20T10:30+01:00", "clear"),
    ],
)
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_consent_later_on_the_day_of_a_call_does_not_count_for_it(
    store, write_file, book, monkeypatch, given, at, outcome, is_kept
):
    """As in a list: nobody may call in the morning on what was agreed in the afternoon."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-20")
    path = write_file("consents.csv", f"number,consent,consent_on,consent_for\n{NUMBER},named_caller,{given},live\n")
    if is_kept:
        own_records.load(store, "consents", [path], book)
    list_ = write_file("calls.csv", f"number\n{NUMBER}\n")
    found = check(list_, store, at=at, given=SALE, consents=None if is_kept else path)
    assert found.verdicts["dnc_outcome"].to_list() == [outcome]


FIRST = PROVEN | {"consent_on": "2026-08-05"}
THEN = [  # statements of days before and after some calls; the call; its outcome, its last day, the statement
    ([FIRST, {"consent_withdrawn_on": "2026-11-25"}], "2026-11-23", "clear", "2026-11-23", 1),
    ([FIRST, {"consent_withdrawn_on": "2026-11-25"}], "2026-11-24", "blocked", None, 2),
    ([FIRST | {"consent_withdrawn_on": "2026-11-25"}], "2026-11-23", "clear", "2026-11-23", 1),
    ([FIRST, {"consent_withdrawn_on": "2026-11-25T09:00+01:00"}], "2026-11-23", "clear", "2026-11-23", 1),
    ([FIRST, {"consent": "none", "consent_on": "2026-11-25"}], "2026-11-23", "clear", "2026-11-23", 1),
    ([FIRST, {"consent": "none", "consent_on": "2026-11-25"}], "2026-11-24", "blocked", None, 2),
    ([FIRST, PROVEN | {"consent": "partners", "consent_on": "2026-11-25"}], "2026-11-24", "clear", "2026-11-24", 1),
    ([FIRST, PROVEN | {"consent": "partners", "consent_on": "2026-11-25"}], "2026-11-25", "blocked", None, 2),
    ([FIRST, {"consent_withdrawn_on": "yes"}], "2026-11-23", "blocked", None, 2),
    ([FIRST, {"consent_withdrawn_on": "2026-09-01"}, PROVEN | {"consent_on": "2026-11-25"}], "2026-11-24", "blocked", None, 2),
    ([PROVEN | {"consent_on": "2026-11-25"}], "2026-11-24", "undecided", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "day", "outcome", "until", "statement"), THEN)
def test_a_past_call_is_judged_by_what_had_been_stated(
    store, write_file, book, monkeypatch, stated, day, outcome, until, statement
):
    """A person who withdraws later was called lawfully before; the last day of the verdict is the day before then."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 11, 1), registry="own")
    own_records.record(store, "consents", [{"number": NUMBER} | row for row in stated], book)
    for calls in (f"number,call_at\n{NUMBER},{day}\n", f"number,call_at\n{NUMBER},{day}\n{NUMBER},2026-11-30\n"):
        [row, *_] = check(write_file("calls.csv", calls), store, given=SALE).verdicts.to_dicts()
        assert (row["dnc_outcome"], str(row["dnc_valid_until"] or "")) == (outcome, until or "")
        assert row.get("dnc_consent", "") == (f"consents:{statement}" if statement else "")


def test_a_file_of_days_adds_no_call_when_it_is_loaded_again(store, write_file, book):
    """Three calls to one person on one day are three, and so they stay; a fourth in a newer file is one more."""
    for calls in (3, 3, 4):
        called(store, book, f",{NUMBER},2026-11-16,no_answer\n" * calls, COVERED, write_file)
        assert own_records.export(store, "calls").height == calls


CUSTOMERS = "number,relationship,relationship_on,until,related_sectors\n"


@pytest.mark.parametrize(
    ("row", "told", "expected"),
    [
        ("contract,2026-01-20,,", {}, ("contract", date(2026, 1, 20), None)),
        ("contract,2026-01-20,2026-11-19,", {}, ("former_contract", date(2026, 11, 19), None)),
        ("contract,2026-01-20,2026-11-20,telecom;insurance", {"sector": "telecom"}, ("contract", date(2026, 1, 20), "yes")),
        ("contract,2026-01-20,,telecom", {"sector": "insurance", "related": "yes"}, ("contract", date(2026, 1, 20), "no")),
        ("buyer,2026-01-20,,", {"relationship": "buyer", "relationship_on": "2025-01-01"}, ("buyer", date(2025, 1, 1), None)),
        ("buyer,2026-01-20,,", {"relationship": "contract"}, (None, date(2026, 1, 20), None)),
        ("buyer,2026-01-20,,", {"relationship": "none"}, ("none", date(2026, 1, 20), None)),
        (None, {"relationship": "contract"}, ("none", None, None)),
        (f"contract,2026-01-20,,\n{NUMBER},none,,,", {}, ("none", None, None)),
        (f"none,,,\n{NUMBER},contract,2026-01-20,,", {}, ("none", None, None)),
    ],
)  # fmt: skip
def test_customers(store, write_file, book, row, told, expected):
    """The newest file on the day of the call says who is a customer; where the list says something else, none is."""
    for day, cells in ((1, "enquirer,2026-01-01,,"), (15, row), (21, "member,2026-01-01,,")):
        text = CUSTOMERS + "+33199000009,contract,,,\n" + (f"{NUMBER},{cells}\n" if cells else "")
        own_records.load(
            store, "customers", [write_file("c.csv", text)], book, RecordReading(as_of=date(2026, 11, day))
        )
    seen = list[pl.DataFrame]()
    cells = {"number": NUMBER} | told
    path = write_file("calls.csv", ",".join(cells) + "\n" + ",".join(cells.values()) + "\n")
    check(
        path,
        store,
        at=DAY,
        watch=lambda calls, _: seen.append(calls.facts("relationship", "relationship_on", "related")),
    )
    assert seen[0].select("relationship", "relationship_on", "related").row(0) == expected


@pytest.mark.parametrize(
    ("recorded", "loaded", "expected"),
    [
        ([("2026-11-12 09:00", "buyer")], None, "buyer"),
        ([("2026-11-12 09:00", "buyer"), ("2026-11-13 09:00", "none")], None, "none"),
        ([("2026-11-21 09:00", "buyer")], None, None),
        ([("2026-11-12 09:00", "former_contract")], "2026-11-10 10:00", "former_contract"),
        ([("2026-11-10 11:00", "former_contract")], "2026-11-10 10:00", "former_contract"),
        ([("2026-11-10 09:00", "former_contract")], "2026-11-10 10:00", "contract"),
        ([("2026-11-09 09:00", "former_contract")], "2026-11-10 10:00", "contract"),
        ([("2026-11-21 09:00", "former_contract")], "2026-11-10 10:00", "contract"),
    ],
)
def test_a_customer_recorded_alone(store, write_file, book, monkeypatch, recorded, loaded, expected):
    """It counts in the place of what a file of an earlier day, or loaded earlier on its day, says; not of a later one."""

    def at(moment: str) -> None:
        monkeypatch.setattr("dnc.store.audit_log.now", lambda: datetime.fromisoformat(moment))

    if loaded:
        at(loaded)
        path = write_file("c.csv", f"{CUSTOMERS}{NUMBER},contract,,,\n{OTHER},buyer,,,\n")
        own_records.load(store, "customers", [path], book, RecordReading(as_of=date(2026, 11, 10)))
    for moment, word in recorded:
        at(moment)
        own_records.record(store, "customers", [{"number": NUMBER, "relationship": word}], book)
    seen = list[pl.DataFrame]()
    path = write_file("calls.csv", f"number\n{NUMBER}\n{OTHER}\n")
    check(path, store, at=DAY, watch=lambda calls, _: seen.append(calls.facts("relationship")))
    assert seen[0]["relationship"].to_list() == [expected, "buyer" if loaded else None]
    if recorded[-1][0] < DAY:  # what is exported and loaded again says the same
        known = dict(own_records.export(store, "customers").select("number", "relationship").iter_rows())
        assert known == {NUMBER: expected, **({OTHER: "buyer"} if loaded else {})}


OTHER = "+33199000002"


@pytest.mark.parametrize(
    ("kind", "told", "outcomes"),
    [
        ("consents", [WITHDRAWN], ["blocked", "blocked"]),
        ("consents", [PROVEN, WITHDRAWN, {"consent": "none", "consent_on": "2026-09-02"}], ["blocked", "blocked"]),
        ("consents", [WITHDRAWN, LATER], ["clear", "blocked"]),  # the consent is of one number, the withdrawal of both
        ("consents", [GIVEN], ["clear", "clear"]),
        ("calls", [{"at": "2026-11-01", "result": "refused"}], ["undecided", "undecided"]),
        ("calls", [{"at": "2026-11-01", "result": "busy"}], ["clear", "clear"]),
    ],
)
def test_what_was_recorded_of_one_number_counts_for_the_person(book, store, write_file, kind, told, outcomes):
    """A withdrawal that no later consent replaced, and a refusal; a consent is of one number."""
    own_records.record(store, kind, [{"number": NUMBER} | row for row in told], book)
    cells = ",".join(GIVEN.values())
    rows = f"number,person,{','.join(GIVEN)}\n{NUMBER},7,{cells}\n{OTHER},7,{cells}\n+33199000003,8,{cells}\n"
    path = write_file("calls.csv", rows)
    found = check(path, store, at=DAY, given=SALE | {"attempts": "0", "attempts_day": "0"}, region="FR").verdicts
    assert found["dnc_outcome"].to_list() == [*outcomes, "clear"]
    apart = check(write_file("apart.csv", rows.replace("7", "")), store, at=DAY, given=SALE, region="FR").verdicts
    assert apart["dnc_outcome"][1] == "clear"


def test_a_file_that_is_loaded_again_is_read_again(book, store, write_file):
    """With the meanings of its words: a consent that was not understood counts no more, but a withdrawal does."""
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")
    rows = [
        f"{NUMBER},ok,both,2026-08-01,",
        f"{OTHER},ok,both,2026-08-01,2026-09-01",
        "+33199000003,ok,both,2026-08-01,",
    ]
    file = write_file(
        "consents.csv", "\n".join(["number,consent,consent_for,consent_on,consent_withdrawn_on", *rows, ""])
    )
    calls = write_file("calls.csv", f"number\n{NUMBER}\n{OTHER}\n+33199000003\n")

    def loaded(name: str = "consents.csv", **values: str) -> list[str]:
        reading = RecordReading(values={"consent": values} if values else {})
        [added] = own_records.load(store, "consents", [file.with_name(name)], book, reading)
        assert (added.odd, added.misread) == ((0, ()) if values else (3, (("consent", "ok", 3),)))
        return check(calls, store, at=DAY, given=SALE, region="FR").verdicts["dnc_outcome"].to_list()

    before = loaded()
    assert before == ["undecided", "blocked", "undecided"]
    file.with_name("other.csv").write_text(
        f"number,consent,consent_for,consent_on,proof\n{NUMBER},ok,both,2026-08-01,page 7\n"
    )
    assert loaded("other.csv", ok="named_caller") == before
    assert loaded(ok="named_caller") == ["clear", "blocked", "clear"]


def test_a_later_withdrawal_ends_the_day_until_which_a_past_call_was_possible(book, store, write_file, monkeypatch):
    """Also where the consent is told by the list alone."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")
    own_records.record(store, "consents", [{"number": NUMBER, "consent_withdrawn_on": "2026-10-01"}], book)
    path = write_file("calls.csv", f"number,consent,consent_on,consent_for\n{NUMBER},named_caller,2026-08-01,both\n")
    row = check(path, store, at="2026-09-21T10:30", given=SALE).verdicts.row(0, named=True)
    assert (row["dnc_outcome"], row["dnc_valid_until"]) == ("clear", date(2026, 9, 29))


def test_a_call_of_another_day_changes_no_call(book, store, write_file, monkeypatch):
    """A statement that was read otherwise when its file was loaded again is out of the way for both."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")
    own_records.record(store, "consents", [{"number": NUMBER, **PROVEN}], book)
    path = write_file("k.csv", f"number,consent,consent_on,consent_for\n{NUMBER},named_caller,10/09/2026,both\n")
    for reading in (RecordReading(), RecordReading(dates="mdy")):
        own_records.load(store, "consents", [path], book, reading)
    rests = []
    for days in (["2026-09-22T10:30"], ["2026-09-22T10:30", DAY]):
        calls = write_file("calls.csv", "number,call_at\n" + "".join(f"{NUMBER},{day}\n" for day in days))
        rests.append(check(calls, store, given=SALE).verdicts["dnc_consent"].to_list())
    assert rests == [["consents:1"], ["consents:1", "consents:3"]]


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31T00:00", "1970-01-01"])
def test_a_call_is_planned_on_no_day_that_programs_write_for_none(store, write_file, book, day):
    """Its row is undecided; thirty days before the first day of all, recorded calls were looked for in vain."""
    own_records.record(store, "calls", [{"number": NUMBER, "at": "2026-11-01T10:00", "result": "answered"}], book)
    path = write_file("calls.csv", f"number,call_at\n{NUMBER},{day}\n+33199000002,2026-11-20\n")
    first, second = check(path, store, given=SALE).verdicts["dnc_missing"].str.split(";")
    assert "call_at" in first and "call_at" not in second


OLD = {"number": "+493023125101", "consent": "named_caller", "consent_on": "2020-05-04", "consent_for": "live"}


@pytest.mark.parametrize(
    ("months", "made", "until", "expected"),
    [
        (24, [], "", ("undecided", "stale:consent")),
        (24, [], "2026-12-31", ("clear", "")),
        (24, ["2024-11-20T10:00"], "", ("clear", "")),
        (24, ["2022-01-03T10:00", "2024-11-19T10:00"], "", ("undecided", "stale:consent")),
        (36, ["2024-11-19T10:00"], "", ("clear", "")),
        (120, [], "", ("clear", "")),
    ],
)
def test_a_consent_grows_old_unless_it_is_used(store, book, months, made, until, expected):
    """One that was not used in the months of the brief is open; it lasts until a day that it names, or after a call."""
    for at in made:
        own_records.record(store, "calls", [{"number": OLD["number"], "at": at, "result": "answered"}], book)
    facts = SALE | {"cli": "+493023125199", "source": "opt_in_form", "objected_on": "none"}
    calls = [facts | OLD | {"consent_until": until}]
    [verdict] = check(calls, store, at=DAY, brief=Brief(consent_months=months)).verdicts.to_dicts()
    assert (verdict["dnc_outcome"], verdict["dnc_missing"]) == expected, verdict["dnc_why"]
