// SPDX-License-Identifier: BSD-3-Clause
// A superblock of a volume has no checksum: whatever stands there is refused, or makes a volume that its
// device can hold.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <functional>

#include "engine/format/metadata_region.hh"
#include "format/volume_super.hh"

namespace holdfast {
namespace {

constexpr uint64_t kDevice = uint64_t{200} * 16384;

VolumeSuper good_super() {
  VolumeOptions options;
  options.uuid.fill(std::byte{7});
  return plan_volume(options, kDevice, 512)->image;
}

Result<CheckedVolume> parsed(const VolumeSuper& super, uint64_t device_bytes = kDevice) {
  return parse_volume_super(std::as_bytes(std::span(&super, 1)), device_bytes);
}

struct BadValue {
  const char* name;
  std::function<void(VolumeSuper&)> set;
};

TEST(HostileVolumeSuper, WithAnImpossibleValueIsCorrupt) {
  const BadValue bad[] = {
      {"no unit", [](VolumeSuper& super) { super.unit_size = 0; }},
      {"a unit below a sector", [](VolumeSuper& super) { super.unit_size = 256; }},
      {"a unit that does not divide the chunk", [](VolumeSuper& super) { super.unit_size = 12288; }},
      {"a unit larger than the chunk", [](VolumeSuper& super) { super.unit_size = 32768; }},
      {"no logical block", [](VolumeSuper& super) { super.logical_block_size = 0; }},
      {"a logical block that does not divide", [](VolumeSuper& super) { super.logical_block_size = 5000; }},
      {"no chunk", [](VolumeSuper& super) { super.chunk_size = 0; }},
      {"a chunk below a page", [](VolumeSuper& super) { super.chunk_size = 2048; }},
      {"a chunk above a megabyte", [](VolumeSuper& super) { super.chunk_size = 2 << 20; }},
      {"a chunk of 4 GiB less one", [](VolumeSuper& super) { super.chunk_size = ~uint32_t{0}; }},
      {"no size", [](VolumeSuper& super) { super.volume_size = 0; }},
      {"a part of a chunk", [](VolumeSuper& super) { super.volume_size = super.volume_size + 512; }},
      {"one chunk too many", [](VolumeSuper& super) { super.volume_size = super.volume_size + 16384; }},
      {"all there is", [](VolumeSuper& super) { super.volume_size = ~uint64_t{0} - 16383; }},
  };
  for (const BadValue& each : bad) {
    VolumeSuper super = good_super();
    each.set(super);
    const Result<CheckedVolume> volume = parsed(super);
    ASSERT_FALSE(volume) << each.name;
    EXPECT_EQ(volume.error().code, Errc::corrupt) << each.name;
    EXPECT_EQ(volume.error().object, ObjectKind::super_block) << each.name;
  }
}

TEST(HostileVolumeSuper, WithAnotherSignatureIsNoVolume) {
  for (std::size_t i = 0; i < 8; ++i) {
    VolumeSuper super = good_super();
    super.signature[i] ^= 1;
    EXPECT_EQ(parsed(super).error().code, Errc::not_a_store) << i;
  }
}

TEST(HostileVolumeSuper, OnADeviceOfAnySizeIsAVolumeThatFitsOrCorrupt) {
  for (uint64_t bytes = 0; bytes < 2 * kDevice; bytes += 4096 + 512) {
    const Result<CheckedVolume> volume = parsed(good_super(), bytes);
    EXPECT_EQ(volume.has_value(), bytes >= kDevice) << bytes;
  }
}

void check_that_it_fits(const CheckedVolume& volume) {
  const VolumeLayout& layout = volume.layout;
  RC_ASSERT(layout.chunk_size >= 4096U);
  RC_ASSERT(layout.chunk_size <= uint32_t{1} << 20);
  RC_ASSERT(layout.unit_size >= 512U);
  RC_ASSERT(layout.chunk_size % layout.unit_size == 0U);
  RC_ASSERT(layout.logical_block_size >= 512U);
  RC_ASSERT(layout.chunk_size % layout.logical_block_size == 0U);
  RC_ASSERT(layout.chunks >= 1U);
  RC_ASSERT(layout.units * layout.unit_size <= kDevice);
  RC_ASSERT(layout.first_unit * layout.unit_size >= kVolumeHeaderBytes);
  // Each chunk finds place, and the 127 others that may be in progress.
  const uint64_t spare = kSpareChunks - (layout.first_unit - 1) / layout.units_per_chunk() - 1;
  RC_ASSERT(layout.first_unit + (layout.chunks + spare) * layout.units_per_chunk() <= layout.units);
}

RC_GTEST_PROP(HostileVolumeSuper, OfAnyBytesIsAVolumeThatFitsOrAnError, ()) {
  VolumeSuper super = good_super();
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(&super, 1));
  const auto changes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < changes; ++i) {
    const auto offset = *rc::gen::inRange<std::size_t>(24, 128);
    bytes[offset] = std::byte{*rc::gen::arbitrary<uint8_t>()};
  }
  const Result<CheckedVolume> volume = parsed(super);
  if (volume) check_that_it_fits(*volume);
  if (!volume) RC_ASSERT(volume.error().code == Errc::corrupt);
}

