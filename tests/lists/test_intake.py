"""Cells of a list of planned calls as people write them: what is not understood never clears a call."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest

from dnc import Decider, InputError, Store, check, vet
from dnc.errors import RolesError
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief, read_brief
from tests import some

FACTS = {"caller": "charity", "voice": "human", "dialler": "manual", "recipient": "consumer", "source": "donors"}
FACTS |= {"call_at": "2026-10-05T10:30", "objected_on": "none"}
SALE = {"caller": "commercial", "sector": "general", "source": "opt_in_form", "relationship": "none", "attempts": "0"}
SALE |= {"consent": "named_caller", "consent_on": "2026-09-01", "consent_for": "live", "cli": "0199009000"}


@pytest.fixture(scope="module")
def decider(tmp_path_factory):
    """Decides batches by a store with one objection."""
    store = Store(tmp_path_factory.mktemp("intake") / "store")
    store.object(["+33199000499"], date(2026, 1, 1))
    with Decider(store) as decider:
        yield decider


@pytest.fixture(scope="module")
def verdict(decider):
    """A function that gives the outcome of one row, what is missing, and why."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", "2026-11-25")

        def decide(number: str = "0199000418", region: str = "FR", **told: str) -> tuple[str, str, str]:
            [found] = decided(decider, [{"number": number, "region": region, **FACTS, **told}])
            return found

        yield decide


