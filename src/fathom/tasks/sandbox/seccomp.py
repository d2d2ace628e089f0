"""Seccomp: denies this process the system calls for network, processes, threads, signals, debugging and mounts. Linux.

The filter is a program in the kernel's packet-filter language; it needs no privilege and is irrevocable. It denies what
a program that computes an answer never needs, rather than allowing what some interpreter happens to use: such a list
would break with the next libc. Denied calls fail with EPERM, which a program sees as a Python exception.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from dataclasses import dataclass

# include/uapi/linux/{audit,filter,seccomp}.h
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data; low halves, little endian
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class _Machine:
    """An architecture: its code, the calls to deny, and the two calls that are denied by their arguments."""

    audit: int
    refused: tuple[int, ...]
    prlimit64: int
    fcntl: int


_EVERYWHERE = (
    *(424, 434, 438),  # pidfd_send_signal, pidfd_open, pidfd_getfd
    *(425, 426, 427),  # io_uring: its system calls are not filtered
    *(452, 463, 466),  # fchmodat2, setxattrat, removexattrat
    *(428, 429, 430, 431, 432, 433, 442),  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
)

_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        refused=(
            *(41, 42, 49, 53),  # socket, connect, bind, socketpair
            *(56, 57, 58),  # clone, fork, vfork
            *(62, 200, 234, 129, 297),  # kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo
            *(101, 310, 311),  # ptrace, process_vm_readv, process_vm_writev
            *(109, 112, 141, 142, 144, 203, 251, 314),  # setpgid, setsid, setpriority, sched_set*, ioprio_set
            *(90, 91, 268, 92, 93, 94, 260),  # chmod and chown, which Landlock does not restrict
            *(132, 235, 261, 280, 188, 189, 190, 197, 198, 199),  # times and extended attributes, for the same reason
            *(29, 64, 68, 240),  # shmget, semget, msgget, mq_open: they outlive the process
            *(155, 161, 165, 166),  # pivot_root, chroot, mount, umount2
            *(272, 308, 304),  # unshare, setns, open_by_handle_at
            *(248, 249, 250, 298, 321, 323),  # add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd
            *(164, 167, 168, 169, 170, 175, 176, 227, 246, 313),  # clocks, swap, reboot, host name, kernel modules
            *_EVERYWHERE,
        ),
        prlimit64=302,
        fcntl=72,
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        refused=(
            *(198, 203, 200, 199),
            220,
            *(129, 130, 131, 138, 240),
            *(117, 270, 271),
            *(154, 157, 140, 118, 119, 122, 30, 274),
            *(52, 53, 54, 55),
            *(88, 5, 6, 7, 14, 15, 16),
            *(194, 190, 186, 180),
            *(41, 51, 40, 39, 97, 268, 265),
            *(217, 218, 219, 241, 280, 282),
            *(170, 224, 225, 142, 161, 105, 106, 112, 104, 273),
            *_EVERYWHERE,
        ),
        prlimit64=261,
        fcntl=25,
    ),
}
_CLONE3 = 435
_SIGNAL_BY_FILE = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals to any process through a pipe


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def restrict() -> bool:
    """Apply the filter to this process. False, and nothing is changed, on an unsupported system or architecture."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return False
    code = program(machine)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filter_ = _Program(len(code) // 8, code)
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(filter_), 0, 0) == 0)


def program(machine: _Machine) -> bytes:
    """The filter: instructions of 8 bytes, each (code, jump if true, jump if false, operand)."""
    refuse, absent = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, absent),
    ]
    for number in machine.refused:
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    lines += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, absent)]  # libc then tries clone
    # prlimit64 on another process could kill it: allowed on this process alone
    lines += [(_EQUAL, 0, 4, machine.prlimit64), (_LOAD, 0, 0, _FIRST), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, refuse)]
    lines += [(_RETURN, 0, 0, _ALLOW)]
    lines += [(_EQUAL, 0, 2 + 2 * len(_SIGNAL_BY_FILE), machine.fcntl), (_LOAD, 0, 0, _SECOND)]
    for command in _SIGNAL_BY_FILE:
        lines += [(_EQUAL, 0, 1, command), (_RETURN, 0, 0, refuse)]
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
