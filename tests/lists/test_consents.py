"""A file of consents beside a list: what both say counts, whichever of the two told it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import xlsxwriter

from dnc import InputError, Store, check
from dnc.errors import RolesError
from dnc.lists.brief import Brief, read_brief
from dnc.lists.texts import TextMeanings
from tests import SALE, some

NUMBER = "01 99 00 04 18"


@pytest.fixture
def outcome(store, write_file):
    """A function that gives the outcomes of a list beside a file of consents, and the check."""

    def decide(consents: str, calls: str = f"number\n{NUMBER}\n", **options):
        options = {"region": "FR", "at": "2026-09-21T10:30", "given": SALE, **options}
        result = check(write_file("calls.csv", calls), store, consents=write_file("consents.csv", consents), **options)
        return result.verdicts["dnc_outcome"].to_list(), result

    return decide


HEAD = "number,consent,day,for,proof,withdrawn\n"
WORDED = HEAD.replace("\n", ",wording\n")


def test_a_consent_is_found_however_the_number_is_written(outcome):
    """Facts come from the file, by the number and not by its spelling; the list is carried untouched."""
    [was], result = outcome(HEAD + "+33 1 99 00 04 18,named_caller,2026-08-01,both,form 7,\n")
    assert was == "clear"
    assert result.verdicts.columns[0] == "number" and "consent" not in result.verdicts.columns
    assert result.verdicts["dnc_valid_until"].to_list() == [date(2027, 8, 1)]


def test_a_number_that_is_not_in_the_file_is_not_known(outcome):
    """No word is no consent and no refusal; what is declared for the list fills it."""
    other = HEAD + "02 61 91 00 01,named_caller,2026-08-01,both,,\n"
    [was], result = outcome(other)
    assert was == "undecided" and "consent" in result.verdicts["dnc_missing"][0]
    assert outcome(other, given={**SALE, "consent": "none"})[0] == ["blocked"]


def test_a_withdrawal_counts_for_the_person(outcome):
    """In the file of consents it is of one number, and in the list another number is the same person's."""
    other = "02 61 91 00 01"
    rows = "".join(f"{number},named_caller,2026-08-01,both,,\n" for number in (NUMBER, other))
    calls = f"number,person\n{NUMBER},7\n{other},7\n"
    assert outcome(HEAD + rows, calls)[0] == ["clear", "clear"]
    assert outcome(HEAD + rows + f"{other},,,,,2026-09-01\n", calls)[0] == ["blocked", "blocked"]
    assert outcome(HEAD + rows + f"{other},,,,,2026-09-01\n", calls.replace("7", ""))[0] == ["clear", "blocked"]


def test_a_withdrawal_counts_for_the_person_of_the_file(outcome):
    """Its own ids of persons link numbers, too, and those of the list are the same."""
    head, other = "number,consent,day,for,proof,withdrawn,person\n", "02 61 91 00 01"
    given = f"{NUMBER},named_caller,2026-08-01,both,,,A-7\n"
    for calls in (f"number\n{NUMBER}\n", f"number,person\n{NUMBER},a7\n"):
        assert outcome(head + given, calls)[0] == ["clear"]
        assert outcome(head + given + f"{other},,,,,2026-09-01,A-7\n", calls)[0] == ["blocked"]
        assert outcome(head + given + f"{other},,,,,2026-09-01,A-8\n", calls)[0] == ["clear"]


@pytest.mark.parametrize(
    ("told", "hours", "expected"),
    [
        (",", "", "clear"),
        ("2026-09-20,", "", "blocked"),
        ("2026-09-21,", "", "clear"),
        (",10:00-11:00", "", "clear"),
        (",18:00-20:00", "", "blocked"),
        (",10:00-11:00", "10:00-12:00", "undecided"),
    ],
)
def test_the_end_and_the_hours_that_the_list_tells_alone_count(outcome, told, hours, expected):
    """They say until when and when the person may be called, whoever has the consent itself."""
    consents = f"number,consent,day,for,hours\n{NUMBER},named_caller,2026-08-01,both,{hours}\n"
    assert outcome(consents, f"number,consent_until,hours_agreed\n{NUMBER},{told}\n")[0] == [expected]


