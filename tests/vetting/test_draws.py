"""Draws of an offer: what was not proved counts against the list, and the bound is right."""

from __future__ import annotations

import csv
import json
import random
import shutil
from pathlib import Path

import pytest

from dnc.cli import help as cli_help
from dnc.cli.main import main
from dnc.vetting.sample_bounds import chance_of, least_of_population
from tests.offers import BRIEF

ROWS = 40
HEADER = "reference;number;recipient;consent;consent_on;consent_for;source;wording"
AT = ("--at", "2026-12-01")


def offered(rows: int = ROWS) -> str:
    """A list on offer, of which every row says that the person consented."""
    lines = [
        f"R{n};01 99 00 {n // 100:02d} {n % 100:02d};consumer;named_caller;2026-09-01;live;opt_in_form;form-1"
        for n in range(1, rows + 1)
    ]
    return "\n".join([HEADER, *lines]) + "\n"


def form(name: str) -> list[dict[str, str]]:
    """The rows of the table of a draw."""
    return list(csv.DictReader(Path(name).read_text(encoding="utf-8").splitlines()))


DRAW = ("vet", "offer.csv", "--brief", "buyer.toml", "--draw", "20", "--out")


@pytest.fixture(scope="module")
def offer(tmp_path_factory):
    """A folder with a list on offer and the buyer's brief."""
    folder = tmp_path_factory.mktemp("offer")
    (folder / "offer.csv").write_text(offered(), encoding="utf-8")
    brief = 'ignore = ["wording"]\n' + BRIEF + '[columns]\ncall = "reference"\n'
    (folder / "buyer.toml").write_text(brief, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def drawn(offer, tmp_path_factory):
    """The same after a draw, with its table."""
    folder = tmp_path_factory.mktemp("drawn")
    shutil.copytree(offer, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit, match="0"):
        patch.chdir(folder)
        patch.delenv("DNC_STORE", raising=False)
        patch.setitem(cli_help._language, "typed", "")  # and as it was before, afterwards
        main([*DRAW, "draw.csv"])
    return folder


@pytest.fixture
def draw(dnc, drawn, tmp_path):
    """A function that gives the drawn rows of a list on offer, which is there."""

    def run() -> list[dict[str, str]]:
        shutil.copytree(drawn, tmp_path, dirs_exist_ok=True)
        return form("draw.csv")

    return run


@pytest.fixture
def answer(dnc, write_file):
    """A function that returns answers to a draw and gives what they prove; a change of a cell may depend on its row."""

    def run(drawn: list[dict[str, str]], *options: object, **cells: str) -> dict:
        proof = {"consent_on": "2026-09-01", "wording": "form-1", "proof": "scan", "confirmed_on": "2026-09-02"}
        answered = [row | proof | (cells if at == 0 else {}) for at, row in enumerate(drawn)]
        lines = [",".join(row.values()) for row in answered]
        write_file("answers.csv", "\n".join([",".join(drawn[0]), *lines]) + "\n")
        return json.loads(vetted(dnc, *options, "--json")[1])

    return run


def vetted(dnc, *options: object) -> tuple[int, str, str]:
    """The list on offer, vetted with the answers to its draw."""
    return dnc("vet", "offer.csv", "--brief", "buyer.toml", *AT, "--proofs", "answers.csv", *options)


@pytest.mark.parametrize("many", [60, 200])
def test_the_bound_is_wrong_in_one_draw_of_twenty_at_most(many):
    """A seller invented 40 % of the proofs of 100,000 rows: more is called proved in at most 5 % of 1,000 draws."""
    rows, true = 100_000, 60_000
    least = [least_of_population(hits, many, rows) for hits in range(many + 1)]
    chance = random.Random(7)
    drawn = [chance.sample(range(1, rows + 1), many) for _ in range(1000)]
    wrong = sum(least[sum(row <= true for row in one)] > true for one in drawn)
    first = next(hits for hits in range(many + 1) if least[hits] > true)
    assert wrong <= 50 and chance_of(first, many, true, rows) <= 0.05


def test_a_draw_is_random_and_leaves_no_trace(draw, dnc):
    """Each row at most once, others in the next draw; no store is made."""
    first = [row["row"] for row in draw()]
    assert dnc(*DRAW, "other.csv")[0] == 0
    assert len(set(first)) == 20 and {*first} <= {str(at) for at in range(1, ROWS + 1)}
    assert first != [row["row"] for row in form("other.csv")]
    assert not Path("dnc-store").exists()


def test_a_drawn_row_has_what_the_seller_needs_to_find_the_person(draw):
    """The row of the list, the seller's own id, the number, and how many rows were drawn; the rest is to be filled in."""
    for row in draw():
        n = int(row["row"])
        assert (row["call"], row["number"]) == (f"R{n}", f"+3319900{n:04d}")
        assert row["drawn"] == "20"
        assert not any(value for name, value in row.items() if name not in ("row", "drawn", "call", "number"))


def test_each_number_of_a_row_is_drawn_by_itself(dnc, write_file):
    """As a vetting counts them; the ids of the row go with each."""
    write_file("offer.csv", "reference;person;phone;mobile\nR1;A;01 99 00 00 01;06 39 98 00 01\nR2;;01 99 00 00 02;\n")
    write_file("buyer.toml", BRIEF + '[columns]\ncall = "reference"\nnumber = ["phone", "mobile"]\n')
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", "--draw", 3, "--out", "draw.csv")[0] == 0
    drawn = [[row[name] for name in ("row", "call", "person", "number")] for row in form("draw.csv")]
    assert drawn == [
        ["1", "R1", "A", "+33199000001"],
        ["2", "R1", "A", "+33639980001"],
        ["3", "R2", "", "+33199000002"],
    ]
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", "--proofs", "draw.csv", *AT)[0] == 0


def test_proofs_that_hold_are_counted_and_bounded(draw, answer):
    """20 of 20 hold: what is proved of 40 rows at least is exact."""
    proved = answer(draw())["proved"]
    assert (proved["proved"], proved["size"], proved["rows"], proved["missed"]) == (20, 20, ROWS, {})
    assert proved["share"] == least_of_population(20, 20, ROWS) / ROWS


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"proof": ""}, "proof"),
        ({"number": "01 99 00 99 99"}, "number"),
        ({"number": "unknown"}, "number"),
        ({"consent_on": "2026-09-03"}, "consent_on"),
        ({"consent_on": ""}, "consent_on"),
        ({"wording": "form-2"}, "wording"),
        ({"wording": ""}, "wording"),
        ({"consent_withdrawn_on": "2026-10-01"}, "withdrawn"),
        ({"confirmed_on": ""}, "confirmed_on"),
        ({"confirmed_on": "no"}, "confirmed_on"),
        ({"row": "1000"}, "proof"),
        ({"row": ""}, "proof"),
    ],
)
def test_a_proof_holds_if_all_of_it_agrees_with_the_list(draw, answer, cells, why):
    """One answer is wrong in one way; without an answer to a row there is no proof."""
    assert answer(draw(), **cells)["proved"]["missed"] == {why: 1}


