"""What is asked about a list: only what matters, what decides most rows first, and nothing that clears by itself."""

from __future__ import annotations

from functools import partial

import openpyxl
import pytest

from dnc import InputError, Rulebook, Store, check
from dnc.checks.interview import Interview
from dnc.checks.questions import Chosen, Question, TableRow
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
    while question := next(interview.open(), None):
        ids += question.parts or [question.id]
        interview.answer(question, _answer(question, answers))
    return ids


def _answer(question: Question, answers: dict[str, int | str | None]) -> Chosen:
    """The answer to a question, and of a form to each that it stands for, by their ids."""
    if not question.parts:
        return answers.get(question.id)
    told = zip(question.table, map(answers.get, question.parts), strict=True)
    return [_answer_row(row, answer) for row, answer in told]


def _answer_row(row: TableRow, answer: int | str | None) -> int | str:
    if row.fact:
        return row.chosen if answer == 0 else answer or ""
    return len(row.options) - 1 if answer is None else answer


def _open(interview: Interview, answers: dict[str, int]) -> list[Question]:
    """The questions that are open once some, and what each column is for, are answered."""
    while (question := next(interview.open(), None)).id in {*answers, "columns", "campaign"}:
        interview.answer(question, _answer(question, answers))
    return list(interview.open())


def _form(interview: Interview) -> Question:
    """The form about what is the same for all calls of a business that sells."""
    while (question := next(interview.open(), None)).id != "campaign":
        interview.answer(question, 0 if question.id == "caller" else None)
    return question


def _is_unknown(row: TableRow) -> bool:
    """Whether the answer to a row adds nothing to the brief."""
    return isinstance(row.chosen, int) and not row.options[row.chosen].edits


def test_what_is_the_same_for_all_calls_is_one_question(asked, tmp_path):
    """Six questions at most; nothing that speaks for a call is proposed in it, and objections and consents are apart."""
    interview = asked("Tél;Qualité;Consentement le;Ville\n06 39 98 00 01;Particulier;13/01/2026;Sète\n")
    form = _form(interview)
    assert {"call_at", "voice", "cli", "source", "sector", "relationship", "attempts"} <= set(form.parts)
    assert not {"consent", "consent_on", "objected_on", "registry:own"} & set(form.parts)
    proposed = {one for one, row in zip(form.parts, form.table, strict=True) if row.chosen and not _is_unknown(row)}
    assert proposed == {"call_at"}  # nothing is proposed that nobody said
    interview.answer(form, _answer(form, {"cli": "01 99 00 90 00", "voice": 0, "sector": 0, "call_at": "08/12/2026"}))
    facts = read_brief(tmp_path / "list.toml").facts
    assert (facts["cli"], facts["call_at"], facts["dialler"]) == ("+33199009000", "2026-12-08", "manual")
    assert "source" not in facts and "source" not in _answered(interview, {})  # not known, and not asked again
    assert len(interview.given) <= 6
    interview.take_back("campaign")
    again = next(question for question in interview.open() if question.id == "campaign")
    assert "cli" not in read_brief(tmp_path / "list.toml").facts
    assert [row.chosen for row in again.table] == interview._undone["campaign"].chosen


def test_what_a_column_may_say_is_not_asked_of_all(asked):
    """It is asked once that column is for something else: consent and objections, and what is proposed of a column."""
    header = "Tél;Accord téléphone;Ne plus appeler;Qualité"
    interview = asked(f"{header}\n06 39 98 00 01;peut-être;x;Particulier\n06 39 98 00 02;oui;;Professionnel\n")
    interview.answer(next(interview.open(), None), 0)
    of_each = {"consent", "registry:own", "recipient"}
    asked_of_all = {id_ for question in interview.open() for id_ in (question.id, *question.parts)}
    assert "source" in asked_of_all and of_each.isdisjoint(asked_of_all)
    columns = next(interview.open(), None)
    interview.answer(columns, [0] * len(columns.table))
    assert of_each <= {id_ for question in interview.open() for id_ in (question.id, *question.parts)}