def test_a_text_of_a_proof_that_says_not_to_call_leaves_the_consent_open(outcome):
    """What is kept as it stands is searched, and a withdrawal with such a text stays one."""
    said = f"{NUMBER},named_caller,2026-08-01,both,asked not to be called again,"
    assert outcome(f"{HEAD}{said}\n")[0] == ["undecided"]
    assert outcome(f"{HEAD}{said}2026-09-01\n")[0] == ["blocked"]


def test_a_row_that_shifted_may_have_been_a_withdrawal(outcome):
    """Where a row about a number does not fit the header, no consent of that number is told; of others it is."""
    shifted = (",,,2026-09-01", ",x,,,,,2026-09-01", ',,,,"x,2026-09-01', None)
    calls = "".join(f"{number_of(at)}\n" for at in range(len(shifted)))
    given = "".join(f"{number_of(at)},named_caller,2026-08-01,both,,\n" for at in range(len(shifted)))
    rows = "".join(f"{number_of(at)}{row}\n" for at, row in enumerate(shifted) if row)
    found, result = outcome(HEAD + given + rows, f"number\n{calls}")
    assert dict(zip(shifted, found, strict=True)) == dict.fromkeys(shifted, "undecided") | {None: "clear"}
    assert all("consent" in missing for missing in result.verdicts["dnc_missing"][:-1])
    assert (result.record["consents"]["odd"], result.record["consents"]["unread"]) == (3, 0)


# Many cases are decided by one check: each has a number of its own.


def number_of(case: int) -> str:
    """The number of a case, by its position in a table."""
    return f"01 99 00 05 {case:02}"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """A function that gives the outcome of each row of a list beside a file of consents, whose wording is `form-7`."""
    folder = tmp_path_factory.mktemp("consents")

    def decide(consents: list[str], calls: list[str], **options: object) -> list[str]:
        (folder / "consents.csv").write_text(WORDED + "".join(f"{row},form-7\n" for row in consents))
        (folder / "calls.csv").write_text("\n".join(calls) + "\n")
        told = {"region": "FR", "at": "2026-09-21T10:30", "given": SALE, "consents": folder / "consents.csv"}
        found = check(folder / "calls.csv", Store(folder / "store"), **told, **options)
        return found.verdicts["dnc_outcome"].to_list()

    return decide


NEWEST = [
    ("named_caller,2026-08-01,both,,\n{n},none,2026-09-01,,,", "blocked"),
    ("none,2026-09-01,,,\n{n},named_caller,2026-09-02,both,,", "clear"),
    ("named_caller,2026-08-01,both,,\n{n},,,,,2026-09-01", "blocked"),
    (",,,,2026-09-01\n{n},named_caller,2026-09-02,both,p 1,", "clear"),
    (",,,,2026-09-01\n{n},named_caller,2026-09-02,both,,", "blocked"),  # after a withdrawal only a proven one counts
    (",,,,2026-09-02\n{n},named_caller,2026-09-02,both,p 1,", "blocked"),
    (",,,,sometime\n{n},named_caller,2026-09-02,both,p 1,", "blocked"),
    ("none,,,,\n{n},named_caller,2026-09-02,both,,", "blocked"),
    ("named_caller,,both,,\n{n},none,2020-01-01,,,", "blocked"),
    ("named_caller,2026-08-01,both,,no", "clear"),
    ("named_caller,2026-08-01,automated,,\n{n},named_caller,2026-08-02,live,p 1,", "clear"),
    ("named_caller,2026-08-01,automated,,\n{n},named_caller,2026-08-02,live,,", "blocked"),  # no calls that both are for
    ("yes please,2026-08-01,both,,", "undecided"),
    # a word that is not understood may have been against the call
    ("named_caller,2026-08-01,both,,\n{n},yes please,2026-09-01,both,,", "undecided"),
    ("yes please,2026-08-01,both,,\n{n},named_caller,2026-08-01,both,,", "undecided"),
    ("yes please,2026-08-01,both,,\n{n},named_caller,2026-09-01,both,,", "clear"),
    ("stop,,,,\n{n},named_caller,2026-09-01,both,,", "undecided"),
    (",the day before,,,\n{n},named_caller,2026-09-01,both,,", "undecided"),
    ("named_caller,2026-08-32,both,,\n{n},named_caller,2026-08-01,both,,", "undecided"),
    ("named_caller,2062-08-01,both,,\n{n},named_caller,2026-08-01,both,,", "undecided"),
    ("named_caller,2026-08-02,letters,,\n{n},named_caller,2026-08-01,both,,", "undecided"),
    ("named_caller,2062-08-01,both,,\n{n},none,2026-08-01,,,", "undecided"),
    ("none,2062-08-01,,,\n{n},named_caller,2026-08-01,both,,", "blocked"),
    ("named_caller,2026-08-01,both,,2062-01-01", "blocked"),
    # a day that programs write for "no date" is none
    (",,,,1900-01-01\n{n},named_caller,2026-08-01,both,p 1,", "blocked"),
    ("none,1970-01-01,,,\n{n},named_caller,2026-08-01,both,,", "blocked"),
    ("named_caller,2026-08-01,both,,n/a", "clear"),
]  # fmt: skip


