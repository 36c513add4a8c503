# SPDX-License-Identifier: BSD-3-Clause
import unittest

from checks import sizes
from checks.tree import Tree

PATH = "engine/blob/x.cc"


def kinds(text, ratchet=""):
    return [finding.why.split()[0] for finding in sizes.find(Tree({PATH: text, sizes.RATCHET: ratchet}))]


def function(lines, head="int f(int a) const noexcept"):
    return f"namespace n {{\n{head} {{\n" + "  a();\n" * (lines - 2) + "}\n}\n"


class Sizes(unittest.TestCase):
    def test_what_fits_passes(self):
        self.assertEqual(kinds(function(70)), [])
        self.assertEqual(kinds("x\n" * 600), [])
        self.assertEqual(kinds("y" * 110), [])

    def test_what_does_not_fit_fails(self):
        self.assertEqual(kinds(function(71)), ["function-lines"])
        self.assertEqual(kinds(function(90, "Blob::Blob(int a) : a_(a), b_(g(a))")), ["function-lines"])
        self.assertEqual(kinds("x\n" * 601), ["file-lines"])
        self.assertEqual(kinds("y" * 111), ["wide-lines"])

    def test_a_class_is_no_function(self):
        self.assertEqual(kinds("class A {\n" + "  void f();\n" * 90 + "};\n"), [])

    def test_the_ratchet_allows_what_it_lists_and_no_more(self):
        self.assertEqual(kinds("x\n" * 650, f"file-lines {PATH} 650\n"), [])
        self.assertEqual(kinds("x\n" * 651, f"file-lines {PATH} 650\n"), ["file-lines"])

    def test_the_ratchet_must_follow_what_shrank(self):
        self.assertNotEqual(kinds("x\n" * 640, f"file-lines {PATH} 650\n"), [])
        self.assertNotEqual(kinds("x\n", f"file-lines {PATH} 650\n"), [])
