"""The verbs for people: what the store has about somebody, erasure, and how long data are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    JSON,
    REGION,
    load_rules,
    open_store,
    print_rows,
    say,
    show,
    store_verb,
    tell,
)
from dnc.errors import StoreError
from dnc.messages import calendar_day, duration, in_language, localized, registry_named, said

if TYPE_CHECKING:
    from dnc.checks.consent_ends import Kept
    from dnc.store.holds import Hold
    from dnc.store.retention import Forgotten
    from dnc.store.snapshots import Snapshot
    from dnc.store.store import Store


@verb()
@click.argument("number")
@option("--on", type=DATE)
@REGION
@JSON
@option("--out", type=click.Path(path_type=Path))
@store_verb
def person(*, number: str, on: date | None, region: str | None, as_json: bool, out: Path | None) -> None:
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
@click.argument("numbers", metavar="NUMBER|ID...", nargs=-1, required=True)
@REGION
@option("--restrict", is_flag=True)
@option("--reason", metavar="WHY")
@store_verb
def forget(*, numbers: tuple[str, ...], region: str | None, restrict: bool, reason: str | None) -> None:
    if reason is not None and (restrict or not reason.strip()):
        raise click.UsageError(localized("errors", "cli", "restrict"))
    _forget_numbers(numbers, region, restrict=restrict, reason=reason)
    store = open_store()
    tell("store", "unreached")
    _say_what_is_left(store)


def _say_what_is_left(store: Store) -> None:
    """Say what was not erased: data on hold, and files that somebody reads."""
    for hold in store.holds():
        _say_hold("on_hold", hold)
    if still_read := store.journal.still_read():
        tell("store", "still_read", n=len(still_read))


def _forget_numbers(texts: Sequence[str], region: str | None, *, restrict: bool, reason: str | None) -> None:
    """Delete all about some numbers but what the law asks to keep, which is restricted, or deleted for a reason."""
    from dnc.checks.consent_ends import kept_by_law

    store = open_store()
    store.must_exist()
    numbers = store.numbers_of(texts, region)
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
    """Delete what the terms no longer keep, but the consents that the law asks to keep longer."""
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
@click.argument("kind", required=False, metavar="[REGISTRY|KIND|decisions|own_valid_days=DAYS]")
@option("--months", type=click.IntRange(1, 1200), metavar="N")
@option("--for-ever", is_flag=True)
@option("--hold", "reason", metavar="REASON")
@option("--number")
@option("--campaign", metavar="NAME")
@option("--lift", type=int, metavar="ROW")
@option("--apply", is_flag=True)
@option("--before", type=DATE)
@REGION
@store_verb
def retention(
    *,
    kind: str | None,
    months: int | None,
    for_ever: bool,
    reason: str | None,
    number: str | None,
    campaign: str | None,
    lift: int | None,
    apply: bool,
    before: date | None,
    region: str | None,
) -> None:
    from dnc.store.record_kinds import OWN_VALID_DAYS
    from dnc.store.retention import DECISIONS

    store = open_store()
    setting, _, days = (kind or "").partition("=")
    is_term = bool(months or for_ever or (kind and not before))
    asked = (is_term, reason is not None, lift is not None, apply, before is not None)
    if sum(asked) > 1 or ((number or campaign) and reason is None):
        raise click.UsageError(localized("errors", "hold", "one"))
    if reason is not None:
        _say_hold("held", store.hold(reason, number=number, campaign=campaign, region=region))
    elif lift is not None:
        store.lift_hold(lift)
        tell("store", "hold_lifted", row=str(lift))
    elif apply:
        _forget_due(store)
        _say_what_is_left(store)
    elif before:
        checks = store.forget_decisions(before) if kind == DECISIONS else ()
        _say_deleted(() if kind == DECISIONS else store.forget(before, kind), checks)
        _say_what_is_left(store)
    elif not is_term:
        _list_kept(store)
    elif setting == OWN_VALID_DAYS and not (months or for_ever):
        store.set_office({**store.office(), OWN_VALID_DAYS: days})
        tell("store", "own_valid_days", days=days)
    elif kind is None or (months is None) != for_ever:
        raise click.UsageError(localized("errors", "cli", "retain_one"))
    else:
        store.retain(kind, months)
        tell("store", "kept_for_ever" if for_ever else "kept", kind=kind, span=duration("month", months or 0))
        if kind == "consents" and months:
            _say_periods(months)


def _list_kept(store: Store) -> None:
    """Print what is kept and for how long, and say what the law asks and what is on hold."""
    from dnc.store.record_kinds import OWN_VALID_DAYS, VALID_DAYS

    print_rows(store.retention(), ("kind", "months", "first_day_kept"))
    tell("store", "own_valid_days", days=store.office().get(OWN_VALID_DAYS, VALID_DAYS))
    _say_periods()
    for hold in store.holds():
        _say_hold("on_hold", hold)


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
