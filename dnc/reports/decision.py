"""The result of a check for the person who decides, in the words that all outputs share.

Terminal, page, desk, spreadsheet and `--json` show the same blocks: under which conditions the possible calls may be
made, why the others are not possible, what to do next, what the result rests on, and what is at stake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial, reduce
from types import MappingProxyType
from typing import NamedTuple

from dnc.checks.result import Check
from dnc.checks.settings import UNREAD
from dnc.clock import today
from dnc.files.net import marks
from dnc.files.table import quoted
from dnc.law.limits import Limit
from dnc.law.regimes import GRADES, Regime
from dnc.law.vocabulary import vocabulary
from dnc.messages import counted, dated, in_language, in_quotes, messages, said, semicolons
from dnc.registries import OWN
from dnc.reports.phrases import (
    by_rules,
    consents,
    fact_in_line,
    labelled,
    missing,
    needed,
    planned,
    ranked,
    remedy,
    rows_left,
    rules_changed,
    told_by,
)
from dnc.reports.status_lines import clears
from dnc.store.audit_log import user
from dnc.verdicts.verdict import limit_of, missing_thing

_REASONS = 3
_STEPS = 2  # about what is missing
_STAKES = 3
_SIGNED = ("company", "campaign", "product", "checked", "name", "role", "day", "here")  # fields beside a signature


class Line(NamedTuple):
    """A line of a block. rows: the calls that it speaks of, or None. text: in words, after their number.

    who: whose task it is, in words, or empty. how: the command or the line of the brief that does it, or None.
    quotes: the texts of cells it speaks of, which pages show behind the text and messages leave out.
    """

    text: str
    rows: int | None = None
    who: str = ""
    how: str | None = None
    quotes: str = ""

    def counted(self, language: str) -> str:
        """The text behind its number and whose task it is, with what it quotes."""
        text = self.tasked(language) + self.quotes
        return text if self.rows is None else f"{counted(language)(self.rows)} {text}"

    def tasked(self, language: str) -> str:
        """The text, behind whose task it is."""
        return labelled(self.who, self.text, language) if self.who else self.text


class Block(NamedTuple):
    """Lines under a heading. key: `when`, `why`, `next`, `rests` or `stakes`."""

    key: str
    head: str
    lines: Sequence[Line]


class Decision(NamedTuple):
    """What a person decides on.

    sentence: the result, with its three numbers. facts: lines about the use and the day. counts: rows by outcome.
    blocks: those that have lines. approval: the sentence to sign. signed: fields beside it, and what is known of them.
    doubt: a sentence about what is not good enough to sign, or empty.
    """

    sentence: str
    facts: Sequence[str]
    counts: Mapping[str, int]
    blocks: Sequence[Block]
    approval: str = ""
    signed: Mapping[str, str] = MappingProxyType(dict.fromkeys(("name", "day", "here"), ""))
    doubt: str = ""

    @property
    def data(self) -> dict[str, list[dict[str, object]]]:
        """The lines by key of their block, with `calls` and `says`, for programs."""
        return {
            block.key: [{"calls": line.rows, "says": line.text + line.quotes} for line in block.lines]
            for block in self.blocks
        }


def decision(check: Check) -> Decision:
    """The decision that a check asks for, in its language."""
    language, counts = check.language, check.counts
    facts = list(_facts(check))
    if not check.calls:
        return Decision(sentence(counts, language), facts, counts, [])
    past = all_past(check)
    signed = "past" if past else "clear" if counts["clear"] else "none"
    return Decision(
        sentence=sentence(counts, language, past),
        facts=facts,
        counts=counts,
        blocks=blocks(language, counts, {key: [*lines(check)] for key, lines in _BLOCKS.items()}, past),
        approval=said(language, "decision", "approval", signed, calls=calls(counts["clear"], language)),
        signed=dict.fromkeys(_SIGNED, "") | {"campaign": check.brief.facts.get("campaign", ""), "checked": _checker()},
        doubt=_doubt(check),
    )


def blocks(
    language: str, counts: Mapping[str, int], lines: Mapping[str, Sequence[Line]], past: bool = False
) -> list[Block]:
    """Lines by key under their headings; a key without lines has no block."""
    heads = messages("decision", language)["head"]
    some = "others" if counts["clear"] else "none"
    heads = heads | {
        "when": heads["when"]["some" if counts["clear"] else "none"],
        "why": heads["why"]["past" if past else some],
        "rests": heads["rests"]["past" if past else "coming"],
    }
    return [Block(key, heads[key], some_lines) for key, some_lines in lines.items() if some_lines]


def all_past(check: Check) -> bool:
    """Whether every call lies before the day of the check."""
    return 0 < check.past == check.calls


def _facts(check: Check) -> Iterator[str]:
    """Lines about the people, calls that rest on a doubt or only recommendations forbid, the use and the day."""
    language = check.language
    if check.persons is not None:
        yield said(language, "summary", "persons", calls=check.calls, persons=check.persons)
    for regime, possible in ranked(check.book, check.tallies.duties()):
        if regime.confidence == GRADES[0]:  # what these calls rest on is in doubt
            yield labelled(regime.title[language], calls(possible, language), language)
    yield from rules_changed(check.book, language)
    # No law forbids these, but only recommendations, which count like law.
    if recommended := _forbidden_only(check, lambda regime: regime.force == "guidance").total():
        yield said(language, "decision", "recommended", n=recommended)
    yield use(facts_for_all(check), planned(check), language)


def sentence(counts: Mapping[str, int], language: str, past: bool = False) -> str:
    """The three numbers of a result in one sentence."""
    say, rows, forms = partial(said, language, "decision"), sum(counts.values()), {0: "none", 1: "one"}
    if not rows:
        return say("no_rows")
    if only := [outcome for outcome, n in counts.items() if n == rows]:
        return say("all_past" if past else "all", only[0], rows=rows)
    key = "past" if past else "outcome"
    parts = (say(key, outcome, forms.get(n, "many"), count=n, rows=rows) for outcome, n in counts.items())
    return ", ".join(parts) + "."


def use(facts: Mapping[str, str], days: str, language: str) -> str:
    """One line: who calls, for what purpose and with what voice if these are not the usual ones, and when if known."""
    vocab = vocabulary()
    assumed = {"purpose": vocab.purposes.get(facts.get("caller", "")), "voice": "human"}
    parts = []
    for fact in ("caller", "purpose", "voice"):
        value = facts.get(fact)
        if value in vocab.axes[fact] and value != assumed.get(fact):
            parts.append(labelled(vocab.label(fact, language), vocab.value(fact, value, language), language))
    parts += [labelled(vocab.label("call_at", language), days, language)] if days else []
    return " · ".join(parts)


# When and how often the possible calls may be made


def _when(check: Check) -> Iterator[Line]:
    """The conditions of each group of possible calls, what ends them, and until when."""
    texts = messages("decision", check.language)["when"]
    if all_past(check):
        return
    yield from (found := groups(check))
    if len(found) > 1:
        yield Line(texts["which"])
    if check.counts["clear"]:
        yield Line(texts["objection"])
    yield Line(_holds(check))


def groups(check: Check) -> list[Line]:
    """Possible calls by the days, hours and number of calls that bound them, most calls first."""
    say = partial(said, check.language, "decision", "when", "group")
    return [Line(say(_form(rows), text=when(check, limit)), rows) for limit, rows in limits(check).most_common()]


def when(check: Check, limit: Limit) -> str:
    """Days, hours, polls and number of calls that bound some calls, in words; appointments where the list has any."""
    texts, hours = messages("decision", check.language)["when"], limit.hours(check.language)
    agreed = "appointment_at" in {*check.header.columns, *check.brief.facts}
    hours = hours and texts["agreed" if agreed else "local"].format(hours=hours)
    bounds = [hours, limit.polls(check.language), limit.calls(check.language)]
    return semicolons(filter(None, bounds), check.language) or str(texts["unlimited"])


def limits(check: Check) -> Counter[Limit]:
    """Possible calls by what bounds them day by day."""
    found: Counter[Limit] = Counter()
    for ids, rows in check.tallies.limits().items():
        found[limit_by(check, ids)] += rows
    return found


def limit_by(check: Check, ids: Iterable[str]) -> Limit:
    """What bounds calls day by day, by the ids of `dnc.verdicts.verdict.limiting`."""
    conditions = (limit_of(id_, check.book.regime(id_.partition("/")[0])) for id_ in ids)
    return reduce(Limit.__and__, (condition.limit for condition in conditions if condition.limit), Limit())


# Why calls are not possible


class Reason(NamedTuple):
    """Why some calls are not possible.

    outcome: `blocked` or `undecided`. key: the rule, or the word of `dnc_missing`. always: it is never left out.
    """

    rows: int
    outcome: str
    key: str
    text: str
    always: bool = False


def forbidden(
    id_: str, name: str, rows: int, language: str, *, detail: str = "", always: bool = False, guidance: bool = False
) -> Reason:
    """The reason of a rule that forbids calls; `guidance`: a recommendation that counts like law."""
    path = ["guidance"] if guidance else ["blocked", _form(rows)]
    text = said(language, "decision", "reason", *path, title=name)
    return Reason(rows, "blocked", id_, labelled(text, detail, language) if detail else text, always)


def _wanting(word: str, rows: int) -> tuple[str, ...]:
    """The key of what is said of calls that miss something: texts are there, and have to be read."""
    return ("text",) if word.startswith("text:") else ("missing", _form(rows))


def _form(rows: int) -> str:
    """The key of the form of a text for one call or for many."""
    return "one" if rows == 1 else "many"


def _why(check: Check) -> list[Line]:
    tallies, language = check.tallies, check.language
    reasons = [
        forbidden(
            regime.id,
            regime.title[language],
            rows,
            language,
            detail=_detail(check, regime),
            always=regime.demand == "not_objected",
            guidance=regime.force == "guidance",
        )
        for regime, rows in ranked(check.book, tallies.blocking())
        if not is_said_by_law(check, regime)
    ]
    counts = tallies.by("outcome", "blocked_by", "missing").items()
    calls_by = {(rules, words): n for (outcome, rules, words), n in counts if outcome != "clear"}
    left = sum(rows_left(check).values())
    return heaviest(reasons, essential(missing(check)), tallies.unclear(), calls_by, language, rows_left=left)


def is_said_by_law(check: Check, policy: Regime) -> bool:
    """Whether a rule is a policy of this program, and a law with the same demand forbids each call that it forbids."""
    if policy.force != "policy":
        return False
    rules = map(check.book.regime, check.tallies.blocking())
    laws = {rule.id for rule in rules if rule.force == "law" and rule.demand == policy.demand}
    blocked = ({*ids.split(";")} for (ids,) in check.tallies.by("blocked_by"))
    return all(laws & ids for ids in blocked if policy.id in ids)


def _detail(check: Check, regime: Regime) -> str:
    """The hours that a rule allows, or for what reasons a consent does not count, with the calls of each."""
    language, texts = check.language, messages("why", check.language)
    if (limit := regime.demanded.limit) and (hours := limit.hours(language)):
        return str(texts["hours"].format(hours=hours))
    broken = {id_: rows for id_, rows in check.tallies.broken().most_common() if id_.startswith(f"{regime.id}:")}
    return ", ".join(
        f"{texts['broken'][id_.partition(':')[2]]} ({counted(language)(rows)})" for id_, rows in broken.items()
    )


def essential(missing: Mapping[str, int]) -> dict[str, int]:
    """Missing facts, most calls first, without those that belong to another one, such as the day of a consent."""
    order = [*vocabulary().columns]
    whole = {
        word: rows
        for word, rows in missing.items()
        if not any(word.startswith(f"{other}_") and n >= rows for other, n in missing.items())
    }
    return dict(
        sorted(whole.items(), key=lambda pair: (-pair[1], order.index(pair[0]) if pair[0] in order else len(order)))
    )


def heaviest(
    blocked: Sequence[Reason],
    missing: Mapping[str, int],
    unclear: int,
    calls_by: Mapping[tuple[str, str], int],
    language: str,
    *,
    rows_left: int = 0,
) -> list[Line]:
    """The reasons why most calls are not possible, at least one for each outcome that occurs, and how many have others.

    Args:
        blocked: those of rules. missing: calls by word of `dnc_missing`. unclear: undecided calls that lack no fact.
        calls_by: calls that are not possible, by the joined rules that forbid them and what is missing.
        rows_left: calls whose rows are written so that they are not decided.
    """
    say = partial(said, language, "decision", "reason")
    wanting = [
        Reason(n, "undecided", word, say(*_wanting(word, n), missing=missing_thing(word, language)))
        for word, n in missing.items()
    ]
    others = [
        Reason(unclear, "undecided", "", say("unclear")),
        Reason(rows_left, "undecided", "row", say("row"), always=True),
    ]
    reasons = sorted((one for one in (*blocked, *wanting, *others) if one.rows), key=lambda one: -one.rows)
    shown = reasons[: _REASONS - 1]
    seen = {reason.outcome for reason in shown}
    rest = reasons[len(shown) :]
    last = next((one for one in rest if len(seen) == 1 and one.outcome not in seen), rest[0] if rest else None)
    named = [one for one in reasons if one in shown or one is last or one.always]
    left_out = {one.key for one in reasons if one not in named}
    more = sum(n for (rules, words), n in calls_by.items() if left_out.intersection((rules or words).split(";")))
    return [Line(one.text, one.rows) for one in named] + ([Line(say("others"), more)] if more else [])


# What to do next


def _next(check: Check) -> Iterator[Line]:
    language, counts, texts = check.language, check.counts, messages("decision", check.language)
    step, role, later = partial(said, language, "decision", "step"), texts["who"], another_day(check)
    others = counts["blocked"] - later.total()
    if all_past(check):
        if counts["blocked"]:
            yield Line(step("past", n=counts["blocked"]), who=role["officer"])
    elif all_forbidden(counts) and not later:
        yield Line(step("forbidden"), who=role["sales"])
        yield from _other_number(check)
        return
    else:
        yield Line(step("clear" if counts["clear"] else "none", count=counts["clear"]), who=role["sales"])
        if later:
            again = step("later", calls=calls(later.total(), language), rules=_titles(check, later))
            yield Line(" ".join([again, *_first_times(check)]), who=role["sales"])
        if others:
            yield Line(step("others" if later else "blocked", count=others), who=role["sales"])
            yield from _other_number(check)
    how = texts["step"]["row_how"] if check.typed else {}
    for key, n in rows_left(check).items():
        yield Line(step("row", key, n=n), who=role["it"], how=how.get(key))
    wanted = essential(missing(check))
    for word, n in list(wanted.items())[:_STEPS]:
        text = step("missing", ask=needed(word, language).rstrip("."), calls=calls(n, language))
        yield Line(text, who=role[told_by(word)], how=remedy(word, n, check))
    if unclear := check.tallies.unclear():
        yield Line(step("unclear", calls=calls(unclear, language)), who=role["lawyer"])


def _titles(check: Check, calls_by: Counter[str]) -> str:
    rows = Counter[str]()
    for ids, n in calls_by.items():
        rows.update(dict.fromkeys(ids.split(";"), n))
    return ", ".join(regime.title[check.language] for regime, _ in ranked(check.book, rows))


def another_day(check: Check) -> Counter[str]:
    """Calls that only rules forbid which are judged day by day: hours, attempts, polls. By these rules."""
    return _forbidden_only(check, _is_daily)


def _is_daily(regime: Regime) -> bool:
    return regime.demanded.limit is not None


def _other_number(check: Check) -> Iterator[Line]:
    """What to do about calls that only rules on the number shown forbid."""
    if found := _forbidden_only(check, lambda regime: regime.demand == "cli"):
        text = said(check.language, "decision", "step", "shown", rules=_titles(check, found))
        yield Line(text, who=said(check.language, "decision", "who", "centre"))


def _forbidden_only(check: Check, such: Callable[[Regime], bool]) -> Counter[str]:
    """Calls that only such rules forbid, by the joined ids of these."""
    return Counter({ids: rows for (ids,), rows in check.tallies.by("blocked_by").items() if _all(check, ids, such)})


def _all(check: Check, ids: str, such: Callable[[Regime], bool]) -> bool:
    """Whether there are rules, and all of them are such."""
    return bool(ids) and all(such(check.book.regime(id_)) for id_ in ids.split(";"))


def _first_times(check: Check) -> Iterator[str]:
    """When the calls of `another_day` are possible, as far as such a time is known, and where that of each call is."""
    if times := _times(check):
        first, last = (_moment(at, check.language) for at in (min(times), max(times)))
        form = "one" if first == last else "span"
        yield said(check.language, "decision", "step", "times", form, first=first, last=last, n=times.total())


def _times(check: Check) -> Counter[str]:
    """Calls of `another_day` by the first minute at which they are possible, as far as it is known and to come."""
    found, today_ = Counter[str](), str(check.record["today"])
    daily = {ids for ids in {ids for ids, _ in check.tallies.later} if _all(check, ids, _is_daily)}
    for (ids, at), rows in check.tallies.later.items():
        if ids in daily and at >= today_:
            found[at] += rows
    return found


def _moment(at: str, language: str) -> str:
    return f"{dated(language)(at[:10])} {at[11:]}"


# What the possible calls rest on


def rests(check: Check) -> Iterator[Line]:
    """What has to be true: a line a ground, each with the possible calls that hang on it."""
    if check.counts["clear"]:
        for ground in _GROUNDS:
            yield from ground(check)


def _declared(check: Check) -> Iterator[Line]:
    """Facts that differ from person to person and were declared for all calls."""
    for column, rows in check.tallies.by_declaration.items():
        word = check.brief.facts[column]
        if rows and not _claims_nothing(column, word):
            yield _ground("declared", column, word, rows, check.language)


def _told(check: Check) -> Iterator[Line]:
    """Facts of the list without which calls would not be possible."""
    tallies = check.tallies
    for (column, word), rows in tallies.grounds.most_common():
        if word and (None, word) != tallies.declared.get(column) and not _claims_nothing(column, word):
            yield _ground("told", column, word, rows, check.language)


def _ground(key: str, column: str, word: str, rows: int, language: str) -> Line:
    fact = fact_in_line(column, word, language)
    return Line(said(language, "decision", "rests", key, _form(rows), fact=fact), rows)


def _claims_nothing(column: str, word: str) -> bool:
    """Whether a value is what everybody is taken for of whom nothing is claimed: a consumer, without a relationship."""
    return vocabulary().columns[column].get("plain") == word


def _unproven(check: Check) -> Iterator[Line]:
    """Consents of a file that name no proof."""
    if (record := check.record["consents"]) and record["unproven"]:
        yield Line(said(check.language, "decision", "rests", "unproven", count=record["unproven"]))


def _accepted(check: Check) -> Iterator[Line]:
    """Unclear law, and rows of unknown persons, that the user took on their own responsibility."""
    say, accepted = partial(said, check.language, "decision", "rests"), dict(check.record["accepted"])
    reason = accepted.pop(UNREAD, "")
    if check.unplaced:
        yield Line(say("unplaced", reason=reason, rows=check.unplaced), check.unplaced)
    for id_, reason in sorted(accepted.items()):
        yield Line(say("accepted", title=check.book.regime(id_).title[check.language], reason=reason))


def _own_list(check: Check) -> Iterator[Line]:
    """Whether the caller's own opt-out list was used, and of which day."""
    say = partial(said, check.language, "decision", "rests")
    if used := _own_used(check):
        yield Line(say("own", list=", ".join(used)))
    elif later := _own_days(check):
        yield Line(say("own_later", day=min(later)))
    else:
        yield Line(say("own_none"))


