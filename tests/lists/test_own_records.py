"""Own records: consents, calls made and customers, from files and one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dnc import InputError, OptionError, Rulebook, Store, StoreError
from dnc.database import instance_of
from dnc.errors import UnacceptedError
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from dnc.lists.texts import TextMeanings
from dnc.store import records
from dnc.store.backup import backup, restore
from dnc.store.verify import verify
from tests import edits

FR = RecordReading(region="FR")
CONSENTS = "number,consent,consent_on,consent_for,wording,proof,consent_withdrawn_on\n"
GIVEN = "01 99 00 00 01,named_caller,2026-08-01T10:00:00+02:00,both,form-7,page 12,\n"
WITHDRAWN = "+33199000001,,,,,,2026-09-01\n"
CALLS = "call_id,number,at,result\n"


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The law."""
    return Rulebook.load()


@pytest.fixture
def load(store, write_file, book):
    """A function that loads the text of a file and says what was added."""

    def put(kind: str, text: str, reading: RecordReading = FR, name: str = "records.csv") -> records.Added:
        return own_records.load(store, kind, [write_file(name, text)], book, reading)[0]

    return put


def rows(store: Store, kind: str, *columns: str) -> list[tuple]:
    """Some columns of all rows of a kind, in the order of their numbers."""
    with instance_of(store.path.absolute()).cursor() as con:
        return store.standing().records[kind].find(con).sort("seq").select(columns).rows()


@pytest.mark.parametrize("day", ["20/11/2026", "2999-01-01"])
def test_a_withdrawal_is_told_with_a_day_that_has_come(store, book, day):
    """Or with a yes: one whose day nobody can read could be followed by no consent."""
    with pytest.raises(InputError, match="a day was not understood") as refused:
        own_records.record(store, "consents", [{"number": "+33199000001", "consent_withdrawn_on": day}], book)
    assert refused.value.at == 1


def test_rows_that_two_files_of_one_load_share_are_one(store, write_file, book):
    """The second file adds only what the first does not have."""
    other = "+33199000002,named_caller,2026-08-02,live,,,\n"
    paths = [write_file("a.csv", CONSENTS + GIVEN), write_file("b.csv", CONSENTS + other + GIVEN)]
    first, second = own_records.load(store, "consents", paths, book, FR)
    assert [(one.rows, one.known) for one in (first, second)] == [(1, 0), (1, 1)]
    assert rows(store, "consents", "number") == [(33199000001,), (33199000002,)]


@pytest.mark.parametrize(
    ("kind", "text", "reading", "message"),
    [
        ("calls", CALLS + "1,01 99 00 00 01 / 01 99 00 00 02,2026-09-01,busy\n", FR, "several numbers"),
        (
            "consents",
            CONSENTS + GIVEN,
            RecordReading(region="FR", covers_days=(date(2026, 8, 1),) * 2),
            "files of calls",
        ),
    ],
)
def test_what_a_record_cannot_be(load, store, kind, text, reading, message):
    """A call that may be to either of two people, and days of what is no call."""
    with pytest.raises((InputError, OptionError), match=message):
        load(kind, text, reading)
    assert not store.exists


@pytest.mark.parametrize("times", [1, 2])
def test_the_store_is_not_locked_while_a_file_is_sorted(store, load, book, monkeypatch, times):
    """What is recorded meanwhile is compared too; whoever records at every attempt has to wait for the last one."""
    write, told = records._write, []
    same = {"number": "+33199000001", "at": "2026-09-01T10:00:00", "result": "no_answer"}

    def recorded_meanwhile(*args: object) -> None:
        write(*args)
        if len(told) < times:
            Store(store.path).object(["+33199000005"], date(2026, 9, 1))
            other = {**same, "at": f"2026-09-02T1{len(told)}:00:00"}
            told.append(own_records.record(Store(store.path), "calls", [same, other], book).last)

    monkeypatch.setattr(records, "_write", recorded_meanwhile)
    text = "number,at,result\n+33199000001,2026-09-01T10:00:00,no_answer\n+33199000002,2026-09-01T10:00:00,busy\n"
    added = load("calls", text)
    assert (added.rows, added.known, added.first > told[-1]) == (1, 1, True)
    assert len(told) == times
    assert [row[1:] for row in rows(store, "calls", "seq", "number", "result")] == [(33199000001, "no_answer")] * (
        1 + times
    ) + [(33199000002, "busy")]
    assert store.standing().objections.recorded.height == times
    assert verify(store.journal).faults == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("consents", CONSENTS + GIVEN + "+33199000002,named_caller,2026-0"),
        ("calls", "number,at,result,call_id\n+33199000001,2026-09-01T10:00,busy,1\n+33199000002,2026-09-01T10:00,busy"),
    ],
)
def test_a_file_that_ends_within_a_row_is_not_loaded(load, kind, text):
    """Withdrawals and calls may have stood behind it."""
    with pytest.raises(InputError, match="3: the last row has fewer cells than the header and no line end"):
        load(kind, text)


