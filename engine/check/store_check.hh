// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/byte_source.hh"
#include "holdfast/error.hh"

namespace holdfast {

enum class Severity : uint8_t {
  note,     // nothing is wrong, but worth knowing
  warning,  // nothing is lost, but space leaks, or bytes are not as they should be
  error,    // something is lost, or belongs to two
};
const char* name_of(Severity severity) noexcept;

// What the check has found. The text is for people: what it means, then what to do about it.
struct Finding {
  Severity severity = Severity::error;
  ObjectKind object = ObjectKind::none;
  uint64_t number = 0;              // which blob (its id), page or cluster; of a mask, the first bit
  uint64_t byte = Error::kNowhere;  // byte address in the store
  std::string text;
};

struct CheckReport {
  bool clean = false;           // the superblock vouches for the masks
  uint64_t blobs = 0;           // damaged ones included
  uint64_t damaged_blobs = 0;   // those that cannot be read as a whole
  uint64_t used_pages = 0;      // metadata pages that roots lead to
  uint64_t used_clusters = 0;   // clusters that whole blobs name
  std::vector<Finding> findings;

  uint64_t count(Severity severity) const noexcept;
};

// Reads a whole store and holds its structures against each other: what the roots say, who owns what and, in
// a clean store, the masks. It shares the format's single structures with the engine but not the replay of
// the metadata: a second reading, by which a mistake of the first would show.
//
// Order: what concerns single blobs, in ascending order of their roots; what two of them own; their parents;
// the superblock; the masks. One damaged blob never hides another.
// Memory: a few times what the used metadata takes, and a few hundred megabytes for a blob of absurd size.
// Errors: those of a superblock that cannot be used. Whatever else is wrong or cannot be read is a finding.
Result<CheckReport> check_store(ByteSource& source);

}  // namespace holdfast
