"""The command line: verbs, exit codes, and the one place where errors become a line.

stdout is data, stderr is narration. Exit codes: 0 all clear, 1 some blocked,
2 wrong usage, 3 none blocked and some undecided, 4 an error.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dnc.cli.options import DAY, FILE, PAIR, REGION, book_of, both, print_rows, say, store_of
from dnc.cli.store_verbs import VERBS
from dnc.errors import DncError, InputError, OptionError, RuleError

if TYPE_CHECKING:
    from dnc.checks.brief import Brief
    from dnc.law.regimes import Pack, Regime
    from dnc.law.rulebook import Rulebook
    from dnc.store.store import Snapshot
    from dnc.vetting.model import Asked, Vetting

EXIT_USAGE, EXIT_ERROR, EXIT_INTERRUPT = 2, 4, 130
_SHOW_PROGRESS_BYTES = 4_000_000


def _usage(error: InputError) -> NoReturn:
    raise click.UsageError(str(error)) from None


@click.group(context_settings={"max_content_width": 100})
@click.version_option(package_name="dnc-check", prog_name="dnc")
@click.option("--store", type=click.Path(), default="dnc-store", envvar="DNC_STORE", help="As of each verb.")
@click.option("--rules", type=click.Path(), help="As of each verb.")
@click.pass_context
def cli(ctx: click.Context, store: str, rules: str | None) -> None:
    """Which opt-out regimes apply to a planned call, and what they say: clear, blocked or undecided."""
    ctx.obj = {"store": store, "rules": rules}


for verb in VERBS:
    cli.add_command(verb)


# Loading


_LOADER = click.option("--loader", type=FILE, help="A loader of your own: a Python file that binds LOADER.")


@cli.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--as-of", required=True, type=DAY, help="Day the registry produced the file.")
@click.option("--registry", help="Registry, where the file could be of several or none.")
@click.option(
    "--covers", multiple=True, metavar="PREFIX", help="E.164 prefix the file is complete for; may be repeated."
)
@click.option("--campaign", help="Campaign the answer was obtained for.")
@REGION
@click.option("--means", type=click.Choice(["listed", "callable"]), help="What a bare number in an answer means.")
@click.option("--asked", type=FILE, help="The file that was sent in, for an answer that names only some.")
@_LOADER
@click.option(
    "--accept-unread",
    type=click.IntRange(min=0),
    default=0,
    metavar="COUNT",
    help="Rows at most whose number cannot be read, of lists that are complete for something; in all files together.",
)
@click.option("--reason", help="Why that is right; compulsory with --accept-unread, and logged.")
@click.option(
    "--shrunk", metavar="REASON", help="Why a complete list that shrank by more than a tenth is right; logged."
)
@click.option(
    "--corrects",
    type=int,
    metavar="ID",
    help="Replace this snapshot of the same file, which has a wrong day or campaign; logged.",
)
@both
@click.pass_context
def load(ctx: click.Context, /, *, files: tuple[Path, ...], **options: Any) -> None:
    """Take registries' files into the store, all of them in whole or none.

    A list that is complete for something, and the own list, is refused where the number of a row cannot be read
    (--accept-unread), or where it shrank by more than a tenth since the list before it (--shrunk; not own).
    A file that comes again for another day or campaign stands beside the snapshot that it was before (--corrects).
    """
    for path, snapshot in zip(files, store_of(ctx).load_all(files, **options), strict=True):
        for note in snapshot.notes:
            say(f"{path}: {note}")
        say(f"{path}: {_loaded(snapshot)}")


def _loaded(one: Snapshot) -> str:
    stood = "snapshot" if one.new else "stands already as snapshot"
    unread = f", {one.unread:,} unread" if one.unread else ""
    unknown = f", {one.unknown:,} unknown" if one.unknown else ""
    counts = f"{one.listed:,} listed, {one.clear:,} not listed{unknown}{unread}"
    return f"{one.registry} as of {one.as_of}, {counts} ({stood} {one.id})"


@cli.command("read")
@click.argument("file", type=FILE)
@click.option("--registry", help="Registry, where the file could be of several or none.")
@click.option("--means", type=click.Choice(["listed", "callable"]), help="What a bare number in an answer means.")
@click.option("--asked", type=FILE, help="The file that was sent in, for an answer that names only some.")
@REGION
@_LOADER
def read_(file: Path, loader: Path | None, **options: Any) -> None:
    """Show the listings of a registry's file as CSV; nothing is stored."""
    import polars as pl

    from dnc.files.output_rows import Rows
    from dnc.files.writers import CsvStream
    from dnc.registries.ingest import show
    from dnc.store.loader_search import loader_for

    reader, extract = loader_for(file, module=loader, **options)
    stream = CsvStream(sys.stdout.buffer, ["number", "listed", "since"])
    said = pl.col("listed").replace_strict({True: "yes", False: "no"}, default="unknown", return_dtype=pl.String)
    for frame in show(reader, extract):
        kept = frame.filter(pl.col("unread").is_null())
        stream.add(Rows.of(kept.select(pl.format("+{}", "number"), said.alias("listed"), "since")))
        for line, reason in frame.filter(pl.col("unread").is_not_null()).select("line", "unread").iter_rows():
            say(f"{file}:{line}: {reason}")
        for line, reason in (
            frame.filter(pl.col("odd").is_not_null() & pl.col("unread").is_null()).select("line", "odd").iter_rows()
        ):
            say(f"{file}:{line}: counts as listed: {reason}")
        for line, reason in frame.filter(pl.col("undated").is_not_null()).select("line", "undated").iter_rows():
            say(f"{file}:{line}: counts without its day: {reason}")
    sys.stdout.buffer.flush()
    for note in extract.notes:
        say(f"{file}: {note}")
    if extract.covers or reader.covers:
        prefixes = sorted(extract.covers or reader.covers)
        say(f"{file}: {reader.registry}, complete for {' '.join(prefix or '*' for prefix in prefixes)}")


