// SPDX-License-Identifier: BSD-3-Clause
#include "probe.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "devices/nvme/loop_device.hh"
#include "devices/nvme/scratch.hh"

namespace holdfast::nvme {
namespace {

constexpr uint64_t kSize = uint64_t{1} << 20;

DeviceOptions creating(DeviceOptions options = {}) {
  options.create_bytes = kSize;
  return options;
}

void write_attribute(const Scratch& folder, const char* name, const char* value) {
  std::ofstream(folder.path(name)) << value << '\n';
}

TEST(Probe, ReadsWhatSysfsTells) {
  const Scratch queue;
  write_attribute(queue, "write_cache", "write through");
  write_attribute(queue, "fua", "1");
  write_attribute(queue, "write_zeroes_max_bytes", "0");
  const QueueLimits limits = read_queue_limits(queue.path(""));
  EXPECT_EQ(limits.write_back, false);
  EXPECT_EQ(limits.fua, true);
  EXPECT_EQ(limits.write_zeroes, false);

  write_attribute(queue, "write_cache", "write back");
  write_attribute(queue, "fua", "0");
  write_attribute(queue, "write_zeroes_max_bytes", "2147483648");
  const QueueLimits others = read_queue_limits(queue.path(""));
  EXPECT_EQ(others.write_back, true);
  EXPECT_EQ(others.fua, false);
  EXPECT_EQ(others.write_zeroes, true);
}

TEST(Probe, WhatSysfsDoesNotTellIsAbsent) {
  const Scratch queue;
  write_attribute(queue, "write_cache", "something new");
  for (const std::string& folder : {queue.path(""), queue.path("missing")}) {
    const QueueLimits limits = read_queue_limits(folder);
    EXPECT_FALSE(limits.write_back || limits.fua || limits.write_zeroes);
  }
}

TEST(Probe, AFileIsAssumedToHaveAVolatileCache) {
  const Scratch scratch;
  const auto device = FileDevice::open(scratch.path("file"), creating());
  ASSERT_TRUE(device) << describe(device.error());
  const ProbeReport& report = (*device)->probe_report();
  EXPECT_FALSE(report.block_device);
  EXPECT_EQ(report.byte_count, kSize);
  EXPECT_EQ(report.block_size.value, 4096u);
  EXPECT_TRUE(report.volatile_cache.value);
  EXPECT_STREQ(report.volatile_cache.source, "assumed for files");
  EXPECT_LE(report.atomic_write_size.value, 4096u);
  EXPECT_EQ((*device)->geometry().block_count, kSize / 4096);
}

TEST(Probe, OptionsOverruleAndAreNamedAsTheSource) {
  const Scratch scratch;
  const auto device = FileDevice::open(scratch.path("file"), creating({.block_size = 512,
                                                                       .atomic_write_size = 512,
                                                                       .volatile_cache = false,
                                                                       .fua = false,
                                                                       .discard = false}));
  ASSERT_TRUE(device) << describe(device.error());
  const DeviceGeometry& geometry = (*device)->geometry();
  EXPECT_EQ(geometry.block_size, 512u);
  EXPECT_EQ(geometry.atomic_write_size, 512u);
  EXPECT_FALSE(geometry.volatile_cache || geometry.fua || geometry.discard || geometry.discard_reads_zero);
  const ProbeReport& report = (*device)->probe_report();
  EXPECT_STREQ(report.atomic_write_size.source, "option");
  EXPECT_NE(describe(report).find("atomic write size  512  (option)"), std::string::npos) << describe(report);
}

TEST(Probe, OptionsThatContradictTheDeviceAreRefusedAndLeaveNoNewFile) {
  const DeviceOptions contradictions[] = {
      {.block_size = 0},
      {.block_size = 256},
      {.block_size = 3000},
      {.block_size = 131072},
      {.atomic_write_size = 0},
      {.atomic_write_size = 100},
      {.atomic_write_size = 131072},
  };
  const Scratch scratch;
  for (const DeviceOptions& options : contradictions) {
    const auto device = FileDevice::open(scratch.path("file"), creating(options));
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().code, Errc::invalid_argument);
    EXPECT_FALSE(std::filesystem::exists(scratch.path("file")));
  }
}

TEST(Probe, ADeviceOfLessThanABlockIsRefused) {
  const Scratch scratch;
  const auto device = FileDevice::open(scratch.path("file"), {.create_bytes = 4095});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, Errc::invalid_argument);
}

TEST(Probe, WhatIsNeitherFileNorDiskIsRefusedWithoutOpeningIt) {
  const Scratch scratch;
  ASSERT_EQ(::mkfifo(scratch.path("fifo").c_str(), 0600), 0);
  for (const std::string& path : {scratch.path(""), scratch.path("fifo"), std::string("/dev/null")}) {
    const auto device = FileDevice::open(path, {.read_only = true});
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().code, Errc::invalid_argument) << path;
  }
  EXPECT_EQ(FileDevice::open(scratch.path("missing")).error().code, Errc::not_found);
}

TEST(Probe, ALoopDeviceIsABlockDeviceWithAnAssumedCache) {
  const Scratch scratch;
  ASSERT_TRUE(FileDevice::open(scratch.path("file"), creating()));
  const auto loop = LoopDevice::attach(scratch.path("file"), 512);
  if (!loop) GTEST_SKIP() << "loop devices unavailable";
  const auto device = FileDevice::open(loop->path());
  ASSERT_TRUE(device) << describe(device.error());
  const ProbeReport& report = (*device)->probe_report();
  EXPECT_TRUE(report.block_device);
  EXPECT_EQ(report.byte_count, kSize);
  EXPECT_EQ(report.block_size.value, 512u);
  EXPECT_STREQ(report.volatile_cache.source, "assumed for loop devices");
  EXPECT_STREQ(report.fua.source, "sysfs queue/fua");
  EXPECT_EQ(FileDevice::open(loop->path()).error().code, Errc::busy);
}

}  // namespace
}  // namespace holdfast::nvme
