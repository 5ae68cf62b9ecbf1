"""The verb for the rules themselves: list them, print them as SQL, check them, show coming changes."""

from __future__ import annotations

import sys
from dataclasses import astuple
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    FILE,
    TARGET,
    load_rules,
    open_store,
    print_rows,
    rules_folder,
    say,
    store_verb,
    tell,
    together,
)
from dnc.clock import today
from dnc.errors import InputError, OptionError, RuleError
from dnc.messages import localized, said

if TYPE_CHECKING:
    from dnc.law.pack_file import SignedPack
    from dnc.law.regimes import Pack, Regime
    from dnc.law.rulebook import Rulebook
    from dnc.store.store import Store

    _Chosen = list[tuple[Pack, list[Regime]]]  # packs, each with the regimes that were asked for


# Rules packs: make, sign, install and undo them

pack_options = together(
    option("--pack", type=FILE, metavar="DIR"),
    option("--key", type=FILE),
    option("--install", type=FILE, metavar="PACK"),
    option("--trust", metavar="FINGERPRINT"),
    option("--distrust", metavar="FINGERPRINT"),
    option("--undo", is_flag=True),
)
_ACTIONS = ("pack", "install", "distrust", "undo")
_YEAR = timedelta(days=365)


def act_on_packs(out: Path | str | None, options: dict[str, Any]) -> bool:
    """Do what the options for packs say; returns whether one was given. out: the pack to write."""
    actions = [name for name in _ACTIONS if options[name]]
    if len(actions) > 1:
        raise click.UsageError(localized("errors", "cli", "one_action"))
    action = actions[0] if actions else None
    if bool(options["key"]) != (action == "pack") or (action == "pack" and not isinstance(out, Path)):
        raise click.UsageError(localized("errors", "cli", "pack_needs"))
    if options["trust"] and action != "install":
        raise click.UsageError(localized("errors", "cli", "trust_needs"))
    if action is None:
        return False
    from dnc.store import rule_packs

    if action == "pack" and isinstance(out, Path):
        _make(options["pack"], options["key"], out)
    elif action == "install":
        _install(open_store(), options["install"], options["trust"])
    elif action == "distrust":
        rule_packs.distrust(open_store().ledger, options["distrust"].lower())
        tell("pack", "distrusted", key=options["distrust"].lower())
    else:
        was, now = rule_packs.undo(open_store().ledger)
        tell("pack", "undone_to" if now else "undone", was=was.version, now=now and now.version)
    return True


def _make(folder: Path, key: Path, out: Path) -> None:
    from dnc.checks.rule_cases import tried
    from dnc.law.pack_file import content_of, write_pack

    content = content_of(folder)
    _, cases = tried(content)
    fingerprint = write_pack(content, key, out)
    files = ", ".join(content.rules)
    tell("pack", "made", out=out, key=fingerprint, version=content.version, files=files, n=cases)


def _install(store: Store, path: Path, trust: str | None) -> None:
    from dnc.checks.law_in_force import law_used
    from dnc.checks.rule_cases import follows, tried
    from dnc.clock import today
    from dnc.law.pack_file import read_pack_file
    from dnc.law.rulebook import PackId, shipped
    from dnc.reports.law_changes import Effect, differences, effects
    from dnc.store import rule_packs

    signed = read_pack_file(path)
    new = _trusted(store, signed, trust)
    content = signed.content()
    pack = PackId(content.version, signed.sha256, signed.signer)
    allowed = follows(pack)
    before = law_used(store)
    current = rule_packs.installed(store.ledger)
    allowed(current and current[0])
    after, cases = tried(content, pack)
    changed = effects(store, before, after, today(), today() + _YEAR)
    rule_packs.install(store.ledger, astuple(pack), content.rules, shipped(), allowed, trust=new)
    for what, ids in differences(before, after).items():
        tell("pack", "regimes", what, n=len(ids), ids=", ".join(ids) or localized("common", "none"))
    if changed:
        print_rows(changed, Effect._fields)
    if changed is None:
        tell("pack", "no_checks")
    else:
        tell("pack", "changes" if changed else "no_changes", n=len(changed))
    tell("pack", "installed", pack=pack, files=", ".join(content.rules), n=cases)


def _trusted(store: Store, signed: SignedPack, trust: str | None) -> bool:
    """Whether the key of a pack is newly trusted; False if the store already trusts it. Raises InputError."""
    from dnc.store import rule_packs

    trusted = rule_packs.signers(store.ledger)
    if trust is not None and trust.lower() != signed.signer:
        raise InputError(localized("errors", "signer", "other", signer=signed.signer), signed.path)
    if signed.signer in trusted:
        return False
    if trust is None:
        if trusted:
            raise InputError(localized("errors", "signer", "untrusted", signer=signed.signer), signed.path)
        if not sys.stdin.isatty():
            raise InputError(localized("errors", "signer", "new", signer=signed.signer), signed.path)
        click.confirm(said(language(), "pack", "ask", key=signed.signer), abort=True, err=True)
    return True


