// SPDX-License-Identifier: BSD-3-Clause
#include "check/store_check.hh"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "check/blob_reader.hh"
#include "check/mask_check.hh"
#include "check/ownership.hh"
#include "format/super_block.hh"

namespace holdfast {
namespace {

constexpr uint32_t kSmallestBlock = 512;  // an image does not say what device it lay on
constexpr uint64_t kReadBytes = 1 << 20;

// What is kept of a blob once it has been read.
struct SeenBlob {
  BlobId id;
  bool damaged = false;
  std::optional<BlobId> parent;
  std::optional<BlobId> partner;  // with whom an unfinished snapshot shares what it owns
};

constexpr std::string_view kParentXattr = "SNAP";
constexpr std::string_view kCreationXattr = "SNAPTMP";
constexpr std::string_view kDeletionXattr = "SNAPRM";

// An internal xattr whose value is to be a blob id.
struct NamedBlob {
  bool present = false;
  std::optional<BlobId> id;
};

NamedBlob find_named_blob(const BlobRecord& record, std::string_view name) {
  for (const Xattr& xattr : record.internal_xattrs) {
    if (xattr.name != name) continue;
    Le64 id;
    if (xattr.value.size() != sizeof(id)) return {.present = true, .id = {}};
    std::memcpy(&id, xattr.value.data(), sizeof(id));
    return {.present = true, .id = BlobId{id}};
  }
  return {};
}

// A root is told by its first words: its own id, sequence 0.
bool is_root(PageIndex page, std::span<const std::byte> bytes) {
  Le64 blob_id;
  Le32 sequence;
  std::memcpy(&blob_id, bytes.data() + offsetof(MetadataPage, blob_id), sizeof(blob_id));
  std::memcpy(&sequence, bytes.data() + offsetof(MetadataPage, sequence), sizeof(sequence));
  return blob_id == blob_id_of_root(page).value && sequence == 0;
}

constexpr Ownership::Owner kNoParent = ~Ownership::Owner{0};

class StoreCheck {
 public:
  StoreCheck(ByteSource& source, CheckedSuper super)
      : source_(source),
        super_(std::move(super)),
        reader_(source, super_.layout),
        ownership_(super_.layout),
        counted_extent_pages_(super_.layout.md_len) {
    report_.clean = super_.clean;
  }

  CheckReport run() {
    find_roots();
    for (const PageIndex root : roots_) take(reader_.read(root));
    for (const Ownership::Shared& shared : ownership_.find_shared()) report_shared(shared);
    check_parents();
    check_super();
    check_masks();
    report_.blobs = blobs_.size();
    report_.used_pages = ownership_.pages().set_count();
    report_.used_clusters = ownership_.clusters().set_count();
    return std::move(report_);
  }

 private:
  const StoreLayout& layout() const noexcept { return super_.layout; }
  void find_roots();
  void find_roots_among(uint32_t first, uint32_t count, std::span<std::byte> buffer);
  void take(BlobReading reading);
  void claim_clusters(const BlobRecord& record, Ownership::Owner owner);
  void check_snapshot(const BlobRecord& record, SeenBlob& seen);
  void report_shared(const Ownership::Shared& shared);
  static bool may_share(const SeenBlob& a, const SeenBlob& b);
  void check_parents();
  void report_circles(const std::vector<Ownership::Owner>& parents);
  std::optional<Ownership::Owner> find(BlobId id) const;
  void check_super();
  void check_masks();
  void add_blob_finding(Severity severity, const SeenBlob& blob, std::string text);
  void add_super_finding(Severity severity, uint64_t byte, std::string text);

