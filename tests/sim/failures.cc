// SPDX-License-Identifier: BSD-3-Clause
#include "sim/failures.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "holdfast/sim/runner.hh"
#include "sim/scenario_text.hh"

namespace holdfast::sim {
namespace {

namespace fs = std::filesystem;

// One for each disk that breaks something: its first case that does.
std::vector<Failure> failures_of(const std::string& text) {
  const Scenario scenario = parse_well(text);
  std::vector<Failure> failures;
  const DiskCase* failed = nullptr;
  for (const Case& which : cases_of(scenario)) {
    if (which.disk->ignores.empty() || which.disk == failed) continue;
    const ScenarioResult result = run_case(which, {});
    if (result.violations.empty()) continue;
    const Violation& first = result.violations.front();
    failures.push_back({result.name, text, first.token, first.invariant, *which.disk->ignores.begin()});
    failed = which.disk;
  }
  return failures;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Failure first_failure(std::string_view text, std::string_view disk) {
  for (const Failure& failure : failures_of(std::string(text))) {
    if (failure.name.find("[" + std::string(disk) + ",") != std::string::npos) return failure;
  }
  ADD_FAILURE() << "nothing fails on the disk " << disk;
  return {};
}

std::vector<Failure> failures_of_the_teeth() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(HOLDFAST_SCENARIOS) / "teeth"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Failure> failures;
  for (const fs::path& file : files)
    std::ranges::move(failures_of(content_of(file)), std::back_inserter(failures));
  return failures;
}

}  // namespace holdfast::sim
