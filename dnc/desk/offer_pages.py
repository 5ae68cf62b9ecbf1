"""A list on offer at the desk: what it is worth for the planned calls, before it is bought; sealed results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

import dnc
from dnc.desk.check_pages import without_paths
from dnc.desk.desk import Desk, RefusedError
from dnc.desk.forms import Form, Upload
from dnc.desk.guard import as_page
from dnc.desk.jobs import Job
from dnc.desk.progress import Shown, begin, given_before, result_of
from dnc.desk.routes import form, page
from dnc.desk.visit import Visit, download
from dnc.errors import DncError, InputError, OptionError
from dnc.files.open_table import count_rows
from dnc.lists.brief import Brief, read_brief
from dnc.messages import localized
from dnc.reports.vet_page import html
from dnc.reports.vet_summary import sealed_lines, summary
from dnc.vetting.model import Asked, Vetting
from dnc.vetting.sealed import held_to, read_sealed, write_sealed

_USE = ("caller", "purpose")
_TEXTS = (
    "at",
    "until",
    "region",
    "price",
    "min_clear",
    "max_undecided",
    "max_price_per_clear",
    "sample_of",
    "seal",
    "again",
    *_USE,
)
_FILES = ("offer", "brief", "held", "sealed")


@dataclass(frozen=True)
class Terms:
    """The use of an offer, and the conditions that the buyer sets.

    Attributes:
        conditions: with the price. at, until: first and last day of the calls. region: of national numbers.
        facts: of all calls. sample_of: rows of the list, if the file is a sample. seal: whether to seal the result.
        again: why a list that was sealed before is sealed again.
    """

    conditions: Asked
    at: date | None = None
    until: date | None = None
    region: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    sample_of: int | None = None
    seal: bool = False
    again: str | None = None


def _form(visit: Visit) -> Response:
    return _blank(visit, given_before(visit), [])


def _blank(visit: Visit, given: Mapping[str, str], errors: list[tuple[str, str]]) -> Response:
    return visit.page("offer.html", 400 if errors else 200, given=given, errors=errors, use=_USE)


def _vet(visit: Visit, sent: Form) -> Response:
    """Assess an offer, as a job."""
    given = {name: sent.get(name) for name in _TEXTS}
    uploads = {name: sent.file(name, visit) for name in _FILES}
    terms, errors = _terms(visit, given)
    named = uploads["offer"] or uploads["sealed"]
    if named is None:
        errors.append(("offer", visit.texts["no_offer"]))
    if errors or named is None:
        return _blank(visit, given, errors)
    sent.keep()
    desk, language, name = visit.desk, visit.session.language, named.name

    def assess(job: Job) -> Vetting:
        try:
            return _vetting(desk, uploads, terms, language, job)
        except DncError as error:
            raise InputError(without_paths(error, *uploads.values())) from None
        finally:
            for upload in filter(None, uploads.values()):
                upload.path.unlink(missing_ok=True)

    return begin(visit, lambda job: Shown(job, "vet", name, f"/offer/{job.id}", "/offer", given), assess)


def _terms(visit: Visit, given: dict[str, str]) -> tuple[Terms, list[tuple[str, str]]]:
    """The fields of the form, read, and those that are not understood."""
    errors: list[tuple[str, str]] = []

    def read(name: str, reader: Callable[[str], Any], sentence: str) -> Any:
        if not given[name]:
            return None
        with suppress(ValueError):
            return reader(given[name].replace(",", "."))
        errors.append((name, visit.texts[sentence]))
        return None

    def share(text: str) -> float:
        return _within(float(text) / 100, 1)

    conditions = Asked(
        price=read("price", lambda text: _within(float(text)), "no_amount"),
        min_clear=read("min_clear", share, "no_share"),
        max_undecided=read("max_undecided", share, "no_share"),
        max_price_per_clear=read("max_price_per_clear", lambda text: _within(float(text)), "no_amount"),
    )
    if conditions.max_price_per_clear is not None and conditions.price is None and not errors:
        errors.append(("price", visit.texts["no_price"]))
    terms = Terms(
        conditions,
        read("at", date.fromisoformat, "no_day"),
        read("until", date.fromisoformat, "no_day"),
        given["region"] or None,
        {name: given[name] for name in _USE if given[name]},
        read("sample_of", _count, "no_amount"),
        bool(given["seal"]),
        given["again"] or None,
    )
    return terms, errors


def _within(number: float, most: float = sys.float_info.max) -> float:
    """A number from 0 to the most that is allowed. Raises ValueError."""
    if not 0 <= number <= most:
        raise ValueError
    return number


def _count(text: str) -> int:
    """A whole number of at least 1. Raises ValueError."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def _vetting(desk: Desk, uploads: dict[str, Upload | None], terms: Terms, language: str, job: Job) -> Vetting:
    """The vetting of a list, of a sealed result, or of a sample that is compared with the sealed result."""
    offer, sealed, held, brief = (uploads[name] for name in ("offer", "sealed", "held", "brief"))
    claim = read_sealed(sealed.path, desk.book, terms.conditions) if sealed else None
    if offer is None:
        if claim is None:
            raise OptionError(localized("errors", "no_list_no_sealed"))
        if held or brief or terms != Terms(terms.conditions):
            raise OptionError(localized("errors", "sealed_settings"))
        return claim
    job.total = count_rows(offer.path)
    vetting = dnc.vet(
        offer.path,
        desk.store,
        until=terms.until,
        against=[held.path] if held else [],
        asked=terms.conditions,
        sample_of=claim.offer.rows if claim else terms.sample_of,
        seal=terms.seal,
        again=terms.again,
        progress=job.advance,
        brief=read_brief(brief.path) if brief else Brief(),
        region=terms.region,
        given=terms.facts,
        at=terms.at,
        rulebook=desk.book,
        language=language,
    )
    return held_to(claim, vetting) if claim else vetting


def _offer(visit: Visit) -> Vetting:
    vetting: Vetting = result_of(visit, "vet")
    return vetting


def _result(visit: Visit) -> Response:
    vetting, language = _offer(visit), visit.session.language
    return visit.page(
        "offer_result.html",
        vetting=vetting,
        id=visit.request.path_params["job"],
        lines=[*(sealed_lines(vetting, None, language) if vetting.salt else ()), *summary(vetting, language)],
    )


def _report(visit: Visit) -> Response:
    """The page that `dnc vet` writes."""
    return as_page(html(_offer(visit), visit.desk.book, visit.session.language))


def _download(visit: Visit) -> Response:
    """The page of a vetting, or its sealed result."""
    vetting, name = _offer(visit), visit.request.path_params["name"]
    if name == "report.html":
        content, media = html(vetting, visit.desk.book, visit.session.language), "text/html"
    elif name == "sealed.json" and vetting.offer.sealed:
        content, media = write_sealed(vetting), "application/json"
    else:
        raise RefusedError(404, visit.texts["not_found"])
    return download(content, media, f"offer-{name}")


ROUTES: list[Route] = [
    page("/offer", _form),
    form("/offer", _vet),
    page("/offer/{job}", _result),
    page("/offer/{job}/report", _report),
    page("/offer/{job}/{name}", _download),
]
