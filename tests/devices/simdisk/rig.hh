// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "holdfast/aligned_buffer.hh"
#include "holdfast/simdisk/combinations.hh"
#include "holdfast/simdisk/disk.hh"

namespace holdfast::simdisk {

// Takes the decision that the test has written down, so that a test says itself what completes when.
class Dictated final : public ChoiceStream {
 public:
  uint32_t next = 0;

 private:
  uint32_t decide(Domain, uint32_t arity) override { return std::min(next, arity - 1); }
};

// A request with its buffer and its end.
struct Request : IoRequest {
  AlignedBuffer data;
  iovec buffer{};
  std::optional<std::errc> status;
};

// What each grain of a disk holds: the byte that fills it, or kMixed. A grain is a block, or a unit where
// units are smaller.
using Image = std::vector<int>;
inline constexpr int kMixed = -1;

inline uint32_t grain_of(const DeviceGeometry& geometry) {
  return std::min(geometry.block_size, geometry.atomic_write_size);
}

inline void add_to_image(Image& image, std::span<const std::byte> bytes, uint32_t grain) {
  for (; !bytes.empty(); bytes = bytes.subspan(grain)) {
    const auto is_first = [first = bytes[0]](std::byte each) { return each == first; };
    const bool filled = std::ranges::all_of(bytes.first(grain), is_first);
    image.push_back(filled ? static_cast<int>(bytes[0]) : kMixed);
  }
}

inline Image image_of(const Media& media, const DeviceGeometry& geometry) {
  Image image;
  std::vector<std::byte> bytes(geometry.byte_count());
  media.read(0, bytes);
  add_to_image(image, bytes, grain_of(geometry));
  return image;
}

// A disk, one channel to it and the requests that were sent, in a world where only the test decides.
class Rig {
 public:
  explicit Rig(const DeviceGeometry& geometry, DiskObserver* observer = nullptr)
      : media(geometry.byte_count()),
        unreadable(sectors_for(geometry.byte_count()), 1),
        disk(geometry, {media, scheduler, digest, observer, &unreadable}) {}
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;
  ~Rig() { scheduler.power_off(); }

  Request& prepare(IoKind kind, uint64_t block, uint64_t count, uint8_t fill = 0) {
    Request& request = *requests_.emplace_back(std::make_unique<Request>());
    request.kind = kind;
    request.purpose.step = Step::user_data;
    request.block = block;
    request.block_count = count;
    if (kind == IoKind::read || kind == IoKind::write) {
      request.data = AlignedBuffer(count * disk.geometry().block_size);
      std::memset(request.data.bytes().data(), fill, request.data.bytes().size());
      request.buffer = {.iov_base = request.data.bytes().data(), .iov_len = request.data.bytes().size()};
      request.buffers = {&request.buffer, 1};
    }
    request.on_complete = [](IoRequest& done, std::errc status) noexcept {
      static_cast<Request&>(done).status = status;
    };
    return request;
  }

  Request& submit(Request& request) {
    channel->submit(request);
    in_flight_.push_back(&request);
    return request;
  }
  Request& submit_write(uint64_t block, uint8_t fill, uint64_t count = 1) {
    return submit(prepare(IoKind::write, block, count, fill));
  }
  Request& submit_fua(uint64_t block, uint8_t fill, uint64_t count = 1) {
    Request& request = prepare(IoKind::write, block, count, fill);
    request.fua = true;
    return submit(request);
  }
  Request& submit_flush(Barrier barrier = Barrier::none) {
    Request& request = prepare(IoKind::flush, 0, 0);
    request.purpose.barrier = barrier;
    return submit(request);
  }

  std::errc complete(Request& request) {
    const auto found = std::ranges::find(in_flight_, &request);
    choices.next = static_cast<uint32_t>(found - in_flight_.begin());
    in_flight_.erase(found);
    scheduler.step();
    return request.status.value();
  }
  void write(uint64_t block, uint8_t fill, uint64_t count = 1) { complete(submit_write(block, fill, count)); }
  void write_fua(uint64_t block, uint8_t fill, uint64_t count = 1) {
    complete(submit_fua(block, fill, count));
  }
  void flush(Barrier barrier = Barrier::none) { complete(submit_flush(barrier)); }

  // What a program that goes on reads, block by block.
  Image read_all() {
    Image image;
    for (uint64_t block = 0; block < disk.geometry().block_count; ++block) {
      Request& request = submit(prepare(IoKind::read, block, 1));
      complete(request);
      add_to_image(image, request.data.bytes(), grain_of(disk.geometry()));
    }
    return image;
  }

  // Has a look at media as every power cut at this moment may leave them.
  template <class Look>
  void visit_cuts(Look look) {
    const CrashSet set = disk.crash_set();
    CombinationCursor cursor(set, UINT64_MAX, choices);
    std::span<const uint32_t> selection;
    while (cursor.next(selection)) {
      const Media::Mark mark = media.mark();
      set.apply(selection);
      look();
      media.rollback(mark);
    }
  }
  std::set<Image> after_a_cut() {
    std::set<Image> images;
    visit_cuts([&] { images.insert(image_of(media, disk.geometry())); });
    return images;
  }

  const std::vector<Request*>& in_flight() const { return in_flight_; }

  Media media;
  Media unreadable;  // a byte for each sector
  Dictated choices;
  Scheduler scheduler{choices};
  Digest digest;
  Disk disk;
  Executor& home = scheduler.add_executor();
  std::unique_ptr<BlockChannel> channel = std::move(disk.open_channel(home).value());

 private:
  std::vector<std::unique_ptr<Request>> requests_;
  std::vector<Request*> in_flight_;
};

}  // namespace holdfast::simdisk
