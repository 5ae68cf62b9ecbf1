"""Signatures of files."""

from __future__ import annotations

from itertools import product

import pytest

from dnc.errors import InputError
from dnc.files.signing import _WEAK, Signature


@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_no_key_has_signatures_that_anybody_can_make(sign):
    """Of these keys one signature in eight that needs no private key is valid, whatever was signed."""
    points = [y.to_bytes(32, "little") for y in _WEAK]
    weak = [(y + sign).to_bytes(32, "little") for y in (*_WEAK, (1 << 255) - 19, (1 << 255) - 18)]
    for public, point, data in product(weak, points, range(20)):
        with pytest.raises(InputError, match="signature"):
            Signature(public.hex(), (point + bytes(32)).hex()).verified(b"context", bytes([data]), None)
