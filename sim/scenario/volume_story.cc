// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/volume_story.hh"

#include <fmt/core.h>

#include "scenario/memory.hh"
#include "scenario/volume.hh"

namespace holdfast::sim {
namespace {

class VolumeStory {
 public:
  VolumeStory(Reader& reader, const Scenario& scenario)
      : reader_(reader),
        chunks_(chunks_of(*scenario.volume)),
        size_(chunks_ * scenario.volume->chunk_size),
        below_(scenario.volume->blob) {}

  // The session after some cut. Where the cut left no volume there is none, and so there is one.
  void begin_after() {
    open_ = true;
    presence_ = Presence::yes;
  }
  void follow(const Node& nodes, const std::vector<ScenarioStep>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) follow_step(nodes.items[i], steps[i]);
  }

 private:
  // A process that dies while it creates or destroys a volume leaves one, or none.
  enum class Presence : uint8_t { no, yes, unknown };

  void follow_step(const Node& node, const ScenarioStep& step) {
    here_ = &node;
    fails_ = step.expected_error.has_value();
    killed_ = step.kill_after.has_value();
    std::visit([this](const auto& verb) { visit(verb); }, step.action);
    if (killed_) open_ = store_open_ = false;
  }

  void visit(const VolumeCreate& create) {
    if (open_) complain("the volume is open; close it before it is created anew");
    if (fails_) return;
    need_below();
    if (presence_ == Presence::yes && !create.replace)
      complain("there is a volume already; say \"replace\": true");
    presence_ = killed_ ? Presence::unknown : Presence::yes;
  }
  void visit(const VolumeOpen&) {
    if (open_) complain("the volume is open already");
    if (!fails_) need_below();
    if (!fails_) need_volume();
    open_ = !fails_;
  }
  void visit(const VolumeClose&) {
    need_open();
    open_ = open_ && fails_;
  }
  void visit(const VolumeDestroy&) {
    if (open_) complain("the volume is open; close it before it is destroyed");
    if (fails_) return;
    need_below();
    need_volume();
    presence_ = killed_ ? Presence::unknown : Presence::no;
  }
  void visit(const VolumeData& io) {
    need_open();
    if (fails_) return;
    if (io.offset > size_ || io.length > size_ - io.offset)
      complain(fmt::format("the volume has {} bytes, and this goes beyond them", size_));
  }
  void visit(const VolumeFlush&) { need_open(); }
  void visit(const MemoryPoison& poison) {
    need_map();
    if (poison.chunk >= chunks_ && !fails_) complain(fmt::format("the volume has only {} chunks", chunks_));
  }
  void visit(const MemoryLose&) { need_map(); }
  void visit(const MemoryCopy&) {
    need_map();
    copied_ = copied_ || !fails_;
  }
  void visit(const MemoryReplace& replace) {
    need_map();
    if (replace.by == MapSource::copy && !copied_ && !fails_)
      complain("there is no copy of the map file at this step; make one with \"memory.copy\"");
  }
  void visit(const Parallel& parallel) { follow(*here_->find("parallel"), parallel.steps); }
  // What the store below does to the volume.
  void visit(const StoreFormat&) { ends_store(); }
  void visit(const StoreOpen&) { store_open_ = !fails_; }
  void visit(const StoreClose&) {
    if (open_) complain("the volume is open; close it before its store");
    store_open_ = store_open_ && fails_;
  }
  void visit(const StoreDestroy&) { ends_store(); }
  void visit(const BlobCreate& create) {
    if (create.name == below_) blob_there_ = blob_there_ || !fails_;
  }
  void visit(const BlobDelete& step) {
    if (step.blob == below_) ends_blob();
  }
  void visit(const BlobResize& step) {
    if (step.blob == below_) complain("the blob holds the volume, and keeps its size");
  }
  void visit(const DataIo& io) {
    if (io.blob == below_ && io.kind != DataKind::read)
      complain("the blob holds the volume; its content is changed by steps of the volume");
  }
  template <class AnyOther>
  void visit(const AnyOther&) {}

  void ends_store() {
    ends_blob();
    if (!fails_) store_open_ = false;
  }
  void ends_blob() {
    if (fails_) return;
    if (presence_ != Presence::no) complain("the blob holds the volume; destroy the volume first");
    blob_there_ = false;
  }
  void need_below() {
    if (below_.empty()) return;
    if (!store_open_) return complain("the store is not open at this step");
    if (!blob_there_) complain(fmt::format("there is no blob \"{}\" for the volume at this step", below_));
  }

  void need_volume() {
    if (presence_ == Presence::no) complain("there is no volume at this step");
  }
  void need_map() {
    if (open_) complain("the volume is open; close it before something happens to its map file");
    if (!fails_) need_volume();
  }
  void need_open() {
    if (!open_) complain("the volume is not open at this step");
  }
  void complain(std::string message) { reader_.complain(here_->position, std::move(message)); }

  Reader& reader_;
  uint64_t chunks_;
  uint64_t size_;  // bytes
  const std::string& below_;  // the blob; empty: the device, which is always there
  bool store_open_ = false;
  bool blob_there_ = false;
  const Node* here_ = nullptr;
  bool fails_ = false;
  bool killed_ = false;
  bool open_ = false;
  bool copied_ = false;
  Presence presence_ = Presence::no;
};

}  // namespace

bool is_volume_step(const ScenarioStep& step) {
  const auto& action = step.action;
  return std::holds_alternative<VolumeCreate>(action) || std::holds_alternative<VolumeOpen>(action) ||
         std::holds_alternative<VolumeClose>(action) || std::holds_alternative<VolumeDestroy>(action) ||
         std::holds_alternative<VolumeData>(action) || std::holds_alternative<VolumeFlush>(action) ||
         is_memory_step(step);
}

void check_volume_story(Reader& reader, const Node& root, const Scenario& scenario) {
  VolumeStory story(reader, scenario);
  if (const Node* setup = root.find("setup")) story.follow(*setup, scenario.setup);
  if (const Node* steps = root.find("steps")) story.follow(*steps, scenario.steps);
  const Node* after = root.find("after");
  if (after == nullptr) return;
  story.begin_after();
  story.follow(*after, scenario.after);
}

}  // namespace holdfast::sim
