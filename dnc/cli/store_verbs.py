"""The verbs for the store: objections, retention, contents, verification, backup and restore."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    FILE,
    JSON,
    LANG,
    LIST,
    PAIR,
    REGION,
    TARGET,
    load_rules,
    open_store,
    print_csv,
    print_rows,
    rules_folder,
    say,
    show,
    show_findings,
    source_of,
    store_options,
    store_verb,
    tell,
    write_rows,
)
from dnc.errors import StoreError
from dnc.messages import calendar_day, duration, in_language, localized, registry_named, said

if TYPE_CHECKING:
    from dnc.checks.consent_ends import Kept
    from dnc.store.holds import Hold
    from dnc.store.retention import Forgotten
    from dnc.store.snapshots import Snapshot
    from dnc.store.store import Store


# Objections and retention


@verb("object")
@click.argument("numbers", nargs=-1, required=True)
@option("--on", required=True, type=DATE)
@REGION
@option("--reason")
@option("--lift", is_flag=True)
@store_verb
def object_(
    *,
    numbers: tuple[str, ...],
    on: date,
    region: str | None,
    reason: str | None,
    lift: bool,
) -> None:
    if lift and not (reason or "").strip():
        raise click.UsageError(localized("errors", "lift_reason"))
    store = open_store()
    if not lift:
        tell("store", "recorded", n=store.object(numbers, on, region=region, reason=reason), day=on)
        return
    from dnc.store.store import read_all
    from dnc.verdicts.screening import on_own_list

    asked = set(read_all(numbers, region))
    before = on_own_list(store, asked)
    store.object(numbers, on, region=region, reason=reason, lift=True)
    after = on_own_list(store, asked)
    tell("store", "lifted", n=len(before - after), day=on)
    if absent := asked - before:
        tell("store", "not_on_list", n=len(absent))
    if after:
        tell("store", "still_on_list", n=len(after), day=on)


@verb()
@option("--before", type=DATE)
@option("--registry")
@option("--decisions", is_flag=True)
@option("--number", "numbers", multiple=True)
@REGION
@option("--restrict", is_flag=True)
@option("--reason", metavar="WHY")
@option("--due", is_flag=True)
@store_verb
def forget(
    *,
    before: date | None,
    registry: str | None,
    decisions: bool,
    numbers: tuple[str, ...],
    region: str | None,
    restrict: bool,
    reason: str | None,
    due: bool,
) -> None:
    if sum((before is not None, bool(numbers), due)) != 1:
        raise click.UsageError(localized("errors", "cli", "forget_one"))
    blank = reason is not None and not reason.strip()
    asked = [restrict, reason is not None].count(True)
    if blank or asked > 1 or (asked and (registry or not numbers)):
        raise click.UsageError(localized("errors", "cli", "restrict"))
    if (decisions or registry) and (not before or (decisions and registry)):
        raise click.UsageError(localized("errors", "cli", "decisions"))
    store = open_store()
    if numbers:
        _forget_numbers(numbers, region, restrict=restrict, reason=reason)
    elif due:
        _forget_due(store)
    elif before:
        checks = store.forget_decisions(before) if decisions else ()
        _say_deleted(() if decisions else store.forget(before, registry), checks)
    for hold in store.holds():
        _say_hold("on_hold", hold)
    if still_read := store.ledger.still_read():
        tell("store", "still_read", n=len(still_read))


def _forget_numbers(texts: Sequence[str], region: str | None, *, restrict: bool, reason: str | None) -> None:
    """Delete all about some numbers but what the law asks to keep, which is restricted, or deleted for a reason."""
    from dnc.checks.consent_ends import kept_by_law
    from dnc.store.store import read_all

    store = open_store()
    store.must_exist()
    numbers = read_all(texts, region)
    kept = kept_by_law(store, numbers, load_rules()) if reason is None else []
    theirs, law = set().union(*(one.numbers for one in kept)), _laws(kept)
    if kept and not restrict:
        day = calendar_day(max(one.until for one in kept))
        raise StoreError(localized("errors", "keep", n=len(theirs), law=law, day=day))
    if others := [f"+{number}" for number in numbers if number not in theirs]:
        _say_forgotten(store.forget_numbers(others, reason=reason))
    if kept:
        why = in_language(localized("errors", "restricted", law=law), language())
        _say_forgotten(store.forget_numbers([f"+{one}" for one in sorted(theirs)], restrict=True, reason=why))
        tell("store", "restricted", n=len(theirs), law=law, day=max(one.until for one in kept))


def _laws(kept: Iterable[Kept]) -> str:
    """The laws that ask to keep consents."""
    return ", ".join(f"{one.regime.cites[0].texts[language()]} ({one.regime.id})" for one in kept)


def _forget_due(store: Store) -> None:
    """Delete what `retain` no longer keeps, but the consents that the law asks to keep longer."""
    from dnc.checks.consent_ends import kept_by_law
    from dnc.store.record_kinds import CONSENTS

    limited = {kind for kind, *_ in store.retention()}
    kept = kept_by_law(store, None, load_rules()) if CONSENTS.name in limited else []
    theirs = set().union(*(one.numbers for one in kept))
    snapshots, checks, records = store.forget_due(theirs)
    _say_deleted(snapshots, checks)
    for kind, rows in records.items():
        tell("store", "deleted_records", kind=localized("records", "kinds", kind), n=rows)
    if kept:
        tell("store", "kept_by_law", n=len(theirs), law=_laws(kept), day=max(one.until for one in kept))


def _say_forgotten(deleted: Forgotten) -> None:
    counts = {"listings": deleted.listings, "decisions": deleted.decisions, "records": deleted.records}
    tell("store", "forgotten", **counts)


def _say_deleted(snapshots: Sequence[Snapshot], checks: Sequence[int]) -> None:
    for snapshot in snapshots:
        registry = registry_named(snapshot.registry, language())
        tell("store", "deleted", id=str(snapshot.id), registry=registry, as_of=snapshot.as_of)
    for check in checks:
        tell("store", "deleted_of_check", check=str(check))
    decisions = said(language(), "store", "deleted_checks", n=len(checks)) if checks else ""
    say(said(language(), "store", "deleted_all", n=len(snapshots)) + decisions)


@verb()
@click.argument("kind", required=False, metavar="[REGISTRY|KIND|decisions]")
@option("--months", type=click.IntRange(1, 1200), metavar="N")
@option("--for-ever", is_flag=True)
@option("--hold", "reason", metavar="REASON")
@option("--number")
@option("--campaign", metavar="NAME")
@option("--lift", type=int, metavar="ROW")
@REGION
@store_verb
def retain(
    *,
    kind: str | None,
    months: int | None,
    for_ever: bool,
    reason: str | None,
    number: str | None,
    campaign: str | None,
    lift: int | None,
    region: str | None,
) -> None:
    store = open_store()
    asked = (bool(kind or months or for_ever), reason is not None, lift is not None)
    if sum(asked) > 1 or ((number or campaign) and reason is None):
        raise click.UsageError(localized("errors", "hold", "one"))
    if reason is not None:
        _say_hold("held", store.hold(reason, number=number, campaign=campaign, region=region))
    elif lift is not None:
        store.lift_hold(lift)
        tell("store", "hold_lifted", row=str(lift))
    elif kind is None:
        print_rows(store.retention(), ("kind", "months", "first_day_kept"))
        _say_periods()
    elif (months is None) != for_ever:
        raise click.UsageError(localized("errors", "cli", "retain_one"))
    else:
        store.retain(kind, months)
        tell("store", "kept_for_ever" if for_ever else "kept", kind=kind, span=duration("month", months or 0))
        if kind == "consents" and months:
            _say_periods(months)


def _say_periods(months: int = 0) -> None:
    """Say for how long the law asks to keep consents, where that is longer than some months."""
    from dnc.checks.consent_ends import periods

    for pack, regime in periods(load_rules()):
        if (asked := regime.keep_months or 0) > months:
            law = f"{regime.cites[0].texts[language()]} ({regime.id})"
            tell("store", "law_keeps", country=pack.name[language()], span=duration("month", asked), law=law)


def _say_hold(key: str, hold: Hold) -> None:
    what = localized("store", "hold_of", hold.of, campaign=hold.campaign)
    tell("store", key, what=what, row=str(hold.seq), reason=hold.reason)


# What the store holds


@verb()
@option("--diff", nargs=2, type=int, metavar="A B")
@option("--numbers", is_flag=True)
@store_options
def snapshots(*, diff: tuple[int, int] | None, numbers: bool) -> None:
    if numbers and not diff:
        raise click.UsageError(localized("errors", "cli", "numbers_diff"))
    if diff:
        print_csv(open_store().diff(*diff, numbers=numbers))
        return
    counts = ("rows", "listed", "clear", "unknown", "unread")
    columns = ("id", "registry", "as_of", "campaign", *counts, "prefixes", "loaded_at", "sha256")
    rows = [
        [
            *(getattr(snapshot, name) for name in columns),
            "; ".join(f"{loss.rows} {loss.what}: {loss.reason}" for loss in snapshot.accepted),
        ]
        for snapshot in open_store().snapshots()
    ]
    print_rows(rows, (*columns, "accepted"))


@verb()
@option("--max-age", "max_ages", type=PAIR, multiple=True, metavar="REGISTRY=DAYS")
@option("--metrics", type=click.Path(path_type=Path), metavar="FILE")
@LANG
@JSON
@store_options
def status(*, max_ages: tuple[tuple[str, str], ...], metrics: Path | None, as_json: bool) -> int:
    from dnc.checks.status import status as status_of
    from dnc.files.output_file import atomic_path
    from dnc.law.rulebook import Rulebook
    from dnc.reports.status_lines import as_metrics, as_text

    store = open_store()
    store.must_exist()
    try:
        book = load_rules()
    except StoreError:  # what is damaged is reported below
        book = Rulebook.load(rules_folder())
    state = status_of(store, book, {name: _days(name, days) for name, days in max_ages})
    if metrics:
        with atomic_path(metrics) as unfinished:
            unfinished.write_text(as_metrics(state, time.time()), encoding="utf-8")
        metrics.chmod(0o644)  # the collector is another user, and nothing in it is about a person
    if as_json:
        click.echo(json.dumps(asdict(state), default=str, indent=2))
    else:
        for line in as_text(state, language()):
            show(line)
    return 1 if state.due else 0


def _days(name: str, text: str) -> int:
    if not text.isdecimal():
        raise click.UsageError(localized("errors", "cli", "max_age", name=name, days=text))
    return int(text)


@verb()
@click.argument("what", type=click.Choice(["own", "consents", "calls", "customers"]))
@option("--out", type=TARGET)
@option("--to", metavar="NAME")
@store_verb
def export(*, what: str, out: Path | str | None, to: str | None) -> None:
    from dnc.lists.own_records import export as export_records
    from dnc.verdicts.screening import own_list

    store = open_store()
    rows = own_list(store) if what == "own" else export_records(store, what, to)
    write_rows(rows, out)
    tell("store", "exported" if what == "own" else "exported_rows", n=rows.height)


@verb()
@click.argument("number")
@option("--on", type=DATE)
@REGION
@JSON
@option("--out", type=click.Path(path_type=Path))
@store_verb
def answer(*, number: str, on: date | None, region: str | None, as_json: bool, out: Path | None) -> None:
    from dnc.checks import subject_access

    store = open_store()
    report = subject_access.answer(store, number, region=region, on=on)
    if out:
        from dnc.checks.consent_ends import kept_by_law
        from dnc.reports.letter import letter
        from dnc.reports.letter_file import write_letter

        book = load_rules()
        kept = kept_by_law(store, [int(report["number"])], book)
        write_letter(out, letter(report, book, language(), kept=kept), language())
    elif as_json:
        click.echo(json.dumps(report, ensure_ascii=False, default=str, indent=2))
    else:
        for line in subject_access.as_text(report, load_rules(), language()):
            show(line)


@verb()
@click.argument("check", type=int)
@click.argument("files", metavar="[LIST]...", nargs=-1, type=LIST)
@option("--query", metavar="SQL")
@option("--consents", type=FILE)
@option("--out", multiple=True, type=click.Path(path_type=Path))
@store_verb
def replay(
    *, check: int, files: tuple[Path | str, ...], query: str | None, consents: Path | None, out: tuple[Path, ...]
) -> int:
    from dnc import api
    from dnc.reports.check_summary import counts_in_words

    done = api.replay(open_store(), check, source_of(files, query) or None, out, consents=consents)
    for when, rows, version in zip(("then", "now"), (done.then, done.now), done.versions, strict=True):
        tell("store", when, counts=counts_in_words(rows, language()), version=version)
    tell("store", "same" if done.same else "other", check=str(check))
    return 0 if done.same else 1


# Upkeep


@verb()
@store_verb
def verify() -> None:
    from dnc.store import verify as verification

    store = open_store()
    findings = verification.verify(store.ledger)
    show_findings(findings, store, "store_faults")
    tell("store", "verified", head=findings.head, files=findings.files, rows=findings.rows)


@verb()
@click.argument("folder", type=TARGET)
@store_verb
def backup(folder: Path | str) -> None:
    from dnc.store import backup as copies

    tell("store", "copied", folder=folder, head=copies.backup(open_store().ledger, folder))


@verb()
@click.argument("folder", type=TARGET)
@store_verb
def restore(folder: Path | str) -> None:
    from dnc.store import backup as copies

    done = copies.restore(open_store().ledger, folder)
    ledger = said(language(), "store", "restored_ledger", row=str(done.after.seq)) if done.ledger else ""
    say(said(language(), "store", "restored", n=done.files) + ledger)
    if done.before.seq > done.after.seq:
        tell("store", "lost", first=str(done.after.seq + 1), last=str(done.before.seq))
    if done.aside:
        tell("store", "aside", folder=done.aside)
