// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace holdfast {

// The places where something must be durable before something else may happen. Each carries the name of
// the invariant that it keeps; the sentences stand in engine/durability/DURABILITY.md.
enum class Barrier : uint8_t {
  none = 0,
  S1,  // format: the former superblock is gone before the metadata region is wiped
  S2,  // format: the metadata region is wiped before a superblock names it
  S3,  // format: the new superblock is durable before format is acknowledged
  S4,  // a store is marked dirty before its metadata changes
  S5,  // everything is durable before a store is marked clean
  S6,  // a clean mark is durable before close is acknowledged
  S7,  // a change or the removal of the superblock is durable before it is acknowledged
  B1,  // a root names only durable pages and cleared clusters
  B2,  // a commit is durable before it is acknowledged and before what it replaced is reused
  B3,  // a delete is durable before it is acknowledged and before what it frees is reused
  B4,  // a redo is gone before the conversion of its root is acknowledged
  D1,  // data is durable before its flush, or its write with FUA, is acknowledged
  R1,  // what recovery reads is durable before it is acted upon
  V1,  // create: the former superblock is gone before anything of the new volume is written
  V2,  // create: the map file, its name and its content, is durable before a superblock names it
  V3,  // create: the path of the map file is durable before a superblock stands before it
  V4,  // a superblock, or its removal, is durable before it is acknowledged or the map file is removed
  V5,  // a session is marked in the map file before it is marked on the device
  V6,  // a session is marked on the device before it changes anything
  V7,  // chunk maps that nobody refers to are blank before a session changes anything, and when it closes
  V8,  // a closed session is durable before close is acknowledged
  C1,  // a chunk's data is durable before the logical map leads to it
  C2,  // a chunk map is durable before the logical map leads to it
  C3,  // an entry of the logical map is durable before it is acknowledged and before the old chunk is reused
  R2,  // what the load of a volume reads is durable before it is acted upon
};
inline constexpr Barrier kBarriers[] = {Barrier::S1, Barrier::S2, Barrier::S3, Barrier::S4, Barrier::S5,
                                        Barrier::S6, Barrier::S7, Barrier::B1, Barrier::B2, Barrier::B3,
                                        Barrier::B4, Barrier::D1, Barrier::R1, Barrier::V1, Barrier::V2,
                                        Barrier::V3, Barrier::V4, Barrier::V5, Barrier::V6, Barrier::V7,
                                        Barrier::V8, Barrier::C1, Barrier::C2, Barrier::C3, Barrier::R2};

// What a request is for.
enum class Step : uint8_t {
  none = 0,
  read_super,
  read_metadata,
  read_mask,
  erase_super,
  wipe_metadata,
  write_super,
  write_mask,
  write_chain,
  write_root,
  write_extent_page,
  erase_root,
  erase_redo,
  clear_clusters,
  discard_clusters,
  flush,
  user_data,
  write_map_path,
  mark_session,
  read_units,
  write_units,
  discard_units,
  persist,
};

// Which protocol step a request is, and which barrier makes it durable (for a flush: which barrier it is).
// It exists for people: traces, error messages. A host may print it; the engine never asks for it.
struct Purpose {
  Step step = Step::none;
  Barrier barrier = Barrier::none;

  friend bool operator==(const Purpose&, const Purpose&) = default;
};

const char* name_of(Barrier barrier) noexcept;
const char* name_of(Step step) noexcept;

}  // namespace holdfast
