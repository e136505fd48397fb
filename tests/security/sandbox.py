"""Runs a program under the system call rules of a systemd unit, without systemd:

    sandbox.py UNIT PROGRAM [ARGUMENT...]

What the unit forbids kills the program, whatever SystemCallErrorNumber says: it is there for the
day after, not for today. From outside of a test it is a way to see what the unit would do.
"""
import ctypes
import os
import re
import struct
import subprocess
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, KILL, ERRNO = 0x7fff0000, 0x80000000, 0x00050000
LOAD, JUMP_EQ, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06
EAFNOSUPPORT = 97
PROT_WRITE, PROT_EXEC = 2, 4
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


# Where a filter finds the number of the call, and the low half of an argument.
NUMBER = 0


def argument(n):
    return 16 + 8 * n


def settings(unit):
    """{directive: [values]} of the unit."""
    found = {}
    with open(unit) as f:
        for name, value in re.findall(r"(?m)^(\w+)=(.*)$", f.read()):
            found.setdefault(name, []).append(value)
    return found


def members(name):
    """The calls of a set such as @system-service."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    calls = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= members(word)
    return calls


def allowed(unit):
    """Names of the calls that the unit lets pass: systemd.exec(5), SystemCallFilter."""
    calls = members("@default")
    for value in settings(unit)["SystemCallFilter"]:
        named = set().union(*(members(word) for word in value.lstrip("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    return calls


def numbers():
    """{name: number} on this machine, from the C library's header."""
    text = subprocess.run(["cc", "-dM", "-E", "-include", "sys/syscall.h", "-x", "c", "/dev/null"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: int(number) for name, number in
            re.findall(r"(?m)^#define __NR_(\w+) (\d+)$", text)}


def socket_rules(number, families):
    """Only these families; others fail as systemd lets them fail."""
    n = len(families)
    return [(JUMP_EQ, 0, n + 3, number), (LOAD, 0, 0, argument(0)),
            *((JUMP_EQ, n - i, 0, FAMILIES[name]) for i, name in enumerate(families)),
            (RETURN, 0, 0, ERRNO | EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]


def memory_rules(number, protections):
    """No page may have all of these."""
    tests = [(JUMP_SET, 0, len(protections) - i, one) for i, one in enumerate(protections)]
    body = [(LOAD, 0, 0, argument(2)), *tests, (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    return [(JUMP_EQ, 0, len(body), number), *body]


def program(unit):
    """The filter: (code, jump if true, jump if false, value) each."""
    known = numbers()
    rules = settings(unit)
    code = [(LOAD, 0, 0, NUMBER)]
    code += socket_rules(known["socket"], rules["RestrictAddressFamilies"][0].split())
    if rules["MemoryDenyWriteExecute"] == ["yes"]:
        code += memory_rules(known["mmap"], [PROT_EXEC, PROT_WRITE])
        code += memory_rules(known["mprotect"], [PROT_EXEC])
    for name in sorted(allowed(unit)):
        if name in known:
            code += [(JUMP_EQ, 0, 1, known[name]), (RETURN, 0, 0, ALLOW)]
    return code + [(RETURN, 0, 0, KILL)]


def enter(code):
    libc = ctypes.CDLL(None, use_errno=True)
    packed = b"".join(struct.pack("HBBI", *one) for one in code)
    buffer = ctypes.create_string_buffer(packed, len(packed))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    filter_ = Program(len(code), ctypes.cast(buffer, ctypes.c_void_p))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def main():
    code = program(sys.argv[1])
    enter(code)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
