"""The fault harness: verbs of the store, ended at every numbered point, short of disk and short of memory.

A point is a call of the operating system, or of a function of the store, on the way of one verb;
they are counted from outside, by Python's profiler, so nothing in the program knows of them. Verbs are also ended at
random moments, which may lie within a call of DuckDB or Polars. A run puts a small store up, lets a child process do the verb, ends it there with `kill -9` (or lets it meet a limit), and then
looks: the store verifies, holds what it held before or what it should hold after and nothing
else, takes the next change, and keeps no leftovers.

`python -m tests.faults [MOST [MOMENTS]]` runs every point, or an even choice of at most so many a verb, and so many
moments, and writes the sum into docs/reliability.md; `tests/store/test_faults.py` runs a few of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import polars as pl

from dnc import DncError, Store, check
from dnc.law.rulebook import Rulebook
from dnc.lists import own_records
from dnc.registries import ingest
from dnc.store import journal, keys, records, wordings
from dnc.store.backup import backup, restore
from dnc.store.state import FOLDERS
from dnc.store.verify import verify
from dnc.vetting.vet import vet

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "reliability.md"
ANSWER = "Telephone;Identifiant;Réponse\n" + "".join(
    f"01990000{n:02};{n};{'OK' if n % 3 else 'no'}\n" for n in range(60)
)
CALLS = "number\n" + "".join(f"01990000{n:02}\n" for n in range(60))
CONSENTS = "number,consent,consent_on\n" + "".join(f"+331990000{n:02},written,2026-05-01\n" for n in range(60))
SYSTEM = {
    "open",
    "mkdir",
    "replace",
    "rename",
    "unlink",
    "remove",
    "rmdir",
    "fsync",
    "write",
    "close",
    "flock",
    "chmod",
}
SYSTEM |= {"sendfile", "scandir", "lseek", "truncate", "flush"}
ROOMS = {"store", "atomic", "locks", "evidence", "writers"}
_PATIENCE_SECONDS = 30  # a thread of Polars that gets no memory may leave the others waiting for ever
DAMAGED, ABSENT = "damaged", "absent"


# The verbs


def put_up(folder: Path) -> None:
    """A store of a few snapshots, objections and kept decisions, its backup, and files to work with."""
    (folder / "a.csv").write_text(ANSWER)
    (folder / "c.csv").write_text(CALLS)
    (folder / "own.csv").write_text("number,since\n+33199000001,2026-01-01\n")
    (folder / "list.txt").write_text("310,5550100\n310,5550101\n")
    (folder / "list2.txt").write_text("310,5550101\n310,5550102\n")
    store = Store(folder / "store")
    ingest.WORTH = 1  # so that there are bit pages
    store.load(folder / "list.txt", as_of=date(2026, 6, 1), registry="us-ndnc")
    store.load(folder / "a.csv", as_of=date(2026, 6, 1))
    store.load(folder / "own.csv", as_of=date(2026, 6, 1), registry="own")
    store.object(["+33199000002"], date(2026, 6, 2))
    check(folder / "c.csv", store, region="FR", at="2026-06-05", keep=True)
    (folder / "consents.csv").write_text(CONSENTS)
    _load_consents(folder)
    _record(folder, "+33199000001")
    backup(store.journal, folder / "kept")


def _load(folder: Path) -> None:
    ingest.WORTH = 1  # so that there are bit pages
    Store(folder / "store").load(folder / "list2.txt", as_of=date(2026, 7, 1), registry="us-ndnc")


def _load_consents(folder: Path, name: str = "consents.csv") -> None:
    own_records.load(Store(folder / "store"), "consents", [folder / name], Rulebook.load())


def _load_more_consents(folder: Path) -> None:
    (folder / "more.csv").write_text(CONSENTS.replace("2026-05-01", "2026-05-02"))
    _load_consents(folder, "more.csv")


def _record(folder: Path, number: str = "+33199000004") -> None:
    told = [{"number": number, "consent_withdrawn_on": "2026-06-01"}]
    own_records.record(Store(folder / "store"), "consents", told, Rulebook.load())


def _record_many(folder: Path) -> None:
    records._IN_LOG = 1  # what was recorded moves into a file
    _record(folder)


def _record_much(folder: Path) -> None:
    journal._MOST_BYTES = 0  # the log begins a new file, and the older one is sealed
    _record(folder)


def _call(folder: Path) -> None:
    told = [{"number": "+33199000004", "at": "2026-06-01", "result": "objected"}]
    own_records.record(Store(folder / "store"), "calls", told, Rulebook.load())


def _word(folder: Path) -> None:
    wordings.add(Store(folder / "store").journal, "form-7", "X may call me.")


def _first_load(folder: Path) -> None:
    Store(folder / "new").load(folder / "a.csv", as_of=date(2026, 6, 1))


def _check(folder: Path) -> None:
    check(folder / "c.csv", Store(folder / "store"), region="FR", at="2026-06-05", keep=True, out=folder / "v.csv")


def _forget(folder: Path) -> None:
    Store(folder / "store").forget(date(2026, 7, 1))


def _forget_number(folder: Path) -> None:
    Store(folder / "store").forget_numbers(["+33199000001", "+33199000004"])


def _object(folder: Path) -> None:
    Store(folder / "store").object(["+33199000005", "+33199000006"], date(2026, 6, 3))


def _vet(folder: Path) -> None:
    vet(folder / "c.csv", Store(folder / "store"), region="FR", at="2026-06-05")


def _lift(folder: Path) -> None:
    Store(folder / "store").object(["+33199000002"], date(2026, 6, 3), lift=True, reason="asked to be called")


def _add_key(folder: Path) -> None:
    keys.add(Store(folder / "store").journal, "dialler")


def _retain(folder: Path) -> None:
    Store(folder / "store").retain("us-ndnc", 12)


def _forget_decisions(folder: Path) -> None:
    Store(folder / "store").forget_decisions(date(2100, 1, 1))


def _backup(folder: Path) -> None:
    backup(Store(folder / "store").journal, folder / "new")


def _restore(folder: Path) -> None:
    restore(Store(folder / "store").journal, folder / "kept")


def _restore_gone(folder: Path) -> None:
    restore(Store(folder / "new").journal, folder / "kept")


def damage(folder: Path) -> None:
    """Cut the log, a snapshot and bit pages."""
    for name in ("log", "snapshots", "bitpages"):
        path = next((folder / "store" / name).iterdir())
        path.write_bytes(path.read_bytes()[:-100])


@dataclass(frozen=True)
class Verb:
    """What is done to which store, and what must be there before it is done."""

    do: Callable[[Path], None]
    store: str = "store"
    before: Callable[[Path], None] | None = None


VERBS = {
    "first load": Verb(_first_load, "new"),
    "load": Verb(_load),
    "object": Verb(_object),
    "load consents": Verb(_load_more_consents),
    "record a consent": Verb(_record),
    "record many consents": Verb(_record_many),
    "begin a file of the log": Verb(_record_much),
    "record a call": Verb(_call),
    "add a wording": Verb(_word),
    "lift": Verb(_lift),
    "check": Verb(_check),
    "vet": Verb(_vet),
    "forget by age": Verb(_forget),
    "forget by number": Verb(_forget_number),
    "forget decisions": Verb(_forget_decisions),
    "retain": Verb(_retain),
    "add a key": Verb(_add_key),
    "backup": Verb(_backup, "new"),
    "restore": Verb(_restore, "store", damage),
    "restore of a store that is gone": Verb(_restore_gone, "new"),
}


# What a store holds


def state(folder: Path) -> object:
    """What a store holds, or that it is absent or refused."""
    store = Store(folder)
    if not store.exists:
        return ABSENT
    if verify(store.journal).faults:
        return DAMAGED
    standing, stands = store.standing(), store.journal.read()
    if store.log().is_empty():
        return ABSENT
    for registry in {one.registry for one in standing.snapshots}:
        standing.of(registry)
    return (
        [
            (one.id, one.registry, one.as_of, _rows(folder / "snapshots" / one.file), one.numbers)
            for one in standing.snapshots
        ],
        standing.objections.recorded.drop("recorded_at").rows(),
        [(name, one["rows"]) for name, one in stands.values("decisions").items()],
        [_held(store, known) for known in standing.records.values()],
        [one.name for one in wordings.in_store(store.journal)],
        store.log()["verb"].to_list(),
        len(store.journal.segments()),
    )


def _held(store: Store, known: records.Records) -> object:
    """The own records of a kind."""
    with store.journal.instance.cursor() as con:
        rows = known.find(con).sort("seq").drop("recorded_at").rows()
    return rows, [one.rows for one in known.files]


def _rows(path: Path) -> list[object]:
    """Those of a file of the store; its name has the key of the store in it."""
    return pl.read_parquet(path, glob=False).rows()


_BREAK = "\0"


def looked_at(folder: Path) -> Text:
    """What a store holds, and, where it takes a change, what is left in it after that."""
    found = state(folder)
    if found in (DAMAGED, ABSENT):
        return Text(f"{found!r}{_BREAK}")
    store = Store(folder)
    store.object(["+33199000009"], date(2026, 6, 4))
    named = {"lock", "head", "log", *FOLDERS, "damaged", *(path.name for path in store.journal.segments())}
    named |= {path.name for path in store.journal.read().files}
    left = [path.name for path in folder.rglob("*") if path.name not in named and path.parent.name != "damaged"]
    return Text(f"{found!r}{_BREAK}{' '.join(left)}")


class Text(str):
    """A text that is passed on as it is."""

    __slots__ = ()
    __repr__ = str.__str__


# Faults


class Points:
    """Counts the points that a process passes, and ends it at one of them."""

    def __init__(self, end_at: int) -> None:
        self.passed = 0
        self._end_at = end_at

    def __call__(self, frame: object, event: str, argument: object) -> None:
        """What the profiler tells."""
        if event == "c_call":
            counts = getattr(argument, "__name__", "") in SYSTEM
        else:
            path = Path(frame.f_code.co_filename)  # type: ignore[attr-defined]
            counts = event == "call" and "dnc" in path.parts and not ROOMS.isdisjoint((path.parent.name, path.stem))
        if counts:
            self.passed += 1
            if self.passed == self._end_at:
                os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Callable[[], object], limit: tuple[int, int] | None = None, seconds: float = 0) -> tuple[int, str]:
    """Do something in a process of its own: how it ended (-9 killed, 4 a DncError), and what it returned as text.

    seconds: after which it is ended by a signal that nothing handles; 0: never.
    """
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        code = 1
        with contextlib.suppress(BaseException):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            if limit:
                resource.setrlimit(limit[0], (limit[1], resource.getrlimit(limit[0])[1]))
            try:
                told = repr(work())
                code = 0
            except DncError as error:
                told, code = str(error), 4
            except BaseException as error:
                told = f"{type(error).__name__}: {error}"
            os.write(write, told.encode()[:60000])
        os._exit(code)
    os.close(write)
    told = b""
    while block := os.read(read, 65536):
        told += block
    os.close(read)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), told.decode()


class Harness:
    """A store that was put up once, and copies of it to hurt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template"
        self._template.mkdir()
        self._runs = 0
        Rulebook.load()  # which is kept, so that each child has it
        names = {task.joinpath("comm").read_text().strip() for task in Path("/proc/self/task").iterdir()}
        assert "polars-0" not in names, "a process in which an engine has started must not fork"
        self._need(in_child(lambda: put_up(self._template)), "putting up")

    @staticmethod
    def _need(ended: tuple[int, str], what: str) -> str:
        assert ended[0] == 0, f"{what}: {ended}"
        return ended[1]

    @contextlib.contextmanager
    def _copy(self, verb: Verb) -> Iterator[Path]:
        self._runs += 1
        run = self._folder / str(self._runs)
        shutil.copytree(self._template, run)
        if verb.before:
            verb.before(run)
        yield run
        shutil.rmtree(run)

    def points(self, name: str) -> int:
        """How many points a verb passes."""
        verb = VERBS[name]

        def counted(run: Path) -> int:
            points = Points(0)
            sys.setprofile(points)
            verb.do(run)
            sys.setprofile(None)
            return points.passed

        with self._copy(verb) as run:
            return int(self._need(in_child(lambda: counted(run)), name))

    def states(self, name: str) -> tuple[str, str]:
        """What the store of a verb holds before it and after it."""
        verb = VERBS[name]
        with self._copy(verb) as run:
            before = self._need(in_child(lambda: state(run / verb.store)), name)
            self._need(in_child(lambda: verb.do(run)), name)
            return before, self._need(in_child(lambda: state(run / verb.store)), name)

    def kill(self, name: str, point: int, states: tuple[str, str]) -> str:
        """End a verb at a point, and look; `before` or `after`. Raises AssertionError."""
        verb = VERBS[name]

        def ended(run: Path) -> None:
            sys.setprofile(Points(point))
            verb.do(run)
            sys.setprofile(None)

        with self._copy(verb) as run:
            code, told = in_child(lambda: ended(run))
            assert code in (-9, 0), (name, point, code, told)
            return self._look(f"{name} at point {point}", verb, run, states, done=code == 0)

    def seconds(self, name: str) -> float:
        """How long a verb takes."""
        verb = VERBS[name]
        with self._copy(verb) as run:
            began = time.monotonic()
            self._need(in_child(lambda: verb.do(run)), name)
            return time.monotonic() - began

    def end(self, name: str, seconds: float, states: tuple[str, str]) -> str:
        """End a verb after some seconds, unless it is done by then, and look; `before` or `after`. AssertionError."""
        verb = VERBS[name]
        with self._copy(verb) as run:
            code, told = in_child(lambda: verb.do(run), seconds=seconds)
            assert code in (-signal.SIGALRM, 0), (name, seconds, code, told)
            return self._look(f"{name} after {seconds} s", verb, run, states, done=code == 0)

    def starve(self, name: str, limit: tuple[int, int], states: tuple[str, str]) -> str:
        """Let a verb meet a limit, and look; `done`, `failed`, or `stopped` for want of patience. Raises AssertionError."""
        verb = VERBS[name]
        with self._copy(verb) as run:
            code, told = in_child(lambda: verb.do(run), limit, _PATIENCE_SECONDS)
            self._look(f"{name} within {limit}: {told}", verb, run, states, done=code == 0)
            return {0: "done", -signal.SIGALRM: "stopped"}.get(code, "failed")

    def _look(self, what: str, verb: Verb, run: Path, states: tuple[str, str], *, done: bool) -> str:
        store = run / verb.store
        looked = self._need(in_child(lambda: looked_at(store)), what)
        found, left = looked.split(_BREAK)
        assert found in states, f"{what}: half-done: {found}"
        assert found == states[1] or not done, f"{what}: lost: {found}"
        assert not (run / "v.csv").exists() or (run / "v.csv").read_text().count("\n") == 61, f"{what}: half an output"
        if found in (repr(DAMAGED), repr(ABSENT)):
            self._need(in_child(lambda: verb.do(run)), f"{what}, again")
            found_again = self._need(in_child(lambda: state(store)), what)
            assert found_again == states[1], f"{what}: not made good by doing it again: {found_again}"
        assert not left, f"{what}: left: {left}"
        return "after" if found == states[1] else "before"


