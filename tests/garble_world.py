"""A small world for the garble test: sound calls of several countries, each spoilt in one way; lists, consents, a brief.

A sound call is clear. A call that is one fact away from a sound one is not, and that fact is what damage to the files
could hide. Each row has a number of its own, so that one row's damage says nothing of another row.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from dnc import Store

TODAY, QUOTE = "2026-11-25", '"'
DAY, SUNDAY, NIGHT = "2026-11-26T11:00", "2026-11-29T11:00", "2026-11-26T03:00"
COLUMNS = (
    "ref", "number", "region", "call_at", "caller", "purpose", "voice", "dialler", "cli", "recipient", "line", "place",
    "source", "relationship", "relationship_on", "related", "sector", "consent", "consent_on", "consent_for",
    "consent_withdrawn_on", "objected_on", "refused_on", "attempts", "habit", "campaign", "city",
)  # fmt: skip
SALE = {
    "call_at": DAY, "caller": "commercial", "purpose": "sale", "voice": "human", "dialler": "manual",
    "recipient": "consumer", "source": "purchased", "relationship": "none", "related": "no", "sector": "general",
    "consent": "none", "attempts": "0", "habit": "habitual", "city": "Lyon",
}  # fmt: skip
NAMED = {"consent": "named_caller", "consent_on": "2026-09-01", "consent_for": "live", "source": "opt_in_form"}
CONSENT = ("consent", "consent_on", "consent_for", "consent_withdrawn_on")
OBJECTED = {"objected_on": "2026-03-05"}
WITHDRAWN = {"consent_withdrawn_on": "2026-10-02"}


@dataclass(frozen=True)
class Sound:
    """A kind of call that is clear.

    numbers: E.164 without the plus, `{:03}` where they are counted. spoilt: changes each of which makes it not clear.
    listed: the registries that forbid it where they hold its number, each with the word that does.
    held: what registries say of it where it is clear, if not the usual.
    """

    region: str
    numbers: tuple[str, ...]
    facts: dict[str, str]
    spoilt: tuple[dict[str, str], ...] = ()
    listed: tuple[tuple[str, str], ...] = ()
    held: dict[str, str] = field(default_factory=dict)


def _us(*places: str) -> tuple[str, ...]:
    return tuple(f"1{code}55501{{:02}}" for code in places)


_CALIFORNIA = ("310", "213", "408", "415", "510", "619", "626", "650", "707", "714", "805", "818", "909", "916", "949")
_OHIO = ("614", "216", "330", "419", "440", "513", "740", "937")
SOUND = (
    Sound(
        "FR", ("33199007{:03}", "33639981{:03}"), SALE | NAMED | {"cli": "01 99 00 90 00"},
        (OBJECTED, WITHDRAWN, {"consent": "none"}, {"consent": "partners"}, {"consent": ""}, {"consent_for": "automated"},
         {"refused_on": "2026-11-20"}, {"attempts": "5"}, {"cli": "withheld"}, {"call_at": SUNDAY}, {"call_at": NIGHT},
         {"sector": "energy_renovation"}, {"sector": ""}, {"caller": ""}, {"recipient": ""}, {"voice": "ai"},
         {"dialler": "predictive"}, {"consent_on": "2027-01-10"}, {"objected_on": "oui"}, {"number": ""}),
        (("own", ""),),
    ),
    Sound(
        "FR", ("33261912{:03}",), SALE | {"call_at": "2026-08-05T11:00", "cli": "01 99 00 90 00"},
        (OBJECTED, {"refused_on": "2026-07-20"}, {"sector": "energy_renovation"}, {"attempts": "4"}),
        (("fr-bloctel", "inscrit"), ("fr-bloctel", ""), ("own", "")),
    ),
    Sound(
        "FR", ("33353013{:03}",), SALE | {"caller": "charity", "purpose": "donation", "source": "donors",
        "relationship": "donor", "cli": "01 99 00 90 00"},
        (OBJECTED, {"source": "scraped"}, {"objected_on": "STOP"}),
        (("own", ""),),
    ),
    Sound(
        "FR", ("33465714{:03}",), SALE | {"recipient": "business", "source": "trade_directory", "cli": "01 99 00 90 00"},
        (OBJECTED, {"recipient": "consumer"}, {"recipient": ""}, {"sector": "cpf_training", "recipient": "consumer"}),
        (("own", ""),),
    ),
    Sound(
        "GB", ("447700900{:03}", "442079460{:03}"), SALE | {"cli": "+44 20 7946 0990"},
        (OBJECTED, {"cli": "withheld"}, {"cli": ""}, {"sector": "claims_management"}, {"voice": "recorded"},
         {"objected_on": "12.03.26"}),
        (("gb-tps", ""), ("own", "")),
    ),
    Sound(
        "GB", ("441632960{:03}",), SALE | NAMED | {"sector": "claims_management", "cli": "+44 20 7946 0990"},
        (OBJECTED, WITHDRAWN, {"consent_for": ""}, {"consent": "none"}, {"consent_withdrawn_on": "yes"}),
        (("own", ""),),
    ),
    Sound(
        "US", _us(*_CALIFORNIA), SALE | {"place": "US-CA", "line": "landline", "cli": "+1 310 555 0199"},
        (OBJECTED, {"call_at": NIGHT}, {"cli": "withheld"}, {"voice": "recorded"}, {"place": "US-FL"},
         {"line": "mobile", "dialler": "robot", "source": "random"}),
        (("us-ndnc", ""), ("own", "")),
    ),
    Sound(
        "US", _us(*_OHIO), SALE | NAMED | {"voice": "recorded", "dialler": "robot", "place": "US-OH", "line": "mobile",
        "consent": "written", "consent_for": "automated", "cli": "+1 310 555 0199"},
        (OBJECTED, WITHDRAWN, {"consent": "named_caller"}, {"consent_for": "live"}),
        (("us-rnd", "yes"), ("us-rnd", "no data"), ("own", "")),
    ),
    Sound(
        "BE", ("32470555{:03}", "3225550{:03}"), SALE | {"cli": "+32 2 555 01 90"},
        (OBJECTED, {"objected_on": "12.03.26"}), (("be-dncm", "20240201"), ("own", "")),
    ),
    Sound(
        "IT", ("390655500{:03}", "390655501{:03}"), SALE | {"source": "directory", "cli": "+39 06 5550 1900"},
        (OBJECTED, {"sector": "energy_supply"}, {"call_at": SUNDAY}),
        (("it-rpo", "yes,2026-03-01"), ("it-rpo", "unknown,"), ("own", "")),
    ),
    Sound(
        "IT", ("393205551{:03}",), SALE | NAMED | {"cli": "+39 06 5550 1900"},
        (OBJECTED, {"consent_on": "2026-01-10"}, {"consent_on": ""}, WITHDRAWN),
        (("it-rpo", "yes,2026-10-05"), ("it-rpo", "yes,"), ("own", "")), {"it-rpo": "yes,2026-03-01"},
    ),
    Sound(
        "CH", ("41445550{:03}",), SALE | {"cli": "+41 44 555 01 90"},
        (OBJECTED, {"cli": "+49 30 23125 990"}), (("ch-directory", "*"), ("own", "")),
    ),
    Sound(
        "IE", ("35312345{:03}",), SALE | {"cli": "+353 1 234 5900"},
        (OBJECTED, {"voice": "recorded"}), (("ie-ndd", "listed,opt_out"), ("ie-ndd", "ex_directory,"), ("own", "")),
    ),
    Sound(
        "IE", ("353859101{:03}",), SALE | NAMED | {"cli": "+353 1 234 5900"},
        (OBJECTED, WITHDRAWN, {"consent": "none"}), (("own", ""),),
    ),
    Sound(
        "DE", ("4930231251{:02}", "49171392001{:01}"), SALE | NAMED | {"cli": "+49 30 23125 990"},
        (OBJECTED, WITHDRAWN, {"consent": "none"}, {"recipient": "business", "consent": "none"}, {"cli": "withheld"}),
        (("own", ""),),
    ),
    Sound(
        "AU", ("614915701{:02}", "613555010{:02}"), SALE | {"place": "AU-VIC", "cli": "02 5550 1990"},
        (OBJECTED, {"call_at": SUNDAY}, {"cli": "withheld"}), (("au-dncr", "yes,"), ("own", "")),
    ),
    Sound(
        "ES", ("34915550{:03}",), SALE | {"call_at": "2026-11-26T16:00", "sector": "telecom", "related": "yes",
        "relationship": "contract", "source": "own_customers", "cli": "+34 400 555 019"},
        (OBJECTED, {"related": "no"}, {"cli": "+34 91 555 01 90"}), (("es-robinson", "yes,"), ("own", "")),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row of the list: its facts by our columns, which of them are why it is not clear, and whose number it is."""

    facts: dict[str, str]
    why: tuple[str, ...]
    owner: str


