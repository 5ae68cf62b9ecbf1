"""The options of `dnc rules` for rules packs: make, sign, install and undo them."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.options import FILE, Command, open_store, print_rows, say
from dnc.errors import InputError
from dnc.messages import counted, localized, messages

if TYPE_CHECKING:
    from dnc.law.pack_file import SignedPack
    from dnc.store.store import Store

_OPTIONS = {
    "--pack": {"type": FILE, "metavar": "DIR", "help": "Make a rules pack from this folder. Requires --key and --out."},
    "--key": {"type": FILE, "help": "Private key that signs it (Ed25519, PEM)."},
    "--new-key": {"type": click.Path(path_type=Path), "metavar": "FILE", "help": "Make a private key for packs."},
    "--install": {"type": FILE, "metavar": "PACK", "help": "Use the rules of this pack in the store from now on."},
    "--trust": {
        "metavar": "FINGERPRINT",
        "help": "With --install: trust the key that signed the pack, without asking.",
    },
    "--distrust": {"metavar": "FINGERPRINT", "help": "Install no more packs that this key signed."},
    "--undo": {"is_flag": True, "help": "Go back to the rules before the last pack."},
}
_ACTIONS = ("pack", "new_key", "install", "distrust", "undo")
_YEAR = timedelta(days=365)


def pack_options(command: Command) -> Command:
    """The options of `dnc rules` for rules packs."""
    for name, settings in reversed(_OPTIONS.items()):
        command = click.option(name, **settings)(command)  # type: ignore[arg-type]
    return command


def act_on_packs(ctx: click.Context, lang: str, out: Path | str | None, options: dict[str, Any]) -> bool:
    """Do what the options for packs say; returns whether one was given. out: the pack to write."""
    actions = [name for name in _ACTIONS if options[name]]
    if len(actions) > 1:
        raise click.UsageError(localized("errors", "cli", "one_action"))
    action = actions[0] if actions else None
    if bool(options["key"]) != (action == "pack") or (action == "pack" and not isinstance(out, Path)):
        raise click.UsageError(localized("errors", "cli", "pack_needs"))
    if options["trust"] and action != "install":
        raise click.UsageError(localized("errors", "cli", "trust_needs"))
    texts = messages("pack", lang)
    if action == "pack" and isinstance(out, Path):
        _make(options["pack"], options["key"], out, lang)
    elif action == "new_key":
        from dnc.files.signing import new_key

        key = options["new_key"]
        say(texts["new_key"].format(file=key, key=new_key(key)))
    elif action == "install":
        _install(open_store(ctx), options["install"], options["trust"], lang)
    elif action == "distrust":
        from dnc.store import rule_packs

        rule_packs.distrust(open_store(ctx).ledger, options["distrust"].lower())
        say(texts["distrusted"].format(key=options["distrust"].lower()))
    elif action == "undo":
        from dnc.store import rule_packs

        was, now = rule_packs.undo(open_store(ctx).ledger)
        say(texts["undone_to" if now else "undone"].format(was=was.version, now=now and now.version))
    return action is not None


def _make(folder: Path, key: Path, out: Path, lang: str) -> None:
    from dnc.checks.pack_trial import tried
    from dnc.law.pack_file import content_of, write_pack

    content = content_of(folder)
    _, cases = tried(content)
    fingerprint = write_pack(content, key, out)
    facts = {"version": content.version, "files": ", ".join(content.rules), "n": counted(lang)(cases)}
    say(messages("pack", lang)["made"].format(out=out, key=fingerprint, **facts))


def _install(store: Store, path: Path, trust: str | None, lang: str) -> None:
    from dnc.checks.law_in_force import law_used
    from dnc.checks.pack_trial import follows, tried
    from dnc.clock import today
    from dnc.law.pack_file import read_pack_file
    from dnc.law.rulebook import PackId, shipped
    from dnc.reports.law_changes import Effect, differences, effects
    from dnc.store import rule_packs

    texts = messages("pack", lang)
    signed = read_pack_file(path)
    new = _trusted(store, signed, trust, lang)
    content = signed.content()
    pack = PackId(content.version, signed.sha256, signed.signer)
    allowed = follows(pack)
    before = law_used(store)
    current = rule_packs.installed(store.ledger)
    allowed(current and current[0])
    after, cases = tried(content, pack)
    changed = effects(store, before, after, today(), today() + _YEAR)
    rule_packs.install(store.ledger, pack, content.rules, shipped(), allowed, trust=new)
    for what, ids in differences(before, after).items():
        say(
            texts["regimes"][what].format(
                n=counted(lang)(len(ids)), ids=", ".join(ids) or messages("common", lang)["none"]
            )
        )
    if changed:
        print_rows(changed, Effect._fields)
    if changed is None:
        say(texts["no_checks"])
    else:
        say(texts["changes" if changed else "no_changes"].format(n=counted(lang)(len(changed))))
    facts = {"pack": pack, "files": ", ".join(content.rules), "n": counted(lang)(cases)}
    say(texts["installed"].format(**facts))


def _trusted(store: Store, signed: SignedPack, trust: str | None, lang: str) -> bool:
    """Whether the key of a pack is newly trusted; False if the store already trusts it. Raises InputError."""
    from dnc.store import rule_packs

    trusted = rule_packs.signers(store.ledger)
    if trust is not None and trust.lower() != signed.signer:
        raise InputError(localized("errors", "signer", "other", signer=signed.signer), signed.path)
    if signed.signer in trusted:
        return False
    if trust is None:
        if trusted:
            raise InputError(localized("errors", "signer", "untrusted", signer=signed.signer), signed.path)
        if not sys.stdin.isatty():
            raise InputError(localized("errors", "signer", "new", signer=signed.signer), signed.path)
        click.confirm(messages("pack", lang)["ask"].format(key=signed.signer), abort=True, err=True)
    return True
