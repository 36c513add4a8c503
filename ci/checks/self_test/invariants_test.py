# SPDX-License-Identifier: BSD-3-Clause
import unittest

from checks import invariants
from checks.tree import Tree, Waiting

WHOLE = {
    invariants.BARRIERS: "enum class Barrier : uint8_t {\n  none = 0,\n  B1,  // B7 only in a comment\n};",
    invariants.PARAGRAPHS: "**B1 - A root names only durable pages.** Why ...\n\n**V1 - One more.**\n",
    "engine/durability/blob.cc": "flush();  // [B1]\nflush();  // [V1]\n",
    "sim/invariants/roots.cc": 'constexpr auto kId = "B1"; // and V1',
    "scenarios/teeth/roots.json": '{"ignores": ["B1", "V1"]}',
}


def missing(**changed):
    return {finding.path for finding in invariants.find(Tree({**WHOLE, **changed}))}


class Invariants(unittest.TestCase):
    def test_all_four_places_pass(self):
        self.assertEqual(missing(), set())

    def test_each_place_is_asked_for(self):
        self.assertEqual(missing(**{invariants.PARAGRAPHS: "**V1 - One more.**\n"}), {invariants.PARAGRAPHS})
        self.assertEqual(missing(**{"engine/durability/blob.cc": "// [V1]"}), {"engine/"})
        self.assertEqual(missing(**{"sim/invariants/roots.cc": "// V1 B12"}), {"sim/invariants/"})
        self.assertEqual(missing(**{"scenarios/teeth/roots.json": '["V1"]'}), {"scenarios/"})

    def test_a_tag_that_nobody_declared_fails(self):
        self.assertEqual(missing(**{"engine/durability/store.cc": "// [S9]"}), {"engine/durability/store.cc"})

    def test_it_waits_for_the_paragraphs(self):
        with self.assertRaises(Waiting):
            invariants.find(Tree({}))
