"""The Swiss directory: Atom XML of its query service, or mapped CSV with `number` and `star`.

In the XML an `entry` has one or more `tel:phone`, and `tel:nopromo` if the person refuses advertising. In a printed or
scraped directory the star is beside the name: a `*`, or a sign that looks like one (`∗`, `★`), is a star in any text of
the entry and in any cell of the row; without a column `star`, only in `name`.
An entry without a star may be called. A number without an entry counts like one with a star, if the file is declared
complete (`--covers 41`) or the number was asked for (`--asked`).

Source: SECO, unwanted sales calls
(https://www.seco.admin.ch/seco/de/home/Werbe_Geschaeftsmethoden/Unlauterer_Wettbewerb/Unerbetene_Werbeanrufe.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import polars as pl

from dnc.errors import FormatError, LoaderError
from dnc.registries import LISTING, Extract, Loader, Member, listings, localized, tags

_STAR = r"[*\u2217\u22C6\u204E\u2605\u2606\u2722-\u273D\u2B50-\u2B52\uFE61\uFF0A]|&#42;|&ast;"
_STARRED = re.compile(_STAR)
_WORDS = {"*": True, "yes": True, "no": False, "": False}
_AT_ONCE = 100_000  # rows of a frame


def _is_xml(extract: Extract) -> bool:
    return "<entry" in extract.text or "<feed" in extract.text


def _recognises(extract: Extract) -> bool:
    return _is_xml(extract) or {"number", "star"} <= set(extract.header)


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    is_xml = _is_xml(extract)
    seen = starred = 0
    for frame in _pages(extract) if is_xml else _mapped(extract):
        seen += frame.height
        marked = frame if is_xml else frame.filter(pl.col("odd").is_null())  # odd ones have no star
        starred += int(marked["listed"].sum() or 0)
        yield frame
    if seen and not starred:
        if not is_xml and extract.column("star") is None:
            raise FormatError(localized("errors", "no_star_column"), extract.path, 1)
        extract.notes.append(localized("note", "no_star"))


def _mapped(extract: Extract) -> Iterator[pl.DataFrame]:
    star, name = extract.column("star"), extract.column("name")
    if star is None and name is None:
        raise FormatError(localized("errors", "no_star_column"), extract.path, 1)
    may_have_star = [name] if star is None else [at for at in range(len(extract.header)) if at != star]

    def flagged(cells: pl.DataFrame) -> pl.DataFrame:
        word = pl.lit("") if star is None else pl.col(str(star)).fill_null("").str.to_lowercase()
        starred = pl.any_horizontal(pl.col(str(at)).fill_null("").str.contains(_STAR) for at in may_have_star)
        marked = word.replace_strict(_WORDS, default=None, return_dtype=pl.Boolean)
        strange = ~word.is_in(list(_WORDS))
        odd = pl.when(strange).then(pl.lit("star is not a known value"))
        return cells.with_columns((marked | starred | strange).alias("listed"), odd.alias("odd"))

    return listings(extract, flagged)


def _pages(extract: Extract) -> Iterator[pl.DataFrame]:
    schema = {"line": LISTING["line"], "number": LISTING["number"], "listed": LISTING["listed"]}
    unread = pl.when(pl.col("number").is_null()).then(pl.lit("entry without a number"))
    for member in extract.members:
        entries = _entries(member)
        while rows := list(islice(entries, _AT_ONCE)):
            frame = pl.DataFrame(rows, schema=schema, orient="row")
            yield frame.with_columns(pl.lit(None, LISTING["since"]).alias("since"), unread.alias("unread"))


def _entries(member: Member) -> Iterator[tuple[int, str | None, bool]]:
    """Line, number and star of each telephone of each entry of a page; the number is None if an entry has none."""
    phones: list[tuple[int, str | None]] = []
    numbers, inside = 0, ""
    starred = in_entry = False
    for line, named, attributes, text in tags(member, "download"):
        name = named.lower()
        starred = starred or bool(_STARRED.search(text))
        if attributes is not None:
            if name in ("phone", "nopromo", "entry") and in_entry == (name == "entry"):
                raise LoaderError(localized("errors", "odd_element", number=numbers + len(phones) + 1), member.where)
            starred = name == "nopromo" or (starred and name != "entry")
            in_entry = in_entry or name == "entry"
        elif name == "phone":
            phones.append((line, text.strip() if inside == "phone" else ""))
        elif name == "entry":
            yield from ((at, phone, starred) for at, phone in phones or [(line, None)])
            numbers, phones, in_entry = numbers + len(phones), [], False
        inside = "" if attributes is None else name


LOADER = Loader(
    "ch-directory", "CH", _recognises, _read, absent="listed", directory=True, columns=("number", "star", "name")
)
