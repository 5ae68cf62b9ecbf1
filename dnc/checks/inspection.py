"""What an authority asks about the calls of a period, as far as a store knows it: tables, and what is said of them.

Rows are named as everywhere else (`consents:12`, `calls:7`). Telephone numbers are in the columns `number`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl

from dnc.checks.past import PastCheck, past_checks
from dnc.clock import ALWAYS, NEVER, read_day
from dnc.database import instance_of, run, statement
from dnc.errors import InputError, OptionError
from dnc.files.table import folded
from dnc.law.vocabulary import CONSENT
from dnc.lists.own_records import as_in_file
from dnc.lists.own_statements import REFERENCE, refers
from dnc.messages import localized
from dnc.store.campaigns import all_in
from dnc.store.record_kinds import CALLS, CONSENTS, GIVEN, Kind
from dnc.store.records import on_consents
from dnc.store.retention import HASHES
from dnc.store.snapshots import Standing
from dnc.store.store import Store
from dnc.store.verify import Findings, verify
from dnc.store.wordings import Wording, in_store

_Rows = Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]  # of the log, each with its details

_ERASING = ("forget", "retain", "hold", "lift-hold")
_OF_CHECK = (
    *("list", "call_day", "campaign", "calls", "clear", "blocked", "undecided", "declared", "accepted", "region"),
    *("today", "clock", "brief", "guidance", "snapshots", "rules", "rows", "out", "version"),
    *("list_sha256", "consents_sha256", "verdicts_sha256"),
)
_OF_LOAD = ("registry", "as_of", "numbers", "campaign", "accepted", "snapshot", "used_by", "days_old")
_OF_ERASURE = ("verb", "kind", "before", "months", "numbers", "rows", "campaign", "reason")
_GROUNDS = ("attempts", "rests_on", "check", "valid_until", "outcome", "why", "after", "order_known")
# Columns of kept decisions, as the tables of calls name them.
_AS_CALLS = {
    **{"row": "list_row", "call": "call_id", "day": "call_day", CONSENT: "rests_on"},
    **{"dnc_outcome": "outcome", "dnc_why": "why"},
}
_DECIDED = {
    **{"number": pl.UInt64, "day": pl.Date, "dnc_valid_until": pl.Date, "check": pl.Int64, "done_at": pl.Datetime},
    **dict.fromkeys(("dnc_outcome", "dnc_why", "dnc_consent", "campaign"), pl.String),
}
_ATTEMPTS_DAYS = timedelta(days=29)  # before a call, in which attempts are counted
_MADE = """
    create temp table made as
    select *, "at"::date >= $first and coalesce(campaign = $name, $name is null) as mine from ({sql})
"""
_NAMES = """
    select distinct name from (select unnest([wording, proof]) as name from consents where wording || proof is not null)
    where not regexp_matches(name, $reference)
