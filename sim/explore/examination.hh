// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check/store_check.hh"
#include "explore/session.hh"
#include "explore/trace.hh"
#include "format/replay.hh"
#include "format/super_block.hh"
#include "holdfast/simdisk/media.hh"
#include "model/model.hh"

namespace holdfast::sim {

// A root on media, and the pages of its chain as far as they can be followed, whether intact or not.
struct RootOnMedia {
  BlobId id;
  uint64_t page = 0;                // media page of the root
  // Of the sectors that say that it is a root and where its chain begins; where pages tear, the others are
  // the same in every version of a root.
  simdisk::EventNumber written_at = 0;
  std::vector<uint64_t> chain;      // media pages behind the root
};

// What media say, read with the format library alone and not through the engine.
struct RawStore {
  Result<CheckedSuper> super = Error{};
  ReplayedStore replayed;
  std::vector<RootOnMedia> roots;
  bool masks_agree = true;          // with the roots
  CheckReport check;                // the offline checker's opinion
};
RawStore read_raw_store(const simdisk::Media& media, uint32_t block_size);
// As scenarios know it; nothing: it has no name.
std::optional<std::string> name_of(const BlobRecord& blob);

// What a program finds that opens the store after a cut.
struct FoundBlob {
  BlobId id;
  BlobState state;
  std::vector<Tag> blocks;
};
struct Found {
  std::optional<Error> open_error;
  std::map<std::string, FoundBlob> blobs;  // by name
  std::vector<Blobstore::Damage> damaged;  // as the store reports it
  std::vector<BlobId> strangers;           // blobs without the name that every blob of a scenario has
  std::string super_blob;                  // its name; empty: none
};
// Reads everything in the session's open store.
Task<> read_everything(Session& session, const Rig& rig, Found& found);

// One crash state, from all sides: what the invariants judge.
struct Examination {
  const simdisk::Media& media;
  const Trace& trace;
  const Model& model;
  const RawStore& raw;
  const Found& found;
  uint32_t block_size = 0;

  // Of the first sector: where pages tear, it alone decides.
  simdisk::EventNumber super_written_at() const { return media.written_at_byte(0); }
  // 0: no store.
  uint64_t epoch() const { return raw.super ? model.epoch_of_event(super_written_at()) : 0; }
};

}  // namespace holdfast::sim
