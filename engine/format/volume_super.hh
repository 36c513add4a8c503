// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/little_endian.hh"
#include "format/volume_layout.hh"
#include "holdfast/result.hh"
#include "holdfast/volume_options.hh"

namespace holdfast {

inline constexpr uint32_t kVolumeSuperBytes = 4096;
inline constexpr uint32_t kMapPathBytes = 4096;
// Superblock and path: no unit that begins here holds data.
inline constexpr uint32_t kVolumeHeaderBytes = kVolumeSuperBytes + kMapPathBytes;

// The superblock of a compressed volume as it lies at byte 0 of the device, with a copy at byte 0 of the map
// file. It has no checksum; SPDK writes it once and never again.
struct VolumeSuper {
  std::array<char, 8> signature{};  // "SPDKREDU"
  Uuid uuid{};
  Le32 unit_size;                   // bytes
  Le32 logical_block_size;          // bytes
  Le32 chunk_size;                  // bytes
  Le32 padding;                     // of SPDK's structure
  Le64 volume_size;                 // bytes
  Le32 codec_level;                 // since 2024; 0 before, as the two below
  uint8_t codec = 0;
  std::array<std::byte, 11> reserved{};
  // Reserved bytes of SPDK's, in which Holdfast keeps its own words: docs/format-extensions.md. They lie in
  // one sector of the device and in one cache line of the map file.
  std::array<char, 8> extension{};  // "HOLDFAST", or there is none
  Le64 session;  // see SessionWord
  Le64 digest;  // map file only: of all maps, valid while the session is closed
  Le32 flags;  // bit 0: chunk maps carry checksums
  std::array<std::byte, 36> extension_reserved{};
  std::array<std::byte, 3968> rest{};
};
static_assert(sizeof(VolumeSuper) == kVolumeSuperBytes);
static_assert(offsetof(VolumeSuper, unit_size) == 24 && offsetof(VolumeSuper, volume_size) == 40);
static_assert(offsetof(VolumeSuper, codec_level) == 48 && offsetof(VolumeSuper, codec) == 52);
static_assert(offsetof(VolumeSuper, extension) == 64 && offsetof(VolumeSuper, rest) == 128);
static_assert(std::has_unique_object_representations_v<VolumeSuper>, "no padding may reach media");

inline constexpr uint64_t kSessionOffset = offsetof(VolumeSuper, session);
inline constexpr uint64_t kDigestOffset = offsetof(VolumeSuper, digest);

// Counts the sessions that changed a volume, and says whether the last one was closed. One word, because a
// power cut leaves eight bytes old or new.
struct SessionWord {
  uint64_t number = 0;
  bool closed = true;

  static SessionWord from(uint64_t word) noexcept { return {word >> 1, (word & 1) != 0}; }
  uint64_t word() const noexcept { return number << 1 | (closed ? 1 : 0); }
};

// A superblock whose every value was checked.
struct CheckedVolume {
  VolumeSuper image;  // as it was found
  Uuid uuid{};
  VolumeLayout layout;
  uint32_t codec = 0;
  uint32_t codec_level = 0;
  bool extended = false;  // Holdfast's words are there
  bool checksums = false;
  SessionWord session;
};

// not_a_store: no volume begins here. corrupt: one does, with impossible values.
Result<CheckedVolume> parse_volume_super(std::span<const std::byte> page, uint64_t device_bytes);

// no_space: the device is too small for a volume. invalid_argument: impossible sizes.
Result<CheckedVolume> plan_volume(const VolumeOptions& options, uint64_t device_bytes, uint32_t block_size);

// Whether the map file's copy belongs to the device's superblock. A session that a cut interrupted while it
// began has left the map file one ahead.
Result<> check_pairing(const CheckedVolume& device, const CheckedVolume& map_file);

// The map file's name, and the path that lies behind the superblock.
std::string uuid_text(const Uuid& uuid);
std::optional<Uuid> parse_uuid(std::string_view text);  // letters of either case
Result<> encode_map_path(std::string_view folder, const Uuid& uuid, std::span<std::byte> page);
Result<std::string> parse_map_path(std::span<const std::byte> page);

}  // namespace holdfast
