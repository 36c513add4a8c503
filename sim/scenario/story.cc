// SPDX-License-Identifier: BSD-3-Clause
#include "scenario/story.hh"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "scenario/survivors.hh"
#include "scenario/volume_story.hh"

namespace holdfast::sim {
namespace {

// For one suggestion: a hostile file has ten thousand blobs, and as many mistakes.
constexpr std::size_t kNamesCompared = 100;

class Story {
 public:
  Story(Reader& reader, const Scenario& scenario) : reader_(reader), scenario_(scenario) {}

  // The device is copied to another one: whoever used the store is gone.
  void end_program() { open_ = false; }
  // From here on, a cut may come at any time.
  void begin_cuts() {
    cuts_ = true;
    survivors_.begin(blobs_);
  }
  // The session after some cut, in which the store is open.
  void begin_after() {
    after_ = true;
    open_ = true;
    blobs_ = survivors_.certain();
  }
  void follow(const Node& nodes, const std::vector<ScenarioStep>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) follow_step(nodes.items[i], steps[i]);
  }

 private:
  void follow_step(const Node& node, const ScenarioStep& step) {
    here_ = &node;
    fails_ = step.expected_error.has_value();
    if (const auto* parallel = std::get_if<Parallel>(&step.action)) {
      for (std::size_t i = 0; i < parallel->steps.size(); ++i)
        follow_step(node.find("parallel")->items[i], parallel->steps[i]);
      return;
    }
    if (const auto* session = std::get_if<SpdkSession>(&step.action)) return follow_foreign(*session, step);
    std::visit([this](const auto& verb) { visit(verb); }, step.action);
    if (step.kill_after) open_ = false;
  }

  void follow_foreign(const SpdkSession& session, const ScenarioStep& step) {
    if (open_) complain("the store is open; close it before another program uses it");
    if (step.kill_after) complain("\"kill_after\" names a step of the engine, and this is another program");
    for (const SpdkAction& action : session.actions) survivors_.may_be_gone(name_in(action));
    if (fails_ || session.actions.empty()) return;
    const Node& actions = *here_->find("spdk")->find("do");
    for (std::size_t i = 0; i < session.actions.size(); ++i) {
      here_ = &actions.items[i];
      std::visit([this](const auto& action) { act(action); }, session.actions[i]);
    }
  }

  // Only a creation has no blob yet, but the name of one.
  static const std::string& name_in(const SpdkAction& action) {
    const auto name_of = [](const auto& each) -> const std::string& {
      if constexpr (requires { each.blob; }) return each.blob;
      if constexpr (!requires { each.blob; }) return each.name;
    };
    return std::visit(name_of, action);
  }

  // What happens to a blob, whoever does it.
  void act(const BlobCreate& create) {
    // After a cut, what is there already is not created again.
    const bool there = blobs_.contains(create.name);
    if (there && !after_) complain(fmt::format("there is a blob \"{}\" already", create.name));
    if (fails_) return;
    blobs_[create.name] = after_ ? survivors_.size_if_created(create.name, create.clusters) : create.clusters;
    if (cuts_) survivors_.created(create.name, create.clusters);
    const uint64_t clusters = scenario_.device.size / scenario_.store.cluster_size;
    if (!create.thin && create.clusters >= clusters)
      complain(fmt::format("the device has only {} clusters, metadata included", clusters));
  }
  void act(const BlobSetXattr& step) { is_known(step.blob); }
  void act(const BlobResize& step) {
    if (!is_known(step.blob)) return;
    blobs_.at(step.blob) = step.clusters;
    if (cuts_) survivors_.resized(step.blob, step.clusters);
  }
  void act(const BlobDelete& step) {
    if (!is_known(step.blob)) return;
    blobs_.erase(step.blob);
    if (cuts_) survivors_.may_be_gone(step.blob);
  }
  void act(const DataIo& io) {
    if (!is_known(io.blob)) return;
    const uint64_t size = blobs_.at(io.blob) * scenario_.store.cluster_size;
    if (io.offset > size || io.length > size - io.offset) {
      const char* has = after_ ? "may have only" : "has";
      complain(fmt::format("\"{}\" {} {} bytes, and this goes beyond them", io.blob, has, size));
    }
  }