def test_the_words_of_a_consent_are_for_the_same_calls(asked, tmp_path):
    """A column named for a consent, with no word that gives one, is used at once; its words tell the calls, too."""
    interview = asked("Téléphone;RGPD\n06 39 98 00 01;Accordé\n06 39 98 00 02;Validé\n06 39 98 00 03;En cours\n", "fr")
    while not (question := next(interview.open(), None)).id.startswith("words:"):
        interview.answer(question, 0 if question.id == "caller" else None)
    assert all(row.options[row.rest].edits == {"values": {"consent": {row.text: "none"}}} for row in question.table)
    live, both = (
        next(at for at, one in enumerate(question.table[0].options) if kind in str(one.edits))
        for kind in ("live", "both")
    )
    with pytest.raises(InputError, match="different calls"):
        interview.answer(question, [live, 1, both])
    interview.answer(question, [live, 1, live])
    assert "consent_for" not in [one.id for one in interview.open()]
    assert read_brief(tmp_path / "list.toml").when_filled["RGPD"]["consent_for"] == "live"


def test_a_word_of_a_consent_that_is_known_already_leaves_its_calls_to_be_asked(asked):
    """Beside another word that nobody knows, also once that was answered so."""
    rows = "06 39 98 00 01;Freely given consent from contact\n06 39 98 00 02;Consent requested\n"
    interview = asked(f"Téléphone;Legal basis\n{rows}")
    while not (question := next(interview.open(), None)).id.startswith("words:"):
        interview.answer(question, {"caller": 0, "region": 0, "columns": [2]}.get(question.id))
    assert [row.text for row in question.table] == ["Consent requested"]
    assert "live" not in str(question.table[0].options), "it is asked apart"
    assert "consent_for" in [one.id for one in interview.open()]
    interview.answer(question, [0])
    assert "consent_for" in [one.id for one in interview.open()]


def test_each_column_that_fits_may_be_the_consent(asked):
    """The one that is proposed may be of something else; any column of days may be the day of the consent."""
    rows = "".join(f"06 39 98 00 0{at};true;{'Oui' if at else 'Non'};12/0{at + 1}/2026\n" for at in range(3))
    interview = asked(f"Téléphone;OPT_IN;CONSENTEMENT_TEL;Collecte\n{rows}", "fr")
    while (question := next(interview.open(), None)).id != "columns":
        interview.answer(question, 0 if question.id == "caller" else None)
    told = {row.name: [one.edits.get("columns", {}) for one in row.options] for row in question.table}
    assert all({"consent": name} in told[name] for name in ("OPT_IN", "CONSENTEMENT_TEL"))
    assert {"consent_on": "Collecte"} in told["Collecte"]


def test_what_the_file_tells_is_asked_first(asked, tmp_path):
    """Who calls, then the columns of the file, then what is the same for all rows, and the texts; each once."""
    ids = _answered(asked(LIST), {"caller": 0, "call_at": 0})
    assert ids[:3] == ["caller", "columns", "call_at"] and ids[-1] == "texts" and len(ids) == len(set(ids))
    assert {"recipient", "words:RGPD"} <= set(ids) and "number" not in ids and "region" not in ids
    brief = read_brief(tmp_path / "list.toml")
    assert (brief.region, brief.columns) == ("FR", {"number": "Téléphone", "consent": "RGPD"})
    assert {meant for texts in brief.texts.values() for meant in texts.meanings.values()} == {"unread"}
    assert brief.facts == {"caller": "commercial", "purpose": "sale", "call_at": "2026-11-24"}


def test_only_what_matters_for_the_caller_is_asked(asked):
    """A party is not asked for consents or sectors when people call by hand."""
    ids = _answered(asked(LIST), {"caller": 3, "call_at": 0, "voice": 0, "source": 3})
    assert {"sector", "attempts", "habit"}.isdisjoint(ids)


@pytest.mark.parametrize(
    ("fact", "details"), [("consent", {"consent_on", "consent_for"}), ("relationship", {"related"})]
)
def test_details_are_asked_only_of_what_is_known(asked, fact, details):
    """The day of a consent only after the consent, for instance; an answer that is not known leads to no detail."""
    interview = asked("Téléphone\n01 99 00 00 01\n")
    interview.answer(next(interview.open(), None), 0)
    assert details.isdisjoint(question.id for question in interview.open())
    [question] = [question for question in interview.open() if fact in (question.id, *question.parts)]
    interview.answer(question, None)
    assert details.isdisjoint(question.id for question in interview.open())
    interview.take_back()
    interview.answer(question, _answer(question, {fact: 1}))
    assert details <= {question.id for question in interview.open()}


