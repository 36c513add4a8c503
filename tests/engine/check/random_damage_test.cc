// SPDX-License-Identifier: BSD-3-Clause
// Two readings of the same bytes: whatever the damage, what the replay of the metadata calls damaged the
// check calls damaged too, and neither crashes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "check/blob_reader.hh"
#include "check/store_check.hh"
#include "check/store_image.hh"
#include "engine/check/image_in_memory.hh"
#include "engine/format/blob_records.hh"

namespace holdfast {
namespace {

// A healthy, clean image of some blobs.
struct DrawnImage {
  DrawnImage() {
    for (const BlobRecord& record : store.records) image.put(record);
    image.close();
  }

  const Store store = *stores(6);
  ImageInMemory image{1 << 20, StoreMaker::kClusters, StoreMaker::kPages};
};

// Bytes of a page that mean something lie in front, or are the link. Half of the pages get a checksum that
// fits, so that what they say is believed.
void change_page(ImageInMemory& image, uint32_t page) {
  const int changes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < changes; ++i) {
    const auto at =
        *rc::gen::oneOf(rc::gen::inRange<uint64_t>(0, 16), rc::gen::inRange<uint64_t>(16, 80),
                        rc::gen::inRange<uint64_t>(16, 4088), rc::gen::inRange<uint64_t>(4088, 4096));
    image.at(image.byte_of_page(page) + at) = std::byte{
        *rc::gen::oneOf(rc::gen::element<uint8_t>(0, 1, 2, 5, 6, 0xFF), rc::gen::arbitrary<uint8_t>())};
  }
  if (*rc::gen::arbitrary<bool>()) image.change(page, [](MetadataPage&) {});
}

void change_something(DrawnImage& drawn) {
  ImageInMemory& image = drawn.image;
  const BlobRecord& record = *rc::gen::elementOf(drawn.store.records);
  std::vector<PageIndex> candidates = record.chain;
  candidates.insert(candidates.end(), record.extent_pages.begin(), record.extent_pages.end());
  const uint32_t page = (*rc::gen::elementOf(candidates)).value;
  const uint32_t other = (*rc::gen::elementOf(candidates)).value;
  switch (*rc::gen::inRange(0, 8)) {
    case 0: {
      const auto byte = *rc::gen::inRange<uint64_t>(0, image.byte_of_page(StoreMaker::kPages));
      image.at(byte) ^= std::byte{*rc::gen::inRange<uint8_t>(1, 255)};
      break;
    }
    case 1: image.wipe(page, 512); break;
    case 2: image.put(page, image.page(other)); break;
    default: change_page(image, page);
  }
}

bool names(const Finding& finding, BlobId id) {
  if (finding.object == ObjectKind::blob) return finding.number == id.value;
  return finding.text.find(hex_of(id)) != std::string::npos;
}

void expect_agreement(ImageInMemory& image) {
  const Result<CheckReport> report = check_store(image);
  const Result<StoreImage> read = StoreImage::read(image);
  RC_ASSERT(report.has_value() == read.has_value());
  if (!report) {
    RC_ASSERT(report.error() == read.error());
    return;
  }
  const ReplayedStore& replayed = read->replayed();
  RC_ASSERT(report->blobs == replayed.blobs.size() + replayed.damaged.size());
  RC_ASSERT(report->used_clusters == replayed.used_clusters.set_count());
  RC_ASSERT(report->damaged_blobs <= replayed.damaged.size());
  for (const DamagedBlob& damaged : replayed.damaged) {
    RC_ASSERT(std::ranges::any_of(report->findings, [&damaged](const Finding& finding) {
      return finding.severity == Severity::error && names(finding, damaged.id);
    }));
  }
  RC_CLASSIFY(!replayed.damaged.empty(), "with a damaged blob");
}

RC_GTEST_PROP(RandomDamage, IsNotFoundWhereThereIsNone, ()) {
  DrawnImage drawn;
  const Result<CheckReport> report = check_store(drawn.image);
  RC_ASSERT(report.has_value());
  RC_ASSERT(report->count(Severity::error) == 0U);
  RC_ASSERT(report->count(Severity::warning) == 0U);
}

RC_GTEST_PROP(RandomDamage, IsFoundByTheCheckIfItIsFoundByTheReplay, ()) {
  DrawnImage drawn;
  const int changes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < changes; ++i) change_something(drawn);
  expect_agreement(drawn.image);
}

std::string random_descriptors() {
  std::string text = *rc::gen::element(flags(0), flags(1), flags(4), flags(5), std::string());
  const int count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    std::string payload;
    const int words = *rc::gen::inRange(0, 8);
    for (int word = 0; word < words; ++word) {
      payload += le(
          *rc::gen::element<uint32_t>(0, 0, 0, 1, 2, 5, 6, 12, 15, 30, 63, 64, 512, 0x00040004, UINT32_MAX));
    }
    text += descriptor(static_cast<DescriptorType>(*rc::gen::inRange(0, 8)), payload);
  }
  text += xattr(DescriptorType::internal_xattr, *rc::gen::element("SNAP", "SNAPTMP", "SNAPRM", "x"),
                le(id_of(*rc::gen::inRange<uint32_t>(0, 17)).value));
  return text;
}

// Pages that make sense one by one and none together, and masks of noise.
RC_GTEST_PROP(RandomDamage, OfEveryPageCrashesNothing, ()) {
  constexpr uint32_t kPages = 16;
  ImageInMemory image(16 << 10, 64, kPages);
  for (uint32_t i = 0; i < kPages; ++i) {
    const auto owner = *rc::gen::element<uint32_t>(uint32_t{i}, uint32_t{i}, 3);
    const auto sequence = *rc::gen::inRange<uint32_t>(0, 3);
    const auto next = *rc::gen::oneOf(rc::gen::just(kNoPage), rc::gen::inRange<uint32_t>(0, kPages + 2));
    image.put(i, page_of(owner, sequence, random_descriptors(), next));
    if (*rc::gen::arbitrary<bool>()) image.used_pages.set(i);
    if (*rc::gen::arbitrary<bool>()) image.blob_ids.set(i);
  }
  image.close();
  expect_agreement(image);
}

}  // namespace
}  // namespace holdfast
