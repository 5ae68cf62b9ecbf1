"""The vectorised reading of numbers against the reference, over every region of the metadata.

    python -m tests.number_twin --numbers 1000000 --seed 7

Numbers are the examples of the metadata, all edges of all compiled ranges with their
neighbours, valid numbers of the jurisdictions that ship in every spelling of `tests.spellings`,
and random digits of every length; each is written in many shapes, a part of them odd. Prints how many were compared, how many the reference had to be asked, and every disagreement.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator

import phonenumbers
import polars as pl

from dnc.numbers import bulk_reader, ranges
from dnc.numbers.numbering_plans import NumberKind, known_regions
from dnc.numbers.reader import read_number
from tests.spellings import sampled, spelled, territories

CODES = sorted(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
TYPES = range(11)
SEPARATORS = [
    "", "", " ", " ", ".", "-", "(", ")", "/", "  ", "\u00a0", "\u202f", "\u2009", "\u200b", "\u2011", "\u2013", "\t",
]  # fmt: skip
AROUND = [
    "{}", "{}", "{}", " {} ", "'{}", '="{}"', "tel:{}", "Tél : {}", "mobile {}", "{} (bureau)", "{}.0", "{},00", "{} poste 12",
    "{}x3", "{} ext. 45", "({}", "({})", "-{}", "\u200e{}", "\ufeff{}", "{}\u00ad", "{} le matin", "{}/{}", "{} ou {}", "{}E+08", "O{}",
    "{}é", "{}\n", "\u3000{}", "+{}", "++{}", "{}.", "{},", '"{}"', "={}", "TEL:{}", "{}²", "Téléphone{}", "Ext{}", "{}#1", "{};ext=3",
    "tel: {}", "Tél. (bureau) : {}", "callto:{}", "whatsapp:{}", "fax: {}", "{} (domicile)", "{} - perso", "“{}”", "’{}", "{} x12", "{}/02",
    "Mme {}", "N° {}", "{} poste 3 (bureau)", "tel{}", "portable perso {}", "{}, mobile", "{};", "{}.0 mobile", "'{}'",
]  # fmt: skip
NO_KIND = dict.fromkeys(NumberKind._fields)
SCRIPTS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "꘠꘡꘢꘣꘤꘥꘦꘧꘨꘩"]


def edges(found: Iterator[tuple[int, object]]) -> Iterator[str]:
    """The first string of each range that differs from the one before, and its neighbours, with the plus of its key."""
    before: object = None
    for start, said in found:
        if said != before:
            yield from (text for key in (start - 1, start, start + 1) if (text := written(key)))
        before = said


def written(key: int) -> str | None:
    """The string that has a key; a number (no key) is written behind a plus."""
    size, value = divmod(key, ranges.BASE)
    plus = "+" if size > ranges.PLUS or not size else ""
    digits = str(value).zfill(size % ranges.PLUS)
    return plus + digits if size == 0 or len(digits) == size % ranges.PLUS else None


def examples(region: str) -> Iterator[str]:
    """The national numbers that the metadata gives as examples, of every type."""
    found = (phonenumbers.example_number_for_type(region, kind) for kind in TYPES)
    yield from (phonenumbers.national_significant_number(number) for number in found if number)


def shapes(national: str, region: str) -> list[str]:
    """A national number as it may be written in its region and elsewhere."""
    code = phonenumbers.country_code_for_region(region)
    prefix = phonenumbers.ndd_prefix_for_region(region, True) or "0"
    forms = [
        "{n}",
        "{p}{n}",
        "+{c}{n}",
        "+{c}{p}{n}",
        "+{c} ({p}){n}",
        "00{c}{n}",
        "00{c}{p}{n}",
        "011{c}{n}",
        "{c}{n}",
        "{c}{p}{n}",
        "{p}{c}{n}",
    ]
    return [form.format(n=national, p=prefix, c=code) for form in forms]


def oddly(rng: random.Random, text: str) -> str:
    """A text with signs between its digits, or something around it, or digits of another script."""
    if rng.random() < 0.7:
        text = "".join(char + (rng.choice(SEPARATORS) if rng.random() < 0.4 else "") for char in text)
    if rng.random() < 0.1:
        text = text.translate(str.maketrans(SCRIPTS[0], rng.choice(SCRIPTS)))
    around = rng.choice(AROUND)
    return around.format(*[text] * around.count("{}"))


def cells(rng: random.Random, numbers: int) -> Iterator[tuple[str, str | None]]:
    """Texts and regions: first what the metadata gives, then `numbers` random ones."""
    regions: list[str | None] = [*known_regions(), None, "ZZ"]
    for region in known_regions():
        yield from ((text, region) for text in edges(ranges.domestic(region)))
        for national in examples(region):
            yield from ((shape, region) for shape in shapes(national, region))
            yield from ((oddly(rng, shape), region) for shape in shapes(national, region))
    for code in CODES:
        yield from ((text, rng.choice(regions)) for text in edges(ranges.international(code)))
        yield from ((text, rng.choice(regions)) for text in edges(ranges.kinds(code)))
    for region in territories():
        for number in sampled(region, numbers // 2_000, rng.random()):
            for text in spelled(number, region):
                yield text, region
                yield oddly(rng, text), rng.choice([region, region, *territories()])
    for _ in range(numbers):
        region = rng.choice(regions)
        digits = "".join(rng.choices("0123456789", k=rng.randint(1, 15)))
        text = rng.choice(shapes(digits, region or "FR")) if rng.random() < 0.7 else f"+{rng.choice(CODES)}{digits}"
        yield (oddly(rng, text) if rng.random() < 0.5 else text), region


def read_numbers(cells: pl.DataFrame) -> pl.DataFrame:
    """Read columns `text` and `region` by the million, into `number`, `unread` and the columns of `NumberKind`."""
    rows, kinds = bulk_reader.read_in_bulk(cells["text"], cells["region"])
    return rows.drop("kind").hstack(kinds.select(pl.all().gather(rows["kind"])))


def one_by_one(text: str, region: str | None) -> dict[str, object]:
    """The reading of the reference, with the names of those columns."""
    reading = read_number(text, region)
    kind = reading.kind._asdict() if reading.kind else NO_KIND
    return {"number": reading.number, "unread": reading.unread, **kind}


def compared(asked: list[tuple[str, str | None]]) -> tuple[int, list[tuple[str, str | None]]]:
    """How many texts the reference had to be asked, and those that the two readings read differently."""
    frame = pl.DataFrame(asked, schema={"text": pl.String, "region": pl.String}, orient="row")
    before = read_number.cache_info().misses
    read = read_numbers(frame)
    slow = read_number.cache_info().misses - before
    wrong = []
    for cell, row in zip(asked, read.iter_rows(named=True), strict=True):
        if row != one_by_one(*cell):
            wrong.append(cell)
    return slow, wrong


def main() -> int:
    """Compare, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--numbers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bulk_reader.PAYS = 1
    start = time.process_time()
    asked = list(dict.fromkeys(cells(random.Random(options.seed), options.numbers)))
    slow, wrong = compared(asked)
    for text, region in wrong:
        print(f"{text!a} {region}")
    took = time.process_time() - start
    print(f"{len(asked):,} texts compared, {slow:,} of them asked, {len(wrong):,} read differently ({took:.0f} s)")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