def test_words_that_are_not_known_are_asked_for(asked, tmp_path):
    """Known words of a column come with it, each other word is a question with its rows."""
    interview = asked(LIST)
    answers = {"caller": 0, "call_at": 0, "recipient": 0, "words:Qualité": [2]}
    ids = _answered(interview, answers)
    assert ids.index("words:Qualité") > ids.index("recipient")
    assert read_brief(tmp_path / "list.toml").values["recipient"] == {
        "particulier": "consumer",
        "association": "business",
    }


def test_no_question_is_open_twice(asked):
    """Where several facts are missing that one answer tells, it is asked for once, also on a page of all questions."""
    interview = asked(LIST)
    assert [question.id for question in interview.open()] == ["caller", "columns", "call_at"]  # the law depends on who
    interview.answer(next(interview.open(), None), 0)
    questions = list(interview.open())
    assert len({question.text for question in questions}) == len(questions)
    ids = [id_ for question in questions for id_ in question.parts or [question.id]]
    assert len(set(ids)) == len(ids) > 4
    assert "caller" not in ids and "purpose" not in ids


def test_a_column_that_says_yes_or_no_is_answered_as_one(asked, tmp_path, store):
    """Whatever its language and whichever of the two objects; an objection in one of several columns counts."""
    rows = "+33639980001,false,oui\n+33639980002,true,oui\n+33639980003,false,Non\n+33639980004,,\n"
    interview = asked(f"phone_number,do_not_call,Contact par téléphone\n{rows}")
    _answered(interview, {"caller": 3, "call_at": 0, "texts": [1, 2]})
    brief = read_brief(tmp_path / "list.toml")
    found = check(tmp_path / "list.csv", store, brief=brief).verdicts["dnc_blocked_by"]
    assert found.str.contains("eu-gdpr-objection").to_list() == [False, True, True, False]
    (tmp_path / "later.csv").write_text("phone_number,do_not_call,Contact par téléphone\n+33639980005,,voir note\n")
    [later] = check(tmp_path / "later.csv", store, brief=brief).verdicts["dnc_missing"]
    assert "text:Contact par téléphone" in later.split(";")


def test_tags_of_a_cell_are_answered_one_by_one(asked, tmp_path, store):
    """Where cells are made of fewer tags, the separator can be chosen; the strictest tag of a cell counts."""
    tags = ("VIP, Lyon", "Lyon, stop", "VIP, stop", "VIP, Lyon, stop", "Lyon", "VIP", "stop")
    rows = "".join(f'06 39 98 00 0{at},"{cell}"\n' for at, cell in enumerate(tags))
    interview = asked(f"Téléphone,Étiquettes\n{rows}")
    while (question := next(interview.open(), None)).id != "columns":
        interview.answer(question, 3)
    [row] = question.table
    assert [option.edits for option in row.options][1:] == [
        {"texts": {"Étiquettes": {}}}, {"texts": {"Étiquettes": {"separator": ","}}},
    ]  # fmt: skip
    interview.answer(question, [2])
    while (question := next(interview.open(), None)).id != "texts":
        interview.answer(question, None)
    assert {row.text: list(row.shown) for row in question.table} == {
        "stop": ["rows: 4"], "Lyon": ["rows: 4"], "VIP": ["rows: 4"],
    }  # fmt: skip
    interview.answer(question, [1 if row.text == "stop" else 4 for row in question.table])
    brief = read_brief(tmp_path / "list.toml")
    found = check(tmp_path / "list.csv", store, brief=brief).verdicts["dnc_blocked_by"]
    assert found.str.contains("eu-gdpr-objection").to_list() == ["stop" in cell for cell in tags]


def test_a_column_of_days_of_objections_is_mapped(asked, tmp_path, store):
    """No text of it could be given a meaning; what its empty cells say is asked, and not supposed."""
    interview = asked("Téléphone;Ne plus appeler\n06 39 98 00 01;05/11/2026\n06 39 98 00 02;\n")
    ids = _answered(interview, {"caller": 3, "call_at": 0})
    assert "empty:Ne plus appeler:objected_on" in ids and "texts" not in ids
    brief = read_brief(tmp_path / "list.toml")
    assert brief.columns["objected_on"] == "Ne plus appeler" and brief.when_empty == {}
    found = check(tmp_path / "list.csv", store, brief=brief).verdicts
    assert found["dnc_outcome"].to_list() == ["blocked", "undecided"]


