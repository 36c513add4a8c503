// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <expected>
#include <utility>

#include "holdfast/error.hh"

namespace holdfast {

// A value, or the Error that prevented it. Result is for what the world did (media, devices, limits,
// arguments); what the program itself promised is asserted instead.
template <class T = void>
struct [[nodiscard]] Result : std::expected<T, Error> {
  using value_or_error = std::expected<T, Error>;
  using value_or_error::value_or_error;

  Result() = default;
  Result(const Error& error) : value_or_error(std::unexpect, error) {}  // NOLINT: an Error is a Result
};

}  // namespace holdfast

#define HF_CONCAT_INNER(a, b) a##b
#define HF_CONCAT(a, b) HF_CONCAT_INNER(a, b)

// HF_TRY(declaration, expression): declare and go on with the value, or return the error.
// HF_CHECK(expression): the same for a Result<void>. Statement macros: gcc 12 fails on statement
// expressions that await. The HF_CO_ forms are for coroutines.
#define HF_TRY_WITH(return_, tmp, declaration, ...) \
  auto tmp = __VA_ARGS__;                           \
  if (!tmp) return_ tmp.error();                    \
  declaration = std::move(*tmp)
#define HF_CHECK_WITH(return_, tmp, ...)                   \
  do {                                                     \
    if (auto tmp = __VA_ARGS__; !tmp) return_ tmp.error(); \
  } while (false)

#define HF_TRY(declaration, ...) HF_TRY_WITH(return, HF_CONCAT(hf_try_, __LINE__), declaration, __VA_ARGS__)
#define HF_CHECK(...) HF_CHECK_WITH(return, HF_CONCAT(hf_check_, __LINE__), __VA_ARGS__)
#define HF_CO_TRY(declaration, ...) \
  HF_TRY_WITH(co_return, HF_CONCAT(hf_try_, __LINE__), declaration, __VA_ARGS__)
#define HF_CO_CHECK(...) HF_CHECK_WITH(co_return, HF_CONCAT(hf_check_, __LINE__), __VA_ARGS__)
