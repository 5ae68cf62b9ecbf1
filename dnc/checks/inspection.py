"""What an authority asks about the calls of a period, as far as a store knows it.

Frames have no telephone number unless they say so: rows are named as everywhere else (`consents:12`, `calls:7`), and
`numbers` says whose they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl

from dnc.clock import ALWAYS, NEVER, read_day
from dnc.database import instance_of, run, statement
from dnc.errors import InputError, OptionError
from dnc.lists.consents import REFERENCE, refers
from dnc.lists.own_records import as_in_file, made_at
from dnc.messages import localized
from dnc.numbers.bulk_reader import read_column
from dnc.store.campaigns import all_in
from dnc.store.holds import Hold
from dnc.store.record_kinds import CALLS, CONSENTS, GIVEN, LAST_TIMED
from dnc.store.records import on_consents
from dnc.store.snapshots import Snapshot, Standing
from dnc.store.store import Store
from dnc.store.verify import Findings, verify
from dnc.store.wordings import Wording, in_store
from dnc.verdicts.verdict import OUTCOMES

Row = dict[str, Any]  # of the log

SAMPLE = 25  # consents that are drawn
_ERASING = ("forget", "retain", "hold", "lift-hold")
_OF_CHECK = (
    *("list", "call_day", "campaign", "calls", *OUTCOMES, "declared", "accepted", "region", "today", "clock", "brief"),
    *("guidance", "snapshots", "objections", "rules", "rows", "out", "decisions", "version"),
)
_OF_LOAD = ("registry", "as_of", "numbers", "campaign", "accepted", "snapshot")
_OF_ERASURE = ("verb", "kind", "before", "months", "numbers", "rows", "campaign", "reason")
_DECIDED = {
    **{"number": pl.UInt64, "day": pl.Date, "valid_until": pl.Date, "check": pl.Int64, "done_on": pl.Date},
    "listed_from": pl.Date,  # since when a file that was loaded after the check lists the number, if one does
    **dict.fromkeys(("outcome", "why", "consent", "campaign"), pl.String),
}
_MADE = """
    create temp table made as
    select seq, number, "at", result, campaign, consent, coalesce(campaign = $name, $name is null) as mine
    from ({sql})
"""
_NAMES = """
    select distinct name from (select unnest([wording, proof]) as name from consents where wording || proof is not null)
    where not regexp_matches(name, $reference)
