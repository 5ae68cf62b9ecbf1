"""The folder for an authority: pages and tables in a zip that open without this program.

Nothing outside `annexes/` has a telephone number, also not in what people wrote: what may be one is masked there. Apart
from the moment at which it is made, the same store gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dnc.checks.inspection import Inspection
from dnc.errors import InputError, printable, without_numbers
from dnc.files.archive import write_archive
from dnc.files.input_file import read_bounded
from dnc.files.signing import Signer
from dnc.files.writers import csv_of
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.messages import counted, dated, duration, in_language, messages, said, said_day, semicolons
from dnc.reports import law_page
from dnc.reports.page import rendered
from dnc.reports.phrases import defect_in_words, fact_in_line, facts, labelled
from dnc.store import audit_log
from dnc.store.record_kinds import KINDS
from dnc.store.retention import DECISIONS
from dnc.store.store import Store
from dnc.verdicts.verdict import OUTCOMES

SUMS, SIGNATURE = "SHA256SUMS", ".sig"
LOG = "annexes/log.jsonl"
CONTEXT = b"# dnc evidence folder 1\n"  # a comment for sha256sum; so what is signed is the file as it is
_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")  # or a moment
_MOST = 100  # rows of a table on the page
_LONGEST = 20_000_000  # bytes of a proof
_PURPOSES = ("caller", "purpose", "sector", "voice")
_GROUND = ("source", "relationship", "consent")

_CHECK = ("row", "done_at", "done_by", "list", "campaign", "call_day", "calls")
_SAMPLE = ("statement", "consent_on", "consent", "consent_for", "wording", "proof", "in_folder", "recorded_at")


class ShownTable(NamedTuple):
    """A table of the page: caption, headings, rows of texts, and what is said below it."""

    caption: str
    heads: list[str]
    rows: list[list[str]]
    note: str = ""


class PagePart(NamedTuple):
    """A part of the page: paragraphs, labels with their values (None: to be filled in), tables."""

    lines: Iterable[str] = ()
    entries: Iterable[tuple[str, list[str | None]]] = ()
    tables: Iterable[ShownTable] = ()


def write_folder(
    out: Path,
    store: Store,
    found: Inspection,
    book: Rulebook,
    language: str = "en",
    *,
    numbers: bool = True,
    signer: Signer | None = None,
) -> int:
    """Write the folder as a zip; returns how many files it has.

    Args:
        numbers: whether the annexes with telephone numbers are made.
        signer: signs the list of checksums.

    """
    files = _Folder(store, found, book, language, numbers=numbers, signer=signer).files()
    sums = CONTEXT + "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)).encode()
    files[SUMS] = sums
    if signer:
        files |= {f"{SUMS}{SIGNATURE}": signer.sign(sums), f"{SUMS}.pem": signer.pem}
    write_archive(out, sorted(files.items()))
    return len(files)


class _Folder:
    """Makes the files of a folder; the arguments are those of `write_folder`.

    made: its files by their names. holds: what each of them holds. proofs: names of files by the statement they prove.
    """

    def __init__(
        self, store: Store, found: Inspection, book: Rulebook, language: str, *, numbers: bool, signer: Signer | None
    ) -> None:
        self.store, self.found, self.book, self.numbers, self.signer = store, found, book, numbers, signer
        self.language, self.count, self.day = language, counted(language), dated(language)
        self.texts, self.common = messages("inspection", language), messages("common", language)
        self.say = partial(said, language, "inspection")
        self.kinds: dict[str, str] = messages("records", language)["kinds"] | {DECISIONS: self.texts["decisions"]}
        answers, registries = messages("answer", language), messages("registry", language)
        self.heads = answers["columns"] | self.common["outcomes"] | self.texts["column"]
        words = {"outcome": self.common["outcome"]}
        words |= {"verb": messages("desk", language)["verbs"], "result": answers["results"], "registry": registries}
        words |= {"weekday": messages("limit", language)["weekday"]}
        self.words = words | {"kind": registries | self.kinds | self.texts["kind"]}
        self.made: dict[str, bytes] = {}
        self.holds: dict[str, str] = {}
        self.proofs: dict[str, str] = {}

    def files(self) -> dict[str, bytes]:
        """All files but the list of checksums."""
        found, say = self.found, self.say
        if self.numbers:
            self._annexes()
        deeds = found.events.group_by("done_by", "verb").agg(times=pl.len()).sort("done_by", "verb")
        parts = {
            "entry": PagePart(entries=list(self._entry())),
            "checks": PagePart(tables=list(self._checks())),
            "rules": PagePart(tables=[self._table("rules", self._rules())]),
            "registries": PagePart(tables=[self._table("loads", loads := self._loads(), loads[:, :8])]),
            "calls": PagePart(self._calls_in_words(), tables=list(self._calls())),
            "objections": PagePart(
                self._objections_in_words(),
                tables=[self._table(name, getattr(found, name)) for name in ("objections", "called_after")],
            ),
            "consents": PagePart(tables=list(self._consents())),
            "retention": PagePart(tables=list(self._retention())),
            "log": PagePart(self._log(), tables=[self._table("events", found.events, deeds)]),
        }
        parts["files"] = PagePart(tables=[self._table("files", self._made())])
        days = {"first": found.scope.first, "last": found.scope.last}
        what = say("one", name=found.scope.campaign) if found.scope.campaign else say("all")
        made = {"at": self._cell("at", audit_log.now()), "by": audit_log.user(), "version": version("dnc-check")}
        values = {
            "title": say("title", **days),
            "sentence": _masked(say("sentence", **days, what=what)),
            "facts": list(self._cover()),
            "filled": parts,
            "made_files": self.made.keys(),
            "i": self.texts,
            "made": say("made", **made),
        }
        headings = {id_: say("part", id_) for id_ in parts}
        self.made["index.html"] = rendered("inspection.html", self.language, headings, values).encode()
        return self.made

    # the cover

    def _cover(self) -> Iterator[str]:
        checks, say, signer = self.found.checks, self.say, self.signer
        yield say("checks_n", n=checks.height, calls=_sum(checks, "calls"))
        yield from self._calls_in_words()
        yield from self._objections_in_words()
        yield self._verified()
        yield say("with", file=self._name("numbers.csv")) if self.numbers else say("without")
        yield say("signed", key=signer.fingerprint) if signer else say("unsigned")

    def _calls_in_words(self) -> Iterator[str]:
        found, say = self.found, self.say
        if not found.calls.height:
            yield say("no_calls")
            return
        yield say("calls_n", n=_sum(found.calls, "calls"), consents=_sum(found.calls, "on_consent"))
        key = "covered" if found.covered < found.days else "covered_whole"
        yield say(key, n=found.covered, days=found.days)
        outcomes = Counter(found.single_calls["outcome"])
        yield say("checked_before", **{name: outcomes[name] for name in OUTCOMES}, unchecked=outcomes[None])
        yield say("checked_lasting", n=found.single_calls["valid_until"].count())

    def _objections_in_words(self) -> Iterator[str]:
        found = self.found
        kinds, days = Counter(found.objections["kind"]), found.objections["days_until_recorded"]
        values = {"soon": int((days <= 1).sum()), "longest": max(days.drop_nulls(), default=0)}
        values |= {"undated": days.null_count(), "objections": kinds["objection"], "withdrawals": kinds["withdrawal"]}
        yield self.say("objections_n", **values)
        if found.calls.height:
            sure = found.called_after.filter(~pl.col("same_day"))["call"].n_unique()
            yield self.say("after_n", n=sure, same_day=found.called_after["call"].n_unique() - sure)

    def _verified(self) -> str:
        findings = self.found.findings
        faults = semicolons((_masked(in_language(fault, self.language)) for fault in findings.faults), self.language)
        return self.say("faulty" if faults else "whole", row=str(findings.head.seq), faults=faults)

    # the parts

    def _entry(self) -> Iterator[tuple[str, list[str | None]]]:
        """The entry of the register of processing: label, and what is known; None is for a person to fill in."""
        found, texts, wordings = self.found, self.texts["entry"], self.found.wordings
        calls = [] if not found.calls.height else list(self._calls_in_words())[:1]
        kinds = [*self.kinds.values(), texts["objections"]]
        passed = {*found.passed_to, *(one.facts.recipients for one in wordings)}
        known: dict[str, list[str]] = {
            "controller": self._named("named", {one.facts.names for one in wordings}),
            "joint": [],
            "purposes": self._declared(_PURPOSES),
            "ground": [*calls, *self._declared(_GROUND)],
            "persons": [texts["persons_says"], *self._declared(["recipient"])],
            "data": [self.say("entry", "data_says", kinds=", ".join(kinds))],
            "recipients": self._named("passed", passed),
            "processors": [],
            "transfers": [],
            "terms": [labelled(what, term, self.language) for what, term in self._terms()],
            "security": [texts["security_says"]],
        }
        for name, values in known.items():
            whole = name in ("data", "terms")
            yield texts[name], [*map(_masked, values), *([] if whole else [None])]

    def _named(self, key: str, names: Iterable[str | None]) -> list[str]:
        known = sorted(filter(None, names))
        return [self.say("entry", key, names=", ".join(known))] if known else []

    def _declared(self, columns: Iterable[str]) -> list[str]:
        """What checks declared of some columns, in words, each once."""
        declared = self.found.declared.values()
        pairs = dict.fromkeys((name, facts[name]) for name in columns for facts in declared if name in facts)
        return [fact_in_line(name, word, self.language) for name, word in pairs]

    def _checks(self) -> Iterator[ShownTable]:
        found = self.found
        yield self._table("checks", found.checks, found.checks.select(*_CHECK, *OUTCOMES))
        alike: dict[str, list[str]] = {}
        for check, declared in found.declared.items():
            alike.setdefault(facts(declared, self.language), []).append(check)
        yield self._table("declared", pl.DataFrame({"checks": map(", ".join, alike.values()), "declared": list(alike)}))
        yield self._table("campaigns", found.campaigns)

    def _rules(self) -> pl.DataFrame:
        """The pages of the rules by country that checks judged by, and texts that they applied and are not today's."""
        first, last, rows = self.found.scope.first, self.found.scope.last, []
        called = {pack.jurisdiction for pack in map(self.book.pack_of, self.found.territories) if pack}
        others = set() if self.found.laws is None else self.book.packs.keys() - self.found.laws - called
        for id_, pack in ((id_, pack) for id_, pack in self.book.packs.items() if id_ not in others):
            regimes = [regime for regime in pack.regimes if regime.first <= last and regime.until > first]
            days, country = (first, last), pack.name[self.language]
            page = law_page.html([(pack, regimes)], self.language, between=days)
            holds = self.say("holds", "rules", country=country)
            name = self._add(self._name(f"rules/{id_}.html"), page.encode(), holds)
            rows.append((country, name, len(regimes), pack.read_until))
        for sha256, text in self.found.rules.items():
            rules = tomllib.loads(text)
            if sha256 not in self.book.texts and rules["jurisdiction"] not in others:
                country = self.say("applied", name=rules["jurisdiction"])
                path = self._name(f"rules/{rules['jurisdiction']}-{sha256[:12]}.toml")
                name = self._add(path, text.encode(), self.say("holds", "rules", country=country))
                rows.append((country, name, len(rules["regime"]), rules["read_until"]))
        return pl.DataFrame(rows, ["country", "file", "rules", "read_until"], orient="row")

    def _loads(self) -> pl.DataFrame:
        """The files that were loaded, with what was accepted of each in words."""
        rows = self.found.log.filter(pl.col("verb") == "load").iter_rows(named=True)
        defects = {str(row["seq"]): json.loads(row["detail"]).get("accepted") or [] for row in rows}
        words = [
            semicolons((defect_in_words(**defect, language=self.language) for defect in defects[row]), self.language)
            for row in self.found.loads["row"]
        ]
        return self.found.loads.with_columns(pl.Series("accepted", words, pl.String))

    def _calls(self) -> Iterator[ShownTable]:
        yield self._table("calls", self.found.calls, self._by_month())
        yield self._table("often", self.found.often)
        yield self._table("times", self.found.times)
        yield self._table("single_calls", self.found.single_calls, self.found.single_calls)

    def _by_month(self) -> pl.DataFrame:
        counts = pl.col("calls", "on_consent", "answered", "refused", "objected").sum()
        month = pl.col("day").dt.to_string("%Y-%m").alias("month")
        return self.found.calls.group_by(month, "campaign").agg(counts).sort("month", "campaign")

    def _consents(self) -> Iterator[ShownTable]:
        found = self.found
        unnamed = pl.col("wording").fill_null(messages("summary", self.language)["no_wording"])
        yield self._table("consents", found.consents.with_columns(unnamed))
        yield self._table("wordings", _wordings(found))
        proofs = found.sample.select("statement", "proof", "proof_sha256").iter_rows()
        own = [
            self.proofs.get(statement) or (proof and self.texts["not_found" if sha256 else "reference"])
            for statement, proof, sha256 in proofs
        ]
        sample = found.sample.drop("number").with_columns(pl.Series("in_folder", own, pl.String))
        yield self._table("sample", sample, sample.select(_SAMPLE))

    def _retention(self) -> Iterator[ShownTable]:
        yield self._table("terms", pl.DataFrame(list(self._terms()), ["data", "term"], orient="row"))
        of = partial(said, self.language, "store", "hold_of")
        holds = [(hold.seq, of(hold.of, campaign=hold.campaign), hold.reason) for hold in self.found.holds]
        yield self._table("holds", pl.DataFrame(holds, ["row", "data", "reason"], orient="row"))
        yield self._table("erasures", self.found.erasures)

    def _terms(self) -> Iterator[tuple[str, str]]:
        """Kinds of data, and for how long each is kept, in words."""
        months = {kind: in_language(duration("month", n), self.language) for kind, n in self.found.retention.items()}
        for kind in (*KINDS, DECISIONS, *sorted({*self.found.loads["registry"], *months} - {*KINDS, DECISIONS})):
            yield self._cell("kind", kind), months.get(kind, self.texts["no_limit"])

    def _log(self) -> Iterator[str]:
        findings = self.found.findings
        yield self._verified()
        yield labelled(self.say("store"), self.found.store, self.language)
        yield labelled(said(self.language, "page", "head"), str(findings.head), self.language)
        yield from (_masked(in_language(note, self.language)) for note in findings.notes)
        if self.numbers:
            yield self.say("chained", file=LOG)

    def _made(self) -> pl.DataFrame:
        rows = [(name, self.holds[name], hashlib.sha256(data).hexdigest()) for name, data in sorted(self.made.items())]
        return pl.DataFrame(rows, ["file", "holds", "sha256"], orient="row")

    def _add(self, name: str, data: bytes, holds: str) -> str:
        """Add a file; returns its name."""
        self.made[name], self.holds[name] = data, holds
        return name

    def _name(self, path: str) -> str:
        """The name of a file, of which each word is in the language of the folder."""
        words: dict[str, str] = self.texts["file"]
        return re.sub(r"[a-z]+(?:-[a-z]+)*", lambda word: words.get(word[0], word[0]), path)

    # files with telephone numbers

    def _annexes(self) -> None:
        found = self.found
        for row in found.sample.iter_rows(named=True):
            if (proof := _proof(row)) is not None:
                statement, suffix = row["statement"], Path(row["proof"]).suffix
                name = f"{self._name('annexes/proofs')}/{statement.replace(':', '-')}{suffix}"
                self.proofs[statement] = self._add(name, proof, self.say("holds", "proof", statement=statement))
        self._add(LOG, self.store.journal.sealed(), self.texts["holds"]["log"])
        annexes = {"numbers": found.numbers, "sample": found.sample, "wordings": _wordings(found)}
        for name, frame in annexes.items():
            if frame.height:
                holds = self.texts["holds"].get(name) or self.texts["caption"][name]
                self._add(self._name(f"annexes/{name}.csv"), _csv(frame), holds)

    # words

    def _table(self, key: str, whole: pl.DataFrame, shown: pl.DataFrame | None = None) -> ShownTable:
        """A table of the page: its first rows; where there are more rows or columns, a file has all of them."""
        part = whole if shown is None else shown
        rows = [
            [self._cell(name, cell) for name, cell in row.items()] for row in part.head(_MOST).iter_rows(named=True)
        ]
        caption, note = self.texts["caption"][key], ""
        if whole.height and (shown is not None or whole.height > _MOST):
            texts = pl.col(pl.String).map_elements(_masked, pl.String)
            name = self._name(f"tables/{key.replace('_', '-')}.csv")
            self._add(name, _csv(whole.with_columns(texts)), caption)
            note = self.say("first_rows" if part.height > _MOST else "every_row", n=_MOST, all=part.height, file=name)
        return ShownTable(caption, [self._head(column) for column in part.columns], rows, note)

    def _head(self, column: str) -> str:
        head = str(self.heads.get(column) or vocabulary().label(column, self.language))
        return head[0].upper() + head[1:]

    def _cell(self, column: str, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, str) and _DAY.fullmatch(value):
            return said_day(value, self.language)
        if isinstance(value, date):
            return self.day(value) + (f" {value:%H:%M:%S}" if isinstance(value, datetime) else "")
        if isinstance(value, int):
            return str(self.common["yes" if value else "no"]) if isinstance(value, bool) else self.count(value)
        if value in vocabulary().axes.get(column, ()):
            return vocabulary().value(column, value, self.language)
        return str(self.words.get(column, {}).get(value) or _masked(value))


def _masked(text: str) -> str:
    """What somebody wrote, without what may be a telephone number."""
    return without_numbers(printable(text))


def _sum(frame: pl.DataFrame, column: str) -> int:
    return int(frame[column].sum() or 0)


def _wordings(found: Inspection) -> pl.DataFrame:
    rows = [(one.name, one.added_at, one.text, one.sha256) for one in found.wordings]
    return pl.DataFrame(rows, ["wording", "added_at", "text", "sha256"], orient="row")


def _csv(frame: pl.DataFrame) -> bytes:
    return csv_of(frame.with_columns(pl.col(pl.Datetime).dt.to_string("%Y-%m-%dT%H:%M:%S")))


def _proof(row: Mapping[str, Any]) -> bytes | None:
    """The file of a proof, if it is where the consent says and has the hash that was kept of it."""
    if not (row["proof"] and row["proof_sha256"]):
        return None
    try:
        data = read_bounded(Path(row["proof"]), _LONGEST)
    except (InputError, OSError, ValueError):
        return None
    return data if hashlib.sha256(data).hexdigest() == row["proof_sha256"] else None
