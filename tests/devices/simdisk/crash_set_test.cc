// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/crash_set.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>

#include "devices/simdisk/rig.hh"
#include "devices/simdisk/undecided.hh"
#include "holdfast/simdisk/combinations.hh"

namespace holdfast::simdisk {
namespace {

using Selection = std::vector<uint32_t>;

TEST(CrashSet, OfNothingUndecidedHasOneCombination) { EXPECT_EQ(CrashSet{}.combinations(), 1U); }

TEST(CrashSet, CountsItsCombinationsUpToTheLargestNumber) {
  EXPECT_EQ(set_of({2, 3, 4}).combinations(), 24U);
  EXPECT_EQ(set_of(std::vector<uint32_t>(63, 2)).combinations(), uint64_t{1} << 63);
  EXPECT_EQ(set_of(std::vector<uint32_t>(64, 2)).combinations(), UINT64_MAX);
}

TEST(CrashSet, HashesToWhatItOffersAndWhere) {
  CrashSet elsewhere = set_of({2});
  elsewhere.units[0].byte = 4096;
  EXPECT_EQ(set_of({2}).hash(), set_of({2}).hash());
  EXPECT_NE(set_of({2}).hash(), set_of({3}).hash());
  EXPECT_NE(set_of({2}).hash(), elsewhere.hash());
}

// By number: where media lie in memory is no part of the hash.
TEST(CrashSet, HashesTheSameUnitsOfOtherMediaToSomethingElse) {
  Media first(512, 1);
  Media second(512, 2);
  Media first_again(512, 1);
  EXPECT_NE(set_of({2}, first).hash(), set_of({2}, second).hash());
  EXPECT_EQ(set_of({2}, first).hash(), set_of({2}, first_again).hash());
}

TEST(CrashSet, JoinedWithAnotherIsTheirProduct) {
  Media first(512, 1);
  Media second(1024, 2);
  CrashSet set = set_of({2}, first);
  CrashSet other = set_of({3, 2}, second);
  set.append(other);
  EXPECT_EQ(set.combinations(), 12U);
  EXPECT_TRUE(set.complete);
  set.apply(Selection{1, 2, 0});
  EXPECT_EQ(image_of(first, {.block_size = 512, .block_count = 1}), (Image{1}));
  EXPECT_EQ(image_of(second, {.block_size = 512, .block_count = 2}), (Image{2, 0}));
  other.complete = false;
  set.append(other);
  EXPECT_FALSE(set.complete);
}

TEST(CrashSet, LeavesMediaAloneWhereTheFirstCandidateIsSelected) {
  Media media(1024);
  const CrashSet set = set_of({2, 3}, media);
  const Media::Mark mark = media.mark();
  set.apply(Selection{0, 0});
  EXPECT_EQ(media.image_hash(), Hash128{});
  EXPECT_EQ(media.written_at(0), 0U);
  set.apply(Selection{0, 2});
  EXPECT_EQ(image_of(media, {.block_size = 512, .block_count = 2}), (Image{0, 2}));
  EXPECT_EQ(media.written_at(0), 2U);
  media.rollback(mark);
  EXPECT_EQ(media.image_hash(), Hash128{});
}

// All blocks in one unit.
constexpr DeviceGeometry kManyInOne{
    .block_size = 512, .atomic_write_size = 8192, .block_count = 16, .fua = true};

TEST(CrashSet, SaysWhenAUnitHasMoreCandidatesThanItLists) {
  Rig rig(kManyInOne);
  for (uint64_t block = 0; block < 12; ++block) rig.write(block, 1);
  const CrashSet whole = rig.disk.crash_set();
  EXPECT_TRUE(whole.complete);
  EXPECT_EQ(whole.combinations(), 4096U);
  rig.write(12, 1);
  const CrashSet part = rig.disk.crash_set();
  EXPECT_FALSE(part.complete);
  EXPECT_EQ(part.combinations(), 4096U);
  EXPECT_FALSE(CombinationCursor(part, UINT64_MAX, rig.choices).exhaustive());
}

// A piece that changes nothing is no reason to call a full list incomplete.
TEST(CrashSet, IsCompleteWhereNothingButWhatIsListedCanCome) {
  Rig rig(kManyInOne);
  for (uint64_t block = 0; block < 12; ++block) rig.write(block, 1);
  rig.write(12, 0);
  rig.write(11, 1);
  EXPECT_TRUE(rig.disk.crash_set().complete);
  EXPECT_EQ(rig.disk.crash_set().combinations(), 4096U);
}

TEST(CrashSet, HasWhatIsDurableInEveryCandidateEvenOfAListThatIsNotComplete) {
  Rig rig(kManyInOne);
  for (uint64_t block = 0; block < 12; ++block) rig.write(block, 1);
  rig.write(12, 2, 2);
  rig.write(11, 3, 2);
  rig.write_fua(12, 4);
  const CrashSet set = rig.disk.crash_set();
  EXPECT_FALSE(set.complete);
  for (const Candidate& candidate : set.units.at(0).candidates) {
    EXPECT_EQ(candidate.bytes[12 * 512], std::byte{4});
  }
}

// Each write covers the one before: as many contents as writes, and the first.
TEST(CrashSet, IsExactForAUnitThatIsRewrittenManyTimes) {
  Rig rig({.block_count = 1});
  std::set<Image> expected = {{0}};
  for (uint8_t fill = 1; fill <= 40; ++fill) {
    rig.write(0, fill);
    expected.insert({fill});
  }
  EXPECT_TRUE(rig.disk.crash_set().complete);
  EXPECT_EQ(rig.disk.crash_set().combinations(), 41U);
  EXPECT_EQ(rig.after_a_cut(), expected);
}

TEST(CrashSet, IsExactForPartsOfAUnitThatAreRewrittenManyTimes) {
  Rig rig({.block_size = 512, .atomic_write_size = 1024, .block_count = 2});
  std::set<Image> expected;
  for (int first = 0; first <= 20; ++first) {
    for (int second = 0; second <= 20; ++second) expected.insert({first, second});
  }
  for (uint8_t fill = 1; fill <= 20; ++fill) {
    rig.write(0, fill);
    rig.write(1, fill);
  }
  EXPECT_TRUE(rig.disk.crash_set().complete);
  EXPECT_EQ(rig.after_a_cut(), expected);
}

// Which write a power cut leaves in each sector, over all cuts.
std::set<std::vector<EventNumber>> events_after_a_cut(Rig& rig) {
  std::set<std::vector<EventNumber>> found;
  rig.visit_cuts([&] {
    std::vector<EventNumber> events;
    for (uint64_t byte = 0; byte < rig.media.size(); byte += kMediaSector) {
      events.push_back(rig.media.written_at_byte(byte));
    }
    found.insert(events);
  });
  return found;
}

TEST(CrashSet, NamesAWriteOnlyInTheSectorsThatItCovers) {
  Rig rig({.block_size = 512, .atomic_write_size = 4096, .block_count = 4});
  rig.submit_write(0, 1, 2);  // event 1
  rig.submit_write(1, 2, 2);  // event 2
  EXPECT_EQ(events_after_a_cut(rig),
            (std::set<std::vector<EventNumber>>{{0, 0, 0, 0}, {1, 1, 0, 0}, {0, 2, 2, 0}, {1, 2, 2, 0}}));
}

TEST(CrashSet, NamesAWriteOnlyInThePagesOfAUnitThatItCovers) {
  Rig rig({.atomic_write_size = 16384, .block_count = 4});
  rig.submit_write(1, 1);
  rig.visit_cuts([&rig] {
    const EventNumber event = rig.media.written_at_byte(4096);
    EXPECT_EQ(rig.media.written_at(1), event);
    for (const uint64_t page : {0U, 2U, 3U}) EXPECT_EQ(rig.media.written_at(page), 0U);
  });
  EXPECT_EQ(events_after_a_cut(rig).size(), 2U);
}

// No device has such blocks, but a store must refuse them; two of them share what media know of a sector.
TEST(CrashSet, NamesTheNewestWriteOfASectorOfSeveralBlocks) {
  Rig rig({.block_size = 256, .atomic_write_size = 1024, .block_count = 7});
  rig.submit_write(1, 1, 2);  // event 1
  rig.submit_write(6, 2);     // event 2
  EXPECT_EQ(events_after_a_cut(rig),
            (std::set<std::vector<EventNumber>>{{0, 0, 0, 0}, {1, 1, 0, 0}, {0, 0, 0, 2}, {1, 1, 0, 2}}));
}

TEST(CrashSet, NamesTheWriteOfEachSectorOfATornBlock) {
  Rig rig({.block_size = 1024, .atomic_write_size = 512, .block_count = 1});
  rig.write(0, 1);  // event 1
  rig.flush();
  const EventNumber torn = rig.scheduler.last_event() + 1;
  rig.submit_write(0, 2);
  EXPECT_EQ(events_after_a_cut(rig),
            (std::set<std::vector<EventNumber>>{{1, 1}, {torn, 1}, {1, torn}, {torn, torn}}));
}

// A piece of a write as the rules see it: nothing is ever settled, joined or thrown away.
struct ModelPiece {
  std::size_t write = 0;
  uint64_t begin = 0;  // in grains
  uint64_t end = 0;
  uint8_t fill = 0;
  bool visible = false;
  bool durable = false;
};

// The disk's rules by plain enumeration: every subset of what is not durable, laid over each other
// together with what is, in the order of submission.
class Model {
 public:
  explicit Model(const DeviceGeometry& geometry) : geometry_(geometry) {}

