// SPDX-License-Identifier: BSD-3-Clause
// How chunks are stored, by which codec, and where that runs.
#include <functional>

#include "run_length_codec.hh"
#include "volume_on_disk.hh"

namespace holdfast {
namespace {

// Where a chunk is on the device of a closed volume, as it is stored.
Bytes stored_units(VolumeOnDisk& host, uint64_t chunk, uint64_t units) {
  Bytes bytes;
  for (uint64_t nth = 0; nth < units; ++nth)
    bytes =
        joined(std::move(bytes), host.device_bytes(unit_of_chunk(host, chunk, nth) * kTestUnit, kTestUnit));
  return bytes;
}
uint64_t stored_bytes(VolumeOnDisk& host, uint64_t chunk) {
  return host.map_word(layout_of(host).chunk_map_offset(map_of_chunk(host, chunk))) & 0xFFFFFFFF;
}

struct Algorithm {
  uint32_t codec;
  uint32_t level;
};
class CompressedVolume : public testing::TestWithParam<Algorithm> {
 protected:
  VolumeOptions options() const {
    VolumeOptions made = small_volume();
    made.codec = GetParam().codec;
    made.codec_level = GetParam().level;
    return made;
  }
  VolumeOnDisk host;
};
INSTANTIATE_TEST_SUITE_P(Algorithms, CompressedVolume,
                         testing::Values(Algorithm{kDeflate, 0}, Algorithm{kDeflate, 1},
                                         Algorithm{kDeflate, 2}, Algorithm{kDeflate, 3}, Algorithm{kLz4, 1},
                                         Algorithm{kLz4, 8}));

TEST_P(CompressedVolume, GivesBackWhatItWasGiven) {
  host.create_and_open(options());
  const Bytes mixed = joined(noise(5000, 1), text(kTestChunk - 5000, 2));
  ASSERT_TRUE(host.write_chunk(0, text(kTestChunk, 1)));
  ASSERT_TRUE(host.write_chunk(1, mixed));
  ASSERT_TRUE(host.write_chunk(2, noise(kTestChunk, 3)));
  EXPECT_EQ(host.volume->info().allocated_units, 1U + 2 + 4);
  EXPECT_EQ(host.volume->info().codec, GetParam().codec);
  EXPECT_EQ(host.volume->info().codec_level, GetParam().level);
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.read_chunk(0).value(), text(kTestChunk, 1));
  EXPECT_EQ(host.read_chunk(1).value(), mixed);
  EXPECT_EQ(host.read_chunk(2).value(), noise(kTestChunk, 3));
}

TEST_P(CompressedVolume, StoresAsItIsWhatSavesNoUnit) {
  host.create_and_open(options());
  const Bytes nearly = joined(noise(kTestChunk - 2000, 1), Bytes(2000));
  ASSERT_TRUE(host.write_chunk(0, nearly));
  ASSERT_TRUE(host.close());
  EXPECT_EQ(stored_bytes(host, 0), kTestChunk);
  EXPECT_EQ(stored_units(host, 0, 4), nearly);
}

TEST_P(CompressedVolume, FillsTheLastUnitWithZeroes) {
  host.create_and_open(options(), of_depth(1));
  ASSERT_TRUE(host.write_chunk(0, noise(kTestChunk, 1)));  // what the memory of the next one holds
  EXPECT_EQ(host.read_chunk(0).value(), noise(kTestChunk, 1));
  ASSERT_TRUE(host.write_chunk(1, text(kTestChunk, 1)));
  ASSERT_TRUE(host.close());
  const uint64_t size = stored_bytes(host, 1);
  ASSERT_LT(size, kTestUnit);
  const Bytes unit = stored_units(host, 1, 1);
  EXPECT_FALSE(all_zero(std::span(unit).first(size)));
  EXPECT_TRUE(all_zero(std::span(unit).subspan(size)));
}

TEST(VolumeCodecs, WithOtherLevelsOrNumbersAreRefused) {
  VolumeOnDisk host;
  for (const Algorithm& bad : {Algorithm{kDeflate, 4}, Algorithm{kLz4, 0}, Algorithm{kLz4, 65538},
                               Algorithm{2, 1}, Algorithm{127, 1}, Algorithm{256, 1}}) {
    VolumeOptions options = small_volume();
    options.codec = bad.codec;
    options.codec_level = bad.level;
    EXPECT_EQ(error_of(host.create(options)), Errc::invalid_argument) << bad.codec << ' ' << bad.level;
  }
  EXPECT_TRUE(host.machine->maps.names()->empty());
  EXPECT_EQ(host.watch.writes, 0U);
}

// So fast that it finds nothing.
TEST(VolumeCodecs, OfTheHighestAccelerationStoreChunksAsTheyAre) {
  VolumeOnDisk host;
  VolumeOptions options = small_volume();
  options.codec_level = 65537;
  host.create_and_open(options);
  ASSERT_TRUE(host.write_chunk(0, text(kTestChunk, 1)));
  EXPECT_EQ(host.volume->info().allocated_units, 4U);
  EXPECT_EQ(host.read_chunk(0).value(), text(kTestChunk, 1));
}

// With chunks of one unit nothing is ever saved.
TEST(VolumeOfOneUnitAChunk, IsStoredAsItIs) {
  VolumeOnDisk host;
  VolumeOptions options = small_volume();
  options.unit_size = kTestChunk;
  host.create_and_open(options);
  ASSERT_TRUE(host.write_chunk(0, text(kTestChunk, 1)));
  ASSERT_TRUE(host.write(kTestChunk + 4096, text(4096, 2)));
  EXPECT_EQ(host.volume->info().allocated_units, 2U);
  ASSERT_TRUE(host.close_and_open());
  EXPECT_EQ(host.read_chunk(0).value(), text(kTestChunk, 1));
  EXPECT_EQ(host.read(kTestChunk + 4096, 4096).value(), text(4096, 2));
}

// A codec of the caller's whose answers are those of a test.
class OddCodec final : public RunLengthCodec {
 public:
  using Answer = std::function<Result<std::optional<std::size_t>>(std::optional<std::size_t> used)>;
  OddCodec(Answer answer, bool reads) : answer_(std::move(answer)), reads_(reads) {}

  Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                              std::span<std::byte> into) noexcept override {
    return answer_(RunLengthCodec::compress(from, into).value());
  }
  Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept override {
    if (reads_) return RunLengthCodec::decompress(from, into);
    return Error{.code = Errc::unsupported, .reason = "not today"};
  }

