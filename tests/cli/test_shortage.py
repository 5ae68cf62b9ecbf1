"""Memory and disks that do not suffice: one line that says what to do, and exit code 4."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from dnc.errors import memory_shortage

NOTES = (hashlib.sha256(str(at).encode()).hexdigest() for at in range(60_000))  # which no format makes smaller
CALLS = "number,note\n" + "".join(f"+33199000001,{note}\n" for note in NOTES)


def dnc_in(*words: object, before: object = None, **env: str) -> tuple[int, list[str]]:
    """The command line in a process of its own: exit code, and lines on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "dnc", *map(str, words)],
        check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=os.environ | env, preexec_fn=before,
    )  # fmt: skip
    return done.returncode, done.stderr.splitlines()


def test_a_limit_of_addresses_that_no_engine_survives_is_said_at_once(write_file):
    """Within less, the libraries abort or hang; help works."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1000 << 20, 1000 << 20))

    code, [line] = dnc_in("check", write_file("calls.csv", "number\n+33199000001\n"), before=limited)
    assert code == 4 and "limited to 1,000 MiB" in line and "ulimit -v" in line
    assert dnc_in("--help", before=limited) == (0, [])


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
    text = str(memory_shortage(failed.value))
    assert "--columns outcome" in text and (" more wanted)" in text) == wanted, (text, failed.value)
    assert memory_shortage(ValueError("something else")) is None


def test_an_allocation_that_fails_in_a_check_is_4(dnc, write_file, monkeypatch):
    """No internal error; an amount that DuckDB tells."""
    monkeypatch.setattr("dnc.checks.judge.worded", lambda *_: of_duckdb())
    code, _, err = dnc("check", write_file("calls.csv", "number\n+33199000001\n"))
    assert code == 4 and err.startswith("dnc: out of memory (") and err.count("\n") == 1


@pytest.fixture
def full(tmp_path) -> Path:
    """A folder on a disk of 1 MiB."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = shutil.which("mount") and os.geteuid() == 0
    if (
        not mounted
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("a small disk wants root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("name", ["v.csv", "v.parquet", "v.xlsx", "v.jsonl"])
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