def decided(decider: Decider, rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """The outcome of each row, what is missing, and why."""
    return decider(pl.DataFrame(rows)).select("dnc_outcome", "dnc_missing", "dnc_why").rows()


@pytest.mark.parametrize(
    "day", some(["2062-01-01", "2026-11-26", "9999-12-31", "1900-01-01", "1/2/2026", "yes", "x"], 4)
)
@pytest.mark.parametrize("column", ["objected_on", "consent_withdrawn_on", "refused_on"])
def test_what_speaks_against_a_call_counts_where_its_day_is_not_understood(verdict, column, day):
    """An objection or a withdrawal of no day, or of one that lies ahead, counts; a refusal leaves the call open."""
    call_at = "2026-08-10T10:30" if column == "refused_on" else "2026-10-05T10:30"
    facts = SALE | {"call_at": call_at, "consent_on": "2026-08-01", "relationship": "contract", "related": "yes"}
    facts |= {"relationship": "none", "related": ""} if column == "consent_withdrawn_on" else {}
    before = verdict(**{**facts, column: "none"})
    outcome, missing, why = verdict(**{**facts, column: day})
    if column == "refused_on":
        assert (outcome, "refused_on" in missing) == ("undecided", True)
    else:
        assert (before[0], outcome) == ("clear", "blocked")
    is_named = f"Not understood: {vocabulary().label(column)} '{day}'" in why
    assert is_named is (column != "objected_on" or day not in ("yes", "x"))  # the rule says all about a yes


@pytest.mark.parametrize("region", ["fr", "Fr", "FR"])
def test_a_country_is_read_in_any_case_for_both_numbers(verdict, region):
    """For the one that is called, and for the one that is shown."""
    outcome, _, why = verdict(**SALE, region=region)
    assert (outcome, "Not understood" in why) == ("clear", False)


@pytest.mark.parametrize("day", ["2062-01-01", "2026-11-26", "1970-01-01", "2026-09-31", "last week"])
def test_what_speaks_for_a_call_helps_only_by_a_day_that_has_come(verdict, day):
    """A consent or a relationship of a day that is not understood or lies ahead is not told."""
    # Where the law asks for no age of a consent, one without a day is good and one of such a day is not.
    recorded = {"number": "+41445550101", "caller": "commercial", "voice": "recorded", "consent": "named_caller"}
    for facts in (SALE, SALE | recorded | {"consent_for": "both"}):
        outcome, missing, why = verdict(**{**facts, "consent_on": day, "call_at": "2027-10-04"})
        assert outcome != "clear"
        assert "consent" in missing.split(";") or outcome == "blocked"
        assert f"Date of the consent '{day}'" in why
    asked = SALE | {"consent": "none", "consent_on": "", "relationship": "callback", "call_at": "2026-11-26T10:30"}
    assert verdict(**asked, relationship_on="2026-11-24")[0] == "clear"
    outcome, missing, why = verdict(**asked, relationship_on=day)
    assert (outcome, "relationship_on" in missing) == ("undecided", True)
    assert f"{vocabulary().label('relationship_on')} '{day}'" in why


@pytest.mark.parametrize("word", ["n/a", "N/A", " - "])
def test_marks_for_not_known(verdict, word):
    """`n/a` and `-` are no objection and no word that there was none."""
    assert verdict(objected_on="none")[0] == "clear"
    outcome, missing, why = verdict(objected_on=word)
    assert (outcome, missing) == ("undecided", "registry:own")
    assert "Not understood" not in why
    for column in ("refused_on", "consent_withdrawn_on"):
        assert verdict(**{**SALE, column: word})[0] == "clear"


@pytest.mark.parametrize("word", ["n/a", "N/A", " - "])
def test_a_moment_that_is_not_told(verdict, word):
    """The call is made at a lawful hour of today, as without the cell."""
    assert verdict(**SALE | {"call_at": word}) == verdict(**SALE | {"call_at": ""})


@pytest.mark.parametrize("word", ["none", "NONE", " no ", "non", "False", "faux", "0", "0.0"])
def test_words_for_none(verdict, word):
    """The words that say that there was no objection."""
    assert verdict(objected_on=word)[0] == "clear"


def test_ones_and_zeros_of_a_column_with_gaps(store, tmp_path):
    """pandas makes decimals of them; they mean what whole ones do, also as words of a brief."""
    rows = pl.DataFrame({"number": ["+353850000001"] * 3, "kind": [1.0, 2.0, None], "objected_on": [0.0, None, 1.0]})
    rows = rows.with_columns(number=pl.Series([f"+35385000000{at}" for at in range(3)]))
    given = {name: word for name, word in SALE.items() if name not in ("recipient", "objected_on")}
    found = []
    for frame in (rows, rows.with_columns(pl.col("kind", "objected_on").cast(pl.Int64))):
        frame.write_parquet(tmp_path / "list.parquet")
        brief = Brief(
            columns={"recipient": "kind"}, values={"recipient": {"1": "business", "2": "consumer"}}, facts=given
        )
        verdicts = check(tmp_path / "list.parquet", store, brief=brief).verdicts
        found.append(verdicts.select("dnc_outcome", "dnc_blocked_by", "dnc_missing", "dnc_why").rows())
    assert found[0] == found[1]
    assert not any("Not understood" in why for *_, why in found[0])


def test_a_consent_for_what_is_not_understood_is_none(verdict):
    """A consent to letters is none to calls, though the law may not ask what calls it is for."""
    outcome, missing, why = verdict(**{**SALE, "consent_for": "E-Mail"})
    assert (outcome, missing) == ("undecided", "consent;consent_for;consent_on;text:consent_for")
    assert "Calls that the consent covers 'E-Mail'" in why
    assert verdict(**{**SALE, "consent_for": "E-Mail", "consent": "none"})[0] == "blocked"


@pytest.mark.parametrize(
    ("number", "told", "plan"),
    [
        ("+353850000001", "landline", "mobile"),
        ("+353850000001", "other", "mobile"),
        ("+353850000001", "fixed", "mobile"),
        ("+35312000001", "mobile", "landline"),
        ("+353761234567", "landline", "other"),
    ],
)
def test_the_numbering_plan_knows_the_line_better(verdict, number, told, plan):
    """A line that is told against a certain plan is not believed, and said."""
    facts = {**SALE, "cli": "+35312000000", "consent": "none", "consent_on": "", "consent_for": ""}
    outcome, missing, why = verdict(number, "IE", **facts, line=told)
    assert f"Not understood: Type of line '{told}' (plan: {plan})" in why
    assert (outcome, missing) == verdict(number, "IE", **facts)[:2]
    assert "Not understood" not in verdict(number, "IE", **facts, line=plan)[2]


def test_a_line_is_believed_where_the_plan_does_not_tell(verdict):
    """Numbers of +1 may be of either kind: there it must be told."""
    facts = {**SALE, "voice": "recorded", "cli": "+12025550143", "consent": "written", "consent_for": "automated"}
    assert "line" in verdict("+12025550199", "US", **facts)[1].split(";")
    _, missing, why = verdict("+12025550199", "US", **facts, line="mobile")
    assert "line" not in missing.split(";")
    assert "Type of line" not in why.partition("Not understood")[2]


def test_a_column_without_a_role_stops_whatever_decides_a_list(store, write_file, dnc):
    """A batch, a check, a vetting and an explained row, until the column is read or left out on purpose."""
    name = "Date d’opposition"
    frame = pl.DataFrame({"number": ["0199000418"], name: ["2026-01-01"]})
    path = write_file("calls.csv", frame.write_csv())
    store.object(["+33199000499"], date(2026, 1, 1))
    told = {"region": "FR", "given": FACTS}
    for decide in (check, vet):
        with pytest.raises(RolesError, match=name):
            decide(path, store, **told)
    assert dnc("explain", path, "--row", "1", "--region", "FR")[0] == 2
    brief = write_file("b.toml", f'ignore = ["{name.upper()}"]\n')
    assert dnc("explain", path, "--row", "1", "--region", "FR", "--brief", brief)[0] == 3
    with Decider(store, **told) as decider, pytest.raises(RolesError, match=name):
        decider(frame)
    with Decider(store, brief=Brief(ignore=[name.upper()]), **told) as decider:
        found = decider(frame)
        assert (found["dnc_outcome"].item(), found[name].item()) == ("clear", "2026-01-01")
    with Decider(store, brief=Brief(columns={"objected_on": name}), **told) as decider:
        assert decider(frame)["dnc_outcome"].item() == "blocked"


@pytest.mark.parametrize("name", ["consent", "Call at", "recipient", "related"])
def test_a_column_of_ours_is_not_passed_over_for_another(name, write_file, store):
    """It may say otherwise than the column that the brief names in its place."""
    calls = write_file("calls.csv", f"number,{name},theirs\n0199000418,S9,\n")
    columns = {name.lower().replace(" ", "_"): "theirs"}
    with pytest.raises(RolesError, match=f"\n  {name}: "):
        check(calls, store, brief=Brief(region="FR", columns=columns))
    assert check(calls, store, brief=Brief(region="FR", columns=columns, ignore=[name])).rows == 1


def test_a_column_without_a_name_is_not_passed_over(write_file, store):
    """Text below an empty name could be anything; it is named by its place, and can be left out or mapped so."""
    path = write_file("a.csv", "number,,Fax\n0199000418,,\n0199000419,2026-01-01,\n")
    with pytest.raises(RolesError, match=r'(?s)\n  column 2: .*\n\[texts\."column 2"\]') as stopped:
        check(path, store, region="FR")
    assert "Fax" not in str(stopped.value)
    assert check(path, store, brief=Brief(region="FR", ignore=["column 2"])).rows == 2
    donation = {"caller": "charity", "purpose": "donation"}
    told = Brief(region="FR", columns={"objected_on": "column 2"}, facts=donation)
    assert check(path, store, brief=told).counts["blocked"] == 1
    rows = "".join(f"{at},01990004{at:02}\n" for at in range(60))  # an index, as pandas writes it
    index = write_file("b.csv", ",number\n" + rows)
    with pytest.raises(RolesError, match="column 1"):
        check(index, store, region="FR")
    assert check(index, store, brief=Brief(region="FR", ignore=["column 1"])).rows == 60


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_brief_in_the_encodings_of_windows(tmp_path, encoding):
    """Notepad puts a mark in front of UTF-8, PowerShell 5 writes UTF-16; without its mark that is refused."""
    path = tmp_path / "brief.toml"
    path.write_bytes('[values.recipient]\n"Société" = "business"\n'.encode(encoding))
    if encoding == "utf-16-le":
        with pytest.raises(InputError, match="is not valid TOML"):
            read_brief(path)
    else:
        assert read_brief(path).values == {"recipient": {"societe": "business"}}


@pytest.mark.parametrize(
    ("brief", "says"),
    [
        ('ignore = "STOP"', "ignore: must be a list of columns"),
        ("ignore = [1]", "ignore: must be a list of columns"),
        ('ignore = ["Stop"]\n[columns]\nobjected_on = "STOP"', "both mapped to objected_on and ignored"),
        ('[columns]\nobjected_on = ""', "no column is named for objected_on"),
        ('[facts]\nconsent_on = "2062-01-01"', "consent_on '2062-01-01' is in the future"),
        ('[facts]\nobjected_on = "n/a"', "objected_on 'n/a' is not a valid date"),
        ('[facts]\nrelationship_on = "none"', "relationship_on 'none' is not a valid date"),
        ('[facts]\ncampaign = ""', "campaign has no value"),
        ('[facts]\nregion = "XX"', "region 'XX' is not known"),
        ('[facts]\nattempts = "٣"', "attempts '٣' is not a whole number"),
        ("[facts]\nattempts = -1", "attempts '-1' is not a whole number"),
        ("[facts]\nrelated = true", "related 'true' is not known; use one of"),
        ('[values.objected_on]\njamais = "nonee"', "objected_on 'nonee' is not a valid date"),
        ('[values.consent_on]\nhier = "2062-01-01"', "is in the future"),
        ('[values.consent]\noui = "named"', "consent 'named' is not known; use one of"),
        ('[values.number]\nx = "0199000418"', "number is read from the file as it is"),
        ("fact.consent = 1", "fact: unknown key"),
        ('[facts]\nobjected = "none"', "'objected' is not a column of planned calls; did you mean 'objected_on'"),
        ('[values.consant]\noui = "none"', "'consant' is not a column of planned calls"),
    ],
)  # fmt: skip
def test_lines_of_a_brief_without_effect_are_refused(write_file, brief, says):
    """What would have no effect, or would spoil every row, is refused with its key."""
    with pytest.raises(InputError, match=re.escape(says)):
        read_brief(write_file("b.toml", brief))


@pytest.mark.parametrize(
    ("brief", "key"),
    [
        ('[texts.Notes]\n"Mme Petit" = "nothing"', "texts.Notes"),
        ('[texts.Notes]\nnothing = ["Mme Petit"]\nobjects = ["Mme Petit"]', "texts.Notes"),
        ('[texts.Notes]\nseparator = "/"\nnothing = ["Mme Petit / M. Petit"]', "texts.Notes"),
        ('[values.consent]\n"Mme Petit" = ["none"]', "values.consent"),
        ('[values.consent]\n"Mme Petit" = "none"\n"MME PETIT" = "written"', "values.consent"),
    ],
)
def test_no_message_about_a_brief_quotes_what_cells_say(write_file, brief, key):
    """It names the table in which it is."""
    with pytest.raises(InputError) as refused:
        read_brief(write_file("b.toml", brief))
    assert str(refused.value).count(f"b.toml:{key}") == 1 == str(refused.value).count("b.toml")
    assert "Petit" not in str(refused.value)


@pytest.mark.parametrize("number", ["+33199000001", "+12025550143", "+442079460123", "+61255501234", "+4930231250"])
def test_the_ends_of_time_and_other_digits(decider, number):
    """No cell stops a run: days at either end of the calendar, and digits of other scripts."""
    facts = {"number": number, "region": "FR", **FACTS, **SALE, "appointment_at": "", "refused_on": ""}
    facts |= {"objected_on": "none", "relationship_on": ""}
    ends = ["0001-01-01", "9999-12-31", "9999-12-31T23:59+00:00", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"]
    columns = ("call_at", "appointment_at", "objected_on", "consent_on", "relationship_on", "refused_on")
    cells = [(column, end) for column in columns for end in ends]
    cells += [("attempts", cell) for cell in ("٣", "３", "-1", "1e1", "3 times", "99999999999")] + [("cli", "٣٩٠٠")]
    names = {"attempts": "Calls in the last 30 days", "cli": "Number shown"}
    rows = [facts | {column: cell} for column, cell in cells]
    for (column, cell), (outcome, _, why) in zip(cells, decided(decider, rows), strict=True):
        assert outcome != "clear" or column not in ("call_at", "objected_on")
        assert column not in names or f"{names[column]} '{cell}'" in why
