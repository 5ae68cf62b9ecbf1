"""The help of the verbs in both languages."""

import click
import pytest

from dnc.cli.main import cli
from dnc.messages import messages
from dnc.vetting import DRAWN

VERBS = {"dnc": cli, **cli.commands}


def _key(option):
    return max(option.opts, key=len).removeprefix("--")


def test_every_verb_and_option_has_a_text_and_no_text_is_left_over():
    """What several verbs say of an option is needed by one of them that says nothing else."""
    texts = messages("help", "en")
    options = {
        name: {_key(one) for one in verb.params if isinstance(one, click.Option)} for name, verb in VERBS.items()
    }
    assert texts.keys() - {"click", "common"} == VERBS.keys()
    for name in VERBS:
        assert "about" in texts[name] and texts[name].keys() <= options[name] | {"about"}, name
    assert texts["common"].keys() == {key for name in VERBS for key in options[name] - texts[name].keys()} | {"help"}


def test_help_says_how_many_rows_are_drawn():
    """The default of --draw is not in the hands of click."""
    for language in ("en", "fr"):
        assert str(DRAWN) in messages("help", language)["vet"]["draw"]


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_in_the_language_of_messages(verb, monkeypatch):
    """With the default of an option, and what click writes itself."""
    command, shown = VERBS[verb], {}
    for lang in ("en", "fr"):
        monkeypatch.setenv("LC_ALL", lang)
        shown[lang] = command.get_help(command.context_class(command, info_name="dnc", terminal_width=9_999))
        for text in (
            *command.help.split("\n\n"),
            *(one.help for one in command.params if isinstance(one, click.Option)),
        ):
            assert text in shown[lang]
    assert shown["en"].startswith("Usage: dnc") and shown["fr"].startswith("Utilisation\N{NO-BREAK SPACE}: dnc")
    words = "Show this message", "Options:", "[default:", "; default:", "[env var:", "required]"
    assert not any(word in shown["fr"] for word in words)


def test_lang_is_read_before_help(dnc):
    """Before the verb, or after it, and on either side of --help."""
    for typed in ("--lang fr keys --help", "keys --lang fr --help", "keys --help --lang fr", "--help --lang fr"):
        assert "Utilisation" in "".join(dnc(*typed.split())[1:])
    assert "Usage" in dnc("--help")[1]


def test_help_of_the_program_is_in_the_language_of_its_variable(dnc, monkeypatch):
    """As that of each verb is."""
    monkeypatch.setenv("DNC_LANG", "fr")
    assert dnc("--help")[1].startswith("Utilisation")
