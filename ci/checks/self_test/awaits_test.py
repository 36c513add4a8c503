# SPDX-License-Identifier: BSD-3-Clause
import unittest

from checks import awaits
from checks.tree import Tree

GOOD = [
    "co_await f(1, 2);",
    "auto v = co_await f({.a = 1});",
    "const Result<int> v = co_await f();",
    "Result<> done = co_await std::move(task);",
    "state_.value = co_await f();",
    "co_return co_await f(a);",
    "HF_CO_TRY(Durable pages, co_await io.flush(std::move(written)));",
    "HF_CO_CHECK(co_await f(a, b));",
    "if (a) co_return co_await f();",
    "if (a) { co_await f(); } else { co_await g(); }",
    "if (a) co_await f(); else co_await g();",
    "for (int i = 0; i < 3; ++i) co_await f(i);",
    "switch (a) { case Kind::one: co_await f(); break; default: co_await g(); }",
    "group.add([](Arrival<int>& a) -> Task<int> { co_return co_await a; }(arrival));",
    "auto v = co_await map<int, long>(a);",
    "// if (co_await f()) is not code\n",
    'print("if (co_await f())");',
    "co_await f(a + b, c ? d : e);",
]
BAD = [
    "if (co_await f()) g();",
    "while (co_await f()) {}",
    "for (; co_await f(); ) {}",
    "switch (co_await f()) {}",
    "if (auto v = co_await f(); v) g();",
    "g(co_await f());",
    "g({co_await f()});",
    "auto v = a ? co_await f() : b;",
    "auto v = co_await f() + 1;",
    "auto v = 1 + co_await f();",
    "auto v = *co_await f();",
    "auto v = (co_await f()).value();",
    "bool v = co_await f() == 3;",
    "bool v = a && co_await f();",
    "co_return a + co_await f();",
    "co_return g(co_await f());",
    "std::vector<int> v{co_await f()};",
    "auto v = co_await g(co_await f());",
    "HF_CO_CHECK(g(co_await f()));",
    "EXPECT_TRUE(co_await f());",
    "v += co_await f();",
    "co_await f(), g();",
]


def findings(statement):
    return awaits.find(Tree({"engine/blob/x.cc": "Task<> f() {\n  " + statement + "\n}\n"}))


class Awaits(unittest.TestCase):
    def test_an_await_alone_passes(self):
        for statement in GOOD:
            with self.subTest(statement):
                self.assertEqual(findings(statement), [])

    def test_an_await_inside_an_expression_fails(self):
        for statement in BAD:
            with self.subTest(statement):
                self.assertNotEqual(findings(statement), [])

    def test_the_line_is_named(self):
        self.assertEqual(findings("a();\n  g(co_await f());")[0].line, 3)

    def test_the_operator_itself_is_no_await(self):
        tree = Tree({"a.hh": "struct T { auto operator co_await() && noexcept; };"})
        self.assertEqual(awaits.find(tree), [])
