"""A list on offer vetted for a planned use: what it comes to, what it lacks, what it costs, whether the gate opens."""

from __future__ import annotations

import json
import re
from datetime import date
from html import unescape

import polars as pl
import pytest

from dnc import Store, check
from dnc.lists.brief import Brief, read_brief
from dnc.messages import messages
from dnc.reports.vet_summary import VettingInWords, price
from dnc.vetting.model import Asked, Price
from dnc.vetting.vet import vet
from tests import some
from tests.conftest import SAMPLES

BRIEF = """\
region = "FR"
[facts]
caller = "commercial"
voice = "human"
dialler = "manual"
cli = "01 99 00 90 00"
sector = "general"
recipient = "consumer"
source = "purchased"
relationship = "none"
habit = "habitual"
attempts = "0"
objected_on = "none"
"""
# of two numbers consent runs out in December and in the summer after, one number stands twice, one cannot be read
LIST = """\
number,consent,consent_on,consent_for
01 99 00 05 01,named_caller,2025-12-10,live
01 99 00 05 02,named_caller,2026-08-20,live
01 99 00 05 02,named_caller,2026-08-20,live
01 99 00 05 03,none,,
01 99 00 05 04,,,
06 39 98 05 05,,,
twelve,none,,
+594 594 00 00 07,named_caller,2026-08-20,live
"""
AT = ["--at", "2026-12-01"]
# all their digits: fewer could stand in a checksum by chance
NUMBERS = re.compile(r"1 ?99 ?00 ?05 ?0[1-4]|6 ?39 ?98 ?05 ?05|594 ?594 ?00 ?00 ?07")


@pytest.fixture
def offer(write_file):
    """A list on offer, and the brief of a buyer."""
    return write_file("offer.csv", LIST), "--brief", write_file("buyer.toml", BRIEF), *AT


@pytest.fixture(scope="module")
def printed() -> dict[tuple, str]:
    """What was printed of the list on offer for some options: the list is always the same."""
    return {}


@pytest.fixture
def vetted(dnc, offer, printed):
    """A function that vets the list on offer with more options, once for all tests: its figures as data."""

    def run(*more: object) -> dict:
        if more not in printed:
            printed[more] = dnc("vet", *offer, "--json", *more)[1]
        return json.loads(printed[more])

    return run


def rows(shares: dict) -> dict[str, int]:
    """Rows by outcome."""
    return {outcome: share["rows"] for outcome, share in shares.items()}


def test_outcomes_are_those_of_a_check(vetted, store, write_file):
    """A list is decided by the same engine as planned calls."""
    brief = read_brief(write_file("buyer.toml", BRIEF))
    checked = check(write_file("offer.csv", LIST), store, brief=brief, at="2026-12-01")
    assert rows(vetted()["outcomes"]) == checked.counts == {"clear": 4, "blocked": 1, "undecided": 3}


def test_a_number_that_stands_twice_is_bought_once(vetted):
    """Each callable number is counted once; repeated and unreadable numbers are reported."""
    told = vetted()
    assert (told["repeated"]["rows"], told["unreadable"]["rows"]) == (1, 1)
    assert told["callable"]["rows"] == 3


def test_a_number_with_a_text_that_says_not_to_call_is_readable(write_file, store):
    """What is missing is whether the person objected."""
    told = vet(write_file("noted.csv", "number\n0199000501 ne plus appeler\n"), store, region="FR", at="2026-12-01")
    assert (told.outcomes["undecided"].rows, told.unreadable.rows) == (1, 0)
    assert [wanted.word for wanted in told.wanted] == ["objected_on"]


def test_a_number_counts_in_its_worst_row(write_file, store):
    """A number that is clear in one row and blocked in another is not callable."""
    rows = "".join(f"0199000501,named_caller,2026-08-20,live,{cli}\n" for cli in ("", "withheld"))
    both = f"number,consent,consent_on,consent_for,cli\n{rows}"
    brief = read_brief(write_file("buyer.toml", BRIEF))
    told = vet(write_file("both.csv", both), store, brief=brief, at="2026-12-01")
    assert (told.outcomes["clear"].rows, told.outcomes["blocked"].rows) == (1, 1)
    assert (told.callable.rows, told.repeated.rows) == (0, 1)


