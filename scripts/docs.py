"""The generated parts of README and docs: `python scripts/docs.py` writes them, with `--check` it only compares them.

A part between `<!-- generated: NAME -->` and `<!-- end -->` is written by the function of that name in `PARTS`. A block
```` ```console ```` is a session: its lines `$ …` are run by the shell, one after the other, in a folder with the
sample files (one folder per page), and what they print is written below them. A block whose language is followed by a
file name (```` ```toml campaign.toml ````) is written into that folder as a file. In a block ```` ```console 5 ````
only the first five lines of each output are shown.

With names of pages as arguments (`python scripts/docs.py docs/developer.md`), it handles only these.
"""

from __future__ import annotations

import ast
import csv
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl
from phonenumbers import PhoneNumberFormat, PhoneNumberType, example_number_for_type, format_number

from dnc import Store, check
from dnc.cli.help import verb_table
from dnc.cli.main import cli
from dnc.law.regimes import Pack
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.messages import messages
from dnc.registries import OWN, Loader
from dnc.store.loader_search import loaders_of, modules

BOOK = Rulebook.load()
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TODAY = "2026-11-24"


def commands() -> str:
    """Every verb by group: its purpose, which is the first paragraph of its help, and its examples."""
    table, heads, parts = verb_table(), messages("help", "en")["heading"], []
    for group, names in table["groups"].items():
        parts.append(f"## {heads[group]}")
        for name in names:
            verb = cli.commands[name]
            for one in (verb, *getattr(verb, "commands", {}).values()):
                examples = "\n".join(f"    {example}" for example in table["examples"][one.path])
                purpose, _, _ = str(one.help).partition("\n\n")
                parts.append(f"### dnc {one.path}\n\n{purpose}\n\n{examples}")
    return "\n\n".join(parts)


def jurisdictions() -> str:
    """A row per jurisdiction: what it covers and from when."""
    lines = ["| jurisdiction | read for calls | regimes | registries |", "|---|---|---|---|"]
    for pack in BOOK.packs.values():
        needed = sorted({id_ for regime in pack.regimes for part in regime.parts for id_ in part.registries} - {OWN})
        _, *others = pack.territories
        name = ", ".join([f"{pack.name['en']} (`{pack.jurisdiction}`)", *others])
        registries = ", ".join(f"`{id_}`" for id_ in needed)
        lines.append(f"| {name} | {pack.read_from} to {pack.read_until} | {len(pack.regimes)} | {registries} |")
    return "\n".join(lines)


def outline() -> str:
    """The countries that are covered in outline only."""
    *names, last = sorted(pack.name["en"] for pack in BOOK.packs.values() if is_outline(pack))
    says = "are covered in outline only: a call there may be `blocked`, and is never `clear`."
    return textwrap.fill(f"{', '.join(names)} and {last} {says}", 120)


def is_outline(pack: Pack) -> bool:
    """Whether the scope of a country has no exceptions, so that no call to it is clear."""
    return not next(filter(attrgetter("is_scope"), pack.regimes)).exceptions


# The letter of each demand in the table of the page.
BOUND = {
    "unlisted": "R",
    "consent": "C",
    "hours": "H",
    "forbidden": "F",
    "max_attempts": "A",
    "unsettled": "?",
    "not_read": "?",
    "missing": "?",
} | dict.fromkeys(("cli", "duty", "not_objected", "pause", "silence"), "")  # not shown
CALLS = {
    "sale, consumer": ("commercial", "human", "consumer"),
    "sale, business": ("commercial", "human", "business"),
    "party": ("political", "human", "consumer"),
    "charity": ("charity", "human", "consumer"),
    "survey": ("survey", "human", "consumer"),
    "public body": ("public_body", "human", "consumer"),
    "recorded sale": ("commercial", "recorded", "consumer"),
    "recorded party": ("political", "recorded", "consumer"),
    "recorded survey": ("survey", "recorded", "consumer"),
}
WASHINGTON = "+12025550143"  # a place without rules of its own: those of the country alone are shown


