"""A made list as offices have it: an export of a French CRM, seeded, with numbers for fiction."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_LANDLINES = ("0199 00", "0261 91", "0353 01", "0465 71", "0536 49")
_MOBILE = "0639 98"
_FIRST = ("Camille", "Dominique", "Claude", "Alex", "Sacha", "Maxence", "Lou", "Noa", "Andréa", "Gaël")
_LAST = ("Exemple", "Fictif", "Modèle", "Essai", "Témoin", "Spécimen", "Échantillon", "Démo")
_TOWNS = ("Paris", "Lyon", "Nîmes", "Besançon", "Angoulême", "Sète")


@dataclass(frozen=True)
class Person:
    """What a made export says of one person; empty texts and None where it says nothing."""

    row: int
    title: str
    first: str
    last: str
    town: str
    mobile: str
    landline: str
    business: bool
    objected_on: date | None
    consent_on: date | None


def people(rows: int, seed: int = 2026) -> Iterator[Person]:
    """People drawn by a seed: one in eight objected, about half consented, some have one telephone, some two."""
    draw = random.Random(seed)
    for row in range(1, rows + 1):
        has = draw.choice(("mobile", "landline", "both", "both"))
        mobile = f"{_MOBILE} {draw.randrange(10_000):04d}" if has != "landline" else ""
        landline = f"{draw.choice(_LANDLINES)} {draw.randrange(10_000):04d}" if has != "mobile" else ""
        objected = date(2026, 11, 20) - timedelta(days=draw.randrange(1, 1500)) if draw.random() < 0.125 else None
        consented = date(2026, 11, 20) - timedelta(days=draw.randrange(1, 700)) if draw.random() < 0.5 else None
        yield Person(
            row,
            draw.choice(("M.", "Mme", "")),
            draw.choice(_FIRST),
            draw.choice(_LAST),
            draw.choice(_TOWNS),
            _spelled(mobile, draw),
            _spelled(landline, draw),
            draw.random() < 0.2,
            objected,
            consented,
        )


def _spelled(number: str, draw: random.Random) -> str:
    """A French number in one of the ways in which people write it."""
    digits = number.replace(" ", "")
    if not digits:
        return ""
    pairs = [digits[at : at + 2] for at in range(0, 10, 2)]
    return draw.choice(
        (" ".join(pairs), ".".join(pairs), digits, f"+33{digits[1:]}", f"+33 (0){digits[1]} {' '.join(pairs[1:])}")
    )


def _french(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _file(rows: Iterable[list[str]], delimiter: str, encoding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def french_crm(rows: int = 5_000, seed: int = 2026) -> bytes:
    """A French CRM: Windows-1252, semicolons, two telephone columns, days as people write them, filled or empty."""
    header = ["Réf.", "Civilité", "Nom", "Prénom", "Ville", "Tél. mobile", "Tél. fixe", "Qualité", "Opposition", "Consentement le"]  # fmt: skip
    lines = [
        [f"C{one.row:05d}", one.title, one.last, one.first, one.town, one.mobile, one.landline,
         "Professionnel" if one.business else "Particulier", _french(one.objected_on), _french(one.consent_on)]
        for one in people(rows, seed)
    ]  # fmt: skip
    return _file([header, *lines], ";", "cp1252")
