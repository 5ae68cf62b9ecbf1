"""How long an own list and a file of customers clear calls, who says so, and how it is confirmed."""

from __future__ import annotations

import json
from datetime import date, datetime
from html import unescape

import polars as pl
import pytest

from dnc import Decider, Rulebook, Store, check, vet
from dnc.api import explain
from dnc.checks.inspection import Scope, inspect
from dnc.checks.outputs import Outputs
from dnc.checks.replay import replay_check
from dnc.errors import InputError, OptionError
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from dnc.lists.own_statements import OwnStatements
from dnc.reports import check_page
from dnc.store import audit_log, keys
from dnc.store.verify import verify
from tests import SALE
from tests.desk.conftest import serving

TOLD = {**SALE, "purpose": "sale", "consent": "named_caller", "consent_on": "2026-10-01", "consent_for": "both"}
CALL = {name: word for name, word in TOLD.items() if name != "objected_on"} | {"call_at": "2026-12-04T10:30"}
NUMBER, OTHER = "+33199000001", "+33199000002"
LOADED = date(2026, 11, 2)  # the call is made 32 days later


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """What is recorded here is recorded the day before the call, whenever the test runs."""
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 12, 3, 10))


@pytest.fixture
def aged(store, write_file, monkeypatch) -> Store:
    """A store whose own list is 32 days old, with one person on it."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-04")
    store.load(write_file("own.csv", f"number\n{OTHER}\n"), as_of=LOADED, registry="own")
    return store


def outcome(store: Store, day: str = "2026-12-04", number: str = NUMBER, **facts: str) -> tuple[str, str]:
    """The outcome of a call at half past ten, and what is missing."""
    call = CALL | {"call_at": f"{day}T10:30"} | facts
    done = check(pl.DataFrame([{"number": number, **call}]), store).verdicts.row(0, named=True)
    return done["dnc_outcome"], done["dnc_missing"]


def say(store: Store, days: str) -> None:
    """Set how long such lists clear."""
    store.set_office({"own_valid_days": days})


def test_a_setting_of_the_store_says_for_how_long_every_door_clears(aged):
    """By a list, one call, a decider that is open, an offer, HTTP, and the page that says what is due."""
    calls = pl.DataFrame([{"number": NUMBER, **CALL}])
    asked = {"number": NUMBER, **CALL, "attempts": 0}
    key = {"Authorization": f"Bearer {keys.add(aged.journal, 'dialler', keys.RIGHTS)}"}
    with Decider(aged) as decider, serving(aged) as desk:
        browser, dialler = desk.browser(), desk.client()
        for days, found in (("31", "undecided"), ("32", "clear"), ("always", "clear"), ("5", "undecided")):
            assert browser.post("/office", {"own_valid_days": days}).status_code == 303
            assert decider.is_stale()
            decider.refresh()
            answer = dialler.post("/v1/decisions", headers=key, json={"calls": [asked]}).json()
            offered = vet(calls, aged, until=date(2026, 12, 4))
            assert {
                outcome(aged)[0],
                explain(NUMBER, aged, CALL)[0]["dnc_outcome"],
                decider(calls)["dnc_outcome"].item(),
                answer["decisions"][0]["dnc_outcome"],
                *(name for name, share in offered.outcomes.items() if share.rows),
            } == {found}
            assert ("too old to allow any call" in browser.client.get("/").text) == (found == "undecided")
            assert outcome(aged, number=OTHER)[0] == "blocked"
    assert outcome(aged, "2026-11-06") == ("clear", "")
    assert outcome(aged, "2026-11-09") == ("undecided", "stale:own")


def test_a_list_without_an_end_does_not_say_until_when(aged):
    """A verdict then ends with what ends next."""
    say(aged, "32")
    calls = pl.DataFrame([{"number": NUMBER, **CALL}])
    assert check(calls, aged).verdicts["dnc_valid_until"].item() == date(2026, 12, 4)
    say(aged, "always")
    assert date(2026, 12, 4) < check(calls, aged).verdicts["dnc_valid_until"].item() < date(2028, 1, 1)


@pytest.mark.parametrize("days", ["0", "-1", "031", "soon", "10000", "", "9" * 5000, "٣١"])
def test_what_is_no_number_of_days_is_refused(aged, dnc, days):
    """And nothing is set."""
    with pytest.raises(OptionError, match="use a number of days from 1 to 9999, or always"):
        say(aged, days)
    assert dnc("retention", f"own_valid_days={days}", "--store", aged.path)[0] == 2
    assert aged.office() == {} and outcome(aged) == ("undecided", "stale:own")


def test_retention_sets_it_and_shows_it(aged, dnc):
    """Beside the other settings of the office; the log has the value."""
    aged.set_office({"caller": "charity"})
    where = ("--store", aged.path)
    assert "own_valid_days=31" in dnc("retention", *where)[2]
    assert "own_valid_days=40" in dnc("retention", "own_valid_days=40", *where)[2]
    assert aged.office() == {"caller": "charity", "own_valid_days": "40"}
    assert json.loads(aged.log()["detail"][-1])["own_valid_days"] == "40"
    assert "own_valid_days=40" in dnc("retention", *where)[2]
    assert dnc("retention", "own_valid_days=40", "--months", 3, *where)[0] == 4
    assert dnc("retention", "own_valid_day=40", *where)[0] == 2


def test_nothing_new_is_one_line_and_counts_from_its_day(aged, dnc):
    """From the day that is named, or today; a call of before stays what it was."""
    where = ("--registry", "own", "--unchanged", "--store", aged.path)
    assert outcome(aged) == ("undecided", "stale:own")
    assert dnc("load", *where, "--as-of", "2026-11-01")[2].endswith("counted as of 2026-11-02 already\n")
    assert dnc("load", *where, "--as-of", "2026-12-05")[0] == 4
    assert aged.log().height == 1 + 1  # the load and the check
    assert "nothing is new, so it counts as of 2026-11-03" in dnc("load", *where, "--as-of", "2026-11-03")[2]
    assert outcome(aged) == ("clear", "") and outcome(aged, "2026-12-07") == ("undecided", "stale:own")
    code, _, said = dnc("load", *where)
    assert code == 0 and "counts as of 2026-12-04" in said
    assert outcome(aged, "2027-01-04") == ("clear", "")
    assert outcome(aged, number=OTHER)[0] == "blocked"
    log = json.loads(aged.log().filter(pl.col("verb") == "confirm")["detail"][-1])
    assert (log["registry"], log["as_of"], log["made_on"]) == ("own", "2026-12-04", "2026-11-02")
    assert log["accepted"] == [{"what": "unchanged", "rows": 1, "reason": "nothing is new"}]


def test_a_confirmation_does_not_reach_back(aged):
    """A past call of a day on which the list was too old stays one."""
    aged.confirm("own", date(2026, 12, 4), "asked everybody")
    assert outcome(aged, "2026-12-03")[0] == "clear"
    say(aged, "10")
    assert outcome(aged, "2026-12-03") == ("undecided", "stale:own")
    assert outcome(aged, "2026-12-04") == ("clear", "")


def test_the_same_file_and_unchanged_is_the_same_load(aged, dnc, write_file):
    """With a file it needs no other reason; another file is loaded as it is."""
    path = write_file("own.csv", f"number\n{OTHER}\n")
    loads = ("load", path, "--registry", "own", "--as-of", "2026-12-04", "--store", aged.path)
    assert dnc(*loads)[0] == 4
    assert dnc(*loads, "--unchanged")[0] == 0
    assert outcome(aged) == ("clear", "")
    assert aged.standing().objections.files[-1].accepted[0].reason == "nothing is new"


def test_only_what_is_kept_here_can_be_confirmed(store, dnc, write_file):
    """And only where it was loaded; a file is needed for all else."""
    where = ("--store", store.path)
    store.object([OTHER], date(2026, 8, 1))
    assert "no list of own is loaded" in dnc("load", "--registry", "own", "--unchanged", *where)[2]
    for registry in ("consents", "gb-tps"):
        assert "--registry own or customers" in dnc("load", "--registry", registry, "--unchanged", *where)[2]
    assert "--registry own or customers" in dnc("load", "--unchanged", *where)[2]
    assert "FILES" in (missing := dnc("load", "--registry", "own", *where))[2] and missing[0] == 2


def test_what_was_lifted_stays_lifted(aged):
    """A confirmation says that nothing is new, and undoes nothing."""
    aged.object([OTHER], date(2026, 11, 20), lift=True, reason="asked for it")
    assert outcome(aged, number=OTHER) == ("undecided", "stale:own")
    aged.confirm("own", date(2026, 12, 4), "asked everybody")
    assert outcome(aged, number=OTHER) == ("clear", "")


def customers(store: Store, write_file, rows: str, day: date) -> None:
    """Load customers."""
    path = write_file("customers.csv", f"number,relationship\n{rows}")
    own_records.load(store, "customers", [path], Rulebook.load(), RecordReading(as_of=day))


def stale(store: Store, day: date) -> list[bool]:
    """Whether the customers of a day are too old."""
    with OwnStatements(store.standing()) as own:
        return own.customers(pl.Series([day]))["customers_stale"].to_list()


def test_customers_age_by_the_same_days_and_are_confirmed(aged, dnc, write_file):
    """But a store that records every objection first may lose a customer elsewhere."""
    customers(aged, write_file, f"{OTHER},contract\n", LOADED)
    day = date(2026, 12, 4)
    found = [(say(aged, days), stale(aged, day))[1] for days in ("31", "32", "always", "5")]
    assert found == [[True], [False], [True], [True]]
    aged.confirm("own", day, "asked everybody")
    say(aged, "31")
    unknown = dict.fromkeys(("relationship", "related"), "")
    assert "stale:customers" in outcome(aged, **unknown, consent="none")[1]
    assert dnc("load", "--registry", "customers", "--unchanged", "--store", aged.path)[0] == 0
    assert outcome(aged, **unknown, consent="none") == ("blocked", "")
    assert dnc("export", "customers", "--store", aged.path)[1].count(OTHER) == 1


def test_a_customer_recorded_since_the_file_stays_one(aged, write_file):
    """Confirming the file does not make it newer than what was recorded after it."""
    customers(aged, write_file, f"{OTHER},contract\n", LOADED)
    row = {"number": NUMBER, "relationship": "contract"}
    own_records.record(aged, "customers", [row], Rulebook.load())
    before = own_records.export(aged, "customers")
    assert before.height == 2
    aged.confirm("own", date(2026, 12, 4), "asked")
    unknown = dict.fromkeys(("relationship", "related"), "")
    said = outcome(aged, **unknown, consent="none")
    aged.confirm("customers", date(2026, 12, 4), "asked")
    assert own_records.export(aged, "customers").equals(before)
    assert outcome(aged, **unknown, consent="none") == said


def test_a_check_is_replayed_with_the_setting_of_then(aged, tmp_path):
    """Also after a confirmation."""
    path = tmp_path / "calls.csv"
    pl.DataFrame([{"number": NUMBER, **CALL}]).write_csv(path)
    number = check(path, aged).id
    say(aged, "always")
    aged.confirm("own", date(2026, 12, 4), "asked")
    again = replay_check(aged, int(number), path, Outputs())
    assert again.same and again.now["undecided"] == 1
    later = check(path, aged).id
    say(aged, "5")
    assert replay_check(aged, int(later), path, Outputs()).now["clear"] == 1


def test_who_is_erased_from_a_confirmed_list_is_erased_once(aged, write_file):
    """The list and its confirmation are one file, which is rewritten once and verifies."""
    customers(aged, write_file, f"{OTHER},contract\n{NUMBER},contract\n", LOADED)
    for registry in ("own", "customers"):
        aged.confirm(registry, date(2026, 12, 4), "asked")
    assert aged.forget_numbers([NUMBER]).records == 1
    files = aged.standing().records["customers"].files
    assert [(file.as_of, file.rows) for file in files] == [(LOADED, 1), (date(2026, 12, 4), 1)]
    assert len({file.file for file in files}) == 1
    assert verify(aged.journal).files == 2
    assert {path.name for path in (aged.path / "records").iterdir()} == {
        file.file for records in aged.standing().records.values() for file in records.files
    }


def test_status_says_the_age_in_words(aged, dnc, write_file, monkeypatch):
    """In both languages, and ends with 1 where a list is too old, as for a registry."""
    customers(aged, write_file, f"{OTHER},contract\n", LOADED)
    where = ("--store", aged.path)
    code, out, _ = dnc("status", *where)
    due = "32 days old{}too old since 2026-12-04: load a newer one, or dnc load --registry {} --unchanged if nothing is new"
    assert code == 1 and due.format(", numbers: 1; ", "own") in out and due.format("; ", "customers") in out
    assert out.count("DUE") == 2
    french = dnc("status", *where, "--lang", "fr")[1].replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "32 jours, numéros : 1 ; ne permet plus d'appels depuis le 04/12/2026 : chargez un fichier plus récent, ou dnc load"
        in french
    )
    for registry in ("own", "customers"):
        assert dnc("load", "--registry", registry, "--unchanged", "--as-of", "2026-12-03", *where)[0] == 0
    code, out, _ = dnc("status", *where)
    assert code == 0 and out.count("1 day old") == out.count("clears until 2027-01-03") == 2
    say(aged, "always")
    monkeypatch.setenv("DNC_TODAY", "2027-03-01")
    told = json.loads(dnc("status", *where, "--json")[1])
    assert (told["registries"][0]["clears_until"], told["registries"][0]["due"]) == (None, False)
    assert (told["records"][0]["clears_until"], told["records"][0]["due"]) == ("2027-01-03", True)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_page_one_says_the_age_in_words(aged, language):
    """On the day of the check, or that of the calls if they are past."""

    def page(*days: str) -> str:
        calls = pl.DataFrame([{"number": NUMBER, **CALL, "call_at": day} for day in days])
        return unescape(check_page.html(check(calls, aged, language=language))).replace("\N{NO-BREAK SPACE}", " ")

    old = {
        "en": "32 days old, too old since 2026-12-04",
        "fr": "32 jours, ne permet plus d'appels depuis le 04/12/2026",
    }
    new = {
        "en": "11 days old, clears until 2026-12-03",
        "fr": "11 jours, permet des appels jusqu'au 03/12/2026",
    }
    assert (
        old[language] in (late := page("2026-11-13", "2026-12-08"))
        and late.count("dnc load --registry own --unchanged") == 2
    )
    assert new[language] in page("2026-11-13")
    say(aged, "always")
    assert old[language] not in page("2026-11-13", "2026-12-08")


def test_one_click_at_the_desk_says_that_nothing_is_new(aged, write_file):
    """For the own list and for customers; what is due then is no longer."""
    customers(aged, write_file, f"{OTHER},contract\n", LOADED)
    with serving(aged) as desk:
        browser = desk.browser()
        page = browser.client.get("/registries").text
        assert page.count("Nothing new until today") == 2 and page.count("is too old to allow any call") == 2
        for registry in ("own", "customers"):
            assert browser.post("/registries/unchanged", {"registry": registry}).status_code == 303
        page = browser.client.get("/registries").text
        assert "Nothing new until today" not in page and "is too old" not in page
        assert outcome(aged) == ("clear", "")
        assert browser.post("/registries/unchanged", {"registry": "gb-tps"}).status_code == 400


def test_a_confirmation_needs_a_day_that_has_come(aged):
    """And a kind that is kept whole."""
    with pytest.raises(InputError, match="future"):
        aged.confirm("own", date(2026, 12, 5), "asked")
    with pytest.raises(InputError, match="own or customers"):
        aged.confirm("calls", date(2026, 12, 4), "asked")


def test_an_authority_sees_the_confirmation_that_a_check_rests_on(aged):
    """A row of its own beside the file, with the check; `log` and `dnc log` name it, not as another file."""
    aged.confirm("own", date(2026, 12, 4), "asked everybody")
    check(pl.DataFrame([{"number": NUMBER, **CALL}]), aged)
    found = inspect(aged, Scope(date(2026, 1, 1), date(2026, 12, 31))).registries
    assert found.select("as_of", "used_by").rows() == [("2026-11-02", "3"), ("2026-12-04", "3")]
    assert aged.log()["verb"].to_list() == ["load", "confirm", "check"]
