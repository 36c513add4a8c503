// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "holdfast/blobstore.hh"

namespace holdfast::tools {

// How import stores a file: its path below the imported folder, its length in bytes (u64, little endian),
// and, once all of its content is durable, an empty mark. `name` and
// `length` are what SPDK's own file layer uses.
inline constexpr std::string_view kNameXattr = "name";
inline constexpr std::string_view kLengthXattr = "length";
inline constexpr std::string_view kCompleteXattr = "complete";

struct FileBlob {
  std::string name;  // empty: not a file
  uint64_t length = 0;
  bool complete = false;
};

FileBlob describe_file(const Blob& blob);
std::map<std::string, BlobId> names_in(Blobstore& store);

}  // namespace holdfast::tools