 private:
  Answer answer_;
  bool reads_;
};
class OddMaker final : public CodecMaker {
 public:
  Result<std::unique_ptr<Codec>> make(uint32_t codec, uint32_t level) noexcept override {
    if (codec != 200 || level != 77) return Error{.code = Errc::unsupported, .reason = "another codec"};
    return std::unique_ptr<Codec>(std::make_unique<OddCodec>(answer, reads));
  }
  OddCodec::Answer answer = [](std::optional<std::size_t> used) { return used; };
  bool reads = true;
};

class VolumeOfOwnCodec : public testing::Test {
 protected:
  VolumeOfOwnCodec() {
    options.codec = 200;
    options.codec_level = 77;
    how.codec_maker = &maker;
  }
  OddMaker maker;
  VolumeOptions options = small_volume();
  VolumeOpenOptions how;
  VolumeOnDisk host;
};

TEST_F(VolumeOfOwnCodec, IsCompressedByIt) {
  host.create_and_open(options, how);
  ASSERT_TRUE(host.write_chunk(0, Bytes(kTestChunk, std::byte{3})));
  ASSERT_TRUE(host.close());
  EXPECT_EQ(stored_bytes(host, 0), 2 * (kTestChunk / 255 + 1));
  EXPECT_EQ(stored_units(host, 0, 1)[0], std::byte{255});
  ASSERT_TRUE(host.open(how));
  EXPECT_EQ(host.read_chunk(0).value(), Bytes(kTestChunk, std::byte{3}));
}