@pytest.fixture(scope="module")
def by_order(outcomes):
    """What the rows of each case of `NEWEST` come to, in their order and in the other."""
    words = [f"{{n}},{rows}".format(n=number_of(at)).split("\n") for at, (rows, _) in enumerate(NEWEST)]
    calls = ["number", *map(number_of, range(len(NEWEST)))]
    orders = [words, [rows[::-1] for rows in words]]
    found = [outcomes([line for rows in order for line in rows], calls) for order in orders]
    return {rows: both for (rows, _), *both in zip(NEWEST, *found, strict=True)}


@pytest.mark.parametrize(("rows", "expected"), NEWEST)
def test_the_newest_word_wins(by_order, rows, expected):
    """By its day, whatever the order of rows; on one day, without one or without a proof, the word against the call."""
    assert by_order[rows] == [expected, expected]


OWN_WORDS = [
    ("named_caller,2026-09-01,both,", ",,,,2026-08-01", "blocked"),  # a list has no proof that it was given anew
    ("named_caller,2026-09-01,both,", ",,,,2026-09-02", "blocked"),
    ("none,2026-09-01,,", "named_caller,2026-08-01,both,,", "blocked"),
    ("none,2026-07-01,,", "named_caller,2026-08-01,both,,", "clear"),
    ("none,,,", "named_caller,2026-08-01,both,,", "blocked"),
    ("named_caller,,both,", "named_caller,2026-08-01,both,,", "undecided"),
    ("named_caller,,both,", "named_caller,2026-08-01,both,p 1,", "undecided"),
    ("named_caller,2026-09-01,both,", "partners,2026-09-01,both,,", "blocked"),
    ("named_caller,2026-09-01,both,", "partners,2026-08-01,both,,", "blocked"),
    ("partners,2026-08-01,both,", "named_caller,2026-09-01,both,p 1,", "clear"),
    (",,both,", "named_caller,2026-08-01,live,,", "clear"),
    (",,,2026-09-10", "named_caller,2026-08-01,live,,", "blocked"),
    ("named_caller,2026-09-01,both,2026-09-05", "named_caller,2026-09-10,both,p 1,", "clear"),
    ("named_caller,2026-09-01,both,2026-09-05", "named_caller,2026-09-10,both,,", "blocked"),
    ("named_caller,2026-09-01,both,2026-09-05", "named_caller,2026-09-05,both,p 1,", "blocked"),
]  # fmt: skip


