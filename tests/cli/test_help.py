"""The help of the verbs in both languages."""

import shlex

import click
import pytest

from dnc.cli.help import verb_table
from dnc.cli.main import cli
from dnc.messages import messages
from dnc.vetting import DRAWN

VERBS = {"dnc": cli, **cli.commands, **cli.commands["record"].commands}


def _key(option):
    return max(option.opts, key=len).removeprefix("--")


def test_every_verb_and_option_has_a_text_and_no_text_is_left_over():
    """What several verbs say of an option is needed by one of them that says nothing else."""
    texts = messages("help", "en")
    options = {
        name: {_key(one) for one in verb.params if isinstance(one, click.Option)} for name, verb in VERBS.items()
    }
    assert texts.keys() - {"click", "common", "heading"} == VERBS.keys()
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
    for typed in (
        "--lang fr key --help",
        "key --lang fr --help",
        "key -h --lang fr",
        "--lang fr help key",
        "--help --lang fr",
    ):
        assert "Utilisation" in "".join(dnc(*typed.split())[1:])
    assert "Usage" in dnc("--help")[1]


def test_help_of_the_program_is_in_the_language_of_its_variable(dnc, monkeypatch):
    """As that of each verb is."""
    monkeypatch.setenv("DNC_LANG", "fr")
    assert dnc("--help")[1].startswith("Utilisation")


def test_every_verb_has_two_examples_that_can_be_read(dnc):
    """They stand at the end of its help, and name a verb and options that there are."""
    examples = verb_table()["examples"]
    assert examples.keys() == {verb.path for verb in VERBS.values()} - {"dnc"}
    for path, (first, second) in examples.items():
        shown = dnc("help", *path.split())[1]
        assert shown.endswith(f"  {first}\n  {second}\n") and shown == dnc(*path.split(), "--help")[1]
        for example in (first, second):
            program, *words = shlex.split(example)
            assert program == "dnc"
            command, context = cli, click.Context(cli)
            while isinstance(command, click.Group):
                _, command, words = command.resolve_command(context, words)
                context = command.context_class(command, parent=context)
            options = {name for one in command.params for name in one.opts}
            assert path in example and not {word for word in words if word.startswith("--")} - options


def test_what_was_typed_before_is_answered_with_what_to_type_now(dnc):
    """In one line, for verbs and options, which are none any more; what is named is there."""
    moved = verb_table()["moved"]
    for old, new in moved["verbs"].items():
        assert old not in cli.commands
        assert dnc(old)[::2] == (2, f"dnc: {old} is now: {new}\n")
    for typed, new in moved["options"].items():
        verb, old = typed.split(" ")
        assert dnc(verb, old)[::2] == (2, f"dnc: {old} is now: {new}\n")
        options = {name for one in cli.commands[verb].params for name in one.opts}
        assert old not in options and (not new.startswith("--") or new.split()[0] in options)


def test_a_variable_of_an_option_that_is_gone_is_refused(dnc, monkeypatch):
    """A nightly job must not lose its condition without a word; variables of the program and of other verbs are none."""
    for name in ("DNC_LOG_JSON", "DNC_VET_UNTIL", "DNC_RECORD_CALL_AT"):
        monkeypatch.setenv(name, "")
    assert dnc("log", "--help")[0] == dnc("record", "--help")[0] == dnc("status", "--help")[0] == 0
    monkeypatch.setenv("DNC_CHECK_MIN_CLEAR", "0.9")
    code, _, err = dnc("check", "calls.csv")
    assert code == 2 and err.startswith("dnc: the environment variable DNC_CHECK_MIN_CLEAR is no option of dnc check")
