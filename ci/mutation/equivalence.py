# SPDX-License-Identifier: BSD-3-Clause
"""The mutants that are no faults: ci/mutation/equivalent.txt, one a line, each with its proof."""
import re

_LINE = re.compile(r"(\S+) ([0-9a-f]{8}) (\S.*)")


class Unproven(Exception):
    """The list says what the tree does not."""


def proven(text, mutants):
    """The ids that the list holds. Each must exist, and change what it changed when it was proven."""
    fingerprints = {mutant.id: mutant.fingerprint for mutant in mutants}
    ids = set()
    where = "ci/mutation/equivalent.txt"
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        fields = _LINE.fullmatch(line)
        if fields is None:
            raise Unproven(f"{where}: `{line}` is not an id, a fingerprint and a proof")
        name, fingerprint, _ = fields.groups()
        if name not in fingerprints:
            raise Unproven(f"{where}: there is no mutant {name} any more: remove its line")
        if fingerprints[name] != fingerprint:
            now = fingerprints[name]
            raise Unproven(f"{where}: {name} changes something else now ({now}): prove it again")
        ids.add(name)
    return ids
