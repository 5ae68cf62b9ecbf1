"""Today, the present minute, and reading dates, date-times and time zones."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from unicodedata import combining, normalize
from zoneinfo import ZoneInfo

from dnc.errors import InputError
from dnc.messages import localized

NEVER = date(9999, 12, 31)  # means "there was none": a day that never comes
# Yes and no in the languages of the countries that ship; all words for them in files are here.
TRUE = ("true", "vrai", "wahr", "vero", "verdadero", "verdadeiro", "waar", "sand", "sant")
FALSE = ("false", "faux", "falsch", "falso", "onwaar", "falsk", "falskt")
YES = ("yes", "oui", "ja", "si", "sì", "sí", *TRUE, "x", "1", "1.0", "y", "o", "j", "s", "t")
NO = ("no", "non", "nein", "nej", "nee", "nei", *FALSE, "0", "0.0", "n")
NONE = ("none", *NO)  # in a column of days: "there was none"; a yes is one on an unknown day
ALWAYS = date(1, 1, 1)  # used for a date that cannot be read, so that it counts against the caller: long past
NO_DAYS = date(1980, 1, 1)  # programs write dates up to here for "no date": 0001, 1899, 1900, 1904, 1970, 1980

_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d) ?[-–] ?(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$")
_BEFORE_CLOCK = r",?\s+(?:[aà]\s+)?"  # 20/07/2026 à 14h30
_CLOCK_AFTER = rf"(?:(?:T|{_BEFORE_CLOCK})(?P<clock>\d.*))?$"
# No T may follow a year of two digits: such a text is the rest of a date in ISO 8601.
_SHAPES = {
    "iso": re.compile(r"^(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:[T ](?P<clock>\d{1,2}:.+))?$"),
    "dmy": re.compile(rf"^(?P<d>\d{{1,2}})[/.\-](?P<m>\d{{1,2}})[/.\-](?P<y>\d{{4}}|\d\d(?!T)){_CLOCK_AFTER}"),
    "mdy": re.compile(rf"^(?P<m>\d{{1,2}})[/.\-](?P<d>\d{{1,2}})[/.\-](?P<y>\d{{4}}|\d\d(?!T)){_CLOCK_AFTER}"),
}
# Months in full and as usually shortened, without accents and case: en, fr, de (and Austrian), it, es, nl, da, nb, sv,
# then pt, pl, fi, el. No word names two months, so the language need not be known
# (Croatian, which is none of them, has listopada for October, and lip and lis for June and October).
_MONTHS = {
    word: month
    for month, words in enumerate(
        (
            "january jan januar januari janner janvier janv gennaio gen genn enero ene"
            " janeiro styczen stycznia sty tammikuu tammikuuta tammi ιανουαριοσ ιανουαριου ιαν",
            "february feb febr februar februari feber fevrier fevr fev febbraio febbr febrero"
            " fevereiro luty lutego lut helmikuu helmikuuta helmi φεβρουαριοσ φεβρουαριου φεβ",
            "march mar marz maerz mrz mars marzo maart mrt marts"
            " marco marzec marca maaliskuu maaliskuuta maalis μαρτιοσ μαρτιου μαρ",
            "april apr avril avr aprile abril abr"
            " kwiecien kwietnia kwi huhtikuu huhtikuuta huhti απριλιοσ απριλιου απρ",
            "may mai maj mei maggio mag magg mayo maio maja toukokuu toukokuuta touko μαιοσ μαιου μαι",
            "june jun juni juin giugno giu junio"
            " junho czerwiec czerwca cze kesakuu kesakuuta kesa ιουνιοσ ιουνιου ιουν",
            "july jul juli juillet juil juill luglio lug julio"
            " julho lipiec lipca heinakuu heinakuuta heina ιουλιοσ ιουλιου ιουλ",
            "august aug augusti augustus aout agosto ago"
            " sierpien sierpnia sie elokuu elokuuta elo αυγουστοσ αυγουστου αυγ",
            "september sep sept septembre settembre set sett septiembre setiembre"
            " setembro wrzesien wrzesnia wrz syyskuu syyskuuta syys σεπτεμβριοσ σεπτεμβριου σεπ σεπτ",
            "october oct oktober okt octobre ottobre ott octubre"
            " outubro out pazdziernik pazdziernika paz lokakuu lokakuuta loka οκτωβριοσ οκτωβριου οκτ",
            "november nov novembre noviembre"
            " novembro listopad listopada marraskuu marraskuuta marras νοεμβριοσ νοεμβριου νοε",
            "december dec dezember dez decembre dicembre dic diciembre desember des"
            " dezembro grudzien grudnia gru joulukuu joulukuuta joulu δεκεμβριοσ δεκεμβριου δεκ",
        ),
        1,
    )
    for word in words.split()
}
MONTHS = "|".join(sorted(_MONTHS, key=len, reverse=True))  # in a pattern, of texts without accents and case
# Days of the week in the first nine of them, Monday first; no word names two days.
_WEEKDAYS = {
    word: day
    for day, words in enumerate(
        (
            "monday mon lundi lun montag lunedi lunes maandag mandag man",
            "tuesday tue tues mardi mar dienstag martedi martes dinsdag tirsdag tir tisdag tis",
            "wednesday wed mercredi mer mittwoch mercoledi miercoles mie woensdag onsdag ons",
            "thursday thu thur thurs jeudi jeu donnerstag giovedi gio jueves jue donderdag torsdag tor tors",
            "friday fri vendredi ven freitag venerdi viernes vie vrijdag fredag fre",
            "saturday sat samedi sam samstag sonnabend sabato sab sabado zaterdag lordag lor",
            "sunday sun dimanche dim sonntag domenica dom domingo zondag sondag son",
        )
    )
    for word in words.split()
}
_BEFORE = re.compile(r"^(?:le|el|il|den|am|on|the)\s+", re.IGNORECASE)  # le 6 avril, am 6. April
_WEEKDAY = re.compile(r"^(?P<name>[^\W\d_]+)\.?,?\s+(?P<rest>.+)$")
_GAP = r"(?:\s*[,./\-]\s*|\s+)"
_DAY_OF_MONTH = r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|[eoa\xb0.])?"  # 5th, 1er, 5e, 1º, 1ª, 1°, 5.
_MONTH, _YEAR = r"(?:de |di |of )?(?P<m>[^\W\d_]+)\.?", r"(?:de |del )?(?P<y>\d{4}|\d\d)"
_IN_WORDS = [
    re.compile(f"^{_GAP.join(parts)}(?:{_BEFORE_CLOCK}(?P<clock>\\d.*))?$", re.IGNORECASE)
    for parts in (
        (_DAY_OF_MONTH, _MONTH, _YEAR),
        (_MONTH, _DAY_OF_MONTH, _YEAR),
        (r"(?P<y>\d{4})", _MONTH, _DAY_OF_MONTH),
    )
]
# The rest of 2026-10-02 without its first digits, and of 02/10/2026 without its last.
_CUT = re.compile(r"^\d{1,2}-\d{1,2}-\d\d(?!\d)|^\d{1,2}[/.]\d{1,2}[/.]20(?!\d)")
_CLOCK = re.compile(
    r"^(?P<hour>\d{1,2})(?P<rest>[:h]\d{2}(?::\d{2}(?:\.\d+)?)?)(?P<half>\s?[ap]\.?m\.?)?"
    r"(?P<offset>\s?(?:Z|[+-]\d{2}:?\d{2}))?$",
    re.IGNORECASE,
)
# A span of hours, such as 18:00-20:00 or 1800 -2000; a time with an offset is written like this only after a T.
_SPAN = re.compile(r"\s\d{1,2}[:h]?\d{2}\s?-\s?\d{1,2}[:h]?\d{2}$", re.IGNORECASE)
# After the hour alone: T18.30 is half past six to people and not to ISO 8601, and T18-20 may be a span.
_HOUR_AND_MORE = re.compile(r"T\d\d[.,+-]")
_LEAST_OFFSET, _MOST_OFFSET = timedelta(hours=-12), timedelta(hours=14)  # of any place
_BEGINS_ISO = re.compile(r"^\d{4}(?:-?W\d\d|\d{4}\b|\d{4}T|-\d\d-\d\dT)")
DATE_ORDERS = tuple(_SHAPES)


def present() -> datetime:
    """The present minute in UTC; that in `DNC_TODAY`, if it has one, else the clock's on the day there.

    Raises InputError.
    """
    fixed, now = _fixed(), datetime.now(UTC).replace(second=0, microsecond=0)
    if isinstance(fixed, datetime):
        return fixed.astimezone(UTC)
    return now if fixed is None else datetime.combine(fixed, now.timetz())


def clock() -> str:
    """Where today's date comes from: `DNC_TODAY` if that is set, else `system`."""
    return "DNC_TODAY" if os.environ.get("DNC_TODAY") else "system"


