"""What one row tells against calling a number counts for all rows of that number."""

from __future__ import annotations

import itertools
import random
from datetime import date

import polars as pl
import pytest

from dnc import Decider, InputError, Store, check, vet
from dnc.lists import completion
from dnc.lists.brief import Brief
from dnc.lists.texts import TextMeanings
from tests import SALE, size, some
from tests.cli.test_shortage import dnc_in

CHARITY = {"caller": "charity", "voice": "human", "dialler": "manual", "recipient": "consumer", "source": "donors"}
A, B = "01 99 00 04 18", "+33 1 99 00 04 19"
PROVEN = "number,consent,day,for,wording,proof\n{},named_caller,{},live,form-7,page-12.pdf\n"  # a file of consents


@pytest.fixture
def outcomes(store, write_file, monkeypatch):
    """A function that gives the outcome of each row of a list, and the check."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")

    def decide(text: str, given: dict[str, str], at: str = "2026-11-26", **told):
        result = check(write_file("calls.csv", text), store, region="FR", at=at, given=given, **told)
        return result.verdicts["dnc_outcome"].to_list(), result

    return decide


@pytest.mark.parametrize("day", some(["2026-05-01", "2062-01-01", "yes", "32/13"], 2))
def test_an_objection_counts_for_every_row_of_its_number(outcomes, day):
    """However the number is written, above and below, against a row that says that there was none."""
    rows = ["0199000418,none", f"{B},none", f"+33199000418,{day}", "(0)1.99.00.04.18,no", "0033199000418,"]
    for order in (rows, rows[::-1]):
        found, result = outcomes("number,objected_on\n" + "\n".join(order) + "\n", CHARITY)
        assert found == ["clear" if row.startswith(B) else "blocked" for row in order]
        assert result.elsewhere == 3
    on = " on 2026-05-01" if day == "2026-05-01" else ""
    assert f" What was said: objected{on} in row 3." in result.verdicts["dnc_why"][0]
    assert "What was said" not in result.verdicts["dnc_why"][2]


def test_a_row_is_called_by_its_own_id(outcomes):
    """The row that tells it is named by the user's id where it has one, in the language of the check."""
    text = f"ref,number,objected_on\nK-7,{A},2026-05-01\n,{B},2026-05-01\nK-9,{A},none\nK-10,{B},none\n"
    _, result = outcomes(text, CHARITY, brief=Brief(columns={"call": "ref"}), language="fr")
    assert [why.partition(" Ce qui a été dit")[2] for why in result.verdicts["dnc_why"]][2:] == [
        "\N{NO-BREAK SPACE}: opposition le 01/05/2026, ligne K-7.",
        "\N{NO-BREAK SPACE}: opposition le 01/05/2026, ligne 2.",
    ]


def test_a_person_of_many_numbers_is_decided_in_bounded_memory(tmp_path, write_file):
    """What counts is found once for all rows of a filler id; laid beside each, they would be 28 million."""
    numbers = [f"+{block}{at:04}" for block in ("3319900", "3326191") for at in range(10_000)]
    days = [f"2026-{1 + at % 9:02}-{1 + at % 28:02}" if at % 14 == 0 else "" for at in range(len(numbers))]
    rows = [f"P,{number},{day}" for number, day in zip(numbers, days, strict=True)]
    path = write_file("calls.csv", "\n".join(["person,number,objected_on", *rows]) + "\n")
    given = [f"--set={name}={fact}" for name, fact in CHARITY.items()]
    words = ("check", path, "--store", tmp_path / "s", "--at", "2026-11-26", *given, "--out", tmp_path / "out.csv")
    code, lines = dnc_in(*words, limit=("RLIMIT_AS", 4000 << 20), POLARS_MAX_THREADS="2")
    assert code == 1, lines
    assert pl.read_csv(tmp_path / "out.csv")["dnc_outcome"].to_list() == ["blocked"] * len(numbers)


# What rows of the list say, what the consent does, and the outcome with a proven one in a file of consents.
WITHDRAWN = [
    ([",,2026-05-01"], "named_caller,2026-04-01,", "blocked"),
    ([",,2026-05-01"], "named_caller,2026-05-01,", "blocked"),
    ([",,2026-05-01"], "named_caller,2026-08-01,", "clear"),  # given anew after the withdrawal
    ([",,2026-05-01"], "named_caller,2026-08-01,none", "clear"),
    ([",,2026-05-01", ",,2026-09-01"], "named_caller,2026-08-01,", "blocked"),
    (["named_caller,2026-04-01,2026-05-01"], "named_caller,2026-04-01,", "blocked"),
    ([",,2026-05-01"], "named_caller,2026-08-01,2026-08-02", "blocked"),
    ([",,yes"], "named_caller,2026-08-01,", "blocked"),
    ([",,2062-01-01"], "named_caller,2026-08-01,", "blocked"),
    ([",,1900-01-01"], "named_caller,2026-08-01,", "blocked"),
    ([",,none", ",,n/a", "named_caller,2026-04-01,0"], "named_caller,2026-08-01,", "clear"),
    ([",,2026-07-31T23:00Z"], "named_caller,2026-08-01,", "blocked"),  # an hour after midnight in Paris
    ([",,2026-07-31T21:00Z"], "named_caller,2026-08-01,", "clear"),
    ([",,2026-08-01"], "named_caller,2026-08-01T22:30+00:00,", "clear"),
    (["none,2026-05-01,"], "named_caller,2026-04-01,", "blocked"),  # to have given none is the newest word
    (["none,2026-03-01,"], "named_caller,2026-04-01,", "clear"),
]


