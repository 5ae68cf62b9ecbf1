"""What is told of a planned call: statements, and the rows of a case read into them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from tests.statements.notation import NOT_DECLARED, Case, Row

EVER = datetime.min
STRENGTH = ("partners", "named_caller", "written")  # kinds of consent
BLANK = {
    "",
    *[
        "-",
        "--",
        "–",
        "—",
        "n/a",
        "na",
        "null",
        "nil",
        "nan",
        "nat",
        "\\n",
        "(null)",
        "<na>",
        "undefined",
        "blank",
        "empty",
        "vide",
        "leer",
        "vuoto",
        "vacio",
        "leeg",
        "néant",
    ],
}
NO = {"none", "no", "non", "nein", "false", "0"}
NO_ACT = ("box not ticked", "not ticked", "pre-ticked")
MEANT = {"stop": "withdrawal", "ne plus appeler": "objection", "refus": "refusal", "ok": ""}
RESULTS = {"objected": "objection", "refused": "refusal", "wrong_number": "wrong number"}
NO_DAYS = date(1980, 12, 31)  # days until here are none
PARIS = ZoneInfo("Europe/Paris")
DECLARED = {"objected_on": "none", "attempts": "0", "relationship": "none", "related": "no", "sector": "general"}


@dataclass(frozen=True)
class Moment:
    """When something was said: possible instants, on the clock of the person. Where they differ, only days are known."""

    first: datetime
    last: datetime

    def surely_after(self, other: Moment) -> bool:
        """Whether it is later by the minute, or else by the day."""
        if self.first == self.last and other.first == other.last:
            return self.first > other.last
        return self.first.date() > other.last.date()


@dataclass(frozen=True)
class Statement:
    """What somebody said of a number. `calls` and `sectors`: null where it does not say."""

    kind: str
    number: str
    when: Moment
    word: str = ""  # the kind of consent, the result of a call, a relationship
    calls: frozenset[str] | None = None
    sectors: frozenset[str] | None = None
    until: date | None = None
    hours: str = ""
    channel: str = ""
    collector: str = ""
    document: str = ""
    wording: str = ""


@dataclass(frozen=True)
class Call:
    """A planned call, with what its own row tells."""

    number: str
    when: Moment
    attempts: int | None = None

    @property
    def day(self) -> date:
        """Its day."""
        return self.when.first.date()


@dataclass(frozen=True)
class Told:
    """What is said beside the call. `assumed`: what is declared, by our names; `own`, `customers`: days of files."""

    today: date
    statements: frozenset[Statement] = frozenset()
    planned: tuple[Call, ...] = ()
    links: frozenset[tuple[str, str]] = frozenset()  # a number and an id
    assumed: Mapping[str, str] = field(default_factory=dict)
    own: date | None = None
    customers: date | None = None
    known: frozenset[str] = frozenset()  # the numbers of that file
    complete: tuple[date, date] | None = None  # the days of which every call made is known


class Reader:
    """Reads a case as it is on a day."""

    def __init__(self, case: Case, today: date) -> None:
        self.case, self.today = case, today

    def told(self) -> tuple[Call, Told]:
        """The planned call, and what is said beside it."""
        planned = tuple(self._call(row) for row in self.case.list)
        links = {
            (row["number"], cell(row, "person")) for row in self._rows("list", "file", "store") if cell(row, "person")
        }
        files = {source.kind: [date.fromisoformat(day) for day in source.days] for source in self.case.sources}
        first_last = files.get("calls")
        told = Told(
            today=self.today,
            statements=frozenset(self._statements()),
            planned=planned,
            links=frozenset(links),
            assumed=self._assumed(),
            own=files["own list"][0] if "own list" in files else None,
            customers=files["customers"][0] if "customers" in files else None,
            known=frozenset(row["number"] for row in self._rows("customers")),
            complete=(first_last[0], first_last[1]) if first_last else None,
        )
        return planned[self.case.row], told

    def _rows(self, *kinds: str) -> list[Row]:
        said = [row for source in self.case.of(*kinds) for row in source.rows]
        return self.case.list if kinds == ("list",) else said

    def _assumed(self) -> dict[str, str]:
        facts = DECLARED | self.case.declared
        return {name: word for name, word in facts.items() if word != NOT_DECLARED} | self._by_empty_cell()

    def _rule(self, when: str) -> bool:
        return any(when in source.text for source in self.case.of("brief"))

    def _by_empty_cell(self) -> dict[str, str]:
        """The consent that a rule makes of an empty cell: it is assumed, and none."""
        empty = self._rule("when_empty") and not cell(self.case.list[self.case.row], "Le")
        return {"consent": "none"} if empty else {}

    def _call(self, row: Row) -> Call:
        attempts = cell(row, "attempts")
        when = moment(row["call_at"])
        assert when is not None
        return Call(row["number"], when, int(attempts) if attempts else None)

    def _statements(self) -> Iterator[Statement]:
        for row in self._rows("list"):
            yield from self._of_row(self._completed(row))
        for row in self._rows("file", "store"):
            yield from self._of_row(row)
        yield from self._unread_cells()
        for row in self._rows("calls"):
            result, when = row["result"], self._when(row["at"])
            yield Statement(RESULTS.get(result, "call"), row["number"], when)
            if result in ("objected", "refused"):
                yield Statement("call", row["number"], when)
        for row in self._rows("own list"):
            yield Statement("objection", row["number"], self._when(""))
        for row in self._rows("customers"):
            until = date.fromisoformat(row["until"]) if cell(row, "until") else None
            yield Statement("relationship", row["number"], self._when(""), row["relationship"], until=until)

    def _unread_cells(self) -> Iterator[Statement]:
        """A cell that nobody understands leaves its row open; one against calls, all rows of the person."""
        row = self.case.list[self.case.row]
        if cell(row, "consent") not in ("", *STRENGTH, *NO):
            yield Statement("unread cell", row["number"], self._when(""), "consent")
        for row in self._rows("list"):
            for name in ("consent_withdrawn_on", "refused_on"):
                if cell(row, name) not in ("", "yes", *NO) and moment(cell(row, name)) is None:
                    yield Statement("unread cell", row["number"], self._when(""), name)

    def _completed(self, row: Row) -> Row:
        """A row of the list that speaks of a consent, with what is declared of one for the list."""
        names = ("consent", "consent_on", "consent_for")
        word, assumed = cell(row, "consent"), self.case.declared
        speaks = any(cell(row, name) for name in names) and (not word or word in STRENGTH)
        declared = {name: assumed[name] for name in names if assumed.get(name, NOT_DECLARED) != NOT_DECLARED}
        return row | {name: fact for name, fact in declared.items() if not cell(row, name)} if speaks else row

    def _of_row(self, row: Row) -> Iterator[Statement]:
        number = row["number"]
        if withdrawn := said(row, "consent_withdrawn_on"):
            yield Statement(
                "withdrawal", number, self._when(withdrawn), document=document(row), wording=cell(row, "wording")
            )
        if objected := said(row, "objected_on"):
            yield Statement("objection", number, self._when(objected))
        elif cell(row, "objected_on"):
            yield Statement("no-objection", number, self._when(""))
        if refused := said(row, "refused_on"):
            yield Statement("refusal", number, self._when(refused))
        if lifted := cell(row, "lift"):
            yield Statement("lift", number, self._when(lifted))
        if related := cell(row, "relationship"):
            yield Statement("relationship", number, self._when(""), related)
        if text := cell(row, "Notes"):
            yield from self._of_text(number, text, cell(row, "Jour"))
        filled = cell(row, "Le") if self._rule("when_filled") else ""
        if filled:
            row = {**row, "consent": "named_caller", "consent_for": "live", "consent_on": filled}
        yield from self._of_consent(row)

    def _of_text(self, number: str, text: str, day: str) -> Iterator[Statement]:
        kind = MEANT.get(text, "open text")
        if kind == "refusal" and not day:
            kind = "objection"
        if kind:
            yield Statement(kind, number, self._when(day))

    def _of_consent(self, row: Row) -> Iterator[Statement]:
        word, until, hours = cell(row, "consent"), cell(row, "consent_until"), cell(row, "hours_agreed")
        calls, sectors = cell(row, "consent_for"), cell(row, "consent_sectors")
        kind = "limit" if until or hours else ""
        if word in NO or (word and cell(row, "act") in NO_ACT):
            kind = "none-said"
        elif word:
            kind = "consent" if word in STRENGTH else "unread"
        if kind:
            yield Statement(
                kind,
                row["number"],
                self._when(cell(row, "consent_on")),
                word,
                {"": None, "both": frozenset({"live", "automated"})}.get(calls, frozenset({calls})),
                frozenset(sectors.split(";")) if sectors else None,
                date.fromisoformat(until) if until else None,
                hours,
                cell(row, "channel"),
                cell(row, "collected_by"),
                document(row),
                cell(row, "wording"),
            )

    def _when(self, text: str) -> Moment:
        """When something was said; from ever until today where that is not known."""
        read = moment(text)
        if read is None or not NO_DAYS < read.first.date() <= self.today:
            return Moment(EVER, datetime.combine(self.today, time(23, 59)))
        return read


def cell(row: Row, name: str) -> str:
    """A cell without what is a blank."""
    text = row.get(name, "").strip()
    return "" if text.casefold() in BLANK else text


def said(row: Row, name: str) -> str:
    """A cell of days, without a blank and without a no."""
    text = cell(row, name)
    return "" if text.casefold() in NO else text


def document(row: Row) -> str:
    """What a proof names: the last part of a path, without extension, case and signs."""
    return re.sub(r"[\W_]", "", PurePosixPath(cell(row, "proof").replace("\\", "/")).stem.casefold())


def moment(text: str) -> Moment | None:
    """The moments that a text may be, on the clock in Paris; None where it is none."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return Moment(datetime.combine(day, time()), datetime.combine(day, time(23, 59)))
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        at = at.astimezone(PARIS).replace(tzinfo=None) if at.tzinfo else at
        return Moment(at, at)
    return None
