"""Draws of an offer: nobody can choose the rows, what was not proved counts against the list, the bound is right."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from dnc.cli import help as cli_help
from dnc.cli.main import main
from dnc.vetting.draws import drawn_rows
from dnc.vetting.sample_bounds import chance_of, least_of_population
from tests import size
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
    """The same after a draw, with its table and the store that has it in its log."""
    folder = tmp_path_factory.mktemp("drawn")
    shutil.copytree(offer, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit, match="0"):
        patch.chdir(folder)
        patch.delenv("DNC_STORE", raising=False)
        patch.setitem(cli_help._language, "typed", "")  # and as it was before, afterwards
        main([*DRAW, "draw.csv"])
    return folder


@pytest.fixture
def draw(dnc, offer, drawn, tmp_path):
    """A function that draws from a list on offer, which is there, and gives the drawn rows."""
    shutil.copytree(offer, tmp_path, dirs_exist_ok=True)

    def run(name: str = "draw.csv") -> list[dict[str, str]]:
        if name == "draw.csv":
            shutil.copytree(drawn, tmp_path, dirs_exist_ok=True)
        else:
            assert dnc(*DRAW, name)[0] == 0
        return form(name)

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
    proofs = ("--drawn", "draw.csv", "--proofs", "answers.csv")
    return dnc("vet", "offer.csv", "--brief", "buyer.toml", *AT, *proofs, *options)


@pytest.mark.parametrize("many", [60, 200])
def test_the_bound_is_wrong_in_one_draw_of_twenty_at_most(many):
    """A seller invented 40 % of the proofs of 100,000 rows: more is called proved in at most 5 % of 1,000 draws."""
    rows, true = 100_000, 60_000
    least = [least_of_population(hits, many, rows) for hits in range(many + 1)]
    drawn = [drawn_rows(f"seed {number}", many, rows) for number in range(1000)]
    wrong = sum(least[sum(row <= true for row in one)] > true for one in drawn)
    first = next(hits for hits in range(many + 1) if least[hits] > true)
    assert wrong <= 50 and chance_of(first, many, true, rows) <= 0.05


def test_every_row_is_drawn_as_often_as_any_other():
    """Over many draws of 5 of 20 rows, each row is in a quarter of them."""
    draws = size(400, 4000)
    counts = dict.fromkeys(range(1, 21), 0)
    for seed in range(draws):
        drawn = drawn_rows(str(seed), 5, 20)
        assert len(set(drawn)) == 5
        for row in drawn:
            counts[row] += 1
    assert all(abs(n - draws / 4) < 6 * (draws * 3 / 16) ** 0.5 for n in counts.values())


def test_the_list_is_committed_to_before_there_is_a_seed(draw, dnc):
    """First the log gets hash, size and method, then the seed, from which the same rows follow."""
    drawn = draw()
    first, second = dnc_log(dnc)
    assert (first["verb"], second["verb"]) == ("draw", "drawn")
    assert (first["rows"], first["size"], first["method"], first["input"]) == (ROWS, 20, "sha256 1", "offer.csv")
    assert "seed" not in first and second["draw"] == 1
    assert [int(row["row"]) for row in drawn] == drawn_rows(second["seed"], 20, ROWS)


def dnc_log(dnc) -> list[dict]:
    """The rows of the log: verb and details."""
    rows = csv.DictReader(dnc("log")[1].splitlines())
    return [{"verb": row["verb"]} | json.loads(row["detail"]) for row in rows]


def test_a_drawn_row_has_what_the_seller_needs_to_find_the_person(draw):
    """The row of the list, the seller's own id, the number; the rest is to be filled in."""
    for row in draw():
        n = int(row["row"])
        assert (row["call"], row["number"]) == (f"R{n}", f"+3319900{n:04d}")
        assert not any(value for name, value in row.items() if name not in ("row", "call", "number"))


