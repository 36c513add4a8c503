# SPDX-License-Identifier: BSD-3-Clause
"""The scripts beside ci/check that judge something: ci/skips and ci/digests."""
import importlib.machinery
import importlib.util
import pathlib
import unittest

CI = pathlib.Path(__file__).resolve().parents[2]


def script(name):
    loader = importlib.machinery.SourceFileLoader(name, str(CI / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class Skips(unittest.TestCase):
    def complaints(self, run=(), skipped=(), legal="", disks=False, golden=False):
        skips = script("skips")
        return list(skips.complaints(list(run), list(skipped), skips.legal_names(legal), disks, golden))

    def test_a_skip_that_is_named_passes(self):
        self.assertEqual(self.complaints(skipped=["Loop.Device"], legal="# words\nLoop.*  needs root\n"), [])

    def test_any_other_skip_fails(self):
        self.assertEqual(len(self.complaints(skipped=["Loop.Device"], legal="Loop.Other  needs root\n")), 1)

    def test_golden_disks_that_are_here_are_read(self):
        self.assertEqual(self.complaints(skipped=["Golden.A"], legal="Golden.*  absent\n"), [])
        self.assertTrue(self.complaints(skipped=["Golden.A"], legal="Golden.*  absent\n", disks=True))
        self.assertTrue(self.complaints(run=["Other.A"], disks=True, golden=True))
        self.assertEqual(self.complaints(run=["Golden.A"], disks=True, golden=True), [])


class Digests(unittest.TestCase):
    def test_a_digest_that_differs_or_lacks_is_named(self):
        differences = script("digests").differences
        self.assertEqual(list(differences({"a": "1"}, {"a": "1"})), [])
        self.assertEqual(len(list(differences({"a": "1", "b": "1"}, {"a": "2", "c": "1"}))), 3)
