"""Confines the process of a parser: it reads what is open, writes to its pipes, and can do nothing else.

Two walls of Linux, each where the kernel has it. Landlock: no file is opened, written, removed or run by its path, and
no TCP connection is made. seccomp, through the system's `libseccomp`: only the system calls below; so there are no
other connections and programs, and no other process. Other systems have neither.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import struct
import sys
from contextlib import suppress

_NO_NEW_PRIVILEGES = 38  # prctl
_CREATE, _RESTRICT = 444, 446  # landlock_create_ruleset and landlock_restrict_self, the same on all architectures
_PATHS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights about files each version of Landlock knows; later ones 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # seccomp: allowed; refused with EPERM
_UNKNOWN = 0x00050000 | 38  # with ENOSYS: the C library then uses `clone`, whose flags can be compared
_ALL_THREADS, _MASKED = 4, 7
_CALLS = """
    read pread64 readv preadv write writev lseek fstat newfstatat statx close dup
    mmap munmap mremap mprotect brk madvise membarrier
    futex futex_waitv set_robust_list rseq sched_yield sched_getaffinity gettid getpid
    epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 poll ppoll
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    clock_gettime clock_nanosleep nanosleep getrandom sysinfo getrusage uname exit exit_group
"""
# Calls that do more than a parser needs: an argument that they must have, its value, and the bits that count.
_ONLY = (
    (b"clone", 0, 0x10000, 0x10000),  # CLONE_THREAD
    *((b"fcntl", 1, command, 0xFFFFFFFF) for command in (1, 3, 1030)),  # F_GETFD, F_GETFL, F_DUPFD_CLOEXEC
)
_ENCODINGS = ("ascii", "cp437", "latin-1", "utf-8", "utf-16-le")  # each is a module, which is loaded when it is used


class _Compare(ctypes.Structure):
    """struct scmp_arg_cmp: a condition for an argument of a system call."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("mask", ctypes.c_uint64), ("equal", ctypes.c_uint64))


def confine() -> None:
    """Confine this process for good; what it still needs is open and imported. Must be called before it has threads."""
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)
    if sys.platform != "linux":
        return
    libc, seccomp = ctypes.CDLL(None), None
    with suppress(OSError):
        seccomp = ctypes.CDLL("libseccomp.so.2")  # before paths are forbidden
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _forbid_paths(libc)
    if seccomp:
        _forbid_calls(seccomp)


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


def _forbid_calls(seccomp: ctypes.CDLL) -> None:
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(_REFUSE))
    seccomp.seccomp_attr_set(rules, _ALL_THREADS, 1)
    for name in _CALLS.split():
        seccomp.seccomp_rule_add_array(rules, _ALLOW, seccomp.seccomp_syscall_resolve_name(name.encode()), 0, None)
    for call, place, value, mask in _ONLY:
        only = ctypes.byref(_Compare(place, _MASKED, mask, value))
        seccomp.seccomp_rule_add_array(rules, _ALLOW, seccomp.seccomp_syscall_resolve_name(call), 1, only)
    clone3 = seccomp.seccomp_syscall_resolve_name(b"clone3")
    seccomp.seccomp_rule_add_array(rules, _UNKNOWN, clone3, 0, None)
    seccomp.seccomp_load(rules)
