"""Read cards of contacts (vCard 2.1, 3.0 and 4.0) from a text: one row per card.

Each property is a column (`FN`, `ORG`, `NOTE` …); several values of one property in a card are joined. Telephone
numbers are columns by their types: `TEL CELL`, `TEL WORK`, and `TEL WORK 2` for a second one. The columns of faxes and
pagers are not named `TEL`, since nobody calls them. What else is said of a property is a column, too (`TEL X-STATUS`),
but for what the formats themselves say. Pictures, sounds, keys and phonetic spellings are left out.

Formats: RFC 6350 (4.0), RFC 2426 (3.0), and https://web.archive.org/web/2015/http://www.imc.org/pdi/vcard-21.txt (2.1).
"""

from __future__ import annotations

import itertools
import quopri
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from dnc.errors import InputError
from dnc.files.encoding import LINE_LIMIT, DecodedText, head_text
from dnc.messages import figure, localized

_BEGINNING = "begin:vcard"
_MOST_PROPERTIES = 2_048  # of a card
_LEFT_OUT = re.compile(r"VERSION|PRODID|X-ABLABEL|X-PHONETIC.*")
_BULKY = re.compile(r"(?:[\w-]+\.)?(?:photo|logo|sound|key|x-ms-cardpicture)(?:;|$)")  # left out completely
_NO_KIND = {"pref", "voice", "internet", "uri", "text", "quoted-printable", "8bit", "7bit", ""}  # as types of a number
# Parameters of the formats, which say how a value is written, sorted or preferred.
_OF_FORMAT = {
    "type", "value", "encoding", "charset", "language", "pref", "pid", "altid", "mediatype", "calscale", "sort-as",
    "geo", "tz", "context",
}  # fmt: skip
_LINE = re.compile(r'(?:([\w-]+)\.)?([\w-]+)((?:;(?:"[^"]*"|[^":;])*)*):(.*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_JOINED = "; "


class Property(NamedTuple):
    """One property of a card.

    group: its prefix, which connects it to others. parameters: in lower case; those without a name are types.
    """

    group: str
    name: str
    parameters: dict[str, list[str]]
    value: str


def is_vcard(head: bytes) -> bool:
    """Whether a file is a vCard, by its first bytes."""
    return head_text(head[:64]).removeprefix("\ufeff").lstrip().lower().startswith(_BEGINNING)


def cards(text: DecodedText) -> Iterator[tuple[int, dict[str, str], int]]:
    """The cells of each card by column, with the line where it begins, and the length of its values.

    Raises InputError, with the line, at text that is not a property, at a card inside a card, if a card does not end,
    and if it has more than `_MOST_PROPERTIES` properties or `LINE_LIMIT` characters.
    """
    where, begun, length, card = text.member.where, 0, 0, list[Property]()
    for line, entry in _properties(text):
        mark = (entry.name, entry.value.strip().upper())
        if mark == ("BEGIN", "VCARD"):
            if begun:
                raise InputError(localized("errors", "card", "inside"), where, line)
            begun, length, card = line, 0, []
        elif not begun:
            raise InputError(localized("errors", "card", "outside"), where, line)
        elif mark == ("END", "VCARD"):
            yield begun, _cells(card), length
            begun = 0
        else:
            card.append(entry)
            length += len(entry.value)
            if len(card) > _MOST_PROPERTIES or length > LINE_LIMIT:
                large = localized(
                    "errors", "card", "large", most=figure(_MOST_PROPERTIES), characters=figure(LINE_LIMIT)
                )
                raise InputError(large, where, begun)
    if begun:
        raise InputError(localized("errors", "card", "cut"), where, begun)


def _cells(card: list[Property]) -> dict[str, str]:
    labels = {entry.group: entry.value for entry in card if entry.name == "X-ABLABEL"}
    cells: dict[str, str] = {}
    for entry in card:
        if _LEFT_OUT.fullmatch(entry.name):
            continue
        if entry.name == "TEL":
            name = wanted = _column_of(entry, labels.get(entry.group, ""))
            further = itertools.count(2)
            while name in cells:
                name = f"{wanted} {next(further)}"
            cells[name] = entry.value.removeprefix("tel:")
        else:
            name = entry.name
            cells[name] = _JOINED.join(filter(None, (cells.get(name), entry.value)))
        for key, values in entry.parameters.items():
            if key not in _OF_FORMAT:
                about = f"{name} {key.upper()}"
                cells[about] = _JOINED.join(filter(None, (cells.get(about), *values)))
    return cells


def _column_of(number: Property, label: str) -> str:
    """The column of a telephone number, from its types and the label that a person gave it."""
    kinds = {kind for kind in number.parameters.get("type", []) if kind not in _NO_KIND}
    if label:
        kinds |= {re.sub(r"^_\$!<(.*)>!\$_$", r"\1", label).strip().lower()}
    other = next((kind for kind in ("fax", "pager") if any(kind in words for words in kinds)), None)
    if other and "voice" not in number.parameters.get("type", []):
        return " ".join((other, *sorted(kinds - {other}))).upper()
    return " ".join(("tel", *sorted(kinds))).upper()


def _properties(text: DecodedText) -> Iterator[tuple[int, Property]]:
    """The properties of a text, each with the line where it begins; folded lines are joined."""
    where = text.member.where
    for number, line in _unfolded(text):
        match = _LINE.fullmatch(line)
        if match is None:
            raise InputError(localized("errors", "card", "line"), where, number)
        group, name, rest, value = match.groups()
        parameters: dict[str, list[str]] = defaultdict(list)
        for parameter in re.findall(r';((?:"[^"]*"|[^";])*)', rest):
            key, equals, values = parameter.partition("=")
            values = values if equals else key  # `TEL;CELL` in vCard 2.1
            parameters[key.lower() if equals else "type"] += values.replace('"', "").lower().split(",")
        name = name.upper()
        if "quoted-printable" in [*parameters["encoding"], *parameters["type"]]:
            try:
                value = quopri.decodestring(value.encode()).decode(next(iter(parameters["charset"]), "utf-8"))
            except (LookupError, UnicodeDecodeError):
                raise InputError(localized("errors", "card", "encoding"), where, number) from None
        else:
            value = _ESCAPED.sub(lambda escaped: "\n" if escaped[1] in "nN" else escaped[1], value)
        yield number, Property(group or "", name, dict(parameters), value.strip())


def _unfolded(text: DecodedText) -> Iterator[tuple[int, str]]:
    """Lines without their endings, joined to the lines that continue them; without blank lines and `_BULKY` ones."""
    start, kept, left_out, is_quoted = 0, "", False, False
    for number, raw in enumerate(text.lines(), 1):
        line = raw.rstrip("\r\n").removeprefix("\ufeff" if number == 1 else "")
        soft = is_quoted and kept.endswith("=")
        if soft or line[:1] in ("\t", " ") or (left_out and ":" not in line):
            kept += "" if left_out else f"\n{line}" if soft else line[1:]
            if len(kept) > LINE_LIMIT:
                raise InputError(localized("errors", "card", "long", most=figure(LINE_LIMIT)), text.member.where, start)
            continue
        if kept.strip() and not left_out:
            yield start, kept
        start, kept = number, line
        head = line.partition(":")[0].lower()
        left_out, is_quoted = bool(_BULKY.match(head)), "quoted-printable" in head
    if kept.strip() and not left_out:
        yield start, kept
