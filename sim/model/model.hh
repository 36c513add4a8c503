// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace holdfast::sim {

// What a block of a blob holds, as far as the workload wrote it: which write of which blob. 0 is zeroes.
using Tag = uint64_t;
inline constexpr Tag kZeroes = 0;
inline constexpr Tag kForeign = ~uint64_t{0};  // bytes that no write of this run produced for this block

struct BlobState {
  uint64_t clusters = 0;
  bool read_only = false;
  std::map<std::string, std::vector<std::byte>> xattrs;

  friend bool operator==(const BlobState&, const BlobState&) = default;
};

// The versions that a piece of the store may show after a power cut, oldest first. Beginning a change adds a
// version; its acknowledgement drops all that came before it.
template <class Value>
class Versions {
 public:
  explicit Versions(Value first) : versions_{{0, std::move(first)}} {}

  void begin(uint64_t change, Value value) { versions_.push_back({change, std::move(value)}); }
  void acknowledge(uint64_t change) {
    while (versions_.front().change != change) versions_.erase(versions_.begin());
  }
  void withdraw(uint64_t change) {
    std::erase_if(versions_, [change](const Version& version) { return version.change == change; });
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
  std::vector<Version> versions_;
};

// What one block may hold: the content that is known to be durable, and every write since.
class BlockVersions {
 public:
  explicit BlockVersions(Tag first) : versions_{{0, 0, first}} {}

  void begin(uint64_t change, Tag tag) { versions_.push_back({change, kNotCompleted, tag}); }
  void complete(uint64_t change, uint64_t now);
  // Everything that had completed at `moment` is durable: of what had completed before the newest of it
  // began, nothing comes back.
  void make_durable(uint64_t moment);
  // The write `change` is durable.
  void make_change_durable(uint64_t change);

  void settle() { versions_.erase(versions_.begin(), versions_.end() - 1); }

  bool allows(Tag tag) const;
  Tag visible() const { return versions_.back().tag; }

 private:
  static constexpr uint64_t kNotCompleted = ~uint64_t{0};
  struct Version {
    uint64_t change;
    uint64_t completed_at;
    Tag tag;
  };
  std::vector<Version> versions_;
};

// One blob, from its creation on. Scenarios name blobs; the name is also an xattr, by which a blob is
// recognised on media.
struct BlobHistory {
  uint64_t birth = 0;  // unlike ids and names, never used again
  Versions<std::optional<BlobState>> state{std::nullopt};  // nullopt: no such blob
  std::vector<BlockVersions> blocks;
  BlobState staged;  // in the memory of the engine
  bool unsettled = false;  // a foreign program touched it
};

// The oracle: what has been acknowledged, and what was begun. A recovered store must show, for each thing,
// one of the versions that this model allows. It knows the API's promises (holdfast/blobstore.hh) and nothing
// of how the engine keeps them.
class Model {
 public:
  // Grows with each change of what is allowed: equal numbers mean equal demands.
  uint64_t version() const { return version_; }

  // The store. Each format begins a new epoch; 0 is "no store".
  uint64_t format_begins(uint64_t event);
  // Which epoch a superblock belongs to that was written by this event.
  uint64_t epoch_of_event(uint64_t event) const;
  uint64_t begin_of_epoch(uint64_t epoch) const { return epoch == 0 ? 0 : epoch_begins_[epoch - 1]; }
  void format_ends(uint64_t epoch, bool acknowledged);
  // Leads to epoch 0.
  uint64_t destroy_begins();
  void destroy_ends(uint64_t change, bool acknowledged);
  // By name; empty: none.
  uint64_t super_blob_begins(const std::string& name);
  void super_blob_ends(uint64_t change, bool acknowledged);
  const Versions<std::string>& super_blob() const { return super_blob_; }
  void close_acknowledged() {
    closed_ = true;
    ++version_;
  }
  const Versions<uint64_t>& epoch() const { return epoch_; }
  bool closed() const { return closed_; }  // acknowledged, and nothing has changed since

