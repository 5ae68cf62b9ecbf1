"""Sealed results: their counts are right and about ten persons or more, and a sample is compared with them."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import Rulebook, Store
from dnc.errors import InputError
from dnc.lists.brief import Brief, read_brief
from dnc.lists.calls import Calls
from dnc.reports.vet_summary import VettingInWords
from dnc.store.audit_log import canonical
from dnc.verdicts.cases import Distinct, Facts
from dnc.verdicts.judge import Verdicts
from dnc.vetting.cells import FEW, LEVELS, Cells, between
from dnc.vetting.model import Vetting
from dnc.vetting.sealed import held_to, is_sealed, read_sealed, write_sealed
from dnc.vetting.vet import vet
from tests import offers, size, some

DAY = date(2026, 12, 1)
POINTS = [DAY, DAY + timedelta(weeks=1)]


# No class of fewer than ten persons


KIND = st.tuples(
    st.sampled_from(["clear", "clear", "clear", "blocked", "undecided"]),
    st.sampled_from(["a", "a;b"]),
    st.sampled_from(["landline", "landline", "mobile", None]),
    st.sampled_from(["FR", "FR", "FR", "GP", None]),
    st.sampled_from([None, 3, 40, 400]),  # days since the consent
    st.sampled_from([0, 7]),  # days that a clear row stays clear
    st.sampled_from([None, "named_caller", "partners", "none"]),  # the consent
    st.sampled_from(["", "one for all", "own {at}"]),  # its proof
    st.sampled_from(["", "form-1", "form-2", "seldom {at}"]),  # its wording
    st.sampled_from(["2026-09-01", "2026-09-01T02:00", "2026-09-01T12:{minute:02}"]),  # when it was given
)
# so many rows of a kind, their numbers counted up from one of a few, so that some stand in several rows; 0 is none
ROWS = st.lists(st.tuples(st.sampled_from([0, 1, 15, 30, 50]), st.integers(1, 30), KIND), min_size=1, max_size=12).map(
    lambda blocks: [(first and first + at, *kind) for first, many, kind in blocks for at in range(many)]
)


def text_of(number: int | None, line: str | None) -> str | None:
    """What a list has in place of a number; the same for many rows without one."""
    return str(number) if number else line


SAID = ("consent", "proof", "wording", "consent_on", "origin_ip")


def said_of(at: int, row: tuple) -> dict[str, str | None]:
    """What a row of the list says of a consent; some of these tests have rows that say nothing of it."""
    consent, *texts = row[7:] or (None, "", "", "")
    texts = [text.format(at=at, minute=at % 60) for text in texts]
    return dict(zip(SAID, (consent, *texts, "192.0.2.1" if row[4] == "GP" else ""), strict=True))


def words_of(rows: list[tuple]) -> list[dict[str, str]]:
    """What each row says of a consent in the words of cells; told again in plain Python."""
    given = [said_of(at, row) | {"person": text_of(row[0], row[3]) or ""} for at, row in enumerate(rows)]
    given = [one if one["consent"] in ("named_caller", "partners") else None for one in given]

    def persons_with(column: str, text: str) -> int:
        return len({one["person"] for one in given if one and one[column] == text})

    found = []
    for one, row in zip(given, rows, strict=True):
        if one is None:
            found.append(dict.fromkeys(("given", "proof", "wording", "ends", "signs"), ""))
            continue
        signs = {
            "proof": one["proof"] and persons_with("proof", one["proof"]) > 1,
            "origin": one["origin_ip"] and persons_with("origin_ip", one["origin_ip"]) >= FEW,
            "night": "T02" in one["consent_on"],
            "burst": "T" in one["consent_on"] and persons_with("consent_on", one["consent_on"]) >= FEW,
        }
        seldom = one["wording"] and persons_with("wording", one["wording"]) < FEW
        found.append(
            {
                "given": one["consent"],
                "proof": "with" if one["proof"] else "without",
                "wording": "…" if seldom else one["wording"],
                "ends": "31-60" if row[5] == 40 else "",
                "signs": ";".join(sign for sign, seen in signs.items() if seen),
            }
        )
    return found


@contextmanager
def counter(rows: list[tuple]) -> Iterator[Cells]:
    """Rows as a check would show them, in two batches, to a counter."""
    number, outcome, blocked_by, line, territory, age, days, *_ = map(list, zip(*rows, strict=True))
    said = pl.DataFrame([said_of(at, row) for at, row in enumerate(rows)], schema=dict.fromkeys(SAID, pl.String))
    plans = pl.DataFrame(
        {
            "day": [DAY] * len(rows),
            "line": pl.Series(line, dtype=pl.String),
            "consent_on": pl.Series([one and DAY - timedelta(one) for one in age], dtype=pl.Date),
            "territory": pl.Series(territory, dtype=pl.String),
            "unread": pl.Series([None if one else "empty" for one in number], dtype=pl.String),
            "consent": said["consent"],
            "consent_until": pl.Series([DAY + timedelta(one) if one == 40 else None for one in age], dtype=pl.Date),
        }
    )
    answer = pl.DataFrame({"fr_bloctel_as_of": [DAY - timedelta(5)]})
    numbers = pl.Series([one or None for one in number], dtype=pl.UInt64)
    texts = pl.Series([text_of(one, line[at]) for at, one in enumerate(number)], dtype=pl.String)
    until = [DAY + timedelta(n) if one == "clear" else None for one, n in zip(outcome, days, strict=True)]
    told = {"outcome": outcome, "blocked_by": blocked_by, "valid_until": pl.Series(until, dtype=pl.Date)}
    told |= {name: [name[0]] * len(rows) for name in ("undecided_by", "missing", "duties")}
    found = pl.DataFrame({f"dnc_{name}": value for name, value in told.items()})
    half = len(rows) // 2
    with Cells(Brief()) as cells:
        for part in (slice(0, half), slice(half, None)):
            at = pl.arange(0, len(rows[part]), dtype=pl.UInt32, eager=True)
            cases = pl.select(plan=at, answer=pl.lit(0, pl.UInt32), day=plans[part]["day"])
            facts = Facts(Distinct(partial(plans.__getitem__, part)), Distinct(lambda: answer), cases)
            calls = Calls(said[part], numbers[part], at, plans[part], text=texts[part])
            until = found[part]["dnc_valid_until"]
            next_at = pl.repeat("", at.len(), eager=True)
            cells.add(calls, Verdicts(calls.number, until, next_at, at, facts, at, found[part]))
        yield cells


def described(rows: list[tuple]) -> list[dict]:
    """What each row is in the words of cells, and whose it is; told again in plain Python."""
    told, words = [], words_of(rows)
    for at, (number, outcome, ids, line, where, age, days, *_) in enumerate(rows):
        told.append(
            words[at]
            | {
                "outcome": outcome,
                "blocked_by": ids if outcome == "blocked" else "",
                "undecided_by": "u" if outcome == "undecided" else "",
                "missing": "m" if outcome == "undecided" else "",
                "duties": "d" if outcome == "clear" else "",
                "line": (line or "unknown") if number else "",
                "territory": (where or "unknown") if number else "",
                "consent": {None: "", 3: "0-30", 40: "31-60", 400: "366-730"}[age],
                "answers": "fr-bloctel 0-30",
                "lasts": {0: 1, 7: 2}[days] if outcome == "clear" else 0,
                "person": text_of(number, line) or "",
                "unread": not number,
                "worst": (["blocked", "undecided", "clear"].index(outcome), days if outcome == "clear" else 0, at),
            }
        )
    worst: dict = {}
    for one in told:
        worst[one["person"]] = min(one["worst"], worst.get(one["person"], one["worst"]))
    return [one | {"repeat": not one["unread"] and worst[one["person"]] != one["worst"]} for one in told]


def apart(told: list[dict], cells: list[dict]) -> tuple[list[dict], list[dict]]:
    """The rows and cells without those about rows without a number, of which ten or more are a cell that says little."""
    unread = [one for one in told if one["unread"]]
    if len(unread) < FEW:
        return told, cells
    [cell] = [cell for cell in cells if cell["territory"] == ""]
    assert (cell["rows"], cell["consent"], cell["answers"], cell["loose"]) == (len(unread), None, None, [])
    for level in list(LEVELS)[: list(LEVELS).index("consent")]:
        words = {tuple(one[name] for name in LEVELS[level]) for one in unread}
        assert tuple(cell[name] for name in LEVELS[level]) in (
            words if len(words) == 1 else {(None,) * len(LEVELS[level])}
        )
    return [one for one in told if not one["unread"]], [one for one in cells if one is not cell]


def sorted_in(rows: list[dict], cells: list[dict], levels: list[str]) -> list[tuple[dict, list[dict]]]:
    """Who knows the rows sorts them into the cells, level by level, and checks the words on the way."""
    if not levels:
        [cell] = cells
        return [(cell, rows)]
    level, *deeper = levels
    parts, inside = defaultdict(list), defaultdict(list)
    for cell in cells:
        parts[tuple(cell[one] for one in LEVELS[level])].append(cell)
    for one in rows:
        words = tuple(one[name] for name in LEVELS[level])
        inside[words if words in parts else None].append(one)
    others = inside.pop(None, [])
    if nulls := [words for words in parts if words[0] is None]:
        [rest] = nulls
        assert persons(others) >= FEW
    elif others:  # they are in the part that has more rows than have its words
        assert len(others) < FEW
        [rest] = [words for words, part in parts.items() if sum(one["rows"] for one in part) != len(inside[words])]
        assert all(level in cell["loose"] for cell in parts[rest])
    if others:
        inside[rest] += others
    assert set(inside) == set(parts)
    return [found for key, there in inside.items() for found in sorted_in(there, parts[key], deeper)]


def persons(rows: list[dict]) -> int:
    """Distinct persons of some rows."""
    return len({one["person"] for one in rows})


def closed_or_refused(cells: Cells, told: list[dict]) -> pl.DataFrame | None:
    """The closed cells; None where they are refused, which only a list with repeated numbers can be."""
    try:
        return cells.closed(POINTS)
    except InputError:
        assert any(one["repeat"] or one["unread"] for one in told)
        return None


@settings(max_examples=size(8, 50), deadline=None)
@given(ROWS)
def test_no_class_tells_of_fewer_than_ten_persons(rows):
    """Checked against the rows: the cells are right, they partition the rows, and each has ten persons or more."""
    told = described(rows)
    with counter(rows) as cells:
        opened, closed = cells.open(POINTS), closed_or_refused(cells, told)
    for cell, inside in sorted_in(told, opened.to_dicts(), list(LEVELS)):
        assert cell["rows"] == len(inside)
    if closed is None:
        return
    if persons([one for one in told if not one["unread"]]) < FEW:
        assert closed.height == 0
        return
    assert closed["rows"].sum() == len(rows)
    found = sorted_in(*apart(told, closed.to_dicts()), list(LEVELS))
    for cell, inside in found:
        assert cell["rows"] == len(inside)
        assert persons(inside) >= FEW


@settings(max_examples=size(3, 20), deadline=None)
@given(ROWS)
def test_counts_of_a_sealed_result_hold_the_open_one_between_them(rows):
    """For any word, and any two words, the bounds of a sealed result enclose the exact count."""
    with counter(rows) as cells:
        opened, closed = cells.open(POINTS), closed_or_refused(cells, described(rows))
    if closed is None or not closed.height:
        return
    names = ("outcome", "line", "territory", "repeat", "lasts")
    words = [(name, word) for name in names for word in opened[name].unique()]
    for asked in [*((one,) for one in words), *combinations(words, 2)]:
        exact, same = between(opened, **dict(asked))
        low, high = between(closed, **dict(asked))
        assert exact == same
        assert low <= exact <= high, asked


@settings(max_examples=size(5, 20), deadline=None)
@given(ROWS)
def test_no_sum_or_difference_of_cells_tells_of_fewer_than_ten(rows):
    """Cells are disjoint, so a reader can compute their sums and complements: none is between 1 and 9."""
    with counter(rows) as cells:
        closed = closed_or_refused(cells, described(rows))
    if closed is None:
        return
    sizes = closed["rows"].to_list()[:10]
    sums = {sum(some) for many in range(len(sizes) + 1) for some in combinations(sizes, many)}
    assert not {*sums, *(sum(sizes) - one for one in sums)} & set(range(1, FEW))


def test_few_of_another_outcome_hide_in_the_smallest_of_the_others():
    """Nine blocked rows are merged into the clear ones, whose cell is then right for all rows but a few."""
    rows = [(at, "clear", "a", "landline", "FR", 3, 7) for at in range(1, 60)]
    rows += [(at, "blocked", "a", "landline", "FR", 3, 7) for at in range(100, 109)]
    with counter(rows) as cells:
        closed = cells.closed(POINTS)
    [cell] = closed.to_dicts()
    assert (cell["outcome"], "outcome" in cell["loose"], cell["rows"]) == ("clear", True, 68)
    assert between(closed, outcome="clear") == (59, 68)
    assert between(closed, outcome="blocked") == (0, 9)


def test_the_example_of_the_module_is_true():
    """The 40 rows of the example give the two cells and the bounds that the docstring shows."""
    groups = [("clear", "landline", 21), ("clear", "mobile", 4), ("blocked", "landline", 6)]
    groups += [("undecided", "landline", 6), ("undecided", "mobile", 3)]
    kinds = [(outcome, line) for outcome, line, many in groups for _ in range(many)]
    with counter([(at, outcome, "a", line, "FR", 3, 7) for at, (outcome, line) in enumerate(kinds, 1)]) as cells:
        closed = cells.closed(POINTS)
    assert closed.select("outcome", "line", "rows").sort("rows").rows() == [
        (None, "landline", 15),
        ("clear", "landline", 25),
    ]
    assert between(closed, outcome="clear") == (25, 40)
    assert between(closed, line="landline") == (22, 40)


def test_persons_are_counted_and_not_rows():
    """Thirty rows of nine persons are nine persons: they are no class, and too many rows to be hidden in another."""
    rows = [(1 + at % 9, "blocked", "a", "mobile", "FR", 3, 0) for at in range(30)]
    rows += [(at, "clear", "a", "landline", "FR", 3, 7) for at in range(100, 150)]
    with counter(rows) as cells, pytest.raises(InputError, match="remove the rows that repeat a number"):
        cells.closed(POINTS)
    with counter(rows[:9] + rows[30:]) as cells:
        closed = cells.closed(POINTS)
    assert (set(closed["outcome"]), closed["rows"].sum()) == ({"clear"}, 59)


def test_rows_without_a_number_do_not_make_a_class_of_persons():
    """They may all be one person's: from ten on it is told how many they are, and nothing of what else they say."""
    many = [(at, "clear", "a", "landline", "FR", 3, 7) for at in range(100, 150)]
    found = {}
    for count, kind in ((9, (None, 40)), (10, (None, 40)), (12, (None, None)), (12, (None, 400))):
        territory, age = kind
        unread = [(0, "undecided", "a", None, territory, age, 0)] * count
        with counter(many + unread) as cells:
            found[count, age] = cells.closed(POINTS)
    assert found[9, 40].select("outcome", "rows").rows() == [("clear", 59)]
    assert found[10, 40].select("outcome", "territory", "rows").rows() == [("undecided", "", 10), ("clear", "FR", 50)]
    assert found[12, None].equals(found[12, 400])


