"""A check: one list of planned calls from its first row to the outputs and the log.

Three threads work side by side on different batches: one reads the list, one decides, and one counts and lays out
rows; the caller's thread writes (`_Pipeline`).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from types import NoneType
from typing import Any

import msgspec
from msgspec import structs

from dnc.checks.counts import Counted, People, Tallies
from dnc.checks.evidence import Evidence
from dnc.checks.outputs import LaidOut, Outputs
from dnc.checks.result import Check
from dnc.checks.selection import OutputLayout, Selection, select
from dnc.checks.settings import Settings, Setup
from dnc.clock import clock, today
from dnc.errors import must_be
from dnc.files.dataset import FileList
from dnc.files.writers import Spool
from dnc.frames import ahead
from dnc.law.vocabulary import CHECK, OF_CHECK, vocabulary
from dnc.lists.calls import Calls
from dnc.lists.completion import Completion
from dnc.lists.header import Header
from dnc.lists.inputs import Source, opened
from dnc.lists.intake import Intake
from dnc.lists.second_numbers import SecondNumbers
from dnc.store.audit_log import Entry, now
from dnc.store.store import Standing, Store
from dnc.verdicts.judge import Judge, Verdicts

Progress = Callable[[int], None]  # gets the number of rows of each batch
# Of the record of a check what people wrote, or made guessable: the log keeps it until somebody is forgotten.
_WORDS = ("input", "declared", "when_filled", "when_empty", "brief", "accepted", "out", "terms")
Observer = Callable[[Calls, Verdicts], None]  # sees every batch, in order, from one thread


def run(
    path: Source,
    store: Store,
    settings: Settings,
    outputs: Outputs,
    *,
    columns: Iterable[str] | None = None,
    only: Iterable[str] = (),
    changed: bool = False,
    best: bool = False,
    keep: bool = False,
    progress: Progress | None = None,
    observers: Sequence[Observer] = (),
    offered: bool = False,
) -> Check:
    """Decide every call of a list, write the rows and log the check; see `dnc.api.check`.

    Args:
        observers: see every batch; every check makes its own counts too.
        offered: whether the list is only assessed, before it is bought; the log says so.
    """
    _refuse_wrong(store, progress, observers)
    check, always = f"{now():%Y%m%dT%H%M%SZ}-{token_hex(4)}", OF_CHECK if outputs.has_table else ()
    chosen = partial(select, columns, only, changed=changed, best=best, check=check, always=always)
    with ExitStack() as stack:
        known = _Known.of(path, store, settings, outputs, chosen=chosen, stack=stack)
        outputs.open(known.layout, stack)
        kept = stack.enter_context(closing(Spool(stack.enter_context(store.work("check"))))) if keep else None
        evidence = Evidence(known.files, known.state, kept, known.header.columns.get("call", ""))
        people = People(_temporary_folder(stack), known.header.columns.get("person"))
        second = SecondNumbers(known.header)
        record = _record(known, outputs) | {CHECK: check} | ({"offered": True} if offered else {})
        observers = [people.add, evidence.add, second.add, *observers]
        counted = _Pipeline(known, observers, outputs).run(progress)
        record |= _counts(counted.tallies) | evidence.detail()
        entry = _logged(store, known.setup, record, evidence)
        repeated, persons = people.count()
        result = Check(
            **known.as_result,
            layout=known.layout,
            kept=outputs.kept,
            cut=outputs.cut,
            tallies=structs.replace(counted.tallies, declared=known.declared),
            given=counted.given,
            elsewhere=counted.elsewhere,
            consents=counted.consents.data,
            repeated=repeated,
            persons=persons,
            second_numbers=second.names,
            record=record,
            id=entry.seq,
            head=str(entry),
        )
        outputs.finish(result)
    return result


class _Known(msgspec.Struct, frozen=True, dict=True):
    """What is known of a check before its first call is decided.

    Attributes:
        setup: what was said of the list.
        files: of the list; state: theirs before they were read for the first time.
        standing: what the store holds.
        selection, layout: what is written.
        intake: of the list. calls: its calls.
        judge, completion: what the law, other rows of the list and the store's own records say of its calls.
    """

    setup: Setup
    files: FileList
    state: Sequence[object]
    standing: Standing
    selection: Selection
    layout: OutputLayout
    intake: Intake
    calls: Iterator[Calls]
    judge: Judge
    completion: Completion

    @classmethod
    def of(
        cls,
        path: Source,
        store: Store,
        settings: Settings,
        outputs: Outputs,
        *,
        chosen: Callable[..., Selection],
        stack: ExitStack,
    ) -> _Known:
        """Open all that is read, refuse what cannot be written, and read ahead; stack: closes what is opened."""
        # A check that runs past midnight keeps the day on which it began.
        setup = replace(settings, now=settings.now or today()).read(store)
        files = stack.enter_context(opened(path, setup.brief.sheet))
        state = files.state
        intake, standing = setup.intake(files.table()), store.standing()
        header = intake.header
        selection = chosen(former=header.former, several=len(header.numbers) > 1, consents=standing.has_consents)
        layout = OutputLayout.of(intake.table, header.carried, selection)
        store.must_be_writable()
        outputs.refuse([*(file.path for file in files.files), *([settings.consents] if settings.consents else [])])
        judge, completion = stack.enter_context(setup.judge(standing))
        intake = completion.surveyed(intake, files.table)
        calls, completion = completion.read(intake, intake.table, files.table)
        return cls(setup, files, state, standing, selection, layout, intake, calls, judge, completion)

    @property
    def header(self) -> Header:
        """The columns of the list."""
        return self.intake.header

    @cached_property
    def declared(self) -> dict[str, tuple[str | None, str]]:
        """See `Tallies`."""
        facts, of_persons = self.setup.brief.facts.items(), vocabulary().of_persons
        return {ours: (self.header.columns.get(ours), word) for ours, word in facts if ours in of_persons}

    @property
    def as_result(self) -> dict[str, Any]:
        """What the result says of it."""
        setup, header = self.setup, self.header
        return {
            "files": self.files,
            "header": header,
            "brief": setup.brief,
            "book": setup.book,
            "language": setup.policy.language,
            "dated": setup.at is not None or "call_at" in {*header.columns, *setup.brief.facts},
            "unplaced": self.completion.unplaced,
            "snapshots": self.standing.snapshots,
            "own_list": self.standing.objections,
        }


class _Pipeline(msgspec.Struct, frozen=True):
    """The steps from the rows of a list to its outputs, each in a thread of its own and a batch ahead of the next.

    counted: all batches.
    """

    known: _Known
    observers: Sequence[Observer]
    outputs: Outputs
    counted: Counted = msgspec.field(default_factory=Counted)

    def run(self, progress: Progress | None) -> Counted:
        """Write all rows, in the thread of the caller; returns the counts."""
        for height, laid_out in ahead(self._laid_out()):
            self.outputs.write(laid_out)
            if progress:
                progress(height)
        self.outputs.end()
        return self.counted

    def _laid_out(self) -> Iterator[tuple[int, LaidOut]]:
        """Of each batch the number of rows, and the rows to write in the form of each output."""
        for calls, verdicts in ahead(self._decided()):
            for observer in self.observers:
                observer(calls, verdicts)
            counted = Counted.of(calls, verdicts, self.known.declared)
            rows, outcomes = self.known.selection.rows(calls, verdicts)
            counted.given.update(dict(outcomes.value_counts().iter_rows()))
            self.counted.merge(counted)
            yield calls.height, self.outputs.laid_out(rows)

    def _decided(self) -> Iterator[tuple[Calls, Verdicts]]:
        for batch in ahead(self.known.calls):
            calls = self.known.completion.completed(batch)
            yield calls, self.known.judge.verdicts(calls)


def _refuse_wrong(store: object, progress: object, observers: Sequence[object]) -> None:
    """Raise OptionError for an argument of a wrong type."""
    must_be("store", store, "store", Store)
    must_be("progress", progress, "function", Callable, NoneType)  # type: ignore[arg-type]
    for observer in observers:
        must_be("watch", observer, "function", Callable)  # type: ignore[arg-type]


def _counts(tallies: Tallies) -> dict[str, Any]:
    """What the log keeps of the outcomes: how many calls of each, by which rule, for want of what, by whose law."""
    laws = sorted(id_ for (id_,) in tallies.by("jurisdiction") if id_)
    counts = {"counts": tallies.counts, "blocked_by": tallies.blocking(), "missing": tallies.missing()}
    return counts | {"jurisdictions": laws}


def _logged(store: Store, setup: Setup, record: dict[str, Any], evidence: Evidence) -> Entry:
    """The row of the log about a check, which is written with all that a replay needs."""
    consents = dict(record["consents"] or {})
    hashes = {"sha256": record["sha256"], "verdicts": record["verdicts"], "consents": consents.pop("sha256", None)}
    words = {name: record[name] for name in _WORDS} | {"consents": consents}
    stay = {name: value for name, value in record.items() if name not in {*hashes, *words}}
    free = {name for name, entry in vocabulary().columns.items() if entry["kind"] == "text"} - {"campaign"}
    return store.record(
        "check",
        stay | {"declared": {name: word for name, word in record["declared"].items() if name not in free}},
        words,
        rules=setup.book.texts,
        terms={record["terms"]: setup.text},
        decisions=evidence.decisions(),
        hashes=hashes,
    )


def _temporary_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-")))


def _record(known: _Known, outputs: Outputs) -> dict[str, Any]:
    """What the log keeps of a check: its input, and what was declared; no telephone number."""
    setup, standing, selection = known.setup, known.standing, known.selection
    brief, policy = setup.brief, setup.policy
    return {
        "input": known.files.names,
        "at": setup.at,
        "region": brief.region,
        "declared": _without_number(brief.facts),
        "when_filled": {name: _without_number(facts) for name, facts in brief.when_filled.items()},
        "when_empty": {name: _without_number(facts) for name, facts in brief.when_empty.items()},
        "today": setup.now,
        "clock": clock(),
        "consents": setup.consents.record if setup.consents else None,
        "brief": brief.sha256,
        "campaign": brief.campaign,
        "guidance": policy.guidance,
        "accepted": dict(policy.accepted),
        "rules": sorted(setup.book.texts),
        "rules_changed": setup.book.change._asdict(),
        "snapshots": [snapshot.id for snapshot in standing.snapshots],
        "files": sorted({snapshot.file for snapshot in standing.snapshots}),
        **standing.records_in_log,
        "out": [Path(target).name for target in outputs.targets],
        "only": list(selection.only),
        "changed": selection.changed,
        "best": selection.best,
        "version": version("dnc-check"),
        "terms": hashlib.sha256(setup.text.encode()).hexdigest(),
    }


def _without_number(facts: Mapping[str, str]) -> dict[str, str]:
    """Declared facts without the number of the caller."""
    return {name: "told" if name == "cli" else fact for name, fact in facts.items()}
