"""Made lists on offer: seeded, with numbers reserved for fiction."""

from __future__ import annotations

import random
from datetime import date, timedelta

BRIEF = """\
region = "FR"
[facts]
caller = "commercial"
voice = "human"
dialler = "manual"
cli = "01 99 00 90 00"
sector = "general"
relationship = "none"
habit = "habitual"
attempts = "0"
objected_on = "none"
"""
USE = ("--at", "2026-12-01", "--until", "2027-01-15")
HEADER = "number;recipient;consent;consent_on;consent_for;source"
_RANGES = ("0199 00", "0261 91", "0353 01", "0465 71", "0536 49", "0639 98")


def rows(seed: int, n: int, consenting: float = 0.6) -> list[str]:
    """Rows of a list of which a share says that the person consented."""
    draw = random.Random(seed)
    made = []
    for _ in range(n):
        number = f"{draw.choice(_RANGES)} {draw.randrange(10_000):04d}" if draw.random() > 0.001 else "none"
        consent = draw.choices(["named_caller", "none", "partners", ""], [consenting, 0.1, 0.05, 0.85 - consenting])[0]
        day = date(2026, 11, 1) - timedelta(days=draw.randrange(1, 800))
        told = (consent, f"{day}", "live") if consent == "named_caller" else (consent, "", "")
        made.append(";".join([number, "consumer" if draw.random() < 0.97 else "", *told, "opt_in_form"]))
    return made


def as_csv(made: list[str]) -> str:
    """Rows with their header."""
    return "\n".join([HEADER, *made]) + "\n"
