# SPDX-License-Identifier: BSD-3-Clause
import unittest

from checks import engine_alone, only_tests

DECLARED = "class Blobstore { Task<> open(int); };"


class OnlyTests(unittest.TestCase):
    def judge(self, symbols, excused=()):
        return list(only_tests.judge(symbols, DECLARED, excused))

    def test_what_users_may_call_passes(self):
        self.assertEqual(self.judge(["holdfast::Blobstore::open(int)"]), [])
        self.assertEqual(self.judge(["holdfast::open[abi:cxx11](std::span<std::byte, 4ul>)"]), [])

    def test_what_only_tests_call_fails(self):
        self.assertEqual(len(self.judge(["holdfast::peek(int)", "holdfast::Blobstore::open(int)"])), 1)

    def test_an_excuse_holds_while_it_is_needed(self):
        self.assertEqual(self.judge(["holdfast::peek(int)"], ["holdfast::peek"]), [])
        self.assertEqual(len(self.judge([], ["holdfast::peek"])), 1)


class EngineAlone(unittest.TestCase):
    def test_equal_objects_pass(self):
        self.assertEqual(list(engine_alone.differences({"a.o": "1"}, {"a.o": "1"})), [])

    def test_a_changed_or_missing_object_fails(self):
        self.assertEqual(len(list(engine_alone.differences({"a.o": "1", "b.o": "2"}, {"a.o": "3"}))), 2)