def test_what_a_column_of_consents_says_is_asked_in_two_tables(asked, tmp_path):
    """What it is; then what its words mean and for which calls, and its empty cells."""
    interview = asked("Téléphone;Consentement\n06 39 98 00 01;Recueilli\n06 39 98 00 02;\n")
    ids = _answered(interview, {"caller": 0, "columns": [2], "words:Consentement": [2, 1]})
    assert {"empty:Consentement:consent", "consent_for"}.isdisjoint(ids)
    brief = read_brief(tmp_path / "list.toml")
    assert brief.values["consent"] == {"recueilli": "named_caller"}
    assert brief.when_filled == {"Consentement": {"consent_for": "live"}}
    assert brief.when_empty == {"Consentement": {"consent": "none"}}


@pytest.mark.parametrize(("name", "is_asked"), [("Créé le", False), ("Date opt-in", True), ("Ne plus appeler", True)])
def test_the_order_of_days_is_asked_only_for_days_that_matter(asked, name, is_asked):
    """Most exports say when a row was created."""
    interview = asked(f"Téléphone;{name}\n06 39 98 00 01;05/03/2026\n")
    assert ("dates" in _answered(interview, {"caller": 0})) is is_asked


def test_a_status_of_which_one_word_is_an_objection(asked, tmp_path, store):
    """As in exports of diallers: what may object comes first, each text has its answer, and a later one has none."""
    rows = "+33639980001\tNEW\n+33639980002\tNEW\n+33639980003\tNE PLUS APPELER\n+33639980004\tS9\n+33639980005\t\n"
    interview = asked(f"phone_number\tstatus\n{rows}")
    question = next(question for question in _open(interview, {"caller": 0, "call_at": 0}) if question.id == "texts")
    assert [(row.name, row.text) for row in question.table] == [
        ("status", "NE PLUS APPELER"),
        ("status", "NEW"),
        ("status", "S9"),
    ]
    assert {row.chosen for row in question.table} == {0} and "stay undecided" in question.table[0].options[0].text
    interview.answer(question, [1, 4, 0])
    brief = read_brief(tmp_path / "list.toml")
    found = check(tmp_path / "list.csv", store, brief=brief).verdicts
    assert found["dnc_blocked_by"].str.contains("eu-gdpr-objection").to_list() == [False, False, True, False, False]
    assert found["dnc_missing"].str.contains("text:status").to_list() == [False, False, False, True, False]
    (tmp_path / "later.csv").write_text("phone_number\tstatus\n+33639980006\tREFUS\n")
    assert "text:status" in check(tmp_path / "later.csv", store, brief=brief).verdicts["dnc_missing"][0]


def test_rows_and_values_are_shown_and_numbers_masked(asked):
    """A question names how many rows it may decide; of a telephone number only the last two digits are shown."""
    interview = asked(
        "Téléphone;Stop\n06 39 98 00 01;06 39 98 00 41\n06 39 98 00 02;06 39 98 00 42\n06 39 98 00 03;x\n"
    )
    interview.answer(next(interview.open(), None), 0)
    question = next(interview.open(), None)
    assert (question.id, question.rows, question.default) == ("columns", 3, None)
    [row] = question.table
    assert list(row.shown) == ["x", "•• •• •• •• 41", "•• •• •• •• 42"] and row.options[row.chosen].edits == {
        "texts": {"Stop": {}}
    }


def test_a_wrong_answer_leaves_the_brief_as_it_was(asked, tmp_path):
    """What is typed is read as the brief is."""
    interview = asked(LIST)
    question, before = _form(interview), (tmp_path / "list.toml").read_bytes()
    with pytest.raises(InputError, match="this date is not recognised"):
        interview.answer(question, _answer(question, {"call_at": "soon"}))
    assert (tmp_path / "list.toml").read_bytes() == before


def test_answers_of_an_earlier_time_are_not_asked_again(asked):
    """A brief that is there is gone on with."""
    first = asked(LIST)
    first.answer(next(first.open(), None), 0)
    assert asked(LIST).next().id == "columns"


def test_a_brief_in_utf16_is_continued(asked, tmp_path):
    """PowerShell 5 writes it in this encoding, and a check reads it too."""
    (tmp_path / "list.toml").write_text('region = "FR"\n[facts]\ncaller = "charity"\n', encoding="utf-16")
    assert asked(LIST).next().id == "columns"
    assert read_brief(tmp_path / "list.toml").facts == {"caller": "charity"}


