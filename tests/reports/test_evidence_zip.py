"""A folder of evidence is verified without the store: its files, the chain of its log, and its signature."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from dnc import Store
from dnc.reports.evidence_zip import verify_evidence

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder of a small store, signed by `key.pem` beside it, whose public key is `public.pem`."""
    folder = tmp_path_factory.mktemp("evidence")
    for name in ("key", "other"):
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / f"{name}.pem"], check=True)
        (folder / f"{name}.pem").chmod(0o600)
        public = ["openssl", "pkey", "-in", folder / f"{name}.pem", "-pubout", "-out", folder / f"{name}-public.pem"]
        subprocess.run(public, check=True)
    store = Store(folder / "store")
    store.object(["+33199000418"], date(2026, 11, 2))
    store.object(["+33199000419"], date(2026, 11, 3))
    return folder


@pytest.fixture
def written(dnc, made) -> Path:
    """The zip that `dnc evidence` writes of it."""
    days = ["--from", "2026-01-01", "--to", "2026-12-31"]
    out = made / "folder.zip"
    assert dnc("evidence", *days, "--out", out, "--key", made / "key.pem", "--store", made / "store")[0] == 0
    return out


def changed(path: Path, change: Callable[[Files], object]) -> Path:
    """A copy of a zip with changed files."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    out = path.with_name("changed.zip")
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out


def test_a_folder_is_verified_on_a_machine_without_the_store(dnc, written, made, tmp_path, monkeypatch):
    """With the key that is inside, or the one that somebody noted."""
    monkeypatch.chdir(tmp_path)
    head = str(Store(made / "store").journal.read().head)
    for more in ([], ["--public", made / "key-public.pem"]):
        code, _, err = dnc("evidence", "--verify", written, *more)
        assert (code, "signed by the key" in err, head in err) == (0, True, True)
    code, out, _ = dnc("evidence", "--verify", written, "--public", made / "other-public.pem")
    assert (code, out) == (4, "the signature is missing, or is not of this list and this key\n")


def test_a_folder_that_nobody_signed_is_said_to_be_so(dnc, written):
    """Its checksums hold; whoever changed it could have changed them too."""
    unsigned = changed(written, lambda files: [files.pop(f"SHA256SUMS.{end}") for end in ("sig", "pem")])
    code, _, err = dnc("evidence", "--verify", unsigned)
    assert (code, "not signed: whoever had the folder" in err, "log fingerprint" in err) == (0, True, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda files: files.update({"index.html": b"x"}), "index.html was changed"),
        (lambda files: files.pop("calls.csv"), "calls.csv is missing"),
        (lambda files: files.update({"more.csv": b"x"}), "more.csv is not in SHA256SUMS: it was added later"),
        (lambda files: files.update({"SHA256SUMS": files["SHA256SUMS"] + b"# x\n"}), "the signature is missing"),
        (lambda files: files.pop("SHA256SUMS.pem"), "the signature is missing"),
        (
            lambda files: files.update({"log.jsonl": files["log.jsonl"].replace(b"object", b"forget")}),
            "row 1 was changed after it was written",
        ),
        (
            lambda files: files.update({"log.jsonl": files["log.jsonl"].split(b"\n", 1)[1]}),
            "row 0 is missing",
        ),
    ],
)
def test_what_was_changed_is_named(written, change, says):
    """A file changed, lost or added; the list, and the log."""
    found = verify_evidence(changed(written, change))
    assert any(fault.startswith(says) for fault in found.faults), found.faults


def test_a_file_that_is_no_folder_of_evidence_is_refused(dnc, written):
    """A text, and a zip of something else."""
    text = written.with_name("a.txt")
    text.write_text("x")
    for path in (text, changed(written, lambda files: files.pop("SHA256SUMS"))):
        code, _, err = dnc("evidence", "--verify", path)
        assert (code, "is not a folder that dnc evidence wrote" in err) == (4, True)
