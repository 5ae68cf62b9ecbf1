"""Numbers: one subscriber, one identity, however it is written; what cannot be proved is not read."""

from __future__ import annotations

import csv
import random
import time
from datetime import date
from importlib.resources import files
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import Decider, InputError, check
from dnc.checks.subject_access import answer
from dnc.messages import messages
from dnc.numbers import bulk_reader
from dnc.numbers.numbering_plans import MAILBOX, UNPLANNED
from dnc.numbers.reader import TWO_WAYS, Reading, read_listed, read_number
from tests import size
from tests.number_twin import compared, oddly, one_by_one, read_numbers
from tests.spellings import SPELLINGS, sampled, spelled, territories

FICTION = list(csv.DictReader((files("dnc.numbers") / "fiction.csv").read_text("utf-8").splitlines()))
NBSP, THIN, ZERO_WIDTH, RTL = "\u00a0", "\u202f", "\u200b", "\u200e"


@pytest.mark.parametrize(
    "text",
    [
        "0639981259", "06 39 98 12 59", "06.39.98.12.59", "06-39-98-12-59", "(06) 39 98 12 59", " 0639981259 ",
        "639981259", "+33639981259", "+33 6 39 98 12 59", "+33 (0)6 39 98 12 59", "0033639981259", "0033 6 39981259",
        "33639981259", "(+33) 6 39 98 12 59", "639981259.0", "33639981259,0", "'+33639981259", '="0639981259"', "tel:+33639981259",
        f"06{NBSP}39{NBSP}98{NBSP}12{NBSP}59", f"06{THIN}39{THIN}98{THIN}12{THIN}59", f"{RTL}06{ZERO_WIDTH}39981259",
        "٠٦٣٩٩٨١٢٥٩", "０６３９９８１２５９", "＋33639981259", "06‑39‑98‑12‑59", "0639981259 poste 12", "0639981259 ext. 4",
    ],
)  # fmt: skip
def test_one_subscriber_one_identity(text):
    """Every way of writing a French number gives the same E.164."""
    assert read_number(text, "FR").number == 33639981259


@pytest.mark.parametrize(
    ("text", "region", "number", "territory"),
    [
        ("05 90 00 00 01", "FR", 590590000001, "GP"),
        ("+590 590 00 00 01", None, 590590000001, "GP"),
        ("+33590000001", None, 590590000001, "GP"),
        ("0690 00 00 01", "FR", 590690000001, "GP"),
        ("0691000001", "GP", 590691000001, "GP"),
        ("0596 00 00 79", "MQ", 596596000079, "MQ"),
        ("0596000079", "FR", 596596000079, "MQ"),
        ("0697000001", "FR", 596697000001, "MQ"),
        ("0694000001", "FR", 594694000001, "GF"),
        ("0262000001", "FR", 262262000001, "RE"),
        ("0692 00 00 01", "FR", 262692000001, "RE"),
        ("+33692000001", None, 262692000001, "RE"),
        ("0693000001", "RE", 262693000001, "RE"),
        ("0269000001", "FR", 262269000001, "YT"),
        ("0639 00 00 01", "FR", 262639000001, "YT"),
        ("0639 98 00 01", "FR", 33639980001, "FR"),
        ("0976600001", "FR", 596976600001, "MQ"),
        ("0976100001", "FR", 590976100001, "GP"),
        ("0947700008", "FR", 596947700008, "MQ"),
        ("0709000001", "FR", 590709000001, "GP"),
        ("0709200001", "FR", 262709200001, "RE"),
        ("0709350001", "FR", 262709350001, "YT"),
        ("0508 41 00 01", "FR", 508410001, "PM"),
        ("+508 41 00 01", None, 508410001, "PM"),
        ("0708000001", "FR", 508708000001, "PM"),
        ("06 12 00 00 01", "GP", 33612000001, "FR"),
        ("262692000001", "FR", 262692000001, "RE"),
        ("590 690 00 00 01", "FR", 590690000001, "GP"),
        ("596696000001", "MQ", 596696000001, "MQ"),
        ("508708000001", "FR", 508708000001, "PM"),
    ],
)
def test_overseas_numbers_have_one_identity(text, region, number, territory):
    """The official plan decides where a French number lives, whichever way it was written."""
    reading = read_number(text, region)
    assert (reading.number, reading.kind.territory) == (number, territory)


