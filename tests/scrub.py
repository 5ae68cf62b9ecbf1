"""The scrub: no telephone number of a fixture, in any spelling, and no name, in anything the tests make the program say.

Loaded by `conftest.py`, it listens to every line of narration, every error that is made, every row of the log
and every word on the stderr of the command line, and fails the test in which one of them holds a number or a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_BETWEEN = r"[\s.()/\-\u2010-\u2015\u202f\u00a0_'\"+]{0,3}"  # what people put between digits
_SPELLED = re.compile(rf"\d(?:{_BETWEEN}\d){{6,}}")
_NO_NUMBERS = re.compile(
    r"\b[0-9a-f]{32,64}\b|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?|/tmp/\S*|pytest-\d+|process \d+|\d+:[0-9a-f]{64}"
)
_TAIL = 8  # digits by which a number is known again, however its country is written
PLANTED = ("Zorbaque", "sclérose")  # a name and an illness of nobody, which tests plant in cells
_FICTION = re.compile(r"(?:19900|26191|35301|46571|53649|63998)\d{4}|7700900\d{3}|2079460\d{3}|55501\d\d$|94800\d{4}")


@lru_cache(maxsize=1)
def tails() -> frozenset[str]:
    """The last digits of every number in the fixtures."""
    files = [*HERE.glob("loaders/*"), *HERE.glob("rules/*.csv"), *HERE.parent.glob("dnc/cli/samples/*.csv")]
    texts = (path.read_bytes().decode("latin-1") for path in files if path.is_file())
    spelled = (digits(found) for text in texts for found in _SPELLED.findall(_NO_NUMBERS.sub(" ", text)))
    return frozenset(one[-_TAIL:] for one in spelled if 9 <= len(one) <= 15)


def digits(text: str) -> str:
    """The digits of a spelling, those of other scripts too."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


def found_in(text: str) -> list[str]:
    """Spellings in a text that are a fixture's number or one that is reserved for fiction, and names of `PLANTED`."""
    names = [name for name in PLANTED if name in text]
    spelled = _SPELLED.findall(_NO_NUMBERS.sub(" ", text))
    return names + [one for one in spelled if _FICTION.search(digits(one)) or digits(one)[-_TAIL:] in tails()]


class Heard:
    """What was said in one test."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def hear(self, text: object) -> None:
        """Take note of a text."""
        self.texts.append(str(text))


@pytest.fixture(autouse=True)
def scrubbed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Heard]:
    """Listen while a test runs; then nothing that was heard may hold a number."""
    from dnc import errors
    from dnc.cli import options
    from dnc.store import audit_log

    heard = Heard()
    made, line_of, echo = errors.DncError.__init__, audit_log.line_of, options.click.echo

    def error_made(self: errors.DncError, message: str) -> None:
        heard.hear(message)
        made(self, message)

    def line_made(row: audit_log.LogRow, said: list[bytes]) -> tuple[bytes, audit_log.Entry]:
        heard.hear(row)
        return line_of(row, said)

    def echoed(message: object = None, *more: object, err: bool = False, **options: object) -> None:
        if err:
            heard.hear(message)
        echo(message, *more, err=err, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(errors.DncError, "__init__", error_made)
    monkeypatch.setattr(audit_log, "line_of", line_made)
    monkeypatch.setattr(options.click, "echo", echoed)
    yield heard
    told = [text for text in heard.texts if found_in(text)]
    if told and not request.node.get_closest_marker("says_numbers"):
        pytest.fail(f"a telephone number or a name was said: {told[:3]}")
