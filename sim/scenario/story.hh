// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "scenario/reader.hh"

namespace holdfast::sim {

// Follows the steps as a reader would and complains about what cannot be meant: a blob that is used before it
// was created, data beyond a blob's end, a store that is closed and used, a device that is too small, a step
// of a volume where there is none.
void check_story(Reader& reader, const Node& root, const Scenario& scenario);

}  // namespace holdfast::sim