TEST_F(VolumeOfOwnCodec, CannotBeOpenedWithoutIt) {
  host.create_and_open(options, how);
  ASSERT_TRUE(host.close());
  EXPECT_EQ(error_of(host.open()), Errc::unsupported);
  options.replace_existing = true;
  options.uuid = uuid_of(2);
  options.codec_level = 78;
  ASSERT_TRUE(host.create(options));
  EXPECT_EQ(error_of(host.open(how)), Errc::unsupported);
  ASSERT_TRUE(host.destroy());
}

// The peer waits for ever for no bytes at all.
TEST_F(VolumeOfOwnCodec, StoresChunksAsTheyAreWhenItAnswersNonsense) {
  const OddCodec::Answer nonsense[] = {[](auto) { return std::optional<std::size_t>(0); },
                                       [](auto) { return std::optional<std::size_t>(); },
                                       [](auto) { return std::optional<std::size_t>(kTestChunk); },
                                       [](auto) { return std::optional<std::size_t>(~std::size_t{0}); },
                                       [](auto) -> Result<std::optional<std::size_t>> {
                                         return Error{.code = Errc::no_resources, .reason = "busy"};
                                       }};
  host.create_and_open(options, how);
  uint8_t fill = 0;
  for (const OddCodec::Answer& answer : nonsense) {
    maker.answer = answer;
    ASSERT_TRUE(host.close_and_open(how));
    ASSERT_TRUE(host.write_chunk(0, Bytes(kTestChunk, std::byte{++fill})));
    ASSERT_TRUE(host.write(kTestChunk, Bytes(4096, std::byte{fill})));
    EXPECT_EQ(host.volume->info().allocated_units, 8U);
    ASSERT_TRUE(host.close_and_open(how));
    EXPECT_EQ(host.read_chunk(0).value(), Bytes(kTestChunk, std::byte{fill}));
    EXPECT_EQ(host.read(kTestChunk, 4096).value(), Bytes(4096, std::byte{fill}));
  }
}

TEST_F(VolumeOfOwnCodec, ThatLiesAboutTheSizeIsAskedToReadItAndCannot) {
  maker.answer = [](auto) { return std::optional<std::size_t>(7); };
  host.create_and_open(options, how);
  ASSERT_TRUE(host.write_chunk(0, Bytes(kTestChunk, std::byte{3})));
  EXPECT_EQ(error_of(host.read_chunk(0)), Errc::corrupt);
  ASSERT_TRUE(host.write_chunk(1, noise(kTestChunk, 1)));
  ASSERT_TRUE(host.unmap_chunk(0));
  EXPECT_TRUE(all_zero(host.read_chunk(0).value()));
}

TEST_F(VolumeOfOwnCodec, ThatFailsToReadLosesNothingElse) {
  host.create_and_open(options, how);
  ASSERT_TRUE(host.write_chunk(0, Bytes(kTestChunk, std::byte{3})));
  ASSERT_TRUE(host.write_chunk(1, noise(kTestChunk, 1)));
  maker.reads = false;
  ASSERT_TRUE(host.close_and_open(how));
  const Result<Bytes> read = host.read_chunk(0);
  ASSERT_EQ(error_of(read), Errc::corrupt);
  EXPECT_EQ(read.error().number, 0U);
  EXPECT_EQ(error_of(host.write(0, Bytes(4096))), Errc::corrupt);
  EXPECT_EQ(host.read_chunk(1).value(), noise(kTestChunk, 1));
  maker.reads = true;
  ASSERT_TRUE(host.close_and_open(how));
  EXPECT_EQ(host.read_chunk(0).value(), Bytes(kTestChunk, std::byte{3}));
}

// Says on which executor it was called.
struct Whereabouts {
  std::vector<const Executor*> executors;
  std::vector<uint64_t> calls;

