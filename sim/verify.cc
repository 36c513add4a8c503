// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/sim/verify.hh"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <limits>

#include "explore/cases.hh"
#include "holdfast/assert.hh"

namespace holdfast::sim {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

Token read(const std::string& token) {
  const auto parsed = parse_token(token);
  HF_ASSERT(parsed.has_value());
  return *parsed;
}

StateDigests digests_of(const Case& which, uint64_t seed, const StateLog& log) {
  StateDigests digests;
  for (const auto& [key, entry] : log.entries)
    digests[to_text({which.scenario->content_hash, which.index, seed, entry.path})] = entry.digest;
  return digests;
}

void explore(const Case& which, uint64_t seed, StateLog& log, const Route* route) {
  Explorer explorer(which, {.seed = seed});
  explorer.keep(log, route);
  explorer.run();
}

std::string words_of(const Events& events, std::size_t number) {
  if (number >= events.size()) return "nothing";
  return fmt::format("[{:#x}]", fmt::join(events[number], " "));
}

}  // namespace

StateDigests explore_states(const Case& which, uint64_t seed, std::size_t most) {
  StateLog log;
  log.most = most;
  explore(which, seed, log, nullptr);
  return digests_of(which, seed, log);
}

StateDigests visit_states(const Case& which, const StateDigests& states) {
  if (states.empty()) return {};
  Route route;
  for (const auto& [token, digest] : states) route.add(read(token).cuts);
  const uint64_t seed = read(states.begin()->first).seed;
  StateLog log;
  log.most = kAll;
  explore(which, seed, log, &route);
  StateDigests visited = digests_of(which, seed, log);
  std::erase_if(visited, [&states](const auto& state) { return !states.contains(state.first); });
  return visited;
}

Events events_when_explored(const Case& which, const std::string& token) {
  const Token target = read(token);
  StateLog log;
  log.recorded = target.cuts;
  explore(which, target.seed, log, nullptr);
  return log.events;
}

Events events_when_visited(const Case& which, const std::string& token) {
  const Token target = read(token);
  StateLog log;
  log.recorded = target.cuts;
  Route route;
  route.add(target.cuts);
  explore(which, target.seed, log, &route);
  return log.events;
}

std::string first_difference(const Events& explored, const Events& visited) {
  for (std::size_t i = 0; i < std::max(explored.size(), visited.size()); ++i) {
    if (i < explored.size() && i < visited.size() && explored[i] == visited[i]) continue;
    return fmt::format("event {} is {} when it is explored and {} when it is visited again", i + 1,
                       words_of(explored, i), words_of(visited, i));
  }
  return "";
}

}  // namespace holdfast::sim