def test_an_honest_list_with_rows_without_a_number_is_sealed():
    """However few people differ from the others in something else."""
    rows = [(at, "clear", "a", "landline", "FR", 3, 7) for at in range(100, 150)]
    rows += [(at, "clear", "a", "mobile", "FR", 3, 7) for at in range(200, 205)]
    rows += [(0, "undecided", "a", None, None, None, 0)] * 25
    with counter(rows) as cells:
        closed = cells.closed(POINTS)
    assert closed.select("outcome", "line", "rows").rows() == [("undecided", "", 25), ("clear", "landline", 55)]
    assert between(closed, outcome="clear") == (46, 55)
    assert between(closed, line="landline") == (46, 55)


@settings(max_examples=size(4, 20), deadline=None)
@given(st.integers(10, 60), KIND, st.lists(KIND, min_size=1, max_size=9))
def test_fewer_than_ten_leave_no_trace(many, kind, few):
    """Nine persons who differ from the others in anything give the same cells as if they were like them."""
    found = []
    for kinds in ([kind] * (many + len(few)), [kind] * many + few):
        with counter([(at, *one) for at, one in enumerate(kinds, 1)]) as cells:
            found.append(cells.closed(POINTS))
    assert found[0].equals(found[1])


# A made list of many rows


@pytest.fixture(scope="module")
def long_list(tmp_path_factory):
    """A folder with a made list on offer and the brief of its buyer, and the rows."""
    folder = tmp_path_factory.mktemp("offer")
    made = offers.rows(1, size(20_000, 100_000))
    (folder / "list.csv").write_text(offers.as_csv(made))
    (folder / "buyer.toml").write_text(offers.BRIEF)
    return folder, made