def today() -> date:
    """Today, or the date in `DNC_TODAY`, for replays and tests. Raises InputError."""
    fixed = _fixed()
    return fixed.date() if isinstance(fixed, datetime) else fixed or date.today()


def _fixed() -> date | datetime | None:
    """What `DNC_TODAY` says: a date, or a date-time with an offset; None where it is not set. Raises InputError."""
    text = os.environ.get("DNC_TODAY")
    if not text:
        return None
    with suppress(ValueError):
        return date.fromisoformat(text)
    with suppress(ValueError):
        if (moment := datetime.fromisoformat(text)).tzinfo:
            return moment
    raise InputError(localized("errors", "today"))


def read_moment(text: str, order: str, now: date | None = None) -> date | datetime | None:
    """A date, or a date-time (aware if it has an offset); None if it cannot be read.

    ISO 8601 is always read, and so are dates whose month is a word and whose year has four digits. `order` (`dmy` or
    `mdy`) adds that way of writing dates in digits, and years of two digits: the latest such year that is not after
    the one that follows `now` (by default today). A day of the week may come first, if it is that of the date, and an
    article or a preposition (le 6 avril, am 6. April).
    """
    return _moment(text.strip(), order, (now or today()).year + 1)


@lru_cache(maxsize=1 << 16)
def _moment(text: str, order: str, last_year: int) -> date | datetime | None:
    text = _BEFORE.sub("", text)
    if _SPAN.search(text):
        return None
    moment = _read(text, order, last_year) or _after_weekday(text, order, last_year)
    offset = moment.utcoffset() if isinstance(moment, datetime) else None
    if moment is None or offset is None:
        return moment
    # In the first and the last year, the same moment may have no valid date in another time zone.
    beyond = moment.year in (MINYEAR, MAXYEAR) or not _LEAST_OFFSET <= offset <= _MOST_OFFSET
    return None if beyond else moment


