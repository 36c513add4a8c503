// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/memory_folder.hh"

#include <algorithm>
#include <array>
#include <utility>

#include "holdfast/assert.hh"

namespace holdfast::simdisk {
namespace {

// A directory on media: how many names there are, and for each the number of its file, the length of the
// name, and the name. Numbers are little-endian.
constexpr std::size_t kCountBytes = 4;
constexpr std::size_t kNumberBytes = 4;
constexpr std::size_t kLengthBytes = 2;
constexpr uint64_t kDirectoryBytes =
    kCountBytes + kMapFilesMost * (kNumberBytes + kLengthBytes + kMapNameMost);

void put(std::vector<std::byte>& bytes, std::size_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes.push_back(static_cast<std::byte>(value >> 8 * i & 0xFF));
}

// Reads one field after the other.
class Fields {
 public:
  explicit Fields(const Media& media) : media_(media) {}

  uint32_t number(std::size_t width) {
    std::array<std::byte, 4> bytes{};
    media_.read(at_, std::span(bytes).first(width));
    at_ += width;
    uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::to_integer<uint32_t>(bytes[i]) << 8 * i;
    return value;
  }
  std::string text(std::size_t length) {
    std::string text(length, '\0');
    media_.read(at_, std::as_writable_bytes(std::span(text)));
    at_ += length;
    return text;
  }

 private:
  const Media& media_;
  uint64_t at_ = 0;
};

}  // namespace

bool MemoryFile::is_poisoned(uint64_t line) const noexcept {
  std::byte poisoned{0};
  poison_.read(line, {&poisoned, 1});
  return poisoned != std::byte{0};
}

void MemoryFile::poison_lines(uint64_t offset, uint64_t length) {
  HF_ASSERT(length > 0 && offset < size() && length <= size() - offset);
  const uint64_t first = offset / kMemoryLine;
  const uint64_t last = (offset + length - 1) / kMemoryLine;
  poison_.write(first, std::vector<std::byte>(last - first + 1, std::byte{1}), EventNumber{0});
}

MemoryFolder::MemoryFolder(uint64_t first_media)
    : first_media_(first_media), directory_(kDirectoryBytes, first_media) {}

Directory MemoryFolder::directory() const {
  Directory names;
  Fields fields(directory_);
  for (uint32_t left = fields.number(kCountBytes); left > 0; --left) {
    const FileNumber number = fields.number(kNumberBytes);
    const uint32_t length = fields.number(kLengthBytes);
    names.emplace(fields.text(length), number);
  }
  return names;
}

// What is behind a shorter directory is zero again: equal directories are equal media.
void MemoryFolder::set_directory(const Directory& names, EventNumber event) {
  std::vector<std::byte> bytes = encoded(names);
  bytes.resize(std::max(bytes.size(), encoded(directory()).size()));
  directory_.write(0, bytes, event);
}

std::vector<std::byte> MemoryFolder::encoded(const Directory& names) {
  std::vector<std::byte> bytes;
  put(bytes, names.size(), kCountBytes);
  for (const auto& [name, number] : names) {
    put(bytes, number, kNumberBytes);
    put(bytes, name.size(), kLengthBytes);
    std::ranges::copy(std::as_bytes(std::span(name)), std::back_inserter(bytes));
  }
  return bytes;
}

FileNumber MemoryFolder::add_file(uint64_t size) {
  HF_ASSERT(!is_full() && size <= kMapBytesMost);
  const auto number = static_cast<FileNumber>(files_.size());
  files_.push_back(std::make_unique<MemoryFile>(size, first_media_ + 1 + uint64_t{2} * number));
  return number;
}

MemoryFile* MemoryFolder::find(std::string_view name) noexcept {
  return const_cast<MemoryFile*>(std::as_const(*this).find(name));
}

const MemoryFile* MemoryFolder::find(std::string_view name) const noexcept {
  const Directory names = directory();
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &file(found->second);
}

std::vector<std::byte> MemoryFolder::read(std::string_view name) {
  const MemoryFile* found = find(name);
  HF_ASSERT(found != nullptr);
  std::vector<std::byte> bytes(found->size());
  found->content().read(0, bytes);
  return bytes;
}

void MemoryFolder::lose(std::string_view name) {
  Directory names = directory();
  const auto found = names.find(name);
  HF_ASSERT(found != names.end());
  names.erase(found);
  set_directory(names, 0);
}

void MemoryFolder::restore(std::string_view name, std::span<const std::byte> bytes) {
  HF_ASSERT(name.size() <= kMapNameMost);
  const FileNumber number = add_file(bytes.size());
  file(number).content().write(0, bytes, EventNumber{0});
  Directory names = directory();
  names.insert_or_assign(std::string(name), number);
  set_directory(names, 0);
}

// Numbers are part of it: what is undecided belongs to a file, not to its name.
Hash128 MemoryFolder::image_hash(const Directory& names) const {
  Hash128 total;
  for (const auto& [name, number] : names) {
    const Hash128& content = file(number).content().image_hash();
    const Hash128& poison = file(number).poison().image_hash();
    const std::array<uint64_t, 6> words = {number,       file(number).size(), content.low,
                                           content.high, poison.low,          poison.high};
    total += hash_bytes(std::as_bytes(std::span(words)), hash_bytes(std::as_bytes(std::span(name))).low);
  }
  return total;
}

MemoryFolder::Mark MemoryFolder::mark() {
  const Mark mark = marks_.size();
  marks_.push_back(directory_.mark());
  for (const auto& file : files_) {
    marks_.push_back(file->content().mark());
    marks_.push_back(file->poison().mark());
  }
  return mark;
}

void MemoryFolder::rollback(Mark mark) noexcept {
  HF_ASSERT(mark < marks_.size() && (marks_.size() - mark) % 2 == 1);
  const std::size_t files = (marks_.size() - mark - 1) / 2;
  HF_ASSERT(files <= files_.size());
  files_.resize(files);
  directory_.rollback(marks_[mark]);
  for (std::size_t i = 0; i < files; ++i) {
    files_[i]->content().rollback(marks_[mark + 1 + 2 * i]);
    files_[i]->poison().rollback(marks_[mark + 2 + 2 * i]);
  }
  marks_.resize(mark);
}

}  // namespace holdfast::simdisk
