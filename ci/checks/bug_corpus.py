# SPDX-License-Identifier: BSD-3-Clause
"""What is known to have gone wrong elsewhere is excluded here by something that exists."""
import collections
import re

from checks.tree import Finding

SAYS = "each known defect of the replaced engine is excluded by tests, scenarios or types that exist"

TABLE = "docs/bug-corpus.md"
IDS = "ci/checks/bug_corpus.ids"
ROW = re.compile(r"^\| *((?:BS|RD)-\d+) *\|(.*)\|([^|]*)\|([^|]*)\| *$")
TEST = re.compile(r"\b(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+)")
CITED = re.compile(r"`([^`]+)`")
COMPILE_SHARE = 0.4  # of the rows, at most
REMEDY = "cite what excludes the defect, or write it"


def find(tree):
    rows = list(rows_of(tree.texts.get(TABLE, "")))
    return [*wrong_ids(tree, rows), *wrong_citations(tree, rows), *too_many_by_types_alone(rows)]


def rows_of(text):
    """(line, id, kinds, citations) of each row."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := ROW.match(line):
            kinds = {kind.strip() for kind in match.group(3).split(",")}
            yield number, match.group(1), kinds, CITED.findall(match.group(4))


def wrong_ids(tree, rows):
    wanted = {line for line in tree.texts.get(IDS, "").splitlines() if line and not line.startswith("#")}
    told = collections.Counter(name for _, name, _, _ in rows)
    for name in wanted - set(told):
        yield Finding(TABLE, 0, f"{name} is missing", "give it a row")
    for number, name, _, _ in rows:
        if name not in wanted:
            yield Finding(TABLE, number, f"{name} is not in {IDS}", "list it there, or drop its row")
        if told[name] > 1:
            yield Finding(TABLE, number, f"{name} has {told[name]} rows", "leave one")


def wrong_citations(tree, rows):
    tests = {f"{suite}.{name}" for path in tree.paths("tests/", endings=(".cc",))
             for suite, name in TEST.findall(tree.code(path))}
    for number, name, kinds, cited in rows:
        for what in cited:
            if what not in tests and what not in tree.texts:
                yield Finding(TABLE, number, f"{name}: `{what}` does not exist", REMEDY)
        if kinds != {kind_of(what) for what in cited}:
            yield Finding(TABLE, number, f"{name}: its kinds are not those of what it cites", REMEDY)


def kind_of(cited):
    if cited.startswith("scenarios/"):
        return "scenario"
    return "compile" if cited.startswith(("tests/compile_fail/", "ci/checks/")) else "test"


def too_many_by_types_alone(rows):
    alone = sum(kinds == {"compile"} for _, _, kinds, _ in rows)
    if alone > COMPILE_SHARE * len(rows):
        yield Finding(TABLE, 0, f"{alone} of {len(rows)} rows rest on `compile` alone",
                      "write a test or a scenario for some of them")
