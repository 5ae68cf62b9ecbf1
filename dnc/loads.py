"""A load: an extract read in whole, and what makes its snapshot another than one that stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dnc.audit import now
from dnc.clock import today
from dnc.durable import fingerprint
from dnc.engine import engine
from dnc.errors import InputError, LoaderError, OptionError
from dnc.extracts import Taken, take
from dnc.ledger import Change
from dnc.loader import Loader, loader_for
from dnc.numbers import calling_codes
from dnc.snapshots import Accepted, Snapshot, Standing, fault_of, snapshot_of


@dataclass(frozen=True)
class Told:
    """What a load was told beside the files; names as of `Store.load`."""

    as_of: date
    registry: str | None
    covers: tuple[str, ...]
    campaign: str | None
    means: str | None
    asked: Path | None
    loader: Path | None
    region: str | None
    accept_unread: int
    reason: str | None


@dataclass(frozen=True)
class Prepared:
    """An extract that was read in whole and is not yet in the store."""

    path: Path
    sha256: str
    identity: tuple[Any, ...]
    absent: str
    taken: Taken


def told(
    paths: Sequence[str | Path], as_of: date, covers: Sequence[str], asked: str | Path | None, **words: Any
) -> Told:
    """What was told, where it makes sense. Raises InputError."""
    if as_of > today():
        message = f"--as-of {as_of} is in the future; it is the day the registry produced the file"
        raise InputError(message, paths[0])
    if isinstance(covers, str):
        covers = [covers]  # and not its digits
    if bad := [prefix for prefix in covers if not re.fullmatch(r"\+?[0-9]{1,15}", prefix)]:
        raise InputError(f"--covers {bad[0]!r} is no E.164 prefix")
    if words["accept_unread"] < 0 or bool(words["accept_unread"]) != bool((words["reason"] or "").strip()):
        raise OptionError("--accept-unread, a number of rows, and --reason go together")
    if asked and len(paths) > 1:
        raise InputError("--asked goes with one file; put the parts of the answer together first", paths[1])
    prefixes = tuple(sorted(prefix.lstrip("+") for prefix in covers))
    return Told(as_of, covers=prefixes, asked=Path(asked) if asked else None, **words)


def prepare(path: Path, told: Told, standing: Standing, work: Path) -> Prepared:
    """Read one extract in whole into the folder `work`. Raises InputError, LoaderError."""
    words: dict[str, Any] = {"means": told.means, "asked": told.asked, "as_of": told.as_of, "region": told.region}
    loader, extract = loader_for(path, told.registry, module=told.loader, **words)
    _refuse_covers(told, loader)
    taken = take(loader, extract, work, told.covers)
    prefixes = taken.covers
    if extract.covers and not all(prefix.startswith(tuple(extract.covers)) for prefix in prefixes):
        raise InputError("--covers says more than the codes in the file; leave it out", extract.path)
    if prefixes and loader.absent == "clear" and loader.registry != "own" and not any(taken.counts.values()):
        raise InputError("is empty, and would clear every number it is complete for; fetch it again", extract.path)
    if loader.last_day and told.as_of > date.fromisoformat(loader.last_day):
        taken.notes.append(f"{loader.registry} ended on {loader.last_day}; is {told.as_of} the day of this file?")
    if loader.registry == "own":
        taken.notes.extend(_own_notes(taken.listings, told.as_of, standing, work))
    asked = fingerprint(told.asked) if told.asked else None
    identity = (loader.registry, told.as_of, list(prefixes), told.campaign, told.means, asked, told.region)
    return Prepared(extract.path, fingerprint(extract.path), identity, loader.absent, taken)


def _refuse_covers(told: Told, loader: Loader) -> None:
    """Raise OptionError where a file cannot be complete for what it was said to be."""
    if not told.covers:
        return
    if "" in loader.covers:
        raise OptionError(f"{loader.registry} is complete for every number; leave --covers out")
    if loader.answers or told.asked:
        raise OptionError("an answer to a question is complete for nothing; leave --covers out")
    codes = calling_codes(loader.region)
    if strange := [prefix for prefix in told.covers if not prefix.startswith(tuple(codes))]:
        known = " or ".join(codes)
        raise OptionError(f"--covers {strange[0]}: {loader.registry} holds numbers that begin with {known}")


def refuse_unread(lists: Sequence[Prepared], told: Told) -> None:
    """Raise LoaderError where lists that are complete for something have more unread rows than were accepted.

    Who stands in a row that cannot be read would count as not listed.
    """
    smudged = [one for one in lists if _unread(one)]
    count = sum(map(_unread, smudged))
    if count <= told.accept_unread:
        return
    line, reason = smudged[0].taken.unread[0]
    lines = [str(line) for line, _ in smudged[0].taken.unread]
    more = ", …" if _unread(smudged[0]) > len(lines) else ""
    where = f"line{'s' if len(lines) > 1 else ''} {', '.join(lines)}{more}"
    files = f" and in {len(smudged) - 1} more files" if len(smudged) > 1 else ""
    accepted = f"; {told.accept_unread:,} were accepted" if told.accept_unread else ""
    raise LoaderError(
        f"a number cannot be read ({reason}); whoever it belongs to would count as not listed. "
        f"Rows like this: {count:,} ({where}{files}){accepted}. "
        f"Put them right, or load with --accept-unread {count} --reason TEXT",
        smudged[0].path,
        line,
    )


def _unread(one: Prepared) -> int:
    """Rows of a list that cannot be read, where those who stand in them would count as not listed."""
    return one.taken.counts["unread"] if one.taken.covers else 0


def _own_notes(listings: Path, as_of: date, standing: Standing, work: Path) -> list[str]:
    """What a newer file of the own list leaves out, which stays, and how old its newest entry is."""
    stood = {standing.path(one) for one in standing.snapshots if one.registry == "own"}
    files = [str(path) for path in sorted(stood) if not fault_of(path)]
    with engine(work, *{path.parent for path in stood}) as con:
        [(count, newest)] = con.execute(
            "select count(*), max(coalesce(since, ?)) from read_parquet(?) where listed", [as_of, str(listings)]
        ).fetchall()
        lacks = 0
        if files:
            left_out = "where listed and number not in (select number from read_parquet(?))"
            sql = f"select count(distinct number) from read_parquet(?) {left_out}"
            [(lacks,)] = con.execute(sql, [files, str(listings)]).fetchall()
    notes = [f"its newest entry is of {newest}"] if count else ["no objections in it"]
    return notes + ([f"it lacks {lacks:,} earlier numbers; they stay until they are lifted"] if lacks else [])


def stands(one: Prepared, standing: Standing) -> Snapshot | None:
    """The snapshot of the same bytes with the same words, if there is one and its files are whole."""
    for old in standing.snapshots:
        identity = (old.registry, old.as_of, list(old.covers), old.campaign, old.means, old.asked, old.region)
        if old.sha256 == one.sha256 and identity == one.identity and not standing.fault(old):
            return replace(old, new=False)
    return None


def add(change: Change, one: Prepared, standing: Standing, told: Told) -> Snapshot:
    """Put one extract into the store, in place of the same bytes with other words or with a damaged file."""
    registry, as_of, covers, campaign, means, asked, region = one.identity
    # Own is a ledger: what stands in it is lifted, never corrected away.
    same = [old for old in standing.snapshots if (old.sha256, old.registry) == (one.sha256, registry)]
    damaged = [old.id for old in same if standing.fault(old)]
    gone = damaged if registry == "own" else [old.id for old in same]
    notes = one.taken.notes + [
        f"a file of snapshot {id_} was damaged; this one replaces it"
        if id_ in damaged
        else f"the same bytes stood as snapshot {id_} with other words; this one replaces it"
        for id_ in gone
    ]
    file, numbers = change.keep(one.taken.listings, "snapshots")
    new = 1 + _last_id(change.con)
    change.con.execute("delete from snapshots where id in (select unnest(?::integer[]))", [gone])
    bitpages = change.keep(one.taken.bitpages, "bitpages") if one.taken.bitpages else None
    if bitpages:
        change.con.execute("delete from bitpages where of = ?", [file])
        change.con.execute("insert into bitpages values (?, ?, ?)", [file, *bitpages])
    row = [new, registry, as_of, covers, one.absent, campaign, means, asked, region, one.sha256, file]
    row += [*(one.taken.counts[name] for name in ("listed", "clear", "unknown", "unread")), numbers, now()]
    change.con.execute(f"insert into snapshots values ({', '.join('?' * len(row))})", row)
    accepted = [Accepted("unread", _unread(one), told.reason or "")] if _unread(one) else []
    for taken_in in accepted:
        change.con.execute("insert into accepted values (?, ?, ?, ?)", [new, *taken_in])
    detail = {"snapshot": new, "registry": registry, "as_of": as_of, "sha256": one.sha256, **one.taken.counts}
    detail |= {"file": file, "numbers": numbers, "covers": covers, "campaign": campaign, "means": means}
    detail |= {"bitpages": bitpages[0]} if bitpages else {}
    detail |= {"odd": one.taken.odd, "accepted": [taken_in._asdict() for taken_in in accepted]}
    change.log("load", detail | {"asked": asked, "region": region, "replaces": gone, "notes": notes})
    return snapshot_of(row, accepted, notes)


def _last_id(con: duckdb.DuckDBPyConnection) -> int:
    """The highest id that was ever given, also to a snapshot that is forgotten."""
    sql = "select max((detail ->> 'snapshot')::integer) from log where verb = 'load'"
    [(given,)] = con.execute(sql).fetchall()
    return given or 0
