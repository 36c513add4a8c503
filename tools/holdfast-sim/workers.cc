// SPDX-License-Identifier: BSD-3-Clause
#include "workers.hh"

#include <fmt/core.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "messages.hh"
#include "process.hh"
#include "shared_memory.hh"

namespace holdfast::tools {
namespace {

// The processes that work on one list of jobs, and what they have said so far.
class Crew {
 public:
  Crew(std::vector<Job> jobs, const sim::RunOptions& options)
      : jobs_(std::move(jobs)), options_(options), results_(jobs_.size()), deaths_(jobs_.size()) {}

  std::expected<std::vector<sim::ScenarioResult>, std::string> work(unsigned processes) {
    for (unsigned i = 0; i < processes && i < jobs_.size(); ++i) {
      auto memory = std::make_unique<SharedMemory>(sim::kWhereaboutsWords);
      start(std::move(memory), std::nullopt);
    }
    while (!members_.empty()) {
      int status = 0;
      const auto member = members_.find(waitpid(-1, &status, 0));
      if (member == members_.end()) continue;
      member->second.process.ended(status);
      take_leave(std::move(members_.extract(member).mapped()));
    }
    if (!failure_.empty()) return std::unexpected(failure_);
    std::vector<sim::ScenarioResult> results;
    for (auto& result : results_) results.push_back(std::move(*result));
    return results;
  }

 private:
  struct Member {
    Process process;
    std::unique_ptr<SharedMemory> whereabouts;
  };

  void start(std::unique_ptr<SharedMemory> whereabouts, std::optional<std::size_t> first) {
    Process process = Process::start([&](std::FILE* out) {
      if (first) run(*first, *whereabouts, out);
      for (std::size_t job = counter_.take(); job < jobs_.size(); job = counter_.take())
        run(job, *whereabouts, out);
    });
    const pid_t id = process.id();
    members_.emplace(id, Member{std::move(process), std::move(whereabouts)});
  }

  // One line when a job begins, one when it has ended: what a dead process began last killed it.
  void run(std::size_t job, const SharedMemory& whereabouts, std::FILE* out) {
    fmt::print(out, "{}\n", job);
    std::fflush(out);
    const auto begin = std::chrono::steady_clock::now();
    sim::RunOptions options = options_;
    options.seed = jobs_[job].seed;
    options.whereabouts = whereabouts.words();
    options.deaths = deaths_[job];
    sim::ScenarioResult result = run_case(jobs_[job].which, options);
    result.name = jobs_[job].name;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print(out, "{}\n", to_message(result));
    std::fflush(out);
  }

  void take_leave(Member member) {
    std::optional<std::size_t> unfinished;
    std::istringstream output(member.process.output());
    for (std::string line; std::getline(output, line);) {
      if (line.starts_with('{')) {
        results_[*unfinished] = from_message(line);
        unfinished.reset();
      } else {
        unfinished = std::stoull(line);
      }
    }
    const auto death = member.process.death();
    if (!death) return;
    const auto place = unfinished ? sim::place_in(member.whereabouts->words()) : std::nullopt;
    if (place && is_new(*unfinished, *place)) {
      deaths_[*unfinished].push_back(sim::Death{*place, *death});
      start(std::move(member.whereabouts), unfinished);
    } else {
      failure_ = fmt::format("the process that ran {} cannot be kept alive: {}",
                             unfinished ? jobs_[*unfinished].name : "nothing yet", *death);
    }
  }

  bool is_new(std::size_t job, const sim::Place& place) const {
    return std::ranges::none_of(deaths_[job], [&](const auto& death) { return death.place == place; });
  }

  std::vector<Job> jobs_;
  sim::RunOptions options_;
  SharedCounter counter_;
  std::map<pid_t, Member> members_;
  std::vector<std::optional<sim::ScenarioResult>> results_;
  std::vector<std::vector<sim::Death>> deaths_;  // of each job
  std::string failure_;
};

}  // namespace

std::expected<std::vector<sim::ScenarioResult>, std::string> run_in_workers(std::vector<Job> jobs,
                                                                            const sim::RunOptions& options,
                                                                            unsigned processes) {
  return Crew(std::move(jobs), options).work(processes);
}

std::expected<sim::ReplayReport, std::string> replay_in_worker(const sim::Scenario& scenario,
                                                               const std::string& token) {
  Process process = Process::start([&](std::FILE* out) {
    const auto report = sim::replay(scenario, token);
    const nlohmann::json message = {{"good", report.has_value()},
                                    {"matched", report && report->matched},
                                    {"text", report ? report->text : report.error()}};
    fmt::print(out, "{}", message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  });
  process.wait();
  if (const auto death = process.death())
    return sim::ReplayReport{.matched = true, .text = "  no_abort: " + *death + "\n"};
  const auto message = nlohmann::json::parse(process.output());
  if (!message["good"]) return std::unexpected(message["text"].get<std::string>());
  return sim::ReplayReport{.matched = message["matched"], .text = message["text"]};
}

}  // namespace holdfast::tools