"""


@dataclass(frozen=True)
class Scope:
    """What is inspected: the days from `first` to `last`, both included, of one campaign or all, or of one check.

    Raises OptionError if the days are in the wrong order.
    """

    first: date
    last: date
    campaign: str | None = None
    check: int | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise OptionError(localized("errors", "days_order"))

    @classmethod
    def of_check(cls, check: PastCheck) -> Scope:
        """One check, and what was done in its campaign on the day for which it was made, or else on its own."""
        day = read_day(_planned(check)[:10], "iso") or check.done_at.date()
        return cls(day, day, _name_of(_campaign(check)) or None, check.id)

    @property
    def days(self) -> int:
        """How many days it is about."""
        return (self.last - self.first).days + 1

    def has(self, day: date | None) -> bool:
        """Whether a day is one of these."""
        return day is not None and self.first <= day <= self.last

    def of(self, check: PastCheck) -> bool:
        """Whether a check is in it: its own day or that of its calls, and its campaign."""
        if self.check is not None:
            return check.id == self.check
        is_then = self.has(check.done_at.date()) or self.has(read_day(_planned(check)[:10], "iso"))
        return is_then and self.campaign in (None, _name_of(_campaign(check)))


def _planned(check: PastCheck) -> str:
    """When the calls of a check are planned, if it was said for all of them."""
    return str(check.detail.get("at") or check.detail["declared"].get("call_at") or "")


def _campaign(check: PastCheck) -> str:
    """The campaign of a check, with the version of its brief if it was kept in the store."""
    return str(check.detail.get("campaign") or check.detail["declared"].get("campaign") or "")


def _name_of(campaign: str) -> str:
    """The name of a campaign without the version of its brief."""
    return campaign.partition(" ")[0]


class Inspection(msgspec.Struct, frozen=True):
    """What a store knows about a scope.

    Attributes:
        findings: of the verification of the store today, with the last row of the log.
        checks: rows of the log. registries: those about files that were loaded then, or that these checks used;
            `used_by` names these, and `days_old` is how many days the last of them came after the day of the file.
            `declared` and `accepted` are JSON.
        decisions: of the one check, row by row, if it kept them (`Evidence`); with the numbers as texts.
        consents: of these days, or on which its calls or its decisions rest, as a file has them, with the text of the
            wording.
        calls: as a file has them, each with its ground; see `inspected_calls.sql`.
        objections: also withdrawals, of these days or of those called, with how many of the calls came after.
        deeds: who did what how often in these days. erasures: whenever they were, also what is to be kept.
        rules: text of each rules file that a check used, by its SHA-256. laws: by which jurisdictions they judged.
        passed_to: to whom consents were passed on.
        covered: of how many of the days every call is said to be recorded.
        log: all of it, as it is hashed.
    """

    scope: Scope
    findings: Findings
    checks: pl.DataFrame
    registries: pl.DataFrame
    decisions: pl.DataFrame
    consents: pl.DataFrame
    calls: pl.DataFrame
    objections: pl.DataFrame
    deeds: pl.DataFrame
    erasures: pl.DataFrame
    rules: dict[str, str]
    laws: set[str]
    passed_to: set[str]
    covered: int
    log: bytes


def inspect(store: Store, scope: Scope) -> Inspection:
    """Gather what a store knows about a scope.

    Raises InputError if nothing in the store has the name of the campaign, StoreError if it cannot be read or its
    log was edited.
    """
    store.must_exist()
    findings, standing, wordings, log = verify(store.journal), store.standing(), in_store(store.journal), store.log()
    every = past_checks(store)
    checks = {check.id: check for check in reversed(every) if scope.of(check)}
    state, decisions = store.journal.read(), _decisions(store, scope)
    with instance_of(store.path.absolute()).cursor() as con:
        consents, calls, objections = _of_persons(con, store, standing, scope, every, decisions=decisions)
    named = {*all_in(state), *map(_name_of, map(_campaign, checks.values())), *calls["campaign"]}
    if scope.campaign and scope.campaign not in named:
        raise InputError(localized("errors", "hold", "campaign", name=scope.campaign))
    rows = [(row, json.loads(row["detail"])) for row in log.iter_rows(named=True)]
    exported = {told.get("to") for row, told in rows if row["verb"] == "export"}
    passed_to = exported.union(consents["passed_to"], (one.facts.recipients for one in wordings))
    hashes = {int(check): told for check, told in state.values(HASHES).items()}
    used = sorted({sha256 for check in checks.values() for sha256 in check.detail["rules"]})
    return Inspection(
        scope,
        findings,
        _table(
            ((row, _of_check(check, hashes.get(check.id, {}))) for row, _ in rows if (check := checks.get(row["seq"]))),
            _OF_CHECK,
        ),
        _table(_loads(rows, checks.values(), scope), _OF_LOAD),
        decisions,
        consents.join(_texts(wordings, consents["wording"]), on="wording", how="left", maintain_order="left"),
        calls,
        objections,
        deeds=log.filter(pl.col("done_at").dt.date().is_between(scope.first, scope.last))
        .group_by("done_by", "verb")
        .agg(times=pl.len())
        .sort("done_by", "verb"),
        erasures=_table(((row, row | told) for row, told in rows if row["verb"] in _ERASING), _OF_ERASURE),
        rules=dict(zip(used, store.texts("rules", used), strict=True)),
        laws={id_ for check in checks.values() for id_ in check.detail["jurisdictions"]},
        passed_to={name for name in passed_to if name},
        covered=len(set(_complete(standing, scope))),
        log=store.journal.sealed(),
    )


# the log


def _table(rows: _Rows, columns: Sequence[str]) -> pl.DataFrame:
    """Rows of the log as a table: `row`, `done_at`, `done_by`, and some of their details."""
    cells = [
        [str(row["seq"]), row["done_at"], row["done_by"], *map(_flat, map(told.get, columns))] for row, told in rows
    ]
    return pl.DataFrame(cells, ["row", "done_at", "done_by", *columns], orient="row", infer_schema_length=None)


def _flat(value: Any) -> Any:
    """A detail as a cell."""
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value)):
        return json.dumps(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _of_check(check: PastCheck, hashes: Mapping[str, str | None]) -> dict[str, Any]:
    """The details of a check, with its calls, its campaign and its hashes, unless they were erased."""
    told = {**check.detail, **check.counts, "list": ", ".join(check.files), "calls": check.calls}
    told |= {"campaign": _campaign(check), "call_day": _planned(check)}
    names = {"list_sha256": "sha256", "consents_sha256": "consents", "verdicts_sha256": "verdicts"}
    return told | {ours: hashes.get(theirs) for ours, theirs in names.items()}


def _loads(rows: _Rows, checks: Iterable[PastCheck], scope: Scope) -> _Rows:
    """Rows of the log about files of registries, with the checks that used them and how old they were by then.

    A file of the own list is used by every later check.
    """
    for row, told in rows:
        if row["verb"] not in ("load", "confirm") or not told.get("registry"):
            continue
        id_, seq = told.get("snapshot"), row["seq"]
        used_by = [one for one in checks if (id_ in one.detail["snapshots"] if id_ else one.id > seq)]
        if used_by or scope.has(row["done_at"].date()):
            last = max((check.done_at.date() for check in used_by), default=None)
            days_old = last and (last - date.fromisoformat(told["as_of"])).days
            yield row, {**told, "used_by": [check.id for check in used_by], "days_old": days_old}


def _complete(standing: Standing, scope: Scope) -> Iterator[date]:
    """The days of a scope for which a file of calls says that it has every call."""
    for file in standing.records[CALLS.name].files:
        if file.from_day and file.to_day:
            first, last = max(file.from_day, scope.first), min(file.to_day, scope.last)
            yield from (first + timedelta(days=days) for days in range((last - first).days + 1))


# persons


def _decisions(store: Store, scope: Scope) -> pl.DataFrame:
    """What the one check kept of its decisions."""
    file = store.decisions().get(scope.check) if scope.check else None
    parts = [pl.DataFrame(schema={"number": pl.UInt64, CONSENT: pl.String})]
    if file:
        parts.insert(0, pl.read_parquet(file, glob=False))
    rows = pl.concat(parts, how="diagonal_relaxed").rename(_AS_CALLS, strict=False)
    return rows.with_columns(number="+" + pl.col("number").cast(pl.String))


def _of_persons(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    standing: Standing,
    scope: Scope,
    checks: Iterable[PastCheck],
    *,
    decisions: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The tables of consents, calls and objections.

    checks: those that may have kept their decisions. decisions: those of the scope, of which it takes the consents.
    """
    days, name = {"first": scope.first, "last": scope.last}, {"name": scope.campaign}
    ask = partial(run, con, "inspection")
    calls, consents = (standing.records[kind.name].source() for kind in (CALLS, CONSENTS))
    made = on_consents(calls._replace(sql=f'from ({calls.sql}) where "at"::date between $since and $last'), consents)
    since = {"since": scope.first - _ATTEMPTS_DAYS}
    ask(_MADE.format(sql=made.sql), {**made.params, **days, **name, **since}, **made.frames)
    ask(f"create temp table consents as {consents.sql}", consents.params or None, **consents.frames)
    named = ask(_NAMES, {"reference": REFERENCE})["name"]
    words = {"never": NEVER, "unknown": ALWAYS, "given": list(GIVEN)}
    words["nameless"] = named.filter(~refers(named)).to_list()
    ask(statement(__package__, "inspected_barred"), words, own=_own_list(con, standing))
    called = ask("select distinct number from made where mine")
    said = {"decided": _decided(store, scope, checks, called), "listed": _listed(standing, called)}
    told = ask(statement(__package__, "inspected_calls"), **said)
    rest = {"rest": decisions["rests_on"].drop_nulls().unique().to_list()}
    return (
        _as_in_file(ask(statement(__package__, "inspected_consents"), {**days, **name, **rest}, calls=told), CONSENTS),
        _as_in_file(told.with_columns(pl.col("after").list.join(", ")), CALLS, *_GROUNDS),
        ask(statement(__package__, "inspected_objections"), days, calls=told),
    )


