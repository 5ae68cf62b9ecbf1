"""Files made to fill the memory, to take for ever or to say something else than they hold, and what they cost.

`python -m tests.attacks [NAME]...` makes each file, runs the verb that reads it in a child, and prints rows of
Markdown: the attack, the size of its file, the answer, the peak memory of all processes together, and seconds of
processor time. The tests take the same files, so there is one place for them.
"""

# ruff: noqa: PLW0108 - a file is made when it is tried, not when this is imported

from __future__ import annotations

import gzip
import io
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl
import xlsxwriter

CHECK = ("check", "FILE", "--region", "FR", "--ignore", "*", "--quiet", "--out", "out.csv")
LOAD = ("load", "FILE", "--registry", "own", "--as-of", "2026-01-01")
BRIEF = ("check", "plain.csv", "--brief", "FILE", "--out", "out.csv")
CH = ("load", "FILE", "--registry", "ch-directory", "--as-of", "2026-01-01")
NDNC = ("load", "FILE", "--registry", "us-ndnc", "--as-of", "2026-01-01")
READ = "is read"
TOO_WIDE = "at most 2,000 are looked at"
SECONDS = 100  # processor time of a child, at most
_TICK = 0.02


class Attack(NamedTuple):
    """A hostile file.

    name: of the file, whose suffix says what it is. make: returns its content. verb: the words that read it, `FILE` in
    place of its name. answer: a part of the message with which it is refused, or `READ`. gigabytes: of memory, at most.
    """

    name: str
    make: Callable[[], bytes]
    answer: str
    verb: tuple[str, ...] = CHECK
    gigabytes: float = 1.5


class Cost(NamedTuple):
    """What a run took. code: its exit code. message: its last line on stderr. size, memory: bytes. seconds: processor time."""

    size: int
    code: int
    message: str
    memory: int
    seconds: float


def text(*parts: str) -> Callable[[], bytes]:
    """A text."""
    return lambda: "".join(parts).encode()


def frame(make: Callable[[], pl.DataFrame], **options: object) -> Callable[[], bytes]:
    """A Parquet file of a frame."""

    def made() -> bytes:
        out = io.BytesIO()
        make().write_parquet(out, **options)
        return out.getvalue()

    return made