def vetted(folder, name: str, **more) -> Vetting:
    """A file of the folder vetted for the use that is planned."""
    brief = read_brief(folder / "buyer.toml")
    use = {"at": "2026-12-01", "until": date(2027, 1, 15)}
    return vet(folder / name, Store(folder / "store"), brief=brief, **use | more)


@pytest.fixture(scope="module")
def opened(long_list):
    """The list vetted in the open."""
    return vetted(long_list[0], "list.csv")


@pytest.fixture(scope="module")
def claim(long_list):
    """The list vetted, sealed, handed over and read."""
    folder, _ = long_list
    (folder / "offer.json").write_text(write_sealed(vetted(folder, "list.csv", seal=True)), encoding="utf-8")
    return read_sealed(folder / "offer.json", Rulebook.load())


def test_a_sealed_result_gives_the_counts_of_the_open_one(long_list, opened, claim):
    """Shares of outcomes, callable numbers and the curve enclose those of the list itself, closely; so do the reasons."""
    rows = len(long_list[1])
    assert claim.offer.rows == rows
    assert all(share.rows > rows / 100 for share in claim.outcomes.values())
    shares = [
        (getattr(claim, name), getattr(opened, name)) for name in ("lasting", "callable", "repeated", "unreadable")
    ]
    shares += [(share, opened.outcomes[outcome]) for outcome, share in claim.outcomes.items()]
    shares += [(share, exact) for (_, share), (_, exact) in zip(claim.curve, opened.curve, strict=True)]
    for share, exact in shares:
        assert share.low <= exact.share <= share.high
        assert share.high - share.low < 1000 / rows
    for claimed, exact in zip([*claim.costs, *claim.wanted], [*opened.costs, *opened.wanted], strict=True):
        for name, value in asdict(exact).items():
            told = getattr(claimed, name)
            assert abs(told - value) < 2 * FEW if isinstance(value, int) else told == value
    assert claim.duties.keys() == opened.duties.keys()
    assert (claim.offer.first, claim.offer.until) == (opened.offer.first, opened.offer.until)
    assert (claim.offer.sha256, opened.offer.commitment) == (None, None)


