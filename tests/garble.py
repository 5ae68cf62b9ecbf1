"""The garble test: no one damage to a file makes a call clear, unless the new text is itself a statement that says so.

`python -m tests.garble --rows 100000 --wholes 1000 --seed 1` damages one thing in each of so many rows of lists and
consents, and one thing in each of so many headers, lists, registries' files, consents and briefs. It prints what all of
it came to, and every call that became clear without a reason. `tests/checks/test_garble.py` does the same in small.

What the new text says is judged by a reading of its own (`tests/garble_reader.py`). A row that it excuses is written out
once more in one plain spelling, and must be clear in that as well: so it was not read as something else.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import re
import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from dnc import Store, check
from dnc.errors import DncError
from dnc.lists.brief import read_brief
from tests.garble_reader import EXCEPTIONS, FREE, Reader, header_excuse, number_said, registry_excuse
from tests.garble_world import COLUMNS, CONSENT, FRENCH, PLAIN, TODAY, Source, Style, World, world, written

ENCODED = {"encoding": "utf-8", "newline": ""}
DIGITS, SIGNS = (
    "0123456789",
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ éèçß€$£%&+-*/=<>()[]{}.,;:!?'\"`´‘’“”«»_#@~^|\\\t"
    "\u00a0\u202f\ufeff\u200b\u00ad",
)
NOTHING = (
    "", "", "", "", " ", "\u00a0", "-", "–", "n/a", "N/A", "NULL", "null", "None", "nan", "?", "x", ".", "''", "(vide)",
    "néant", "kein", "nessuno", "ninguno", "geen",
)  # fmt: skip
OFFICE = (
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "TRUE", "FALSE", "VRAI", "FAUX", "0", "1", "1900-01-00", "00/00/0000",
    "0000-00-00", "1900-01-01", "1899-12-30", "45991", "46342", "9999-12-31", "2062-03-05", "########", "1970-01-01",
)  # fmt: skip

Damage = Callable[[str, random.Random], str]


# Damage to a cell, a name or a line


def cut(text: str, rng: random.Random) -> str:
    """A part of it is gone."""
    start = rng.randrange(len(text) + 1)
    end = start + rng.randint(1, 4)
    return rng.choice([text[start:], text[:start], text[:start] + text[end:]])


def change(text: str, rng: random.Random) -> str:
    """A sign became another, went in, or changed places with its neighbour."""
    at, sign = rng.randrange(len(text) + 1), rng.choice(rng.choice([DIGITS, SIGNS]))
    swapped = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
    return rng.choice([text[:at] + sign + text[at:], swapped, text[:at] + sign + text[at + 1 :]])


def double(text: str, rng: random.Random) -> str:
    """A sign, or all of it, stands twice."""
    at = rng.randrange(len(text) + 1)
    return rng.choice([text[: at + 1] + text[at:], text + rng.choice(["", " ", ";", " / ", ", ", "\n"]) + text])


def blank(_: str, rng: random.Random) -> str:
    """It is empty, or holds what people write for nothing."""
    return rng.choice(NOTHING)


def office(text: str, rng: random.Random) -> str:
    """What spreadsheets, exports and their users make of it."""
    digits = re.sub(r"\D", "", text)
    thousands = re.sub(r"(\d)(?=(\d{3})+$)", r"\1,", digits)
    turned = {
        r"^(\d{4})-(\d\d)-(\d\d)$": [r"\3/\2/\1", r"\2/\3/\1", r"\1\2\3"],
        r"^\d\d(\d\d)-(\d\d)-(\d\d)$": [r"\3.\2.\1", r"\1-\2-\3"],
        r"^(\d\d)/(\d\d)/(\d\d)(\d\d)$": [r"\2/\1/\3\4", r"\1/\2/\4", r"\1.\2.\3\4."],
    }
    dates = [re.sub(old, new, text) for old, ways in turned.items() for new in ways if re.match(old, text)]
    typed = [
        text.upper(),
        text.title(),
        f"{text}.",
        f"{text} (?)",
        f"~{text}",
        f"“{text}”",
        text.replace("-", "\u2010"),
    ]
    exported = [
        f"'{text}",
        f'="{text}"',
        f"&nbsp;{text}",
        f"{text}\r",
        f"{text}_x000D_",
        text.encode().decode("latin-1"),
    ]
    counted = [thousands, thousands.replace(",", "."), thousands.replace(",", "'"), digits[:15], f"{digits[:-1]}0"]
    counted += [digits.lstrip("0"), f"{digits.lstrip('0')}.0", f"{digits},00", f"{text} 00:00", f"{text}T00:00:00Z"]
    if digits:
        counted += [f"{float(digits):.5E}", f"{float(digits):.5E}".replace(".", ","), f"{float(digits):.11E}"]
    return rng.choice(rng.choice([list(OFFICE), dates or typed, typed, exported, counted]))


CELL: dict[str, Damage] = {"cut": cut, "change": change, "double": double, "blank": blank, "office": office}


def _elsewhere(line: str, delimiter: str, rng: random.Random) -> str:
    cells = line.split(delimiter)
    cells.insert(rng.randrange(len(cells)), cells.pop(rng.randrange(len(cells))))
    return delimiter.join(cells)


def _insert(line: str, signs: Sequence[str], rng: random.Random) -> str:
    at = rng.randrange(len(line))
    return line[:at] + rng.choice(signs) + line[at:]


def _at_separator(line: str, delimiter: str, rng: random.Random, new: Sequence[str]) -> str:
    places = [at for at, sign in enumerate(line) if sign == delimiter] or [len(line)]
    at = rng.choice(places)
    return line[:at] + rng.choice(new) + line[at + 1 :]


LINE: dict[str, Callable[[str, str, random.Random], str]] = {
    "separator gone": lambda line, d, rng: _at_separator(line, d, rng, [""]),
    "separator twice": lambda line, d, rng: _at_separator(line, d, rng, [d * 2]),
    "separator changed": lambda line, d, rng: _at_separator(line, d, rng, [one for one in ",;\t|: ." if one != d]),
    "end cut": lambda line, d, rng: line[: rng.choice([at for at, sign in enumerate(line) if sign == d] or [1])],
    "cell moved": _elsewhere,
    "quote": lambda line, d, rng: _insert(line, ['"', '""', "'", f'"{d}', f'{d}"'], rng),
    "broken": lambda line, d, rng: _insert(line, ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x85"], rng),
    "doubled": lambda line, d, rng: line + rng.choice(["", d, d * 2]) + line,
}


# What came of it


@dataclass
class Tally:
    """counts: of calls, by the damage and what it came to. wrong: those that became clear without a reason."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def excuse(self, kind: str, found: set[str]) -> None:
        """A call became clear, and the text says so itself."""
        assert found <= EXCEPTIONS.keys(), found
        self.add(kind, f"clear, {' + '.join(sorted(found))}")

    def add(self, kind: str, outcome: str) -> None:
        """Count a call."""
        self.counts[kind, outcome] += 1

    def blame(self, kind: str, what: str) -> None:
        """A call became clear without a reason."""
        self.add(kind, "WRONGLY CLEAR")
        self.wrong.append(f"{kind}: {what}")

    @property
    def lines(self) -> Iterator[str]:
        """A line a kind of damage."""
        for kind in sorted({kind for kind, _ in self.counts}):
            came = sorted((what, many) for (one, what), many in self.counts.items() if one == kind)
            yield f"{kind:30} " + ", ".join(f"{many:,} {what}" for what, many in came)