def _own_used(check: Check) -> list[str]:
    """What was used of the caller's own opt-out list, in words; empty if none is loaded for the calls or recorded."""
    say, last = (
        partial(said, check.language, "decision", "rests"),
        max((day for day, _ in check.tallies.days if day), default=today()),
    )
    # What is of the day after a call counts too, as days differ by zone.
    used = list[str]()
    file = check.own_list.whole_on(last + timedelta(days=1))
    if file and file.as_of:
        end, day = check.own_list.told_until(file), min(last, today())
        until = clears(OWN, end, day, check.language, typed=check.typed)
        age = max(0, (day - file.as_of).days)
        used.append(say("own_always" if end == date.max else "own_as_of", day=file.as_of, age=age, until=until))
    return [*used, say("own_recorded")] if check.own_list.singly.any else used


def _own_days(check: Check) -> list[date]:
    """The days of which files of the caller's own opt-out list are."""
    return [file.as_of for file in check.own_list.files if file.as_of]


def _doubt(check: Check) -> str:
    """What is not good enough to sign of possible calls: no own opt-out list, or texts that nobody has read.

    Columns that were left out on purpose, as names are, are not among these.
    """
    say, unread = partial(said, check.language, "decision", "doubt"), sum(_unread(check).values())
    doubts = [] if _own_used(check) else [say("own")]
    doubts += [say("texts", n=unread)] if unread else []
    return say("sign", what=semicolons(doubts, check.language)) if doubts and check.counts["clear"] else ""


