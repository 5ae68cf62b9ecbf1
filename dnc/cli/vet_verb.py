"""The verb that assesses a list on offer before it is bought."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    FILE,
    JSON,
    LIST,
    SHARE,
    TARGET,
    conditions,
    fields_in,
    list_options,
    load_rules,
    open_store,
    progress_bar,
    say,
    settings_of,
    show,
    source_of,
    store_options,
    together,
)
from dnc.errors import InputError
from dnc.messages import localized, messages
from dnc.vetting import DRAWN, SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnc.checks.settings import Settings
    from dnc.files.remote import Query
    from dnc.files.signing import Signer
    from dnc.law.rulebook import Rulebook
    from dnc.vetting.draws import OfferedRows, Proofs
    from dnc.vetting.model import Vetting


# Draws: rows of an offer taken at random, whose consents the seller has to prove

draw_options = together(
    option("--draw", is_flag=False, flag_value=DRAWN, type=click.IntRange(min=1), metavar="[ROWS]"),
    option("--plan", "planned", is_flag=True),
    option("--drawn", type=FILE),
    option("--proofs", "answers", type=FILE),
    option("--our-name", metavar="NAME"),
    option("--min-proved", type=SHARE, metavar="SHARE"),
)


def proofs_of(given: dict[str, Any]) -> Proofs | None:
    """The proofs that are given. Raises UsageError if they do not go together."""
    from dnc.vetting.draws import Proofs

    drawn, answers, name = given["drawn"], given["answers"], given["our_name"]
    if bool(drawn) != bool(answers) or (name and not answers):
        raise click.UsageError(localized("errors", "cli", "drawn_proofs"))
    return Proofs(drawn, answers, name) if drawn else None


def run_draw(offered: OfferedRows, given: dict[str, Any]) -> None:
    """Draw, or say what a draw can show. Raises UsageError if options do not go together."""
    from dnc.reports.vet_summary import made_lines, plan_lines
    from dnc.vetting.draws import draw, plan

    if given["planned"]:
        asked = SHOWN if given["min_proved"] is None else given["min_proved"]
        can_show = plan(offered, given["draw"], asked, given["confidence"])
        data, lines = asdict(can_show), plan_lines(can_show, given["confidence"], language())
    elif given["out"]:
        made = draw(offered, open_store(), given["draw"], Path(given["out"]))
        data, lines = asdict(made), made_lines(made, language())
    else:
        raise click.UsageError(localized("errors", "cli", "draw_out"))
    if given["as_json"]:
        click.echo(json.dumps(data, indent=2))
    else:
        for line in lines:
            show(line)


_PRICE = click.FloatRange(min=0)
_SALT = re.compile(r"[0-9a-fA-F]{64}")
# Options that have an effect where no list is assessed: a sealed result has its own settings, --salt only compares
# bytes, and --draw decides nothing.
_ANYWHERE = {"exit_zero", "quiet", "as_json", "signer"}
_CONDITIONS = {"min_clear", "max_blocked", "max_undecided"}
_USED_WITH = {
    "sealed": {"out", "letter", "price", "currency", "max_price_per_clear"} | _CONDITIONS,
    "salt": {"query", "against"},
    "draw": {"planned", "out", "query", "sheet", "maps", "ignore", "around", "region", "brief"},
    "planned": {"min_proved", "confidence"},
}


@verb()
@click.argument("files", metavar="[LIST]...", nargs=-1, type=LIST)
@list_options
@option("--until", type=DATE)
@option("--against", multiple=True, type=FILE)
@option("--price", type=_PRICE, metavar="AMOUNT")
@option("--currency", metavar="CODE")
@option("--sample-of", type=click.IntRange(min=1), metavar="ROWS")
@option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, metavar="SHARE", show_default=True)
@draw_options
@conditions
@option("--max-price-per-clear", type=_PRICE, metavar="AMOUNT")
@option("--seal", is_flag=False, flag_value="-", metavar="[FILE]", type=TARGET)
@option("--key", type=FILE)
@option("--again", metavar="REASON")
@option("--sealed", type=FILE)
@option("--signer", metavar="KEY")
@option("--salt", metavar="SALT")
@JSON
@option("--out", type=TARGET)
@option("--letter", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@store_options
def vet(**given: Any) -> int:
    from dnc.files.signing import Signer, named_key
    from dnc.vetting.draws import OfferedRows

    _refuse_combinations(given)
    _refuse_ineffective(click.get_current_context())
    files = source_of(given["files"], given["query"])
    signed_by = named_key(given["signer"]) if given["signer"] else None
    own = Signer(given["key"]) if given["key"] else None
    if given["salt"]:
        return _compare(given, files, signed_by)
    target, book = _target(given["seal"]), load_rules()
    settings = settings_of(book)
    if given["draw"]:
        run_draw(OfferedRows(files, settings.campaign, book), given)
        return 0
    vetting = _assessed(given, files, settings, signed_by)
    _write(vetting, given, book, own, target)
    return 0 if vetting.opens or given["exit_zero"] else 1


def _assessed(
    given: dict[str, Any],
    files: Sequence[Path | str] | Query,
    settings: Settings,
    signed_by: str | None,
) -> Vetting:
    """What comes of the lists, or what a sealed result says; a sample is held to the sealed result of its list."""
    from dnc.vetting.model import Asked
    from dnc.vetting.sealed import held_to, read_sealed
    from dnc.vetting.vet import vet as vet_lists

    asked, book = Asked(**fields_in(given, Asked)), settings.rulebook or load_rules()
    if given["sealed"]:
        return read_sealed(given["sealed"], book, asked, signed_by)
    claim, held = _claim(given["against"], book, signed_by)
    with progress_bar(given["files"], given["quiet"]) as progress:
        vetting = vet_lists(
            files,
            open_store(),
            settings=settings,
            asked=asked,
            against=held,
            sample_of=claim.offer.rows if claim else given["sample_of"],
            seal=bool(given["seal"]),
            proofs=proofs_of(given),
            progress=progress,
            **{name: given[name] for name in ("until", "confidence", "again")},
        )
    return held_to(claim, vetting) if claim else vetting


def _write(vetting: Vetting, given: dict[str, Any], book: Rulebook, own: Signer | None, target: Path | None) -> None:
    """Write and print what was asked for. own: signs a sealed result; target: its file, None for stdout."""
    from dnc.files.output_file import write_text
    from dnc.reports.check_summary import left_out, warnings
    from dnc.reports.letter_file import write_letter
    from dnc.reports.seller_letter import seller_letter
    from dnc.reports.vet_page import html
    from dnc.reports.vet_summary import VettingInWords

    lang, quiet = language(), given["quiet"]
    checked = None if quiet else vetting.checked
    for line in (*left_out(checked, lang), *warnings(checked, lang)) if checked else ():
        say(line, "warning")
    if given["out"]:
        write_text(given["out"], html(vetting, book, lang))
    if given["letter"]:
        write_letter(given["letter"], seller_letter(vetting, lang), lang)
    if given["seal"]:
        _hand_over(vetting, own, target, quiet=quiet)
    elif given["as_json"]:
        click.echo(json.dumps(vetting.as_data(), ensure_ascii=False, default=str, indent=2))
    else:
        for line in VettingInWords(vetting, lang).summary():
            show(line)


def _refuse_combinations(given: dict[str, Any]) -> None:
    """Raise UsageError if options do not go together."""
    from dnc.files.output_file import is_page

    sealed, seal, out, salt = given["sealed"], given["seal"], given["out"], given["salt"]
    wrong = {
        "plan_draw": given["planned"] and not given["draw"],
        "page_name": out and not given["draw"] and not is_page(out),
        "price": given["price"] is None and (given["currency"] or given["max_price_per_clear"] is not None),
        "list_or_sealed": bool(given["files"]) == bool(sealed),
        "signer": given["signer"] and not (sealed or given["against"]),
        "seal_list": seal and sealed,
        "seal_key": (given["key"] or given["again"]) and not seal,
        "salt_needs": salt and len(given["against"]) != 1,
    }
    if found := next(filter(wrong.get, wrong), None):
        raise click.UsageError(localized("errors", "cli", found))
    if salt and not _SALT.fullmatch(salt):
        raise InputError(localized("errors", "sealed", "salt"), salt)


def _refuse_ineffective(ctx: click.Context) -> None:
    """Raise UsageError at an option that has no effect beside another one: a condition must not seem to be met."""
    modes = [name for name in _USED_WITH if ctx.params[name]]
    used = _ANYWHERE.union(modes, *(_USED_WITH[name] for name in modes))
    typed = [
        option.opts[0]
        for option in ctx.command.params
        if isinstance(option, click.Option)
        and option.expose_value
        and option.name not in used
        and ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]
    if modes and typed:
        raise click.UsageError(localized("errors", "cli", f"with_{modes[0]}", names=", ".join(typed)))


def _hand_over(vetting: Vetting, signer: Signer | None, target: Path | None, *, quiet: bool) -> None:
    """Write a sealed result, into a file or to stdout."""
    from dnc.files.output_file import write_text
    from dnc.reports.vet_summary import VettingInWords
    from dnc.vetting.sealed import write_sealed

    text = write_sealed(vetting, signer)
    if target:
        write_text(target, text)
    else:
        click.echo(text, nl=False)
    own = signer.fingerprint if signer else None
    for line in () if quiet else VettingInWords(vetting, language()).sealed_lines(own):
        say(line)


def _target(seal: Path | str | None) -> Path | None:
    """The file for a sealed result; None for stdout. Refuses a file that exists and is not a sealed result."""
    from dnc.vetting.sealed import is_sealed

    if seal is None or str(seal) == "-":
        return None
    if not isinstance(seal, Path) or seal.suffix.lower() != ".json":
        raise click.UsageError(localized("errors", "cli", "seal_json"))
    if seal.exists() and not is_sealed(seal):
        raise InputError(localized("errors", "sealed", "other_file"), seal)
    return seal


def _compare(given: dict[str, Any], files: Sequence[Path | str] | Query, signer: str | None) -> int:
    """Report whether a list that was delivered is the one that was sealed; returns the exit code."""
    from dnc.vetting.sealed import is_sealed_list

    same = is_sealed_list(given["against"][0], files, given["salt"].lower(), signer)
    text = messages("vet", language())["same" if same else "not_same"]
    click.echo(json.dumps({"same": same}) if given["as_json"] else text)
    return 0 if same else 1


def _claim(against: tuple[Path, ...], book: Rulebook, signer: str | None) -> tuple[Vetting | None, list[Path]]:
    """The sealed result among --against, with which a sample is compared, and the lists, which the buyer holds."""
    from dnc.vetting.sealed import is_sealed, read_sealed

    claims = [path for path in against if not path.is_dir() and is_sealed(path)]
    if len(claims) > 1:
        raise click.UsageError(localized("errors", "cli", "one_claim"))
    if signer and not claims:
        raise click.UsageError(localized("errors", "cli", "signer"))
    claim = read_sealed(claims[0], book, signer=signer) if claims else None
    return claim, [path for path in against if path not in claims]