class Desk:
    """A world in a folder, loaded, and what its calls came to before any damage.

    base: the outcome of each row. All kinds of damage below are done to one.
    """

    def __init__(self, folder: Path, it: World, tally: Tally) -> None:
        self.folder, self.world, self.tally = folder, it, tally
        self.store = folder / "store"
        with Store(self.store) as store:
            for source in it.sources:
                source.load(store, folder)
        self.base = self.decide(it.list)["dnc_outcome"].to_list()
        for row, outcome in zip(it.rows, self.base, strict=True):
            assert (outcome == "clear") == (not row.why), (row, outcome)
        self.by_ref = {row.facts["ref"]: at for at, row in enumerate(it.rows)}
        self.by_number = {row.owner: at for at, row in enumerate(it.rows)}

    def decide(
        self, calls: str | Path, *, brief: str | None = None, consents: str | None = None, store: Path | None = None
    ) -> pl.DataFrame:
        """The verdicts on a list: the text of a CSV, or any file. Raises DncError where anything is refused."""
        list_, told, words = (self.folder / name for name in ("list.csv", "brief.toml", "consents.csv"))
        if isinstance(calls, str):
            list_.write_text(calls, **ENCODED)
        told.write_text(self.world.style.brief if brief is None else brief, **ENCODED)
        words.write_text(self.world.consents if consents is None else consents, **ENCODED)
        with Store(store or self.store) as opened:
            source = list_ if isinstance(calls, str) else calls
            # Rows with an objection and without a number would stop the list, and say nothing of the other rows.
            accepted = {"accept": {"unread": "damaged on purpose"}}
            found = check(source, opened, brief=read_brief(told), consents=words, **accepted).verdicts
        assert found is not None
        return found

    # a damaged list

    def attempt(self, kind: str, text: str) -> None:
        """Decide a damaged list, which may be refused, and judge what came of it."""
        try:
            frame = self.decide(text)
        except DncError:
            self.tally.add(kind, "refused")
        else:
            header, *records = self._records(io.StringIO(text, newline=""))
            if len(records) != frame.height:  # a stray quote joined lines: each is a row by itself, if it is one
                records = [record for line in text.splitlines()[1:] for record in self._records([line])]
            self.judge(kind, header, records, frame)

    def _records(self, lines: Iterable[str]) -> list[list[str]]:
        return [record for record in csv.reader(lines, delimiter=self.world.style.delimiter) if record]

    def judge(
        self, kinds: str | Sequence[str], header: list[str], records: list[list[str]], frame: pl.DataFrame
    ) -> None:
        """Hold the verdicts on a damaged list to what its rows say themselves; a kind of damage for all rows, or each."""
        even = len(records) == frame.height
        by_ref: dict[str, list[str]] = {record[0]: record for record in records}
        refs = frame["ref"].to_list() if "ref" in frame.columns else [""] * frame.height
        excused = []
        for at, (outcome, number) in enumerate(frame.select("dnc_outcome", "dnc_number").iter_rows()):
            kind = kinds if isinstance(kinds, str) else kinds[at]
            in_place = at if even and frame.height == len(self.base) else None
            owner = self.by_ref.get(refs[at], in_place)
            callee = self.by_number.get((number or "").removeprefix("+"))
            was = {self.base[one] for one in (owner, callee) if one is not None}
            if outcome != "clear" or was == {"clear"}:
                self.tally.add(kind, "clear as before" if outcome == "clear" else outcome)
                continue
            record = records[at] if even else by_ref.get(refs[at], [])
            excuse = self.excuse(callee if owner is None else owner, header, record)
            if isinstance(excuse, str):
                self.tally.blame(kind, f"{excuse}: {self.shown(owner, header, record)}")
            else:
                excused.append((kind, *excuse))
        self._hold(excused)

    def excuse(self, who: int | None, header: list[str], record: list[str]) -> tuple[dict[str, str], set[str]] | str:
        """What a row says itself, in plain spelling, and by which exceptions; or why it says nothing."""
        if who is None or not record:
            return "no row of the file says this"
        if len(record) != len(header):
            return f"{len(record)} cells under {len(header)} names"
        row, style = self.world.rows[who], self.world.style
        was = dict(zip(COLUMNS, self.world.cells(row), strict=True))
        ours = {theirs: name for name, theirs in zip(COLUMNS, self.world.header, strict=True)}
        cells = {ours[name]: cell for name, cell in zip(header, record, strict=True) if name in ours}
        facts = {name: row.facts.get(name, "") for name in COLUMNS}
        found: set[str] = set()
        if header != self.world.header:
            excuse = header_excuse(self.world.header, header, style)
            if excuse != "column":
                return excuse
            found.add(excuse)
        for name in COLUMNS:
            if name in FREE or cells.get(name) == was[name]:
                continue
            if name not in cells:
                facts[name] = ""
            elif said := Reader(style).said(name, cells[name], cells):
                facts[name] = said[0]
                found.add(said[1])
            else:
                facts[name] = cells[name]  # not told, or counted against the call: that alone clears nothing
        number = Reader(style).said("number", cells.get("number", ""), facts)
        if number is None:
            return "its number is none"
        return (facts | {"number": number[0]}, found) if found else "nothing was said"

    def _hold(self, excused: list[tuple[str, dict[str, str], set[str]]]) -> None:
        """Rows that say themselves what clears them must be clear in plain spelling too."""
        if not excused:
            return
        rows = [[facts[name] for name in COLUMNS] for _, facts, _ in excused]
        plainly = self.decide(written([list(COLUMNS), *rows], PLAIN.delimiter), brief=PLAIN.brief)
        for (kind, facts, found), outcome in zip(excused, plainly["dnc_outcome"], strict=True):
            if outcome == "clear":
                self.tally.excuse(kind, found)
            else:
                self.tally.blame(kind, f"read as something else; plainly it is {outcome}: {facts}")

    def shown(self, who: int | None, header: list[str], record: list[str]) -> str:
        """What became of a row, for a person to read."""
        was = self.world.cells(self.world.rows[who]) if who is not None else []
        if header == self.world.header and len(was) == len(record):
            pairs = zip(header, was, record, strict=True)
            return f"{self.world.rows[who or 0].why} " + ", ".join(f"{n}: {a!r} → {b!r}" for n, a, b in pairs if a != b)
        return f"{was}\n    → {difference(self.world.header, header)} {record}"

    # damage to anything else

    def compare(
        self, kind: str, frame: pl.DataFrame, rows: Iterable[int], excuse: Callable[[int], str | set[str]]
    ) -> None:
        """Hold verdicts on rows that were not damaged to what else was: an excuse is a set of exceptions, or why there is none."""
        for at, outcome in zip(rows, frame["dnc_outcome"], strict=True):
            if outcome != "clear" or self.base[at] == "clear":
                self.tally.add(kind, "clear as before" if outcome == "clear" else outcome)
            elif isinstance(found := excuse(at), str):
                self.tally.blame(kind, f"{self.world.rows[at].owner} {self.world.rows[at].why}: {found}")
            else:
                self.tally.excuse(kind, found)


