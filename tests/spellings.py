"""Numbers of every jurisdiction, and the ways in which people write one number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

import phonenumbers

from dnc.law.rulebook import Rulebook
from dnc.numbers.numbering_plans import calling_code, dialling, is_valid, own_code
from dnc.numbers.reader import read_number

# {n} national number, {t} what is dialled before it, {c} calling code; g: in groups of two, m: of three.
SPELLINGS = [
    # as the plan has it
    "{t}{n}", "{t}{gn}", "{t}{mn}", "({t}){n}", "({t}{a}) {b}", "{t}{a}/{b}", "{t}{a}-{b}", "{t}.{gn}", " {t}{n} ",
    # abroad
    "+{c}{n}", "+{c} {n}", "+{c} {gn}", "+{c}-{mn}", "+{c}.{n}", "(+{c}) {n}", "(+{c}){n}", "+({c}) {n}", "+{c} ({t}){n}",
    "+{c} ({t}) {gn}", "+{c}({t}){n}", "+{c}{t}{n}", "+{c} {t}{gn}", "+ {c} {n}", "00{c}{n}", "00 {c} {n}", "00{c} ({t}){n}",
    "00{c}{t}{n}", "(00{c}) {n}", "00{c}-{mn}", "00 {c} ({t}) {gn}", "0 0 {c} {n}",
    # what spreadsheets make of it
    "{n}", "{gn}", "{c}{n}", "{c} {n}", "{c}{t}{n}", "{c} ({t}){n}", "{n}.0", "{c}{n}.0", "{n},00", '="{t}{n}"', "'{t}{n}", "'+{c}{n}",
    '"{t}{n}"', "'{t}{n}'", "“{t}{n}”", "’{t}{n}", "{t}{n}\u00a0", "{t}{n}\t",
    # with words and signs around it
    "tel:{t}{n}", "tel:+{c}{n}", "tel: +{c} {n}", "Tel.: {t}{n}", "Tel {t}{gn}", "TEL {t}{n}", "Tél. : +{c} {n}", "tél :{t}{n}",
    "phone:{t}{n}", "mob. {t}{n}", "Mobile: +{c}{n}", "callto:+{c}{n}", "whatsapp:+{c}{n}", "sip:+{c}{n}", "{t}{n} (domicile)",
    "{t}{n} - bureau", "+{c}{n};ext=12", "{t}{n} poste 12", "{t}{n} ext. 4", "+{c} {n}, x3", "fax: {t}{n}", "{t}{n} le matin",
    # in other signs
    "{t}{n:thin}", "{t}{n:nbsp}", "+{c}{n:dash}", "{t}{n:wide}", "＋{c}{n}", "{t}{n:arabic}", "\u200e{t}{n}", "{t}\u00ad{n}",
]  # fmt: skip
_SCRIPTS = {"wide": "０１２３４５６７８９", "arabic": "٠١٢٣٤٥٦٧٨٩"}
_JOINTS = {"thin": "\u202f", "nbsp": "\u00a0", "dash": "\u2011"}


class _National(str):
    """A national number that a format can part or write in another script."""

    def __format__(self, way: str) -> str:
        if way in _SCRIPTS:
            return self.translate(str.maketrans("0123456789", _SCRIPTS[way]))
        return _groups(self, 2, _JOINTS[way]) if way else str(self)


def _groups(digits: str, size: int, joint: str = " ") -> str:
    return joint.join(digits[at : at + size] for at in range(0, len(digits), size))


def spelled(number: int, region: str) -> list[str]:
    """A number (E.164) of a region in each spelling, without repetition."""
    code = calling_code(str(number))
    national = _National(str(number)[len(code) :])
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    words = {"n": national, "t": trunk, "c": code, "a": national[:2], "b": national[2:]}
    words |= {"gn": _groups(national, 2), "mn": _groups(national, 3)}
    return list(dict.fromkeys(one.format(**words) for one in SPELLINGS))


@cache
def territories() -> tuple[str, ...]:
    """The numbering plans of all jurisdictions that ship."""
    packs = Rulebook.load().packs.values()
    return tuple(sorted({territory for pack in packs for territory in pack.territories}))


def sampled(region: str, count: int, seed: float = 1) -> Iterator[int]:
    """Valid numbers of a region: the examples of each kind, then random ones of landlines and mobiles."""
    rng, code = random.Random(f"{seed} {region}"), own_code(region)
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    examples = [phonenumbers.example_number_for_type(region, kind) for kind in kinds]
    nationals = [phonenumbers.national_significant_number(one) for one in examples if one]
    found = dict.fromkeys(int(code + one) for one in nationals)
    tries = 0
    while len(found) < count and tries < 3_000:
        tries += 1
        like = rng.choice(nationals)
        size = len(like) if rng.random() < 0.5 else rng.choice(sorted(dialling(code).lengths))
        kept = like[: rng.randint(0, 3)]
        digits = kept + "".join(rng.choices("0123456789", k=max(size - len(kept), 0)))
        number = int(code + digits)
        if is_valid(number) and read_number(f"+{number}", None).kind.territory == region:
            found.setdefault(number)
    yield from found
