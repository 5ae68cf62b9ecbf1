"""Arrow batches are decided as a file of the same rows is; pyarrow's own kinds are looked at in tests/cluster/test_ray.py."""

from __future__ import annotations

import itertools
import os
import pickle
import random
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from types import SimpleNamespace

import polars as pl
import pytest

from dnc import Asked, Decider, InputError, OptionError, Store, StoreError, check, decide, explain, vet, write
from dnc.api import replay
from dnc.errors import RolesError
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import NEXT_AT, VERDICT
from dnc.lists import cell_facts
from dnc.lists.brief import Brief, read_brief
from dnc.lists.own_records import record
from dnc.reports.check_page import html
from dnc.verdicts import evaluator, judge
from tests import SALE, size, some
from tests.conftest import SAMPLES
from tests.files.test_tables import ODD_CELLS

TOLD = {"region": "FR", "at": "2026-08-10T10:30", "given": {"objected_on": "none"}}
SHOP = pl.read_csv(SAMPLES / "shop.csv", separator=";", infer_schema=False)


class Stream:
    """Rows of some library that speaks the interface and nothing else."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def test_batches_are_decided_as_their_file_is(screened):
    """The same verdicts in the same order, however the rows are parted; an empty batch comes back empty."""
    whole = check(SAMPLES / "shop.csv", screened, **TOLD).verdicts
    batches = [SHOP[:1], SHOP[:0], Stream(SHOP[1:])]
    decided = list(decide(iter(batches), screened, **TOLD))
    assert [frame.height for frame in decided] == [1, 0, 3]
    assert pl.concat(decided).select(VERDICT.keys()).equals(whole.select(VERDICT.keys()))
    assert pl.concat(decided).select(SHOP.columns).equals(SHOP)


@pytest.mark.parametrize("table", [SHOP, Stream(SHOP)], ids=["frame", "stream"])
def test_a_table_by_itself_is_one_batch(screened, table):
    """Also one that can be iterated over its columns, as frames can."""
    [decided] = decide(table, screened, **TOLD)
    assert decided.equals(check(SHOP, screened, columns=[*VERDICT, NEXT_AT], **TOLD).verdicts)


@pytest.mark.parametrize("most", some([2, 20], 1))
def test_what_is_remembered_changes_nothing(screened, monkeypatch, most):
    """A decider that has seen the same cells, others, or the same of another type decides as one that has not.

    Nor does it matter how much it remembers, or that another day has come to be today.
    """
    for module in (judge, cell_facts):
        monkeypatch.setattr(module, "_REMEMBERED", most)
    numbers, moments, days = ("0199000418", "no number"), ("2026-08-10T10:30", "soon"), ("2026-08-11", "2026-07-01")
    rows = itertools.product(numbers, moments, ["named_caller"], days, ("1", "many"))
    calls = pl.DataFrame(list(rows), schema=["number", "call_at", "consent", "consent_on", "attempts"], orient="row")
    batches = [
        calls[:7],
        calls[5:],
        calls.reverse(),
        calls[3:4],
        calls.with_columns(pl.col("consent_on").str.to_date()),
    ]
    batches += [calls.with_columns(attempts=pl.lit(one)) for one in (1, True, 1.0, "1.0")]
    seen = []
    with Decider(screened, region="FR") as decider:
        later = batches[: size(2, len(batches))]
        for today, batch in [*(("2026-08-10", one) for one in batches), *(("2026-08-20", one) for one in later)]:
            monkeypatch.setenv("DNC_TODAY", today)
            evaluator._free.cache_clear()
            [expected] = decide([batch], screened, region="FR")
            assert decider(batch).equals(expected)
            assert decider(batch).equals(expected), "the second time"
            seen.append(expected.select(VERDICT.keys()))
    assert not seen[0].equals(seen[len(batches)]), "the day counts"


@pytest.mark.parametrize("kind", some(ODD_CELLS, 3))
def test_cells_that_are_not_text_are_those_of_a_parquet_file(screened, tmp_path, kind):
    """Whatever Arrow holds comes to the same as the file of it, and is carried as it is."""
    frame = pl.DataFrame({"number": ODD_CELLS[kind], "x": ODD_CELLS[kind]})
    frame.write_parquet(tmp_path / "calls.parquet")
    told = TOLD | {"brief": Brief(ignore=["x"])}
    [decided] = decide([frame], screened, **told)
    of_file = check(tmp_path / "calls.parquet", screened, **told).verdicts
    assert decided.select(VERDICT.keys()).equals(of_file.select(VERDICT.keys()))
    assert decided.select("number", "x").equals(frame)


def test_numbers_and_days_of_their_own_types_are_read(screened):
    """An integer is a number, a date a day, a truth value a yes or no."""
    calls = pl.DataFrame({"number": [33199000810], "call_at": ["2026-11-29"], "related": [True]})  # a Sunday
    [decided] = decide([calls.with_columns(pl.col("call_at").str.to_date())], screened, region="FR", given=SALE)
    assert decided.row(0, named=True)["dnc_number"] == "+33199000810"
    assert "fr-hours" in decided["dnc_blocked_by"].item() and "related" not in decided["dnc_missing"].item()


def test_former_verdicts_are_replaced(screened):
    """Columns of a former run are replaced; `columns` takes fewer."""
    [once] = decide([SHOP], screened, **TOLD, columns=["outcome", "why"])
    assert once.columns == [*SHOP.columns, "dnc_outcome", "dnc_why"]
    [twice] = decide([once], screened, **TOLD, columns=["outcome"])
    assert twice.columns == [*SHOP.columns, "dnc_outcome"]


def test_a_column_without_a_name_that_counts_the_rows_keeps_it(screened):
    """As written by pandas, whose index has no name; in a short list somebody has to leave it out."""
    told = {**TOLD, "columns": ["outcome"]}
    with pytest.raises(RolesError, match="column 1: 4 different texts"):
        list(decide([SHOP.with_row_index("")], screened, **told))
    [decided] = decide([SHOP.with_row_index("")], screened, **told, brief=Brief(ignore=["column 1"]))
    assert decided.columns == ["", *SHOP.columns, "dnc_outcome"]


def test_consents_are_laid_beside_the_batches(screened, write_file):
    """What is told beside a list is told beside its batches."""
    consents = write_file("consents.csv", "number;consent;day;for\n0465710810;written;2026-08-01;both\n")
    calls, told = SHOP.drop("consent"), TOLD | {"at": "2026-12-01T10:30"}
    [without], [decided] = (decide([calls], screened, **told, **beside) for beside in ({}, {"consents": consents}))
    of_file = check(write_file("calls.csv", calls.write_csv()), screened, **told, consents=consents).verdicts
    assert decided["dnc_outcome"].to_list() == of_file["dnc_outcome"].to_list()
    assert decided["dnc_outcome"].to_list() != without["dnc_outcome"].to_list()


def test_a_worker_opens_its_copy_once_and_writes_nothing(screened, monkeypatch):
    """One opening for all batches, which may have other columns, and not a byte of the folder changes."""
    folder = shutil.copytree(screened.path, screened.path.with_name("copy"))
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}
    opened = []
    standing = Store.standing
    monkeypatch.setattr(Store, "standing", lambda self: opened.append(self.path) or standing(self))
    with Decider(folder, **TOLD) as decider:
        heights = [decider(batch).height for batch in (SHOP, SHOP[:2], SHOP.select("caller", "number"))]
    assert (heights, opened) == ([4, 2, 4], [folder])
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")} == before


@pytest.mark.parametrize("cell", ["0199000810", "0199000810, 0261910810"])
def test_rows_that_are_lists_of_their_own_say_nothing_of_each_other(screened, cell):
    """Requests to a desk that are decided at once: neither calls to one person nor an objection in another count."""
    told = [{"number": cell, "call_at": "2026-08-06T11:00"}] * 5
    told += [told[0] | {"objected_on": "2026-08-01"}, told[0] | {"number": "1", "objected_on": None}]
    facts = {**SALE, "habit": "habitual"}
    with Decider(screened, region="FR", given=facts, best=True) as decider:
        rows = [pl.DataFrame([row | {"objected_on": row.get("objected_on") or "none"}]) for row in told]
        alone = [decider(row) for row in rows]
        assert decider.each(pl.concat(rows)).equals(pl.concat(alone))
    assert [one["dnc_outcome"][0] for one in alone] == ["clear"] * 5 + ["blocked", "undecided"]


def test_threads_may_share_a_decider(screened):
    """As those of a web server do: each gets the verdicts on its own batch."""
    batches = [pl.DataFrame({"number": [f"0199{at:03}{row:03}" for row in range(5 + at)]}) for at in range(24)]
    with Decider(screened, region="FR", at="2026-08-10") as decider, ThreadPoolExecutor(8) as threads:
        decided = list(threads.map(decider, batches))
    for batch, verdicts in zip(batches, decided, strict=True):
        assert verdicts["dnc_number"].to_list() == ["+33" + number[1:] for number in batch["number"]]


def test_what_workers_are_sent_can_be_pickled(screened):
    """A partial of `decide` holds what it was told and no store that is open."""
    sent = pickle.loads(pickle.dumps(partial(decide, store=str(screened.path), **TOLD)))
    assert [frame.height for frame in sent([SHOP])] == [4]


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        (7, "or a list of dictionaries, not int"),
        (SHOP.drop("number"), "the batch:1: no column 'number'"),
        (pl.DataFrame({"0199000001": ["x"]}), "the first row holds numbers"),
    ],
    ids=["no batch", "no number", "no header"],
)
def test_what_is_no_batch_of_calls_is_refused(screened, batch, says):
    """One error of ours, and no number in it."""
    with pytest.raises(InputError, match=says) as refused:
        list(decide([batch], screened))
    assert "0199000001" not in str(refused.value)


class Indexed(Stream):
    """A frame with an index, as of pandas: the stream leaves it out."""

    index = SimpleNamespace(names=["objected_on"], inferred_type="string")

    def reset_index(self) -> Stream:
        """The same with the index as a column."""
        return Stream(self._frame.with_columns(objected_on=pl.lit("2026-08-01")))


@pytest.mark.parametrize(
    ("name", "kind", "is_column"),
    [("objected_on", "integer", True), (None, "string", True), (None, "mixed", True), (None, "integer", False)],
)
def test_an_index_of_pandas_is_a_column(screened, monkeypatch, name, kind, is_column):
    """It may hold objections, unless it has no name and counts the rows."""
    monkeypatch.setattr(Indexed, "index", SimpleNamespace(names=[name], inferred_type=kind))
    outcomes = [set(check(frame, screened, **TOLD).verdicts["dnc_outcome"]) for frame in (SHOP, Indexed(SHOP))]
    assert (outcomes[1] == {"blocked"}) == is_column == (outcomes[0] != outcomes[1])


@pytest.mark.parametrize("names", [["number", "", "city"], ["number", "city", ""]], ids=["middle", "end"])
def test_text_in_a_column_without_a_name_stops_batches_as_lists(screened, tmp_path, names):
    """Anywhere, also behind the last name, where the rows of a CSV are marked."""
    batch = pl.DataFrame({name: ["0199000001"] for name in names})
    batch.write_parquet(tmp_path / "calls.parquet")
    told = {"match": f"column {names.index('') + 1}: 1 text"}
    with pytest.raises(RolesError, **told):
        list(decide([batch], screened))
    with pytest.raises(RolesError, **told):
        check(tmp_path / "calls.parquet", screened)


def test_a_store_that_is_not_there_decides_nothing(tmp_path):
    """A worker that lacks its copy fails, where a check would begin a store."""
    with pytest.raises(StoreError, match="no store here"):
        list(decide([SHOP], tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_a_table_in_memory_is_checked_as_a_file_is(screened, tmp_path):
    """The same verdicts; the log calls it `frame`, and the check can be decided again from an equal table."""
    SHOP.write_parquet(tmp_path / "shop.parquet")
    result = check(SHOP, screened, region="FR")
    assert result.verdicts.equals(check(tmp_path / "shop.parquet", screened, region="FR").verdicts)
    assert result.record["input"] == "frame"
    assert replay(screened, result.id, SHOP.clone()).same
    assert vet(SHOP, screened, region="FR").offer.rows == SHOP.height
    with pytest.raises(InputError, match="is not the file of check"):
        replay(screened, result.id, SHOP.head(1))


def test_a_wrong_argument_is_an_error_that_says_what_was_expected(screened):
    """Not a TypeError from inside."""
    for wrong, says in (({"number": ["x"]}, "not dict"), (7, "not int"), ([SHOP], "not list"), (None, "not NoneType")):
        with pytest.raises(OptionError, match=f"a list of calls must be a path, .*{says}"):
            check(wrong, screened)
    with pytest.raises(OptionError, match="store must be a Store"):
        check(SHOP, "dnc-store")
    with pytest.raises(
        OptionError, match="brief must be a Brief, as read_brief gives it, or the path of its file, not int"
    ):
        check(SHOP, screened, brief=3)


WRONG = {
    "region": 33, "given": ["caller"], "at": 20261201, "guidance": 3, "brief": {}, "consents": 7, "rulebook": "fr",
    "accept": ["fr-bloctel"], "language": 1, "now": "2026-12-01", "settings": {"region": "FR"}, "columns": "outcome",
    "only": "clear", "progress": 5, "watch": "on", "out": 5, "regoin": "FR",
}  # fmt: skip
ALSO_WRONG = [("given", {1: "commercial"}), ("accept", {"fr-bloctel": 1}), ("now", datetime(2026, 12, 1))]
OF_VET = [
    ("until", "2026-12-31"), ("until", datetime(2026, 12, 31)), ("against", "held.csv"), ("asked", 3),
    ("sample_of", "all"), ("confidence", "high"), ("confidence", float("nan")), ("confidence", 1), ("confidence", -1.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "name", "value"),
    [*((check, *wrong) for wrong in (*WRONG.items(), *ALSO_WRONG)), *((vet, *wrong) for wrong in OF_VET)],
)
def test_every_wrong_argument_says_what_was_expected(screened, function, name, value):
    """Of a check, of a vetting, and of the settings that single calls take too."""
    with pytest.raises(OptionError, match=f"{name} must be an? |there is no argument 'regoin'"):
        function(SHOP, screened, **{name: value})


def test_a_fact_among_the_settings_is_told_where_it_belongs(screened):
    """`explain(number, store, caller=…)` is a natural first guess."""
    with pytest.raises(OptionError, match=r"'caller' is a column .*; put it into given=\{'caller': …\}"):
        check(SHOP, screened, caller="commercial")


def test_a_check_is_printed_in_one_line(screened):
    """Without the rows, which have telephone numbers in them."""
    result = check(SHOP, screened, region="FR")
    assert repr(result) == f"<Check {result.id}: {result.counts}>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("covers", [33]), ("covers", 33), ("columns", ["number"]), ("values", "x"), ("accept", "1"),
        ("region", 33), ("corrects", "1"), ("asked", 5), ("loader", 5), ("campaign", 5),
        ("registry", 5), ("means", 5), ("dates", 5), ("sheet", 5),
    ],
)  # fmt: skip
def test_every_wrong_option_of_a_load_says_what_was_expected(screened, name, value):
    """Before the file is looked for."""
    with pytest.raises(OptionError, match=f"{name} must be an? "):
        screened.load("none.csv", as_of=date(2026, 8, 1), **{name: value})


@pytest.mark.parametrize("name", ["price", "min_clear", "max_undecided", "max_price"])
def test_a_condition_is_a_share_or_an_amount(name):
    """Neither below nothing nor above all, and no NaN, with which every comparison is false."""
    for value in (-0.1, float("nan"), float("inf"), "0.5"):
        with pytest.raises(OptionError, match=f"{name} must be an? (share from 0 to 1|amount of 0 or more)"):
            Asked(**{name: value})
    assert Asked(min_clear=1, max_undecided=0, price=0, max_price=2.5)
    with pytest.raises(OptionError, match="max_undecided must be a share from 0 to 1, not 50"):
        Asked(max_undecided=50)


@pytest.mark.parametrize("name", ["objected_on", "consent"])
def test_none_in_python_is_an_empty_cell_and_not_the_word_none(tmp_path, name):
    """As a word it would say that the person did not object, and that there is no consent."""
    store, missing = Store(tmp_path / "store"), {"objected_on": "registry:own", "consent": "consent"}[name]
    cells = {"caller": "commercial", "recipient": "consumer", "voice": "human", "call_at": "2026-12-01T10:30"}
    verdict, _ = explain("0199000810", store, cells | {name: None}, region="FR")
    assert missing in verdict["dnc_missing"].split(";")
    with pytest.raises(InputError, match=f"{name} has no value"):
        check(SHOP, store, given={name: None})


def test_a_wrong_argument_of_a_single_call_or_of_batches_is_an_error_too(screened):
    """Numbers are texts: an integer has lost its zero or its plus."""
    for wrong in (
        lambda: explain(33199000810, screened),
        lambda: explain("+33199000810", "store"),
        lambda: explain("+33199000810", screened, ["caller"]),
        lambda: explain("+33199000810", screened, {1: "commercial"}),
        lambda: vet(SHOP, "store"),
        lambda: Store(5),
        lambda: screened.load(5, as_of=date(2026, 8, 1)),
        lambda: screened.load("x.csv", as_of="2026-08-01"),
        lambda: screened.object(["+33199000810"], datetime(2026, 8, 1)),
        lambda: screened.object([33199000810], date(2026, 8, 1)),
        lambda: screened.object("+33199000810", date(2026, 8, 1)),
        lambda: screened.object(None, date(2026, 8, 1)),
        lambda: write(check(SHOP, screened), "x.csv", rows=5),
        lambda: write(check(SHOP, screened), "x.csv", rows=[5]),
        lambda: list(decide([SHOP], 5)),
        lambda: list(decide([5], screened)),
        lambda: list(decide(5, screened)),
        lambda: write(SHOP, "x.csv"),
    ):
        with pytest.raises(InputError, match="must be a"):
            wrong()


def test_date_times_that_are_all_midnight_are_dates(screened, tmp_path):
    """As in a spreadsheet: pandas has no type for dates. One cell with a time, or an offset, makes all of them times."""
    rows, judged = pl.concat([SHOP[:1], SHOP[:1]]), ["dnc_outcome", "dnc_blocked_by", "dnc_missing"]
    days, hours = [datetime(2026, 8, 10), None], [datetime(2026, 8, 10), datetime(2026, 8, 10, 10, 30)]
    expected = [
        check(rows.with_columns(call_at=pl.Series(cells)), screened, **TOLD).verdicts
        for cells in (["2026-08-10", None], ["2026-08-10T00:00", "2026-08-10T10:30"], ["2026-08-10T00:00Z", None])
    ]
    assert expected[0]["dnc_outcome"][0] != expected[1]["dnc_outcome"][0]
    for unit, (cells, zone, same) in itertools.product(
        ("ms", "us", "ns"), zip((days, hours, days), (None, None, "UTC"), expected, strict=True)
    ):
        frame = rows.with_columns(call_at=pl.Series(cells, dtype=pl.Datetime(unit, zone)))
        frame.write_parquet(tmp_path / "list.parquet")
        found = check(tmp_path / "list.parquet", screened, **TOLD).verdicts
        assert found.select(judged).equals(same.select(judged)), unit
        [decided] = decide(frame, screened, **TOLD)
        assert decided.drop(*VERDICT, NEXT_AT).equals(frame), unit
        if same is expected[0]:  # at a gate a day alone leaves the hour open
            assert decided["dnc_missing"].to_list() == ["call_at", same["dnc_missing"][1]], unit
            continue
        assert decided.select(judged).equals(same.select(judged)), unit


def test_midnights_of_one_batch_say_nothing_of_another(screened):
    """A batch of a decider counts by itself."""
    batches = [SHOP[:1].with_columns(call_at=pl.Series([datetime(2026, 8, 10, hour)])) for hour in (0, 10, 0)]
    mixed = pl.concat(batches[:2])
    found = [frame["dnc_outcome"].to_list() for frame in decide([batches[0], mixed, batches[2]], screened, **TOLD)]
    assert found == [["undecided"], ["blocked", "clear"], ["undecided"]]


def test_a_time_in_one_file_of_a_list_makes_midnights_in_all_of_them_times(screened, tmp_path):
    """In whichever order they are read."""
    paths = []
    for hour in (0, 10):
        rows = SHOP[:1].with_columns(call_at=pl.Series([datetime(2026, 8, 10, hour)]))
        paths.append(tmp_path / f"{hour}.parquet")
        rows.write_parquet(paths[-1])
    assert check(paths[:1], screened, **TOLD).counts["clear"] == 1
    assert check(paths, screened, **TOLD).verdicts["dnc_outcome"].to_list() == ["blocked", "clear"]
    assert check(paths[::-1], screened, **TOLD).verdicts["dnc_outcome"].to_list() == ["clear", "blocked"]


def test_a_decider_says_when_it_is_stale_and_reads_the_store_again(tmp_path):
    """An objection recorded meanwhile counts from the refresh on."""
    store = Store(tmp_path / "store")
    check(pl.DataFrame({"number": ["0199000001"]}), store, region="FR")
    with Decider(store, region="FR", given={"caller": "commercial"}) as decider:
        batch = pl.DataFrame({"number": ["0199000001"]})
        before = decider(batch)["dnc_blocked_by"].item()
        assert not decider.is_stale()
        store.object(["0199000001"], date(2026, 11, 1), region="FR")
        assert decider.is_stale()
        assert decider(batch)["dnc_blocked_by"].item() == before
        decider.refresh()
        assert not decider.is_stale()
        after = decider(batch)
        assert after["dnc_outcome"].item() == "blocked" and after["dnc_blocked_by"].item() != before


@pytest.mark.parametrize("seed", range(size(2, 40)))
def test_a_refreshed_decider_decides_as_a_new_one(tmp_path, seed):
    """Whatever changed in the store: objections, own records, an answer of a registry, a file that was forgotten."""
    rng, store = random.Random(seed), Store(tmp_path / "store")
    told = {"caller": "commercial", "voice": "human", "source": "opt_in_form", "recipient": "consumer"}
    more = {
        "region": "FR",
        "at": "2026-08-05T10:30",
        "given": told,
        "columns": ["outcome", "why", "consent", "missing"],
    }
    numbers = [f"+3319900{n:04d}" for n in range(8)]
    batch = pl.DataFrame({"number": numbers})
    check(batch, store, region="FR")

    def day() -> date:
        return date(2026, 7, rng.randint(20, 31))

    def answer() -> None:
        lines = "".join(f"{number};x;{rng.choice(['OK', ''])}\n" for number in rng.sample(numbers, 4))
        (tmp_path / "a.csv").write_text(f"Telephone;Identifiant;Réponse\n{lines}")
        store.load(tmp_path / "a.csv", as_of=day())

    def consent() -> None:
        given = {"consent": "named_caller", "consent_on": day(), "wording": "form", "proof": "page"}
        row = {"number": rng.choice(numbers)} | (given if rng.random() < 0.7 else {"consent_withdrawn_on": day()})
        record(store, "consents", [row], Rulebook.load())

    def called() -> None:
        row = {"number": rng.choice(numbers), "at": f"{day()}T11:00", "result": rng.choice(["refused", "objected"])}
        record(store, "calls", [row], Rulebook.load())

    changes = [
        lambda: store.object([rng.choice(numbers)], day()),
        lambda: store.object([rng.choice(numbers)], day(), lift=True, reason="asked"),
        lambda: store.forget(day()),
        lambda: store.forget_numbers([rng.choice(numbers)]),
        answer,
        consent,
        called,
    ]
    with Decider(store, **more) as decider:
        for _ in range(12):
            rng.choice(changes)()
            decider.refresh()
            with Decider(store, **more) as new:
                assert decider(batch).equals(new(batch))


def test_a_decider_can_be_pickled(screened, tmp_path):
    """The copy opens the store itself, and decides the same; it cannot where the store is gone."""
    with Decider(screened, columns=iter(["outcome", "why"]), **TOLD) as decider:
        sent = pickle.dumps(decider)
        with pickle.loads(sent) as copy:
            assert copy(SHOP).equals(decider(SHOP))
    lost = Store(tmp_path / "lost")
    shutil.copytree(screened.path, lost.path)
    with Decider(lost) as decider:
        sent = pickle.dumps(decider)
    shutil.rmtree(lost.path)
    with pytest.raises(StoreError):
        pickle.loads(sent)


@pytest.mark.parametrize("use", [lambda decider: decider(SHOP), lambda decider: decider.refresh()])
def test_a_closed_decider_says_that_it_is_closed(screened, use):
    """Closing it twice is no fault."""
    decider = Decider(screened, **TOLD)
    decider.close()
    decider.close()
    with pytest.raises(OptionError, match="this Decider is closed"):
        use(decider)


def test_a_check_can_be_pickled(screened):
    """With its rows and its law, of which a page can be made where it arrives."""
    made = check(SHOP, screened, **TOLD)
    sent = pickle.loads(pickle.dumps(made))
    assert (sent.counts, sent.verdicts.equals(made.verdicts)) == (made.counts, True)
    assert html(sent) == html(made)


@pytest.mark.parametrize("use", [lambda decider, _: decider(SHOP), lambda _, store: Decider(store, **TOLD)])
def test_a_decider_is_refused_in_a_forked_process(screened, use):
    """It would hang there, and so would a new one; the first one is left as it is."""
    with Decider(screened, **TOLD) as decider:
        expected = decider(SHOP)
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            try:
                use(decider, screened)
            except OptionError as error:
                os._exit(0 if "forked" in str(error) else 2)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert decider(SHOP).equals(expected)


def test_lists_of_dictionaries_and_lazy_frames_are_tables(screened):
    """As batches and as lists; a row that lacks a column has an empty cell, and mixed types are refused."""
    rows = SHOP.to_dicts()
    expected = check(SHOP, screened, **TOLD).verdicts
    for table in (rows, SHOP.lazy()):
        assert check(table, screened, **TOLD).verdicts.equals(expected)
        [decided] = decide(table, screened, **TOLD)
        assert decided["dnc_outcome"].equals(expected["dnc_outcome"])
    objected = [{"number": "0199000001"}, {"number": "0199000002", "objected_on": "2026-08-01"}]
    assert check(objected, screened, region="FR", given={"caller": "commercial"}).verdicts["dnc_outcome"].to_list() == [
        "undecided",
        "blocked",
    ]
    with pytest.raises(InputError, match="cast columns of mixed"):
        check([{"number": "0199000001"}, {"number": 199000002}], screened)


def test_a_brief_may_be_given_by_its_path(screened, write_file):
    """To every function that takes settings."""
    at = "2026-12-01T10:30"
    path = write_file("campaign.toml", 'region = "FR"\n[facts]\ncaller = "survey"\n')
    by_brief = check(SHOP, screened, brief=read_brief(path), at=at).verdicts
    for given in (path, str(path)):
        assert check(SHOP, screened, brief=given, at=at).verdicts.equals(by_brief)
        [decided] = decide(SHOP, screened, brief=given, at=at)
        assert decided["dnc_outcome"].equals(by_brief["dnc_outcome"])
    with pytest.raises(InputError, match="No such file"):
        check(SHOP, screened, brief="none.toml")


def test_a_batch_that_is_too_large_to_be_kept_is_read_again(store, write_file, monkeypatch):
    """It is looked at before it is decided, and is still whole then."""
    monkeypatch.setattr("dnc.lists.completion._MEMORY", 0)
    store.load(write_file("own.csv", "number\n+33199009999\n"), as_of=date(2026, 1, 1), registry="own")
    calls = pl.DataFrame({"number": ["+33199000001", "+33199000001"], "objected_on": ["2026-08-01", None]})
    with Decider(store, given=SALE, at="2026-11-20T10:30") as decider:
        assert decider(calls)["dnc_outcome"].to_list() == ["blocked", "blocked"]