def test_objections_do_not_make_a_file_be_sorted_again(store, load, monkeypatch):
    """A file is compared with records of its kind, and calls with consents; with nothing else."""
    write, times = records._write, []

    def objected_meanwhile(*args: object) -> None:
        write(*args)
        times.append(Store(store.path).object(["+33199000001"], date(2026, 9, 1)))

    monkeypatch.setattr(records, "_write", objected_meanwhile)
    assert load("consents", CONSENTS + GIVEN) == records.Added(rows=1, known=0, first=1, last=1)
    assert times == [1]


def test_statements_are_followed_and_never_changed(store, load):
    """Each row keeps its number; a row that is there already is no new one, and an hour of a known zone is kept."""
    assert load("consents", CONSENTS + GIVEN + GIVEN) == records.Added(rows=1, known=1, first=1, last=2)
    assert load("consents", CONSENTS + GIVEN + WITHDRAWN, name="later.csv").rows == 1
    columns = ("seq", "number", "consent", "consent_at", "consent_withdrawn_on", "wording", "proof")
    never, at = date(9999, 12, 31), datetime(2026, 8, 1, 8)
    assert rows(store, "consents", *columns) == [
        (1, 33199000001, "named_caller", at, never, "form-7", "page 12"),
        (4, 33199000001, None, None, date(2026, 9, 1), None, None),
    ]
    assert verify(store.journal).faults == []


def test_a_blank_cell_says_nothing(store, load):
    """A row that states neither a consent nor a withdrawal is no statement."""
    assert load("consents", CONSENTS + "01 99 00 00 01,,,,form-7,,\n").rows == 0


def test_calls_name_the_consent_that_they_were_made_on(store, load):
    """That is the newest statement before the call; after a withdrawal there is none."""
    load("consents", CONSENTS + GIVEN + WITHDRAWN)
    calls = (
        "7,01 99 00 00 01,2026-08-02 10:00,answered",
        "8,01 99 00 00 01,2026-07-01,no answer",
        "9,01 99 00 00 01,2026-10-01,Busy",
    )
    load(
        "calls",
        CALLS + "\n".join(calls) + "\n",
        RecordReading(region="FR", values={"result": {"no answer": "no_answer"}}),
    )
    assert rows(store, "calls", "call_id", "result", "consent") == [
        ("7", "answered", 1),
        ("8", "no_answer", None),
        ("9", "busy", None),
    ]


@pytest.mark.parametrize(("zone", "hour"), [("America/New_York", 16), ("UTC", 11)])
def test_times_of_a_zone_are_on_the_clock_of_the_person(store, load, zone, hour):
    """A dialler in New York, or one that writes UTC, called Paris; a day alone ends at its end."""
    load(
        "calls",
        CALLS + "1,01 99 00 00 01,2026-11-20 10:00,answered\n2,01 99 00 00 02,2026-11-21,busy\n",
        RecordReading(region="FR", zone=zone),
    )
    assert rows(store, "calls", "at") == [
        (datetime(2026, 11, 20, hour),),
        (datetime(2026, 11, 21, 23, 59, 59, 999999),),
    ]


def test_a_call_told_by_its_day_alone_has_no_hour(store, load):
    """Also not in an export, which tells the same calls again; one that was made in the last second has its hour."""
    days = ["2026-11-11", "2026-11-11", "2026-11-11T23:59:59"]
    load("calls", "number,at,result\n" + "".join(f"+33199000001,{day},busy\n" for day in days))
    exported = own_records.export(store, "calls")
    assert exported["at"].to_list() == days
    again = load("calls", exported.select("number", "at", "result").write_csv(), name="again.csv")
    assert (again.rows, again.known) == (0, 3)


