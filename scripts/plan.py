"""The area codes of +1 in `dnc/numbers/plan.csv` against `phonenumbers`: `python scripts/plan.py`, run by hand.

It adds codes that the library places in a country and the file does not have, and lists where the two disagree: codes
that only one of them knows, and codes whose country, state or zones differ. The file keeps its own values, which were
read in notices of the numbering plan, and all rows that are not area codes. `--check` writes nothing.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import geocoder, timezone
from phonenumbers.geodata import GEOCODE_DATA

from dnc.law.rulebook import Rulebook

PLAN = Path(__file__).parent.parent / "dnc" / "numbers" / "plan.csv"
BOOK = Rulebook.load()
NAMES = {
    "US": "AK Alaska AL Alabama AR Arkansas AZ Arizona CA California CO Colorado CT Connecticut DE Delaware FL Florida "
    "GA Georgia HI Hawaii IA Iowa ID Idaho IL Illinois IN Indiana KS Kansas KY Kentucky LA Louisiana MA Massachusetts "
    "MD Maryland ME Maine MI Michigan MN Minnesota MO Missouri MS Mississippi MT Montana NC North_Carolina "
    "ND North_Dakota NE Nebraska NH New_Hampshire NJ New_Jersey NM New_Mexico NV Nevada NY New_York OH Ohio "
    "OK Oklahoma OR Oregon PA Pennsylvania RI Rhode_Island SC South_Carolina SD South_Dakota TN Tennessee TX Texas "
    "UT Utah VA Virginia VT Vermont WA Washington_State WI Wisconsin WV West_Virginia WY Wyoming DC Washington_D.C.",
    "CA": "AB Alberta BC British_Columbia MB Manitoba NB New_Brunswick NL Newfoundland_and_Labrador ON Ontario "
    "QC Quebec SK Saskatchewan",
}
COUNTRIES = {"US": "United States", "CA": "Canada"}  # what the library says if it has no state
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")  # of the United States; the library has them as regions of their own


def places(country: str) -> dict[str, str]:
    """The places of a country (ISO 3166-2) by their names in the library."""
    parts = NAMES[country].split()
    return {name.replace("_", " "): f"{country}-{code}" for code, name in zip(parts[::2], parts[1::2], strict=True)}


def in_library(code: str) -> tuple[str, tuple[str, ...]] | None:
    """Place and zones of an area code as the library has them; None if it does not place it in one country."""
    number = phonenumbers.parse(f"+1{code}2345678")
    region, zones = phonenumbers.region_code_for_number(number), timezone.time_zones_for_geographical_number(number)
    name = GEOCODE_DATA.get(f"1{code}", {}).get("en") or geocoder.description_for_number(number, "en")
    if region in TERRITORIES:
        return f"US-{region}", zones
    if region in NAMES:
        city, _, state = name.rpartition(", ")  # for some codes the library names only cities
        place = f"{region}-{state}" if city else places(region).get(name, region)
        return None if place == region and name in ("", COUNTRIES[region]) else (place, zones)
    return (region, zones) if region in phonenumbers.region_codes_for_country_code(1) else None


def differences(place: str, zones: str, library: tuple[str, tuple[str, ...]]) -> Iterator[str]:
    """Where a row of the file and the library disagree."""
    if place != library[0]:
        yield f"place {place or 'none'}, library {library[0]}"
    pack = BOOK.pack_of(place[:2])
    ours = zones.split("|") if zones else pack.zones(place[:2], place) if pack else library[1]
    if clocks(ours) != clocks(library[1]):
        yield f"zones {' '.join(sorted(ours))}, library {' '.join(sorted(library[1]))}"


def clocks(zones: Iterable[str]) -> set[tuple[timedelta | None, ...]]:
    """The UTC offsets of some zones in January and in July; zones with different names may have the same."""
    return {tuple(datetime(2026, month, 15, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 7)) for zone in zones}


def compared(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
    """The rows of the file with those that the library adds, and a line for each code on which the two disagree."""
    by_prefix = {row["prefix"]: row for row in rows}
    lines = []
    for code in map(str, range(200, 1000)):
        row, library = by_prefix.get(f"1{code}"), in_library(code)
        if row is None and library:
            by_prefix[f"1{code}"] = {"prefix": f"1{code}", "place": library[0], "zones": "|".join(library[1])}
            lines.append(f"{code}: added, {library[0]} {' '.join(library[1])}")
        elif row and library is None and row["place"]:
            lines.append(f"{code}: {row['place']}, which the library does not place")
        elif row and library:
            lines += [f"{code}: {line}" for line in differences(row["place"], row["zones"], library)]
    return [by_prefix[prefix] for prefix in sorted(by_prefix)], lines


if __name__ == "__main__":
    with PLAN.open(encoding="utf-8", newline="") as file:
        then = list(csv.DictReader(file))
    now, differing = compared(then)
    print("\n".join([*differing, f"phonenumbers {phonenumbers.__version__}: {len(differing)} not agreed on"]))
    if "--check" not in sys.argv and now != then:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["prefix", "place", "zones"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(now)
        PLAN.write_text(text.getvalue(), encoding="utf-8")
