// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/simdisk/media.hh"

#include <algorithm>
#include <cstring>

#include "holdfast/assert.hh"

namespace holdfast::simdisk {
namespace {

constexpr Hash128 kZeroPageHash{};

// A page of zeroes is no page at all: its hash weighs nothing, and it shares the absent page.
PageRef make_page(std::span<const std::byte, kMediaPage> bytes) {
  const bool zero =
      bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, kMediaPage - 1) == 0;
  if (zero) return nullptr;
  auto page = std::make_shared_for_overwrite<PageContent>();
  std::memcpy(page->bytes.data(), bytes.data(), kMediaPage);
  page->hash = hash_bytes(bytes);
  return page;
}

PageRef changed_page(const PageRef& before, uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.size() == kMediaPage) return make_page(bytes.first<kMediaPage>());
  std::array<std::byte, kMediaPage> page;
  if (before == nullptr) {
    page.fill(std::byte{0});
  } else {
    page = before->bytes;
  }
  std::memcpy(page.data() + offset, bytes.data(), bytes.size());
  return make_page(page);
}

}  // namespace

void Media::read(uint64_t byte, std::span<std::byte> into) const {
  HF_ASSERT(byte + into.size() <= size_);
  tell(byte, into.size());
  while (!into.empty()) {
    const uint64_t offset = byte % kMediaPage;
    const std::size_t count = std::min<std::size_t>(into.size(), kMediaPage - offset);
    const PageRef& content = pages_[byte / kMediaPage].content;
    if (content == nullptr) {
      std::memset(into.data(), 0, count);
    } else {
      std::memcpy(into.data(), content->bytes.data() + offset, count);
    }
    byte += count;
    into = into.subspan(count);
  }
}

void Media::write(uint64_t byte, std::span<const std::byte> bytes, EventNumber event) {
  write_pages(byte, bytes, [event](uint64_t) { return event; });
}

void Media::write(uint64_t byte, std::span<const std::byte> bytes, std::span<const EventNumber> events) {
  HF_ASSERT(events.size() == sectors_for(byte % kMediaSector + bytes.size()));
  const uint64_t first = byte / kMediaSector;
  write_pages(byte, bytes, [events, first](uint64_t sector) { return events[sector - first]; });
}

template <class EventOf>
void Media::write_pages(uint64_t byte, std::span<const std::byte> bytes, EventOf event_of) {
  HF_ASSERT(byte + bytes.size() <= size_);
  while (!bytes.empty()) {
    const uint64_t page = byte / kMediaPage;
    const uint64_t offset = byte % kMediaPage;
    const std::size_t count = std::min<std::size_t>(bytes.size(), kMediaPage - offset);
    Entry entry{changed_page(pages_[page].content, offset, bytes.first(count)), pages_[page].events};
    for (uint64_t sector = offset / kMediaSector; sector * kMediaSector < offset + count; ++sector) {
      entry.events[sector] = std::max(entry.events[sector], event_of(page * kSectorsPerPage + sector));
    }
    replace(page, std::move(entry));
    byte += count;
    bytes = bytes.subspan(count);
  }
}

const Hash128& Media::page_hash(uint64_t page) const {
  tell(page * kMediaPage, kMediaPage);
  return pages_[page].content == nullptr ? kZeroPageHash : pages_[page].content->hash;
}

void Media::rollback(Mark mark) noexcept {
  HF_ASSERT(marks_ > 0 && mark <= undo_.size());
  --marks_;
  while (undo_.size() > mark) {
    Undo& undo = undo_.back();
    image_hash_ -= weighed(undo.page, pages_[undo.page].content);
    image_hash_ += weighed(undo.page, undo.before.content);
    pages_[undo.page] = std::move(undo.before);
    undo_.pop_back();
  }
}

void Media::replace(uint64_t page, Entry entry) {
  image_hash_ -= weighed(page, pages_[page].content);
  image_hash_ += weighed(page, entry.content);
  std::swap(pages_[page], entry);
  if (marks_ > 0) undo_.push_back({page, std::move(entry)});
}

Hash128 Media::weighed(uint64_t page, const PageRef& content) noexcept {
  if (content == nullptr) return {};
  const std::array<uint64_t, 3> words = {page, content->hash.low, content->hash.high};
  return hash_bytes(std::as_bytes(std::span(words)));
}

}  // namespace holdfast::simdisk
