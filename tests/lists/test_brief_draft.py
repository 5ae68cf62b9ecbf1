"""`dnc brief`: what a file proves is written down, each column has a role, and a guess is commented out with its reason."""

from __future__ import annotations

import tomllib

import polars as pl
import pytest

from dnc import InputError, Rulebook
from dnc.checks.brief_draft import draft
from dnc.files.open_table import open_table
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.brief import read_brief
from dnc.lists.words import proposals
from tests.checks.test_rescreening import _rows
from tests.lists.exports import EXPORTS

LIST = """\
Identifiant;Nom;Tél. mobile;Type client;Date consentement;Consentement;Opposition;source
1;A;06 39 98 00 01;Particulier;13/01/2026;Oui;;purchased
2;B;06 39 98 00 02;Pro;01/02/2026;Non;12/12/2025;purchased
3;"C
\x7f";+33 6 39 98 00 03;Inconnu "x";;;;loué
"""


@pytest.fixture
def drafted(write_file):
    """A function that drafts a brief: its text, and what it decides."""

    def made(text: str | bytes, name: str = "list.csv", language: str = "en") -> tuple[str, dict]:
        lines = "\n".join(draft(write_file(name, text), Rulebook.load(), language))
        return lines, tomllib.loads(lines)

    return made


def _decided(brief: dict) -> dict:
    return {
        key: value for key, value in brief.items() if value and (not isinstance(value, dict) or any(value.values()))
    }


def test_only_what_is_proved_is_decided(drafted):
    """One column of numbers, their country, one order of days; and no text has a meaning."""
    text, brief = drafted(LIST)
    texts, ignore = brief.pop("texts"), brief.pop("ignore")
    assert _decided(brief) == {"columns": {"number": "Tél. mobile"}, "dates": "dmy", "region": "FR"}
    assert ignore == ["Identifiant", "Nom"]
    assert texts == {
        "Type client": {"unread": ['Inconnu "x"', "Particulier", "Pro"]},
        "Date consentement": {"unread": []},
        "Consentement": {"unread": ["Non", "Oui"]},
        "Opposition": {"unread": []},
    }
    for guess in (
        '# call = "Identifiant"  # guessed from the name only',
        '# consent_on = "Date consentement"  # guessed from the name only',
        '# objected_on = "Opposition"  # guessed from the name only',
        "# source is found by its own name",
        '# "Particulier" = "consumer"  # rows: 1; guessed from the word; one of consumer, business',
        '# "Pro" = "business"',
        '# "Inconnu \\"x\\"" = ""  # rows: 1; one of consumer, business',
        '# "Oui" = ""',
        '# caller = ""  # who calls',
    ):
        assert guess in text, guess
    assert '"purchased" =' not in text and '# "loué" = "purchased"' in text


def test_a_draft_is_a_brief_at_once_and_when_corrected(drafted, dnc, write_file):
    """It is read as it stands, and still when every proposal that has a value is taken, with what it left out."""
    text, _ = drafted(LIST)
    assert read_brief(write_file("as-is.toml", text)).columns == {"number": "Tél. mobile"}
    lines = [line.removeprefix("# ") if " = " in line and ' = ""' not in line else line for line in text.splitlines()]
    brief = write_file("taken.toml", "\n".join(lines).replace('ignore = ["Identifiant", ', "ignore = ["))
    assert read_brief(brief).columns["objected_on"] == "Opposition"
    code, out, _ = dnc("check", "list.csv", "--brief", brief, "--columns", "number")
    assert code in (1, 3) and [row["dnc_number"] for row in _rows(out)] == [f"+3363998000{n}" for n in (1, 2, 3)]


def test_two_columns_of_numbers_are_both_called(drafted):
    """Two columns that are named and read as telephone numbers are both called, in the order of the file."""
    text, brief = drafted("fixe,portable\n01 99 00 00 01,06 39 98 00 01\n")
    assert brief["columns"]["number"] == ["fixe", "portable"] and "each filled number of these columns" in text
    assert '# number = "fixe"' in text and '# number = "portable"' in text


def test_a_second_column_that_is_not_sure_is_a_choice(drafted):
    """Where one of two columns holds other things too, neither is taken."""
    text, brief = drafted("fixe,portable\n01 99 00 00 01,06 39 98 00 01\n01 99 00 00 02,aucun\n")
    assert "number" not in brief["columns"] and "several columns may contain" in text
    assert '# number = ["fixe", "portable"]' in text


