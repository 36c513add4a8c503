// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace holdfast {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace holdfast

// What the program itself promised. Always on, in every build; the expression has no side effects. Never
// about media, devices, limits or arguments: those are a Result.
#define HF_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::holdfast::assertion_failed(#expression, __FILE__, __LINE__))