def _unread_texts(check: Check) -> Iterator[Line]:
    """Columns of which texts were left unread on purpose, and those that were left out."""
    say = partial(said, check.language, "decision", "rests")
    for column, rows in _unread(check).items():
        yield Line(say("texts", column=column, n=rows))
    harmless = check.tallies.harmless.most_common()
    for name in dict.fromkeys(column for (column, _), _ in harmless):
        words = [(word and in_quotes(word), rows) for (column, word), rows in harmless if column == name]
        texts = [f"{in_language(word, check.language) or say('other_texts')} ({rows})" for word, rows in words]
        quotes = labelled("", ", ".join(texts), check.language)
        rows = sum(rows for _, rows in words)
        yield Line(say("harmless", column=name, rows=rows), rows, quotes=quotes)
    if names := check.header.left_out:
        yield Line(say("left_out", names=quoted(names)))
    if names := [name for name in check.header.left_out if marks(name)]:
        yield Line(say("left_out_marked", names=quoted(names)))


def _filled(check: Check) -> Iterator[Line]:
    """What was concluded from the filled cells of a column, of how many rows."""
    yield from (Line(line) for rule, line in by_rules(check) if rule.filled)


def _unread(check: Check) -> dict[str, int]:
    """Rows by column of texts that were left unread on purpose, most first."""
    return {name: rows for name, rows in check.tallies.rest.most_common() if name not in check.header.ignored}


