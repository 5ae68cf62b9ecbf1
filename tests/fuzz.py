"""Fuzzing of readers and of number reading, by hand and for a bounded time: no crash, no hang, no lost row.

`python -m tests.fuzz TARGET [SECONDS]` runs one target under atheris, which is guided by the coverage of our own
modules; `python -m tests.fuzz` runs all of them, 60 seconds each unless told, and writes the figures into
docs/reliability.md. `tests/files/test_fuzz.py` runs the same targets under Hypothesis for a moment.
"""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl

from dnc.database import engine
from dnc.errors import InputError
from dnc.files.archive import members
from dnc.files.open_table import open_table
from dnc.numbers.numbering_plans import known_regions
from dnc.numbers.reader import read_number
from dnc.registries.ingest import readings, take
from dnc.store.loader_search import loader_for, loaders
from tests.number_twin import read_numbers

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "reliability.md"
SECONDS = 60
_REGIONS = [None, *known_regions()]
_SEEDS = {"numbers": [b"\x01+33 1 99 00 00 01", b"\x4d0639 98 12 34 ext. 5", b"\x10(0)20 7946 0123"]}


def numbers(data: bytes) -> None:
    """A cell in a region: no error, at most 15 digits, the same by the million as one by one, and the same read again."""
    region = _REGIONS[data[0] % len(_REGIONS)] if data else None
    text = data[1:].decode("utf-8", "replace")
    read = read_number(text, region)
    assert (read.number is None) == bool(read.unread)
    many = read_numbers(
        pl.DataFrame({"text": [text], "region": [region]}, schema={"text": pl.String, "region": pl.String})
    )
    assert many["number"].item() == read.number
    if read.number is not None:
        assert len(str(read.number)) <= 15
        # A zero behind the calling code is none of a number's but in few countries, and some other number without it.
        again = read_number(f"+{read.number}", None).number
        assert again == read.number or str(read.number).removeprefix(read.kind.code).startswith("0")


def tables(data: bytes) -> None:
    """A file of planned calls: rows, or one line that says what is wrong; where no quote could join lines, each line is a row."""
    suffix = ("csv", "jsonl", "txt")[data[0] % 3] if data else "csv"
    with _file(f"calls.{suffix}", data[1:]) as path:
        try:
            table = open_table(path)
            rows = sum(batch.height for batch in table.batches)
        except InputError:
            return
        text = data[1:].decode("ascii", "ignore")
        if table.kind == "csv" and data[1:].isascii() and not set('"\0') & set(text):
            lines = [line for line in re.split(r"\r\n|\r|\n", text)[table.skipped :] if line]
            assert rows == max(len(lines) - 1, 0), (rows, len(lines))


def extracts(data: bytes) -> None:
    """A registry's file: refused, or every row is listed, clear, unknown or unread."""
    known = list(loaders())
    registry = known[data[0] % len(known)] if data else known[0]
    means = (None, "listed", "callable")[data[1] % 3] if len(data) > 1 else None
    with _file("extract.csv", data[2:]) as path:
        try:
            loader, extract = loader_for(path, registry, means=means, as_of=date(2026, 8, 1))
            rows = [
                (frame.height, frame.filter(frame["unread"].is_null())["number"].null_count())
                for frame in readings(loader, extract)
            ]
            assert all(numberless == 0 for _, numberless in rows)
            if len(data) % 8:  # the whole way is a hundred times slower
                return
            with engine(path.parent) as con:
                taken = take(loader, extract, path.parent, con)
        except InputError:
            return
        kept = pl.scan_parquet(taken.listings, glob=False).select(pl.len()).collect().item()
        read = taken.counts["listed"] + taken.counts["clear"] + taken.counts["unknown"]
        assert bool(kept) == bool(read)
        assert sum(height for height, _ in rows) == sum(taken.counts.values())


def archives(data: bytes) -> None:
    """An archive, whole or harmed: refused, or read to its end."""
    kind = data[0] % 3 if data else 0
    with _file("list.zip" if kind else "list.csv.gz", _packed(kind, data[1:])) as path:
        try:
            for member in members(path):
                for block in member.blocks():
                    assert block
        except InputError:
            return


