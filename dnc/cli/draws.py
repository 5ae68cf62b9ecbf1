"""The options of `dnc vet` for draws: rows of an offer taken at random, whose consents the seller has to prove."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.options import FILE, SHARE, Command, Option, open_store, show, with_options
from dnc.messages import localized
from dnc.vetting import DRAWN, SHOWN

if TYPE_CHECKING:
    from dnc.vetting.draws import OfferedRows, Proofs

_OPTIONS: list[Option] = [
    click.option(
        "--draw",
        "size",
        is_flag=False,
        flag_value=DRAWN,
        type=click.IntRange(min=1),
        metavar="[ROWS]",
        help=f"Draw ROWS rows at random ({DRAWN} if not given), for the seller to prove: writes them to --out, and the "
        "draw to the log.",
    ),
    click.option(
        "--plan", "planned", is_flag=True, help="With --draw: draw nothing, and say what a draw of this size can show."
    ),
    click.option("--drawn", type=FILE, help="With --proofs: the table of --draw, unchanged."),
    click.option(
        "--proofs",
        "answers",
        type=FILE,
        help="The table of --draw with the answers of the seller: say how many proofs hold, and how much of the list "
        "is proved at least.",
    ),
    click.option(
        "--our-name",
        metavar="NAME",
        help="With --proofs: your name, which must be among the recipients where the seller tells them (separated by "
        "semicolons).",
    ),
    click.option(
        "--min-proved",
        type=SHARE,
        metavar="SHARE",
        help="Exit with 1 if --proofs prove a smaller share of the list; with --plan, the share to be shown "
        f"[default: {SHOWN}].",
    ),
]
# Options that have an effect with --draw, which decides nothing.
_WITH_DRAW = {"size", "planned", "out", "query", "sheet", "maps", "ignore", "around", "region", "brief"}
_WITH_PLAN = {"min_proved", "confidence"}


def draw_options(command: Command) -> Command:
    """Options to draw rows of an offer and to read their proofs."""
    return with_options(_OPTIONS, command)


def used_by_draw(given: dict[str, Any]) -> set[str]:
    """The options that have an effect with those given."""
    return _WITH_DRAW | (_WITH_PLAN if given["planned"] else set())


def proofs_of(given: dict[str, Any]) -> Proofs | None:
    """The proofs that are given. Raises UsageError if they do not go together."""
    from dnc.vetting.draws import Proofs

    drawn, answers, name = given["drawn"], given["answers"], given["our_name"]
    if bool(drawn) != bool(answers) or (name and not answers):
        raise click.UsageError(localized("errors", "cli", "drawn_proofs"))
    return Proofs(drawn, answers, name) if drawn else None


def run_draw(ctx: click.Context, offered: OfferedRows, lang: str) -> None:
    """Draw, or say what a draw can show. Raises UsageError if options do not go together."""
    from dnc.reports.draw_lines import made_lines, plan_lines
    from dnc.vetting.draws import draw, plan

    given = ctx.params
    if given["planned"]:
        asked = SHOWN if given["min_proved"] is None else given["min_proved"]
        can_show = plan(offered, given["size"], asked, given["confidence"])
        data, lines = asdict(can_show), plan_lines(can_show, given["confidence"], lang)
    elif given["out"]:
        made = draw(offered, open_store(ctx), given["size"], Path(given["out"]))
        data, lines = asdict(made), made_lines(made, lang)
    else:
        raise click.UsageError(localized("errors", "cli", "draw_out"))
    if given["as_json"]:
        click.echo(json.dumps(data, indent=2))
    else:
        for line in lines:
            show(line)
