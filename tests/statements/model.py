"""What counts for a person, as plainly as it can be said: statements, and a rule for each kind, whatever their order.

It knows nothing of `dnc`. The law is that of a sales call to a consumer in France: no objection; a consent to live calls
within a year, or a contract that the offer relates to; at most four calls in thirty days; after a refusal, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.statements.told import EVER, STRENGTH, Call, Moment, Statement, Told

CAP, WINDOW = 4, timedelta(days=30)
YEAR, KEPT_UP = timedelta(days=365), timedelta(days=31)
CALLED, US = ("", "telephone", "phone"), ("", "self", "for_us")  # channels, and collectors
LAW_OPEN = "(law open)"


@dataclass(frozen=True)
class Finding:
    """Whether something is lawful; where `missing` names anything, nobody knows."""

    lawful: bool
    missing: frozenset[str] = frozenset()


def lacks(*names: str) -> Finding:
    """What nobody knows before these are told; where nothing is missing, it is lawful."""
    return Finding(not names, frozenset(names))


def decide(call: Call, told: Told) -> tuple[str, frozenset[str]]:
    """The outcome, and what is missing."""
    numbers = person(call.number, told.links)
    said = [one for one in told.statements if one.number in numbers and counts(one, call, told.today)]
    consent, given = consents(call, said, told)
    findings = [
        objections(call, said, told),
        opt_in(consent, relationship(call, said, told), told),
        refusals(said, consent, given),
        attempts(call, said, [one for one in told.planned if one.number in numbers and one is not call], told),
        lacks("text:Notes") if any(one.kind == "open text" for one in said) else Finding(True),
        lacks(*(f"text:{one.word}" for one in said if one.kind == "unread cell")),
    ]
    if any(not one.lawful and not one.missing for one in findings):
        return "blocked", frozenset()
    missing = frozenset[str]().union(*(one.missing for one in findings))
    return ("undecided", missing - {LAW_OPEN} or missing) if missing else ("clear", missing)


def person(number: str, links: Iterable[tuple[str, str]]) -> frozenset[str]:
    """All numbers and ids of the person with a number."""
    found, before = frozenset({number}), frozenset[str]()
    while found != before:
        before, found = found, found.union(*(link for link in links if not found.isdisjoint(link)))
    return found


def counts(one: Statement, call: Call, today: date) -> bool:
    """Against a call until the day after it; for it if said before, on its own day if that has not passed."""
    if one.kind not in ("consent", "lift"):
        return one.when.first.date() <= call.day + timedelta(days=1)
    by_day = one.when.first != one.when.last and one.when.first.date() == call.day >= today
    return by_day or call.when.surely_after(one.when) or one.when.first == EVER


def objections(call: Call, said: Iterable[Statement], told: Told) -> Finding:
    """One that no lift of this number surely follows, unless nobody objected."""
    lifts = [one.when for one in said if one.kind == "lift" and one.number == call.number]
    against = [one.when for one in said if one.kind == "objection"]
    if any(not any(lift.surely_after(one) for lift in lifts) for one in against):
        return Finding(False)
    if told.assumed.get("objected_on") or any(one.kind == "no-objection" and one.number == call.number for one in said):
        return Finding(True)
    if told.own is None:
        return lacks("registry:own")
    return Finding(True) if call.day - told.own <= KEPT_UP else lacks("stale:own")


def has_own_proof(one: Statement, of_person: Iterable[Statement]) -> bool:
    """Whether a consent names a wording, and a document that no other statement names, unless surely later."""
    same = [other for other in of_person if other.document == one.document and other != one]
    return bool(one.document and one.wording) and all(other.when.surely_after(one.when) for other in same)


def consents(call: Call, said: Iterable[Statement], told: Told) -> tuple[Finding, Moment | None]:
    """Whether there is a consent to this call, and when the earliest of those that count was given."""
    numbers = person(call.number, told.links)
    of_person = [one for one in told.statements if one.number in numbers]
    here = [one for one in said if one.number == call.number]
    given = [one for one in here if one.kind == "consent"]
    proven = [one for one in given if has_own_proof(one, of_person)]
    ended = [one for one in said if one.kind == "withdrawal" or (one in here and one.kind == "wrong number")]
    if ended and not any(all(one.when.surely_after(end.when) for end in ended) for one in proven):
        return Finding(False), None
    for kind, finding in (("unread", lacks("consent")), ("none-said", Finding(False))):
        heard = given if kind == "none-said" else [one for one in here if one.kind in ("consent", "none-said")]
        for no in (one for one in here if one.kind == kind):
            if not any(one.when.surely_after(no.when) for one in heard):
                return finding, None
    standing = [one for one in given if not any(new.when.surely_after(one.when) for new in proven)]
    if not standing and (assumed := assumed_consent(call.number, told.assumed)):
        standing = [assumed]
    if not standing:
        on_its_day = [one for one in of_person if one.number == call.number and one.when.first.date() == call.day]
        return lacks("consent_on" if any(one.kind == "consent" for one in on_its_day) else "consent"), None
    earliest = min((one.when for one in standing), key=lambda when: when.first)
    return said_by_all(call, standing, [one for one in here if one.kind == "limit"], told), earliest


def assumed_consent(number: str, assumed: Mapping[str, str]) -> Statement | None:
    """The consent that is declared of all."""
    if not (word := assumed.get("consent")):
        return None
    day = datetime.fromisoformat(assumed["consent_on"]) if "consent_on" in assumed else EVER
    calls = frozenset({assumed["consent_for"]}) if "consent_for" in assumed else None
    return Statement("consent", number, Moment(day, day + timedelta(hours=23, minutes=59)), word, calls)


def said_by_all(call: Call, standing: list[Statement], limits: list[Statement], told: Told) -> Finding:
    """What several consents say together, held against the call; what one of them leaves open is open."""
    sector = told.assumed.get("sector")
    calls = frozenset({"live", "automated"}).intersection(*(one.calls for one in standing if one.calls is not None))
    words = {one.word for one in standing}
    sectors = [one.sectors for one in standing if one.sectors is not None]
    hours = {one.hours for one in (*standing, *limits)} - {""}
    dated = all(one.when.first != EVER for one in standing)
    told_calls = all(one.calls is not None for one in standing)
    if (
        min(map(STRENGTH.index, words & {*STRENGTH}), default=0) == 0
        or not calls
        or (told_calls and "live" not in calls)
        or (dated and call.day - min(one.when.first.date() for one in standing) > YEAR)
        or any(one.until and one.until < call.day for one in (*standing, *limits))
        or (len(hours) == 1 and not is_within(call, *hours))
        or (sector and any(sector not in some for some in sectors))
    ):
        return Finding(False)
    open_ = {
        "consent_on": not dated,
        "consent_for": not told_calls,
        "hours_agreed": len(hours) > 1,
        "sector": bool(sectors) and not sector,
        "channel": any(one.channel not in CALLED for one in standing),
        "collected_by": any(one.collector not in US for one in standing),
    }
    return lacks(*(name for name, is_open in open_.items() if is_open))


def is_within(call: Call, hours: str) -> bool:
    """Whether a call is made in a span of hours, such as 09:00-12:00; one without an hour is."""
    first, _, last = hours.partition("-")
    return call.when.first != call.when.last or first <= f"{call.when.first:%H:%M}" < last


def opt_in(consent: Finding, contract: Finding, told: Told) -> Finding:
    """A consent, or a contract that the offer relates to."""
    if consent.lawful or told.assumed.get("related") != "yes" or (not contract.lawful and not contract.missing):
        return consent
    return contract if contract.lawful else lacks(*contract.missing, *consent.missing)


def relationship(call: Call, said: Iterable[Statement], told: Told) -> Finding:
    """Whether there is a contract: what lists and the file of customers say together."""
    entries = [one for one in said if one.kind == "relationship" and one.number == call.number]
    words = {"former" if one.until and one.until < call.day else one.word for one in entries}
    is_old = told.customers is not None and call.day - told.customers > KEPT_UP
    if told.customers is not None and not is_old and call.number not in told.known:
        words.add("none")
    if "none" in words:
        return Finding(False)
    if is_old:
        return lacks("stale:customers")
    words = words or ({told.assumed["relationship"]} if "relationship" in told.assumed else set())
    return Finding(words == {"contract"}) if len(words) == 1 else lacks("relationship")


def refusals(said: Iterable[Statement], consent: Finding, given: Moment | None) -> Finding:
    """None, unless what all consents say was surely given after each."""
    refused = [one.when for one in said if one.kind == "refusal"]
    if not refused or (consent.lawful and given and all(given.surely_after(one) for one in refused)):
        return Finding(True)
    return lacks(LAW_OPEN)


def attempts(call: Call, said: Iterable[Statement], planned: Iterable[Call], told: Told) -> Finding:
    """Calls made and other rows of the list, surely or perhaps before this call, within the window."""
    others = [one.when for one in said if one.kind == "call"] + [one.when for one in planned]
    within = [when for when in others if when.last.date() >= call.day - WINDOW]
    declared = told.assumed.get("attempts")
    own = call.attempts if call.attempts is not None else int(declared) if declared else None
    least = max(own or 0, sum(call.when.surely_after(when) for when in within))
    most = max(own or 0, sum(not when.surely_after(call.when) for when in within))
    if least >= CAP:
        return Finding(False)
    first, last = told.complete or (date.max, date.min)
    if own is None and not (first <= call.day - WINDOW and last >= call.day - timedelta(days=1)):
        return lacks("attempts")
    return lacks("call_at") if most >= CAP else Finding(True)