def test_a_row_is_clear_for_the_period_if_it_is_from_its_first_day_to_its_last(vetted):
    """A consent that expires during the period does not make a row clear for the whole period."""
    told = vetted("--until", "2026-12-31")
    assert (told["outcomes"]["clear"]["rows"], told["lasting"]["rows"], told["callable"]["rows"]) == (4, 3, 2)
    assert vetted("--until", "2026-12-09")["lasting"]["rows"] == 4


def test_the_clear_share_falls_as_consents_age(vetted):
    """The curve has a point each week from the first day to the end of the period, and falls when a consent expires."""
    curve = {day: share["rows"] for day, share in vetted("--until", "2026-12-18")["curve"]}
    assert curve == {"2026-12-01": 4, "2026-12-08": 4, "2026-12-15": 3, "2026-12-18": 3}
    assert len(vetted()["curve"]) == 13


def test_costs_tell_what_a_regime_blocks_alone(dnc, write_file):
    """Rows that one regime blocks alone are counted apart from rows that other regimes block too."""
    calls = "number,consent,sector,objected_on\n0199000501,none,general,none\n0199000502,none,general,2026-10-01\n"
    path, brief = write_file("list.csv", calls), write_file("buyer.toml", BRIEF)
    _, out, _ = dnc("vet", path, "--brief", brief, *AT, "--json")
    costs = {one["regime"]: (one["alone"], one["shared"]) for one in json.loads(out)["costs"]}
    assert costs == {"fr-optin-2026": (1, 1), "eu-gdpr-objection": (0, 1), "own-objection": (0, 1)}


def test_what_is_lacking_is_asked_of_who_has_it(vetted, write_file, dnc):
    """The seller has to prove consents; the buyer knows how often a person was called; each names its law."""
    told = vetted()
    wanted = {one["word"]: (one["rows"], one["kind"], one["by"]) for one in told["wanted"]}
    assert wanted["consent"] == (2, "proof", "seller")
    assert wanted["consent_on"] == (2, "date", "seller")
    assert wanted["number"] == (1, "field", "seller")
    [consent] = [one for one in told["wanted"] if one["word"] == "consent"]
    assert consent["regimes"] == ["fr-optin-2026"]
    assert told["regimes"]["fr-optin-2026"]["cites"][0]["url"].startswith("https://www.legifrance.gouv.fr/")
    assert "365 days" in consent["asks"][0]
    path, brief = write_file("offer.csv", LIST), write_file("bare.toml", 'region = "FR"\n')
    bare = json.loads(dnc("vet", path, "--brief", brief, *AT, "--json")[1])
    by = {one["word"]: one["by"] for one in bare["wanted"]}
    assert (by["caller"], by["attempts"], by["registry:own"], by["recipient"]) == ("buyer", "buyer", "buyer", "seller")


def test_lists_that_are_held_already_lower_what_is_bought(vetted, write_file):
    """Numbers that the buyer already holds, however they are written, are not bought again."""
    held = write_file("mine.csv", "number\n+33 1 99 00 05 02\n0199000599\n")
    told = vetted("--against", held)
    assert told["offer"]["held"] == {"mine.csv": 1}
    assert (told["outcomes"]["clear"]["rows"], told["callable"]["rows"]) == (4, 2)


def test_lines_and_territories_are_told(vetted):
    """The kind of line and the territory come from the numbering plan."""
    told = vetted()
    assert told["territories"] == {"FR": 6, "GF": 1}
    assert sum(told["lines"].values()) == 7


def test_ages_of_answers_and_consents_are_told_in_bands(screened, write_file):
    """The age of each registry's answer and of each consent on the day of the call."""
    brief = read_brief(write_file("buyer.toml", BRIEF))
    told = vet(SAMPLES / "shop.csv", screened, brief=brief, at="2026-08-10")
    assert told.answers["fr-bloctel"] == {"0-30": 3}
    assert told.consents == {"0-30": 1}


