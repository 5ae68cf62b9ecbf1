"""A zip of evidence: files with a list of their SHA-256 and a signature; written, and verified without the store."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from dnc.errors import InputError
from dnc.files.archive import write_archive
from dnc.files.signing import Signer, is_signed, key_in
from dnc.messages import Words, localized
from dnc.store import audit_log

LOG, SUMS = "log.jsonl", "SHA256SUMS"
_SIGNATURE, _KEY = f"{SUMS}.sig", f"{SUMS}.pem"
_CONTEXT = b"# dnc evidence folder 1\n"  # a comment for sha256sum; so what is signed is the file as it is
_MOST_BYTES = 2 * 10**9  # unpacked


def write_evidence(out: Path, files: Mapping[str, bytes], signer: Signer | None = None) -> int:
    """Write files as a zip, with a list of their checksums, which `signer` signs; returns how many there are."""
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    added = {SUMS: _CONTEXT + sums.encode()}
    if signer:
        added |= {_SIGNATURE: signer.sign(added[SUMS]), _KEY: signer.pem}
    write_archive(out, sorted([*files.items(), *added.items()]))
    return len(files) + len(added)


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
    signature, inside = files.pop(_SIGNATURE, None), files.pop(_KEY, None)
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