def matrix() -> str:
    """Who is bound by what: for each country not only in outline and kind of call, the demands that apply."""
    rows = [
        (name, line)
        for name, pack in BOOK.packs.items()
        for line in ("landline", "mobile")
        if not is_outline(pack) and (line == "landline" or name in ("us", "ie"))
    ]
    plain = {"relationship": "none", "related": "no", "sector": "general", "consent": "none", "source": "purchased"}
    plain |= {"habit": "habitual", "objected_on": "none", "attempts": "0", "call_at": f"{TODAY}T11:00"}
    with tempfile.TemporaryDirectory() as folder:
        calls = Path(folder) / "calls.csv"
        with calls.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["number", "line", "caller", "voice", "recipient"])
            for pack, line in rows:
                writer.writerows([number_in(pack, line), line, *call] for call in CALLS.values())
        applies = iter(check(calls, Store(Path(folder) / "store"), given=plain).verdicts["dnc_applies"])
    lines = [f"| | {' | '.join(CALLS)} |", f"|---{'|---' * len(CALLS)}|"]
    for pack, line in rows:
        name = f"`{pack}` {line}" if pack in ("us", "ie") else f"`{pack}`"
        lines.append(f"| {name} | {' | '.join(bound(next(applies)) for _ in CALLS)} |")
    return "\n".join(lines)


def number_in(jurisdiction: str, line: str) -> str:
    """A number of a country, on such a line: a `line` that contradicts the plan would be ignored."""
    if jurisdiction == "us":
        return WASHINGTON
    kind = PhoneNumberType.MOBILE if line == "mobile" else PhoneNumberType.FIXED_LINE
    return format_number(example_number_for_type(jurisdiction.upper(), kind), PhoneNumberFormat.E164)


def bound(applies: str) -> str:
    """Letters of the demands of the regimes that apply."""
    applying = [BOOK.regime(id_) for id_ in applies.split(";") if id_]
    if any(regime.is_scope for regime in applying):
        return "×"
    letters = {BOUND[regime.demand] for regime in applying}
    return " ".join(sorted(filter(None, letters), key="RCFHA?".index)) or "–"


STATE_CALLS = [
    {"caller": caller, "voice": voice, "line": line, "dialler": dialler, "recipient": recipient, "consent": consent}
    | ({"consent_on": "2026-10-01", "consent_for": "both"} if consent == "written" else {})
    for caller, voice, line, dialler, recipient, consent in (
        ("commercial", "human", "landline", "manual", "consumer", "none"),
        ("commercial", "human", "mobile", "predictive", "consumer", "none"),
        ("commercial", "human", "landline", "manual", "business", "none"),
        ("commercial", "human", "landline", "manual", "consumer", "written"),
        ("commercial", "recorded", "landline", "robot", "consumer", "none"),
        ("charity", "human", "landline", "manual", "consumer", "none"),
        ("survey", "human", "landline", "predictive", "consumer", "none"),
        ("political", "recorded", "landline", "robot", "consumer", "none"),
    )
]


def states() -> str:
    """The rules that each American state adds, and whether a live sales call to a home can come out clear."""
    places = [place for place in BOOK.packs["us"].clocks if place.startswith("US-")]
    met, clear = {place: set() for place in places}, set()
    for call, verdict in _state_verdicts(places):
        met[call["place"]].update(filter(None, f"{verdict['dnc_applies']};{verdict['dnc_undecided_by']}".split(";")))
        is_sale = (call["caller"], call["voice"], call["recipient"]) == ("commercial", "human", "consumer")
        if is_sale and verdict["dnc_outcome"] == "clear":
            clear.add(call["place"])
    lines = ["| place | read | contested | not read here | a sale can be clear |", "|---|---|---|---|---|"]
    kinds = {"unsettled": "contested", "not_read": "missing"}
    alike: dict[str, list[str]] = {}
    for place in places:
        cells = {"read": [], "contested": [], "missing": []}
        for regime in map(BOOK.regime, sorted(met[place])):
            if any(name == "place" for part in regime.parts for name, _ in part.compares):
                cells[kinds.get(regime.demand, "read")].append(regime.id)
        shown = " | ".join(", ".join(ids) or "–" for ids in cells.values())
        alike.setdefault(f"{shown} | {'yes' if place in clear else 'no'}", []).append(place.removeprefix("US-"))
    return "\n".join([*lines, *(f"| {', '.join(group)} | {says} |" for says, group in alike.items())])


