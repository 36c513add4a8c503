// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "holdfast/result.hh"
#include "model/tag.hh"

namespace holdfast::sim {

// How a change ended, as far as its program knows.
enum class Ending : uint8_t {
  acknowledged,
  refused,   // it did not happen
  in_doubt,  // it failed, and may have happened
};
// Where the device failed nobody knows; what was refused for another reason did not happen.
template <class T>
Ending ending_of(const Result<T>& result) {
  if (result) return Ending::acknowledged;
  return result.error().code == Errc::device_failed ? Ending::in_doubt : Ending::refused;
}

// The versions that a piece of the store may show after a power cut, oldest first. Beginning a change adds a
// version; its acknowledgement drops all that came before it.
template <class Value>
class Versions {
 public:
  explicit Versions(Value first) : versions_{{0, std::move(first)}} {}

  void begin(uint64_t change, Value value) { versions_.push_back({change, std::move(value)}); }
  void end(uint64_t change, Ending ending) {
    switch (ending) {
      case Ending::acknowledged: return acknowledge(change);
      case Ending::refused: return withdraw(change);
      case Ending::in_doubt: return doubt(change);
    }
  }
  void acknowledge(uint64_t change) {
    while (versions_.front().change != change) versions_.erase(versions_.begin());
  }

  bool allows(const Value& value) const {
    for (const Version& version : versions_) {
      if (version.value == value) return true;
    }
    return false;
  }
  const Value& oldest() const { return versions_.front().value; }
  const Value& newest() const { return versions_.back().value; }
  std::size_t count() const { return versions_.size(); }

 private:
  struct Version {
    uint64_t change;
    Value value;
  };

  void withdraw(uint64_t change) {
    std::erase_if(versions_, [change](const Version& version) { return version.change == change; });
  }
  // Nobody goes on from it.
  void doubt(uint64_t change) {
    const auto doubtful = std::ranges::find(versions_, change, &Version::change);
    if (doubtful != versions_.end()) std::rotate(versions_.begin(), doubtful, std::next(doubtful));
  }

  std::vector<Version> versions_;
};

// What one block may hold: the content that is known to be durable, and every write since. A write that
// completed is visible, and durable only later.
class BlockVersions {
 public:
  explicit BlockVersions(Tag first) : versions_{{0, 0, first, false}} {}

  void begin(uint64_t change, Tag tag) { versions_.push_back({change, kNotCompleted, tag, false}); }
  void complete(uint64_t change, uint64_t now) {
    for (Version& version : versions_) {
      if (version.change == change) version.completed_at = now;
    }
  }
  // It may have arrived in part; what completes later lies over it.
  void fail(uint64_t change, uint64_t now) {
    for (Version& version : versions_) {
      if (version.change != change) continue;
      version.completed_at = now;
      version.failed = true;
    }
  }
  // Everything that had completed at `moment` is durable: of what had completed before the newest of it
  // began, nothing comes back.
  void make_durable(uint64_t moment) {
    uint64_t newest = 0;
    for (const Version& version : versions_) {
      if (version.completed_at <= moment && !version.failed) newest = std::max(newest, version.change);
    }
    make_change_durable(newest);
  }
  // Of writes that were in progress together any may lie on top: they may have begun in another order than
  // that in which they reached the device.
  void make_change_durable(uint64_t change) {
    std::erase_if(versions_, [change](const Version& version) { return version.completed_at < change; });
  }

  void settle() { versions_.erase(versions_.begin(), versions_.end() - 1); }

  bool allows(Tag tag) const {
    return std::ranges::any_of(versions_, [tag](const Version& version) { return version.tag == tag; });
  }
  Tag visible() const { return versions_.back().tag; }
  // Whether a read that begins at `moment` can show it: nothing that had completed by then lies over it.
  bool shows(Tag tag, uint64_t moment) const {
    return std::ranges::any_of(versions_, [this, tag, moment](const Version& version) {
      return version.tag == tag && !is_covered(version, moment);
    });
  }
  bool has_begun_since(uint64_t moment, Tag tag) const {
    return std::ranges::any_of(versions_, [tag, moment](const Version& version) {
      return version.change > moment && version.tag == tag;
    });
  }

 private:
  static constexpr uint64_t kNotCompleted = ~uint64_t{0};
  struct Version {
    uint64_t change;
    uint64_t completed_at;
    Tag tag;
    bool failed = false;
  };

  bool is_covered(const Version& version, uint64_t moment) const {
    return std::ranges::any_of(versions_, [&version, moment](const Version& later) {
      return !later.failed && later.completed_at <= moment && version.completed_at < later.change;
    });
  }

  std::vector<Version> versions_;
};

}  // namespace holdfast::sim
