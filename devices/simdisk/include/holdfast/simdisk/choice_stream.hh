// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace holdfast::simdisk {

// What a decision is about. Each domain has its own stream, so that one
// more decision in one does not shift another.
enum class Domain : uint8_t { order, loss };
inline constexpr std::size_t kDomains = 2;

// Every decision that the world takes and the program cannot: who runs next, what a power cut leaves. Seeds,
// recordings and enumerations are producers of the same stream.
class ChoiceStream {
 public:
  ChoiceStream() = default;
  ChoiceStream(const ChoiceStream&) = delete;
  ChoiceStream& operator=(const ChoiceStream&) = delete;
  virtual ~ChoiceStream() = default;

  // A number below `arity`, which is at least 1. With an arity of 1 there
  // is nothing to decide and nothing is drawn.
  uint32_t choose(Domain domain, uint32_t arity) { return arity <= 1 ? 0 : decide(domain, arity); }

 private:
  virtual uint32_t decide(Domain domain, uint32_t arity) = 0;
};

// Decisions from a seed, with arithmetic of its own: the same on every machine and compiler.
class SeededChoices final : public ChoiceStream {
 public:
  explicit SeededChoices(uint64_t seed);

 private:
  uint32_t decide(Domain domain, uint32_t arity) override;
  std::array<uint64_t, kDomains> state_;
};

struct Choice {
  Domain domain = Domain::order;
  uint32_t arity = 0;
  uint32_t value = 0;

  friend bool operator==(const Choice&, const Choice&) = default;
};

// Passes another stream's decisions on and keeps them.
class RecordingChoices final : public ChoiceStream {
 public:
  explicit RecordingChoices(ChoiceStream& inner) : inner_(inner) {}
  const std::vector<Choice>& recorded() const noexcept { return recorded_; }

 private:
  uint32_t decide(Domain domain, uint32_t arity) override;
  ChoiceStream& inner_;
  std::vector<Choice> recorded_;
};

// Takes recorded decisions again. diverged(): the program asked for something else than it was recorded to
// ask; decisions are 0 from there on.
class ReplayedChoices final : public ChoiceStream {
 public:
  explicit ReplayedChoices(std::vector<Choice> recorded) : recorded_(std::move(recorded)) {}
  bool diverged() const noexcept { return diverged_; }

 private:
  uint32_t decide(Domain domain, uint32_t arity) override;
  std::vector<Choice> recorded_;
  std::size_t next_ = 0;
  bool diverged_ = false;
};

}  // namespace holdfast::simdisk
