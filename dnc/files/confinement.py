"""Confines the process of a parser: it reads what is open, writes to its pipes, and reaches no other file.

Landlock, where the kernel of Linux has it: no file is opened, written, removed or run by its path, and no TCP
connection is made. Other systems have no such wall.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import struct
import sys

_NO_NEW_PRIVILEGES = 38  # prctl
_CREATE, _RESTRICT = 444, 446  # landlock_create_ruleset and landlock_restrict_self, the same on all architectures
_PATHS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights about files each version of Landlock knows; later ones 16
_ENCODINGS = ("ascii", "cp437", "latin-1", "utf-8", "utf-16-le")  # each is a module, which is loaded when it is used


def confine() -> None:
    """Confine this process for good; what it still needs is open and imported. Must be called before it has threads."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _forbid_paths(libc)


def _forbid_paths(libc: ctypes.CDLL) -> None:
    version = libc.syscall(_CREATE, None, 0, 1)
    if version < 1:
        return
    rights = [(1 << _PATHS.get(version, 16)) - 1, *[0b11] * (version >= 4), *[0b11] * (version >= 6)]
    ruleset = struct.pack(f"={len(rights)}Q", *rights)
    handle = libc.syscall(_CREATE, ruleset, len(ruleset), 0)
    if handle >= 0:  # a set without a rule allows nothing
        libc.syscall(_RESTRICT, handle, 0)
        os.close(handle)
