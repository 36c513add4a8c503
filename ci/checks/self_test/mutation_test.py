# SPDX-License-Identifier: BSD-3-Clause
"""The finder of ci/mutate: what each rule takes out of a tiny tree, and what it leaves alone."""
import unittest

from mutation import equivalence, rules, source

HEADER = """\
class MetadataIo {
 public:
  template <Barrier B>
  Task<Durable<B>> flush(Unflushed<B> written) {
    if (written.needs_flush_) HF_CO_CHECK(co_await device_flush_.run(B));
    co_return Durable<B>{};
  }
};
"""
METADATA_IO = """\
Task<bool> MetadataIo::write_extents(Purpose purpose) {
  if (write_stop_.stopped()) co_return write_stop_.error();
  request.fua = fua;
  co_return !fua && device().volatile_cache;
}
Task<Durable<Barrier::R1>> read_store(MetadataIo& io) {
  HF_CO_TRY(Durable<Barrier::R1> settled, co_await io.settle());
  HF_CO_CHECK(co_await io.read(0, page));
}
"""
BLOB = """\
Task<> commit_blob(MetadataIo& io, Space& space) {
  HF_CO_TRY(Unflushed<Barrier::B1> chain, co_await io.write_chain(pages));
  HF_CO_TRY(Durable<Barrier::B1> named, co_await io.flush(std::move(chain)));  // [B1]
  staged.root_in_doubt = true;
  HF_CO_TRY(Unflushed<Barrier::B2> root, co_await io.write_root(staged.root, std::move(named)));
  HF_CO_TRY(Durable<Barrier::B2> committed, co_await io.flush(std::move(root)));  // [B2]
  space.release(superseded, std::move(committed));
}
"""
FORMAT = """\
Result<> check(const Page& page) {
  // if (nothing) return broken("a comment is no code");
  page.intact = media.crc == page_checksum(media);
  if (page.size() < 4 || (page.wide() && (page.a == 1 || page.b == f(2, 3)))) {
    return broken("it is || too short");
  }
  if (page.blank()) return;
  HF_CHECK(check_mask(page));
  return page.empty() ? broken("empty") : Result<>{};
}
"""


def tree(**files):
    texts = {"engine/durability/metadata_io.hh": HEADER, "engine/durability/metadata_io.cc": METADATA_IO,
             "engine/durability/volume_media.hh": "class VolumeMedia {\n public:\n};\n"}
    paths = {"blob": "engine/durability/blob.cc", "state": "engine/blob/state.cc",
             "format": "engine/format/page.cc", "replay": "engine/format/replay.cc",
             "data": "engine/durability/data.hh"}
    texts.update({paths[name]: text for name, text in files.items()})
    return rules.with_forged_evidence(texts)


def found(rule, path, texts):
    return [mutant for mutant in rules.find(texts, [rule]) if path in mutant.path]


def originals(rule, path, **files):
    texts = tree(**files)
    return [mutant.edits[0].original(texts) for mutant in found(rule, path, texts)]


