# SPDX-License-Identifier: BSD-3-Clause
import unittest

from checks import bug_corpus
from checks.tree import Tree

HEAD = "| id | what went wrong | kind | excluded by |\n|---|---|---|---|\n"
WHOLE = {
    bug_corpus.IDS: "# the list\nBS-01\nBS-02\nBS-30\n",
    bug_corpus.TABLE: HEAD + "| BS-01 | one `a|b` | test | `Suite.Name`, `Many.Values` |\n"
                             "| BS-02 | 2 | compile, scenario "
                             "| `tests/compile_fail/no.cc`, `scenarios/a.json` |\n"
                             "| BS-30 | three | compile | `ci/checks/doors.py` |\n",
    "tests/a_test.cc": "TEST(Suite, Name) {}\nTEST_P(Many,\n       Values) {}\n// TEST(Only, Words)\n",
    "tests/compile_fail/no.cc": "", "scenarios/a.json": "{}", "ci/checks/doors.py": "",
}


def found(old="", new=""):
    table = WHOLE[bug_corpus.TABLE].replace(old, new) if old else WHOLE[bug_corpus.TABLE]
    return [finding.why for finding in bug_corpus.find(Tree({**WHOLE, bug_corpus.TABLE: table}))]


class BugCorpus(unittest.TestCase):
    def test_a_whole_table_passes(self):
        self.assertEqual(found(), [])

    def test_what_is_cited_exists(self):
        for old, new in (("Suite.Name", "Suite.Other"), ("Suite.Name", "Only.Words"),
                         ("scenarios/a.json", "scenarios/b.json"), ("fail/no.cc", "fail/yes.cc")):
            self.assertEqual(len(found(old, new)), 1, new)
            self.assertIn("does not exist", found(old, new)[0])

    def test_the_kinds_are_those_of_what_is_cited(self):
        self.assertIn("kinds", found("| test |", "| scenario |")[0])
        self.assertIn("kinds", found("`Suite.Name`, `Many.Values`", "")[0])

    def test_each_id_has_one_row(self):
        self.assertEqual(len(found("BS-30", "BS-31")), 2)
        self.assertEqual(len(found("BS-30", "BS-02")), 3)
        self.assertEqual(found(WHOLE[bug_corpus.TABLE], "")[0].count("missing"), 1)

    def test_types_alone_are_not_enough_for_most(self):
        rows = found("compile, scenario | `tests/compile_fail/no.cc`, `scenarios/a.json`",
                     "compile | `tests/compile_fail/no.cc`")
        self.assertEqual(rows, ["2 of 3 rows rest on `compile` alone"])