@pytest.mark.parametrize(
    ("text", "region", "unread"),
    [
        ("", "FR", "empty"), ("   ", "FR", "empty"), ("n/c", "FR", "not written as a number"),
        ("01 99 00 2", "FR", "impossible length"), ("3600", "FR", "impossible length"),
        ("6.1234567E8", "FR", "not written as a number"), ("3,36E+10", "FR", "not written as a number"),
        ("61234567.0", "FR", "impossible length"), ("3319900081.5", "FR", "not written as a number"),
        ("19900081.5", "FR", "not written as a number"), ("+3319900081.5", "FR", "not written as a number"),
        ("639981259.0", "US", "impossible length"),
        ("#NAME?", "FR", "not written as a number"), ("O639981259", "FR", "not written as a number"),
        ("06 39 98 12 59 / 01 99 00 00 01", "FR", "two numbers in one cell"),
        ("0639981259 ou 0199000001", "FR", "two numbers in one cell"),
        ("0639981259;0199000001", "FR", "two numbers in one cell"),
        ("0639981259", None, "region"), ("33639981259", None, "region"), ("+999123456789", None, "not a telephone number"),
    ],
)  # fmt: skip
def test_what_cannot_be_proved_is_not_read(text, region, unread):
    """Damage is not repaired by guessing: another person's number is worse than none."""
    reading = read_number(text, region)
    assert (reading.number, reading.unread) == (None, unread)


@given(st.text(max_size=40), st.sampled_from(["FR", "GP", "US", "GB", None]))
def test_reading_never_fails(text, region):
    """Any text is a number or a reason, never both and never an exception."""
    reading = read_number(text, region)
    assert (reading.number is None) == (reading.unread is not None)


@given(st.integers(10**8, 10**9 - 1))
def test_french_identity_is_stable(national):
    """Reading the E.164 that was read gives the same number again."""
    reading = read_number(f"0{national}", "FR")
    if reading.number:
        assert read_number(f"+{reading.number}", None) == reading
        assert read_number(f"+33{national}", "GB").number == reading.number


def test_a_column_keeps_its_order_and_repeats():
    """A frame of cells gives a frame of the same height and order."""
    cells = pl.DataFrame({"text": ["0199000002", None, "0199000001", "0199000002"], "region": ["FR", "FR", "FR", None]})
    read = read_numbers(cells)
    assert read["number"].to_list() == [33199000002, None, 33199000001, None]
    assert read["unread"].to_list() == [None, "empty", None, "region"]


def test_a_column_is_read_as_its_cells_are(monkeypatch):
    """What the ranges of a plan answer is what the reference answers, however the column is written."""
    monkeypatch.setattr(bulk_reader, "PAYS", 1)
    shapes = (
        "0{}",
        "{}",
        "+33{}",
        "+33 (0){}",
        "0033{}",
        "33{}",
        "{}.0",
        '="0{}"',
        "'+33{}",
        "Tél : 0{}",
        "0{} poste 12",
    )
    texts = [shape.format(n) for shape in shapes for n in range(100_000_000, 1_000_000_000, 7_777_777)]
    texts += [
        "",
        None,
        "n/c",
        "6.12E+08",
        "01 99 00 00 01",
        "01.99.00.00.01 ",
        "(+33) 199000001",
        "12",
        "0199000001/0199000002",
    ]
    for region in ("FR", "GP", "DE", None):
        cells = pl.DataFrame({"text": texts}).with_columns(region=pl.lit(region, pl.String))
        assert read_numbers(cells).rows(named=True) == [one_by_one(text or "", region) for text in texts]