@pytest.mark.parametrize(("other", "is_asked"), [("Île-de-France", False), ("DE", True)])
def test_a_column_of_regions_that_names_no_countries_is_left_out(asked, tmp_path, other, is_asked):
    """Our column of that name holds countries; where some of its words may be, it is asked what it holds."""
    interview = asked(f"Téléphone;Région\n01 99 00 00 01;Bretagne\n01 99 00 00 02;{other}\n")
    ids = _answered(interview, {"caller": 11, "call_at": 0, "is:Région": 1, "region": 0})
    assert ("is:Région" in ids) == is_asked
    brief = read_brief(tmp_path / "list.toml")
    assert (brief.region, brief.ignore) == ("FR", ("Région",))
    assert interview.decided.missing()["region"] == 0


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
    brief.write_text('sheet = "Appels"\nregion = "FR"\n', encoding="utf-8")
    interview = made()
    interview.answer(next(interview.open(), None), 0)
    around = next(interview.open(), None)
    assert (around.id, around.shown) == ("around", ["Sheet"]) and "--registry own --sheet" in around.how


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
    question = next(interview.open(), None)
    assert question.id == "number" and [option.text for option in question.options] == [
        "each number in fixe, portable",
        "fixe (for instance •• •• •• •• 01, •• •• •• •• 02)",
        "portable (for instance •• •• •• •• 01, aucun)",
    ]
    for answer in (0, None):
        interview.answer(question, answer)
        assert read_brief(tmp_path / "list.toml").columns == {"number": ["fixe", "portable"]}
        assert next(interview.open(), None).id == "caller" and interview.calls == 4
        interview.take_back()


def test_a_country_that_stays_a_tie_is_asked(asked, tmp_path):
    """Numbers in national form, a header and a system without a language."""
    interview = asked("number\n06 39 98 00 01\n06 39 98 00 02\n")
    interview.answer(next(interview.open(), None), 0)
    question = next(interview.open(), None)
    assert question.id == "region" and len(question.options) > 1 and question.rows == 2
    at = [option.text for option in question.options].index("France (FR)")
    interview.answer(question, at)
    assert read_brief(tmp_path / "list.toml").region == "FR"


def test_what_is_typed_wrongly_is_explained_in_the_language_asked(asked):
    """No message in English amid French."""
    interview = asked(LIST, "fr")
    question = _form(interview)
    with pytest.raises(InputError, match="date non reconnue"):
        interview.answer(question, _answer(question, {"call_at": "bientôt"}))


def test_what_is_typed_is_read_as_people_write_it(asked, tmp_path):
    """A number in the country of the list, a day in its order, a count in words or digits."""
    interview = asked("Tel\n+33639980001\n+33639980002\n", "fr")
    for fact, text in (
        ("cli", "01 99 00 90 00"),
        ("call_at", "08/12/2026"),
        ("attempts", "non"),
        ("attempts_day", "0"),
    ):
        interview.answer(Question(fact, "", [], 1, fact=fact), text)
    facts = read_brief(tmp_path / "list.toml").facts
    assert facts == {"cli": "+33199009000", "call_at": "2026-12-08", "attempts": "0", "attempts_day": "0"}
    with pytest.raises(InputError, match="date non reconnue"):
        interview.answer(Question("call_at", "", [], 1, fact="call_at"), "31/02/2026")


@pytest.mark.parametrize(
    ("name", "named"), [("Opt-in mail", False), ("Opt-in courrier", False), ("Opt-in mail et téléphone", True)]
)
def test_columns_about_mail_are_not_proposed_for_calls(asked, name, named):
    """A consent to e-mails or letters says nothing of calls."""
    interview = asked(f"Tel;{name}\n+33639980001;oui\n+33639980002;non\n")
    assert ("consent" in interview.guesses.named) is named
    interview.answer(next(interview.open(), None), 0)
    [row] = next(interview.open(), None).table
    assert (name in [option.edits.get("columns", {}).get("consent") for option in row.options]) is named


def test_words_of_a_consent_are_asked_though_the_law_needs_none(asked):
    """Else all rows with such a word stay undecided, and no question would change it."""
    rows = "".join(f"06 39 98 00 0{at};{word};\n" for at, word in enumerate(("OUI", "OUI", "à voir")))
    interview = asked(f"Téléphone;Accord;Nom\n{rows}")
    charity = next(
        at for at, option in enumerate(next(interview.open(), None).options) if "charity" in str(option.edits)
    )
    interview.answer(next(interview.open(), None), charity)
    ids = _answered(interview, {"columns": None, "voice": 0, "recipient": 0, "registry:own": 0})
    assert "words:Accord" in ids