  void note() {
    for (std::size_t i = 0; i < executors.size(); ++i) calls[i] += executors[i]->is_current() ? 1U : 0U;
  }
};
class PlacedMaker final : public CodecMaker {
 public:
  explicit PlacedMaker(Whereabouts& seen) noexcept : seen_(seen) {}
  Result<std::unique_ptr<Codec>> make(uint32_t, uint32_t) noexcept override {
    return std::unique_ptr<Codec>(std::make_unique<PlacedCodec>(seen_));
  }

 private:
  class PlacedCodec final : public RunLengthCodec {
   public:
    explicit PlacedCodec(Whereabouts& seen) noexcept : seen_(seen) {}
    Result<std::optional<std::size_t>> compress(std::span<const std::byte> from,
                                                std::span<std::byte> into) noexcept override {
      seen_.note();
      return RunLengthCodec::compress(from, into);
    }
    Result<> decompress(std::span<const std::byte> from, std::span<std::byte> into) noexcept override {
      seen_.note();
      return RunLengthCodec::decompress(from, into);
    }

   private:
    Whereabouts& seen_;
  };
  Whereabouts& seen_;
};

TEST(CodecExecutors, DoTheWorkInTurn) {
  VolumeOnDisk host;
  Executor& second = host.machine->scheduler.add_executor();
  Executor* const executors[] = {&host.machine->helper, &second};
  Whereabouts seen{{&host.machine->home, executors[0], executors[1]}, {0, 0, 0}};
  PlacedMaker maker(seen);
  VolumeOptions options = small_volume();
  options.codec = kFirstOwnCodec;
  VolumeOpenOptions how;
  how.codec_maker = &maker;
  how.codec_executors = executors;
  host.create_and_open(options, how);
  std::vector<Request*> requests;
  for (uint64_t i = 0; i < 5 * kTestChunks; ++i) {
    const Bytes bytes(kTestChunk / 2, static_cast<std::byte>(i + 1));
    requests.push_back(&host.submit(VolumeIoKind::write, i % kTestChunks * kTestChunk + 4096, bytes));
  }
  host.run_out();
  for (const Request* request : requests) ASSERT_TRUE(request->ended && *request->ended);
  for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk) {
    const Bytes expected(kTestChunk / 2, static_cast<std::byte>(4 * kTestChunks + chunk + 1));
    EXPECT_EQ(host.read(chunk * kTestChunk + 4096, kTestChunk / 2).value(), expected);
  }
  EXPECT_EQ(seen.calls[0], 0U);
  EXPECT_EQ(seen.calls[1], seen.calls[2]);
  EXPECT_EQ(seen.calls[1] + seen.calls[2], 5 * kTestChunks + 4 * kTestChunks + kTestChunks);
}

TEST(CodecExecutors, MayHaveTheHomeExecutorAmongThem) {
  VolumeOnDisk host;
  Executor* const executors[] = {&host.machine->home, &host.machine->helper};
  Whereabouts seen{{executors[0], executors[1]}, {0, 0}};
  PlacedMaker maker(seen);
  VolumeOptions options = small_volume();
  options.codec = kFirstOwnCodec;
  VolumeOpenOptions how;
  how.codec_maker = &maker;
  how.codec_executors = executors;
  host.create_and_open(options, how);
  for (uint64_t chunk = 0; chunk < 8; ++chunk)
    ASSERT_TRUE(host.write_chunk(chunk, Bytes(kTestChunk, static_cast<std::byte>(chunk))));
  for (uint64_t chunk = 0; chunk < 8; ++chunk)
    EXPECT_EQ(host.read_chunk(chunk).value(), Bytes(kTestChunk, static_cast<std::byte>(chunk)));
  EXPECT_EQ(seen.calls[0], 8U);
  EXPECT_EQ(seen.calls[1], 8U);
}

}  // namespace
}  // namespace holdfast
