// SPDX-License-Identifier: BSD-3-Clause
#include "verifier.hh"

#include <fmt/core.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "holdfast/sim/verify.hh"
#include "jobs.hh"
#include "process.hh"
#include "shared_memory.hh"

namespace holdfast::tools {
namespace {

// From here on, this process has what it allocates at other addresses and over other bytes.
void shake_heap() {
  mallopt(M_PERTURB, 0x5A);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  std::vector<void*> garbage;
  for (std::size_t i = 0; i < 4096; ++i) garbage.push_back(std::malloc(i * 37 % 4093 + 1));
  for (std::size_t i = 0; i < garbage.size(); ++i) {
    if (i % 3 != 0) std::free(garbage[i]);  // the others are in the way
  }
}

// What a process with a shaken heap says.
template <class Work>
nlohmann::json elsewhere(const Work& work) {
  Process process = Process::start([&work](std::FILE* out) {
    shake_heap();
    fmt::print(out, "{}", nlohmann::json(work()).dump());
  });
  process.wait();
  if (const auto death = process.death()) throw std::runtime_error(*death);
  return nlohmann::json::parse(process.output());
}

std::string why(const Job& job, const std::string& token) {
  const sim::Events explored = sim::events_when_explored(job.which, token);
  const sim::Events visited = elsewhere([&] { return sim::events_when_visited(job.which, token); });
  const std::string difference = sim::first_difference(explored, visited);
  return difference.empty() ? "a third and a fourth time it did not differ" : difference;
}

Verification verify(const Job& job, std::size_t states) {
  const sim::StateDigests explored = sim::explore_states(job.which, job.seed, states);
  const sim::StateDigests visited = elsewhere([&] { return sim::visit_states(job.which, explored); });
  Verification verification{.runs = explored.size(), .mismatches = {}};
  for (const auto& [token, digest] : explored) {
    const auto again = visited.find(token);
    if (again != visited.end() && again->second == digest) continue;
    verification.mismatches.push_back(fmt::format(
        "{}: {}: {}", job.name, token, again == visited.end() ? "its token leads nowhere" : why(job, token)));
    break;  // the first of a case names the cause
  }
  return verification;
}

void work_off(const std::vector<Job>& jobs, std::size_t states, SharedCounter& counter, std::FILE* out) {
  for (std::size_t job = counter.take(); job < jobs.size(); job = counter.take()) {
    Verification verification;
    try {
      verification = verify(jobs[job], states);
    } catch (const std::exception& error) {
      verification.mismatches.push_back(fmt::format("{}: {}", jobs[job].name, error.what()));
    }
    fmt::print(out, "{}\n", nlohmann::json{verification.runs, verification.mismatches}.dump());
    std::fflush(out);
  }
}

// At least `runs` states, as many of each job.
Verification verify_all(const std::vector<Job>& jobs, uint64_t runs, unsigned processes) {
  const std::size_t states = (runs + jobs.size() - 1) / jobs.size();
  SharedCounter counter;
  std::vector<Process> workers;
  for (unsigned i = 0; i < processes; ++i) {
    workers.push_back(Process::start([&](std::FILE* out) { work_off(jobs, states, counter, out); }));
  }
  Verification sum;
  for (Process& worker : workers) {
    worker.wait();
    if (const auto death = worker.death()) sum.mismatches.push_back(*death);
    std::istringstream output(worker.output());
    for (std::string line; std::getline(output, line);) {
      const auto message = nlohmann::json::parse(line);
      sum.runs += message[0].get<uint64_t>();
      for (const auto& mismatch : message[1]) sum.mismatches.push_back(mismatch);
    }
  }
  std::sort(sum.mismatches.begin(), sum.mismatches.end());
  return sum;
}

}  // namespace

Verification verify(const std::vector<sim::Scenario>& scenarios, uint64_t runs, unsigned jobs) {
  Verification sum;
  for (uint64_t seed = 0; sum.runs < runs && sum.mismatches.empty(); ++seed) {
    Verification round = verify_all(jobs_of(scenarios, seed, 1), runs - sum.runs, jobs);
    if (round.runs == 0 && round.mismatches.empty())
      round.mismatches.emplace_back("no scenario has a crash state");
    sum.runs += round.runs;
    sum.mismatches = std::move(round.mismatches);
  }
  return sum;
}

}  // namespace holdfast::tools
