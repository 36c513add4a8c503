// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explore/raw_store.hh"
#include "explore/session.hh"
#include "explore/trace.hh"
#include "holdfast/simdisk/media.hh"
#include "model/model.hh"

namespace holdfast::sim {

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
// Reads everything in the program's open store.
Task<> read_everything(StoreProgram& program, const Rig& rig, Found& found);

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