  // Blobs: every begin returns the change that its end names.
  uint64_t create_begins(const std::string& name, BlobState state, uint64_t block_count);
  uint64_t commit_begins(const std::string& name, BlobState state);
  uint64_t delete_begins(const std::string& name);
  // What a blob gains is zeroes; what it loses is gone when the change ends.
  uint64_t resize_begins(const std::string& name, uint64_t clusters);
  void resize_ends(const std::string& name, uint64_t change, bool acknowledged, uint64_t blocks);
  void change_ends(const std::string& name, uint64_t change, bool acknowledged);
  BlobState& staged(const std::string& name) { return blobs_.at(name).staged; }

  // A foreign program has the store: one that flushes nothing and rewrites in place. What it touches is
  // unsettled: a power cut may leave any state of it, or damage, until the engine opens the store and thereby
  // flushes the device. `at_once`: on this device whole pages are durable when their write completes, so each
  // operation is settled when it ends, and the superblock is always right.
  void foreign_begins(bool at_once);
  void foreign_touches(const std::string& name, uint64_t id);
  void foreign_operation_ends();
  void foreign_ends(bool unloaded);
  void open_acknowledged();
  bool unsettled(const std::string& name) const {
    const auto blob = blobs_.find(name);
    return blob != blobs_.end() && blob->second.unsettled;
  }
  // By id: of a damaged blob media may not tell the name.
  bool unsettled(uint64_t id) const { return unsettled_ids_.contains(id) || damaged_ids_.contains(id); }
  // The superblock may be torn; one that says clean may stand over masks and pages of another time.
  bool super_unsettled() const { return super_unsettled_ || super_found_unsettled_; }

  // Data.
  struct Write {
    uint64_t change = 0;
    Tag tag = kZeroes;
  };
  Write write_begins(const std::string& name, uint64_t first_block, uint64_t count, bool zeroes);
  void write_ends(const std::string& name, const Write& write, uint64_t first_block, uint64_t count,
                  bool durable);
  uint64_t flush_begins() const { return now_; }
  void flush_ends(uint64_t began);

  const std::map<std::string, BlobHistory>& blobs() const { return blobs_; }
  // As far as the newest change says.
  bool exists(const std::string& name) const {
    const auto blob = blobs_.find(name);
    return blob != blobs_.end() && blob->second.state.newest().has_value();
  }
  static uint64_t birth_of(Tag tag) { return tag >> 32 & 0xFFFFFF; }

  // The model of the session that follows a power cut: what was found is durable, and nothing else exists.
  struct Found {
    uint64_t epoch = 0;
    std::string super_blob;
    std::map<std::string, std::pair<BlobState, std::vector<Tag>>> blobs;
    std::set<uint64_t> damaged;  // ids
  };
  Model after_power_cut(const Found& found) const;

 private:
  void settle();
  // The first change that the engine makes rests on a superblock that it has written itself.
  void engine_changed() {
    if (!foreign_) super_unsettled_ = super_found_unsettled_ = false;
  }
  uint64_t change_begins() {
    closed_ = false;
    ++version_;
    return ++now_;
  }

  std::map<std::string, BlobHistory> blobs_;
  Versions<uint64_t> epoch_{0};
  Versions<std::string> super_blob_{""};
  std::vector<uint64_t> epoch_begins_;  // the event at which each format began
  bool closed_ = false;
  bool foreign_ = false;  // a foreign program has the store
  bool foreign_at_once_ = false;
  bool super_unsettled_ = false;
  bool super_found_unsettled_ = false;  // a cut left it so
  std::set<uint64_t> unsettled_ids_;
  std::set<uint64_t> damaged_ids_;  // what a cut made of unsettled blobs
  uint64_t births_ = 0;
  uint64_t writes_ = 0;
  uint64_t now_ = 0;  // counts changes and completions
  uint64_t version_ = 0;
};

// The bytes that a write with this tag puts into block `block` of its blob, and the way back.
void fill_block(std::span<std::byte> bytes, Tag tag, uint64_t block);
Tag tag_of_block(std::span<const std::byte> bytes, uint64_t block);

}  // namespace holdfast::sim
