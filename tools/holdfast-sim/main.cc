// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/sim/explain.hh"
#include "holdfast/sim/runner.hh"
#include "holdfast/sim/shrink.hh"
#include "verifier.hh"
#include "workers.hh"

namespace holdfast::tools {
namespace {

namespace fs = std::filesystem;

constexpr int kExitOk = 0;
constexpr int kExitUnexpected = 1;
constexpr int kExitBadInput = 2;
constexpr int kExitInternal = 3;

constexpr const char* kSchema = "schema.json";  // describes scenarios to editors, and is none

constexpr uint64_t kMostSeeds = 1'000'000;

struct RunArguments {
  std::vector<std::string> paths;
  sim::RunOptions options;
  uint64_t seeds = 1;
  unsigned jobs = 1;
  std::string json;
  std::string junit;
};

int complain(const std::string& message) {
  fmt::print(stderr, "holdfast-sim: {}\n", message);
  return kExitBadInput;
}

std::optional<std::string> read_file(const std::string& path) {
  std::error_code status;
  if (!fs::is_regular_file(path, status)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> files_below(const std::string& path) {
  std::error_code status;
  if (!fs::is_directory(path, status)) return {path};
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path, status)) {
    const fs::path& file = entry.path();
    if (entry.is_regular_file() && file.extension() == ".json" && file.filename() != kSchema)
      files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A report names scenarios: two of one name could not be told apart.
bool names_differ(const std::vector<sim::Scenario>& scenarios) {
  std::map<std::string, std::string> files;
  bool differ = true;
  for (const sim::Scenario& scenario : scenarios) {
    const auto [first, added] = files.emplace(scenario.name, scenario.file);
    if (added) continue;
    complain(fmt::format("{}: {} has a scenario of the same name, \"{}\"", scenario.file, first->second,
                         scenario.name));
    differ = false;
  }
  return differ;
}

// Every error of every file is reported before anything runs.
std::optional<std::vector<sim::Scenario>> load(const std::vector<std::string>& paths) {
  std::vector<sim::Scenario> scenarios;
  bool good = true;
  for (const std::string& path : paths) {
    for (const std::string& file : files_below(path)) {
      const auto text = read_file(file);
      if (!text) {
        complain(file + ": this is not a file that can be read");
        good = false;
        continue;
      }
      auto scenario = sim::parse_scenario(*text, file);
      if (scenario) {
        scenarios.push_back(std::move(*scenario));
        continue;
      }
      for (const sim::Diagnostic& diagnostic : scenario.error())
        fmt::print(stderr, "{}\n", describe(diagnostic));
      good = false;
    }
  }
  good = names_differ(scenarios) && good;
  if (good && scenarios.empty()) {
    complain("no scenario (*.json) below the given paths");
    good = false;
  }
  return good ? std::optional(std::move(scenarios)) : std::nullopt;
}

bool write_report(const std::string& path, const std::string& text) {
  if (path == "-") return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  return static_cast<bool>(file);
}

int run(const RunArguments& arguments) {
  const auto scenarios = load(arguments.paths);
  if (!scenarios) return kExitBadInput;
  const auto results = run_in_workers(jobs_of(*scenarios, arguments.options.seed, arguments.seeds),
                                      arguments.options, std::max(1U, arguments.jobs));
  if (!results) {
    fmt::print(stderr, "holdfast-sim: {}\n", results.error());
    return kExitInternal;
  }
  const bool report_on_stdout = arguments.json == "-" || arguments.junit == "-";
  fmt::print(report_on_stdout ? stderr : stdout, "{}", sim::to_text(*results));
  if (!arguments.json.empty() && !write_report(arguments.json, sim::to_json(*results))) {
    return complain(arguments.json + ": the report cannot be written");
  }
  if (!arguments.junit.empty() && !write_report(arguments.junit, sim::to_junit(*results))) {
    return complain(arguments.junit + ": the report cannot be written");
  }
  const bool good = std::all_of(results->begin(), results->end(), [](const sim::ScenarioResult& result) {
    return as_expected(result.verdict);
  });
  return good ? kExitOk : kExitUnexpected;
}

int lint(const std::vector<std::string>& paths) {
  const auto scenarios = load(paths);
  if (!scenarios) return kExitBadInput;
  fmt::print("{} scenarios are well formed\n", scenarios->size());
  return kExitOk;
}

int verify_scenarios(const std::vector<std::string>& paths, uint64_t runs, unsigned jobs) {
  const auto scenarios = load(paths);
  if (!scenarios) return kExitBadInput;
  const Verification verification = verify(*scenarios, runs, std::max(1U, jobs));
  for (const std::string& mismatch : verification.mismatches) fmt::print("{}\n", mismatch);
  fmt::print("{} crash states reached twice, {} mismatches\n", verification.runs,
             verification.mismatches.size());
  return verification.mismatches.empty() ? kExitOk : kExitUnexpected;
}

int replay(const std::string& path, const std::string& token) {
  const auto scenarios = load({path});
  if (!scenarios) return kExitBadInput;
  const auto report = replay_in_worker(scenarios->front(), token);
  if (!report) return complain(report.error());
  fmt::print("{}", report->text);
  return report->matched ? kExitUnexpected : kExitOk;
}

struct ShrinkArguments {
  std::string path;
  std::string token;
  std::string regression;
  sim::ShrinkOptions options;
};

std::string size_in_words(const sim::FailureSize& size) {
  return fmt::format("{} steps, {} power cut(s), {} pieces lost or torn", size.steps, size.cuts, size.pieces);
}

int shrink(const ShrinkArguments& arguments) {
  const auto text = read_file(arguments.path);
  if (!text) return complain(arguments.path + ": this is not a file that can be read");
  const auto shrunk = sim::shrink(*text, arguments.path, arguments.token, arguments.options);
  if (!shrunk) return complain(shrunk.error());
  const bool to_file = !arguments.regression.empty();
  if (to_file && !write_report(arguments.regression, shrunk->scenario))
    return complain(arguments.regression + ": the scenario cannot be written");
  const std::string file = to_file ? arguments.regression : "FILE";
  fmt::print("{}: {}\n", shrunk->violation.invariant, shrunk->violation.words);
  fmt::print("  before  {}\n  after   {}\n", size_in_words(shrunk->before), size_in_words(shrunk->after));
  fmt::print("  {} scenarios explored{}\n", shrunk->runs,
             shrunk->at_budget ? ": the budget is used up, and more --runs may find a smaller one" : "");
  if (!to_file) fmt::print("\n{}\n", shrunk->scenario);
  const std::string seed = shrunk->seed == 0 ? "" : fmt::format(" --seed {}", shrunk->seed);
  fmt::print("holdfast-sim run {}{}   # {} today\n", file, seed, name_of(shrunk->verdict));
  fmt::print("holdfast-sim explain {} {}\n", file, shrunk->violation.token);
  return kExitOk;
}

int explain(const std::string& path, const std::string& token) {
  const auto text = read_file(path);
  if (!text) return complain(path + ": this is not a file that can be read");
  const auto explanation = sim::explain(*text, path, token);
  if (!explanation) return complain(explanation.error());
  fmt::print("{}", explanation->text);
  return kExitUnexpected;
}

CLI::App& add_run_command(CLI::App& app, RunArguments& arguments) {
  CLI::App* run_command = app.add_subcommand("run", "Run scenarios");
  run_command->add_option("FILE-OR-DIR", arguments.paths, "Scenario files, or folders of them")->required();
  run_command
      ->add_option("--seed", arguments.options.seed, "Decides the order of what happens at the same time")
      ->check(CLI::NonNegativeNumber);
  run_command
      ->add_option("--seeds", arguments.seeds,
                   "Runs every case with so many seeds, from --seed on, in one report")
      ->check(CLI::Range(uint64_t{1}, kMostSeeds));
  const std::map<std::string, sim::Search> searches = {{"lazy", sim::Search::lazy},
                                                       {"plain", sim::Search::plain}};
  run_command
      ->add_option("--search", arguments.options.search,
                   "Which states of a cut are visited: lazy, those that recovery can tell apart; plain, all")
      ->transform(CLI::CheckedTransformer(searches).description("lazy|plain"));
  run_command
      ->add_option("--jobs", arguments.jobs,
                   "Processes to run side by side; the report does not depend on it")
      ->check(CLI::NonNegativeNumber);
  run_command->add_option("--json", arguments.json, "Write a JSON report; - is standard output");
  run_command->add_option("--junit", arguments.junit, "Write a JUnit report; - is standard output");
  return *run_command;
}

int main_of(int argc, char** argv) {
  CLI::App app{
      "Runs scenarios against the storage engine on a simulated disk and cuts the power at every moment"};
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 everything as expected; 1 a violation, a missed expectation, or nothing tested; 2 bad "
      "input; 3 internal.");
  int status = kExitOk;

  RunArguments arguments;
  add_run_command(app, arguments).callback([&] { status = run(arguments); });

  std::vector<std::string> lint_paths;
  CLI::App* lint_command = app.add_subcommand("lint", "Check scenario files without running them");
  lint_command->add_option("FILE-OR-DIR", lint_paths, "Scenario files, or folders of them")->required();
  lint_command->callback([&] { status = lint(lint_paths); });

  std::vector<std::string> verify_paths;
  uint64_t runs = 20'000;
  unsigned verify_jobs = 1;
  CLI::App* verify_command =
      app.add_subcommand("verify", "Reach crash states twice, and compare what happened there");
  verify_command->add_option("FILE-OR-DIR", verify_paths, "Scenario files, or folders of them")->required();
  verify_command->add_option("--runs", runs, "How many states, at least")->check(CLI::PositiveNumber);
  verify_command->add_option("--jobs", verify_jobs, "Processes to run side by side")
      ->check(CLI::NonNegativeNumber);
  verify_command->callback([&] { status = verify_scenarios(verify_paths, runs, verify_jobs); });

  std::string replay_file;
  std::string token;
  CLI::App* replay_command = app.add_subcommand("replay", "Go to the one crash state that a token names");
  replay_command->add_option("FILE", replay_file, "The scenario")->required();
  replay_command->add_option("TOKEN", token, "As run prints it")->required();
  replay_command->callback([&] { status = replay(replay_file, token); });

  ShrinkArguments to_shrink;
  CLI::App* shrink_command =
      app.add_subcommand("shrink", "Find the smallest scenario that fails as the state of a token does");
  shrink_command->add_option("FILE", to_shrink.path, "The scenario")->required();
  shrink_command->add_option("TOKEN", to_shrink.token, "As run prints it")->required();
  shrink_command->add_option("--emit-regression", to_shrink.regression,
                             "Write the scenario there, to be committed to scenarios/regress");
  shrink_command->add_option("--runs", to_shrink.options.runs, "How many scenarios are explored at most")
      ->check(CLI::PositiveNumber);
  shrink_command->callback([&] { status = shrink(to_shrink); });

  std::string explain_file;
  std::string explain_token;
  CLI::App* explain_command = app.add_subcommand("explain", "Tell what went wrong in the state of a token");
  explain_command->add_option("FILE", explain_file, "The scenario")->required();
  explain_command->add_option("TOKEN", explain_token, "As run prints it")->required();
  explain_command->callback([&] { status = explain(explain_file, explain_token); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadInput;
  }
  return status;
}

}  // namespace
}  // namespace holdfast::tools

int main(int argc, char** argv) {
  try {
    return holdfast::tools::main_of(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "holdfast-sim: internal: {}\n", error.what());
    return 3;
  }
}
