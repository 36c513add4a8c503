// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "holdfast/codec.hh"
#include "holdfast/error.hh"
#include "holdfast/host/purpose.hh"
#include "holdfast/options.hh"
#include "holdfast/simdisk/fault_plan.hh"

namespace holdfast::sim {

// A scenario as its author wrote it, checked and typed. scenarios/README.md explains every field.

struct DeviceSpec {
  uint64_t size = 16 << 20;             // bytes
  uint32_t block_size = 4096;
  uint32_t atomic_write = 4096;         // no more than the boundary
  uint32_t atomic_boundary = 64 << 10;  // a write tears where it crosses a multiple of it
  // Another one: the store was set up on another device, which was then copied to this one.
  std::optional<uint32_t> setup_atomic_write;
  bool volatile_cache = true;
  std::vector<bool> fua = {false, true};  // one case for each
  bool discard_reads_zero = true;
  bool discard_leaves_anything = false;  // where it does not read as zeroes: not even the old content
  bool garbage = false;                 // the disk is full of foreign bytes at the start
};

struct StoreSpec {
  uint32_t cluster_size = 16 << 10;
  uint32_t metadata_pages = 64;
  std::string type;
};

// What stands in the way of a map file's bytes when the power fails.
enum class MemoryKind : uint8_t {
  persistent,  // persistent memory: cache lines, persisted at once
  mapped,      // a mapped ordinary file: pages, written back in a step of their own
};

// A scenario that has it is about a compressed volume. On the whole device it has volume steps only; in a
// blob, steps of the store below too.
struct VolumeSpec {
  std::string blob;          // in which it lies; empty: on the whole device
  uint64_t device_size = 0;  // bytes, of that blob or of the device
  uint32_t chunk_size = 16 << 10;
  uint32_t unit_size = 4 << 10;
  uint32_t logical_block_size = 4 << 10;
  CodecKind codec = CodecKind::lz4;
  bool checksums = false;
  bool write_back = false;
  uint32_t queue_depth = 8;
  std::vector<MemoryKind> memory = {MemoryKind::persistent, MemoryKind::mapped};  // one case for each
};

struct StoreFormat {
  bool force = false;
};
struct StoreOpen {};
struct StoreClose {};
struct StoreDestroy {};
struct StoreSetSuperBlob {
  std::string blob;
};
struct StoreClearSuperBlob {};
using XattrSpec = std::pair<std::string, std::vector<std::byte>>;
struct BlobCreate {
  std::string name;
  uint64_t clusters = 0;
  bool thin = false;
  ExtentFormat extents = ExtentFormat::automatic;
  std::vector<XattrSpec> xattrs;
};
struct BlobResize {
  std::string blob;
  uint64_t clusters = 0;
};
struct BlobSetReadOnly {
  std::string blob;
};
struct BlobSetXattr {
  std::string blob;
  XattrSpec xattr;
};
struct BlobRemoveXattr {
  std::string blob;
  std::string name;
};
struct BlobSync {
  std::string blob;
};
struct BlobDelete {
  std::string blob;
};
enum class DataKind : uint8_t { read, write, write_zeroes, unmap };
struct DataIo {
  DataKind kind = DataKind::read;
  std::string blob;
  uint64_t offset = 0;  // bytes
  uint64_t length = 0;  // bytes
  bool fua = false;
  uint32_t channel = 0;  // 0: that of the home executor; each other one has an executor of its own
};
struct DataFlush {
  std::string blob;
};
// What a program does with the closed store that behaves as SPDK's blobstore: it loads the store, acts, and
// unloads it or just ends. Its xattrs and sizes are synced at once.
using SpdkAction = std::variant<BlobCreate, BlobSetXattr, BlobResize, BlobDelete, DataIo>;
struct SpdkSession {
  std::vector<SpdkAction> actions;
  bool unload = true;
};
struct VolumeCreate {
  bool replace = false;
};
struct VolumeOpen {
  bool write_beside_damage = false;
};
struct VolumeClose {};
struct VolumeDestroy {};
// How well the data of a write can be compressed; every logical block of it is different.
enum class Content : uint8_t { half, dense, sparse };
struct VolumeData {
  DataKind kind = DataKind::read;  // not write_zeroes
  uint64_t offset = 0;  // bytes
  uint64_t length = 0;  // bytes
  Content content = Content::half;
};
struct VolumeFlush {};
// What happens to the map file of a closed volume behind the engine's back. It is durable at once.
enum class MapPart : uint8_t { superblock, entry, chunk_map };
struct MemoryPoison {
  MapPart part = MapPart::superblock;
  uint64_t chunk = 0;  // whose entry or chunk map
};
struct MemoryLose {};
struct MemoryCopy {};
enum class MapSource : uint8_t { copy, another_volume };
struct MemoryReplace {
  MapSource by = MapSource::copy;
};
struct ScenarioStep;
struct Parallel {
  std::vector<ScenarioStep> steps;
  bool every_order = false;  // in which what they begin can end; else the one of the seed
};

struct ScenarioStep {
  std::variant<StoreFormat, StoreOpen, StoreClose, StoreDestroy, StoreSetSuperBlob, StoreClearSuperBlob,
               BlobCreate, BlobSetXattr, BlobRemoveXattr, BlobSetReadOnly, BlobSync, BlobResize, BlobDelete,
               DataIo, DataFlush, SpdkSession, VolumeCreate, VolumeOpen, VolumeClose, VolumeDestroy,
               VolumeData, VolumeFlush, MemoryPoison, MemoryLose, MemoryCopy, MemoryReplace, Parallel>
      action;
  std::optional<Errc> expected_error;              // the step must end with it
  bool may_fail = false;  // with whatever error, once a fault has struck
  std::optional<Step> kill_after;  // the process dies when the first request of this protocol step completes
};

struct CrashSpec {
  uint32_t nested = 1;  // how many further cuts may follow in the sessions after a cut
  uint64_t states_per_point = 4096;  // beyond it a crash point is sampled, and not exact
  uint64_t states_per_case = 2'000'000;  // beyond it a case is inconclusive
  uint64_t orders = 500;  // in which a case is played, if a step wants every one, before others are drawn
};

// Which promises a fault leaves, from the most to the fewest.
enum class Contract : uint8_t {
  power,  // all: nothing acknowledged is lost
  detectable,  // damage is reported, never returned as data, and stays with those whose bytes were hit
  byzantine,  // data may be lost, but nothing has two owners, and nobody reads another's bytes
};

// A part of a disk or map file, by what is kept there.
enum class Region : uint8_t {
  superblock,  // of a store, or its copy in a map file
  metadata,  // of a store: masks and pages
  data,  // of a store: clusters
  header,  // of a volume: superblock and the path of its map file
  units,  // of a volume
  logical_map,  // of a map file
  chunk_maps,  // of a map file
};

struct FaultSpec {
  simdisk::Fault fault;
  std::optional<Region> region;  // instead of the selector's bytes
  std::string blob;  // only what touches its clusters; empty: it does not matter
  Contract contract = Contract::power;
  bool each = false;  // a case for each request that it can strike
};

// One kind of disk that the scenario runs on, and what must come of it.
struct DiskCase {
  std::string name = "honest";
  std::set<Barrier> ignores;
  std::vector<FaultSpec> faults;
  std::vector<std::string> violations;  // exactly these invariants; none: everything holds

  bool honest() const { return ignores.empty() && faults.empty(); }
  // The weakest of its faults.
  Contract contract() const;
};

struct Scenario {
  std::string file;
  uint64_t content_hash = 0;  // of the file
  std::string name;
  std::string purpose;
  std::vector<std::string> tags;
  DeviceSpec device;
  StoreSpec store;
  std::optional<VolumeSpec> volume;
  std::vector<ScenarioStep> setup;  // no power cuts
  std::vector<ScenarioStep> steps;
  std::vector<ScenarioStep> after;  // what the session after a cut does once it has recovered
  CrashSpec crash;
  std::vector<DiskCase> disks = {DiskCase{}};
};

// What is wrong with a file, and where.
struct Diagnostic {
  std::string file;
  uint32_t line = 0;  // from 1
  uint32_t column = 0;  // from 1
  std::string message;
};
std::string describe(const Diagnostic& diagnostic);

std::expected<Scenario, std::vector<Diagnostic>> parse_scenario(std::string_view text,
                                                                const std::string& file);

}  // namespace holdfast::sim