def _packed(kind: int, data: bytes) -> bytes:
    """Bytes as they are, or packed and then harmed where the bytes say so."""
    if kind == 0:
        return data
    packed = io.BytesIO()
    if kind == 1:
        packed.write(gzip.compress(data, mtime=0))
    else:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", data)
    harmed = bytearray(packed.getvalue())
    for at in range(0, len(data) - 1, 16):
        harmed[data[at] * 7 % len(harmed)] ^= data[at + 1] & 0x11
    return bytes(harmed)


class _file:  # noqa: N801 (used as a function)
    """A file of some bytes in a folder of its own."""

    def __init__(self, name: str, data: bytes) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / name
        self._path.write_bytes(data)

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "numbers": numbers,
    "tables": tables,
    "extracts": extracts,
    "archives": archives,
}


def seeds(target: str) -> Iterator[bytes]:
    """Inputs to begin with: what the tests have as fixtures."""
    yield from _SEEDS.get(target, ())
    for number, path in enumerate(sorted((HERE / "loaders").glob("*"))):
        if target == "extracts" and path.stat().st_size < 4096:
            known = list(loaders())
            own = [at for at, name in enumerate(known) if name.replace("-", "_") in path.name]
            yield bytes([own[0] if own else number % len(known), number % 3]) + path.read_bytes()
        elif target in ("tables", "archives") and path.stat().st_size < 4096:
            yield bytes([number % 3]) + path.read_bytes()


def fuzz(target: str, seconds: int) -> None:
    """Run one target under atheris; ends the process."""
    import atheris

    for name in (
        "dnc.numbers.reader",
        "dnc.numbers.numbering_plans",
        "dnc.numbers.bulk_reader",
        "dnc.numbers.normalise",
        "dnc.numbers.ranges",
        "dnc.files.csv_reader",
        "dnc.files.table",
        "dnc.files.open_table",
        "dnc.files.encoding",
        "dnc.files.archive",
        "dnc.registries.ingest",
        "dnc.registries.contract",
        "dnc.files.fixed_width",
        "registry_loaders.gb_tps",
        "registry_loaders.us_ndnc",
    ):
        module = sys.modules.get(name)
        for value in vars(module).values() if module else ():
            if getattr(value, "__module__", None) == name and callable(value) and hasattr(value, "__code__"):
                setattr(module, value.__name__, atheris.instrument_func(value))
    corpus = Path(tempfile.mkdtemp())
    for number, seed in enumerate(seeds(target)):
        (corpus / str(number)).write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        "-max_len=4096",
        "-timeout=20",
        "-rss_limit_mb=4000",
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], *options, f"-artifact_prefix={tempfile.gettempdir()}/dnc-fuzz-", str(corpus)], TARGETS[target]
    )
    atheris.Fuzz()


def main(seconds: int) -> None:
    """Run all targets, each in a process of its own, and write the figures."""
    lines = ["| target | seconds | inputs | edges of our code | crashes, hangs, lost rows |", "|---|---|---|---|---|"]
    for target in TARGETS:
        command = [sys.executable, "-m", "tests.fuzz", target, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        runs = re.findall(r"Done (\d+) runs", done.stderr)
        edges = re.findall(r"cov: (\d+)", done.stderr)
        found = 0 if done.returncode == 0 and runs else 1
        lines.append(
            f"| {target} | {seconds} | {int(runs[0]) if runs else 0:,} | {edges[-1] if edges else 0} | {found} |"
        )
        print(lines[-1], flush=True)
        if found:
            print(done.stderr[-3000:])
    block = "<!-- generated: fuzz -->\n" + "\n".join(lines) + "\n<!-- end -->"
    page = PAGE.read_text(encoding="utf-8")
    page = re.sub(r"<!-- generated: fuzz -->\n.*?<!-- end -->", lambda _: block, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    told = sys.argv[1:]
    if told and told[0] in TARGETS:
        fuzz(told[0], int(told[1]) if len(told) > 1 else SECONDS)
    else:
        main(int(told[0]) if told else SECONDS)
