"""A load: a registry's file read completely, compared with the snapshots in the store, and added to them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, TypedDict

import duckdb
import msgspec
import polars as pl

from dnc.clock import today
from dnc.database import engine, run, statement
from dnc.errors import InputError, LoaderError, OptionError, UnacceptedError, declared, must_be, texts_of
from dnc.files.input_file import input_sha256, input_state
from dnc.files.table import quoted
from dnc.messages import LANGUAGES, Words, calendar_day, either, figure, localized, registry_name
from dnc.numbers.numbering_plans import calling_codes
from dnc.registries.contract import Extract, Layout, Loader
from dnc.registries.ingest import Taken, take
from dnc.registries.lookalikes import is_change_list
from dnc.registries.reasons import in_words
from dnc.store import audit_log
from dnc.store.journal import Change
from dnc.store.loader_search import loader_for
from dnc.store.records import Accepted, RecordFile, add_list
from dnc.store.snapshots import Snapshot, Standing

ACCEPTABLE = ("unchanged", "shrunk", "unread")  # what a load may accept with a reason
_SHRUNK_SHARE = 0.1  # by which a complete list is shorter; above it a reason must be given
_GONE_SHARE = 0.5  # of the numbers of a complete list, however many are new; above it, it may be another list
_EXCHANGED = 1_000  # numbers of a list that is compared that way; a shorter one may honestly have few of them left
_DOUBTED = 0.5  # part of these shares; if it is exceeded in a sample of numbers, all of them are compared
_SAMPLE_SIZE = 100_000  # numbers
_NAMED = 3  # snapshots in a message
_OF_OWN = ("covers", "region", "layout")  # how a file of the own list was read
_MONTH_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?\d\d)?(?!\d)")


Loaded = Snapshot | RecordFile


class LoadOptions(TypedDict, total=False):
    """The keywords of `Store.load` other than `as_of`, which says what they mean; see `dnc.errors.declared`."""

    registry: Annotated[str | None, "text"]
    covers: Annotated[Sequence[str] | None, "texts"]
    campaign: Annotated[str | None, "text"]
    means: Annotated[str | None, "text"]
    asked: Annotated[str | Path | None, "path"]
    loader: Annotated[str | Path | None, "path"]
    region: Annotated[str | None, "text"]
    columns: Annotated[Mapping[str, str] | None, "by_column"]
    dates: Annotated[str, "text"]
    values: Annotated[Mapping[str, Mapping[str, str]] | None, "by_column"]
    accept: Annotated[Mapping[str, str] | None, "reasons"]
    corrects: Annotated[int | None, "number"]
    sheet: Annotated[str | None, "text"]
    ignore: Annotated[Sequence[str] | None, "texts"]


_DECLARED = declared(LoadOptions)


class Options(msgspec.Struct, frozen=True):
    """The options of a load; see `Store.load`."""

    as_of: date
    registry: str | None
    covers: tuple[str, ...]
    campaign: str | None
    means: str | None
    asked: Path | None
    loader: Path | None
    region: str | None
    layout: Layout
    accept: Mapping[str, str]
    corrects: int | None
    sheet: str | None


@dataclass(frozen=True)
class Identity:
    """What makes two loads of the same bytes the same snapshot; the names are those of `Snapshot`."""

    registry: str
    as_of: date
    covers: tuple[str, ...]
    campaign: str | None
    means: str | None
    asked: str | None
    region: str | None
    layout: str | None
    sha256: str


class Prepared(msgspec.Struct, frozen=True):
    """A registry's file that was read completely and is not yet in the store."""

    path: Path
    loader: Loader
    identity: Identity
    taken: Taken

    @property
    def registry(self) -> str:
        """The registry's id."""
        return self.identity.registry

    @property
    def unread(self) -> int:
        """Rows that cannot be read and that a person has to accept."""
        return self.taken.lost


