"""Verifies a folder of evidence (`dnc.reports.inspection_folder`) without the store that it is from."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from dnc.errors import InputError
from dnc.files.signing import is_signed, key_in
from dnc.messages import Words, localized
from dnc.reports.inspection_folder import LOG, SIGNATURE, SUMS
from dnc.store import audit_log

_MOST_BYTES = 2 * 10**9  # unpacked


class EvidenceFindings(msgspec.Struct, frozen=True):
    """What a verification found.

    Attributes:
        faults: what is wrong, one line each. files: how many the list of checksums has.
        head: the last row of the log, if the folder has the log.
        signed_by: fingerprint of the key; None if nothing is signed, or the signature is wrong.
    """

    faults: list[str]
    files: int
    head: audit_log.Entry | None
    signed_by: str | None


def verify_evidence(path: Path, public: Path | None = None) -> EvidenceFindings:
    """Verify a zip of evidence: its checksums, the chain of its log, and its signature.

    public: the key that must have signed it (PEM); without it, the one in the zip is believed.

    Raises InputError if the file is no such zip.
    """
    files = _read(path)
    sums = files.pop(SUMS, b"")
    signature, inside = files.pop(f"{SUMS}{SIGNATURE}", None), files.pop(f"{SUMS}.pem", None)
    listed = dict(line.split("  ", 1)[::-1] for line in sums.decode("utf-8", "replace").splitlines() if line[:1] != "#")
    if not listed:
        raise InputError(localized("errors", "no_evidence"), path)
    faults: list[str] = [*_unequal(files, listed)]
    pem = public.read_bytes() if public else inside
    signed_by = None
    if signature and pem:
        key = key_in(pem, public or path)
        signed_by = key.fingerprint if is_signed(key, signature, sums) else None
    if signed_by is None and (public or signature):
        faults.append(localized("fault", "signature"))
    lines = [audit_log.read_line(text) for text in files.get(LOG, b"").splitlines()]
    faults += audit_log.faults(lines, 0, "")
    last = lines[-1] if lines else None
    return EvidenceFindings(faults, len(listed), last and audit_log.Entry(last.row.n, last.hash), signed_by)


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) <= _MOST_BYTES:
                return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        pass
    raise InputError(localized("errors", "no_evidence"), path)


def _unequal(files: Mapping[str, bytes], listed: Mapping[str, str]) -> Iterator[Words]:
    for name in sorted(files.keys() | listed.keys()):
        if name not in files or name not in listed:
            yield localized("fault", "evidence", "missing" if name in listed else "unlisted", file=name)
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            yield localized("fault", "evidence", "changed", file=name)
