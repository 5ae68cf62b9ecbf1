"""The command line: the group of verbs, and the one place where an error becomes a line and an exit code.

stdout is data, stderr is for messages. Exit codes: 0 all clear, 1 some blocked,
2 wrong usage, 3 none blocked and some undecided, 4 an error.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import click

from dnc.cli import check_verbs, demo, desk_verbs, law_verbs, registry_verbs, start, store_verbs, vet_verb
from dnc.cli.options import say
from dnc.errors import DncError, OptionError

EXIT_USAGE, EXIT_ERROR, EXIT_INTERRUPT = 2, 4, 130


@click.group(context_settings={"max_content_width": 100, "auto_envvar_prefix": "DNC"})
@click.version_option(package_name="dnc-check", prog_name="dnc")
@click.option(
    "--store",
    type=click.Path(),
    default="dnc-store",
    envvar="DNC_STORE",
    show_envvar=True,
    show_default=True,
    help="Store folder (may also be given after the verb).",
)
@click.option("--rules", type=click.Path(), help="Folder of more rule files (may also be given after the verb).")
@click.pass_context
def cli(ctx: click.Context, store: str, rules: str | None) -> None:
    """Check planned telephone calls against do-not-call laws and registries.

    Each call is clear, blocked or undecided, with the reason.

    Every option can also be set by an environment variable: DNC_CHECK_REGION is --region of dnc check. Several values
    of one option are separated by line breaks.
    """
    ctx.obj = {"store": store, "rules": rules}


for module in (start, check_verbs, vet_verb, law_verbs, registry_verbs, store_verbs, desk_verbs, demo):
    for verb in module.VERBS:
        cli.add_command(verb)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit; every error is one line on stderr."""
    try:
        code = cli.main(arguments, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "dnc"
        say(f"dnc: {error.format_message()}; see {command} --help")
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
        # The reader of stdout is gone; without this Python would report the failed flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_ERROR)
    except SystemExit:
        raise
    except BaseException as error:  # a panic in Polars is a BaseException; the message must not quote data
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        say(f"dnc: internal error ({type(error).__name__} at {where}); no partial output was kept; please report it")
        sys.exit(EXIT_ERROR)
