"""Signatures of files (Ed25519): keys, and what is signed with them.

The context is signed with the data, so a signature made for one kind of file is never valid for another. A key is
identified by its fingerprint: the SHA-256 of the public key in DER, as `openssl pkey -pubout -outform DER | sha256sum`
prints it.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from dnc.errors import InputError, OptionError, extra
from dnc.files.input_file import open_input, read_bounded
from dnc.messages import localized

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES, SIGNATURE_BYTES = 32, 64
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_LONGEST = 1 << 16  # bytes of a file with a key
# The points whose order divides 8, by their coordinate y (RFC 8032, 5.1). As public keys they have signatures that are
# valid for any text, and OpenSSL accepts them.
_PRIME = (1 << 255) - 19
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_WEAK = {y % _PRIME for y in (0, 1, -1, _OF_ORDER_8, -_OF_ORDER_8)}


class Signer:
    """A private key (PKCS#8, PEM) that signs.

    Raises InputError if the file is not such a key, or others can read it; OptionError if the extra is missing.
    """

    def __init__(self, path: Path) -> None:
        self._key = _private_key(path)
        self.public = self._key.public_key().public_bytes_raw()
        self.fingerprint = _fingerprint(self._key.public_key())

    @property
    def pem(self) -> bytes:
        """The public key, for other programs."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, context: bytes, data: bytes) -> bytes:
        """The signature of some data in a context."""
        return self._key.sign(context + data)


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The public key and the signature, as hex, in a file of JSON."""

    key: Annotated[str, msgspec.Meta(pattern=rf"^[0-9a-f]{{{2 * KEY_BYTES}}}\Z")]
    signature: Annotated[str, msgspec.Meta(pattern=rf"^[0-9a-f]{{{2 * SIGNATURE_BYTES}}}\Z")]

    @classmethod
    def by(cls, signer: Signer, context: bytes, data: bytes) -> Signature:
        """A signature of some data in a context."""
        return cls(signer.public.hex(), signer.sign(context, data).hex())

    def verified(self, context: bytes, data: bytes, path: Path | None) -> str:
        """The fingerprint of the key that signed some data in a context. path: the file, for the error.

        Raises InputError if the signature is not valid or anybody could have made it, OptionError if the extra is
        missing.
        """
        with extra("packs"):
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        public = bytes.fromhex(self.key)
        try:
            key = Ed25519PublicKey.from_public_bytes(public)
            key.verify(bytes.fromhex(self.signature), context + data)
        except (InvalidSignature, ValueError):
            key = None
        if key is None or int.from_bytes(public, "little") % (1 << 255) % _PRIME in _WEAK:
            raise InputError(localized("errors", "signature"), path)
        return _fingerprint(key)


def named_key(text: str) -> str:
    """The fingerprint that an option gives: the fingerprint itself, or the file of a public key (PEM).

    Raises InputError if it is neither, OptionError if the extra is missing.
    """
    if _FINGERPRINT.fullmatch(text.lower()):
        return text.lower()
    with extra("packs"):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    if not os.path.exists(text):  # noqa: PTH110 (a `Path` raises where a text is too long for a name)
        raise OptionError(localized("errors", "no_fingerprint", text=text))
    path = Path(text)
    try:
        key = load_pem_public_key(read_bounded(path, _LONGEST))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(localized("errors", "public_key"), path)
    return _fingerprint(key)


def _private_key(path: Path) -> Ed25519PrivateKey:
    with extra("packs"):
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


def _fingerprint(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