  std::size_t undecided() const {
    return static_cast<std::size_t>(std::ranges::count(pieces_, false, &ModelPiece::durable));
  }
  void submit(const Request& request, std::size_t write, uint8_t fill) {
    const uint64_t per_unit = geometry_.atomic_write_size / grain_of(geometry_);
    const uint64_t per_block = geometry_.block_size / grain_of(geometry_);
    const uint64_t end = (request.block + request.block_count) * per_block;
    for (uint64_t grain = request.block * per_block; grain < end;) {
      const uint64_t piece_end = std::min(end, (grain / per_unit + 1) * per_unit);
      pieces_.push_back({.write = write, .begin = grain, .end = piece_end, .fill = fill});
      grain = piece_end;
    }
  }
  void complete(std::size_t write, bool durable) {
    for (ModelPiece& piece : pieces_) {
      if (piece.write != write) continue;
      piece.visible = true;
      piece.durable = durable || !geometry_.volatile_cache;
    }
  }
  void flush(const std::set<std::size_t>& covered) {
    for (ModelPiece& piece : pieces_) piece.durable = piece.durable || covered.contains(piece.write);
  }
  std::set<std::size_t> completed() const {
    std::set<std::size_t> writes;
    for (const ModelPiece& piece : pieces_) {
      if (piece.visible) writes.insert(piece.write);
    }
    return writes;
  }

