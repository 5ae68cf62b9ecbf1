"""Help in the language of messages: `help` in the catalogue says what each verb does, and what its options are for.

What several verbs say of an option is under `common`, and what click writes under `click`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Sequence
from functools import cache, reduce
from importlib.resources import files
from typing import Any

import click

from dnc.messages import LANGUAGES, localized, messages, system_language

Command = Callable[..., Any]
Option = Callable[[Command], Command]
_PROGRAM = "dnc"
_language = {"typed": ""}  # the language of --lang, once it is read


def language() -> str:
    """The language of messages: that of --lang, or of the system."""
    return _language["typed"] or system_language()


def _use_typed_language(params: Sequence[click.Parameter], arguments: Sequence[str]) -> None:
    """Use --lang before anything else is read, so that help and what is typed wrong are said in this language."""
    named = [os.environ.get(str(param.envvar), "") for param in params if "--lang" in param.opts]
    for before, argument in zip(("", *arguments), arguments, strict=False):
        named.append(argument if before == "--lang" else argument.partition("--lang=")[2])
    for name in named:
        if name in LANGUAGES:
            _language["typed"] = name


def by_click(text: str, named: str) -> str:
    """What click writes, in a language."""
    english, ours = (messages("help", one)["click"] for one in ("en", named))
    return reduce(lambda changed, key: changed.replace(english[key], ours[key]), english, text)


class _Formatter(click.HelpFormatter):
    """Writes what click writes, in the language of messages."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or by_click("Usage: ", language()))

    def write_heading(self, heading: str) -> None:
        super().write_heading(by_click(heading, language()))


class _Context(click.Context):
    formatter_class = _Formatter


def _unset(_: object, text: object) -> None:
    """What click sets as help: the docstring of a function, or nothing."""


class _VerbOption(click.Option):
    verb = ""

    def belong_to(self, verb: str, path: str) -> None:
        """Be an option of a verb, whose variable is `DNC_CHECK_REGION`, or of the program: `DNC_STORE`.

        path: what is typed to run the verb, such as `record objection`.
        """
        self.verb = verb
        words = path if path == _PROGRAM else f"{_PROGRAM} {path}"
        self.envvar = f"{words} {self._long}".replace("-", "_").replace(" ", "_").upper()

    @property
    def _long(self) -> str:
        """The name that is typed, without hyphens before it."""
        return max(self.opts, key=len).lstrip("-")

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """The value of its variable; of an option that is repeated each line is one, as a reason has blanks."""
        value = self.resolve_envvar_value(ctx)
        return value.splitlines() if value and self.multiple else super().value_from_envvar(ctx)

    def _text(self) -> str:
        texts = messages("help", language())
        return str(texts[self.verb].get(self._long) or texts["common"][self._long])

    help = property(_text, _unset)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        names, text = super().get_help_record(ctx) or ("", "")
        return names, self.help + by_click(text.removeprefix(self.help), language())


def _show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """The callback of --help."""
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class Verb(click.Command):
    """A verb."""

    context_class = _Context

    def __init__(self, name: str | None, *, of: str = "", **how: Any) -> None:
        super().__init__(name, add_help_option=False, **how)
        self.path = f"{of} {name}".strip()
        self.params.append(
            _VerbOption(["-h", "--help"], is_flag=True, is_eager=True, expose_value=False, callback=_show)
        )
        for param in self.params:
            if isinstance(param, _VerbOption):
                param.belong_to(str(name), self.path)

    def _text(self) -> str:
        about = messages("help", language())[str(self.name)]["about"]
        return about if isinstance(about, str) else "\n\n".join(about)

    help = property(_text, _unset)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, --lang first."""
        if ctx.parent is None:
            _language["typed"] = ""
        _use_typed_language(self.params, args)
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing and (unknown := self._unknown_variables(ctx)):
            raise click.UsageError(localized("errors", "no_variable", name=unknown[0], verb=self.path), ctx)
        return rest

    def _unknown_variables(self, ctx: click.Context) -> list[str]:
        """Variables that look like options of the verb and are none: a condition must not be lost by its name."""
        known = {str(param.envvar) for one in (ctx.command, ctx.find_root().command) for param in one.params}
        before = f"{_PROGRAM} {self.path} ".replace(" ", "_").upper()
        is_group = isinstance(self, click.Group)
        return [name for name in sorted(os.environ) if name.startswith(before) and name not in known and not is_group]

    def get_short_help_str(self, limit: int = 45) -> str:
        """What it does, in the list of verbs."""
        return str(self.help.partition("\n")[0])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if examples := verb_table()["examples"].get(self.path):
            with formatter.section(_heading("examples")):
                for example in examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Verbs(Verb, click.Group):
    """Verbs that are typed behind another one, such as `dnc record objection`."""


class Program(Verbs):
    """All verbs together; `dnc help VERB` is `dnc VERB --help`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is typed, and its arguments."""
        if args[0] == "help":
            args = [*args[1:], "--help"]
        if args[0] == "--help":
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs by group."""
        for group, verbs in verb_table()["groups"].items():
            with formatter.section(_heading(group)):
                formatter.write_dl([(name, self.commands[name].get_short_help_str()) for name in verbs])


def _heading(key: str) -> str:
    return str(messages("help", language())["heading"][key])


@cache
def verb_table() -> dict[str, Any]:
    """The groups of verbs, their examples, and what replaces those of earlier versions (`verbs.toml`)."""
    return tomllib.loads(files("dnc.cli").joinpath("verbs.toml").read_text(encoding="utf-8"))


def verb(name: str | None = None, of: Verbs | None = None) -> Callable[[Command], Verb]:
    """Make a verb of a function, by default with its name; `of`: the verb behind which it is typed."""

    def make(function: Command) -> Verb:
        made = click.command(name, cls=Verb, of=of.path if of else "")(function)
        if of:
            of.add_command(made)
        return made

    return make


def option(*names: str, **how: Any) -> Option:
    """An option of a verb, as `click.option` makes it; the catalogue has its help."""
    return click.option(*names, cls=_VerbOption, **how)


VERSION = click.version_option(package_name="dnc-check", prog_name="dnc", cls=_VerbOption)
