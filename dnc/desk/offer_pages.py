"""A list on offer at the desk: what it is worth for the planned calls, before it is bought; draws."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from starlette.responses import FileResponse, Response
from starlette.routing import Route

import dnc
from dnc.checks.settings import Settings
from dnc.desk.check_pages import named
from dnc.desk.desk import Desk, RefusedError
from dnc.desk.forms import Form
from dnc.desk.guard import as_page
from dnc.desk.jobs import Job
from dnc.desk.list_check import ListCheck
from dnc.desk.office import with_office
from dnc.desk.progress import begin, result_of
from dnc.desk.routes import form, page
from dnc.desk.visit import Errors, Visit, download, download_once, whole
from dnc.errors import OptionError
from dnc.files.open_table import count_rows
from dnc.lists.brief import Brief
from dnc.messages import LANGUAGES, messages, said
from dnc.reports.decision import Decision
from dnc.reports.letter_file import write_letter
from dnc.reports.phrases import fact
from dnc.reports.seller_letter import seller_letter
from dnc.reports.vet_page import html
from dnc.reports.vet_summary import VettingInWords, still_possible
from dnc.vetting import DRAWN
from dnc.vetting.draws import OfferedRows, draw
from dnc.vetting.model import Asked, Vetting

_USE = ("caller", "purpose")
_CONDITIONS = ("min_clear", "max_undecided", "max_price", "min_proved")
_TEXTS = ("list", "at", "until", "region", "price", "currency", "sample_of", *_USE)
_FILES = ("offer", "brief", "held", "proofs")


class Assessed(msgspec.Struct):
    """An offer that was assessed in a session.

    vetting: what was found. offered: its rows, if they may be drawn from. size: rows drawn last, in `table`.
    """

    vetting: Vetting
    offered: OfferedRows | None
    size: int = 0
    table: Path | None = None


def _form(visit: Visit, given: Mapping[str, str] | None = None, errors: Errors = ()) -> Response:
    given = {"list": visit.request.query_params.get("list", "")} if given is None else given
    lists = {id_: list_check.upload.name for id_, list_check in visit.kept("lists").items()}
    told = with_office(Brief(), visit.desk)
    said = {**told.facts, **({"region": told.region} if told.region else {})}
    office = [fact(name, word, visit.session.language) for name, word in said.items()]
    return visit.page(
        "offer.html", errors=errors, given=given, use=_USE, office=office, lists=lists, offers=_offers(visit)
    )


def _offers(visit: Visit) -> dict[str, tuple[Vetting, Decision]]:
    """The offers that were assessed in the session, to compare them: by the id of their page."""
    jobs = [
        shown.job for shown in list(visit.kept("jobs").values()) if shown.what == "vet" and shown.job.state == "done"
    ]
    vettings = {job.id: job.result.vetting for job in jobs}
    return {
        id_: (vetting, VettingInWords(vetting, visit.session.language).decision()) for id_, vetting in vettings.items()
    }


def _vet(visit: Visit, sent: Form) -> Response:
    """Assess an offer, as a job."""
    given = {name: sent.get(name) for name in (*_TEXTS, *_CONDITIONS)}
    uploads = {name: sent.file(name, visit) for name in _FILES}
    conditions, use, errors = _read(visit, given)
    list_check: ListCheck | None = visit.kept("lists").get(given["list"])
    if list_check:
        uploads["offer"] = list_check.upload
    upload = uploads["offer"]
    if upload is None:
        errors.append(("offer", visit.texts["no_offer"]))
    if errors or upload is None:
        return _form(visit, given, errors)
    sent.keep()
    desk, language = visit.desk, visit.session.language
    paths = {name: one.path for name, one in uploads.items() if one}

    def assess(job: Job) -> Assessed:
        with named(*uploads.values()):
            return _assessed(desk, paths, list_check, conditions, use, language=language, job=job)

    def failed(later: Visit, why: str) -> Response:
        return _form(later, given, [("offer", why)])

    return begin(visit, assess, "vet", onward="/offer/{job}", back="/offer", name=upload.name, failed=failed)


def _read(visit: Visit, given: dict[str, str]) -> tuple[Asked, dict[str, Any], list[tuple[str, str]]]:
    """The fields of the form: the conditions with the price, the others, and those that are not understood.

    The others are None or empty where nothing is said: `at` and `until`, first and last day of the calls; `region` of
    national numbers; `facts` of all calls; `sample_of`, rows of the list, if the file is a sample.
    """
    found, errors = dict[str, Any](), list[tuple[str, str]]()
    for name, (reader, sentence) in _READERS.items():
        try:
            found[name] = reader(given[name].replace(",", ".")) if given[name] else None
        except (ValueError, OptionError):
            errors.append((name, visit.texts[sentence]))
    conditions = Asked(**{name: found.pop(name, None) for name in ("price", "currency", *_CONDITIONS)})
    if conditions.max_price is not None and conditions.price is None and not errors:
        errors.append(("price", visit.texts["no_price"]))
    facts = {name: given[name] for name in _USE if given[name]}
    return conditions, found | {"region": given["region"] or None, "facts": facts}, errors


def _amount(text: str, most: float = sys.float_info.max) -> float:
    """A number from 0 to the most that is allowed. Raises ValueError."""
    if not 0 <= (number := float(text)) <= most:
        raise ValueError
    return number


def _share(text: str) -> float:
    """A share in per cent. Raises ValueError."""
    return _amount(text, 100) / 100


def _count(text: str) -> int:
    """A whole number of at least 1. Raises ValueError."""
    if not (number := whole(text)):
        raise ValueError
    return number


def _code(text: str) -> str:
    """The code of a currency. Raises OptionError."""
    return str(Asked(currency=text.upper()).currency)


# How fields of the form are read, and what is said of one that is not understood.
_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    **dict.fromkeys(("price", "max_price"), (_amount, "no_amount")),
    **dict.fromkeys(("min_clear", "max_undecided", "min_proved"), (_share, "no_share")),
    **dict.fromkeys(("at", "until"), (date.fromisoformat, "no_day")),
    "currency": (_code, "no_currency"),
    "sample_of": (_count, "no_amount"),
}


def _assessed(
    desk: Desk,
    paths: dict[str, Path],
    list_check: ListCheck | None,
    conditions: Asked,
    use: dict[str, Any],
    *,
    language: str,
    job: Job,
) -> Assessed:
    """The vetting of a list or of a sample.

    paths: of the files that were given, by the names of their fields.
    list_check: the list, if its questions were answered as for a check. conditions, use: see `_read`.
    """
    offer = paths["offer"]
    job.total = count_rows(offer)
    if list_check:
        base = list_check.settings(desk, language)
    else:
        base = Settings(brief=paths.get("brief"), rulebook=desk.book, language=language)
        base = replace(base, brief=with_office(base.campaign, desk))
    settings = replace(base, region=use["region"], given=use["facts"], at=use["at"])
    vetting = dnc.vet(
        offer,
        desk.store,
        until=use["until"],
        against=[paths["held"]] if "held" in paths else [],
        asked=conditions,
        sample_of=use["sample_of"],
        proofs=paths.get("proofs"),
        progress=job.advance,
        settings=settings,
    )
    whole = use["sample_of"] is None
    return Assessed(vetting, OfferedRows(offer, settings.campaign, desk.book) if whole else None)


def _offer(visit: Visit) -> Assessed:
    assessed: Assessed = result_of(visit, "vet")
    return assessed


def _result(visit: Visit, errors: Errors = ()) -> Response:
    assessed, language = _offer(visit), visit.session.language
    vetting, size = assessed.vetting, assessed.size
    rows, words = vetting.offer.rows, VettingInWords(vetting, language)
    return visit.page(
        "offer_result.html",
        errors=errors,
        vetting=vetting,
        id=visit.request.path_params["job"],
        decision=words.decision(),
        decision_words=messages("decision", language),
        v=messages("vet", language),
        curve=still_possible(vetting),
        letters=sorted(LANGUAGES, key=lambda code: code != language),
        may_draw=assessed.offered is not None and rows > 0,
        size=min(DRAWN, rows),
        made=said(language, "vet", "draw_made", size=size, rows=rows) if size else "",
        offers=_offers(visit),
    )


def _draw(visit: Visit, sent: Form) -> Response:
    """Draw rows of the list."""
    assessed, size = _offer(visit), 0
    if (offered := assessed.offered) is None:
        raise RefusedError(404, visit.texts["not_found"])
    with suppress(ValueError):
        size = _count(sent.get("size"))
    table = visit.session.folder(visit.desk.store) / "draw.xlsx"
    try:
        draw(offered, size, table)
    except OptionError as error:
        return _result(visit, [("size", error.message)])
    assessed.size, assessed.table = size, table
    return visit.to(f"/offer/{visit.request.path_params['job']}#draw")


def _report(visit: Visit) -> Response:
    """The page that `dnc vet` writes."""
    return as_page(html(_offer(visit).vetting, visit.desk.book, visit.session.language))


def _download(visit: Visit) -> Response:
    """The page of a vetting, the letter to the seller, or the table of a draw."""
    assessed, name = _offer(visit), visit.request.path_params["name"]
    vetting, letters = assessed.vetting, {f"letter.{language}.html": language for language in LANGUAGES}
    if name == "report.html":
        return download(html(vetting, visit.desk.book, visit.session.language), "text/html", visit.saved_as("offer"))
    if name in letters:
        path = visit.session.folder(visit.desk.store) / name
        write_letter(path, seller_letter(vetting, letters[name]), letters[name])
        return download_once(path, visit.saved_as("seller", language=letters[name]))
    if assessed.table and name == assessed.table.name:
        return FileResponse(assessed.table, filename=visit.saved_as("draw"))
    raise RefusedError(404, visit.texts["not_found"])


ROUTES: list[Route] = [
    page("/offer", _form),
    form("/offer", _vet),
    page("/offer/{job}", _result),
    form("/offer/{job}/draw", _draw),
    page("/offer/{job}/report", _report),
    page("/offer/{job}/{name}", _download),
]
