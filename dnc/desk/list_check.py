"""One list that is checked at the desk: its file, its brief with the questions, and the rows of its last check.

All its files are in the work folder of the store, readable by their owner only, and removed when the session ends.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import polars as pl

from dnc import api
from dnc.checks.explain import Explanation, explain_row
from dnc.checks.interview import Interview
from dnc.checks.questions import Chosen, Option, Question, masked
from dnc.checks.result import Check
from dnc.checks.settings import UNREAD, Settings
from dnc.desk.desk import Desk
from dnc.desk.forms import Upload
from dnc.desk.jobs import Job
from dnc.desk.office import facts_of, keeps_decisions
from dnc.errors import InputError, UnreadRowsError
from dnc.files.columns import kinds_of_name
from dnc.files.open_table import count_rows
from dnc.files.table import folded, quoted
from dnc.law.vocabulary import WAS, vocabulary
from dnc.lists.brief import brief_entries, read_brief
from dnc.lists.brief_text import brief_text
from dnc.lists.calls import Calls
from dnc.lists.consents import Consents, read_consents
from dnc.lists.header import UNDECIDED
from dnc.messages import LANGUAGES, counted, in_language, localized, messages
from dnc.reports.phrases import fact
from dnc.store.journal import rows_of
from dnc.verdicts.judge import Verdicts

_FIRST_ROWS = 5
_BATCH = 100_000
# Added to the columns of a call: row of the list, that of its file in a spreadsheet program, place in `why`.
ROW, SHEET_ROW, WHY = "\0row", "\0sheet row", "\0why"
REASONS = ("dnc_blocked_by", "dnc_undecided_by", "dnc_missing")
_LEAST_DIGITS = 3  # of a number that is searched for
_MOST_VALUES = 40  # of a column by which calls are chosen


class Column(NamedTuple):
    """A column of a list as it is understood: its name, what it means, and why we think so."""

    name: str
    says: str
    why: str


class CallRows(msgspec.Struct, frozen=True, weakref=True):
    """The calls of a check, in Parquet; its files stay for those who read it while the list is checked again.

    Attributes:
        path: the file, with the columns of the list and of the verdicts, one row for each call.
        rows_file: of the same rows: ROW (the row of the list, from 1), SHEET_ROW (that in a spreadsheet program), WHY
            (place in `why`) and, if there was a previous check of the same calls, WAS (the outcome in it).
        names: columns of the list that name a person: ids and names.
        compared: whether there was such a check.
        values: columns of the list with few different cells → these, most calls first.
        why: the reasons that calls have, each with `;` between regimes and words of `dnc_missing`.
    """

    path: Path
    rows_file: Path
    names: Sequence[str]
    compared: bool
    values: Mapping[str, Sequence[str]]
    why: Sequence[str]

    def all(self) -> pl.LazyFrame:
        """The calls with their row, and with `dnc_was` if there was a previous check."""
        files = [pl.scan_parquet(path, glob=False) for path in (self.path, self.rows_file)]
        return pl.concat(files, how="horizontal")

    def batches(self, outcome: str = "") -> Iterator[pl.DataFrame]:
        """The calls with an outcome, by default all, as they were written, in batches."""
        calls = pl.scan_parquet(self.path, glob=False)
        for first in range(0, rows_of(self.path), _BATCH):
            rows = calls.slice(first, _BATCH)
            yield (rows.filter(pl.col("dnc_outcome") == outcome) if outcome else rows).collect()

    def chosen(
        self,
        outcome: str = "",
        reason: str = "",
        text: str = "",
        cell: tuple[str, str] | None = None,
        *,
        changed: bool = False,
    ) -> pl.LazyFrame:
        """The calls with an outcome, a reason (a regime or a word of `dnc_missing`), a text and a cell; by default all.

        text: in a name or an id, or digits of the number. cell: one of `values`, with its column.
        """
        calls = self.all()
        if cell:
            calls = calls.filter(pl.col(cell[0]) == cell[1])
        if outcome:
            calls = calls.filter(pl.col("dnc_outcome") == outcome)
        if reason:
            calls = calls.filter(pl.col(WHY).is_in([at for at, why in enumerate(self.why) if reason in why.split(";")]))
        if text:
            cells = [pl.col(name).str.to_lowercase() for name in self.names]
            found = [cell.str.contains(text.lower(), literal=True) for cell in cells]
            digits = re.sub(r"\D", "", text).lstrip("0")
            if len(digits) >= _LEAST_DIGITS and not re.search(r"[^\d\s+().\-/]", text):
                found.append(pl.col("dnc_number").str.contains(digits, literal=True))
            calls = calls.filter(pl.any_horizontal(found)) if found else calls.filter(pl.lit(False))
        return calls.filter(self._changed) if changed else calls

    def counts(self, outcome: str, reason: str, **chosen: Any) -> tuple[Counter[str], Counter[str], int]:
        """Of the calls that `chosen` chooses: each outcome with the reason, each reason with the outcome, and both."""
        outcomes, reasons, both = Counter[str](), Counter[str](), 0
        for one, place, n in self.chosen(**chosen).group_by("dnc_outcome", WHY).len().collect().iter_rows():
            why = self.why[place].split(";")
            has_outcome, has_reason = outcome in ("", one), not reason or reason in why
            outcomes[one] += n * has_reason
            reasons.update(dict.fromkeys(filter(None, why), n * has_outcome))
            both += n * (has_outcome and has_reason)
        return outcomes, +reasons, both

    @property
    def _changed(self) -> pl.Expr:
        return pl.col("dnc_outcome") != pl.col(WAS) if self.compared else pl.lit(False)

    @property
    def changed(self) -> int | None:
        """How many calls have another outcome than in the previous check; None if there was none."""
        if not self.compared:
            return None
        return int(self.all().select(self._changed.sum()).collect().item())

    @property
    def outcomes(self) -> pl.Series:
        """The outcome of each call."""
        return pl.read_parquet(self.path, columns=["dnc_outcome"], glob=False).to_series()


@dataclass
class ListCheck:
    """A list in a session.

    Attributes:
        upload: the file. brief: the file of its brief, beside it.
        interview: the questions that are open, and the answers.
        before: facts that were said of all calls before any question.
        consents: what the file of consents says that is joined to the calls.
        id: part of the addresses of its pages.
        show: whether telephone numbers are shown in full.
        search: the text that is searched for in the result; it may be a number, so that it is in no address.
        unread: how many rows with an objection have a number that cannot be read, if a check stopped at them.
        left_out_for: why these are left out, if a person says so.
        result, rows: of the last check that ended. checked: the brief and the consents that it was made with.
    """

    upload: Upload
    brief: Path
    interview: Interview
    before: tuple[str, ...] = ()
    consents: Consents | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    show: bool = False
    search: str = ""
    unread: int = 0
    left_out_for: str = ""
    result: Check | None = None
    rows: CallRows | None = None
    checked: tuple[bytes, Path | None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(
        cls,
        upload: Upload,
        desk: Desk,
        language: str,
        brief: Upload | None = None,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> ListCheck:
        """A list that was sent, with a brief if there is one. Raises InputError if one of them cannot be read.

        facts: of all calls, where the brief says nothing else; by default those of the office.
        """
        path = upload.path.with_name(f".{secrets.token_hex(4)}.toml")
        if brief:
            _ = read_brief(brief.path)
        entries = brief_entries(brief.path)[0] if brief else {}
        before = {**facts_of(desk), **facts}
        with open(path, "w", encoding="utf-8", opener=partial(os.open, mode=0o600)) as file:
            file.write(brief_text({**entries, "facts": {**before, **entries.get("facts", {})}}))
        interview = Interview(upload.path, path, desk.store, desk.book, language)
        if brief and interview.number_is_known:
            try:
                _ = interview.decided
            except InputError as error:
                raise InputError(localized("errors", "brief_of_other_list", why=error.message), brief.path) from None
        return cls(upload, path, interview, tuple(before))

    @property
    def stem(self) -> str:
        """The name of the list without its suffix, for files that are made from it."""
        return Path(self.upload.name).stem

    @property
    def given(self) -> tuple[bytes, Path | None]:
        """The brief and the consents as they are."""
        return self.brief.read_bytes(), self.interview.consents

    @property
    def is_current(self) -> bool:
        """Whether the result has all the answers that were given."""
        return self.checked == self.given

    @property
    def files(self) -> list[Upload]:
        """The list, its brief, and the file of consents if there is one."""
        consents = self.interview.consents
        brief = Upload(self.brief, f"{self.stem}.toml")
        return [self.upload, brief, *([Upload(consents, consents.name)] if consents else [])]

    def use_consents(self, desk: Desk, path: Path | None) -> None:
        """Join a file of consents to the calls from now on, or none. Raises as `read_consents`."""
        with self.lock:
            before, self.interview.consents = self.interview.consents, path
            try:
                brief, likely = read_brief(self.brief), self.interview.regions_of_consents
                brief = replace(brief, region=likely[0]) if likely else brief  # which is asked for next
                self.consents = read_consents(path, brief, desk.book) if path else None
            except InputError:
                self.interview.consents = before
                raise

    # The list as it was read

    def first_rows(self) -> tuple[list[str], list[list[str]]]:
        """The names of the columns, and the cells of the first rows, masked unless they are to be shown."""
        rows = self.interview.guesses.rows.head(_FIRST_ROWS)
        return rows.columns, [[self.seen(cell) for cell in row] for row in rows.iter_rows()]

    def left_out(self, language: str) -> Iterator[str]:
        """Lines about what was not read of the file, or how it was read."""
        table, said, count = self.interview.guesses.table, messages("summary", language), counted(language)
        if table.others:
            names = in_language(quoted(table.others), language)
            yield messages("desk", language)["other_sheets"].format(names=names)
        for name, rows in (("skipped", table.skipped), ("hidden", table.hidden)):
            if rows:
                yield said[name].format(n=count(rows))
        for misfit in table.misfits:
            yield said["encoding"].format(**misfit._asdict() | {"line": count(misfit.line)})

    def seen(self, cell: object) -> str:
        """A cell of the list as the pages show it."""
        text = "" if cell is None else str(cell)
        return text if self.show else masked(text)

    def columns(self, language: str) -> Iterator[Column]:
        """Each column with what it means, and why: as the brief has it, or else by its name or its cells."""
        guesses, brief, count = self.interview.guesses, self.interview.brief, counted(language)
        texts, draft = messages("desk", language)["column"], messages("draft", language)
        told, says = texts["told"], partial(vocabulary().says, language=language)
        numbers = {
            name: draft["number"].format(filled=count(cells.filled), tried=count(cells.tried), read=count(cells.read))
            for name, cells in guesses.numbers.items()
        }
        by_cells = {folded(name): why for name, why in numbers.items()}
        found = list[tuple[str, str, str]]()
        for ours, theirs in {**guesses.own, **brief.get("columns", {})}.items():
            why = draft["own"].format(ours=ours) if ours in guesses.own else told
            for name in [theirs] if isinstance(theirs, str) else theirs:
                found.append((name, says(ours), by_cells.get(folded(name), told) if ours == "number" else why))
        filled, empty = brief.get("when_filled", {}), brief.get("when_empty", {})
        for name in {**filled, **empty}:
            facts = dict.fromkeys([*filled.get(name, ()), *empty.get(name, ())])
            found.append((name, "; ".join(map(says, facts)), told))
        for key, word in (("ignore", "ignored"), ("texts", "read")):
            found += [(name, texts[word], told) for name in brief.get(key, ())]
        for ours, name in guesses.named.items():
            found.append((name, texts["perhaps"].format(says=says(ours)), draft[guesses.reason(name)]))
        found += [(name, texts["perhaps"].format(says=says("number")), why) for name, why in numbers.items()]
        meant = {folded(name): (means, why) for name, means, why in reversed(found)}  # what comes first counts
        for name in guesses.rows.columns:
            content = guesses.contents.get(name)
            unused = texts["carried" if content is None or not content.filled else "open"]
            yield Column(name, *meant.get(folded(name), (unused, "")))

    # Questions

    @property
    def said_before(self) -> dict[str, str]:
        """The facts that were said before any question, as the brief has them."""
        told = self.interview.brief.get("facts", {})
        return {name: told[name] for name in self.before if name in told and name not in self.interview.given}

    def change(self, fact_: str, word: str) -> None:
        """Give all calls of this list another fact. Raises InputError if it is not understood."""
        question = Question(fact_, vocabulary().label(fact_, self.interview.language), [], 0, fact=fact_)
        self.interview.answer(question, word, dict.fromkeys(LANGUAGES, question))

    def open(self) -> list[Question]:
        """The open questions."""
        return list(self.interview.open())

    def answers(self) -> Iterator[tuple[str, str, str | list[str]]]:
        """The answers in their order: the id of the question, the question, and the answer.

        It is empty where it is not known; of a table it has a line a row.
        """
        for id_, answer in self.interview.given.items():
            question = answer.asked[self.interview.language]
            yield id_, question.text, self._answer(question, answer.chosen)

    def _answer(self, question: Question, chosen: Chosen) -> str | list[str]:
        if isinstance(chosen, list):
            rows = zip(question.table, chosen, strict=True)
            return [f"{row.text} → {self._said(row.options, row.fact, answer)}" for row, answer in rows]
        return self._said(question.options, question.fact, chosen)

    def _said(self, options: Sequence[Option], of: str | None, chosen: int | str | None) -> str:
        """One answer in words: an option, or the value of a fact."""
        if isinstance(chosen, int):
            return options[chosen].text
        if chosen and of and of != "cli":  # the caller's own number
            return fact(of, chosen, self.interview.language).value
        return chosen or ""

    # The check

    def run(self, job: Job, desk: Desk, language: str) -> None:
        """Check the list, as a job: its rows go to a file beside it. Raises as `dnc.api.check`."""
        job.total = count_rows(self.upload.path)
        out = self.upload.path.with_name(f".{job.id}.parquet")
        numbers, before = list[pl.Series](), 0

        def note(calls: Calls, _: Verdicts) -> None:
            nonlocal before
            rows = pl.int_range(calls.height, dtype=pl.UInt32, eager=True) if calls.row is None else calls.row
            numbers.append(rows.cast(pl.UInt32) + before + 1)
            before += calls.height

        given = self.given
        try:
            result = api.check(
                self.upload.path,
                desk.store,
                out=out,
                keep=keeps_decisions(desk),
                progress=job.advance,
                watch=note,
                settings=self.settings(desk, language),
            )
        except UnreadRowsError as error:
            self.unread, self.left_out_for = error.count, ""
            raise
        rows = pl.concat([pl.Series(dtype=pl.UInt32), *numbers])
        if rows.is_empty():  # nothing was written, not even the names of columns
            pl.DataFrame(schema=result.layout.schema).write_parquet(out)
        with self.lock:
            old, rows_file = self.rows, out.with_suffix(".rows")
            reasons = pl.concat_str(pl.col(*REASONS), separator=";", ignore_nulls=True)
            why = pl.read_parquet(out, columns=list(REASONS), glob=False).select(reasons).to_series()
            places = (why.rank("dense") - 1).alias(WHY)
            told = pl.DataFrame({ROW: rows, SHEET_ROW: self.interview.guesses.sheet_rows.gather(rows - 1), WHY: places})
            if was := old if old and rows.equals(pl.read_parquet(old.rows_file, columns=[ROW])[ROW]) else None:
                told = told.with_columns(was.outcomes.alias(WAS))
            told.write_parquet(rows_file)
            self.result, self.checked = replace(result, typed=False), given
            names = [*result.layout.schema]
            named, values = _names(out, names), _values(out, names)
            self.rows = CallRows(out, rows_file, named, was is not None, values, why.unique().sort().to_list())
            weakref.finalize(self.rows, _remove, out, rows_file)
            self.interview.ask_again()
            _ = self.interview.decided  # with the store as it is now, so that the page of the result need not wait

    def settings(self, desk: Desk, language: str) -> Settings:
        """The settings of a check of the list: nobody has read the texts that were not spoken of yet."""
        brief, consents = self.interview.said
        around = brief.around or (UNDECIDED if self.interview.guesses.around else None)
        brief = replace(brief, new_columns=UNDECIDED, around=around)
        return Settings(
            brief=brief,
            consents=consents,
            rulebook=desk.book,
            language=language,
            accept={UNREAD: self.left_out_for} if self.left_out_for else None,
        )

    def explain(self, row: int, desk: Desk, language: str) -> list[Explanation]:
        """Each call of a row of the list, regime by regime. Raises OptionError if there is no such row."""
        return explain_row(self.upload.path, row, desk.store, self.settings(desk, language))


def _remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _names(path: Path, columns: Iterable[str]) -> list[str]:
    """The column of ids, and the two of names with the most different cells: a title tells nobody apart."""
    kinds = {name: kinds_of_name(name) for name in columns if not name.startswith("dnc_")}
    of = {kind: [name for name in kinds if kind in kinds[name][:1]] for kind in ("id", "name")}
    counts = pl.scan_parquet(path, glob=False).select(pl.col([*of["id"], *of["name"]]).n_unique()).collect()
    cells = {column.name: column.item() for column in counts}
    ids, names = (sorted(found, key=lambda name: -cells[name]) for found in of.values())
    return [*ids[:1], *sorted(names[:2], key=of["name"].index)]


def _values(path: Path, columns: Iterable[str]) -> dict[str, list[str]]:
    """The cells of each column of a list that has few different ones, two calls each or more; most calls first."""
    found = dict[str, list[str]]()
    for name in columns:
        if not name.startswith("dnc_"):
            filled = pl.read_parquet(path, columns=[name], glob=False).to_series().drop_nulls()
            if 1 < (cells := filled.value_counts(sort=True)).height <= min(_MOST_VALUES, filled.len() // 2):
                found[name] = cells[name].to_list()
    return found
