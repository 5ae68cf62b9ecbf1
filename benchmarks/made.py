"""Made data, seeded: planned calls and registries' files of any size, shuffled, in bounded memory.

Numbers are drawn without repetition by a bijection of the numbering range, so that no list of them is needed: each
index has its number, and a registry of the first indexes shares as many numbers with a list as wanted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import IO

import polars as pl

from registry_loaders.us_ndnc import country_of_area_code

AT_ONCE = 2_000_000
FAR = 1 << 29  # numbers of this index and above are in no registry
# The first two digits of ranges that are completely in use: a number that may be mistyped is never clear.
FRENCH_LEADS = [
    f"{first}{second}"
    for first, seconds in {
        "1": "0123456789", "2": "012345789", "3": "0123456789", "4": "123456789", "5": "12345678", "6": "01245678",
        "7": "3456789", "9": "0123456789",
    }.items()
    for second in seconds
]  # fmt: skip
US_CODES = [code for code in map(str, range(200, 1000)) if country_of_area_code(code) == "US"]
SPANS = {"FR": len(FRENCH_LEADS) * 10**7, "US": len(US_CODES) * 8 * 10**6}
PARTS = {"FR": r"^(.)(..)(..)(..)(..)$", "US": r"^(...)(...)(....)$"}
# Shapes that `phonenumbers` alone reads correctly, then those that spreadsheets and typography produce.
SHAPES = {
    "FR": [
        "0${1} ${2} ${3} ${4} ${5}", "0${1}.${2}.${3}.${4}.${5}", "0033${1}${2}${3}${4}${5}",
        "+33 (0)${1} ${2} ${3} ${4} ${5}", "+33 ${1} ${2} ${3} ${4} ${5}", "0${1}-${2}-${3}-${4}-${5}",
        "0${1}\u00a0${2}\u00a0${3}\u00a0${4}\u00a0${5}",
        "${1}.${2}${3}${4}${5}E+08", "${1}${2}${3}${4}${5}.0", "0${1}\u202f${2}\u202f${3}\u202f${4}\u202f${5}",
    ],
    "US": ["(${1}) ${2}-${3}", "${1}-${2}-${3}", "+1 ${1} ${2} ${3}", "001${1}${2}${3}", "${1}${2}${3}.0"],
}  # fmt: skip
ANSWER = "Telephone;Identifiant;Réponse\n"
FIRST_DAY = date(2026, 6, 12)  # of 60 that end with Bloctel
DAYS = 60


def permuted(indexes: pl.Series, span: int, seed: int) -> pl.Series:
    """A bijection of [0, span) that depends on the seed."""
    bits = max(2, (span - 1).bit_length())
    outside = pl.Series([0], dtype=pl.UInt32)
    values, at = indexes, None
    while len(outside):
        moved = _mixed(values if at is None else values.gather(at), bits, seed)
        values = moved if at is None else values.scatter(at, moved)
        outside = (moved >= span).arg_true()
        at = outside if at is None else at.gather(outside)
    return values


def _mixed(values: pl.Series, bits: int, seed: int) -> pl.Series:
    value = pl.col("value")
    frame = values.alias("value").to_frame()
    for factor in (2_654_435_761, 2_246_822_519, 3_266_489_917):
        frame = frame.select((value * factor + seed * 668_265_263) % 2**bits)
        frame = frame.select(value.xor(value // 2 ** (bits // 2)))
    return frame.to_series()


def chance(numbers: pl.Series, n: int, salt: int) -> pl.Series:
    """For each number a value from 0 to n - 1, always the same."""
    return (_mixed(numbers + salt * 7919, 40, salt) // 2**8 % n).alias("chance")


def national(numbers: pl.Series, country: str) -> pl.Series:
    """Numbers of a range as the digits of their national form, without a prefix."""
    local, first = (10**7, 0) if country == "FR" else (8 * 10**6, 2 * 10**6)
    heads = pl.Series(FRENCH_LEADS if country == "FR" else US_CODES).gather(numbers // local)
    return heads + (numbers % local + first).cast(pl.String).str.zfill(7)


def indexes(rows: int) -> Iterator[pl.Series]:
    """The indexes of so many rows, in pieces."""
    for start in range(0, rows, AT_ONCE):
        yield pl.int_range(start, min(start + AT_ONCE, rows), dtype=pl.UInt64, eager=True).alias("index")


def write_calls(file: IO[bytes], options: argparse.Namespace) -> None:
    """A narrow list: ids, numbers and the facts that differ from person to person; `shared` of them in a registry."""
    span, shared = SPANS[options.country], int(options.rows * options.shared)
    shapes = SHAPES[options.country][: options.shapes]
    plain = "0$0" if options.country == "FR" else "$0"
    for piece in indexes(options.rows):
        drawn = permuted(piece, options.rows, options.seed)
        drawn = pl.select(pl.when(drawn < shared).then(drawn).otherwise(drawn + FAR)).to_series()
        numbers = permuted(drawn, span, options.seed + 1)
        digits, parts = national(numbers, options.country), PARTS[options.country]
        text, odd = digits.str.replace(parts, plain), chance(numbers, 1000, 1)
        written = ["+33$0" if options.country == "FR" else "+1$0"] * 170 + shapes * (30 // max(1, len(shapes)))
        for form in dict.fromkeys(written if shapes else []):
            at = odd.is_in([place for place, written_form in enumerate(written) if written_form == form]).arg_true()
            text = text.scatter(at, digits.gather(at).str.replace(parts, form))
        facts = _facts(numbers) if options.facts else []
        dated = pl.lit(FIRST_DAY) + pl.duration(days=pl.lit(piece.cast(pl.Int64) % DAYS))
        frame = pl.select(piece.alias("id"), text.alias("number"), *facts, *[dated.alias("call_at")] * options.dated)
        frame.write_csv(file, include_header=piece[0] == 0)


def _facts(numbers: pl.Series) -> list[pl.Expr]:
    """Facts that differ from person to person."""
    consenting, day = chance(numbers, 10, 2) == 0, chance(numbers, 700, 3).cast(pl.Int64)
    return [
        pl.when(chance(numbers, 33, 4) > 0).then(pl.lit("consumer")).otherwise(pl.lit("business")).alias("recipient"),
        pl.when(consenting).then(pl.lit("named_caller")).otherwise(pl.lit("none")).alias("consent"),
        pl.when(consenting).then(pl.lit(FIRST_DAY) - pl.duration(days=pl.lit(day))).alias("consent_on"),
    ]


def _registry(options: argparse.Namespace, order: int) -> Iterator[tuple[pl.Series, pl.Series]]:
    """Places in a shuffled registry, and the numbers at these places."""
    for piece in indexes(options.rows):
        drawn = permuted(piece, options.rows, options.seed + order)
        yield piece, permuted(drawn, SPANS[options.country], options.seed + 1)


def _answered(numbers: pl.Series, places: pl.Series) -> pl.DataFrame:
    registered = chance(numbers, 5, 5) == 0
    word = pl.when(registered).then(pl.lit("Inscrit")).otherwise(pl.lit("OK"))
    return pl.select("0" + national(numbers, "FR"), places.alias("place"), word.alias("word"))


def write_answer(file: IO[bytes], options: argparse.Namespace) -> None:
    """An answer of Bloctel about `rows` numbers, a fifth of them registered."""
    file.write(ANSWER.encode())
    for places, numbers in _registry(options, 2):
        _answered(numbers, places).write_csv(file, include_header=False, separator=";")


def write_bare(file: IO[bytes], options: argparse.Namespace) -> None:
    """Registered French numbers, one per line, in the form that peers read."""
    file.write(b"Telephone\n")
    for _, numbers in _registry(options, 2):
        ("0" + national(numbers, "FR")).to_frame().write_csv(file, include_header=False)


def write_flat(file: IO[bytes], options: argparse.Namespace) -> None:
    """The American registry in records of 12 bytes."""
    for _, numbers in _registry(options, 2):
        digits = national(numbers, "US")
        frame = pl.select(digits.str.head(3).alias("code"), digits.str.tail(7).alias("local"))
        frame.write_csv(file, include_header=False)


def write_answers(folder: Path, options: argparse.Namespace) -> None:
    """Answers of Bloctel over 60 days, in two rounds, each about all numbers; named `DAY_LOT.csv`."""
    lots = options.files // 2
    for round_ in (0, 1):
        opened = []
        for lot in range(lots):
            day = FIRST_DAY + timedelta(days=(round_ * lots + lot) * DAYS // (2 * lots))
            opened.append((folder / f"{day}_{lot}.csv").open("ab"))
            opened[-1].write(ANSWER.encode())
        for places, numbers in _registry(options, 3 + round_):
            rows = _answered(numbers, places).with_columns((places * lots // options.rows).alias("lot"))
            for (lot,), part in rows.partition_by("lot", as_dict=True, include_key=False).items():
                part.write_csv(opened[int(str(lot))], include_header=False, separator=";")
        for file in opened:
            file.close()


WRITERS: dict[str, Callable[[IO[bytes], argparse.Namespace], None]] = {
    "calls": write_calls,
    "answer": write_answer,
    "bare": write_bare,
    "flat": write_flat,
}


def main() -> int:
    """Make one file, or the folder of answers."""
    parser = argparse.ArgumentParser(description="Make benchmark data.")
    parser.add_argument("kind", choices=[*WRITERS, "answers"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--country", choices=SPANS, default="FR")
    parser.add_argument("--shared", type=float, default=0.2, help="share of the calls whose number is in a registry")
    parser.add_argument("--shapes", type=int, default=99, help="how many odd shapes; 0 for plain numbers only")
    parser.add_argument("--facts", type=int, default=1, help="0: numbers alone")
    parser.add_argument("--dated", type=int, default=0, help="1: calls over 60 days")
    parser.add_argument("--files", type=int, default=300)
    options = parser.parse_args()
    if options.kind == "answers":
        options.path.mkdir()
        write_answers(options.path, options)
    else:
        with options.path.open("wb") as file:
            WRITERS[options.kind](file, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
