"""The cases: each yields rows of the table, our figures beside those that they are compared with."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks.peers import PEERS, Peer
from benchmarks.processes import BenchmarkError, Command, Run, in_turn, run
from tests.remote import servers

ROOT = Path(__file__).parent.parent
DNC = Path(sys.executable).with_name("dnc")
DAY, AT, LAST = "2026-07-20", "2026-08-03T10:30", "2026-08-10"
FACTS = """\
caller = "commercial"
voice = "human"
dialler = "manual"
cli = "01 99 00 90 00"
sector = "general"
source = "purchased"
relationship = "none"
habit = "habitual"
attempts = "0"
objected_on = "none"
recipient = "consumer"
consent = "none"
"""
SHARED = 0.95  # share of a list about which Bloctel was asked
FLOORS = ("polars", "duckdb")
_SMALL = (1_000, 35_583)  # rows of small lists; the French town halls are 35,583
WIDE = 0.05  # share by which the floor may write more or fewer bytes than we do


@dataclass(frozen=True)
class Row:
    """A row of the table: two medians, their ratios, and the bound."""

    what: str
    ours: str
    against: str = ""
    wall: str = ""
    cpu: str = ""
    memory: str = ""
    bound: str = ""


def _ratio(ours: float, other: float) -> str:
    return f"{ours / other:.3g}" if ours == ours and other == other else "–"  # noqa: PLR0124 - not a number


def row(what: str, ours: Run, name: str, other: Run, bound: str) -> Row:
    """Our figures against others, as ratios ours / other."""
    wall, cpu, memory = (_ratio(getattr(ours, part), getattr(other, part)) for part in ("wall", "cpu", "memory"))
    return Row(what, str(ours), f"{name}: {other}", wall, cpu, memory, bound)


@dataclass(frozen=True)
class Bench:
    """The folder for data, and how much data there is.

    rows: what counts as ten million; all sizes follow. runs: of each command.
    answers: of Bloctel, in cases with many.
    """

    work: Path
    rows: int
    runs: int
    seed: int
    answers: int

    def made(self, name: str, make: Callable[[Path], object]) -> Path:
        """A file or folder in the work folder; it is made, completely or not at all, if it is not there."""
        path = self.work / name
        if not path.exists():
            part = path.with_name(f"part-{name}")
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            part.rename(path)
        return path

    def data(self, kind: str, rows: int, **settings: object) -> Path:
        """Made data, in a file named after its settings."""
        options = [f"--{name}={value}" for name, value in settings.items()]
        name = "-".join([kind, str(rows), f"seed={self.seed}", *(option.lstrip("-") for option in options)])
        argv = [sys.executable, "-m", "benchmarks.made", kind, f"--rows={rows}", f"--seed={self.seed}", *options]
        suffix = "" if kind == "answers" else ".txt" if kind in ("flat", "bare") else ".csv"
        return self.made(name + suffix, lambda path: run(Command([*argv, path])))

    def calls(self, rows: int, **settings: object) -> Path:
        """A list of which Bloctel was asked about most numbers."""
        return self.data("calls", rows, shared=SHARED, **settings)

    def store(self, *files: Path, by_day: bool = False, registry: str = "fr-bloctel") -> Path:
        """A store with registries' files; with `by_day`, each as of the day in its name."""
        loads: dict[str, list[Path]] = {}
        for file in files:
            loads.setdefault(file.name[:10] if by_day else DAY, []).append(file)

        def make(path: Path) -> None:
            for day, paths in loads.items():
                run(load(path, *paths, day=day, registry=registry))

        return self.made(f"store-{files[0].parent.name if by_day else files[0].stem}", make)

    def brief(self, region: str = "FR") -> Path:
        """What is declared about a list."""
        text = f'region = "{region}"\n[columns]\ncall = "id"\n[facts]\n{FACTS}'
        return self.made(f"brief-{region}.toml", lambda path: path.write_text(text, encoding="utf-8"))

    def out(self, name: str) -> Path:
        """A file that is deleted after its case."""
        folder = self.work / "out"
        folder.mkdir(exist_ok=True)
        return folder / name

    def bloctel(self) -> Path:
        """The store with one answer, about as many numbers as a list has."""
        return self.store(self.data("answer", self.rows))

    def check(self, calls: Path, store: Path, out: str, *more: str, region: str = "FR") -> Command:
        """Our check of a list, written to a file; the rows that it writes are counted."""
        options = ("--brief", self.brief(region), "--at", AT, "--store", store, "--quiet", "--require", "clear>=0")
        path = self.out(out)
        return Command([DNC, "check", calls, *options, "--out", path, *more], fresh=[path], lines=partial(lines, path))

    def probe(self, *arguments: object) -> Command:
        """A measurement inside a process."""
        return Command([sys.executable, "-m", "benchmarks.probes", *map(str, arguments)], times_itself=True)

    def turns(self, **commands: Command) -> list[Run]:
        """Medians for some commands that are run in turn."""
        return list(in_turn(commands, self.runs).values())


