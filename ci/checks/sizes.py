# SPDX-License-Identifier: BSD-3-Clause
"""Files, functions and lines fit a reader. What is too big already is in ci/ratchet.txt, which may only
shrink."""
import re
import subprocess

from checks.tree import Finding, line_of

SAYS = "files have at most 600 lines, functions 70, lines 110 characters (or are listed in ci/ratchet.txt)"

LIMITS = {"file-lines": 600, "function-lines": 70, "wide-lines": 0}
COLUMNS = 110
RATCHET = "ci/ratchet.txt"
WIDE_AND_LONG = (".cc", ".hh", ".cmake", ".py", "CMakeLists.txt")


def find(tree):
    allowed = parse_ratchet(tree.texts.get(RATCHET, ""))
    measured = {}
    for path in tree.paths(endings=WIDE_AND_LONG):
        measured.update(too_big(path, tree.texts[path], tree.code(path)))
    found = []
    for (kind, path), (size, line) in measured.items():
        limit = allowed.get((kind, path), LIMITS[kind])
        if size > limit:
            found.append(Finding(path, line, f"{kind} {size}, at most {limit}", "make it smaller"))
    for (kind, path), size in allowed.items():
        now = measured.get((kind, path), (0, 0))[0]
        if now < size:
            found.append(Finding(RATCHET, 0, f"`{kind} {path}` is {now or 'no longer too big'}",
                                 "lower or remove the line"))
    return found + list(growth(tree, allowed))


def too_big(path, text, code):
    """(kind, path) -> (size, line) of what exceeds a limit; of functions the longest one."""
    lines = text.splitlines()
    if len(lines) > LIMITS["file-lines"]:
        yield ("file-lines", path), (len(lines), 0)
    wide = [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS]
    if wide:
        yield ("wide-lines", path), (len(wide), wide[0])
    if path.endswith((".cc", ".hh")):
        size, line = max(functions(code), default=(0, 0))
        if size > LIMITS["function-lines"]:
            yield ("function-lines", path), (size, line)


BODY = re.compile(r"[{}]")
SIGNATURE_END = re.compile(
    r"\)\s*(?:const|noexcept|override|final|mutable|&&?|\s)*(?:->[\w:<>\s,*&]+|:[^;{}]*)?$")


def functions(code):
    """(lines, first line) of each outermost body that follows a parameter list."""
    depth, body = 0, None
    previous = 0
    for match in BODY.finditer(code):
        if match.group() == "{":
            if body is None and SIGNATURE_END.search(code[previous:match.start()]):
                body = (depth, line_of(code, match.start()))
            depth += 1
        else:
            depth -= 1
            if body and depth == body[0]:
                yield line_of(code, match.start()) - body[1] + 1, body[1]
                body = None
        previous = match.end()


def growth(tree, allowed):
    """Entries that the last committed list does not have, or has with a smaller number."""
    committed = committed_ratchet(tree)
    if committed is None:
        return
    for (kind, path), size in allowed.items():
        if size > committed.get((kind, path), 0):
            yield Finding(RATCHET, 0, f"`{kind} {path}` grew", "the list only shrinks: mend the code")


def committed_ratchet(tree):
    """The list as it was before its last change, or None where there is no history."""
    if tree.root is None:
        return None
    def git(*command):
        ended = subprocess.run(["git", "-C", tree.root, *command], capture_output=True, text=True)
        return ended.stdout if ended.returncode == 0 else ""
    versions = git("log", "--format=%H", "-n", "2", "--", RATCHET).split()
    if not versions:
        return None
    changed_now = git("show", f"{versions[0]}:{RATCHET}") != tree.texts.get(RATCHET, "")
    if not changed_now and len(versions) == 1:
        return None
    return parse_ratchet(git("show", f"{versions[0 if changed_now else 1]}:{RATCHET}"))


def parse_ratchet(text):
    """Lines `kind path size`."""
    fields = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {(kind, path): int(size) for kind, path, size in fields}