def checked(paths: Sequence[str | Path], as_of: date, given: LoadOptions) -> Options:
    """The options of a load, checked. Raises InputError, OptionError; TypeError for a keyword that is not an option."""
    if unknown := given.keys() - _DECLARED.keys():
        raise TypeError(f"load has no option {min(unknown)!r}")
    _refuse_other_kinds(paths, as_of, given)
    covers, ignore = (
        texts_of(name, [value] if isinstance(value, str) else value)
        for name, value in (("covers", given.get("covers") or ()), ("ignore", given.get("ignore") or ()))
    )
    asked, loader, region = given.get("asked"), given.get("loader"), given.get("region")
    columns, values = given.get("columns") or {}, given.get("values") or {}
    as_given: dict[str, Any] = {
        name: given.get(name) for name in ("registry", "campaign", "means", "corrects", "sheet")
    }
    options = Options(
        as_of,
        covers=tuple(sorted(prefix.lstrip("+") for prefix in covers)),
        asked=Path(asked) if asked else None,
        loader=Path(loader) if loader else None,
        region=region and region.upper(),
        layout=Layout(columns, given.get("dates", "iso"), values, tuple(ignore)),
        accept=accepted(given.get("accept") or {}),
        **as_given,
    )
    if as_of > today():
        raise InputError(localized("errors", "load", "future", day=as_of), paths[0])
    if bad := [prefix for prefix in covers if not re.fullmatch(r"\+?[0-9]{1,15}", prefix)]:
        raise InputError(localized("errors", "load", "covers", prefix=bad[0]))
    if len(paths) > 1 and options.corrects is not None:
        raise OptionError(localized("errors", "load", "corrects"))
    if len(paths) > 1 and asked:
        raise InputError(localized("errors", "load", "asked"), paths[1])
    return options


def accepted(reasons: Mapping[str, str], acceptable: Sequence[str] = ACCEPTABLE) -> Mapping[str, str]:
    """What is accepted with a reason, checked. Raises OptionError."""
    for what, reason in reasons.items():
        must_be("accept", reason, "reasons", str)
        if what not in acceptable or not reason.strip():
            raise OptionError(localized("errors", "load", "accept", what=what, known=", ".join(acceptable)))
    return reasons


def unaccepted(what: str, message: Words, path: Path | None, at: object = None) -> UnacceptedError:
    """The error about a file that is not loaded unless `what` is accepted."""
    error = UnacceptedError(message, path, at)
    error.what = what
    return error


def _refuse_other_kinds(paths: Sequence[str | Path], as_of: date, given: LoadOptions) -> None:
    """Raise OptionError where an argument of a load has another type than it must."""
    must_be("as_of", as_of, "day", date)
    for path in paths:
        must_be("path", path, "path", str, Path)
    for name, value in given.items():
        must_be(name, value, *_DECLARED[name])


def prepare(path: Path, options: Options, standing: Standing, work: Path, con: duckdb.DuckDBPyConnection) -> Prepared:
    """Read one file completely, into the folder `work`. Raises InputError, LoaderError, OptionError.

    con: has access to this folder and to the store.
    """
    loader, extract = loader_for(
        path,
        options.registry,
        module=options.loader,
        means=options.means,
        asked=options.asked,
        as_of=options.as_of,
        region=options.region,
        sheet=options.sheet,
        layout=options.layout,
    )
    _refuse_covers(options, loader)
    if loader.cumulative and options.campaign:
        raise OptionError(localized("errors", "load", "own_campaign"))
    inputs = [extract.path, *([options.asked] if options.asked else [])]
    before = [input_state(file) for file in inputs]
    taken = take(loader, extract, work, con, options.covers)
    if changed := [file for file, state in zip(inputs, before, strict=True) if input_state(file) != state]:
        raise InputError(localized("errors", "load", "changed"), changed[0])
    prefixes = taken.covers
    if extract.covers and not all(prefix.startswith(tuple(extract.covers)) for prefix in prefixes):
        raise InputError(localized("errors", "load", "more_covers"), extract.path)
    taken.notes.extend(_notes(extract, loader, taken, options))
    if loader.cumulative:
        _refuse_other_numbers(extract)
        taken.notes.extend(_own_notes(taken.listings, standing, con))
    elif strange := _foreign(prefixes, loader):
        raise LoaderError(localized("errors", "loader", "covers", **strange), extract.path)
    elif prefixes and loader.absent == "clear":
        _refuse_incomplete(extract, taken, con, options.covers or loader.covers)
    identity = Identity(
        registry=loader.registry,
        as_of=options.as_of,
        covers=tuple(prefixes),
        campaign=options.campaign,
        means=options.means,
        asked=input_sha256(options.asked) if options.asked else None,
        region=options.region,
        layout=options.layout.text,
        sha256=_sha256_of(extract),
    )
    return Prepared(extract.path, loader, identity, taken)