MOBILES = "06 39 98 00 01\n06 39 98 00 02\n06 39 98 00 03\n"


@pytest.mark.parametrize(
    ("header", "locale", "region"),
    [
        ("number", "C", '# region = ""  # which of '),
        ("number", "fr_FR.UTF-8", 'region = "FR"'),
        ("number", "it_IT", 'region = "IT"'),
        ("Téléphone", "C", 'region = "FR"'),
        ("Téléphone", "en_US.UTF-8", 'region = "FR"'),
    ],
)
def test_a_tie_between_countries_is_not_decided_by_the_alphabet(drafted, monkeypatch, header, locale, region):
    """The language of the header and the country of the system decide; without them it is asked."""
    monkeypatch.setenv("LC_ALL", locale)
    text, _ = drafted(f"{header}\n{MOBILES}")
    assert any(line.startswith(region) for line in text.splitlines()), text


def test_country_codes_settle_the_country_of_the_others(drafted, monkeypatch):
    """Where most numbers with a country code are of one country, so are those without."""
    monkeypatch.setenv("LC_ALL", "C")
    _, brief = drafted(f"number\n{MOBILES}+33 6 39 98 00 04\n")
    assert brief["region"] == "FR"


def test_a_column_of_several_countries_leaves_the_region_open(drafted):
    """Numbers in national form belong to the country of their row."""
    text, brief = drafted("Téléphone;Pays\n06 39 98 00 01;France\n06 39 98 00 02;Italie\n")
    assert "region" not in brief and '# region = ""  # which of ' in text and '# region = "Pays"' in text