def _as_in_file(rows: pl.DataFrame, kind: Kind, *more: str) -> pl.DataFrame:
    """Own records as a file has them, with more columns."""
    recorded_at = pl.col("recorded_at").str.head(19).str.to_datetime()
    return rows.select(*as_in_file(kind), *more).select("statement", pl.exclude("statement")).with_columns(recorded_at)


def _of_called(file: Path, called: pl.DataFrame) -> pl.LazyFrame:
    return pl.scan_parquet(file, glob=False).join(called.lazy(), on="number", how="semi")


def _decided(store: Store, scope: Scope, checks: Iterable[PastCheck], called: pl.DataFrame) -> pl.DataFrame:
    """The decisions that checks kept on the numbers `called`, for days up to the last."""
    files, parts = store.decisions(), [pl.LazyFrame(schema=_DECIDED)]
    for check in checks:
        if check.id in files:
            told = {"check": check.id, "done_at": check.done_at, "campaign": _name_of(_campaign(check)) or None}
            of = {name: pl.lit(cell, _DECIDED[name]) for name, cell in told.items()}
            rows = _of_called(files[check.id], called).filter(pl.col("day") <= scope.last)
            parts.append(rows.select(pl.col("number", "day", "^dnc_.*$"), **of))
    return pl.concat(parts, how="diagonal_relaxed").collect()