def test_what_is_seen_at_consents_is_shown_and_not_judged(dnc, write_file):
    """By proof, wording, recipient and end; a proof for several numbers, one address for many, nights and bursts."""
    lines = ["number,consent,consent_on,consent_for,consent_until,wording,proof,origin_ip"]
    for n in range(12):
        told = ["form-1", "cert-1" if n < 3 else f"cert-{n}", "192.0.2.7"] if n < 10 else ["form-9", "", ""]
        at = f"2026-09-01T{'02:30' if n < 10 else '11:00'}"
        lines.append(",".join([f"01 99 00 05 {n:02}", "named_caller", at, "live", "2027-01-01" if n else "", *told]))
    lines += ["01 99 00 05 20,partners,2026-09-01,live,,,,", "01 99 00 05 21,none,,,,form-1,cert-1,192.0.2.7"]
    brief = write_file("buyer.toml", 'ignore = ["wording", "proof", "origin_ip"]\n' + BRIEF)
    vetted = ("vet", write_file("offer.csv", "\n".join(lines)), "--brief", brief, *AT)
    found = json.loads(dnc(*vetted, "--json")[1])
    assert found["told"] == {
        "given": {"named_caller": 12, "partners": 1},
        "proof": {"with": 10, "without": 3},
        "wording": {"form-1": 10, "…": 2},
        "ends": {"31-60": 11},
        "signs": {"burst": 10, "night": 10, "origin": 10, "proof": 3},
    }
    assert rows(found["outcomes"])["clear"] == 12
    for language, said in {
        "en": "the same proof for several numbers 3",
        "fr": "même preuve pour plusieurs numéros 3",
    }.items():
        page = write_file("page.html", "")
        out = dnc(*vetted, "--lang", language, "--out", page)[1]
        assert said in out and said in unescape(page.read_text(encoding="utf-8"))


def test_an_amount_has_the_currency_that_was_said(dnc, offer):
    """The price, what a number costs, and a condition; none is guessed, and what is no code is refused."""
    priced = ("--price", 6, "--require", "price<=1")
    out = dnc("vet", *offer, "--price", "6 CHF", *priced[2:])[1].replace("\xa0", " ")
    assert "2.00 CHF for each number" in out and "at most 1.00 CHF" in out and "6.00 CHF for the list" in out
    assert not re.search("[A-Z]{3}", "".join(dnc("vet", *offer, *priced)[1].splitlines()[:3]))
    assert dnc("vet", *offer, "--price", "6 €")[0] == dnc("vet", *offer, "--price", "CHF")[0] == 2


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_letter_asks_the_seller_for_what_is_missing(dnc, offer, tmp_path, language):
    """Each thing with its rows, then questions with room for an answer; no number, and nothing of our conditions."""
    options = ("--price", 987654, "--require", "clear>=0.123", "--lang", language)
    dnc("vet", *offer, *options, "--letter", "letter.html")
    text = unescape((tmp_path / "letter.html").read_text(encoding="utf-8").partition("</style>")[2])
    questions = messages("seller", language)["questions"]
    assert all(f"{n}. {asked}" in text for n, asked in enumerate(questions, 1))
    assert text.count("contenteditable") == len(questions) + 6, "the addresses, the day, a place to sign for each"
    table = text.partition("<table")[2].partition("</table>")[0]
    assert table.count("?") == table.count("<tr>") - 1, "each row of what is missing asks a question"
    assert "<td>2</td>" in text and not re.search(r"987|12[.,]3|99\W?00", text)


def test_the_price_is_that_of_a_callable_number(vetted):
    """The price of the whole list over the numbers that may be called, each once."""
    told = {"asked": 6.0, "per_clear": 2.0, "low": 2.0, "high": 2.0, "currency": None}
    assert vetted("--price", 6)["price"] == told
    none = vetted("--price", 6, "--set", "consent=none", "--until", "2027-12-31")["price"]
    assert none == told | dict.fromkeys(("per_clear", "low", "high"))
    for bounds, said in {
        (2.0, 2.0, 2.0): "6.00 for the list, divided by 3 numbers that can be called: 2.00 each",
        (
            0.015,
            0.0125,
            None,
        ): "6.00 for the list, divided by 3 numbers that can be called: 0.0150 (0.0125 to no limit) each",
        (None, 1.5, None): "6.00 for the list, divided by the numbers that can be called: 1.50 or more each",
        (None, None, None): "6.00 for the list, in which no number can be called",
    }.items():
        assert price(Price(6.0, *bounds), "3", "en") == said