def test_a_column_may_hold_the_consent_or_a_number_whatever_it_is_called(asked):
    """By its cells: a few words, or telephone numbers."""
    interview = asked(
        "Mobile;Travail;Vous rappeler ?;Avis\n"
        + "".join(f"06 39 98 00 {at};01 99 00 00 {at};{'oui' if at % 2 else 'non'};Avis {at}\n" for at in range(10, 40))
    )
    while (question := next(interview.open(), None)).id != "columns":
        interview.answer(question, 0)
    edits = {row.name: [option.edits.get("columns") for option in row.options] for row in question.table}
    assert {"number": ["Mobile", "Travail"]} in edits["Travail"]
    assert {"consent": "Vous rappeler ?"} in edits["Vous rappeler ?"] and edits["Avis"] == [None, None]


def test_a_text_is_shown_whole(asked):
    """What decides may stand at its end, and a tag may be a number; a telephone number in it is masked."""
    long = "A rappelé deux fois pour dire que son mari est absent, et qu'il ne faut plus appeler"
    interview = asked(f"Téléphone;Suivi\n06 39 98 00 01;{long}\n06 39 98 00 02;2026\n")
    while (question := next(interview.open(), None)).id != "texts":
        interview.answer(question, {"caller": 0, "columns": [1]}.get(question.id))
    assert {row.text for row in question.table} == {long, "2026"}


@pytest.mark.parametrize(("name", "objects"), [("Ne pas appeler", "oui"), ("Pas d'opposition", "non")])
def test_what_is_proposed_of_yes_and_no_is_by_the_name(asked, name, objects):
    """Whichever of them says not to call; nothing else may be accepted with all that is proposed."""
    interview = asked(f"Téléphone;{name}\n06 39 98 00 01;oui\n06 39 98 00 02;non\n")
    while (question := next(interview.open(), None)).id != "texts":
        interview.answer(question, {"caller": 0, "columns": [1]}.get(question.id))
    [row] = question.table
    assert row.options[row.rest].edits["texts"][name]["objected"] == [objects]


def test_texts_that_no_brief_may_hold_are_asked_together(asked):
    """A column of a few days has an answer, too; else its rows would stay undecided whatever is answered."""
    interview = asked("Téléphone;Anniversaire\n06 39 98 00 01;14/03/1971\n06 39 98 00 02;\n")
    while (question := next(interview.open(), None)).id != "texts":
        interview.answer(question, {"caller": 0, "columns": [1]}.get(question.id))
    [row] = question.table
    assert {"texts": {"Anniversaire": {"rest": "nothing"}}} in [option.edits for option in row.options]


def test_nothing_accepts_a_text_that_nobody_read(asked):
    """With all that is proposed only what probably objects is: every other column and text takes its own answer."""
    rows = "".join(f"06 39 98 00 0{at};{at % 3};{'rappel' if at % 2 else 'ne plus appeler'}\n" for at in range(1, 7))
    interview = asked(f"Téléphone;Résultat;Suivi\n{rows}")
    while (question := next(interview.open(), None)).id != "columns":
        interview.answer(question, {"caller": 0}.get(question.id))
    assert {row.name: row.rest is None for row in question.table} == {"Résultat": True, "Suivi": True}
    interview.answer(question, [1 for _ in question.table])
    while (question := next(interview.open(), None)).id != "texts":
        interview.answer(question, None)
    assert {row.text: row.rest is None for row in question.table} == {
        "0": True, "1": True, "2": True, "rappel": True, "ne plus appeler": False,
    }  # fmt: skip


def test_columns_that_one_answer_may_leave_out_tell_nobody_apart(asked):
    """Numbers and what is the same in every row; a yes and a no, in whatever code, and what the net marks stand alone."""
    told = {
        "Lots": "0120123", "Série": ["A"] * 7, "Société": ["Faux"] * 7, "Actif": "OOOOOON", "Double": "1212121",
        "Refus": "0120123", "Stop": ["non"] * 7, "Groupe": ["A", *[""] * 6],
    }  # fmt: skip
    rows = [";".join((f"06 39 98 00 0{at}", *(cells[at] for cells in told.values()))) for at in range(7)]
    interview = asked("\n".join([";".join(("Téléphone", *told)), *rows]))
    while (question := next(interview.open(), None)).id != "columns":
        interview.answer(question, {"caller": 0}.get(question.id))
    assert {row.name for row in question.table if row.alike} == {"Lots", "Série", "Société"}
    assert all(row.rest is None and row.chosen == 1 for row in question.table if row.alike)