_COLUMNS = ("id", "jurisdiction", "force", "from", "until", "demand", "confidence", "says", "cites")


@verb()
@click.argument("jurisdiction", required=False)
@option("--on", type=DATE)
@option("--sql", is_flag=True)
@option("--unread-since", type=DATE)
@option("--check", "lint", is_flag=True)
@option("--ahead", type=click.IntRange(min=1), metavar="DAYS")
@option("--changes", type=DATE, nargs=2, metavar="FROM TO")
@option("--brief", type=FILE)
@option("--out", type=TARGET)
@pack_options
@store_verb
def rules(
    *,
    jurisdiction: str | None,
    on: date | None,
    sql: bool,
    unread_since: date | None,
    lint: bool,
    ahead: int | None,
    changes: tuple[date, date] | None,
    brief: Path | None,
    out: Path | str | None,
    **of_packs: Any,
) -> int:
    if act_on_packs(out, of_packs):
        return 0
    book = load_rules()
    changes = _span(ahead, changes)
    if brief and not changes:
        raise click.UsageError(localized("errors", "cli", "brief_needs"))
    jurisdiction = jurisdiction and jurisdiction.lower()
    if jurisdiction and jurisdiction not in book.packs:
        raise click.UsageError(localized("errors", "cli", "no_rules", name=jurisdiction, known=", ".join(book.packs)))
    packs = [pack for id_, pack in book.packs.items() if jurisdiction in (None, id_)]
    chosen = [(pack, pack.on(on) if on else list(pack.regimes)) for pack in packs]
    if changes:
        return _print_changes(book, packs, changes, brief)
    if out:
        _write_page(chosen, out, on)
    elif lint:
        _check(packs, shipped=rules_folder() is None)
    elif sql:
        _print_sql(chosen)
    elif unread_since:
        print_rows(_citations(chosen, unread_since), ("regime", "cite", "url", "read"))
    else:
        print_rows([_row(pack.jurisdiction, regime) for pack, regimes in chosen for regime in regimes], _COLUMNS)
    return 0


def _span(ahead: int | None, changes: tuple[date, date] | None) -> tuple[date, date] | None:
    """The days between which changes are to be listed; None if they are not."""
    if ahead and changes:
        raise click.UsageError(localized("errors", "cli", "ahead_or_changes"))
    return (today(), today() + timedelta(days=ahead)) if ahead else changes


def _check(packs: list[Pack], shipped: bool) -> None:
    from dnc.law.lint import notes, problems, untitled

    for pack in packs:
        for note in notes(pack):
            say(note)
    faults = [problem for pack in packs for problem in [*problems(pack), *(untitled(pack) if shipped else ())]]
    for problem in faults:
        click.echo(problem)
    if faults:
        raise RuleError(localized("errors", "cli", "problems", n=len(faults)))
    tell("store", "lint", n=sum(len(pack.regimes) for pack in packs))


def _write_page(chosen: _Chosen, out: Path | str, on: date | None) -> None:
    from dnc.files.output_file import is_page, write_text
    from dnc.reports.law_page import html

    if not is_page(out):
        raise OptionError(localized("errors", "cli", "page_name"))
    write_text(out, html(chosen, language(), on))


def _print_sql(chosen: _Chosen) -> None:
    for pack, _ in chosen:
        for name, body in pack.macros.items():
            click.echo(f"create macro {name}() as {body};\n")
    for regime in (regime for _, regimes in chosen for regime in regimes):
        click.echo(f"-- {regime.id}: {regime.says['en']}\n{regime.sql};\n")


def _citations(chosen: _Chosen, before: date) -> list[tuple[Any, ...]]:
    """Citations that were last reviewed before a day."""
    return [
        (regime.id, cite.texts[language()], cite.url, cite.read)
        for _, regimes in chosen
        for regime in regimes
        for cite in regime.cites
        if cite.read < before
    ]


def _print_changes(book: Rulebook, packs: list[Pack], days: tuple[date, date], brief_file: Path | None) -> int:
    """Print what changes after a day, until another; returns the exit code."""
    from dnc.lists.brief import read_brief
    from dnc.reports.law_changes import LawChange, outlook, outlook_for

    first, last = days[0] + timedelta(days=1), days[1]
    if last < first:
        raise OptionError(localized("errors", "cli", "two_days"))
    if brief_file:
        brief = read_brief(brief_file)
        home = [pack for pack in packs if brief.region in pack.territories]
        changes = outlook_for(brief, home or packs, first, last, book=book, store=open_store(), language=language())
    else:
        changes = outlook(packs, first, last, language())
    print_rows(changes, LawChange._fields)
    if not changes:
        tell("store", "law_same", day=last)
    return 1 if changes else 0


def _row(jurisdiction: str, regime: Regime) -> tuple[Any, ...]:
    first = regime.first if regime.first != date.min else None
    until = regime.until if regime.until != date.max else None
    cites = "; ".join(cite.texts[language()] for cite in regime.cites)
    says = regime.says[language()]
    return (regime.id, jurisdiction, regime.force, first, until, regime.demand, regime.confidence, says, cites)