"""
_SAMPLE = "from inspected where consent_withdrawn_on = $never order by sha256($seed || ' ' || seq), seq limit $size"


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

    def of(self, row: Row) -> bool:
        """Whether a row of the log is of these days; a check, if it or its calls are of them, and of the campaign."""
        is_check = row["verb"] == "check"
        if is_check and self.check is not None:
            return bool(row["seq"] == self.check)
        days = [row["done_at"].date(), read_day(_planned(row["detail"])[:10], "iso") if is_check else None]
        if not any(day and self.first <= day <= self.last for day in days):
            return False
        return not is_check or self.campaign in (None, _name_of(campaign_of(row["detail"])))


def _check(row: Row) -> Row:
    """A row of the log about a check, whose details also say how many calls it had, and of which campaign."""
    told = row["detail"]
    counts = {outcome: told["counts"][outcome] for outcome in OUTCOMES}
    more = {"list": told.get("input"), "calls": sum(counts.values())}
    more |= {"campaign": campaign_of(told), "call_day": _planned(told)}
    return row | {"detail": told | counts | more}


def _deed(row: Row) -> Row:
    """A row of the log whose details also say what was done; the kind of a snapshot is its registry."""
    told = row["detail"]
    return row | {"detail": told | {"kind": told.get("kind") or told.get("registry")} | row}


def _planned(check: dict[str, Any]) -> str:
    """When the calls of a check are planned, if it was said for all of them. check: its details."""
    return str(check.get("at") or check["declared"].get("call_at") or "")


def campaign_of(check: dict[str, Any]) -> str:
    """The campaign of a check, with the version of its brief if it was kept in the store. check: its details."""
    return str(check.get("campaign") or check["declared"].get("campaign") or "")


def _name_of(campaign: str) -> str:
    """The name of a campaign without the version of its brief."""
    return campaign.partition(" ")[0]


class Inspection(msgspec.Struct, frozen=True):
    """What a store knows about a scope.

    Attributes:
        store: its id. findings: of its verification today, with the last row of the log.
        checks, loads (of registries' files), erasures (also retention and holds), events (all of the days): rows of the
            log. declared: facts for all calls, by check. log: all of it, as it is hashed.
        rules: text of each rules file that a check used, by its SHA-256.
        campaigns: their briefs. passed_to: to whom consents were passed on.
        retention: months by kind. holds: in force now. wordings: of consents.
        covered: of how many of the `days` every call is said to be recorded.
        laws: ids of the rules files by which checks judged; None where one of an earlier version does not say so.
        territories: of the numbers that were called (ISO 3166-1 alpha-2), as far as they are known.
        calls: by day and campaign. times: by weekday and hour, null where the day alone was told. often: `numbers` by
            their most `calls` in thirty days.
        single_calls: each, with the consent that it rests on, and what a check up to its day that kept its decisions
            said of it: the last one for this day, or else the last one of its campaign if it was clear until then, and
            no registry that it asked has listed the number since.
        objections: also withdrawals, with how many calls came after. called_after: those calls.
        consents: by wording. sample: drawn consents as a file has them, with numbers.
        numbers: whose objections and calls are named.
    """

    scope: Scope
    store: str
    findings: Findings
    checks: pl.DataFrame
    declared: dict[str, dict[str, str]]
    loads: pl.DataFrame
    erasures: pl.DataFrame
    events: pl.DataFrame
    log: pl.DataFrame
    rules: dict[str, str]
    campaigns: pl.DataFrame
    passed_to: set[str]
    retention: dict[str, int]
    holds: list[Hold]
    wordings: list[Wording]
    covered: int
    laws: set[str] | None
    territories: set[str]
    calls: pl.DataFrame
    times: pl.DataFrame
    often: pl.DataFrame
    single_calls: pl.DataFrame
    objections: pl.DataFrame
    called_after: pl.DataFrame
    consents: pl.DataFrame
    sample: pl.DataFrame
    numbers: pl.DataFrame

    @property
    def days(self) -> int:
        """How many days it is about."""
        return (self.scope.last - self.scope.first).days + 1


def inspect(store: Store, scope: Scope) -> Inspection:
    """Gather what a store knows about a scope.

    Raises InputError if nothing in the store has the name of the campaign, StoreError if it cannot be read or its
    log was edited.
    """
    store.must_exist()
    findings, standing = verify(store.journal), store.standing()
    state, log, kept = store.journal.read(), store.log(), store.decisions()
    rows = [row | {"detail": json.loads(row["detail"])} for row in log.iter_rows(named=True)]
    checks = [row for row in rows if row["verb"] == "check" and not row["detail"].get("offered")]
    checks = [_check(row) for row in checks if scope.of(row)]
    used = sorted({sha256 for row in checks for sha256 in row["detail"]["rules"]})
    rules = dict(zip(used, store.texts("rules", used), strict=True))
    with instance_of(store.path.absolute()).cursor() as con:
        frames = _frames(con, standing, scope, findings.head.hash, partial(_decided, store, kept, rows, scope))
    kinds = read_column(frames.pop("called")["number"], None)
    asked = {snapshot for row in checks for snapshot in row["detail"]["snapshots"]}
    last = max((int(row["seq"]) for row in checks), default=0)  # it used all files of the own list of before

    def is_used(row: Row) -> bool:
        id_ = row["detail"].get("snapshot")
        return row["seq"] < last if id_ is None else id_ in asked

    loads = [row for row in rows if row["verb"] == "load" and row["detail"].get("registry")]
    loads = [row for row in loads if scope.of(row) or is_used(row)]
    exported = [row["detail"]["to"] for row in rows if row["verb"] == "export" and row["detail"].get("to")]
    briefs = all_in(state).values()
    campaigns = [(one.name, one.added_at, one.sha256) for one in briefs if scope.campaign in (None, one.name)]
    if scope.campaign and not (campaigns or checks or frames["calls"].height):
        raise InputError(localized("errors", "hold", "campaign", name=scope.campaign))
    return Inspection(
        scope=scope,
        store=state.values("store")["id"],
        findings=findings,
        checks=_table(checks, _OF_CHECK),
        declared={str(row["seq"]): row["detail"]["declared"] for row in checks},
        loads=_table(loads, _OF_LOAD),
        erasures=_table((_deed(row) for row in rows if row["verb"] in _ERASING and scope.of(row)), _OF_ERASURE),
        events=_table(map(_deed, filter(scope.of, rows)), ("verb", "hash")),
        log=log,
        rules=rules,
        campaigns=pl.DataFrame(campaigns, ["campaign", "added_at", "sha256"], orient="row"),
        passed_to={*exported, *frames.pop("recipients")["passed_to"]},
        retention={kind: months for kind, months, _ in store.retention()},
        holds=store.holds(),
        wordings=in_store(store.journal),
        laws=_laws(checks),
        territories={*kinds.kinds["territory"][kinds.rows["kind"].drop_nulls()].drop_nulls()},
        covered=len(set(_complete(standing, scope))),
        **frames,
    )


def _table(rows: Iterable[Row], columns: Iterable[str]) -> pl.DataFrame:
    """Rows of the log as a table: `row`, `done_at`, `done_by`, and some of their details."""
    cells = [
        [str(row["seq"]), row["done_at"], row["done_by"], *map(_flat, map(row["detail"].get, columns))] for row in rows
    ]
    return pl.DataFrame(cells, ["row", "done_at", "done_by", *columns], orient="row", infer_schema_length=None)


def _flat(value: Any) -> Any:
    """A detail as a cell."""
    if isinstance(value, dict):
        return "; ".join(f"{name}={_flat(one)}" for name, one in value.items())
    return ", ".join(map(str, map(_flat, value))) if isinstance(value, list) else value


def _complete(standing: Standing, scope: Scope) -> Iterator[date]:
    """The days of a scope for which a file of calls says that it has every call."""
    for file in standing.records[CALLS.name].files:
        if file.from_day and file.to_day:
            first, last = max(file.from_day, scope.first), min(file.to_day, scope.last)
            yield from (first + timedelta(days=days) for days in range((last - first).days + 1))


def _laws(checks: Iterable[Row]) -> set[str] | None:
    """The rules files by which checks judged calls; None if one of them does not say."""
    named = [row["detail"].get("jurisdictions") for row in checks]
    return {id_ for ids in named for id_ in ids} if None not in named else None


def _decided(
    store: Store, kept: Mapping[int, Path], log: Iterable[Row], scope: Scope, called: pl.DataFrame
) -> pl.DataFrame:
    """The decisions that checks kept on the numbers `called`, for days up to the last. kept: the file of each check."""
    done, standing = {row["seq"]: row for row in log}, store.standing()
    registry_of = {row["detail"].get("snapshot"): row["detail"].get("registry") for row in done.values()}
    parts = [pl.LazyFrame(schema=_DECIDED)]
    for check, file in kept.items():
        rows = pl.scan_parquet(file, glob=False).filter(pl.col("day") <= scope.last)
        own = pl.col("dnc_consent") if "dnc_consent" in rows.collect_schema() else pl.lit(None, pl.String)
        words = {"outcome": pl.col("dnc_outcome"), "why": pl.col("dnc_why"), "consent": own}
        campaign = _name_of(campaign_of(done[check]["detail"]))
        made = {"check": check, "done_on": done[check]["done_at"].date(), "campaign": campaign or None}
        made = {name: pl.lit(value, _DECIDED[name]) for name, value in made.items()}
        told = rows.join(called.lazy(), on="number", how="semi")
        asked = {registry_of.get(id_) for id_ in done[check]["detail"]["snapshots"]}
        at = done[check]["done_at"]
        later = [one for one in standing.snapshots if one.registry in asked and one.loaded_at > at]
        told = told.join(_listed_from(standing, later, called), on="number", how="left", maintain_order="left")
        columns = told.select("number", "day", "listed_from", valid_until="dnc_valid_until", **words, **made)
        parts.append(columns.select(*_DECIDED))
    return pl.concat(parts, how="vertical_relaxed").collect()


def _listed_from(standing: Standing, snapshots: Iterable[Snapshot], called: pl.DataFrame) -> pl.LazyFrame:
    """The numbers `called` that some snapshots list, or leave open, and since which day."""
    parts = [pl.LazyFrame(schema={"number": pl.UInt64, "listed_from": pl.Date})]
    for snapshot in snapshots:
        rows = pl.scan_parquet(standing.path(snapshot), glob=False).filter(pl.col("listed").fill_null(True))
        rows = rows.join(called.lazy(), on="number", how="semi")
        loaded = pl.lit(snapshot.loaded_at.date())
        parts.append(rows.select("number", listed_from=pl.max_horizontal(loaded, "since")))
    return pl.concat(parts, how="vertical_relaxed").group_by("number").agg(pl.col("listed_from").min())


def _frames(
    con: duckdb.DuckDBPyConnection,
    standing: Standing,
    scope: Scope,
    seed: str,
    decided: Callable[[pl.DataFrame], pl.DataFrame],
) -> dict[str, pl.DataFrame]:
    """What an inspection says about persons, by the names of its attributes.

    seed: of the sample. decided: the decisions on some numbers.
    """
    days, name, never = {"first": scope.first, "last": scope.last}, {"name": scope.campaign}, {"never": NEVER}
    calls, consents = (standing.records[kind.name].source() for kind in (CALLS, CONSENTS))
    ask = partial(run, con, "inspection")
    calls = calls._replace(sql=f'from ({calls.sql}) where "at"::date between $first and $last')
    made = on_consents(calls, consents)
    ask(_MADE.format(sql=made.sql), {**made.params, **days, **name}, **made.frames)
    ask(f"create temp table consents as {consents.sql}", consents.params or None, **consents.frames)
    named = ask(_NAMES, {"reference": REFERENCE})["name"]
    ask(
        statement(__package__, "inspected"),
        never | {"unknown": ALWAYS, "given": list(GIVEN), "nameless": named.filter(~refers(named)).to_list()},
        told=standing.objections.find(con),
    )
    ask(statement(__package__, "called_after"))
    ask(_sql("of_period"), {**days, **name})
    objections = ask(_sql("objections"), days)
    sample = ask(_SAMPLE, never | {"seed": seed, "size": SAMPLE})
    return {
        "calls": ask(_sql("calls_by_day")),
        "called": ask("select distinct '+' || number as number from made where mine"),
        "times": ask(_sql("calls_by_hour"), {"last_timed": LAST_TIMED}),
        "often": ask(_sql("most_attempts")),
        "single_calls": ask(
            _sql("single_calls"), decided=decided(ask("select distinct number from made where mine"))
        ).with_columns(made_at()),
        "objections": objections,
        "called_after": ask('select * exclude (number) from called_after order by "at", call, after').with_columns(
            made_at()
        ),
        "consents": ask(_sql("wordings"), never),
        "recipients": ask("select distinct passed_to from inspected where passed_to is not null"),
        "sample": sample.sort("seq")
        .select(as_in_file(CONSENTS))
        .with_columns(pl.col("recorded_at").str.head(19).str.to_datetime()),
        "numbers": ask(_sql("numbers"), shown=objections.select("statement")),
    }


def _sql(name: str) -> str:
    """A statement of an inspection; those in this module depend on the store, or draw the sample."""
    return statement(__package__, f"inspected_{name}")
