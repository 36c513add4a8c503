// SPDX-License-Identifier: BSD-3-Clause
// Persistent memory's crash sets against the plain enumeration of what the rules allow.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/simdisk/memory_rig.hh"

namespace holdfast::simdisk {
namespace {

using Bytes = std::vector<std::byte>;

// Not scaled with the size of the test: every kind of step comes up from the first run on.
uint64_t any_below(uint64_t bound) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<uint64_t>(0, bound));
}

// The part of one store that lies in one word, as the rules see it: nothing is ever settled.
struct ModelPiece {
  uint64_t offset = 0;
  Bytes bytes;
  bool durable = false;
};

// The rules for one map: of each line's pieces any prefix that has all durable ones.
class Model {
 public:
  explicit Model(uint64_t size) : size_(size) {}

  std::size_t stored() const { return pieces_.size(); }
  void store(uint64_t offset, const Bytes& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const uint64_t byte = offset + i;
      if (i == 0 || byte % 8 == 0) pieces_.push_back({.offset = byte, .bytes = {}});
      pieces_.back().bytes.push_back(bytes[i]);
    }
  }
  void persist(uint64_t begin, uint64_t end, uint64_t unit, std::size_t covers) {
    for (std::size_t i = 0; i < covers; ++i) {
      const uint64_t its_unit = pieces_[i].offset / unit;
      if (begin < end && its_unit >= begin / unit && its_unit <= (end - 1) / unit) pieces_[i].durable = true;
    }
  }

  Bytes with_all() const {
    Bytes bytes(size_);
    for (const ModelPiece& piece : pieces_) lay_over(bytes, piece);
    return bytes;
  }
  std::size_t combinations() const {
    std::size_t product = 1;
    for (uint64_t line = 0; line * 64 < size_; ++line) {
      product *= of_line(line).size() - durable_of(of_line(line)) + 1;
    }
    return product;
  }
  std::set<Bytes> after_a_cut() const {
    std::set<Bytes> images = {Bytes(size_)};
    for (uint64_t line = 0; line * 64 < size_; ++line) {
      const std::vector<ModelPiece> pieces = of_line(line);
      std::set<Bytes> with_line;
      for (std::size_t arrived = durable_of(pieces); arrived <= pieces.size(); ++arrived) {
        for (Bytes image : images) {
          for (std::size_t i = 0; i < arrived; ++i) lay_over(image, pieces[i]);
          with_line.insert(image);
        }
      }
      images = with_line;
    }
    return images;
  }

 private:
  static void lay_over(Bytes& bytes, const ModelPiece& piece) {
    std::ranges::copy(piece.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(piece.offset));
  }
  static std::size_t durable_of(const std::vector<ModelPiece>& pieces) {
    std::size_t durable = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) durable = pieces[i].durable ? i + 1 : durable;
    return durable;
  }
  std::vector<ModelPiece> of_line(uint64_t line) const {
    std::vector<ModelPiece> found;
    for (const ModelPiece& piece : pieces_) {
      if (piece.offset / 64 == line) found.push_back(piece);
    }
    return found;
  }

  uint64_t size_;
  std::vector<ModelPiece> pieces_;
};

// A map and the model of it, given the same stores and persists.
class Pair {
 public:
  explicit Pair(MemoryKind kind, uint64_t size) : rig_(kind), model_(size) {
    map_ = rig_.make("map", size);
    rig_.maps.ignore({Barrier::R1});
  }

  // Around the places where lines and pages meet, and the end.
  void store() {
    const uint64_t size = map_->geometry().size;
    const uint64_t place = *rc::gen::element<uint64_t>(0, 64, 4096, size);
    const uint64_t near = place + any_below(80);
    const uint64_t offset = std::min(near < 40 ? 0 : near - 40, size - 1);
    const uint64_t length = 1 + any_below(std::min<uint64_t>(24, size - offset));
    const Bytes bytes = filled(length, static_cast<uint8_t>(any_below(3)));
    put(*map_, offset, bytes);
    model_.store(offset, bytes);
  }
  void begin_persist() {
    const uint64_t begin = any_below(map_->geometry().size);
    const uint64_t end = begin + any_below(map_->geometry().size - begin + 1);
    const auto barrier = *rc::gen::weightedElement<Barrier>({{4, Barrier::none}, {1, Barrier::R1}});
    Persist persist{map_->persist({begin, end - begin}, {.step = Step::none, .barrier = barrier}), begin, end,
                    model_.stored(), barrier == Barrier::R1};
    if (any_below(4) == 0) store();  // too late for it
    persist.task.start();
    in_flight_.push_back(std::move(persist));
    if (in_flight_.back().task.done()) complete(in_flight_.size() - 1);
  }
  void complete_one() {
    if (in_flight_.empty()) return;
    const uint64_t which = any_below(in_flight_.size());
    rig_.choices.next = static_cast<uint32_t>(which);
    RC_ASSERT(rig_.scheduler.step());
    complete(which);
  }

  bool crowded() const { return model_.combinations() > 200; }
  void compare() {
    Bytes loaded(map_->geometry().size);
    RC_ASSERT(map_->load(0, loaded).has_value());
    RC_ASSERT((loaded == model_.with_all()));
    RC_ASSERT(rig_.maps.crash_set().complete);
    std::set<Bytes> images;
    rig_.visit_cuts([&] { images.insert(rig_.folder.read("map")); });
    RC_ASSERT((images == model_.after_a_cut()));
    RC_ASSERT(images.size() == rig_.maps.crash_set().combinations());
  }

