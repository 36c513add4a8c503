// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/simdisk/media.hh"

namespace holdfast::simdisk {

inline constexpr uint32_t kMemoryLine = 64;
inline constexpr uint64_t kMapBytesMost = uint64_t{1} << 30;
inline constexpr std::size_t kMapFilesMost = 1024;  // that were ever made in one folder
inline constexpr std::size_t kMapNameMost = 255;

using FileNumber = uint32_t;                                       // in the order of creation
using Directory = std::map<std::string, FileNumber, std::less<>>;  // what each name leads to

// What is durably in one map file: its bytes, and which of its lines are poisoned, a byte for each.
class MemoryFile {
 public:
  MemoryFile(uint64_t size, uint64_t first_media)
      : content_(size, first_media), poison_((size + kMemoryLine - 1) / kMemoryLine, first_media + 1) {}

  uint64_t size() const noexcept { return content_.size(); }
  Media& content() noexcept { return content_; }
  const Media& content() const noexcept { return content_; }
  Media& poison() noexcept { return poison_; }
  const Media& poison() const noexcept { return poison_; }

  bool has_poison() const noexcept { return poison_.image_hash() != Hash128{}; }
  bool is_poisoned(uint64_t line) const noexcept;
  // Loads of the lines that hold these bytes are errors, until each is overwritten as a whole.
  void poison_lines(uint64_t offset, uint64_t length);

 private:
  Media content_;
  Media poison_;
};

// What is durable of a folder of map files: a directory, and the files that its names lead to. Like Media, it
// undoes its changes, and has a hash of what a program can find in it. A file to which no name leads any more
// stays there unseen.
//
// SimulatedMaps stand over it while there is power; losing, saving and restoring a file is for the time
// between.
class MemoryFolder {
 public:
  // Its media are numbered from `first_media` on.
  explicit MemoryFolder(uint64_t first_media = 1);
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  Directory directory() const;
  void set_directory(const Directory& names, EventNumber event);
  static std::vector<std::byte> encoded(const Directory& names);
  Media& directory_media() noexcept { return directory_; }

  bool is_full() const noexcept { return files_.size() == kMapFilesMost; }
  FileNumber add_file(uint64_t size);  // of zeroes; no name leads to it
  MemoryFile& file(FileNumber number) noexcept { return *files_[number]; }
  const MemoryFile& file(FileNumber number) const noexcept { return *files_[number]; }

  // The file of this name, or nullptr.
  MemoryFile* find(std::string_view name) noexcept;
  const MemoryFile* find(std::string_view name) const noexcept;
  // The durable bytes of a file that is there.
  std::vector<std::byte> read(std::string_view name);
  // A file that was there is gone.
  void lose(std::string_view name);
  // A file holds what an earlier read() of it, or of another one, found.
  void restore(std::string_view name, std::span<const std::byte> bytes);

  Hash128 image_hash() const { return image_hash(directory()); }
  // The same if the names were these.
  Hash128 image_hash(const Directory& names) const;

  // As Media's; the last mark is rolled back first. Files that were made since are gone afterwards.
  using Mark = std::size_t;
  Mark mark();
  void rollback(Mark mark) noexcept;

 private:
  uint64_t first_media_;
  Media directory_;
  std::vector<std::unique_ptr<MemoryFile>> files_;
  std::vector<Media::Mark> marks_;  // for each mark of the folder: the directory's, then two of each file
};

}  // namespace holdfast::simdisk