_OHIO = (216, 220, 234, 283, 326, 330, 380, 419, 440, 513, 567, 614, 740, 937)  # area codes


def _state_verdicts(places: list[str]) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Calls into each state, to listed numbers and others, by day and at night, each with its verdict."""
    own = [id_ for id_ in BOOK.registries() if re.fullmatch("us-[a-z]{2}-dnc", id_)]
    plain = {"relationship": "none", "related": "no", "sector": "general", "source": "purchased", "attempts": "0"}
    plain |= {"attempts_day": "0", "objected_on": "none", "cli": "+12025550100"}
    listed, clear = ([f"+1{area}55501{n:02}" for area in _OHIO for n in some] for some in (range(50), range(50, 100)))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        for registry in ("us-ndnc", *own):
            answers = Path(folder) / f"{registry}.csv"
            lines = [*(f"{number},yes" for number in listed), *(f"{number},no" for number in clear)]
            answers.write_text("\n".join(["number,listed", *lines, ""]), encoding="utf-8")
            store.load(answers, registry=registry, as_of=date(2026, 11, 20))
        calls = [{**call, "place": place} for place in places for call in STATE_CALLS]
        told = [
            {"relationship": relationship, "relationship_on": "2026-10-01", "call_at": f"{TODAY}T{clock}"}
            for relationship in ("none", "buyer")
            for clock in ("11:00", "21:00")
        ]
        # A list each, as several calls to a person would count together.
        for facts in told:
            for numbers in (listed, clear):
                rows = [{**call, **facts, "number": number} for call, number in zip(calls, numbers, strict=False)]
                verdicts = check(pl.DataFrame(rows), store, given=plain).verdicts
                yield from zip(rows, verdicts.iter_rows(named=True), strict=True)


def columns() -> str:
    """A row per column of planned calls."""
    lines = ["| column | means | words |", "|---|---|---|"]
    for name, entry in vocabulary().columns.items():
        values = ", ".join(f"`{value}`" for value in vocabulary().axes.get(name, ()))
        lines.append(f"| `{name}` | {entry['says']} | {values or entry['kind']} |")
    return "\n".join(lines)


def registries() -> str:
    """The registries whose files are of one kind in a row; then a section per module: the docstring of its loader."""
    by_module = [(module, loaders_of(module)) for module in modules()]
    texts = {
        ", ".join(f"`{loader.registry}`" for loader in loaders): inspect.getdoc(module) for module, loaders in by_module
    }
    lines = ["| registry | file | a number that is not in the file |", "|---|---|---|"]
    alike: dict[str, list[str]] = {}
    for loader in (loader for _, loaders in by_module for loader in loaders):
        alike.setdefault(f"{_kind(loader)} | {_absent(loader)}", []).append(f"`{loader.registry}`")
    lines += [f"| {', '.join(ids)} | {says} |" for says, ids in alike.items()]
    parts = ["\n".join(lines), *(f"### {registries}\n\n{text}" for registries, text in texts.items())]
    return "\n\n".join(parts)


def _kind(loader: Loader) -> str:
    if loader.answers:
        return "answer to numbers that were sent in"
    return "directory entries" if loader.directory else "list"


BY_AREA_CODE = ("ca-dncl", "us-ndnc")  # their files say for which area codes they are complete


def _absent(loader: Loader) -> str:
    if loader.covers:
        where = "" if "" in loader.covers else f", where it begins with +{' or +'.join(loader.covers)}"
        return f"not listed{where}"
    if loader.answers:
        return "not covered"
    if loader.registry in BY_AREA_CODE:
        return "not listed, within the area codes that the file holds; else not covered"
    declared = "counts as listed" if loader.absent == "listed" else "not listed"
    return f"not covered; within what `--covers` declares, {declared}"


def exceptions() -> str:
    """A list item per exception of the garble test."""
    texts = tomllib.loads((ROOT / "tests" / "exceptions.toml").read_text(encoding="utf-8")).values()
    form = {"initial_indent": "- ", "subsequent_indent": "  ", "break_on_hyphens": False}
    return "\n".join(textwrap.fill(text, 120, **form) for text in texts)


def recipes(*names: str) -> str:
    """Functions of the recipes that the tests of engines run."""
    source = (ROOT / "tests" / "cluster" / "recipes.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    texts = (str(ast.get_source_segment(source, functions[name])) for name in names)
    return "```python\n{}\n```".format("\n\n\n".join(texts))


PARTS = {
    "commands": commands,
    "duckdb": partial(recipes, "duckdb_batches"),
    "exceptions": exceptions,
    "jurisdictions": jurisdictions,
    "matrix": matrix,
    "outline": outline,
    "pandas": partial(recipes, "pandas"),
    "ray": partial(recipes, "ray_workers", "ray_tasks"),
    "ray_data": partial(recipes, "ray_data"),
    "registries": registries,
    "spark": partial(recipes, "spark"),
    "states": states,
    "vocabulary": columns,
}
GENERATED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def current(path: Path) -> str:
    """A page with its generated parts written anew; parts with other names (figures measured by hand) stay."""
    text = path.read_text(encoding="utf-8")
    written = GENERATED.sub(
        lambda part: f"{part[1]}{PARTS[part[2]]()}\n{part[3]}" if part[2] in PARTS else part[0], text
    )
    return _sessions(written)


def _sessions(text: str) -> str:
    """A page of docs with what its commands print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "dnc" / "cli" / "samples", folder, dirs_exist_ok=True)
        session = Session(folder)

        def written(block: re.Match[str]) -> str:
            language, file, body = block.groups()
            if language == "console":
                return f"```console{f' {file}' if file else ''}\n{session.run(body, int(file) if file else None)}```"
            if file:
                (folder / file).write_text(body, encoding="utf-8")
            return block[0]

        return re.sub(r"^```(\w+)(?: (\S+))?\n(.*?)^```", written, text, flags=re.DOTALL | re.MULTILINE)


