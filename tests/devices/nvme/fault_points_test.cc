// SPDX-License-Identifier: BSD-3-Clause
// Linked into builds with HOLDFAST_FIU only.
#include <fiu-control.h>
#include <fiu.h>
#include <gtest/gtest.h>

#include "devices/contract.hh"
#include "devices/nvme/scratch.hh"
#include "holdfast/nvme/block_device.hh"
#include "holdfast/nvme/loop.hh"

namespace holdfast::nvme {
namespace {

using contract::Buffer;
using contract::Request;

std::errc run(Loop& loop, BlockChannel& channel, IoKind kind, Buffer& buffer) {
  const bool moves_bytes = kind == IoKind::read || kind == IoKind::write;
  Request request = moves_bytes ? Request::transfer(kind, 0, 4096, buffer) : Request(kind, 0, 1);
  request.buffers = request.vector;
  channel.submit(request);
  EXPECT_FALSE(request.result.has_value());
  loop.run_until([&] { return request.result.has_value(); });
  return *request.result;
}

TEST(FaultPoints, EachMakesItsOwnKindOfRequestFail) {
  ASSERT_EQ(fiu_init(0), 0);
  const Scratch scratch;
  const auto loop = Loop::open().value();
  const auto device = FileDevice::open(scratch.path("device"), {.create_bytes = uint64_t{1} << 20}).value();
  const auto channel = device->open_channel(*loop).value();
  Buffer buffer(4096);

  const std::pair<const char*, IoKind> points[] = {
      {"holdfast/nvme/read", IoKind::read},       {"holdfast/nvme/write", IoKind::write},
      {"holdfast/nvme/flush", IoKind::flush},     {"holdfast/nvme/write_zeroes", IoKind::write_zeroes},
      {"holdfast/nvme/discard", IoKind::discard},
  };
  for (const auto& [point, failing] : points) {
    ASSERT_EQ(fiu_enable(point, 1, nullptr, 0), 0);
    for (const auto& [other_point, kind] : points) {
      EXPECT_EQ(run(*loop, *channel, kind, buffer), kind == failing ? std::errc::io_error : std::errc{})
          << point << " on, " << other_point << " tried";
    }
    ASSERT_EQ(fiu_disable(point), 0);
  }
}

}  // namespace
}  // namespace holdfast::nvme
