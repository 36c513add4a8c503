// SPDX-License-Identifier: BSD-3-Clause
// Expected error: no known conversion|could not convert
#include "holdfast/ids.hh"

using namespace holdfast;

void free_cluster(ClusterIndex) {}

void free_what_a_page_holds([[maybe_unused]] ClusterIndex cluster, [[maybe_unused]] PageIndex page) {
#ifdef HOLDFAST_TWIN
  free_cluster(cluster);
#else
  free_cluster(page);
#endif
}