def test_a_row_that_is_answered_twice_is_proved_by_neither_if_one_is_wrong(draw, answer):
    """A second answer does not mend the first."""
    drawn = draw()
    assert answer([drawn[0], *drawn], number="01 99 00 99 99")["proved"]["missed"] == {"number": 1}


def test_no_answer_counts_as_not_proved(draw, answer):
    """A seller who answers for half of the rows proved half of them."""
    proved = answer(draw()[:10])["proved"]
    assert (proved["proved"], proved["missed"]) == (10, {"proof": 10})


@pytest.mark.parametrize("drawn_cell", ["19", "41", "0", "some"])
def test_answers_that_are_not_of_one_draw_are_refused(draw, answer, dnc, write_file, drawn_cell):
    """More rows than were drawn, more than the list has, and tables of two draws."""
    rows = draw()
    answer(rows)
    text = Path("answers.csv").read_text(encoding="utf-8")
    write_file("answers.csv", text.replace(",20,", f",{drawn_cell},"))
    code, out, err = vetted(dnc)
    assert (code, out) == (4, "") and "answers.csv: is not the table of one draw" in err
    write_file("answers.csv", text.replace(",20,", ",30,", 1))
    assert vetted(dnc)[0] == 4


def test_a_condition_on_what_is_proved_decides_the_exit_code(draw, answer, dnc):
    """The bound counts, not the share of the sample; without proofs there is nothing to compare."""
    drawn = draw()
    bound = answer(drawn[:18])["proved"]["share"]
    assert [vetted(dnc, "--require", f"proved>={asked}")[0] for asked in (bound, bound + 0.01)] == [0, 1]
    assert bound < 18 / 20
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", *AT, "--require", "proved>=0.5")[0] == 2


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "With 95% certainty at least 77% of the list is proved."),
        ("fr", "est prouvé. Preuves valables : 18 sur 20"),
    ],
)
def test_text_and_page_say_what_is_proved(draw, answer, dnc, language, says):
    """In both languages; the reasons too, and no number."""
    drawn = draw()
    answer(drawn[:18])
    _, out, _ = vetted(dnc, "--lang", language, "--out", "page.html")
    for text in (out, Path("page.html").read_text(encoding="utf-8")):
        plain = text.replace("\u202f", " ").replace("\u00a0", " ")
        assert says in plain and {"en": "no proof", "fr": "pas de preuve"}[language] in plain
        assert not any(row["number"] in plain for row in drawn)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--draw", 41, "--out", "draw.csv"), 2),
        (("--draw", 10), 2),
        (("--draw", 10, "--out", "offer.csv"), 2),
        (("--draw", 10, "--out", "draw.html"), 2),
        (("--draw", 10, "--out", "draw.csv", *AT), 2),
        (("--draw", 10, "--out", "draw.csv", "--require", "proved>=0.9"), 2),
        (("--draw", 10, "--out", "draw.csv", "--proofs", "offer.csv"), 2),
        (("--draw", 10, "--out", "draw.csv", "--json"), 2),
        (("--proofs", "offer.csv", "--sample-of", 1000, *AT), 2),
    ],
)
def test_options_that_do_not_go_together_are_refused(draw, dnc, options, code):
    """Nothing seems to be proved that is not."""
    draw()
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", *options)[0] == code
    assert not Path("dnc-store").exists() and Path("offer.csv").read_text(encoding="utf-8") == offered()
