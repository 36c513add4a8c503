// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/report.hh"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

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

std::string words_of(const Warning& warning) {
  return fmt::format("{}: '{}' for {}, {} time{}", name_of(warning.kind), warning.step, warning.barrier,
                     warning.count, warning.count == 1 ? "" : "s");
}

// Of all cases together; the first example of each is named.
std::string warnings_of(std::span<const ScenarioResult> results) {
  struct Sum {
    Warning warning;
    uint64_t cases = 0;
    std::string first;
  };
  std::map<std::tuple<WarningKind, std::string, std::string>, Sum> sums;
  for (const ScenarioResult& result : results) {
    for (const Warning& warning : result.warnings) {
      Sum& sum = sums[{warning.kind, warning.step, warning.barrier}];
      if (sum.cases++ == 0) {
        sum.warning = warning;
        sum.first = result.name;
      } else {
        sum.warning.count += warning.count;
      }
    }
  }
  std::string text = sums.empty() ? "" : "  warnings, which change no verdict:\n";
  for (const auto& [key, sum] : sums)
    text += fmt::format("    {} in {} case{}, first in {} at event {}\n", words_of(sum.warning), sum.cases,
                        sum.cases == 1 ? "" : "s", sum.first, sum.warning.event);
  return text;
}

std::string words_of(const ScenarioResult& result) {
  std::string words = result.note;
  for (const Violation& violation : result.violations) {
    if (!words.empty()) words += '\n';
    words += fmt::format("{}: {}\n  token {}", violation.invariant, violation.words, violation.token);
  }
  return words;
}

std::string system_out_of(std::span<const Warning> warnings) {
  std::string lines;
  for (const Warning& warning : warnings)
    lines += fmt::format("warning: {}, first at event {}\n", words_of(warning), warning.event);
  return "    <system-out>" + xml_escaped(lines) + "</system-out>\n";
}

nlohmann::ordered_json to_json(std::span<const Warning> warnings) {
  auto list = nlohmann::ordered_json::array();
  for (const Warning& warning : warnings) {
    list.push_back({{"kind", name_of(warning.kind)},
                    {"step", warning.step},
                    {"barrier", warning.barrier},
                    {"count", warning.count},
                    {"event", warning.event}});
  }
  return list;
}

nlohmann::ordered_json to_json(const MediaCounts& counts) {
  return {{"crash_points", counts.crash_points},
          {"crash_points_exact", counts.crash_points_exact},
          {"states_checked", counts.states_checked}};
}

void add(MediaCounts& sum, const MediaCounts& counts) {
  sum.crash_points += counts.crash_points;
  sum.crash_points_exact += counts.crash_points_exact;
  sum.states_checked += counts.states_checked;
}

void add_capped(uint64_t& sum, uint64_t number) {
  if (__builtin_add_overflow(sum, number, &sum)) sum = UINT64_MAX;
}

ScenarioResult total_of(std::span<const ScenarioResult> results) {
  ScenarioResult total;
  for (const ScenarioResult& result : results) {
    add(total.block, result.block);
    add(total.persistent_memory, result.persistent_memory);
    add(total.both, result.both);
    total.crash_points += result.crash_points;
    total.crash_points_exact += result.crash_points_exact;
    add_capped(total.states_checked, result.states_checked);
    if (result.crash_points_bounded > 0)
      total.bound = total.crash_points_bounded == 0 ? result.bound : std::min(total.bound, result.bound);
    total.crash_points_bounded += result.crash_points_bounded;
    add_capped(total.sampled_states, result.sampled_states);
    add_capped(total.sampled_of, result.sampled_of);
    add_capped(total.states_enumerated, result.states_enumerated);
    total.orders += result.orders;
    total.simulated_ns += result.simulated_ns;
    total.seconds += finite(result.seconds);
  }
  return total;
}

std::string words_of(const char* media, const MediaCounts& counts) {
  return fmt::format("  {:<18} {:>9} points, {:>9} exact, {:>9} states\n", media, counts.crash_points,
                     counts.crash_points_exact, counts.states_checked);
}

// Of the cases with races.
std::string races_of(std::span<const ScenarioResult> results) {
  uint64_t every[2] = {};
  uint64_t orders[2] = {};
  for (const ScenarioResult& result : results) {
    if (result.orders <= 1) continue;
    ++every[result.every_order];
    orders[result.every_order] += result.orders;
  }
  if (orders[0] + orders[1] == 0) return "";
  return fmt::format("  races: {} cases in every one of {} orders, {} in {} of more\n", every[true],
                     orders[true], every[false], orders[false]);
}