def test_each_number_of_a_row_is_drawn_by_itself(dnc, write_file):
    """As a vetting counts them; the ids of the row go with each. Read from other columns, it is another list."""
    write_file("offer.csv", "reference;person;phone;mobile\nR1;A;01 99 00 00 01;06 39 98 00 01\nR2;;01 99 00 00 02;\n")
    write_file("buyer.toml", BRIEF + '[columns]\ncall = "reference"\nnumber = ["phone", "mobile"]\n')
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", "--draw", 3, "--out", "draw.csv")[0] == 0
    drawn = [list(row.values())[:4] for row in form("draw.csv")]
    assert drawn == [
        ["1", "R1", "A", "+33199000001"],
        ["2", "R1", "A", "+33639980001"],
        ["3", "R2", "", "+33199000002"],
    ]
    proofs = ("--drawn", "draw.csv", "--proofs", "draw.csv", *AT)
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", *proofs)[0] == 0
    code, _, err = dnc(
        "vet", "offer.csv", "--brief", "buyer.toml", "--map", "number=phone", "--ignore", "mobile", *proofs
    )
    assert code == 4 and "is not the list of draw 1" in err


def test_the_log_tells_nothing_by_which_a_list_or_a_number_could_be_found(draw, answer, dnc):
    """The hashes in the log are keyed, and no row of it has a number."""
    drawn = draw()
    proved = answer(drawn)
    out = dnc("log")[1]
    assert proved["offer"]["sha256"] not in out
    assert not any(row["number"].removeprefix("+") in out for row in drawn)


def test_proofs_that_hold_are_counted_and_bounded(draw, answer):
    """20 of 20 hold: what is proved of 40 rows at least is exact, and the log has it."""
    proved = answer(draw())["proved"]
    assert (proved["proved"], proved["size"], proved["rows"], proved["missed"]) == (20, 20, ROWS, {})
    assert proved["share"] == least_of_population(20, 20, ROWS) / ROWS


def test_a_number_that_is_proved_costs_at_most_its_part_of_the_price(draw, answer, dnc, write_file):
    """Only numbers that can be called count, each once, and none that the buyer has: here those of five drawn rows."""
    drawn = draw()
    text = offered().splitlines()
    for row in drawn[5:]:
        text[int(row["row"])] = text[int(row["row"])].replace("named_caller", "none")
    write_file("offer.csv", "\n".join(text) + "\n")
    _, out, _ = dnc("vet", "offer.csv", "--brief", "buyer.toml", "--draw", ROWS, "--out", "draw.csv")
    held = write_file("held.csv", f"number\n{drawn[0]['number']}\n")
    found = answer(form("draw.csv"), "--price", 42, "--currency", "EUR", "--against", held)
    usable = ROWS - 15 - 1
    assert (found["proved"]["usable"], found["proved"]["least_usable"]) == (usable, usable), "all rows were drawn"
    assert found["price"]["per_proved"] == 42 / usable
    out = vetted(dnc, "--price", 42, "--currency", "EUR", "--against", held)[1].replace("\xa0", " ")
    assert f"at least {usable} numbers can be called and are proved; 1.75 EUR each at most." in out


@pytest.mark.parametrize(
    ("cells", "options", "why"),
    [
        ({"proof": ""}, (), "proof"),
        ({"number": "01 99 00 99 99"}, (), "number"),
        ({"number": "unknown"}, (), "number"),
        ({"consent_on": "2026-09-03"}, (), "consent_on"),
        ({"consent_on": ""}, (), "consent_on"),
        ({"wording": "form-2"}, (), "wording"),
        ({"wording": ""}, (), "wording"),
        ({"consent_withdrawn_on": "2026-10-01"}, (), "withdrawn"),
        ({"recipients": "Lune; Mars"}, ("--our-name", "Soleil"), "recipients"),
        ({"recipients": "Lune; SOLEIL"}, ("--our-name", "Soleil"), None),
        ({"recipients": "Lune; Mars"}, (), None),
        ({"confirmed_on": ""}, (), "confirmed_on"),
        ({"confirmed_on": "no"}, (), "confirmed_on"),
        ({"row": "1000"}, (), "proof"),
        ({"row": ""}, (), "proof"),
    ],
)
def test_a_proof_holds_if_all_of_it_agrees_with_the_list(draw, answer, cells, options, why):
    """One answer is wrong in one way; without an answer to a row there is no proof."""
    assert answer(draw(), *options, **cells)["proved"]["missed"] == ({why: 1} if why else {})


def test_a_row_that_is_answered_twice_is_proved_by_neither_if_one_is_wrong(draw, answer):
    """A second answer does not mend the first."""
    drawn = draw()
    assert answer([drawn[0], *drawn], number="01 99 00 99 99")["proved"]["missed"] == {"number": 1}


