// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "model/tag.hh"
#include "model/versions.hh"

namespace holdfast::sim {

// What a chunk holds: a tag for each of its logical blocks.
using ChunkTags = std::vector<Tag>;

// What one chunk may hold. Its writes are carried out in order, so that a durable one ends all before it.
class ChunkVersions {
 public:
  explicit ChunkVersions(ChunkTags first) : versions_{{0, 0, std::move(first), false}} {}

  void begin(uint64_t change, ChunkTags tags) {
    versions_.push_back({change, kNotCompleted, std::move(tags), false});
  }
  void complete(uint64_t change, uint64_t now) {
    for (Version& version : versions_) {
      if (version.change == change) version.completed_at = now;
    }
  }
  // It failed, and may have been done.
  void doubt(uint64_t change) {
    for (Version& version : versions_) version.in_doubt = version.in_doubt || version.change == change;
    auto others = versions_.begin();
    for (auto each = versions_.begin(); each != versions_.end(); ++each) {
      if (each->in_doubt) std::rotate(others++, each, std::next(each));
    }
  }
  // What a write that begins now may be laid over.
  std::vector<ChunkTags> bases() const {
    std::vector<ChunkTags> bases;
    for (const Version& version : versions_) {
      if (version.in_doubt || version.change == versions_.back().change) bases.push_back(version.tags);
    }
    return bases;
  }
  // Everything that had completed at `moment` is durable.
  void make_durable(uint64_t moment);

  bool allows(const ChunkTags& tags) const {
    return std::ranges::any_of(versions_, [&tags](const Version& version) { return version.tags == tags; });
  }
  const ChunkTags& visible() const { return versions_.back().tags; }
  // Whether a read that begins at `moment` can show these of the blocks from `first` on: nothing that had
  // completed by then came after them.
  bool shows(std::span<const Tag> tags, std::size_t first, uint64_t moment) const;

 private:
  static constexpr uint64_t kNotCompleted = ~uint64_t{0};
  struct Version {
    uint64_t change;
    uint64_t completed_at;
    ChunkTags tags;
    bool in_doubt = false;  // these come first
  };
  std::vector<Version> versions_;
};

// The oracle of a compressed volume: what has been acknowledged, and what was begun. It knows the promises of
// holdfast/volume.hh: a chunk is wholly old or wholly new, per request; requests to one chunk are carried out
// in order; an acknowledged write is durable, or, write-back, after a flush.
class VolumeModel {
 public:
  // Grows with each change of what is allowed.
  uint64_t version() const { return version_; }

  // Every creation begins a new epoch; 0 is "no volume".
  uint64_t create_begins(uint64_t chunks, uint64_t blocks_per_chunk);
  // One in doubt leaves the former volume, none, or the new one.
  void create_ends(uint64_t epoch, Ending ending);
  uint64_t destroy_begins();
  void destroy_ends(uint64_t change, bool acknowledged);
  void close_acknowledged();
  const Versions<uint64_t>& epoch() const { return epoch_; }
  bool closed() const { return closed_; }  // acknowledged, and nothing has changed since
  bool destroying() const { return destroying_; }

  struct Write {
    uint64_t change = 0;
    Tag tag = kZeroes;
    uint64_t first_block = 0;
    uint64_t count = 0;
    bool changes = false;  // what is there: zeroes over zeroes are nothing
  };
  // A write of zeroes is an unmap.
  Write write_begins(uint64_t first_block, uint64_t count, Content content, bool zeroes);
  void write_ends(const Write& write, bool acknowledged, bool durable);
  // A read: what its chunks held when it began. What begins later is carried out behind it.
  struct Read {
    uint64_t began = 0;
    std::vector<ChunkVersions> chunks;
  };
  Read read_begins(uint64_t first_block, uint64_t count) const;
  uint64_t flush_begins() const { return now_; }
  void flush_ends(uint64_t began);

  // What others did to the map file of the newest volume, until it is opened with it.
  enum class MapFile : uint8_t {
    own,  // it is what the engine left, but for its poison
    lost,
    older,  // an earlier copy of itself
    foreign,  // another volume's
  };
  uint64_t newest_epoch() const { return current_; }
  MapFile map_file(uint64_t epoch) const { return epoch == current_ ? map_file_ : former_map_file_; }
  void map_copied() { copied_epoch_ = current_; }
  void map_lost() { map_becomes(MapFile::lost); }
  void map_replaced(MapSource by) {
    const bool itself = by == MapSource::copy && copied_epoch_ == current_;
    map_becomes(itself ? MapFile::older : MapFile::foreign);
  }
  // The volume of this epoch: it is there, whatever was in doubt.
  void opened(uint64_t epoch);

  uint64_t chunks() const { return chunks_.size(); }
  uint64_t blocks_per_chunk() const { return blocks_per_chunk_; }
  bool allows(uint64_t epoch, uint64_t chunk, const ChunkTags& tags) const {
    return (epoch == current_ ? chunks_ : former_)[chunk].allows(tags);
  }
  const ChunkTags& visible(uint64_t chunk) const { return chunks_[chunk].visible(); }

  struct Found {
    uint64_t epoch = 0;
    std::vector<ChunkTags> chunks;
    uint64_t event = 0;  // the last one before the power came on
    std::vector<uint64_t> entries;  // of the logical map on media at that moment
  };
  VolumeModel after_power_cut(const Found& found) const;
  // What the last power cut left; empty before the first.
  const Found& found() const { return found_; }

 private:
  uint64_t change_begins() {
    closed_ = false;
    ++version_;
    return ++now_;
  }
  void settle_on(uint64_t epoch);
  void map_becomes(MapFile state) {
    map_file_ = state;
    ++version_;
  }

  Versions<uint64_t> epoch_{0};
  uint64_t epochs_ = 0;  // that ever began
  uint64_t current_ = 0;  // the one that `chunks_` are of
  uint64_t blocks_per_chunk_ = 0;
  std::vector<ChunkVersions> chunks_;
  std::vector<ChunkVersions> former_;  // of the volume that is being replaced
  Found found_;
  MapFile map_file_ = MapFile::own;  // of `current_`
  MapFile former_map_file_ = MapFile::own;  // of the volume that is being replaced
  uint64_t copied_epoch_ = 0;  // 0: no copy was made
  bool closed_ = false;
  bool changed_ = false;  // since it was opened
  bool destroying_ = false;
  uint64_t writes_ = 0;
  uint64_t now_ = 0;  // counts changes and completions
  uint64_t version_ = 0;
};

}  // namespace holdfast::sim
