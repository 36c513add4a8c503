# SPDX-License-Identifier: BSD-3-Clause
"""The top level is what the README's tour shows, and every source file says its licence."""
import re

from checks.tree import Finding

SAYS = "the top level holds what it is meant to hold, and every source file begins with its licence"

TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "engine", "sim", "devices",
             "scenarios", "tools", "tests", "ci", "docs", ".ci", ".gitignore", ".clang-format", ".git"}
DEVICES = {"nvme", "simdisk"}
LICENCE = "SPDX-License-Identifier: BSD-3-Clause"
SPOKEN_FOR = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def find(tree):
    found = []
    for path, text in tree.texts.items():
        folders = path.split("/")
        if folders[0] not in TOP_LEVEL:
            found.append(Finding(path, 0, "it is not of the top level", "put it where its subject lives"))
        if folders[0] == "devices" and folders[1] not in DEVICES:
            found.append(Finding(path, 0, "it is in neither host's folder", "put it into nvme/ or simdisk/"))
        if is_source(path, text):
            found += licence(path, text)
            found += promises(path, text)
    return found


def is_source(path, text):
    ends_like_source = path.endswith((".cc", ".hh", ".cmake", ".py", ".sh", "CMakeLists.txt"))
    return ends_like_source or text.startswith("#!")


def licence(path, text):
    head = text.split("\n", 2)[:2]
    line = head[1] if head[0].startswith("#!") and len(head) > 1 else head[0]
    if LICENCE not in line:
        yield Finding(path, 1, "its licence is missing", f"begin it with `{LICENCE}`")


def promises(path, text):
    if path.startswith("ci/checks/"):
        return  # these files name the words that they look for
    for number, line in enumerate(text.splitlines(), 1):
        if match := SPOKEN_FOR.search(line):
            yield Finding(path, number, f"`{match.group()}` promises work", "do it, or state the limit")
