// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/error.hh"

#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

namespace holdfast {
namespace {

void append_number(std::string& text, uint64_t number, int base = 10) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  text.append(digits.data(), end);
}

}  // namespace

const char* name_of(Errc code) noexcept {
  switch (code) {
    case Errc::device_failed: return "device failed";
    case Errc::not_a_store: return "not a store";
    case Errc::corrupt: return "corrupt";
    case Errc::unsupported: return "unsupported";
    case Errc::wrong_type: return "wrong store type";
    case Errc::no_space: return "no space";
    case Errc::no_resources: return "no resources";
    case Errc::not_found: return "not found";
    case Errc::already_exists: return "already exists";
    case Errc::busy: return "busy";
    case Errc::read_only: return "read-only";
    case Errc::invalid_argument: return "invalid argument";
    case Errc::out_of_range: return "out of range";
  }
  return "unknown error";
}

const char* name_of(ObjectKind kind) noexcept {
  switch (kind) {
    case ObjectKind::none: return "";
    case ObjectKind::device: return "device";
    case ObjectKind::super_block: return "superblock";
    case ObjectKind::page_mask: return "metadata page mask";
    case ObjectKind::cluster_mask: return "cluster mask";
    case ObjectKind::blob_id_mask: return "blob id mask";
    case ObjectKind::metadata_page: return "metadata page";
    case ObjectKind::blob: return "blob";
    case ObjectKind::cluster: return "cluster";
    case ObjectKind::xattr: return "xattr";
    case ObjectKind::option: return "option";
    case ObjectKind::map_file: return "map file";
    case ObjectKind::chunk: return "chunk";
  }
  return "unknown object";
}

std::string describe(const Error& error) {
  std::string text = name_of(error.code);
  text += ": ";
  if (error.object != ObjectKind::none) {
    text += name_of(error.object);
    const bool numbered = error.object == ObjectKind::metadata_page || error.object == ObjectKind::cluster ||
                          error.object == ObjectKind::chunk;
    if (numbered) {
      text += ' ';
      append_number(text, error.number);
    } else if (error.object == ObjectKind::blob) {
      text += " 0x";
      append_number(text, error.number, 16);
    }
    if (error.byte != Error::kNowhere) {
      text += " at byte ";
      append_number(text, error.byte);
    }
    text += ": ";
  }
  text += error.reason;
  if (error.os_error != 0) {
    text += " (";
    text += std::generic_category().message(error.os_error);
    text += ')';
  }
  return text;
}

}  // namespace holdfast
