// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "explain/recording.hh"
#include "shrink/hunt.hh"

namespace holdfast::sim {

// A stretch of one session, in which the failure is gone for good if at any place of it everything that is
// complete is made durable: no state of this failure is left, at no moment up to the first that showed it.
struct MissingEdge {
  std::size_t session = 0;
  std::size_t first = 0;   // happenings of that session: the first place that helps,
  std::size_t last = 0;    // the last that was tried,
  std::size_t failed = 0;  // and the moment that first shows the failure without help
  std::size_t tried = 0;   // places
};

// The last such stretch of the last session that has one. Every place is tried by playing the session again.
std::optional<MissingEdge> find_missing_edge(const HuntingGround& ground, const Token& token,
                                             const FailureKind& kind,
                                             const std::vector<RecordedSession>& sessions);

}  // namespace holdfast::sim
