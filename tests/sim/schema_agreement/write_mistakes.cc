// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <fstream>

#include "sim/scenario/mistakes.hh"

namespace {

using namespace holdfast::sim;

void write(const std::filesystem::path& folder, const std::string& group,
           const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    std::ofstream file(folder / (group + "." + mistake.name + ".json"), std::ios::binary);
    file << without_mark(mistake);
  }
}

}  // namespace

// write_mistakes FOLDER: makes a file of each mistake that the parser's tests know.
int main(int count, char** words) {
  if (count != 2) return 2;
  write(words[1], "Document", mistakes_in_document());
  write(words[1], "Device", mistakes_in_device());
  write(words[1], "Store", mistakes_in_store());
  write(words[1], "Crash", mistakes_in_crash());
  write(words[1], "Disks", mistakes_in_disks());
  write(words[1], "Faults", mistakes_in_faults());
  write(words[1], "Steps", mistakes_in_steps());
  write(words[1], "Parallel", mistakes_in_parallel());
  write(words[1], "Story", mistakes_in_story());
  write(words[1], "After", mistakes_after_a_cut());
  write(words[1], "Spdk", mistakes_in_spdk());
  write(words[1], "Volume", mistakes_in_volume());
  write(words[1], "VolumeSteps", mistakes_in_volume_steps());
  write(words[1], "VolumeInABlob", mistakes_in_volume_in_a_blob());
  write(words[1], "MemorySteps", mistakes_in_memory_steps());
  return 0;
}
