// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

namespace holdfast {

// What went wrong, as a caller can act on it. The numbers are stable.
enum class Errc : uint16_t {
  device_failed = 1,   // the device refused or lost a request; `os_error` says what it answered
  not_a_store = 2,     // no blobstore, or no volume, begins here
  corrupt = 3,         // bytes on media contradict the format; `object` and `byte` say where
  unsupported = 4,     // a valid disk that needs something this version does not do
  wrong_type = 5,      // the store carries another bstype than the caller asked for
  no_space = 6,        // no free cluster or metadata page
  no_resources = 7,    // a limit that was fixed at open is reached: retry after something completes
  not_found = 8,       // no such blob or xattr
  already_exists = 9,
  busy = 10,           // open elsewhere, or another operation holds it
  read_only = 11,      // the blob or the store refuses changes; `reason` says why
  invalid_argument = 12,
  out_of_range = 13,   // an offset or length leaves the blob
};

// What the error is about.
enum class ObjectKind : uint16_t {
  none = 0,
  device,
  super_block,
  page_mask,
  cluster_mask,
  blob_id_mask,
  metadata_page,
  blob,
  cluster,
  xattr,
  option,
  map_file,  // of a compressed volume
  chunk,
};

// An error says what, to whom, where, and what to do about it. It is small, trivially copyable and
// owns nothing: `reason` is always a string literal (what is wrong, then the remedy where one exists).
struct Error {
  static constexpr uint64_t kNowhere = ~uint64_t{0};

  Errc code = Errc::device_failed;
  ObjectKind object = ObjectKind::none;
  int32_t os_error = 0;            // errno of the device, or 0
  uint64_t number = 0;             // which page, cluster, blob id, ...
  uint64_t byte = kNowhere;        // byte address on the device, if known
  const char* reason = "";         // string literal

  friend bool operator==(const Error&, const Error&) = default;
};
static_assert(sizeof(Error) == 32 && std::is_trivially_copyable_v<Error>);

const char* name_of(Errc code) noexcept;
const char* name_of(ObjectKind kind) noexcept;

// One line for people: "corrupt: metadata page 17 at byte 73728: the checksum does not match".
std::string describe(const Error& error);

}  // namespace holdfast
