# SPDX-License-Identifier: BSD-3-Clause
"""Each third-party library has one door: the files that include it
(docs/decisions/one-door-per-dependency.md)."""
import fnmatch
import re

from checks.tree import Finding, line_of

SAYS = "each third-party library is included only at its door"

# Header -> the files that may include it.
DOORS = {
    "isa-l/crc.h": ("engine/core/crc32c.cc",),
    "isa-l/*": ("engine/reduce/codec*.cc",),
    "isa-l.h": (),
    "lz4*": ("engine/reduce/codec*.cc", "tests/engine/reduce/*"),
    "liburing*": ("devices/nvme/*",),
    "libpmem*": ("devices/nvme/*",),
    "fiu*": ("devices/nvme/*", "tests/devices/nvme/*"),
    "nlohmann/*": ("sim/*", "tools/*", "tests/*"),
    "fmt/*": ("sim/*", "tools/*", "tests/*"),
    "CLI/*": ("tools/*",),
    "xxh*": ("devices/simdisk/*",),
    "gtest/*": ("tests/*",),
    "gmock/*": ("tests/*",),
    "rapidcheck*": ("tests/*",),
    "benchmark/*": ("tests/*",),
}
# Of the system, the engine sees the standard library and the one POSIX header of its host interface.
ENGINE_SYSTEM_HEADERS = {"sys/uio.h"}
INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)


def find(tree):
    found = []
    for path in tree.paths():
        code = tree.code(path)
        for match in INCLUDE.finditer(code):
            if problem := wrong(path, match.group(1)):
                found.append(Finding(path, line_of(code, match.start(1)), f"<{match.group(1)}> {problem}",
                                     "go through the door's own header; the doors are in ci/checks/doors.py"))
    return found


def wrong(path, header):
    for pattern, doors in DOORS.items():
        if fnmatch.fnmatchcase(header, pattern):
            if any(fnmatch.fnmatchcase(path, door) for door in doors):
                return None
            return f"has its door elsewhere ({', '.join(doors) or 'nowhere'})"
    is_standard = re.fullmatch(r"\w+", header) or header in ENGINE_SYSTEM_HEADERS
    if path.startswith("engine/") and not is_standard:
        return "is neither the standard library nor a library that the engine has a door for"
    return None
