"""`dnc start`: from an export to a report in a conversation, with answers on stdin."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence

import pytest

from dnc import Store, check
from dnc.checks.interview import Interview
from dnc.checks.questions import Option, Question
from dnc.lists.brief import read_brief
from tests import some
from tests.lists.exports import EXPORTS, MAY, numbers

LIST = "Téléphone;Ne pas appeler\n06 39 98 00 01;non\n06 39 98 00 02;oui\n"


@pytest.fixture
def start(dnc, monkeypatch):
    """A function that starts with answers on stdin: (exit code, stderr)."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    monkeypatch.setenv("LC_ALL", "C")

    def run(answers: str, *arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        code, out, err = dnc("start", *arguments)
        assert out == ""
        return code, err

    return run


class _Person:
    """Somebody who answers each question once: by how an answer begins, or what is typed, else as proposed or not known."""

    def __init__(self, monkeypatch) -> None:
        self.answers = {
            "caller": "a business, to offer goods",
            "call_at": "2026-12-01T10:30",
            "cli": "01 99 00 90 00",
            "attempts": "none",
            "voice": "a person speaks, and dials each",
            "recipient": "called as a private person",
            "source": "a form on which",
            "relationship": "nothing links",
            "sector": "anything else",
            "region": "France (FR)",
            "is:REGION": "something else",
            "around": "yes",
            "registry:own": "nobody",
        }
        self.asked: list[Question] = []
        self.answered: list[str] = []
        self.lines: list[str] = []  # that are still typed into a form
        following = Interview.next

        def noted(interview: Interview) -> Question | None:
            question = following(interview)
            self.asked += [question] if question else []
            return question

        monkeypatch.setattr(Interview, "next", noted)
        monkeypatch.setattr(sys, "stdin", self)

    def readline(self) -> str:
        question = self.asked[-1]
        if self.lines:
            return self.lines.pop(0)
        assert question.id not in self.answered, "the answer was not understood"
        self.answered.append(question.id)
        rows = enumerate(zip(question.parts, question.table, strict=False), 1)
        self.lines = [f"{at} {self._typed(part, row.options, '0')}" for at, (part, row) in rows] + ["\n"]
        if not question.parts:
            self.lines = []
            return self._typed(question.id, question.options, "0" * (not question.table))
        return self.lines.pop(0)

    def _typed(self, id_: str, options: Sequence[Option], unknown: str) -> str:
        answer = self.answers.get(id_, unknown)
        chosen = [str(at) for at, option in enumerate(options, 1) if answer and option.text.startswith(answer)]
        return (chosen[0] if chosen else answer) + "\n"


@pytest.mark.parametrize("tool", some(sorted(EXPORTS), 1))
def test_an_export_goes_to_a_report_in_eight_questions(dnc, tmp_path, monkeypatch, tool):
    """No row comes out clear that must not be, and no text has a meaning that nobody gave it."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")
    person = _Person(monkeypatch)
    path, people = EXPORTS[tool].write(tmp_path)
    code, _, err = dnc("start", path)
    assert code in (1, 3) and "Report: " in err and path.with_suffix(".html").exists()
    assert len(set(person.answered) - {"around"}) <= 8, person.answered
    result = check(path, Store(tmp_path / "dnc-store"), brief=read_brief(path.with_suffix(".toml")))
    clear = set(result.verdicts.filter(dnc_outcome="clear")["dnc_number"])
    assert [one.at for one in people if one.truth != MAY and clear.intersection(numbers(one))] == []


def test_answers_end_and_the_check_runs(start, write_file, tmp_path):
    """Where no more answers come, the list is checked with those that came; a text that nobody read is not clear."""
    code, err = start("1\n\n", write_file("list.csv", LIST))
    assert code == 3 and "All 2 calls need more information." in err
    assert "Ne pas appeler" in (tmp_path / "list.html").read_text(encoding="utf-8")


def test_what_is_not_known_leaves_all_rows_undecided(start, write_file, tmp_path):
    """To each question: which column has the numbers, whether somebody read what is around them, and so on."""
    rows = "01 99 00 00 01;06 39 98 00 01;VIP\n01 99 00 00 02;aucun;Stop\n"
    path = write_file("list.csv", f"Rouge = ne plus appeler\nfixe;portable;Statut\n{rows}")
    code, err = start("0\n" * 20, path)
    assert code == 3 and "text around the table" in err and (tmp_path / "list.html").exists()
    brief = read_brief(tmp_path / "list.toml")
    assert brief.around == "undecided"
    missing = check(path, Store(tmp_path / "dnc-store"), brief=brief).verdicts["dnc_missing"].str.split(";")
    assert missing.len() == 4 and missing.list.contains("text:around").all()
    assert "text around the table" in start("0\n" * 20, path)[1]  # whoever knows it by then can say so


def test_consents_of_a_country_that_nobody_knows_clear_no_call(start, write_file, tmp_path):
    """They may be about anybody on the list, also the row that says that somebody gave none."""
    path = write_file("l.csv", "Mobile\n+33639980001\n+33639980002\n")
    consents = write_file("c.csv", "number,consent\n0639980001,named_caller\n0639980002,none\n")
    code, err = start("0\n" * 40, path, "--consents", consents, "--brief", tmp_path / "b.toml")
    assert code == 3 and "nobody said which country the numbers in" in err and "No call is possible for now" in err


def test_an_answer_that_is_not_understood_is_asked_again(start, write_file, tmp_path):
    """A number that is not there, or longer than Python reads, and a day that is none."""
    _, err = start(f"77\n{'9' * 5_000}\n1\n\n1 soon\n\n1 2026-12-01\n\n", write_file("list.csv", LIST))
    assert err.count("Not understood: ") == 3 and "choose a number from 0 to 14" in err
    assert read_brief(tmp_path / "list.toml").facts["call_at"] == "2026-12-01"


def test_several_rows_are_answered_at_once(start, write_file, tmp_path):
    """Of a table, by a span and by single ones; where one of them has no such answer, none is changed."""
    texts = "".join(
        f"06 39 98 00 0{row};{text}\n" for row, text in enumerate(("Vu", "Lu", "Parti", "Stop", "Bon", "Mal"))
    )
    path = write_file("list.csv", f"Téléphone;Note\n{texts}")
    answers = ["1", "1 2", "", "", "0", "0", "1-9 5", "7 5", "3-2 5", "2,x 5", "2- 5", "1-6 5", "2-3,6 2", ""]
    _, err = start("".join(f"{answer}\n" for answer in answers), path)
    assert err.count("Not understood: ") == 5 and "3-6 2 for several rows" in err
    shown = re.findall(r"(\d)  \[1\] · (Vu|Lu|Parti|Stop|Bon|Mal) ", err)
    objected = {text for at, text in shown if at in "236"}
    meant = read_brief(tmp_path / "list.toml").texts["Note"].meanings
    assert {text: meaning == "objected" for text, meaning in meant.items()} == {
        text.lower(): text in objected for _, text in shown
    }


def test_it_is_said_how_to_type_that_there_was_no_call(start, write_file, tmp_path):
    """A zero would mean that it is not known, as everywhere."""
    _, err = start("1\n\n1 2026-12-01\n8 none\n\n", write_file("list.csv", LIST))
    assert "in the last 30 days? (type 'none' for none)" in err
    assert read_brief(tmp_path / "list.toml").facts["attempts"] == "0"


@pytest.mark.parametrize(("typed", "day"), [("08/12/2026", "2026-12-08"), ("8 décembre 2026", "2026-12-08")])
def test_a_day_is_read_as_people_write_it(start, write_file, tmp_path, typed, day):
    """In the order of the list's country; the brief has it in ISO 8601."""
    start(f"1\n\n1 {typed}\n\n", write_file("list.csv", LIST))
    assert read_brief(tmp_path / "list.toml").facts["call_at"] == day


def test_r_returns_to_the_question_before(start, write_file, tmp_path):
    """And 0 is "I do not know" for a typed answer, too."""
    start("1\nr\n3\n\n1 0\n\n", write_file("list.csv", LIST))
    facts = read_brief(tmp_path / "list.toml").facts
    assert facts["caller"] == "press" and "call_at" not in facts


@pytest.mark.parametrize("word", ["withheld", "Masqué", "anonym"])
def test_a_number_that_is_not_shown(dnc, write_file, tmp_path, monkeypatch, word):
    """It can be said in the words of either language, and is written as our word."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    person = _Person(monkeypatch)
    person.answers["cli"] = word
    dnc("start", write_file("list.csv", LIST))
    assert read_brief(tmp_path / "list.toml").facts["cli"] == "withheld"


def test_the_day_of_today_is_shown(start, write_file):
    """The number of an answer and a day beside it are not taken for a telephone number."""
    assert "    1  [2026-11-24] · When will the calls be made?\n" in start("1\n\n", write_file("list.csv", LIST))[1]


def test_days_in_the_place_of_words_are_shown(start, write_file):
    """What a day means in a column of consents is asked as of any other word, so the person has to see it."""
    rows = "".join(f"06 39 98 00 1{at};{'13/02/2026' if at % 2 else 'en attente'}\n" for at in range(4))
    err = start("1\n" + "\n" * 20, write_file("list.csv", f"Tel;Consentement le\n{rows}"))[1]
    assert "[1] · 13/02/2026" in err


def test_an_interruption_leaves_the_brief(start, dnc, write_file, tmp_path, monkeypatch):
    """Ctrl-C: what was answered is kept, no check runs, and no report is written."""

    class Interrupted:
        """Some lines, then Ctrl-C."""

        def __init__(self) -> None:
            self.lines = iter(["4\n", "\n", "1 2026-12-01\n", "\n"])

        def readline(self) -> str:
            line = next(self.lines, None)
            if line is None:
                raise KeyboardInterrupt
            return line

    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    monkeypatch.setattr(sys, "stdin", Interrupted())
    code, _, err = dnc("start", write_file("list.csv", LIST))
    assert code == 130 and "interrupted" in err and not (tmp_path / "list.html").exists()
    facts = read_brief(tmp_path / "list.toml").facts
    assert facts == {"caller": "political", "purpose": "vote", "call_at": "2026-12-01"}


def test_what_a_file_of_consents_says_is_not_asked(start, write_file):
    """It is joined once the region is known, which its own numbers need too."""
    list_ = write_file("calls.csv", "number\n0639980001\n0639980002\n")
    consents = write_file("consents.csv", "number,consent\n0639980001,none\n0639980002,none\n")
    facts = 'caller = "commercial"\npurpose = "sale"\ncall_at = "2026-12-01"\nrecipient = "consumer"\n'

    def said(*arguments: object) -> str:
        brief = write_file("calls.toml", f"[facts]\n{facts}")
        return start("3\n" + "\n" * 20, list_, "--brief", brief, "--out", brief.with_suffix(".html"), *arguments)[1]

    about = "What consent has each person given?"
    assert about in said()
    answered = said("--consents", consents)
    assert "France (FR)" in answered and about not in answered
    assert "consents.csv: 2 numbers from 2 rows" in answered


def test_it_speaks_the_language_of_the_system(start, write_file, monkeypatch):
    """French by LC_ALL, and by --lang."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    _, err = start("", write_file("list.csv", LIST))
    assert "Qui appelle, et pourquoi\N{NO-BREAK SPACE}?" in err.replace("pourquoi ?", "pourquoi\N{NO-BREAK SPACE}?")
    assert "Numéros à appeler\N{NO-BREAK SPACE}: Téléphone" in err
    _, err = start("", "list.csv", "--lang", "en")
    assert "Who calls, and what for?" in err


def test_yes_takes_what_the_file_proves(start, write_file, tmp_path):
    """What each column is for is not asked; who calls, and what texts mean, is."""
    brief = tmp_path / "b.toml"
    asked = "What is each of these columns for?"
    code, err = start("1\n\n", write_file("list.csv", LIST), "--yes", "--brief", brief)
    assert (code, asked in err) == (3, False) and "Ne pas appeler" in read_brief(brief).texts
    assert asked in start("1\n\n", write_file("list.csv", LIST), "--brief", tmp_path / "c.toml")[1]


def test_an_objection_whose_number_is_lost_is_accepted_as_in_a_check(start, write_file, tmp_path):
    """There is no report until somebody says why it may be left aside."""
    brief = write_file("brief.toml", '[columns]\nnumber = "Téléphone"\nobjected_on = "Ne pas appeler"\n')
    told = (write_file("list.csv", f"{LIST}06 39;oui\n"), "--brief", brief)
    code, err = start("", *told)
    assert code == 4 and "--accept-unread 1 " in err
    assert start("", *told, "--accept-unread", "1", "--reason", "seen")[0] == 3 and (tmp_path / "list.html").exists()
