# SPDX-License-Identifier: BSD-3-Clause
"""A mutant: one thing that is missing, under a name that survives edits elsewhere."""
import dataclasses
import hashlib

from checks.tree import line_of


@dataclasses.dataclass(frozen=True)
class Edit:
    path: str
    begin: int
    end: int
    text: str

    def original(self, texts):
        return texts[self.path][self.begin:self.end]


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str
    function: str
    rule: str
    ordinal: int  # among those of the same rule in the same function
    edits: tuple
    fingerprint: str  # of what it changes: a proof of equivalence holds for that alone
    says: str

    @property
    def id(self):
        return f"{self.path.removeprefix('engine/')}:{self.function}:{self.rule}:{self.ordinal}"

    def applied(self, texts):
        """The texts that it changes, by path."""
        changed = {}
        for edit in sorted(self.edits, key=lambda edit: -edit.begin):
            text = changed.get(edit.path, texts[edit.path])
            changed[edit.path] = text[:edit.begin] + edit.text + text[edit.end:]
        return changed


def numbered(found, texts):
    """Mutants of (path, function, rule, edits), which come in the order of their places."""
    counts, mutants = {}, []
    for path, function, rule, edits in found:
        key = (path, function, rule)
        counts[key] = counts.get(key, 0) + 1
        changes = [(_words(edit.original(texts)), _words(edit.text)) for edit in edits]
        mark = hashlib.sha256(repr(changes).encode()).hexdigest()[:8]
        says = _says(edits, changes, texts)
        mutants.append(Mutant(path, function, rule, counts[key], tuple(edits), mark, says))
    return mutants


def _words(text):
    return " ".join(text.split())


def _says(edits, changes, texts):
    lines = [line_of(texts[edit.path], edit.begin) for edit in edits]
    before, after = (words if len(words) <= 90 else words[:87] + "..." for words in changes[0])
    if len(edits) > 1 and edits[1].begin == edits[1].end:
        return f"{edits[0].path}:{lines[0]}: `{before}` moves to line {lines[1]}"
    return f"{edits[0].path}:{lines[0]}: `{before}` becomes `{after}`"
