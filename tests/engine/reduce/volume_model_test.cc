// SPDX-License-Identifier: BSD-3-Clause
// Random histories of volumes of many shapes, against plain bytes: what is read is what was written, and
// after a power cut each chunk is one of the contents that the promises allow.
#include <rapidcheck.h>

#include <string>

#include "volume_on_disk.hh"

namespace holdfast {
namespace {

struct Shape {
  const char* name;
  uint32_t chunk_size;
  uint32_t unit_size;
  uint32_t block_size;
  uint32_t logical_block_size;
  MemoryKind memory;
  bool volatile_cache;
  bool fua;
  bool discard;
  bool write_back;
  bool checksums;
  uint32_t codec;
  uint32_t queue_depth;
};

constexpr MemoryKind kPm = MemoryKind::persistent_memory;
constexpr MemoryKind kFile = MemoryKind::mapped_file;
constexpr Shape kShapes[] = {
    {"Plain", 16384, 4096, 4096, 4096, kPm, true, false, false, false, false, kLz4, 64},
    {"OnAFile", 16384, 4096, 4096, 4096, kFile, true, false, true, false, true, kLz4, 64},
    {"Fua", 16384, 4096, 512, 512, kPm, true, true, true, false, true, kDeflate, 8},
    {"FuaOnAFile", 8192, 512, 512, 512, kFile, true, true, false, false, false, kDeflate, 64},
    {"NoCache", 4096, 512, 512, 512, kPm, false, false, true, false, true, kLz4, 64},
    {"SmallLogicalBlocks", 65536, 4096, 4096, 512, kFile, true, false, true, false, false, kLz4, 64},
    {"OddChunks", 12288, 1536, 512, 512, kPm, true, false, false, false, true, kDeflate, 64},
    {"OneUnit", 4096, 4096, 4096, 4096, kPm, true, false, true, false, false, kLz4, 64},
    {"WriteBack", 16384, 4096, 4096, 4096, kPm, true, false, true, true, true, kLz4, 64},
    {"WriteBackOnAFile", 16384, 4096, 512, 512, kFile, true, true, false, true, false, kDeflate, 3},
    {"WriteBackWithOneSlot", 65536, 512, 512, 4096, kFile, true, false, true, true, true, kLz4, 1},
};
constexpr uint64_t kChunks = 6;

DeviceGeometry geometry_of(const Shape& shape) {
  DeviceGeometry geometry = disk_of_chunks(kChunks, shape.chunk_size, shape.block_size);
  geometry.atomic_write_size = shape.block_size;
  geometry.volatile_cache = shape.volatile_cache;
  geometry.fua = shape.fua;
  geometry.discard = shape.discard;
  geometry.discard_reads_zero = shape.discard;
  return geometry;
}

// A chunk's contents since it was last known to be durable, oldest first; the last is what is read.
struct ModelChunk {
  std::vector<Bytes> contents;

  void settle() { contents.erase(contents.begin(), contents.end() - 1); }
};

class History {
 public:
  History(const Shape& shape, uint64_t seed)
      : shape_(shape), host_(geometry_of(shape), shape.memory, seed), model_(kChunks) {
    VolumeOptions options = small_volume();
    options.chunk_size = shape.chunk_size;
    options.unit_size = shape.unit_size;
    options.logical_block_size = shape.logical_block_size;
    options.codec = shape.codec;
    options.checksums = shape.checksums;
    RC_ASSERT(host_.create(options).has_value());
    open();
    for (ModelChunk& chunk : model_) chunk.contents = {Bytes(shape.chunk_size)};
  }

  void step() {
    switch (*rc::gen::inRange(0, 12)) {
      case 0:
      case 1:
      case 2: return change(VolumeIoKind::write);
      case 3: return change(VolumeIoKind::unmap);
      case 4: return flush();
      case 5:
      case 6: return many_at_once(false);
      case 7: return many_at_once(true);
      case 8: return read_some();
      case 9: return close_and_open();
      case 10: return drop_and_open();
      default: return cut();
    }
  }
  void finish() {
    close_and_open();
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk)
      RC_ASSERT(host_.write_chunk(chunk, noise(shape_.chunk_size, chunk)).has_value());
    RC_ASSERT(host_.flush().has_value());
    RC_ASSERT(host_.volume->info().allocated_units == kChunks * (shape_.chunk_size / shape_.unit_size));
    RC_ASSERT(host_.unmap(0, host_.volume->info().size).has_value());
    RC_ASSERT(host_.volume->info().allocated_units == 0U);
  }

