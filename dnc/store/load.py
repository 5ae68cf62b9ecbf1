"""A load: an extract read in whole, and what makes its snapshot another than one that stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dnc.clock import today
from dnc.database import engine, run, statement
from dnc.errors import InputError, LoaderError, OptionError
from dnc.files.input_file import fingerprint
from dnc.numbers.reader import calling_codes
from dnc.registries.contract import Loader
from dnc.registries.ingest import Taken, take
from dnc.store.audit_log import now
from dnc.store.ledger import Change
from dnc.store.loader_search import loader_for
from dnc.store.snapshots import Accepted, Snapshot, Standing, fault_of, snapshot_of

_SHRUNK_SHARE = 0.1  # of a complete list; above it a reason is asked for
_DOUBTED_SHARE = 0.05  # of the numbers that are looked at first
_LOOKED_AT = 100_000  # numbers of a long list
_NAMED = 3  # snapshots in a message


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
    shrunk: str | None
    corrects: int | None


@dataclass(frozen=True)
class Prepared:
    """An extract that was read in whole and is not yet in the store."""

    path: Path
    sha256: str
    identity: tuple[Any, ...]
    absent: str
    taken: Taken

    @property
    def registry(self) -> str:
        """The registry's id."""
        return str(self.identity[0])


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
    if words["shrunk"] is not None and not words["shrunk"].strip():
        raise OptionError("--shrunk asks for the reason why the list is shorter")
    if words["corrects"] is not None and len(paths) > 1:
        raise OptionError("--corrects goes with one file, the one that the snapshot was taken from")
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

    Such a list would count as complete without whoever stands there.
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
        f"a number cannot be read ({reason}), and the list would count as complete without it. "
        f"Rows like this: {count:,} ({where}{files}){accepted}. "
        f"Put them right, or load with --accept-unread {count} --reason TEXT",
        smudged[0].path,
        line,
    )


def gone(lists: Sequence[Prepared], told: Told, standing: Standing, work: Path) -> dict[Path, int]:
    """Numbers that are gone from complete lists, by the file, where these shrank by more than a tenth.

    The lists of a load are compared with those of the nearest earlier day, part by part of what they are
    complete for. The own list is a ledger and loses nothing. Raises LoaderError where a list shrank and
    no reason is told.
    """
    found: dict[Path, int] = {}
    for registry in sorted({one.registry for one in lists if one.registry != "own" and one.taken.covers}):
        mine = [one for one in lists if one.registry == registry]
        for olds, prefixes in _comparable(mine, told.as_of, standing):
            one = next(one for one in mine if _shared(one.taken.covers, prefixes))
            before, now, lost = _compared(olds, mine, prefixes, standing, work)
            if before - now <= _SHRUNK_SHARE * before:
                continue
            ids = ", ".join(str(old.id) for old in olds[:_NAMED]) + ", …" * (len(olds) > _NAMED)
            message = f"{before:,} numbers on {olds[0].as_of} (snapshot {ids}), {now:,} now, {lost:,} gone"
            if told.shrunk is None:
                hint = "Is the file cut, or only a part? If it is right, load with --shrunk REASON"
                raise LoaderError(f"the list shrank by more than a tenth: {message}. {hint}", one.path)
            one.taken.notes.append(f"the list shrank: {message}")
            found[one.path] = found.get(one.path, 0) + lost
    return found


def _comparable(
    lists: Sequence[Prepared], as_of: date, standing: Standing
) -> Iterator[tuple[list[Snapshot], list[str]]]:
    """Whole snapshots of one day, latest first, and the prefixes that they, and none later, share with some lists."""
    covers = [prefix for one in lists for prefix in one.taken.covers]
    earlier = [one for one in standing.snapshots if one.registry == lists[0].registry and one.as_of < as_of]
    seen: tuple[str, ...] = ()
    for day in sorted({one.as_of for one in earlier}, reverse=True):
        of_day = [one for one in earlier if one.as_of == day and _unseen(one.covers, covers, seen)]
        whole = [one for one in of_day if not standing.fault(one)]
        if new := _unseen([prefix for one in whole for prefix in one.covers], covers, seen):
            yield whole, new
            seen += tuple(new)


def _unseen(some: Iterable[str], others: Iterable[str], seen: tuple[str, ...]) -> list[str]:
    return [prefix for prefix in _shared(some, others) if not prefix.startswith(seen)]


def _shared(some: Iterable[str], others: Iterable[str]) -> list[str]:
    """The prefixes of the numbers that have one of both; none begins with another."""
    both = {max(a, b, key=len) for a in some for b in others if a.startswith(b) or b.startswith(a)}
    return sorted(one for one in both if not any(one != other and one.startswith(other) for other in both))