_GROUNDS: tuple[Callable[[Check], Iterable[Line]], ...] = (
    _declared, _told, _filled, _own_list, _unread_texts, _unproven, _accepted,
)  # fmt: skip


# What is at stake


def _stakes(check: Check) -> list[Line]:
    """The sanctions of the rules that forbid most of these calls, or would if what is said of their people were false.

    Those that another one contains are left out.
    """
    blocking = check.tallies.blocking()
    met = {id_: rows for id_, rows in check.tallies.met().items() if check.book.regime(id_).demand != "cli"}
    sanctions = (regime.sanction[check.language] for regime, _ in ranked(check.book, blocking + Counter(met)))
    distinct = [*dict.fromkeys(filter(None, sanctions))]
    widest = [one for one in distinct if not any(_adds_to(one, other) for other in distinct)]
    return [Line(f"{text[0].upper()}{text[1:]}.") for text in widest[:_STAKES]]


def _adds_to(sanction: str, other: str) -> bool:
    """Whether another sanction has all parts of one, and more."""
    return len(other) > len(sanction) and all(part.strip() in other for part in sanction.split(";"))


# Key of a block → its lines; a new block is a line here and a heading in the catalogue.
_BLOCKS: dict[str, Callable[[Check], Iterable[Line]]] = {
    "when": _when,
    "why": _why,
    "next": _next,
    "rests": rests,
    "stakes": _stakes,
}


