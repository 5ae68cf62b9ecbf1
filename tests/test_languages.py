"""French is French throughout, and another language is a file of words alone."""

from __future__ import annotations

import ast
import os
import pickle
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import dnc
import dnc.errors
from dnc import Brief, Rulebook, check, vet
from dnc.errors import InputError
from dnc.law.rulebook import shipped
from dnc.law.vocabulary import vocabulary
from dnc.messages import in_language, messages
from tests.test_messages import CATALOGUE

PACKAGE = Path(dnc.__file__)
WORDS = """
[written]
name = "Deutsch"
thousands = "."
decimal = ","
percent = " %"
days = "%d.%m.%Y"
[messages.common]
outcome.undecided = "ungeklärt"
[messages.explanation]
when = "wenn"
[columns.purpose]
label = "Zweck"
values.sale.label = "Verkauf"
values.sale.says = "etwas verkaufen"
[regimes.fr-frequency-2023]
title = "Höchstens vier Anrufe in dreißig Tagen"
note = "Auch Versuche ohne Antwort zählen."
[cites.fr.CONSO-D223-9-2023]
text = "Verbrauchergesetzbuch, Art. D. 223-9"
"""
PAGES = """
import asyncio, httpx
from dnc import Store
from dnc.desk.app import application
from dnc.desk.desk import Desk

async def read():
    desk = Desk(Store("store"), frozenset({"desk"}), language="de")
    transport = httpx.ASGITransport(application(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", follow_redirects=True) as client:
        return [(await client.get(path)).text for path in (f"/?token={desk.token}", "/number", "/offer")]

print(*asyncio.run(read()))
"""