def _notes(extract: Extract, loader: Loader, taken: Taken, options: Options) -> Iterator[Words]:
    """What a person should know about the day of a file and the country of its numbers."""
    if loader.last_day and options.as_of > date.fromisoformat(loader.last_day):
        days = {"last": calendar_day(loader.last_day), "day": calendar_day(options.as_of)}
        name = Words({language: registry_name(loader.registry, language) for language in LANGUAGES})
        yield localized("note", "ended", registry=name, **days)
    if taken.national and options.region is None:
        yield localized("note", "national", n=figure(taken.national), region=loader.region)
    month = None if loader.cumulative else _month_in_name(extract.path)
    if month and month < f"{options.as_of:%Y-%m}":
        yield localized("note", "name", month=month, day=calendar_day(options.as_of))


def _refuse_incomplete(extract: Extract, taken: Taken, con: duckdb.DuckDBPyConnection, named: Sequence[str]) -> None:
    """Raise InputError if a file may not be the complete list for its prefixes: absence from it would clear numbers.

    named: those that the user or the loader names for any file; there have to be numbers that begin with each.
    """
    if extract.other_sheets:
        raise InputError(localized("errors", "load", "sheets", names=quoted(extract.other_sheets)), extract.path)
    if any(map(is_change_list, extract.names)):
        raise InputError(localized("errors", "load", "changes"), extract.path)
    if not any(taken.counts.values()):
        raise InputError(localized("errors", "load", "empty"), extract.path)
    sql = "select number from read_parquet($file) where regexp_matches(number::varchar, $covered) limit 1"
    # Prefixes that the loader found in the file are too many to look for each of them.
    groups: list[tuple[str, ...]] = [(prefix,) for prefix in named] or [taken.covers]
    params = {"file": str(taken.listings)}
    found = (run(con, "covered", sql, params | {"covered": f"^({'|'.join(group)})"}).height for group in groups)
    if lacking := [f"+{prefix}" for group, rows in zip(groups, found, strict=True) if not rows for prefix in group]:
        raise InputError(localized("errors", "load", "elsewhere", prefixes=either(lacking)), extract.path)


def _refuse_other_numbers(extract: Extract) -> None:
    """Raise InputError if sheets of an own list that are not read hold numbers: a call to these would be clear."""
    from dnc.files.spreadsheet import has_numbers  # most lists are CSV

    if names := [name for name in extract.other_sheets if has_numbers(extract.path, name)]:
        raise InputError(localized("errors", "load", "own_sheets", names=quoted(names)), extract.path)


def _month_in_name(path: Path) -> str | None:
    """The first month (YYYY-MM) in the name of a file, such as `tps_20261001.txt`."""
    named = _MONTH_IN_NAME.search(path.name)
    return "-".join(named.groups()) if named else None


def _sha256_of(extract: Extract) -> str:
    """The SHA-256 of a file; for a named sheet, that of the line that `sha256sum` would print for it.

    So each sheet of a spreadsheet is a list of its own: none counts as loaded, or is replaced, because of another.
    """
    whole = input_sha256(extract.path)
    return hashlib.sha256(f"{whole}  {extract.sheet}\n".encode()).hexdigest() if extract.sheet else whole


def _refuse_covers(options: Options, loader: Loader) -> None:
    """Raise OptionError if a file cannot be complete for what `--covers` says."""
    if not options.covers:
        return
    if "" in loader.covers:
        raise OptionError(localized("errors", "load", "complete", registry=loader.registry))
    if loader.answers or options.asked:
        raise OptionError(localized("errors", "load", "answer"))
    if strange := _foreign(options.covers, loader):
        raise OptionError(localized("errors", "load", "strange", **strange))


def _foreign(prefixes: Sequence[str], loader: Loader) -> dict[str, str]:
    """The first prefix that is none of the numbers of a registry, for a message; empty if there is none."""
    codes = calling_codes(loader.region)
    strange = next((one for one in prefixes if not (one.isascii() and one.isdecimal() and one.startswith(codes))), None)
    return {"prefix": strange, "registry": loader.registry, "known": either(codes)} if strange is not None else {}


