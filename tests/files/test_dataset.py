"""A list in several files, or in a folder of partitioned Parquet, is decided as the same rows in one file are."""

from __future__ import annotations

import hashlib
import json
import os

import polars as pl
import pytest

from dnc import InputError, check, vet
from dnc.api import replay
from dnc.files.dataset import file_list
from dnc.lists.brief import Brief
from tests.conftest import SAMPLES

AT = {"region": "FR", "at": "2026-08-10T10:30"}
READ = AT | {"brief": Brief(around="read")}
SHOP = (SAMPLES / "shop.csv").read_text(encoding="utf-8")
NUMBERS = ["0199000001", "01 99 00 00 02", None, "0261910810", "0639980001"]


@pytest.fixture
def dataset(tmp_path):
    """A folder partitioned by two keys, as engines write it: one file without rows, and files of their own."""
    folder = tmp_path / "offer"
    parts = {
        "caller=political/call_at=2017-04-18/part-0.parquet": NUMBERS[:2],
        "caller=commercial/call_at=2026-08-10T10%3A30/part-0.parquet": NUMBERS[2:4],
        "caller=commercial/call_at=2026-08-10T10%3A30/part-1.parquet": NUMBERS[4:],
        "caller=commercial/call_at=__HIVE_DEFAULT_PARTITION__/part-0.parquet": [],
        "_temporary/0/part-9.parquet": ["half"],
    }
    for name, numbers in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"number": numbers}, schema={"number": pl.String}).write_parquet(path)
    (folder / "_SUCCESS").touch()
    return folder


def halves(write_file) -> list:
    """The sample in two files: the second one with other line ends, delimiter and encoding."""
    header, *rows = SHOP.splitlines()
    first = write_file("a.csv", "\n".join([header, *rows[:2]]) + "\n")
    rest = "\r\n".join(["An export", header, *rows[2:]]).replace(";", ",")
    return [first, write_file("b.csv", rest.encode("utf-16"))]


def test_several_files_come_out_as_one(dnc, screened, write_file):
    """The same bytes, one row in the log, and what was left out of each is counted."""
    one = dnc("check", SAMPLES / "shop.csv", "--region", "FR", "--at", AT["at"], "--store", screened.path)
    parts = halves(write_file)
    refused = dnc("check", *parts, "--region", "FR", "--at", AT["at"], "--store", screened.path)
    assert (refused[0], "text around the table, which may be about its rows (texts: 1;" in refused[2]) == (2, True)
    told = ("--region", "FR", "--at", AT["at"], "--around", "read")
    many = dnc("check", *parts, *told, "--store", screened.path)
    assert many[:2] == one[:2]
    assert "Lines skipped before the header: 1" in many[2]
    *_, before, last = (json.loads(detail) for detail in screened.log()["detail"])
    assert last["input"] == ["a.csv", "b.csv"]
    assert last["counts"] == before["counts"]
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in parts)
    kept = screened.hashes(int(screened.log()["seq"][-1]))
    assert kept["sha256"] == hashlib.sha256(lines.encode()).hexdigest()


def test_a_folder_is_read_with_its_keys_in_the_order_of_its_paths(screened, dataset):
    """Keys are columns of text, behind those of the files; a file without rows and an engine's own files add nothing."""
    rows = check(dataset, screened, region="FR", given={"voice": "recorded"}).verdicts
    assert rows.columns[:3] == ["number", "caller", "call_at"]
    at = "2026-08-10T10:30"
    told = [
        *((number, "commercial", at) for number in NUMBERS[2:]),
        *((n, "political", "2017-04-18") for n in NUMBERS[:2]),
    ]
    assert rows.select("number", "caller", "call_at").rows() == told
    assert rows["dnc_missing"][0] == "number"


def test_a_file_with_its_suffix_in_capitals_is_not_left_out(screened, tmp_path):
    """Its rows would be missing, and so would the objections in them."""
    folder = tmp_path / "offer"
    folder.mkdir()
    for name in ("a.parquet", "B.PARQUET"):
        pl.DataFrame({"number": ["0199000001"]}).write_parquet(folder / name)
    assert check(folder, screened, **AT).rows == 2


