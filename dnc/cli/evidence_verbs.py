"""The verbs for evidence: the log, kept outside the store or stamped; certificates of checks; an authority's folder."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    FILE,
    JSON,
    STDOUT,
    load_rules,
    open_store,
    print_csv,
    say,
    show_findings,
    store_verb,
    tell,
)
from dnc.errors import InputError
from dnc.messages import Words, dated, in_language, localized, messages

if TYPE_CHECKING:
    import polars as pl
    from cryptography.x509 import Certificate

    from dnc.checks.certificate import CertifiedStamp
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
) -> None:
    if head and not verifying:
        raise click.UsageError(localized("errors", "cli", "head_verify"))
    store = open_store()
    anchoring = bool(anchor or anchor_command or stamp)
    if key is not None:
        click.echo(_hash_key(store, key))
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
    _verify_log(store, _fingerprint(head), files, trusted, quiet=not verifying)
    if anchoring:
        last = last_anchor(store.ledger)
        _anchor(store, last, anchor, anchor_command)
        if stamp:
            _add_stamp(store, last, stamp, trusted)


def _rows(store: Store, verbs: Collection[str], since: date | None, tail: int | None) -> pl.DataFrame:
    """Rows of the log, oldest first, columns as in `Store.log`."""
    import polars as pl

    rows = store.log()
    if verbs:
        rows = rows.filter(pl.col("verb").is_in(verbs))
    if since:
        rows = rows.filter(pl.col("done_at") >= since)
    return rows.tail(tail) if tail else rows


def _verify_log(
    store: Store, noted: Entry, files: Sequence[Path], trusted: Sequence[Certificate] | None, *, quiet: bool
) -> None:
    """Verify the log; raises StoreError after printing its faults. quiet: print nothing else."""
    from dnc.store import stamps
    from dnc.store.verify import verify_log

    findings = verify_log(store.ledger, noted, files)
    if quiet:
        findings.notes.clear()
    else:
        faults, notes = stamps.listed(store.path, trusted)
        findings.faults += faults
        findings.notes += notes
    show_findings(findings, store, "log_faults")
    if not quiet:
        tell("store", "log_verified", rows=findings.head.seq, head=findings.head)


def _hash_key(store: Store, row: int) -> str:
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


def _anchor(store: Store, last: Anchor, anchor: Path | None, command: str | None) -> None:
    from dnc.store import anchors

    if anchor == STDOUT:
        values = {"folder": last.folder, "day": dated(language())(last.at), "line": last, "head": last.entry}
        click.echo("\n\n".join(paragraph.format(**values) for paragraph in messages("anchor", language())["mail"]))
    elif anchor:
        anchors.write(store.ledger, last, anchor)
        tell("anchor", "written", file=anchor, head=last.entry)
    if command:
        anchors.hand_over(last, command)
        tell("anchor", "handed", head=last.entry)


def _add_stamp(store: Store, last: Anchor, url: str, trusted: Sequence[Certificate] | None) -> None:
    from dnc.store import stamps

    stamp = stamps.add_stamp(store.ledger, last.about, url, trusted)
    state = localized("anchor", "state", "unverified" if trusted is None else "verified")
    tell("anchor", "stamped", head=last.entry, path=stamp.path, state=state)


# Certificates


@verb()
@click.argument("check", required=False, type=int)
@option("--key", metavar="KEY")
@option("--out", type=click.Path(path_type=Path))
@option("--verify", "verified", type=FILE, metavar="FILE")
@option("--new-key", type=click.Path(path_type=Path), metavar="FILE")
@JSON
@store_verb
def certify(
    *,
    check: int | None,
    key: str | None,
    out: Path | None,
    verified: Path | None,
    new_key: Path | None,
    as_json: bool,
) -> None:
    if [check is not None, verified is not None, new_key is not None].count(True) != 1:
        raise click.UsageError(localized("errors", "cli", "one_certificate"))
    if verified:
        _verify(verified, key, as_json=as_json)
    elif new_key:
        from dnc.files import signing

        tell("pack", "new_key", file=new_key, key=signing.new_key(new_key))
    else:
        if not key or not out or out.suffix.lower() not in (".html", ".json"):
            raise click.UsageError(localized("errors", "cli", "certify_needs"))
        _certify(check or 0, Path(key), out)


def _certify(check: int, key: Path, out: Path) -> None:
    from dnc.checks.certificate import certify as certified
    from dnc.files.output_file import write_text
    from dnc.files.signing import Signer
    from dnc.reports.certificate_page import html

    signer = Signer(key)
    signed = certified(open_store(), check, signer)
    is_page = out.suffix.lower() == ".html"
    text = html(signed, language()) if is_page else json.dumps(signed, ensure_ascii=False, indent=1) + "\n"
    write_text(out, text)
    tell("certificate", "written", out=out, check=str(check), key=signer.fingerprint)


def _verify(path: Path, key: str | None, *, as_json: bool) -> None:
    """Print what is certified. Raises InputError if the signature is not valid, or the page may say something else."""
    from dnc.files.signing import named_key
    from dnc.reports.certificate_page import in_short, tables, verify
    from dnc.reports.phrases import labelled

    verified, lang = verify(path, named_key(key) if key else None), language()
    texts = messages("certificate", lang)
    if as_json:
        data = {"signer": verified.signer, "page": verified.page, "certificate": verified.data}
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        click.echo(texts["holds" if key else "holds_for"].format(key=verified.signer))
        click.echo(in_short(verified.certificate, lang))
        for heading, rows in tables(verified.certificate, verified.signer, lang).items():
            click.echo(texts[heading])
            for label, value in rows:
                click.echo(f"  {labelled(label, value, lang)}")
            if not rows:
                click.echo(f"  {messages('common', lang)['none']}")
    if verified.certificate.stamp:
        say(in_language(_stamp(path, verified.certificate.stamp), lang))
    if verified.page == "other":
        raise InputError(localized("errors", "certificate", "page"), path)
    if verified.page == "not_compared":
        raise InputError(localized("certificate", "not_compared", version=verified.certificate.made_with), path)


def _stamp(path: Path, stamp: CertifiedStamp) -> Words:
    """What the time stamp in a certificate says. Raises InputError if it is not a stamp of its row."""
    from dnc.store.stamps import StampError, in_words, look_at

    about = stamp.about
    try:
        return in_words(about.head, lambda: look_at(b64decode(stamp.token), about))
    except StampError as error:
        raise InputError(localized("anchor", "stamp_wrong", path=path, why=error.why, row=about.head.seq)) from None


@verb()
@option("--from", "first", type=DATE, required=True)
@option("--to", "last", type=DATE, required=True)
@option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE")
@option("--campaign", metavar="NAME")
@option("--without-numbers", is_flag=True)
@option("--key", type=FILE)
@store_verb
def inspection(
    *,
    first: date,
    last: date,
    out: Path,
    campaign: str | None,
    without_numbers: bool,
    key: Path | None,
) -> None:
    from dnc.checks.inspection import Scope, inspect
    from dnc.files.output_file import atomic_path
    from dnc.files.signing import Signer
    from dnc.reports.inspection_folder import write_folder

    store, signer = open_store(), Signer(key) if key else None
    found = inspect(store, Scope(first, last, campaign))
    with atomic_path(out) as unfinished:
        numbers = not without_numbers
        files = write_folder(unfinished, store, found, load_rules(), language(), numbers=numbers, signer=signer)
    tell("inspection", "written", out=out, n=files, head=found.findings.head)