def test_a_language_is_a_file_of_words(tmp_path):
    """German by one file: its words in what is printed, its numbers and days, English for the rest."""
    package = tmp_path / "dnc"
    shutil.copytree(PACKAGE.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "messages" / "de.toml").write_text(WORDS, encoding="utf-8")
    shutil.copytree(PACKAGE.parent.parent / "registry_loaders", tmp_path / "registry_loaders")
    environment = {
        **os.environ,
        "DNC_TODAY": "2026-10-01",  # before the call
        "PYTHONPATH": str(tmp_path),
        "LC_ALL": "de_DE.UTF-8",
        "PYTHONIOENCODING": "utf-8",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
        return done.stdout + done.stderr

    facts = ["--region", "FR", "--at", "2026-10-05T11:00", "--set", "caller=commercial", "--set", "recipient=consumer"]
    told = run("-m", "dnc", "explain", "0199000810", *facts, "--all")
    assert told.startswith("+33199000810: ungeklärt\n"), told
    assert "Höchstens vier Anrufe in dreißig Tagen (fr-frequency-2023): applies, not decided" in told
    assert "  wenn Zweck: Verkauf (yes)" in told
    assert "Verbrauchergesetzbuch, Art. D. 223-9" in told
    written = "from datetime import date; from dnc.messages import *; print(amount('de', 1)(1234.5), percent('de')(.125), dated('de')(date(2026, 11, 25)))"
    assert run("-c", written).split() == ["1.234,5", "12,5", "%", "25.11.2026"]
    pages = run("-c", PAGES)
    assert pages.count('<option value="sale">etwas verkaufen</option>') == 1
    assert pages.count('lang="de" aria-pressed="true">Deutsch</button>') == 3
    page = tmp_path / "recht.html"
    run("-m", "dnc", "rules", "fr", "--lang", "de", "--out", str(page))
    assert "<dd>Auch Versuche ohne Antwort zählen.</dd>" in page.read_text(encoding="utf-8")


ENGLISH = frozenset([
    "the", "of", "and", "to", "for", "with", "by", "from", "that", "not", "this", "which", "are", "was", "were",
    "has", "have", "been", "will", "shall", "must", "should", "its", "their", "they", "them", "there", "than",
    "then", "when", "where", "who", "whose", "would", "could", "about", "into", "only", "any", "each", "every",
    "both", "because", "before", "after", "under", "until", "without", "within", "during", "between", "call",
    "calls", "caller", "listed", "law", "unless", "years", "months", "days",
])  # fmt: skip
# Names of foreign acts, registries and bodies: they stay as they are.
NAMES = (
    "National Do Not Call Registry", "Do Not Call Register", "Do Not Call", "Data (Use and Access) Act",
    "Financial Guidance and Claims Act", "Telemarketing and Research Calls Industry Standard", "Code of Virginia",
    "Act 47 of 2026", "Act 73 of 2019", "Stop the Spam Calls Act of 2023", "Stop the Spam Calls Act", "Gen. Bus. Law", "Com. Law", "Com Law", "Fraternal Order of Police",
)  # fmt: skip


def english(text: str) -> set[str]:
    """English words in a text that is no name, no id, no file and no command."""
    text = re.sub(
        r"«\s[a-z_]+\s»|\{\w+\}|\([a-z_]+(, [a-z_.]+)+\)|parmi\W+[a-z_]+(, [a-z_]+)+|--registry (?!parmi)[a-z]+"
        r"|dnc record [a-z]+",
        "",
        text,
    )  # names of columns, placeholders, words to write in a file or behind an option
    for name in NAMES:
        text = text.replace(name, "")
    return ENGLISH & set(re.findall(r"(?<![\w./:=-])[a-z]+(?![\w/:=-]|\.\w)", text.lower()))


def texts_of(entry) -> list[str]:
    """All texts in a part of the catalogue."""
    if isinstance(entry, str):
        return [entry]
    return [text for below in (entry.values() if isinstance(entry, dict) else entry) for text in texts_of(below)]


def test_every_text_of_every_rule_is_in_both_languages():
    """Title, obligation, duty or open question, note and sanction; what a scope asks for is shown in other words."""
    texts = {"title", "says", "note", "sanction", "say", "duty", "unsettled", "not_read"}
    for name, text in shipped().items():
        for regime in tomllib.loads(text).get("regime", ()):
            told = (texts & set(regime)) - ({"unsettled"} if regime["id"].endswith("-scope") else set())
            assert not [key for key in told if not regime.get(f"{key}_fr")], (name, regime["id"])


def test_no_english_is_left_in_french_sources():
    """The catalogue, the columns and their values, and every regime: title, text, citations, conditions, demand."""
    for section in CATALOGUE:
        for text in texts_of(messages(section, "fr")):
            told = re.sub(r"\b[A-Z]{3,}\b", "", text) if section == "help" else text  # without the values of options
            assert not english(told), (section, text)
    columns = vocabulary()
    for name, entry in columns.columns.items():
        told = [columns.text(name, key, "fr") for key in ("label", "says", "question", "missing", "ask")]
        told += [ask(name, word, "fr") for word in entry.get("values", ()) for ask in (columns.value, columns.meaning)]
        for text in told:
            assert not english(text), (name, text)
    for regime in Rulebook.load().by_id.values():
        told = [text["fr"] for text in (regime.title, regime.says, regime.note, regime.sanction)]
        told += [cite.texts["fr"] for cite in regime.cites]
        told += [in_language(part.says, "fr") for part in regime.parts]
        for text in told:
            assert not english(text), (regime.id, text)


class _Prose(HTMLParser):
    """The text of a page, without what is typed as it is and without the style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._quiet = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._quiet += tag in ("code", "pre", "style")

    def handle_endtag(self, tag):
        self._quiet -= tag in ("code", "pre", "style")

    def handle_data(self, data):
        if not self._quiet:
            self.texts.append(data)


def test_no_english_is_left_in_french(dnc, write_file, monkeypatch):
    """What each verb prints for people, and the pages, where the system is French."""
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    liste = write_file("liste.csv", "number\n0199000810\n0261910810\n0353010810\n0199\n0199000810\n")
    reponse = write_file("reponse.csv", "Telephone;Identifiant;Réponse\n0199000810;a1;OK\n0261910810;a2;inscrit\n")
    facts = ["--region", "FR", "--set", "caller=commercial", "--set", "recipient=consumer", "--set", "voice=human"]
    runs = [
        ["load", reponse, "--as-of", "2026-08-05", "--registry", "fr-bloctel"],
        ["load", "--preview", reponse, "--registry", "fr-bloctel"],
        ["record", "objection", "0199000810", "--region", "FR", "--on", "2026-08-06", "--reason", "au téléphone"],
        ["check", liste, *facts, "--at", "2026-08-10T10:30", "--keep", "--out", "rapport.html", "--out", "r.csv"],
        ["check", liste, *facts, "--at", "2026-12-01T10:30", "--out", "apres.html"],
        ["explain", "0261910810", *facts, "--at", "2026-08-10T10:30"],
        ["explain", "+1 305 555 0101", "--set", "caller=commercial", "--at", "2026-08-10T10:30"],
        ["vet", liste, *facts, "--out", "examen.html"],
        ["person", "0199000810", "--region", "FR"],
        ["person", "0199000810", "--region", "FR", "--out", "lettre.html"],
        ["retention", "decisions", "--months", "6"],
        ["forget", "0261910810", "--region", "FR"],
        ["log", "--verify"],
        ["status"],
        ["rules", "fr", "--on", "2026-08-10", "--ahead", 1],
        ["rules", "--out", "loi.html"],
    ]
    for arguments in runs:
        code, out, err = dnc(*arguments)
        assert code in (0, 1, 3), (arguments, err)
        if (
            "--preview" in arguments or arguments[0] == "rules"
        ):  # CSV: the names of columns are the same in every language
            out = out.partition("\n")[2]
        for line in [*err.splitlines(), *out.splitlines()]:
            assert not english(line), (arguments[0], line)
    for name in ("rapport.html", "apres.html", "examen.html", "lettre.html", "loi.html"):
        for text in _Prose(Path(name).read_text(encoding="utf-8")).texts:
            assert not english(text), (name, text)
    for why in pl.read_csv("r.csv", infer_schema=False)["dnc_why"]:
        assert not english(why), why


# Packages whose errors are all texts of the catalogue. Not here: `law`, whose errors are for those who write rules.
SPEAKING = (
    "api", "checks", "cli", "clock", "database", "desk", "errors", "files", "registries", "reports", "store", "vetting",
)  # fmt: skip


def _spoken(node: ast.expr, within: ast.AST) -> bool:
    """Whether the message of an error may be a text of the catalogue: neither a literal, nor a name for one."""
    if isinstance(node, ast.IfExp):
        return _spoken(node.body, within) and _spoken(node.orelse, within)
    if isinstance(node, ast.Name):
        given = [
            one.value
            for one in ast.walk(within)
            if isinstance(one, ast.Assign) and any(isinstance(to, ast.Name) and to.id == node.id for to in one.targets)
        ]
        return all(_spoken(one, within) for one in given if not isinstance(one, ast.Name))
    return not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)


def test_errors_are_said_in_every_language():
    """No error that a package of this list raises, and none of a loader, has a message of its own in the code."""
    errors = {name for name, kind in vars(dnc.errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    errors |= {"RefusedError", "UsageError", "BadParameter", "fail"}
    folder = PACKAGE.parent
    files = [file for name in SPEAKING for file in (*folder.glob(f"{name}.py"), *folder.glob(f"{name}/*.py"))]
    found = []
    for file in (*files, *folder.with_name("registry_loaders").glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
        for within in functions:
            for call in ast.walk(within):
                name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
                at = name == "RefusedError"  # its first argument is the status
                if name in errors and len(call.args) > at and not _spoken(call.args[at], within):
                    found.append(f"{file.relative_to(folder.parent)}:{call.lineno}")
    assert sorted(set(found)) == []


def test_an_error_is_english_for_programs_and_french_for_people(dnc, write_file, monkeypatch, tmp_path):
    """`str` of an error stays English; the command line says it as --lang asks, or as the system does."""
    from dnc.errors import InputError
    from dnc.files.open_table import open_table

    path = write_file("liste.csv", "%PDF-1.7")
    with pytest.raises(InputError) as error:
        open_table(path)
    told, french = "liste.csv: named .csv but is a PDF; ask for the file as CSV", "est nommé .csv, mais est un PDF"
    assert str(error.value).endswith(told) and error.value.args == (str(error.value),)
    assert french in in_language(error.value.message, "fr") and in_language(error.value.message, "fr").startswith(
        str(path)
    )
    assert pickle.loads(pickle.dumps(error.value)).message.texts == error.value.message.texts
    assert told in dnc("check", path, "--lang", "en")[2] and french in dnc("check", path, "--lang", "fr")[2]
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    wrong = [
        ["check", path],
        ["check", "nulle-part.csv"],
        ["check"],
        ["check", path, "--around", "peut-etre"],
        ["check", path, "--nulle-part"],
        ["check", path, "--at", "demain"],
        ["check", path, "--set", "caller=quelqu'un"],
        ["check", path, "--set", "appelant=moi"],
        ["check", write_file("sans.csv", "nom\nDupont\n")],
        ["load", "--preview", path],
        ["explain", "0199000810", "--region", "ZZ"],
        ["rules", "zz"],
    ]
    for arguments in wrong:
        code, _, err = dnc(*arguments)
        assert code in (2, 4) and err.startswith("dnc: "), arguments
        assert not english(err), (arguments, err)


def test_errors_about_arguments_of_python_name_no_option(write_file, store):
    """They say the same on the command line, at the desk and from Python."""
    bare, calls = write_file("f.txt", "0199001234\n0199001235\n"), write_file("calls.csv", "number\n0199001234\n")
    told = {"at": date(2026, 12, 1), "brief": Brief(region="FR")}
    for refused in (
        lambda: store.load(bare, as_of=date(2026, 1, 1)),
        lambda: store.load(calls, as_of=date(2026, 1, 1)),
        lambda: store.load(write_file("words.csv", "a,b\nc,d\n"), as_of=date(2026, 1, 1)),
        lambda: check(calls, store, brief=Brief(region="FR"), at="soon"),
        lambda: vet(calls, store, until=date(2026, 11, 1), **told),
        lambda: vet(calls, store, until=date(2056, 11, 1), **told),
        lambda: vet(write_file("two.csv", "number\n0199001234\n0199001235\n"), store, sample_of=1, **told),
    ):
        with pytest.raises(InputError) as error:
            refused()
        assert not any("--" in text for text in error.value.message.texts.values()), str(error.value)


def test_no_message_of_an_error_is_read_where_there_is_none(write_file):
    """A check without an error does not parse the messages of errors."""
    path = write_file("liste.csv", "number\n0199000810\n")
    code = f"""
import dnc, dnc.messages
said = []
sections = dnc.messages._sections
dnc.messages._sections = lambda: type("Seen", (dict,), {{"__getitem__": lambda self, key: said.append(key) or dict.__getitem__(self, key)}})(sections())
dnc.check({str(path)!r}, dnc.Store("store"), region="FR", given={{"caller": "commercial"}})
assert "why" in said and "errors" not in said, said
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=path.parent, check=False)
    assert done.returncode == 0, done.stderr