def test_several_lists_are_decided_in_bounded_frames_of_one_type_or_another(screened, tmp_path):
    """A number that one file holds as text and the next as an integer is the same; so is the output as Parquet."""
    pl.DataFrame({"number": ["+33199000001"]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"number": [33199000002]}).write_parquet(tmp_path / "b.parquet")
    out = tmp_path / "out" / "all.parquet"
    out.parent.mkdir()
    check([tmp_path / "a.parquet", tmp_path / "b.parquet"], screened, **AT, out=out)
    assert pl.read_parquet(out)["dnc_number"].to_list() == ["+33199000001", "+33199000002"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("b.csv", "caller,number\npress,0199000001\n", "b.csv:1: has other columns, or in another order, than a.csv"),
        ("b.csv", "", "b.csv: the file is empty"),
        ("c.csv", "number\n", "b.csv: cannot be read"),
    ],
)
def test_the_file_that_does_not_fit_is_named(dnc, screened, write_file, name, content, says):
    """Nothing is written and nothing logged where one of the files is not like the others."""
    write_file("a.csv", "number,caller\n0199000001,press\n")
    write_file(name, content)
    before = screened.log().height
    code, out, err = dnc("check", "a.csv", "b.csv", "--out", "o.csv", "--store", screened.path)
    assert (code, out, says in err, len(err.splitlines())) == (4, "", True, 1)
    assert not (screened.path.parent / "o.csv").exists()
    assert screened.log().height == before


def test_a_file_that_changes_is_named(screened, write_file):
    """Of several files too, what was read is what the log says."""
    parts = halves(write_file)
    with pytest.raises(InputError, match=r"b\.csv: changed while it was read"):
        check(parts, screened, **READ, progress=lambda _: parts[1].write_text(SHOP + "\n"))


def test_a_folder_and_its_file_that_differ_are_both_heard(screened, tmp_path):
    """A cell that contradicts the name of its folder says both, which is no word of its column; else they are one."""
    path = tmp_path / "offer" / "objected_on=2026-05-01" / "related=True" / "a.parquet"
    path.parent.mkdir(parents=True)
    told = {"objected_on": ["none", None, "2026-05-01"], "related": [True, False, None]}
    pl.DataFrame({"number": NUMBERS[:1] * 3, **told}).write_parquet(path)
    rows = check(path.parents[2], screened, **AT, given={"caller": "commercial"}).verdicts
    assert rows["objected_on"].to_list() == ["none / 2026-05-01", "2026-05-01", "2026-05-01"]
    assert rows["related"].to_list() == ["true", "false / True", "True"]
    assert rows["dnc_outcome"].unique().to_list() == ["blocked"]


def test_a_folder_that_cannot_be_read_is_not_left_out(dataset, monkeypatch):
    """A partition is never dropped in silence."""
    scandir = os.scandir

    def closed(path):
        if str(path).endswith("caller=political"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", closed)
    with pytest.raises(InputError, match="caller=political: cannot be read: Permission denied"):
        file_list(dataset)


def test_a_list_of_several_files_is_decided_again(dnc, screened, dataset, write_file):
    """The same files in the same order, by their names in the working directory or wherever they lie."""
    parts = halves(write_file)
    first, second = (check(one, screened, **READ).id for one in (parts, dataset))
    assert dnc("replay", first, "--store", screened.path)[0] == 0
    assert dnc("replay", second, "--store", screened.path)[0] == 0
    moved = dataset.rename(dataset.with_name("moved"))
    assert replay(screened, second, moved).same
    with pytest.raises(InputError, match=r"b\.csv a\.csv: is not the file of check"):
        replay(screened, first, parts[::-1])
    (moved / "caller=commercial").rename(moved / "caller=charity")
    with pytest.raises(InputError, match="is not the file of check"):
        replay(screened, second, moved)


def test_the_page_names_what_was_named(screened, write_file):
    """A page of a list in many files names the first of them."""
    parts = [*halves(write_file), write_file("c.csv", SHOP)]
    out = parts[0].with_name("page.html")
    result = check(parts, screened, **READ, out=out)
    assert result.files.name == "a.csv b.csv …"
    assert "a.csv b.csv …" in out.read_text(encoding="utf-8")


def test_an_offer_in_several_files_is_vetted_as_one(dnc, screened, dataset, write_file):
    """A vetting takes what a check takes, also as what is held already."""
    parts = halves(write_file)
    one, many = (vet(path, screened, **READ) for path in (SAMPLES / "shop.csv", parts))
    assert many.cells.equals(one.cells)
    held = dnc(
        "vet",
        *parts,
        "--region",
        "FR",
        "--brief",
        write_file("b.toml", 'around = "read"'),
        "--against",
        dataset,
        "--json",
        "--store",
        screened.path,
    )
    assert json.loads(held[1])["offer"]["held"] == {"offer": 1}
