"""Memory and disks that do not suffice: one line that says what to do, and exit code 4."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dnc import Store
from dnc.desk.jobs import Job
from dnc.errors import shortage
from tests import some

IDS = (hashlib.sha256(str(at).encode()).hexdigest() for at in range(60_000))  # which no format makes smaller
CALLS = "number,campaign\n" + "".join(f"+33199000001,{campaign}\n" for campaign in IDS)


LIMITED = """
import os, resource, sys
resource.setrlimit(getattr(resource, sys.argv[1]), (int(sys.argv[2]), int(sys.argv[2])))
os.execv(sys.executable, [sys.executable, "-m", "dnc", *sys.argv[3:]])
"""


def dnc_in(*words: object, limit: tuple[str, int] | None = None, **env: str) -> tuple[int, list[str]]:
    """The command line in a process of its own, within a limit of `resource`: exit code, and lines on stderr."""
    begin = ("-c", LIMITED, *map(str, limit)) if limit else ("-m", "dnc")
    done = subprocess.run(
        [sys.executable, *begin, *map(str, words)],
        check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=os.environ | env,
    )  # fmt: skip
    return done.returncode, done.stderr.splitlines()


def test_a_limit_of_addresses_that_no_engine_survives_is_said_at_once(write_file):
    """Within less, the libraries abort or hang; help works."""
    limit = ("RLIMIT_AS", 1000 << 20)
    code, [line] = dnc_in("check", write_file("calls.csv", "number\n+33199000001\n"), limit=limit)
    assert code == 4 and "limited to 1,000 MiB" in line and "ulimit -v" in line
    assert dnc_in("--help", limit=limit) == (0, [])


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_limit_on_the_size_of_files_is_said(store, write_file, tmp_path, suffix):
    """Whatever writes the output says it in words of its own; nothing is left of it."""
    path = write_file("calls.csv", CALLS)
    words = ("check", path, "--quiet", "--store", store.path, "--out", tmp_path / "out" / f"v.{suffix}")
    (tmp_path / "out").mkdir()
    code, lines = dnc_in(*words, limit=("RLIMIT_FSIZE", 1 << 20))
    assert code == 4 and f"{tmp_path / 'out'}: the disk is full, or" in lines[-1] and "ulimit -f" in lines[-1]
    assert list((tmp_path / "out").iterdir()) == []


def python() -> None:
    """Bytes of Python."""
    bytearray(1 << 60)


def of_duckdb() -> None:
    """A sort beyond the limit of DuckDB."""
    with duckdb.connect(":memory:", config={"memory_limit": "4MB", "temp_directory": ""}) as con:
        con.execute("create table t as select i, md5(i::text) as m from range(1_000_000) r(i) order by m")


def of_arrow() -> None:
    """A buffer of Arrow."""
    pa = pytest.importorskip("pyarrow")
    pa.allocate_buffer(1 << 60)


def behind_another() -> None:
    """Another error in its place."""
    try:
        bytearray(1 << 60)
    except MemoryError:
        raise ValueError("statement x failed") from None


@pytest.mark.parametrize(
    ("work", "wanted"), [(python, False), (of_duckdb, True), (of_arrow, True), (behind_another, False)]
)
def test_an_allocation_that_fails_says_what_takes_less(work, wanted):
    """Of whichever library, also where another error was raised in its place; with the amount, where it is known."""
    with pytest.raises(Exception) as failed:
        work()
    text = str(shortage(failed.value))
    assert "--columns outcome" in text and (" more wanted)" in text) == wanted, (text, failed.value)
    assert shortage(ValueError("something else")) is None


def test_an_allocation_that_fails_in_a_check_is_4(dnc, write_file, monkeypatch):
    """No internal error; an amount that DuckDB tells."""
    monkeypatch.setattr("dnc.verdicts.judge.worded", lambda *_: of_duckdb())
    code, _, err = dnc("check", write_file("calls.csv", "number\n+33199000001\n"))
    assert code == 4 and err.startswith("dnc: out of memory (") and err.count("\n") == 1


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A folder on a disk of that size."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder]
    if not shutil.which("mount") or os.geteuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("a small disk wants root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """Leave no byte free on the disk of a folder."""
    with (folder / "filling").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def end_at_a_block(store: Store) -> None:
    """Let the log of a store end a little before the end of a block of the disk, so that no row fits into what is left."""
    log, sizes = store.journal.segments()[-1], []
    for _ in range(2):
        sizes.append(log.stat().st_size)
        left = -(2 * sizes[-1] - sizes[0]) % 4096 if len(sizes) > 1 else 0
        store.set_office({"name": "x" * max(0, left - 20)})
    assert -log.stat().st_size % 4096 < 200


@pytest.fixture
def full(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 1 MiB."""
    with small_disk(tmp_path / "full", 1) as folder:
        yield folder


@pytest.fixture
def full_store(tmp_path, write_file, monkeypatch) -> Iterator[Path]:
    """A store on a disk that was filled when it had a snapshot and an objection."""
    monkeypatch.setenv("DNC_TODAY", "2026-02-01")
    with small_disk(tmp_path / "full", 8) as folder:
        store = Store(folder / "store")
        store.load(write_file("own.csv", "number\n+33199000001\n"), registry="own", as_of=date(2026, 1, 1))
        end_at_a_block(store)
        fill(folder)
        yield store.path