def test_a_withdrawal_counts_but_for_a_proven_consent_that_was_given_later(outcomes, write_file):
    """One in a file of consents can have a proof; one in the list has none, and revives nothing."""
    head, numbers = "number,consent,consent_on,consent_withdrawn_on,consent_for", range(199000500, 199000600)
    told = [
        (number, [f"0{number},{row},live" for row in others], f"0{number},{mine},live", expected)
        for number, (others, mine, expected) in zip(numbers, WITHDRAWN, strict=False)
    ]
    proven = [f"{mine},form-7,{number}.pdf" for number, _, mine, _ in told]
    consents = write_file("consents.csv", "\n".join([f"{head},wording,proof", *proven, ""]))
    for order in (1, -1):
        rows = [row for number, others, _, _ in told for row in [*others, f"0{number},,,,"][::order]]
        found, _ = outcomes("\n".join([head, *rows, ""]), SALE, consents=consents)
        decided = dict(zip(rows, found, strict=True))
        assert [decided[f"0{number},,,,"] for number, *_ in told] == [expected for *_, expected in told]
        rows = [row for _, others, mine, _ in told for row in [*others, mine][::order]]
        found, _ = outcomes("\n".join([head, *rows, ""]), SALE)
        decided = dict(zip(rows, found, strict=True))
        for _, others, mine, expected in told:
            withdrawn = any(row.split(",")[3] not in ("", "none", "n/a", "0") for row in others)
            assert decided[mine] == ("blocked" if withdrawn else expected)


@pytest.mark.parametrize(("second", "outcome"), [("2026-11-01", "blocked"), ("2026-09-01", "clear")])
def test_two_withdrawals_in_one_row_both_count_for_the_others(outcomes, write_file, second, outcome):
    """A proven consent between them is withdrawn by the second; one that was told twice is one withdrawal."""
    head = "number,consent,consent_on,consent_for,consent_withdrawn_on,note,noted\n"
    rows = f"{A},named_caller,2026-08-01,live,2026-09-01,R,{second}\n{A},,,,,,\n"
    brief = Brief(ignore=["noted"], texts={"note": TextMeanings({"r": "withdrawn"}, on="noted")})
    again = write_file("again.csv", PROVEN.format(A, "2026-10-05"))
    assert outcomes(head + rows, SALE, brief=brief, consents=again)[0] == [outcome, outcome]


@pytest.mark.parametrize(
    "rows",
    [
        f"{A},2026-10-01,\n{A},2026-11-20,\n",
        f"{A},2026-10-01,2026-11-20\n{A},,\n",
        f"{A},,2026-10-01\n{A},2026-11-20,\n",
    ],
)
def test_a_refusal_after_the_call_hides_none_before_it(outcomes, rows):
    """A past call is judged by the refusals before it, in whatever rows and columns they are."""
    refused = dict.fromkeys(("2026-10-01", "2026-11-20"), "refused")
    brief = Brief(texts={"noted": TextMeanings(refused, on="noted")})
    given = SALE | {"consent": "named_caller", "consent_on": "2026-08-20", "consent_for": "live"}
    found, _ = outcomes("number,refused_on,noted\n" + rows, given, at="2026-10-12", brief=brief)
    assert found == ["undecided", "undecided"]


def test_a_declared_day_makes_no_consent_newer(outcomes):
    """A consent that is declared for all rows is none that a person gave after a withdrawal."""
    declared = SALE | {"consent": "named_caller", "consent_on": "2026-11-20", "consent_for": "live"}
    text = f"number,consent_withdrawn_on\n{A},\n{A},2026-05-01\n{B},\n"
    assert outcomes(text, declared)[0] == ["blocked", "blocked", "clear"]
    # … and a declared objection is one of every row that does not speak of it, and so of the persons in it.
    text = f"number,objected_on\n{A},\n{A},none\n{B},none\n"
    found, result = outcomes(text, CHARITY | {"objected_on": "2026-05-01"})
    assert found == ["blocked", "blocked", "clear"]
    assert result.elsewhere == 1


