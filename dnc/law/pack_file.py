"""Rules packs: rules files and their cases in one signed file, so that the law can be updated without the program.

A pack is a zip with these members and no others:

    signature        96 bytes: the public key (Ed25519, 32 bytes), and its signature (64) of `_CONTEXT` + manifest
    manifest.json    {"format": 1, "version": "2026.12", "files": {name: {"bytes": …, "sha256": …}}}
    xx.toml          rules files, in the grammar of `dnc.law.rule_file`
    xx.csv           cases, read by `dnc.checks.rule_cases`

Until somebody trusts the key, only the directory of the zip and the first two members are read, as bytes. The content
is compared with the manifest before any of it is parsed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from dnc.errors import InputError
from dnc.files import signing
from dnc.files.archive import Member, parts, write_archive
from dnc.files.input_file import input_sha256, open_input, read_bounded
from dnc.files.output_file import atomic_path
from dnc.files.strict_json import Sha256, Strict, only
from dnc.files.toml_reader import TomlError, toml_of
from dnc.messages import localized

_CONTEXT = b"dnc rules pack 1\n"  # so that a signature made for something else is never valid for a pack
_SIGNATURE, _MANIFEST, _ABOUT = "signature", "manifest.json", "pack.toml"
_MOST_PACK, _MOST_FILE, _MOST_ALL = 8 << 20, 4 << 20, 32 << 20  # bytes
_MOST_MANIFEST, _MOST_FILES = 1 << 16, 200
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\.(toml|csv)")
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}")


class PackContent(msgspec.Struct, frozen=True):
    """The content of a pack.

    version: whole numbers joined by dots. rules, cases: name of each file → its text.
    """

    version: str
    rules: Mapping[str, str]
    cases: Mapping[str, str]


class _PackedFile(Strict):
    bytes: Annotated[int, msgspec.Meta(ge=0, le=_MOST_FILE)]
    sha256: Sha256


class _PackManifest(Strict):
    format: Literal[1]
    version: Annotated[str, only(_VERSION.pattern)]
    files: Annotated[dict[str, _PackedFile], msgspec.Meta(max_length=_MOST_FILES)]


def newer(version: str, other: str) -> bool:
    """Whether a version is newer than another: 2026.12 than 2026.9, and 2026.12.1 than 2026.12."""
    return _numbers(version) > _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))


# Reading


class SignedPack(msgspec.Struct, frozen=True):
    """A pack whose signature is valid; the caller decides whether to trust the signer.

    path, sha256: of the file. signer: fingerprint of the key.
    """

    path: Path
    sha256: str
    signer: str
    _manifest: bytes
    _members: Mapping[str, Member]

    def content(self) -> PackContent:
        """Its content, compared with its manifest; to be called once the signer is trusted. Raises InputError."""
        try:
            manifest = msgspec.json.decode(self._manifest, type=_PackManifest)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise InputError(localized("errors", "pack", "manifest"), self.path) from None
        if strange := sorted(manifest.files.keys() ^ self._members.keys()):
            raise InputError(localized("errors", "pack", "match", name=strange[0]), self.path)
        texts = {name: self._text(name, listed) for name, listed in sorted(manifest.files.items())}
        return _content(manifest.version, texts, self.path)

    def _text(self, name: str, listed: _PackedFile) -> str:
        with self._members[name].open() as stream:
            data = stream.read(listed.bytes + 1)
        if len(data) != listed.bytes or hashlib.sha256(data).hexdigest() != listed.sha256:
            raise InputError(localized("errors", "pack", "match", name=name), self.path)
        return _decoded(data, self.path, name)


def read_pack_file(path: Path) -> SignedPack:
    """Open a pack and verify its signature; nothing else in it is read. Raises InputError, OptionError."""
    with open_input(path) as file:
        if os.fstat(file.fileno()).st_size > _MOST_PACK:
            raise InputError(localized("errors", "pack", "large", most=_MOST_PACK >> 20), path)
        if file.read(2) != b"PK":
            raise InputError(localized("errors", "pack", "no_zip"), path)
    members = parts(path, r"(?s).*", "another")
    if _SIGNATURE not in members or _MANIFEST not in members:
        raise InputError(localized("errors", "pack", "unsigned"), path)
    if len(members) - 2 > _MOST_FILES or sum(member.size or 0 for member in members.values()) > _MOST_ALL:
        raise InputError(localized("errors", "pack", "unpacks", files=_MOST_FILES, most=_MOST_ALL >> 20), path)
    signed, manifest = _bounded(members.pop(_SIGNATURE), 1 << 10), _bounded(members.pop(_MANIFEST), _MOST_MANIFEST)
    signature = signing.Signature(signed[: signing.KEY_BYTES].hex(), signed[signing.KEY_BYTES :].hex())
    signer = signature.verified(_CONTEXT, manifest, path)
    return SignedPack(path, input_sha256(path), signer, manifest, members)


def _bounded(member: Member, most: int) -> bytes:
    with member.open() as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise InputError(localized("errors", "pack", "part"), member.where)
    return data


def _decoded(data: bytes, path: Path, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(localized("errors", "not_utf8"), path / name) from None


def _content(version: str, texts: Mapping[str, str], path: Path) -> PackContent:
    """The files of a pack as rules and cases. Raises InputError if a name is not allowed, or either is missing."""
    if "vocabulary.toml" in texts:
        raise InputError(localized("errors", "pack", "vocabulary"), path)
    if strange := [name for name in texts if not _NAME.fullmatch(name) or name == _ABOUT]:
        raise InputError(localized("errors", "pack", "file_name", name=strange[0]), path)
    rules = {name: text for name, text in texts.items() if name.endswith(".toml")}
    cases = {name: text for name, text in texts.items() if name not in rules}
    if not rules or not cases:
        raise InputError(localized("errors", "pack", "files"), path)
    return PackContent(version, rules, cases)


# Making


def content_of(folder: Path) -> PackContent:
    """The content for a pack in a folder: rules files, cases, and `pack.toml` with the version. Raises InputError."""
    if not folder.is_dir():
        raise InputError(localized("errors", "no_rules_folder"), folder)
    paths = {path.name: path for path in sorted(folder.iterdir()) if path.suffix in (".toml", ".csv")}
    texts = {name: _decoded(_read(path), folder, name) for name, path in paths.items()}
    try:
        about = toml_of(texts.pop(_ABOUT, ""))
    except TomlError:
        about = {}
    version = about.get("version")
    if about.keys() != {"version"} or not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise InputError(localized("errors", "pack", "version"), folder / _ABOUT)
    if len(texts) > _MOST_FILES or sum(path.stat().st_size for path in paths.values()) > _MOST_ALL:
        raise InputError(localized("errors", "pack", "most", files=_MOST_FILES, most=_MOST_ALL >> 20), folder)
    return _content(version, texts, folder)


def _read(path: Path) -> bytes:
    data = read_bounded(path, _MOST_FILE + 1)
    if len(data) > _MOST_FILE:
        raise InputError(localized("errors", "larger", most=_MOST_FILE >> 20), path)
    return data


def write_pack(content: PackContent, key_file: Path, out: Path) -> str:
    """Write a pack, completely or not at all; returns the fingerprint of the key. Raises InputError, OptionError."""
    signer = signing.Signer(key_file)
    data = {name: text.encode() for name, text in sorted({**content.rules, **content.cases}.items())}
    files = {
        name: {"bytes": len(member), "sha256": hashlib.sha256(member).hexdigest()} for name, member in data.items()
    }
    manifest = json.dumps({"format": 1, "version": content.version, "files": files}, indent=1).encode()
    signature = signer.public + signer.sign(_CONTEXT, manifest)
    with atomic_path(out) as unfinished:
        write_archive(unfinished, {_SIGNATURE: signature, _MANIFEST: manifest, **data}.items())
    return signer.fingerprint