@pytest.fixture(scope="module")
def with_own_words(outcomes):
    """What each case of `OWN_WORDS` comes to."""
    calls = [f"{number_of(at)},{told}" for at, (told, _, _) in enumerate(OWN_WORDS)]
    consents = [f"{number_of(at)},{filed}" for at, (_, filed, _) in enumerate(OWN_WORDS)]
    found = outcomes(consents, ["number,consent,consent_on,consent_for,consent_withdrawn_on", *calls])
    return {(told, filed): outcome for (told, filed, _), outcome in zip(OWN_WORDS, found, strict=True)}


@pytest.mark.parametrize(("told", "filed", "expected"), OWN_WORDS)
def test_a_word_in_the_list_is_a_word_like_others(with_own_words, told, filed, expected):
    """What both say counts: the list's own consent, and the file's, which replaces it where it is newer and proven."""
    assert with_own_words[told, filed] == expected


@pytest.mark.parametrize(("column", "limit"), [("until", "2026-09-10"), ("hours", "18:00-20:00")])
def test_of_one_day_the_narrower_consent_counts(outcome, column, limit):
    """Whatever the order of rows, and whichever file tells it: the other row was clear where it came last."""
    head, row = WORDED.replace("day", f"day,{column}"), f"{NUMBER},named_caller,2026-09-{{}},{{}},both,{{}},,form-7\n"
    of_list = f"number,consent,consent_on,consent_for\n{NUMBER},named_caller,2026-09-01,live\n"
    for calls in (f"number\n{NUMBER}\n", of_list):
        for cells in (("", limit), (limit, "")):
            rows = (row.format("01", cell, "") for cell in cells)
            assert outcome(head + "".join(rows), calls)[0] == ["blocked"]
        for proof, later in (("", "blocked"), ("p 2", "clear")):
            assert outcome(head + row.format("01", limit, "") + row.format("02", "", proof), calls)[0] == [later]


def test_words_are_not_mixed(outcome):
    """A newer word for no calls in particular does not borrow the older one's."""
    calls = f"number,consent,consent_on,consent_for\n{NUMBER},named_caller,2026-08-01,live\n"
    [was], result = outcome(f"{HEAD}{NUMBER},named_caller,2026-09-01,,,\n", calls, given={**SALE, "voice": "recorded"})
    assert "consent_for" in result.verdicts["dnc_missing"][0]
    assert was == "undecided"


def test_a_declared_day_fills_and_is_no_word(outcome):
    """`--set consent_on` fills what neither told, and does not make the list's consent newer than the file's."""
    facts = {**SALE, "consent_on": "2026-09-20", "consent_for": "both"}
    calls = f"number,consent\n{NUMBER},named_caller\n"
    assert outcome(f"{HEAD}{NUMBER},,,,,2026-09-01\n", calls, given=facts)[0] == ["blocked"]
    assert outcome(f"{HEAD}02 61 91 00 01,none,,,,\n", calls, given=facts)[0] == ["clear"]


def test_a_row_that_does_not_fit_the_header_takes_the_consent_away(outcomes):
    """It may have told a withdrawal in a cell that is gone: of its number no consent is told."""
    unfit = ("", ",", ",,,,,2026-09-10,", ",named_caller,2026-09-20,both,x", None, ',"x,,,,')
    calls = [f"{number_of(at)},named_caller,2026-09-01,both" for at in range(len(unfit))]
    filed = [f"{number_of(at)},named_caller,2026-08-01,both,," for at in range(len(unfit))]
    filed += [f"{number_of(at)}{row}" for at, row in enumerate(unfit) if row is not None]
    found = outcomes(filed, ["number,consent,consent_on,consent_for", *calls])
    assert dict(zip(unfit, found, strict=True)) == dict.fromkeys(unfit, "undecided") | {None: "clear"}


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ("hello,,,,,2026-09-01", True), ("01 99 00 7,,,,,2026-09-01", True), (",,,,,2026-09-01", True), ("hello,none,,,,", True),
        ("+44163960003,,,,,2026-09-01", True), ("hello,maybe,,,,", True), ("total", True), (",none,,,,", False), ("hello,partners,,,,", False), ("hello,,,,,", False),
    ],
)  # fmt: skip
def test_a_withdrawal_without_a_number_that_can_be_read_stops_the_check(outcome, row, refused):
    """Whoever withdrew would keep an older consent; a consent of nobody, and nobody's lack of one, harm nobody."""
    calls = f"number,consent,consent_on,consent_for\n{NUMBER},named_caller,2026-09-01,both\n"
    filed = f"{HEAD}02 61 91 00 01,named_caller,2026-08-01,both,,\n{row}\n"
    if refused:
        with pytest.raises(InputError, match=r"consents.csv:3: states a withdrawal or no consent, or is not"):
            outcome(filed, calls)
    else:
        assert outcome(filed, calls)[0] == ["clear"]


