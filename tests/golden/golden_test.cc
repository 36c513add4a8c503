// SPDX-License-Identifier: BSD-3-Clause
// Disks written by real SPDK, read by the tool as a user would: everything must be as the manifest beside
// each image says. The images are data that the project does not carry; without their folder these tests
// skip, by name.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace holdfast {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

fs::path golden_folder() {
  const char* named = std::getenv("HOLDFAST_GOLDEN_DIR");
  return named != nullptr ? fs::path(named) : fs::path(HOLDFAST_SOURCE_DIR) / "../shared/golden";
}

struct Output {
  int status = -1;
  std::string text;
};

Output run(const std::string& command) {
  Output output;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 1 << 16> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.text.append(buffer.data(), count);
  output.status = pclose(pipe);
  return output;
}

// Other tests may have the same one unpacked at the same time.
fs::path place_to_unpack(const std::string& name) {
  return fs::path(HOLDFAST_WORK_DIR) / (name + "." + std::to_string(getpid()));
}

bool unpack(const std::string& name, const fs::path& to) {
  const fs::path packed = golden_folder() / (name + ".zst");
  return run("zstd -q -f -d --sparse '" + packed.string() + "' -o '" + to.string() + "'").status == 0;
}

// An image, unpacked for the time of one test.
class UnpackedImage {
 public:
  explicit UnpackedImage(const std::string& name) : path_(place_to_unpack(name + ".img")) {
    unpacked_ = unpack(name + ".img", path_);
  }
  UnpackedImage(const UnpackedImage&) = delete;
  UnpackedImage& operator=(const UnpackedImage&) = delete;
  ~UnpackedImage() { fs::remove(path_); }

  bool unpacked() const { return unpacked_; }
  Json list() const {
    const Output listed = run(std::string(HOLDFAST_TOOL) + " ls --json '" + path_.string() + "'");
    EXPECT_EQ(listed.status, 0);
    return Json::parse(listed.text);
  }
  std::string sha256(const std::string& id) const {
    const Output summed =
        run(std::string(HOLDFAST_TOOL) + " cat '" + path_.string() + "' " + id + " | sha256sum");
    return summed.text.substr(0, 64);
  }
  std::string content(const std::string& id) const {
    return run(std::string(HOLDFAST_TOOL) + " cat '" + path_.string() + "' " + id).text;
  }
  // What the check finds besides notes, and the notes of a clean store.
  Json flaws() const {
    const Output checked = run(std::string(HOLDFAST_TOOL) + " check --json '" + path_.string() + "'");
    EXPECT_EQ(checked.status, 0);
    const Json report = Json::parse(checked.text);
    Json flaws = Json::array();
    for (const Json& finding : report["findings"]) {
      if (report["clean"] == true || finding["severity"] != "note") flaws.push_back(finding);
    }
    return flaws;
  }
  Json dump() const {
    return Json::parse(run(std::string(HOLDFAST_TOOL) + " dump '" + path_.string() + "'").text);
  }

 private:
  fs::path path_;
  bool unpacked_ = false;
};

std::map<std::string, Json> by_id(const Json& blobs) {
  std::map<std::string, Json> result;
  for (const Json& blob : blobs) result[blob["id"]] = blob;
  return result;
}

// Blobs that SPDK itself found beyond those that the manifest lists:
// creations that were in flight when it was killed.
std::set<std::string> extra_blobs(const Json& manifest) {
  std::set<std::string> extra;
  if (!manifest.contains("reload_check")) return extra;
  for (const Json& id : manifest["reload_check"].value("extra_blobs_after_reload", Json::array()))
    extra.insert(id);
  return extra;
}

uint64_t free_clusters(const Json& manifest) {
  if (!manifest.contains("reload_check")) return manifest["free_clusters"];
  return manifest["reload_check"].value("free_clusters_after_reload",
                                        manifest["free_clusters"].get<uint64_t>());
}

class GoldenImage : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(golden_folder())) GTEST_SKIP() << "golden images absent: no folder " << golden_folder();
  }
};

