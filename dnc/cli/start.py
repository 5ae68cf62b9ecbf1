"""The verb that asks questions, writes the answers to a brief, and checks the list with it."""

from __future__ import annotations

import re
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
    from dnc.checks.questions import Question, TableRow


_BACK, _UNKNOWN = "r", "0"  # typed to return to the question before, and for "I do not know"
_SPAN = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")  # a row of a table, or several
_TYPED = {"date": "typed_day", "integer": "typed_number"}  # by the kind of a typed answer


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
    said_of_list, used = interview.said
    if consents and not used:
        tell("start", "consents_unread", path=consents)
    settings = Settings(
        brief=said_of_list,
        consents=used,
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
    from dnc.checks.interview import kind_of_fact

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
    asks = texts[_TYPED.get(kind_of_fact(question.fact), "typed") if question.fact else "choose"]
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
        _change_rows(question, chosen, typed, texts["again_row"])
        return False

    return _prompt(interview, texts["campaign"]["choose"] if question.parts else texts["choose_rows"], answer)


def _show_table(question: Question) -> None:
    """Show the rows of a table; the answers to choose from are above the rows that share them, or below their own."""
    from dnc.checks.interview import kind_of_fact

    name, answers = "", list[str]()
    for number, row in enumerate(question.table, 1):
        if row.name not in (name, row.text):
            say(f"  {row.name}")
        before, answers = answers, [f"{at} {option.text}" for at, option in enumerate(row.options, 1)]
        if answers != before and not question.parts:
            say(f"       {' · '.join(answers)}")
        proposed = row.chosen + 1 if isinstance(row.chosen, int) else row.chosen
        is_number = kind_of_fact(row.fact) == "integer"  # of which 0 means that it is not known, as everywhere
        text = said(language(), "start", "campaign", "number", text=row.text) if is_number else row.text
        # The dot keeps the answer and a day behind it from being taken for a telephone number.
        say(f"  {number:>3}  [{proposed}] · {text}  {', '.join(row.shown)}".rstrip())
        for answer in answers if question.parts else ():
            say(f"            {answer}")
        name = row.name


def _change_rows(question: Question, chosen: list[int | str], typed: str, again: str) -> None:
    """Change the answers to rows, as it was typed: `3 2`, or `3-6,9 2`. Raises InputError if one has no such answer."""
    at, _, answer = typed.partition(" ")
    spans = [match.groups() for match in map(_SPAN.fullmatch, at.split(",")) if match]
    places = [place for first, last in spans for place in range(int(first) - 1, int(last or first))]
    if len(spans) <= at.count(",") or not places or not {*places} <= {*range(len(chosen))}:
        raise InputError(again)
    found = {place: _row_answer(question, question.table[place], answer.strip(), again) for place in places}
    for place, one in found.items():
        chosen[place] = one


def _row_answer(question: Question, row: TableRow, answer: str, again: str) -> int | str:
    """The answer to one row, as it was typed. Raises InputError where the row has no such answer."""
    answer = "" if answer == _UNKNOWN and question.parts else answer
    if row.fact:
        return answer
    if answer in map(str, range(1, len(row.options) + 1)):
        return int(answer) - 1
    if question.parts and not answer:
        return len(row.options) - 1
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