@pytest.mark.parametrize("name", some(["ended", "withdrwn", "consent_widrawn_on", "hdrawn_on"], 2))
def test_a_column_without_a_role_stops_the_check(outcome, name):
    """A proof may be a day, and what is ignored on purpose is ignored."""
    filed = f"number,consent,day,for,proof,{name}\n{NUMBER},named_caller,2026-08-01,both,2026-08-01,\n"
    filed += f"{NUMBER},,,,,2026-09-01\n"
    with pytest.raises(RolesError, match=rf"consents.csv:1: .*\n  {name}: 1 text"):
        outcome(filed)
    assert outcome(filed, brief=Brief(ignore=[name]))[0] == ["clear"]
    assert outcome(filed.replace(name, "withdrawn"))[0] == ["blocked"]


@pytest.mark.parametrize(
    ("name", "cell", "ignored"),
    [
        ("actif", "non", "clear"), ("deleted_at", "1790000000", "clear"), ("statut", "Expiré", "clear"),
        ("consent_for", "live", "clear"), ("hours_agreed", "10:00-11:00", "clear"), ("opt_in", "0", "clear"),
        ("canal", "e-mail et SMS", "clear"), ("commentaire", "a retiré son accord", "undecided"),
        ("sector", "insurance", "clear"), ("caller", "charity", "clear"), ("relationship", "former_contract", "clear"),
    ],
)  # fmt: skip
def test_what_a_file_of_consents_tells_besides_is_not_passed_over(outcome, name, cell, ignored):
    """Which consents hold, by which channel, for what and whom, and a second column for the same; the net reads the rest."""
    filed = f"number,consent,day,for,hours,{name}\n{NUMBER},named_caller,2026-08-01,both,09:00-11:00,{cell}\n"
    with pytest.raises(RolesError, match=r"consents.csv:1: the list has columns"):
        outcome(filed)
    with pytest.raises(RolesError, match=r"consents.csv:1: the list has columns"):
        outcome(filed, brief=Brief(new_columns="undecided"))  # a withdrawal nobody read would be no row of the list
    assert outcome(filed, brief=Brief(ignore=[name]))[0] == [ignored]
    if name not in ("consent_for", "hours_agreed"):  # their short names have no role beside them
        assert outcome(filed.replace(f",{cell}\n", ",\n"))[0] == ["clear"]


@pytest.mark.parametrize("name", ["objected_on", "refused_on"])
def test_an_objection_in_a_file_of_consents_is_not_lost(outcome, name):
    """Nobody would read it, so it stops the check; the net finds no text in a day that is left out."""
    filed = f"number,consent,day,for,{name}\n{NUMBER},named_caller,2026-08-01,both,none\n"
    assert outcome(filed)[0] == ["clear"]
    with pytest.raises(InputError, match=r"consents.csv:2: tells an objection"):
        outcome(filed.replace("none", "2026-08-15"))


