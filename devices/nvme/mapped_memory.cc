// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/nvme/mapped_memory.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <limits>

#include "file_descriptor.hh"
#include "mapped_file.hh"
#include "sync.hh"

namespace holdfast::nvme {
namespace {

Result<> allocate(const FileDescriptor& file, uint64_t size) noexcept;
Result<std::string> path_of(const std::string& folder, std::string_view name) noexcept;

}  // namespace

struct MapFolder::State {
  Loop& loop;
  const std::string folder;
  FileDescriptor directory;
};

Result<std::unique_ptr<MapFolder>> MapFolder::open(const std::string& folder, Loop& loop) noexcept {
  FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return error_of_errno(errno, "the folder of the map files cannot be opened");
  std::unique_ptr<State> state(new State{loop, folder, std::move(directory)});
  return std::unique_ptr<MapFolder>(new MapFolder(std::move(state)));
}

MapFolder::MapFolder(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
MapFolder::~MapFolder() = default;

// A crash here leaves a file of that name, empty or whole and all zeroes, or none.
Result<std::unique_ptr<PersistentMemory>> MapFolder::create(std::string_view name, uint64_t size) {
  HF_TRY(const std::string path, path_of(state_->folder, name));
  FileDescriptor file(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644));
  if (!file.is_open()) return error_of_errno(errno, "the map file cannot be created");
  Result<> made = allocate(file, size);
  if (made && ::fsync(file.number()) != 0)
    made = error_of_errno(errno, "the new map file cannot be made durable");
  if (!made) {
    ::unlink(path.c_str());
    return made.error();
  }
  HF_TRY(FileDescriptor claimed, claim(path));
  return MappedFile::map(std::move(file), std::move(claimed), state_->loop);
}

Result<std::unique_ptr<PersistentMemory>> MapFolder::open(std::string_view name) {
  HF_TRY(const std::string path, path_of(state_->folder, name));
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) return error_of_errno(errno, "the map file cannot be opened");
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return error_of_errno(errno, "the map file cannot be examined");
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    return Error{.code = Errc::corrupt,
                 .object = ObjectKind::device,
                 .reason = "the map is not a regular file, or empty: its creation was cut short; remove it"};
  }
  HF_TRY(FileDescriptor claimed, claim(path));
  HF_CHECK(allocate(file, static_cast<uint64_t>(status.st_size)));
  return MappedFile::map(std::move(file), std::move(claimed), state_->loop);
}

Result<> MapFolder::rename(std::string_view from, std::string_view to) {
  HF_TRY(const std::string old_path, path_of(state_->folder, from));
  HF_TRY(const std::string new_path, path_of(state_->folder, to));
  if (std::rename(old_path.c_str(), new_path.c_str()) == 0) return {};
  return error_of_errno(errno, "the map file cannot be renamed");
}

Result<> MapFolder::remove(std::string_view name) {
  HF_TRY(const std::string path, path_of(state_->folder, name));
  if (::unlink(path.c_str()) == 0) return {};
  return error_of_errno(errno, "the map file cannot be removed");
}

Result<std::vector<std::string>> MapFolder::names() {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(state_->folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_regular_file(error)) found.push_back(entry->path().filename().string());
  }
  if (error) return error_of_errno(error.value(), "the folder of the map files cannot be read");
  std::ranges::sort(found);
  return found;
}

Task<> MapFolder::sync_directory() { return sync_folder(state_->loop, state_->directory); }

namespace {

Result<> allocate(const FileDescriptor& file, uint64_t size) noexcept {
  if (size == 0 || size > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) {
    return Error{.code = Errc::invalid_argument,
                 .object = ObjectKind::option,
                 .number = size,
                 .reason = "a map has at least one byte, and at most what a file can have"};
  }
  const int os_error = ::posix_fallocate(file.number(), 0, static_cast<off_t>(size));
  if (os_error != 0) return error_of_errno(os_error, "the map file cannot be allocated; free space for it");
  return {};
}

Result<std::string> path_of(const std::string& folder, std::string_view name) noexcept {
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string_view("/\0", 2)) != name.npos) {
    return Error{.code = Errc::invalid_argument,
                 .object = ObjectKind::option,
                 .reason = "a map is named by a file name without a folder"};
  }
  return folder + "/" + std::string(name);
}

}  // namespace
}  // namespace holdfast::nvme