def load(store: Path, *files: Path, day: str = DAY, registry: str = "fr-bloctel", fresh: bool = False) -> Command:
    """Our load; into a new store if `fresh`."""
    means = ("--means", "listed") if files[0].stem.startswith("bare") else ()
    argv = (DNC, "load", *files, "--as-of", day, "--registry", registry, *means, "--store", store)
    return Command(argv, fresh=[store] if fresh else ())


def lines(path: Path, header: int = 1) -> int:
    """Rows of a file."""
    return int(run(Command(["wc", "-l", path])).output.split()[0]) - header


def floor(verb: str, *paths: Path) -> Command:
    """A command for an engine alone."""
    return Command([sys.executable, "-m", "benchmarks.floor", verb, *paths])


def floors(bench: Bench, calls: Path, verdicts: Path) -> dict[str, Command]:
    """Commands with which each engine reads a list and writes it again, as wide as our verdicts on it."""
    texts = bench.out("constants.json")
    run(floor("constants", verdicts, texts))
    return {
        name: Command(
            floor(name, calls, texts, out := bench.out(f"{name}.csv")).argv, fresh=[out], lines=partial(lines, out)
        )
        for name in FLOORS
    }


def same_width(bench: Bench, verdicts: Path) -> None:
    """Raise BenchmarkError if the floor wrote another header than we did, or many more or fewer bytes."""
    for path in (bench.out(f"{name}.csv") for name in FLOORS):
        with path.open() as theirs, verdicts.open() as ours:
            if theirs.readline().replace('"', "") != ours.readline():
                raise BenchmarkError(f"{path} has another header than {verdicts}")
        share = path.stat().st_size / verdicts.stat().st_size
        if abs(share - 1) > WIDE:
            raise BenchmarkError(f"{path} has {share:.3f} times the bytes of {verdicts}")


def check(bench: Bench) -> Iterator[Row]:
    """A list is decided, against each engine that reads it and writes as much; then a list of ids and numbers alone."""
    yield from _decided(bench, bench.rows, "calls", "≤ 1.7")
    yield from _decided(bench, bench.rows, "numbers alone", "", facts=0)


