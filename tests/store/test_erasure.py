"""What is forgotten is gone: no byte of it is left in the store's folder, or in a backup made afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from dnc import Rulebook, Store, StoreError, check
from dnc.api import replay
from dnc.checks.campaign import keep_campaign
from dnc.database import instance_of
from dnc.errors import ShortageError
from dnc.files.input_file import sha256_of
from dnc.lists import own_records
from dnc.store import audit_log, journal, records, wordings
from dnc.store.backup import backup, restore
from dnc.store.journal import LOG
from dnc.store.verify import verify
from tests import some
from tests.store.test_store import ANSWER, said

DECIDED, CLEARED, OBJECTED = 33199000050, 33199000001, 33199000003
REASON, CALL = "asked-for-peace-and-quiet", "call-of-the-wild-{}"
CALLS = "call;number\n" + "".join(f"{CALL.format(n % 100)};+{n}\n" for n in (DECIDED, CLEARED, OBJECTED, 33199000009))


def spellings(number: int) -> dict[str, bytes]:
    """A number as it may stand in a file."""
    national = f"0{str(number)[2:]}"
    pairs = " ".join(national[at : at + 2] for at in range(0, 10, 2))
    texts = {"international": f"+{number}", "digits": str(number), "national": national, "pairs": pairs}
    integers = {order: number.to_bytes(8, order) for order in ("little", "big")}
    return {name: text.encode() for name, text in texts.items()} | integers


def values(path: Path) -> Iterator[str]:
    """Every value of a Parquet file, whose bytes are compressed, or of a file of the log, where JSON may escape them."""
    if path.suffix == ".parquet":
        for column in pl.read_parquet(path, glob=False):
            yield from column.cast(pl.String).drop_nulls()
    if path.suffix == ".jsonl":
        for line in path.read_bytes().splitlines():
            yield from leaves(json.loads(line))


def leaves(value: object) -> Iterator[str]:
    """Every name and value of something read from JSON, also of JSON that is a text in it."""
    if isinstance(value, dict):
        yield from leaves([*value, *value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield (text := str(value))
        if text.startswith(("{", "[")):
            yield from leaves(json.loads(text))


def found(folder: Path, sought: dict[str, bytes]) -> set[tuple[str, str]]:
    """Where any of some byte strings stands in the files below a folder: (file, or `log`, and what)."""
    hits = set()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = [path.read_bytes(), "\n".join(values(path)).encode()]
        name = LOG if path.parent.name == LOG else path.relative_to(folder).as_posix()
        hits |= {(name, what) for what, text in sought.items() if any(text in one for one in content)}
    return hits


def traces(folder: Path, number: int) -> set[str]:
    """The files in which a number stands, in any spelling."""
    return {name for name, _ in found(folder, spellings(number))}


def put_up(store: Store, folder: Path, others: int) -> None:
    """A store that knows the three numbers, among many others, and that was changed often."""
    for name, text in {"a.csv": ANSWER, "c.csv": CALLS}.items():
        (folder / name).write_text(text, encoding="utf-8")
    many = pl.Series("number", range(33199100000, 33199100000 + others))
    (folder / "gb.csv").write_text("number,listed\n" + "".join(f"+{number},no\n" for number in many))
    (folder / "many.csv").write_text("call;number\n" + "".join(f"{number % 1000};+{number}\n" for number in many))
    store.load(folder / "a.csv", as_of=date(2026, 6, 1))
    store.load(folder / "gb.csv", as_of=date(2026, 6, 1), registry="fr-bloctel", covers=["331991"])
    with store.journal.change() as change:
        words = {"lifted": False, "recorded_at": datetime(2026, 6, 2)}
        for number in many[::1000]:
            records.add_objections(change, [number], date(2026, 6, 2), reason=f"because of {number}", **words)
        records.add_objections(change, many.to_list(), date(2026, 6, 2), reason="no more calls", **words)
        change.log("object", {"count": len(many)})
    store.object([f"+{OBJECTED}"], date(2026, 6, 3), reason=REASON)
    store.object([f"+{OBJECTED}"], date(2026, 6, 4), reason=f"{REASON}, once more")
    for name in ("c.csv", "many.csv"):
        check(folder / name, store, region="FR", at="2026-06-05", keep=True)
    store.object(["+33199000008"], date(2026, 6, 5), reason="the last one")


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """The folder of such a store."""
    folder = tmp_path_factory.mktemp("known")
    put_up(Store(folder / "dnc-store"), folder, 5)
    return folder / "dnc-store"


@pytest.fixture
def known(template, store) -> Store:
    """A copy of it."""
    shutil.copytree(template, store.path)
    return store


@pytest.mark.parametrize("others", some([5, 60_000], 1))
def test_no_byte_of_what_was_forgotten_is_left(store, tmp_path, others):
    """In the folder and in a backup: an opt-out stays where it is kept, and a number that would be cleared without it."""
    put_up(store, tmp_path, others)
    reason = {"reason": REASON.encode()}
    calls = {number: {"call": CALL.format(number % 100).encode()} for number in (DECIDED, CLEARED, OBJECTED)}
    assert {name for name, _ in found(store.path, reason)} == {LOG}
    assert all(found(store.path, call) for call in calls.values())
    assert all(len(traces(store.path, number)) > count for number, count in ((DECIDED, 0), (CLEARED, 1), (OBJECTED, 2)))
    store.forget_numbers([f"+{number}" for number in calls])
    backup(store.journal, tmp_path / "backup")
    listings = {f"snapshots/{one.file}" for one in store.snapshots() if not one.covers}
    for folder in (store.path, tmp_path / "backup"):
        assert not found(folder, reason)
        assert not any(found(folder, call) for call in calls.values())
        assert traces(folder, DECIDED) == set()
        assert traces(folder, CLEARED) == listings
        assert traces(folder, OBJECTED) == listings | {LOG}
    assert said(store, "fr-bloctel", CLEARED, "2026-06-05")[0] == "uncovered"
    assert said(store, "own", OBJECTED, "2026-06-05")[0] == "listed"
    assert (store.log()["verb"][-1], verify(store.journal).faults) == ("forget", [])


def test_the_log_is_as_it_was(known):
    """Its rows stay, and everything is what it was but for what was forgotten, and what people wrote."""
    before = known.log()
    known.forget_numbers([f"+{DECIDED}"])
    after = known.log()[:-1]
    assert after.drop("detail").equals(before.drop("detail"))
    for was, stays in zip(before["detail"], after["detail"], strict=True):
        told, left = json.loads(was), json.loads(stays)
        assert told == {**told, **left} and not left.keys() & {"input", "name", "terms", "accepted", "layout"}
    assert sum("input" in json.loads(was) for was in before["detail"]) == 2
    assert known.standing().objections.recorded.height == 5 + 1 + 2 + 1
    assert known.object([f"+{OBJECTED}"], date(2026, 6, 7)) == 1
    assert not verify(known.journal).faults


def test_a_lift_stays_only_with_the_opt_out_that_it_lifts(store, write_file):
    """One in the log, one of a list that was loaded, and one of nothing that is kept."""
    objected, listed, nothing, cleared = 33199000021, 33199000022, 33199000023, 33199000024
    own = write_file("own.csv", f"number,listed\n+{listed},yes\n+{cleared},no\n+33199000099,yes\n")
    store.load(own, as_of=date(2026, 6, 1), registry="own")
    store.object([f"+{objected}"], date(2026, 6, 1))
    numbers = [f"+{number}" for number in (objected, listed, cleared, nothing)]
    store.object(numbers, date(2026, 6, 2), lift=True, reason=REASON)
    last = store.standing().objections.recorded["seq"].max()
    before = {number: said(store, "own", number, "2026-06-05") for number in (objected, listed, nothing, cleared)}
    store.forget_numbers(numbers)
    file = f"records/{store.standing().objections.files[0].file}"
    assert traces(store.path, nothing) == traces(store.path, cleared) == set()
    assert (traces(store.path, objected), traces(store.path, listed)) == ({LOG}, {LOG, file})
    assert not found(store.path, {"reason": REASON.encode()})
    assert {number: said(store, "own", number, "2026-06-05") for number in before} == before
    store.object(["+33199000098"], date(2026, 6, 7))
    assert store.standing().objections.recorded["seq"].max() == last + 1
    assert not verify(store.journal).faults


def test_decisions_that_are_forgotten_by_age_leave_no_byte(known):
    """Their files and the rows about them go at once."""
    file = next(iter(known.decisions().values()))
    known.forget_decisions(date(2100, 1, 1))
    assert traces(known.path, DECIDED) == set()
    assert not file.exists()


@pytest.mark.parametrize("is_read", [False, True])
def test_files_that_seem_to_be_newer_than_the_log_go_too(known, is_read):
    """The clock was set back, or that of a file server is ahead: they did not come back from an older log."""
    for path in known.path.glob("*/*.parquet"):
        os.utime(path, (later := path.stat().st_mtime + 3600, later))
    reading = known.standing() if is_read else None
    known.forget_numbers([f"+{CLEARED}"])
    assert len(known.journal.still_read()) == is_read
    assert not verify(known.journal).faults
    del reading
    known.forget_decisions(date(2100, 1, 1))
    snapshots = {f"snapshots/{one.file}" for one in known.snapshots()}
    assert traces(known.path, CLEARED) <= snapshots
    assert {f"snapshots/{path.name}" for path in known.path.glob("*/*.parquet")} == snapshots


def test_what_a_killed_load_left_goes_before(known):
    """A folder of work whose process has ended may hold the number too."""
    dead = "import os, sys; from pathlib import Path; from dnc.files.locks import own_folder\n"
    dead += f"with own_folder(Path(sys.argv[1]), '.dnc-load-') as work: (work / 'x').write_text('+{DECIDED}');"
    subprocess.run([sys.executable, "-c", f"{dead} os.kill(os.getpid(), 9)", str(known.path)], check=False)
    assert len(traces(known.path, DECIDED)) == 2
    known.forget_numbers([f"+{DECIDED}"])
    assert traces(known.path, DECIDED) == set()


def test_what_a_restore_put_aside_has_to_go_first(dnc, known, tmp_path):
    """It holds the number, and perhaps opt-outs that are nowhere else: nobody but the user can delete it."""
    backup(known.journal, tmp_path / "backup")
    [*_, newest] = known.journal.segments()
    newest.write_bytes(newest.read_bytes()[:-9])
    aside = restore(known.journal, tmp_path / "backup").aside
    head = verify(known.journal).head
    for arguments in (["forget", f"+{OBJECTED}"], ["retention", "--apply"], ["retention", "--before", "2026-07-01"]):
        code, _, err = dnc(*arguments, "--store", known.path)
        assert (code, "delete the folder, or move it out of the store" in err) == (4, True)
    assert verify(known.journal).head == head
    aside.rename(tmp_path / "aside")
    assert dnc("forget", f"+{OBJECTED}", "--store", known.path)[0] == 0
    assert not found(known.path, {"reason": REASON.encode()})


def test_a_forgetting_that_fails_leaves_the_store_as_it_was(known, monkeypatch):
    """The new file of the log is written at the very end."""
    before = {path: path.read_bytes() for path in known.path.rglob("*") if path.is_file()}
    write = journal.write_atomically

    def full(path: Path, data: bytes) -> None:
        if path.parent.name == LOG:
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(journal, "write_atomically", full)
    with pytest.raises(ShortageError, match="the disk is full"):
        known.forget_numbers([f"+{OBJECTED}"])
    assert {path: path.read_bytes() for path in known.path.rglob("*") if path.is_file()} == before


def test_a_forgetting_that_was_cut_off_is_completed_by_the_next_change(known, monkeypatch):
    """The new file of the log stands, and the one before it still says what was forgotten."""
    monkeypatch.setattr(journal, "_seal", lambda _: None)
    known.forget_numbers([f"+{DECIDED}", f"+{OBJECTED}"])
    monkeypatch.undo()
    assert found(known.path, {"reason": REASON.encode()}) and verify(known.journal).faults == []
    known.object(["+33199000098"], date(2026, 6, 7))
    assert not found(known.path, {"reason": REASON.encode()})


def test_no_number_comes_back_from_the_log_after_forget(store, write_file, tmp_path):
    """Whoever tries all numbers finds the one of a list by what it hashes to: these hashes go with it."""
    use = {"region": "FR", "at": "2026-06-05"}

    def checked(number: int, store: Store):
        """A check of one row, with a file of consents of one row."""
        calls = write_file("c.csv", f"number\n+{number}\n")
        consents = write_file("consents.csv", f"number,consent\n+{number},named_caller\n")
        return check(calls, store, consents=consents, keep=True, **use)

    def plain(record) -> set[str]:
        return {record["sha256"], record["verdicts"], record["consents"]["sha256"]}

    checked(DECIDED, store)
    guesses = [plain(checked(number, Store(tmp_path / "other")).record) for number in range(DECIDED - 2, DECIDED + 3)]
    for expected in ([0, 0, 3, 0, 0], [0] * 5):
        log = "\n".join(values(max((store.path / LOG).iterdir())))
        assert [sum(each in log for each in guess) for guess in guesses] == expected
        assert not any(each in detail for guess in guesses for each in guess for detail in store.log()["detail"])
        store.forget_numbers([f"+{DECIDED}"])
    assert not found(store.path, {each: each.encode() for each in guesses[2]})
    assert verify(store.journal).faults == []
    with pytest.raises(StoreError, match="settings and hashes"):
        replay(store, 1, write_file("c.csv", f"number\n+{DECIDED}\n"))


def test_what_a_store_of_one_person_held_tells_nothing_after_forget(store, write_file):
    """The log keeps a hash of each statement, without what made it random, and none of the file that was loaded."""
    book, consent = Rulebook.load(), {"number": f"+{DECIDED}", "consent": "written", "consent_on": "2026-08-01"}
    own_records.record(store, "consents", [consent], book)
    path = write_file("consents.csv", f"number,consent,consent_on,proof\n+{DECIDED},written,2026-08-02,p\n")
    own_records.load(store, "consents", [path], book)
    [(_, lines)] = store.journal.lines()
    told = [one for line in lines for one in audit_log.statements(line)]
    commitments = {each for line in lines for each in line.row.c}
    secrets = {one.salt for one in told}
    store.forget_numbers([f"+{DECIDED}"])
    everything = "\n".join(part.read_text() for part in store.journal.segments())
    assert {"consents", "records"} <= {one.kind for one in told} and all(each in everything for each in commitments)
    assert not [each for each in (sha256_of(path), *secrets) if each in everything]


def test_the_name_of_a_file_that_was_forgotten_tells_nothing(store, write_file, tmp_path):
    """The log keeps it; the same content does not get it again."""
    path, other = write_file("answer.csv", ANSWER), Store(tmp_path / "other")
    names = [store.load(path, as_of=date(2026, 6, 1)).file, other.load(path, as_of=date(2026, 6, 1)).file]
    store.forget(date(2026, 7, 1))
    names.append(store.load(path, as_of=date(2026, 6, 1)).file)
    assert len(set(names)) == 3


def test_a_file_that_a_check_still_reads_is_told(dnc, known):
    """It goes with the next change after the check; until then whoever forgets knows that it is there."""
    standing = known.standing()
    code, _, err = dnc("forget", f"+{CLEARED}", "--store", known.path)
    assert (code, "files that a running check still reads: 1;" in err) == (0, True)
    assert len(known.journal.still_read()) == 1
    del standing
    known.object([f"+{OBJECTED}"], date(2026, 6, 7))
    assert known.journal.still_read() == []
    assert "still reads" not in dnc("forget", f"+{CLEARED}", "--store", known.path)[2]


WITHDRAWN = 33199000011
TOLD = ["proof-of-the-pudding", "person-of-interest", "call-me-maybe"]


@pytest.fixture
def own(store, write_file) -> Store:
    """A store with own records of two people, from files and told, one of whom withdrew the consent."""
    book = Rulebook.load()
    consents = "number,consent,consent_on,wording,proof,person,consent_withdrawn_on\n"
    consents += (
        f"+{DECIDED},written,2026-08-01,form-7,{TOLD[0]},{TOLD[1]},\n+{WITHDRAWN},,,,{TOLD[0]},{TOLD[1]},2026-09-01\n"
    )
    consents += "+33199000098,written,2024-08-01,form-7,,,\n"
    own_records.load(store, "consents", [write_file("c.csv", consents)], book)
    calls = "number,at,result,call_id\n" + "".join(
        f"+{number},{day},busy,{TOLD[2]}{at}\n"
        for at, (number, day) in enumerate(((DECIDED, "2026-10-01"), (33199000098, "2024-10-01")))
    )
    own_records.load(store, "calls", [write_file("k.csv", calls)], book)
    of_day = own_records.RecordReading(as_of=date(2026, 10, 1))
    customers = f"number,relationship,person\n+{DECIDED},buyer,{TOLD[1]}\n+33199000098,buyer,\n"
    own_records.load(store, "customers", [write_file("p.csv", customers)], book, of_day)
    for number in (DECIDED, WITHDRAWN):
        own_records.record(store, "calls", [{"number": f"+{number}", "at": "2026-10-02", "result": "busy"}], book)
        told = {"number": f"+{number}", "consent_withdrawn_on": "2026-09-02", "person": TOLD[1]}
        if number == WITHDRAWN:
            own_records.record(store, "consents", [told], book)
    return store


@pytest.mark.parametrize("people", [[f"+{DECIDED}", f"+{WITHDRAWN}"], [TOLD[1]]])
def test_no_byte_of_own_records_is_left(own, tmp_path, people):
    """Of who withdrew a consent the day stays, so that a file with an old yes revives nothing."""
    sought = {**spellings(DECIDED), **{text: text.encode() for text in TOLD}}
    for path in tmp_path.glob("*.csv"):
        path.unlink()
    assert found(own.path, sought)
    assert own.forget_numbers(people).records == 7
    backup(own.journal, tmp_path / "copy")
    left = found(tmp_path / "copy", sought) | found(own.path, sought)
    assert {what for _, what in left} <= {TOLD[2]}  # the call of somebody else has such an id
    assert verify(own.journal).faults == []
    with instance_of(own.path.absolute()).cursor() as con:
        rows = own.standing().records["consents"].find(con).sort("seq")
    days = rows.filter(pl.col("number") == WITHDRAWN)["consent_withdrawn_on"].to_list()
    assert days == [date(2026, 9, 1), date(2026, 9, 2)] and rows.height == 3
    assert own.forget_numbers([f"+{DECIDED}", f"+{WITHDRAWN}"]).records == 0


def test_own_records_are_kept_as_long_as_was_set(own, monkeypatch):
    """A consent on which a call was made meanwhile stays; a withdrawal stays, with nothing but its day."""
    monkeypatch.setenv("DNC_TODAY", "2027-12-01")
    for kind in ("consents", "calls", "customers"):
        own.retain(kind, 24)
    gone = {
        "2027-12-01": {"calls": 1, "consents": 1, "customers": 0},
        "2028-09-15": {"calls": 0, "consents": 2, "customers": 0},
        "2028-11-01": {"calls": 3, "consents": 1, "customers": 2},
    }
    for day, rows in gone.items():
        monkeypatch.setenv("DNC_TODAY", day)
        assert own.forgettable().total() > 0
        assert own.forget_due()[2] == rows
        assert day == "2028-09-15" or own.forgettable().total() == 0
    assert own.standing().records["consents"].recorded.height == 1
    assert verify(own.journal).faults == []


STAYS = {"wording", "hold", "office", "accepted"}  # told of no number, so that no forgetting finds them
NAMES = STAYS | {"campaign", "cell", "list", "taker", "reason", "lift", "proof", "person", "call_id"}


def test_a_name_goes_wherever_it_was_told_with_the_number(store, write_file, dnc):
    """In a reason, a lift, a proof: with accents, which JSON may escape. `dnc forget` names what stays."""
    book, named = Rulebook.load(), {name: f"Zoë-{name}-Ünique" for name in NAMES}
    number = f"+{DECIDED}"
    store.object([number], date(2026, 6, 1), reason=named["reason"])
    store.object([number], date(2026, 6, 2), lift=True, reason=named["lift"])
    consent = {"number": number, "consent": "written", "consent_on": "2026-08-01", "wording": "form-7"}
    wordings.add(store.journal, "form-7", named["wording"])
    own_records.record(store, "consents", [consent | {"proof": named["proof"], "person": named["person"]}], book)
    call = {"number": number, "at": "2026-10-02", "result": "busy", "call_id": named["call_id"]}
    own_records.record(store, "calls", [call], book)
    store.lift_hold(store.hold(named["hold"], number=number).seq)
    brief = f'region = "FR" # {named["campaign"]}\n[texts."Notes"]\nnothing = ["{named["cell"]}"]\n'
    keep_campaign(store, "autumn", brief)
    store.set_office({"name": named["office"]})
    check(write_file(f"{named['list']}.csv", f"number\n{number}\n"), store, region="FR", at="2026-06-05")
    for day in (1, 2):
        accept = {"unchanged": named["accepted"]} if day == 2 else {}
        store.load(
            write_file("own.csv", "number\n+33199000098\n"), as_of=date(2026, 6, day), registry="own", accept=accept
        )
    assert dnc("export", "consents", "--to", named["taker"], "--out", "out.csv", "--store", store.path)[0] == 0
    sought = {name: text.encode() for name, text in named.items()}
    assert {what for _, what in found(store.path, sought)} == NAMES
    code, _, err = dnc("forget", number, "--reason", "Zoë-forgotten", "--store", store.path)
    assert (code, "reasons of holds and of accepted files" in err) == (0, True)
    assert {what for _, what in found(store.path, sought)} <= STAYS
    store.forget_numbers([number])
    assert not found(store.path, {"why": "Zoë-forgotten".encode()}) and verify(store.journal).faults == []
