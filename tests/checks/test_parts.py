"""Checks that write into a folder part by part: interrupted, gone on with, shared, and proved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from dnc import InputError, OptionError, Parts, check
from dnc.api import replay
from dnc.checks.certificate import certify, read_certificate
from dnc.files import output_file
from dnc.files.signing import Signer, new_key
from tests import ALL, SALE

PLACES = ["FR", "", "Île de Ré", "a/b=c"]
TOLD = {"region": "FR", "at": "2026-08-03T10:30", "given": {key: SALE[key] for key in SALE if key != "objected_on"}}
# Ends the process before the file of this number gets its name.
DEADLY = """
import os, sys
from dnc.files import output_file
move, left = output_file.move_into_place, int(sys.argv.pop(1))
def deadly(*paths):
    global left
    left -= 1
    os.kill(os.getpid(), 9) if left < 0 else move(*paths)
output_file.move_into_place = deadly
from dnc.cli.main import cli
cli()
"""


@pytest.fixture
def calls(write_file) -> list[Path]:
    """A list in four files, the last of which has an objection to a number in the first."""
    numbers = [[f"+331990000{part}{row}" for row in range(6)] for part in range(4)]
    lines = [[f"{number},{PLACES[at % 4]},none" for at, number in enumerate(part)] for part in numbers]
    lines[3].append(f"{numbers[0][0]},FR,2026-01-01")
    return [
        write_file(f"{part}.csv", "\n".join(["number,place,objected_on", *rows, ""])) for part, rows in enumerate(lines)
    ]


def tree(folder: Path) -> dict[str, bytes]:
    """The files of a finished check, without its row of the log."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(found.pop("_manifest.json"))
    assert {file["path"] for file in manifest["files"]} == {name for name in found if not name.startswith("_")}
    del manifest["check"], manifest["log_head"]
    return found | {"_manifest.json": json.dumps(manifest).encode()}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_interrupted_check_goes_on_and_gives_the_same_files(calls, store, tmp_path, monkeypatch, form):
    """Wherever it is interrupted: the same files, counts and proof, and parts that are whole are not made again."""
    by = Parts(["place"], form)
    whole = check(calls, store, out=tmp_path / "whole", parts=by, **TOLD)
    files = tree(tmp_path / "whole")
    move, made = output_file.move_into_place, list[str]()

    def interrupted(unfinished: Path, path: Path) -> None:
        if len(made) == point:
            raise KeyboardInterrupt
        made.append(path.relative_to(tmp_path).as_posix())
        move(unfinished, path)

    monkeypatch.setattr(output_file, "move_into_place", interrupted)
    last = len(files) - 1
    points = range(last + 1) if ALL else (0, 4, last) if form == "csv" else (4,)
    for at in points:
        point = at
        made.clear()
        with pytest.raises(KeyboardInterrupt):
            check(calls, store, out=tmp_path / f"{point}", parts=by, **TOLD)
        done, folder, point = {name for name in made if name.endswith(".json")}, tmp_path / f"{at}", -1
        made.clear()
        again = check(calls, store, out=folder, parts=Parts(["place"], form, resume=True), **TOLD)
        assert (tree(folder), again.counts, again.given) == (files, whole.counts, whole.given)
        assert not done & set(made)
    assert replay(store, again.id, calls).same


def test_the_rows_are_those_of_a_check_into_one_file(calls, store, tmp_path):
    """Row by row, with an objection in another part; other engines read the folder, and so do we."""
    plain = check(calls, store, **TOLD)
    parts = check(calls, store, out=tmp_path / "v", parts=Parts(["place"], "parquet"), **TOLD)
    assert parts.counts == plain.counts and parts.elsewhere == plain.elsewhere == 1
    assert (parts.rows, parts.repeated, parts.persons) == (25, None, None)
    files = str(tmp_path / "v/place=*/*.parquet")
    rows = pl.read_parquet(files, hive_partitioning=True).sort("dnc_number", "objected_on")
    assert rows.height == 25 and set(rows["place"]) == {"FR", None, "Île de Ré", "a/b=c"}
    names = plain.verdicts.drop("place").columns
    assert rows.select(names).equals(plain.verdicts.select(names).sort("dnc_number", "objected_on"))
    again = check(tmp_path / "v", store, changed=True, **TOLD)
    assert (again.rows, again.given.total()) == (25, 0)


