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
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        fields = _LINE.fullmatch(line)
        if fields is None:
            raise Unproven(f"`{line}` is not an id, a fingerprint and a proof")
        name, fingerprint, _ = fields.groups()
        if name not in fingerprints:
            raise Unproven(f"there is no mutant {name} any more: remove its line")
        if fingerprints[name] != fingerprint:
            raise Unproven(f"{name} changes something else now ({fingerprints[name]}): prove it again")
        ids.add(name)
    return ids
