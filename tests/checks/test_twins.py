"""A row is judged alike wherever it is asked about: in a list, in a batch, alone, among a million, and by `explain`."""

from __future__ import annotations

import random
from datetime import date

import polars as pl
import pytest

from dnc import Decider, Store, check, vet
from dnc.api import explain
from dnc.checks.outputs import Outputs
from dnc.checks.run import run
from dnc.checks.settings import Settings
from dnc.law.vocabulary import NEXT_AT, VERDICT, vocabulary
from dnc.lists.brief import Brief
from tests import size, some

pytestmark = pytest.mark.usefixtures("forgetful")
# Beside what each column takes: what people write instead.
SMUDGES = [
    "",
    "",
    "?",
    "n/a",
    "-",
    "none",
    "oui",
    "  no ",
    "NO",
    "1",
    "x" * 60,
    "a\tb",
    "=1+1",
    "é\N{ZERO WIDTH SPACE}",
]
DAYS = ["2026-11-20", "2026-09-30", "2026-03-01", "2025-01-15", "2062-01-01", "2026-11-26", "9999-12-31", "0001-01-01"]
DAYS += ["01/09/2026", "2026-09-31", "2026-09-01T10:00", "2026-09-01T23:30-10:00", "20260901", "2026-09", "45000"]
WORDS = {name: [*words, *map(str.upper, words), f" {words[0]} "] for name, words in vocabulary().axes.items()}
WORDS |= dict.fromkeys(("relationship_on", "consent_on", "consent_withdrawn_on", "objected_on", "refused_on"), DAYS)
WORDS |= {
    # A day alone means another thing in a list than at a gate, see `test_gate.py`.
    "call_at": ["2026-11-26T09:00", "2026-11-26T10:30", "2026-11-29T10:30", "2026-08-10T11:00", "2026-11-26T20:00+01:00", "2026-11"],
    "region": ["FR", "fr", "GB", "US", "XX", "France", ""],
    "place": ["FR-75", "FR-974", "US-CA", "Europe/Paris", "Indian/Reunion", "nowhere", ""],
    "cli": ["withheld", "0199009000", "+33199009000", "3900", "+12025550143"],
    "attempts": ["0", "1", "3", "4.0", "-1", "1e1", "2,00", "3 times"],
    "appointment_at": ["2026-11-26T22:30", "2026-11-26T22:30:00+01:00", "2026-11-26"],
    "campaign": ["spring", "autumn"],
}  # fmt: skip
NUMBERS = [
    "01 99 00 {:02} {:02}",
    "+3363998{:02}{:02}",
    "0033199 00{:02}{:02}",
    "+1202555{:02}{:02}",
    "07700 90{:02}{:02}",
]
NUMBERS += [
    "(0)1.99.00.{:02}.{:02}",
    "1 99 0{:02}{:02}",
    "tel:+33 1 99 00 {:02} {:02}",
    "+81 3 12 {:02} {:02}",
    "no {}{}",
]
COLUMNS = ["number", *WORDS]
# A call that is clear, which one smudge may spoil.
SOUND = {
    "call_at": "2026-11-26T10:30", "caller": "charity", "purpose": "donation", "voice": "human", "dialler": "manual",
    "recipient": "consumer", "source": "donors", "relationship": "donor", "consent": "none", "objected_on": "none",
    "cli": "0199009000",
}  # fmt: skip


