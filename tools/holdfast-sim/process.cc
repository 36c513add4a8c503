// SPDX-License-Identifier: BSD-3-Clause
#include "process.hh"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <stdexcept>
#include <string_view>

namespace holdfast::tools {
namespace {

constexpr int kThrew = 3;

// The line of a broken promise, or the headline of a sanitizer's report.
std::string_view line_with(std::string_view text, std::string_view part) {
  const std::size_t at = text.rfind(part);
  if (at == text.npos) return {};
  const std::size_t begin = text.rfind('\n', at) == text.npos ? 0 : text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

std::string content_of(std::FILE* file) {
  std::rewind(file);
  std::string text;
  char part[4096];
  for (std::size_t read = 1; read > 0;) {
    read = std::fread(part, 1, sizeof part, file);
    text.append(part, read);
  }
  return text;
}

[[noreturn]] void be_the_process(const Process::Work& work, std::FILE* output, std::FILE* errors) {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (dup2(fileno(errors), STDERR_FILENO) < 0) _exit(kThrew);
  try {
    work(output);
  } catch (const std::exception& error) {
    fmt::print(stderr, "uncaught ERROR: {}\n", error.what());
    std::fflush(stderr);
    _exit(kThrew);
  }
  std::fflush(output);
  _exit(0);
}

}  // namespace

Process::File Process::temporary_file() {
  File file(std::tmpfile());
  if (file == nullptr) throw std::runtime_error("no temporary file for a process's results");
  return file;
}

Process Process::start(const Work& work) {
  File output = temporary_file();
  File errors = temporary_file();
  std::fflush(nullptr);  // or the child would write it once more
  const pid_t id = fork();
  if (id < 0) throw std::runtime_error("no process can be started");
  if (id == 0) be_the_process(work, output.get(), errors.get());
  return {id, std::move(output), std::move(errors)};
}

void Process::wait() {
  if (waitpid(id_, &status_, 0) != id_) throw std::runtime_error("a process was lost");
}

std::string Process::output() const { return content_of(output_.get()); }

std::optional<std::string> Process::death() const {
  const std::string errors = content_of(errors_.get());
  const std::string_view promise = line_with(errors, ": broken promise: ");
  const std::string_view headline = line_with(errors, "ERROR: ");
  if (promise.empty()) fmt::print(stderr, "{}", errors);
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return std::nullopt;
  if (!promise.empty()) return fmt::format("the engine aborts: {}", promise);
  const std::string how = WIFSIGNALED(status_)
                              ? fmt::format("signal {} ({})", WTERMSIG(status_), strsignal(WTERMSIG(status_)))
                              : fmt::format("exit status {}", WEXITSTATUS(status_));
  return fmt::format("the process dies by {}{}{}", how, headline.empty() ? "" : ": ", headline);
}

}  // namespace holdfast::tools