def test_national_numbers_of_two_countries_leave_the_region_open(drafted, monkeypatch):
    """All of them are valid in Italy, too, of which neither the header nor the caller speaks."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    numbers = [f"01 99 00 00 {at:02}" for at in range(75)] + [f"020 7946 00{at:02}" for at in range(25)]
    text, brief = drafted("Tél;Ville\n" + "".join(f"{number};Paris\n" for number in numbers))
    assert "region" not in brief and "which of FR, IT?" in text


def test_the_only_column_of_numbers_is_called_if_half_of_them_are_read(drafted):
    """The others may be of another country; a draft that left the column out would find no number at all."""
    numbers = [f"01 99 00 00 {at:02}" for at in range(75)] + [f"07700 9000{at:02}" for at in range(25)]
    _, brief = drafted("Tél;Ville\n" + "".join(f"{number};Paris\n" for number in numbers))
    assert brief["columns"] == {"number": "Tél"} and "Tél" not in brief["ignore"]


def test_a_region_that_is_no_country_is_left_out(drafted):
    """By its name it would be ours, and leave every number unread."""
    _, brief = drafted("Téléphone,REGION\n01 99 00 00 01,idf\n01 99 00 00 02,\n")
    assert (brief["region"], brief["ignore"]) == ("FR", ["REGION"]) and not brief.get("texts")


def test_a_column_of_days_is_not_a_consent(drafted):
    """Days tell when somebody consented; words tell whether."""
    text, _ = drafted("number,Opt-in,Statut\n+33199000001,13/01/2026,14 avril 2025\n")
    assert '# consent_on = "Opt-in"' in text and "# consent = " not in text.split("[facts]")[0]
    assert '# relationship_on = "Statut"' in text
    for day in ("Apr 5; 2026", "05-avr-26", "lundi 6 avril 2026", "04/05/26 3:15 PM", "5 de abril de 2026", "20260405"):
        text, _ = drafted(f'number,Opt-in\n+33199000001,"{day.replace(";", ",")}"\n')
        assert '# consent_on = "Opt-in"' in text, day
    text, _ = drafted("number,Date consentement\n+33199000001,oui\n")
    assert '# consent = "Date consentement"' in text


@pytest.mark.parametrize(
    "names",
    [
        {"recipient": "Qualité", "relationship": "Statut", "consent": "RGPD", "objected_on": "Ne pas appeler",
         "source": "Source du numéro"},
        {"recipient": "Civilité", "consent": "Opt-in", "source": "Origine"},
        {"recipient": "Salutation", "relationship": "Status", "objected_on": "Do Not Call", "source": "Lead Source"},
        {"recipient": "Anrede", "relationship": "Kundenstatus", "consent": "DSGVO", "objected_on": "Nicht anrufen",
         "source": "Herkunft"},
        {"recipient": "Qualità", "relationship": "Stato", "consent": "Consenso", "objected_on": "Non chiamare",
         "source": "Fonte"},
        {"recipient": "Tratamiento", "relationship": "Estado", "objected_on": "No llamar", "source": "Procedencia"},
    ],
)  # fmt: skip
def test_usual_names_are_known(drafted, names):
    """In five languages."""
    text, _ = drafted(f"number,{','.join(names.values())}\n+33199000001{',x' * len(names)}\n")
    for ours, name in names.items():
        assert f'# {ours} = "{name}"  # guessed from the name only' in text


def test_words_tell_what_a_column_is_whose_name_does_not(drafted):
    """All of them, and two or more; a column of other words stays what its name says, if no better one is there."""
    text, _ = drafted(
        "number,Civilité,Type,Abonné\n+33199000001,Mme,particulier,non\n+33199000002,M.,Professionnel,non\n"
    )
    assert '# recipient = "Type"  # guessed from the words only' in text
    assert '# "Professionnel" = "business"' in text and ' = "Civilité"' not in text and ' = "Abonné"' not in text
    text, _ = drafted("number,Civilité,Type\n+33199000001,Mme,particulier\n+33199000002,M.,autre\n")
    assert '# recipient = "Civilité"  # guessed from the name only' in text


def test_a_column_about_calls_comes_before_one_about_e_mails(drafted):
    """As in exports of Zoho and Salesforce."""
    text, brief = drafted("Phone,SMS Opt Out,Do not call\n+33199000001,true,false\n+33199000002,false,true\n")
    assert '# objected_on = "Do not call"' in text and "SMS Opt Out" in brief["texts"]


DATES = {"brevo": "dmy", "broker": "dmy", "mailchimp": "mdy"} | dict.fromkeys(
    ("pipedrive", "dynamics", "dialler"), "dmy"
)


@pytest.mark.parametrize("tool", EXPORTS)
def test_exports_of_well_known_tools_are_read_right(tmp_path, tool):
    """All columns of numbers and no other, and the order of days, which may stand in a note only."""
    text = "\n".join(draft(EXPORTS[tool].write(tmp_path)[0], Rulebook.load()))
    brief, columns = tomllib.loads(text), EXPORTS[tool].campaign["columns"]
    numbers = brief["columns"]["number"]
    assert sorted([numbers] if isinstance(numbers, str) else numbers) == sorted(columns["number"])
    assert brief.get("dates") == DATES.get(tool)
    if tool in ("hubspot", "salesforce", "odoo", "mailchimp"):
        guesses = (ours for ours in ("consent", "consent_on", "objected_on") if ours in columns)
        assert [ours for ours in guesses if f'# {ours} = "{columns[ours]}"' not in text] == []


def test_numbers_under_another_name_are_a_guess(drafted):
    """Cells that read as numbers under a name that says nothing are proposed; days, codes and counts are not."""
    text, brief = drafted("contact,code,day\n+33 1 99 00 00 01,01001,2026-01-01\n+33 1 99 00 00 02,01002,31/01/2026\n")
    assert not _decided(brief).get("columns") and '# number = "contact"  # guessed from the cells only' in text
    assert text.count("# number =") == 1 and "no country is needed" in text


def test_a_name_without_numbers_is_a_guess(drafted):
    """A column that is called telephone and holds none is not taken."""
    text, brief = drafted("telephone,x\nyes,1\nno,2\n")
    assert _decided(brief).keys() == {"texts"} and '# number = "telephone"' in text


def test_our_own_names_need_no_brief(drafted):
    """A list in our words gets a draft that decides nothing, and says what was found."""
    text, brief = drafted("number,consent,call_at\n+33199000001,none,2026-01-01\n")
    assert not _decided(brief) and "# number is found by its own name" in text and "[values.consent]" not in text


@pytest.mark.parametrize(
    ("days", "line"),
    [
        ("13/01/2026,01/12/2026", 'dates = "dmy"  # cells that can only be read in this order: 1; in the other: 0'),
        ("01/13/2026,01/12/2026", 'dates = "mdy"  # cells'),
        ("01/02/2026,03/04/2026", '# dates = "dmy"  # dates with slashes or dots were found, and none shows'),
        ("13/01/2026,01/13/2026", '# dates = "dmy"  # cells with the day first: 1; with the month first: 1; the file mixes them'),
        ("2026-01-13,2026-01-12", "# only ISO 8601 dates were found"),
        ("13.01.26,01.12.26 10:00", 'dates = "dmy"  # cells'),
        ("mardi 13/01/2026,x", 'dates = "dmy"  # cells'),
        ('"4/13/26, 3:15 PM",x', 'dates = "mdy"  # cells'),
        ("05-avr-26,5. März 26", 'dates = "dmy"  # dates with a month in words and a year of two digits: 2'),
        ("25-11-26,05-03-26", '# dates = "dmy"  # dates with slashes or dots were found, and none shows'),
        ("25-11-26,13/01/26", 'dates = "dmy"  # cells that can only be read in this order: 1; in the other: 0'),
        ("12 rue 75,05-xyz-26", "# only ISO 8601 dates were found"),
    ],
)  # fmt: skip
def test_the_order_of_days_is_proved_or_left_open(drafted, days, line):
    """A day above twelve proves an order; nothing else does, and 25-11-26 may begin with a year."""
    text, _ = drafted("number,a,b\n+33199000001," + days + "\n")
    assert line in text


def test_words_that_are_no_axis_are_not_listed(drafted):
    """A column of many words, such as names, is counted and never quoted."""
    rows = "".join(f"+3319900{n:04d},person {n}\n" for n in range(30))
    text, _ = drafted("number,particulier\n" + rows)
    assert 'recipient: "particulier" has 30 different words, too many' in text and "person 1" not in text


def test_it_speaks_french(drafted):
    """Comments come in French; what is decided is the same."""
    text, brief = drafted(LIST, language="fr")
    assert "supposé d'après le nom seul" in text and _decided(brief) == _decided(drafted(LIST)[1])


@pytest.mark.parametrize("text", ["0199000001,x\n0199000002,y\n", ""])
def test_a_file_without_a_header_is_refused(drafted, text):
    """Numbers where names should be are no columns, and are not printed."""
    with pytest.raises(InputError) as refused:
        drafted(text)
    assert "0199000001" not in str(refused.value)


def test_a_file_without_a_column_is_refused(write_file):
    """A JSON list of nothing has no column to propose."""
    with pytest.raises(InputError, match=r"calls.json:1: no column in it"):
        list(draft(write_file("calls.json", "[]"), Rulebook.load()))


def test_a_header_alone_has_a_draft(drafted):
    """No row proves nothing."""
    assert not _decided(drafted("Tel,Nom\n")[1])


def test_a_file_without_texts_has_a_draft(drafted):
    """An object around the rows, of which one column is a list."""
    assert not _decided(drafted('{"number": [1, 2]}', "list.json")[1])


def test_proposals_name_columns_and_words_that_exist():
    """Each is folded, and proposes a column and a word of the vocabulary."""
    told = proposals()
    assert set(told["columns"]) <= set(vocabulary().columns)
    for column, meanings in told["values"].items():
        ours = {"none"} if column in OR_NONE else {"withheld"} if column == "cli" else vocabulary().axes[column]
        assert set(meanings) <= set(ours)
    words = [
        word
        for meanings in (told["columns"], *told["values"].values())
        for group in meanings.values()
        for word in group
    ]
    assert all(word == word.casefold().replace(" ", "") and word.isascii() for word in words)


def test_the_command_prints_it(dnc, write_file):
    """stdout is the draft."""
    code, out, err = dnc("brief", write_file("list.csv", LIST))
    assert (code, err) == (0, "") and 'number = "Tél. mobile"' in out


def test_it_speaks_the_language_of_the_system(dnc, write_file, monkeypatch):
    """French by LC_ALL, unless --lang says otherwise."""
    path = write_file("l.csv", "Téléphone\n+33639980001\n")
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert "# Ébauche" in dnc("brief", path)[1] and "# Draft" in dnc("brief", path, "--lang", "en")[1]
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert "# Draft" in dnc("brief", path)[1]


def test_only_what_a_caller_leaves_open_is_asked(dnc, tmp_path):
    """With the caller and the day, facts that no rule then asks for are left out; most calls come first."""
    export, _ = EXPORTS["hubspot"].write(tmp_path)
    given = ("--set", "caller=political", "--set", "voice=human", "--set", "call_at=2026-12-01")
    code, out, _ = dnc("brief", export, *given)
    assert code == 0 and tomllib.loads(out)["facts"]["caller"] == "political"
    facts = out.split("[facts]")[1]
    assert (
        "# dialler = " in facts and "calls: " in facts and "# sector = " not in facts and "# attempts = " not in facts
    )
    assert dnc("brief", export, "--set", "caller=shop")[0] == 2


def test_the_texts_to_be_read_come_first(drafted, dnc, write_file):
    """Those that may object before others; names and texts of any signs are no trouble, and the draft runs."""
    names = ['"a ""b"" = [c]"', "Ville", "Suivi", "Ne pas appeler", '"deux\nlignes"', "Sans"]
    rows = "0199000418;S9;Sète;ne plus appeler;;x#\x7f;\n0199000419;S1;Nîmes;;d;;\n"
    text, brief = drafted("number;" + ";".join(names) + f"\n{rows}")
    assert list(brief["texts"]) == ["Suivi", "Ne pas appeler", 'a "b" = [c]', "deux\nlignes"]
    assert brief["ignore"] == ["Ville"] and brief["texts"]["Suivi"]["unread"] == ["ne plus appeler"]
    code, out, _ = dnc("check", "list.csv", "--brief", write_file("b.toml", text), "--columns", "missing")
    assert code == 3 and "text:Suivi" in out and 'text:a ""b"" = [c]' in out


@pytest.mark.parametrize(
    ("name", "is_left_out"),
    [
        ("Date limite", False), ("Date limite d'appel", False), ("Mobile - date fin", False), ("Tél. inactif", False),
        ("Numéro de tutelle", False), ("Tél. bureau", True), ("TelephoneHome", True), ("Festnetznummer", True),
    ],
)  # fmt: skip
def test_a_name_with_a_word_for_a_telephone_has_to_be_understood_whole(dnc, write_file, name, is_left_out):
    """Days of a deadline look like numbers, too, and `tel` is in `Date limite` only to a program."""
    cell = "{:02d}/06/2026" if "ate" in name else "01 99 00 1{:d}"
    rows = "".join(f"{row};063998{row:04d};{cell.format(row % 28 + 1)}\n" for row in range(60))
    code, text, _ = dnc("brief", write_file("list.csv", f"Id;Tel;{name}\n{rows}"), "--lang", "en")
    draft = tomllib.loads(text)
    assert code == 0 and (name in draft.get("ignore", [])) == is_left_out != (name in draft.get("texts", {}))


def test_few_ids_for_many_rows_are_codes(dnc, write_file):
    """Nobody knows what they stand for, so a draft does not leave them out, nor the id of one row; ids that differ are."""
    rows = "".join(f"01990000{at:02d},{'AB'[at % 2]}1,C{at},{'S9' * (at == 3)}\n" for at in range(40))
    draft = tomllib.loads(dnc("brief", write_file("l.csv", f"number,Client key,Client id,Ref\n{rows}"))[1])
    assert draft["ignore"] == ["Client id"] and draft["texts"]["Client key"] == {"unread": ["a1", "b1"]}
    assert draft["texts"]["Ref"] == {"unread": ["s9"]}


@pytest.mark.parametrize("name", ["texts.csv", "texts.xlsx"])
def test_a_table_of_texts_is_for_a_spreadsheet_program(name, dnc, write_file, tmp_path):
    """As the list's own program writes tables; a text that looks like a formula comes back as it was."""
    write_file("list.csv", "number;Notes\n0199000418;- refus d'écouter\n0199000419;=1+1\n0199000420;ok\n")
    brief = write_file("b.toml", '[texts.Notes]\nunread = ["ok"]\n')
    assert dnc("brief", "list.csv", "--texts", "Notes", "--out", name)[0] == 0
    rows = pl.concat(open_table(tmp_path / name).batches)
    assert rows["text"].str.starts_with("'").sum() == 2
    if name.endswith("csv"):
        assert (tmp_path / name).read_bytes().startswith("\N{ZERO WIDTH NO-BREAK SPACE}column;text;".encode())
    filled = rows.select("column", "text", meaning=pl.lit("objected")).write_csv(separator=";")
    assert dnc("brief", "list.csv", "--texts-from", write_file("filled.csv", filled), "--add-to", brief)[0] == 0
    code, out, _ = dnc("check", "list.csv", "--brief", brief, "--region", "FR", "--columns", "missing")
    assert code == 3 and "text:Notes" not in out
