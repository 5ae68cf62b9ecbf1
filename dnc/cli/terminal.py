"""What a terminal would obey is shown as a symbol, wherever it comes from: a cell of a list, a name, a reason.

Files and pipes get what was written, byte for byte.
"""

from __future__ import annotations

import codecs
import io
import sys
from typing import TYPE_CHECKING, BinaryIO
from unicodedata import category

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_SYMBOLS = 0x2400  # in Unicode, of the control characters from NUL on
_DELETE, _SYMBOL_FOR_DELETE, _SYMBOL_FOR_OTHERS = 0x7F, "\N{SYMBOL FOR DELETE}", "\N{SYMBOL FOR SUBSTITUTE FORM TWO}"


class _ShownCharacters(dict[int, str]):
    """Character → what is shown of it; worked out once for each."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char.isprintable() or char in "\n\t" or category(char) == "Zs":
            shown = char
        elif code < 0x20:
            shown = chr(_SYMBOLS + code)
        else:
            shown = _SYMBOL_FOR_DELETE if code == _DELETE else _SYMBOL_FOR_OTHERS
        self[code] = shown
        return shown


class TerminalStream(io.BufferedIOBase):
    """The bytes that are written to a terminal: text in UTF-8."""

    def __init__(self, terminal: BinaryIO) -> None:
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._shown = _ShownCharacters()

    def write(self, data: ReadableBuffer) -> int:
        """Write the text with symbols in the place of characters that control a terminal."""
        text = self._decoder.decode(bytes(data))
        self._terminal.write(text.replace("\r\n", "\n").translate(self._shown).encode())
        return memoryview(data).nbytes

    def flush(self) -> None:
        """Flush the terminal."""
        self._terminal.flush()

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return True

    def fileno(self) -> int:
        """The file descriptor of the terminal."""
        return self._terminal.fileno()


def guard_terminal() -> None:
    """Let nothing reach a terminal on stdout that it would obey."""
    if sys.stdout.isatty() and isinstance(sys.stdout, io.TextIOWrapper):
        shown = TerminalStream(sys.stdout.detach())
        sys.stdout = io.TextIOWrapper(shown, encoding="utf-8", newline="", line_buffering=True)
