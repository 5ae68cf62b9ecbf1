"""The verb that makes a folder for an authority."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from dnc.cli.options import DATE, FILE, load_rules, open_store, say, store_verb
from dnc.messages import counted, messages


@click.command()
@click.option("--from", "first", type=DATE, required=True, help="First day.")
@click.option("--to", "last", type=DATE, required=True, help="Last day.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The folder to write (.zip).",
)
@click.option("--campaign", metavar="NAME", help="Only what belongs to this campaign.")
@click.option("--without-numbers", is_flag=True, help="Leave out the annexes, which have telephone numbers.")
@click.option(
    "--key", type=FILE, help="Private key that signs the folder and a certificate of each check (Ed25519, PEM)."
)
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
    """Make a folder for an authority, which opens without dnc.

    It has the entry of the register of processing, checks, rules, registries, calls, objections and calls after them,
    consents with a drawn sample, retention and the log, as pages and CSV in a zip. Telephone numbers are in its annexes
    only.
    """
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


VERBS = (inspection,)