def test_texts_of_a_file_of_consents_are_read(outcome):
    """What one means counts; a row with one that has no meaning is against the call, whatever its day is."""
    texts = TextMeanings({"actif": "nothing", "resilie": "withdrawn", "a voir": "unread", "stop": "objected"})
    filed = f"number,consent,day,for,Statut\n{NUMBER},named_caller,2026-08-01,both,actif\n"
    brief = Brief(texts={"Statut": texts})
    found = {
        cell: outcome(filed.replace("actif", cell), brief=brief)[0] for cell in ("actif", "Résilié", "à voir", "x")
    }
    assert found == {"actif": ["clear"], "Résilié": ["blocked"], "à voir": ["undecided"], "x": ["undecided"]}
    older = f"{NUMBER},named_caller,2026-07-01,both,à voir\n"
    assert outcome(filed + older, brief=brief)[0] == ["undecided"]
    with pytest.raises(InputError, match=r"consents.csv:2: tells an objection"):
        outcome(filed.replace("actif", "STOP"), brief=brief)


def test_a_withdrawal_whose_day_may_be_cut_short_holds(outcomes):
    """`26-08-02` may be left of 2026-08-02, and `02/08/20` of 02/08/2026: neither is older than the consent for sure."""
    blocked = ("26-08-02", "le 26-08-02", "6-08-02", "02-08-26", "02/08/20", "02.08.20", "02/08/26")
    expected = dict.fromkeys(blocked, "blocked") | dict.fromkeys(("02/08/19", "02-08-2020", "2020-08-02"), "clear")
    filed = [
        f"{number_of(at)},{row}"
        for at, cell in enumerate(expected)
        for row in ("named_caller,2026-08-01,both,p 1,", f",,,,{cell}")
    ]
    found = outcomes(filed, ["number", *map(number_of, range(len(expected)))], brief=Brief(dates="dmy"))
    assert dict(zip(expected, found, strict=True)) == expected


def test_what_could_not_be_read_is_counted_and_said(dnc, write_file):
    """Unreadable numbers, rows without a word, consents without proof: counted, said, logged, on the page."""
    rows = f"{NUMBER},named_caller,2026-08-01,both,form 7,\nhello,partners,,,form 8,\n02 61 91 00 01,maybe,,,,\n02 61 91 00 03,,2026-08-01,,,\n02 61 91 00 02,partners,,,,\n"
    consents, calls = write_file("consents.csv", HEAD + rows), write_file("calls.csv", f"number\n{NUMBER}\n")
    code, _, err = dnc("check", calls, "--region", "FR", "--consents", consents, "--out", "page.html")
    counts = "3 numbers from 5 rows; rows that cannot be read: 1, that state no consent: 1, not understood: 1 ("
    assert code == 3 and f"Consents in consents.csv: {counts}" in err
    assert "consents without a reference to their proof: 1" in err
    assert f"consents.csv: {counts}" in (calls.parent / "page.html").read_text()
    assert '"consents": {"file": "consents.csv"' in dnc("log")[1].replace('""', '"')


def test_columns_and_words_are_those_of_the_brief(outcome, write_file):
    """The brief's names, words and days hold for both files; a name that only the list has does no harm."""
    brief = '[columns]\nnumber = "Tél"\nconsent = "Accord"\nobjected_on = "Opposition"\n[values.consent]\nOui = "named_caller"\n'
    brief = read_brief(write_file("b.toml", f'dates = "dmy"\n{brief}'))
    calls = f"Tél,Opposition,Accord\n{NUMBER},none,\n"
    facts = {name: fact for name, fact in SALE.items() if name != "objected_on"}
    consents = f"Tél;Accord;Day;For\n{NUMBER};Oui;01/08/2026;both\n"
    assert outcome(consents, calls, brief=brief, given=facts)[0] == ["clear"]


@pytest.mark.parametrize("header", ["Téléphone;consent;day", "number;Accord;day", "Téléphone;Accord;day"])
def test_columns_that_only_the_consents_have_are_to_be_renamed(outcome, write_file, header):
    """A brief that names them would not fit the list, so the error does not send people to it."""
    brief = read_brief(write_file("b.toml", '[columns]\nnumber = "Mobile"\n'))
    with pytest.raises(InputError, match=r"use these names, or those of the list") as raised:
        outcome(f"{header}\n{NUMBER};none;2026-08-01\n", calls=f"Mobile\n{NUMBER}\n", brief=brief)
    assert raised.value.path.name == "consents.csv"