def _compared(
    olds: Sequence[Snapshot], lists: Sequence[Prepared], prefixes: list[str], standing: Standing, work: Path
) -> tuple[int, int, int]:
    """Numbers that were listed before, that are barred now, and that are gone.

    Of long lists some are looked at first; all are only where many seem to be gone.
    """
    files = [str(standing.path(one)) for one in olds]
    params = {"before": files, "now": [str(one.taken.listings) for one in lists], "absent": lists[0].absent == "listed"}
    frame = pl.DataFrame({"prefix": prefixes})
    before = now = lost = 0
    with engine(work, standing.folder / "snapshots") as con:
        for every in sorted({1, 1 + sum(one.numbers for one in olds) // _LOOKED_AT}, reverse=True):
            counted = run(con, "lost", statement(__package__, "lost"), params | {"every": every}, prefixes=frame)
            before, now, lost = counted.row(0)
            if before - now <= _DOUBTED_SHARE * before:
                break
    return before, now, lost


def corrected(one: Prepared, told: Told, standing: Standing) -> Snapshot | None:
    """The snapshot that a file is said to correct. Raises InputError where it does not hold the same bytes."""
    if told.corrects is None:
        return None
    old = next((old for old in standing.snapshots if old.id == told.corrects), None)
    if old is None:
        raise InputError(f"no snapshot {told.corrects} to correct; dnc snapshots lists them", one.path)
    if old.registry == "own":
        raise InputError("what stands in the own list is lifted (dnc object --lift), never corrected away", one.path)
    if (old.registry, old.sha256) != (one.registry, one.sha256):
        raise InputError(f"snapshot {old.id} was taken from another file, so this one does not correct it", one.path)
    return old


def _unread(one: Prepared) -> int:
    """Rows that cannot be read of a list that is complete for something."""
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


def stands(one: Prepared, told: Told, standing: Standing) -> Snapshot | None:
    """The snapshot of the same bytes, told and read alike, if there is one, its files are whole and it is to stay."""
    for old in standing.snapshots:
        identity = (old.registry, old.as_of, list(old.covers), old.campaign, old.means, old.asked, old.region)
        alike = all(getattr(old, name) == count for name, count in one.taken.counts.items())
        if old.sha256 == one.sha256 and identity == one.identity and alike and not standing.fault(old):
            return replace(old, new=False) if told.corrects in (None, old.id) else None
    return None


def _replaced(one: Prepared, told: Told, standing: Standing) -> dict[int, str]:
    """Snapshots that go for one that comes, by id, and why.

    Those are of the same bytes, day and campaign; of another day or campaign only where that was told.
    """
    why = {}
    for old in standing.snapshots:
        if (old.sha256, old.registry, old.as_of, old.campaign) != (one.sha256, *one.identity[:2], told.campaign):
            continue
        if standing.fault(old):
            why[old.id] = f"a file of snapshot {old.id} was damaged; this one replaces it"
        # Own is a ledger: what stands in it is lifted, never corrected away.
        elif one.registry != "own":
            why[old.id] = f"the same bytes stood as snapshot {old.id}, told or read otherwise; this one replaces it"
    if wrong := corrected(one, told, standing):
        days = f"snapshot {wrong.id}, as of {wrong.as_of}, is replaced by this one, as --corrects says"
        why[wrong.id] = f"{days}; a check that used it cannot be decided again"
    return why


def _beside(one: Prepared, gone: Collection[int], standing: Standing) -> Iterator[str]:
    """What stands of the same bytes beside a snapshot that comes."""
    for old in standing.snapshots:
        if (old.sha256, old.registry) == (one.sha256, one.registry) and old.id not in gone:
            hint = "" if one.registry == "own" else f"; --corrects {old.id} would replace it"
            yield f"the same bytes stand as snapshot {old.id} too, as of {old.as_of}{hint}"


def add(change: Change, one: Prepared, standing: Standing, told: Told, lost: int) -> Snapshot:
    """Put one extract into the store, in place of what `_replaced` says; `lost` numbers are gone from its list."""
    registry, as_of, covers, campaign, means, asked, region = one.identity
    why = _replaced(one, told, standing)
    gone = list(why)
    notes = [*one.taken.notes, *why.values(), *_beside(one, gone, standing)]
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
    every = Accepted("unread", _unread(one), told.reason or ""), Accepted("gone", lost, told.shrunk or "")
    accepted = [each for each in every if each.rows]
    for each in accepted:
        change.con.execute("insert into accepted values (?, ?, ?, ?)", [new, *each])
    detail = {"snapshot": new, "registry": registry, "as_of": as_of, "sha256": one.sha256, **one.taken.counts}
    detail |= {"file": file, "numbers": numbers, "covers": covers, "campaign": campaign, "means": means}
    detail |= {"bitpages": bitpages[0]} if bitpages else {}
    detail |= {"odd": one.taken.odd, "undated": one.taken.undated, "accepted": [each._asdict() for each in accepted]}
    detail |= {"asked": asked, "region": region, "replaces": gone, "corrects": told.corrects}
    change.log("load", detail | {"notes": notes})
    return snapshot_of(row, accepted, notes)


def _last_id(con: duckdb.DuckDBPyConnection) -> int:
    """The highest id that was ever given, also to a snapshot that is forgotten."""
    sql = "select max((detail ->> 'snapshot')::integer) from log where verb = 'load'"
    [(given,)] = con.execute(sql).fetchall()
    return given or 0
