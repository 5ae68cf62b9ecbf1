"""How a letter is written to a file: `.html` is for reading, printing and signing, `.docx` for editing first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from dnc.errors import OptionError, extra
from dnc.files.output_file import atomic_path
from dnc.messages import either, localized, messages
from dnc.reports.page import environment

SUFFIXES = (".html", ".docx")


class Part(NamedTuple):
    """A part of the letter.

    kind: `title`, `heading`, `text`, `blank` (to be filled in; the text says with what), `list` or `table`.
    text: of the first four. rows: the points of a list, or the rows of a table, of which the first is its header.
    """

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def write_letter(path: Path, letter: Iterable[Part], language: str = "en") -> None:
    """Write a letter.

    Args:
        path: ends in one of `SUFFIXES`; the file appears whole or not at all. letter: its parts, from top to bottom.
    Raises:
        OptionError: the suffix is another, or `.docx` is asked for and python-docx is not installed.
    """
    if path.suffix not in SUFFIXES:
        raise OptionError(localized("errors", "letter_suffix", known=either(SUFFIXES)))
    parts = list(letter)
    with atomic_path(path) as unfinished:
        if path.suffix == ".html":
            template = environment(language).get_template("letter.html")
            text = template.render(parts=parts, fill=messages("letter", language)["fill"])
            unfinished.write_text(text.lstrip(), encoding="utf-8")
        else:
            _write_docx(unfinished, parts, language)


def _write_docx(path: Path, parts: list[Part], language: str) -> None:
    with extra("letters"):
        from docx import Document
        from docx.shared import RGBColor
    document = Document()
    document.core_properties.language = language
    styles = {"title": "Heading 1", "heading": "Heading 2"}
    for kind, text, rows in parts:
        if kind == "table":
            table = document.add_table(0, len(rows[0]), style="Light Grid Accent 1")
            for row in rows:
                for cell, content in zip(table.add_row().cells, row, strict=True):
                    cell.text = content
        elif kind == "list":
            for (point,) in rows:
                document.add_paragraph(point, style="List Bullet")
        elif kind == "blank":
            document.add_paragraph().add_run(f"[{text}]").font.color.rgb = RGBColor(0x6E, 0x77, 0x81)
        else:
            document.add_paragraph(text, style=styles.get(kind))
    document.save(str(path))