std::string name_of_test(const testing::TestParamInfo<const char*>& image) {
  std::string name = image.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

TEST_P(GoldenImage, AgreesWithItsManifest) {
  const std::string name = GetParam();
  const Json manifest = Json::parse(std::ifstream(golden_folder() / (name + ".json")));
  const UnpackedImage image(name);
  ASSERT_TRUE(image.unpacked());
  const Json store = image.list();
  for (const char* field :
       {"cluster_size", "md_page_size", "io_unit_size", "total_data_clusters", "bstype", "super_blob"}) {
    EXPECT_EQ(store[field], manifest[field]) << field;
  }
  EXPECT_EQ(store["free_clusters"], free_clusters(manifest));
  EXPECT_TRUE(store["damaged"].empty());

  std::map<std::string, Json> found = by_id(store["blobs"]);
  for (const Json& expected : manifest["blobs"]) {
    const std::string id = expected["id"];
    ASSERT_TRUE(found.contains(id)) << id;
    for (const auto& [field, value] : found[id].items()) {
      EXPECT_EQ(value, expected.value(field, value)) << id << " " << field;
    }
    EXPECT_EQ(image.sha256(id), expected["sha256"].get<std::string>()) << id << " " << expected["label"];
    found.erase(id);
  }
  std::set<std::string> unlisted;
  for (const auto& [id, blob] : found) unlisted.insert(id);
  EXPECT_EQ(unlisted, extra_blobs(manifest));
}

TEST_P(GoldenImage, HasNoFlaw) {
  const UnpackedImage image(GetParam());
  ASSERT_TRUE(image.unpacked());
  EXPECT_EQ(image.flaws(), Json::array());
}

INSTANTIATE_TEST_SUITE_P(GoldenDisks, GoldenImage,
                         testing::Values("basic-4k-c256k-clean", "basic-4k-c256k-dirty",
                                         "basic-4k-c64k-md16k-clean", "basic-512-c64k-clean",
                                         "basic-512-c64k-dirty", "basic-512-c64k-inflight",
                                         "basic-512-c64k-inflight2", "frag-4k-c16k-dirty",
                                         "snap-512-c64k-clean", "snap-512-c64k-dirty"),
                         name_of_test);

class SeedImage : public GoldenImage {};

// Written by SPDK's revision of January 2018. On the 512-byte device, later revisions of SPDK read blob B's
// data from wrong places.
TEST_P(SeedImage, HoldsWhatTheFirstRevisionWrote) {
  constexpr std::size_t kPage = 4096;
  const UnpackedImage image(GetParam());
  ASSERT_TRUE(image.unpacked());
  const std::map<std::string, Json> blobs = by_id(image.list()["blobs"]);
  ASSERT_EQ(blobs.size(), 2U);
  const Json& thick = blobs.at("0x100000000");
  const Json& thin = blobs.at("0x100000001");
  EXPECT_EQ(thick["allocated_clusters"], 4);
  EXPECT_EQ(thick["xattrs"]["name"], "746869636b");
  EXPECT_EQ(thin["clusters"], 6);
  EXPECT_EQ(thin["thin"], true);
  EXPECT_EQ(thin["xattrs"]["name"], "7468696e");

  const std::string a = image.content("0x100000000");
  ASSERT_EQ(a.size(), 4U << 20);
  for (std::size_t page = 0; page < a.size() / kPage; ++page) {
    ASSERT_EQ(a.substr(page * kPage, kPage), std::string(kPage, static_cast<char>(1 + page % 250)))
        << "page " << page;
  }
  const std::string b = image.content("0x100000001");
  ASSERT_EQ(b.size(), 6U << 20);
  for (std::size_t page = 512; page < 520; ++page) {
    ASSERT_EQ(b.substr(page * kPage, kPage), std::string(kPage, static_cast<char>(0xA0 + page % 16)))
        << "page " << page;
  }
  EXPECT_EQ(b.substr(0, 512 * kPage), std::string(512 * kPage, '\0'));
}

TEST_P(SeedImage, HasNoFlaw) {
  const UnpackedImage image(GetParam());
  ASSERT_TRUE(image.unpacked());
  EXPECT_EQ(image.flaws(), Json::array());
}

INSTANTIATE_TEST_SUITE_P(GoldenDisks, SeedImage, testing::Values("seed_4096", "seed_dirty_512"),
                         [](const auto& image) { return std::string(image.param); });

TEST_F(GoldenImage, IsDumpedWithEveryPageThatIsInUse) {
  const UnpackedImage image("basic-512-c64k-clean");
  ASSERT_TRUE(image.unpacked());
  const Json dump = image.dump();
  EXPECT_EQ(dump["super_block"]["version"], 3);
  EXPECT_EQ(dump["masks"]["used_pages"]["agrees_with_roots"], true);
  EXPECT_EQ(dump["masks"]["used_clusters"]["agrees_with_roots"], true);
  uint64_t in_use = 0;
  for (const Json& page : dump["metadata_pages"]) in_use += page["in_use"].get<bool>() ? 1U : 0U;
  EXPECT_EQ(in_use, dump["masks"]["used_pages"]["set"]);
}

// The device and the map file of a compressed volume, unpacked for the time of one test.
class UnpackedVolume {
 public:
  explicit UnpackedVolume(const std::string& name) : folder_(place_to_unpack(name)), name_(name) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    unpacked_ = unpack(name + ".img", file(".img")) && unpack(name + ".pm", file(".pm"));
    for (const char* kind : {".img", ".pm"}) fs::permissions(file(kind), fs::perms::owner_all);
  }
  UnpackedVolume(const UnpackedVolume&) = delete;
  UnpackedVolume& operator=(const UnpackedVolume&) = delete;
  ~UnpackedVolume() { fs::remove_all(folder_); }

  bool unpacked() const { return unpacked_; }
  fs::path file(const std::string& kind) const { return folder_ / (name_ + kind); }
  std::string command(const std::string& verb, const std::string& rest) const {
    return std::string(HOLDFAST_TOOL) + " volume " + verb + " '" + file(".img").string() + "' --maps '" +
           folder_.string() + "' --map " + name_ + ".pm " + rest;
  }
  Json info() const {
    const Output printed = run(command("info", "--json"));
    EXPECT_EQ(printed.status, 0);
    return Json::parse(printed.text);
  }
  std::string sha256_of_content() const { return run(command("cat", "| sha256sum")).text.substr(0, 64); }
  std::string sha256_of_files() const {
    return run("cat '" + file(".img").string() + "' '" + file(".pm").string() + "' | sha256sum").text;
  }

 private:
  fs::path folder_;
  std::string name_;
  bool unpacked_ = false;
};

