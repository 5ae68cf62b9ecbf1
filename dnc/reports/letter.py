"""The letter to a person who asks what is stored about their number, as article 15 of the GDPR requires.

It says in plain words what `dnc.checks.subject_access.answer` found. What the store cannot
know (the controller's address, other files, other recipients) is left blank, for a person to
fill in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from dnc.checks.consent_ends import Kept
from dnc.checks.subject_access import odd_objection, record_line
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.lists.local_time import zones_of
from dnc.messages import dated, duration, in_language, in_runs, messages, registry_name, said
from dnc.numbers.reader import national
from dnc.reports.letter_file import Part
from dnc.reports.phrases import labelled
from dnc.store.record_kinds import KINDS
from dnc.store.retention import DECISIONS
from dnc.verdicts.verdict import missing_thing


def letter(
    answer: Mapping[str, Any], book: Rulebook, language: str = "en", *, kept: Sequence[Kept] = ()
) -> Iterator[Part]:
    """The parts of the letter, from top to bottom; kept: what the law asks to keep of the person's consents."""
    texts, say = messages("letter", language), partial(said, language, "letter")

    def blank(key: str) -> Part:
        return Part("blank", texts["blank"][key])

    yield from map(blank, ("sender", "recipient", "place"))
    number = f"{national(answer['number'])} ({answer['number']})"
    yield Part("title", say("title", number=number))
    yield Part("text", texts["subject"])
    yield Part("text", texts["greeting"])
    yield Part("text", say("opening", number=number, day=answer["day"]))
    yield Part("heading", texts["purpose_head"])
    yield Part("text", texts["purpose"])
    yield blank("purposes")
    yield from _held(answer, language)
    yield blank("other")
    yield from _objections(answer, language)
    yield from _own(answer["own"], language, zones_of(int(answer["number"]), book))
    yield from _decisions(answer, book, language)
    yield Part("heading", texts["shared_head"])
    registries = dict.fromkeys(registry_name(row["registry"], language) for row in answer["snapshots"] if row["asked"])
    yield Part("text", say("shared" if registries else "shared_none", registries=", ".join(registries)))
    yield blank("recipients")
    yield Part("heading", texts["kept_head"])
    yield Part("list", rows=tuple((line,) for line in _kept(answer, kept, language)))
    yield Part("heading", texts["rights_head"])
    yield from (Part("text", text) for text in texts["rights"])
    yield blank("contact")
    yield Part("text", texts["closing"])
    yield blank("signature")


def _held(answer: Mapping[str, Any], language: str) -> Iterator[Part]:
    texts, day, say = messages("letter", language), dated(language), partial(said, language, "letter")
    yield Part("heading", texts["held_head"])
    rows = []
    for row in answer["snapshots"]:
        state = texts["states"][row["says"]]
        for name in ("since", "until"):
            if row[name]:
                state = say(name, state=state, day=row[name])
        rows.append((registry_name(row["registry"], language), state, day(row["as_of"]), day(row["loaded_at"])))
    if not rows:
        yield Part("text", texts["held_none"])
        return
    yield Part("text", texts["held"])
    yield Part("table", rows=(tuple(texts["columns"].values()), *rows))


def _objections(answer: Mapping[str, Any], language: str) -> Iterator[Part]:
    say = partial(said, language, "letter")
    yield Part("heading", say("objections_head"))
    lines = list[str]()
    for row in answer["objections"]:
        if row["lifted"] is None:
            line = odd_objection(row, language)
        elif row["file"]:
            key = "own_since" if row["on"] else "own"
            line = say(key, since=row["on"], day=row["as_of"], recorded=row["recorded_at"])
        else:
            line = say("lifted" if row["lifted"] else "objected", day=row["on"], recorded=row["recorded_at"])
        lines.append(say("noted", text=line, note=row["reason"]) if row["reason"] else line)
    yield Part("list", rows=tuple((line,) for line in lines)) if lines else Part("text", say("objections_none"))


