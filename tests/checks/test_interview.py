"""What is asked about a list: only what matters, what decides most rows first, and nothing that clears by itself."""

from __future__ import annotations

from functools import partial

import openpyxl
import pytest

from dnc import InputError, Rulebook, Store, check
from dnc.checks.interview import Interview
from dnc.errors import OptionError
from dnc.lists.brief import read_brief

LIST = """\
Téléphone;Qualité;Ne pas appeler;RGPD
06 39 98 00 01;Particulier;non;oui
06 39 98 00 02;Particulier;oui;non
06 39 98 00 03;Association;non;oui
"""


@pytest.fixture
def asked(write_file, store, monkeypatch, tmp_path):
    """A function that starts the questions about a list."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    monkeypatch.setenv("LC_ALL", "C")

    def start(text: str, language: str = "en") -> Interview:
        return Interview(write_file("list.csv", text), tmp_path / "list.toml", store, Rulebook.load(), language)

    return start


def _answered(interview: Interview, answers: dict[str, int | str | None]) -> list[str]:
    """Answer all questions, by id or else as not known; gives their ids."""
    ids = []
    while question := interview.next():
        ids.append(question.id)
        interview.answer(question, answers.get(question.id))
    return ids


def test_what_the_file_tells_is_asked_first(asked, tmp_path):
    """Who and when, then the columns of the file, then what is the same for all rows; each once."""
    ids = _answered(asked(LIST), {"caller": 0, "call_at": 0, "is:Ne pas appeler": 0})
    assert ids[:3] == ["caller", "call_at", "is:Ne pas appeler"] and len(ids) == len(set(ids))
    assert set(ids[3:5]) == {"recipient", "is:RGPD"} and "number" not in ids and "region" not in ids
    brief = read_brief(tmp_path / "list.toml")
    assert (brief.region, brief.columns) == ("FR", {"number": "Téléphone", "objected_on": "Ne pas appeler"})
    assert brief.facts == {"caller": "commercial", "purpose": "sale", "call_at": "2026-11-24"}


def test_only_what_matters_for_the_caller_is_asked(asked):
    """A party is not asked for consents or sectors when people call by hand."""
    ids = _answered(asked(LIST), {"caller": 3, "call_at": 0, "is:Ne pas appeler": 0, "voice": 0, "source": 3})
    assert {"sector", "attempts", "habit"}.isdisjoint(ids)


@pytest.mark.parametrize(
    ("fact", "details"), [("consent", {"consent_on", "consent_for"}), ("relationship", {"related"})]
)
def test_details_are_asked_only_of_what_is_known(asked, fact, details):
    """The day of a consent only after the consent, for instance; an answer that is not known leads to no detail."""
    interview = asked("Téléphone\n01 99 00 00 01\n")
    interview.answer(interview.next(), 0)
    assert details.isdisjoint(question.id for question in interview.open())
    [question] = [question for question in interview.open() if question.id == fact]
    interview.answer(question, None)
    assert details.isdisjoint(question.id for question in interview.open())
    interview.take_back()
    interview.answer(question, 1)
    assert details <= {question.id for question in interview.open()}


def test_words_that_are_not_known_are_asked_for(asked, tmp_path):
    """Known words of a column come with it, each other word is a question with its rows."""
    interview = asked(LIST)
    answers = {"caller": 0, "call_at": 0, "is:Ne pas appeler": 0, "recipient": 0, "word:Qualité:Association": 1}
    ids = _answered(interview, answers)
    assert ids.index("word:Qualité:Association") > ids.index("recipient")
    assert read_brief(tmp_path / "list.toml").values["recipient"] == {
        "particulier": "consumer",
        "association": "business",
    }


def test_no_question_is_open_twice(asked):
    """Where several facts are missing that one answer tells, it is asked for once, also on a page of all questions."""
    interview = asked(LIST)
    texts = {question.id: question.text for question in interview.open()}
    assert len(list(interview.open())) == len(texts) == len(set(texts.values())) > 5
    assert "caller" in texts and "purpose" not in texts


def test_a_column_of_permissions(asked, tmp_path):
    """Its yes is no objection and its no is one; a word that is neither stays, and counts as one."""
    text = "Téléphone;Contact par téléphone\n06 39 98 00 01;Oui\n06 39 98 00 02;Non\n06 39 98 00 03;voir note\n"
    _answered(asked(text), {"caller": 3, "call_at": 0, "is:Contact par téléphone": 0})
    brief = read_brief(tmp_path / "list.toml")
    assert brief.columns["objected_on"] == "Contact par téléphone"
    assert brief.values["objected_on"] == {"oui": "none", "non": "yes"}


def test_a_second_column_of_consents_that_says_no_is_asked_for(asked, tmp_path):
    """Once another one records the consents; until then it may be the one that does. One of messages is not."""
    told = tmp_path / "list.toml"
    told.write_text('[facts]\nobjected_on = "none"\n[columns]\nconsent = "Consentement"\n')
    ids = _answered(asked("Tel;Consentement;RGPD;Opt-in SMS\n06 39 98 00 01;oui;non;non\n"), {"is:RGPD": 0})
    assert "is:RGPD" in ids and "is:Opt-in SMS" not in ids
    assert read_brief(told).ignore == ("RGPD",)


def test_a_column_that_denies_consents_is_asked_for_where_a_check_would_stop(asked, tmp_path, write_file):
    """Not if nobody has consented; with a file of consents, or a rule that tells some, it is."""
    text = "Tel;RGPD\n06 39 98 00 01;non\n"
    for told, consents, is_open in (
        ('[facts]\nconsent = "none"\n', False, False),
        ('[facts]\nconsent = "named_caller"\n', False, True),
        ("", False, False),
        ("", True, True),
        ('[when_empty.Tel]\nconsent = "partners"\n', False, True),
    ):
        (tmp_path / "list.toml").write_text(told)
        interview = asked(text)
        interview.consents = write_file("consents.csv", "number,consent\n0639980001,none\n") if consents else None
        assert (interview.unexplained == ["RGPD"]) == is_open, told


@pytest.mark.parametrize(("name", "is_asked"), [("Créé le", False), ("Date opt-in", True), ("Ne plus appeler", True)])
def test_the_order_of_days_is_asked_only_for_days_that_matter(asked, name, is_asked):
    """Most exports say when a row was created."""
    interview = asked(f"Téléphone;{name}\n06 39 98 00 01;05/03/2026\n")
    _ = [interview.answer(interview.next(), 0) for _ in range(2)]
    assert ("dates" in [question.id for question in interview.open()]) is is_asked


def test_a_status_of_which_one_word_is_an_objection(asked, tmp_path, store):
    """As in exports of diallers: the others are none, and a word that comes later counts as one."""
    rows = "+33639980001\tDNC\n+33639980002\tNEW\n+33639980003\tCALLBK\n+33639980004\t\n"
    interview = asked(f"phone_number\tstatus\n{rows}")
    _ = [interview.answer(interview.next(), at) for at in (0, 0)]
    question = interview.next()
    texts = [option.text for option in question.options]
    [at] = [at for at, text in enumerate(texts) if "if the cell says DNC, and did not if" in text]
    assert question.default is None
    interview.answer(question, at)
    brief = read_brief(tmp_path / "list.toml")
    found = check(tmp_path / "list.csv", store, brief=brief).verdicts
    assert found["dnc_blocked_by"].str.contains("eu-gdpr-objection").to_list() == [True, False, False, False]
    (tmp_path / "later.csv").write_text("phone_number\tstatus\n+33639980005\tREFUS\n")
    assert check(tmp_path / "later.csv", store, brief=brief).counts["blocked"] == 1


def test_a_column_whose_name_is_almost_ours_is_asked_for(asked, tmp_path, store):
    """A check stops at it; the answer maps it or leaves it out. Of two columns of one name, one can be left out."""
    interview = asked("number,consents,consent_on,consent_on_1\n+33639980001,named_caller,2026-11-02,2026-11-03\n")
    _ = [interview.answer(interview.next(), at) for at in (0, 0)]
    brief = tmp_path / "list.toml"
    for name, options in (("consent_on_1", 1), ("consents", 2)):
        with pytest.raises(OptionError, match=f"'{name}' is not used"):
            check(tmp_path / "list.csv", store, brief=read_brief(brief))
        question = interview.next()
        assert name in question.text and len(question.options) == options
        interview.answer(question, 0)
    made = read_brief(brief)
    assert (made.ignore, made.columns["consent"]) == (("consent_on_1",), "consents")
    _ = check(tmp_path / "list.csv", store, brief=made)


def test_two_columns_of_objections(asked, tmp_path, store):
    """An objection in either counts: a no in one is no answer for the other."""
    rows = "+33639980001,false,false\n+33639980002,true,false\n+33639980003,false,true\n+33639980004,,nein\n"
    interview = asked(f"phone_number,do_not_call,do_not_contact\n{rows}")
    _ = [interview.answer(interview.next(), at) for at in (3, 0, 0, 0)]
    assert "Besides those in do_not_call, do_not_contact," in " ".join(question.text for question in interview.open())
    brief = read_brief(tmp_path / "list.toml")
    assert "objected_on" not in brief.columns
    found = check(tmp_path / "list.csv", store, brief=brief).verdicts
    assert found["dnc_blocked_by"].to_list() == ["", *["eu-gdpr-objection;own-objection"] * 2, ""]


def test_two_columns_of_which_some_words_are_objections(asked, tmp_path, store):
    """As a status and tags of one export: an objection in either counts, and the other words of neither do."""
    rows = "+33639980001,NEW,vip\n+33639980002,DNC,\n+33639980003,CALLBK,ne plus appeler\n+33639980004,NEW,DNC\n"
    interview = asked(f"phone_number,status,tags\n{rows}")
    _ = [interview.answer(interview.next(), at) for at in (0, 0)]
    for name, word in (
        ("status", "says DNC, and did not if it says NEW, CALLBK"),
        ("tags", "and did not if it says vip"),
    ):
        question = interview.next()
        assert name in question.text
        interview.answer(question, [word in option.text for option in question.options].index(True))
    brief = read_brief(tmp_path / "list.toml")
    assert "objected_on" not in brief.columns
    found = check(tmp_path / "list.csv", store, brief=brief).verdicts
    assert found["dnc_blocked_by"].str.contains("eu-gdpr-objection").to_list() == [False, True, True, True]
    (tmp_path / "later.csv").write_text("phone_number,status,tags\n+33639980005,NEW,refus\n")
    assert check(tmp_path / "later.csv", store, brief=brief).counts["blocked"] == 1


def test_rows_and_values_are_shown_and_numbers_masked(asked):
    """A question names how many rows it may decide; of a telephone number only the last digits are shown."""
    interview = asked(
        "Téléphone;Stop\n06 39 98 00 01;06 39 98 00 41\n06 39 98 00 02;06 39 98 00 42\n06 39 98 00 03;x\n"
    )
    _ = [interview.answer(interview.next(), 0) for _ in range(2)]
    question = interview.next()
    assert (question.id, question.rows, question.default) == ("is:Stop", 3, None)
    assert list(question.shown) == ["•• •• •• •• 41", "•• •• •• •• 42", "x"]


def test_enter_never_clears(asked):
    """No default says that an empty cell is no objection, nor that anybody consented."""
    interview = asked("Téléphone;Opposition;Consentement le\n06 39 98 00 01;;13/01/2026\n06 39 98 00 02;14/01/2026;\n")
    defaults = {}
    while question := interview.next():
        if question.default is not None:
            defaults[question.id] = question.options[question.default].edits
        interview.answer(
            question, question.default if question.default is not None else 0 if question.options else None
        )
    assert defaults["is:Opposition"] == {"columns": {"objected_on": "Opposition"}}
    assert all("when_empty" not in edits and "when_filled" not in edits for edits in defaults.values())


def test_a_wrong_answer_leaves_the_brief_as_it_was(asked, tmp_path):
    """What is typed is read as the brief is."""
    interview = asked(LIST)
    interview.answer(interview.next(), 0)
    question, before = interview.next(), (tmp_path / "list.toml").read_bytes()
    with pytest.raises(InputError, match="not possible"):
        interview.answer(question, "soon")
    assert (tmp_path / "list.toml").read_bytes() == before


def test_answers_of_an_earlier_time_are_not_asked_again(asked):
    """A brief that is there is gone on with."""
    first = asked(LIST)
    first.answer(first.next(), 0)
    assert asked(LIST).next().id == "call_at"


def test_a_brief_in_utf16_is_continued(asked, tmp_path):
    """PowerShell 5 writes it in this encoding, and a check reads it too."""
    (tmp_path / "list.toml").write_text('region = "FR"\n[facts]\ncaller = "charity"\n', encoding="utf-16")
    assert asked(LIST).next().id == "call_at"
    assert read_brief(tmp_path / "list.toml").facts == {"caller": "charity"}


def test_a_column_of_regions_that_names_no_countries_is_asked_for(asked, tmp_path):
    """Our column of that name holds countries; left out, the country of the numbers is asked for."""
    interview = asked("Téléphone;Région\n01 99 00 00 01;Bretagne\n01 99 00 00 02;Île-de-France\n")
    ids = _answered(interview, {"caller": 11, "call_at": 0, "is:Région": 1, "region": 0})
    assert ids.index("is:Région") < ids.index("region")
    brief = read_brief(tmp_path / "list.toml")
    assert (brief.region, brief.ignore) == ("FR", ("Région",))
    assert interview.decided.missing()["region"] == 0


def test_the_answer_that_some_words_object_names_all_words(asked):
    """What the others are is seen before it is said that they record no objection."""
    rows = ("Occupé", "DNC", "à rayer", "ne souhaite pas être appelé", "mail uniquement")
    interview = asked("Téléphone;Suivi\n" + "".join(f"01 99 00 00 0{at};{word}\n" for at, word in enumerate(rows)))
    question = next(question for question in interview.open() if question.id == "is:Suivi")
    [only] = [option for option in question.options if "values" in option.edits]
    said, denied = only.text.split("if the cell says ")[1].split(", and did not if it says ")
    assert set(said.split(", ")) == {"DNC", "mail uniquement", "ne souhaite pas être appelé"}
    assert denied == "Occupé, à rayer"


def test_a_name_that_only_looks_like_a_telephone_hides_no_numbers(asked):
    """A status of `éligibilité` contains `tel`; where no such column has numbers, others are proposed."""
    question = asked("num_ligne;statut_eligibilite\n01 99 00 00 01;OK\n01 99 00 00 02;KO\n").next()
    assert [option.edits["columns"]["number"] for option in question.options] == ["num_ligne", "statut_eligibilite"]


def test_a_list_without_numbers_is_refused(asked):
    """Nothing can be asked about it."""
    with pytest.raises(InputError, match="no column of telephone numbers"):
        asked("Nom;Ville\nA;B\n").next()


def test_the_questions_are_about_the_sheet_that_the_brief_names(tmp_path):
    """As the check is; where the first one has no numbers, the others are named."""
    book = openpyxl.Workbook()
    book.active.append(["Remarque"])
    sheet = book.create_sheet("Appels")
    sheet.append(["Téléphone"])
    sheet.append(["06 39 98 08 40"])
    book.save(tmp_path / "list.xlsx")
    path, brief = tmp_path / "list.xlsx", tmp_path / "list.toml"
    made = partial(Interview, path, brief, Store(tmp_path / "store"), Rulebook.load(), "en")
    with pytest.raises(InputError, match="other sheets of the spreadsheet were not read: 'Appels'"):
        made().next()
    brief.write_text('sheet = "Appels"\n', encoding="utf-8")
    assert made().next().id == "caller"


def test_nothing_else_is_asked_before_the_column_of_numbers_is_known(asked):
    """The other questions come from a check of the first rows, which needs the numbers."""
    interview = asked("id;Truc\n1;06 39 98 08 40\n2;06 39 98 08 41\n")
    [question] = interview.open()
    assert question.id == "number" and not interview.number_is_known
    interview.answer(question, 0)
    assert interview.number_is_known and next(interview.open()).id == "caller"


def test_columns_of_equal_standing_are_a_question(asked, tmp_path):
    """Which of two columns holds the number to call, or both, where one of them holds other things too."""
    interview = asked("fixe;portable\n01 99 00 00 01;06 39 98 00 01\n01 99 00 00 02;aucun\n")
    question = interview.next()
    assert question.id == "number" and [option.text for option in question.options] == [
        "each number in fixe, portable",
        "fixe (for instance •• •• •• •• 01, •• •• •• •• 02)",
        "portable (for instance •• •• •• •• 01, aucun)",
    ]
    interview.answer(question, 0)
    assert read_brief(tmp_path / "list.toml").columns == {"number": ["fixe", "portable"]}
    assert interview.next().id == "caller" and interview.calls == 4


def test_a_country_that_stays_a_tie_is_asked(asked, tmp_path):
    """Numbers in national form, a header and a system without a language."""
    interview = asked("number\n06 39 98 00 01\n06 39 98 00 02\n")
    _ = [interview.answer(interview.next(), 0) for _ in range(2)]
    question = interview.next()
    assert question.id == "region" and len(question.options) > 1 and question.rows == 2
    at = [option.text for option in question.options].index("France (FR)")
    interview.answer(question, at)
    assert read_brief(tmp_path / "list.toml").region == "FR"


def test_yes_and_no_in_any_language_need_no_day(asked, tmp_path, store):
    """A word for no is taken with its column, and a word for yes is an objection, not a mistake."""
    interview = asked(
        "Telefon;Nicht anrufen\n0049 30 23125001;ja\n0049 30 23125002;nein\n0049 30 23125003;vielleicht\n"
    )
    _ = [interview.answer(interview.next(), 0) for _ in range(2)]
    question = interview.next()
    assert question.id == "is:Nicht anrufen" and not question.proved
    interview.answer(question, 0)
    brief = read_brief(tmp_path / "list.toml")
    assert brief.values == {"objected_on": {"nein": "none"}}
    result = check(tmp_path / "list.csv", store, brief=brief)
    assert result.verdicts["dnc_blocked_by"].str.contains("objection").to_list() == [True, False, True]
    assert dict(result.tallies.misread) == {("objected_on", "vielleicht"): 1}


def test_what_is_typed_wrongly_is_explained_in_the_language_asked(asked):
    """No message in English amid French."""
    interview = asked(LIST, "fr")
    interview.answer(interview.next(), 0)
    with pytest.raises(InputError, match="ce n'est pas une date possible"):
        interview.answer(interview.next(), "bientôt")
