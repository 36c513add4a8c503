# SPDX-License-Identifier: BSD-3-Clause
"""What every check reads: the tree's files, with and without comments, and what it answers: findings."""
import dataclasses
import functools
import re
import subprocess


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int  # 0: the whole file
    why: str
    remedy: str

    def __str__(self):
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.why}; {self.remedy}"


class Waiting(Exception):
    """Raised by a check whose subject does not exist yet; the reason says what it waits for."""


class Tree:
    """The texts of a tree by their paths from its root. A test makes one from a dictionary."""

    def __init__(self, texts, root=None):
        self.texts = texts
        self.root = root

    @staticmethod
    def on_disk(root):
        files = [path for path in ours(root) if (root / path).is_file()]
        return Tree({path: (root / path).read_text(errors="replace") for path in files}, root)

    def paths(self, *prefixes, endings=(".cc", ".hh")):
        """Paths under any of the folders (all if none is named) that end in one of `endings`, sorted."""
        return sorted(path for path in self.texts
                      if path.endswith(tuple(endings)) and (not prefixes or path.startswith(tuple(prefixes))))

    def code(self, path):
        return without_comments_and_strings(self.texts[path])


def ours(root):
    """Paths of files that git knows or would take; of all files but builds where there is no git."""
    git = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(git, capture_output=True, text=True)
    if listing.returncode == 0:
        return [path for path in listing.stdout.split("\0") if path]
    paths = (str(path.relative_to(root)) for path in root.rglob("*"))
    return [path for path in paths if not path.startswith((".git/", "build/")) and "__pycache__" not in path]


_COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/"""
    r"""|R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*["]"""
    r"""|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""",  # a quote after a digit separates digits
    re.DOTALL)
_INCLUDE = re.compile(r"\s*#\s*include\b")


@functools.lru_cache(maxsize=None)
def without_comments_and_strings(text):
    """C++ text with the same lines, comments blanked and literals emptied; the names in #include stay."""
    def blank(match):
        found = match.group()
        start_of_line = text.rfind("\n", 0, match.start()) + 1
        if found[0] == '"' and _INCLUDE.match(text, start_of_line, match.start()):
            return found
        newlines = "\n" * found.count("\n")
        return newlines if found[0] == "/" else '""' + newlines
    return _COMMENT_OR_LITERAL.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def find_words(tree, paths, rules, in_comments=False):
    """A finding for each place where a rule's pattern matches. A rule is (pattern, why, remedy)."""
    found = []
    for path in paths:
        text = tree.texts[path] if in_comments else tree.code(path)
        for pattern, why, remedy in rules:
            for match in re.finditer(pattern, text, re.MULTILINE):
                words = " ".join(match.group().split())
                found.append(Finding(path, line_of(text, match.start()), f"`{words}`: {why}", remedy))
    return found