# Checking

_FACT_OPTIONS = [
    REGION,
    click.option("--at", help="When calls are planned that do not say it: a day, or a day and time (ISO 8601)."),
    click.option("--brief", type=FILE, help="A TOML file that holds all of this for a campaign."),
    click.option(
        "--guidance",
        type=click.Choice(["enforce", "advise"]),
        default="enforce",
        help="How a regulator's recommendation counts.",
    ),
    click.option(
        "--accept",
        type=PAIR,
        multiple=True,
        metavar="REGIME=REASON",
        help="Take law that is contested or was not read here on yourself.",
    ),
    click.option(
        "--lang",
        type=click.Choice(["en", "fr"]),
        default="en",
        help="Language of dnc_why, of what is said and of the page.",
    ),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever the outcome."),
]


def _fact_options(given: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What is told of one call, or of each call of a list; `given` says what --set does."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        told = click.option("--set", "given", type=PAIR, multiple=True, metavar="COLUMN=VALUE", help=given)
        for option in reversed([*_FACT_OPTIONS[:2], told, *_FACT_OPTIONS[2:]]):
            command = option(command)
        return command

    return add


def _brief(
    path: Path | None,
    region: str | None = None,
    maps: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    ignore: Sequence[str] = (),
) -> Brief:
    from dnc.checks.brief import Brief, read_brief

    told = read_brief(path) if path else Brief()
    try:
        return told.but(region, maps, given, ignore)
    except InputError as error:
        _usage(error)


def _list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is told of the calls of a list: all of one call, what its columns mean, and the consents beside it."""
    for option in (
        click.option("--quiet", is_flag=True, help="Say nothing on stderr but errors."),
        click.option(
            "--consents",
            type=FILE,
            help="A file of consents and withdrawals, joined by number; the newest word about a number wins.",
        ),
    ):
        command = option(command)
    command = click.option(
        "--ignore", multiple=True, metavar="COLUMN", help="Leave a column out on purpose that may tell objections."
    )(_fact_options("Declare a fact; fills empty cells.")(command))
    named = click.option(
        "--map", "maps", type=PAIR, multiple=True, metavar="OURS=THEIRS", help="Name a column that is called otherwise."
    )
    return named(command)


@cli.command()
@click.argument("files", metavar="LIST...", nargs=-1, required=True, type=FILE)
@_list_options
@click.option(
    "--out",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write rows (.csv, .parquet, .xlsx, .jsonl) or a page to read and print (.html); may be repeated. "
    "Else CSV on stdout.",
)
@click.option("--columns", help="Columns of verdicts to give, e.g. outcome,why.")
@click.option("--keep", is_flag=True, help="Keep the decisions in the store, for dnc answer; dnc retain says how long.")
@click.option("--only", multiple=True, metavar="OUTCOME", help="Give only rows of this outcome; may be repeated.")
@click.option(
    "--changed",
    is_flag=True,
    help="Decide a former output again and give only rows whose outcome changed, with dnc_was.",
)
@both
@click.pass_context
def check(
    ctx: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    maps: tuple[tuple[str, str], ...],
    ignore: tuple[str, ...],
    region: str | None,
    given: tuple[tuple[str, str], ...],
    brief: Path | None,
    accept: tuple[tuple[str, str], ...],
    lang: str,
    exit_zero: bool,
    out: tuple[Path, ...],
    columns: str | None,
    only: tuple[str, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Decide every call of a list of planned calls.

    LIST is a file, several files with the same columns, or a folder of partitioned Parquet; it is decided as one.

    The exit code speaks of the rows that are given: with --only clear it is 0, with --changed it is 0 where
    nothing changed for the worse.
    """
    from dnc import api
    from dnc.reports.check_summary import summary

    book = book_of(ctx)
    with _progress(files, quiet) as progress:
        result = api.check(
            files,
            store_of(ctx),
            brief=_brief(brief, region, dict(maps), dict(given), ignore),
            rulebook=book,
            accept=dict(accept),
            language=lang,
            out=out,
            columns=columns.split(",") if columns else None,
            only=[outcome for told in only for outcome in told.split(",")],
            stream=None if out else sys.stdout.buffer,
            progress=progress,
            **options,
        )
    sys.stdout.buffer.flush()
    for line in () if quiet else summary(result, book, lang):
        say(line)
    ctx.exit(0 if exit_zero else _exit_code(result.given))


@cli.command("brief")
@click.argument("file", type=FILE)
@click.option("--lang", type=click.Choice(["en", "fr"]), default="en", help="Language of its comments.")
@both
@click.pass_context
def brief_(ctx: click.Context, /, *, file: Path, lang: str) -> None:
    """Draft a brief from a file's columns and words, for a person to correct; guesses are commented out."""
    from dnc.checks.brief_draft import draft

    for line in draft(file, book_of(ctx), lang):
        click.echo(line)


def _exit_code(counts: Mapping[str, int]) -> int:
    return 1 if counts["blocked"] else 3 if counts["undecided"] else 0


_SHARE = click.FloatRange(0, 1)
_PRICE = click.FloatRange(min=0)


@cli.command()
@click.argument("files", metavar="[LIST]...", nargs=-1, type=FILE)
@_list_options
@click.option("--until", type=DAY, help="Last day of the period of the calls; it begins on the day of --at.")
@click.option(
    "--against",
    multiple=True,
    type=FILE,
    help="A list of your own, to find what you hold already; or a sealed result, to hold a sample to it.",
)
@click.option("--price", type=_PRICE, help="Price asked for the whole list, in any currency.")
@click.option("--sample-of", type=click.IntRange(min=1), metavar="ROWS", help="The file is a random sample of so many.")
@click.option(
    "--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, help="Of the bounds that a sample gives."
)
@click.option("--min-clear", type=_SHARE, help="Gate: least share of rows clear for the whole period.")
@click.option("--max-undecided", type=_SHARE, help="Gate: largest share of rows undecided on the first day.")
@click.option("--max-price-per-clear", type=_PRICE, help="Gate: highest price of a number that may be called.")
@click.option("--seal", is_flag=True, help="Print a sealed result to hand over: counts of ten persons or more only.")
@click.option("--sealed", type=FILE, help="Read a sealed result instead of a list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--out", type=click.Path(path_type=Path), help="Write a page to read and print (.html).")
@both
@click.pass_context
def vet(
    ctx: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    maps: tuple[tuple[str, str], ...],
    ignore: tuple[str, ...],
    region: str | None,
    given: tuple[tuple[str, str], ...],
    brief: Path | None,
    accept: tuple[tuple[str, str], ...],
    lang: str,
    exit_zero: bool,
    price: float | None,
    min_clear: float | None,
    max_undecided: float | None,
    max_price_per_clear: float | None,
    seal: bool,
    sealed: Path | None,
    as_json: bool,
    out: Path | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Say what a list on offer comes to for a planned use, before it is bought.

    LIST is as of dnc check.
    """
    from dnc.files.writers import is_page, whole
    from dnc.reports.check_summary import warnings
    from dnc.reports.vet_page import html
    from dnc.reports.vet_summary import summary
    from dnc.vetting.model import Asked
    from dnc.vetting.sealed import read_sealed, write_sealed

    if out and not is_page(out):
        raise click.UsageError("--out writes a page; name it .html")
    if max_price_per_clear is not None and price is None:
        raise click.UsageError("--max-price-per-clear asks for the --price of the list")
    asked = Asked(price, min_clear, max_undecided, max_price_per_clear)
    book = book_of(ctx)
    if files and not sealed:
        told = _brief(brief, region, dict(maps), dict(given), ignore)
        with _progress(files, quiet) as progress:
            vetting = _vetted(
                ctx,
                files,
                book,
                asked,
                brief=told,
                accept=dict(accept),
                seal=seal,
                language=lang,
                progress=progress,
                **options,
            )
    elif sealed and not files:
        vetting = read_sealed(sealed, book, asked)
    else:
        raise click.UsageError("name one list, or one sealed result with --sealed")
    for line in warnings(vetting.checked, lang) if vetting.checked and not quiet else ():
        say(line)
    if out:
        with whole(out) as beside:
            beside.write_text(html(vetting, book, lang), encoding="utf-8")
    if seal:
        click.echo(write_sealed(vetting), nl=False)
    elif as_json:
        click.echo(json.dumps(vetting.as_data(), ensure_ascii=False, default=str, indent=2))
    else:
        for line in summary(vetting, lang):
            click.echo(line)
    ctx.exit(0 if vetting.opens or exit_zero else 1)


def _vetted(
    ctx: click.Context,
    files: tuple[Path, ...],
    book: Rulebook,
    asked: Asked,
    *,
    against: tuple[Path, ...],
    sample_of: int | None,
    **options: Any,
) -> Vetting:
    """A list vetted; or a sample, held to the sealed result that stands among what it is held against."""
    from dnc import api
    from dnc.vetting.sealed import held_to, is_sealed, read_sealed

    claims = [one for one in against if not one.is_dir() and is_sealed(one)]
    if len(claims) > 1:
        raise click.UsageError("a sample is held --against one sealed result")
    claim = read_sealed(claims[0], book) if claims else None
    vetting = api.vet(
        files,
        store_of(ctx),
        rulebook=book,
        asked=asked,
        against=[one for one in against if one not in claims],
        sample_of=claim.offer.rows if claim else sample_of,
        **options,
    )
    return held_to(claim, vetting) if claim else vetting


@contextmanager
def _progress(named: tuple[Path, ...], quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """A bar on stderr for long work in a terminal; nothing in a pipe."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from dnc.files.dataset import file_list
    from dnc.files.open_table import count_rows

    files = file_list(named)
    paths = [one.path for one in files.files if one.path.exists()]
    if sum(path.stat().st_size for path in paths) < _SHOW_PROGRESS_BYTES:
        yield None
        return
    with click.progressbar(length=sum(map(count_rows, paths)), label=files.name, file=sys.stderr) as bar:
        yield bar.update


@cli.command()
@click.argument("number")
@_fact_options("Tell a fact of the call, as a cell of a list would.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@both
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    *,
    number: str,
    region: str | None,
    at: str | None,
    given: tuple[tuple[str, str], ...],
    brief: Path | None,
    guidance: str,
    accept: tuple[tuple[str, str], ...],
    lang: str,
    exit_zero: bool,
    as_json: bool,
) -> None:
    """Say, for one call, what every regime in force comes to and why."""
    from dnc import api
    from dnc.reports import explanation

    book = book_of(ctx)
    verdict, findings = api.explain(
        number,
        store_of(ctx),
        dict(given),
        brief=_brief(brief, region),
        at=at,
        guidance=guidance,
        rulebook=book,
        accept=dict(accept),
        language=lang,
    )
    if as_json:
        data = explanation.as_data(verdict, findings, lang)
        click.echo(json.dumps(data, ensure_ascii=False, default=str, indent=2))
    else:
        for line in explanation.as_text(verdict, findings, lang):
            click.echo(line)
    outcome = str(verdict["dnc_outcome"])
    ctx.exit(0 if exit_zero else _exit_code({"blocked": outcome == "blocked", "undecided": outcome == "undecided"}))


# Looking


@cli.command()
@click.argument("jurisdiction", required=False)
@click.option("--on", type=DAY, help="Only regimes in force on a day.")
@click.option("--sql", is_flag=True, help="Print each regime as the SQL that decides it.")
@click.option(
    "--unread-since", type=DAY, help="Only citations that were last read before a day: due for another reading."
)
@click.option("--check", "lint", is_flag=True, help="Check that every regime can bite and can be met.")
@click.option("--ahead", type=click.IntRange(min=1), metavar="DAYS", help="What changes from today in so many days.")
@click.option("--brief", type=FILE, help="With --ahead: only what may touch calls planned like this.")
@both
@click.pass_context
def rules(
    ctx: click.Context,
    /,
    *,
    jurisdiction: str | None,
    on: date | None,
    sql: bool,
    unread_since: date | None,
    lint: bool,
    ahead: int | None,
    brief: Path | None,
) -> None:
    """List the regimes, print them as SQL, or check them.

    With --ahead the exit code is 1 where the law changes and 0 where it does not.
    """
    book = book_of(ctx)
    if brief and not ahead:
        raise click.UsageError("--brief goes with --ahead")
    if jurisdiction and jurisdiction not in book.packs:
        raise click.UsageError(f"no rules for {jurisdiction!r}; there are: {', '.join(book.packs)}")
    packs = [pack for id_, pack in book.packs.items() if jurisdiction in (None, id_)]
    chosen = [(pack, one) for pack in packs for one in (pack.on(on) if on else pack.regimes)]
    if ahead:
        ctx.exit(_ahead(ctx, book, packs, ahead, brief))
    elif lint:
        _linted(packs)
    elif sql:
        _sql(packs, [one for _, one in chosen])
    elif unread_since:
        print_rows(_unread(chosen, unread_since), ("regime", "cite", "url", "read"))
    else:
        print_rows([_rule_row(pack.jurisdiction, one) for pack, one in chosen], _RULE_COLUMNS)


def _linted(packs: list[Pack]) -> None:
    from dnc.law.lint import problems

    found = [problem for pack in packs for problem in problems(pack)]
    for problem in found:
        click.echo(problem)
    if found:
        raise RuleError(f"{len(found)} problems in the law")
    say(f"{sum(len(pack.regimes) for pack in packs)} regimes: each bites, each can be met, each exception is reached")


def _sql(packs: list[Pack], regimes: list[Regime]) -> None:
    for pack in packs:
        for name, body in pack.macros.items():
            click.echo(f"create macro {name}() as {body};\n")
    for one in regimes:
        click.echo(f"-- {one.id}: {one.says['en']}\n{one.sql};\n")


def _unread(chosen: list[tuple[Pack, Regime]], since: date) -> list[tuple[Any, ...]]:
    return [(one.id, cite.text, cite.url, cite.read) for _, one in chosen for cite in one.cites if cite.read < since]


def _ahead(ctx: click.Context, book: Rulebook, packs: list[Pack], days: int, path: Path | None) -> int:
    """Print what changes; 1 where anything does."""
    from dnc.clock import today
    from dnc.reports.law_changes import Change, outlook, outlook_for

    first, last = today() + timedelta(days=1), today() + timedelta(days=days)
    if path:
        brief = _brief(path)
        home = [pack for pack in packs if brief.region in pack.territories]
        found = outlook_for(brief, home or packs, first, last, book=book, store=store_of(ctx))
    else:
        found = outlook(packs, first, last)
    print_rows(found, Change._fields)
    return 1 if found else 0


_RULE_COLUMNS = ("id", "jurisdiction", "force", "from", "until", "demand", "confidence", "says", "cites")


def _rule_row(jurisdiction: str, one: Regime) -> tuple[Any, ...]:
    span = (one.first if one.first != date.min else None, one.until if one.until != date.max else None)
    cites = "; ".join(cite.text for cite in one.cites)
    return (one.id, jurisdiction, one.force, *span, one.demand, one.confidence, one.says["en"], cites)


@cli.command()
def demo() -> None:
    """Show, on small files that ship, what the program does."""
    from dnc.cli import demo as shown

    for command in shown.commands():
        click.echo(f"\n{click.style('# ' + command.says, bold=True)}\n$ {command.line}")
        sys.stdout.flush()
        with suppress(click.exceptions.Exit):
            cli.main(command.arguments, standalone_mode=False)
    click.echo(f"\nThe store and the files are in {shown.folder()}: change a file and run a command again.")


# Errors


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; every error is one line on stderr."""
    try:
        code = cli.main(arguments, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.UsageError as error:
        say(f"dnc: {error.format_message()}; see {_help(error)}")
        sys.exit(EXIT_USAGE)
    except OptionError as error:
        say(f"dnc: {error}")
        sys.exit(EXIT_USAGE)
    except DncError as error:
        say(f"dnc: {error}")
        sys.exit(EXIT_ERROR)
    except (click.Abort, KeyboardInterrupt):
        say("dnc: interrupted")
        sys.exit(EXIT_INTERRUPT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_ERROR)
    except SystemExit:
        raise
    except BaseException as error:  # what Rust calls a panic is no Exception
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        say(f"dnc: a fault in the program ({type(error).__name__} at {where}); nothing half-done is kept; report it")
        sys.exit(EXIT_ERROR)


def _help(error: click.UsageError) -> str:
    return f"{error.ctx.command_path if error.ctx else 'dnc'} --help"