def test_what_is_told_one_at_a_time_is_kept_the_same_way(store, load, book, monkeypatch):
    """It moves into a file once it is much; its numbers stay."""
    monkeypatch.setattr(records, "_IN_LOG", 3)
    load("consents", CONSENTS + GIVEN)
    for day in range(1, 10):
        told = {"number": f"+3319900000{day}", "consent_withdrawn_on": f"2026-10-0{day}"}
        assert own_records.record(store, "consents", [told], book).first == day + 1
    withdrawn = [date(9999, 12, 31), *(date(2026, 10, day) for day in range(1, 10))]
    assert rows(store, "consents", "seq", "consent_withdrawn_on") == list(enumerate(withdrawn, 1))
    assert [file.rows for file in store.standing().records["consents"].files] == [1, 8]
    assert verify(store.journal).faults == [] and store.journal.still_read() == []


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("consents", "number,consent,consent_on\nx,named_caller,2026-08-01\n", "number"),
        ("consents", CONSENTS + "x" + WITHDRAWN[12:], "withdrawal"),
        ("calls", CALLS + "1,x,2026-08-01,busy\n", "number"),
        ("calls", CALLS + "1,01 99 00 00 01,soon,busy\n", "time"),
        ("calls", CALLS + "1,01 99 00 00 01,,busy\n", "time"),
        ("calls", CALLS + "1,01 99 00 00 01,1970-01-01,busy\n", "time"),
        ("calls", CALLS + "1,01 99 00 00 01,2099-01-01,busy\n", "to come"),
        ("calls", CALLS + "1,01 99 00 00 01 (do not call),2026-01-01,busy\n", "objection"),
        ("calls", CALLS + "1,01 99 00 00 01,2026-01-01,ringing\n", "result"),
        ("calls", CALLS.replace("\n", ",operator\n") + "1,01 99 00 00 01,2026-01-01,answered,do not call\n", "text"),
        ("calls", "number,result\n01 99 00 00 01,busy\n", "at"),
        ("calls", "number,at,result,mood\n01 99 00 00 01,2026-01-01,busy,bad\n", "mood"),
    ],
)
def test_a_row_that_cannot_be_read_stops_the_load(store, load, kind, text, says):
    """All files of a load are added or none, and the message names the line."""
    with pytest.raises(InputError, match=says):
        load(kind, text)
    assert not store.exists


def test_customers_are_no_newer_on_a_later_day(store, load):
    """The same file of an earlier day would make former customers current; a reason is kept with it."""
    text, july, august = "number,relationship\n+33199000001,contract\n", date(2026, 7, 1), date(2026, 8, 1)
    load("customers", text, RecordReading(as_of=july))
    with pytest.raises(UnacceptedError, match="the same file was loaded as of 2026-07-01"):
        load("customers", text, RecordReading(as_of=august))
    load("customers", text, RecordReading(as_of=august, accept={"unchanged": "nobody left"}))
    assert store.standing().records["customers"].files[-1].accepted == (("unchanged", 1, "nobody left"),)
    load("customers", text, RecordReading(as_of=date(2026, 6, 1)))


def test_customers_are_those_of_a_day(store, load):
    """A file of customers is a snapshot with its day; statements have days of their own."""
    text = "number,relationship,relationship_on,until\n01 99 00 00 01,contract,2026-01-20,2026-12-31\n"
    load("customers", text, RecordReading(region="FR", as_of=date(2026, 11, 1)))
    found = ("relationship", "relationship_on", "until")
    assert rows(store, "customers", *found) == [("contract", date(2026, 1, 20), date(2026, 12, 31))]
    with pytest.raises(OptionError, match="as-of"):
        load("customers", text)
    with pytest.raises(OptionError, match="as-of"):
        load("calls", CALLS, RecordReading(as_of=date(2026, 11, 1)))


def test_a_damaged_file_of_records_is_found_and_comes_back(store, load, tmp_path):
    """Nothing is decided without it; a backup has it."""
    load("consents", CONSENTS + GIVEN)
    backup(store.journal, tmp_path / "copy")
    [file] = (store.path / "records").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert any("consents" in fault for fault in verify(store.journal).faults)
    with pytest.raises(StoreError, match="restore"):
        rows(store, "consents", "seq")
    assert restore(store.journal, tmp_path / "copy").files == 1
    assert len(rows(store, "consents", "seq")) == 1