def rows_of(chance: random.Random, count: int) -> list[dict[str, str]]:
    """Rows that differ in their numbers, most of them smudged here and there; other columns change no column's cells.

    Of three rows one is sound but for one column.
    """
    seed, rows = chance.random(), []
    chances = {name: random.Random(f"{seed} {name}") for name in WORDS}
    for at in range(count):
        row = {name: own.choice(WORDS[name]) if own.random() < 0.7 else "" for name, own in chances.items()}
        for name, own in chances.items():
            if own.random() < 0.07:
                row[name] = own.choice(SMUDGES)
        if at % 3 == 0:
            spoilt = chance.choice(list(WORDS))
            row = dict.fromkeys(WORDS, "") | SOUND | {spoilt: row[spoilt]}
        row["number"] = chance.choice(NUMBERS).format(*divmod(at, 100))
        rows.append({name: row[name] for name in COLUMNS})
    return rows


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store that knows of some of the numbers, on a day."""
    folder = tmp_path_factory.mktemp("twins")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", "2026-11-25")
        store = Store(folder / "store")
        answer = "".join(f"019900{at:04};{'OK' if at % 3 else 'inscrit'}\n" for at in range(0, 4000, 7))
        (folder / "bloctel.csv").write_text(f"Telephone;Réponse\n{answer}")
        (folder / "own.csv").write_text("number,since\n" + "".join(f"+33199000{at:03},\n" for at in range(0, 400, 11)))
        store.load(folder / "bloctel.csv", as_of=date(2026, 8, 1))
        store.load(folder / "own.csv", as_of=date(2026, 6, 1), registry="own")
        yield store


EVERY = [*VERDICT, NEXT_AT]
TOLD = {"region": "FR", "at": "2026-11-26T10:30", "accept": {"unread": "smudged on purpose"}}
FACTS = {"caller": "commercial", "voice": "human", "recipient": "consumer", "sector": "general", "related": "no"}


@pytest.mark.parametrize("seed", some((8, 5, 2), 1))
def test_one_row_and_many(store, tmp_path, monkeypatch, seed):
    """A list, whatever its batches; a batch of all rows; each row alone, in a batch and explained; and what is vetted."""
    chance = random.Random(seed)
    facts = {} if seed % 2 else FACTS
    rows = rows_of(chance, size(40, 120))
    frame = pl.DataFrame(rows)
    frame.write_csv(tmp_path / "calls.csv")
    frame.write_parquet(tmp_path / "calls.parquet")
    expected = check(tmp_path / "calls.csv", store, given=facts, columns=EVERY, **TOLD).verdicts.select(EVERY)
    assert expected["dnc_outcome"].n_unique() == 3
    assert (
        check(tmp_path / "calls.parquet", store, given=facts, columns=EVERY, **TOLD)
        .verdicts.select(EVERY)
        .equals(expected)
    )
    with Decider(store, given=facts, columns=EVERY, **TOLD) as decider:
        assert decider(frame).select(EVERY).equals(expected)
        picked = chance.sample(range(len(rows)), size(3, 12))
        alone = pl.concat([decider(frame[at : at + 1]) for at in picked])
        assert alone.select(EVERY).equals(expected[picked])
    for at in picked[: size(1, 3)]:
        number, *cells = rows[at].items()
        brief = Brief(region="FR", facts=facts)
        verdict, _ = explain(number[1], store, dict(cells), brief=brief, at=TOLD["at"])
        assert verdict == expected.row(at, named=True), rows[at]
    counts = dict(expected["dnc_outcome"].value_counts().iter_rows())
    assert vet(tmp_path / "calls.csv", store, given=facts, **TOLD).checked.counts == counts
    monkeypatch.setattr("dnc.files.table.BATCH_ROWS", 7)
    parts = check(tmp_path / "calls.csv", store, given=facts, columns=EVERY, **TOLD).verdicts
    assert parts.select(EVERY).equals(expected)


class Compared:
    """Holds a list that repeats the same rows to the verdicts of those rows."""

    def __init__(self, expected: pl.DataFrame) -> None:
        self.seen, self._expected = 0, expected

    def add(self, calls, verdicts) -> None:
        """Compare the verdicts of a batch."""
        found = verdicts.cases.with_row_index("case").select("case", "dnc_outcome", "dnc_missing", "dnc_why")
        at = pl.int_range(self.seen, self.seen + calls.number.len(), eager=True) % self._expected.height
        met = pl.DataFrame([at.alias("at"), verdicts.case.alias("case")]).unique().join(found, on="case")
        assert met.height == self._expected.height  # as many verdicts as rows that differ
        same = met.sort("at").select("dnc_outcome", "dnc_missing", "dnc_why")
        assert same.equals(self._expected.select(same.columns))
        self.seen += calls.number.len()


def test_one_row_and_a_million(store, tmp_path):
    """Every row comes to the same however often its number and what is told of it stand in the list."""
    frame = pl.DataFrame(rows_of(random.Random(9), size(25, 100)))
    with Decider(store, **TOLD) as decider:
        expected = pl.concat([decider(frame[at : at + 1]) for at in range(frame.height)])
    pl.concat([frame] * size(1_000, 10_000)).write_parquet(tmp_path / "calls.parquet")
    watch = Compared(expected)
    result = run(tmp_path / "calls.parquet", store, Settings(**TOLD), Outputs(keep=False), observers=[watch.add])
    assert result.rows == watch.seen == size(25_000, 1_000_000)
    assert result.elsewhere == 0


def test_explain_reads_a_word_as_a_list_does(dnc, store):
    """What is not understood is not told, and said; a column that is none is refused."""
    cells = {"consent": "maybe", "objected_on": "never again", "consent_on": "1/2/2026", "attempts": "-3"}
    cells |= {"voice": "robot", "place": "France", "line": "fixed"}
    told = ("explain", "+33199000001", "--store", store.path)
    code, out, _ = dnc(*told, *(f"--set={name}={cell}" for name, cell in cells.items()))
    labels = {name: vocabulary().label(name) for name in vocabulary().columns}
    assert (code, [name for name, cell in cells.items() if f"{labels[name]} '{cell}'" not in out]) == (3, [])
    code, out, _ = dnc(*told, "--set", "call_at=next week")
    assert (code, f"{labels['call_at']} 'next week'" in out) == (3, True)
    code, _, err = dnc(*told, "--set", "consant=maybe")
    assert (code, "did you mean 'consent'" in err) == (2, True)
    assert dnc(*told, "--set", "number=1")[0] == 2


def test_explain_with_the_brief_of_a_list(dnc, store, write_file):
    """Its words and its facts count; its columns are those of the list and not of this call."""
    brief = write_file(
        "b.toml", '[columns]\nnumber = "Tél"\nrecipient = "Qualité"\n[values.recipient]\npart = "consumer"\n'
    )
    told = ("explain", "+33199000001", "--store", store.path, "--brief", brief)
    _, out, _ = dnc(*told, "--set", "recipient=part")
    assert "whether a consumer or a business is called" not in out.partition("\n\n")[0]
    assert "whether a consumer or a business is called" in dnc(*told)[1].partition("\n\n")[0]