def difference(one: Sequence[str], other: Sequence[str]) -> str:
    """The lines or names in which two differ."""
    gone, new = [a for a in one if a not in other], [b for b in other if b not in one]
    return f"{gone[:3]} → {new[:3]}" + (f" and {len(gone)} more" if len(gone) > 3 else "")


# Damage to a list


def damaged_cells(desk: Desk, rng: random.Random, form: str = "csv") -> None:
    """One cell in each row of a list in some format."""
    rows = [desk.world.cells(row) for row in desk.world.rows]
    garbled, kinds = [list(cells) for cells in rows], []
    for at, row in enumerate(desk.world.rows):
        name = rng.choice(rng.choice([row.why or COLUMNS, ["number"], COLUMNS, row.why or COLUMNS]))
        kind, place = rng.choice([*CELL, "swap in the row", "swap in the column"]), COLUMNS.index(name)
        if kind == "swap in the row":
            other = rng.randrange(len(COLUMNS))
            garbled[at][place], garbled[at][other] = rows[at][other], rows[at][place]
        elif kind == "swap in the column":
            garbled[at][place] = rng.choice(rows)[place]
        else:
            garbled[at][place] = CELL[kind](rows[at][place], rng)
        kinds.append(f"cell, {kind}")
    frame = desk.decide(_in_form(desk, garbled, form))
    assert frame.height == len(rows)
    desk.judge(kinds, desk.world.header, garbled, frame)