// Sizes that are plausible one by one reach deeper than random bytes.
RC_GTEST_PROP(HostileVolumeSuper, OfPlausibleSizesIsAVolumeThatFitsOrAnError, ()) {
  const auto power = [](int from, int to) { return uint32_t{1} << *rc::gen::inRange(from, to); };
  VolumeSuper super = good_super();
  super.unit_size = power(8, 22) * *rc::gen::inRange<uint32_t>(1, 4);
  super.logical_block_size = power(8, 22);
  super.chunk_size = power(11, 22) * *rc::gen::inRange<uint32_t>(1, 4);
  super.volume_size = uint64_t{super.chunk_size} * *rc::gen::inRange<uint64_t>(0, 1000);
  const Result<CheckedVolume> volume = parsed(super);
  if (volume) check_that_it_fits(*volume);
  if (!volume) RC_ASSERT(volume.error().code == Errc::corrupt);
}

struct Mismatch {
  const char* name;
  std::function<void(VolumeSuper&)> change;
};

TEST(MapFilePairing, OfASuperblockThatDiffersInAnythingIsRefused) {
  const Mismatch mismatches[] = {
      {"uuid", [](VolumeSuper& super) { super.uuid[15] = std::byte{9}; }},
      {"unit size", [](VolumeSuper& super) { super.unit_size = 8192; }},
      {"logical block", [](VolumeSuper& super) { super.logical_block_size = 4096; }},
      {"chunk size", [](VolumeSuper& super) { super.chunk_size = 8192; }},
      {"size", [](VolumeSuper& super) { super.volume_size = super.volume_size - 16384; }},
      {"codec", [](VolumeSuper& super) { super.codec = 0; }},
      {"Holdfast's words", [](VolumeSuper& super) { super.extension = {}; }},
      {"checksums", [](VolumeSuper& super) { super.flags = 1; }},
      {"two sessions ahead", [](VolumeSuper& super) { super.session = (SessionWord{.number = 2}).word(); }},
  };
  const CheckedVolume device = parsed(good_super()).value();
  ASSERT_TRUE(check_pairing(device, device));
  for (const Mismatch& each : mismatches) {
    VolumeSuper copy = good_super();
    each.change(copy);
    const Result<> paired = check_pairing(device, parsed(copy).value());
    EXPECT_EQ(paired.error().code, Errc::corrupt) << each.name;
    EXPECT_EQ(paired.error().object, ObjectKind::map_file) << each.name;
  }
}

TEST(MapFilePairing, MayBeOneSessionAheadAndNeverBehind) {
  VolumeSuper super = good_super();
  super.session = (SessionWord{.number = 8, .closed = true}).word();
  const CheckedVolume device = parsed(super).value();
  for (const auto& [number, legal] : {std::pair{7U, false}, {8U, true}, {9U, true}, {10U, false}}) {
    super.session = (SessionWord{.number = number, .closed = false}).word();
    EXPECT_EQ(check_pairing(device, parsed(super).value()).has_value(), legal) << number;
  }
}

}  // namespace
}  // namespace holdfast