def _own(own: Mapping[str, Any], language: str, zones: Sequence[str]) -> Iterator[Part]:
    """The copy of consents and of what is recorded besides, with the wordings that the person saw."""
    say = partial(said, language, "letter")
    for kind in KINDS:
        if rows := own[kind]:
            yield Part("heading", say("own_head", kind))
            yield Part("list", rows=tuple((record_line(row, language, zones),) for row in rows))
    for wording in own["wordings"]:
        yield Part("text", say("wording", name=wording["name"]))
        yield from (Part("text", line) for line in wording["text"].splitlines() if line.strip())
    for row in own["passed_on"]:
        yield Part("text", say("passed_on", to=row["to"], day=row["on"]))


def _decisions(answer: Mapping[str, Any], book: Rulebook, language: str) -> Iterator[Part]:
    say = partial(said, language, "letter")
    yield Part("heading", say("decisions_head"))
    lines = []
    for row in answer["decisions"]:
        is_coming = row["day"] and row["day"] >= answer["day"]
        reasons = _reasons(row, book.by_id, language)
        result = say("coming" if is_coming else "result", row["outcome"], reasons=reasons)
        key = "decided" if row["day"] else "decided_undated"
        lines.append(say(key, done=row["done_at"], day=row["day"], result=result))
    if lines:
        yield Part("text", say("decisions"))
        yield Part("list", rows=tuple((line,) for line in dict.fromkeys(lines)))
    elif not answer["not_kept"]:
        yield Part("text", say("decisions_none"))
    if answer["not_kept"]:
        yield Part("text", say("not_kept", checks=in_runs(answer["not_kept"])))
        yield Part("blank", say("blank", "results"))


def _reasons(decision: Mapping[str, Any], regimes: Mapping[str, Regime], language: str) -> str:
    """Why a call was forbidden, or what was not known; as it was written at the time if the rules are gone."""
    if decision["outcome"] == "undecided" and decision["missing"]:
        named = (missing_thing(word, language) for word in decision["missing"].split(";"))
        return said(language, "letter", "wanting", missing=", ".join(named))
    ids = decision["blocked_by" if decision["outcome"] == "blocked" else "undecided_by"].split(";")
    deciding = (regimes[id_] for id_ in ids if id_ in regimes)
    cited: dict[str, str] = {}  # two rules may say the same to the person: one of them is enough
    for regime in deciding:
        cited.setdefault(_to_you(regime, language), regime.cites[0].texts[language])
    sentences = (said(language, "letter", "reason", says=says, cite=cite) for says, cite in cited.items())
    return " ".join(sentences) or str(decision["why"])


def _to_you(regime: Regime, language: str) -> str:
    """Why a regime forbids a call, to the person called; what it says where its demand has no such words."""
    words = messages("letter", language)["you"].get(regime.demand, "{says}")
    registry = ", ".join(registry_name(id_, language) for id_ in regime.demanded.registries)
    return str(words.format(says=regime.says[language].rstrip("."), registry=registry))


def _kept(answer: Mapping[str, Any], kept: Sequence[Kept], language: str) -> Iterator[str]:
    """How long each kind of data is kept."""
    say, open_end = partial(said, language, "letter"), said(language, "letter", "open_end")
    months = {row["kind"]: in_language(duration("month", row["months"]), language) for row in answer["retention"]}
    registries = dict.fromkeys(row["registry"] for row in answer["snapshots"])
    for registry in registries:
        if registry in months:
            yield say("kept", "registry", registry=registry_name(registry, language), span=months[registry])
    if set(registries) - set(months):
        yield say("kept", "lists", span=open_end)
    for kind in KINDS:
        if answer["own"][kind]:
            yield f"{labelled(say('own_head', kind), months.get(kind, open_end), language)}."
    for one in kept:
        yield say("kept", "by_law", day=one.until, law=one.regime.cites[0].texts[language])
    yield say("kept", "decisions", span=months.get(DECISIONS, open_end))
    yield say("kept", "objections")
