// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace holdfast::sim {

// A text with one mistake: '@' stands before it and is taken out, so
// that no line or column is counted by hand.
struct Mistake {
  std::string name;
  std::string text;
  std::string message;
};
inline void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

std::vector<Mistake> mistakes_in_document();
std::vector<Mistake> mistakes_in_device();
std::vector<Mistake> mistakes_in_store();
std::vector<Mistake> mistakes_in_crash();
std::vector<Mistake> mistakes_in_disks();
std::vector<Mistake> mistakes_in_faults();
std::vector<Mistake> mistakes_in_steps();
std::vector<Mistake> mistakes_in_parallel();
std::vector<Mistake> mistakes_in_story();
std::vector<Mistake> mistakes_after_a_cut();
std::vector<Mistake> mistakes_in_spdk();
std::vector<Mistake> mistakes_in_volume();
std::vector<Mistake> mistakes_in_volume_steps();
std::vector<Mistake> mistakes_in_volume_in_a_blob();
std::vector<Mistake> mistakes_in_memory_steps();

// A session of SPDK on a closed store with a blob "abc".
std::string with_spdk(std::string_view session, std::string_view step = "", std::string_view later = "");

std::string without_mark(const Mistake& mistake);

}  // namespace holdfast::sim
