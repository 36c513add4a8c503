// SPDX-License-Identifier: BSD-3-Clause
// The layout of a new store against what SPDK's own computation gives for the same device.
#include <gtest/gtest.h>

#include "engine/format/metadata_region.hh"

namespace holdfast {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kGiB = 1024 * kMiB;

struct Plan {
  const char* name;
  uint32_t block_size;
  uint64_t device_bytes;
  uint32_t cluster_size;
  uint32_t metadata_pages;
  // What is expected:
  PageRegion page_mask;
  PageRegion cluster_mask;
  PageRegion blob_id_mask;
  uint32_t md_start;
  uint32_t md_len;
  uint32_t first_data_cluster;
  uint32_t total_clusters;
};

const Plan kPlans[] = {
    {"WorkedExample", 4096, 64 * kMiB, kMiB, 0, {1, 1}, {2, 1}, {3, 1}, 4, 64, 1, 64},
    {"SmallBlocks", 512, 64 * kMiB, kMiB, 0, {1, 1}, {2, 1}, {3, 1}, 4, 64, 1, 64},
    {"TrailingBytes", 512, 61 * kMiB + 77 * 512, kMiB, 0, {1, 1}, {2, 1}, {3, 1}, 4, 61, 1, 61},
    {"SmallestClusters", 4096, 64 * kMiB, 4 * kKiB, 100, {1, 1}, {2, 1}, {3, 1}, 4, 100, 104, 16384},
    {"ClusterMaskOfNinePages", 512, kGiB, 4 * kKiB, 1001, {1, 1}, {2, 9}, {11, 1}, 12, 1001, 1013, 262144},
    {"HalfAClusterOfMetadata", 512, 100 * kMiB, 32 * kKiB, 0, {1, 1}, {2, 1}, {3, 1}, 4, 3200, 401, 3200},
    {"LargeClusters", 4096, 50 * kGiB, 4 * kMiB, 0, {1, 1}, {2, 1}, {3, 1}, 4, 12800, 13, 12800},
    {"ReserveForGrowth", 4096, 40 * kGiB, 4 * kMiB, 100003, {1, 4}, {5, 1}, {9, 4}, 13, 100003, 98, 10240},
    {"FullMaskPage", 4096, 32728 * kMiB, kMiB, 0, {1, 1}, {2, 1}, {3, 1}, 4, 32728, 128, 32728},
    {"OneBitMoreThanAPage", 4096, 32729 * kMiB, kMiB, 0, {1, 2}, {3, 2}, {5, 2}, 7, 32729, 128, 32729},
    {"FewPages", 512, 40 * kGiB, 64 * kKiB, 3, {1, 1}, {2, 21}, {23, 1}, 24, 3, 2, 655360},
    {"OneDataClusterLeft", 4096, 80 * kKiB, 4 * kKiB, 15, {1, 1}, {2, 1}, {3, 1}, 4, 15, 19, 20},
};

class PlanStore : public testing::TestWithParam<Plan> {
 protected:
  Result<CheckedSuper> plan() const {
    const Plan& wanted = GetParam();
    return plan_store(
        {.cluster_size = wanted.cluster_size,
         .metadata_pages = wanted.metadata_pages,
         .type = StoreType::named("LVOLSTORE")},
        {.block_size = wanted.block_size, .block_count = wanted.device_bytes / wanted.block_size});
  }
};
INSTANTIATE_TEST_SUITE_P(Geometries, PlanStore, testing::ValuesIn(kPlans),
                         [](const testing::TestParamInfo<Plan>& tested) {
                           return std::string(tested.param.name);
                         });

void expect_region(const PageRegion& region, const PageRegion& wanted, const char* what) {
  EXPECT_EQ(region.start, wanted.start) << what;
  EXPECT_EQ(region.length, wanted.length) << what;
}

void expect_layout(const StoreLayout& layout, const Plan& wanted) {
  expect_region(layout.page_mask, wanted.page_mask, "page mask");
  expect_region(layout.cluster_mask, wanted.cluster_mask, "cluster mask");
  expect_region(layout.blob_id_mask, wanted.blob_id_mask, "blob id mask");
  EXPECT_EQ(layout.md_page_size, 4096U);
  EXPECT_EQ(layout.io_unit_size, wanted.block_size);
  EXPECT_EQ(layout.cluster_size, wanted.cluster_size);
  EXPECT_EQ(layout.md_start, wanted.md_start);
  EXPECT_EQ(layout.md_len, wanted.md_len);
  EXPECT_EQ(layout.first_data_cluster.value, wanted.first_data_cluster);
  EXPECT_EQ(layout.total_clusters, wanted.total_clusters);
}

TEST_P(PlanStore, GivesTheLayoutOfSpdk) {
  const Result<CheckedSuper> super = plan();
  ASSERT_TRUE(super) << describe(super.error());
  EXPECT_EQ(super->version, 3U);
  EXPECT_FALSE(super->clean) << "the masks of a new store are blank";
  expect_layout(super->layout, GetParam());
}

TEST_P(PlanStore, IsReadBackAsItWasPlanned) {
  const Result<CheckedSuper> super = plan();
  ASSERT_TRUE(super) << describe(super.error());
  const SuperBlock media = encode_super_block(*super);
  const Result<CheckedSuper> read =
      parse_super_block(std::as_bytes(std::span(&media, 1)), GetParam().device_bytes, GetParam().block_size);
  ASSERT_TRUE(read) << describe(read.error());
  expect_layout(read->layout, GetParam());
  EXPECT_EQ(read->type, StoreType::named("LVOLSTORE"));
  EXPECT_FALSE(read->super_blob);
  EXPECT_EQ(uint64_t{read->media.size}, GetParam().device_bytes);
}

struct Refusal {
  const char* name;
  uint32_t cluster_size;
  uint32_t metadata_pages;
  uint64_t device_blocks;
  Errc code;
};

const Refusal kRefusals[] = {
    {"ClustersOfNothing", 0, 0, 1000, Errc::invalid_argument},
    {"ClustersSmallerThanAPage", 2048, 0, 1000, Errc::invalid_argument},
    {"ClustersThatAreNoPages", 6000, 0, 1000, Errc::invalid_argument},
    {"ADeviceSmallerThanACluster", 1 << 20, 0, 255, Errc::no_space},
    {"AnEmptyDevice", 1 << 20, 0, 0, Errc::no_space},
    {"NoDataClusterLeft", 4096, 16, 20, Errc::no_space},
    {"APageForEveryClusterOfAPage", 4096, 0, 16384, Errc::no_space},
    {"MorePagesThanNumbers", 1 << 20, UINT32_MAX, 1 << 20, Errc::no_space},
    {"MoreClustersThanNumbers", 4096, 1, uint64_t{1} << 32, Errc::invalid_argument},
};

class PlanStoreRefuses : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(Options, PlanStoreRefuses, testing::ValuesIn(kRefusals),
                         [](const testing::TestParamInfo<Refusal>& tested) {
                           return std::string(tested.param.name);
                         });

TEST_P(PlanStoreRefuses, WhatMakesNoStore) {
  const Refusal& refusal = GetParam();
  const Result<CheckedSuper> super =
      plan_store({.cluster_size = refusal.cluster_size, .metadata_pages = refusal.metadata_pages, .type = {}},
                 {.block_count = refusal.device_blocks});
  ASSERT_FALSE(super);
  EXPECT_EQ(super.error().code, refusal.code);
  EXPECT_EQ(super.error().object, ObjectKind::option);
}

}  // namespace
}  // namespace holdfast