@pytest.mark.parametrize(
    "words",
    some([
        ["load", "more.csv", "--registry", "own", "--as-of", "2026-02-01"],
        ["check", "calls.csv", "--region", "FR", "--out", "v.csv"],
        ["check", "calls.csv", "--region", "FR", "--out", "v.csv", "--keep"],
        ["vet", "calls.csv", "--region", "FR"],
        ["record", "objection", "+33199000002", "--on", "2026-01-01"],
        ["forget", "+33199000001"],
        ["retention", "decisions", "--months", "3"],
        ["key", "add", "dialler"],
    ], 4),
    ids=" ".join,
)  # fmt: skip
def test_the_full_disk_of_a_store_is_named(words, full_store, dnc, write_file):
    """By every verb that changes it, also where its output is on another disk; the store is as it was."""
    write_file("more.csv", "number\n" + "".join(f"+331990000{at:02}\n" for at in range(1, 60)))
    write_file("calls.csv", "number\n+33199000001\n")
    code, _, err = dnc(*words, "--store", full_store)
    assert code == 4 and err.splitlines()[-1].startswith(f"dnc: {full_store}: the disk is full")
    assert not Path("v.csv").exists()
    (full_store.parent / "filling").unlink()
    assert dnc("status", "--store", full_store)[0] == 0


@pytest.mark.parametrize(
    "words",
    [["backup", "FULL/copy"], ["export", "own", "--out", "FULL/own.csv"], ["person", "+33199000001", "--out", "FULL/letter.html"]],
    ids=" ".join,
)  # fmt: skip
def test_the_full_disk_of_an_output_is_named(words, full, dnc, write_file):
    """Whatever is written to it."""
    dnc("load", write_file("own.csv", "number\n+33199000001\n"), "--registry", "own", "--as-of", "2026-01-01")
    fill(full)
    code, _, err = dnc(*(word.replace("FULL", str(full)) for word in words))
    assert code == 4 and err.startswith(f"dnc: {full}") and "the disk is full" in err


def test_a_disk_that_nobody_named(full, write_file):
    """Such as that of stdout: it is said that a disk is full, and not that the program has a fault."""
    calls = write_file("calls.csv", CALLS)
    with (full / "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "dnc", "check", calls], check=False, stdout=out, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 4 and "the disk of the output, or of" in done.stderr


def test_a_full_disk_at_the_desk(full_store):
    """A page that says so, and no internal error."""
    from tests.desk.conftest import running

    with running(Store(full_store)) as desk:
        answer = desk.browser().post("/checks", files={"list": ("calls.csv", CALLS.encode())})
    assert answer.status_code == 507 and f"{full_store}: the disk is full" in answer.text


@pytest.mark.parametrize("name", some(["v.csv", "v.parquet", "v.xlsx", "v.jsonl"], 2))
def test_a_full_disk_is_named(full, write_file, name):
    """That of the output which met it, and not of the one beside it; nothing is left on it."""
    calls = write_file("calls.csv", CALLS)
    beside = calls.parent / "v.csv"
    code, lines = dnc_in("check", calls, "--columns", "why", "--out", beside, "--out", full / name)
    assert code == 4 and f"{full}: the disk is full" in lines[-1]
    assert not beside.exists() and not list(full.iterdir())


def test_a_full_temporary_folder_is_named(full, write_file):
    """A pipe that does not fit is said to be no fault of the pipe."""
    calls = write_file("calls.csv", CALLS)
    command = f"cat {calls} | {sys.executable} -m dnc check - --out {calls.parent / 'v.csv'}"
    done = subprocess.run(
        ["sh", "-c", command], check=False, capture_output=True, text=True, env=os.environ | {"TMPDIR": str(full)}
    )
    assert done.returncode == 4 and f"{full}: the disk is full" in done.stderr and "TMPDIR" in done.stderr


def test_a_job_of_the_desk_says_what_takes_less():
    """As a verb does."""
    job = Job(None)
    job.run(lambda _: python())
    assert job.state == "failed" and job.error.startswith("out of memory")


def test_messages_as_json(dnc, write_file, monkeypatch):
    """Each line on stderr is an object, also of an error and by the variable; stdout stays what it is."""
    calls = write_file("calls.csv", "number\n+33199000001\n")
    code, out, err = dnc("--log-json", "check", calls, "--region", "FR")
    assert code == 3 and out.startswith("number,dnc_number")
    lines = [json.loads(line) for line in err.splitlines()]
    assert lines and all(line.keys() == {"level", "message"} and line["level"] == "info" for line in lines)
    assert "199000001" not in err
    monkeypatch.setenv("DNC_LOG_JSON", "1")
    for words, ends in ((["check", "none.csv"], 4), (["check", calls, "--nonsense"], 2)):
        code, out, err = dnc(*words)
        assert (code, out) == (ends, "")
        assert json.loads(err) | {"message": ""} == {"level": "error", "message": "", "code": ends}
    monkeypatch.delenv("DNC_LOG_JSON")
    assert dnc("check", "none.csv")[2].startswith("dnc: ")
