"""The project as a whole: its docs match the program, and what CONTRIBUTING says about forgotten steps is true."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import dnc
from dnc import check
from dnc.cli.help import Verb
from dnc.cli.main import cli
from dnc.files.output_file import FORMATS, PAGE
from dnc.law.vocabulary import NEXT_AT, VERDICT, vocabulary
from scripts import docs
from tests import slow_tests

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "dnc" / "cli" / "samples" / "shop.csv"
MODULES = sorted([*(ROOT / "dnc").rglob("*.py"), *(ROOT / "registry_loaders").glob("*.py")])


def test_public_names_are_those_of_the_package():
    """Each can be imported and is listed for completion; a misspelt one is answered with the right one."""
    assert set(dnc.__all__) <= set(dir(dnc)) and all(getattr(dnc, name) for name in dnc.__all__)
    assert {"Brief", "Settings", "explain", "read_brief"} <= set(dnc.__all__)
    command = [sys.executable, "-c", "import dnc; dnc.chek"]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stderr
    assert "module 'dnc' has no attribute 'chek'. Did you mean: 'check'?" in said


@pytest.mark.parametrize("path", docs.PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_parts_of_the_pages_are_current(path):
    """Commands, law, columns and registries match the program, and each command in the docs prints what is shown."""
    assert docs.current(path) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["which-registries.md", "fr/quels-registres.md"])
def test_every_registry_that_a_rule_asks_is_on_the_page_for_data_officers(page):
    """In both languages; the lists of American states are in the reference."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    asked = [id_ for id_ in docs.BOOK.registries() if not re.fullmatch("us-[a-z]{2}-dnc", id_)]
    assert [id_ for id_ in asked if f"`{id_}`" not in text] == []


# English and French pages that have the same sections; `fichiers-propres` tells less than the English page on records.
SAME_SECTIONS = {
    "before-a-purchase": "avant-achat",
    "data-officer": "delegue",
    "desk": "bureau",
    "inspection": "controle",
    "questions": "questions",
    "which-registries": "quels-registres",
    "words": "mots",
}


@pytest.mark.parametrize(("english", "french"), SAME_SECTIONS.items())
def test_a_french_page_has_the_sections_of_the_english_one(english, french):
    """As many headings of each level, in the same order of levels; what begins with # in an example is none."""
    levels = []
    for path in (ROOT / "docs" / f"{english}.md", ROOT / "docs" / "fr" / f"{french}.md"):
        text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        levels.append(re.findall(r"^#+(?= )", text, re.MULTILINE))
    assert levels[0] == levels[1] != []


def test_every_french_page_is_compared_with_an_english_one():
    """A page that is added is not forgotten in the table."""
    pages = {path.stem for path in (ROOT / "docs" / "fr").glob("*.md")}
    assert pages == {*SAME_SECTIONS.values(), "fichiers-propres"}


def test_tables_of_the_pages_have_a_row_a_line():
    """A paragraph that was wrapped again joins the rows of a table."""
    pages = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *docs.PAGES]
    assert [path.name for path in pages if re.search(r"\| \|-{3}", path.read_text(encoding="utf-8"))] == []


def test_help_needs_no_engine():
    """`dnc --help` imports click and nothing heavy."""
    code = "import sys; sys.argv = ['dnc', '--help']; import dnc.cli.main\ntry: dnc.cli.main.main()\nexcept SystemExit: pass\n"
    code += "print({'polars', 'duckdb', 'phonenumbers', 'holidays'} & set(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "set()\n"


def test_files_are_never_sniffed():
    """No reader of DuckDB or Polars guesses types, and no row is dropped in silence."""
    guessing = re.compile(r"read_csv_auto|ignore_errors ?= ?[tT]rue|infer_schema=True|try_parse_dates")
    assert MODULES
    assert [path for path in MODULES if guessing.search(path.read_text(encoding="utf-8"))] == []


def test_no_class_name_is_used_twice():
    """A name that is searched for leads to one class; a leading underscore makes no other name of it."""
    found = [
        node.name.lstrip("_")
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert len(found) > 100
    assert [name for name, times in Counter(found).items() if times > 1] == []


def test_vague_words_are_names_only_where_the_glossary_defines_them():
    """Of a variable, a parameter, a function or an attribute: a colleague should know what it holds."""
    glossary = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Glossary")[2].partition("\n## ")[0]
    defined = {word for row in re.findall(r"^\| ([^|]+) \|", glossary, re.MULTILINE) for word in row.split(", ")}
    vague = {"told", "against", "beside", "apart", "held", "odd"} - defined
    assert "odd" in defined and vague
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = {getattr(node, field, None) for field in ("id", "arg", "attr", "name")}
            assert not {str(name).strip("_").lower() for name in found} & vague, f"{path.name}:{node.lineno}"


def test_every_test_has_a_sentence():
    """A test says in its docstring what it holds the program to."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_fixtures_use_numbers_reserved_for_fiction():
    """Files that ship and fixtures hold no number of a person."""
    fiction = re.compile(r"^(?:0|33|0033)?(?:19900|26191|35301|46571|53649|63998)\d*$")
    overseas = re.compile(r"^0\d{3}0000\d\d$")
    files = [*(ROOT / "dnc" / "cli" / "samples").glob("*.csv"), *(ROOT / "tests" / "rules").glob("fr.csv")]
    for path in files:
        for found in re.findall(r"(?<![\w#-])\+?\(?0?[1-9]\)?(?:[ .()-]{0,2}\d){8,12}(?![\w-])", path.read_text()):
            digits = re.sub(r"\D", "", found).replace("330", "33", 1)
            assert fiction.match(digits) or overseas.match(digits) or digits.startswith("094800"), path.name


def test_every_column_of_a_verdict_is_explained():
    """The reference of columns has a row for each, in their order."""
    section = (ROOT / "docs" / "reference" / "columns.md").read_text(encoding="utf-8").partition("## Verdicts\n")[2]
    assert re.findall(r"^\| `(dnc_\w+)`", section, re.MULTILINE) == [*VERDICT, NEXT_AT]


def test_the_readme_is_one_page():
    """At most 8 kB, with the picture of a report in it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.encode()) <= 8 * 1024
    assert "](docs/report.png)" in text


