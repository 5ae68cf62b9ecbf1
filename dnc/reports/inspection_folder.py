"""The folder for an authority: a page, tables and the log in a zip that opens without this program.

The page has no telephone number, also not in what people wrote: what may be one is masked there. Apart from the moment
at which it is made, the same store gives the same bytes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dnc.checks.inspection import Inspection
from dnc.errors import printable, without_numbers
from dnc.files.signing import Signer
from dnc.files.writers import csv_of
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.messages import counted, dated, in_language, messages, said, said_day, semicolons
from dnc.numbers.bulk_reader import read_column
from dnc.reports.evidence_zip import LOG, write_evidence
from dnc.reports.page import rendered
from dnc.reports.phrases import defect_in_words, facts, labelled
from dnc.store import audit_log
from dnc.store.retention import DECISIONS
from dnc.verdicts.verdict import OUTCOMES

_DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")  # or a moment
_MOST = 100  # rows of a table on the page
_DEED = ("row", "done_at", "done_by")
_RULE = ["country", "rule", "title", "says", "asks", "first_on", "last_on", "source", "confidence"]
_TELLING = ("number", "list_sha256", "consents_sha256", "verdicts_sha256")  # by a hash, numbers could be tried
# What the page shows of each table.
_SHOWN = {
    "decisions": ("list_row", "call_id", "call_day", "outcome", "why", "rests_on"),
    "checks": (*_DEED, "list", "campaign", "call_day", "calls", *OUTCOMES, "declared"),
    "consents": (
        *("statement", "consent_on", "consent", "consent_for", "consent_withdrawn_on"),
        *("wording", "proof", "passed_to", "recorded_at"),
    ),
    "calls": ("statement", "at", "result", "campaign", "attempts", "rests_on", "after", "check", "outcome", "why"),
    "objections": ("statement", "kind", "on_day", "recorded_at", "days_until_recorded", "ended_on", "called_after"),
    "registries": (*_DEED, "registry", "as_of", "numbers", "used_by", "days_old", "accepted"),
    "law": ("country", "title", "says", "asks", "first_on", "last_on", "source", "confidence"),
}


class ShownTable(NamedTuple):
    """A table of the page: caption, headings, rows of texts, and what is said below it."""

    caption: str
    heads: list[str]
    rows: list[list[str]]
    note: str = ""


def write_folder(
    out: Path,
    found: Inspection,
    book: Rulebook,
    language: str = "en",
    *,
    numbers: bool = True,
    signer: Signer | None = None,
) -> int:
    """Write the folder as a zip; returns how many files it has.

    Args:
        numbers: whether the tables have telephone numbers, also where people wrote them, and the log is there.
        signer: signs the list of checksums.

    """
    return write_evidence(out, _Folder(found, book, language, numbers, signer).files(), signer)


class _Folder:
    """Makes the files of a folder; the arguments are those of `write_folder`.

    made: its files by their names. holds: what each of them has.
    """

    def __init__(self, found: Inspection, book: Rulebook, language: str, numbers: bool, signer: Signer | None) -> None:
        self.found, self.book, self.numbers, self.signer = found, book, numbers, signer
        self.language, self.count, self.day = language, counted(language), dated(language)
        self.texts, self.common = messages("inspection", language), messages("common", language)
        self.say = partial(said, language, "inspection")
        answers, registries = messages("answer", language), messages("registry", language)
        self.heads = answers["columns"] | self.common["outcomes"] | self.texts["column"]
        kinds = messages("records", language)["kinds"] | {DECISIONS: self.texts["decisions"]} | self.texts["kind"]
        words = {"outcome": self.common["outcome"], "confidence": self.common["grades"], "kind": registries | kinds}
        words |= {"verb": messages("desk", language)["verbs"], "result": answers["results"], "registry": registries}
        self.words = words
        self.made: dict[str, bytes] = {}
        self.holds: dict[str, str] = {}

    def files(self) -> dict[str, bytes]:
        """All files but the list of checksums."""
        found, say, language = self.found, self.say, self.language
        checks = _read(found.checks, "declared", lambda told: facts(told, language))
        loads = _read(
            found.registries,
            "accepted",
            lambda defects: semicolons((defect_in_words(**defect, language=language) for defect in defects), language),
        )
        # Of each part its tables and paragraphs.
        parts: dict[str, list[ShownTable | str]] = {
            "checks": [self._table("checks", checks), *self._decisions()],
            "consents": [self._shown("wordings", self._wordings()), self._table("consents", found.consents)],
            "calls": [self._table("calls", found.calls)],
            "objections": [self._table("objections", found.objections)],
            "registries": [self._table("registries", loads)],
            "law": [self._table("law", self._law()), *self._other_law()],
            "log": [self._shown("deeds", found.deeds), self._shown("erasures", found.erasures), *self._log()],
            "files": [],
        }
        days = {"first": found.scope.first, "last": found.scope.last, "check": str(found.scope.check or "")}
        what = say("one", name=found.scope.campaign) if found.scope.campaign else say("all")
        of = "check" if found.scope.check else "days"
        made = {"at": self._cell("at", audit_log.now()), "by": audit_log.user(), "version": version("dnc-check")}
        values = {
            "title": say("title", of, **days),
            "sentence": _masked(say("sentence", of, **days, what=what)),
            "facts": list(self._cover()),
            "filled": parts,
            "files": self.holds,
            "made": say("made", **made),
        }
        headings = {id_: say("part", id_) for id_ in parts}
        return self.made | {"index.html": rendered("inspection.html", language, headings, values).encode()}

    # the cover

    def _cover(self) -> Iterator[str]:
        checks, say, signer = self.found.checks, self.say, self.signer
        yield say("checks_n", n=checks.height, calls=int(checks["calls"].sum() or 0))
        yield from self._calls()
        yield from self._objections()
        if self.found.passed_to:
            yield _masked(say("passed", names=", ".join(sorted(self.found.passed_to))))
        findings = self.found.findings
        faults = semicolons((_masked(in_language(one, self.language)) for one in findings.faults), self.language)
        yield say("faulty" if faults else "whole", row=str(findings.head.seq), faults=faults)
        yield say("with" if self.numbers else "without")
        yield say("signed", key=signer.fingerprint) if signer else say("unsigned")

    def _calls(self) -> Iterator[str]:
        calls, covered, days, say = self.found.calls, self.found.covered, self.found.scope.days, self.say
        if not calls.height:
            yield say("no_calls")
            return
        yield say("calls_n", n=calls.height, consents=calls["rests_on"].is_in(self.found.consents["statement"]).sum())
        yield say("covered" if covered < days else "covered_whole", n=covered, days=days)
        outcomes = Counter(calls["outcome"])
        yield say("checked_before", **{name: outcomes[name] for name in OUTCOMES}, unchecked=outcomes[None])
        yield say("checked_lasting", n=calls["valid_until"].count())
        weekdays = Counter(calls["at"].str.head(10).str.to_date().dt.weekday())
        hours = calls["at"].str.slice(11, 5).filter(calls["at"].str.len_chars() > len("2026-12-02"))
        spread = {"first": hours.min() or "–", "last": hours.max() or "–", "untimed": calls.height - len(hours)}
        yield say("hours", **spread, saturdays=weekdays[6], sundays=weekdays[7], most=calls["attempts"].max())

    def _objections(self) -> Iterator[str]:
        calls, found = self.found.calls, self.found.objections
        kinds, days = Counter(found["kind"]), found["days_until_recorded"]
        values = {"soon": int((days <= 1).sum()), "longest": max(days.drop_nulls(), default=0)}
        values |= {"undated": days.null_count(), "objections": kinds["objection"], "withdrawals": kinds["withdrawal"]}
        yield self.say("objections_n", **values)
        if calls.height:
            order = Counter(calls["order_known"])
            yield self.say("after_n", n=order[True], same_day=order[False])

    # the parts

    def _decisions(self) -> Iterator[ShownTable | str]:
        """The decisions of the one check, or that it kept none."""
        if self.found.scope.check:
            rows = self.found.decisions
            yield self._table("decisions", rows) if rows.height else self.say("no_decisions")

    def _wordings(self) -> pl.DataFrame:
        given = pl.col("consent_withdrawn_on").is_null()
        counts = {
            "given": given.sum(),
            "withdrawn": (~given).sum(),
            "with_proof": pl.col("proof").filter(given).count(),
        }
        unnamed = messages("summary", self.language)["no_wording"]
        rows = self.found.consents.group_by("wording", "wording_text").agg(**counts).sort("wording", nulls_last=True)
        return rows.with_columns(pl.col("wording").fill_null(unnamed))

    def _law(self) -> pl.DataFrame:
        """The rules in force on one of the days, of those by whose law checks judged, and whose numbers were called."""
        kinds = read_column(self.found.calls["number"].unique(), None)
        territories = kinds.kinds["territory"][kinds.rows["kind"].drop_nulls()].drop_nulls()
        scope, rows = self.found.scope, list[list[object]]()
        called = {pack.jurisdiction for pack in map(self.book.pack_of, territories.unique()) if pack}
        for pack in (pack for id_, pack in self.book.packs.items() if id_ in self.found.laws | called):
            there = (one for one in pack.regimes if one.first <= scope.last and one.until > scope.first)
            rows += [[pack.name[self.language], *self._rule(one)] for one in there if not one.is_scope]
        return pl.DataFrame(rows, _RULE, orient="row", infer_schema_length=None)

    def _rule(self, regime: Regime) -> Iterator[object]:
        """What a rule has in the columns `_RULE`."""
        yield from (regime.id, regime.title[self.language], regime.says[self.language])
        yield in_language(regime.demanded.says, self.language)
        yield regime.first if regime.first > date.min else None
        yield regime.until - timedelta(days=1) if regime.until < date.max else None
        yield semicolons((f"{cite.texts[self.language]} {cite.url}".strip() for cite in regime.cites), self.language)
        yield regime.confidence

    def _other_law(self) -> Iterator[str]:
        """That checks applied another text than today's, which is added as a file."""
        for sha256, text in self.found.rules.items():
            if sha256 not in self.book.texts:
                file = f"{self.texts['file']['law']}-{sha256}.toml"
                self.made[file], self.holds[file] = text.encode(), self.say("applied")
                yield labelled(self.say("applied"), file, self.language)

    def _log(self) -> Iterator[str]:
        findings = self.found.findings
        yield labelled(said(self.language, "page", "head"), str(findings.head), self.language)
        yield from (_masked(in_language(note, self.language)) for note in findings.notes)
        if self.numbers:
            self.made[LOG], self.holds[LOG] = self.found.log, self.say("log")
            yield self.say("chained", file=LOG)

    # tables

    def _table(self, key: str, frame: pl.DataFrame) -> ShownTable:
        """A table: some of its columns on the page, and all of it in a file."""
        name = f"{self.texts['file'][key]}.csv"
        whole = frame.with_columns(pl.col(pl.Datetime).dt.to_string("%Y-%m-%dT%H:%M:%S"))
        if not self.numbers:
            whole = whole.drop(_TELLING, strict=False)
            if key != "law":  # which no user wrote
                whole = whole.with_columns(pl.col(pl.String).map_elements(_masked, pl.String))
        self.made[name], self.holds[name] = csv_of(whole), self.texts["caption"][key]
        note = self.say("first_rows" if frame.height > _MOST else "every_row", n=_MOST, all=frame.height, file=name)
        return self._shown(key, frame.select(_SHOWN[key]))._replace(note=note)

    def _shown(self, key: str, frame: pl.DataFrame) -> ShownTable:
        cells = [[self._cell(*cell) for cell in row.items()] for row in frame.head(_MOST).iter_rows(named=True)]
        return ShownTable(self.texts["caption"][key], list(map(self._head, frame.columns)), cells)

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
            return self.count(value)
        if value in vocabulary().axes.get(column, ()):
            return vocabulary().value(column, value, self.language)
        return str(self.words.get(column, {}).get(value) or (value if column in _RULE else _masked(value)))


def _read(frame: pl.DataFrame, column: str, words: Callable[[Any], str]) -> pl.DataFrame:
    """A table of which one column is JSON, in words."""
    return frame.with_columns(pl.Series(column, [words(json.loads(cell or "[]")) for cell in frame[column]], pl.String))


def _masked(text: str) -> str:
    """What somebody wrote, without what may be a telephone number."""
    return without_numbers(printable(text))
