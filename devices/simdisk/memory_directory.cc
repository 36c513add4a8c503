// SPDX-License-Identifier: BSD-3-Clause
#include "memory_directory.hh"

#include <algorithm>
#include <utility>

#include "holdfast/assert.hh"

namespace holdfast::simdisk {
namespace {

constexpr std::size_t kDirectoriesListed = 256;

}  // namespace

MemoryDirectory::MemoryDirectory(MemoryFolder& folder) : folder_(folder), names_(folder.directory()) {
  outcomes_.push_back({.names = names_});
}

void MemoryDirectory::create(std::string_view name, FileNumber file, EventNumber event) {
  perform({.event = event, .file = file, .from = {}, .to = std::string(name)});
}

void MemoryDirectory::rename(std::string_view from, std::string_view to, EventNumber event) {
  const auto found = names_.find(from);
  HF_ASSERT(found != names_.end());
  perform({.event = event, .file = found->second, .from = std::string(from), .to = std::string(to)});
}

void MemoryDirectory::remove(std::string_view name, EventNumber event) {
  const auto found = names_.find(name);
  HF_ASSERT(found != names_.end());
  perform({.event = event, .file = found->second, .from = std::string(name), .to = {}});
}

void MemoryDirectory::perform(Operation operation) {
  apply(operation, names_);
  add_outcomes_with(operation);
  undecided_.push_back(std::move(operation));
}

// An operation does nothing where its file does not have the name that it had.
void MemoryDirectory::apply(const Operation& operation, Directory& names) {
  if (!operation.from.empty()) {
    const auto found = names.find(operation.from);
    if (found == names.end() || found->second != operation.file) return;
    names.erase(found);
  }
  if (!operation.to.empty()) names.insert_or_assign(operation.to, operation.file);
}

void MemoryDirectory::add_outcomes_with(const Operation& operation) {
  const std::size_t without = outcomes_.size();
  for (std::size_t i = 0; i < without && complete_; ++i) {
    Outcome outcome{.names = outcomes_[i].names, .event = operation.event};
    apply(operation, outcome.names);
    if (std::ranges::find(outcomes_, outcome.names, &Outcome::names) != outcomes_.end()) continue;
    if (outcomes_.size() == kDirectoriesListed) {
      complete_ = false;
    } else {
      outcomes_.push_back(std::move(outcome));
    }
  }
}

void MemoryDirectory::sync(EventNumber covers) {
  const auto end = std::ranges::find_if(
      undecided_, [covers](const Operation& operation) { return operation.event > covers; });
  if (end == undecided_.begin()) return;
  Directory durable = std::move(outcomes_.front().names);
  for (auto operation = undecided_.begin(); operation != end; ++operation) apply(*operation, durable);
  folder_.set_directory(durable, std::prev(end)->event);
  undecided_.erase(undecided_.begin(), end);

  outcomes_.clear();
  outcomes_.push_back({.names = std::move(durable)});
  complete_ = true;
  for (const Operation& operation : undecided_) add_outcomes_with(operation);
}

bool MemoryDirectory::may_lead_to(FileNumber file) const noexcept {
  return std::ranges::any_of(outcomes_, [file](const Outcome& outcome) {
    return std::ranges::any_of(outcome.names, [file](const auto& name) { return name.second == file; });
  });
}

// All candidates are as long as the longest, and each has the hash of all that its names lead to: files that
// differ under a name that may come are no less different than names.
void MemoryDirectory::add_to(CrashSet& set) const {
  set.complete = set.complete && complete_;
  if (outcomes_.size() == 1) return;
  std::vector<std::vector<std::byte>> contents;
  std::size_t longest = 0;
  for (const Outcome& outcome : outcomes_) {
    contents.push_back(MemoryFolder::encoded(outcome.names));
    longest = std::max(longest, contents.back().size());
  }
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    contents[i].resize(longest);
    Candidate& candidate = candidates.emplace_back(std::move(contents[i]));
    std::ranges::fill(candidate.events, outcomes_[i].event);
    candidate.hash = folder_.image_hash(outcomes_[i].names);
  }
  set.units.push_back({&folder_.directory_media(), 0, std::move(candidates)});
}

}  // namespace holdfast::simdisk