FORMS = ("csv", "jsonl", "parquet", "xlsx")


def _in_form(desk: Desk, rows: list[list[str]], form: str) -> str | Path:
    """A list in one of `FORMS`."""
    if form == "csv":
        return written([desk.world.header, *rows], desk.world.style.delimiter)
    frame, path = pl.DataFrame(rows, desk.world.header, orient="row"), desk.folder / f"list.{form}"
    {"jsonl": frame.write_ndjson, "parquet": frame.write_parquet, "xlsx": frame.write_excel}[form](path)
    return path


def damaged_lines(desk: Desk, rng: random.Random, *kinds: str) -> None:
    """The separators, quotes or end of one line in five, each in one of some ways."""
    header, *lines = desk.world.list.splitlines()
    for at in range(0, len(lines), 5):
        lines[at] = LINE[rng.choice(kinds)](lines[at], desk.world.style.delimiter, rng)
    desk.attempt(f"line, {kinds[0] if len(kinds) == 1 else 'any'}", "\n".join([header, *lines, ""]))


def damaged_header(desk: Desk, rng: random.Random) -> None:
    """One name of the header, or its separators."""
    header, *lines = desk.world.list.splitlines()
    cells, delimiter = list(desk.world.header), desk.world.style.delimiter
    at, other = rng.sample(range(1, len(cells)), 2)
    kind = rng.choice([*CELL, *LINE, "swap", "another", "gone"])
    if kind in LINE:
        header = LINE[kind](header, delimiter, rng)
    elif kind == "swap":
        cells[at], cells[other] = cells[other], cells[at]
    elif kind == "another":
        cells[at] = rng.choice([*cells, "Nom", "DO NOT CALL", "Ne pas appeler", "STOP", "opposition", "remarque"])
    elif kind == "gone":
        del cells[at]
    else:
        cells[at] = CELL[kind](cells[at], rng)
    first = header if kind in LINE else written([cells], delimiter).rstrip("\n")
    desk.attempt(f"header, {kind}", "\n".join([first, *lines, ""]))


