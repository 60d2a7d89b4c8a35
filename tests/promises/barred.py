"""A program in which opening any socket but a local one kills the process: python barred.py CODE [ARGUMENT...].

A seccomp filter (Linux) sees native threads, too, which Python's audit hooks do not.
"""

import ctypes
import os
import platform
import struct
import sys

# Audit architecture and number of the call socket(2), from the kernel's tables.
SOCKET_CALL = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF
KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
AF_UNIX = 1
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2


class Program(ctypes.Structure):
    """The kernel's struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def supported() -> bool:
    """Whether this system has what is needed."""
    return sys.platform == "linux" and platform.machine() in SOCKET_CALL


def bar_sockets() -> None:
    """Kill this process and its children when they open a socket that is not local."""
    architecture, number = SOCKET_CALL[platform.machine()]
    steps = (
        (LOAD, 0, 0, 4),  # the architecture of the call
        (JUMP_IF_EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, 0),  # its number
        (JUMP_IF_EQUAL, 0, 3, number),
        (LOAD, 0, 0, 16),  # its first argument: the family
        (JUMP_IF_EQUAL, 1, 0, AF_UNIX),
        (RETURN, 0, 0, KILL_PROCESS),
        (RETURN, 0, 0, ALLOW),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0)):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    program_text = sys.argv.pop(1)
    bar_sockets()
    exec(compile(program_text, "<barred>", "exec"))  # noqa: S102 - the test's own program