  ByteSource& source_;
  const CheckedSuper super_;
  BlobReader reader_;
  Ownership ownership_;
  Bitmap counted_extent_pages_;
  NumberRanges unreadable_;
  std::vector<PageIndex> roots_;
  std::vector<SeenBlob> blobs_;  // in ascending order of id; an owner is an index of these
  CheckReport report_;
};

void StoreCheck::find_roots() {
  const auto at_once = static_cast<uint32_t>(std::max<uint64_t>(1, kReadBytes / layout().md_page_size));
  std::vector<std::byte> buffer(uint64_t{std::min(at_once, layout().md_len)} * layout().md_page_size);
  for (uint64_t first = 0; first < layout().md_len; first += at_once) {
    const auto begin = static_cast<uint32_t>(first);
    find_roots_among(begin, std::min(at_once, layout().md_len - begin), buffer);
  }
  if (unreadable_.empty()) return;
  report_.findings.push_back(
      {.severity = Severity::error,
       .object = ObjectKind::metadata_page,
       .number = unreadable_.first(),
       .byte = layout().byte_of_page(PageIndex{static_cast<uint32_t>(unreadable_.first())}),
       .text =
           unreadable_.named("metadata page") +
           " cannot be read from the disk; a blob whose root is there cannot be found: copy the disk with "
           "a tool that skips bad sectors, and check the copy"});
}

// Where a read fails it is tried in halves, so that a bad sector hides one page and no more.
void StoreCheck::find_roots_among(uint32_t first, uint32_t count, std::span<std::byte> buffer) {
  const auto bytes = buffer.first(uint64_t{count} * layout().md_page_size);
  if (source_.read(layout().byte_of_page(PageIndex{first}), bytes)) {
    for (uint32_t i = 0; i < count; ++i) {
      const PageIndex page{first + i};
      const auto of_page = bytes.subspan(uint64_t{i} * layout().md_page_size);
      if (is_root(page, of_page)) roots_.push_back(page);
      MetadataPage media;
      std::memcpy(&media, of_page.data(), sizeof(media));
      if (const auto redo = parse_redo(page, media, layout().md_len)) reader_.add_redo(*redo);
    }
  } else if (count > 1) {
    find_roots_among(first, count / 2, buffer);
    find_roots_among(first + count / 2, count - count / 2, buffer);
  } else {
    unreadable_.add(first, 1);
  }
}

void StoreCheck::take(BlobReading reading) {
  const auto owner = static_cast<Ownership::Owner>(blobs_.size());
  SeenBlob& seen = blobs_.emplace_back(
      SeenBlob{.id = reading.id, .damaged = !reading.record, .parent = {}, .partner = {}});
  std::ranges::move(reading.findings, std::back_inserter(report_.findings));
  for (const PageIndex page : reading.pages) ownership_.claim_page(page, owner);
  if (!reading.record) {
    ++report_.damaged_blobs;
    return;
  }
  claim_clusters(*reading.record, owner);
  check_snapshot(*reading.record, seen);
  if (reading.record->unknown_descriptors) {
    add_blob_finding(Severity::note, seen,
                     "it holds descriptors that this version does not know; it can be read but not changed");
  }
}

// An extent page that two blobs name is itself owned twice; its clusters count once, so that a few bytes that
// name one page again and again do not take memory for its clusters each time.
void StoreCheck::claim_clusters(const BlobRecord& record, Ownership::Owner owner) {
  const std::span<const ClusterIndex> clusters(record.clusters);
  if (!record.has_extent_table()) return ownership_.claim_clusters(clusters, owner);
  for (std::size_t slot = 0; slot < record.extent_pages.size(); ++slot) {
    const PageIndex page = record.extent_pages[slot];
    if (page.value == 0 || counted_extent_pages_.set(page.value)) continue;
    ownership_.claim_clusters(extent_slot(clusters, slot).clusters, owner);
  }
}

void StoreCheck::check_snapshot(const BlobRecord& record, SeenBlob& seen) {
  const NamedBlob parent = find_named_blob(record, kParentXattr);
  seen.parent = parent.id;
  if (parent.present && !parent.id) {
    add_blob_finding(Severity::error, seen,
                     "it does not say which snapshot it is a clone of: the value of SNAP is no blob id; what "
                     "it reads through to the snapshot is lost: take the blob from a backup");
  }
  const NamedBlob created = find_named_blob(record, kCreationXattr);
  const NamedBlob deleted = find_named_blob(record, kDeletionXattr);
  if (!created.present && !deleted.present) return;
  seen.partner = created.present ? created.id : deleted.id;
  add_blob_finding(Severity::note, seen,
                   std::string("the snapshot's ") + (created.present ? "creation" : "deletion") +
                       " was cut short" +
                       (seen.partner ? ", so it may share what it owns with blob " + hex_of(*seen.partner)
                                     : std::string()) +
                       "; SPDK finishes or undoes the step when it loads the store");
}

void StoreCheck::report_shared(const Ownership::Shared& shared) {
  const SeenBlob& first = blobs_[shared.first];
  const bool cluster = shared.kind == ObjectKind::cluster;
  const auto number = static_cast<uint32_t>(shared.what.first());
  Finding finding{.object = shared.kind,
                  .number = number,
                  .byte = cluster ? layout().byte_of_cluster(ClusterIndex{number})
                                  : layout().byte_of_page(PageIndex{number}),
                  .text = {}};
  const std::string what = shared.what.named(cluster ? "cluster" : "metadata page");
  if (shared.second == shared.first) {
    finding.text = "blob " + hex_of(first.id) + " names " + what +
                   " more than once; what it wrote there first is overwritten: take the blob from a backup";
  } else if (shared.second == Ownership::kOthers) {
    finding.text = "blob " + hex_of(first.id) + " and others, too many to name, own " + what +
                   "; what was written there first is overwritten: take the blob from a backup";
  } else {
    const SeenBlob& second = blobs_[shared.second];
    finding.text = "blob " + hex_of(first.id) + " and blob " + hex_of(second.id) + " both own " + what;
    if (may_share(first, second)) {
      finding.severity = Severity::note;
      finding.text += ", as is right while a snapshot's creation or deletion is unfinished";
    } else {
      finding.text +=
          "; what one of them wrote there, the other has overwritten: compare both with a backup, and change "
          "neither";
    }
  }
  report_.findings.push_back(std::move(finding));
}

bool StoreCheck::may_share(const SeenBlob& a, const SeenBlob& b) {
  return a.partner == b.id || b.partner == a.id;
}

void StoreCheck::check_parents() {
  std::vector<Ownership::Owner> parents(blobs_.size(), kNoParent);
  for (std::size_t i = 0; i < blobs_.size(); ++i) {
    const SeenBlob& blob = blobs_[i];
    if (!blob.parent) continue;
    const auto parent = find(*blob.parent);
    if (parent) parents[i] = *parent;
    if (parent && !blobs_[*parent].damaged) continue;
    add_blob_finding(Severity::error, blob,
                     "the snapshot that it is a clone of, blob " + hex_of(*blob.parent) +
                         (parent ? ", is damaged" : ", is not there") +
                         "; what this blob reads through to it is lost: take the blob from a backup");
  }
  report_circles(parents);
}

// Each blob is visited once: a walk up ends where an earlier one has been, and has found a circle if it meets
// itself.
void StoreCheck::report_circles(const std::vector<Ownership::Owner>& parents) {
  constexpr uint32_t kUnvisited = 0;
  std::vector<uint32_t> walk_of(blobs_.size(), kUnvisited);
  for (uint32_t start = 0; start < parents.size(); ++start) {
    const uint32_t walk = start + 1;
    uint32_t at = start;
    while (at != kNoParent && walk_of[at] == kUnvisited) {
      walk_of[at] = walk;
      at = parents[at];
    }
    if (at == kNoParent || walk_of[at] != walk) continue;
    uint32_t member = at;
    do {
      add_blob_finding(Severity::error, blobs_[member],
                       "its snapshots form a circle, so what it does not own itself cannot be read; take the "
                       "blob from a backup");
      member = parents[member];
    } while (member != at);
  }
}

std::optional<Ownership::Owner> StoreCheck::find(BlobId id) const {
  const auto found = std::ranges::lower_bound(blobs_, id, {}, &SeenBlob::id);
  if (found == blobs_.end() || found->id != id) return std::nullopt;
  return static_cast<Ownership::Owner>(found - blobs_.begin());
}

void StoreCheck::check_super() {
  const SuperBlock& media = super_.media;
  if (super_.super_blob && !find(*super_.super_blob)) {
    add_super_finding(Severity::warning, offsetof(SuperBlock, super_blob),
                      "the store's super blob, " + hex_of(*super_.super_blob) +
                          ", is not there; what the program that uses this store kept in it is lost, unless "
                          "that program deleted it");
  }
  if (media.clean > 1) {
    add_super_finding(Severity::warning, offsetof(SuperBlock, clean),
                      "the mark of a clean store is neither 0 nor 1; the store counts as dirty, and the next "
                      "change and close through Holdfast puts it right");
  }
  if (media.length != kPageSize) {
    add_super_finding(Severity::warning, offsetof(SuperBlock, length),
                      "its length is not 4096; nobody reads this field, and nothing needs to be done");
  }
  auto reserved = media.reserved;
  std::ranges::fill(std::span(reserved).subspan(kBalanceOffset - offsetof(SuperBlock, reserved), 4),
                    std::byte{0});
  const auto strange = std::ranges::find_if(reserved, [](std::byte byte) { return byte != std::byte{0}; });
  if (strange != reserved.end()) {
    add_super_finding(
        Severity::warning, offsetof(SuperBlock, reserved) + static_cast<uint64_t>(strange - reserved.begin()),
        "reserved bytes are not zero; a newer version may have written them, and they are kept as they are");
  }
}

void StoreCheck::check_masks() {
  if (!super_.clean) {
    add_super_finding(Severity::note, offsetof(SuperBlock, clean),
                      "the store is dirty: a program has it open, or ended without closing it; its masks are "
                      "not judged, because the next program that opens it rebuilds them");
    return;
  }
  if (layout().blob_id_mask.length == 0) {
    add_super_finding(Severity::note, offsetof(SuperBlock, version),
                      "the store has no mask of blob ids, as is usual before version 3; its masks are not "
                      "judged, because every program that opens it rebuilds them");
    return;
  }
  RootsSay say{.used_pages = ownership_.pages(),
               .used_clusters = ownership_.clusters(),
               .blob_ids = Bitmap(layout().md_len),
               .damaged_blobs = report_.damaged_blobs != 0 || !unreadable_.empty()};
  for (uint32_t i = 0; i < layout().first_data_cluster.value; ++i) say.used_clusters.set(i);
  for (const PageIndex root : roots_) say.blob_ids.set(root.value);
  std::ranges::move(MaskCheck(source_, layout(), reader_, say).run(), std::back_inserter(report_.findings));
}

void StoreCheck::add_blob_finding(Severity severity, const SeenBlob& blob, std::string text) {
  report_.findings.push_back({.severity = severity,
                              .object = ObjectKind::blob,
                              .number = blob.id.value,
                              .byte = layout().byte_of_page(root_of_blob_id(blob.id)),
                              .text = std::move(text)});
}

void StoreCheck::add_super_finding(Severity severity, uint64_t byte, std::string text) {
  report_.findings.push_back({.severity = severity,
                              .object = ObjectKind::super_block,
                              .number = 0,
                              .byte = byte,
                              .text = std::move(text)});
}

}  // namespace

const char* name_of(Severity severity) noexcept {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "finding";
}

uint64_t CheckReport::count(Severity severity) const noexcept {
  const auto found = std::ranges::count(findings, severity, &Finding::severity);
  return static_cast<uint64_t>(found);
}

Result<CheckReport> check_store(ByteSource& source) {
  std::vector<std::byte> page(std::min<uint64_t>(source.size(), sizeof(SuperBlock)));
  if (!page.empty()) HF_CHECK(source.read(0, page));
  HF_TRY(CheckedSuper super, parse_super_block(page, source.size(), kSmallestBlock));
  return StoreCheck(source, std::move(super)).run();
}

}  // namespace holdfast
