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

#include "model/tag.hh"
#include "model/versions.hh"
#include "model/volume_model.hh"

namespace holdfast::sim {

struct BlobState {
  uint64_t clusters = 0;
  bool read_only = false;
  std::map<std::string, std::vector<std::byte>> xattrs;

  friend bool operator==(const BlobState&, const BlobState&) = default;
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
  uint64_t version() const { return version_ + volume_.version(); }

  VolumeModel& volume() { return volume_; }
  const VolumeModel& volume() const { return volume_; }

  // The store. Each format begins a new epoch; 0 is "no store".
  uint64_t format_begins(uint64_t event);
  // Which epoch a superblock belongs to that was written by this event.
  uint64_t epoch_of_event(uint64_t event) const;
  uint64_t begin_of_epoch(uint64_t epoch) const { return epoch == 0 ? 0 : epoch_begins_[epoch - 1]; }
  void format_ends(uint64_t epoch, Ending ending);
  // Leads to epoch 0.
  uint64_t destroy_begins();
  void destroy_ends(uint64_t change, Ending ending);
  // By name; empty: none.
  uint64_t super_blob_begins(const std::string& name);
  void super_blob_ends(uint64_t change, Ending ending);
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
  void resize_ends(const std::string& name, uint64_t change, Ending ending, uint64_t blocks);
  void change_ends(const std::string& name, uint64_t change, Ending ending);
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
  void write_fails(const std::string& name, const Write& write, uint64_t first_block, uint64_t count);
  // A read: what its blocks held when it began.
  struct Read {
    uint64_t began = 0;
    uint64_t first_block = 0;
    std::vector<BlockVersions> blocks;
  };
  Read read_begins(const std::string& name, uint64_t first_block, uint64_t count) const;
  // Whether it may return this of its block of that number: what was there when it began, or was written
  // since.
  bool may_return(const std::string& name, const Read& read, uint64_t number, Tag tag) const;
  uint64_t flush_begins() const { return now_; }
  void flush_ends(uint64_t began);

  const std::map<std::string, BlobHistory>& blobs() const { return blobs_; }
  // As far as the newest change says.
  bool exists(const std::string& name) const {
    const auto blob = blobs_.find(name);
    return blob != blobs_.end() && blob->second.state.newest().has_value();
  }

  // The model of the session that follows a power cut: what was found is durable, and nothing else exists.
  struct Found {
    uint64_t epoch = 0;
    std::string super_blob;
    std::map<std::string, std::pair<BlobState, std::vector<Tag>>> blobs;
    std::set<uint64_t> damaged;  // ids
    VolumeModel::Found volume;
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

  VolumeModel volume_;
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

}  // namespace holdfast::sim
