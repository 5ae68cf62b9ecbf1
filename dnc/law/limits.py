"""When, and how often, calls are lawful: the days and hours of a week, and caps; combined, and in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from dnc.messages import LANGUAGES, Words, duration, in_language, messages

Spans = tuple[tuple[str, str], ...]  # from HH:MM to HH:MM, in order
_DAYS = range(1, 8)  # as ISO counts weekdays


class Limit(NamedTuple):
    """What bounds lawful calls day by day; two of them are combined with `&`.

    week: the spans of each weekday, from Monday; None where the hour does not matter.
    eves: the same for the day before a holiday.
    holidays: whether no call is lawful on a public holiday.
    caps: number of calls and attempts, unit (`day`, `hour`) and how many of them, such as 4 in 30 days.
    silence: whether no call is lawful on the eve and the day of a poll.
    """

    week: tuple[Spans, ...] | None = None
    eves: tuple[Spans, ...] | None = None
    holidays: bool = False
    caps: tuple[tuple[int, str, int], ...] = ()
    silence: bool = False

    @classmethod
    def of_hours(
        cls,
        windows: Mapping[tuple[str, ...], Sequence[tuple[str, str]]],
        eve: Sequence[tuple[str, str]],
        holidays: bool,
    ) -> Limit:
        """The limit of a rule about hours: spans by ISO weekdays, and those of the day before a holiday, if others."""
        by_day = {int(day): tuple(spans) for days, spans in windows.items() for day in days}
        week = tuple(by_day.get(day, ()) for day in _DAYS)
        return cls(week, tuple(tuple(eve or spans) if spans else () for spans in week), holidays)

    def __and__(self, other: Limit) -> Limit:
        """What both allow."""
        caps: dict[tuple[str, int], int] = {}
        for n, unit, span in (*self.caps, *other.caps):
            caps[unit, span] = min(n, caps.get((unit, span), n))
        return Limit(
            _both(self.week, other.week),
            _both(self.eves, other.eves),
            self.holidays or other.holidays,
            tuple(sorted((n, *per) for per, n in caps.items())),
            self.silence or other.silence,
        )

    def hours(self, language: str) -> str:
        """Days and hours in words; empty where they do not matter."""
        if self.week is None or self.eves is None:
            return ""
        texts = messages("limit", language)
        parts = list(_groups(self.week, language)) or [(texts["days"]["none"], "")]
        but = texts["holidays"] if self.holidays else ""
        if len(parts) == 1:
            text = f"{parts[0][0]}{but and but + ','} {parts[0][1]}".rstrip(" ,")
        else:
            text = ", ".join(f"{days} {spans}" for days, spans in parts) + but
        eves = {spans for spans, usual in zip(self.eves, self.week, strict=True) if spans != usual}
        return text + "".join(texts["eve"].format(spans=_spans(spans, language)) for spans in sorted(eves))

    def polls(self, language: str) -> str:
        """The silence around polls in words; empty where there is none."""
        return str(messages("condition", language)["silence"]) if self.silence else ""

    def calls(self, language: str) -> str:
        """The caps in words; empty where there are none."""
        count = messages("condition", language)["max_attempts"]
        spans = ((n, in_language(duration(unit, span), language)) for n, unit, span in self.caps)
        return f"{messages('common', language)['semicolon']} ".join(count.format(n=n, span=span) for n, span in spans)

    @property
    def says(self) -> Words:
        """It in words, in every language."""
        return Words({language: self.hours(language) or self.calls(language) for language in LANGUAGES})


def _both(one: tuple[Spans, ...] | None, other: tuple[Spans, ...] | None) -> tuple[Spans, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(map(_overlap, one, other))


def _overlap(one: Spans, other: Spans) -> Spans:
    spans = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple((start, end) for start, end in spans if start < end)


def _groups(week: tuple[Spans, ...], language: str) -> Iterator[tuple[str, str]]:
    """Weekdays in a row that have the same hours, and these, in words."""
    texts = messages("limit", language)
    for spans, days in groupby(_DAYS, key=lambda day: week[day - 1]):
        run = list(days)
        if spans:
            form = {1: "one", 2: "two", len(_DAYS): "all"}.get(len(run), "span")
            names = {"first": texts["weekday"][str(run[0])], "last": texts["weekday"][str(run[-1])]}
            yield texts["days"][form].format(**names), _spans(spans, language)


def _spans(spans: Spans, language: str) -> str:
    texts = messages("limit", language)
    parts = (texts["span"].format(start=_clock(start, language), end=_clock(end, language)) for start, end in spans)
    return str(texts["and"]).join(parts)


def _clock(time: str, language: str) -> str:
    hour, minute = time.split(":")
    texts = messages("limit", language)["clock"]
    return str(texts["whole" if minute == "00" else "part"].format(hour=int(hour), minute=minute))