# Digits missing, and prefixes that can be read in two ways


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("06 12 34 56 0", "FR"), ("05 49 65 12 6", "FR"), ("+33061234560", None), ("+33 (0)6 12 34 56 0", None),
        ("0033061234560", "FR"), ("33061234560", "FR"), ("061234560", "GP"), ("079 555 01 0", "CH"), ("0508 41 00 0", "PM"),
        ("1 212 555 010", "US"), ("212 555 010", "CA"),
    ],
)  # fmt: skip
def test_a_trunk_prefix_makes_up_for_no_digit(text, region):
    """A national part that begins with the digit dialled before it is no number."""
    assert read_number(text, region) == Reading(None, None, "impossible length")


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("0470 12 34 5", "BE", 3247012345), ("07700 90012", "GB", 44770090012), ("01632 96012", "GB", 44163296012),
        ("0491 570 15", "AU", 6149157015), ("0700 00 00 01", "FR", 33700000001),
        ("555 555 0199", "US", 15555550199), ("0151 1234567", "DE", 491511234567),
    ],
)  # fmt: skip
def test_a_possible_number_that_is_none_of_its_plan_is_doubted(text, region, number):
    """It is kept, since plans grow, and bears the doubt, since a digit may be missing."""
    reading = read_number(text, region)
    assert (reading.number, reading.doubt, reading.unread) == (number, UNPLANNED, None)


def test_a_mailbox_is_no_number_of_a_subscriber():
    """A digit too many may make a mobile number that of a mailbox."""
    assert read_number("320 1234567", "IT").doubt is None
    assert read_number("+39 320 12345677", None).doubt == MAILBOX


@pytest.mark.parametrize("row", FICTION, ids=lambda row: row["numbers"])
def test_numbers_reserved_for_fiction_are_valid(row):
    """Each range has a source and the day it was read, and its first and last number count as valid."""
    assert row["source"].strip().endswith(")")
    assert date.fromisoformat(row["read"])
    assert all(read_number("+" + row["numbers"].replace("x", digit), None).doubt is None for digit in "09")


def test_area_codes_that_the_plan_places_are_valid():
    """An area code that the metadata does not know yet, and a French range overseas."""
    assert read_number("(644) 555-0123", "CA").doubt is None
    assert read_number("(644) 155-0123", "CA").doubt == UNPLANNED
    assert read_number("0693 00 00 01", "RE").doubt is None


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("4915228817386", "DE", 4915228817386), ("49 171 3920001", "DE", 491713920001), ("49 (0)30 23125001", "DE", 493023125001),
        ("030 23125001", "DE", 493023125001), ("30 23125001", "DE", 493023125001), ("0049 (0)30 23125001", "DE", 493023125001),
        ("0061 2 5550 1990", "AU", 61255501990), ("0011 61 2 5550 1990", "AU", 61255501990), ("0033199000001", "AU", 33199000001),
        ("02 5550 1990", "AU", 61255501990), ("+39 (0)320 1234567", "IT", 393201234567), ("0320 1234567", "IT", 393201234567),
        ("+39 0320 1234567", None, 393201234567), ("320 1234567", "IT", 393201234567), ("39 320 1234567", "IT", 393201234567),
        ("+39 (0)6 1234567", None, 39061234567), ("06 1234567", "IT", 39061234567), ("39 06 1234567", "IT", 39061234567),
        ("0321 123456", "IT", 390321123456), ("+39 0321 123456", None, 390321123456), ("+34 (0)612345678", None, 34612345678),
        ("0044 7700 900123", "US", 447700900123), ("011 44 7700 900123", "US", 447700900123), ("33199000001", "GP", 33199000001),
        ("0065 6123 4567", "SG", 6561234567),
    ],
)  # fmt: skip
def test_what_only_one_reading_makes_valid_is_read(text, region, number):
    """National form, calling code with or without its plus, 00, and a zero that is written or not."""
    reading = read_number(text, region)
    assert (reading.number, reading.doubt) == (number, None)


@pytest.mark.parametrize(
    ("text", "region"),
    [("0321 1234567", "IT"), ("+39 (0)321 1234567", None), ("3906123456", "IT"), ("0033 6 12 34 56 01", "SG")],
)
def test_what_two_readings_make_valid_is_not_read(text, region):
    """A landline of Novara or a mobile number with a zero too many, and the like."""
    assert read_number(text, region) == Reading(None, None, TWO_WAYS)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("33199000001", "DE"), ("447700900123", "DE"), ("33639980001", "AT"), ("41791234567", "DE"), ("447700900123", "CH"),
        ("33639980001", "IT"), ("33639980001", "SG"), ("447700900123", "AU"),
    ],
)  # fmt: skip
def test_what_may_be_a_foreign_number_without_its_plus_is_not_read(text, region):
    """Where nearly all digits are a landline number, or where the digits are none of the plan."""
    assert read_number(text, region) == Reading(None, None, TWO_WAYS)


