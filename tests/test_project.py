"""The house: what is promised of it as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dnc.law.vocabulary import VERDICT
from scripts import docs

ROOT = Path(__file__).parent.parent
MODULES = sorted([*(ROOT / "dnc").rglob("*.py"), *(ROOT / "registry_loaders").glob("*.py")])


@pytest.mark.parametrize("path", docs.PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_parts_of_the_pages_are_current(path):
    """Commands, law, columns and registries match the program, and each command in the docs prints what is shown."""
    assert docs.current(path) == path.read_text(encoding="utf-8")


def test_help_needs_no_engine():
    """`dnc --help` imports click and nothing heavy."""
    code = "import sys; sys.argv = ['dnc', '--help']; import dnc.cli.main\ntry: dnc.cli.main.main()\nexcept SystemExit: pass\n"
    code += "print({'polars', 'duckdb', 'phonenumbers', 'holidays'} & set(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "set()\n"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_never_sniffed(path):
    """No reader of DuckDB or Polars guesses types, and no row is dropped in silence."""
    assert not re.search(r"read_csv_auto|ignore_errors ?= ?[tT]rue|infer_schema=True|try_parse_dates", path.read_text())


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
    section = docs.COLUMNS.read_text(encoding="utf-8").partition("## Verdicts\n")[2]
    assert re.findall(r"^\| `(dnc_\w+)`", section, re.MULTILINE) == list(VERDICT)


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
