// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "commands.hh"
#include "core/little_endian.hh"
#include "file_blob.hh"
#include "holdfast/aligned_buffer.hh"
#include "real_store.hh"

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = 1 << 20;

struct Import {
  RealStore& target;
  AlignedBuffer buffer{kBufferBytes};
  std::map<std::string, BlobId> present;  // by name
};

// Reads the next bytes of the file, padded with zeroes to a whole io unit.
Result<std::size_t> fill_buffer(std::ifstream& file, AlignedBuffer& buffer, uint64_t wanted,
                                uint32_t io_unit) {
  const std::size_t count = std::min<uint64_t>(wanted, kBufferBytes);
  std::span<std::byte> bytes = buffer.bytes();
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
  if (static_cast<std::size_t>(file.gcount()) != count) {
    return Error{.code = Errc::device_failed,
                 .reason = "the file shrank or could not be read while it was imported"};
  }
  const std::size_t padded = (count + io_unit - 1) / io_unit * io_unit;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(count),
            bytes.begin() + static_cast<std::ptrdiff_t>(padded), std::byte{0});
  return padded;
}

Task<> write_content(Import& import, Blob& blob, std::ifstream& file, uint64_t size) {
  const uint32_t io_unit = import.target.store->info().io_unit_size;
  for (uint64_t offset = 0; offset < size; offset += kBufferBytes) {
    HF_CO_TRY(std::size_t length, fill_buffer(file, import.buffer, size - offset, io_unit));
    const iovec whole{.iov_base = import.buffer.bytes().data(), .iov_len = length};
    BlobIo write;
    write.kind = BlobIoKind::write;
    write.blob = &blob;
    write.offset = offset;
    write.length = length;
    write.buffers = {&whole, 1};
    HF_CO_CHECK(co_await import.target.channel->perform(write));
  }
  BlobIo flush;
  flush.kind = BlobIoKind::flush;
  co_return co_await import.target.channel->perform(flush);
}

// The blob is marked complete only after its content is durable: a file of which a cut left a part is never
// taken for whole.
Task<BlobId> import_file(Import& import, const fs::path& path, const std::string& name) {
  std::error_code status;
  const uint64_t size = fs::file_size(path, status);
  std::ifstream file(path, std::ios::binary);
  if (status || !file) co_return Error{.code = Errc::not_found, .reason = "the file cannot be read"};

  const uint32_t cluster_size = import.target.store->info().cluster_size;
  const Le64 length = size;
  const XattrView xattrs[] = {{kNameXattr, std::as_bytes(std::span(name))},
                              {kLengthXattr, std::as_bytes(std::span(&length, 1))}};
  BlobOptions options;
  options.clusters = (size + cluster_size - 1) / cluster_size;
  options.xattrs = xattrs;
  HF_CO_TRY(BlobId id, co_await import.target.store->create_blob(options));
  HF_CO_TRY(BlobHandle blob, import.target.store->open_blob(id));
  HF_CO_CHECK(co_await write_content(import, *blob, file, size));
  HF_CO_CHECK(blob->set_xattr(kCompleteXattr, {}));
  HF_CO_CHECK(co_await blob->sync());
  co_return id;
}

// What an interrupted import left unfinished is removed and imported again; what is complete stays.
Task<bool> already_there(Import& import, const std::string& name) {
  const auto found = import.present.find(name);
  if (found == import.present.end()) co_return false;
  const BlobId id = found->second;
  HF_CO_TRY(BlobHandle blob, import.target.store->open_blob(id));
  if (describe_file(*blob).complete) co_return true;
  blob = BlobHandle();
  HF_CO_CHECK(co_await import.target.store->delete_blob(id));
  co_return false;
}

Task<bool> import_once(Import& import, const fs::path& path, const std::string& name) {
  HF_CO_TRY(bool present, co_await already_there(import, name));
  if (present) {
    fmt::print("present  {}\n", name);
    co_return true;
  }
  HF_CO_TRY(BlobId id, co_await import_file(import, path, name));
  fmt::print("imported {:#x} {}\n", id.value, name);
  std::fflush(stdout);  // the line is the acknowledgement: it must not wait in a buffer
  co_return true;
}

std::vector<fs::path> regular_files(const fs::path& root) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

int run_import(const std::string& store_path, const std::string& directory) {
  auto opened = open_store(store_path, false);
  if (!opened) return report(store_path, opened.error());
  Import import{.target = *opened, .present = names_in(*opened->store)};
  for (const fs::path& path : regular_files(directory)) {
    const std::string name = path.lexically_relative(directory).generic_string();
    const auto imported = opened->loop->run(import_once(import, path, name));
    if (!imported) return report(path.string(), imported.error());
  }
  const auto closed = opened->loop->run(opened->store->close());
  return closed ? kExitOk : report(store_path, closed.error());
}

}  // namespace

void add_import(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string store, directory;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("import", "Store every regular file below DIRECTORY as a blob of its own");
  command->add_option("STORE", arguments->store, "A store's file or block device")->required();
  command->add_option("DIRECTORY", arguments->directory, "What to import")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->footer("Prints \"imported ID NAME\" for a file once all of it is durable.");
  command->callback(
      [arguments, &exit_code] { exit_code = run_import(arguments->store, arguments->directory); });
}

}  // namespace holdfast::tools
