// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/simdisk/crash_set.hh"
#include "holdfast/simdisk/memory_folder.hh"

namespace holdfast::simdisk {

// The names of a folder as the program sees them, and what was done to them and is not durable for certain:
// any subset of it, in order, may have reached media.
class MemoryDirectory {
 public:
  explicit MemoryDirectory(MemoryFolder& folder);

  const Directory& names() const noexcept { return names_; }
  void create(std::string_view name, FileNumber file, EventNumber event);
  void rename(std::string_view from, std::string_view to, EventNumber event);
  void remove(std::string_view name, EventNumber event);
  // What was done up to this event is durable.
  void sync(EventNumber covers);
  // A name may lead to this file after a power cut.
  bool may_lead_to(FileNumber file) const noexcept;
  void add_to(CrashSet& set) const;

 private:
  // One file loses its name, gets one, or both.
  struct Operation {
    EventNumber event = 0;
    FileNumber file = 0;
    std::string from;  // empty: it had none
    std::string to;    // empty: it gets none
  };
  struct Outcome {
    Directory names;
    EventNumber event = 0;  // the newest operation in it
  };

  static void apply(const Operation& operation, Directory& names);
  void perform(Operation operation);
  void add_outcomes_with(const Operation& operation);

  MemoryFolder& folder_;
  Directory names_;
  std::vector<Operation> undecided_;
  std::vector<Outcome> outcomes_;  // of a power cut; the first is what is durable
  bool complete_ = true;           // false: there are more outcomes
};

}  // namespace holdfast::simdisk
