// SPDX-License-Identifier: BSD-3-Clause
#include "check/ownership.hh"

#include <algorithm>

namespace holdfast {
namespace {

constexpr std::size_t kRangesShown = 8;
// Hostile bytes can make a pair of every two blobs: beyond these, only one of the two is named.
constexpr std::size_t kMostPairs = 10'000;
// How many claims on one cluster are held against each other.
constexpr std::size_t kMostClaimants = 8;

}  // namespace

void NumberRanges::add(uint64_t first, uint64_t count) {
  if (count == 0) return;
  total_ += count;
  if (!more_ && !shown_.empty() && shown_.back().last + 1 == first) {
    shown_.back().last += count;
  } else if (shown_.size() < kRangesShown) {
    shown_.push_back({first, first + count - 1});
  } else {
    more_ = true;
  }
}

std::string NumberRanges::named(const char* noun) const {
  std::string text = noun;
  if (total_ != 1) text += 's';
  for (const Range& range : shown_) {
    text += &range == &shown_.front() ? " " : ", ";
    text += std::to_string(range.first);
    if (range.last > range.first) text += " to " + std::to_string(range.last);
  }
  if (more_) text += " and others, " + std::to_string(total_) + " in all";
  return text;
}

Ownership::Ownership(const StoreLayout& layout) : pages_(layout.md_len), clusters_(layout.total_clusters) {}

void Ownership::claim_page(PageIndex page, Owner owner) {
  pages_.set(page.value);
  const auto [claim, first] = page_owners_.try_emplace(page.value, owner);
  if (!first) share(ObjectKind::metadata_page, claim->second, owner, page.value, 1);
}

void Ownership::claim_clusters(std::span<const ClusterIndex> clusters, Owner owner) {
  Claim claim{.first = 0, .count = 0, .owner = owner};
  for (const ClusterIndex cluster : clusters) {
    if (cluster.value == 0) continue;
    clusters_.set(cluster.value);
    if (claim.count != 0 && claim.end() == cluster.value) {
      ++claim.count;
      continue;
    }
    if (claim.count != 0) claims_.push_back(claim);
    claim.first = cluster.value;
    claim.count = 1;
  }
  if (claim.count != 0) claims_.push_back(claim);
}

std::vector<Ownership::Shared> Ownership::find_shared() {
  find_shared_clusters();
  std::vector<Shared> found;
  for (auto& [pair, what] : shared_) {
    const auto& [kind, first, second] = pair;
    found.push_back({.kind = kind, .first = first, .second = second, .what = std::move(what)});
  }
  return found;
}

// Claims in ascending order are held against those that began before and have not ended.
void Ownership::find_shared_clusters() {
  std::sort(claims_.begin(), claims_.end(), [](const Claim& a, const Claim& b) {
    return std::tie(a.first, a.owner, a.count) < std::tie(b.first, b.owner, b.count);
  });
  std::vector<Claim> open;
  for (const Claim& claim : claims_) {
    std::erase_if(open, [&claim](const Claim& earlier) { return earlier.end() <= claim.first; });
    for (const Claim& earlier : open) {
      const uint64_t end = std::min(earlier.end(), claim.end());
      share(ObjectKind::cluster, earlier.owner, claim.owner, claim.first, end - claim.first);
    }
    if (open.size() < kMostClaimants) {
      open.push_back(claim);
      continue;
    }
    const auto shortest = std::min_element(open.begin(), open.end(),
                                           [](const Claim& a, const Claim& b) { return a.end() < b.end(); });
    if (shortest->end() < claim.end()) *shortest = claim;
  }
}

void Ownership::share(ObjectKind kind, Owner a, Owner b, uint64_t first, uint64_t count) {
  const Pair pair{kind, std::min(a, b), std::max(a, b)};
  const bool room = shared_.size() < kMostPairs || shared_.contains(pair);
  shared_[room ? pair : Pair{kind, b, kOthers}].add(first, count);
}

}  // namespace holdfast
