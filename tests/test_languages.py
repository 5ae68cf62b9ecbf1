"""Another language is a file of words alone: nothing else has to be changed, and English stands in for what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dnc

WORDS = """
[written]
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
[regimes.fr-frequency-2023]
title = "Höchstens vier Anrufe in dreißig Tagen"
[cites.fr.CONSO-D223-9-2023]
text = "Verbrauchergesetzbuch, Art. D. 223-9"
"""


def test_a_language_is_a_file_of_words(tmp_path):
    """German by one file: its words in what is printed, its numbers and days, English for the rest."""
    package = tmp_path / "dnc"
    shutil.copytree(Path(dnc.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "messages.de.toml").write_text(WORDS, encoding="utf-8")
    shutil.copytree(Path(dnc.__file__).parent.parent / "registry_loaders", tmp_path / "registry_loaders")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "LC_ALL": "de_DE.UTF-8", "PYTHONIOENCODING": "utf-8"}

    def run(*arguments: str) -> str:
        done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
        return done.stdout + done.stderr

    facts = ["--region", "FR", "--at", "2026-10-05T11:00", "--set", "caller=commercial", "--set", "recipient=consumer"]
    told = run("-m", "dnc", "explain", "0199000810", *facts)
    assert told.startswith("+33199000810: ungeklärt\n"), told
    assert "Höchstens vier Anrufe in dreißig Tagen (fr-frequency-2023): applies, not decided" in told
    assert "  wenn Zweck: Verkauf (yes)" in told
    assert "Verbrauchergesetzbuch, Art. D. 223-9" in told
    written = "from datetime import date; from dnc.messages import *; print(amount('de', 1)(1234.5), percent('de')(.125), dated('de')(date(2026, 11, 25)))"
    assert run("-c", written).split() == ["1.234,5", "12,5", "%", "25.11.2026"]
