// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "holdfast/simdisk/digest.hh"

namespace holdfast::simdisk {

inline constexpr uint32_t kMediaPage = 4096;
inline constexpr uint32_t kMediaSector = 512;  // the smallest piece that a write can leave behind
inline constexpr uint32_t kSectorsPerPage = kMediaPage / kMediaSector;
constexpr uint64_t sectors_for(uint64_t bytes) { return (bytes + kMediaSector - 1) / kMediaSector; }

// Which write put something on media: a number that grows with every
// event of a run. 0: it was there from the start.
using EventNumber = uint64_t;

// A page's content. It never changes, and is shared by all images that contain it.
struct PageContent {
  std::array<std::byte, kMediaPage> bytes;
  Hash128 hash;
};
using PageRef = std::shared_ptr<const PageContent>;

class Media;

// Told of every look at media's content or at the age of it, before it is answered.
class MediaObserver {
 public:
  virtual void looked_at(const Media& media, uint64_t byte, uint64_t length) = 0;

 protected:
  ~MediaObserver() = default;
};

// What is durably on a device: a table of shared pages; an absent page is all zero. Changes can be undone, so
// that thousands of images that differ in a few pages are visited one after the other and none is ever
// copied. One thread.
class Media {
 public:
  // `number` tells the media of one world apart, where they lose power together.
  explicit Media(uint64_t bytes, uint64_t number = 0)
      : pages_((bytes + kMediaPage - 1) / kMediaPage), size_(bytes), number_(number) {}
  Media(const Media&) = delete;
  Media& operator=(const Media&) = delete;

  uint64_t size() const noexcept { return size_; }
  uint64_t number() const noexcept { return number_; }
  void read(uint64_t byte, std::span<std::byte> into) const;
  void write(uint64_t byte, std::span<const std::byte> bytes, EventNumber event);
  // The same for what comes from several writes: an event for each sector that this touches, 0 where it
  // keeps its own.
  void write(uint64_t byte, std::span<const std::byte> bytes, std::span<const EventNumber> events);
  // The newest write that put something into this page, or into the sector that this byte is in.
  EventNumber written_at(uint64_t page) const {
    tell(page * kMediaPage, kMediaPage);
    return std::ranges::max(pages_[page].events);
  }
  EventNumber written_at_byte(uint64_t byte) const {
    tell(byte / kMediaSector * kMediaSector, kMediaSector);
    return pages_[byte / kMediaPage].events[byte % kMediaPage / kMediaSector];
  }
  const Hash128& page_hash(uint64_t page) const;

  // The hash of the whole image, kept up to date with every change.
  const Hash128& image_hash() const noexcept { return image_hash_; }

  // nullptr: nobody is told. The observer that was there before.
  MediaObserver* observe(MediaObserver* observer) noexcept { return std::exchange(observer_, observer); }

  // From mark() on, changes are remembered; rollback() undoes them, last first. Marks nest.
  using Mark = std::size_t;
  Mark mark() noexcept {
    ++marks_;
    return undo_.size();
  }
  void rollback(Mark mark) noexcept;

 private:
  struct Entry {
    PageRef content;
    std::array<EventNumber, kSectorsPerPage> events{};  // the newest write of each sector
  };
  struct Undo {
    uint64_t page;
    Entry before;
  };

  void tell(uint64_t byte, uint64_t length) const {
    if (observer_ != nullptr) observer_->looked_at(*this, byte, length);
  }
  template <class EventOf>
  void write_pages(uint64_t byte, std::span<const std::byte> bytes, EventOf event_of);
  void replace(uint64_t page, Entry entry);
  static Hash128 weighed(uint64_t page, const PageRef& content) noexcept;

  std::vector<Entry> pages_;
  std::vector<Undo> undo_;
  std::size_t marks_ = 0;
  Hash128 image_hash_;
  uint64_t size_;
  uint64_t number_;
  MediaObserver* observer_ = nullptr;
};

}  // namespace holdfast::simdisk
