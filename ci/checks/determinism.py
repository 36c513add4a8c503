# SPDX-License-Identifier: BSD-3-Clause
"""The same seed is the same run: nothing in the engine, the simulator or the simulated host asks the
machine."""
import re

from checks.tree import Finding, find_words

SAYS = "no clock, chance, address or thread decides anything in engine/, sim/ and devices/simdisk/"

WHERE = ("engine/", "sim/", "devices/simdisk/")
ALLOWED = "ci/checks/determinism.allow"
RULES = [
    (r"<(?:random|thread|mutex|shared_mutex|condition_variable|future|chrono|ctime|time\.h|locale|pthread\.h|"
     r"unordered_map|unordered_set)>", "this header brings what a replay cannot repeat", "do without it"),
    (r"\bstd::chrono\b|\b(?:clock_gettime|gettimeofday|clock)\s*\(|\b(?:std::|::)time\s*\(", "a clock",
     "count events"),
    (r"\brandom_device\b|\bs?rand(?:om)?\s*\(|\bmt19937|\b\w*_distribution\b|\bgetrandom\b", "chance",
     "draw it from the choice stream"),
    (r"\bunordered_\w+", "its order is that of a hash", "use std::map, or a sorted vector"),
    (r"\bstd::(?:multi)?(?:map|set)<[^<>,]*\*\s*[,>]", "it is ordered by addresses",
     "order by a number that lasts"),
    (r"\bstd::(?:hash|less|greater)<[^<>]*\*>", "an address decides", "order by a number that lasts"),
    (r"\bstd::(?:jthread|thread|mutex|\w+_mutex|condition_variable\w*|async)\b|\bpthread_\w+",
     "a thread or a lock", "hand work to an Executor"),
    (r"\bgetenv\b|\bgetpid\b|\bsetlocale\b|\bstd::locale\b", "the surroundings decide",
     "take it as an option"),
    (r"\b(?:float|double)\b", "its rounding is the compiler's", "use integers, and ratios of integers"),
]


def find(tree):
    allowed = parse_allowed(tree.texts.get(ALLOWED, ""))
    found, used = [], set()
    for finding in find_words(tree, tree.paths(*WHERE), RULES):
        excuses = {(path, words) for path, words in allowed if path == finding.path and words in finding.why}
        used |= excuses
        if not excuses:
            found.append(finding)
    found += printed_addresses(tree)
    for path, words in allowed:
        if (path, words) not in used:
            found.append(Finding(ALLOWED, 0, f"{path} has no `{words}` any more", "remove the line"))
    return found


def printed_addresses(tree):
    """In literals, where find_words does not look."""
    for path in tree.paths(*WHERE):
        for number, line in enumerate(tree.texts[path].splitlines(), 1):
            if re.search(r'"[^"]*%p', line):
                yield Finding(path, number, "`%p` prints an address", "print a number that lasts")


def parse_allowed(text):
    """Lines `path | words | reason`."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    fields = ([field.strip() for field in line.split("|")] for line in lines)
    return [(path, words) for path, words, reason in fields if reason]
