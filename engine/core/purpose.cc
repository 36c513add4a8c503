// SPDX-License-Identifier: BSD-3-Clause
#include "holdfast/host/purpose.hh"

namespace holdfast {

const char* name_of(Barrier barrier) noexcept {
  switch (barrier) {
    case Barrier::none: return "none";
    case Barrier::S1: return "S1";
    case Barrier::S2: return "S2";
    case Barrier::S3: return "S3";
    case Barrier::S4: return "S4";
    case Barrier::S5: return "S5";
    case Barrier::S6: return "S6";
    case Barrier::S7: return "S7";
    case Barrier::B1: return "B1";
    case Barrier::B2: return "B2";
    case Barrier::B3: return "B3";
    case Barrier::B4: return "B4";
    case Barrier::D1: return "D1";
    case Barrier::R1: return "R1";
    case Barrier::V1: return "V1";
    case Barrier::V2: return "V2";
    case Barrier::V3: return "V3";
    case Barrier::V4: return "V4";
    case Barrier::V5: return "V5";
    case Barrier::V6: return "V6";
    case Barrier::V7: return "V7";
    case Barrier::V8: return "V8";
    case Barrier::C1: return "C1";
    case Barrier::C2: return "C2";
    case Barrier::C3: return "C3";
    case Barrier::R2: return "R2";
  }
  return "unknown";
}

const char* name_of(Step step) noexcept {
  switch (step) {
    case Step::none: return "none";
    case Step::read_super: return "read superblock";
    case Step::read_metadata: return "read metadata";
    case Step::read_mask: return "read mask";
    case Step::erase_super: return "erase superblock";
    case Step::wipe_metadata: return "wipe metadata";
    case Step::write_super: return "write superblock";
    case Step::write_mask: return "write mask";
    case Step::write_chain: return "write chain";
    case Step::write_root: return "write root";
    case Step::write_extent_page: return "write extent page";
    case Step::erase_root: return "erase root";
    case Step::erase_redo: return "erase redo";
    case Step::clear_clusters: return "clear clusters";
    case Step::discard_clusters: return "discard clusters";
    case Step::flush: return "flush";
    case Step::user_data: return "user data";
    case Step::write_map_path: return "write map path";
    case Step::mark_session: return "mark session";
    case Step::read_units: return "read units";
    case Step::write_units: return "write units";
    case Step::discard_units: return "discard units";
    case Step::persist: return "persist";
  }
  return "unknown";
}

}  // namespace holdfast