def test_a_sealed_result_holds_no_other_counts_than_its_cells(long_list, claim):
    """Every count in the file is the rows of a cell, their points in time, or the rows of the list."""
    told = json.loads((long_list[0] / "offer.json").read_text(encoding="utf-8"))
    cells, offer = told.pop("cells"), told.pop("offer")
    assert told.keys() == {"dnc_sealed", "checksum"}
    assert offer.pop("rows") == sum(cell["rows"] for cell in cells) == len(long_list[1])
    assert offer.pop("check") >= 1
    assert not numbers(offer)
    for cell in cells:
        assert cell.pop("rows") >= FEW
        assert 0 <= cell.pop("lasts") <= len(claim.offer.points)
        assert not numbers(cell)


def numbers(value: object) -> list:
    """Every number in a JSON value."""
    if isinstance(value, dict):
        return numbers(list(value.values()))
    if isinstance(value, list):
        return [found for one in value for found in numbers(one)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


@pytest.mark.parametrize("seed", some(range(4), 1))
def test_a_sample_of_the_list_is_consistent(long_list, claim, seed):
    """Rows drawn from the list itself are consistent with the sealed result."""
    folder, made = long_list
    (folder / "sample.csv").write_text(offers.as_csv(random.Random(seed).sample(made, 400)))
    held = held_to(claim, vetted(folder, "sample.csv", sample_of=claim.offer.rows))
    assert held.agreement.consistent
    assert held.opens


@pytest.mark.parametrize("consenting", some([0.45, 0.75], 1))
def test_a_sample_of_another_list_is_found_out(long_list, claim, consenting):
    """Rows of a list with fewer or more consents are not consistent, and the difference is reported."""
    folder, _ = long_list
    (folder / "other.csv").write_text(offers.as_csv(offers.rows(2, 400, consenting)))
    held = held_to(claim, vetted(folder, "other.csv", sample_of=claim.offer.rows))
    assert not held.agreement.consistent
    assert not held.opens
    assert any(one.column == "undecided_by" and not one.holds for one in held.agreement.claims)


@pytest.mark.parametrize(("column", "says"), [("lasts", "lasting"), ("repeat", "repeated"), ("proof", "proof")])
def test_a_seller_who_makes_more_of_the_clear_rows_is_found_out(long_list, claim, column, says):
    """Some that are clear on the first day become clear for the whole period, rows that repeat a number become numbers.

    Consents get a proof. A sample is compared with what conditions and prices are about, and with what a list says of
    its consents; what it is not compared with is named.
    """
    folder, made = long_list
    content = json.loads((folder / "offer.json").read_text())
    better = {"lasts": len(content["offer"]["points"]), "repeat": False, "proof": "with"}[column]
    for cell in content["cells"]:
        if cell["outcome"] == "clear":
            cell[column] = better
    del content["checksum"]
    content["checksum"] = hashlib.sha256(canonical(content).encode()).hexdigest()
    (folder / "forged.json").write_text(json.dumps(content))
    forged = read_sealed(folder / "forged.json", Rulebook.load())
    assert forged.callable.low > claim.callable.high or forged.told["proof"].keys() != claim.told["proof"].keys()
    (folder / "sample.csv").write_text(offers.as_csv(random.Random(5).sample(made, len(made) // 5)))
    sample = vetted(folder, "sample.csv", sample_of=forged.offer.rows)
    held = held_to(forged, sample)
    assert ({claim.column for claim in held.agreement.claims if not claim.holds}, held.opens) == ({says}, False)
    assert held_to(claim, sample).opens
    assert "The sample is not compared with: " in "\n".join(VettingInWords(held).summary())


# The command line, and files that are not what they should be


@pytest.fixture(scope="module")
def sealed_300(tmp_path_factory):
    """The rows of a small list, and its sealed result."""
    folder, made = tmp_path_factory.mktemp("small"), offers.rows(3, 300)
    (folder / "list.csv").write_text(offers.as_csv(made))
    (folder / "buyer.toml").write_text(offers.BRIEF)
    return made, write_sealed(vetted(folder, "list.csv", seal=True))


@pytest.fixture
def handed(sealed_300, write_file):
    """A small list, the use planned for it, the sealed result, and the rows."""
    made, sealed = sealed_300
    path, brief = write_file("list.csv", offers.as_csv(made)), write_file("buyer.toml", offers.BRIEF)
    return path, ("--brief", brief, *offers.USE), write_file("offer.json", sealed), made


def test_a_buyer_reads_holds_and_gates_a_sealed_result(dnc, handed, write_file):
    """From the sealed result to the sample, with the exit codes of the gate."""
    _, use, sealed, made = handed
    page = sealed.with_name("offer.html")
    code, out, _ = dnc("vet", "--sealed", sealed, "--price", 100, "--min-clear", 0.9, "--out", page)
    assert (code, "Sealed by dnc" in out, "Not to be bought on these terms: " in out) == (1, True, True)
    assert "no class has fewer than ten people" in page.read_text(encoding="utf-8")
    sample = write_file("sample.csv", offers.as_csv(random.Random(5).sample(made, 60)))
    code, out, _ = dnc("vet", sample, "--against", sealed, *use)
    assert (code, "The sample is consistent" in out) == (0, True)
    assert dnc("vet", sample, "--against", sealed, *use, "--max-undecided", 0.01)[0] == 1
    other = write_file("other.csv", offers.as_csv(offers.rows(4, 60, 0.1)))
    code, out, _ = dnc("vet", other, "--against", sealed, *use)
    assert (code, "NOT consistent" in out) == (1, True)


def test_a_sample_vetted_for_another_use_is_refused(dnc, handed, write_file):
    """A sealed result is about one use: a sample with another period, other facts or more rows is refused."""
    path, use, sealed, made = handed
    sample = write_file("sample.csv", offers.as_csv(made[:50]))
    code, _, err = dnc("vet", sample, "--against", sealed, *use[:-1], "2027-02-01")
    assert (code, "until differ" in err) == (2, True)
    code, _, err = dnc("vet", sample, "--against", sealed, *use, "--set", "sector=finance")
    assert (code, "declared differ" in err) == (2, True)
    longer = write_file("longer.csv", offers.as_csv(made + made))
    assert dnc("vet", longer, "--against", sealed, *use)[0] == 2
    assert dnc("vet", path, "--seal", "--against", sealed, *use)[0] == 2
    assert dnc("vet", sample, "--against", sealed, "--against", sealed, *use)[0] == 2


def test_a_claim_that_rests_on_an_answer_asks_for_one(dnc, screened, write_file):
    """If the sealed result used a registry, the buyer has to load its answer about the sample first."""
    made = offers.rows(3, 40)
    path, brief = write_file("list.csv", offers.as_csv(made)), write_file("buyer.toml", offers.BRIEF)
    _, out, _ = dnc("vet", path, "--brief", brief, *offers.USE, "--seal")
    sealed, sample = write_file("offer.json", out), write_file("sample.csv", offers.as_csv(made[:10]))
    code, _, err = dnc("vet", sample, "--against", sealed, "--brief", brief, *offers.USE, "--store", "empty")
    assert (code, "the sealed result relies on fr-bloctel" in err) == (2, True)


def test_lists_and_sealed_results_are_told_apart_by_their_content(handed, write_file):
    """The content of a file given with --against decides what it is, not its name or suffix."""
    path, _, sealed, _ = handed
    assert is_sealed(sealed)
    assert is_sealed(write_file("offer.csv", sealed.read_bytes()))
    assert not is_sealed(path)
    assert not is_sealed(write_file("list.json", '{"number": "0199000501"}\n'))
    assert not is_sealed(write_file("list.jsonl", '{"number": "0199000501"}\n{"number": "0199000502"}\n'))


def resealed(told: dict) -> str:
    """A sealed result that somebody changed and gave a new checksum."""
    del told["checksum"]
    return json.dumps(told | {"checksum": hashlib.sha256(canonical(told).encode()).hexdigest()})


@pytest.mark.parametrize(
    ("path", "to", "says"),
    [
        (("dnc_sealed",), 1, "has format 1"),
        (("cells", 0, "rows"), 9, "fewer than 10"),
        (("cells", 0, "rows"), 5000, "do not add up"),
        (("cells", 0, "rows"), "12", "cells.rows"),
        (("cells", 0, "rows"), True, "cells.rows"),
        (("cells", 0, "outcome"), "permitted", "cells.outcome"),
        (("cells", 0, "undecided_by"), "xx-none", "undecided_by has a name that is in no rule"),
        (("cells", 0, "missing"), "password", "missing has a name that is in no rule"),
        (("cells", 0, "line"), "\x1b[2J", "cells.line"),
        (("cells", 0, "consent"), "7", "cells.consent"),
        (("cells", 0, "answers"), "fr-bloctel often", "cells.answers"),
        (("cells", 0, "lasts"), 99, "longer than the curve"),
        (("cells", 0, "most"), ["outcome"], "cells has missing or unknown parts"),
        (("offer", "points"), [f"{DAY + timedelta(days)}" for days in range(100_000)], "offer.points"),
        (("cells",), [{}] * 100_000, "cells"),
        (("cells", 0, "blocked_by"), "a" * 20_000, "cells.blocked_by"),
        (("offer", "file"), "a" * 20_000, "offer.file"),
        (("offer", "rules"), ["0" * 64] * 2000, "offer.rules"),
        (("offer", "trade", "blocked_by"), {f"r{at}": None for at in range(2000)}, "offer.trade.blocked_by"),
        (("offer", "trade", "outcome"), "clear", "offer.trade.outcome"),
        (("offer", "sha256"), "0" * 64, "offer has missing or unknown parts"),
        (("offer", "snapshots"), [{"registry": "x", "as_of": "2026-11-01", "sha256": "0" * 64}], "offer.snapshots"),
        (("signature",), {"key": "0"}, "signature"),
        (("cells", 0, "name"), "x", "cells has missing or unknown parts"),
        (("cells",), None, "cells"),
        (("offer", "file"), "\x1b]0;x\x07", "offer.file"),
        (("offer", "rules"), [], "decided by other rules"),
        (("offer", "first"), "tomorrow", "offer.first"),
        (("offer", "first"), "2026-12-02", "its curve"),
        (("offer", "points"), [], "offer.points"),
        (("offer", "price"), 5, "offer has missing or unknown parts"),
        (("offer", "rows"), "300", "offer.rows"),
        (("offer", "snapshots"), [1], "offer.snapshots"),
        (("offer", "trade", "outcome"), "fine", "offer.trade.outcome"),
        (("offer", "trade", "blocked_by"), ["x"], "offer.trade.blocked_by"),
        (("offer", "told"), {}, "offer.told has missing or unknown parts"),
        (("offer", "told", "declared"), {"caller": ["x"]}, "offer.told.declared"),
        (("offer", "told", "guidance"), "maybe", "offer.told.guidance"),
        (("offer", "told", "declared"), {"\x1b[2J": "x"}, "offer.told.declared"),
        (("offer", "told", "declared"), {"caller": "x\ny"}, "offer.told.declared"),
        (("offer", "trade", "rows"), {"clear": 4}, "offer.trade.rows"),
        (("offer", "until"), "2027-1-15", "offer.until"),
        (("offer", "rows"), 300.0, "offer.rows"),
        (("offer", "rows"), 10**40, "offer.rows"),
        (("cells", 0, "lasts"), -1, "cells.lasts"),
        (("cells", 0, "lasts"), 2**30, "longer than the curve"),
        (("cells", 0, "outcome"), "clear\n", "cells.outcome"),
        (("cells",), [], "cells"),
        (("more",), {}, "the file has missing or unknown parts"),
        (("dnc_sealed",), True, "has format"),
        (("dnc_sealed",), "\x1b[2J", "has format unknown"),
    ],
)
def test_a_sealed_result_that_this_program_would_not_write_is_refused(dnc, handed, write_file, path, to, says):
    """A changed file is refused in one line, even if its checksum was recomputed."""
    told = json.loads(handed[2].read_text())
    *way, last = path
    part = told
    for key in way:
        part = part[key]
    part[last] = to
    code, out, err = dnc("vet", "--sealed", write_file("changed.json", resealed(told)))
    assert (code, out, err.count("\n"), says in err) == (4, "", 1, True), err


def test_a_cut_or_changed_file_is_refused_by_its_checksum(dnc, handed, write_file):
    """A count changed by hand, a cut file, a list, and broken text are refused."""
    path, _, sealed, _ = handed
    text = sealed.read_text()
    assert "checksum" in dnc("vet", "--sealed", write_file("a.json", text.replace('"landline"', '"mobile"')))[2]
    assert dnc("vet", "--sealed", write_file("b.json", text[:-40]))[0] == 4
    assert "is not a sealed result" in dnc("vet", "--sealed", path)[2]
    assert dnc("vet", "--sealed", "nowhere.json")[0] == 4
    half = text.replace('"fr"', '"\\ud800"').replace('"file": "', '"file": "\\ud800')
    assert "is not a sealed result" in dnc("vet", "--sealed", write_file("c.json", half))[2]


def test_a_list_of_few_persons_is_not_sealed(dnc, write_file):
    """A list of nine persons is not sealed, however many rows it has."""
    few = "number\n" + "".join(f"01 99 00 00 0{at % 9}\n" for at in range(40))
    code, out, err = dnc("vet", write_file("few.csv", few), "--region", "FR", "--seal")
    assert (code, out, "fewer than ten people" in err) == (4, "", True)