def test_nor_is_it_in_a_column_of_other_numbers():
    """As a number of its plan it would only be doubtful."""
    column = pl.Series(["33639980001"] + ["06 1234567"] * bulk_reader.PAYS)
    unread = bulk_reader.read_column(column, "IT").rows["unread"]
    assert unread.to_list() == [TWO_WAYS] + [None] * bulk_reader.PAYS


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("3023125001", "DE", 493023125001), ("15228817386", "DE", 4915228817386), ("199000001", "FR", 33199000001),
        ("2125550123", "US", 12125550123), ("612345678", "ES", 34612345678), ("470123456", "BE", 32470123456),
    ],
)  # fmt: skip
def test_a_zero_lost_in_a_spreadsheet_is_none_of_a_calling_code(text, region, number):
    """A valid mobile number, and in a plan of few lengths any valid number, is one of the region."""
    assert read_number(text, region).number == number


# Every spelling


def test_every_spelling_is_the_same_subscriber_or_unread():
    """Whatever jurisdiction ships and however a number is written, nobody else's number is read; most are read."""
    assert len(SPELLINGS) >= 70
    cells = [
        (number, text, region)
        for region in territories()
        for number in sampled(region, size(3, 6))
        for text in spelled(number, region)
    ]
    frame = pl.DataFrame(cells, schema={"is": pl.UInt64, "text": pl.String, "region": pl.String}, orient="row")
    read = read_numbers(frame)
    assert frame.filter((read["number"] != frame["is"]).fill_null(False)).rows() == []
    assert read["number"].null_count() < 0.05 * frame.height
    told_abroad = frame.filter(pl.col("text").str.contains(r"^\+\d+$|^00\d+$"))
    for elsewhere in ("FR", "US", "AU", "IT", "DE", None):
        there = read_numbers(told_abroad.with_columns(region=pl.lit(elsewhere, pl.String)))["number"]
        assert told_abroad.filter((there != told_abroad["is"]).fill_null(False)).rows() == []


def test_a_listed_number_is_never_clear_however_it_is_written(store, tmp_path):
    """The own list in one spelling, the calls in every other: blocked, or undecided where a spelling cannot be read."""
    listed, calls = [], []
    for region in territories():
        numbers = [*sampled(region, size(6, 12))]
        ways = {number: spelled(number, region) for number in numbers}
        for at, (number, texts) in enumerate(ways.items()):
            written = [text for text in texts if read_number(text, region).number == number]
            listed.append((written[at * 7 % len(written)], region))
            calls += [(text, region) for text in texts]
    own, planned = tmp_path / "own.csv", tmp_path / "calls.csv"
    pl.DataFrame(listed, schema=["number", "country"], orient="row").write_csv(own)
    pl.DataFrame(calls, schema=["number", "region"], orient="row").write_csv(planned)
    store.load(own, registry="own", as_of=date(2026, 8, 1))
    facts = {"caller": "commercial", "sector": "general", "voice": "human", "dialler": "manual", "cli": "+33199009000"}
    facts |= {"attempts": "0", "source": "random", "recipient": "consumer", "relationship": "none", "habit": "habitual"}
    outcomes = check(planned, store, at="2026-08-12T11:00", given=facts | {"consent": "none"}).verdicts["dnc_outcome"]
    assert outcomes.len() > 70 * size(190, 270)
    assert (outcomes == "clear").sum() == 0
    assert (outcomes == "blocked").mean() > 0.8


# Words and signs around a number


_BEFORE = [
    "", "tel:", "TEL:", "tel: ", "Tel.: ", "tél :", "Tél. (bureau) : ", "TEL ", "phone:", "Telefon ", "mob. ", "Mobil: ", "callto:",
    "sip:", "whatsapp:", "fax:", "Fax ", "Handy: ", "\"", "'", "=\"", "“", "’", "N° ", "Mme Dupont ", "portable/", "(", "tel",
]  # fmt: skip
_BEHIND = [
    "", " ", "\u00a0", ";ext=12", " poste 12", " (domicile)", " - bureau", " tel.", "\"", "'", "”", " x3", "#3", ".0", ",00", "/", " (",
    ", poste 3", ";", " fax", " le matin", " poste 12 (bureau)", " mobile, perso", "\n", "x", " 0", ")", "/02",
]  # fmt: skip
_BODIES = [
    "01 99 00 00 01",
    "+33199000001",
    "+33 (0)1 99 00 00 01",
    "0199000001",
    "01.99.00.00.01",
    "01/99/00/00/01",
    "199000001",
]


