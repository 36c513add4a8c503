// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace holdfast::tools {

// A process that does one thing and writes what came of it into a file. Its standard error is caught, for it
// says why a process died.
class Process {
 public:
  using Work = std::function<void(std::FILE* output)>;
  static Process start(const Work& work);

  pid_t id() const { return id_; }
  // Waits for its end.
  void wait();
  // It ended, as waitpid() told: for who waits for any of many.
  void ended(int status) { status_ = status; }

  std::string output() const;
  // How it died, or nothing if it did not. What it wrote to standard error and the words leave out goes to
  // this process's own.
  std::optional<std::string> death() const;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, CloseFile>;

  Process(pid_t id, File output, File errors)
      : id_(id), output_(std::move(output)), errors_(std::move(errors)) {}
  static File temporary_file();

  pid_t id_;
  File output_;
  File errors_;
  int status_ = 0;
};

}  // namespace holdfast::tools