 private:
  struct Persist {
    Task<PmDurable> task;
    uint64_t begin = 0;
    uint64_t end = 0;
    std::size_t covers = 0;
    bool ignored = false;
  };

  void complete(std::size_t which) {
    Persist& persist = in_flight_[which];
    RC_ASSERT(persist.task.take_result().has_value());
    if (!persist.ignored) {
      model_.persist(persist.begin, persist.end, map_->geometry().persist_unit, persist.covers);
    }
    in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  MemoryRig rig_;
  std::unique_ptr<PersistentMemory> map_;
  Model model_;
  std::vector<Persist> in_flight_;
};

RC_GTEST_PROP(MemoryCrashSet, ReachesExactlyTheContentsThatTheRulesAllow, ()) {
  const auto kind = *rc::gen::element(MemoryKind::persistent_memory, MemoryKind::mapped_file);
  Pair pair(kind, *rc::gen::element<uint64_t>(100, 192, 4096 + 100));
  const auto steps = 1 + any_below(30);
  for (uint64_t step = 0; step < steps; ++step) {
    const auto what = any_below(4);
    if (what < 2 && !pair.crowded()) {
      pair.store();
    } else if (what == 2) {
      pair.begin_persist();
    } else {
      pair.complete_one();
    }
    pair.compare();
  }
}

// What was done to one name, or two: `file` lost the one and got the other.
struct ModelOperation {
  uint64_t file = 0;
  std::string from;
  std::string to;
};
using ModelNames = std::map<std::string, uint64_t>;

void perform(const ModelOperation& operation, ModelNames& names) {
  if (!operation.from.empty()) {
    if (!names.contains(operation.from) || names[operation.from] != operation.file) return;
    names.erase(operation.from);
  }
  if (!operation.to.empty()) names[operation.to] = operation.file;
}

std::set<ModelNames> subsets(const ModelNames& durable, const std::vector<ModelOperation>& undecided) {
  std::set<ModelNames> outcomes;
  for (uint64_t subset = 0; subset < uint64_t{1} << undecided.size(); ++subset) {
    ModelNames names = durable;
    for (std::size_t i = 0; i < undecided.size(); ++i) {
      if ((subset >> i & 1) != 0) perform(undecided[i], names);
    }
    outcomes.insert(names);
  }
  return outcomes;
}

// A folder and the model of its names. Each file holds its number, so that one is told from another.
class Names {
 public:
  void change() {
    const std::string name = any_name();
    if (!now_.contains(name)) return create(name);
    const uint64_t file = now_[name];
    if (any_below(2) == 0) {
      RC_ASSERT(rig_.maps.remove(name).has_value());
      record({file, name, {}});
    } else {
      const std::string to = any_name();
      RC_ASSERT(rig_.maps.rename(name, to).has_value());
      record({file, name, to});
    }
  }
  // With a change that comes too late for it, now and then.
  void synchronise() {
    Task<> sync = rig_.maps.sync_directory();
    sync.start();
    const std::size_t covers = undecided_.size();
    if (any_below(2) == 0) change();
    while (!sync.done()) RC_ASSERT(rig_.scheduler.step());
    for (std::size_t i = 0; i < covers; ++i) perform(undecided_[i], durable_);
    undecided_.erase(undecided_.begin(), undecided_.begin() + static_cast<std::ptrdiff_t>(covers));
  }

  bool crowded() const { return undecided_.size() >= 6; }
  void compare() {
    RC_ASSERT(names_in(found_in(rig_.maps)) == now_);
    RC_ASSERT(rig_.maps.crash_set().complete);
    std::set<ModelNames> outcomes;
    for (const Found& found : rig_.after_a_cut()) outcomes.insert(names_in(found));
    RC_ASSERT(outcomes == subsets(durable_, undecided_));
    RC_ASSERT(outcomes.size() == rig_.maps.crash_set().combinations());
  }

 private:
  static std::string any_name() { return *rc::gen::element<std::string>("a", "b", "c"); }
  static ModelNames names_in(const Found& found) {
    ModelNames names;
    for (const auto& [name, words] : found) names[name] = words.at(0);
    return names;
  }

  void create(const std::string& name) {
    const auto map = std::move(rig_.maps.create(name, 8).value());
    RC_ASSERT(rig_.persist(*map, map->store_u64(0, ++files_)).has_value());
    record({files_, {}, name});
  }
  void record(const ModelOperation& operation) {
    perform(operation, now_);
    undecided_.push_back(operation);
  }

  MemoryRig rig_;
  uint64_t files_ = 0;
  ModelNames now_;
  ModelNames durable_;
  std::vector<ModelOperation> undecided_;
};

RC_GTEST_PROP(MemoryCrashSet, ReachesExactlyTheDirectoriesThatTheRulesAllow, ()) {
  Names names;
  const auto steps = 1 + any_below(20);
  for (uint64_t step = 0; step < steps; ++step) {
    if (names.crowded() || any_below(5) == 0) {
      names.synchronise();
    } else {
      names.change();
    }
    names.compare();
  }
}

}  // namespace
}  // namespace holdfast::simdisk