def _listed(standing: Standing, called: pl.DataFrame) -> pl.DataFrame:
    """Of the numbers `called`, which files of registries list them or leave them open: since when, and when loaded."""
    parts = [pl.LazyFrame(schema={"number": pl.UInt64, "since": pl.Date, "loaded_at": pl.Datetime})]
    for one in standing.snapshots:
        rows = _of_called(standing.path(one), called).filter(pl.col("listed").fill_null(True))
        parts.append(rows.select("number", "since", loaded_at=pl.lit(one.loaded_at, pl.Datetime)))
    return pl.concat(parts, how="vertical_relaxed").collect()


def _own_list(con: duckdb.DuckDBPyConnection, standing: Standing) -> pl.DataFrame:
    """The own list: `id`, `number`, `on_day`, `recorded_at`, `lifted`, `until`, the last day, and `seq`, their order.

    A number of several files has the day and the name of the first.
    """
    told = standing.objections.find(con).with_columns(pl.col("lifted").fill_null(False))
    of_files = told.filter(pl.col("as_of").is_not_null())
    until = pl.when(pl.col("until").is_not_null().all()).then(pl.col("until").max())
    once = of_files.group_by("number").agg(pl.col("seq", "on_day", "recorded_at").min(), until, lifted=pl.lit(False))
    rows = pl.concat([told.filter(pl.col("as_of").is_null()), once], how="diagonal_relaxed")
    return rows.sort("seq").with_columns(id=pl.format("objections:{}", "seq"))


def _texts(wordings: Iterable[Wording], names: pl.Series) -> pl.DataFrame:
    """The text of each wording that consents name, and its SHA-256."""
    kept = {folded(one.name): one for one in wordings}
    rows = [(name, one.text, one.sha256) for name in names.drop_nulls().unique() if (one := kept.get(folded(name)))]
    return pl.DataFrame(rows, dict.fromkeys(("wording", "wording_text", "wording_sha256"), pl.String), orient="row")
