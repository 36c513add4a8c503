// SPDX-License-Identifier: BSD-3-Clause
#include "model/volume_model.hh"

#include <algorithm>

namespace holdfast::sim {

void ChunkVersions::make_durable(uint64_t moment) {
  const auto durable = std::find_if(versions_.rbegin(), versions_.rend(), [moment](const Version& version) {
    return version.completed_at <= moment;
  });
  if (durable == versions_.rend()) return;
  std::erase_if(versions_, [change = durable->change](const Version& each) { return each.change < change; });
}

bool ChunkVersions::shows(std::span<const Tag> tags, std::size_t first, uint64_t moment) const {
  uint64_t newest = 0;  // that had completed
  for (const Version& version : versions_) {
    if (!version.in_doubt && version.completed_at <= moment) newest = std::max(newest, version.change);
  }
  return std::ranges::any_of(versions_, [tags, first, newest](const Version& version) {
    return version.change >= newest &&
           std::ranges::equal(std::span(version.tags).subspan(first, tags.size()), tags);
  });
}

uint64_t VolumeModel::create_begins(uint64_t chunks, uint64_t blocks_per_chunk) {
  const uint64_t epoch = ++epochs_;
  change_begins();
  epoch_.begin(epoch, 0);
  epoch_.begin(epoch, epoch);
  blocks_per_chunk_ = blocks_per_chunk;
  former_ = std::exchange(chunks_, {});
  former_map_file_ = std::exchange(map_file_, MapFile::own);
  current_ = epoch;
  chunks_.assign(chunks, ChunkVersions(ChunkTags(blocks_per_chunk, kZeroes)));
  return epoch;
}

void VolumeModel::create_ends(uint64_t epoch, Ending ending) {
  ++version_;
  switch (ending) {
    case Ending::acknowledged:
      settle_on(epoch);
      closed_ = true;
      break;
    case Ending::refused: settle_on(epoch_.oldest()); break;
    case Ending::in_doubt: break;
  }
}

void VolumeModel::opened(uint64_t epoch) {
  changed_ = false;
  settle_on(epoch);
  map_becomes(MapFile::own);
}

// It is there, and no other.
void VolumeModel::settle_on(uint64_t epoch) {
  epoch_ = Versions<uint64_t>(epoch);
  if (epoch != current_) {
    current_ = epoch;
    chunks_ = std::move(former_);
    map_file_ = former_map_file_;
  }
  former_.clear();
}

uint64_t VolumeModel::destroy_begins() {
  destroying_ = true;
  const uint64_t change = change_begins();
  epoch_.begin(change, 0);
  return change;
}

void VolumeModel::destroy_ends(uint64_t change, bool acknowledged) {
  ++version_;
  destroying_ = false;
  if (acknowledged) epoch_.acknowledge(change);
}

void VolumeModel::close_acknowledged() {
  // A session that changed nothing closes nothing.
  closed_ = closed_ || changed_;
  ++version_;
  ++now_;
  for (auto& chunk : chunks_) chunk.make_durable(now_);
}

VolumeModel::Write VolumeModel::write_begins(uint64_t first_block, uint64_t count, Content content,
                                             bool zeroes) {
  Write write{.change = change_begins(), .first_block = first_block, .count = count};
  if (!zeroes) write.tag = make_tag(content, current_, ++writes_);
  uint64_t block = first_block;
  while (block < first_block + count) {
    const uint64_t chunk = block / blocks_per_chunk_;
    const uint64_t end = std::min(first_block + count, (chunk + 1) * blocks_per_chunk_);
    const ChunkTags before = visible(chunk);
    for (ChunkTags& tags : chunks_[chunk].bases()) {
      for (uint64_t each = block; each < end; ++each) tags[each % blocks_per_chunk_] = write.tag;
      write.changes = write.changes || tags != before;
      chunks_[chunk].begin(write.change, std::move(tags));
    }
    block = end;
  }
  return write;
}

void VolumeModel::write_ends(const Write& write, bool acknowledged, bool durable) {
  ++version_;
  if (write.count == 0) return;
  changed_ = changed_ || (acknowledged && write.changes);
  const uint64_t last = (write.first_block + write.count - 1) / blocks_per_chunk_;
  ++now_;
  for (uint64_t chunk = write.first_block / blocks_per_chunk_; chunk <= last; ++chunk) {
    if (!acknowledged) {
      chunks_[chunk].doubt(write.change);
      continue;
    }
    chunks_[chunk].complete(write.change, now_);
    if (durable) chunks_[chunk].make_durable(now_);
  }
}

VolumeModel::Read VolumeModel::read_begins(uint64_t first_block, uint64_t count) const {
  Read read{.began = now_, .chunks = {}};
  const uint64_t end = (first_block + count + blocks_per_chunk_ - 1) / blocks_per_chunk_;
  for (uint64_t chunk = first_block / blocks_per_chunk_; chunk < end; ++chunk)
    read.chunks.push_back(chunks_.at(chunk));
  return read;
}

void VolumeModel::flush_ends(uint64_t began) {
  ++version_;
  for (auto& chunk : chunks_) chunk.make_durable(began);
}

VolumeModel VolumeModel::after_power_cut(const Found& found) const {
  VolumeModel next = *this;
  next.epoch_ = Versions<uint64_t>(found.epoch);
  next.closed_ = false;
  next.destroying_ = false;
  next.former_.clear();
  next.current_ = found.epoch;
  next.map_file_ = MapFile::own;
  next.changed_ = false;
  next.chunks_.clear();
  for (const ChunkTags& tags : found.chunks) next.chunks_.emplace_back(tags);
  next.found_ = found;
  ++next.version_;
  return next;
}

}  // namespace holdfast::sim