  Image read_all() const {
    return overlay([](const ModelPiece& piece) { return piece.visible; });
  }
  std::set<Image> after_a_cut() const {
    std::set<Image> images;
    for (uint64_t subset = 0; subset < uint64_t{1} << undecided(); ++subset) {
      uint64_t left = subset;
      images.insert(overlay([&left](const ModelPiece& piece) {
        if (piece.durable) return true;
        const bool arrives = (left & 1) != 0;
        left >>= 1;
        return arrives;
      }));
    }
    return images;
  }

 private:
  template <class Predicate>
  Image overlay(Predicate arrives) const {
    Image image(geometry_.byte_count() / grain_of(geometry_), 0);
    for (const ModelPiece& piece : pieces_) {
      if (!arrives(piece)) continue;
      for (uint64_t grain = piece.begin; grain < piece.end; ++grain) image[grain] = piece.fill;
    }
    return image;
  }

  DeviceGeometry geometry_;
  std::vector<ModelPiece> pieces_;  // in the order of submission
};

DeviceGeometry any_geometry() {
  DeviceGeometry geometry;
  geometry.block_size = *rc::gen::element<uint32_t>(512, 1024, 4096);
  geometry.block_count = std::max(1U, 3072 / geometry.block_size);
  geometry.atomic_write_size = *rc::gen::element<uint32_t>(512, 1024, 2048, 4096);
  geometry.volatile_cache = *rc::gen::weightedElement<bool>({{9, true}, {1, false}});
  geometry.fua = *rc::gen::arbitrary<bool>();
  geometry.discard = *rc::gen::arbitrary<bool>();
  geometry.discard_reads_zero = *rc::gen::arbitrary<bool>();
  return geometry;
}

// Not scaled with the size of the test: every kind of step comes up from the first run on.
uint64_t any_below(uint64_t bound) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<uint64_t>(0, bound));
}

// A disk and the model of it, given the same requests.
class Pair {
 public:
  explicit Pair(const DeviceGeometry& geometry) : rig_(geometry), model_(geometry) {
    rig_.disk.ignore({Barrier::R1});
  }

