"""A disk that fails: system calls of this process answered with an error, by a seccomp filter.

The filter holds for the life of the process, so it is set in one made for the purpose. It needs no
privilege and no compiler.
"""

from __future__ import annotations

import ctypes
import platform

_NUMBERS = {
    "x86_64": {"pwrite64": 18, "fsync": 74, "fdatasync": 75, "write": 1},
    "aarch64": {"pwrite64": 68, "fsync": 82, "fdatasync": 83, "write": 64},
}
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction))]


def fail_from_now_on(calls: list[str], errno: int) -> None:
    """Let these system calls of this thread fail with the error number."""
    numbers = [_NUMBERS[platform.machine()][call] for call in calls]
    load = (0x20, 0, 0, 0)  # the system call's number
    steps = [load]
    for at, number in enumerate(numbers):
        steps.append((0x15, len(numbers) - at, 0, number))  # equal: jump to the error
    steps += [(0x06, 0, 0, _ALLOW), (0x06, 0, 0, _ERRNO | errno)]
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused")
    if libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel has no seccomp filters")
