"""What filled and empty cells of a column also tell: `[when_filled]` and `[when_empty]` of a brief."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import Decider, Store, api, check
from dnc.checks.settings import Settings
from dnc.errors import InputError, RolesError
from dnc.files.table import table_of_frame
from dnc.lists.brief import Brief, read_brief
from dnc.lists.texts import TextMeanings
from dnc.reports.check_summary import summary
from dnc.store.snapshots import Standing
from tests import size

SALE = {"caller": "commercial", "voice": "human", "dialler": "manual", "recipient": "consumer", "sector": "general"}
SALE |= {"source": "opt_in_form", "relationship": "none", "attempts": "0", "cli": "0199009000", "objected_on": "none"}
SALE |= {"habit": "habitual"}
AGREED = SALE | {"consent": "named_caller", "consent_on": "2026-10-01", "consent_for": "live"}
BRIEF = """
region = "FR"
dates = "dmy"
[columns]
consent_on = "Consentement le"
[when_filled."Consentement le"]
consent = "named_caller"
consent_for = "live"
[when_empty."Consentement le"]
consent = "none"
"""
LIST = (
    "number;Consentement le;consent\n0639980001;01/09/2026;\n0639980002;;\n0639980003;bientôt;\n0639980004;;written\n"
)
LIST += "0639980005;n/a;\n0639980006;02/09/2026;none\n"


def facts_of(frame, brief, columns, now=None):
    """The facts that the intake reads from a frame."""
    setup = Settings(brief=brief, region="FR", now=now).read(Store("none"))
    [calls] = setup.intake(table_of_frame("list", frame)).batches()
    with setup.judge(Standing(Path("none"))) as (_, completion):
        return completion.completed(calls).facts(*columns)


def test_a_filled_cell_tells_a_consent_and_an_empty_one_none(empty, write_file):
    """Told cells win; a day that is not understood is filled, and the consent not told; `n/a` is a blank."""
    path, brief = write_file("calls.csv", LIST), read_brief(write_file("b.toml", BRIEF))
    result = check(path, empty, brief=brief, given=SALE, at="2026-10-05T10:30")
    outcomes = result.verdicts["dnc_outcome"].to_list()
    assert outcomes == ["clear", "blocked", "undecided", "undecided", "blocked", "blocked"]
    assert result.record["when_empty"] == {"Consentement le": {"consent": "none"}}
    lines = [line.strip() for line in summary(result)]
    assert "Set where 'Consentement le' is filled: Consent: to this caller by name; rows: 1" in lines
    assert "Set where 'Consentement le' is empty: Consent: none; rows: 2" in lines
    assert api.replay(empty, result.id, path).same


def test_rules_come_before_declared_facts_and_after_a_file_of_consents(empty, write_file):
    """Told cells and consents from a file, then rules, then facts of all rows."""
    path, brief = write_file("calls.csv", LIST), read_brief(write_file("b.toml", BRIEF))
    consents = write_file("consents.csv", "number,consent,day,for\n0639980002,named_caller,2026-08-01,live\n")
    given = SALE | {"consent": "named_caller", "consent_for": "live", "consent_on": "2026-08-01"}
    found = check(path, empty, brief=brief, given=given, consents=consents, at="2026-10-05T10:30").verdicts
    assert found["dnc_outcome"][1] == "clear"
    found = check(path, empty, brief=brief, given=given, at="2026-10-05T10:30").verdicts
    assert found["dnc_outcome"][1] == "blocked"


def test_a_rule_and_a_declared_fact_tell_the_same_day_when_a_check_is_repeated():
    """Which century a year of two digits belongs to depends on the day of the check, and not on that of the clock."""
    told = {"consent": "named_caller", "consent_on": "05/03/30"}
    frame = pl.DataFrame({"number": ["0639980001"], "call_at": ["2030-06-01"], "A": ["x"]})
    for brief in (Brief(dates="dmy", facts=told), Brief(dates="dmy", when_filled={"A": told})):
        assert facts_of(frame, brief, ["consent_on"], date(2030, 6, 1))["consent_on"].item() == date(2030, 3, 5)


def test_rules_that_contradict_each_other_tell_nothing():
    """What two rules say differently is not told, or an objection, and no declared fact fills it."""
    rules = {"A": {"recipient": "consumer", "objected_on": "none"}, "B": {"recipient": "business"}}
    brief = Brief(when_filled=rules, when_empty={"B": {"objected_on": "2026-01-01"}}, facts={"recipient": "business"})
    frame = pl.DataFrame({"number": ["0639980001"] * 3, "A": ["x", "x", None], "B": ["x", None, "x"]})
    found = facts_of(frame, brief, ["recipient", "odd"])
    assert found["recipient"].to_list() == [None, "consumer", "business"]
    assert "Consumer or business 'consumer / business'" in found["odd"][0]
    assert "Date of the objection 'none / 2026-01-01'" in found["odd"][1]


def test_an_objection_of_a_rule_counts_for_all_rows_of_its_number(empty):
    """A filled cell that tells an objection does so for the number in other rows."""
    brief = Brief(region="FR", when_filled={"Stop": {"objected_on": "2026-01-01"}})
    frame = pl.DataFrame({"number": ["0639980001", "+33639980001", "0639980002"], "Stop": ["", "oui", "non"]})
    with Decider(empty, brief=brief, given=AGREED, at="2026-10-05T10:30") as decider:
        assert decider(frame)["dnc_outcome"].to_list() == ["blocked", "blocked", "clear"]


def test_words_that_are_no_objection_leave_a_rule_without_effect(empty):
    """What the brief says of words holds in every column of objections, but not for what such a cell is noted as."""
    brief = Brief(
        region="FR",
        values={"objected_on": {"client": "none", "x": "none"}},
        when_filled={name: {"objected_on": "yes"} for name in ("Statut", "Stop")},
    )
    frame = pl.DataFrame(
        {
            "number": [f"063998000{at}" for at in range(4)],
            "Statut": ["Client", "", "refus", "CLIENT"],
            "Stop": ["", "client", "", "x"],
        }
    )
    found = facts_of(frame, brief, ["objected_on"])["objected_on"]
    assert found.is_not_null().to_list() == [False, False, True, True]


def test_a_refusal_is_no_consent(empty):
    """Nor is anything else but a yes and a day that has come: it is filled for an objection, and for nothing else."""
    words = [
        "oui",
        "2026-10-01",
        "Form. N° 7",
        "Refus",
        "Nein",
        "non merci",
        "No, thanks",
        "Opt-out le 3 mai",
        "Stop",
        "",
    ]
    words += ["désinscrit", "n/a", "périmé", "declined", "mail uniquement"]
    consent = {"consent": "named_caller", "consent_on": "2026-10-01", "consent_for": "live"}
    frame = pl.DataFrame({"number": [f"06399800{at:02}" for at in range(len(words))], "RGPD": words})
    texts = {"RGPD": TextMeanings(rest="nothing")}
    brief = Brief(region="FR", when_filled={"RGPD": consent | {"recipient": "consumer"}}, texts=texts)
    found = facts_of(frame, brief, ["consent", "recipient"])
    for name in ("consent", "recipient"):
        assert found[name].is_not_null().to_list() == [True] * 2 + [False] * (len(words) - 2)
    with Decider(empty, brief=brief, given=SALE, at="2026-10-05T10:30") as decider:
        found = decider(frame)
    assert found["dnc_outcome"].to_list() == ["clear"] * 2 + ["undecided"] * (len(words) - 2)
    told_nothing = [word for word in words[2:] if "text:RGPD" not in found["dnc_missing"][words.index(word)]]
    assert told_nothing == ["Nein", "", "n/a"]


EMPTY = ["NULL", "--", "—", "néant", "nan"]
NOTHING = [*EMPTY, "?", "#N/A", "#VALEUR!", "=IF(A2>0,1)", "00/00/0000", "01/01/1900", "0,00", "(vide)"]
NOTHING += ["aucun", "pas encore", "ohne", "en attente", "expiré"]


def test_a_cell_that_tells_nothing_fills_in_only_what_speaks_against_a_call(empty):
    """It may be what is left of an objection unless it is a blank, and is no consent and no contract."""
    known = ["x", "oui", "2026-10-01"]
    words = [*NOTHING, *known, "form 7", "#A-17", "Salon de Lyon"]
    consent = {"consent": "named_caller", "consent_on": "2026-10-01", "consent_for": "live"}
    frame = pl.DataFrame({"number": [f"06399800{at:02}" for at in range(len(words))], "x": words})
    facts = consent | {"relationship": "contract", "objected_on": "2026-10-02"}
    brief = Brief(region="FR", when_filled={"x": facts}, texts={"x": TextMeanings(rest="nothing")})
    found = facts_of(frame, brief, [*facts])
    assert found["objected_on"].is_null().to_list() == [word in EMPTY for word in words]
    for name in ("consent", "relationship"):
        assert found[name].is_null().to_list() == [word not in known for word in words]
    brief = replace(brief, when_filled={"x": consent})
    with Decider(empty, brief=brief, given=SALE, at="2026-10-05T10:30") as decider:
        assert decider(frame)["dnc_outcome"].to_list().count("clear") == len(known)


ONE_FORM = [["oui", "non", "x"], ["2026-10-01", "2026-11-02"], ["552 100 554", "123 456 789"], ["C-12", "C-4711"]]
FREE = [["Dupont SA", "voir mari"], ["oui", "2026-10-01"], ["C-12", "D-12"], ["M. 12", "Mme 13"], ["a@b.fr"]]
FAVOURS = [
    {"recipient": "business"},
    {"relationship": "contract"},
    {"consent": "named_caller"},
    {"objected_on": "none"},
]


@pytest.mark.parametrize("facts", FAVOURS)
@pytest.mark.parametrize("cells", [*ONE_FORM, *FREE])
def test_a_free_text_makes_nobody_a_company_a_customer_or_willing(empty, cells, facts):
    """Only a yes, days, numbers or ids of one form do unread; where filled cells object, nothing has to be read."""
    rows = pl.DataFrame({"number": [f"063998000{at}" for at in range(len(cells))], "A": cells})
    brief, given = Brief(region="FR", when_filled={"A": facts}), {"given": {"caller": "charity"}, "at": "2026-10-05"}
    assert (
        "blocked" in check(rows, empty, brief=replace(brief, when_filled={"A": {"objected_on": "yes"}}), **given).counts
    )
    if cells in ONE_FORM:
        found = check(rows, empty, brief=brief, **given).verdicts["dnc_missing"].str.contains("text:A")
        assert found.any() == ("consent" in facts and cells not in ONE_FORM[:2])  # which only a yes or a day tells
        return
    with pytest.raises(RolesError, match=rf"A: {len(cells)} "):
        check(rows, empty, brief=brief, **given)
    unread = check(rows, empty, brief=replace(brief, new_columns="undecided"), **given).verdicts["dnc_missing"]
    assert unread.str.contains("text:A").all()
    named = replace(brief, texts={"A": TextMeanings(dict.fromkeys(map(str.lower, cells), "nothing"))})
    assert check(rows, empty, brief=named, **given).counts


def test_a_no_does_not_hide_the_objection_of_a_rule(empty):
    """Of several columns that record objections the strictest word counts, in the other rows of the number too."""
    frame = pl.DataFrame(
        {
            "number": ["0639980001", "0639980002", "0639980003", "0639980003"],
            "dnc": ["no", "", "no", ""],
            "dnd": ["true", "true", "", "no"],
        }
    )
    yes, told = {"objected_on": "yes"}, {"given": AGREED, "at": "2026-10-05T10:30"}
    for brief in (
        Brief(region="FR", columns={"objected_on": "dnc"}, when_filled={"dnd": yes}),
        Brief(region="FR", when_filled={"dnc": yes, "dnd": yes}),
    ):
        found = check(frame, empty, brief=brief, **told).verdicts["dnc_outcome"].to_list()
        assert found == ["blocked", "blocked", "clear", "clear"]
        again = frame.vstack(frame[:1].with_columns(dnd=pl.lit("")))
        assert check(again, empty, brief=brief, **told).verdicts["dnc_outcome"][-1] == "blocked"


WORDS = {"consent": ["none", "named_caller", "written", "oui"], "recipient": ["consumer", "business", "pro"]}
WORDS |= {"objected_on": ["none", "2026-01-01", "hier"], "relationship_on": ["2026-01-02", "hier"]}


@settings(max_examples=size(15, 60), deadline=None)
@given(
    st.fixed_dictionaries({name: st.lists(st.sampled_from(["", *words]), min_size=4, max_size=4) for name, words in WORDS.items()}),
    st.dictionaries(
        st.sampled_from(["x", *WORDS]),
        st.fixed_dictionaries(
            {}, optional={name: st.sampled_from([w for w in words if w not in ("oui", "pro", "hier")]) for name, words in WORDS.items()}
        ).filter(bool),
        max_size=4,
    ),
    st.booleans(),
)  # fmt: skip
def test_no_rule_overrides_a_told_cell(cells, rules, filled):
    """A fact with a cell of its own is what it would be without rules, but for an objection beside a no."""
    frame = pl.DataFrame({"number": [f"063998000{at}" for at in range(4)], "x": ["a", "", "n/a", "no"], **cells})
    brief = Brief(when_filled=rules) if filled else Brief(when_empty=rules)
    columns = [*WORDS, "consent_odd"]
    before, after = facts_of(frame, Brief(), columns), facts_of(frame, brief, columns)
    for name in WORDS:
        told = ~pl.Series(cells[name]).is_in(["", "none"] if name == "objected_on" else [""])
        assert before[name].filter(told).to_list() == after[name].filter(told).to_list()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[when_filled."Consentement le"]\nconsent = "oui"', "consent 'oui' is not known"),
        ('[when_filled."Consentement le"]\nconsant = "none"', "'consant' is not a column"),
        ('[when_filled."Consentement le"]\nnumber = "1"', "number is read from the file as it is"),
        ('[when_filled."Consentement le"]\nconsent = ["none"]', "must be a text"),
        ('[when_filled."Consentement le"]', "an entry of [when_filled] has no effect"),
        ('[when_empty]\nconsent = "none"', "when_empty.consent: must be a table"),
        ('ignore = ["A"]\n[when_empty.a]\nconsent = "none"', "column 'a' is both used by [when_empty] and ignored"),
        ('[values.consent]\n"" = "none"', "an entry for empty cells has no effect here"),
    ],
)
def test_a_rule_without_effect_is_refused(write_file, text, says):
    """Words are checked as those of [facts] are; what has no effect is an error."""
    with pytest.raises(InputError) as caught:
        read_brief(write_file("b.toml", text))
    assert says in str(caught.value)


def test_the_column_of_a_rule_must_be_in_the_file(empty, write_file):
    """A name that is not there is an error."""
    path = write_file("calls.csv", "number\n0639980001\n")
    with pytest.raises(InputError, match=r"no column 'Arrêt' for \[when_filled\]"):
        check(path, empty, brief=Brief(when_filled={"Arrêt": {"objected_on": "2026-01-01"}}))