  void submit_write() {
    const auto kind = *rc::gen::weightedElement<IoKind>(
        {{6, IoKind::write}, {1, IoKind::write_zeroes}, {1, IoKind::discard}});
    const uint64_t blocks = rig_.disk.geometry().block_count;
    const auto block = any_below(blocks);
    const auto count = 1 + any_below(std::min<uint64_t>(blocks - block, kBlocksMost));
    const auto fill = kind == IoKind::write ? static_cast<uint8_t>(any_below(4)) : uint8_t{0};
    Request& request = rig_.prepare(kind, block, count, fill);
    request.fua = kind != IoKind::discard && rig_.disk.geometry().fua &&
                  *rc::gen::weightedElement<bool>({{2, false}, {1, true}});
    choose_barrier(request);
    const DeviceGeometry& geometry = rig_.disk.geometry();
    const bool changes = kind != IoKind::discard || (geometry.discard && geometry.discard_reads_zero);
    sent_.push_back({.request = &rig_.submit(request), .covers = {}});
    sent_.back().event = rig_.scheduler.last_event();
    sent_.back().fill = fill;
    if (changes) model_.submit(request, sent_.size(), fill);
  }

  void submit_flush() {
    Request& request = rig_.prepare(IoKind::flush, 0, 0);
    choose_barrier(request);
    sent_.push_back({.request = &rig_.submit(request), .covers = model_.completed()});
  }

  void complete_one() {
    if (rig_.in_flight().empty()) return;
    Request* request = rig_.in_flight()[any_below(rig_.in_flight().size())];
    const auto sent = std::ranges::find(sent_, request, &Sent::request);
    const bool honoured = request->purpose.barrier != Barrier::R1;
    RC_ASSERT(rig_.complete(*request) == std::errc{});
    if (request->kind == IoKind::flush) {
      if (honoured) model_.flush(sent->covers);
    } else {
      const bool fua = request->fua && rig_.disk.geometry().fua && honoured;
      model_.complete(static_cast<std::size_t>(sent - sent_.begin()) + 1, fua);
    }
  }

  // One more write could leave more than 2^10 subsets.
  bool crowded() const {
    const DeviceGeometry& geometry = rig_.disk.geometry();
    const uint64_t blocks = std::min<uint64_t>(geometry.block_count, kBlocksMost);
    return model_.undecided() + blocks * geometry.block_size / grain_of(geometry) > 10;
  }
  void compare() {
    RC_ASSERT(rig_.disk.crash_set().complete);
    RC_ASSERT(rig_.after_a_cut() == model_.after_a_cut());
    RC_ASSERT(rig_.read_all() == model_.read_all());
    rig_.visit_cuts([this] { check_events(); });
  }

 private:
  static constexpr uint64_t kBlocksMost = 4;  // of one write

  struct Sent {
    Request* request = nullptr;
    std::set<std::size_t> covers;  // flush: the writes that completed before it
    EventNumber event = 0;
    uint8_t fill = 0;
  };

  // Each sector holds what the write that it is said to come from put there.
  void check_events() {
    std::array<std::byte, kMediaSector> sector;
    for (uint64_t byte = 0; byte < rig_.media.size(); byte += kMediaSector) {
      rig_.media.read(byte, sector);
      std::byte expected{0};
      if (const EventNumber event = rig_.media.written_at_byte(byte); event != 0) {
        const auto sent = std::ranges::find(sent_, event, &Sent::event);
        RC_ASSERT(sent != sent_.end());
        const uint64_t block = byte / rig_.disk.geometry().block_size;
        RC_ASSERT(block - sent->request->block < sent->request->block_count);
        expected = static_cast<std::byte>(sent->fill);
      }
      RC_ASSERT(sector[0] == expected);
    }
  }

  static void choose_barrier(Request& request) {
    request.purpose.barrier = *rc::gen::weightedElement<Barrier>({{4, Barrier::none}, {1, Barrier::R1}});
  }

  Rig rig_;
  Model model_;
  std::vector<Sent> sent_;
};

RC_GTEST_PROP(CrashSet, ReachesExactlyTheImagesThatTheRulesAllow, ()) {
  Pair pair(any_geometry());
  const auto steps = 1 + any_below(30);
  for (uint64_t step = 0; step < steps; ++step) {
    const auto what = any_below(8);
    if (what < 3 && !pair.crowded()) {
      pair.submit_write();
    } else if (what == 3) {
      pair.submit_flush();
    } else {
      pair.complete_one();
    }
    pair.compare();
  }
}

}  // namespace
}  // namespace holdfast::simdisk
