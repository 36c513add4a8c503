// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "commands.hh"
#include "real_volume.hh"
#include "volume_transfer.hh"

namespace holdfast::tools {
namespace {

struct Arguments {
  VolumePlace place;
  std::string file;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ > STDERR_FILENO) close(number_);
  }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

Error file_error(const char* reason) {
  return {.code = Errc::device_failed, .os_error = errno, .reason = reason};
}

int refuse(const std::string& what, const std::string& words) {
  fmt::print(stderr, "holdfast: {}: {}\n", what, words);
  return kExitBadInput;
}

int run_cat(const Arguments& arguments) {
  std::optional<RealVolume> real = open_volume(arguments.place, true);
  if (!real) return kExitBadInput;
  const uint64_t size = real->volume->info().size;
  if (arguments.offset > size || arguments.length.value_or(0) > size - arguments.offset)
    return refuse(arguments.place.device, fmt::format("the volume ends at byte {}; ask for less", size));
  bool written = true;
  const auto sink = [&written](uint64_t, const Result<std::span<const std::byte>>& bytes) -> Result<> {
    if (!bytes) return bytes.error();
    written = std::fwrite(bytes->data(), 1, bytes->size(), stdout) == bytes->size();
    return written ? Result<>() : file_error("standard output cannot be written");
  };
  const uint64_t length = arguments.length.value_or(size - arguments.offset);
  Result<> done = read_bytes(*real, arguments.offset, length, sink);
  if (done && std::fflush(stdout) != 0) {
    written = false;
    done = file_error("standard output cannot be written");
  }
  if (done) return kExitOk;
  return report(written ? arguments.place.device : "standard output", done.error(), kExitDamaged);
}

Result<std::size_t> read_file(int descriptor, std::span<std::byte> into) {
  std::size_t count = 0;
  while (count < into.size()) {
    const ssize_t got = ::read(descriptor, into.data() + count, into.size() - count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("what is imported cannot be read");
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
  }
  return count;
}

int run_import(const Arguments& arguments) {
  const bool from_stdin = arguments.file == "-";
  const Descriptor file(from_stdin ? STDIN_FILENO : ::open(arguments.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return report(arguments.file, file_error("it cannot be opened"));
  struct stat status{};
  if (::fstat(file.number(), &status) != 0 || S_ISDIR(status.st_mode))
    return refuse(arguments.file, "it is no file that can be imported");

  std::optional<RealVolume> real = open_volume(arguments.place, false);
  if (!real) return kExitBadInput;
  const uint64_t size = real->volume->info().size;
  const uint64_t wanted = S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
  if (arguments.offset > size || (!from_stdin && wanted > size - arguments.offset)) {
    return refuse(arguments.file, fmt::format("it has no room in the volume, which ends at byte {}; nothing "
                                              "was written",
                                              size));
  }
  const auto supply = [&file](std::span<std::byte> into) { return read_file(file.number(), into); };
  const Result<uint64_t> imported = write_bytes(*real, arguments.offset, supply);
  const Result<> closed = real->loop->run(real->volume->close());
  if (!imported) return report(arguments.place.device, imported.error());
  if (!closed) return report(arguments.place.device, closed.error());
  fmt::print("imported {} bytes at {}\n", *imported, arguments.offset);
  return kExitOk;
}

Result<> write_file(int descriptor, uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("the exported file cannot be written; free space for it");
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

// A damaged chunk does not keep the others back: a hole stands in its place.
Result<int> export_to(RealVolume& real, const Arguments& arguments, int descriptor) {
  int exit_code = kExitOk;
  const uint64_t size = real.volume->info().size;
  const auto sink = [&](uint64_t offset, const Result<std::span<const std::byte>>& bytes) -> Result<> {
    if (!bytes && bytes.error().code == Errc::corrupt) {
      exit_code = report(fmt::format("{}: byte {} of the volume", arguments.place.device, offset),
                         bytes.error(), kExitDamaged);
      return {};
    }
    if (!bytes) return bytes.error();
    return all_zero(*bytes) ? Result<>() : write_file(descriptor, offset, *bytes);
  };
  HF_CHECK(read_bytes(real, 0, size, sink));
  // The length comes last: a file that has it is whole.
  if (::ftruncate(descriptor, static_cast<off_t>(size)) != 0)
    return file_error("the exported file cannot be given its size");
  return exit_code;
}

int run_export(const Arguments& arguments) {
  std::optional<RealVolume> real = open_volume(arguments.place, true);
  if (!real) return kExitBadInput;
  const Descriptor file(::open(arguments.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.number() < 0) {
    return report(arguments.file, file_error("an export makes a new file, and this one cannot be made"));
  }
  const Result<int> exported = export_to(*real, arguments, file.number());
  if (exported) return *exported;
  ::unlink(arguments.file.c_str());
  return report(arguments.file, exported.error());
}

}  // namespace

void add_volume_cat(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("cat", "Write the content of a volume to standard output");
  add_device_and_maps(*command, arguments->place, "A volume's file or block device; it is only read");
  add_map_name(*command, arguments->place);
  command->add_option("--offset", arguments->offset, "Where to begin")->transform(CLI::AsSizeValue(false));
  command->add_option("--length", arguments->length, "How much; without it, all that follows")
      ->transform(CLI::AsSizeValue(false));
  command->footer("It ends at the first damaged chunk; export goes on behind it.");
  command->callback([arguments, &exit_code] { exit_code = run_cat(*arguments); });
}

void add_volume_import(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("import", "Write a file into a volume");
  add_device_and_maps(*command, arguments->place, "A volume's file or block device");
  command->add_option("FILE", arguments->file, "What to write; - is standard input")->required();
  add_map_name(*command, arguments->place);
  command->add_option("--offset", arguments->offset, "Where in the volume it begins")
      ->transform(CLI::AsSizeValue(false));
  command->footer(
      "Prints how much was imported once all of it is durable. Chunks of nothing but zeroes take no space. "
      "Cut short, each chunk is as it was or as in the file; import it again.");
  command->callback([arguments, &exit_code] { exit_code = run_import(*arguments); });
}

void add_volume_export(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("export", "Write the content of a volume to a new file");
  add_device_and_maps(*command, arguments->place, "A volume's file or block device; it is only read");
  command->add_option("FILE", arguments->file, "Where to; it must not exist")->required();
  add_map_name(*command, arguments->place);
  command->footer(
      "Zeroes become holes of the file. So do damaged chunks: each is named, and the exit status is 1.");
  command->callback([arguments, &exit_code] { exit_code = run_export(*arguments); });
}

}  // namespace holdfast::tools
