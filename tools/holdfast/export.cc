// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "commands.hh"
#include "file_blob.hh"
#include "holdfast/aligned_buffer.hh"
#include "real_store.hh"

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kBufferBytes = 1 << 20;

// Names come from media: none of them may lead out of the target folder.
bool stays_inside(const fs::path& name) {
  return name.is_relative() &&
         std::none_of(name.begin(), name.end(), [](const fs::path& part) { return part == ".."; });
}

Task<> read_content(RealStore& source, Blob& blob, uint64_t length, std::ofstream& file) {
  if (length > blob.size())
    co_return Error{.code = Errc::corrupt,
                    .object = ObjectKind::blob,
                    .number = blob.id().value,
                    .reason = "its length xattr says more than its clusters hold"};
  const uint32_t io_unit = source.store->info().io_unit_size;
  AlignedBuffer buffer(kBufferBytes);
  for (uint64_t offset = 0; offset < length; offset += kBufferBytes) {
    const uint64_t wanted = std::min(kBufferBytes, length - offset);
    const iovec target{.iov_base = buffer.bytes().data(),
                       .iov_len = (wanted + io_unit - 1) / io_unit * io_unit};
    BlobIo read;
    read.kind = BlobIoKind::read;
    read.blob = &blob;
    read.offset = offset;
    read.length = target.iov_len;
    read.buffers = {&target, 1};
    HF_CO_CHECK(co_await source.channel->perform(read));
    file.write(reinterpret_cast<const char*>(buffer.bytes().data()), static_cast<std::streamsize>(wanted));
  }
  file.flush();
  if (!file) co_return Error{.code = Errc::device_failed, .reason = "the exported file cannot be written"};
  co_return {};
}

Result<bool> export_blob(RealStore& source, BlobId id, const fs::path& directory) {
  HF_TRY(BlobHandle blob, source.store->open_blob(id));
  const FileBlob description = describe_file(*blob);
  if (description.name.empty()) return false;
  if (!description.complete) {
    fmt::print("incomplete {}\n", description.name);
    return false;
  }
  if (!stays_inside(description.name)) {
    return Error{.code = Errc::corrupt,
                 .object = ObjectKind::blob,
                 .number = id.value,
                 .reason = "its name leads out of the target folder"};
  }
  const fs::path path = directory / description.name;
  std::error_code status;
  fs::create_directories(path.parent_path(), status);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return Error{.code = Errc::device_failed, .reason = "the exported file cannot be created"};
  HF_CHECK(source.loop->run(read_content(source, *blob, description.length, file)));
  fmt::print("exported {:#x} {}\n", id.value, description.name);
  return true;
}

// One blob that cannot be read does not keep the others back.
int run_export(const std::string& store_path, const std::string& directory) {
  auto opened = open_store(store_path, true);
  if (!opened) return report(store_path, opened.error());
  int exit_code = kExitOk;
  for (const BlobId id : opened->store->blob_ids()) {
    const auto exported = export_blob(*opened, id, directory);
    if (!exported)
      exit_code =
          std::max(exit_code, report(fmt::format("blob {:#x}", id.value), exported.error(), kExitDamaged));
  }
  for (const Blobstore::Damage& damage : opened->store->damaged_blobs()) {
    exit_code =
        std::max(exit_code, report(fmt::format("blob {:#x}", damage.id.value), damage.error, kExitDamaged));
  }
  return exit_code;
}

}  // namespace

void add_export(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string store, directory;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("export", "Write every completely imported file of a store below DIRECTORY");
  command->add_option("STORE", arguments->store, "A store's file or block device")->required();
  command->add_option("DIRECTORY", arguments->directory, "Where to; created if absent")->required();
  command->callback(
      [arguments, &exit_code] { exit_code = run_export(arguments->store, arguments->directory); });
}

}  // namespace holdfast::tools