def test_the_column_reads_words_and_signs_as_the_cell_does(monkeypatch):
    """Alone and by the million the same, for every text that people put before or behind a number."""
    monkeypatch.setattr(bulk_reader, "PAYS", 1)
    texts = ["".join(parts) for parts in product(_BEFORE, _BODIES, _BEHIND)]
    texts += [text.replace(" ", "\u202f").replace("0", "٠") for text in texts[::7]]
    assert compared([(text, region) for text in texts for region in ("FR", "GB")])[1] == []


@settings(deadline=None)  # a plan is compiled in one of the runs
@given(
    st.lists(st.sampled_from([*_BEFORE, *_BEHIND, *_BODIES, " ", "0", "12", "\u200b", "é"]), max_size=6).map("".join),
    st.sampled_from(["FR", "DE", "IT", "US", "AU", "SG", None]),
)
def test_the_column_reads_any_mixture_as_the_cell_does(text, region):
    """Pieces in any order."""
    assert compared([(text, region)])[1] == []


@settings(deadline=None)  # a plan is compiled in one of the runs
@given(st.integers(0, 2**32), st.sampled_from(["FR", "GB", "DE", "IT", "AT", "BE", "US", "AU", "SG", "SE", "PM", "NO"]))
def test_the_column_reads_odd_spellings_as_the_cell_does(seed, region):
    """Valid numbers in a spelling that is made odd."""
    rng = random.Random(seed)
    ways = spelled(rng.choice([*sampled(region, 8)]), region)
    assert compared([(oddly(rng, rng.choice(ways)), region) for _ in range(5)])[1] == []


@pytest.mark.parametrize(
    "text",
    [
        "tel:0199000001", "TEL: +33 1 99 00 00 01", "Tél. (bureau) : 01 99 00 00 01", "mob. 0199000001", "callto:+33199000001",
        "whatsapp:+33199000001", "sip:+33199000001", "01 99 00 00 01 (domicile)", "01 99 00 00 01 - bureau", "0199000001;ext=12",
        "+33199000001, poste 3", "0199000001 x3", "0199000001#3", '"0199000001"', "“0199000001”", "’0199000001", "portable perso: 0199000001",
    ],
)  # fmt: skip
def test_words_that_say_what_a_number_is_are_taken_away(text):
    """What stands before or behind it on a business card or in an address book."""
    assert read_number(text, "FR").number == 33199000001


@pytest.mark.parametrize("text", ["fax: 0199000001", "0199000001 fax", "Mme Dupont 0199000001", "0199000001 le matin"])
def test_a_number_beside_other_words_is_not_called_and_stays_listed(text):
    """Nobody rings a fax, and a note may say anything; in a blocklist both are listed."""
    assert read_number(text, "FR").number is None
    assert read_listed(text, "FR") == [33199000001]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("030 1234 x678", "DE"), ("030 123x678", "DE"), ("030 123456/57", "DE"), ("01 99 00 00 01.0", "DE"), ("030.231.250.01.0", "DE"),
        ("00493023125\t003", "DE"), ("01 99 00 00\n01", "FR"),
    ],
)  # fmt: skip
def test_what_may_be_another_number_is_not_read(text, region):
    """A sign or a break in place of a digit, the other end of a number, a zero that a spreadsheet put behind it."""
    assert read_number(text, region).number is None


@pytest.mark.parametrize(
    "text",
    [
        "01" + " " * 40_000 + "z",
        "(" * 40_000,
        "tel " * 10_000,
        "01 99 00 00 01 poste " * 2_000,
        "1 " * 20_000,
        "/" * 99_999,
    ],
)
def test_no_text_takes_long(text):
    """A text over 200 characters is not looked at, alone or in a column."""
    start = time.process_time()
    assert compared([(text, "FR"), (text[:200], "FR"), (text[-200:], "FR")])[1] == []
    assert read_listed(text, "FR") == read_listed(text[:199] + "z", "FR") == []
    assert time.process_time() - start < 2