// Of the points that are not exact.
std::string words_of_inexact(const ScenarioResult& total) {
  const uint64_t points = total.crash_points - total.crash_points_exact;
  std::string bounded;
  if (total.crash_points_bounded > 0)
    bounded = fmt::format(" ({} bounded: every state in which at most {} pieces arrive)",
                          total.crash_points_bounded, total.bound);
  return fmt::format("  at {} points sampled {} of {}{} states{}\n", points, total.sampled_states,
                     total.sampled_of == UINT64_MAX ? "at least " : "", total.sampled_of, bounded);
}

std::string summary_of(const ScenarioResult& total) {
  std::string text = words_of("block", total.block) + words_of("persistent memory", total.persistent_memory) +
                     words_of("both", total.both);
  const bool capped = total.states_enumerated == UINT64_MAX;
  text += fmt::format("  instead of {}{} states of a plain enumeration\n", capped ? "at least " : "",
                      total.states_enumerated);
  if (total.crash_points > total.crash_points_exact) text += words_of_inexact(total);
  const double simulated = static_cast<double>(total.simulated_ns) / 1e9;
  text += fmt::format("  {:.1f} seconds of simulated time", simulated);
  if (total.seconds > 0) text += fmt::format(" in {:.1f} of work", total.seconds);
  return text + "\n";
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

const char* name_of(WarningKind kind) noexcept {
  switch (kind) {
    case WarningKind::flush_of_nothing: return "flush-of-nothing";
    case WarningKind::persist_of_nothing: return "persist-of-nothing";
    case WarningKind::rewrite: return "rewrite";
    case WarningKind::left_over: return "left-over";
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
    nlohmann::ordered_json entry = {
        {"name", result.name},
        {"verdict", name_of(result.verdict)},
        {"crash_points", result.crash_points},
        {"crash_points_exact", result.crash_points_exact},
        {"states_checked", result.states_checked},
        {"by_media",
         {{"block", to_json(result.block)},
          {"persistent_memory", to_json(result.persistent_memory)},
          {"both", to_json(result.both)}}},
        {"bounded", {{"crash_points", result.crash_points_bounded}, {"k", result.bound}}},
        {"sampled", {{"states", result.sampled_states}, {"of", result.sampled_of}}},
        {"states_enumerated", result.states_enumerated},
        {"orders", {{"played", result.orders}, {"every", result.every_order}}},
        {"simulated_ns", result.simulated_ns},
        {"violations", violations},
        {"warnings", to_json(std::span<const Warning>(result.warnings))},
        {"seconds", finite(result.seconds)},
        {"digest", result.digest},
        {"outcomes", result.outcomes}};
    if (!result.digest_depends_on.empty()) entry["digest_depends_on"] = result.digest_depends_on;
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
    std::string inside;
    if (!as_expected(result.verdict)) {
      ++failures;
      inside = fmt::format("    <failure message=\"{}\">{}</failure>\n", name_of(result.verdict),
                           xml_escaped(words_of(result)));
    }
    if (!result.warnings.empty()) inside += system_out_of(result.warnings);
    cases += inside.empty() ? "/>\n" : ">\n" + inside + "  </testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"holdfast-sim\" tests=\"{}\" "
      "failures=\"{}\">\n{}</testsuite>\n",
      results.size(), failures, cases);
}

std::string to_text(std::span<const ScenarioResult> results) {
  std::string text;
  std::size_t unexpected = 0;
  for (const ScenarioResult& result : results) {
    text += fmt::format("{:<13} {:>8} states {:>5} points  {}\n", name_of(result.verdict),
                        result.states_checked, result.crash_points, result.name);
    if (as_expected(result.verdict)) continue;
    ++unexpected;
    text += words_of(result) + "\n";
  }
  const ScenarioResult total = total_of(results);
  text += summary_of(total) + races_of(results) + warnings_of(results);
  text += fmt::format(
      "{} cases, {} not as expected; {} crash points ({} visited in every combination), {} states checked\n",
      results.size(), unexpected, total.crash_points, total.crash_points_exact, total.states_checked);
  return text;
}

}  // namespace holdfast::sim
