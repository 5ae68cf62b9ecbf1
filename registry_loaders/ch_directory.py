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
from xml.parsers import expat

import polars as pl

from dnc.errors import FormatError, LoaderError
from dnc.registries import LISTING, Extract, Loader, Member, listings, localized

_STAR = r"[*\u2217\u22C6\u204E\u2605\u2606\u2722-\u273D\u2B50-\u2B52\uFE61\uFF0A]|&#42;|&ast;"
_STARRED = re.compile(_STAR)
_WORDS = {"*": True, "yes": True, "no": False, "": False}
_BLOCK = 1 << 20
_LONGEST_TAG = 1 << 20  # bytes; expat looks at the beginning of a tag again with each block


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
    for member in extract.members:
        yield from _Entries(member).frames()


class _Entries:
    """Reads the entries of one page or feed as a stream."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._rows: list[tuple[int, str | None, bool]] = []
        self._phones: list[tuple[int, str]] = []
        self._numbers = 0
        self._starred = self._in_entry = False
        self._inside = ""
        self._texts: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def frames(self) -> Iterator[pl.DataFrame]:
        fed = 0
        try:
            for block in self._member.blocks(_BLOCK):
                self._parser.Parse(block, False)
                fed += len(block)
                if fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
                    raise LoaderError(localized("errors", "xml_tag"), self._member.where)
                yield self._frame()
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            message = (
                localized("errors", "no_entities") if error.code == _UNDEFINED else localized("errors", "xml_broken")
            )
            raise LoaderError(message, self._member.where, error.lineno) from None
        except LookupError:
            raise LoaderError(localized("errors", "xml_encoding"), self._member.where) from None
        yield self._frame()

    def _frame(self) -> pl.DataFrame:
        rows, self._rows = self._rows, []
        schema = {"line": LISTING["line"], "number": LISTING["number"], "listed": LISTING["listed"]}
        unread = pl.when(pl.col("number").is_null()).then(pl.lit("entry without a number"))
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return frame.with_columns(pl.lit(None, LISTING["since"]).alias("since"), unread.alias("unread"))

    def _doctype(self, *_: object) -> None:
        raise LoaderError(localized("errors", "no_entities"), self._member.where, self._parser.CurrentLineNumber)

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._inside, self._texts = name.rpartition(":")[2].lower(), []
        if self._inside in ("phone", "nopromo", "entry") and self._in_entry == (self._inside == "entry"):
            message = localized("errors", "odd_element", number=self._numbers + len(self._phones) + 1)
            raise LoaderError(message, self._member.where)
        if self._inside == "entry":
            self._starred, self._in_entry = False, True
        elif self._inside == "nopromo":
            self._starred = True

    def _characters(self, text: str) -> None:
        if self._inside == "phone":
            self._texts.append(text)
        self._starred = self._starred or bool(_STARRED.search(text))

    def _end(self, name: str) -> None:
        kind = name.rpartition(":")[2].lower()
        if kind == "phone":
            self._phones.append((self._parser.CurrentLineNumber, "".join(self._texts).strip()))
        elif kind == "entry":
            self._rows += [(line, phone, self._starred) for line, phone in self._phones]
            if not self._phones:
                self._rows.append((self._parser.CurrentLineNumber, None, self._starred))
            self._numbers, self._phones, self._in_entry = self._numbers + len(self._phones), [], False
        self._inside = ""


_UNDEFINED = 11  # expat: undefined entity

LOADER = Loader(
    "ch-directory", "CH", _recognises, _read, absent="listed", directory=True, columns=("number", "star", "name")
)