@dataclass(frozen=True)
class Source:
    """A registry's file.

    as_of: the day it was made. complete: whether who is not in it is not listed. asked: the numbers of the
    list that it may speak of. question: what was sent in, where the file is an answer that names the listed ones only.
    again: a later day on which it was loaded once more, unchanged.
    """

    as_of: str = "2026-11-24"
    name: str = "answer.csv"
    has_header: bool = True
    complete: bool = False
    registry: str = ""
    text: str = ""
    asked: frozenset[str] = frozenset()
    question: str = ""
    again: str = ""

    def load(self, store: Store, folder: Path, **words: object) -> None:
        """Load it; raises InputError where it is refused."""
        path = folder / self.name
        path.write_text(self.text, encoding="utf-8", newline="")
        if self.question:
            (folder / "asked.txt").write_text(self.question, encoding="utf-8")
            words |= {"means": "listed", "asked": folder / "asked.txt"}
        store.load(path, registry=self.registry, as_of=date.fromisoformat(self.as_of), **words)
        if self.again:
            words |= {"accept": {"unchanged": "nobody objected since"}}
            store.load(path, registry=self.registry, as_of=date.fromisoformat(self.again), **words)


@dataclass(frozen=True)
class Style:
    """How a list is written: its delimiter, what its columns are called, how it writes days and words, and its brief.

    decides_all: whether columns that the brief does not know leave rows undecided, in place of stopping the list.
    """

    delimiter: str
    names: dict[str, str]
    words: dict[str, dict[str, str]]
    dmy: bool
    decides_all: bool

    def cell(self, column: str, text: str) -> str:
        """One of our cells in the list's own words."""
        if self.dmy and column.endswith("_on") and len(text) == 10 and text[4] == "-":
            text = f"{text[8:]}/{text[5:7]}/{text[:4]}"
        return self.words.get(column, {}).get(text, text)

    @property
    def brief(self) -> str:
        """The brief that reads it."""
        lines = ['region = "FR"', f'dates = "{"dmy" if self.dmy else "iso"}"', 'ignore = ["ref", "city"]']
        lines += ['new_columns = "undecided"'] * self.decides_all + ["", "[columns]"]
        lines += [f'{ours} = "{theirs}"' for ours, theirs in self.names.items()]
        for column, words in self.words.items():
            lines += ["", f"[values.{column}]", *(f'"{theirs}" = "{ours}"' for ours, theirs in words.items())]
        return "\n".join([*lines, ""])


