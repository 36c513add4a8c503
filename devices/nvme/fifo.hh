// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>

namespace holdfast::nvme {

// A line of things that carry their own link: waiting in it allocates nothing.
template <class T, T* T::* next>
class Fifo {
 public:
  bool empty() const noexcept { return first_ == nullptr; }

  void push(T& item) noexcept {
    item.*next = nullptr;
    (first_ == nullptr ? first_ : last_->*next) = &item;
    last_ = &item;
  }

  T& pop() noexcept {
    T& item = *first_;
    first_ = std::exchange(item.*next, nullptr);
    return item;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace holdfast::nvme
