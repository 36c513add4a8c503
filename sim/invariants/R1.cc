// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include "invariants/invariants.hh"

namespace holdfast::sim {

// R1: what recovery reads is durable before it is acted upon.
std::optional<std::string> check_R1(const Examination& state) {
  const auto reused = find_reused_page(state);
  if (!reused || !reused->lost || reused->lost->process == reused->reuse.process) return std::nullopt;
  return fmt::format(
      "blob {:#x} lost a root that process {} wrote and a later process read: it reused the page at byte {}, "
      "which the root on "
      "media names",
      reused->root.id.value, reused->lost->process, reused->page * simdisk::kMediaPage);
}

}  // namespace holdfast::sim
