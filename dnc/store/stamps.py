"""Time stamps: an authority confirms that at a moment the log ended with a row and its hash (RFC 3161).

What is stamped is the text `STORE ROW:HASH`; `STORE` is the id of the store. The authority's answer is kept as it came,
in the folder `stamps` of the store:

    stamps/STORE-ROW-HASH-CHECKSUM.tsr

`CHECKSUM` is the beginning of the SHA-256 of the file. Another program can verify it:

    printf 'STORE ROW:HASH' | openssl ts -verify -data /dev/stdin -in FILE.tsr -CAfile ROOT.pem

Earlier programs had no `STORE`, in text and name.
"""

from __future__ import annotations

import http.client
import re
import threading
import urllib.error
import urllib.request
import warnings
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from dnc.errors import InputError, OptionError, extra
from dnc.files.atomic import move_into_place
from dnc.files.input_file import read_bounded, sha256_of
from dnc.files.locks import own_folder
from dnc.messages import Words, localized
from dnc.store.anchors import About, Log
from dnc.store.audit_log import Entry
from dnc.store.folder import below
from dnc.store.ledger import STAMPS, WORK, Ledger

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

FOLDER = STAMPS
_NAME = re.compile(r"(?:([0-9a-f]{64})-)?(\d{1,18})-([0-9a-f]{64})-([0-9a-f]{16})\.tsr")
MOST_BYTES = 1 << 20  # of an answer or a file of certificates; both have some kilobytes
_SECONDS = 30.0  # for the whole answer
_SHA256 = "2.16.840.1.101.3.4.2.1"


class Stamp(msgspec.Struct, frozen=True):
    """A stamp that is kept in a store and not verified yet.

    Attributes:
        path: its file, the answer of the authority (DER).
        about: what was stamped, by the name of the file.
        checksum: beginning of the SHA-256 of the file, by its name.
    """

    path: Path
    about: About
    checksum: str

    @property
    def head(self) -> Entry:
        """The row of the log that was stamped."""
        return self.about.head

    @property
    def is_intact(self) -> bool:
        """Whether its file is as it was written. Raises OSError."""
        return sha256_of(self.path).startswith(self.checksum)

    def is_of(self, log: Log) -> bool:
        """Whether the log has the row that was stamped."""
        return log.has(self.head, self.about.store)


class Stamped(msgspec.Struct, frozen=True):
    """What a stamp says: when, in UTC, and who stamped; `authority` is the name in its certificate, or None."""

    at: datetime
    authority: str | None


class StampError(InputError):
    """A stamp is not what it should be; `why` gives the reason in every language."""

    def __init__(self, why: Words) -> None:
        self.why = why
        super().__init__(why)


# Keeping


def stamps_in(folder: Path) -> list[Stamp]:
    """The stamps of a store, by row and name; other files in their folder are ignored. Raises StoreError."""
    matches = [(path, _NAME.fullmatch(path.name)) for path in below(folder / FOLDER) if not path.is_dir()]
    stamps = [
        Stamp(path, About(match[1], Entry(int(match[2]), match[3])), match[4]) for path, match in matches if match
    ]
    return sorted(stamps, key=lambda stamp: (stamp.head.seq, stamp.path.name))


def last_stamp(folder: Path) -> Stamp | None:
    """The latest stamp of a store, by row; None if it has none. Raises StoreError."""
    return next(reversed(stamps_in(folder)), None)


def compare(stamps: Sequence[Stamp], log: Log) -> list[Words]:
    """Compare stamps with the log, which has to hold each row that was stamped; returns faults, one line each."""
    missing = [stamp for stamp in stamps if not stamp.is_of(log)]
    return [localized("anchor", "stamp_refuted", path=stamp.path, row=stamp.head.seq) for stamp in missing]


# Getting one


def add_stamp(ledger: Ledger, about: About, url: str, trusted: Sequence[Certificate] | None = None) -> Stamp:
    """Have a row of the log stamped by an authority, and keep the stamp.

    Args:
        about: the row, and the store.
        url: of the authority, http:// or https://.
        trusted: certificates to verify the stamp with; by default only the row that it is about is compared.
    Raises:
        InputError: the authority cannot be reached, refuses, or answers something else; the store is as it was.
        OptionError: the URL is of another kind, or the extra is missing. StoreError: the store cannot be written.
    """
    rfc3161 = _library()
    request = rfc3161.TimestampRequestBuilder().data(about.text).hash_algorithm(rfc3161.HashAlgorithm.SHA256).build()
    data = _answer(url, request.as_bytes())
    try:
        look_at(data, about, trusted, nonce=request.nonce)
    except StampError as error:
        raise InputError(localized("errors", "stamp", "refused", url=_plain(url), why=error.why)) from None
    return keep_stamp(ledger, about, data)


def keep_stamp(ledger: Ledger, about: About, data: bytes) -> Stamp:
    """Keep the answer of an authority (DER) that stamped a row of the log. Raises StoreError."""
    checksum = sha256(data).hexdigest()[:16]
    parts = (about.store, str(about.head.seq), about.head.hash, checksum)
    path = ledger.folder / FOLDER / f"{'-'.join(filter(None, parts))}.tsr"
    with ledger.writing():
        path.parent.mkdir(exist_ok=True, mode=0o700)
        with own_folder(ledger.folder, f"{WORK}stamp-") as work:
            (work / path.name).write_bytes(data)
            move_into_place(work / path.name, path)
    return Stamp(path, about, checksum)


