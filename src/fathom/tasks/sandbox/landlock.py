"""Landlock: restricts this process to reading some folders. Linux 5.13 and newer; needs no privilege.

Landlock is a security module that a process applies to itself, irrevocably. It also denies ``/proc``, and with it the
environment and the memory of other processes of the same user. Newer kernels add TCP and signals.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence

# include/uapi/linux/landlock.h; the three system calls have the same numbers on every architecture
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REGULAR, _TRUNCATE = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 14
_OWN_FOLDER = _WRITE_FILE | _READ_FILE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REGULAR | _TRUNCATE
"""What a program may do in a folder of its own: no links, no devices, nothing executable."""
_ALL_NET = 0b11
_ALL_SCOPES = 0b11
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights on files a version knows; 16 from version 5
_PR_SET_NO_NEW_PRIVS = 38

SYSTEM = ("/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache")
"""Folders of programs and libraries, which an interpreter needs to start."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict(
    readable: Sequence[str],
    devices: Sequence[str] = ("/dev/null", "/dev/urandom"),
    writable: Sequence[str] = (),
) -> bool:
    """Allow only reading (and executing) these folders and files, writing to ``devices``, and making, changing and
    removing regular files in the folders ``writable``, from now on.

    False, and nothing is changed, if the kernel has no Landlock.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    rights = (1 << _RIGHTS.get(version, 16)) - 1
    rules = _Ruleset(rights, _ALL_NET, _ALL_SCOPES)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    for path in readable:
        if os.path.exists(path):
            folder = _READ_DIR if os.path.isdir(path) else 0
            _allow(libc, ruleset, path, _EXECUTE | _READ_FILE | folder)
    for path in devices:
        if os.path.exists(path):
            _allow(libc, ruleset, path, _READ_FILE | _WRITE_FILE)
    for path in writable:
        _allow(libc, ruleset, path, _OWN_FOLDER & rights)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    done = libc.syscall(_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return done


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    """Add a rule for a path; one that cannot be opened stays denied."""
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    libc.syscall(_ADD, ruleset, _BENEATH, ctypes.byref(_Beneath(rights, parent)), 0)
    os.close(parent)