def test_the_country_of_the_office_settles_a_tie(asked, store):
    """Numbers that are as likely Italian need no question where the office has said whose they are."""
    text = "name;phone\n" + "".join(f"Person {at};0199000{at:03d}\n" for at in range(30))
    assert "region" in [question.id for question in asked(text).open()]
    store.set_office({"region": "FR"})
    assert "region" not in [question.id for question in asked(text).open()]


@pytest.mark.parametrize(("voice", "kinds"), [("human", ["live", "both"]), ("recorded", ["automated", "both"])])
def test_a_consent_is_asked_for_the_calls_that_are_made(asked, tmp_path, voice, kinds):
    """Those of a recorded message need none for calls by a person."""
    (tmp_path / "list.toml").write_text(f'[facts]\nvoice = "{voice}"\n')
    interview = asked("Téléphone;Accord\n06 39 98 00 01;signé\n06 39 98 00 02;\n")
    while (question := next(interview.open(), None)).id != "words:Accord":
        chosen = {"caller": 0, "columns": [2]}.get(question.id)
        interview.answer(question, chosen)
    named = [option.edits for option in question.table[0].options if "named_caller" in str(option.edits)]
    assert [edits["when_filled"]["Accord"]["consent_for"] for edits in named] == kinds


def test_a_column_that_an_answer_uses_is_not_left_out_by_another(asked):
    """A form that leaves columns out, as proposed, asks of the same ones whether they say where a number is from."""
    rows = ["06 39 98 00 01;Site web;Essai SAS", "06 39 98 00 02;Salon;", "06 39 98 00 03;Achat fichier;"]
    interview = asked("\n".join(["Téléphone;Source contact;Société", *rows]) + "\n")
    interview.answer(next(one for one in interview.open() if one.id == "caller"), 0)
    open_ = {one.id: one for one in interview.open()}
    columns = open_["columns"]
    interview.answer(columns, [0 for _ in columns.table])
    assert sorted(interview.brief["ignore"]) == ["Société", "Source contact"]
    campaign = open_["campaign"]
    interview.answer(campaign, [row.chosen if row.fact else 0 for row in campaign.table])
    assert interview.brief["ignore"] == []
    assert interview.brief["columns"]["source"] == "Source contact" and "Société" in interview.brief["when_filled"]


def test_what_the_file_of_consents_leaves_open_is_asked(asked, write_file, tmp_path, store):
    """The country of its numbers, the order of its days and its words, of which the list shows nothing."""
    words = dict(zip(("Oui", "Non", "à voir"), (f"063998000{row}" for row in range(1, 4)), strict=True))
    rows = "".join(f"{number};{word};24/04/2026\n" for word, number in words.items())
    interview = asked("Téléphone\n" + "".join(f"+33{number[1:]}\n" for number in words.values()))
    interview.consents = write_file("consents.csv", f"number;consent;consent_on\n{rows}")
    answers = {"caller": 0, "region": 0, "dates": 0, "call_at": "2026-12-01", "voice": 0, "cli": "01 99 00 90 00"}
    answers |= {"recipient": 0, "source": 5, "sector": 12, "relationship": 0, "attempts": "none", "registry:own": 0}
    asked_of = {}
    while question := next(interview.open(), None):
        asked_of[question.id] = question
        is_words = question.id == "consents"
        interview.answer(question, [1, 2, 0] if is_words else _answer(question, answers | {"consent_for": 0}))
    assert [row.text for row in asked_of["consents"].table] == sorted(words) and "region" in asked_of
    assert "consents.csv" in asked_of["consents"].text and "consent_for" in asked_of
    brief = read_brief(tmp_path / "list.toml")
    outcomes = check(tmp_path / "list.csv", store, brief=brief, consents=interview.consents).verdicts["dnc_outcome"]
    assert outcomes.to_list() == ["clear", "blocked", "undecided"]


