// SPDX-License-Identifier: BSD-3-Clause
#include "workers.hh"

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <new>
#include <nlohmann/json.hpp>

namespace holdfast::tools {
namespace {

struct Job {
  const sim::Scenario* scenario;
  std::size_t case_index;
};

// The counter from which all processes take their next job.
class SharedCounter {
 public:
  SharedCounter() {
    void* page = mmap(nullptr, sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    counter_ = new (page) std::atomic<std::size_t>(0);
  }
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter() { munmap(counter_, sizeof(*counter_)); }
  std::size_t take() { return counter_->fetch_add(1); }

 private:
  std::atomic<std::size_t>* counter_;
};

std::vector<Job> jobs_of(const std::vector<sim::Scenario>& scenarios) {
  std::vector<Job> jobs;
  for (const sim::Scenario& scenario : scenarios) {
    for (std::size_t i = 0; i < cases_of(scenario).size(); ++i) jobs.push_back({&scenario, i});
  }
  return jobs;
}

nlohmann::json to_message(std::size_t job, const sim::ScenarioResult& result) {
  auto violations = nlohmann::json::array();
  for (const sim::Violation& violation : result.violations) {
    violations.push_back({violation.invariant, violation.words, violation.token});
  }
  return {{"job", job},
          {"name", result.name},
          {"verdict", static_cast<int>(result.verdict)},
          {"counts", {result.crash_points, result.crash_points_exact, result.states_checked}},
          {"violations", violations},
          {"seconds", result.seconds},
          {"digest", result.digest},
          {"outcomes", result.outcomes},
          {"note", result.note}};
}

sim::ScenarioResult from_message(const nlohmann::json& message) {
  sim::ScenarioResult result;
  result.name = message["name"];
  result.verdict = static_cast<sim::Verdict>(message["verdict"].get<int>());
  result.crash_points = message["counts"][0];
  result.crash_points_exact = message["counts"][1];
  result.states_checked = message["counts"][2];
  for (const auto& violation : message["violations"])
    result.violations.push_back({violation[0], violation[1], violation[2]});
  result.seconds = message["seconds"];
  result.digest = message["digest"];
  result.outcomes = message["outcomes"];
  result.note = message["note"];
  return result;
}

// One line when a job begins, one when it has ended: the last line of a dead process names its killer.
void work(const std::vector<Job>& jobs, const sim::RunOptions& options, SharedCounter& counter,
          std::FILE* out) {
  for (std::size_t job = counter.take(); job < jobs.size(); job = counter.take()) {
    fmt::print(out, "{}\n", nlohmann::json({{"job", job}}).dump());
    std::fflush(out);
    const auto begin = std::chrono::steady_clock::now();
    sim::ScenarioResult result = run_case(*jobs[job].scenario, jobs[job].case_index, options);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print(out, "{}\n",
               to_message(job, result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    std::fflush(out);
  }
}

struct Worker {
  pid_t process = -1;
  std::FILE* output = nullptr;
};

Worker start_worker(const std::vector<Job>& jobs, const sim::RunOptions& options, SharedCounter& counter) {
  std::FILE* output = std::tmpfile();
  if (output == nullptr) throw std::runtime_error("no temporary file for a worker's results");
  const pid_t process = fork();
  if (process < 0) throw std::runtime_error("no worker process can be started");
  if (process == 0) {
    work(jobs, options, counter, output);
    _exit(0);
  }
  return {process, output};
}

}  // namespace

std::expected<std::vector<sim::ScenarioResult>, std::string> run_in_workers(
    const std::vector<sim::Scenario>& scenarios, const sim::RunOptions& options, unsigned jobs) {
  const std::vector<Job> all = jobs_of(scenarios);
  SharedCounter counter;
  std::vector<Worker> workers;
  for (unsigned i = 0; i < jobs && i < all.size(); ++i)
    workers.push_back(start_worker(all, options, counter));

  std::vector<sim::ScenarioResult> results(all.size());
  std::vector<bool> begun(all.size());
  std::vector<bool> ended(all.size());
  for (const Worker& worker : workers) {
    int status = 0;
    waitpid(worker.process, &status, 0);
    std::rewind(worker.output);
    char* line = nullptr;
    std::size_t capacity = 0;
    while (getline(&line, &capacity, worker.output) > 0) {
      const auto message = nlohmann::json::parse(line);
      const std::size_t job = message["job"];
      begun[job] = true;
      if (!message.contains("name")) continue;
      ended[job] = true;
      results[job] = from_message(message);
    }
    std::free(line);
    std::fclose(worker.output);
  }
  for (std::size_t job = 0; job < all.size(); ++job) {
    if (ended[job]) continue;
    const std::string name = cases_of(*all[job].scenario)[all[job].case_index];
    return std::unexpected(
        fmt::format("the process that ran {} died{}", name, begun[job] ? "" : " before it began"));
  }
  return results;
}

}  // namespace holdfast::tools