def damaged_list(desk: Desk, rng: random.Random) -> None:
    """Its rows, its line ends, or all of it."""
    header, *lines = desk.world.list.splitlines()
    delimiter = desk.world.style.delimiter
    at, names = rng.randrange(len(lines)), desk.world.header
    before, after = lines[:at], lines[at:]
    rows = {
        "no header": lines,
        "header again": [header, *before, header, *after],
        "header last": [*lines, header],
        "rows shuffled": [header, *rng.sample(lines, len(lines))],
        "row twice": [header, *before, lines[at], *after],
        "row gone": [header, *before, *after[1:]],
        "mark in the middle": [header, *before, "\ufeff" + lines[at], *after[1:]],
        "another delimiter": [header, *before, *(line.replace(delimiter, ",;"[delimiter == ","]) for line in after)],
        "separator behind each row": [header, *(line + delimiter for line in lines)],
        "header in two rows": [delimiter.join(name[:3] for name in names), header, *lines],
        "blank lines": [header, *before, "", " ", delimiter * (len(COLUMNS) - 1), *after],
        "title above": ["Export du 25/11/2026", "", header, *lines],
        "two exports": [header, *before, delimiter.join([names[0], *reversed(names[1:])]), *after],
    }  # fmt: skip
    text = "\n".join([header, *lines, ""])
    ends = {
        "CR": text.replace("\n", "\r"),
        "CR LF": text.replace("\n", "\r\n"),
        "mixed ends": re.sub("\n", lambda _: rng.choice(["\n", "\r\n", "\r"]), text),
        "cut": text[: rng.randrange(len(text))],
    }
    kind = rng.choice([*rows, *ends])
    desk.attempt(f"list, {kind}", ends[kind] if kind in ends else "\n".join([*rows[kind], ""]))


# Damage to the consents


def damaged_consents(desk: Desk, rng: random.Random) -> None:
    """One cell in each row, the separators of one line in five, or the header."""
    header, *lines = desk.world.consents.splitlines()
    kind = rng.choice(["cell", "cell", "header", "row gone", *LINE])
    if kind == "cell":
        rows = [line.split(",") for line in lines]
        for row in rows:
            place = rng.randrange(len(CONSENT) + 1)
            row[place] = CELL[rng.choice(list(CELL))](row[place], rng)
        lines = written(rows, ",").removesuffix("\n").split("\n")
    elif kind == "header":
        names = header.split(",")
        at = rng.randrange(len(names))
        names[at] = CELL[rng.choice(list(CELL))](names[at], rng)
        header = written([names], ",").rstrip("\n")
    elif kind == "row gone":
        del lines[rng.randrange(len(lines))]
    else:
        lines = [LINE[kind](line, ",", rng) if at % 5 == 0 else line for at, line in enumerate(lines)]
    text = "\n".join([header, *lines, ""])
    try:
        frame = desk.decide(desk.world.list, consents=text)
    except DncError:
        desk.tally.add(f"consents, {kind}", "refused")
        return
    desk.compare(f"consents, {kind}", frame, range(len(desk.base)), lambda at: _consent_excuse(desk, text, at))