def refuse_unread(lists: Sequence[Prepared], options: Options) -> None:
    """Raise UnacceptedError if rows were lost: a list would clear the people in those rows."""
    incomplete = [file for file in lists if file.unread]
    if not incomplete or "unread" in options.accept:
        return
    count = sum(file.unread for file in incomplete)
    first = incomplete[0]
    line, reason = first.taken.unread[0]
    lines = [str(line) for line, _ in first.taken.unread]
    more = ", …" if first.unread > len(lines) else ""
    others = len(incomplete) - 1
    columns = first.taken.of_numbers
    parts = {
        "columns": localized("errors", "unread_columns", names=quoted(columns)) if columns else "",
        "where": localized(
            "errors", "unread_lines", "many" if len(lines) > 1 else "one", lines=", ".join(lines) + more
        ),
        "files": localized("errors", "unread_files", n=others) if others else "",
    }
    message = localized("errors", "unread_rows", reason=in_words(reason), rows=figure(count), **parts)
    raise unaccepted("unread", message, first.path, line)


def unchanged(
    path: Path,
    as_of: date,
    others: Iterable[Loaded],
    accept: Mapping[str, str],
    *,
    sha256: str,
    counts: Mapping[str, int] | None = None,
) -> int:
    """How many of some files have the bytes of one and are as of an earlier day: an old file may pass for a new one.

    counts: its rows. Where the hash of a file was erased with a number in it, a file of as many rows of each kind may
    be the same, on its own day too: it would bring the number back. Raises UnacceptedError if it is not accepted.
    """
    dated = [(old.as_of, old) for old in others if old.as_of and old.as_of <= as_of]
    same = [(day, old) for day, old in dated if old.sha256 == sha256 and day < as_of]
    erased = [(day, old) for day, old in dated if counts and not old.sha256]
    same += [one for one in erased if counts == {name: getattr(one[1], name) for name in counts or ()}]
    if same and "unchanged" not in accept:
        earlier, newest = max(same, key=itemgetter(0))
        days = {"day": calendar_day(as_of), "earlier": calendar_day(earlier), "id": str(newest.id)}
        raise unaccepted("unchanged", localized("errors", "unchanged", **days), path)
    return len(same)


def _unchanged(new: Prepared, options: Options, others: Iterable[Loaded]) -> int:
    sha256, counts = new.identity.sha256, new.taken.counts
    return unchanged(new.path, options.as_of, others, options.accept, sha256=sha256, counts=counts)


def losses(lists: Sequence[Prepared], options: Options, standing: Standing, work: Path) -> dict[Path, int]:
    """How many numbers are missing from complete lists, by file, if these shrank by more than a tenth or lost most.

    The lists of a load are compared with those of the nearest earlier day, for each prefix that both are complete
    for. Raises UnacceptedError if no reason was given.
    """
    missing: dict[Path, int] = {}
    for registry in sorted({file.registry for file in lists if file.taken.covers}):
        new = [file for file in lists if file.registry == registry]
        for olds, prefixes in _comparable(new, options.as_of, standing):
            named = next(file for file in new if _shared(file.taken.covers, prefixes))
            before, now, lost = _compared(olds, new, prefixes, standing, work)
            if not _lost_many(before, now, lost):
                continue
            ids = ", ".join(str(old.id) for old in olds[:_NAMED]) + ", …" * (len(olds) > _NAMED)
            counts = {"before": figure(before), "now": figure(now), "lost": figure(lost)}
            change = localized("note", "change", day=calendar_day(olds[0].as_of), ids=ids, **counts)
            if "shrunk" not in options.accept:
                what = "shrank" if before - now > _SHRUNK_SHARE * before else "exchanged"
                raise unaccepted("shrunk", localized("errors", what, change=change), named.path)
            named.taken.notes.append(localized("note", "shrank", change=change))
            missing[named.path] = missing.get(named.path, 0) + lost
    return missing


def _lost_many(before: int, now: int, lost: int, part: float = 1) -> bool:
    """Whether a list shrank, or lost numbers, by more than a part of the share for which a reason must be given."""
    is_exchanged = before >= _EXCHANGED and lost > part * _GONE_SHARE * before
    return is_exchanged or before - now > part * _SHRUNK_SHARE * before


def _comparable(
    lists: Sequence[Prepared], as_of: date, standing: Standing
) -> Iterator[tuple[list[Snapshot], list[str]]]:
    """For each earlier day, latest first: its undamaged snapshots, and the prefixes to compare with them.

    Those are the prefixes that they share with the lists and that no later day had.
    """
    covers = [prefix for file in lists for prefix in file.taken.covers]
    earlier = [old for old in standing.snapshots if old.registry == lists[0].registry and old.as_of < as_of]
    seen: tuple[str, ...] = ()
    for day in sorted({old.as_of for old in earlier}, reverse=True):
        of_day = [old for old in earlier if old.as_of == day and _unseen(old.covers, covers, seen)]
        intact = [old for old in of_day if not standing.fault(old)]
        if new := _unseen([prefix for old in intact for prefix in old.covers], covers, seen):
            yield intact, new
            seen += tuple(new)


