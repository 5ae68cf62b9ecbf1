"""The command line: the group of verbs, and the one place where an error becomes a line and an exit code.

stdout is data, stderr is for messages. Exit codes: 0 all clear, 1 some blocked,
2 wrong usage, 3 none blocked and some undecided, 4 an error, 128 and the number of a signal that ended it.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import traceback
from collections import UserDict
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from dnc.cli.help import VERSION, Program, Verb, by_click, language, option, verb_table
from dnc.cli.options import LANG, log_as_json, say
from dnc.cli.terminal import guard_terminal
from dnc.errors import DncError, InputError, OptionError, ShortageError, is_broken_pipe, must_be_unicode, shortage, why
from dnc.messages import LANGUAGES, Words, figure, in_language, localized

# Modules with verbs, and the verbs in each.
_OF_VERBS = {
    "desk_verbs": "desk campaign key",
    "check_verbs": "check explain brief",
    "vet_verb": "vet",
    "demo": "demo",
    "registry_verbs": "load",
    "record_verbs": "record",
    "store_verbs": "export status backup restore",
    "law_verbs": "rules",
    "person_verbs": "person forget retention",
    "evidence_verbs": "log replay evidence",
}
EXIT_USAGE, EXIT_ERROR, EXIT_SIGNAL = 2, 4, 128
_BROKEN_PIPE = 13  # the number of SIGPIPE, which Windows does not know
_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one is unknown to Windows
_LEAST_ADDRESSES = 2 << 30  # with less, checks of ten calls were seen to abort

# Almost nothing of what a verb imports or makes is ever freed: a search for cycles at every 700 new objects, as is
# usual, takes a tenth of a short check, and one at every 10,000 a twentieth.
gc.set_threshold(200_000)
# Polars would return memory to the system half a second after it was freed, and fetch it again for the next batches,
# which takes up to a tenth of a long check. Its allocator alone (jemalloc) would wait for ten seconds.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000")
atexit.register(gc.freeze)  # otherwise Python looks for cycles among all objects when it exits, which takes 0.1 s


class _ByName(UserDict[str, Any]):
    """The verbs by name; a module is imported when one of its verbs is used."""

    def __getitem__(self, name: str) -> Verb:
        module = import_module(f"dnc.cli.{self.data[name]}")
        return next(found for found in vars(module).values() if isinstance(found, Verb) and found.name == name)


_verbs = _ByName({verb: module for module, verbs in _OF_VERBS.items() for verb in verbs.split()})


@click.group("dnc", cls=Program, commands=_verbs, context_settings={"max_content_width": 100})
@VERSION
@option("--store", type=click.Path(), default="dnc-store", show_envvar=True, show_default=True)
@option("--rules", type=click.Path())
@LANG
@option("--log-json", is_flag=True, is_eager=True, expose_value=False, callback=log_as_json)
@click.pass_context
def cli(ctx: click.Context, store: str, rules: str | None) -> None:
    """`dnc`."""
    _refuse_tight_limit()
    ctx.obj = {"store": store, "rules": rules}


def _refuse_tight_limit() -> None:
    """Raise ShortageError if the address space is limited to less than DuckDB and Polars reserve.

    They abort the process or wait for ever if they cannot get a thread or its stack.
    """
    if sys.platform == "win32":
        return
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY and most < _LEAST_ADDRESSES:
        raise ShortageError(
            localized("errors", "addresses", most=figure(most >> 20), least=figure(_LEAST_ADDRESSES >> 20))
        )


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit; every error is one line on stderr."""
    _open_missing_streams()
    guard_terminal()
    stopped = _stopping()
    try:
        for argument in sys.argv[1:] if arguments is None else arguments:
            must_be_unicode(argument)
        code = cli.main(arguments, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        help_text.show()
        code = EXIT_USAGE
    except BaseException as error:  # a panic in Polars is a BaseException; the message must not quote data
        if isinstance(error, SystemExit) and not error.code:  # a shell was told how to complete what is typed
            raise
        if isinstance(error, SystemExit) or is_broken_pipe(error):  # click exits with 1, which would say: some blocked
            # The reader of stdout is gone; without this Python would report the failed flush at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(EXIT_SIGNAL + _BROKEN_PIPE)
        message, code = _message(KeyboardInterrupt(*stopped) if stopped else error)  # engines raise errors of their own
        for line in f"dnc: {in_language(message, language())}".split("\n"):
            say(line, "error", code)
    sys.exit(code if isinstance(code, int) else 0)


def _open_missing_streams() -> None:
    """Open the standard streams without which the process was started (`dnc … >&-`).

    Otherwise the next files would get their descriptors, and what is printed would be written into them. A missing
    stdout is one whose reader is gone.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
        os.close(writer)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _stopping() -> list[int]:
    """End the process by its exceptions when it is asked to end, so that it removes its temporary files.

    Returns a list that gets the number of the signal. Signals that the process was started to ignore (`nohup`) stay
    ignored.
    """
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        stopped.append(number)
        raise KeyboardInterrupt(number)

    for name in _STOPPING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, stop)
    return stopped


def _message(error: BaseException) -> tuple[str, int]:
    """The message about an error in every language, and the exit code."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "dnc"
        usage = _moved(error) or localized("errors", "usage", message=_usage(error), command=command)
        return usage, EXIT_USAGE
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return localized("errors", "interrupted"), EXIT_SIGNAL + (error.args[0] if error.args else signal.SIGINT)
    if short := shortage(error):
        return short.message, EXIT_ERROR
    if isinstance(error, DncError):
        return error.message, EXIT_USAGE if isinstance(error, OptionError) else EXIT_ERROR
    if isinstance(error, OSError) and error.filename is not None:
        return InputError(why(error), error.filename).message, EXIT_ERROR
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return localized("errors", "internal", kind=type(error).__name__, where=where), EXIT_ERROR


def _usage(error: click.UsageError) -> str:
    """What was typed wrong, in every language."""
    match error:
        case click.NoSuchOption():
            return localized("errors", "no_option", name=error.option_name, hint=_near(error))
        case click.NoSuchCommand():
            return localized("errors", "unknown_command", name=error.command_name, hint=_near(error))
        case click.MissingParameter() if error.param is not None:
            return localized("errors", "missing", error.param.param_type_name, what=_hint(error))
        case click.BadParameter() if error.param is not None and isinstance(error.param.type, click.Choice):
            why = localized("errors", "choose", choices=", ".join(map(str, error.param.type.choices)))
            return localized("errors", "bad_value", what=_hint(error), why=why)
        case click.BadParameter() if error.param is not None:
            return localized("errors", "bad_value", what=_hint(error), why=_without_stop(error.message))
    text = _without_stop(error.format_message())
    ours = error.message if isinstance(error.message, Words) else None
    return ours or Words({named: by_click(text, named) for named in LANGUAGES})


def _moved(error: click.UsageError) -> str:
    """What to type instead of a verb or an option of an earlier version, in every language; empty for all others."""
    moved = verb_table()["moved"]
    match error:
        case click.NoSuchCommand():
            old, new = error.command_name, moved["verbs"].get(error.command_name)
        case click.NoSuchOption() if error.ctx:
            verb = error.ctx.command_path.partition(" ")[2]
            old, new = error.option_name, moved["options"].get(f"{verb} {error.option_name}")
        case _:
            return ""
    return localized("errors", "moved", old=old, new=new) if new else ""


def _without_stop(text: str) -> str:
    """A message without the full stop that click puts at its end; our own have none."""
    return text if isinstance(text, Words) else text.rstrip(".")


def _near(error: click.NoSuchOption | click.NoSuchCommand) -> str:
    """The names that may have been meant."""
    near = sorted(error.possibilities or ())
    return localized("errors", "did_you_mean", names=", ".join(near)) if near else ""


def _hint(error: click.BadParameter) -> str:
    return error.param.get_error_hint(error.ctx) if error.param and error.ctx else ""