def test_a_killed_check_goes_on(calls, store, tmp_path):
    """`kill -9` between two files: what was half written goes, and the rest is as without it."""
    facts = [word for name, fact in TOLD["given"].items() for word in ("--set", f"{name}={fact}")]
    options = ["--store", store.path, "--region", "FR", "--at", TOLD["at"], "--partition-by", "place", *facts]
    words = ["check", *calls, *options, "--exit-zero", "--quiet", "--out", tmp_path / "v", "--resume"]
    for files, code in ((8, -9), (1_000, 0)):
        command = [sys.executable, "-c", DEADLY, str(files), *map(str, words)]
        assert subprocess.run(command, check=False, env=os.environ).returncode == code
        assert (code == 0) == (not list((tmp_path / "v").rglob(".dnc-*")))
    check(calls, store, out=tmp_path / "whole", parts=Parts(["place"]), **TOLD)
    assert tree(tmp_path / "v") == tree(tmp_path / "whole")


def test_workers_share_a_check(calls, store, tmp_path):
    """Each decides its parts and logs nothing; the end makes one row of the log, which certifies and replays."""
    plain = check(calls, store, out=tmp_path / "whole", parts=Parts(), **TOLD)
    for worker in (2, 1):
        share = check(calls, store, out=tmp_path / "v", parts=Parts(share=(worker, 3)), **TOLD)
        assert (share.id, share.rows, store.log().height) == (0, 19 if worker == 1 else 6, plain.id)
    done = check(calls, store, out=tmp_path / "v", parts=Parts(resume=True), **TOLD)
    assert (done.id, done.counts, tree(tmp_path / "v")) == (plain.id + 1, plain.counts, tree(tmp_path / "whole"))
    assert replay(store, done.id, calls).same
    new_key(key := tmp_path / "key")
    certificate, _ = read_certificate(certify(store, done.id, Signer(key)))
    assert certificate.input.rows == 25


def test_a_part_whose_counts_a_worker_made_up_does_not_replay(calls, store, tmp_path):
    """Who can write to the folder can say what its parts are; the log then has what they say."""
    check(calls, store, out=tmp_path / "v", parts=Parts(share=(1, 1)), **TOLD)
    for part in (tmp_path / "v" / "_parts").glob("0*.json"):
        part.write_text(part.read_text().replace('"blocked"', '"clear"').replace('"undecided"', '"clear"'))
    done = check(calls, store, out=tmp_path / "v", parts=Parts(resume=True), **TOLD)
    assert done.counts["clear"] == 25
    assert not replay(store, done.id, calls).same


def test_what_is_not_the_same_is_refused(calls, store, tmp_path):
    """Another list, other settings, another state of the store, a folder in use, a damaged part: each by its name."""
    at = tmp_path / "v"
    check(calls, store, out=at, parts=Parts(share=(1, 2)), **TOLD)

    def resumed(path: object = calls, **options: object) -> object:
        return check(path, store, out=at, **{"parts": Parts(resume=True)} | TOLD | options)

    with pytest.raises(InputError, match="with another list"):
        resumed(calls[:3])
    with pytest.raises(InputError, match="with other settings"):
        resumed(at="2026-08-04")
    with pytest.raises(InputError, match="with other settings"):
        resumed(parts=Parts(["place"], resume=True))
    with pytest.raises(InputError, match="is not empty"):
        resumed(parts=Parts())
    (tmp_path / "own.csv").write_text("number\n+33199000001\n")
    whole = resumed()
    with pytest.raises(InputError, match="is complete"):
        resumed()
    (at / "_manifest.json").unlink()
    (at / "000002.csv").write_bytes((at / "000002.csv").read_bytes().replace(b"clear", b"clean"))
    assert resumed().counts == whole.counts and b"clean" not in (at / "000002.csv").read_bytes()
    (at / "_manifest.json").unlink()
    store.load(tmp_path / "own.csv", registry="own", as_of=date(2026, 8, 1))
    with pytest.raises(InputError, match="changed in the store"):
        resumed()
    (at / "_parts/000001.json").write_text("{}")
    with pytest.raises(InputError, match=r"_parts/000001\.json was not written by this program"):
        resumed()
    for by, match in ((["number"], "telephone numbers"), (["dnc_number"], "telephone"), (["land"], "no column")):
        with pytest.raises(OptionError, match=match):
            check(calls, store, out=tmp_path / "w", parts=Parts(by), **TOLD)
    (tmp_path / "w").mkdir()
    (tmp_path / "w/mine.txt").touch()
    with pytest.raises(InputError, match="is not empty"):
        check(calls, store, out=tmp_path / "w", parts=Parts(resume=True), **TOLD)
    with pytest.raises(OptionError, match="one folder"):
        check(calls, store, out=[tmp_path / "w", tmp_path / "x.csv"], parts=Parts(), **TOLD)
