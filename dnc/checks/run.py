"""A check: one list of planned calls from its first row to the outputs and the log.

Three threads work side by side on different batches: one reads the list, one decides, and one counts and lays out
rows; the caller's thread writes (`_Pipeline`).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import NoneType
from typing import Any

from dnc.checks.consent_counts import ConsentCounts
from dnc.checks.counts import Tallies
from dnc.checks.evidence import Digests, Evidence
from dnc.checks.outputs import LaidOut, Outputs
from dnc.checks.people import People
from dnc.checks.result import Check
from dnc.checks.selection import OutputLayout, Selection, select
from dnc.checks.settings import Settings, Setup
from dnc.checks.since import Since, basis, fingerprints, known_rows
from dnc.clock import clock, today
from dnc.errors import must_be
from dnc.files.dataset import FileList
from dnc.frames import ahead
from dnc.law.vocabulary import vocabulary
from dnc.lists.calls import Calls
from dnc.lists.inputs import Source, opened
from dnc.lists.intake import Intake
from dnc.lists.second_numbers import SecondNumbers
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
    must_be("store", store, "store", Store)
    must_be("since", since, "check_or_output", int, str, Path, NoneType)
    must_be("progress", progress, "function", Callable, NoneType)  # type: ignore[arg-type]
    for observer in observers:
        must_be("watch", observer, "function", Callable)  # type: ignore[arg-type]
    # A check that runs past midnight keeps the day on which it began.
    setup = replace(settings, now=settings.now or today()).read(store)
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
        store.must_be_writable()
        outputs.refuse([*(file.path for file in files.files), *([settings.consents] if settings.consents else [])])
        judge, own = stack.enter_context(setup.judge(standing))
        intake, against = setup.read_ahead(intake, files.table, _temporary_folder(stack), judge, own)
        named = since if since is not None else [file.name for file in files.files] if changed else None
        earlier = None if named is None else known_rows(store, named, setup, own, against)
        if earlier or keep:
            marks = fingerprints(setup, digests) if keep else None
            intake = replace(intake, known=earlier and earlier[1], fingerprints=marks)
        outputs.open(layout, stack)
        people = People(_temporary_folder(stack), header.columns.get("person"))
        of_persons = [ours for ours in setup.brief.facts if ours in vocabulary().of_persons]
        tallies = Tallies(declared={ours: header.columns.get(ours) for ours in of_persons})
        work = stack.enter_context(store.work("check")) if keep else None
        evidence = Evidence(files, state, work, header.columns.get("call", ""), digests)
        second = SecondNumbers(header)
        consents = ConsentCounts()
        counting = [consents.add, tallies.add, people.add, evidence.add, second.add]
        complete = partial(setup.completed, own=own, against=against)
        pipeline = _Pipeline(intake, complete, judge, [*counting, *observers], selection, outputs)
        pipeline.run(progress)
        repeated, persons = people.count()
        sha256 = hashlib.sha256(setup.text.encode()).hexdigest()
        record = _record(setup, files, standing, selection, outputs, counts=tallies.counts)
        record |= evidence.detail() | {"terms": sha256}
        record |= {"basis": digests.of_sha256(basis(setup, standing, record))} if keep else {}
        record |= {"since": earlier[0]} if earlier else {}
        entry = store.record(
            "check",
            digests.logged(record),
            rules=setup.book.texts,
            terms={sha256: setup.text},
            decisions=evidence.decisions(),
            hash_key=digests.key,
        )
        result = Check(
            files=files,
            header=intake.header,
            brief=setup.brief,
            layout=outputs.layout,
            book=setup.book,
            language=setup.policy.language,
            verdicts=outputs.kept,
            tallies=tallies,
            given=pipeline.given,
            repeated=repeated,
            persons=persons,
            elsewhere=against.applied,
            unplaced=against.unplaced,
            second_numbers=second.names,
            dated=setup.at is not None or "call_at" in {*header.columns, *setup.brief.facts},
            cut=outputs.cut,
            consents=consents.data,
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
    given: rows that were written, by outcome.
    """

    intake: Intake
    complete: Callable[[Calls], Calls]
    judge: Judge
    observers: Sequence[Observer]
    selection: Selection
    outputs: Outputs
    given: Counter[str] = field(default_factory=Counter)

    def run(self, progress: Progress | None) -> None:
        """Write all rows, in the thread of the caller."""
        for height, frames in ahead(self._laid_out()):
            self.outputs.write(frames)
            if progress:
                progress(height)
        self.outputs.end()

    def _laid_out(self) -> Iterator[tuple[int, LaidOut]]:
        """The number of rows of each batch, and those to write in the form of each output."""
        for calls, verdicts in ahead(self._decided()):
            for observer in self.observers:
                observer(calls, verdicts)
            rows, outcomes = self.selection.rows(calls, verdicts)
            self.given.update(dict(outcomes.value_counts().iter_rows()))
            yield calls.height, self.outputs.laid_out(rows)

    def _decided(self) -> Iterator[tuple[Calls, Verdicts]]:
        for batch in ahead(self.intake.batches()):
            calls = self.complete(batch)
            yield calls.whole(), self.judge.verdicts(calls).whole(calls.likeness)


def _temporary_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-")))


def _record(
    setup: Setup, files: FileList, standing: Standing, selection: Selection, outputs: Outputs, *, counts: dict[str, int]
) -> dict[str, Any]:
    """What the log keeps of a check: its input, what was declared, and its counts; no telephone number."""
    brief, policy = setup.brief, setup.policy
    return {
        "input": files.names,
        "counts": counts,
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
    }


def _without_number(facts: Mapping[str, str]) -> dict[str, str]:
    """Declared facts without the number of the caller."""
    return {name: "told" if name == "cli" else fact for name, fact in facts.items()}
