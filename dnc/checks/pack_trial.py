"""What rules of a pack must pass before a store uses them: the grammar, the lint, and the pack's own cases."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from dnc.checks.rule_cases import decided, fault, read_cases
from dnc.errors import InputError, RuleError
from dnc.law.lint import problems
from dnc.law.pack_file import Content, newer
from dnc.law.regimes import EVERYWHERE
from dnc.law.rule_file import read_pack
from dnc.law.rulebook import PackId, Rulebook
from dnc.messages import localized
from dnc.store.rule_packs import InstalledPack


def tried(content: Content, pack: PackId | None = None) -> tuple[Rulebook, int]:
    """The rulebook with the rules of a pack, and the number of its cases, all of which come out as expected.

    Args:
        pack: what names it, where it is one already.
    Raises:
        RuleError: a rules file breaks the grammar, has a slip that the lint sees, or no case; or a case fails.
        InputError: a table of cases cannot be read.
    """
    book = Rulebook.load(None, content.rules, pack)
    brought = {name: read_pack(name, text) for name, text in content.rules.items()}
    for name, law in brought.items():
        if found := problems(law):
            raise RuleError(localized("errors", "pack", "faulty", fault=found[0], n=len(found)), name)
    cases = list(chain.from_iterable(read_cases(name, text) for name, text in sorted(content.cases.items())))
    if len({case["case"] for case in cases}) != len(cases):
        raise InputError(localized("errors", "case_twice"), min(content.cases))
    failed, seen = [], set()
    for guidance in ("enforce", "advise"):
        for case, verdict in decided(cases, book, guidance):
            seen.add(verdict["dnc_jurisdiction"])
            if found_fault := fault(case, verdict, guidance):
                failed.append(f"{case['case']!r} {found_fault}")
    if failed:
        raise RuleError(localized("errors", "pack", "failed", n=len(failed), fault=failed[0]))
    if untried := sorted({law.jurisdiction for law in brought.values()} - {*seen, EVERYWHERE}):
        raise RuleError(localized("errors", "pack", "untried", name=untried[0]))
    return book, len(cases)


def follows(pack: PackId) -> Callable[[InstalledPack | None], None]:
    """What refuses a pack that may not follow the one in use: an older one, or another one of the same version."""

    def allowed(last: InstalledPack | None) -> None:
        if last is None or newer(pack.version, last.version):
            return
        if newer(last.version, pack.version):
            raise InputError(localized("errors", "pack_older", version=pack.version, last=last.version))
        if pack.sha256 != last.sha256:
            raise InputError(localized("errors", "pack_other", version=pack.version))

    return allowed