def test_an_edit_of_what_was_recorded_is_found(store, book):
    """The log commits to what is recorded as it does to objections."""
    own_records.record(store, "consents", [{"number": "+33199000001", "consent_withdrawn_on": "2026-09-01"}], book)
    edits.write(store.path, [text.replace("2026-09-01", "9999-12-31") for text in edits.lines(store.path)])
    assert verify(store.journal).faults == ["what row 1 says was changed after it was written"]


def test_a_file_has_only_the_columns_that_a_row_fills(store, load):
    """Others take as long to sort and to write; they are read as empty, also beside files that have them."""
    load("consents", "number,consent_withdrawn_on\n+33199000002,2026-09-01\n")
    [path] = store.standing().records["consents"].paths()
    assert not {"consent_on", "consent_at", "wording", "proof"} & set(pl.read_parquet_schema(path))
    load("consents", CONSENTS + GIVEN, name="later.csv")
    assert rows(store, "consents", "number", "wording") == [(33199000002, None), (33199000001, "form-7")]
    assert store.forget_numbers(["+33199000001"], reason="asked").records == 1
    assert rows(store, "consents", "number", "consent_withdrawn_on") == [(33199000002, date(2026, 9, 1))]
    assert verify(store.journal).faults == []


def test_files_of_spreadsheets_and_parquet(store, book, tmp_path):
    """Files are read as lists are."""
    path = tmp_path / "consents.parquet"
    pl.DataFrame({"number": ["+33199000001"], "consent": ["written"], "consent_on": [date(2026, 8, 1)]}).write_parquet(
        path
    )
    [added] = own_records.load(store, "consents", [path], book)
    assert added.rows == 1 and rows(store, "consents", "consent_on") == [(date(2026, 8, 1),)]


def test_times_of_a_zone_are_those_of_the_called_person(load, store):
    """Also in the hour that a clock skips or repeats; a time that may be two is the later one."""
    times = [
        "2026-03-29T02:30:00",
        "2026-03-29 02:30",
        "2025-10-26T02:30:00",
        "2025-10-26 02:30",
        "2026-06-01T23:10:05",
    ]
    numbers = ["+33199000001", "+262639000001", "+12125550101", "+4930230000001"]
    rows = [(number, time) for number in numbers for time in times]
    text = "".join(f"c{at},{number},{time},answered\n" for at, (number, time) in enumerate(rows))
    load("calls", CALLS + text, RecordReading(zone="Europe/Paris"))
    found = own_records.export(store, "calls")["at"].to_list()
    clocks = {"+33": "Europe/Paris", "+26": "Indian/Mayotte", "+12": "America/New_York", "+49": "Europe/Berlin"}
    for (number, time), at in zip(rows, found, strict=True):
        moment = datetime.fromisoformat(time).replace(tzinfo=ZoneInfo("Europe/Paris"))
        local = moment.astimezone(UTC).astimezone(ZoneInfo(clocks[number[:3]]))
        assert at == local.strftime("%Y-%m-%dT%H:%M:%S"), (number, time)


WAYS = "number,at,result,way\n01 99 00 00 01,2026-11-02 10:00,NO ANSWER,Out\n100,2026-11-02 11:00,{result},in\n"
WENT_OUT = RecordReading(
    region="FR", outbound=("way", "out"), ignore=["way"], values={"result": {"NO ANSWER": "no_answer"}}
)


def test_only_calls_that_went_out_are_loaded(store, load):
    """By a word of a column, however it is written; the numbers of the others may be anything."""
    load("calls", WAYS.format(result="answered"), WENT_OUT)
    assert rows(store, "calls", "at", "result") == [(datetime(2026, 11, 2, 10), "no_answer")]


@pytest.mark.parametrize(
    ("result", "outbound", "says"),
    [
        ("answered", ("queue", "out"), "queue"),
        ("answered", ("way", "sortant"), "sortant"),
        ("objected", ("way", "out"), "csv:3: tells an objection"),
        ("STOPS", ("way", "out"), "csv:3: the result"),
    ],
)
def test_what_calls_that_came_in_may_not_say(load, result, outbound, says):
    """An objection, or a word that may be one; and somebody has to say rightly which calls went out."""
    with pytest.raises(InputError, match=says):
        load("calls", WAYS.format(result=result), replace(WENT_OUT, outbound=outbound))