class Session:
    """A shell session in a folder, on one day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._code = 0
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DNC_")}
        self._environment = inherited | {
            "PATH": programs,
            "DNC_TODAY": f"{TODAY}T10:30+01:00",
            "LC_ALL": "C.UTF-8",
            "PYTHONWARNINGS": "error",
        }

    def run(self, block: str, most: int | None = None) -> str:
        """The commands of a block, each with what it prints on stdout and stderr, or the first `most` lines of it."""
        parts = []
        for line in block.splitlines():
            if line.startswith("$ "):
                output = self._printed(line.removeprefix("$ ")).splitlines(keepends=True)
                cut = most is not None and len(output) > most
                parts += [f"{line}\n", *output[:most], *(["…\n"] if cut else [])]
        return "".join(parts)

    def _printed(self, command: str) -> str:
        # `echo $?` shows the exit code of the previous command.
        done = subprocess.run(
            ["sh", "-c", f"(exit {self._code}); {command}"],
            check=False,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )  # fmt: skip
        self._code = done.returncode
        output = re.sub(r"^.*DNC_TODAY.*\n", "", done.stdout, flags=re.MULTILINE)  # readers do not set it
        return re.sub(r"\b(\d+):[0-9a-f]{64}\b", r"\1:…", output)  # log fingerprints depend on the second


if __name__ == "__main__":
    named = [Path(name).resolve() for name in sys.argv[1:] if name != "--check"]
    pages = {path: current(path) for path in named or PAGES}
    stale = [path for path, text in pages.items() if path.read_text(encoding="utf-8") != text]
    if "--check" not in sys.argv:
        for path, text in pages.items():
            path.write_text(text, encoding="utf-8")
    elif stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"not current: {names}; run python scripts/docs.py")
