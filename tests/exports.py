"""Made lists as offices have them: exports shaped like those of well-known tools, seeded, with numbers for fiction.

Each function gives the bytes of a file. What a row tells is drawn first (`People`), then written as the tool would
write it, so a test knows what the file said of each person.
"""

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


def hubspot(rows: int = 500, seed: int = 2026) -> bytes:
    """A contact export shaped like HubSpot's: UTF-8, commas, English headers, days in ISO form with a time."""
    header = ["Record ID", "First Name", "Last Name", "Phone Number", "Mobile Phone Number", "City", "Country/Region",
              "Lifecycle Stage", "Legal basis for processing contact's data", "Opt-in date", "Do not call"]  # fmt: skip
    lines = [
        [str(7_000_000 + one.row), one.first, one.last, one.landline, one.mobile, one.town, "France",
         "Customer" if one.business else "Lead", "Freely given consent from contact" if one.consent_on else "",
         f"{one.consent_on} 09:30" if one.consent_on else "", "Yes" if one.objected_on else "No"]
        for one in people(rows, seed)
    ]  # fmt: skip
    return _file([header, *lines], ",", "utf-8-sig")


def salesforce(rows: int = 500, seed: int = 2026) -> bytes:
    """A contact report shaped like Salesforce's: Latin-1, commas, American days, checkboxes as 0 and 1."""
    header = ["Contact ID", "Salutation", "First Name", "Last Name", "Account Name", "Phone", "Mobile", "Mailing City",
              "Mailing Country", "Lead Source", "Do Not Call", "Consent Date"]  # fmt: skip
    lines = [
        [f"003{one.row:012d}", one.title, one.first, one.last, "Fictif SA" if one.business else "", one.landline,
         one.mobile, one.town, "France", "Web", "1" if one.objected_on else "0",
         f"{one.consent_on:%m/%d/%Y}" if one.consent_on else ""]
        for one in people(rows, seed)
    ]  # fmt: skip
    return _file([header, *lines], ",", "latin-1")


def google_contacts(rows: int = 500, seed: int = 2026) -> bytes:
    """Contacts shaped like Google's: a label and a value for each telephone, several numbers in a value by ` ::: `."""
    header = ["First Name", "Middle Name", "Last Name", "Organization Name", "Notes", "Labels",
              "Phone 1 - Label", "Phone 1 - Value", "Phone 2 - Label", "Phone 2 - Value"]  # fmt: skip
    lines = []
    for one in people(rows, seed):
        phones = [("Mobile", one.mobile), ("Home", one.landline)]
        phones = [pair for pair in phones if pair[1]] + [("", "")]
        if one.row % 10 == 0 and one.mobile and one.landline:
            phones = [("Mobile", f"{one.mobile} ::: {one.landline}"), ("", "")]
        cells = [cell for pair in phones[:2] for cell in pair]
        lines.append([one.first, "", one.last, "Fictif SA" if one.business else "", "", "* myContacts", *cells])
    return _file([header, *lines], ",", "utf-8")


def outlook(rows: int = 500, seed: int = 2026) -> bytes:
    """Contacts shaped like Outlook's: Windows-1252, commas, many telephone columns of which few are filled."""
    header = ["Title", "First Name", "Last Name", "Company", "Business Phone", "Business Phone 2", "Home Phone",
              "Home Phone 2", "Mobile Phone", "Other Phone", "Home City", "Categories", "Notes"]  # fmt: skip
    lines = [
        [one.title, one.first, one.last, "Fictif SA" if one.business else "", one.landline if one.business else "", "",
         "" if one.business else one.landline, "", one.mobile, "", one.town, "", ""]
        for one in people(rows, seed)
    ]  # fmt: skip
    return _file([header, *lines], ",", "cp1252")


def party_list(rows: int = 500, seed: int = 2026) -> bytes:
    """A party's list in the manner of an electoral roll with telephones added: UTF-8, semicolons, yes and no words."""
    header = ["Numéro", "Nom de naissance", "Prénoms", "Sexe", "Commune", "Bureau de vote", "Téléphone", "Portable",
              "Adhérent", "Ne pas appeler", "Source du numéro"]  # fmt: skip
    lines = [
        [str(one.row), one.last, one.first, "F" if one.title == "Mme" else "M", one.town, f"{one.row % 40:03d}",
         one.landline, one.mobile, "oui" if one.business else "non", "oui" if one.objected_on else "non", "annuaire"]
        for one in people(rows, seed)
    ]  # fmt: skip
    return _file([header, *lines], ";", "utf-8")


EXPORTS = {
    "french_crm": french_crm,
    "hubspot": hubspot,
    "salesforce": salesforce,
    "google_contacts": google_contacts,
    "outlook": outlook,
    "party_list": party_list,
}
