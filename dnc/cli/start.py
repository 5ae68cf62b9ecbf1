"""The verb that asks questions, writes the answers to a brief, and checks the list with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import CONSENTS, FILE, UNREAD, exit_code, load_rules, open_store, say, store_verb, tell, typed_name
from dnc.errors import InputError
from dnc.messages import localized, messages, said

if TYPE_CHECKING:
    from dnc.checks.interview import Interview
    from dnc.checks.questions import Question


_BACK, _UNKNOWN = "r", "0"  # typed to return to the question before, and for "I do not know"


@verb()
@click.argument("file", metavar="LIST", type=FILE)
@option("--brief", type=click.Path(path_type=Path))
@option("--out", type=click.Path(path_type=Path))
@UNREAD
@CONSENTS
@option("--yes", is_flag=True)
@option("--open", "open_", is_flag=True)
@store_verb
def start(
    *,
    file: Path,
    brief: Path | None,
    out: Path | None,
    accept_unread: int | None,
    reason: str | None,
    consents: Path | None,
    yes: bool,
    open_: bool,
) -> int:
    from dnc import api
    from dnc.checks.interview import Interview
    from dnc.checks.settings import Settings
    from dnc.lists.brief import read_brief
    from dnc.reports.check_summary import summary

    if typed_name(file) == "/dev/stdin":
        raise click.UsageError(localized("errors", "cli", "start_file"))
    near = file if typed_name(file) == str(file) else Path(file.name)  # for a copy: in the working folder
    brief, out = brief or near.with_suffix(".toml"), out or near.with_suffix(".html")
    book = load_rules()
    interview = Interview(file, brief, open_store(), book, language())
    interview.consents = consents
    for line in interview.taken.values():
        say(line)
    tell("start", "hello", path=brief)
    while question := interview.next():
        if yes and question.proved:
            interview.answer(question, question.default)
        elif not _ask(interview, question):
            break
    interview.finish()
    settings = Settings(
        brief=read_brief(brief),
        consents=consents,
        rulebook=book,
        language=language(),
        accept_unread=accept_unread,
        reason=reason,
    )
    result = api.check(file, open_store(), settings=settings, out=out)
    for line in summary(result):
        say(line)
    tell("start", "brief", path=brief)
    tell("start", "report", path=out)
    if open_:
        click.launch(str(out))
    return exit_code(result.given)


def _ask(interview: Interview, question: Question) -> bool:
    """Show a question until its answer is understood; False if no more answers come."""
    from dnc.law.vocabulary import vocabulary

    texts, key = messages("start", language()), "decides" if interview.whole else "decides_sample"
    say("")
    say(f"{question.text} {said(language(), 'start', key, rows=question.rows, all=interview.calls)}")
    if question.table:
        return _ask_table(interview, question, texts)
    if question.shown:
        say("  " + said(language(), "start", "shown", values=", ".join(question.shown)))
    if question.how:
        say(f"  {question.how}")
    for number, one in enumerate(question.options, 1):
        say(f"  {number}  {one.text}")
    say(f"  0  {texts['unknown']}")
    is_day = question.fact and vocabulary().columns[question.fact]["kind"].startswith("date")
    asks = texts["typed_day" if is_day else "typed" if question.fact else "choose"]
    default = "" if question.default is None else f" [{question.default + 1}]"

    def answer(typed: str) -> bool:
        interview.answer(question, _chosen(question, typed, texts["again_number"]))
        return True

    return _prompt(interview, asks + default + said(language(), "common", "colon"), answer)


def _prompt(interview: Interview, prompt: str, answer: Callable[[str], bool]) -> bool:
    """Ask until what is typed answers the question, or takes back the one before; False if no more answers come.

    answer: tells whether what was typed ends the question; raises InputError where it is not understood.
    """
    while True:
        click.echo(f"{prompt} ", nl=False, err=True)
        if not (line := sys.stdin.readline()):
            say("")
            return False
        typed = line.strip()
        if typed.lower() == _BACK:
            interview.take_back()
            return True
        try:
            if answer(typed):
                return True
        except InputError as error:
            tell("start", "again", why=error.message)


def _ask_table(interview: Interview, question: Question, texts: Mapping[str, Any]) -> bool:
    """Show a table until it is accepted, with a change for each line that is typed; False if no more answers come."""
    _show_table(question)
    chosen = [row.chosen for row in question.table]

    def answer(typed: str) -> bool:
        if typed in ("", _UNKNOWN):
            interview.answer(question, None if typed else chosen)
            return True
        _change_row(question, chosen, typed, texts["again_row"])
        return False

    return _prompt(interview, texts["campaign"]["choose"] if question.parts else texts["choose_rows"], answer)


def _show_table(question: Question) -> None:
    """Show the rows of a table; the answers to choose from are above the rows that share them, or below their own."""
    name, answers = "", list[str]()
    for number, row in enumerate(question.table, 1):
        if row.name not in (name, row.text):
            say(f"  {row.name}")
        before, answers = answers, [f"{at} {option.text}" for at, option in enumerate(row.options, 1)]
        if answers != before and not question.parts:
            say(f"       {' · '.join(answers)}")
        proposed = row.chosen + 1 if isinstance(row.chosen, int) else row.chosen
        # The dot keeps the answer and a day behind it from being taken for a telephone number.
        say(f"  {number:>3}  [{proposed}] · {row.text}  {', '.join(row.shown)}".rstrip())
        for answer in answers if question.parts else ():
            say(f"            {answer}")
        name = row.name


def _change_row(question: Question, chosen: list[int | str], typed: str, again: str) -> None:
    """Change the answer to a row, as it was typed: `3 2`. Raises InputError where there is no such row or answer."""
    at, _, answer = typed.partition(" ")
    row = question.table[int(at) - 1] if at in map(str, range(1, len(chosen) + 1)) else None
    answer = "" if answer == _UNKNOWN and question.parts else answer.strip()
    if row and (row.fact or answer in map(str, range(1, len(row.options) + 1))):
        chosen[int(at) - 1] = answer if row.fact else int(answer) - 1
    elif row and question.parts and not answer:
        chosen[int(at) - 1] = len(row.options) - 1
    else:
        raise InputError(again)


def _chosen(question: Question, text: str, again: str) -> int | str | None:
    """An answer as it was typed; raises InputError if it is not one of the options."""
    if not text:
        return question.default
    if text == _UNKNOWN:
        return None
    if question.fact and (text != "1" or not question.options):
        return text
    numbers = list(map(str, range(1, len(question.options) + 1)))
    if text in numbers:
        return numbers.index(text)
    raise InputError(again.format(most=len(question.options)))
