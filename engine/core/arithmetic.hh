// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>

namespace holdfast {

// Division by a number that is fixed at open and nearly always a power of
// two: a shift then, and a division otherwise.
class Divisor {
 public:
  Divisor() = default;
  explicit Divisor(uint32_t divisor) noexcept
      : divisor_(divisor), shift_(std::has_single_bit(divisor) ? std::countr_zero(divisor) : -1) {}

  uint64_t quotient(uint64_t number) const noexcept {
    return shift_ >= 0 ? number >> shift_ : number / divisor_;
  }
  uint64_t remainder(uint64_t number) const noexcept {
    return shift_ >= 0 ? number & (divisor_ - 1U) : number % divisor_;
  }
  uint32_t value() const noexcept { return divisor_; }

 private:
  uint32_t divisor_ = 1;
  int shift_ = 0;
};

}  // namespace holdfast