def test_a_list_of_last_calls_is_never_complete(load):
    """Calls before the last one are missing."""
    text = "Home,CallRecordLastAttempt-Home,CallRecordLastResult-Home\n0199000001,2026-11-02T10:00:00Z,busy\n"
    names = {"number": "Home", "at": "CallRecordLastAttempt-Home", "result": "CallRecordLastResult-Home"}
    covers = (date(2026, 11, 1), date(2026, 11, 3))
    with pytest.raises(OptionError, match="CallRecordLastAttempt-Home"):
        load("calls", text, RecordReading(region="FR", columns=names, covers_days=covers))


def test_a_call_of_which_nobody_knows_whether_it_went_out_counts(store, write_file):
    """It may be one attempt too many."""
    text = "number,at,result,way\n" + "".join(
        f"0199000001,2026-11-0{at},busy,{way}\n" for at, way in enumerate(("out", "", "in"), 1)
    )
    said = RecordReading(region="FR", outbound=("way", "out"), ignore=["way"])
    own_records.load(store, "calls", [write_file("made.csv", text)], Rulebook.load(), said)
    assert [at.day for (at,) in rows(store, "calls", "at")] == [1, 2]


def test_certificates_are_named_and_look_alikes_refused(store, write_file):
    """Nothing is fetched: an address or an id is what it looks like, or it stops the load."""
    address, lead = "https://cert.trustedform.com/" + "a1" * 20, "0FDA9E26-3C4A-4D1C-9C9B-0123456789AB"
    header, given = "number,consent,consent_on,proof\n", "+33199000001,written,2026-08-01,"
    path = write_file("c.csv", f"{header}{given}{address}\n{given}{lead}\n{given}page 12\n")
    own_records.load(store, "consents", [path], Rulebook.load())
    assert rows(store, "consents", "proof_kind") == [("trustedform",), ("leadid",), (None,)]
    for wrong in (address.replace(".com/", ".com.example/"), address.replace("https", "http"), address[:50]):
        with pytest.raises(InputError, match="TrustedForm"):
            own_records.load(store, "consents", [write_file("d.csv", f"{header}{given}{wrong}\n")], Rulebook.load())


def test_a_log_of_double_opt_ins_is_read_by_its_state(store, write_file):
    """Who never confirmed has not consented."""
    head = "email,phone,form,opt_in_time,opt_in_ip,confirm_time,state\n"
    given = "a@example.org,+3319900000{n},form-7,2026-08-05T10:12:00+02:00,192.0.2.1,{confirmed}\n"
    confirmed = given.format(n=1, confirmed="2026-08-05T10:20:00+02:00,confirmed")
    path = write_file("optins.csv", head + confirmed + given.format(n=2, confirmed=",pending"))
    columns = {"number": "phone", "consent": "state", "consent_on": "opt_in_time", "wording": "form"}
    columns |= {"confirmed_on": "confirm_time", "origin_ip": "opt_in_ip"}
    words = {"consent": {"confirmed": "named_caller", "pending": "none"}}
    said = RecordReading(columns=columns, values=words, ignore=["email"])
    own_records.load(store, "consents", [path], Rulebook.load(), said)
    assert rows(store, "consents", "consent", "wording", "confirmed_on") == [
        ("named_caller", "form-7", "2026-08-05T10:20:00+02:00"),
        ("none", "form-7", None),
    ]


@pytest.mark.parametrize("kind", ["consents", "calls", "customers"])
def test_a_column_that_is_named_has_to_be_there(load, kind):
    """Of every kind: the end or the withdrawal of a consent would be lost, and the consent would clear calls."""
    text = {"consents": CONSENTS + GIVEN, "calls": f"{CALLS}c1,+33199000001,2026-11-11,busy\n"}
    text |= {"customers": "number,relationship\n+33199000001,contract\n"}
    said = replace(FR, ignore=["*"], as_of=date(2026, 11, 20) if kind == "customers" else None)
    columns = own_records.columns_of(own_records.KINDS[kind])
    for ours in (*columns, "objected_on", "place"):
        with pytest.raises(InputError, match=rf"no column 'Elsewhere' for {ours};"):
            load(kind, text[kind], replace(said, columns={ours: "Elsewhere"}))
    with pytest.raises(OptionError, match="consent_untill: unknown key"):
        load(kind, text[kind], replace(said, columns={"consent_untill": "number"}))
    with pytest.raises(InputError, match="no column 'Elsewhere' for \\[texts\\]"):
        load(kind, text[kind], replace(said, texts={"Elsewhere": TextMeanings(rest="nothing")}))
    assert load(kind, text[kind], said).rows == 1
