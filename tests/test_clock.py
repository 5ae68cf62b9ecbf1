"""Dates as people write them: what is read is the day that was written, and nothing is read that could be two days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc.clock import DATE_ORDERS, read_day, read_moment

NOW = date(2026, 11, 24)
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "nb": "januar februar mars april mai juni juli august september oktober november desember",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "fi": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
    "el": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου "
    "Δεκεμβρίου",
}
SHORT = {
    "en": "Jan. Feb. Mar. Apr. May June July Aug. Sept. Oct. Nov. Dec.",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "es": "ene feb mar abr may jun jul ago sept oct nov dic",
    "nl": "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.",
    "da": "jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.",
    "nb": "jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des.",
    "sv": "jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec.",
    "pt": "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
    "pl": "sty lut mar kwi maj cze lipca sie wrz paź listopada gru",
    "fi": "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
    "el": "Ιαν Φεβ Μαρ Απρ Μαΐ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ",
}
WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "da": "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "sv": "måndag tisdag onsdag torsdag fredag lördag söndag",
}
DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
GAPS = st.sampled_from([" ", "-", "/", ".", "\xa0", " - ", ". ", ", "])


@given(DAYS, st.sampled_from(sorted(MONTHS)), st.booleans(), GAPS, GAPS, st.sampled_from(DATE_ORDERS), st.data())
def test_a_month_in_words_is_the_day_that_was_written(day, language, short, gap, other, order, data):
    """In thirteen languages, in full or shortened, in any case, with any separator, whatever order is declared."""
    month = (SHORT if short else MONTHS)[language].split()[day.month - 1]
    month = data.draw(st.sampled_from([month, month.upper(), month.lower(), month.removesuffix(".")]))
    number = data.draw(st.sampled_from([str(day.day), f"{day:%d}"]))
    text = data.draw(
        st.sampled_from(
            [
                f"{number}{gap}{month}{other}{day.year}",
                f"{month}{gap}{number}{other}{day.year}",
                f"{day.year}{gap}{month}{other}{number}",
            ]
        )
    )
    assert read_day(text, order, NOW) == day


@pytest.mark.parametrize("language", sorted(MONTHS))
def test_every_month_in_words_is_that_month(language):
    """In full and shortened, in every language: a word that is missing, or names another month, is seen."""
    for months in (MONTHS, SHORT):
        found = [read_day(f"5 {month} 2026", "iso", NOW) for month in months[language].split()]
        assert found == [date(2026, month, 5) for month in range(1, 13)]


@pytest.mark.parametrize("language", sorted(WEEKDAYS))
def test_every_day_of_the_week_is_that_day(language):
    """The 6 April 2026 is a Monday."""
    texts = [f"{name} {6 + at} April 2026" for at, name in enumerate(WEEKDAYS[language].split())]
    assert [read_day(text, "iso", NOW) for text in texts] == [date(2026, 4, 6 + at) for at in range(7)]


@pytest.mark.parametrize(
    "text",
    [
        "5 avril 2026", "5 April 2026", "April 5th, 2026", "5e avril 2026", "5. April 2026", "5 de abril de 2026",
        "5º de abril del 2026", "5° aprile 2026", "5th of April, 2026", "05-avr.-2026", "5.Apr.2026", "5 AVRIL 2026",
        "2026-Apr-05", "5 avril 2026 14:30", "Apr 5, 2026, 14:30:00", "le 5 avril 2026", "Am 5. April 2026",
        "il 5 aprile 2026", "el 5 de abril de 2026", "on April 5, 2026", "the 5th of April, 2026", "le 2026-04-05",
    ],
)  # fmt: skip
def test_ways_to_write_a_month_in_words(text):
    """Ordinals, prepositions, dots and times of day do not hide the day."""
    assert read_day(text, "iso") == date(2026, 4, 5)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1er mars 2026", "2026-03-01"), ("1ᵉʳ mars 2026", "2026-03-01"), ("5. März 2026", "2026-03-05"),
        ("5 Maerz 2026", "2026-03-05"), ("3. Jänner 2026", "2026-01-03"), ("30 février 2026", None),
        ("avril 2026", None), ("5 avril", None), ("5 avril 26 ans", None), ("5 avrl 2026", None),
        ("5 avril 202", None), ("45 avril 2026", None), ("5 6 avril 2026", None), ("5 avril 2026 25:00", None),
        ("5 avril 2026 soir", None), ("5 avril ou 6 mai 2026", None),
    ],
)  # fmt: skip
def test_words_that_name_a_day_and_words_that_do_not(text, day):
    """A day that does not exist, a part of a date, and a text with more in it are not read."""
    found = read_day(text, "iso")
    assert (found and str(found)) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-09-01", "2026-09-01"), ("20260901", "2026-09-01"), ("2026-W36-2", "2026-09-01"),
        ("2026-09-01T10", "2026-09-01"), ("2026-09-01T10:30:00Z", "2026-09-01"), ("2026-09-01 9:30", "2026-09-01"),
        ("20260901T1030", "2026-09-01"), ("01/09/2026", None), ("2026-9-1", None), ("202609", None),
    ],
)  # fmt: skip
def test_iso_days_are_read_and_no_others(text, day):
    """ISO 8601 in its forms; a day of any other shape is not guessed."""
    found = read_day(text, "iso")
    assert (found and str(found)) == day


@given(DAYS, st.sampled_from("/.-"), st.booleans(), st.booleans(), st.sampled_from(["dmy", "mdy"]))
def test_digits_are_read_in_the_declared_order(day, separator, padded, short, order):
    """With slashes, dots or hyphens, with or without zeros; two digits name the latest year up to the next one."""
    parts = (day.day, day.month) if order == "dmy" else (day.month, day.day)
    year = f"{day:%y}" if short else str(day.year)
    text = separator.join([*(f"{part:02}" if padded else str(part) for part in parts), year])
    found = read_day(text, order, NOW)
    if not short:
        assert found == day
    elif found is None:
        assert (day.month, day.day) == (2, 29)  # the year of the same two digits in the other century is no leap year
    else:
        assert (found.day, found.month, found.year % 100) == (day.day, day.month, day.year % 100)
        assert NOW.year - 99 < found.year <= NOW.year + 1


@given(DAYS, st.sampled_from("/.-"), st.booleans(), st.booleans())
def test_nothing_is_read_where_two_readings_differ(day, separator, short, words):
    """Without a declared order no date of digits is read, nor one with a month in words and a year of two digits."""
    year = f"{day:%y}" if short or words else str(day.year)
    month = SHORT["en"].split()[day.month - 1] if words else f"{day:%m}"
    assert read_moment(separator.join([f"{day:%d}", month, year]), "iso", NOW) is None
    assert read_moment(separator.join([month, f"{day:%d}", year]), "iso", NOW) is None


@pytest.mark.parametrize(
    ("text", "order", "now", "day"),
    [
        ("05-03-26", "dmy", NOW, "2026-03-05"), ("05-03-26", "mdy", NOW, "2026-05-03"),
        ("31.12.27", "dmy", NOW, "2027-12-31"), ("31.12.28", "dmy", NOW, "1928-12-31"),
        ("31.12.28", "dmy", NOW + timedelta(365), "2028-12-31"), ("5-Apr-26", "mdy", NOW, "2026-04-05"),
        ("Apr 5, 26", "dmy", NOW, "2026-04-05"), ("5/3/2026", "dmy", NOW, "2026-03-05"),
        ("13/13/26", "dmy", NOW, None), ("05-03-026", "dmy", NOW, None), ("2026/03/05", "dmy", NOW, None),
    ],
)  # fmt: skip
def test_years_of_two_digits(text, order, now, day):
    """They are of the hundred years that end with the year after the one of the check, also when it is repeated."""
    found = read_day(text, order, now)
    assert (found and str(found)) == day


@given(DAYS, st.sampled_from(sorted(WEEKDAYS)), st.sampled_from([" ", ", "]), st.integers(0, 6), st.booleans())
def test_a_day_of_the_week_stands_in_front_of_its_own_date_only(day, language, gap, weekday, digits):
    """In eight languages; where it is that of another date, one of the two is wrong and nothing is read."""
    written = f"{day:%d/%m}/{day.year}" if digits else f"{day.day} {MONTHS[language].split()[day.month - 1]} {day.year}"
    text = f"{WEEKDAYS[language].split()[weekday]}{gap}{written}"
    assert read_day(text, "dmy", NOW) == (day if weekday == day.weekday() else None)
    if digits:
        assert read_day(text, "iso", NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 6 Apr 2026", "lun. 6 avril 2026", "le lundi 6 avril 2026", "Montag, den 6. April 2026",
        "mandag den 6. april 2026", "am Montag, den 6. April 2026", "Monday, April 6, 2026 3:15 PM",
        "Mon Apr 06 2026 15:00:00", "lun 2026-04-06",
    ],
)  # fmt: skip
def test_ways_to_write_a_day_of_the_week(text):
    """Shortened, with articles, with a time."""
    assert read_day(text, "iso") == date(2026, 4, 6)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)), st.sampled_from(["%p", " %p", "\u202f%p"]))
def test_hours_before_and_after_noon(moment, half):
    """As programs in English write them, behind a blank or a comma."""
    moment = moment.replace(second=0, microsecond=0)
    hour = moment.hour % 12 or 12
    for gap in (" ", ", "):
        text = f"{moment.month}/{moment.day}/{moment.year}{gap}{hour}:{moment:%M}{moment.strftime(half)}"
        assert read_moment(text, "mdy", NOW) == moment
    assert read_moment("4/5/2026 3:15 p.m.", "mdy", NOW) == datetime(2026, 4, 5, 15, 15)
    assert read_moment(f"4/5/2026 {moment.hour + 13}:15 PM", "mdy", NOW) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("06/04/2026 à 14h30", "14:30"), ("6/4/26 9h05", "09:05"), ("lundi 6 avril 2026 à 14:30", "14:30"),
        ("06.04.2026, 14H30", "14:30"), ("06/04/2026 à", None), ("06/04/2026 14h", None), ("06/04/2026 9h-12h30", None),
        ("06/04/2026 9h00-12h30", None), ("06/04/2026 à partir de 9h00", None), ("06/04/2026 14h3", None),
    ],
)  # fmt: skip
def test_hours_as_they_are_written_in_french(text, moment):
    """With an h, and `à` before them; a span of hours and an hour without minutes are not read."""
    expected = datetime.fromisoformat(f"2026-04-06T{moment}") if moment else None
    assert read_moment(text, "dmy", NOW) == expected


def test_a_year_of_two_digits_with_a_time():
    """A time of day may follow any way of writing the date."""
    assert read_moment("05/03/26 9:30", "dmy", NOW) == datetime(2026, 3, 5, 9, 30)
    assert read_moment("6-11-26T11:00", "dmy", NOW) is None  # what is left of 2026-11-26T11:00
    assert read_moment("5. März 2026 09:30Z", "iso").isoformat() == "2026-03-05T09:30:00+00:00"


@pytest.mark.parametrize("text", ["2026-12-06T18.30", "2026-12-06T18,5", "20261206T19.5+01:00"])
def test_a_fraction_of_an_hour_is_not_read(text):
    """To ISO 8601 18.30 is eighteen minutes past six, to people half past."""
    assert read_moment(text, "iso") is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-06 18:00-20:00",
        "06/12/2026 8:00-09:00",
        "06/12/2026 8h00-09:00",
        "06/12/2026 à 8H00-0900",
        "6 Dec 2026 08:00-0900",
        "20261206 0800-0900",
        "2026-12-06 08:00 -09:00",
        "2026-12-06T08-09",
    ],
)
def test_a_span_of_hours_is_no_time_with_an_offset(text):
    """Sunday from 18 to 20 hours would be Monday in the afternoon."""
    assert read_moment(text, "dmy", NOW) is None


def test_offsets_are_those_of_a_place():
    """After a T, or with seconds, it is an offset, if a place on earth has it."""
    for text in ("2026-12-06T08:00-09:00", "2026-12-06 08:00:00-09:00", "2026-12-06 08:00+14:00"):
        moment = read_moment(text, "iso", NOW)
        assert isinstance(moment, datetime)
        assert moment.tzinfo
    for text in ("2026-12-06T18:00-20:00", "2026-12-06T18:00:00-12:01", "2026-12-06 08:00+14:01"):
        assert read_moment(text, "iso", NOW) is None
