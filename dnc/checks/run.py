"""A check: one list of planned calls from its first row to the outputs and the log.

Three threads work side by side on different batches: one reads the list, one decides, and one counts and lays out
rows; the caller's thread writes (`_Pipeline`).
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import NoneType
from typing import Any

from dnc.checks.counts import Counted, People, Tallies
from dnc.checks.evidence import Digests, Evidence
from dnc.checks.outputs import Cut, LaidOut, Outputs
from dnc.checks.past import Since, basis, fingerprints, known_rows
from dnc.checks.result import Check
from dnc.checks.selection import OutputLayout, Selection, select
from dnc.checks.settings import Settings, Setup
from dnc.clock import clock, today
from dnc.errors import OptionError, must_be
from dnc.files.dataset import FileList
from dnc.frames import ahead
from dnc.law.vocabulary import vocabulary
from dnc.lists.calls import Calls
from dnc.lists.inputs import Source, opened
from dnc.lists.intake import Intake
from dnc.lists.second_numbers import SecondNumbers
from dnc.messages import localized
from dnc.store.audit_log import Entry
from dnc.store.store import Standing, Store
from dnc.verdicts.judge import Judge, Verdicts

Progress = Callable[[int], None]  # gets the number of rows of each batch
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
    since: Since | None = None,
    progress: Progress | None = None,
    observers: Sequence[Observer] = (),
    digests: Digests | None = None,
) -> Check:
    """Decide every call of a list, write the rows and log the check.

    Args:
        path, store, columns, only, changed, best, keep, since, progress: as for `dnc.api.check`.
        outputs: where the rows go.
        observers: see every batch; every check makes its own counts too.
        digests: how its hashes are made, if it is decided again.
    Raises:
        InputError, OptionError, StoreError: as `dnc.api.check`.
    """
    _refuse_wrong(store, since, progress, observers)
    folder = outputs.folder
    if folder and keep:
        raise OptionError(localized("errors", "parts", "keep"))
    # A check that runs past midnight keeps the day on which it began.
    began = folder and folder.today
    setup = replace(settings, now=settings.now or began or today()).read(store)
    digests = digests or Digests.new()
    with ExitStack() as stack:
        files = stack.enter_context(opened(path, setup.brief.sheet))
        state = files.state  # before it is read for the first time
        intake = setup.intake(files.table())
        header = intake.header
        several = len(header.numbers) > 1
        standing = store.standing()
        of_list = {"former": header.former, "several": several, "consents": standing.has_consents}
        selection = select(columns, only, changed=changed, best=best, occasional=digests.occasional, **of_list)
        layout = OutputLayout.of(intake.table, header.carried, selection)
        is_share = folder is not None and folder.parts.share is not None
        if not is_share:
            store.must_be_writable()
        outputs.refuse([*(file.path for file in files.files), *([settings.consents] if settings.consents else [])])
        judge, own = stack.enter_context(setup.judge(standing))
        intake, against = setup.read_ahead(intake, files.table, _temporary_folder(stack), judge, own)
        named = since if since is not None else [file.name for file in files.files] if changed else None
        earlier = None if named is None or folder else known_rows(store, named, setup, own, against)
        marks = fingerprints(setup, digests) if keep else None
        intake = replace(intake, known=earlier and earlier[1], fingerprints=marks)
        outputs.open(layout, stack)
        people = People(_temporary_folder(stack), header.columns.get("person"))
        declared = {ours: header.columns.get(ours) for ours in setup.brief.facts if ours in vocabulary().of_persons}
        work = stack.enter_context(store.work("check")) if keep else None
        evidence = Evidence(files, state, work, header.columns.get("call", ""), digests)
        second = SecondNumbers(header)
        record = _record(setup, files, standing, selection, outputs)
        if folder:
            rest = {"columns": selection.columns, "language": setup.policy.language}
            folder.begin(record | {"sha256": evidence.sha256}, rest, layout, {*header.numbers, "dnc_number"})
        complete = partial(setup.completed, own=own, against=against)
        observers = [*([] if folder else [people.add]), evidence.add, second.add, *observers]
        pipeline = _Pipeline(intake, complete, judge, observers, selection, outputs, declared, evidence.cut)
        pipeline.run(progress)
        counted = folder.counted if folder else pipeline.counted
        repeated, persons = (None, None) if folder else people.count()
        record |= _counts(counted.tallies) | evidence.detail() | (folder.detail if folder else {})
        kept = {"basis": digests.of_sha256(basis(setup, standing, record))} if keep else {}
        record |= kept | ({"since": earlier[0]} if earlier else {})
        entry = Entry(0, "") if is_share else _logged(store, setup, digests, record, evidence)
        result = Check(
            files=files,
            header=intake.header,
            brief=setup.brief,
            layout=outputs.layout,
            book=setup.book,
            language=setup.policy.language,
            verdicts=outputs.kept,
            tallies=replace(counted.tallies, declared=declared),
            given=counted.given,
            repeated=repeated,
            persons=persons,
            elsewhere=counted.elsewhere,
            unplaced=against.unplaced,
            second_numbers=second.names,
            dated=setup.at is not None or "call_at" in {*header.columns, *setup.brief.facts},
            cut=outputs.cut,
            consents=counted.consents.data,
            revived=own.revived,
            known=earlier[1].rows if earlier else None if since is None else 0,
            snapshots=standing.snapshots,
            record=record,
            id=entry.seq,
            head=str(entry),
        )
        outputs.finish(result)
    return result


@dataclass(frozen=True)
class _Pipeline:
    """The steps from the rows of a list to its outputs, each in a thread of its own and a batch ahead of the next.

    intake: reads the list. complete: adds what other rows and the settings say of the numbers of a batch.
    declared: see `Tallies`. cut: ends a part, if the outputs are written in parts. counted: all batches.
    """

    intake: Intake
    complete: Callable[[Calls], Calls]
    judge: Judge
    observers: Sequence[Observer]
    selection: Selection
    outputs: Outputs
    declared: Mapping[str, str | None]
    cut: Callable[[], Cut]
    counted: Counted = field(default_factory=Counted)

    def run(self, progress: Progress | None) -> None:
        """Write all rows, in the thread of the caller."""
        for height, counted, cut, frames in ahead(self._laid_out()):
            self.outputs.write(frames, counted, cut)
            if progress:
                progress(height)
        self.outputs.end()

    def _laid_out(self) -> Iterator[tuple[int, Counted, Cut | None, LaidOut]]:
        """Of each batch the number of rows, its counts, and the rows to write in the form of each output."""
        for calls, verdicts in ahead(self._decided()):
            for observer in self.observers:
                observer(calls, verdicts)
            counted = Counted.of(calls, verdicts, self.declared)
            rows, outcomes = self.selection.rows(calls, verdicts)
            counted.given.update(dict(outcomes.value_counts().iter_rows()))
            self.counted.merge(counted)
            yield calls.height, counted, self.cut() if self.outputs.folder else None, self.outputs.laid_out(rows)

    def _decided(self) -> Iterator[tuple[Calls, Verdicts]]:
        folder = self.outputs.folder
        for batch in ahead(self.intake.batches(folder.wanted if folder else None)):
            calls = self.complete(batch)
            yield calls.whole(), self.judge.verdicts(calls).whole(calls.likeness)


def _refuse_wrong(store: object, since: object, progress: object, observers: Sequence[object]) -> None:
    """Raise OptionError for an argument of a wrong type."""
    must_be("store", store, "store", Store)
    must_be("since", since, "check_or_output", int, str, Path, NoneType)
    must_be("progress", progress, "function", Callable, NoneType)  # type: ignore[arg-type]
    for observer in observers:
        must_be("watch", observer, "function", Callable)  # type: ignore[arg-type]


def _counts(tallies: Tallies) -> dict[str, Any]:
    """What the log keeps of the outcomes: how many calls of each, by which rule, for want of what, by whose law."""
    laws = sorted(id_ for (id_,) in tallies.by("jurisdiction") if id_)
    counts = {"counts": tallies.counts, "blocked_by": tallies.blocking(), "missing": tallies.missing()}
    return counts | {"jurisdictions": laws}


def _logged(store: Store, setup: Setup, digests: Digests, record: dict[str, Any], evidence: Evidence) -> Entry:
    """The row of the log about a check, which is written with all that a replay needs."""
    return store.record(
        "check",
        digests.logged(record),
        rules=setup.book.texts,
        terms={record["terms"]: setup.text},
        decisions=evidence.decisions(),
        hash_key=digests.key,
    )


def _temporary_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-")))


def _record(
    setup: Setup, files: FileList, standing: Standing, selection: Selection, outputs: Outputs
) -> dict[str, Any]:
    """What the log keeps of a check: its input, and what was declared; no telephone number."""
    brief, policy = setup.brief, setup.policy
    return {
        "input": files.names,
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
        "accept_unread": {"count": setup.accept_unread, "reason": setup.reason} if setup.accept_unread else None,
        "rules": sorted(setup.book.texts),
        "pack": setup.book.installed and setup.book.installed._asdict(),
        "snapshots": [snapshot.id for snapshot in standing.snapshots],
        "files": sorted({snapshot.file for snapshot in standing.snapshots}),
        "objections": standing.objections["seq"].max() or 0,
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
