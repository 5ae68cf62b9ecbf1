"""Looking numbers up in many snapshots at once says what going through them one by one says."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc.database import engine, run
from dnc.errors import StoreError
from dnc.files.input_file import sha256_of
from dnc.registries import bit_pages
from dnc.store.store import Snapshot, Standing
from dnc.verdicts import registry_lookup
from dnc.verdicts.registry_lookup import AnswerState, Codec
from dnc.verdicts.screening import Screen
from tests import size

DAYS = [date(2026, 1, 1) + timedelta(n) for n in range(6)]
NUMBERS = [33199000001, 33199000002, 33261910001, 447700900001]
WORDS = st.tuples(st.sampled_from([True, False, None]), st.none() | st.sampled_from(DAYS))
LISTINGS = st.one_of(st.dictionaries(st.sampled_from(NUMBERS), words) for words in (WORDS, st.just((True, None))))
SNAPSHOTS = st.lists(
    st.tuples(
        LISTINGS,
        st.sampled_from(DAYS),
        st.sampled_from([(), ("33",), ("331", "44"), ("",)]),
        st.sampled_from([None, "spring", "autumn"]),
        st.sampled_from([0, 0, 3]),  # unread rows
    ),
    min_size=1,
    max_size=5,
)
CALLS = st.lists(
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(DAYS), st.sampled_from([None, "spring", "winter"])), min_size=1
)
Spoken = tuple[date, bool | None, date | None, bool, int]


def spoken(number: int, snapshots: list[tuple], absent: str) -> list[Spoken]:
    """Every word about a number, as (day, listed, since, whether it is by absence, unread rows)."""
    held = [(as_of, *rows[number], False, 0) for rows, as_of, *_ in snapshots if number in rows]
    days = {as_of for as_of, *_ in held}
    covered = [(one[1], one[4]) for one in snapshots if str(number).startswith(one[2]) and one[2]]
    return held + [(as_of, absent == "listed", None, True, unread) for as_of, unread in covered if as_of not in days]


def newest(words: list[Spoken], day: date) -> tuple[date | None, bool | None]:
    """The last day not after `day` on which anything was said, and whether it was that the number is listed.

    Who says that it is does so whatever others say that day; that it is not, all must say.
    """
    last = max((word[0] for word in words if word[0] <= day), default=None)
    said = {word[1] for word in words if word[0] == last}
    return last, True if True in said else False if said == {False} else None


def expected(number: int, day: date, campaign: str | None, snapshots: list[tuple], absent: str) -> dict[str, object]:
    """What the snapshots say, found by going through them."""
    words = spoken(number, snapshots, absent)
    first = min(as_of for _, as_of, *_ in snapshots)
    last, listed = newest(words, day)
    state = "listed" if listed else "clear" if listed is False else "uncovered" if first <= day else None
    held = [word[2] for word in words if word[0] == last and word[1] == listed and not word[3]]
    # Days after that of their snapshot, as files of earlier versions may hold them, are not told.
    days = {day if day and last and day <= last else None for day in held if state in ("listed", "clear")} or {None}
    told = None if None in days or (listed and len(days) > 1) else max(days)
    firm = [word for word in words if not word[4]]  # not those by absence from a list with unread rows
    since = told if listed and told and not newest(firm, told - timedelta(1))[1] else None
    if listed and held and told is None and last:
        lacking = [word[0] for word in words if word[3:] == (True, 0) and not word[1] and word[0] < last]
        since = max(lacking) + timedelta(1) if lacking else None
    _, wanted = newest(spoken(number, [one for one in snapshots if one[3] == campaign], absent), day)
    later = [word[0] for word in words if word[0] > day] + [first] * (first > day)
    return {
        "us_ndnc": state,
        "us_ndnc_as_of": last,
        "us_ndnc_since": since,
        "us_ndnc_told": told,
        "us_ndnc_campaign": None if campaign is None or wanted is None else "listed" if wanted else "clear",
        "us_ndnc_next_on": min(later, default=None),
    }


def written_bits(folder: Path, frame: pl.DataFrame, name: str) -> str:
    """The bit pages of listings in the folder of a store, under their checksum."""
    path = folder / "bitpages" / name
    path.parent.mkdir(exist_ok=True)
    with engine(folder) as con:
        run(con, "bits", f"copy ({bit_pages.WRITTEN}) to $out (format parquet)", {"out": str(path)}, listings=frame)
    return path.rename(path.with_stem(sha256_of(path))).name


@settings(deadline=None, max_examples=size(10, 30))
@pytest.mark.parametrize("way", ["packed", "by rows", "by bits"])
@given(snapshots=SNAPSHOTS, calls=CALLS, absent=st.sampled_from(["clear", "listed"]))
def test_every_number_on_every_day(way, snapshots, calls, absent):
    """State, day, first day, campaign and next day, for snapshots packed once and for each batch, by rows and by bits."""
    schema = {"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if way != "packed":
            patch.setattr(registry_lookup, "PACKED_AT_ONCE", 0)
        patch.setattr(bit_pages, "_SPARSEST", 10**12)
        Path(folder, "snapshots").mkdir()
        standing = []
        for id_, (rows, as_of, covers, campaign, unread) in enumerate(snapshots):
            listings = [(number, *told, None) for number, told in sorted(rows.items())]
            frame = pl.DataFrame(listings, schema=schema, orient="row")
            written = Path(folder, "snapshots", "written.parquet")
            frame.write_parquet(written)
            file = written.rename(written.with_stem(sha256_of(written))).name
            in_pages = way == "by bits" and rows and bit_pages.suits(frame)
            bits = written_bits(Path(folder), frame, file) if in_pages else None
            counts = (len(rows), 0, 0, unread, len(rows), datetime.min)
            words = (covers, absent, campaign, None, None, None, "", file, *counts)
            standing.append(Snapshot(id_, "us-ndnc", as_of, *words, bits=bits))
        asked = pl.DataFrame(calls, schema={"number": pl.UInt64, "day": pl.Date, "campaign": pl.String}, orient="row")
        stood = Standing(Path(folder), tuple(standing))
        with Screen(stood, ["us-ndnc"]) as screen:
            screen.codes(asked)
            said = screen.decoded(screen.codes(asked)).to_dicts()  # once as much was read of them, they are packed
    assert said == [expected(*call, snapshots, absent) for call in calls]


def test_an_answer_is_packed_alike_in_both_languages():
    """SQL and Python pack an answer into the same integer, which sorts by number, day and state, and is read back."""
    codec = Codec(4_610)
    states = {True: AnswerState.LISTED, False: AnswerState.CLEAR, None: AnswerState.UNCOVERED}
    answers = [
        (n, rank, listed) for n in (0, 1, 10**15 - 1) for rank in (0, 1, 4_610) for listed in (False, None, True)
    ]
    asked = "(select $1::ubigint as number, $2::ubigint as rank, $3::boolean as listed)"
    packed = []
    for number, rank, listed in answers:
        [(answer,)] = duckdb.execute(f"select {codec.sql} from {asked}", [number, rank, listed]).fetchall()
        packed.append(answer)
        assert answer == codec.pack(number, rank, states[listed]) < 1 << 64
        without_id = answer % codec.per_id
        assert (answer // codec.per_id, Codec.rank(without_id)) == (number, rank)
        assert Codec.state(without_id) == states[listed]
    assert packed == sorted(packed)


def test_days_that_do_not_fit_are_refused():
    """More days than 64 bits hold beside a number of 15 digits stop a check, and do not give another number's answer."""
    with pytest.raises(StoreError, match=r"snapshots of 4,611 days; 4,610 at most"):
        Codec(4_611)
