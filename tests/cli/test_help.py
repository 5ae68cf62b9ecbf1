"""The help of the verbs in both languages."""

import inspect

import click
import pytest

from dnc.cli.main import Context, cli, help_words
from dnc.messages import typeset

AROUND = {"Usage: ", "Options", "Commands", "Show this message and exit.", "default: ", "env var: ", "required", "; "}
VERBS = ["", *cli.commands]


def texts(command):
    """The paragraphs of a verb, and the texts of its options, in English."""
    yield from (" ".join(part.split()) for part in inspect.cleandoc(command.help).split("\n\n"))
    yield from (option.help for option in command.params if isinstance(option, click.Option) and option.help)


def test_every_text_has_one_in_french():
    """And there is none for a text that is gone."""
    english = {text for command in (cli, *cli.commands.values()) for text in texts(command)}
    assert english | AROUND == help_words("fr").keys()


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_in_the_language_of_messages(verb, monkeypatch):
    """With the default of an option, and what click writes itself."""
    command, shown = cli.commands.get(verb, cli), {}
    for lang in ("en", "fr"):
        monkeypatch.setenv("LC_ALL", lang)
        shown[lang] = command.get_help(Context(command, info_name="dnc", terminal_width=9_999))
    assert shown["en"].startswith("Usage: dnc") and shown["fr"].startswith(typeset("Utilisation : dnc", "fr"))
    for text in texts(command):
        assert text in shown["en"] and typeset(help_words("fr")[text], "fr") in shown["fr"]
    words = "Show this message", "Options:", "[default:", "; default:", "[env var:", "required]"
    assert not any(word in shown["fr"] for word in words)


def test_lang_is_read_before_help(dnc):
    """Before the verb, or after it."""
    for typed in (("--lang", "fr", "keys", "--help"), ("keys", "--lang", "fr", "--help")):
        assert "Utilisation" in "".join(dnc(*typed)[1:])
