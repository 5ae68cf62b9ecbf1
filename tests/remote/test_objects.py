"""Lists in an object store, outputs into it, and backups there and back."""

from __future__ import annotations

import io
from datetime import date

import obstore
import polars as pl
import pytest
from obstore.store import from_url

from dnc import InputError, Store, check
from dnc.files import objects

CALLS = "number,call\n+33199000001,1\n+33199000002,2\n"
TOLD = {"caller": "survey", "voice": "human"}


def put(url: str, content: bytes) -> None:
    """An object with some content."""
    store, path = from_url("s3://lists"), url.removeprefix("s3://lists/")
    obstore.put(store, path, content)


def test_a_list_and_its_verdicts_in_a_bucket(bucket, store, dnc, tmp_path):
    """The same as by files, also on the command line; each output appears under its name."""
    put(f"{bucket}/calls.csv", CALLS.encode())
    words = ["--set", "caller=survey", "--set", "voice=human", "--quiet", "--store", store.path]
    outs = [one for name in ("v.csv", "v.parquet", "v.jsonl", "report.html") for one in ("--out", f"{bucket}/{name}")]
    assert dnc("check", f"{bucket}/calls.csv", *words, *outs)[::2] == (3, "")
    (tmp_path / "calls.csv").write_text(CALLS)
    by_file = check(tmp_path / "calls.csv", store, given=TOLD).verdicts
    assert check(f"{bucket}/calls.csv", store, given=TOLD).verdicts.equals(by_file)
    copy = objects.download(bucket, tmp_path)
    assert sorted(one.name for one in copy.iterdir()) == ["calls.csv", "report.html", "v.csv", "v.jsonl", "v.parquet"]
    assert pl.read_parquet(copy / "v.parquet")["dnc_why"].to_list() == by_file["dnc_why"].to_list()


def test_a_partitioned_list(bucket, store):
    """All Parquet files below a URL are one list, with the columns in the names of their folders."""
    for part in (1, 2):
        content = io.BytesIO()
        pl.DataFrame({"number": [f"+3319900000{part}"]}).write_parquet(content)
        put(f"{bucket}/calls/source=members/part-{part}.parquet", content.getvalue())
    done = check(f"{bucket}/calls", store, given=TOLD)
    assert done.verdicts.select("number", "source").rows() == [("+33199000001", "members"), ("+33199000002", "members")]


def test_what_is_not_there_is_one_sentence(bucket, store):
    """No object, no bucket, no server: a sentence that names the URL, and nothing of the keys."""
    with pytest.raises(InputError, match="no such object"):
        check(f"{bucket}/none.csv", store)
    with pytest.raises(InputError, match="cannot be"):
        check("s3://no-such-bucket/calls.csv", store)
    put(f"{bucket}/calls.csv", b"nobody,here\n1,2\n")
    with pytest.raises(InputError, match=r"^calls\.csv:1: no column 'number'"):
        check(f"{bucket}/calls.csv", store)


def test_a_backup_goes_there_and_comes_back(bucket, store, dnc, write_file, tmp_path):
    """Restored from the bucket, the store verifies; without its head a backup is none; nothing is overwritten."""
    store.load(write_file("own.csv", "number\n+33199000001\n"), as_of=date(2026, 11, 1), registry="own")
    assert dnc("backup", f"{bucket}/night", "--store", store.path)[0] == 0
    assert dnc("backup", f"{bucket}/night", "--store", store.path)[0] == 4
    other = Store(tmp_path / "other")
    assert dnc("restore", f"{bucket}/night", "--store", other.path)[0] == 0
    assert dnc("status", "--store", other.path)[0] == 0
    assert [one.sha256 for one in other.snapshots()] == [one.sha256 for one in store.snapshots()]
    obstore.delete(from_url("s3://lists"), [f"{bucket.removeprefix('s3://lists/')}/night/head"])
    assert dnc("restore", f"{bucket}/night", "--store", tmp_path / "third")[0] == 4


def test_every_verb_that_reads_a_file_reads_an_object(bucket, store, dnc, tmp_path, monkeypatch):
    """Said by the name that was typed, or by that of the object, and never by that of its copy."""
    url, here = f"{bucket}/calls.csv", ("--store", store.path)
    put(url, CALLS.encode())
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    for words, ends, says in (
        (["explain", url, "--row", "2"], 3, "+33199000002"),
        (["brief", url], 0, "of calls.csv"),
        (["load", "--preview", url, "--registry", "own"], 0, "+33199000001,yes,"),
        (["load", url, "--registry", "own", "--as-of", "2026-11-01"], 0, f"{url}: own opt-out list (own) as of"),
        (["vet", url, "--against", url], 0, "2"),
        (["check", f"{bucket}/none.csv"], 4, f"{bucket}/none.csv: there is no such object"),
        (["vet", url, "--against", f"{bucket}/none.csv"], 4, f"{bucket}/none.csv: there is no such object"),
    ):
        code, out, err = dnc(*here, *words)
        assert (code, says in out + err, "/tmp" in out + err) == (ends, True, False), (words, code, out, err)


def test_a_bucket_that_is_not_there_is_said_as_such(bucket, store):
    """Of the list as of the verdicts; nothing is made of it."""
    rows = pl.DataFrame({"number": ["+33199000001"]})
    with pytest.raises(InputError, match="there is no such bucket"):
        check(rows, store, out="s3://nowhere/verdicts.parquet")
    with pytest.raises(InputError, match="there is no such bucket"):
        check("s3://nowhere/calls.parquet", store)