def _consent_excuse(desk: Desk, text: str, at: int) -> str | set[str]:
    """By which exceptions the consents themselves clear a call, or why they do not."""
    number = desk.world.rows[at].owner
    header, *records = list(csv.reader(io.StringIO(text, newline="")))
    old = [row for row in csv.reader(desk.world.consents.splitlines()) if row[0] == f"+{number}"]
    if header[:-1] != ["number", *CONSENT]:
        return f"another header, {header}"
    if any(len(record) != len(header) for record in records if record):
        return f"rows that do not fit the header; of this number {old}"
    new = [record for record in records if record and number_said(record[0], "FR") == number]
    if len(new) < len(old):
        proofs = {row[-1] for row in old}
        whole = all(number_said(record[0], "FR") for record in records if record and record[-1] in proofs)
        return {"row", "number"} if whole else f"a row without a number; of this number {old} → {new}"
    if len(new) > len(old):  # a row that was about somebody else, or is there twice
        return {"row", "number"} if all(row[1:] in [record[1:] for record in new] for row in old) else "other rows"
    found: set[str] = set()
    for was, now in zip(old, new, strict=True):
        for name, before, cell in zip(CONSENT, was[1:], now[1:], strict=False):
            if before != cell and (said := Reader(PLAIN).said(name, cell, {})):
                found.add(said[1])
    return found or f"says nothing: {old} → {new}"


# Damage to registries' files


def damaged_registry(desk: Desk, rng: random.Random) -> None:
    """One cell, line or end of one registry's file, which is loaded where there was none, or after the whole one."""
    source = rng.choice(desk.world.sources)
    end = "\r\n" if "\r\n" in source.text else "\n"
    lines = source.text.removesuffix(end).split(end)
    delimiter = next((one for one in ";," if one in lines[-1]), " ")
    at, other = rng.sample(range(len(lines)), 2)
    kind = rng.choice([*CELL, *LINE, "row gone", "row twice", "rows swapped", "half gone", "file cut"])
    if kind in CELL:
        cells = lines[at].split(delimiter)
        place = rng.randrange(len(cells))
        cells[place] = CELL[kind](cells[place], rng)
        lines[at] = delimiter.join(cells)
    elif kind in LINE:
        lines[at] = LINE[kind](lines[at], delimiter, rng)
    elif kind == "row gone":
        del lines[at]
    elif kind == "row twice":
        lines.insert(at, lines[at])
    elif kind == "rows swapped":
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "half gone":
        lines = lines[: len(lines) // 2]
    text = end.join([*lines, ""])
    text = text[: rng.randrange(len(text))] if kind == "file cut" else text
    again = rng.random() < 0.5 and source.registry != "own"  # what stands in the own list stays
    rows = [at for at, row in enumerate(desk.world.rows) if row.owner in source.asked]
    asked = [desk.world.header, *(desk.world.cells(desk.world.rows[at]) for at in rows)]
    with _without(desk, source.registry) as store:
        try:
            with Store(store) as opened:
                if again:
                    day = date.fromisoformat(source.as_of) - timedelta(2)
                    replace(source, as_of=str(day)).load(opened, desk.folder)
                replace(source, text=text).load(opened, desk.folder)
        except DncError:
            desk.tally.add(f"{source.registry}, {kind}", "refused")
            return
        frame = desk.decide(written(asked, desk.world.style.delimiter), store=store)
    desk.compare(f"{source.registry}, {kind}", frame, rows, lambda at: _registry_excuse(source, text, end, again))


def _registry_excuse(source: Source, text: str, end: str, again: bool) -> str | set[str]:
    old, new = (one.removesuffix(end).split(end) for one in (source.text, text))
    found = registry_excuse(source, old, new, again)
    return f"{found}: {difference(old, new)}" if isinstance(found, str) else found


@contextmanager
def _without(desk: Desk, registry: str) -> Iterator[Path]:
    """A store with all that is loaded but one registry."""
    whole, store = desk.folder / f"without-{registry}", desk.folder / "garbled"
    if not whole.exists():
        with Store(whole) as opened:
            for source in desk.world.sources:
                if source.registry != registry:
                    source.load(opened, desk.folder)
    shutil.copytree(whole, store)
    yield store
    shutil.rmtree(store)


# Damage to the brief


def damaged_brief(desk: Desk, rng: random.Random) -> None:
    """One sign, word or line."""
    lines = desk.world.style.brief.splitlines()
    full = [at for at, line in enumerate(lines) if line]
    at, other = rng.sample(full, 2)
    kind = rng.choice(["cut", "change", "double", "value", "line gone", "line twice", "lines swapped", "commented out"])
    if kind == "value":
        hurt = CELL[rng.choice(list(CELL))]
        lines[at] = re.sub(r'"([^"]*)"$', lambda found: f'"{hurt(found[1], rng)}"', lines[at])
    elif kind in CELL:
        lines[at] = CELL[kind](lines[at], rng)
    elif kind == "line gone":
        del lines[at]
    elif kind == "line twice":
        lines.insert(at, lines[at])
    elif kind == "lines swapped":
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at] = f"# {lines[at]}"
    brief = "\n".join([*lines, ""])
    try:
        frame = desk.decide(desk.world.list, brief=brief)
    except DncError:
        desk.tally.add(f"brief, {kind}", "refused")
        return
    desk.compare(f"brief, {kind}", frame, range(len(desk.base)), lambda _: _brief_excuse(desk.world.style, brief))