  void visit(const StoreFormat&) {
    if (open_) complain("the store is open; close it before it is formatted");
    if (fails_) return;
    blobs_.clear();
    survivors_.all_may_be_gone();
  }
  void visit(const StoreOpen&) {
    if (open_) complain("the store is open already");
    open_ = !fails_;
  }
  void visit(const StoreClose&) {
    need_open();
    open_ = open_ && fails_;
  }
  void visit(const StoreDestroy&) {
    need_open();
    if (fails_) return;
    open_ = false;
    blobs_.clear();
  }
  void visit(const StoreSetSuperBlob& step) { need_blob(step.blob); }
  void visit(const StoreClearSuperBlob&) { need_open(); }
  void visit(const BlobCreate& create) {
    need_open();
    act(create);
  }
  void visit(const BlobSetXattr& step) { need_blob(step.blob); }
  void visit(const BlobRemoveXattr& step) { need_blob(step.blob); }
  void visit(const BlobSetReadOnly& step) { need_blob(step.blob); }
  void visit(const BlobSync& step) { need_blob(step.blob); }
  void visit(const BlobResize& step) {
    if (need_blob(step.blob)) act(step);
  }
  void visit(const BlobDelete& step) {
    if (need_blob(step.blob)) act(step);
  }
  void visit(const DataIo& io) {
    if (need_blob(io.blob)) act(io);
  }
  void visit(const DataFlush& flush) { need_blob(flush.blob); }
  void visit(const SpdkSession&) {}
  void visit(const Parallel&) {}
  template <class StepOfAVolume>
  void visit(const StepOfAVolume&) {}

  bool need_open() {
    if (!open_) complain("the store is not open at this step");
    return open_;
  }
  bool need_blob(const std::string& name) { return need_open() && !fails_ && is_known(name); }
  bool is_known(const std::string& name) {
    if (blobs_.contains(name)) return true;
    if (after_ && survivors_.is_possible(name)) {
      complain(fmt::format(
          "\"{}\" is not there after every cut: use what \"setup\" leaves and no step takes away, "
          "or create it here",
          name));
      return false;
    }
    std::vector<std::string_view> names;
    for (const auto& [known, clusters] : blobs_) {
      if (names.size() == kNamesCompared) break;
      names.push_back(known);
    }
    complain(fmt::format("there is no blob \"{}\" at this step{}", name, suggestion(name, names)));
    return false;
  }
  void complain(std::string message) { reader_.complain(here_->position, std::move(message)); }

  Reader& reader_;
  const Scenario& scenario_;
  const Node* here_ = nullptr;
  bool fails_ = false;
  bool open_ = false;
  bool cuts_ = false;
  bool after_ = false;
  Survivors survivors_;
  std::map<std::string, uint64_t> blobs_;  // clusters
};

void check_room(Reader& reader, const Node& root, const Scenario& scenario) {
  const uint64_t metadata = (uint64_t{scenario.store.metadata_pages} + 8) * 4096;
  if (scenario.device.size > metadata + scenario.store.cluster_size) return;
  reader.complain(root.position, "the device is too small for this store's metadata and one cluster");
}

void check_family(Reader& reader, const Node& nodes, const std::vector<ScenarioStep>& steps,
                  bool of_a_volume) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Node& node = nodes.items[i];
    if (const auto* parallel = std::get_if<Parallel>(&steps[i].action)) {
      check_family(reader, *node.find("parallel"), parallel->steps, of_a_volume);
    } else if (is_volume_step(steps[i]) != of_a_volume) {
      reader.complain(node.position, of_a_volume
                                         ? "a scenario with \"volume\" has steps of the volume only"
                                         : "a step of a volume needs the key \"volume\" beside \"steps\"");
    }
  }
}

bool has_store(const Scenario& scenario) { return !scenario.volume || !scenario.volume->blob.empty(); }

void check_without_foreigners(Reader& reader, const Node& nodes, const std::vector<ScenarioStep>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (std::holds_alternative<SpdkSession>(steps[i].action))
      reader.complain(nodes.items[i].position, "another program cannot use the store below a volume");
  }
}

void check_families(Reader& reader, const Node& root, const Scenario& scenario) {
  const bool of_a_volume = scenario.volume.has_value();
  const bool of_both = of_a_volume && has_store(scenario);
  const auto check = [&](std::string_view key, const std::vector<ScenarioStep>& steps) {
    const Node* nodes = root.find(key);
    if (nodes == nullptr) return;
    if (of_both) return check_without_foreigners(reader, *nodes, steps);
    check_family(reader, *nodes, steps, of_a_volume);
  };
  check("setup", scenario.setup);
  check("steps", scenario.steps);
  check("after", scenario.after);
}

}  // namespace

void check_story(Reader& reader, const Node& root, const Scenario& scenario) {
  check_families(reader, root, scenario);
  if (!reader.clean()) return;
  if (scenario.volume) check_volume_story(reader, root, scenario);
  if (!has_store(scenario)) return;
  check_room(reader, root, scenario);
  Story story(reader, scenario);
  if (const Node* setup = root.find("setup")) story.follow(*setup, scenario.setup);
  if (scenario.device.setup_atomic_write) story.end_program();
  story.begin_cuts();
  if (const Node* steps = root.find("steps")) story.follow(*steps, scenario.steps);
  const Node* after = root.find("after");
  if (after == nullptr) return;
  story.begin_after();
  story.follow(*after, scenario.after);
  if (scenario.crash.nested < 2 || !reader.clean()) return;
  // The session after a cut in the session after a cut.
  story.begin_after();
  story.follow(*after, scenario.after);
}

}  // namespace holdfast::sim