def zipped(members: Callable[[], dict[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> Callable[[], bytes]:
    """A zip."""

    def made() -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, data in members().items():
                archive.writestr(name, data)
        return out.getvalue()

    return made


def sheet(fill: Callable[[xlsxwriter.worksheet.Worksheet], None]) -> Callable[[], bytes]:
    """An XLSX with one sheet."""

    def made() -> bytes:
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
            fill(book.add_worksheet())
        return out.getvalue()

    return made


def repeated_strings(rows: int, columns: int, length: int) -> Callable[[xlsxwriter.worksheet.Worksheet], None]:
    """One long text in all cells."""

    def fill(of: xlsxwriter.worksheet.Worksheet) -> None:
        for column in range(columns):
            of.write_string(0, column, "number" if not column else f"c{column}")
        for row in range(1, rows):
            for column in range(columns):
                of.write_string(row, column, "0" * length)

    return fill


def many_notes(of: xlsxwriter.worksheet.Worksheet) -> None:
    """Notes of 90 MB together, which an archive holds in a hundredth of that."""
    of.write_string(0, 0, "number")
    chance = random.Random(1)
    for row in range(3_000):
        of.write_comment(row, 0, "y" * 30_000 + chance.randbytes(150).hex())


BOMB = '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)

ATTACKS = (
    Attack("plain.csv", text("number\n", "+33199000001\n" * 1_000), READ),
    # JSON
    Attack("keys.jsonl", lambda: "".join(f'{{"number":"+33199000001","k{n}":1}}\n' for n in range(24_000)).encode(), "different keys"),
    Attack("nested.jsonl", text(('{"number":"+33199000001","x":' + "[" * 950 + "]" * 950 + "}\n") * 4), "32 deep"),
    Attack("nested-objects.jsonl", text(('{"number":"+33199000001","x":' + '{"a":' * 900 + "1" + "}" * 901 + "\n") * 4), "32 deep"),
    Attack("nested-31.jsonl", text(('{"number":"+33199000001","x":' + '{"a":' * 30 + "1" + "}" * 31 + "\n") * 20_000), READ),
    Attack("sparse.jsonl", lambda: "".join(f'{{"number":"+33199000001","k{n % 2_000}":1}}\n' for n in range(200_000)).encode(), "nearly all empty"),
    Attack("inner-keys.jsonl", lambda: "".join(f'{{"number":"+33199000001","x":{{"k{n}":1}}}}\n' for n in range(40_000)).encode(), READ),
    Attack("digits.jsonl", text('{"number":' + "1" * 900_000 + "}\n"), "JSON"),
    Attack("digits-4000.jsonl", text(('{"number":' + "1" * 4_000 + "}\n") * 2_000), READ),
    Attack("unclosed.jsonl", text(('{"number":"' + "x" * 80 + "\n") * 200_000), "is not JSON"),
    Attack("one-object.json", text("[{" + '"a":{' * 200_000), "32 deep"),
    Attack("list.jsonl", text('{"number":"+33199000001","x":[' + "{}," * 300_000 + "{}]}\n"), READ),
    Attack("list-keys.jsonl", lambda: ('{"number":"+33199000001","x":[' + ",".join(f'{{"k{n}":1}}' for n in range(60_000)) + "]}\n").encode(), READ),
    # CSV
    Attack("wide.csv.gz", lambda: gzip.compress(wide("1,", 500), 9), TOO_WIDE),
    Attack("wide-quoted.csv.gz", lambda: gzip.compress(wide('"1",', 100), 9), TOO_WIDE),
    Attack("blanks.csv", text("number\n", '"01' + " " * 40_000 + 'z"\n'), READ),
    Attack("blanks-many.csv", text("number,name\n", ('01' + " " * 40_000 + 'z,x\n') * 200), READ, (*CHECK, "--ignore", "name")),
    Attack("quotes.csv", text("number,name\n", 'z","\n' * 40_000), "not closed here and in many lines before"),
    Attack("quotes-2.csv", text("number,name\n", '"a""\n' * 40_000), READ),
    Attack("quotes-3.csv", text("number,name\n", 'z,"\n' + "a,b\n" * 200_000), READ),
    Attack("quotes-4.csv", text("number,name\n", ('z,"' + '\n' * 50) * 4_000), READ),
    Attack("quoted-lines.csv", text("number,name\n", '+33199000001,"' + "x;y\n" * 200_000 + '"\n'), READ),
    Attack("all-quotes.csv", text("number\n", '"' * 900_000 + "\n"), READ),
    Attack("long-line.csv", text("number\n", "0" * 3_000_000 + "\n"), "more than 1,048,576 bytes"),
    Attack("long-cells.csv", text("number,a,b\n", ("0" * 40 + "," + "1 " * 250_000 + "," + "2" * 500_000 + "\n") * 20), READ),
    Attack("title-lines.csv", text(("9 " * 500_000 + "\n") * 29, "number,name\n+33199000001,x\n"), "more than 10,000 characters"),
    Attack("at-signs.csv", text("number," + "a@" * 4_900 + "\n1,2\n"), READ),
    Attack("empty-lines.csv", text("number\n", "\n" * 5_000_000), READ),
    Attack("one-byte-rows.csv.gz", lambda: gzip.compress(b"number\n" + b"1\n" * 30_000_000), "unpacks to more than"),
    Attack("returns.csv", text("number,a\n", "1,2\r" * 300_000), READ),
    Attack("utf16.csv", lambda: ("number,a\n" + "\u0100,\u0001\n" * 300_000).encode("utf-16"), READ),
    Attack("marks.csv", text("number,call_at,attempts,hours_agreed,place,cli\n", "+33199000001" + ("," + "1 " * 80_000) * 5 + "\n"), READ),
    Attack("distinct-words.csv", lambda: ("number,caller,purpose,source,consent\n" + "".join(f"+33199000001,a{n},b{n},c{n},d{n}\n" for n in range(100_000))).encode(), READ),
    Attack("name.csv", text("number," + "phone " * 1_600 + "\n1,2\n"), READ),
    Attack("names.csv", text("number," + ",".join(["do not call " * 8] * 9_000) + "\n"), READ),
    # Archives
    Attack("members.zip", zipped(lambda: {f"{n}.csv": b"number\n+33199000001\n" for n in range(10_000)}), "10000 files"),
    Attack("swelling.csv.gz", lambda: gzip.compress(b"number\n" + b"0" * 60_000_000), "unpacks to more than"),
    Attack("swelling.zip", zipped(lambda: {"a.csv": b"0" * 30_000_000}), "unpacks to more than"),
    # Spreadsheets
    Attack("repeated.xlsx", sheet(repeated_strings(20_000, 1, 32_000)), "export it as CSV"),
    Attack("repeated-wide.xlsx", sheet(repeated_strings(3_000, 60, 1_000)), READ),
    Attack("repeated-2GB.xlsx", sheet(repeated_strings(1_500, 40, 30_000)), "export it as CSV"),
    Attack("notes.xlsx", sheet(many_notes), "notes or styles of more than 64 MiB"),
    Attack("far.xlsx", sheet(lambda of: [of.write_string(0, 0, "number"), of.write_string(1_000_000, 16_000, "x")]), "far away"),
    Attack("sheet-entities.xlsx", zipped(lambda: {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": f'<?xml version="1.0"?>{BOMB}]><workbook>&j;</workbook>'.encode()}), "cannot be read as a spreadsheet"),
    Attack("failed-cell.xlsx", lambda: failed_cell("A" * 150_000_000), "texts or tags too long"),
    Attack("long-cell.xlsx", lambda: long_string("A" * 150_000_000), "a cell of more than 1,048,576 bytes"),
    # Parquet
    Attack("dictionary.parquet", frame(lambda: pl.DataFrame({"number": pl.Series(["0" * 1_000_000]).gather([0] * 500)})), READ, gigabytes=3),
    Attack("nulls.parquet", frame(lambda: pl.DataFrame({f"c{n}": pl.Series([None], dtype=pl.String).gather([0] * 200_000) for n in range(100)} | {"number": pl.Series(["1"]).gather([0] * 200_000)})), READ, gigabytes=3),
    Attack("lists.parquet", frame(lambda: pl.DataFrame({"number": ["1"] * 500, "x": pl.Series([[0] * 100_000]).gather([0] * 500)})), READ, gigabytes=3),
    Attack("nested.parquet", frame(lambda: pl.DataFrame({"number": ["1"], "x": deep(60)})), READ),
    Attack("wide.parquet", frame(lambda: pl.DataFrame({"number": ["1"] * 50} | {f"c{n}": [None] * 50 for n in range(16_000)})), READ),
    # Registries
    Attack("attributes.xml", text('<?xml version="1.0"?><list ', "A" * 900_000, ">"), "registry's own file", NDNC),
    Attack("tags.xml", text('<?xml version="1.0"?><list type="full"><ac val="818">', "<" * 900_000, "></ac></list>"), "registry's own file", NDNC),
    Attack("lines.xml", text('<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><phone>', "\n" * 900_000, "</phone></entry></feed>"), "are not understood", CH),
    Attack("tag.xml", text('<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry a="', "x" * 80_000_000, '"></entry></feed>'), "tags too long", CH),
    Attack("cells.csv", text("number,reason\n", ("01" + " " * 40_000 + "z,x\n") * 100), "are not understood", LOAD),
    # Briefs
    Attack("nested.toml", text("ignore = " + "[" * 5_000 + "]" * 5_000), "nested too deeply", BRIEF),
    Attack("dotted-behind-quotes.toml", text('a = """x"""" # \\\n' + ".".join(["b"] * 40_000) + " = 1\n"), "a key of more than 16 parts", BRIEF),
    Attack("dotted.toml", text(".".join(["a"] * 40_000) + " = 1\n"), "a key of more than 16 parts", BRIEF),
    Attack("values.toml", lambda: ("[values.caller]\n" + "".join(f'"w{n}" = "commercial"\n' for n in range(300_000))).encode(), "more than 1,048,576 characters", BRIEF),
    Attack("array.toml", lambda: ("ignore = [" + ", ".join(f'"w{n}"' for n in range(300_000)) + "]").encode(), "more than 1,048,576 characters", BRIEF),
)  # fmt: skip


def wide(cell: str, rows: int) -> bytes:
    """A CSV of the most columns; one cell in a hundred is filled, so that it does not pack too well."""
    import random

    some = random.Random(1)
    header = ",".join(f"c{n}" for n in range(16_383)) + ",number\n"
    return (
        header
        + "".join("".join(cell if some.random() < 0.01 else "," for _ in range(16_383)) + "1\n" for _ in range(rows))
    ).encode()


def failed_cell(formula: str) -> bytes:
    """A spreadsheet with one formula of a very long text and no result, and enough other bytes that it does not seem to swell."""
    made = io.BytesIO(sheet(lambda of: [of.write_string(0, 0, "number"), of.write_formula(1, 0, "=1/0", value="")])())
    out = io.BytesIO()
    with zipfile.ZipFile(made) as plain, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in plain.namelist():
            data = plain.read(name)
            archive.writestr(name, data.replace(b"1/0", formula.encode()) if name.endswith("sheet1.xml") else data)
        archive.writestr("xl/media/image1.png", os.urandom(1_000_000), zipfile.ZIP_STORED)
    return out.getvalue()


def long_string(value: str) -> bytes:
    """A spreadsheet with one very long text."""
    parts = failed_cell("1/0"), b"<t>number</t>", f"<t>number</t></si><si><t>{value}</t>".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(parts[0])) as plain, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in plain.namelist():
            data = plain.read(name).replace(*parts[1:])
            archive.writestr(name, data.replace(b"<f>1/0</f><v></v>", b"<v>1</v>").replace(b'r="A2"', b'r="A2" t="s"'))
    return out.getvalue()


def deep(depth: int) -> pl.Series:
    """One cell of lists in lists."""
    value: object = 1
    for _ in range(depth):
        value = [value]
    return pl.Series([value])


def cost(attack: Attack, folder: Path) -> Cost:
    """Make the file of an attack in a folder, and run its verb there."""
    (folder / "plain.csv").write_text("number\n+33199000001\n")
    path = folder / attack.name
    path.write_bytes(attack.make())
    words = [attack.name if word == "FILE" else word for word in attack.verb]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "DNC_TODAY": "2026-06-05", "DNC_LANG": "en"}
    command = [sys.executable, "-m", "dnc", *words]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "stderr").open("wb") as stderr:
        child = subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=stderr, process_group=0
        )
        resource.prlimit(child.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
        memory = _peak(child)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = (folder / "stderr").read_text(errors="replace").splitlines()
    message = next((line for line in lines if line.startswith("dnc: ")), lines[-1] if lines else "")
    return Cost(path.stat().st_size, child.returncode, message, memory, seconds)


def _peak(child: subprocess.Popen[bytes]) -> int:
    """Wait for a child: the most bytes that the peaks of the processes of its group, as far as they live, add up to."""
    most = 0
    while child.poll() is None:
        most = max(most, sum(map(_peak_of, _group(child.pid))))
        time.sleep(_TICK)
    return most


def _peak_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)


def _group(leader: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == leader:
                found.append(int(folder.name))
    return found


def is_expected(attack: Attack, found: Cost) -> bool:
    """Whether a file was read or refused as it should be, within the memory and the time."""
    answered = (
        found.code in (0, 1, 3) if attack.answer == READ else found.code in (2, 4) and attack.answer in found.message
    )
    return answered and found.memory < attack.gigabytes * 1e9 and found.seconds < SECONDS


def main(names: list[str]) -> int:
    """Print a row for each attack; the exit code is the number of those that are not answered as they should be."""
    wrong = 0
    print("| file | size | answer | memory | seconds |\n|---|---|---|---|---|")
    for attack in ATTACKS:
        if names and attack.name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = cost(attack, Path(folder))
        answer = attack.answer if attack.answer == READ else f"… {attack.answer} …"
        if not is_expected(attack, found):
            wrong, answer = wrong + 1, f"**{found.code}: {found.message}**"
        size = f"{found.size / 1e6:.1f} MB" if found.size > 1e5 else f"{found.size / 1e3:.1f} kB"
        print(f"| `{attack.name}` | {size} | {answer} | {found.memory >> 20:,} MB | {found.seconds:.1f} |", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
