# SPDX-License-Identifier: BSD-3-Clause
"""An invariant exists in four places or not at all: paragraph, tag in the protocol, checker, scenario."""
import re

from checks.tree import Finding, Waiting, line_of

SAYS = "every invariant has its paragraph, its tag in the protocol's code, its checker and its scenario"

BARRIERS = "engine/include/holdfast/host/purpose.hh"
SCHEMA = "scenarios/schema.json"  # names them all and tests none
PARAGRAPHS = "engine/durability/DURABILITY.md"
ENUM = re.compile(r"enum class Barrier\b[^{]*\{(.*?)\}", re.DOTALL)
PARAGRAPH = re.compile(r"^(?:> )?\*\*([A-Z]\d+) [-\N{EN DASH}\N{EM DASH}] ", re.MULTILINE)
TAG = re.compile(r"\[([A-Z]\d+)\]")


def find(tree):
    if PARAGRAPHS not in tree.texts:
        raise Waiting(f"{PARAGRAPHS} is not written yet")
    code = joined(tree, tree.paths("engine/"))
    checkers = joined(tree, tree.paths("sim/invariants/"))
    scenarios = joined(tree, set(tree.paths("scenarios/", endings=(".json",))) - {SCHEMA})
    places = [
        (PARAGRAPHS, set(PARAGRAPH.findall(tree.texts[PARAGRAPHS])), "a paragraph that begins `**{} - `"),
        ("engine/", set(TAG.findall(code)), "the tag `[{}]` at the barrier that keeps it"),
        ("sim/invariants/", names(checkers), "a checker that names {}"),
        ("scenarios/", quoted_names(scenarios), 'a scenario that names "{}"'),
    ]
    declared = declared_ids(tree)
    found = [Finding(place, 0, f"{each} is missing", f"it needs {what.format(each)}")
             for place, present, what in places for each in declared - present]
    return found + list(undeclared_tags(tree, declared))


def declared_ids(tree):
    enum = ENUM.search(tree.code(BARRIERS))
    return names(enum.group(1) if enum else "") | set(PARAGRAPH.findall(tree.texts[PARAGRAPHS]))


def undeclared_tags(tree, declared):
    for path in tree.paths("engine/"):
        for match in TAG.finditer(tree.texts[path]):
            if match.group(1) not in declared:
                line = line_of(tree.texts[path], match.start())
                yield Finding(path, line, f"{match.group()} is no invariant", f"declare it in {PARAGRAPHS}")


def joined(tree, paths):
    return "\n".join(tree.texts[path] for path in paths)


def names(text):
    return set(re.findall(r"\b[A-Z]\d+\b", text))


def quoted_names(text):
    return set(re.findall(r'"([A-Z]\d+)"', text))
