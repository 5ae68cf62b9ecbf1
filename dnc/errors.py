"""What can go wrong, as a tree.

    DncError
      InputError        a file or value we were handed is wrong
        OptionError     an option is wrong; the command line answers it with 2
        LoaderError     no loader reads the file, or several would
        RuleError       a rules file breaks the grammar
      StoreError        the store is locked, foreign, damaged or of another version

Files raise, rows do not: a smudged row becomes an `undecided` verdict or a
counted unread listing. A message is one line, says what to do, and never
quotes a telephone number or a raw line.
"""

from __future__ import annotations

from pathlib import Path


def printable(text: str) -> str:
    """Text in which nothing is left that a terminal would obey, as names of files and columns may hold it."""
    return "".join(char if char.isprintable() or char == " " else "?" for char in text)


class DncError(Exception):
    """Root of all errors of this package; the command line answers it with exit code 4."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class InputError(DncError):
    """A file we were handed is wrong.

    Attributes:
        path: the file, or None where a value and not a file is wrong.
        at: row number, column or key inside the file, or None.
    """

    def __init__(self, message: str, path: str | Path | None = None, at: object = None) -> None:
        self.path = path
        self.at = at
        where = ":".join(str(part) for part in (path, at) if part is not None)
        super().__init__(f"{where}: {message}" if where else message)


class OptionError(InputError):
    """An option of a check has no such value; the command line answers it with exit code 2."""


class LoaderError(InputError):
    """No loader recognises the file, or several do."""


class RuleError(InputError):
    """A rules file breaks the grammar; `at` names regime and key."""


class StoreError(DncError):
    """The store is locked, foreign, damaged, or of another version."""
