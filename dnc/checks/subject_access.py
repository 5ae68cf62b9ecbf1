"""What a store knows about one number: answers of registries, objections, and decisions, with their days."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.past import undamaged
from dnc.checks.settings import Settings
from dnc.clock import local, read_moment, today
from dnc.database import engine, run
from dnc.files.locks import ReadLock
from dnc.files.table import table_of_frame
from dnc.law.demands import registry_column
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.local_time import zones_of
from dnc.lists.own_answer import own_answer
from dnc.lists.own_list import OwnList
from dnc.lists.own_records import ODD, record_label
from dnc.lists.statements import ELSEWHERE, OBJECTION, REFUSAL, RELATIONSHIP, SAID, WRONG_NUMBER, in_words
from dnc.messages import in_runs, messages, registry_name, said, said_day, semicolons
from dnc.registries import OWN
from dnc.store.loader_search import loaders
from dnc.store.record_kinds import CALLS, CONSENTS, CUSTOMERS, KINDS, OBJECTIONS
from dnc.store.snapshots import Snapshot, Standing
from dnc.store.store import Store, read_all
from dnc.verdicts.screening import Screen

_HITS = "select parse_filename(filename) as file, * exclude (filename) from read_parquet($files, filename = true)"
_KIND_OF = {REFUSAL: CALLS.name, WRONG_NUMBER: CALLS.name, RELATIONSHIP: CUSTOMERS.name}  # of others: consents
_STATES = {True: "listed", False: "not listed", None: "not known"}


def answer(store: Store, number: str, *, region: str | None = None, on: date | None = None) -> dict[str, Any]:
    """All that a complaint or an access request asks about one number.

    Args:
        store: it must exist.
        number: in any notation. region: the numbering plan of a number in national form.
        on: leave out what was recorded after this day, and decisions on later calls. Default: leave nothing out.
    Returns:
        `number`; `day`; `registries` (the answers that count on that day: state, as_of); `snapshots` (those that
        cover the number, each with its answer, and whether it was `asked` about numbers that were sent in);
        `silent` (ids of those that do not); `objections`; `decisions` (those kept); `not_kept` (checks that kept no
        decisions; this store does not know them); `retention` (kinds of data, and for how many months each is kept);
        `own` (what own records say, see `dnc.lists.own_answer`). Objections and own records have `counts`: whether a
        call of today is decided by them. `of_other_numbers`: what was said under other numbers of the person and
        decides too; each `said` and `place` (as of `dnc.lists.statements.in_words`) and `on`, and never the number.
    Raises:
        InputError: the number cannot be read. StoreError: the store cannot be used.
    """
    store.must_exist()
    [e164] = read_all([number], region)
    until = on or date.max
    standing = store.standing()
    snapshots = list(_answers(standing, e164, until))
    covering = {row["id"] for row in snapshots}
    silent = [snapshot.id for snapshot in standing.snapshots if snapshot.as_of <= until and snapshot.id not in covering]
    records, where = standing.objections, f"number = $number and {OBJECTIONS.day} <= $until"
    with store.journal.instance.cursor() as con:
        told = records.find(con, where, {"number": e164, "until": until}).sort("seq")
        in_force = OwnList(con, records).standing(e164, today())
    told = told.with_columns(file=records.names_of(told["seq"]), counts=told["seq"].is_in(in_force.implode()))
    told = told.rename({"on_day": "on"})
    objections = told.select("on", "lifted", "reason", "recorded_at", "until", "as_of", "file", "counts").to_dicts()
    files, log = store.decisions(), store.log()
    checks = log.filter(pl.col("verb") == "check").select(pl.col("seq").alias("check"), "done_at", "done_by")
    reading = None
    with suppress(OSError):  # of a file that is lost; what is wrong with it is said when it is read
        reading = ReadLock(list(files.values()))
    made = {row["check"]: row for row in checks.iter_rows(named=True)}
    decisions = [made[seq] | row for seq, file in files.items() for row in _decided(file, e164, until)]
    del reading
    day, own = on or today(), own_answer(store, e164, until)
    counting, others = _deciding(store, e164)
    for row in (row for kind in KINDS for row in own[kind]):
        row["counts"] = row["statement"] in counting
    return {
        "number": f"+{e164}",
        "day": day,
        "registries": list(_counting(standing, e164, day)),
        "snapshots": snapshots,
        "silent": silent,
        "objections": objections,
        "of_other_numbers": others,
        "decisions": decisions,
        "not_kept": [seq for seq in made if seq not in files],
        "own": own,
        "retention": [{"kind": kind, "months": months} for kind, months, _ in store.retention()],
    }


def _deciding(store: Store, number: int) -> tuple[set[str], list[dict[str, Any]]]:
    """What decides about a call of today to a number: the names of its own records, and what other numbers' say."""
    setup = Settings(rulebook=Rulebook.load()).read(store)
    texts = pl.DataFrame({"number": f"+{number}"})
    with setup.judge(store.standing()) as (_, completion):
        [calls] = setup.intake(table_of_frame(Path("number"), texts)).batches()
        found = completion.deciding(calls)
        theirs = completion.own.about(calls.number.to_frame("number").with_columns(person="number"))
    # What is said in the same words decides alike; proofs are compared with those of the person's other numbers.
    same = [name for name in SAID if name not in ("own_proof", "proven", "here")]
    rows = theirs.join(found, on=same, how="semi", nulls_equal=True)
    names = {f"{_KIND_OF.get(kind, CONSENTS.name)}:{seq}" for kind, seq in rows.select("kind", "seq").iter_rows()}
    others = found.filter(~pl.col("here")).join(theirs, on=same, how="anti", nulls_equal=True)
    others = (
        others.select("on", "place", said=pl.col("kind").replace(ELSEWHERE, OBJECTION))
        .unique()
        .sort("on", "said", "place")
    )
    return names, others.select("said", "on", "place").to_dicts()