def test_beside_a_file_of_consents(outcomes, write_file):
    """A withdrawal in another row and a proven consent in the file: the newer stands."""
    text = f"number,consent_withdrawn_on\n{A},\n{A},2026-05-01\n"
    for day, expected in (("2026-04-01", "blocked"), ("2026-05-01", "blocked"), ("2026-05-02", "clear")):
        consents = write_file("consents.csv", PROVEN.format(A, day))
        assert outcomes(text, SALE, consents=consents)[0] == [expected, expected]


def test_rows_that_do_not_fit_and_rows_without_a_number(outcomes, dnc, write_file):
    """The one may have told an objection and counts as if it had; the other counts for nobody, so it is accepted first."""
    text = f"number,city,objected_on\n{A},Lyon,none\n{A},Lyon,Rhône,x\n{B},Lyon,none\nhello,Lyon,2026-01-01\n"
    brief = Brief(ignore=["city"])
    with pytest.raises(
        InputError, match=r"calls.csv:5: rows with an objection.* cannot be read: 1, .*--accept unread=REASON"
    ):
        outcomes(text, CHARITY, brief=brief)
    found, result = outcomes(text, CHARITY, brief=brief, accept={"unread": "seen by hand"})
    assert found == ["blocked", "undecided", "clear", "undecided"]
    assert (result.elsewhere, result.unplaced) == (1, 1)
    write_file("calls.csv", text)
    given = [f"--set={name}={fact}" for name, fact in CHARITY.items()]
    told = ("check", "calls.csv", "--region", "FR", "--ignore", "city", "--at", "2026-11-26", *given)
    assert dnc(*told)[0] == 4
    told += ("--accept", "unread=seen by hand", "--out", "page.html")
    err = dnc(*told)[2]
    assert (
        "affected by an objection or a withdrawn consent in another row, or under another number of the person: 1"
        in err
    )
    assert "but no readable number: 1; they affect no other row" in err
    assert "seen by hand" in dnc("log")[1]
    err = dnc(*told, "--lang", "fr")[2]
    assert "sur une autre ligne, ou sous un autre numéro de la personne\N{NO-BREAK SPACE}: 1" in err
    page = (write_file("x", "").parent / "page.html").read_text()
    assert "elles sont sans effet sur les autres lignes" in page


@pytest.mark.parametrize(
    "note", ["{} NE PAS APPELER", "{} (opposition)", "DNC {}", "{} / ne plus appeler", "{}\nRobinson"]
)
def test_a_text_beside_a_number_counts_for_every_row_of_it(outcomes, note):
    """So it does in a list without any other column; the row itself is undecided, as one with a note elsewhere is."""
    rows = [A, '"' + note.format(A) + '"', B]
    found, result = outcomes("number\n" + "\n".join(rows) + "\n", CHARITY | {"objected_on": "none"})
    assert found == ["blocked", "undecided", "clear"]
    assert result.verdicts["dnc_number"].to_list() == ["+33199000418", "+33199000418", "+33199000419"]
    assert result.verdicts["dnc_missing"][1] == "objected_on"
    assert result.verdicts["dnc_why"][1] == "Incomplete: the row has a text that says not to call."


def test_a_text_in_place_of_a_number_counts_for_the_others_of_its_row(outcomes):
    """In every row where they are; it is no number itself, as a few digits would be."""
    text = f"number,mobile\n{A},ne pas appeler\n{A},\n{B},0639980001\n"
    brief = Brief(columns={"number": ("number", "mobile")})
    found, _ = outcomes(text, CHARITY | {"objected_on": "none"}, brief=brief)
    assert found == ["undecided", "undecided", "blocked", "clear", "clear"]
    with pytest.raises(InputError, match=r"calls.csv:2: .* cannot be read: 1"):
        outcomes(text.replace("ne pas", "06 39 ne pas"), CHARITY, brief=brief)


@pytest.mark.parametrize(
    ("column", "outcome"),
    [("objected_on", "blocked"), ("refused_on", "undecided"), ("consent_withdrawn_on", "blocked")],
)
def test_what_a_person_said_counts_for_their_other_numbers(outcomes, column, outcome):
    """Those that share an id or a number, over any number of steps; others are not concerned."""
    head, agreed = f"number,person,consent,consent_on,consent_for,{column}", "named_caller,2026-08-01,live"
    rows = [(A, "a"), (B, "a"), (B, "b"), ("0639980001", "b"), ("0639980002", "c")]
    for at in range(len(rows)):
        text = [
            f"{number},{who},{agreed},{'2026-11-20' if at == row else ''}" for row, (number, who) in enumerate(rows)
        ]
        found, _ = outcomes("\n".join([head, *text, ""]), SALE | {"objected_on": "none"})
        assert found == (["clear"] * 4 + [outcome] if at == 4 else [outcome] * 4 + ["clear"])