def test_rows_and_numbers_are_told_apart(dnc, write_file):
    """A buyer pays for rows; of a row with two numbers each is counted."""
    path = write_file("offer.csv", "fixe,mobile\n0199000501,0639980001\n0199000502,\n")
    _, out, _ = dnc("vet", path, "--region", "FR", "--map", "number=fixe", "--map", "number=mobile")
    assert "The list has 2 rows with 3 numbers; each number counts as a row here" in out


@pytest.mark.parametrize(
    ("conditions", "code"),
    some([
        ([], 0),
        (["--require", "clear>=0.5"], 0),
        (["--require", "clear>=0.51"], 1),
        (["--require", "clear>=0.5", "--until", "2026-12-31"], 1),
        (["--require", "undecided<=0.375"], 0),
        (["--require", "undecided<=0.37"], 1),
        (["--price", 6, "--require", "price<=2"], 0),
        (["--price", 6, "--require", "price<=1.99"], 1),
        (["--price", 6, "--require", "price<=5", "--until", "2027-12-31"], 1),
        (["--require", "clear>=0.1", "--require", "undecided<=0.1"], 1),
        (["--require", "price<=2"], 2),
        (["--require", "clear>=60"], 2),
        (["--until", "2026-11-30"], 2),
        (["--sample-of", 3], 2),
        (["--at", "someday"], 2),
        (["--until", "2046-12-31"], 2),
        (["--against", "missing.csv"], 4),
    ], 5),
)  # fmt: skip
def test_the_gate_alone_decides_the_exit_code(dnc, offer, conditions, code):
    """0 if all conditions hold, else 1, whatever the outcomes of rows; 2 and 4 as for all verbs."""
    assert dnc("vet", *offer, *conditions)[0] == code


def test_a_sample_is_held_to_its_bounds(vetted, dnc, offer):
    """For a sample, conditions use the unfavourable bound; a sample of all rows gives exact figures."""
    told = vetted("--sample-of", 1000)
    clear = told["outcomes"]["clear"]
    assert clear["share"] == 0.5
    assert clear["low"] < 0.2 < 0.8 < clear["high"]
    assert vetted("--sample-of", 8)["outcomes"]["clear"]["low"] == 0.5
    assert dnc("vet", *offer, "--require", "clear>=0.5", "--sample-of", 1000)[0] == 1
    price = vetted("--sample-of", 1000, "--price", 1000)["price"]
    assert price["low"] < price["per_clear"] < price["high"]


def test_more_confidence_means_wider_bounds(offer, screened):
    """A higher confidence gives wider bounds."""
    path, _, brief, _, at, *_ = offer
    told = {"brief": brief, "at": at, "sample_of": 1000}
    shy, bold = (vet(path, screened, **told, confidence=one).outcomes["clear"].low for one in (0.99, 0.8))
    assert shy < bold


def test_a_file_with_one_listed_consumer_may_not_be_traded(screened, write_file):
    """Until 10 August 2026 one number on Bloctel forbids selling the file; from the next day Bloctel does not matter."""
    brief = read_brief(write_file("buyer.toml", BRIEF))
    before = vet(SAMPLES / "shop.csv", screened, brief=brief, at="2026-08-10").offer.trade
    assert (before.outcome, before.blocked_by) == ("blocked", {"fr-bloctel-list-trade": 1})
    after = vet(SAMPLES / "shop.csv", screened, brief=brief, at="2026-08-11").offer.trade
    assert (after.outcome, set(after.undecided_by)) == ("undecided", {"eu-gdpr-objection"})
    assert after.missing == {"registry:own": 4}


