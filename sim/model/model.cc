// SPDX-License-Identifier: BSD-3-Clause
#include "model/model.hh"

#include <algorithm>
#include <cstring>

#include "holdfast/assert.hh"

namespace holdfast::sim {

uint64_t Model::format_begins(uint64_t event) {
  epoch_begins_.push_back(event);
  const uint64_t epoch = epoch_begins_.size();
  epoch_.begin(epoch, 0);
  epoch_.begin(epoch, epoch);
  change_begins();
  return epoch;
}

uint64_t Model::epoch_of_event(uint64_t event) const {
  uint64_t epoch = 0;
  while (epoch < epoch_begins_.size() && epoch_begins_[epoch] < event) ++epoch;
  return epoch;
}

void Model::format_ends(uint64_t epoch, Ending ending) {
  if (ending != Ending::acknowledged) {
    epoch_.end(epoch, ending);
  } else {
    epoch_ = Versions<uint64_t>(epoch);
    super_blob_ = Versions<std::string>("");
    blobs_.clear();
    damaged_ids_.clear();
    engine_changed();
    closed_ = false;
  }
  ++version_;
}

uint64_t Model::destroy_begins() {
  const uint64_t change = change_begins();
  epoch_.begin(change, 0);
  return change;
}

void Model::destroy_ends(uint64_t change, Ending ending) {
  epoch_.end(change, ending);
  if (ending == Ending::acknowledged) blobs_.clear();
  ++version_;
}

uint64_t Model::super_blob_begins(const std::string& name) {
  const uint64_t change = change_begins();
  super_blob_.begin(change, name);
  return change;
}

void Model::super_blob_ends(uint64_t change, Ending ending) {
  super_blob_.end(change, ending);
  if (ending == Ending::acknowledged) engine_changed();
  ++version_;
}

uint64_t Model::resize_begins(const std::string& name, uint64_t clusters) {
  BlobState state = *blobs_.at(name).state.newest();
  state.clusters = clusters;
  return commit_begins(name, std::move(state));
}

void Model::resize_ends(const std::string& name, uint64_t change, Ending ending, uint64_t blocks) {
  change_ends(name, change, ending);
  if (ending != Ending::acknowledged) return;
  BlobHistory& blob = blobs_.at(name);
  blob.staged.clusters = blob.state.newest()->clusters;
  blob.blocks.resize(blocks, BlockVersions(kZeroes));
}

uint64_t Model::create_begins(const std::string& name, BlobState state, uint64_t block_count) {
  BlobHistory& blob = blobs_[name];
  HF_ASSERT(!blob.state.newest().has_value());
  blob.birth = ++births_;
  blob.blocks.assign(block_count, BlockVersions(kZeroes));
  blob.staged = state;
  const uint64_t change = change_begins();
  blob.state.begin(change, std::move(state));
  return change;
}

uint64_t Model::commit_begins(const std::string& name, BlobState state) {
  const uint64_t change = change_begins();
  blobs_.at(name).state.begin(change, std::move(state));
  return change;
}

uint64_t Model::delete_begins(const std::string& name) {
  const uint64_t change = change_begins();
  blobs_.at(name).state.begin(change, std::nullopt);
  return change;
}

void Model::change_ends(const std::string& name, uint64_t change, Ending ending) {
  blobs_.at(name).state.end(change, ending);
  if (ending == Ending::acknowledged) engine_changed();
  ++version_;
}

Model::Write Model::write_begins(const std::string& name, uint64_t first_block, uint64_t count, bool zeroes) {
  BlobHistory& blob = blobs_.at(name);
  const Write write{.change = ++now_,
                    .tag = zeroes ? kZeroes : make_tag(Content::dense, blob.birth, ++writes_)};
  for (uint64_t i = 0; i < count; ++i) blob.blocks.at(first_block + i).begin(write.change, write.tag);
  ++version_;
  return write;
}

void Model::write_ends(const std::string& name, const Write& write, uint64_t first_block, uint64_t count,
                       bool durable) {
  BlobHistory& blob = blobs_.at(name);
  ++now_;
  for (uint64_t i = 0; i < count; ++i) {
    BlockVersions& block = blob.blocks.at(first_block + i);
    block.complete(write.change, now_);
    if (durable) block.make_change_durable(write.change);
  }
  ++version_;
}

void Model::write_fails(const std::string& name, const Write& write, uint64_t first_block, uint64_t count) {
  BlobHistory& blob = blobs_.at(name);
  ++now_;
  for (uint64_t i = 0; i < count; ++i) blob.blocks.at(first_block + i).fail(write.change, now_);
  ++version_;
}

Model::Read Model::read_begins(const std::string& name, uint64_t first_block, uint64_t count) const {
  const std::vector<BlockVersions>& blocks = blobs_.at(name).blocks;
  Read read{.began = now_, .first_block = first_block, .blocks = {}};
  // A growth in doubt may have made the blob larger than is known here.
  const uint64_t end = std::min<uint64_t>(first_block + count, blocks.size());
  for (uint64_t block = first_block; block < end; ++block) read.blocks.push_back(blocks[block]);
  return read;
}

bool Model::may_return(const std::string& name, const Read& read, uint64_t number, Tag tag) const {
  if (read.blocks[number].shows(tag, read.began)) return true;
  const auto blob = blobs_.find(name);
  const uint64_t block = read.first_block + number;
  return blob != blobs_.end() && block < blob->second.blocks.size() &&
         blob->second.blocks[block].has_begun_since(read.began, tag);
}

void Model::flush_ends(uint64_t began) {
  for (auto& [name, blob] : blobs_) {
    for (BlockVersions& block : blob.blocks) block.make_durable(began);
  }
  ++version_;
}

void Model::foreign_begins(bool at_once) {
  change_begins();
  foreign_ = true;
  foreign_at_once_ = at_once;
  super_unsettled_ = !at_once;
}

void Model::foreign_touches(const std::string& name, uint64_t id) {
  blobs_.at(name).unsettled = true;
  unsettled_ids_.insert(id);
  ++version_;
}

void Model::foreign_operation_ends() {
  if (foreign_at_once_) settle();
}

void Model::foreign_ends(bool unloaded) {
  foreign_ = false;
  closed_ = unloaded && foreign_at_once_;
  ++version_;
}

void Model::open_acknowledged() {
  settle();
  super_unsettled_ = false;
}

void Model::settle() {
  for (auto& [name, blob] : blobs_) {
    if (!blob.unsettled) continue;
    blob.unsettled = false;
    for (BlockVersions& block : blob.blocks) block.settle();
  }
  unsettled_ids_.clear();
  ++version_;
}

Model Model::after_power_cut(const Found& found) const {
  Model next = *this;
  next.epoch_ = Versions<uint64_t>(found.epoch);
  next.epoch_begins_.resize(found.epoch);
  next.closed_ = false;
  next.foreign_ = false;
  next.super_found_unsettled_ = super_unsettled();
  next.super_unsettled_ = false;
  next.unsettled_ids_.clear();
  next.damaged_ids_ = found.damaged;
  next.super_blob_ = Versions<std::string>(found.super_blob);
  std::erase_if(next.blobs_, [&found](const auto& blob) { return !found.blobs.contains(blob.first); });
  for (const auto& [name, blob] : found.blobs) {
    BlobHistory& history = next.blobs_.at(name);
    history.state = Versions<std::optional<BlobState>>(blob.first);
    history.staged = blob.first;
    history.unsettled = false;
    history.blocks.clear();
    for (const Tag tag : blob.second) history.blocks.emplace_back(tag);
  }
  next.volume_ = volume_.after_power_cut(found.volume);
  ++next.version_;
  return next;
}

}  // namespace holdfast::sim
