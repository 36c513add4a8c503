// SPDX-License-Identifier: BSD-3-Clause
#include "invariants/fault_contracts.hh"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace holdfast::sim {
namespace {

class FaultJudge {
 public:
  FaultJudge(Contract contract, const Examination& state, std::span<const simdisk::FaultHit> hits)
      : tells_(contract == Contract::detectable), state_(state), hits_(hits) {}

  std::optional<Broken> first_broken() const {
    if (auto words = find_shared_cluster(state_.raw)) return Broken{"F3", std::move(*words)};
    if (state_.found.open_error) return check_refusal();
    if (auto broken = check_damaged()) return broken;
    for (const auto& [name, blob] : state_.found.blobs) {
      if (auto broken = check_found(name, blob)) return broken;
    }
    return check_missing();
  }

 private:
  bool is_hit(uint64_t begin, uint64_t end) const {
    return std::ranges::any_of(hits_, [begin, end](const auto& hit) { return hit.touches(begin, end); });
  }
  // What is whole in itself, an older version or one of somebody else, has nothing that would tell.
  bool can_tell() const { return tells_ && std::ranges::none_of(hits_, &simdisk::FaultHit::whole); }
  bool is_page_hit(PageIndex page) const {
    const uint64_t byte = state_.raw.super->layout.byte_of_page(page);
    return is_hit(byte, byte + kPageSize);
  }
  bool is_super_hit() const { return is_hit(0, sizeof(SuperBlock)); }
  bool is_metadata_hit() const {
    const StoreLayout& layout = state_.raw.super->layout;
    return is_hit(layout.byte_of_page(PageIndex{0}), layout.byte_of_page(PageIndex{layout.md_len}));
  }

  // Of its pages, as far as media lead to them.
  bool is_hit(BlobId id) const {
    if (is_page_hit(root_of_blob_id(id))) return true;
    for (const RootOnMedia& root : state_.raw.roots) {
      if (root.id != id) continue;
      const auto hit = [this](uint64_t page) {
        return is_hit(page * simdisk::kMediaPage, (page + 1) * simdisk::kMediaPage);
      };
      if (std::ranges::any_of(root.chain, hit)) return true;
    }
    const BlobRecord* record = record_of(id);
    return record != nullptr && std::ranges::any_of(record->extent_pages, [this](PageIndex page) {
             return page.value != 0 && is_page_hit(page);
           });
  }
  const BlobRecord* record_of(BlobId id) const {
    const auto& blobs = state_.raw.replayed.blobs;
    const auto record = std::ranges::find(blobs, id, &BlobRecord::id);
    return record == blobs.end() ? nullptr : &*record;
  }

  std::optional<Broken> check_refusal() const {
    if (is_super_hit() || state_.model.epoch().allows(0)) return std::nullopt;
    return Broken{"F2", "the store does not open: " + describe(*state_.found.open_error)};
  }

  // Who shares what with somebody else is told, and each of the two may be the one that was hit.
  std::optional<Broken> check_damaged() const {
    for (const Blobstore::Damage& damaged : state_.found.damaged) {
      const uint64_t byte = damaged.error.byte;
      const bool there = byte != Error::kNowhere && is_hit(byte, byte + kPageSize);
      if (there || is_hit(damaged.id) || (byte == Error::kNowhere && is_metadata_hit())) continue;
      return Broken{"F2", "no fault hit it: " + describe(damaged.error)};
    }
    return std::nullopt;
  }

  std::optional<Broken> check_found(const std::string& name, const FoundBlob& blob) const {
    const auto known = state_.model.blobs().find(name);
    if (known == state_.model.blobs().end())
      return Broken{"F4", fmt::format("blob '{}' was never created in this store", name)};
    const bool right = known->second.state.allows(blob.state);
    const char* words = "blob '{}' shows a state that it must not have";
    if (!right && !is_hit(blob.id)) return Broken{"F2", fmt::format(fmt::runtime(words), name)};
    if (!right && can_tell()) return Broken{"F1", fmt::format(fmt::runtime(words), name)};
    for (std::size_t block = 0; block < blob.blocks.size(); ++block) {
      if (auto broken = check_block(name, known->second, blob, block, right)) return broken;
    }
    return std::nullopt;
  }

  std::optional<Broken> check_block(const std::string& name, const BlobHistory& history,
                                    const FoundBlob& blob, std::size_t block, bool right) const {
    const Tag tag = blob.blocks[block];
    const bool gained = block >= history.blocks.size();
    if (gained ? tag == kZeroes : history.blocks[block].allows(tag)) return std::nullopt;
    const auto broken = [&](const char* id, const char* what) {
      return Broken{id, fmt::format("block {} of blob '{}' {}", block, name, what)};
    };
    const bool hit = are_bytes_hit(blob.id, block);
    if (tag == kUnreadable)
      return hit ? std::nullopt : std::optional(broken("F2", "cannot be read, and no fault hit it"));
    const bool own = tag == kZeroes || (tag != kForeign && birth_of(tag) == history.birth);
    if (!own && !(hit && tag == kForeign)) return broken("F4", "shows bytes that are not its own");
    if (!hit && right && !is_hit(blob.id))
      return broken("F2", "holds older bytes than were acknowledged, and no fault hit it");
    return can_tell() ? std::optional(broken("F1", "returns what a fault made of it")) : std::nullopt;
  }

  bool are_bytes_hit(BlobId id, std::size_t block) const {
    const BlobRecord* record = record_of(id);
    if (record == nullptr) return false;
    const StoreLayout& layout = state_.raw.super->layout;
    const uint64_t byte = block * uint64_t{state_.block_size};
    const uint64_t slot = byte / layout.cluster_size;
    if (slot >= record->clusters.size() || record->clusters[slot].value == 0) return false;
    const uint64_t begin = layout.byte_of_cluster(record->clusters[slot]) + byte % layout.cluster_size;
    return is_hit(begin, begin + state_.block_size);
  }

  // Media may not tell the name of a damaged blob. So they are counted: nothing is gone without a word.
  std::optional<Broken> check_missing() const {
    if (state_.epoch() == 0 || state_.epoch() != state_.model.epoch().oldest()) return std::nullopt;
    std::size_t told = state_.found.damaged.size();
    for (const auto& [name, history] : state_.model.blobs()) {
      if (state_.found.blobs.contains(name) || history.state.allows(std::nullopt)) continue;
      if (!is_metadata_hit())
        return Broken{"F2", fmt::format("blob '{}' is not there, and no fault hit metadata", name)};
      if (!tells_) continue;
      if (told == 0) return Broken{"F1", fmt::format("blob '{}' is gone, and nothing is reported", name)};
      --told;
    }
    return std::nullopt;
  }

  bool tells_;
  const Examination& state_;
  std::span<const simdisk::FaultHit> hits_;
};

}  // namespace

std::optional<Broken> first_broken_beside_faults(Contract contract, const Examination& state,
                                                 std::span<const simdisk::FaultHit> hits) {
  return FaultJudge(contract, state, hits).first_broken();
}

}  // namespace holdfast::sim