def test_no_answer_counts_as_not_proved(draw, answer):
    """A seller who answers for half of the rows proved half of them."""
    proved = answer(draw()[:10])["proved"]
    assert (proved["proved"], proved["missed"]) == (10, {"proof": 10})


def test_a_list_that_was_changed_after_the_draw_is_noticed(draw, answer, dnc, write_file):
    """One cell of a row that was not even drawn."""
    drawn = draw()
    answer(drawn)
    write_file("offer.csv", offered().replace(";opt_in_form;", ";opt_in_form ;", 1))
    code, out, err = vetted(dnc)
    assert (code, out) == (4, "") and "offer.csv: is not the list of draw 1" in err


def test_a_draw_that_was_changed_is_noticed(draw, answer, dnc, write_file):
    """Another row in place of one that was drawn."""
    drawn = draw()
    answer(drawn)
    text = Path("draw.csv").read_text(encoding="utf-8")
    write_file("draw.csv", text.replace(f"\n{drawn[0]['row']},", "\n41,", 1))
    code, out, err = vetted(dnc)
    assert (code, out) == (4, "") and "draw.csv: is not the table of a draw" in err


def test_other_draws_of_the_list_are_shown_with_each(draw, answer, dnc, write_file):
    """Whoever draws until the result pleases is seen, also once the key of the first draw was deleted."""
    draw("first.csv")
    write_file("other.csv", offered(30))
    dnc("vet", "other.csv", "--brief", "buyer.toml", "--draw", 5, "--out", "other-draw.csv")
    _, out, _ = dnc("vet", "offer.csv", "--brief", "buyer.toml", "--draw", 20, "--out", "draw.csv")
    assert "Other draws" in out and out.strip().endswith(": 1")
    assert answer(form("draw.csv"))["proved"]["others"] == [1]
    assert "\nOther draws" in vetted(dnc)[1]
    dnc("forget", "--number", "+33199000001")
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", "--draw", 20, "--out", "draw.csv")[1].endswith(
        ": 1, 3, 5\n"
    )


def test_a_condition_on_what_is_proved_decides_the_exit_code(draw, answer, dnc):
    """The bound counts, not the share of the sample; without proofs there is nothing to compare."""
    drawn = draw()
    bound = answer(drawn[:18])["proved"]["share"]
    assert [vetted(dnc, "--min-proved", asked)[0] for asked in (bound, bound + 0.01)] == [0, 1]
    assert bound < 18 / 20
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", *AT, "--min-proved", 0.5)[0] == 2


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


def test_a_plan_says_what_a_draw_can_show_and_leaves_no_trace(draw, dnc):
    """How many proofs have to hold, and how often a better list has as many; nothing is drawn."""
    plan = ("vet", "offer.csv", "--brief", "buyer.toml", "--draw", 20, "--plan")
    can_show = json.loads(dnc(*plan, "--min-proved", 0.8, "--json")[1])
    assert least_of_population(can_show["needed"], 20, ROWS) / ROWS >= 0.8
    assert least_of_population(can_show["needed"] - 1, 20, ROWS) / ROWS < 0.8
    assert "Proofs that have to hold to show at least 80.0%" in dnc(*plan, "--min-proved", 0.8)[1]
    assert "No draw of this size can show 100.0%" in dnc(*plan, "--min-proved", 1)[1]
    assert not Path("dnc-store").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--draw", 41, "--out", "draw.csv"), 2),
        (("--draw", 10), 2),
        (("--draw", 10, "--out", "offer.csv"), 2),
        (("--draw", 10, "--out", "draw.html"), 2),
        (("--draw", 10, "--out", "draw.csv", *AT), 2),
        (("--draw", 10, "--out", "draw.csv", "--min-proved", 0.9), 2),
        (("--plan",), 2),
        (("--drawn", "offer.csv"), 2),
        (("--our-name", "Soleil"), 2),
        (("--drawn", "offer.csv", "--proofs", "offer.csv", "--seal", *AT), 2),
        (("--drawn", "offer.csv", "--proofs", "offer.csv", "--sample-of", 1000, *AT), 2),
    ],
)
def test_options_that_do_not_go_together_are_refused(draw, dnc, options, code):
    """Nothing seems to be proved that is not, and no draw is announced that is not made."""
    assert dnc("vet", "offer.csv", "--brief", "buyer.toml", *options)[0] == code
    assert not Path("dnc-store").exists() and Path("offer.csv").read_text(encoding="utf-8") == offered()