def test_a_column_of_consents_that_the_brief_leaves_out_is_missing(outcome, write_file):
    """Otherwise its file would be taken for one that states nothing."""
    brief = read_brief(write_file("b.toml", 'ignore = ["consent"]\n'))
    with pytest.raises(InputError, match="use these names"):
        outcome(f"number,consent,day\n{NUMBER},none,2026-08-01\n", brief=brief)


def test_a_file_of_consents_without_rows_states_nothing(outcome):
    """Nobody has consented yet."""
    found, result = outcome("number,consent,consent_on\n")
    assert (found, result.record["consents"]["rows"]) == (["undecided"], 0)


@pytest.mark.parametrize("text", ["number,day\n0199000418,2026-08-01\n", "consent\nnone\n", ""])
def test_what_is_no_file_of_consents_is_refused(outcome, text):
    """Without numbers or without a word there is nothing to join, and the file is named."""
    with pytest.raises(InputError, match=r"consents\.csv"):
        outcome(text)


def test_other_formats(store, write_file, tmp_path):
    """Consents come as Parquet too, with days as days."""
    pl.DataFrame(
        {"number": ["+33199000418"], "consent": ["written"], "consent_on": [date(2026, 8, 1)], "consent_for": ["both"]},
    ).with_columns(proof=pl.lit(None, pl.String)).write_parquet(tmp_path / "c.parquet")
    calls = write_file("calls.csv", f"number\n{NUMBER}\n")
    result = check(calls, store, region="FR", at="2026-09-21T10:30", given=SALE, consents=tmp_path / "c.parquet")
    assert (result.counts["clear"], result.record["consents"]["unproven"]) == (1, 1)


def test_a_word_that_is_not_understood_is_not_filled(outcome):
    """What is declared for the list fills cells where nothing was told, and none where something was not understood."""
    facts = {**SALE, "consent": "named_caller", "consent_on": "2026-09-01", "consent_for": "both"}
    head = "number,consent,consent_on,consent_for\n"
    words = ("maybe,,", ",32/13/2026,", ",2062-01-01,", ",,letters", "named_caller,,letters")
    for filed in ("02 61 91 00 01,none,,,,\n", f"{NUMBER},named_caller,2026-08-01,both,,\n"):
        calls = "".join(f"{number_of(at)},{told}\n" for at, told in enumerate(words))
        consents = HEAD + "".join(filed.replace(NUMBER, number_of(at)) for at in range(len(words)))
        found = outcome(consents, head + calls, given=facts)[0]
        assert dict(zip(words, found, strict=True)) == dict.fromkeys(words, "undecided")
    assert outcome(f"{HEAD}{NUMBER},maybe,,,,\n", given=facts)[0] == ["undecided"]
    assert outcome(f"{HEAD}02 61 91 00 01,none,,,,\n", f"{head}{NUMBER},,-,\n", given=facts)[0] == ["clear"]


@pytest.mark.parametrize("sheet", [None, "calls"])
def test_no_withdrawal_is_lost_in_another_sheet(store, tmp_path, sheet):
    """Whatever the sheet is called, and also where the brief names the sheet of the calls."""
    with xlsxwriter.Workbook(tmp_path / "consents.xlsx") as book:
        book.add_worksheet("2025").write_row(0, 0, ["number", "consent", "day", "for"])
        book.get_worksheet_by_name("2025").write_row(1, 0, [NUMBER, "named_caller", "2026-09-01", "live"])
        book.add_worksheet("2026").write_column(0, 0, ["number", NUMBER])
        book.get_worksheet_by_name("2026").write_column(0, 1, ["withdrawn", "2026-09-10"])
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        book.add_worksheet("calls").write_column(0, 0, ["number", NUMBER])
    with pytest.raises(InputError, match="withdrawals may be in the sheets that are not read"):
        check(
            tmp_path / "calls.xlsx",
            store,
            consents=tmp_path / "consents.xlsx",
            brief=Brief(region="FR", sheet=sheet, facts=SALE),
            at="2026-09-21T10:30",
        )
