# SPDX-License-Identifier: BSD-3-Clause
import unittest

from checks import determinism, layout, order_in_one_place, words
from checks.tree import Tree


def found(check, text, path="engine/blob/x.cc", **others):
    return check.find(Tree({path: text, **others}))


class OrderInOnePlace(unittest.TestCase):
    def test_barriers_outside_of_durability_fail(self):
        for text in ("r.kind = IoKind::flush;", "request.fua = true;", "IoRequest r{.fua = true};",
                     "io.flush(x);", "memory->persist(w);", "allocator.release(pages);"):
            with self.subTest(text):
                self.assertTrue(found(order_in_one_place, text))
                self.assertEqual(found(order_in_one_place, text, "engine/durability/blob.cc"), [])
                self.assertEqual(found(order_in_one_place, text, "sim/world.cc"), [])

    def test_questions_and_definitions_pass(self):
        for text in ("if (request.fua == true) {}", "Task<> Blob::flush() {", "// io.flush(x) is elsewhere"):
            with self.subTest(text):
                self.assertEqual(found(order_in_one_place, text), [])


class Words(unittest.TestCase):
    def test_the_engine_speaks_of_no_simulator_and_no_test(self):
        for text in ("// for the simulator", "struct SimClock;", "sim::run();", "// a mock",
                     "class FakeDisk;", "inject_error();", "friend class BlobTest;", "FRIEND_TEST(A, B);",
                     "void reset_for_tests();", "#ifdef DEBUG\n#endif", "#if 0\n#endif", "// a test hook"):
            with self.subTest(text):
                self.assertTrue(found(words, text))

    def test_ordinary_words_pass(self):
        for text in ("// a simple, similar case", "#pragma once", "#include <vector>", "Latest latest;",
                     "bool tests_bit;"):
            with self.subTest(text):
                self.assertEqual(found(words, text), [])


class Determinism(unittest.TestCase):
    def test_what_a_replay_cannot_repeat_fails(self):
        for text in ("#include <chrono>", "auto t = std::chrono::steady_clock::now();", "int r = rand();",
                     "std::unordered_map<int, int> m;", "std::map<Blob*, int> m;", "std::set<const Page*> s;",
                     "std::mutex lock;", "getenv(name);", "double ratio;", 'printf("%p", a);',
                     "std::random_device d;"):
            with self.subTest(text):
                self.assertTrue(found(determinism, text, "sim/x.cc"))
                self.assertEqual(found(determinism, text, "tools/holdfast-sim/x.cc"), [])

    def test_what_repeats_passes(self):
        for text in ("std::map<uint64_t, Blob*> m;", "std::set<std::string> s;", "// a clock, rand()",
                     "operand(x);", "virtual_time(now);", 'words("double");'):
            with self.subTest(text):
                self.assertEqual(found(determinism, text, "sim/x.cc"), [])

    def test_an_excuse_holds_while_it_is_needed(self):
        excuse = {determinism.ALLOWED: "sim/x.cc | double | it is printed only\n"}
        self.assertEqual(found(determinism, "double seconds;", "sim/x.cc", **excuse), [])
        self.assertTrue(found(determinism, "int seconds;", "sim/x.cc", **excuse))


class Layout(unittest.TestCase):
    LICENCE = "// SPDX-License-Identifier: BSD-3-Clause\n"

    def test_a_licensed_file_in_its_place_passes(self):
        self.assertEqual(found(layout, self.LICENCE), [])
        self.assertEqual(found(layout, "#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\n", "ci/test"), [])

    def test_strangers_fail(self):
        self.assertTrue(found(layout, self.LICENCE, "notes.md"))
        self.assertTrue(found(layout, self.LICENCE, "src/a.cc"))
        self.assertTrue(found(layout, self.LICENCE, "devices/scsi/a.cc"))
        self.assertTrue(found(layout, "#pragma once\n"))
        self.assertTrue(found(layout, self.LICENCE + "// TODO: later\n"))