def million(bench: Bench) -> Iterator[Row]:
    """A tenth of the list is decided, against the same."""
    yield from _decided(bench, bench.rows // 10, "calls", "≤ 1.7")


def parquet(bench: Bench) -> Iterator[Row]:
    """The same list into Parquet, against one CSV."""
    calls, store = bench.calls(bench.rows // 10), bench.bloctel()
    csv = bench.check(calls, store, "verdicts.csv")
    one = replace(bench.check(calls, store, "verdicts.parquet"), lines=None)
    ours, base = bench.turns(parquet=one, csv=replace(csv, lines=None))
    yield row(f"check, {bench.rows // 10:,} calls to Parquet", ours, "to CSV", base, "CPU ≤ 1.1")


def _decided(bench: Bench, rows: int, what: str, bound: str, **settings: object) -> Iterator[Row]:
    calls = bench.calls(rows, **settings)
    ours = bench.check(calls, bench.bloctel(), "verdicts.csv")
    run(ours)
    verdicts = bench.out("verdicts.csv")
    done = in_turn({"ours": ours, **floors(bench, calls, verdicts)}, bench.runs)
    same_width(bench, verdicts)
    width = f"{rows:,} {what}, {verdicts.stat().st_size / rows:.0f} bytes a row"
    fastest = min(FLOORS, key=lambda name: done[name].wall)
    for name in FLOORS:
        beside = f"{'W' if name == fastest else 'not W'}, {name}"
        yield row(f"check, {width}", done["ours"], beside, done[name], bound if name == fastest else "")


def days(bench: Bench) -> Iterator[Row]:
    """The same over 60 days and 300 answers, each number in two of them."""
    answers = sorted(bench.data("answers", bench.rows, files=bench.answers).iterdir())
    many = bench.store(*answers, by_day=True)
    dated = bench.calls(bench.rows, dated=1)
    plain = bench.calls(bench.rows)
    ours, other = bench.turns(
        many=bench.check(dated, many, "dated.csv"), one=bench.check(plain, bench.bloctel(), "verdicts.csv")
    )
    yield row(f"check, {len(answers)} answers and 60 days", ours, "one answer, one day", other, "≤ 1.25")


def growth(bench: Bench) -> Iterator[Row]:
    """Ten times the rows."""
    sizes = (bench.rows * 10, bench.rows)
    few = ("--columns", "outcome")
    big, small = (bench.check(bench.calls(n), bench.bloctel(), f"{n}.csv", *few) for n in sizes)
    ours, other = bench.turns(big=replace(big, lines=None), small=replace(small, lines=None))
    what = f"check, {sizes[0]:,} calls, outcomes only"
    yield row(what, ours, f"{sizes[1]:,} calls", other, "time ≤ 10.5, memory ≤ 1.3")


def american(bench: Bench) -> Iterator[Row]:
    """A million calls against a registry of 250 million and one of 10 million."""
    calls = bench.data("calls", bench.rows // 10, country="US")
    sizes = (bench.rows * 25, bench.rows)
    big, small = (bench.store(bench.data("flat", n, country="US"), registry="us-ndnc") for n in sizes)
    what = f"{bench.rows // 10:,} calls, registry of {sizes[0]:,}"
    done = bench.turns(
        big=bench.check(calls, big, "big.csv", region="US"),
        small=bench.check(calls, small, "small.csv", region="US"),
        looked=bench.probe("membership", calls, big, "US", "us-ndnc"),
        looked_small=bench.probe("membership", calls, small, "US", "us-ndnc"),
    )
    yield row(what, done[0], f"registry of {sizes[1]:,}", done[1], "≤ 2")
    yield row(f"membership alone, {what}", done[2], f"registry of {sizes[1]:,}", done[3], "≤ 1.5 s and 1.3 GiB")


def _loading(bench: Bench, file: Path, registry: str, rows: int, bound: str) -> Iterator[Row]:
    store, database = bench.out("store"), bench.out("table.duckdb")
    table = Command(floor("table", file, database).argv, fresh=[database])
    ours, other = bench.turns(load=load(store, file, registry=registry, fresh=True), table=table)
    yield row(f"load, {registry}, {rows:,} shuffled", ours, "table of text, duckdb", other, bound)
    size = sum(path.stat().st_size for path in store.rglob("*.parquet")) / rows
    yield Row(f"store, {registry}, {rows:,}", f"{size:.2f} bytes a number", bound="≤ 2.5")


def loading(bench: Bench) -> Iterator[Row]:
    """Registries' files of ten million numbers."""
    yield from _loading(bench, bench.data("answer", bench.rows), "fr-bloctel", bench.rows, "≤ 1.6")
    yield from _loading(bench, bench.data("flat", bench.rows, country="US"), "us-ndnc", bench.rows, "≤ 1.6")


def loading_all(bench: Bench) -> Iterator[Row]:
    """A registry's file of 250 million numbers."""
    rows = bench.rows * 25
    file = bench.data("flat", rows, country="US")
    yield from _loading(bench, file, "us-ndnc", rows, "time ≤ 1.6, memory ≤ 4 GiB")


def peers(bench: Bench) -> Iterator[Row]:
    """Which numbers of a list are in a registry, both as text files; against ours with and without the load."""
    for reads in (False, True):
        here = [peer for peer in PEERS if peer.reads == reads and (shutil.which(peer.needs) or find_spec(peer.needs))]
        yield from _looked_up(bench, here, reads)


def _looked_up(bench: Bench, others: list[Peer], reads: bool) -> Iterator[Row]:
    """Ours and peers of a kind on the same files.

    Peers that compare bytes get numbers in one form; peers that read numbers get fewer, in shapes that they can read.
    """
    rows = bench.rows // (50 if reads else 10)
    shapes = 7 if reads else 0  # the number of odd shapes that phonenumbers reads correctly
    calls = bench.data("calls", rows, shared=0.2, facts=0, shapes=shapes)
    registry, fresh = bench.data("bare", bench.rows), bench.out("fresh")
    only = ("--only", "blocked", "--columns", "number")
    alone = bench.check(calls, bench.store(registry), "blocked.csv", *only)
    steps = [load(fresh, registry).argv, bench.check(calls, fresh, "blocked.csv", *only).argv]
    both = " && ".join(shlex.join(map(str, argv)) for argv in steps)
    commands = {
        "load and check": Command(["sh", "-c", both], fresh=[fresh], lines=alone.lines),
        "check of a loaded registry": alone,
    }
    ours = list(commands)
    for peer in others:
        output = bench.out(f"{peer.needs}.csv")
        argv = peer.command(calls, registry, output)
        commands[peer.name] = Command(argv, fresh=[output], lines=partial(lines, output, 0))
    done = in_turn(commands, bench.runs)
    for peer in others:
        for name in ours:
            what = f"{name}, which of {rows:,} are in {bench.rows:,}"
            yield row(what, done[name], peer.name, done[peer.name], "< 1")


def start(bench: Bench) -> Iterator[Row]:
    """The time of `dnc --help`, and of small lists and single calls in new processes."""
    click = Command([sys.executable, "-c", "import click"])
    done = in_turn({"help": Command([DNC, "--help"]), "click": click}, bench.runs * 5)
    yield row("dnc --help", done["help"], "python -c 'import click'", done["click"], "≤ 2")
    store = bench.store(bench.data("answer", _SMALL[-1]))
    imports = "import duckdb, polars, phonenumbers"
    facts = [f"--set={line.replace(' = ', '=').replace(chr(34), '')}" for line in FACTS.splitlines()]
    where: list[str | Path] = ["--region", "FR", "--at", AT, "--store", store]
    cold = {f"check, {rows:,} calls": bench.check(bench.calls(rows), store, f"{rows}.csv") for rows in _SMALL}
    cold["explain"] = Command([DNC, "explain", "01 99 00 04 18", *where, *facts], codes=(0, 1, 3))
    for (what, ours), bound in zip(cold.items(), ("≤ 0.6 s and 2.5", "≤ 1 s", "≤ 0.6 s and 2.5"), strict=True):
        decided, imported = bench.turns(ours=ours, base=Command([sys.executable, "-c", imports]))
        yield row(f"{what}, cold", decided, f"python -c '{imports}'", imported, bound)


def single_call(bench: Bench) -> Iterator[Row]:
    """One call, and a hundred, from a warm process."""
    paths = (bench.calls(bench.rows // 10), bench.bloctel(), bench.brief())
    names = ("one", "hundred", "explained")
    single, hundred, explained = bench.turns(**{name: bench.probe(name, *paths) for name in names})
    yield Row("one call, warm", str(single), bound="≤ 25 ms")
    yield row("a hundred calls, warm", hundred, "one call", single, "≤ 1.5")
    yield row("one call explained, the store opened for it", explained, "one call", single, "")


def desk(bench: Bench) -> Iterator[Row]:
    """The HTTP interface: single calls of eight clients, a thousand calls a request, and a load meanwhile."""
    arguments = (bench.bloctel(), bench.calls(bench.rows // 10), "10")
    took = json.loads(run(Command([sys.executable, "-m", "benchmarks.desk_load", *arguments])).output)
    yield Row("one call over HTTP, 8 clients, median", f"{took['p50']:.3g} ms", bound="≤ 25 ms")
    yield Row("one call over HTTP, 8 clients, 99th percentile", f"{took['p99']:.3g} ms", bound="≤ 100 ms")
    yield Row("1,000 calls a request over HTTP, 8 clients", f"{took['rate']:,.0f} calls/s", bound="≥ 20,000")
    yield Row("the first call after a load", f"{took['after']:.3g} ms", bound="decided by it")


def records(bench: Bench) -> Iterator[Row]:
    """What a store with many consents takes for one more statement, in a process that has it open."""
    bounds = {"objection": "≤ 10 ms", "consent": "≤ 10 ms", "call": "≤ 10 ms", "open": "≤ 50 ms"}
    for consents in (0, bench.rows // 100, bench.rows // 10):
        arguments = (str(bench.out(f"records-{consents}")), str(consents))
        took = json.loads(run(Command([sys.executable, "-m", "benchmarks.own_records", *arguments])).output)
        for what, milliseconds in took.items():
            yield Row(f"{what}, beside {consents:,} consents", f"{milliseconds:.3g} ms", bound=bounds.get(what, ""))


def spreadsheet(bench: Bench) -> Iterator[Row]:
    """Writing verdicts into a spreadsheet: ours with formats and colours, the others plain."""
    rows = bench.rows // 50
    calls = bench.calls(rows)
    paths = (calls, bench.bloctel(), bench.brief())
    others = {"rust": "rustpy_xlsxwriter, plain", "polars": "polars.write_excel"}
    names = ("ours", *others)
    done = bench.turns(**{name: bench.probe("xlsx", name, *paths, bench.out(f"{name}.xlsx")) for name in names})
    for name, other in zip(others, done[1:], strict=True):
        yield row(f"spreadsheet, {rows:,} rows", done[0], others[name], other, "≤ 1")


def vet(bench: Bench) -> Iterator[Row]:
    """A list is vetted and reported, against its floor and against its check."""
    calls = bench.calls(bench.rows // 10)
    checked = bench.check(calls, bench.bloctel(), "verdicts.csv")
    run(checked)
    options = (
        "--brief",
        bench.brief(),
        "--at",
        AT,
        "--until",
        LAST,
        "--store",
        bench.bloctel(),
        "--require",
        "clear>=0",
    )
    vetted = Command([DNC, "vet", calls, *options, "--out", bench.out("vet.html")])
    commands = {"vet": vetted, "dnc check": checked, **floors(bench, calls, bench.out("verdicts.csv"))}
    done = in_turn(commands, bench.runs)
    fastest = min(FLOORS, key=lambda name: done[name].wall)
    yield row(f"vet, {bench.rows // 10:,} rows", done["vet"], f"W, {fastest}", done[fastest], "≤ 1.5")
    yield row(f"vet, {bench.rows // 10:,} rows", done["vet"], "dnc check", done["dnc check"], "")


def postgres(bench: Bench) -> Iterator[Row]:
    """Rows out of PostgreSQL and verdicts back, against psql that copies as much, and the same list as Parquet.

    The server is started for it, and its processor time is counted.
    """
    with servers.postgres() as server:
        for rows in (bench.rows // 10, bench.rows):
            yield from _out_and_back(bench, rows, server)


def _out_and_back(bench: Bench, rows: int, server: servers.Postgres) -> Iterator[Row]:
    calls, parquet = bench.calls(rows), bench.out("calls.parquet")
    run(floor("parquet", calls, parquet))
    columns = ", ".join(f'"{name}" text' for name in calls.open().readline().strip().split(","))
    psql = ["psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", server.url]
    run(Command([*psql, "-c", f"drop table if exists calls; create table calls ({columns})",
                 "-c", f"\\copy calls from '{calls}' csv header", "-c", "analyze calls"]))  # fmt: skip
    options = ("--brief", bench.brief(), "--at", AT, "--store", bench.bloctel(), "--quiet", "--require", "clear>=0")
    query, table, file = ("--query", "select * from calls"), f"{server.url}#verdicts", bench.out("v.parquet")
    ours = partial(Command, server=server.process.pid)
    both = ours([DNC, "check", server.url, *query, *options, "--out", table])
    run(both)
    out, back = bench.out("calls.csv"), bench.out("back.csv")
    run(Command([*psql, "-c", f"\\copy verdicts to '{back}' csv"]))
    copied = "drop table if exists copied; create table copied (like verdicts)"
    done = bench.turns(
        both=both,
        psql=ours(
            [*psql, "-c", f"\\copy calls to '{out}' csv", "-c", copied, "-c", f"\\copy copied from '{back}' csv"]
        ),
        parquet=ours([DNC, "check", parquet, *options, "--out", file]),
        out=ours([DNC, "check", server.url, *query, *options, "--out", file]),
        back=ours([DNC, "check", parquet, *options, "--out", table]),
    )
    what = f"{rows:,} calls out of PostgreSQL, verdicts back"
    names = (
        "psql \\copy out and in",
        "Parquet to Parquet",
        "out of PostgreSQL, to Parquet",
        "Parquet, into PostgreSQL",
    )
    for name, other in zip(names, done[1:], strict=True):
        yield row(what, done[0], name, other, "memory ≤ 1.5 GiB" if name == names[0] else "")


def twin(bench: Bench) -> Iterator[Row]:
    """The fast reading against the reference."""
    done = run(Command([sys.executable, "-m", "tests.number_twin", f"--numbers={bench.rows // 100}"], codes=(0, 1)))
    yield Row("fast reading against the reference", done.output.splitlines()[-1], bound="0 read differently")


CASES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "check": check,
    "million": million,
    "parquet": parquet,
    "days": days,
    "load": loading,
    "peers": peers,
    "start": start,
    "one": single_call,
    "desk": desk,
    "records": records,
    "xlsx": spreadsheet,
    "vet": vet,
    "twin": twin,
    "growth": growth,
    "american": american,
    "load-all": loading_all,
    "postgres": postgres,
}
HEAVY = {"growth", "american", "load-all"}
NAMED = {"postgres"}  # it needs the package postgresql


def rows_of(bench: Bench, name: str) -> Iterator[Row]:
    """The rows of a case, each as soon as it is known; what it wrote is deleted at its end. Raises BenchmarkError."""
    try:
        yield from CASES[name](bench)
    finally:
        shutil.rmtree(bench.work / "out", ignore_errors=True)


def machine() -> str:
    """The machine in a few words."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "CPU")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores of {cpu}, {memory:.0f} GiB"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