def test_the_seller_is_judged_by_what_the_list_is_and_not_by_the_calls(store, write_file):
    """A list from the electoral roll may not be sold, another may; opt-outs received by the buyer play no part."""
    brief = read_brief(write_file("buyer.toml", BRIEF))
    calls = "number,objected_on\n0199000501,2026-01-01\n"
    roll = vet(
        write_file("roll.csv", calls), store, brief=brief.but(facts={"source": "electoral_roll"}), at="2026-12-01"
    )
    assert (roll.offer.trade.outcome, set(roll.offer.trade.blocked_by)) == ("blocked", {"fr-electoral-roll-2019"})
    store.object(["+33199000501"], date(2026, 1, 1))
    again = vet(write_file("list.csv", calls), store, brief=brief, at="2026-12-01")
    assert again.outcomes["blocked"].rows == 1
    assert again.offer.trade.outcome == "undecided"


def test_stdout_is_the_result_and_stderr_narration(dnc, offer, write_file):
    """With --json, stdout is one JSON document and warnings go to stderr; neither has a telephone number."""
    path, *_ = offer
    code, out, err = dnc("vet", path, "--region", "FR", "--json")
    assert code == 0
    assert "The list has no dates" in err
    assert json.loads(out)["opens"] is True
    for text in (out, err, dnc("vet", *offer)[1]):
        assert not NUMBERS.search(text)


def test_the_summary_speaks_french(dnc, offer):
    """The French summary has all parts: outcomes, what the seller should supply, the sale itself, price, conditions."""
    _, out, _ = dnc("vet", *offer, "--lang", "fr", "--price", 6, "--require", "clear>=0.3", "--until", "2026-12-31")
    for said in (
        "possibles pendant toute la période",
        "le vendeur devrait fournir",
        "La cession du fichier",
        "Conditions remplies",
    ):
        assert said in out


@pytest.mark.parametrize(("language", "says"), [("en", "from Monday to Friday"), ("fr", "du lundi au vendredi")])
def test_the_hours_of_an_offer_are_in_the_language_of_its_page(screened, language, says):
    """The desk shows it in the language of who looks at it, not in that of its check."""
    told = vet(SAMPLES / "shop.csv", screened, brief=Brief(region="FR"), at="2026-08-10")
    [when] = [block for block in VettingInWords(told, language).decision().blocks if block.key == "when"]
    assert any(says in line.text for line in when.lines)
    assert sum(line.rows or 0 for line in when.lines) == told.outcomes["clear"].rows


def test_an_objection_is_among_the_reasons_of_an_offer(store):
    """However many other reasons have more rows."""
    facts = {"caller": "commercial", "voice": "human", "dialler": "manual", "cli": "withheld", "sector": "general"}
    facts |= {"source": "purchased", "recipient": "consumer", "consent": "none", "relationship": "none"}
    facts |= {"habit": "habitual", "attempts": "9"}
    rows = [{"number": f"+331990005{at:02}", "objected_on": "2026-10-01" if at == 9 else "none"} for at in range(10)]
    told = vet(pl.DataFrame(rows), store, given=facts, region="FR", at="2026-12-01T22:30")
    [why] = [block for block in VettingInWords(told, "en").decision().blocks if block.key == "why"]
    assert [line.rows for line in why.lines] == [10, 10, 10, 1, 10]
    assert "Opt-out from this caller's calls" in why.lines[3].text


@pytest.mark.parametrize(("until", "refused"), [("2026-12-31", False), ("2027-10-01", True)])
def test_an_offer_of_which_nothing_lasts_is_refused_for_that(dnc, offer, until, refused):
    """Every consent ends before the last of the planned days: it is said, since calls are possible on the first."""
    out = dnc("vet", *offer, "--until", until)[1]
    assert ("Do not buy: no number can be called on all planned days." in out) is refused


def test_an_offer_that_only_its_day_forbids_is_to_be_assessed_for_another(dnc, offer):
    """On a Sunday nobody may be called, which is no reason against the list."""
    out = dnc("vet", *offer[:-2], "--at", "2026-10-11T11:00")[1]
    assert "Assess the offer for another day: on 2026-10-11" in out and "Do not buy" not in out


