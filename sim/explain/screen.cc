// SPDX-License-Identifier: BSD-3-Clause
#include "explain/screen.hh"

#include <fmt/core.h>

#include <algorithm>

#include "shrink/write_scenario.hh"

namespace holdfast::sim {
namespace {

constexpr std::size_t kRowsShown = 16;  // of the pieces of one cut
constexpr std::size_t kStepWidth = 100;

const char* name_of(PieceStory::Fate fate) {
  switch (fate) {
    case PieceStory::Fate::arrived: return "arrived";
    case PieceStory::Fate::lost: return "lost";
    case PieceStory::Fate::torn: return "torn";
  }
  return "unknown";
}

// Where a cut is: in which step, or in none.
struct Mark {
  const ScenarioStep* step;
  std::string words;
};

std::string line_of(const Mark& mark) { return fmt::format("    >>> {}\n", mark.words); }

std::string lines_of(const char* name, const ScenarioDocument& document,
                     const std::vector<ScenarioStep>& steps, std::span<const Mark> marks) {
  std::string lines;
  for (const Mark& mark : marks) {
    if (mark.step == nullptr) lines += line_of(mark);
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    // What a session does after a cut need not stand in the file.
    std::string words = "(by default, see scenarios/README.md)";
    if (document.contains(name)) words = on_one_line(document[name][i]);
    if (words.size() > kStepWidth) words = words.substr(0, kStepWidth - 3) + "...";
    lines += fmt::format("  {:<6} {}\n", i == 0 ? name : "", words);
    for (const Mark& mark : marks) {
      if (mark.step == &steps[i]) lines += line_of(mark);
    }
  }
  return lines;
}

std::string steps_of(const ScenarioDocument& document, const Scenario& scenario, const Recorder& recorder) {
  std::vector<Mark> marks;
  for (const RecordedSession& session : recorder.sessions()) {
    const std::string which =
        recorder.sessions().size() == 1 ? "the" : fmt::format("cut {}: the", marks.size() + 1);
    const char* when = session.cut->step == nullptr ? "while the session recovers" : "during this step";
    marks.push_back({session.cut->step, fmt::format("{} power is cut {}, at moment {} of the session", which,
                                                    when, session.cut->moment)});
  }
  std::string text = lines_of("setup", document, scenario.setup, {}) +
                     lines_of("steps", document, scenario.steps, std::span(marks).first(1));
  if (marks.size() > 1) text += lines_of("after", document, scenario.after, std::span(marks).subspan(1));
  return text;
}

// What held: the last thing before the cut that made something durable.
std::string last_durable(const RecordedSession& session, const DiskCase& disk) {
  const Happening* last = nullptr;
  for (const Happening& happening : session.happenings) {
    if (happening.claims() && !disk.ignores.contains(happening.purpose.barrier)) last = &happening;
  }
  if (last == nullptr) return "  durable before: what earlier steps made so; no barrier has held since\n";
  return fmt::format("  durable before: what {} covers, {} #{} to #{}, the last barrier that held\n",
                     name_of(last->purpose.barrier), holdfast::name_of(last->purpose.step), last->begun,
                     last->event);
}

// What did not arrive comes first.
std::string pieces_of(const std::vector<PieceStory>& pieces) {
  std::vector<std::pair<PieceStory, std::size_t>> alike;  // and how many follow each other
  for (const bool arrived : {false, true}) {
    for (const PieceStory& piece : pieces) {
      if ((piece.fate == PieceStory::Fate::arrived) != arrived) continue;
      if (alike.empty() || alike.back().first != piece) alike.emplace_back(piece, 0);
      ++alike.back().second;
    }
  }
  std::string lines;
  for (std::size_t i = 0; i < std::min(alike.size(), kRowsShown); ++i) {
    const auto& [piece, count] = alike[i];
    const std::string times = count == 1 ? "" : fmt::format(" (x{})", count);
    lines += fmt::format("  {:<8} {:<44} {}\n", name_of(piece.fate), piece.owner + times, piece.wrote);
  }
  if (alike.size() > kRowsShown) lines += fmt::format("  and {} more\n", alike.size() - kRowsShown);
  return lines;
}

std::string cuts_of(const Explanation& explanation, const Recorder& recorder, const DiskCase& disk) {
  std::string text;
  for (std::size_t i = 0; i < explanation.cuts.size(); ++i) {
    const std::vector<PieceStory>& pieces = explanation.cuts[i];
    const auto missing = std::ranges::count_if(
        pieces, [](const PieceStory& piece) { return piece.fate != PieceStory::Fate::arrived; });
    const std::string which = explanation.cuts.size() == 1 ? "the cut" : fmt::format("cut {}", i + 1);
    text +=
        fmt::format("\nUndecided at {}: {}, of which did not arrive: {}\n", which, pieces.size(), missing);
    text += pieces_of(pieces) + last_durable(recorder.sessions()[i], disk);
  }
  return text;
}

std::string faults_of(const Explanation& explanation) {
  if (explanation.faults.empty()) return "";
  std::string text = "\nWhat the devices did wrong\n";
  for (const FaultStory& fault : explanation.faults) {
    text += fmt::format("  {:<20} {}", fault.kind, fault.struck);
    text += fault.owner.empty() ? "\n" : fmt::format(" of {}\n", fault.owner);
  }
  return text;
}

std::string wrong_field(const Explanation& explanation) {
  if (!explanation.wrong && !explanation.faults.empty())
    return "\nNothing that is missing makes the difference: what the devices did wrong does\n";
  if (!explanation.wrong)
    return "\nNothing is missing: everything arrived, and the state is wrong all the same\n";
  const WrongField& wrong = *explanation.wrong;
  return fmt::format("\nFirst wrong field\n  {}: {}: expected {:#x}, found {:#x}\n", wrong.owner, wrong.field,
                     wrong.expected, wrong.found);
}

std::string missing_barrier(const Explanation& explanation) {
  if (!explanation.missing)
    return "\nNo missing edge: wherever everything is made durable, the failure is still there\n";
  const MissingBarrier& missing = *explanation.missing;
  std::string text = fmt::format(
      "\nMissing edge, found by trying {} places\n  nothing makes durable what is complete between\n"
      "    {} and\n    {}\n",
      missing.places_tried, missing.from, missing.to);
  for (const MissingBarrier::Claim& claim : missing.claims) {
    text += fmt::format("  {} stands there, {}, which {}\n", name_of(claim.barrier), claim.by,
                        claim.ignored ? "this disk ignores" : "covers something else");
  }
  if (missing.claims.empty()) text += "  the program asks for no barrier there\n";
  return text;
}

}  // namespace

std::string screen_of(const Explanation& explanation, std::string_view text, const Case& which,
                      const Recorder& recorder) {
  const auto document = ScenarioDocument::parse(text);
  return fmt::format("{}: {} is broken\n  {}\n\n", name_of(which), explanation.invariant, explanation.words) +
         steps_of(document, *which.scenario, recorder) + cuts_of(explanation, recorder, *which.disk) +
         faults_of(explanation) + wrong_field(explanation) + missing_barrier(explanation);
}

}  // namespace holdfast::sim
