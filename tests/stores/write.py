"""Writes a small store in the format of today: `python -m tests.stores.write`, once before each release.

It has something of each kind, in the log and in files. Its numbers are reserved for fiction.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

from dnc import Rulebook, Store, check
from dnc.checks.campaign import keep_campaign
from dnc.law.rulebook import shipped
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from dnc.store import audit_log, records, wordings

STORES = Path(__file__).parent
NUMBERS = [f"+3319900000{at}" for at in range(1, 7)]
_DAY = date(2026, 11, 30)
_OWN = f"number,since\n{NUMBERS[0]},2026-09-10\n"
_REGISTRY = "number,listed\n+3225550101,yes\n+3225550102,no\n"
_CONSENT = {"consent": "named_caller", "consent_for": "live", "wording": "form-7", "proof": "scan-1.pdf"}
_CALLS = "number,at,result\n" + "".join(f"{number},2026-11-10T10:00,busy\n" for number in NUMBERS[1:4])


def write(folder: Path, work: Path) -> None:
    """Write the store into a new folder, as of 1 December 2026. work: for the files that it is loaded from."""
    os.environ["DNC_TODAY"] = "2026-12-01"
    store, book = Store(folder), Rulebook.load()

    def file(name: str, text: str) -> Path:
        (work / name).write_text(text)
        return work / name

    store.load(file("own.csv", _OWN), registry="own", as_of=_DAY)
    store.load(file("be.csv", _REGISTRY), registry="be-dncm", as_of=_DAY)
    wordings.add(store.journal, "form-7", "Call me about windows", {"consent": "named_caller"})
    keep_campaign(store, "autumn", 'region = "FR"\n[facts]\ncaller = "commercial"\n')
    store.retain("calls", 36)
    own_records.load(store, "calls", [file("calls.csv", _CALLS)], book)
    customers = file("customers.csv", f"number,relationship\n{NUMBERS[5]},contract\n")
    own_records.load(store, "customers", [customers], book, RecordReading(as_of=_DAY))
    most = records._IN_LOG
    for number, objected, records._IN_LOG in zip(
        NUMBERS[1:3], NUMBERS[3:5], (0, most), strict=True
    ):  # in files, in the log
        own_records.record(store, "consents", [_CONSENT | {"number": number, "consent_on": "2026-11-02"}], book)
        store.object([objected], date(2026, 11, 3), reason="no more")
    plan, few = file("plan.csv", "\n".join(["number", *NUMBERS])), Rulebook.of([shipped()["lu.toml"]])
    check(plan, store, region="FR", at="2026-12-02", given={"caller": "commercial"}, keep=True, rulebook=few)
    (folder / "lock").unlink()


if __name__ == "__main__":
    new = STORES / version("dnc-check")
    shutil.rmtree(new, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work, audit_log.acting("release"):
        write(new, Path(work))
