// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "check/store_check.hh"
#include "engine/check/image_in_memory.hh"

namespace holdfast {

inline std::string text_of(const CheckReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += std::string(name_of(finding.severity)) + ": " + name_of(finding.object) + " " +
            std::to_string(finding.number) + " at " + std::to_string(finding.byte) + ": " + finding.text +
            "\n";
  }
  return text;
}

inline BlobRecord blob_of(std::initializer_list<uint32_t> chain, std::initializer_list<uint32_t> owned) {
  BlobRecord record;
  record.chain = pages(chain);
  record.id = blob_id_of_root(record.chain[0]);
  record.clusters = clusters(owned);
  return record;
}

inline Xattr internal(std::string_view name, uint32_t root) {
  return {std::string(name), bytes_of(le(id_of(root).value))};
}

// A clean, healthy store with a blob of each shape:
//   2  a chain of three pages, 2, 10, 11; clusters 40, 41
//   3  an extent table, page 20; clusters 42, 43, 44
//   4  a snapshot; cluster 45
//   5  its clone; cluster 46
class CheckedStore : public testing::Test {
 protected:
  CheckedStore() : image(16 << 10, 64, 64) {
    for (const char* name : {"a", "b", "c"}) chained.xattrs.push_back({name, Bytes(3000, std::byte{0x77})});
    tabled.flags.invalid = BlobFlags::kExtentTable;
    tabled.extent_pages = pages({20});
    snapshot.flags = {.invalid = BlobFlags::kThin, .data_ro = BlobFlags::kReadOnly};
    clone.flags.invalid = BlobFlags::kThin | BlobFlags::kInternalXattr;
    clone.internal_xattrs = {internal("SNAP", 4)};
    for (const BlobRecord* record : {&chained, &tabled, &snapshot, &clone}) image.put(*record);
    image.close();
  }

  // What a test finds, it has done: the store is healthy before.
  void SetUp() override {
    ASSERT_EQ(text_of(check()), "");
    ASSERT_EQ(check().blobs, 4U);
    ASSERT_EQ(check().used_pages, 7U);
    ASSERT_EQ(check().used_clusters, 7U);
  }

  CheckReport check() {
    const auto report = check_store(image);
    EXPECT_TRUE(report) << describe(report.error());
    return report ? *report : CheckReport{};
  }

  // One of the findings is this one.
  void expect(Severity severity, ObjectKind object, uint64_t number, std::string_view text) {
    const CheckReport report = check();
    const bool found = std::ranges::any_of(report.findings, [&](const Finding& finding) {
      return finding.severity == severity && finding.object == object && finding.number == number &&
             finding.text.find(text) != std::string::npos;
    });
    EXPECT_TRUE(found) << "missing: " << text << "\nin:\n" << text_of(report);
  }
  // And there is no other error or warning.
  void expect_only(Severity severity, ObjectKind object, uint64_t number, std::string_view text) {
    expect(severity, object, number, text);
    const CheckReport report = check();
    EXPECT_EQ(report.count(Severity::error), severity == Severity::error ? 1U : 0U) << text_of(report);
    EXPECT_EQ(report.count(Severity::warning), severity == Severity::warning ? 1U : 0U) << text_of(report);
  }
  // A blob's damage, beside what the masks of the clean store then say about what the blob owned.
  void expect_damaged(uint32_t root, std::string_view text) {
    expect(Severity::error, ObjectKind::blob, id_of(root).value, text);
    const CheckReport report = check();
    EXPECT_EQ(report.count(Severity::error), 1U) << text_of(report);
    EXPECT_EQ(report.damaged_blobs, 1U);
    EXPECT_EQ(report.blobs, 4U);
  }

  // A blob more, whose belongings the masks list.
  void add(const BlobRecord& record) {
    image.put(record);
    image.close();
  }
  void flip(uint64_t byte) { image.at(byte) ^= std::byte{1}; }

  BlobRecord chained = blob_of({2, 10, 11}, {40, 41});
  BlobRecord tabled = blob_of({3}, {42, 43, 44});
  BlobRecord snapshot = blob_of({4}, {45, 0});
  BlobRecord clone = blob_of({5}, {0, 46});
  ImageInMemory image;
};

}  // namespace holdfast
