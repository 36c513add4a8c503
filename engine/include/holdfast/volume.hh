// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "holdfast/host/block_device.hh"
#include "holdfast/host/executor.hh"
#include "holdfast/host/persistent_memory.hh"
#include "holdfast/result.hh"
#include "holdfast/task.hh"
#include "holdfast/volume_options.hh"

namespace holdfast {

class VolumeState;

enum class VolumeIoKind : uint8_t { read, write, unmap, flush };

// One request to a volume. Owned by the caller; borrowed by the volume, with its buffers and their iovec
// array, from submit() until on_complete begins. It may be used again for the next request.
class VolumeIo {
 public:
  VolumeIoKind kind = VolumeIoKind::read;
  uint64_t offset = 0;  // bytes, a multiple of the logical block size
  uint64_t length = 0;  // bytes, a multiple of the logical block size; 0 completes and does nothing
  std::span<const iovec> buffers;  // read, write: together `length` bytes, at any address
  void (*on_complete)(VolumeIo&, Result<>) noexcept = nullptr;
  void* context = nullptr;  // the caller's own

 private:
  friend class VolumeState;
  friend class ChunkQueue;

  uint64_t handed_out_ = 0;   // bytes, in parts that lie in one chunk each
  uint64_t in_progress_ = 0;  // parts
  Result<> result_;
  VolumeIo* next_ = nullptr;
};

// A compressed volume in SPDK's reduce format: its data in units of a block device, its logical map and chunk
// maps in a map file, which is best on persistent memory. A chunk is the unit of compression and of
// atomicity: whatever happens, each chunk is wholly old or wholly new, per request.
//
// Thread: all calls, the completions and the destructor, on the home executor. Codecs run there too, or on
// executors that the program supplies.
//
// What an acknowledgement promises:
//   create, destroy, close            durable
//   a write or unmap                  durable; of a volume opened write-back: visible, and durable after a
//                                     flush that was submitted later, or after close
//
// Requests to one chunk are carried out in the order in which they were submitted, those to different chunks
// side by side. A request over several chunks is cut at them: after an error any of its chunks may have been
// done. What was never written, or was unmapped, reads as zeroes.
//
// Lifetime: device and map store outlive the volume. Destroying it without close() is legal when no call and
// no request is in progress, and loses nothing that was acknowledged as durable; also from inside the last
// completion. A volume opened write-back may still be at work on acknowledged writes: flush it before, with
// no write behind the flush.
class Volume {
 public:
  // Makes an empty volume on a whole device: as large as the device allows beside 128 spare chunks.
  // already_exists: a volume or a blobstore begins there, or a map file of this UUID is there.
  // invalid_argument, no_space.
  static Task<> create(BlockDevice& device, MapStore& maps, Executor& home, VolumeOptions options);

  // Errors: not_a_store (no volume begins here), corrupt (superblock, or the map file is another's or of
  // another time), not_found (the map file), unsupported (codec; a map file of before July 2019, which can
  // only be opened read-only), device_failed. Damaged chunks do not keep the others from being read; while
  // there are any, nothing is written (VolumeOpenOptions::write_beside_damage).
  static Task<std::unique_ptr<Volume>> open(BlockDevice& device, MapStore& maps, Executor& home,
                                            VolumeOpenOptions options);

  // Ends the volume on the device, then removes its map file, if there is one.
  static Task<> destroy(BlockDevice& device, MapStore& maps, Executor& home);

  // The map files of the store whose superblock copies are those of volumes, and their UUIDs: one that no
  // device names was left by a creation or destruction that was cut short, and may be removed.
  static Result<std::vector<Uuid>> map_files(MapStore& maps);

  ~Volume();

  // busy while a request is in progress. After any other end only destruction is left.
  Task<> close();

  // on_complete runs later on the home executor, never inside submit().
  // Errors: invalid_argument (not whole logical blocks, or buffers of another length), out_of_range,
  // read_only, corrupt (a damaged chunk; the others can be read), no_space (only beside damage),
  // device_failed.
  void submit(VolumeIo& io) noexcept;
  // The same for tasks.
  Task<> perform(VolumeIo& io);

  // none: the volume has none. kept: each stored chunk is checked when it is read. reset: another program has
  // written to the volume since it was closed, and the checksums of that time are not looked at any more.
  enum class Checksums : uint8_t { none, kept, reset };
  struct Info {
    Uuid uuid{};
    uint64_t size = 0;  // bytes
    uint32_t chunk_size = 0;  // bytes
    uint32_t unit_size = 0;  // bytes
    uint32_t logical_block_size = 0;  // bytes
    uint32_t codec = 0;
    uint32_t codec_level = 0;
    uint32_t queue_depth = 0;
    uint64_t mapped_chunks = 0;
    uint64_t allocated_units = 0;  // of data; mapped_chunks * chunk_size / (allocated_units * unit_size)
                                   // is how much compression saves
    std::string path;  // of the map file, as the device names it
    Checksums checksums = Checksums::none;
    bool was_closed = false;  // at open; unknown, and false, of volumes that SPDK made
    bool read_only = false;
  };
  Info info() const;

  struct Damage {
    uint64_t chunk = 0;
    Error error;
  };
  std::span<const Damage> damaged_chunks() const;

 private:
  explicit Volume(std::unique_ptr<VolumeState> state) noexcept;
  std::unique_ptr<VolumeState> state_;
};

}  // namespace holdfast
