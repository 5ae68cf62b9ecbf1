"""The settings of an office: what its checks have in common, how the desk greets it, and what it is reminded of.

They are kept in the store. The facts among them are in the brief of each new list from the start, so that they are not
asked; each may be changed for one list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.past import past_checks
from dnc.desk.desk import Desk
from dnc.desk.forms import Form
from dnc.desk.routes import form, page
from dnc.desk.visit import Errors, Visit
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief
from dnc.lists.cell_facts import read_cli
from dnc.lists.words import meaning
from dnc.messages import LANGUAGES, system_locale
from dnc.numbers.numbering_plans import known_region
from dnc.store.record_kinds import OWN_VALID_DAYS, is_valid_days

FACTS = ("caller", "purpose", "sector", "voice", "dialler", "cli")
_OTHERS = ("region", "language", OWN_VALID_DAYS, "keep")


def facts_of(desk: Desk) -> dict[str, str]:
    """The facts that hold for every list of the office."""
    return {name: value for name, value in desk.store.office().items() if name in FACTS}


def with_office(brief: Brief, desk: Desk) -> Brief:
    """A brief with what the office says of every list, where it says nothing else."""
    region = brief.region or desk.store.office().get("region")
    return replace(brief, region=region, facts={**facts_of(desk), **brief.facts})


def region_of(desk: Desk) -> str:
    """The country of numbers without a country code, to be corrected in a form; "" if it is not known.

    It is that of the office, else of the last check, else of the system.
    """
    if told := desk.store.office().get("region"):
        return told
    last = next((check.detail["region"] for check in past_checks(desk.store, 1)), None)
    return last or system_locale()[1]


def keeps_decisions(desk: Desk) -> bool:
    """Whether the decisions of checks are kept, so that the calls of two checks can be compared."""
    return desk.store.office().get("keep") == "yes"


def keep_decisions(desk: Desk) -> None:
    """Keep the decisions of checks from now on."""
    desk.store.set_office({**desk.store.office(), "keep": "yes"})


def _office(visit: Visit, given: Mapping[str, str] | None = None, errors: Errors = ()) -> Response:
    given = visit.desk.store.office() if given is None else given
    done = visit.request.query_params.get("done") == "1"
    return visit.page("office.html", errors=errors, given=given, facts=FACTS, done=done)


def _set(visit: Visit, sent: Form) -> Response:
    given = {name: sent.get(name) for name in (*FACTS, *_OTHERS) if sent.get(name)}
    errors, region = [], given.get("region", "").upper()
    if region:
        given["region"] = region
        if not known_region(region):
            errors.append(("region", visit.texts["no_region"]))
    if cli := given.get("cli"):
        given["cli"] = read_cli(meaning("cli", cli) or cli, region or system_locale()[1]) or cli
        if read_cli(given["cli"], None) is None:
            errors.append(("cli", visit.texts["no_cli"]))
    if (days := given.get(OWN_VALID_DAYS)) and not is_valid_days(days):
        errors.append((OWN_VALID_DAYS, visit.texts["no_valid_days"]))
    if errors:
        return _office(visit, given, errors)
    axes, known = vocabulary().axes, {"language": LANGUAGES, "keep": ("yes",)}
    kept = {name: word for name, word in given.items() if word in {**axes, **known}.get(name, (word,))}
    visit.desk.store.set_office(kept)
    visit.session.language = kept.get("language", visit.session.language)
    return visit.to("/office?done=1")


ROUTES: list[Route] = [page("/office", _office), form("/office", _set)]