def _unseen(covers: Iterable[str], others: Iterable[str], seen: tuple[str, ...]) -> list[str]:
    return [prefix for prefix in _shared(covers, others) if not prefix.startswith(seen)]


def _shared(covers: Iterable[str], others: Iterable[str]) -> list[str]:
    """The prefixes of the numbers that both cover; none begins with another."""
    both = {max(a, b, key=len) for a in covers for b in others if a.startswith(b) or b.startswith(a)}
    return sorted(prefix for prefix in both if not any(prefix != other and prefix.startswith(other) for other in both))


def _compared(
    olds: Sequence[Snapshot], lists: Sequence[Prepared], prefixes: list[str], standing: Standing, work: Path
) -> tuple[int, int, int]:
    """How many numbers were listed before, are barred now, and are gone.

    Of long lists a sample is compared first, and all numbers only if many of the sample seem to be gone.
    """
    files = [str(standing.path(old)) for old in olds]
    now_files = [str(file.taken.listings) for file in lists]
    params = {"before": files, "now": now_files, "absent": lists[0].loader.absent == "listed"}
    frame = pl.DataFrame({"prefix": prefixes})
    before = now = lost = 0
    with engine(work, standing.folder / "snapshots") as con:
        for step in sorted({1, 1 + sum(old.numbers for old in olds) // _SAMPLE_SIZE}, reverse=True):
            counted = run(con, "lost", statement(__package__, "lost"), params | {"every": step}, prefixes=frame)
            before, now, lost = counted.row(0)
            if not _lost_many(before, now, lost, _DOUBTED):
                break
    return before, now, lost


def corrected(new: Prepared, options: Options, standing: Standing) -> Snapshot | None:
    """The snapshot that `--corrects` names. Raises InputError if it was not loaded from the same bytes."""
    if options.corrects is None:
        return None
    if new.loader.cumulative:
        raise InputError(localized("errors", "load", "own"), new.path)
    old = next((old for old in standing.snapshots if old.id == options.corrects), None)
    if old is None:
        raise InputError(localized("errors", "load", "no_snapshot", id=options.corrects), new.path)
    if (old.registry, old.sha256) != (new.registry, new.identity.sha256):
        raise InputError(localized("errors", "load", "other_file", id=old.id), new.path)
    return old


def _own_notes(listings: Path, standing: Standing, con: duckdb.DuckDBPyConnection) -> list[str]:
    """The latest date in the own list, and how many earlier numbers the file leaves out."""
    own = standing.objections
    files = [str(own.path(file)) for file in own.files if file.name and file.rows and not own.fault(file)]
    [(count, newest)] = con.execute(
        "select count(*), max(since) from read_parquet(?) where listed", [str(listings)]
    ).fetchall()
    missing = 0
    if files:
        left_out = "where not lifted and number not in (select number from read_parquet(?))"
        sql = f"select count(distinct number) from read_parquet(?) {left_out}"
        [(missing,)] = con.execute(sql, [files, str(listings)]).fetchall()
    newest_entry = (
        localized("note", "newest", day=calendar_day(newest)) if newest else localized("note", "undated_list")
    )
    notes: list[str] = [newest_entry if count else localized("note", "no_objections")]
    return notes + ([localized("note", "stay", n=figure(missing))] if missing else [])


def same_file(new: Prepared, options: Options, standing: Standing) -> Loaded | None:
    """The undamaged file of the same bytes, loaded with the same options and read the same way, or None.

    Also None if `--corrects` names another snapshot: then this one is to be replaced.
    """
    told = asdict(new.identity) | new.taken.counts
    if new.loader.cumulative:
        names = ("sha256", "as_of", *_OF_OWN, *new.taken.counts)
        own = standing.objections
        same = (file for file in own.files if all(getattr(file, name) == told[name] for name in names))
        return next((msgspec.structs.replace(file, new=False) for file in same if not own.fault(file)), None)
    for old in standing.snapshots:
        if all(getattr(old, name) == value for name, value in told.items()) and not standing.fault(old):
            return replace(old, new=False) if options.corrects in (None, old.id) else None
    return None


def _replaced(new: Prepared, options: Options, standing: Standing) -> dict[int, str]:
    """Snapshots that a new one replaces, by id, and why.

    These have the same bytes, day and campaign; the one that `--corrects` names may have another day or campaign.
    """
    why: dict[int, str] = {}
    same = ("sha256", "registry", "as_of", "campaign")
    for old in standing.snapshots:
        if all(getattr(old, name) == getattr(new.identity, name) for name in same):
            what = "damaged" if standing.fault(old) else "options"
            why[old.id] = localized("note", "replaces", what, id=old.id)
    if wrong := corrected(new, options, standing):
        why[wrong.id] = localized("note", "replaces", "corrects", id=wrong.id, day=calendar_day(wrong.as_of))
    return why


def _duplicates(new: Prepared, replaced: Collection[int], standing: Standing) -> Iterator[str]:
    """Notes on snapshots of the same bytes that stay beside a new one."""
    for old in standing.snapshots:
        if (old.sha256, old.registry) == (new.identity.sha256, new.registry) and old.id not in replaced:
            hint = localized("note", "would_replace", id=old.id)
            yield localized("note", "also", id=old.id, day=calendar_day(old.as_of), hint=hint)


def add(change: Change, new: Prepared, standing: Standing, options: Options, lost: int) -> Snapshot:
    """Put one file into the store, in place of what `_replaced` says; `lost` numbers are missing from its list."""
    others = [old for old in standing.snapshots if old.registry == new.registry and old.id != options.corrects]
    same = _unchanged(new, options, others)
    why = _replaced(new, options, standing)
    replaced = list(why)
    file, numbers = change.keep(new.taken.listings, "snapshots")
    added = Snapshot(
        **asdict(new.identity) | new.taken.counts,
        id=change.state.last("snapshots") + 1,
        absent=new.loader.absent,
        file=file,
        bits=change.keep(new.taken.bitpages, "bitpages")[0] if new.taken.bitpages else None,
        numbers=numbers,
        loaded_at=audit_log.now(),
        accepted=tuple(_accepted(new, options, lost, same)),
        notes=(*new.taken.notes, *why.values(), *_duplicates(new, replaced, standing)),
    )
    change.put("last", "snapshots", added.id)
    change.put_all("snapshots", {str(id_): None for id_ in replaced} | {str(added.id): added.stated})
    row = added.stated
    copied = ("registry", "as_of", *new.taken.counts, "file", "numbers", "covers", "campaign", "means")
    copied += ("region",)
    detail = {"snapshot": added.id} | {name: row[name] for name in copied}
    detail |= {"bitpages": added.bits} if added.bits else {}
    detail |= {"odd": new.taken.odd, "undated": new.taken.undated, "notes": list(added.notes)}
    detail |= {"replaces": replaced, "corrects": options.corrects}
    change.log("load", detail, _words_of(added, options))
    return added


def _words_of(added: Snapshot | RecordFile, options: Options) -> dict[str, Any]:
    """What people wrote about a file."""
    accepted, layout = [one._asdict() for one in added.accepted], json.loads(added.layout or "null")
    return {"accepted": accepted, "layout": layout, "sheet": options.sheet}


def add_own(change: Change, new: Prepared, standing: Standing, options: Options) -> RecordFile:
    """Put a file of the own list into the store, beside those of before."""
    own, told = standing.objections, asdict(new.identity)
    accepted = tuple(_accepted(new, options, 0, _unchanged(new, options, own.files)))
    damaged = [file for file in own.files if (file.sha256, file.as_of) == (told["sha256"], options.as_of)]
    change.put_all("records", {str(file.id): None for file in damaged if own.fault(file)})
    of = {name: told[name] for name in _OF_OWN} | new.taken.counts
    about = {"name": new.path.name, "sha256": new.identity.sha256, "accepted": accepted}
    file = add_list(change, new.taken.listings, options.as_of, **about, **of)
    detail = {"records": file.kind, "registry": file.registry, "as_of": file.as_of, "file": file.file} | of
    detail |= {"numbers": file.rows}
    detail |= {"odd": new.taken.odd, "undated": new.taken.undated, "notes": new.taken.notes}
    change.log("load", detail, _words_of(file, options))
    return msgspec.structs.replace(file, notes=tuple(new.taken.notes))


def _accepted(new: Prepared, options: Options, lost: int, same: int) -> Iterator[Accepted]:
    counts = {"unchanged": same, "shrunk": lost, "unread": new.unread}
    for what, rows in counts.items():
        if rows:
            yield Accepted(what, rows, options.accept[what])
