"""The verbs for evidence: certify a check, verify a certificate, make a folder for an authority."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnc.cli.help import option, verb
from dnc.cli.options import DATE, FILE, JSON, load_rules, open_store, say, store_verb
from dnc.errors import InputError
from dnc.messages import Words, counted, in_language, localized, messages

if TYPE_CHECKING:
    from dnc.checks.certificate import CertifiedStamp


@verb()
@click.argument("check", required=False, type=int)
@option("--key", metavar="KEY")
@option("--out", type=click.Path(path_type=Path))
@option("--verify", "verified", type=FILE, metavar="FILE")
@option("--new-key", type=click.Path(path_type=Path), metavar="FILE")
@JSON
@store_verb
def certify(
    ctx: click.Context,
    *,
    check: int | None,
    key: str | None,
    out: Path | None,
    verified: Path | None,
    new_key: Path | None,
    as_json: bool,
    lang: str,
) -> None:
    """`dnc certify`."""
    if [check is not None, verified is not None, new_key is not None].count(True) != 1:
        raise click.UsageError(localized("errors", "cli", "one_certificate"))
    if verified:
        _verify(verified, key, lang, as_json=as_json)
    elif new_key:
        from dnc.files import signing

        say(messages("pack", lang)["new_key"].format(file=new_key, key=signing.new_key(new_key)))
    else:
        if not key or not out or out.suffix.lower() not in (".html", ".json"):
            raise click.UsageError(localized("errors", "cli", "certify_needs"))
        _certify(ctx, check or 0, Path(key), out, lang)


def _certify(ctx: click.Context, check: int, key: Path, out: Path, lang: str) -> None:
    from dnc.checks.certificate import certify as certified
    from dnc.files.output_file import write_text
    from dnc.files.signing import Signer
    from dnc.reports.certificate_page import html

    signer = Signer(key)
    signed = certified(open_store(ctx), check, signer)
    is_page = out.suffix.lower() == ".html"
    text = html(signed, lang) if is_page else json.dumps(signed, ensure_ascii=False, indent=1) + "\n"
    write_text(out, text)
    say(messages("certificate", lang)["written"].format(out=out, check=check, key=signer.fingerprint))


def _verify(path: Path, key: str | None, lang: str, *, as_json: bool) -> None:
    """Print what is certified. Raises InputError if the signature is not valid, or the page may say something else."""
    from dnc.files.signing import named_key
    from dnc.reports.certificate_page import in_short, tables, verify
    from dnc.reports.phrases import labelled

    verified = verify(path, named_key(key) if key else None)
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
    ctx: click.Context,
    *,
    first: date,
    last: date,
    out: Path,
    campaign: str | None,
    without_numbers: bool,
    key: Path | None,
    lang: str,
) -> None:
    """`dnc inspection`."""
    from dnc.checks.inspection import Scope, inspect
    from dnc.files.output_file import atomic_path
    from dnc.files.signing import Signer
    from dnc.reports.inspection_folder import write_folder

    store, signer = open_store(ctx), Signer(key) if key else None
    found = inspect(store, Scope(first, last, campaign))
    with atomic_path(out) as unfinished:
        files = write_folder(
            unfinished, store, found, load_rules(ctx), lang, numbers=not without_numbers, signer=signer
        )
    texts = messages("inspection", lang)
    say(texts["written"].format(out=out, n=counted(lang)(files), head=found.findings.head))
