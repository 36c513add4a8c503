// SPDX-License-Identifier: BSD-3-Clause
// One request of the device, or one persist of the map, fails: at every point of every operation. What was
// done is whole or absent, what failed can be tried again, and no space is lost.
#include <functional>

#include "volume_on_disk.hh"

namespace holdfast {
namespace {

enum class Fault : uint8_t { request_not_done, request_all_done, persist };
// What comes after the failed operation.
enum class Sequel : uint8_t { close, drop, power_cut };

constexpr uint64_t kFilled = 6;
constexpr uint64_t kTarget = 2;  // what is done is done to this chunk, and to the next one
constexpr uint64_t kUnused = 9;

struct Operation {
  const char* name;
  Result<> (*perform)(VolumeOnDisk& host);
  // The content of a chunk afterwards.
  Bytes (*after)(uint64_t chunk, Bytes before);
};

Bytes content(uint64_t chunk) {
  if (chunk >= kFilled) return Bytes(kTestChunk);
  return chunk % 2 == 0 ? noise(kTestChunk, chunk + 1) : text(kTestChunk, chunk + 1);
}
Bytes with_change(Bytes bytes, std::size_t at, const Bytes& change) {
  std::ranges::copy(change, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

constexpr uint64_t kStart = kTarget * kTestChunk;
const Operation kOperations[] = {
    {"part of a chunk", [](VolumeOnDisk& host) { return host.write(kStart + 4096, noise(4096, 50)); },
     [](uint64_t chunk, Bytes before) {
       return chunk == kTarget ? with_change(before, 4096, noise(4096, 50)) : before;
     }},
    {"whole chunk, raw", [](VolumeOnDisk& host) { return host.write_chunk(kTarget, noise(kTestChunk, 51)); },
     [](uint64_t chunk, Bytes before) { return chunk == kTarget ? noise(kTestChunk, 51) : before; }},
    {"whole chunk, compressed",
     [](VolumeOnDisk& host) { return host.write_chunk(kTarget, text(kTestChunk, 52)); },
     [](uint64_t chunk, Bytes before) { return chunk == kTarget ? text(kTestChunk, 52) : before; }},
    {"two chunks", [](VolumeOnDisk& host) { return host.write(kStart + 8192, noise(kTestChunk, 53)); },
     [](uint64_t chunk, Bytes before) {
       const Bytes change = noise(kTestChunk, 53);
       if (chunk == kTarget) return with_change(before, 8192, {change.begin(), change.begin() + 8192});
       return chunk == kTarget + 1 ? with_change(before, 0, {change.begin() + 8192, change.end()}) : before;
     }},
    {"chunk that was never written",
     [](VolumeOnDisk& host) { return host.write_chunk(kUnused, noise(kTestChunk, 54)); },
     [](uint64_t chunk, Bytes before) { return chunk == kUnused ? noise(kTestChunk, 54) : before; }},
    {"unmap", [](VolumeOnDisk& host) { return host.unmap_chunk(kTarget); },
     [](uint64_t chunk, Bytes before) { return chunk == kTarget ? Bytes(kTestChunk) : before; }},
    {"unmap of a part", [](VolumeOnDisk& host) { return host.unmap(kStart, 8192); },
     [](uint64_t chunk, Bytes before) {
       return chunk == kTarget ? with_change(before, 0, Bytes(8192)) : before;
     }},
    {"close", [](VolumeOnDisk& host) { return host.close(); }, [](uint64_t, Bytes before) { return before; }},
};

struct World {
  const char* name;
  MemoryKind memory;
  bool fua;
  bool checksums;
  bool first_change;  // of a session
};

class OneFault : public testing::TestWithParam<World> {
 protected:
  void begin() {
    DeviceGeometry geometry = disk_that_discards();
    geometry.fua = GetParam().fua;
    host.emplace(geometry, GetParam().memory, 7);
    host->create_and_open(GetParam().checksums ? with_checksums() : small_volume());
    for (uint64_t chunk = 0; chunk < kFilled; ++chunk) ASSERT_TRUE(host->write_chunk(chunk, content(chunk)));
    if (GetParam().first_change) {
      ASSERT_TRUE(host->close_and_open());
    }
  }
  void arm(Fault fault, uint64_t number) {
    using Failure = FailingDevice::Failure;
    if (fault == Fault::persist) return host->machine->maps.fail_persist(number + 1);
    host->machine->device.fail_request(
        number, fault == Fault::request_all_done ? Failure::all_done : Failure::nothing_done);
  }
  void heal() {
    host->machine->maps.fail_persist(0);
    host->machine->device.heal();
  }

  // True: all of it happened.
  bool expect_whole_or_absent(const Operation& operation) {
    bool happened = true;
    for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk) {
      const Result<Bytes> found = host->read_chunk(chunk);
      if (!found) {
        ADD_FAILURE() << chunk << ": " << describe(found.error());
        return false;
      }
      const Bytes wanted = operation.after(chunk, content(chunk));
      EXPECT_TRUE(*found == wanted || *found == content(chunk)) << chunk;
      happened = happened && *found == wanted;
    }
    EXPECT_TRUE(host->volume->damaged_chunks().empty());
    return happened;
  }
  void expect_read_only_with_the_reason() {
    const Result<> refused = host->write_chunk(kUnused + 1, noise(kTestChunk, 1));
    ASSERT_EQ(error_of(refused), Errc::read_only);
    EXPECT_NE(std::string_view(refused.error().reason).find("flush failed"), std::string_view::npos);
    EXPECT_EQ(error_of(host->flush()), Errc::read_only);
    EXPECT_EQ(error_of(host->close()), Errc::read_only);
  }
  // What is counted is what is mapped, and all of the volume can still be written anew.
  void expect_no_leak() {
    const Volume::Info before = host->volume->info();
    ASSERT_TRUE(host->close_and_open());
    EXPECT_EQ(host->volume->info().allocated_units, before.allocated_units);
    EXPECT_EQ(host->volume->info().mapped_chunks, before.mapped_chunks);
    for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
      ASSERT_TRUE(host->write_chunk(chunk, noise(kTestChunk, 70 + chunk)));
    EXPECT_EQ(host->volume->info().allocated_units, 4 * kTestChunks);
    ASSERT_TRUE(host->unmap(0, host->volume->info().size));
    EXPECT_EQ(host->volume->info().allocated_units, 0U);
    EXPECT_EQ(host->volume->info().mapped_chunks, 0U);
  }
  void reopen(Sequel sequel) {
    if (sequel == Sequel::close) {
      ASSERT_TRUE(host->close());
    }
    if (sequel == Sequel::power_cut) host->power_cut(VolumeOnDisk::Cut::keeps_anything);
    const Result<> opened = host->open();
    ASSERT_TRUE(opened) << describe(opened.error());
  }
  // After the failed operation ended the session. A map of which a persist failed can be read, and written
  // when power has come on again.
  void restart(const Operation& operation, Fault fault, Sequel sequel) {
    if (fault == Fault::persist) {
      ASSERT_TRUE(host->open(read_only()));
      expect_whole_or_absent(operation);
      sequel = Sequel::power_cut;
    }
    reopen(sequel == Sequel::close ? Sequel::drop : sequel);
  }

  // False: the operation has no request or persist of this number.
  bool fail_one(const Operation& operation, Fault fault, uint64_t number, Sequel sequel) {
    begin();
    if (std::string_view(operation.name) == "close") {
      EXPECT_TRUE(host->write_chunk(0, content(0)));
    }
    const uint64_t failed = host->machine->device.failed();
    arm(fault, number);
    const Result<> result = operation.perform(*host);
    heal();
    const bool reached = fault == Fault::persist ? !result : host->machine->device.failed() > failed;
    const bool closes = std::string_view(operation.name) == "close";
    if (!reached) {
      EXPECT_TRUE(result);
      return false;
    }
    if (closes) {
      restart(operation, fault, sequel);
    } else if (host->volume->info().read_only) {
      EXPECT_FALSE(result);
      expect_read_only_with_the_reason();
      restart(operation, fault, sequel);
    } else {
      EXPECT_NE(fault, Fault::persist);
      const bool happened = expect_whole_or_absent(operation);
      EXPECT_TRUE(happened || !result);
      reopen(sequel);
      const bool still = expect_whole_or_absent(operation);
      EXPECT_EQ(still, happened);
    }
    if (testing::Test::HasFailure()) return false;
    expect_whole_or_absent(operation);
    if (!closes) {
      EXPECT_TRUE(operation.perform(*host));
    }
    EXPECT_TRUE(expect_whole_or_absent(operation));
    expect_no_leak();
    return true;
  }

  std::optional<VolumeOnDisk> host;
};

constexpr World kWorlds[] = {
    {"FirstChange", MemoryKind::persistent_memory, false, true, true},
    {"FirstChangeOnAFile", MemoryKind::mapped_file, true, false, true},
    {"LaterChange", MemoryKind::persistent_memory, true, false, false},
    {"LaterChangeOnAFile", MemoryKind::mapped_file, false, true, false},
};
INSTANTIATE_TEST_SUITE_P(Worlds, OneFault, testing::ValuesIn(kWorlds),
                         [](const auto& tried) { return std::string(tried.param.name); });

TEST_P(OneFault, LeavesTheOperationWholeOrAbsentAndTheVolumeUsable) {
  for (const Operation& operation : kOperations) {
    for (const Fault fault : {Fault::request_not_done, Fault::request_all_done, Fault::persist}) {
      for (const Sequel sequel : {Sequel::close, Sequel::drop, Sequel::power_cut}) {
        uint64_t number = 0;
        while (fail_one(operation, fault, number, sequel) && !HasFailure()) ++number;
        ASSERT_FALSE(HasFailure()) << operation.name << ", fault " << static_cast<int>(fault) << ", number "
                                   << number << ", sequel " << static_cast<int>(sequel);
        const bool closes = std::string_view(operation.name) == "close";
        EXPECT_TRUE(number > 0 || (closes && fault != Fault::persist)) << operation.name;
      }
    }
  }
}

// Whatever failed: no volume, and then one can be made, or the new one.
TEST_P(OneFault, OfACreationLeavesNoVolumeOrANewOne) {
  for (const Fault fault : {Fault::request_not_done, Fault::request_all_done, Fault::persist}) {
    for (const bool cuts : {false, true}) {
      bool reached = true;
      for (uint64_t number = 0; reached; ++number) {
        DeviceGeometry geometry = disk_of_chunks(kTestChunks);
        geometry.fua = GetParam().fua;
        host.emplace(geometry, GetParam().memory, number);
        const VolumeOptions options = GetParam().checksums ? with_checksums() : small_volume();
        arm(fault, number);
        reached = !host->create(options);
        heal();
        if (cuts) host->power_cut(VolumeOnDisk::Cut::keeps_anything);
        const Result<> opened = host->open();
        if (!opened) {
          ASSERT_TRUE(reached);
          ASSERT_EQ(opened.error().code, Errc::not_a_store) << number << describe(opened.error());
          host->power_cut();
          const std::vector<std::string> left = host->machine->maps.names().value();
          for (const std::string& name : left) ASSERT_TRUE(host->machine->maps.remove(name));
          ASSERT_TRUE(host->create(options)) << number;
          ASSERT_TRUE(host->open());
        }
        for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
          ASSERT_TRUE(all_zero(host->read_chunk(chunk).value()));
        ASSERT_TRUE(host->write_chunk(0, noise(kTestChunk, 1)));
        EXPECT_EQ(host->volume->info().allocated_units, 4U);
      }
    }
  }
}

TEST_P(OneFault, OfADestructionLeavesTheVolumeOrNone) {
  for (const Fault fault : {Fault::request_not_done, Fault::request_all_done}) {
    for (const bool cuts : {false, true}) {
      bool reached = true;
      for (uint64_t number = 0; reached; ++number) {
        begin();
        ASSERT_TRUE(host->close());
        host->drop();
        arm(fault, number);
        reached = !host->destroy();
        heal();
        if (cuts) host->power_cut(VolumeOnDisk::Cut::keeps_anything);
        const Result<> opened = host->open();
        if (opened) {
          ASSERT_TRUE(reached);
          expect_whole_or_absent(kOperations[0]);
          host->drop();
          ASSERT_TRUE(host->destroy());
        } else {
          ASSERT_EQ(opened.error().code, Errc::not_a_store);
        }
        VolumeOptions again = small_volume();
        again.uuid = uuid_of(2);
        ASSERT_TRUE(host->create(again));
      }
    }
  }
}

// What could not be read is not changed, and can be read later.
TEST_P(OneFault, OfAnOpeningEndsItOrChangesNothing) {
  for (const Fault fault : {Fault::request_not_done, Fault::persist}) {
    bool reached = true;
    uint64_t number = 0;
    for (; reached; ++number) {
      begin();
      ASSERT_TRUE(host->close());
      host->drop();
      arm(fault, number);
      const Result<> opened = host->open();
      heal();
      reached = !opened;
      host->power_cut();
      ASSERT_TRUE(host->open());
      for (uint64_t chunk = 0; chunk < kTestChunks; ++chunk)
        ASSERT_EQ(host->read_chunk(chunk).value(), content(chunk));
      expect_no_leak();
    }
    EXPECT_GT(number, 1U);
  }
}

}  // namespace
}  // namespace holdfast
