// SPDX-License-Identifier: BSD-3-Clause
// The tool's commands for compressed volumes, as a user meets them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "holdfast/nvme/block_device.hh"
#include "tools/holdfast_tool.hh"

namespace holdfast {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kChunk = 16384;
const std::string kUuid = "0f031213-b8be-4fdf-b6c4-9714b8d1c0b9";
const std::string kOtherUuid = "a6fc96df-afb7-4e17-a4ee-3e7307e23403";

class VolumeTool : public HoldfastTool {
 protected:
  void SetUp() override {
    HoldfastTool::SetUp();
    fs::create_directories(path("maps"));
  }

  // `volume COMMAND PATH --maps maps REST`, where the words of REST that begin with @ are files of the test.
  // What a # at its end hides is that standard error goes where standard output does.
  Output volume(const std::string& command, const std::string& name, const std::string& rest = "") const {
    const std::string words = std::regex_replace(rest, std::regex("@"), path(""));
    return run("volume " + command + " " + path(name) + " --maps " + path("maps") + " " + words);
  }
  void make_volume(const std::string& name, const std::string& options = "",
                   const std::string& uuid = kUuid) const {
    const Output made = volume("create", name, "--size 16MiB --uuid " + uuid + " " + options);
    ASSERT_EQ(made.exit_code, 0) << made.text;
    ASSERT_EQ(made.text, uuid + "\n");
  }
  void import(const std::string& name, const std::string& bytes, const std::string& options = "") const {
    write_file("imported", bytes);
    const Output done = volume("import", name, "@imported " + options);
    ASSERT_EQ(done.exit_code, 0) << done.text;
  }
  std::string content(const std::string& name, const std::string& options = "") const {
    const Output printed = volume("cat", name, options);
    EXPECT_EQ(printed.exit_code, 0) << printed.text;
    return printed.text;
  }
  Json info(const std::string& name) const {
    const Output printed = volume("info", name, "--json");
    EXPECT_EQ(printed.exit_code, 0) << printed.text;
    return Json::parse(printed.text);
  }
  std::string map_of(const std::string& uuid) const { return "maps/" + uuid; }
  void overwrite(const std::string& name, uint64_t at, const std::string& bytes) const {
    std::fstream file(path(name), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
};

// A volume's files, in which each second chunk can be compressed.
std::string half_compressible(std::size_t size) {
  std::string bytes = pattern(size);
  for (std::size_t at = 0; at < size; at += 2 * kChunk)
    bytes.replace(at, std::min(kChunk, size - at), std::min(kChunk, size - at),
                  static_cast<char>('a' + at % 23));
  return bytes;
}

void expect_words(const Output& output, const std::string& words) {
  EXPECT_NE(output.text.find(words), std::string::npos) << output.text;
}

TEST_F(VolumeTool, KeepsAFileAndGivesItBackWhateverTheVolumeIs) {
  const std::string bytes = half_compressible((5 << 20) + 4711);
  for (const char* options :
       {"", "--codec deflate --level 3 --checksums", "--logical-block-size 512",
        "--chunk-size 64KiB --unit-size 8KiB", "--chunk-size 4KiB --codec lz4 --level 9",
        "--chunk-size 32KiB --logical-block-size 16KiB --checksums"}) {
    SCOPED_TRACE(options);
    make_volume("volume", options);
    const Output imported = (write_file("in", bytes), volume("import", "volume", "@in"));
    EXPECT_EQ(imported.text, "imported 5247591 bytes at 0\n");
    const Output exported = volume("export", "volume", "@out");
    EXPECT_EQ(exported.exit_code, 0) << exported.text;
    const std::string out = read_file("out");
    EXPECT_EQ(out.size(), info("volume")["size"]);
    EXPECT_TRUE(out == bytes + std::string(out.size() - bytes.size(), '\0'));
    EXPECT_TRUE(content("volume") == out);
    EXPECT_EQ(volume("destroy", "volume", "--yes").exit_code, 0);
    fs::remove(path("volume"));
    fs::remove(path("out"));
  }
}

TEST_F(VolumeTool, FillsAVolumeToItsLastByteAndNotBeyond) {
  make_volume("volume");
  const std::size_t size = info("volume")["size"];
  const std::string bytes = pattern(size);
  import("volume", bytes);
  EXPECT_TRUE(content("volume") == bytes);
  write_file("in", bytes + "x");
  expect_refusal(volume("import", "volume", "@in"));
  write_file("in", "xy");
  expect_words(volume("import", "volume", "@in --offset " + std::to_string(size - 1)), "nothing was written");
  const Output piped = volume("import", "volume", "- --offset " + std::to_string(size - 1) + " <@in");
  expect_refusal(piped);
  expect_words(piped, "more of it than the volume has room for");
  EXPECT_TRUE(content("volume", "--length " + std::to_string(size - 1)) == bytes.substr(0, size - 1));
}

TEST_F(VolumeTool, WritesAndReadsAnyBytesAndLeavesTheirNeighbours) {
  make_volume("volume");
  std::string bytes = half_compressible(10 * kChunk);
  import("volume", bytes);
  struct Place {
    std::size_t offset, length;
  };
  for (const Place place :
       {Place{1, 1}, Place{4095, 2}, Place{kChunk - 1, 2}, Place{kChunk, kChunk}, Place{5000, 3 * kChunk},
        Place{3 * kChunk + 4096, 4096}, Place{10 * kChunk - 7, 7}}) {
    const std::string offset = std::to_string(place.offset);
    import("volume", std::string(place.length, '!'), "--offset " + offset);
    bytes.replace(place.offset, place.length, place.length, '!');
    EXPECT_TRUE(content("volume", "--offset " + offset + " --length " + std::to_string(place.length)) ==
                std::string(place.length, '!'));
    EXPECT_TRUE(content("volume", "--length 160KiB") == bytes) << offset << " " << place.length;
  }
  EXPECT_EQ(content("volume", "--offset 160KiB --length 3"), std::string(3, '\0'));
  EXPECT_EQ(content("volume", "--length 0"), "");
}

TEST_F(VolumeTool, ImportsWhatAnotherCommandPrints) {
  make_volume("from");
  make_volume("to", "--codec deflate", kOtherUuid);
  const std::string bytes = half_compressible(40 * kChunk + 5);
  import("from", bytes);
  const std::string maps = " --maps " + path("maps");
  const Output piped = run("volume cat " + path("from") + maps + " | " + HOLDFAST_TOOL + " volume import " +
                           path("to") + " -" + maps);
  EXPECT_EQ(piped.text, "imported 14680064 bytes at 0\n");
  EXPECT_TRUE(content("to", "--length 655365") == bytes);
}

TEST_F(VolumeTool, StoresNoZeroesAndExportsThemAsHoles) {
  make_volume("volume");
  std::string bytes = pattern(8 * kChunk);
  bytes.replace(2 * kChunk, 4 * kChunk, 4 * kChunk, '\0');
  import("volume", bytes);
  EXPECT_EQ(info("volume")["mapped_chunks"], 4);
  ASSERT_EQ(volume("export", "volume", "@out").exit_code, 0);
  struct stat status{};
  ASSERT_EQ(::stat(path("out").c_str(), &status), 0);
  EXPECT_LE(status.st_blocks * 512, 6 * static_cast<int64_t>(kChunk));
  import("volume", std::string(8 * kChunk, '\0'));
  EXPECT_EQ(info("volume")["mapped_chunks"], 0);
  EXPECT_EQ(info("volume")["allocated_units"], 0);
}

TEST_F(VolumeTool, SaysWhatAVolumeIs) {
  make_volume("volume", "--codec deflate --level 2 --checksums --logical-block-size 512");
  import("volume", std::string(3 * kChunk, 'x') + pattern(kChunk));
  const Json found = info("volume");
  const Json expected = {{"uuid", kUuid},
                         {"path", fs::weakly_canonical(path("maps")).string() + "/" + kUuid},
                         {"size", 14680064},
                         {"chunk_size", 16384},
                         {"unit_size", 4096},
                         {"logical_block_size", 512},
                         {"codec", 0},
                         {"codec_name", "deflate"},
                         {"codec_level", 2},
                         {"queue_depth", 64},
                         {"mapped_chunks", 4},
                         {"allocated_units", 7},
                         {"ratio", 16.0 / 7},
                         {"checksums", "kept"},
                         {"was_closed", true},
                         {"read_only", true},
                         {"damaged", Json::array()}};
  EXPECT_EQ(found, expected);
  const Output words = volume("info", "volume");
  EXPECT_EQ(words.exit_code, 0);
  for (const char* line : {"uuid            0f031213-b8be-4fdf-b6c4-9714b8d1c0b9\n", "ratio           2.29\n",
                           "codec           deflate, level 2\n", "checksums       kept\n"})
    expect_words(words, line);
}

TEST_F(VolumeTool, TakesNobodysWritingForThatOfAnotherProgram) {
  make_volume("volume", "--checksums");
  EXPECT_EQ(info("volume")["checksums"], "kept");
  import("volume", pattern(kChunk));
  EXPECT_EQ(info("volume")["checksums"], "kept");
  overwrite(map_of(kUuid), 4096 + 8 * 5, std::string(8, '\0'));  // chunk 5 becomes what chunk 0 is
  EXPECT_EQ(Json::parse(volume("info", "volume", "--json 2>/dev/null #").text)["checksums"], "reset");
}

TEST_F(VolumeTool, DrawsAUuidOfVersionFourForEachVolume) {
  const std::regex version_four("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n");
  const Output first = volume("create", "a", "--size 4MiB");
  const Output second = volume("create", "b", "--size 4MiB");
  EXPECT_TRUE(std::regex_match(first.text, version_four)) << first.text;
  EXPECT_TRUE(std::regex_match(second.text, version_four)) << second.text;
  EXPECT_NE(first.text, second.text);
}

TEST_F(VolumeTool, CreatesNothingFromImpossibleOptions) {
  for (const char* options :
       {"--uuid x", "--uuid 00000000-0000-0000-0000-000000000000", "--uuid 0f031213b8be4fdfb6c49714b8d1c0b9",
        "--chunk-size 5000", "--chunk-size 2MiB", "--chunk-size 0", "--unit-size 100", "--unit-size 12KiB",
        "--logical-block-size 3", "--codec deflate --level 9", "--level 0", "--level 70000"}) {
    expect_refusal(volume("create", "volume", std::string("--size 16MiB ") + options));
    EXPECT_FALSE(fs::exists(path("volume"))) << options;
  }
  expect_refusal(volume("create", "volume", "--size 2MiB"));
  EXPECT_FALSE(fs::exists(path("volume"))) << "too small for one chunk";
  EXPECT_EQ(volume("create", "volume", "--size 16MiB --codec zip").exit_code, 2);
  EXPECT_EQ(volume("create", "volume", "--size lots").exit_code, 2);
  EXPECT_EQ(run("volume create " + path("volume") + " --size 16MiB").exit_code, 2) << "no --maps";
  expect_refusal(run("volume create " + path("volume") + " --size 16MiB --maps " + path("nowhere")));
  EXPECT_FALSE(fs::exists(path("volume")));
  expect_refusal(volume("create", "volume"));
  EXPECT_TRUE(fs::is_empty(path("maps")));
}

TEST_F(VolumeTool, ReplacesAVolumeOrAStoreOnlyIfItIsAskedTo) {
  make_volume("volume");
  import("volume", "precious");
  expect_refusal(volume("create", "volume", "--uuid " + kOtherUuid));
  EXPECT_EQ(content("volume", "--length 8"), "precious");
  expect_refusal(volume("create", "volume", "--size 16MiB --uuid " + kOtherUuid));
  make_store("store");
  expect_refusal(volume("create", "store", "--uuid " + kOtherUuid));
  EXPECT_EQ(run("ls " + path("store")).exit_code, 0);
  EXPECT_EQ(volume("create", "store", "--force --uuid " + kOtherUuid).exit_code, 0);
  EXPECT_EQ(info("store")["uuid"], Json(kOtherUuid));
  expect_refusal(volume("create", "store", "--force --uuid " + kUuid));  // its map file is there
  EXPECT_EQ(content("volume", "--length 8"), "precious");
}

TEST_F(VolumeTool, RefusesWhatIsNoVolumeAndLeavesItAsItIs) {
  write_file("empty", "");
  write_file("short", "SPDKREDU");
  write_file("cut", "SPDKREDU" + std::string(4088, '\0'));
  write_file("zeroes", std::string(1 << 20, '\0'));
  write_file("noise", pattern(1 << 20));
  write_file("in", "x");
  make_store("store");
  for (const char* name : {"empty", "short", "cut", "zeroes", "noise", "store"}) {
    const std::string before = read_file(name);
    expect_refusal(volume("info", name));
    expect_refusal(volume("cat", name));
    expect_refusal(volume("import", name, "@in"));
    expect_refusal(volume("export", name, "@out"));
    expect_refusal(volume("destroy", name, "--yes"));
    EXPECT_TRUE(read_file(name) == before) << name;
    EXPECT_FALSE(fs::exists(path("out")));
  }
  expect_refusal(volume("info", "absent"));
  expect_refusal(volume("info", "maps"));
  make_volume("volume");
  expect_refusal(run("ls " + path("volume")));
  EXPECT_EQ(run("volume").exit_code, 2);
  EXPECT_EQ(run("volume polish").exit_code, 2);
}

TEST_F(VolumeTool, SaysWhichFileItMisses) {
  make_volume("volume");
  make_volume("other", "", kOtherUuid);
  expect_words(volume("info", "volume", "--map " + kOtherUuid), "it belongs to another volume");
  fs::rename(path(map_of(kUuid)), path("maps/kept.pm"));
  const Output missing = volume("info", "volume");
  expect_refusal(missing);
  expect_words(missing, "maps/" + kUuid + ": not found");
  expect_words(missing, "with --map its name");
  EXPECT_EQ(volume("info", "volume", "--map kept.pm").exit_code, 0);
  expect_refusal(volume("info", "volume", "--map ../volume"));
  expect_refusal(run("volume info " + path("volume") + " --maps " + path("nowhere")));
}

TEST_F(VolumeTool, RefusesAnOldCopyOfAMapFile) {
  make_volume("volume");
  fs::copy_file(path(map_of(kUuid)), path("maps/old.pm"));
  import("volume", "new");
  const Output refused = volume("info", "volume", "--map old.pm");
  expect_refusal(refused);
  expect_words(refused, "old copy");
}

TEST_F(VolumeTool, RefusesAFileItCannotUse) {
  make_volume("volume");
  import("volume", "content");
  write_file("there", "something of value");
  expect_refusal(volume("import", "volume", "@absent"));
  expect_refusal(volume("import", "volume", "@maps"));
  expect_refusal(volume("export", "volume", "@there"));
  expect_refusal(volume("export", "volume", "@volume"));
  expect_refusal(volume("export", "volume", "@nowhere/out"));
  expect_refusal(volume("cat", "volume", "--offset 1GiB"));
  expect_refusal(volume("cat", "volume", "--offset 1 --length 14MiB"));
  EXPECT_EQ(volume("cat", "volume", "--length 8").exit_code, 0);
  EXPECT_EQ(volume("cat", "volume", "3>&1 >/dev/full 2>&3 #").exit_code, 1);
  EXPECT_EQ(read_file("there"), "something of value");
  EXPECT_EQ(content("volume", "--length 7"), "content");
}

TEST_F(VolumeTool, KeepsOutWhoeverWouldDisturbAnOpenVolume) {
  make_volume("volume");
  write_file("in", "x");
  const auto writer = nvme::FileDevice::open(path("volume"));
  ASSERT_TRUE(writer);
  expect_refusal(volume("import", "volume", "@in"));
  expect_refusal(volume("destroy", "volume", "--yes"));
  EXPECT_TRUE(fs::exists(path(map_of(kUuid))));
}

// The entry of chunk 1 leads nowhere.
TEST_F(VolumeTool, NamesADamagedChunkAndExportsTheOthers) {
  make_volume("volume");
  std::string bytes = half_compressible(4 * kChunk);
  import("volume", bytes);
  overwrite(map_of(kUuid), 4096 + 8, std::string("\x11\x22\x33\0\0\0\0\0", 8));
  const Output printed = volume("info", "volume", "--json 2>/dev/null #");
  EXPECT_EQ(printed.exit_code, 1);
  const Json found = Json::parse(printed.text);
  ASSERT_EQ(found["damaged"].size(), 1U);
  EXPECT_EQ(found["damaged"][0]["chunk"], 1);
  expect_words(volume("info", "volume"), "damaged chunks  1\n");
  EXPECT_EQ(volume("cat", "volume").exit_code, 1);
  EXPECT_EQ(content("volume", "--offset 32KiB --length 32KiB"), bytes.substr(2 * kChunk));

  const Output exported = volume("export", "volume", "@out");
  EXPECT_EQ(exported.exit_code, 1);
  expect_words(exported, "byte 16384 of the volume: corrupt");
  bytes.replace(kChunk, kChunk, kChunk, '\0');
  EXPECT_TRUE(read_file("out").substr(0, bytes.size()) == bytes);

  write_file("in", "x");
  const Output refused = volume("import", "volume", "@in");
  expect_refusal(refused);
  expect_words(refused, "copy the others out");
}

TEST_F(VolumeTool, NoticesChangedDataByItsChecksum) {
  make_volume("volume", "--checksums");
  import("volume", pattern(2 * kChunk));
  overwrite("volume", 8192 + 100, "!");
  EXPECT_EQ(volume("info", "volume").exit_code, 0);
  const Output refused = volume("cat", "volume", ">/dev/null");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(volume("export", "volume", "@out").exit_code, 1);
  EXPECT_EQ(read_file("out").substr(kChunk, kChunk), pattern(2 * kChunk).substr(kChunk));
}

TEST_F(VolumeTool, DestroysAVolumeOnlyIfItIsMeant) {
  make_volume("volume");
  import("volume", "precious");
  const Output refused = volume("destroy", "volume");
  expect_refusal(refused);
  expect_words(refused, "--yes");
  EXPECT_EQ(content("volume", "--length 8"), "precious");
  EXPECT_EQ(volume("destroy", "volume", "--yes").text, "destroyed " + kUuid + "\n");
  EXPECT_TRUE(fs::is_empty(path("maps")));
  expect_refusal(volume("info", "volume"));
  make_volume("again");
  fs::remove(path(map_of(kUuid)));
  const Output destroyed = volume("destroy", "again", "--yes");
  EXPECT_EQ(destroyed.exit_code, 0);
  expect_words(destroyed, "its map file was not in ");
}

TEST_F(VolumeTool, FindsOrphansAndRemovesThemOnRequest) {
  make_volume("volume");
  make_volume("lost", "", kOtherUuid);
  fs::remove(path("lost"));
  make_store("store");
  write_file("maps/notes", "no map file");
  write_file("maps/ffffffff-ffff-4fff-8fff-ffffffffffff", "no map file either");
  EXPECT_EQ(run("volume maps " + path("maps")).text, kUuid + "\n" + kOtherUuid + "\n");
  const std::string devices = " --devices " + path("volume") + " " + path("store");
  EXPECT_EQ(run("volume maps " + path("maps") + devices).text,
            kUuid + "  " + path("volume") + "\n" + kOtherUuid + "  orphan\n");

  const Output needed = run("volume maps " + path("maps") + devices + " --remove " + kUuid);
  expect_refusal(needed);
  expect_words(needed, "needs the map file");
  expect_refusal(run("volume maps " + path("maps") + " --remove ffffffff-ffff-4fff-8fff-ffffffffffff"));
  expect_refusal(run("volume maps " + path("maps") + " --remove notes"));
  expect_refusal(
      run("volume maps " + path("maps") + " --devices " + path("absent") + " --remove " + kOtherUuid));
  EXPECT_TRUE(fs::exists(path(map_of(kOtherUuid))));
  EXPECT_EQ(run("volume maps " + path("maps") + devices + " --remove " + kOtherUuid).text,
            "removed " + kOtherUuid + "\n");
  EXPECT_FALSE(fs::exists(path(map_of(kOtherUuid))));
  EXPECT_EQ(content("volume", "--length 1"), std::string(1, '\0'));
  expect_refusal(run("volume maps " + path("nowhere")));
}

// To open a map file is to allocate it.
TEST_F(VolumeTool, LeavesFilesAloneThatLieBesideTheMaps) {
  write_file("maps/disk", "");
  fs::resize_file(path("maps/disk"), 16 << 20);
  EXPECT_EQ(run("volume maps " + path("maps")).exit_code, 0);
  struct stat status{};
  ASSERT_EQ(::stat(path("maps/disk").c_str(), &status), 0);
  EXPECT_EQ(status.st_blocks, 0);
}

}  // namespace
}  // namespace holdfast