def as_text(found: dict[str, Any], book: Rulebook, language: str = "en") -> Iterator[str]:
    """The result of `answer` in lines for a person to read; book: the law, for places and their clocks."""
    say = partial(said, language, "answer")
    yield say("head", number=found["number"], day=found["day"])
    for row in found["registries"]:
        as_of = say("as_of", day=row["as_of"]) if row["as_of"] else ""
        registry, state = registry_name(row["registry"], language), say("states", row["state"])
        yield "  " + say("registry", registry=registry, state=state, as_of=as_of)
    yield say("covering" if found["snapshots"] else "uncovered")
    for row in found["snapshots"]:
        parts = {name: say(name, day=row[name]) if row[name] else "" for name in ("since", "until")}
        parts["campaign"] = say("campaign", campaign=row["campaign"]) if row["campaign"] else ""
        parts |= {"registry": registry_name(row["registry"], language), "id": str(row["id"])}
        parts["state"] = say("states", row["says"])
        yield "  " + say("snapshot", as_of=row["as_of"], loaded=row["loaded_at"], **parts)
    if found["silent"]:
        yield "  " + say("silent", ids=", ".join(map(str, found["silent"])))
    yield say("objections" if found["objections"] else "objections_none")
    for row in found["objections"]:
        if row["lifted"] is None:
            yield f"  {odd_objection(row, language)}"
            continue
        more = say("until", day=row["until"]) if row["until"] else ""
        more += f"{said(language, 'common', 'colon')} {row['reason']}" if row["reason"] else ""
        more += say("list", file=row["file"], day=row["as_of"]) if row["file"] else ""
        what, state = "lifted" if row["lifted"] else "objected", say("counts", "given") if row["counts"] else ""
        told = {"day": row["on"] or row["as_of"], "recorded": row["recorded_at"]}
        yield "  " + say("objection", what, more=more, state=state, **told)
    yield from of_other_numbers(found, language)
    yield from records_of(found["own"], language, zones_of(int(found["number"]), book))
    yield from (say("passed_on", to=row["to"], day=row["on"]) for row in found["own"]["passed_on"])
    yield say("decisions" if found["decisions"] else "decisions_none")
    for row in found["decisions"]:
        made = {"check": str(row["check"]), "done": row["done_at"], "by": row["done_by"], "row": str(row["row"])}
        outcome = said(language, "common", "outcome", row["outcome"])
        yield "  " + say("decision", day=row["day"] or say("no_day"), outcome=outcome, **made)
        yield f"    {row['why']}"
        if row.get("consent"):  # none in those of older programs
            yield "    " + say("rests_on", consent=row["consent"])
    if found["not_kept"]:
        yield say("not_kept", checks=in_runs(found["not_kept"]))


def odd_objection(row: Mapping[str, Any], language: str) -> str:
    """A row of the own list that was not understood, in a sentence."""
    return said(language, "answer", "odd", file=row["file"], day=row["as_of"], recorded=row["recorded_at"])


def of_other_numbers(found: Mapping[str, Any], language: str) -> Iterator[str]:
    """What decides and was said under other numbers of the person, in sentences."""
    for row in found["of_other_numbers"]:
        what = in_words(row["said"], row["place"], row["on"], language)
        yield said(language, "answer", "of_other_number", what=what)