def test_links_between_pages_lead_somewhere():
    """A relative link in a page names a file of the repository, and a heading of it where it names one."""
    for page in [*docs.PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for link in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", page.read_text(encoding="utf-8")):
            name, _, heading = link.partition("#")
            target = page.parent / name
            assert target.exists(), f"{page.name}: {link}"
            if heading:
                titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, link


def test_paths_in_the_docs_exist():
    """A file or folder of the program that a page names is there."""
    for page in [*docs.PAGES, ROOT / "CONTRIBUTING.md"]:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:dnc|registry_loaders|tests|scripts|docs)/[\w/.-]+)`", text):
            assert (ROOT / path).exists() or "xx" in path, f"{page.name}: {path}"
        for name in re.findall(r"`((?:test_\w+|faults|scrub)\.py)`", text):
            assert any((ROOT / "tests").rglob(name)), f"{page.name}: {name}"


def test_extras_in_the_docs_are_installed_from_the_folder():
    """No package index has the package; an extra that a page names is one of it."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for page in [*docs.PAGES, ROOT / "CONTRIBUTING.md"]:
        text = page.read_text(encoding="utf-8")
        for package, names in re.findall(r"pip install ['\"]?([\w.-]+)\[([\w,]+)\]", text):
            assert (package, set(names.split(",")) - set(extras)) == (".", set()), page.name


def test_slow_tests_exist():
    """A test that was renamed is not taken for a quick one."""
    named = [name.partition("::") for name in sorted(slow_tests())]
    assert [
        f"{file}::{name}" for file, _, name in named if f"def {name}(" not in (ROOT / file).read_text("utf-8")
    ] == []


def test_tests_that_the_recipes_name_exist():
    """CONTRIBUTING says which test fails when a step is forgotten; it is a test of that name."""
    defined = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"`(test_\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert f"def {name}(" in defined, name


def test_every_column_of_calls_is_explained_in_both_languages():
    """All texts of each column, and each value of an axis, in English and in French."""
    texts = {f"{key}{language}" for key in ("label", "says", "question", "missing", "ask") for language in ("", "_fr")}
    for name, column in vocabulary().columns.items():
        assert texts <= set(column), name
        for value, meaning in column.get("values", {}).items():
            assert {"label", "label_fr", "says", "says_fr"} <= set(meaning), f"{name}: {value}"


def test_every_column_of_calls_is_read(store, write_file):
    """A cell that makes no sense is reported as not understood, whatever its column; so no column is ignored."""
    columns = [name for name, column in vocabulary().columns.items() if column["kind"] != "text"]
    rows = [
        [f"01990008{at}", *("?!" if other == name else "" for other in columns)] for at, name in enumerate(columns, 10)
    ]
    path = write_file("calls.csv", "\n".join(map(";".join, [["number", *columns], *rows])))
    reasons = check(path, store, region="FR").verdicts["dnc_why"]
    assert [
        name for name, why in zip(columns, reasons, strict=True) if f"{vocabulary().label(name)} '?!'" not in why
    ] == []


def test_every_output_format_is_explained():
    """The help of --out and the page on checking name each suffix, and --format takes each."""
    options = {option.name: option for option in cli.commands["check"].params}
    help_text = options["out"].help
    assert {f".{form}" for form in options["form"].type.choices} == set(FORMATS)
    page = (
        (ROOT / "docs" / "checking.md").read_text(encoding="utf-8").partition("## Outputs\n")[2].partition("\n## ")[0]
    )
    for suffix in (*FORMATS, PAGE):
        assert suffix in help_text, suffix
        assert f"`{suffix}`" in page, suffix


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_output_format_can_be_checked_again(store, tmp_path, suffix):
    """An output of each format is a list with the same calls: checked again, no outcome has changed."""
    options = {"region": "FR", "at": "2026-08-10T10:30", "given": {"objected_on": "none"}}
    out = tmp_path / f"verdicts{suffix}"
    first = check(SHOP, store, out=out, **options)
    again = check(out, store, changed=True, **options)
    assert (again.counts, again.verdicts.height) == (first.counts, 0)


def test_every_command_is_registered():
    """A command of a module of `dnc.cli` is a verb of `dnc`."""
    modules = [importlib.import_module(f"dnc.cli.{path.stem}") for path in (ROOT / "dnc" / "cli").glob("[a-z]*.py")]
    commands = {one for module in modules for one in vars(module).values() if isinstance(one, Verb)}
    assert commands == {cli, *cli.commands.values(), *cli.commands["record"].commands.values()}