def _read(text: str, order: str, last_year: int) -> date | datetime | None:
    for shape in dict.fromkeys(("iso", order)):
        if match := _SHAPES[shape].match(text):
            return _of_parts(match, int(match["m"]), last_year)
    if _BEGINS_ISO.match(text) and (moment := _other_iso(text)):
        return moment
    return _in_words(text, order, last_year)


def _of_parts(match: re.Match[str], month: int, last_year: int) -> date | datetime | None:
    year = int(match["y"])
    if len(match["y"]) == 2:
        year = last_year - (last_year - year) % 100
    try:
        day = date(year, month, int(match["d"]))
        return _with_clock(day, match["clock"]) if match["clock"] else day
    except ValueError:
        return None


def _after_weekday(text: str, order: str, last_year: int) -> date | datetime | None:
    """A date after the day of the week; None if the day of the week is not that of the date: one of them is wrong."""
    if not (match := _WEEKDAY.match(text)):
        return None
    moment = _read(_BEFORE.sub("", match["rest"]), order, last_year)
    return moment if moment and _WEEKDAYS.get(_plain(match["name"])) == moment.weekday() else None


def _plain(text: str) -> str:
    """A text without accents and case."""
    plain = "".join(sign for sign in normalize("NFKD", text) if not combining(sign))
    return plain.replace("ø", "o").replace("Ø", "O").casefold()


def _in_words(text: str, order: str, last_year: int) -> date | datetime | None:
    """A date whose month is a word. Without `order`, 05-Apr-26 may be in 2005 or in 2026, so it is not read."""
    plain = _plain(text)
    for shape in _IN_WORDS:
        if (match := shape.match(plain)) and (month := _MONTHS.get(match["m"])):
            return None if order == "iso" and len(match["y"]) == 2 else _of_parts(match, month, last_year)
    return None


def _other_iso(text: str) -> date | datetime | None:
    """The rarer forms of ISO 8601: without hyphens or colons, with weeks, or without minutes."""
    if _HOUR_AND_MORE.search(text):
        return None
    for read in (date.fromisoformat, datetime.fromisoformat):
        with suppress(ValueError):
            return read(text)
    return None


def _with_clock(day: date, clock: str) -> datetime:
    if not (match := _CLOCK.match(clock.strip())):
        raise ValueError
    hour, offset = int(match["hour"]), (match["offset"] or "").strip().upper()
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + 12 * ("p" in match["half"].lower())
    if offset and ":" not in offset and offset != "Z":
        offset = f"{offset[:-2]}:{offset[-2:]}"
    return datetime.fromisoformat(f"{day}T{hour:02}:{match['rest'][1:]}{offset}")


def read_day(text: str, order: str, now: date | None = None) -> date | None:
    """The date of a date or date-time, see `read_moment`; None if it cannot be read."""
    moment = read_moment(text, order, now)
    return moment.date() if isinstance(moment, datetime) else moment


def read_hours(text: str) -> str | None:
    """A span of one day, such as `18:00-20:00`; None if not understood."""
    if not _HOURS.match(text):
        return None
    first, last = text[:5], text[-5:]
    return f"{first}-{last}" if first < last else None


def is_within_day(text: str, order: str) -> bool:
    """Whether a text is a date-time between midnight and the last minute of its day; see `read_moment`.

    With an offset it always is: its midnight is that of another place.
    """
    moment = read_moment(text, order)
    return isinstance(moment, datetime) and (moment.tzinfo is not None or time(0) < moment.time() < time(23, 59))


def only_order(text: str) -> str | None:
    """`dmy` or `mdy` where a date can be read in this order and in no other; else None."""
    read = [order for order in DATE_ORDERS if read_moment(text, order)]
    return read[0] if len(read) == 1 else None


def may_be_cut(text: str) -> bool:
    """Whether a date with a year of two digits may be part of a longer one that is another day."""
    return bool(_CUT.match(_BEFORE.sub("", text.strip())))


def is_zone(name: str) -> bool:
    """Whether a name is an IANA time zone such as `Indian/Reunion`."""
    return "/" in name and name in _zones()


@lru_cache(maxsize=1)
def _zones() -> set[str]:
    # Names from the package tzdata are the same on every machine; `available_timezones` opens 600 files.
    return set(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


@lru_cache(maxsize=1 << 16)
def local(moment: datetime, zone: str) -> datetime:
    """A date-time in the local time of a zone, without offset; if it has no offset, it is local time already."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