def records_of(own: Mapping[str, Any], language: str, zones: Sequence[str]) -> Iterator[str]:
    """Lines with all rows of own records about a person: each by its name in verdicts, its file and day, and cells.

    zones: IANA time zones in which the person may be.
    """
    say = partial(said, language, "answer")
    for kind in KINDS:
        if rows := own.get(kind):
            yield say("own", kind)
        for row in rows or ():
            day, file = date.fromisoformat(row["recorded_at"][:10]), row.get("file")
            parts = [say("loaded", day=day, file=file) if file else say("recorded", day=day)]
            parts.append(record_line(row, language, zones))
            if consent := row.get("rests_on"):
                parts.append(say("rests_on", consent=consent))
            yield f"  {row['statement']}, {semicolons(parts, language)}"


def record_line(row: Mapping[str, Any], language: str, zones: Sequence[str]) -> str:
    """A row of own records in one line: every cell with what it is, without its name; `zones` as for `records_of`."""
    texts, vocab, cells = messages("answer", language), vocabulary(), []
    for name, cell in row.items():
        if name in ("statement", "counts", "recorded_at", "file", "rests_on"):
            continue
        is_word = cell in vocab.axes.get(name, ())
        word = vocab.value(name, cell, language) if is_word else texts["results"].get(cell)
        word = word or _said_moment(cell, language, zones)
        cells.append(texts["cell"].format(label=record_label(name, language), cell=word))
    in_force = row.get("counts") and row.get("consent") != ODD
    state = texts["counts"]["withdrawn" if "consent_withdrawn_on" in row else "given"] if in_force else ""
    return str(texts["cells"]).join(cells) + state


def _said_moment(text: str, language: str, zones: Sequence[str]) -> str:
    """A moment on the clock of the person, with its zone, unless that clock is not known; a day and any other text."""
    moment = read_moment(text, "iso")
    if isinstance(moment, datetime) and moment.tzinfo and len({local(moment, zone) for zone in zones}) == 1:
        return f"{said_day(local(moment, zones[0]).isoformat(), language)} ({zones[0]})"
    return said_day(text, language)


def _answers(standing: Standing, number: int, until: date) -> Iterator[dict[str, Any]]:
    """The answer of each snapshot that covers the number, by registry, oldest first."""
    directories = {id_ for id_, loader in loaders().items() if loader.directory}
    for registry in dict.fromkeys(snapshot.registry for snapshot in standing.snapshots):
        snapshots = standing.of(registry)
        hits = _rows({standing.path(snapshot) for snapshot in snapshots}, number)
        for snapshot in sorted(snapshots, key=lambda snapshot: (snapshot.as_of, snapshot.id)):
            if snapshot.as_of <= until and (answer := _answer(snapshot, hits.get(snapshot.file), number)):
                # What is complete for no prefix was obtained about numbers that were sent in, unless it is a directory.
                asked = not (snapshot.covers or registry in directories)
                fields = {"asked": asked} | {
                    name: getattr(snapshot, name) for name in ("id", "registry", "as_of", "loaded_at", "campaign")
                }
                yield fields | answer


def _answer(snapshot: Snapshot, hit: dict[str, Any] | None, number: int) -> dict[str, Any] | None:
    if hit:
        return {"says": _STATES[hit["listed"]], "since": hit["since"], "until": hit["until"]}
    if str(number).startswith(snapshot.covers or ("-",)):
        return {"says": f"not in it, which means {_STATES[snapshot.absent == 'listed']}", "since": None, "until": None}
    return None


def _rows(files: set[Path], number: int) -> dict[str, dict[str, Any]]:
    """The rows about a number, by file name."""
    params = {"files": sorted(map(str, files)), "number": number}
    with tempfile.TemporaryDirectory(prefix="dnc-") as spill, engine(spill, *{file.parent for file in files}) as con:
        found = run(con, "answer", f"{_HITS} where number = $number", params)
    return {row["file"]: row for row in found.iter_rows(named=True)}


def _decided(file: Path, number: int, until: date) -> list[dict[str, Any]]:
    kept = pl.scan_parquet(undamaged(file), glob=False).filter(pl.col("number") == number)
    rows = kept.filter((pl.col("day") <= until).fill_null(True)).drop("number").collect()
    return rows.rename(lambda name: name.removeprefix("dnc_")).to_dicts()


def _counting(standing: Standing, number: int, day: date) -> Iterator[dict[str, Any]]:
    """The answers that count on a day, of each registry that was ever loaded."""
    schema = {"number": pl.UInt64, "day": pl.Date, "campaign": pl.String}
    call = pl.DataFrame({"number": [number], "day": [day], "campaign": [None]}, schema=schema)
    registries = {snapshot.registry for snapshot in standing.snapshots} | ({OWN} if standing.objections.any else set())
    with Screen(standing, registries) as screen:
        row = screen.decoded(screen.codes(call)).row(0, named=True)
    for registry in sorted(registries):
        column = registry_column(registry)
        state = row[column]
        yield {
            "registry": registry,
            "state": state or "no snapshot by that day",
            "as_of": row[registry_column(registry, "_as_of")] if state else None,
        }