def _answer(url: str, query: bytes) -> bytes:
    """The answer of an authority, limited in time and size."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise OptionError(localized("errors", "stamp", "url", url=_plain(url)))
    try:
        data = _within(_SECONDS, lambda: _read(url, query))
        if len(data) <= MOST_BYTES:
            return data
        why = localized("errors", "stamp", "large", most=MOST_BYTES >> 20)
    except urllib.error.HTTPError as error:
        error.close()
        why = localized("errors", "stamp", "status", status=error.code)
    except TimeoutError:
        why = localized("errors", "stamp", "slow", seconds=f"{_SECONDS:g}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        cause = getattr(reason, "strerror", None) or type(reason).__name__
        why = localized("errors", "stamp", "unreached", why=cause)
    raise InputError(localized("errors", "stamp", "failed", url=_plain(url), why=why))


def _read(url: str, query: bytes) -> bytes:
    """The body of the answer; user and password in the URL are sent as Basic authentication."""
    parts = urlsplit(url)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = urllib.request.Request(address, query, {"Content-Type": "application/timestamp-query"})  # noqa: S310
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {b64encode(secret.encode()).decode()}")
    opener = urllib.request.OpenerDirector()  # without the handler that follows redirects, and those of other schemes
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    with opener.open(request, timeout=2 * _SECONDS) as answer:
        return bytes(answer.read(MOST_BYTES + 1))


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """The result of a call, limited in its whole time: the timeout of a socket begins anew with each byte.

    Raises TimeoutError; the call is then left to end with the process.
    """
    done: Future[bytes] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # raised where the result is awaited
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done.result(seconds)


def _plain(url: str) -> str:
    """A URL without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


# Verifying


def certificates_in(path: Path) -> list[Certificate]:
    """The certificates of a PEM file. Raises InputError if it holds none, OptionError if the extra is missing."""
    _library()
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(read_bounded(path, MOST_BYTES))
    except ValueError:
        raise InputError(localized("errors", "stamp", "no_certificate"), path) from None


def read_stamp(stamp: Stamp, trusted: Sequence[Certificate] | None = None) -> Stamped:
    """What a stamp says about its row; if certificates are given, its signature is verified with them first.

    Certificates count if they were valid when the stamp was made.

    Raises StampError if it is not a stamp, is about something else, or cannot be verified; OptionError if the extra is
    missing.
    """
    return look_at(content_of(stamp), stamp.about, trusted)


def content_of(stamp: Stamp) -> bytes:
    """The answer of the authority (DER). Raises StampError if the file is damaged or too large."""
    data = read_bounded(stamp.path, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise StampError(localized("anchor", "why", "large", most=MOST_BYTES >> 20))
    if not sha256(data).hexdigest().startswith(stamp.checksum):
        raise StampError(localized("anchor", "why", "damaged"))
    return data


def listed(folder: Path, trusted: Sequence[Certificate] | None = None) -> tuple[list[Words], list[Words]]:
    """Every stamp of a store, one line each: faults, and notes about those without a fault. Raises OSError."""
    faults, notes = [], []
    for stamp in stamps_in(folder):
        try:
            notes.append(in_words(stamp.head, partial(read_stamp, stamp, trusted), verified=trusted is not None))
        except StampError as error:
            faults.append(localized("anchor", "stamp_wrong", path=stamp.path, why=error.why, row=stamp.head.seq))
    return faults, notes


def in_words(head: Entry, read: Callable[[], Stamped], *, verified: bool = False) -> Words:
    """What a stamp of a row says, or that the extra that reads it is missing. Raises StampError as `read` does."""
    try:
        stamped = read()
    except OptionError as error:
        return localized("anchor", "stamp_unread", why=error.message, row=head.seq)
    about = {"at": stamped.at.strftime("%Y-%m-%d %H:%M:%S UTC"), "authority": stamped.authority or "?"}
    return localized("anchor", "stamp_verified" if verified else "stamp_unverified", row=head.seq, **about)


def look_at(
    data: bytes, about: About, trusted: Sequence[Certificate] | None = None, nonce: int | None = None
) -> Stamped:
    """What the answer of an authority (DER) says about a row, as `read_stamp` does."""
    rfc3161 = _library()
    text = about.text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of certificates that do not follow their standard
            answer = rfc3161.decode_timestamp_response(data)
            if answer.status != rfc3161.PKIStatus.GRANTED:
                why = "refused"
            elif not _is_about(text, answer) or nonce not in (None, answer.tst_info.nonce):
                why = "other"
            else:
                if trusted is not None:
                    rfc3161.VerifierBuilder(roots=list(trusted)).build().verify_message(answer, text)
                return Stamped(answer.tst_info.gen_time, _authority(answer))
    except rfc3161.VerificationError:
        why = "signature"
    except Exception:  # damaged bytes raise ValueError, KeyError and more
        why = "none"
    raise StampError(localized("anchor", "why", why))


def _is_about(text: bytes, answer: TimeStampResponse) -> bool:
    imprint = answer.tst_info.message_imprint
    return imprint.hash_algorithm.dotted_string == _SHA256 and imprint.message == sha256(text).digest()


def _authority(answer: TimeStampResponse) -> str | None:
    """The name in the certificate of the signer, if the answer holds it."""
    from cryptography.x509 import NameOID, load_der_x509_certificate

    signers = {(signer.issuer, signer.serial_number) for signer in answer.signed_data.signer_infos}
    for certificate in map(load_der_x509_certificate, answer.signed_data.certificates):
        if (certificate.issuer, certificate.serial_number) in signers:
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            return str(names[0].value) if names else certificate.subject.rfc4514_string()
    return None


def _library() -> Any:
    with extra("stamps"):
        import rfc3161_client
    return rfc3161_client
