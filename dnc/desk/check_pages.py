"""A check at the desk: the list as it was read, the questions, the check itself, and its result."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

import polars as pl
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dnc import api
from dnc.checks.campaign import brief_for_list, brief_without, keep_campaign
from dnc.checks.explain import Explanation
from dnc.checks.past import brief_of_past, past_check
from dnc.checks.questions import LEFT_OUT, Question
from dnc.checks.result import Check
from dnc.clock import today
from dnc.desk.desk import RefusedError
from dnc.desk.forms import Form, Upload
from dnc.desk.guard import as_page
from dnc.desk.jobs import Job
from dnc.desk.list_check import REASONS, ROW, SHEET_ROW, CallRows, ListCheck
from dnc.desk.office import keep_decisions, keeps_decisions
from dnc.desk.past_pages import in_words, of_call
from dnc.desk.progress import begin, begin_file, running
from dnc.desk.routes import form, page
from dnc.desk.visit import Errors, Visit, whole
from dnc.errors import DncError, InputError
from dnc.law.findings import Finding
from dnc.law.vocabulary import WAS, vocabulary
from dnc.messages import changed, messages
from dnc.reports.check_page import html
from dnc.reports.decision import decision
from dnc.reports.explanation import finding, worst_first
from dnc.reports.phrases import consents, fact
from dnc.store import campaigns
from dnc.verdicts.verdict import OUTCOMES

_PAGE_ROWS = 20
_UNKNOWN = "unknown"  # the answer "I do not know"
_FILES = ("all.xlsx", "clear.xlsx", "all.csv", "clear.csv", "report.html", "brief.toml")
_LEFT = 5  # questions on the page of a result
_COLUMNS_OF = "columns of "  # before the name of a campaign of which only what it says of columns is taken
_COLUMNS = ("dnc_number", "dnc_outcome", "dnc_valid_until")


class Refused(NamedTuple):
    """An answer that was not taken: why, and what the form said, by the end of the name of its field."""

    why: str
    typed: Mapping[str, str]


# The list


def _new(visit: Visit, errors: Errors = ()) -> Response:
    return visit.page("check_new.html", errors=errors, lists=list(visit.kept("lists").values()), **beginning(visit))


def beginning(visit: Visit) -> dict[str, Any]:
    """What the form of a new check proposes: the campaigns of the store, and today."""
    return {"campaigns": sorted(campaigns.in_store(visit.desk.store.journal)), "today": str(today())}


def _list(visit: Visit) -> ListCheck:
    list_check: ListCheck = visit.found("lists", "list", "no_list")
    list_check.interview.language = visit.session.language
    return list_check


def _given(visit: Visit) -> Response:
    """Read the list with which the desk was started."""
    if (path := visit.desk.given) is None:
        raise RefusedError(404, visit.texts["not_found"])
    copy = visit.session.folder(visit.desk.store) / path.name
    shutil.copyfile(path, copy)
    return _begin(visit, Upload(copy, path.name), None, {}, at_once=False)


def _upload(visit: Visit, sent: Form) -> Response:
    upload, brief, at_once = sent.file("list", visit), sent.file("brief", visit), False
    if upload is None:
        return _new(visit, [("list", visit.texts["no_file"])])
    if brief is None and (told := _told(visit, sent)):
        (name, text), at_once = told, not sent.get("base").startswith(_COLUMNS_OF)
        brief = Upload(upload.path.with_name(".told.toml"), name)
        brief.path.write_text(text, encoding="utf-8")
    facts = {"call_at": sent.get("call_at")} if sent.day("call_at") else {}
    sent.keep()
    return _begin(visit, upload, brief, facts, at_once=at_once)


def _begin(visit: Visit, upload: Upload, brief: Upload | None, facts: Mapping[str, str], *, at_once: bool) -> Response:
    """Read a list in a job, with what is known of it, and check it `at_once` if nothing has to be asked."""
    desk, language, id_, at = visit.desk, visit.session.language, token_urlsafe(9), "list"

    def read(job: Job) -> None:
        nonlocal at
        try:
            list_check = ListCheck.of(upload, desk, language, brief, facts)
        except DncError as error:
            at = "brief" if brief and str(brief.path) in str(error) else "list"
            for file in filter(None, (upload, brief)):
                file.path.unlink(missing_ok=True)
            raise InputError(without_paths(error, upload, brief)) from None
        list_check.id = id_
        for other in visit.kept("lists").values():
            other.interview.release()
        visit.kept("lists")[id_] = list_check
        if not at_once or not list_check.interview.number_is_known:
            with suppress(InputError):  # it is said on the page of the questions, which are found here
                list_check.open()
            return
        with named(*list_check.files):
            list_check.run(job, desk, language)

    def failed(later: Visit, why: str) -> Response:
        list_check = later.kept("lists").get(id_)
        return _failed(later, list_check, why) if list_check else _new(later, [(at, why)])

    what, onward = "check" if at_once else "read", f"/checks/{id_}/next"
    return begin(visit, read, what, onward=onward, back="/checks", name=upload.name, failed=failed)


def _told(visit: Visit, sent: Form) -> tuple[str, str] | None:
    """The name and the text of the brief that a form begins with: of a past check, or of a campaign; or none."""
    store, base = visit.desk.store, sent.get("base")
    if past := sent.get("past"):
        check = past_check(store, whole(past) or 0)
        return check.series, brief_of_past(store, check)
    if name := base.removeprefix(_COLUMNS_OF):
        return name, brief_for_list(store, name, None if name == base else {})
    return None


def without_paths(error: DncError, *uploads: Upload | None) -> str:
    """The message of an error in every language, with the names of files as they were sent."""
    names = {str(upload.path): upload.name for upload in uploads if upload}

    def named(text: str) -> str:
        for path, name in names.items():
            text = text.replace(path, name)
        return text

    return changed(error.message, named)


@contextmanager
def named(*uploads: Upload | None) -> Iterator[None]:
    """Raise errors with the names of files as they were sent."""
    try:
        yield
    except InputError as error:
        raise InputError(without_paths(error, *uploads)) from None


def _next(visit: Visit) -> Response:
    """The result of a list, or the questions where that does not have all the answers."""
    list_check = _list(visit)
    return visit.to(f"/checks/{list_check.id}/{'result' if list_check.is_current else 'questions'}")


def _read(visit: Visit) -> Response:
    list_check = _list(visit)
    names, rows = list_check.first_rows()
    return visit.page(
        "check_list.html",
        list=list_check,
        names=names,
        rows=rows,
        left_out=list(list_check.left_out(visit.session.language)),
        columns=list(list_check.columns(visit.session.language)),
        country=list_check.interview.country,
    )


def _correct_country(visit: Visit, sent: Form) -> Response:
    list_check = _list(visit)
    with list_check.lock:
        if (question := list_check.interview.country) is None:
            raise RefusedError(404, visit.texts["not_found"])
        list_check.interview.answer(question, _chosen(visit, question, sent.get("country")))
    return visit.to(f"/checks/{list_check.id}")


def _show(visit: Visit, sent: Form) -> Response:
    list_check = _list(visit)
    list_check.show = sent.get("show") == "yes"
    return visit.to(_onward(sent, list_check, f"/checks/{list_check.id}"))


def _search(visit: Visit, sent: Form) -> Response:
    list_check = _list(visit)
    list_check.search = sent.get("search")
    return visit.to(_onward(sent, list_check, f"/checks/{list_check.id}/result") + "#rows")


def _onward(sent: Form, list_check: ListCheck, default: str) -> str:
    """The page of a list to which a form says to go back."""
    named = sent.get("then")
    return named if named.startswith(f"/checks/{list_check.id}") else default


# The questions


def _questions(visit: Visit) -> Response:
    list_check = _list(visit)
    if not list_check.interview.is_decided:  # this takes a second or more, and is shown
        back, name = f"/checks/{list_check.id}", list_check.upload.name

        def decide(_: Job) -> None:
            with named(*list_check.files), list_check.lock:
                list_check.open()

        return begin(visit, decide, "decide", onward=visit.here, back=back, name=name)
    return _questions_page(visit, list_check)


def _questions_page(
    visit: Visit,
    list_check: ListCheck,
    errors: Errors = (),
    refused: Mapping[str, Refused] = MappingProxyType({}),
) -> Response:
    """The page of the open questions, or of the one that the address names. refused: answers that were not taken."""
    with named(*list_check.files), list_check.lock:
        open_ = list_check.open()
        decided = list_check.interview.decided if list_check.interview.number_is_known else None
        before = list_check.said_before
    asked = [question for question in open_ if question.id == visit.request.query_params.get("ask")]
    shown = asked or open_
    wrong = [(f"answer-{at}", refused[one.id].why) for at, one in enumerate(shown) if one.id in refused]
    return visit.page(
        "check_questions.html",
        errors=[*errors, *wrong],
        list=list_check,
        left_out=list(list_check.left_out(visit.session.language)),
        shown=shown,
        typed={id_: one.typed for id_, one in refused.items()},
        given=list(list_check.answers()),
        before=[(name, word, fact(name, word, visit.session.language)) for name, word in before.items()],
        open=len(open_),
        counts=decided.counts if decided else None,
        calls=list_check.interview.calls,
        columns=vocabulary().columns,
        takes_consents=decided is not None and not decided.missing()["region"],
        consents=consents(list_check.consents.record if list_check.consents else None, visit.session.language),
    )


def _consents(visit: Visit, sent: Form) -> Response:
    """Join a file of consents, or none."""
    list_check, upload = _list(visit), sent.file("consents", visit)
    if upload is None and not sent.get("none"):
        return _questions_page(visit, list_check, [("consents", visit.texts["no_file"])])
    try:
        list_check.use_consents(visit.desk, upload.path if upload else None)
    except InputError as error:
        return _questions_page(visit, list_check, [("consents", without_paths(error, upload))])
    sent.keep()
    return visit.to(f"/checks/{list_check.id}/questions")


def _answer(visit: Visit, sent: Form) -> Response:
    list_check, refused = _list(visit), dict[str, Refused]()
    with list_check.lock:
        open_ = {question.id: question for question in list_check.open()}
        asked = list_check.interview.in_languages(open_.values())
        sent_for = {at: open_[id_] for at, id_ in enumerate(sent.all("question")) if id_ in open_}
        answered = {at: question for at, question in sent_for.items() if _is_answered(question, at, sent)}
        # Some may be left for later, but something has to be answered, unless the list is to be checked at once.
        for at, question in (answered if answered or sent.get("run") else sent_for).items():
            try:
                rows = _chosen_rows(visit, question, sent, at)
                chosen = rows or _chosen(visit, question, sent.get(f"answer-{at}"))
                list_check.interview.answer(question, chosen, asked[question.id])
            except InputError as error:
                field = f"answer-{at}"
                typed = {name.removeprefix(field): text for name, text in sent.fields if name.startswith(field)}
                refused[question.id] = Refused(without_paths(error, *list_check.files), typed)
    if refused:
        return _questions_page(visit, list_check, refused=refused)
    if sent.get("run") or sent.get("accept"):
        return _run(visit, sent)
    return visit.to(f"/checks/{list_check.id}/questions")


def _is_answered(question: Question, at: int, sent: Form) -> bool:
    """Whether a form answers a question; an empty text does, but on the page of a result, where it is folded."""
    rows = (sent.all(f"answer-{at}-{place}") for place, _ in enumerate(question.table))
    return bool(sent.get(f"answer-{at}") or any(rows) or (question.fact and not sent.get("run")))


def _chosen_rows(visit: Visit, question: Question, sent: Form, at: int) -> list[int | str]:
    """The answers to a question that is a table; none for any other. Raises InputError if one is missing.

    A row of which none was chosen has the one that it is proposed to accept, if the person does. The form says whether
    they do, but that of a result, which proposes nothing: nobody's answer is taken or dropped unsaid.
    """
    chosen, accepted = list[int | str](), bool(sent.get("accept"))
    says = accepted or sent.get("decline") or sent.get("run")
    for place, row in enumerate(question.table):
        text = sent.get(f"answer-{at}-{place}")
        if row.rest is not None and not text:
            if not says:
                raise InputError(visit.texts["accept_or_not"])
            chosen.append(row.rest if accepted else row.chosen)
        elif row.alike and not text:
            chosen.append(LEFT_OUT if sent.get(f"answer-{at}-alike") else row.chosen)
        elif row.fact:
            chosen.append(text)
        elif (answer := whole(text)) is not None and answer < len(row.options):
            chosen.append(answer)
        else:
            raise InputError(visit.texts["no_answer"])
    return chosen


def _chosen(visit: Visit, question: Question, text: str) -> int | str | None:
    """The answer to a question in a form. Raises InputError if there is none."""
    if question.fact:
        return text or None
    if text == _UNKNOWN:
        return None
    if (answer := whole(text)) is None or answer >= len(question.options):
        raise InputError(visit.texts["no_answer"])
    return answer


def _ask_again(visit: Visit, sent: Form) -> Response:
    """Ask the answered question again that a form names, or else all whose answer was not known."""
    list_check, id_ = _list(visit), sent.get("answered")
    with list_check.lock:
        if id_:
            list_check.interview.take_back(id_)
        else:
            list_check.interview.ask_again()
    query = f"?{urlencode({'ask': id_})}" if id_ else ""
    return visit.to(f"/checks/{list_check.id}/questions{query}")


def _say_otherwise(visit: Visit, sent: Form) -> Response:
    """Change for this list what was said before any question."""
    list_check = _list(visit)
    with list_check.lock:
        for name, word in list_check.said_before.items():
            if (other := sent.get(name)) and other != word:
                list_check.change(name, other)
    return visit.to(f"/checks/{list_check.id}/questions")


def _keep_campaign(visit: Visit, sent: Form) -> Response:
    """Keep the brief of a list as a campaign, without the day of the calls."""
    list_check = _list(visit)
    text = brief_without(list_check.interview.brief, "call_at", "campaign")
    keep_campaign(visit.desk.store, sent.get("campaign"), text)
    return visit.to(f"/checks/{list_check.id}/result?kept=1#keep")


# The check


def _run(visit: Visit, sent: Form) -> Response:
    """Check a list, or go on with the questions that are left."""
    list_check, desk, language = _list(visit), visit.desk, visit.session.language
    if sent.get("leave_out") and not sent.get("reason"):
        return _failed(visit, list_check, visit.texts["no_reason"])
    list_check.left_out_for = sent.get("reason") or list_check.left_out_for
    here, at_once = f"/checks/{list_check.id}", not sent.get("accept")
    if job := running(visit, onward := f"{here}/next"):
        return visit.to(f"/jobs/{job.id}")
    if sent.get("keep"):
        keep_decisions(desk)
    if not list_check.interview.number_is_known:
        return visit.to(f"{here}/questions")

    def run(job: Job) -> None:
        """Check the list, unless there are still questions."""
        with named(*list_check.files):
            with list_check.lock:
                open_ = not at_once and bool(list_check.open())
            if not open_:
                list_check.run(job, desk, language)

    def failed(later: Visit, why: str) -> Response:
        return _failed(later, list_check, why)

    name, back = list_check.upload.name, f"{here}/questions"
    return begin(visit, run, "check", onward=onward, back=back, name=name, failed=failed)


def _failed(visit: Visit, list_check: ListCheck, why: str) -> Response:
    """The questions of a list that could not be checked, with the reason, and how to check it all the same."""
    return _questions_page(visit, list_check, [("reason" if list_check.unread else "main", why)])


# The result


def _done(visit: Visit, list_check: ListCheck) -> tuple[Check, CallRows]:
    """The last check of a list and its calls. Raises RefusedError if it was not checked."""
    with list_check.lock:
        if not (list_check.result and list_check.rows):
            raise RefusedError(404, visit.texts["no_result"])
        return replace(list_check.result, language=list_check.interview.language), list_check.rows


def _result(visit: Visit) -> Response:
    list_check, params = _list(visit), visit.request.query_params
    if not list_check.result:
        return visit.to(f"/checks/{list_check.id}/questions")
    check, rows = _done(visit, list_check)
    words, columns = {word for why in rows.why for word in why.split(";")}, list(rows.values)
    column = _named_by(params.get("column", ""), columns)
    value = _named_by(params.get("value", ""), rows.values[column]) if column else None
    outcome, reason = (
        asked if (asked := params.get(name, "")) in known else ""
        for name, known in (("outcome", OUTCOMES), ("reason", words))
    )
    chosen: dict[str, Any] = {
        "text": list_check.search,
        "cell": (column, value) if column and value else None,
        "changed": params.get("changed") == "1",
    }
    outcomes, reasons, count = rows.counts(outcome, reason, **chosen)
    calls, of_any_cell = (rows.chosen(outcome, reason, **chosen | more) for more in ({}, {"cell": None}))
    at, pages = visit.part_of(count, _PAGE_ROWS)
    with list_check.lock:
        open_ = list_check.open()
    return visit.page(
        "check_result.html",
        list=list_check,
        check=check,
        decision=decision(check),
        decision_words=messages("decision", visit.session.language),
        outcomes=outcomes,
        reasons=in_words(check.book, visit.session.language, dict(reasons.most_common())),
        outcome=outcome,
        reason=reason,
        facets=columns,
        column=column,
        value=params["value"] if value else "",
        values=_cells_of(list_check, of_any_cell, rows, column) if column else [],
        changed=chosen["changed"],
        changes=rows.changed,
        count=count,
        rows=[_row(list_check, check, rows, row) for row in _page_of(calls, rows, at).iter_rows(named=True)],
        names=rows.names,
        page=at,
        pages=pages,
        address=visit.address("outcome", "reason", "changed", "column", "value"),
        open=open_[:_LEFT],
        kept=params.get("kept") == "1",
        keeps=keeps_decisions(visit.desk),
        columns=vocabulary().columns,
        files=[name for name in _FILES if check.counts["clear"] or not name.startswith("clear")],
    )


def _named_by(text: str, among: Sequence[str]) -> str | None:
    """A column or a cell by its place, which is what an address says of it; None where there is none."""
    place = whole(text)
    return among[place] if place is not None and place < len(among) else None


def _cells_of(list_check: ListCheck, calls: pl.LazyFrame, rows: CallRows, column: str) -> list[tuple[int, str, int]]:
    """The cells of a column among some calls: the place of each, how it is shown, and its calls."""
    counts = dict(calls.group_by(column).len().collect().iter_rows())
    cells = enumerate(rows.values[column])
    return [(at, list_check.seen(cell), counts[cell]) for at, cell in cells if cell != "" and cell in counts]


def _page_of(calls: pl.LazyFrame, rows: CallRows, page: int) -> pl.DataFrame:
    names = calls.collect_schema().names()
    columns = [name for name in (ROW, SHEET_ROW, *_COLUMNS, *REASONS, *rows.names, WAS) if name in names]
    return calls.select(columns).slice((page - 1) * _PAGE_ROWS, _PAGE_ROWS).collect()


def _row(list_check: ListCheck, check: Check, rows: CallRows, row: dict[str, Any]) -> dict[str, Any]:
    """A call as the table of a result shows it."""
    rules, open_, missing = (row[name] or "" for name in REASONS)
    why = partial(of_call, check.book, list_check.interview.language)
    return {
        "row": row[ROW],
        "sheet_row": row[SHEET_ROW],
        "number": list_check.seen(row["dnc_number"]),
        "outcome": row["dnc_outcome"],
        "reason": why(rules or open_),
        "missing": why(missing),
        "names": [list_check.seen(row[name]) for name in rows.names],
        "until": row["dnc_valid_until"],
        "was": row.get(WAS),
    }


def _report(visit: Visit) -> Response:
    """The page that `dnc check` writes."""
    check, _ = _done(visit, _list(visit))
    return as_page(html(check))


def _why(visit: Visit) -> Response:
    list_check, row = _list(visit), whole(visit.request.path_params["row"])
    if row is None:
        raise RefusedError(404, visit.texts["not_found"])
    with named(*list_check.files):
        explanations = list_check.explain(row, visit.desk, visit.session.language)
    return visit.page(
        "check_row.html",
        list=list_check,
        row=row,
        sheet_row=list_check.interview.guesses.sheet_rows[row - 1],
        query=visit.request.url.query,
        calls=[explained(call, visit.session.language) for call in explanations],
    )


def explained(call: Explanation, language: str) -> dict[str, Any]:
    """A call regime by regime, for the templates: its verdict, and findings in words, each with its result.

    deciding: of regimes that forbid the call or leave it open, the worst first. met: of those whose demand is met.
    others: of those that do not apply.
    """
    results = [(finding(result.finding, language), result) for result in worst_first(call)]
    return {
        "verdict": call.verdict,
        "not_understood": call.not_understood,
        "past": call.past,
        "deciding": [pair for pair in results if pair[1].finding.blocks or pair[1].finding.is_open],
        "met": [pair for pair in results if pair[1].finding.is_met],
        "others": [pair for pair in results if pair[1].finding is Finding.NOT_APPLICABLE],
    }


def _download(visit: Visit) -> Response:
    list_check, name = _list(visit), visit.request.path_params["name"]
    if name not in _FILES:
        raise RefusedError(404, visit.texts["not_found"])
    what, _, suffix = name.partition(".")
    if what == "brief":
        return FileResponse(list_check.brief, filename=f"{list_check.stem}.toml", media_type="application/toml")
    check, rows = _done(visit, list_check)
    saved_as = visit.saved_as(what, list=list_check.stem)

    def make(folder: Path) -> Path:
        path = folder / f"{saved_as}.{suffix}"
        api.write(check, path, rows.batches("clear" if what == "clear" else ""))
        return path

    return begin_file(visit, f"/checks/{list_check.id}/result", make)


ROUTES: list[Route] = [
    page("/checks/given", _given),
    page("/checks", _new),
    form("/checks", _upload),
    page("/checks/{list}", _read),
    page("/checks/{list}/next", _next),
    form("/checks/{list}/show", _show),
    form("/checks/{list}/search", _search),
    form("/checks/{list}/country", _correct_country),
    page("/checks/{list}/questions", _questions),
    form("/checks/{list}/answers", _answer),
    form("/checks/{list}/consents", _consents),
    form("/checks/{list}/again", _ask_again),
    form("/checks/{list}/before", _say_otherwise),
    form("/checks/{list}/campaign", _keep_campaign),
    form("/checks/{list}/run", _run),
    page("/checks/{list}/result", _result),
    page("/checks/{list}/report", _report),
    page("/checks/{list}/rows/{row}", _why),
    page("/checks/{list}/files/{name}", _download),
]