# What becomes of a doubt


TOWN_HALL = {
    "caller": "public_body", "voice": "human", "dialler": "manual", "cli": "01 99 00 91 00", "recipient": "consumer",
    "source": "public_service_file", "relationship": "none", "objected_on": "none",
}  # fmt: skip
AT = "2026-03-12T10:00"


def test_a_doubted_number_is_never_clear(store, write_file):
    """What would be clear lacks a number and says why, in both languages; alone, in a batch and explained the same."""
    rows = ["06 39 98 00 01", "07 00 00 00 01", "0199000001", "07 00 00 00 02"]
    calls = write_file("calls.csv", "number\n" + "\n".join(rows))
    told = {"region": "FR", "at": AT, "given": TOWN_HALL}
    many = check(calls, store, **told).verdicts
    assert many["dnc_outcome"].to_list() == ["clear", "undecided", "clear", "undecided"]
    assert many["dnc_missing"].to_list() == ["", "number", "", "number"]
    assert many["dnc_number"][1] == "+33700000001"
    assert many["dnc_valid_until"][1] is None
    assert many["dnc_confidence"][1] == ""
    assert many["dnc_why"][1] == f"Incomplete: the number may be mistyped ({messages('unread', 'en')['unplanned']})."
    assert "un chiffre manque" in check(calls, store, language="fr", **told).verdicts["dnc_why"][1]
    names = ["dnc_outcome", "dnc_missing", "dnc_why"]
    with Decider(store, **told) as decide:
        for at, text in enumerate(rows):
            assert decide(pl.DataFrame({"number": [text]})).select(names).row(0) == many.select(names).row(at)


def test_a_doubted_number_is_blocked_where_it_is_listed(store, write_file):
    """A number thrown away is a call that gets through: the listing of a range that is not known yet is kept."""
    own = write_file("own.csv", "number,since\n07 00 00 00 02,2016-01-01\n06 39 98 00 01,2016-01-01\n")
    with pytest.raises(InputError, match="its numbering plan has no such number"):
        store.load(own, registry="own", as_of=date(2016, 5, 1))
    loaded = store.load(own, registry="own", as_of=date(2016, 5, 1), accept={"unread": "a new range"})
    assert (loaded.listed, loaded.unread) == (1, 1)
    calls = write_file("calls.csv", "number\n07 00 00 00 02\n07 00 00 00 01\n06 39 98 00 01\n06 39 98 00 02\n")
    facts = {name: word for name, word in TOWN_HALL.items() if name != "objected_on"}
    facts |= {"caller": "commercial", "source": "purchased", "sector": "general", "attempts": "0", "consent": "none"}
    verdicts = check(calls, store, region="FR", at="2016-05-20T11:00", given=facts | {"habit": "habitual"}).verdicts
    assert verdicts["dnc_outcome"].to_list() == ["blocked", "undecided", "blocked", "clear"]


def test_a_doubted_number_of_an_answer_counts_as_unread(store, write_file):
    """That it is not listed is not believed, and a question says nothing of it."""
    text = "number,listed\n06 39 98 00 01,no\n07 00 00 00 01,no\n07 00 00 00 02,yes\n07 00 00 00 03 ou 06 39 98 00 04,yes\n"
    loaded = store.load(write_file("answer.csv", text), registry="fr-bloctel", as_of=date(2026, 3, 1))
    assert (loaded.clear, loaded.listed, loaded.unread) == (1, 0, 3)
    said = {number: state["state"] for number in ("0639980001", "0700000001", "0700000002", "0639980004")
            for state in [row for row in answer(store, number, region="FR")["registries"] if row["registry"] == "fr-bloctel"]}  # fmt: skip
    assert said == {"0639980001": "clear", "0700000001": "uncovered", "0700000002": "listed", "0639980004": "listed"}


def test_an_objection_is_not_recorded_for_a_number_that_may_be_mistyped(dnc):
    """Whoever types it can look again; taking one back needs no certainty."""
    assert dnc("record", "objection", "07 00 00 00 02", "--on", "2026-03-01", "--region", "FR")[0] == 4
    assert dnc("record", "objection", "06 39 98 00 01", "--on", "2026-03-01", "--region", "FR")[0] == 0
