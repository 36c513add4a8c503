# SPDX-License-Identifier: BSD-3-Clause
"""The engine cannot tell which host it has: no word of it, comments included, speaks of one that is not
real."""
from checks.tree import find_words

SAYS = "no word of the engine knows of a simulator, a test or a build variant"

REMEDY = "say it in terms of the host interfaces, or move it out of engine/"
RULES = [
    (r"(?i)\bsim\b|\bsim_\w*|\bsimdisk\w*|\bsimulat\w*", "the engine knows no simulator", REMEDY),
    (r"\b[Ss]im[A-Z]\w*", "the engine knows no simulator", REMEDY),
    (r"(?i)\bmock\w*|\bfake\w*|\binject\w*|\bfault[ -_]?injection\w*|\bfiu_?\w*",
     "the engine knows no stand-ins", REMEDY),
    (r"(?i)\btest[ _-]?hooks?\b|(?:\b|_)for_?test(?:s|ing)?\b|\bFRIEND_TEST\b",
     "the engine has no doors for tests", REMEDY),
    (r"\bfriend\s+(?:class|struct)\s+\w*Test\w*", "the engine has no doors for tests", REMEDY),
    (r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|else)\b", "the engine compiles to one thing",
     "decide it at run time, or not at all"),
]


def find(tree):
    return find_words(tree, tree.paths("engine/"), RULES, in_comments=True)
