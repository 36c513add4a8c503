# SPDX-License-Identifier: BSD-3-Clause
"""The checks of ci/check, by name, quick ones first. A check is a module with SAYS, the sentence that it
holds the tree to, and find(tree), which returns findings. To add one: write it, list it here, and test it
in self_test/."""
from checks import (awaits, bug_corpus, determinism, doors, engine_alone, includes, invariants, layout,
                    only_tests, order_in_one_place, sizes, words)

MODULES = (layout, includes, doors, order_in_one_place, words, awaits, determinism, invariants, bug_corpus,
           sizes, only_tests, engine_alone)
ALL = {module.__name__.removeprefix("checks."): module for module in MODULES}
