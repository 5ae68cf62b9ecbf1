"""The verbs for evidence: the log, a check that is repeated, and the folder for an authority."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    FILE,
    LIST,
    load_rules,
    open_store,
    print_csv,
    show,
    show_findings,
    source_of,
    store_verb,
    tell,
)
from dnc.errors import InputError
from dnc.messages import in_language, localized

if TYPE_CHECKING:
    import polars as pl

    from dnc.store.audit_log import Entry
    from dnc.store.store import Store

_HEAD = re.compile(r"([0-9]+):([0-9a-fA-F]{64})")


@verb()
@option("--tail", type=click.IntRange(1), metavar="N")
@option("--since", type=DATE, metavar="DATE")
@option("--verb", multiple=True, metavar="VERB")
@option("--verify", "verifying", is_flag=True)
@option("--head", metavar="ROW:HASH")
@store_verb
def log(
    *,
    tail: int | None,
    since: date | None,
    verb: tuple[str, ...],
    verifying: bool,
    head: str | None,
) -> None:
    if head and not verifying:
        raise click.UsageError(localized("errors", "cli", "head_verify"))
    if verifying and (tail or since or verb):
        raise click.UsageError(localized("errors", "cli", "whole_log"))
    store = open_store()
    if verifying:
        _verify_log(store, _fingerprint(head))
    else:
        print_csv(_rows(store, verb, since, tail))


def _rows(store: Store, verbs: Collection[str], since: date | None, tail: int | None) -> pl.DataFrame:
    """Rows of the log, oldest first, columns as in `Store.log`."""
    import polars as pl

    rows = store.log()
    if verbs:
        rows = rows.filter(pl.col("verb").is_in(verbs))
    if since:
        rows = rows.filter(pl.col("done_at") >= since)
    return rows.tail(tail) if tail else rows


def _verify_log(store: Store, noted: Entry) -> None:
    """Verify the log; raises StoreError after printing its faults."""
    from dnc.store.verify import verify_log

    findings = verify_log(store.journal, noted)
    show_findings(findings, store, "log_faults")
    tell("store", "log_verified", rows=findings.head.seq, head=findings.head)


def _fingerprint(head: str | None) -> Entry:
    from dnc.store.audit_log import NO_ENTRY, Entry

    if head is None:
        return NO_ENTRY
    # A fingerprint that was cut off when it was copied must not look like a log that was rewritten.
    match = _HEAD.fullmatch(head.strip())
    if not match:
        raise click.UsageError(localized("errors", "cli", "head", head=head))
    return Entry(int(match[1]), match[2].lower())


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


@verb()
@option("--check", type=int, metavar="N")
@option("--from", "first", type=DATE)
@option("--to", "last", type=DATE)
@option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@option("--campaign", metavar="NAME")
@option("--without-numbers", is_flag=True)
@option("--key", type=FILE)
@option("--verify", "verifying", type=FILE, metavar="FILE")
@option("--public", type=FILE)
@store_verb
def evidence(
    *,
    check: int | None,
    first: date | None,
    last: date | None,
    out: Path | None,
    campaign: str | None,
    without_numbers: bool,
    key: Path | None,
    verifying: Path | None,
    public: Path | None,
) -> None:
    if verifying:
        _verify_evidence(verifying, public)
        return
    if out is None:
        raise click.UsageError(localized("errors", "cli", "evidence_of"))
    from dnc.checks.inspection import Scope, inspect
    from dnc.checks.past import past_check
    from dnc.files.output_file import atomic_path
    from dnc.files.signing import Signer
    from dnc.reports.inspection_folder import write_folder

    store, signer = open_store(), Signer(key) if key else None
    if check is not None and not (first or last or campaign):
        scope = Scope.of_check(past_check(store, check))
    elif check is None and first and last:
        scope = Scope(first, last, campaign)
    else:
        raise click.UsageError(localized("errors", "cli", "evidence_of"))
    found = inspect(store, scope)
    with atomic_path(out) as unfinished:
        numbers = not without_numbers
        files = write_folder(unfinished, found, load_rules(), language(), numbers=numbers, signer=signer)
    for fault in found.findings.faults:  # which the page has too
        show(in_language(fault, language()))
    tell("inspection", "written", out=out, n=files, head=found.findings.head)


def _verify_evidence(path: Path, public: Path | None) -> None:
    """Verify a zip of evidence; raises InputError after printing its faults."""
    from dnc.reports.evidence_zip import verify_evidence

    found = verify_evidence(path, public)
    for fault in found.faults:
        show(fault)
    if found.faults:
        raise InputError(localized("errors", "evidence_faults", n=len(found.faults)), path)
    tell("inspection", "verified", n=found.files)
    tell("inspection", "signed_by" if found.signed_by else "not_signed", key=found.signed_by or "")
    if found.head:
        tell("status", "head", head=found.head)