def test_a_list_without_rows_meets_conditions_on_shares(store, write_file):
    """No row is against a share; no price of a number is low enough, and a sample without rows shows nothing."""
    empty, asked = write_file("none.csv", "number\n"), Asked(min_clear=0.9, max_undecided=0, price=5)
    told = vet(empty, store, brief=Brief(region="FR"), asked=asked)
    assert [one.holds for one in told.gate] == [True, True]
    assert (told.offer.rows, told.opens, told.price.per_clear) == (0, True, None)
    assert not vet(empty, store, brief=Brief(region="FR"), asked=Asked(price=5, max_price=9)).opens
    sample = vet(empty, store, brief=Brief(region="FR"), asked=asked, sample_of=10)
    assert [one.holds for one in sample.gate] == [False, False]


@pytest.mark.parametrize("verb", ["vet", "check"])
def test_a_list_without_rows_is_said_to_have_none(dnc, write_file, verb):
    """With conditions and without: exit code 0, and the sentence says that there are no rows."""
    empty = write_file("none.csv", "number\n")
    for conditions in ([], ["--require", "clear>=0.9", "--require", "blocked<=0"]):
        code, out, err = dnc(verb, empty, "--region", "FR", *conditions)
        said = out if verb == "vet" else err
        assert code == 0
        assert "The list contains no calls." in said and "None of 0" not in said
        assert ("– possible on all planned days, at least 90.0% asked" in said) is bool(conditions)


def test_calls_of_several_days_are_vetted_without_any_registry(tmp_path, write_file):
    """A list whose rows have different days is vetted, with an empty store."""
    days = [f"01 99 00 05 {row:02},2026-12-{row + 1:02}\n" for row in range(20)]
    path = write_file("days.csv", "number,call_at\n" + "".join(days))
    told = vet(path, Store(tmp_path / "none"), brief=Brief(region="FR"))
    assert (told.offer.rows, told.outcomes["undecided"].rows) == (20, 20)


def test_a_list_is_vetted_without_a_trace_of_its_numbers(dnc, offer, tmp_path):
    """The log keeps the counts of what was vetted, and not its checksum."""
    told = json.loads(dnc("vet", *offer, "--json")[1])
    log = Store(tmp_path / "dnc-store").log()
    assert (log["verb"][-1], told["offer"]["sha256"] in log["detail"][-1]) == ("check", False)
    assert not NUMBERS.search(log["detail"][-1])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_tells_all_and_shows_no_number(dnc, offer, tmp_path, language):
    """The report has all sections in both languages, citations, two charts, and no telephone number."""
    out = tmp_path / "offer.html"
    more = ["--until", "2026-12-31", "--price", 6, "--require", "clear>=0.9", "--lang", language, "--out", out]
    assert dnc("vet", *offer, *more)[0] == 1
    page = out.read_text(encoding="utf-8")
    v = messages("vet", language)
    for told in (v["title"].format(name="offer.csv"), v["lasting"], v["wanted_of"]["seller"], v["trade_head"]):
        assert told in unescape(page)
    assert v["offer"]["shut"].partition("{")[0] in unescape(page)
    assert "https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000051830285/2026-08-11" in page
    assert (page.count('role="img"'), page.count("<h2")) == (1, 10)
    assert not NUMBERS.search(page)
    assert "<script" not in page


def test_names_from_a_file_cannot_become_part_of_the_page(dnc, write_file, tmp_path):
    """The name of a list and declared facts appear in the report as text, not as markup."""
    path = write_file("<b>list.csv", "number\n0199000501\n")
    dnc("vet", path, "--region", "FR", "--set", "campaign=<i>", "--out", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "&lt;b&gt;list.csv" in page and "&lt;i&gt;" in page
    assert "<b>" not in page and "<i>" not in page


def test_only_a_page_is_written(dnc, offer):
    """--out accepts only a report (.html); rows are written by check."""
    assert dnc("vet", *offer, "--out", "offer.xlsx")[0] == 2