# Runs


def chosen(count: int, most: int | None) -> list[int]:
    """All points, or an even choice of them."""
    if most is None or count <= most:
        return list(range(1, count + 1))
    return [1 + (count - 1) * at // (most - 1) for at in range(most)]


def killed(harness: Harness, name: str, most: int | None = None) -> tuple[int, Counter[str]]:
    """Points of a verb, and runs by what stood after the kill."""
    states, count = harness.states(name), harness.points(name)
    return count, Counter(harness.kill(name, point, states) for point in chosen(count, most))


def ended(harness: Harness, name: str, moments: int) -> Counter[str]:
    """Runs by what stood after a verb was ended at random moments of the time that it takes."""
    states, seconds, random = harness.states(name), harness.seconds(name), Random(name)
    return Counter(harness.end(name, max(0.001, random.random() * seconds), states) for _ in range(moments))


def short_of_disk(harness: Harness, name: str, sizes: list[int]) -> Counter[str]:
    """Runs by how they ended, where no file may grow beyond each size (bytes)."""
    states = harness.states(name)
    return Counter(harness.starve(name, (resource.RLIMIT_FSIZE, size), states) for size in sizes)


def short_of_memory(harness: Harness, name: str, spaces: list[int]) -> Counter[str]:
    """Runs by how they ended, where a process may not hold more than each space (bytes)."""
    states = harness.states(name)
    return Counter(harness.starve(name, (resource.RLIMIT_AS, space), states) for space in spaces)


DISK = [0, 1, 100, 500, 1000, 4096, 10_000, 12_288, 20_000, 40_000, 80_000, 120_000, 160_000, 200_000, 220_000, 260_000]
MEMORY = [mega << 20 for mega in (300, 400, 500, 600, 700, 800, 1000, 1300, 1700, 2500)]


def main(most: int | None, moments: int) -> None:
    """Run every point, or an even choice of at most so many a verb, and so many moments, and write the sum."""
    lines = ["| verb | points | killed there, stood before + after | killed at a random moment, stood before + after |"]
    lines[0] += " short of disk: done + failed | short of memory: done + failed + stopped |"
    lines += ["|---|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Path(folder))
        for name in VERBS:
            points, at_points = killed(harness, name, most)
            counts = Counter({"points": points})
            counts.update({f"point {stood}": runs for stood, runs in at_points.items()})
            counts.update({f"moment {stood}": runs for stood, runs in ended(harness, name, moments).items()})
            counts.update({f"disk {end}": runs for end, runs in short_of_disk(harness, name, DISK).items()})
            counts.update({f"memory {end}": runs for end, runs in short_of_memory(harness, name, MEMORY).items()})
            total += counts
            lines.append(_line(name, counts))
            print(lines[-1], flush=True)
    text = "\n".join([*lines[:2], _line("all", total)])
    print(f"{text}\n{time.monotonic() - began:.0f} s")
    block = f"<!-- generated: faults -->\n{text}\n<!-- end -->"
    page = PAGE.read_text(encoding="utf-8")
    page = re.sub(r"<!-- generated: faults -->\n.*?<!-- end -->", lambda _: block, page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


def _line(name: str, counts: Counter[str]) -> str:
    groups = (("point", "before", "after"), ("moment", "before", "after"), ("disk", "done", "failed"))
    cells = [" + ".join(str(counts[f"{kind} {end}"]) for end in ends) for kind, *ends in groups]
    memory = " + ".join(str(counts[f"memory {end}"]) for end in ("done", "failed", "stopped"))
    return f"| {' | '.join([name, str(counts['points']), *cells, memory])} |"


if __name__ == "__main__":
    told = [int(number) for number in sys.argv[1:]]
    main(told[0] if told else None, told[1] if len(told) > 1 else 20)