PLAIN = Style(",", {}, {}, dmy=False, decides_all=False)
FRENCH = Style(
    ";",
    {"number": "Tél. mobile", "recipient": "Qualité", "objected_on": "Opposition", "consent": "Accord",
     "consent_on": "Accord le", "consent_withdrawn_on": "Retrait le", "attempts": "Appels"},
    {"recipient": {"consumer": "Particulier", "business": "Professionnel"},
     "consent": {"named_caller": "nominatif", "partners": "partenaires", "none": "aucun", "written": "signé"}},
    dmy=True, decides_all=True,
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """A list and all that it is decided with."""

    style: Style
    rows: tuple[Row, ...]
    sources: tuple[Source, ...]
    consents: str = ""

    @property
    def header(self) -> list[str]:
        """The header of its list."""
        return [self.style.names.get(name, name) for name in COLUMNS]

    def cells(self, row: Row) -> list[str]:
        """The cells of a row as the list has them."""
        return [self.style.cell(name, row.facts.get(name, "")) for name in COLUMNS]

    @property
    def list(self) -> str:
        """The list, as text."""
        return written([self.header, *map(self.cells, self.rows)], self.style.delimiter)


def written(rows: Iterable[Iterable[str]], delimiter: str) -> str:
    """Rows as CSV, quoted where they must be."""
    must = re.compile(rf'["\r\n{re.escape(delimiter)}]')
    quoted = ([f'"{cell.replace(QUOTE, QUOTE * 2)}"' if must.search(cell) else cell for cell in row] for row in rows)
    return "".join(f"{delimiter.join(row)}\n" for row in quoted)


TRUNK = {"FR": "0", "GB": "0", "BE": "0", "CH": "0", "IE": "0", "DE": "0", "AU": "0", "IT": "", "US": "", "ES": ""}
CODE = {"FR": "33", "GB": "44", "BE": "32", "CH": "41", "IE": "353", "DE": "49", "AU": "61", "IT": "39", "US": "1",
        "ES": "34"}  # fmt: skip


def national(number: str, region: str) -> str:
    """E.164 digits in national form."""
    return TRUNK[region] + number.removeprefix(CODE[region])


def spelt(number: str, region: str, rng: random.Random) -> str:
    """A number as people write it."""
    home = national(number, region)
    pairs = " ".join(filter(None, [home[:2], *(home[at : at + 2] for at in range(2, len(home), 2))]))
    return rng.choice([f"+{number}", home, pairs, f"00{number}" if region not in ("US", "AU") else f"+{number}"])


def world(rng: random.Random, size: int, style: Style = PLAIN) -> World:
    """A world of at most `size` rows: each kind of sound call, spoilt in each of its ways, and a few left sound.

    A consent stands in the list or in the file of consents; so does its withdrawal, also where the consent does not.
    """
    kinds = [(sound, *way) for sound in SOUND for way in _ways(sound)]
    rng.shuffle(kinds)
    counters = {sound.numbers: itertools.count() for sound in SOUND}
    rows: list[Row] = []
    consents = [["number", *CONSENT, "proof"]]
    held: dict[str, list[tuple[str, str]]] = {}
    for sound, spoilt, listed in itertools.islice(itertools.cycle(kinds), size):
        number = _number(sound, next(counters[sound.numbers]))
        if number is None:
            continue
        facts = sound.facts | {"ref": f"r{len(rows)}", "region": sound.region}
        facts |= {"number": spelt(number, sound.region, rng)} | spoilt
        for registry in dict.fromkeys(name for name, _ in sound.listed):
            word = listed[1] if listed and listed[0] == registry else sound.held.get(registry)
            held.setdefault(registry, []).append((number, word))
        where = rng.choice(["list", "file", "both"]) if facts["consent"] in ("named_caller", "written") else "list"
        if where == "both" and "consent_withdrawn_on" in facts:
            consents.append([f"+{number}", "", "", "", facts.pop("consent_withdrawn_on"), ""])
        elif where != "list":
            consents.append([f"+{number}", *(facts.pop(name, "") for name in CONSENT), f"p{len(rows)}"])
        rows.append(Row(facts, ("number", "ref") if listed else tuple(spoilt), number))
    sources = tuple(_source(registry, numbers) for registry, numbers in held.items())
    return World(style, tuple(rows), sources, written(consents, ","))


def _ways(sound: Sound) -> Iterator[tuple[dict[str, str], tuple[str, str] | None]]:
    yield {}, None
    yield from ((spoilt, None) for spoilt in sound.spoilt)
    yield from (({}, listed) for listed in sound.listed)


def _number(sound: Sound, count: int) -> str | None:
    """The number of a count, or None where the ranges are used up."""
    for pattern in sound.numbers:
        room = 10 ** int(pattern[-2])
        if count < room:
            return pattern.format(count)
        count -= room
    return None


# Registries' files


def _source(registry: str, numbers: list[tuple[str, str | None]]) -> Source:
    """A registry's file; of each number its word, or None where the registry does not forbid it."""
    source, lines = _LAYOUTS[registry]
    asked = frozenset(number for number, _ in numbers)
    question = "".join(_bare([(number, "") for number, _ in numbers])) if lines is _bare else ""
    return replace(source, registry=registry, text="".join(lines(numbers)), asked=asked, question=question)


Numbers = list[tuple[str, str | None]]


def _own(numbers: Numbers) -> Iterator[str]:
    yield "number,since,reason\n"
    yield from (f"+{number},2026-01-15,said so\n" for number, word in numbers if word is not None)
    yield from (f"+3363998{other},2025-06-01,\n" for other in range(9000, 9030))


def _bloctel(numbers: Numbers) -> Iterator[str]:
    yield "Telephone;Identifiant;Réponse\n"
    yield from (
        f"{national(number, 'FR')};i{at};{'OK' if word is None else word}\n"
        for at, (number, word) in enumerate(numbers)
    )


def _tps(numbers: Numbers) -> Iterator[str]:
    listed = [national(number, "GB") for number, word in numbers if word is not None]
    yield from (f"{number} \r\n" for number in [*listed, *(f"0163296099{at}" for at in range(10))])


def _ndnc(numbers: Numbers) -> Iterator[str]:
    codes = sorted({number[1:4] for number, _ in numbers})
    listed = {number[1:] for number, word in numbers if word is not None} | {f"{code}5550000" for code in codes}
    yield from (f"{number[:3]},{number[3:]}\n" for number in sorted(listed))


def _rnd(numbers: Numbers) -> Iterator[str]:
    yield "number,date_asked,answer\n"
    yield from (f"{number[1:]},2026-08-15,{'no' if word is None else word}\n" for number, word in numbers)


def _dncm(numbers: Numbers) -> Iterator[str]:
    yield from (f"{national(number, 'BE')};{word}\n" for number, word in numbers if word is not None)
    yield from (f"02555{other};20200101\n" for other in range(9000, 9020))


def _star(numbers: Numbers) -> Iterator[str]:
    yield "number;name;star\n"
    yield from (f"{national(number, 'CH')};Muster;{word or ''}\n" for number, word in numbers)


def _ndd(numbers: Numbers) -> Iterator[str]:
    yield "number,listing,marketing\n"
    yield from (f"{national(number, 'IE')},{word or 'listed,'}\n" for number, word in numbers)


def _plain(numbers: Numbers) -> Iterator[str]:
    yield "number,listed,since\n"
    yield from (f"+{number},{word or 'no,'}\n" for number, word in numbers)


def _bare(numbers: Numbers) -> Iterator[str]:
    yield from (f"{national(number, 'AU')}\n" for number, word in numbers if word is not None)


_LAYOUTS = {
    "own": (Source("2026-08-01", complete=True, again="2026-11-01"), _own),
    "fr-bloctel": (Source("2026-08-04"), _bloctel),
    "gb-tps": (Source("2026-11-20", "tps.txt", has_header=False, complete=True), _tps),
    "us-ndnc": (Source("2026-11-20", "ndnc.txt", has_header=False, complete=True), _ndnc),
    "us-rnd": (Source(), _rnd),
    "be-dncm": (Source("2026-11-24", "dncm.txt", has_header=False, complete=True), _dncm),
    "it-rpo": (Source(), _plain),
    "ch-directory": (Source(), _star),
    "ie-ndd": (Source(), _ndd),
    "au-dncr": (Source(name="washed.txt", has_header=False), _bare),
    "es-robinson": (Source(), _plain),
}
