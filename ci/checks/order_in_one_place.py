# SPDX-License-Identifier: BSD-3-Clause
"""What must be durable before what is decided in engine/durability/ and nowhere else."""
from checks.tree import find_words

SAYS = "only engine/durability/ flushes, persists or releases"

REMEDY = "make it a step of a protocol in engine/durability/"
RULES = [
    (r"\bIoKind::flush\b", "a flush outside of the protocols", REMEDY),
    (r"[.\s]fua\s*=[^=]", "a write with FUA outside of the protocols", REMEDY),
    (r"(?:\.|->)\s*(?:flush|persist|release)\s*\(",
     "a barrier, or what waits for one, outside of the protocols", REMEDY),
]


def find(tree):
    exempt = ("engine/durability/", "engine/include/")  # public headers only declare
    return find_words(tree, [path for path in tree.paths("engine/") if not path.startswith(exempt)], RULES)