class Rules(unittest.TestCase):
    def test_a_flush_goes_together_with_the_fua_of_what_it_covers(self):
        texts = tree(blob=BLOB)
        first, second = found("no-flush", "blob.cc", texts)
        changed = first.applied(texts)
        self.assertIn("(io.forged<Barrier::B1>())", changed["engine/durability/blob.cc"])
        self.assertIn("fua && purpose.barrier != Barrier::B1;", changed["engine/durability/metadata_io.cc"])
        self.assertEqual(second.id, "durability/blob.cc:commit_blob:no-flush:2")
        self.assertEqual(len(found("no-flush", "metadata_io.", texts)), 3)

    def test_what_waits_for_evidence_runs_too_early(self):
        texts = tree(blob=BLOB)
        root_first = found("too-early", "blob.cc", texts)[1].applied(texts)["engine/durability/blob.cc"]
        self.assertLess(root_first.index("write_root"), root_first.index("write_chain"))
        self.assertIn("write_root(staged.root, io.forged<Barrier::B1>())", root_first)
        self.assertEqual(len(found("too-early", "blob.cc", texts)), 4)

    def test_guards_are_dropped_with_what_governs_them(self):
        state = ("Task<> S::sync() {\n  HF_CO_CHECK(co_await ensure_dirty());\n"
                 "  if (!done && !staged.root_in_doubt) space_->cancel({.pages = {}});\n"
                 "  if (const auto allowed = check_not_stopped(); !allowed) return;\n}\n")
        self.assertEqual(originals("guard-dropped", "state.cc", state=state),
                         ["if (!done && !staged.root_in_doubt) space_->cancel({.pages = {}});"])
        self.assertEqual(originals("guard-blind", "state.cc", state=state),
                         ["!done && !staged.root_in_doubt"] * 2 + ["!allowed"])
        self.assertEqual(len(originals("not-dirty", "state.cc", state=state)), 1)
        self.assertEqual(originals("guard-dropped", "blob.cc", blob=BLOB),
                         ["space.release(superseded, std::move(committed));", "staged.root_in_doubt = true;"])

    def test_checks_let_everything_through_one_alternative_at_a_time(self):
        self.assertEqual(originals("unchecked", "page.cc", format=FORMAT),
                         ["page.size() < 4", "page.a == 1", "page.b == f(2, 3)", "page.empty()",
                          "HF_CHECK(check_mask(page));"])
        self.assertEqual(originals("checksum-blind", "page.cc", format=FORMAT),
                         ["media.crc == page_checksum(media)"])
        self.assertEqual(originals("not-passed-over", "page.cc", format=FORMAT), ["page.blank()"])

    def test_ownership_clearing_and_data(self):
        replay = "void R::claim() {\n  for (auto page : chain) twice_ |= used.set(page);\n}\n"
        self.assertEqual(originals("ownership-lost", "replay.cc", replay=replay),
                         ["for (auto page : chain) twice_ |= used.set(page);"])
        clears = "Task<> f() {\n  HF_CO_CHECK(co_await io.write_fresh(pages, fresh, dirty));\n}\n"
        self.assertEqual(originals("not-cleared", "blob.cc", blob=clears), ["fresh"])
        data = "void f() {\n  a.fua = false;\n  b.fua = durable && c;\n}\n"
        self.assertEqual(originals("not-durable", "data.hh", data=data), ["durable && c"])

    def test_a_rule_that_finds_nothing_says_so(self):
        with self.assertRaises(rules.Unknown):
            rules.find(tree(), ["unchecked"])

    def test_every_rule_is_tried_here(self):
        tried = {"no-flush", "too-early", "guard-dropped", "guard-blind", "not-dirty",
                 "unchecked", "checksum-blind", "not-passed-over", "ownership-lost", "not-cleared",
                 "not-durable"}
        self.assertEqual(tried, set(rules.RULES))


class Source(unittest.TestCase):
    def test_functions_have_names_and_outermost_bodies(self):
        code = ("namespace n {\nclass A {\n  A() : a_(1) { f(); }\n};\n"
                "int A::g(int a) const { if (a) { h(); } }\n}")
        self.assertEqual([function.name for function in source.functions(code)], ["A", "A::g"])

    def test_masked_code_has_the_same_length(self):
        text = 'f("a;b"); // c;\ng(\';\', 1\'000);'
        self.assertEqual(len(source.masked(text)), len(text))
        self.assertEqual(source.masked(text).count(";"), 2)


class Equivalence(unittest.TestCase):
    def test_a_listed_mutant_exists_and_is_the_one_that_was_proven(self):
        mutants = rules.find(tree(format=FORMAT), ["unchecked"])
        known = mutants[0]
        line = f"{known.id} {known.fingerprint} because it is so\n"
        self.assertEqual(equivalence.proven(f"# words\n\n{line}", mutants), {known.id})
        for wrong in (f"{known.id} 00000000 because", f"{known.id} {known.fingerprint}", "gone 00000000 why"):
            with self.assertRaises(equivalence.Unproven):
                equivalence.proven(wrong, mutants)
