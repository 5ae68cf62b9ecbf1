"""Legal holds: nothing of what is on hold is erased, by whatever way, until the hold is lifted."""

from __future__ import annotations

from datetime import date

import pytest

from dnc import check
from dnc.checks.campaign import keep_campaign
from dnc.errors import InputError, OptionError, StoreError
from dnc.law.rulebook import Rulebook
from dnc.lists import own_records

HELD, CALLED, OTHER = "+33199000001", "+33199000002", "+33199000003"


@pytest.fixture
def kept(store, write_file):
    """A store with old calls to three numbers, one of them in the campaign `spring`, and a check with its decisions."""
    calls = [{"number": number, "at": "2020-03-02T10:00:00", "result": "answered"} for number in (HELD, CALLED, OTHER)]
    calls[1]["campaign"] = "spring"
    calls.append(calls[1] | {"at": "2020-03-03T10:00:00", "campaign": "autumn"})
    own_records.record(store, "calls", calls, Rulebook.load())
    check(write_file("list.csv", f"number\n{HELD}\n{OTHER}\n"), store, keep=True)
    keep_campaign(store, "winter", 'region = "FR"\n')
    store.retain("calls", 12)
    store.retain("decisions", 1)
    return store


def called(store) -> list[str]:
    """The numbers of the calls in the store."""
    return own_records.export(store, "calls")["number"].to_list()


def hashes(store) -> int:
    """How many checks have their hashes."""
    return len(store.journal.read().values("hashes"))


def test_a_number_on_hold_is_not_forgotten(kept):
    """Neither alone nor among others; once the hold is lifted, it is."""
    hold = kept.hold("claim 12", number=HELD)
    before = kept.journal.read().head
    with pytest.raises(StoreError, match=rf"on hold \(rows of the log: {hold.seq}\)"):
        kept.forget_numbers([OTHER, HELD])
    assert kept.journal.read().head == before
    kept.lift_hold(hold.seq)
    assert kept.forget_numbers([HELD]).records == 1 and HELD not in called(kept)


def test_another_number_is_forgotten_while_the_evidence_stays(kept):
    """What is about the other number goes; the hashes of checks, which may be about both, stay until the hold is lifted."""
    hold, before = kept.hold("claim 12", number=HELD), hashes(kept)
    deleted = kept.forget_numbers([OTHER])
    assert (deleted.records, deleted.decisions, hashes(kept)) == (1, 1, before)
    kept.lift_hold(hold.seq)
    kept.forget_numbers([OTHER])
    assert hashes(kept) < before


@pytest.mark.parametrize(
    ("held", "stays"),
    [
        ({"number": HELD}, [HELD]),
        ({"campaign": "spring"}, [CALLED, CALLED]),
        ({"campaign": "winter"}, []),  # its brief is in the store; nobody was called
        ({}, [HELD, CALLED, CALLED, OTHER]),
    ],
)
def test_records_on_hold_outlive_their_retention(kept, held, stays):
    """Of a campaign on hold, all that is known of the numbers called in it stays."""
    hold = kept.hold("claim 12", **held)
    kept.forget_due()
    assert sorted(called(kept)) == sorted(stays)
    kept.lift_hold(hold.seq)
    kept.forget_due()
    assert called(kept) == []


def test_files_that_are_erased_as_a_whole_stay_while_anything_is_on_hold(screened, dnc):
    """Snapshots do; the command says so, nothing is due, and they go once the hold is lifted."""
    before = [snapshot.id for snapshot in screened.snapshots()]
    hold = screened.hold("claim 12", number=HELD)
    assert screened.forget(date(2030, 1, 1)) == [] and screened.forget_decisions(date(2030, 1, 1)) == []
    screened.retain("fr-bloctel", 1)
    assert (screened.forgettable().total(), screened.forget_due()) == (0, ([], [], {}))
    assert [snapshot.id for snapshot in screened.snapshots()] == before
    _, _, err = dnc("retention", "--before", "2030-01-01", "--store", screened.path)
    assert (
        f"not erased, because on hold: a number, and whatever is erased only as a whole file (claim 12; row {hold.seq}"
        in err
    )
    screened.lift_hold(hold.seq)
    assert screened.forget(date(2030, 1, 1))


def test_holds_are_in_the_log_without_a_number(kept, dnc):
    """Putting on hold and lifting; the command line says which row lifts it. The reason goes with the hold."""
    store = ("--store", kept.path)
    _, _, err = dnc("retention", "--hold", "claim 12", "--number", HELD, *store)
    [row] = [hold.seq for hold in kept.holds()]
    assert f"dnc retention --lift {row}" in err and HELD not in err
    code, _, err = dnc("forget", HELD, *store)
    assert code == 4 and "nothing was erased" in err
    assert dnc("retention", "--lift", row, *store)[0] == 0 and kept.holds() == []
    log = kept.log()
    assert log["verb"].to_list()[-2:] == ["hold", "lift-hold"]
    assert not any("claim 12" in detail or "199000001" in detail for detail in log["detail"])


def test_a_hold_is_refused_without_a_reason_and_lifted_once(kept, dnc):
    """Options that say two things are refused, too."""
    with pytest.raises(OptionError):
        kept.hold(" ")
    with pytest.raises(InputError, match="has the name sprnig"):
        kept.hold("x", campaign="sprnig")
    with pytest.raises(InputError, match="no hold that is in force"):
        kept.lift_hold(1)
    for options in (
        ["calls", "--hold", "x"],
        ["--hold", "x", "--lift", 1],
        ["--number", HELD],
        ["--hold", "x", "--months", 1],
    ):
        assert dnc("retention", *options, "--store", kept.path)[0] == 2
    assert kept.holds() == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 0, "on hold: a number"),
        (["--months", "3"], 2, "say what is kept"),
        (["--for-ever"], 2, "say what is kept"),
        (["nothing", "--months", "3"], 4, "use one of decisions, consents"),
        (["consents", "--before", "2026-01-01"], 4, "consents are deleted by a term"),
    ],
)
def test_what_is_kept_is_listed_and_what_is_not_understood_is_refused(kept, dnc, arguments, code, says):
    """With what is on hold; nothing is set or deleted without a kind, and own records by their term alone."""
    kept.hold("case 12", number="+33199000001")
    found, _, err = dnc("retention", *arguments, "--store", kept.path)
    assert (found, says in err) == (code, True), err
