"""Reasons why a number cannot be read or a row is not understood, in every language of messages.

The modules that read files write these reasons in English into the cells of a frame.
"""

from __future__ import annotations

import re
from functools import cache

from dnc.files.table import CUT, FEWER, MORE, NOTED, QUOTED, STRUCK, UNEVEN, UNNAMED
from dnc.messages import localized, messages
from dnc.numbers.normalise import EMPTY, NOT_WRITTEN, SEVERAL, TOO_LONG
from dnc.numbers.numbering_plans import MAILBOX, UNPLANNED
from dnc.numbers.reader import NO_LENGTH, NO_NUMBER, TWO_WAYS

# Why a row of a file does not count as it stands, and the key of the message.
OF_ROWS = {
    FEWER: "fewer", CUT: "cut", MORE: "more", UNEVEN: "uneven", UNNAMED: "unnamed", QUOTED: "quoted", STRUCK: "struck",
    NOTED: "noted",
}  # fmt: skip
REASONS = {
    "region": "region", EMPTY: "empty", SEVERAL: "several", NOT_WRITTEN: "not_written", TOO_LONG: "too_long",
    TWO_WAYS: "two_ways", NO_NUMBER: "no_number", NO_LENGTH: "no_length", UNPLANNED: "unplanned", MAILBOX: "mailbox",
    **OF_ROWS,
}  # fmt: skip


LONGEST = 200  # characters of a reason of a loader


def in_words(reason: str) -> str:
    """A reason in every language: why a number cannot be read, or what a loader writes (`odd` in the catalogue).

    Any other reason, such as one from a loader outside this project, is returned unchanged.
    """
    if reason in REASONS:
        return localized("unread", REASONS[reason])
    if len(reason) > LONGEST:
        return reason
    matches = ((key, pattern.fullmatch(reason)) for key, pattern in _patterns().items())
    return next((localized("odd", key, **match.groupdict()) for key, match in matches if match), reason)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """A pattern for each reason of a loader in English; its groups are the values that were filled in."""
    return {
        key: re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text)))
        for key, text in messages("odd", "en").items()
    }