def test_an_objection_counts_for_a_number_with_a_note(outcomes):
    """As in a blocklist, where such a number is read: it is not called."""
    found, result = outcomes(f"number,objected_on\n{A} (Mme Durand),2026-05-01\n{A},\n{B},none\n", CHARITY)
    assert found == ["undecided", "blocked", "clear"]
    assert (result.elsewhere, result.unplaced) == (1, 0)


def test_other_columns_are_left_alone(outcomes):
    """A list without columns for it is read once, and what other rows tell of consent or recipient is their own."""
    found, result = outcomes(f"number,recipient\n{A},business\n{A},consumer\n", CHARITY | {"objected_on": "none"})
    assert found == ["clear", "clear"]
    assert result.elsewhere == 0


def test_wherever_rows_are(store, tmp_path, write_file, monkeypatch):
    """Several files, a folder of Parquet, another format, a batch, and a list that is vetted."""
    rows = [
        {"number": A, "objected_on": ""},
        {"number": B, "objected_on": ""},
        {"number": A, "objected_on": "2026-05-01"},
    ]
    frame = pl.DataFrame(rows)
    (tmp_path / "folder").mkdir()
    for at in range(3):
        frame[at : at + 1].write_csv(tmp_path / f"{at}.csv")
        frame[at : at + 1].write_parquet(tmp_path / "folder" / f"{at}.parquet")
    frame.write_ndjson(tmp_path / "all.jsonl")
    frame.write_excel(tmp_path / "all.xlsx")
    told = {"region": "FR", "given": CHARITY | {"objected_on": "none"}, "at": "2026-11-24"}
    expected = ["blocked", "clear", "blocked"]
    for path in (
        [tmp_path / f"{at}.csv" for at in range(3)],
        *(tmp_path / one for one in ("folder", "all.jsonl", "all.xlsx")),
    ):
        assert check(path, store, **told).verdicts["dnc_outcome"].to_list() == expected
    with Decider(store, **told) as decider:
        assert decider(frame)["dnc_outcome"].to_list() == expected
        assert [decider(frame[at : at + 1])["dnc_outcome"].item() for at in range(3)] == ["clear", "clear", "blocked"]
    vetting = vet(tmp_path / "all.jsonl", store, **told)
    assert vetting.checked.counts == {"clear": 1, "blocked": 2, "undecided": 0}


def test_a_list_comes_to_the_same_in_parts(store, write_file, monkeypatch):
    """However much of a list is held in memory, and however many rows are read at once, it comes to the same."""
    chance, many = random.Random(3), size(360, 900)
    days = [*[""] * 20, *["none"] * 20, "2026-04-01", "2026-08-01", "2026-11-20", "x"]
    rows = [
        f"0199{chance.randrange(many) * 1111:06d},{chance.choice(days)},{chance.choice(days)},{chance.choice(days)},"
        f"named_caller,{chance.choice(['', '2026-03-01', '2026-10-01'])},live,{chance.choice(['2026-08-10', '2026-11-30'])}"
        for _ in range(20 * many // 9)
    ]
    rows = ["hello,2026-04-01,,,,,,", *rows, "hello,,2026-04-01,,,,,"]
    head = "number,objected_on,consent_withdrawn_on,refused_on,consent,consent_on,consent_for,call_at\n"
    path = write_file("calls.csv", head + "\n".join(rows) + "\n")
    given = SALE | {"objected_on": "none"}
    given = {"given": given, "accept": {"unread": "seen by hand"}}
    whole = check(path, store, region="FR", **given)
    for held, batch in itertools.product((0, 1 << 28), (7, 100_000)):
        monkeypatch.setattr(completion, "_MEMORY", held)
        monkeypatch.setattr("dnc.files.table.BATCH_ROWS", batch * 30)
        parts = check(path, store, region="FR", **given)
        assert parts.verdicts.equals(whole.verdicts)
        assert (parts.elsewhere, parts.unplaced) == (whole.elsewhere, 2)
    assert whole.elsewhere > many // 3
    assert whole.verdicts["dnc_outcome"].n_unique() == 3


def test_a_store_of_one_controller(tmp_path, write_file):
    """What rows tell is said of this list alone: nothing of it is kept in the store."""
    store = Store(tmp_path / "own")
    path = write_file("calls.csv", f"number,objected_on\n{A},2026-05-01\n")
    assert check(path, store, region="FR", given=CHARITY, at=date(2026, 11, 24)).counts["blocked"] == 1
    path = write_file("calls.csv", f"number,objected_on\n{A},none\n")
    assert check(path, store, region="FR", given=CHARITY, at=date(2026, 11, 24)).counts["clear"] == 1
    assert store.standing().objections.recorded.is_empty()