class GoldenVolume : public GoldenImage {};

TEST_P(GoldenVolume, AgreesWithItsManifestAndIsOnlyRead) {
  const std::string name = GetParam();
  const Json manifest = Json::parse(std::ifstream(golden_folder() / (name + ".json")));
  const UnpackedVolume volume(name);
  ASSERT_TRUE(volume.unpacked());
  const std::string before = volume.sha256_of_files();
  const Json info = volume.info();
  const Json& super = manifest["backing_superblock"];
  EXPECT_EQ(info["uuid"], manifest["pm_file_name_expected"]);
  std::string digits = info["uuid"];
  std::erase(digits, '-');
  EXPECT_EQ(Json(digits), super["uuid"]);
  EXPECT_EQ(info["path"], manifest["pm_path_in_superblock"]);
  EXPECT_EQ(info["unit_size"], super["backing_io_unit_size"]);
  EXPECT_EQ(info["logical_block_size"], super["logical_block_size"]);
  EXPECT_EQ(info["chunk_size"], super["chunk_size"]);
  EXPECT_EQ(info["size"], super["vol_size"]);
  EXPECT_EQ(info["codec"], super["comp_algo"]);
  EXPECT_EQ(info["codec_level"], super["comp_level"]);
  EXPECT_EQ(info["checksums"], "none");
  EXPECT_EQ(Json(volume.sha256_of_content()), manifest["sha256_volume"]);
  EXPECT_EQ(volume.sha256_of_files(), before);
}

// Over itself, and with edges inside of chunks that SPDK compressed.
TEST_P(GoldenVolume, KeepsItsContentWhenHalfOfItIsWrittenAnew) {
  const std::string name = GetParam();
  const Json manifest = Json::parse(std::ifstream(golden_folder() / (name + ".json")));
  const UnpackedVolume volume(name);
  ASSERT_TRUE(volume.unpacked());
  const std::string before = volume.sha256_of_files();
  const std::string exported = volume.file(".exported").string();
  ASSERT_EQ(run(volume.command("export", "'" + exported + "'")).status, 0);
  const std::string half = std::to_string(manifest["vol_size"].get<uint64_t>() / 2 + 777);
  const Output imported = run("tail -c +1001 '" + exported + "' | head -c " + half + " | " +
                              volume.command("import", "- --offset 1000"));
  EXPECT_EQ(imported.status, 0);
  EXPECT_EQ(imported.text, "imported " + half + " bytes at 1000\n");
  EXPECT_NE(volume.sha256_of_files(), before);
  EXPECT_EQ(Json(volume.sha256_of_content()), manifest["sha256_volume"]);
  EXPECT_EQ(Json(run("sha256sum '" + exported + "'").text.substr(0, 64)), manifest["sha256_volume"]);
}

INSTANTIATE_TEST_SUITE_P(GoldenDisks, GoldenVolume,
                         testing::Values("reduce-deflate-lb512-clean", "reduce-lz4-lb4096-clean",
                                         "reduce-lz4-lb512-kill"),
                         name_of_test);

}  // namespace
}  // namespace holdfast
