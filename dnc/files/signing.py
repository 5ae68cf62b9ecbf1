"""Signatures (Ed25519): keys, and what is signed with them.

A key is identified by its fingerprint: the SHA-256 of the public key in DER, as `openssl pkey -pubout -outform DER |
sha256sum` prints it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dnc.errors import InputError, extra
from dnc.files.input_file import open_input
from dnc.messages import localized

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_LONGEST = 1 << 16  # bytes of a file with a key


class PublicKey(NamedTuple):
    """A public key, and its fingerprint."""

    key: Ed25519PublicKey
    fingerprint: str


class Signer:
    """A private key (PKCS#8, PEM) that signs.

    Raises InputError if the file is not such a key, or others can read it; OptionError if the extra is missing.
    """

    def __init__(self, path: Path) -> None:
        self._key = _private_key(path)
        self.fingerprint = _fingerprint(self._key.public_key())

    @property
    def pem(self) -> bytes:
        """The public key, for other programs."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """The signature of some data."""
        return self._key.sign(data)


def _private_key(path: Path) -> Ed25519PrivateKey:
    with extra("signatures"):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    with open_input(path) as file:
        if os.name != "nt" and os.fstat(file.fileno()).st_mode & 0o077:
            raise InputError(localized("errors", "open_key"), path)
        text = file.read(_LONGEST)
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(localized("errors", "private_key"), path)
    return key


def key_in(pem: bytes, path: Path) -> PublicKey:
    """The public key in a file. Raises InputError if it has none; OptionError if the extra is missing."""
    with extra("signatures"):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(localized("errors", "public_key"), path)
    return PublicKey(key, _fingerprint(key))


def is_signed(public: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether a signature of some data was made with the private key of a public one."""
    from cryptography.exceptions import InvalidSignature

    try:
        public.key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _fingerprint(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
