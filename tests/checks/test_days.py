"""Days in registries' files and in the own list: one that is not understood, or cannot be true, counts against the call."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from dnc import InputError, LoaderError
from dnc.lists.own_list import own_list
from dnc.store import audit_log
from tests import some
from tests.law.test_world import BOOK, SALE, decided
from tests.registries.test_loaders import state_of
from tests.store.test_store import objections, said, states

AS_OF = date(2026, 11, 20)
ODD = [
    "2062-01-01",
    "2026-11-21",
    "15/11/2026",
    "2026-13-01",
    "1 Nov",
    "45000",
    "1900-01-01",
    "0001-01-01",
    "0000-00-00",
]
ODD += ["1970-01-01T00:00:00Z", "26-11-01", "2026-11-011"]
GOOD = "+33199000009,2026-01-01"  # a row whose date is read: a file of which none is read is refused
GB = {"number": "+441632960101", "caller": "commercial", "voice": "human", "recipient": "consumer"}
GB |= {"objected_on": "none", "cli": "+441632960900", "call_at": "2026-11-24", "sector": "general", "consent": "none"}
GB |= {"relationship": "none", "source": "random"}
BE = SALE | {"number": "+3225550101", "call_at": "2026-11-24", "consent": "named_caller", "consent_for": "live"}
RND = {"number": "+16145550120", "call_at": "2026-11-24T11:00", "caller": "commercial", "voice": "recorded"}
RND |= {"cli": "+13105550199", "recipient": "consumer", "line": "mobile", "place": "US-OH", "source": "opt_in_form"}
RND |= {"relationship": "none", "sector": "general", "consent": "written", "consent_for": "automated"}
RND |= {"objected_on": "none", "refused_on": "none"}


def outcomes(tmp_path, store, *rows):
    """The outcome of each call, what it waits for, and what blocks it."""
    verdicts = decided(tmp_path, *rows, store=store, rulebook=BOOK)
    return [(one["dnc_outcome"], one["dnc_missing"], one["dnc_blocked_by"]) for one in verdicts]


# Days that are not understood


def test_an_odd_day_gives_no_grace(tmp_path, store, write_file):
    """A number that is listed since a day nobody can believe is listed; the load says so by line."""
    days = [*ODD, "2026-11-18"]
    rows = "".join(f"016329601{at:02},yes,{day}\n" for at, day in enumerate(days))
    path = write_file("tps.csv", f"number,listed,since\n{rows}")
    one = store.load(path, registry="gb-tps", as_of=AS_OF)
    store.load(write_file("ctps.csv", path.read_text()), registry="gb-ctps", as_of=AS_OF)
    assert (one.listed, one.unread) == (len(days), 0)
    notes_of_odd(one, "since", len(ODD))
    calls = [GB | {"number": f"+4416329601{at:02}"} for at in range(len(days))]
    verdicts = decided(tmp_path, *calls, store=store, rulebook=BOOK)
    found = dict(zip(days, (one["dnc_outcome"] for one in verdicts), strict=True))
    assert found == dict.fromkeys(ODD, "blocked") | {"2026-11-18": "clear"}
    assert str(verdicts[-1]["dnc_valid_until"]) == "2026-12-15"  # the last of the 28 days


def notes_of_odd(one, column, count):
    """The notes of a load say how many rows have a day that is odd, and name the first of these lines."""
    assert one.notes[0] == f"rows with a date that is not understood, which count as if they had none: {count}"
    assert one.notes[1].startswith(f"line 2 counts without its date: {column} is ")


def answers_of_own(store, cells, day):
    """What the own list says on a day about +33199000100 and the numbers after it, which have these cells."""
    return dict(zip(cells, states(store, "own", range(33199000100, 33199000100 + len(cells)), day), strict=True))


def test_an_odd_first_day_is_an_objection(store, write_file):
    """Whoever stands on the own list objected by the day of the file, and a lift of before does not lift it."""
    numbers = [f"+33199000{100 + at}" for at in range(len(ODD))]
    store.object(numbers, date(2026, 11, 19), lift=True, reason="a mistake")
    rows = "".join(f"{number},{day}\n" for number, day in zip(numbers, ODD, strict=True))
    one = store.load(write_file("own.csv", f"number,since\n{rows}{GOOD}"), as_of=AS_OF)
    notes_of_odd(one, "since", len(ODD))
    for day in ("2026-11-20", "2026-11-24", "2070-01-01"):
        assert answers_of_own(store, ODD, day) == dict.fromkeys(ODD, "listed"), day


def test_an_odd_last_day_ends_nothing(store, write_file):
    """An entry whose end is not understood has none."""
    odd = [*(day for day in ODD if day not in ("2062-01-01", "2026-11-21")), "x"]
    rows = "".join(f"+33199000{100 + at},2026-01-01,{day}\n" for at, day in enumerate(odd))
    one = store.load(write_file("own.csv", f"number,since,until\n{rows}{GOOD},\n"), as_of=AS_OF)
    notes_of_odd(one, "until", len(odd))
    assert answers_of_own(store, odd, "2030-01-01") == dict.fromkeys(odd, "listed")


def test_an_entry_that_ends_before_it_begins_does_not_end(store, write_file):
    """Of two days that contradict each other neither counts."""
    one = store.load(
        write_file("own.csv", f"number,since,until\n+33199000001,2026-05-01,2026-04-01\n{GOOD},\n"), as_of=AS_OF
    )
    assert "line 2 counts without its date: until is before since" in one.notes
    assert said(store, "own", 33199000001, "2026-11-24")[0] == "listed"


@pytest.mark.parametrize(("cell", "until"), [("30", True), ("0", False), ("-3", False), ("soon", False), ("", False)])
def test_days_to_expiry(store, write_file, cell, until):
    """Days to expiry end an entry where they are a number of days; 0 says nothing of when."""
    text = f"Phone Number,Contact Group Id,Days To Expiry\n+33199000001,,{cell}\n+33199000009,,30\n"
    one = store.load(write_file("own.csv", text), as_of=AS_OF)
    assert ("line 2 counts without its date: the days to expiry are not a number of days" in one.notes) is (
        not until and cell != ""
    )
    days = ("2026-12-20", "2026-12-21")
    assert [said(store, "own", 33199000001, day)[0] for day in days] == ["listed", "clear" if until else "listed"]


def test_days_that_are_understood(store, write_file):
    """ISO 8601 and the words for none are not odd."""
    cells = ["", "none", "None", "n/a", "-", "never", "2026-11-01", "2026-11-01T10:30", "20261101", "2026-11-1"]
    rows = "".join(f"+3319900000{at},{cell}\n" for at, cell in enumerate(cells))
    one = store.load(write_file("own.csv", f"number,since\n{rows}"), as_of=AS_OF)
    assert one.listed == len(cells)
    assert not any("understood" in note or "counts without" in note for note in one.notes)


def test_a_file_of_odd_days_is_refused(store, write_file):
    """Above the share at which unread numbers refuse a file of a hundred rows, days that are not understood do."""
    rows = [f"+331990000{n:02},2026-01-05" for n in range(100)]
    path = write_file("own.csv", "\n".join(["number,since", *rows[:-2], "+33199000098,5/1/26", "+33199000099,5/1/26"]))
    with pytest.raises(LoaderError, match=r"own\.csv:100: 2 of 100 rows have a date that is not understood") as refused:
        store.load(path, as_of=AS_OF)
    assert "199000" not in str(refused.value)
    fewer = write_file("own.csv", "\n".join(["number,since", *rows[:-1], "+33199000099,5/1/26"]))
    assert store.load(fewer, as_of=AS_OF).listed == 100


@pytest.mark.parametrize("cell", ["05/03/2026", "05-03-26", "5.3.2026", "Anfang März"])
def test_a_file_of_which_no_day_is_read_is_refused(store, write_file, cell):
    """Also a short one, and one with few dates: it writes them in another way."""
    path = write_file("own.csv", f"number,since,until\n+33199000001,{cell},\n+33199000002,,{cell}\n+33199000003,,\n")
    with pytest.raises(LoaderError, match=r"own\.csv:2: 2 of 3 rows have a date .*dates = \"dmy\"") as refused:
        store.load(path, as_of=AS_OF)
    assert "199000" not in str(refused.value)
    assert not store.exists


@pytest.mark.parametrize(("dates", "since"), [("dmy", date(2026, 3, 5)), ("mdy", date(2026, 5, 3))])
@pytest.mark.parametrize("cell", some(["05/03/2026", "05-03-26", "5.3.2026", "05/03/2026 14:30"], 2))
def test_days_in_a_declared_order(dnc, store, write_file, cell, dates, since):
    """The order of `dates` gives both days of an entry, and `dnc load --preview` shows the same."""
    path = write_file("own.csv", f"number,since,until\n+33199000001,{cell},31 décembre 2026\n+33199000002,,none\n")
    one = store.load(path, as_of=AS_OF, dates=dates)
    assert one.notes == (f"newest entry: {since}",)
    assert objections(store).select("number", "lifted", "on_day", "until").rows() == [
        (33199000001, False, since, date(2026, 12, 31)),
        (33199000002, False, None, None),
    ]
    brief = write_file("b.toml", f'dates = "{dates}"')
    assert dnc("load", "--preview", path, "--brief", brief)[1].splitlines()[1] == f"+33199000001,yes,{since}"


def test_an_own_list_without_days_has_no_newest_entry(store, write_file):
    """The day of the file is not said to be that of an entry."""
    one = store.load(write_file("own.csv", "number,since\n+33199000001,\n"), as_of=AS_OF)
    assert one.notes == ("newest entry: no date was read (column since)",)


def test_read_says_odd_days(dnc, write_file):
    """`dnc load --preview` shows the row without its day, and says why."""
    code, rows, words = dnc("load", "--preview", write_file("own.csv", "number,since\n+33199000001,2062-01-01\n"))
    assert (code, rows.splitlines()[1]) == (0, "+33199000001,yes,")
    assert "own.csv:2: counts without its date: since is after 20" in words


def test_odd_days_in_a_store_of_before(store, write_file, monkeypatch):
    """A day that an earlier version took as it stood is not believed either."""
    monkeypatch.setattr(
        "dnc.registries.ingest._believed", lambda rows, _: rows.with_columns(pl.lit(False).alias("implausible"))
    )
    own = "number,since,until\n+33199000001,2062-01-01,\n+33199000002,2026-05-01,2026-04-01\n+33199000003,,1900-01-01\n"
    store.load(write_file("own.csv", own), as_of=AS_OF)
    listed = "number,listed,since\n+441632960101,yes,2062-01-01\n+441632960102,yes,1900-01-01\n"
    store.load(write_file("tps.csv", listed), registry="gb-tps", as_of=AS_OF)
    assert [said(store, "own", 33199000000 + n, "2026-11-24")[0] for n in (1, 2, 3)] == ["listed"] * 3
    told = [state_of(store, "gb-tps", 441632960100 + n, date(2026, 11, 24)) for n in (1, 2)]
    assert [(one["gb_tps"], one["gb_tps_since"], one["gb_tps_told"]) for one in told] == [("listed", None, None)] * 2


# Two days about one number


DAY, OTHERS = "2026-11-18", ("", "2026-10-01", "2062-01-01")


@pytest.mark.parametrize("apart", [False, True])
def test_of_two_days_neither_is_safe(tmp_path, store, write_file, apart):
    """No grace by the later of them, and no consent between them; in one file or in two of the same day."""
    for registry, number in (("gb-tps", "+44163296010{}"), ("gb-ctps", "+44163296010{}"), ("be-dncm", "+322555010{}")):
        first = [f"{number.format(at)},yes,{DAY}" for at in range(len(OTHERS))]
        second = [f"{number.format(at)},yes,{other}" for at, other in enumerate(OTHERS)]
        for name, rows in (("a", first), ("b", second)) if apart else (("a", first + second),):
            path = write_file(f"{registry}{name}.csv", "\n".join(["number,listed,since", *rows]))
            store.load(path, registry=registry, as_of=AS_OF)
    for calls, expected in (
        ([GB | {"number": f"+44163296010{at}"} for at in range(len(OTHERS))], ("blocked", None)),
        ([BE | {"number": f"+322555010{at}", "consent_on": "2026-11-19"} for at in range(len(OTHERS))], ("blocked", "be-dncm")),
        ([BE | {"number": f"+322555010{at}", "consent_on": "2026-11-21"} for at in range(len(OTHERS))], ("clear", "")),
    ):  # fmt: skip
        found = [
            (one["dnc_outcome"], one["dnc_blocked_by"] if expected[1] is not None else None)
            for one in decided(tmp_path, *calls, store=store, rulebook=BOOK)
        ]
        assert dict(zip(OTHERS, found, strict=True)) == dict.fromkeys(OTHERS, expected)


def test_of_two_rows_about_a_number_the_stricter_counts(store, write_file):
    """An entry without an end outlives one with an end, and what is not known of a number is not that it is clear."""
    own = "number,since,until\n+33199000001,2026-01-01,2026-02-01\n+33199000001,2026-01-01,\n"
    store.load(write_file("own.csv", own), as_of=AS_OF)
    tps = "number,listed\n+441632960101,no\n+441632960101,unknown\n+441632960102,no\n"
    store.load(write_file("tps.csv", tps), registry="gb-tps", as_of=AS_OF)
    store.load(write_file("asked.csv", "number,listed\n+33199000002,unknown\n"), registry="own", as_of=AS_OF)
    assert states(store, "own", [33199000001, 33199000002], "2026-11-24") == ["listed", "uncovered"]
    found = [said(store, "gb-tps", number, "2026-11-24")[0] for number in (441632960101, 441632960102)]
    assert found == ["uncovered", "clear"]


def test_of_two_entries_one_without_a_last_day_does_not_end(store, write_file):
    """A number is on the own list until the last of its entries ends."""
    for name, until in (("a", "2027-01-31"), ("b", "2027-03-31")):
        rows = f"+33199000001,2026-01-01,{until}\n+33199000002,2026-01-01,{until if name == 'a' else ''}\n"
        store.load(write_file(f"{name}.csv", f"number,since,until\n{rows}"), registry="own", as_of=AS_OF)
    assert own_list(store)["until"].to_list() == [date(2027, 3, 31), None]


def test_a_lift_lifts_no_later_objection_of_the_same_file(store, write_file):
    """Two objections of one person in one file: a lift between them leaves the later one."""
    store.object(["+33199000001"], date(2026, 3, 1), lift=True, reason="came back")
    own = "number,since\n+33199000001,2026-01-01\n+33199000001,2026-05-01\n+33199000002,2026-01-01\n"
    store.load(write_file("own.csv", own), as_of=AS_OF)
    assert said(store, "own", 33199000001, "2026-11-24")[0] == "listed"
    store.object(["+33199000002"], date(2026, 3, 1), lift=True, reason="came back")
    assert said(store, "own", 33199000002, "2026-11-24")[0] == "clear"


@pytest.mark.parametrize(("lifted", "state"), [("10:00", "listed"), ("13:00", "clear")])
def test_a_lift_and_a_list_of_one_day(store, write_file, monkeypatch, lifted, state):
    """A lift takes back what a list of the same day says if it was recorded after the load."""

    def at(clock):
        monkeypatch.setattr(audit_log, "now", lambda: datetime.fromisoformat(f"2026-11-20T{clock}"))

    for clock in sorted([lifted, "12:00"]):
        at(clock)
        if clock == lifted:
            store.object(["+33199000001"], AS_OF, lift=True, reason="a mistake")
        else:
            store.load(write_file("own.csv", "+33199000001\n"), registry="own", as_of=AS_OF)
    assert [said(store, "own", 33199000001, day)[0] for day in (str(AS_OF), "2026-11-24")] == [state, state]


def test_an_own_list_is_complete_for_every_number(store, write_file):
    """It is not declared complete for some: silence about the others would be read as no objection."""
    with pytest.raises(InputError, match="omit --covers"):
        store.load(write_file("own.csv", "+33199000001\n"), registry="own", as_of=AS_OF, covers=["33"])


def test_no_grace_from_a_day_before_which_a_number_was_listed(tmp_path, store, write_file):
    """A list says that a number is on it since a day, and an earlier one has it already; unless one between had not."""
    for day, numbers in ((date(2026, 10, 1), [1, 2]), (date(2026, 11, 1), [1]), (AS_OF, [1, 2, 3])):
        rows = "".join(f"+44163296010{n},yes,{'2026-11-18' if day == AS_OF else ''}\n" for n in [*numbers, 8, 9])
        for registry in ("gb-tps", "gb-ctps"):
            path = write_file(f"{registry}-{day}.csv", f"number,listed,since\n{rows}")
            store.load(path, registry=registry, as_of=day, covers=["44"], accept={"shrunk": "one left"})
    calls = [GB | {"number": f"+44163296010{n}"} for n in (1, 2, 3)]
    found = [outcome for outcome, _, _ in outcomes(tmp_path, store, *calls)]
    assert found == ["blocked", "clear", "clear"]


# Days that nobody told


def test_grace_and_consent_look_at_the_two_ends_of_what_is_possible(tmp_path, store, write_file):
    """Listed between two lists: for grace since the first, for a consent that is to be younger since the second."""
    other = write_file("before.csv", "number,listed\n+3225550199,yes\n")
    store.load(other, registry="be-dncm", as_of=date(2026, 11, 10), covers=["32"])
    path = write_file("after.csv", "number,listed\n+3225550199,yes\n+3225550101,yes\n")
    store.load(path, registry="be-dncm", as_of=AS_OF, covers=["32"])
    told = state_of(store, "be-dncm", 3225550101, date(2026, 11, 24))
    assert (told["be_dncm_since"], told["be_dncm_told"], told["be_dncm_as_of"]) == (date(2026, 11, 11), None, AS_OF)
    calls = [BE | {"consent_on": day} for day in ("2026-11-15", "2026-11-20", "2026-11-21")]
    found = [(one, blocked_by) for call in calls for one, _, blocked_by in outcomes(tmp_path, store, call)]
    assert found == [("blocked", "be-dncm"), ("blocked", "be-dncm"), ("clear", "")]


def test_an_old_answer_does_not_keep_a_consent(tmp_path, store, write_file):
    """After an old answer the number may have gone on the list, which ends an earlier consent."""
    cases = {
        ("no", "", "2026-11-24"): ("clear", "", ""),
        ("no", "", "2026-11-26"): ("undecided", "stale:be-dncm", ""),
        ("yes", "2026-01-01", "2026-11-24"): ("clear", "", ""),
        ("yes", "2026-01-01", "2026-11-26"): ("undecided", "stale:be-dncm", ""),
        ("yes", "2026-06-02", "2026-11-26"): ("blocked", None, "be-dncm"),
    }
    rows = "".join(f"+322555010{at},{word},{since}\n" for at, (word, since, _) in enumerate(cases))
    store.load(write_file("be.csv", f"number,listed,since\n{rows}"), registry="be-dncm", as_of=AS_OF)
    calls = [
        BE | {"number": f"+322555010{at}", "consent_on": "2026-06-01", "call_at": day}
        for at, (_, _, day) in enumerate(cases)
    ]
    for (case, expected), found in zip(cases.items(), outcomes(tmp_path, store, *calls), strict=True):
        assert found[::2] == expected[::2], case
        assert expected[1] in (None, found[1]), case


# The day that was asked about (us-rnd)


SHIELDED = [
    ("2026-01-15", "no", "2026-01-15", ("clear", "", "")),
    ("2026-01-15", "no", "2026-03-01", ("clear", "", "")),
    ("2026-01-15", "no", "2026-01-14", ("undecided", "uncovered:us-rnd", "")),
    ("01/15/2026", "no", "2026-01-14", ("undecided", "uncovered:us-rnd", "")),
    ("2026-01-15", "no", "", ("undecided", "consent_on", "")),
    ("2026-01-15", "no data", "2026-01-15", ("undecided", "uncovered:us-rnd", "")),
    ("2026-01-15", "yes", "2026-01-15", ("blocked", "", "us-rnd")),
    ("2062-01-01", "no", "2026-01-15", ("undecided", "uncovered:us-rnd", "")),
    ("1900-01-01", "no", "2026-01-15", ("undecided", "uncovered:us-rnd", "")),
    ("soon", "no", "2026-01-15", ("undecided", "uncovered:us-rnd", "")),
    ("", "no", "2026-01-15", ("undecided", "uncovered:us-rnd", "")),
    ("soon", "yes", "2026-01-15", ("blocked", "", "us-rnd")),
]  # fmt: skip


def test_a_no_shields_a_consent_that_is_not_older(tmp_path, store, write_file):
    """The reassigned-numbers database answers for a day: of a consent before it a `no` says nothing."""
    numbers = [f"61455501{20 + at}" for at in range(len(SHIELDED))]
    rows = [f"{number},{asked},{answer}" for number, (asked, answer, *_) in zip(numbers, SHIELDED, strict=True)]
    one = store.load(write_file("rnd.csv", "\n".join(["number,date_asked,answer", *rows])), as_of=AS_OF)
    odd = sum(asked not in ("2026-01-15", "01/15/2026") for asked, *_ in SHIELDED)
    assert one.unread == 0
    assert f"rows with a date that is not understood, which count as if they had none: {odd}" in one.notes
    ndnc = "".join(f"+1{number},no\n" for number in numbers)
    store.load(write_file("ndnc.csv", f"number,listed\n{ndnc}"), registry="us-ndnc", as_of=AS_OF)
    calls = [
        RND | {"number": f"+1{number}", "consent_on": day}
        for number, (*_, day, _) in zip(numbers, SHIELDED, strict=True)
    ]
    for case, found in zip(SHIELDED, outcomes(tmp_path, store, *calls), strict=True):
        assert found == case[-1], case


def test_of_two_days_asked_about_the_later_counts(store, write_file):
    """Two answers of one day: both say no, so nothing is known of before the later day at least."""
    both = "number,date_asked,answer\n6145550120,2026-01-15,no\n6145550120,2025-01-15,no\n"
    store.load(write_file("rnd.csv", both), as_of=AS_OF)
    told = state_of(store, "us-rnd", 16145550120, date(2026, 11, 24))
    assert (told["us_rnd"], told["us_rnd_told"], told["us_rnd_since"]) == ("clear", date(2026, 1, 15), None)
