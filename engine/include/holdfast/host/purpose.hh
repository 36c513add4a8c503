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
};
inline constexpr Barrier kBarriers[] = {Barrier::S1, Barrier::S2, Barrier::S3, Barrier::S4, Barrier::S5,
                                        Barrier::S6, Barrier::S7, Barrier::B1, Barrier::B2, Barrier::B3,
                                        Barrier::B4, Barrier::D1, Barrier::R1};

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