def test_a_marked_text_of_a_column_that_is_left_out_is_asked(asked, tmp_path, store):
    """Its row is undecided until somebody says what it means; of its other texts nobody is asked."""
    interview = asked("Tél;Statut mail\n06 39 98 00 01;Désabonné\n06 39 98 00 02;Ne pas appeler\n06 39 98 00 03;Vu\n")
    questions = _open(interview, {"caller": 0})
    assert "texts" not in [question.id for question in questions]
    interview.take_back("columns")
    columns = next(question for question in interview.open() if question.id == "columns")
    interview.answer(columns, [0] * len(columns.table))
    texts = next(question for question in interview.open() if question.id == "texts")
    assert [(row.name, row.text) for row in texts.table] == [("Statut mail", "Ne pas appeler")]
    interview.answer(texts, [4])
    brief = read_brief(tmp_path / "list.toml")
    assert brief.ignore == ("Statut mail",) and "texts" not in [question.id for question in interview.open()]
    missing = check(tmp_path / "list.csv", store, brief=brief).verdicts["dnc_missing"]
    assert not missing.str.contains("text:").any()


def test_a_name_or_an_objection_is_not_proposed_as_the_consent(asked):
    """Other columns of a few words are."""
    rows = "".join(f"06 39 98 00 0{row};Sète;{'Oui' if row else 'Non'};a{row % 3}\n" for row in range(9))
    interview = asked(f"Tél;Ville;Ne plus démarcher;Étape\n{rows}")
    interview.answer(next(interview.open(), None), 0)
    texts = {
        row.name: [option.edits.get("columns") for option in row.options] for row in next(interview.open(), None).table
    }
    assert {name: {"consent": name} in columns for name, columns in texts.items()} == {
        "Ville": False, "Ne plus démarcher": False, "Étape": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Consentement le", "consent_on"), ("Date de l'accord", "consent_on"), ("Date dernier achat", "relationship_on"),
        ("Retrait du consentement le", "consent_withdrawn_on"), ("Refus de consentement le", "refused_on"),
        ("Désaccord le", None), ("Optin annulé le", None), ("Consentement expiré le", None), ("RGPD effacement le", None),
    ],
)  # fmt: skip
def test_a_day_is_proposed_for_a_call_only_by_a_name_that_says_nothing_else(asked, name, ours):
    """Whoever accepts what is proposed would take the day on which a consent ended for that of the consent."""
    interview = asked(f"Tél;{name};Score\n+33639980001;13/01/2026;1\n+33639980002;14/01/2026;2\n")
    interview.answer(next(interview.open(), None), 0)
    row = next(row for row in next(interview.open(), None).table if row.name == name)
    assert [*row.options[row.chosen].edits.get("columns", {})] == ([ours] if ours else [])


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (["Téléphone", "Mobile", "Tél. notaire"], ["Téléphone", "Mobile"]),
        (["Phone 1 - Value", "Phone 2 - Value"], ["Phone 1 - Value", "Phone 2 - Value"]),
    ],
)
def test_a_telephone_that_may_be_another_persons_is_called_only_if_somebody_says_so(asked, tmp_path, names, called):
    """The consent of a row is not that of the person's lawyer; where no name is understood, all are called."""
    rows = "".join(f"+3363998000{row};+3319900001{row};+3319900002{row}\n" for row in range(3))
    interview = asked(";".join(names) + "\n" + "\n".join(row[: 13 * len(names) - 1] for row in rows.splitlines()))
    assert read_brief(tmp_path / "list.toml").named("number") == called
    interview.answer(next(interview.open(), None), 0)
    question = next(interview.open(), None)
    others = [row for row in question.table if row.name in names] if question.id == "columns" else []
    assert [row.name for row in others] == [name for name in names if name not in called]
    for row in others:
        assert row.options[row.chosen].edits == {"ignore": [row.name]}
        assert {"number": names} in [option.edits.get("columns") for option in row.options]


@pytest.mark.parametrize(
    ("words", "is_proposed"), [(["Achat", "Annuaire"], True), (["Achat", "Web"], False), (["Formulaire"], False)]
)
def test_no_origin_is_proposed_that_says_that_somebody_agreed(asked, words, is_proposed):
    """A form of a web site may have been filled in without agreement to be called; the words are asked then."""
    rows = "".join(f"+3363998000{row};{words[row % len(words)]}\n" for row in range(4))
    interview = asked(f"Tél;Origine du numéro\n{rows}")
    interview.answer(next(interview.open(), None), 0)
    columns = next(interview.open(), None)
    [row] = columns.table
    options = [option.edits.get("columns") == {"source": row.name} for option in row.options]
    assert any(options) and options[row.chosen] == is_proposed
    interview.answer(columns, [options.index(True)])
    asked_of = [question.id for question in interview.open()]
    assert (f"words:{row.name}" in asked_of) != is_proposed
