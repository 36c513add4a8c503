// SPDX-License-Identifier: BSD-3-Clause
#include "format/volume_super.hh"

#include <bit>
#include <cstring>

#include "holdfast/assert.hh"

namespace holdfast {
namespace {

constexpr std::array<char, 8> kSignature = {'S', 'P', 'D', 'K', 'R', 'E', 'D', 'U'};
constexpr std::array<char, 8> kExtension = {'H', 'O', 'L', 'D', 'F', 'A', 'S', 'T'};
constexpr uint32_t kChecksumFlag = 1;
constexpr uint32_t kSmallestChunk = 4096;
constexpr uint32_t kLargestChunk = 1 << 20;
constexpr uint32_t kSmallestBlock = 512;
constexpr std::string_view kDigits = "0123456789abcdef";

Error super_error(Errc code, std::size_t offset, const char* reason) {
  return {.code = code, .object = ObjectKind::super_block, .byte = offset, .reason = reason};
}

Error map_file_error(std::size_t offset, const char* reason) {
  return {.code = Errc::corrupt, .object = ObjectKind::map_file, .byte = offset, .reason = reason};
}

Error option_error(uint64_t value, const char* reason) {
  return {.code = Errc::invalid_argument, .object = ObjectKind::option, .number = value, .reason = reason};
}

// Null: they fit together.
const char* why_impossible(uint32_t unit, uint32_t logical_block, uint32_t chunk) {
  if (chunk < kSmallestChunk || chunk > kLargestChunk) return "a chunk has 4 KiB to 1 MiB";
  if (unit < kSmallestBlock || chunk % unit != 0)
    return "a unit has at least 512 bytes and divides the chunk";
  if (logical_block < kSmallestBlock || chunk % logical_block != 0)
    return "a logical block has at least 512 bytes and divides the chunk";
  return nullptr;
}

// 0: not one chunk is left beside the spare ones.
uint64_t chunks_of_device(uint64_t device_bytes, uint32_t chunk_size) {
  const uint64_t all = device_bytes / chunk_size;
  return all > kSpareChunks ? all - kSpareChunks : 0;
}

VolumeLayout layout_of(uint32_t unit, uint32_t logical_block, uint32_t chunk, uint64_t chunks,
                       uint64_t device_bytes) {
  return {.unit_size = unit,
          .logical_block_size = logical_block,
          .chunk_size = chunk,
          .chunks = chunks,
          .units = device_bytes / unit,
          .first_unit = (kVolumeHeaderBytes + unit - 1) / unit};
}

Result<> check_options(const VolumeOptions& options, uint32_t block_size, uint32_t logical_block) {
  if (options.uuid == Uuid{}) return option_error(0, "a volume needs a uuid that is not all zero");
  if (const char* reason = why_impossible(options.unit_size, logical_block, options.chunk_size))
    return option_error(options.chunk_size, reason);
  if (kVolumeSuperBytes % block_size != 0)
    return option_error(block_size, "a volume needs a device whose blocks divide 4096 bytes");
  if (options.unit_size % block_size != 0)
    return option_error(options.unit_size, "a unit is a multiple of the device's block size");
  const bool known = options.codec <= static_cast<uint32_t>(CodecKind::lz4);
  if (!known && (options.codec < kFirstOwnCodec || options.codec > 255))
    return option_error(options.codec, "a codec is deflate (0), LZ4 (1) or the caller's own (128 to 255)");
  return {};
}

}  // namespace

Result<CheckedVolume> parse_volume_super(std::span<const std::byte> page, uint64_t device_bytes) {
  HF_ASSERT(page.size() >= kVolumeSuperBytes);
  CheckedVolume volume;
  std::memcpy(&volume.image, page.data(), sizeof(volume.image));
  const VolumeSuper& super = volume.image;
  if (super.signature != kSignature)
    return super_error(Errc::not_a_store, 0, "no compressed volume begins here");
  if (const char* reason = why_impossible(super.unit_size, super.logical_block_size, super.chunk_size))
    return super_error(Errc::corrupt, offsetof(VolumeSuper, unit_size), reason);
  const uint64_t chunks = super.volume_size / super.chunk_size;
  if (chunks == 0 || super.volume_size % super.chunk_size != 0)
    return super_error(Errc::corrupt, offsetof(VolumeSuper, volume_size), "a volume has whole chunks");
  if (chunks > chunks_of_device(device_bytes, super.chunk_size))
    return super_error(Errc::corrupt, offsetof(VolumeSuper, volume_size),
                       "the volume is larger than its device; the device was cut short, or is another one");
  volume.uuid = super.uuid;
  volume.layout =
      layout_of(super.unit_size, super.logical_block_size, super.chunk_size, chunks, device_bytes);
  volume.codec = super.codec;
  volume.codec_level = super.codec_level;
  volume.extended = super.extension == kExtension;
  if (!volume.extended) return volume;
  volume.checksums = (super.flags & kChecksumFlag) != 0;
  volume.session = SessionWord::from(super.session);
  return volume;
}

Result<CheckedVolume> plan_volume(const VolumeOptions& options, uint64_t device_bytes, uint32_t block_size) {
  const uint32_t logical_block = options.logical_block_size != 0 ? options.logical_block_size : block_size;
  HF_CHECK(check_options(options, block_size, logical_block));
  const uint64_t chunks = chunks_of_device(device_bytes, options.chunk_size);
  if (chunks == 0) {
    return Error{.code = Errc::no_space,
                 .object = ObjectKind::device,
                 .number = device_bytes,
                 .reason = "a volume needs a device of more than 128 chunks"};
  }
  VolumeSuper super;
  super.signature = kSignature;
  super.uuid = options.uuid;
  super.unit_size = options.unit_size;
  super.logical_block_size = logical_block;
  super.chunk_size = options.chunk_size;
  super.volume_size = chunks * options.chunk_size;
  super.codec = static_cast<uint8_t>(options.codec);
  super.codec_level = options.codec_level;
  super.extension = kExtension;
  super.session = SessionWord{}.word();
  super.flags = options.checksums ? kChecksumFlag : 0;
  return parse_volume_super(std::as_bytes(std::span(&super, 1)), device_bytes);
}

Result<> check_pairing(const CheckedVolume& device, const CheckedVolume& map_file) {
  const bool same = device.uuid == map_file.uuid && device.layout == map_file.layout &&
                    device.codec == map_file.codec && device.extended == map_file.extended &&
                    device.checksums == map_file.checksums;
  if (!same)
    return map_file_error(0,
                          "it belongs to another volume; give the map file that was made with this device");
  const uint64_t ahead = map_file.session.number - device.session.number;
  if (ahead > 1)
    return map_file_error(kSessionOffset,
                          "it is of another time than the device; one of them is an old copy");
  return {};
}

std::string uuid_text(const Uuid& uuid) {
  std::string text;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[std::to_integer<unsigned>(uuid[i]) >> 4];
    text += kDigits[std::to_integer<unsigned>(uuid[i]) & 15];
  }
  return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower)
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  Uuid uuid{};
  std::size_t digits = 0;
  for (const char letter : lower) {
    const std::size_t digit = kDigits.find(letter);
    if (digit == kDigits.npos || digits == 2 * uuid.size()) continue;
    uuid[digits / 2] = uuid[digits / 2] << 4 | std::byte(digit);
    ++digits;
  }
  if (uuid_text(uuid) != lower) return std::nullopt;
  return uuid;
}

Result<> encode_map_path(std::string_view folder, const Uuid& uuid, std::span<std::byte> page) {
  HF_ASSERT(page.size() == kMapPathBytes);
  const std::string path = std::string(folder) + "/" + uuid_text(uuid);
  if (path.size() >= page.size() || path.find('\0') != path.npos)
    return option_error(path.size(), "the path of the map file has at most 4095 bytes, and no NUL");
  std::memset(page.data(), 0, page.size());
  std::memcpy(page.data(), path.data(), path.size());
  return {};
}

Result<std::string> parse_map_path(std::span<const std::byte> page) {
  HF_ASSERT(page.size() == kMapPathBytes);
  const auto* text = reinterpret_cast<const char*>(page.data());
  const std::size_t length = ::strnlen(text, page.size());
  if (length == page.size())
    return super_error(Errc::corrupt, kVolumeSuperBytes, "the path of the map file does not end");
  return std::string(text, length);
}

}  // namespace holdfast