def _brief_excuse(style: Style, brief: str) -> str | set[str]:
    """By which exceptions a brief itself clears calls, or why it does not."""
    old, new = tomllib.loads(style.brief), tomllib.loads(brief)
    shown = difference(style.brief.splitlines(), brief.splitlines())
    for column, theirs in old.get("columns", {}).items():
        heard = [ours for ours, one in new.get("columns", {}).items() if one == theirs]
        if heard != [column] and column in ("objected_on", "consent_withdrawn_on", "refused_on"):
            return f"{theirs} is not heard: {shown}"
    return {"brief"} if old != new else f"nothing was said: {shown}"


# All of it


WHOLES = (damaged_header, damaged_list, damaged_registry, damaged_brief, damaged_consents)


def garble_rows(desk: Desk, rng: random.Random) -> int:
    """Damage each row of a list in its cells, in each format, and one in five in its line, in each way; tells how many."""
    for form in FORMS:
        damaged_cells(desk, rng, form)
    for kind in LINE:
        damaged_lines(desk, rng, kind)
    return len(desk.base) * len(FORMS) + len(desk.base) * len(LINE) // 5


def garble(rows: int, wholes: int, seed: int, size: int = 1000) -> Tally:
    """Damage so many rows, and so many files, in worlds of `size` rows."""
    tally, rng, done = Tally(), random.Random(seed), 0
    for style in (PLAIN, FRENCH):
        with tempfile.TemporaryDirectory() as name:
            desk = Desk(Path(name), world(rng, 260, style), tally)
            for at in range(wholes // 2):
                WHOLES[at % len(WHOLES)](desk, rng)
    while done < rows:
        with tempfile.TemporaryDirectory() as name:
            desk = Desk(Path(name), world(rng, size, rng.choice([PLAIN, FRENCH])), tally)
            done += garble_rows(desk, rng)
            damaged_consents(desk, rng)
    return tally


def main() -> None:
    """Damage files as the command line says, and print what came of it."""
    parser = argparse.ArgumentParser(description="Damage files, and look whether a call becomes clear by it.")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of lists, one thing in each")
    parser.add_argument("--wholes", type=int, default=1_000, help="headers, lists, registries' files, consents, briefs")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    os.environ["DNC_TODAY"] = TODAY
    tally = garble(told.rows, told.wholes, told.seed)
    print(*tally.lines, *(f"WRONG {line}" for line in tally.wrong), sep="\n")
    calls = sum(many for (_, what), many in tally.counts.items() if what != "refused")
    print(f"{calls:,} calls were decided from damaged files; {len(tally.wrong):,} became clear without a reason")
    sys.exit(bool(tally.wrong))


if __name__ == "__main__":
    main()