 private:
  struct Range {
    uint64_t offset = 0;
    uint64_t length = 0;
  };

  void open() {
    VolumeOpenOptions how;
    how.write_back = shape_.write_back;
    how.queue_depth = shape_.queue_depth;
    const Result<> opened = host_.open(how);
    RC_ASSERT(opened.has_value());
    RC_ASSERT(!host_.volume->info().read_only);
    RC_ASSERT(host_.volume->damaged_chunks().empty());
    RC_ASSERT(host_.volume->info().checksums ==
              (shape_.checksums ? Volume::Checksums::kept : Volume::Checksums::none));
  }

  Range any_range() const {
    const uint64_t block = shape_.logical_block_size;
    const uint64_t blocks = kChunks * shape_.chunk_size / block;
    const bool whole_chunks = *rc::gen::inRange(0, 3) == 0;
    if (whole_chunks) {
      const auto first = *rc::gen::inRange<uint64_t>(0, kChunks);
      const auto count = *rc::gen::inRange<uint64_t>(1, std::min<uint64_t>(3, kChunks - first) + 1);
      return {first * shape_.chunk_size, count * shape_.chunk_size};
    }
    const auto first = *rc::gen::inRange<uint64_t>(0, blocks);
    const uint64_t most = std::min<uint64_t>(blocks - first, 2 * shape_.chunk_size / block);
    return {first * block, *rc::gen::inRange<uint64_t>(1, most + 1) * block};
  }
  static Bytes any_bytes(uint64_t length) {
    const auto seed = *rc::gen::inRange<uint64_t>(0, 1000);
    switch (*rc::gen::inRange(0, 4)) {
      case 0: return noise(length, seed);
      case 1: return text(length, seed);
      case 2: return joined(noise(length / 3, seed), text(length - length / 3, seed));
      default: return Bytes(length, static_cast<std::byte>(seed));
    }
  }
  // What the chunks become; it is durable, or one of two contents until it is.
  void apply(const Range& range, const Bytes& bytes) {
    for (uint64_t chunk = range.offset / shape_.chunk_size;
         chunk * shape_.chunk_size < range.offset + range.length; ++chunk) {
      Bytes content = model_[chunk].contents.back();
      const uint64_t begin = chunk * shape_.chunk_size;
      const uint64_t from = std::max(begin, range.offset);
      const uint64_t to = std::min(begin + shape_.chunk_size, range.offset + range.length);
      std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(from - range.offset),
                bytes.begin() + static_cast<std::ptrdiff_t>(to - range.offset),
                content.begin() + static_cast<std::ptrdiff_t>(from - begin));
      model_[chunk].contents.push_back(std::move(content));
    }
  }
  void settle_all() {
    for (ModelChunk& chunk : model_) chunk.settle();
  }

  void change(VolumeIoKind kind) {
    const Range range = any_range();
    const Bytes bytes = kind == VolumeIoKind::write ? any_bytes(range.length) : Bytes(range.length);
    const Result<> done = kind == VolumeIoKind::write ? host_.write(range.offset, bytes)
                                                      : host_.unmap(range.offset, range.length);
    RC_ASSERT(done.has_value());
    apply(range, bytes);
    if (!shape_.write_back) settle_all();
  }
  void flush() {
    RC_ASSERT(host_.flush().has_value());
    settle_all();
  }

