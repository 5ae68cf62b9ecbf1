"""The exceptions of this package.

    DncError
      InputError        an input file or value is wrong
        OptionError     an option is wrong; exit code 2
        LoaderError     no loader recognises the file, or several do
        RuleError       a rules file does not follow the grammar
      StoreError        the store is locked, not a store, damaged or of another version

A wrong file raises an exception, a wrong row does not: it becomes an `undecided` verdict, or is counted as an unread
listing. A message is one line, says what to do, and never quotes a telephone number or a line of a file.
"""

from __future__ import annotations

from pathlib import Path

_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"  # French has the last two before signs and in numbers


def printable(text: str) -> str:
    """Text without control characters, which names of files and columns may hold and a terminal would obey."""
    return "".join(char if char.isprintable() or char in _SPACES else "?" for char in text)


class DncError(Exception):
    """Base class of all exceptions of this package; exit code 4."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class InputError(DncError):
    """An input file or value is wrong.

    Attributes:
        path: the file, or None for a value.
        at: row number, column or key inside the file, or None.
    """

    def __init__(self, message: str, path: str | Path | None = None, at: object = None) -> None:
        self.path = path
        self.at = at
        where = ":".join(str(part) for part in (path, at) if part is not None)
        super().__init__(f"{where}: {message}" if where else message)


class OptionError(InputError):
    """An option has a value that is not allowed; exit code 2."""


class LoaderError(InputError):
    """No loader recognises the file, or several do."""


class RuleError(InputError):
    """A rules file does not follow the grammar; `at` names regime and key."""


class StoreError(DncError):
    """The store is locked, damaged, of another version, or the folder is not a store."""


def missing_extra(extra: str, error: ImportError) -> OptionError:
    """The error where the libraries of an extra are not installed."""
    return OptionError(f"this needs {error.name}; install the extra: pip install 'dnc-check[{extra}]'")