def _holds(check: Check) -> str:
    say = partial(said, check.language, "decision", "holds")
    if not check.counts["clear"]:
        if times := _times(check):
            return say("later", first=_moment(min(times), check.language))
        forbidden = "other" if another_day(check) else "forbidden"
        return say(forbidden if all_forbidden(check.counts) else "none")
    end = min(filter(None, check.tallies.ends), default=None)  # the first day after which a clear call is not clear
    read = {check.book.packs[id_].read_until for (id_,) in check.tallies.by("jurisdiction") if id_}
    form = "open" if end is None else "read" if end in read else "until"
    return say(form, day=end)


def all_forbidden(counts: Mapping[str, int]) -> bool:
    """Whether every call is forbidden, so that nothing is left to find out."""
    return counts["blocked"] == sum(counts.values())


def calls(count: int, language: str) -> str:
    """A number of calls in words: 1 call, 1,000 calls."""
    return said(language, "page", "calls", count=count)


def facts_for_all(check: Check) -> dict[str, str]:
    """The facts that hold for every call: the declared ones for which the list has no column."""
    mapped = check.header.columns
    facts = {name: value for name, value in check.brief.facts.items() if name not in mapped}
    purpose = vocabulary().purposes.get(facts.get("caller", ""))
    return ({"purpose": purpose} if purpose and "purpose" not in mapped else {}) | facts


