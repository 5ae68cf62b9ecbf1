"""The verb for the log: print it, verify it, and keep its last row outside the store, or have it stamped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnc.cli.help import option, verb
from dnc.cli.options import DATE, FILE, STDOUT, open_store, print_csv, say, show, store_verb
from dnc.errors import InputError, StoreError
from dnc.messages import counted, dated, in_language, localized, messages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    import polars as pl
    from cryptography.x509 import Certificate

    from dnc.store.anchors import Anchor
    from dnc.store.audit_log import Entry
    from dnc.store.store import Store

_HEAD = re.compile(r"([0-9]+):([0-9a-fA-F]{64})")


@verb()
@option("--tail", type=click.IntRange(1), metavar="N")
@option("--since", type=DATE, metavar="DATE")
@option("--verb", multiple=True, metavar="VERB")
@option("--verify", "verifying", is_flag=True)
@option("--head", metavar="ROW:HASH")
@option("--key", type=int, metavar="ROW")
@option("--anchor", type=click.Path(path_type=Path), metavar="FILE")
@option("--anchor-command", metavar="COMMAND")
@option("--stamp", metavar="URL")
@option("--certificate", type=FILE)
@store_verb
def log(
    ctx: click.Context,
    *,
    tail: int | None,
    since: date | None,
    verb: tuple[str, ...],
    verifying: bool,
    head: str | None,
    key: int | None,
    anchor: Path | None,
    anchor_command: str | None,
    stamp: str | None,
    certificate: Path | None,
    lang: str,
) -> None:
    """`dnc log`."""
    if head and not verifying:
        raise click.UsageError(localized("errors", "cli", "head_verify"))
    store = open_store(ctx)
    anchoring = bool(anchor or anchor_command or stamp)
    if key is not None:
        click.echo(_key(store, key))
        return
    if not verifying and not anchoring:
        print_csv(_rows(store, verb, since, tail))
        return
    if tail or since or verb:
        raise click.UsageError(localized("errors", "cli", "whole_log"))
    from dnc.store.anchors import last_anchor
    from dnc.store.stamps import certificates_in

    trusted = certificates_in(certificate) if certificate else None
    files = [anchor] if anchor and anchor != STDOUT else []
    _verify(store, _fingerprint(head), files, trusted, lang, quiet=not verifying)
    if anchoring:
        last = last_anchor(store.ledger)
        _anchor(store, last, anchor, anchor_command, lang)
        if stamp:
            _stamp(store, last, stamp, trusted, lang)


def _rows(store: Store, verbs: Collection[str], since: date | None, tail: int | None) -> pl.DataFrame:
    """Rows of the log, oldest first, columns as in `Store.log`."""
    import polars as pl

    rows = store.log()
    if verbs:
        rows = rows.filter(pl.col("verb").is_in(verbs))
    if since:
        rows = rows.filter(pl.col("done_at") >= since)
    return rows.tail(tail) if tail else rows


def _verify(
    store: Store, noted: Entry, files: Sequence[Path], trusted: Sequence[Certificate] | None, lang: str, *, quiet: bool
) -> None:
    """Verify the log; raises StoreError after printing its faults. quiet: print nothing else."""
    from dnc.store import stamps
    from dnc.store.verify import verify_log

    findings = verify_log(store.ledger, noted, files)
    if not quiet:
        faults, notes = stamps.listed(store.path, trusted)
        findings.faults += faults
        for note in (*findings.notes, *notes):
            say(in_language(note, lang))
    for fault in findings.faults:
        show(in_language(fault, lang))
    if findings.faults:
        raise StoreError(localized("errors", "log_faults", store=store.path, n=len(findings.faults)))
    if not quiet:
        say(messages("store", lang)["log_verified"].format(rows=counted(lang)(findings.head.seq), head=findings.head))


def _key(store: Store, row: int) -> str:
    if key := store.hash_key(row):
        return key
    raise InputError(localized("errors", "cli", "no_hash_key", row=row), store.path)


def _fingerprint(head: str | None) -> Entry:
    from dnc.store.audit_log import NO_ENTRY, Entry

    if head is None:
        return NO_ENTRY
    # A fingerprint that was cut off when it was copied must not look like a log that was rewritten.
    match = _HEAD.fullmatch(head.strip())
    if not match:
        raise click.UsageError(localized("errors", "cli", "head", head=head))
    return Entry(int(match[1]), match[2].lower())


def _anchor(store: Store, last: Anchor, anchor: Path | None, command: str | None, lang: str) -> None:
    from dnc.store import anchors

    texts, head = messages("anchor", lang), last.entry
    if anchor == STDOUT:
        values = {"folder": last.folder, "day": dated(lang)(last.at), "line": last, "head": head}
        click.echo("\n\n".join(paragraph.format(**values) for paragraph in texts["mail"]))
    elif anchor:
        anchors.write(store.ledger, last, anchor)
        say(texts["written"].format(file=anchor, head=head))
    if command:
        anchors.hand_over(last, command)
        say(texts["handed"].format(head=head))


def _stamp(store: Store, last: Anchor, url: str, trusted: Sequence[Certificate] | None, lang: str) -> None:
    from dnc.store import stamps

    texts, stamp = messages("anchor", lang), stamps.add_stamp(store.ledger, last.about, url, trusted)
    state = texts["state"]["unverified" if trusted is None else "verified"]
    say(texts["stamped"].format(head=last.entry, path=stamp.path, state=state))
