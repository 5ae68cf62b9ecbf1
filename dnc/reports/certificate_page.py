"""The page of a certificate: what it certifies, for a person, with the signed data in it for a program.

The page itself proves nothing. It is compared, word for word, with the page that is made from the signed data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from dnc.checks.certificate import Certificate, CertifiedExtract, Use, read_certificate
from dnc.errors import InputError
from dnc.files.input_file import read_bounded
from dnc.files.strict_json import decoded
from dnc.law.regimes import EVERYWHERE
from dnc.law.rulebook import Rulebook
from dnc.messages import LANGUAGES, counted, dated, localized, messages, registry_named, said
from dnc.reports.decision import sentence
from dnc.reports.page import rendered
from dnc.reports.phrases import fact, labelled
from dnc.store.audit_log import canonical

_MARK = "dnc_certificate"
_LONGEST = 16_000_000  # bytes of a file
_BEGIN, _END = b'<script type="application/json" id="certificate">', b"</script>"
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}  # so that JSON in a page cannot end its element

Rows = list[tuple[str, str]]


class Verified(msgspec.Struct, frozen=True):
    """A certificate with a valid signature.

    data: the same as plain data for JSON. signer: fingerprint of the key.
    page: `same` if it is the page that is made from the data, else `other`; `not_compared` if another version made it,
        and None if there is no page.
    """

    certificate: Certificate
    data: Mapping[str, Any]
    signer: str
    page: str | None


def html(signed: Mapping[str, Any], language: str = "en") -> str:
    """The page of a certificate that `dnc.checks.certificate.certify` returned."""
    certificate, signer = read_certificate(signed)
    texts = messages("certificate", language)
    values = {
        "title": texts["title"].format(check=certificate.check.partition(":")[0]),
        "sentence": in_short(certificate, language),
        "note": texts["note"],
        "tables": tables(certificate, signer, language),
        "made": texts["made"].format(at=_moment(certificate.made_at, language), by=certificate.made_by),
        "data": canonical(signed).translate(_ESCAPED),
    }
    return rendered("certificate.html", language, {name: texts[name] for name in values["tables"]}, values)


def in_short(certificate: Certificate, language: str) -> str:
    """The outcome of the check in a sentence."""
    return sentence(msgspec.structs.asdict(certificate.counts), language)


def tables(certificate: Certificate, signer: str, language: str) -> dict[str, Rows]:
    """What a certificate says: labels and values, by the key of their heading in the messages."""
    page, texts, count = messages("page", language), messages("certificate", language), counted(language)
    outcomes, none = messages("common", language)["outcomes"], messages("common", language)["none"]
    counts = [(outcomes[name], count(calls)) for name, calls in msgspec.structs.asdict(certificate.counts).items()]
    return {
        "checked": _checked(certificate, language),
        "declared": list(_declared(certificate.use, language)),
        "found": [*counts, (texts["verdicts"], certificate.verdicts)],
        "rules": list(_law(certificate, language)),
        "registries": [_registry(extract, language) for extract in certificate.registries],
        "log": [
            (page["check"], certificate.check),
            (texts["checked_at"], _moment(certificate.checked_at, language)),
            (texts["checked_by"], certificate.checked_by),
            (page["program"], f"dnc {certificate.version}"),
            (texts["objections"], count(certificate.objections)),
            (texts["store"], certificate.store or none),
            (page["head"], certificate.head),
            (texts["stamp"], certificate.stamp.head if certificate.stamp else none),
        ],
        "signed": [
            (texts["signer"], signer),
            (texts["made_at"], _moment(certificate.made_at, language)),
            (texts["made_by"], certificate.made_by),
            (page["program"], f"dnc {certificate.made_with}"),
        ],
    }


def _checked(certificate: Certificate, language: str) -> Rows:
    """The list, and how its calls were planned."""
    page, texts, none = messages("page", language), messages("certificate", language), said(language, "common", "none")
    use, today = certificate.use, dated(language)(certificate.today)
    return [
        (page["list"], ", ".join(certificate.input.files)),
        (page["list_rows"], counted(language)(certificate.input.rows)),
        (page["checksum"], certificate.input.sha256),
        (texts["today"], today if certificate.clock == "system" else f"{today} ({texts['clock']})"),
        (texts["at"], use.at or none),
        (page["region"], use.region or none),
        (page["guidance"], page["guidance_means"].get(use.guidance, use.guidance)),
        *((texts[name], getattr(use, name) or none) for name in ("brief", "consents", "terms")),
    ]


def _declared(use: Use, language: str) -> Iterator[tuple[str, str]]:
    """Declared facts in words, and as they were typed; and what of unclear law was accepted."""
    facts = [("", use.declared)]
    for key in ("when_filled", "when_empty"):
        facts += [(said(language, "certificate", key, column=name), told) for name, told in getattr(use, key).items()]
    for where, declared in facts:
        for one in (fact(column, word, language) for column, word in declared.items()):
            label = labelled(where, one.label, language) if where else one.label
            yield label, f"{one.value} ({one.id})"
    for regime, reason in use.accepted.items():
        yield labelled(said(language, "page", "accepted"), regime, language), reason


def _law(certificate: Certificate, language: str) -> Iterator[tuple[str, str]]:
    say, pack = partial(said, language, "certificate"), certificate.pack
    countries = {EVERYWHERE: said(language, "law", "all")}  # those of which this version has the law
    countries |= {id_: f"{pack.name[language]} ({id_})" for id_, pack in Rulebook.load().packs.items()}
    for file in certificate.rules:
        country = countries.get(file.jurisdiction, file.jurisdiction)
        yield country, say("rules_file", day=file.read_until, hash=file.sha256)
    if pack:
        yield say("pack"), say("pack_says", version=pack.version, hash=pack.sha256, signer=pack.signer)


def _moment(at: datetime, language: str) -> str:
    return f"{dated(language)(at)} {at:%H:%M:%S} UTC"


def _registry(extract: CertifiedExtract, language: str) -> tuple[str, str]:
    parts = filter(None, (dated(language)(extract.as_of), extract.campaign, extract.sha256))
    return registry_named(extract.registry, language), " · ".join(parts)


def verify(path: Path, signer: str | None = None) -> Verified:
    """Verify a certificate, which may be a page or JSON.

    Args:
        signer: fingerprint of the key that must have signed it.
    Raises:
        InputError: it is not a certificate, has something that this program would not write, was signed by another key,
            or its signature does not match. OptionError: the extra is missing.
    """
    data = read_bounded(path, _LONGEST + 1)
    is_page = not data.lstrip().startswith(b"{")
    content = decoded(_embedded(data) if is_page else data, _MARK) if len(data) <= _LONGEST else None
    if content is None:
        raise InputError(localized("errors", "certificate", "none"), path)
    try:
        certificate, by = read_certificate(content, path)
    except ValueError as error:
        raise InputError(localized("errors", "certificate", "unread", error=error.args[0]), path) from None
    if signer is not None and by != signer:
        raise InputError(localized("errors", "other_signer", signer=by), path)
    if not is_page:
        return Verified(certificate, content["certificate"], by, None)
    other = "other" if certificate.made_with == version("dnc-check") else "not_compared"
    same = any(data == html(content, language).encode() for language in LANGUAGES)
    return Verified(certificate, content["certificate"], by, "same" if same else other)


def _embedded(page: bytes) -> bytes:
    """The data in a page; empty if there is not exactly one element of data."""
    _, begin, after = page.partition(_BEGIN)
    data, end, _ = after.partition(_END)
    return data if begin and end and _BEGIN not in after else b""