def law_used(check: Check) -> list[tuple[Regime, int]]:
    """Every regime that is named in the reports of a check, those of most calls first, what rules are for last."""
    tallies = check.tallies
    used = ranked(check.book, tallies.blocking() + tallies.undecided() + tallies.duties() + tallies.advice())
    return sorted(used, key=lambda pair: pair[0].is_scope)


def details(check: Check) -> list[tuple[str, str]]:
    """What was checked, how and by whom, with the checksums that prove it: a label and a value each."""
    texts, record = messages("page", check.language), check.record
    rows = [
        (texts["list"], check.files.name),
        (texts["list_rows"], counted(check.language)(check.rows)),
        (texts["checksum"], str(record["sha256"])),
        (texts["planned"], planned(check)),
        (texts["region"], record["region"] or messages("common", check.language)["none"]),
        (texts["guidance"], texts["guidance_means"][record["guidance"]]),
        (texts["check"], made(check)),
        (texts["head"], f"{check.head} ({texts['head_says' if check.typed else 'head_kept']})"),
        (texts["program"], f"dnc {record['version']}"),
    ]
    if counts := consents(check.record["consents"], check.language):
        rows.insert(4, (texts["consents"], f"{counts} {record['consents']['sha256']}"))
    return rows


def made(check: Check) -> str:
    """The number of a check, and when and by whom it was made."""
    by = _checker()
    form = "check_value" if by else "check_unnamed"
    return said(check.language, "page", form, id=str(check.id), day=today(), by=by)


def _checker() -> str:
    """The name of who makes a check; empty for an account of a machine, which is no person."""
    by = user()
    return "" if by == "root" else by
