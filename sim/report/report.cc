// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/report.hh"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace holdfast::sim {
namespace {

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\n': escaped += c; break;
      default: escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

// Neither JSON nor JUnit has a word for what is no number.
double finite(double seconds) { return std::isfinite(seconds) ? seconds : 0; }

std::string words_of(const ScenarioResult& result) {
  std::string words = result.note;
  for (const Violation& violation : result.violations) {
    if (!words.empty()) words += '\n';
    words += fmt::format("{}: {}\n  token {}", violation.invariant, violation.words, violation.token);
  }
  return words;
}

}  // namespace

const char* name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass: return "pass";
    case Verdict::expected_fail: return "expected-fail";
    case Verdict::fail: return "fail";
    case Verdict::vacuous: return "vacuous";
    case Verdict::inconclusive: return "inconclusive";
  }
  return "unknown";
}

std::string to_json(std::span<const ScenarioResult> results) {
  auto scenarios = nlohmann::ordered_json::array();
  for (const ScenarioResult& result : results) {
    auto violations = nlohmann::ordered_json::array();
    for (const Violation& violation : result.violations) {
      violations.push_back(
          {{"invariant", violation.invariant}, {"words", violation.words}, {"token", violation.token}});
    }
    nlohmann::ordered_json entry = {{"name", result.name},
                                    {"verdict", name_of(result.verdict)},
                                    {"crash_points", result.crash_points},
                                    {"crash_points_exact", result.crash_points_exact},
                                    {"states_checked", result.states_checked},
                                    {"violations", violations},
                                    {"seconds", finite(result.seconds)},
                                    {"digest", result.digest},
                                    {"outcomes", result.outcomes}};
    if (!result.note.empty()) entry["note"] = result.note;
    scenarios.push_back(std::move(entry));
  }
  const nlohmann::ordered_json report = {{"scenarios", scenarios}};
  return report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string to_junit(std::span<const ScenarioResult> results) {
  std::size_t failures = 0;
  std::string cases;
  for (const ScenarioResult& result : results) {
    cases += fmt::format("  <testcase classname=\"scenarios\" name=\"{}\" time=\"{:.3f}\"",
                         xml_escaped(result.name), finite(result.seconds));
    if (as_expected(result.verdict)) {
      cases += "/>\n";
      continue;
    }
    ++failures;
    cases += fmt::format(">\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n",
                         name_of(result.verdict), xml_escaped(words_of(result)));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"holdfast-sim\" tests=\"{}\" "
      "failures=\"{}\">\n{}</testsuite>\n",
      results.size(), failures, cases);
}

std::string to_text(std::span<const ScenarioResult> results) {
  std::string text;
  uint64_t states = 0;
  uint64_t points = 0;
  uint64_t exact = 0;
  std::size_t unexpected = 0;
  for (const ScenarioResult& result : results) {
    text += fmt::format("{:<13} {:>8} states {:>5} points  {}\n", name_of(result.verdict),
                        result.states_checked, result.crash_points, result.name);
    states += result.states_checked;
    points += result.crash_points;
    exact += result.crash_points_exact;
    if (as_expected(result.verdict)) continue;
    ++unexpected;
    text += words_of(result) + "\n";
  }
  text += fmt::format(
      "{} cases, {} not as expected; {} crash points ({} visited in every combination), {} states checked\n",
      results.size(), unexpected, points, exact, states);
  return text;
}

}  // namespace holdfast::sim
