// SPDX-License-Identifier: BSD-3-Clause
// The tool as a user meets it: real files, real exit codes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "holdfast/nvme/block_device.hh"
#include "tools/holdfast_tool.hh"

namespace holdfast {
namespace {

TEST_F(HoldfastTool, KeepsFilesAndGivesThemBack) {
  make_store("store");
  write_file("in/empty", "");
  write_file("in/one-byte", "x");
  write_file("in/deep/er/cluster", pattern(64 << 10));
  write_file("in/large", pattern((3 << 20) + 17));
  ASSERT_EQ(run("import " + path("store") + " " + path("in")).exit_code, 0);
  ASSERT_EQ(run("export " + path("store") + " " + path("out")).exit_code, 0);
  for (const char* name : {"empty", "one-byte", "deep/er/cluster", "large"}) {
    EXPECT_EQ(read_file(std::string("out/") + name), read_file(std::string("in/") + name)) << name;
  }
}

TEST_F(HoldfastTool, ImportsAFileOnlyOnce) {
  make_store("store");
  write_file("in/file", "content");
  ASSERT_EQ(run("import " + path("store") + " " + path("in")).exit_code, 0);
  EXPECT_EQ(run("import " + path("store") + " " + path("in")).text, "present  file\n");
}

TEST_F(HoldfastTool, ListsWhatWasImported) {
  make_store("store");
  write_file("in/file", "content");
  ASSERT_EQ(run("import " + path("store") + " " + path("in")).exit_code, 0);
  const auto store = nlohmann::json::parse(run("ls --json " + path("store")).text);
  EXPECT_EQ(store["clean"], true);
  ASSERT_EQ(store["blobs"].size(), 1U);
  EXPECT_EQ(store["blobs"][0]["clusters"], 1);
  EXPECT_EQ(store["blobs"][0]["xattrs"]["name"], "66696c65");
}

TEST_F(HoldfastTool, StopsWithoutLossWhenTheStoreIsFull) {
  make_store("store");
  write_file("in/a", pattern(10 << 20));
  write_file("in/b", pattern(10 << 20));
  const Output output = run("import " + path("store") + " " + path("in"));
  EXPECT_EQ(output.exit_code, 2);
  EXPECT_NE(output.text.find("not enough free clusters"), std::string::npos) << output.text;
  ASSERT_EQ(run("export " + path("store") + " " + path("out")).exit_code, 0);
  EXPECT_EQ(read_file("out/a"), read_file("in/a"));
}

TEST_F(HoldfastTool, RefusesToFormatOverAStoreUnlessItIsAskedTo) {
  make_store("store");
  expect_refusal(run("format " + path("store")));
  EXPECT_EQ(run("format " + path("store") + " --force --cluster-size 64KiB").exit_code, 0);
}

TEST_F(HoldfastTool, RefusesToCreateAFileThatExists) {
  write_file("file", "something of value");
  expect_refusal(run("format " + path("file") + " --size 16MiB"));
  EXPECT_EQ(read_file("file"), "something of value");
}

TEST_F(HoldfastTool, RefusesWhatIsNoStoreAndLeavesItAsItIs) {
  write_file("empty", "");
  write_file("short", "SPDKBLOB");
  write_file("zeroes", std::string(1 << 20, '\0'));
  write_file("noise", pattern(1 << 20));
  for (const char* name : {"empty", "short", "zeroes", "noise"}) {
    const std::string before = read_file(name);
    expect_refusal(run("ls " + path(name)));
    expect_refusal(run("dump " + path(name)));
    expect_refusal(run("check " + path(name)));
    expect_refusal(run("cat " + path(name) + " 0x100000000"));
    expect_refusal(run("export " + path(name) + " " + path("out")));
    EXPECT_EQ(read_file(name), before) << name;
  }
  expect_refusal(run("ls " + path("absent")));
  expect_refusal(run("ls " + path(".")));
  expect_refusal(run("check " + path("absent")));
  expect_refusal(run("check " + path(".")));
}

TEST_F(HoldfastTool, SaysThatAnImageIsCutOff) {
  make_store("store");
  fs::resize_file(path("store"), 1 << 20);
  const Output output = run("ls " + path("store"));
  expect_refusal(output);
  EXPECT_NE(output.text.find("is this the whole image?"), std::string::npos) << output.text;
}

TEST_F(HoldfastTool, RefusesABlobIdThatIsNone) {
  make_store("store");
  for (const char* id : {"''", "blob", "0x", "-1", "0x100000000", "99999999999999999999999"}) {
    expect_refusal(run("cat " + path("store") + " " + id));
  }
}

TEST_F(HoldfastTool, ListsADamagedBlobAndKeepsTheOthers) {
  make_store("store");
  write_file("in/a", "first");
  write_file("in/b", "second");
  ASSERT_EQ(run("import " + path("store") + " " + path("in")).exit_code, 0);
  {
    std::fstream image(path("store"), std::ios::binary | std::ios::in | std::ios::out);
    image.seekp(4 * 4096 + 100);  // inside the root of the first blob
    image.put('!');
  }
  const Output listed = run("ls --json " + path("store"));
  EXPECT_EQ(listed.exit_code, 1) << listed.text;
  EXPECT_EQ(run("export " + path("store") + " " + path("out")).exit_code, 1);
  EXPECT_FALSE(fs::exists(path("out/a")));
  EXPECT_EQ(read_file("out/b"), "second");
}

constexpr uint64_t kFirstRoot = 4 * 4096;  // of a store that make_store() made

TEST_F(HoldfastTool, ChecksAStoreAndFindsNothing) {
  make_store("store");
  write_file("in/a", pattern(100 << 10));
  write_file("in/b", "second");
  ASSERT_EQ(run("import " + path("store") + " " + path("in")).exit_code, 0);
  const std::string before = read_file("store");
  const Output checked = run("check " + path("store"));
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_EQ(checked.text,
            "clean: 2 blobs (0 damaged), 2 metadata pages and 3 clusters in use; errors 0, warnings 0, notes "
            "0\n");
  EXPECT_EQ(read_file("store"), before);
}

TEST_F(HoldfastTool, ChecksAStoreThatWasNeverClosed) {
  make_store("store");
  {
    std::fstream image(path("store"), std::ios::binary | std::ios::in | std::ios::out);
    image.seekp(4096);
    image.write("\xFF\xFF", 2);  // masks of a dirty store say nothing
  }
  const Output checked = run("check " + path("store"));
  EXPECT_EQ(checked.exit_code, 0) << checked.text;
  EXPECT_TRUE(checked.text.starts_with("note: superblock at byte 16: the store is dirty")) << checked.text;
}

TEST_F(HoldfastTool, SaysWhatIsDamagedAndWhatToDo) {
  make_store("store");
  write_file("in/a", "first");
  write_file("in/b", "second");
  ASSERT_EQ(run("import " + path("store") + " " + path("in")).exit_code, 0);
  {
    std::fstream image(path("store"), std::ios::binary | std::ios::in | std::ios::out);
    image.seekp(kFirstRoot + 100);
    image.put('!');
  }
  const Output checked = run("check " + path("store"));
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_TRUE(checked.text.starts_with(
      "error: blob 0x100000000 at byte 16384: the checksum of its root, metadata page 0, does not match"))
      << checked.text;

  const Output printed = run("check --json " + path("store"));
  EXPECT_EQ(printed.exit_code, 1);
  const auto report = nlohmann::json::parse(printed.text);
  EXPECT_EQ(report["blobs"], 2);
  EXPECT_EQ(report["damaged_blobs"], 1);
  EXPECT_EQ(report["errors"], 1);
  EXPECT_EQ(report["findings"][0]["severity"], "error");
  EXPECT_EQ(report["findings"][0]["object"], "blob");
  EXPECT_EQ(report["findings"][0]["number"], "0x100000000");
  EXPECT_EQ(report["findings"][0]["byte"], kFirstRoot);
}

TEST_F(HoldfastTool, ChecksNoStoreThatIsOpenForWritingUnlessItIsAskedTo) {
  make_store("store");
  {
    const auto writer = nvme::FileDevice::open(path("store"));
    ASSERT_TRUE(writer);
    const Output refused = run("check " + path("store"));
    expect_refusal(refused);
    EXPECT_NE(refused.text.find("busy: "), std::string::npos) << refused.text;
    const Output checked = run("check --json --even-if-open " + path("store") + " 2>/dev/null");
    EXPECT_EQ(checked.exit_code, 0) << checked.text;
    EXPECT_NE(run("check --even-if-open " + path("store")).text.find("half-done work"), std::string::npos);
    EXPECT_EQ(run("ls " + path("store")).exit_code, 0);
  }
  EXPECT_EQ(run("check " + path("store")).exit_code, 0);
}

// A check holds the lock of this test as long as it runs.
TEST_F(HoldfastTool, LetsChecksRunSideBySideAndKeepsWritersOut) {
  make_store("store");
  fs::create_directories(path("in"));
  const int other_check = ::open(path("store").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(other_check, LOCK_SH | LOCK_NB), 0);
  EXPECT_EQ(run("check " + path("store")).exit_code, 0);
  expect_refusal(run("import " + path("store") + " " + path("in")));
  ::close(other_check);
  EXPECT_EQ(run("import " + path("store") + " " + path("in")).exit_code, 0);
}

}  // namespace
}  // namespace holdfast