  // Requests in flight together; perhaps power fails among them.
  void many_at_once(bool power_fails) {
    const auto count = *rc::gen::inRange(2, 12);
    std::vector<std::pair<Request*, Bytes>> reads;
    std::vector<Request*> changes;
    std::vector<std::size_t> lengths;  // of the model's chunks after each change
    for (int i = 0; i < count; ++i) {
      const Range range = any_range();
      if (*rc::gen::inRange(0, 4) == 0) {
        Request& read = host_.submit(VolumeIoKind::read, range.offset, Bytes(range.length));
        reads.emplace_back(&read, expected(range));
        continue;
      }
      const bool unmaps = *rc::gen::inRange(0, 5) == 0;
      const Bytes bytes = unmaps ? Bytes(range.length) : any_bytes(range.length);
      changes.push_back(
          &host_.submit(unmaps ? VolumeIoKind::unmap : VolumeIoKind::write, range.offset, bytes));
      apply(range, bytes);
      for (const ModelChunk& chunk : model_) lengths.push_back(chunk.contents.size());
    }
    if (power_fails) {
      const auto steps = *rc::gen::inRange(0, 150);
      for (int i = 0; i < steps; ++i) host_.machine->scheduler.step();
      settle_acknowledged(changes, lengths);
      return cut();
    }
    host_.run_out();
    for (const Request* request : changes) RC_ASSERT(request->ended && request->ended->has_value());
    for (const auto& [read, bytes] : reads) {
      RC_ASSERT(read->ended && read->ended->has_value());
      RC_ASSERT(read->data == bytes);
    }
    if (!shape_.write_back) settle_all();
  }

  // What a write that was acknowledged replaced does not come back.
  void settle_acknowledged(const std::vector<Request*>& changes, const std::vector<std::size_t>& lengths) {
    if (shape_.write_back) return;
    std::vector<std::size_t> gone(kChunks);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!changes[i]->ended) continue;
      RC_ASSERT(changes[i]->ended->has_value());
      const uint64_t end = changes[i]->offset + changes[i]->length;
      for (uint64_t chunk = changes[i]->offset / shape_.chunk_size; chunk * shape_.chunk_size < end; ++chunk)
        gone[chunk] = lengths[i * kChunks + chunk] - 1;
    }
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
      std::vector<Bytes>& contents = model_[chunk].contents;
      contents.erase(contents.begin(), contents.begin() + static_cast<std::ptrdiff_t>(gone[chunk]));
    }
  }

  Bytes expected(const Range& range) const {
    Bytes all;
    for (const ModelChunk& chunk : model_) all = joined(std::move(all), chunk.contents.back());
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(range.offset);
    return {begin, begin + static_cast<std::ptrdiff_t>(range.length)};
  }
  void read_some() {
    const Range range = any_range();
    const Result<Bytes> read = host_.read(range.offset, range.length);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == expected(range));
  }
  void read_all() {
    const Range all{0, kChunks * shape_.chunk_size};
    RC_ASSERT(host_.read(0, all.length).value() == expected(all));
  }

  void close_and_open() {
    const uint64_t units = host_.volume->info().allocated_units;
    const uint64_t mapped = host_.volume->info().mapped_chunks;
    RC_ASSERT(host_.close().has_value());
    const bool settled = !shape_.write_back;
    settle_all();
    open();
    if (settled) RC_ASSERT(host_.volume->info().allocated_units == units);
    if (settled) RC_ASSERT(host_.volume->info().mapped_chunks == mapped);
    read_all();
  }
  void drop_and_open() {
    flush();
    open();
    read_all();
  }

  void cut() {
    host_.power_cut(*rc::gen::arbitrary<bool>() ? VolumeOnDisk::Cut::keeps_anything
                                                : VolumeOnDisk::Cut::keeps_what_is_durable);
    open();
    for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
      const Result<Bytes> found = host_.read_chunk(chunk);
      RC_ASSERT(found.has_value());
      std::vector<Bytes>& contents = model_[chunk].contents;
      RC_ASSERT(std::ranges::find(contents, *found) != contents.end());
      contents = {*found};
    }
  }

  Shape shape_;
  VolumeOnDisk host_;
  std::vector<ModelChunk> model_;
};

class VolumeModel : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Shapes, VolumeModel, testing::ValuesIn(kShapes),
                         [](const auto& tried) { return std::string(tried.param.name); });

TEST_P(VolumeModel, AVolumeIsItsBytes) {
  EXPECT_TRUE(rc::check(GetParam().name, [] {
    History history(GetParam(), *rc::gen::arbitrary<uint64_t>());
    const auto steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) history.step();
    history.finish();
  }));
}

}  // namespace
}  // namespace holdfast
