// SPDX-License-Identifier: BSD-3-Clause
#include "check/store_check.hh"

#include <fmt/core.h>

#include <cstdio>

#include "commands.hh"
#include "describe_store.hh"
#include "image_file.hh"

namespace holdfast::tools {
namespace {

struct Arguments {
  std::string image;
  bool json = false;
  bool even_if_open = false;
};

// "error: blob 0x100000003 at byte 28672: ..."
std::string line_of(const Finding& finding) {
  std::string where = name_of(finding.object);
  if (finding.object == ObjectKind::blob) {
    where += " " + hex_id(BlobId{finding.number});
  } else if (finding.object == ObjectKind::metadata_page || finding.object == ObjectKind::cluster) {
    where += fmt::format(" {}", finding.number);
  }
  if (finding.byte != Error::kNowhere) where += fmt::format(" at byte {}", finding.byte);
  return fmt::format("{}: {}: {}", name_of(finding.severity), where, finding.text);
}

void print_text(const CheckReport& report) {
  for (const Finding& finding : report.findings) fmt::print("{}\n", line_of(finding));
  fmt::print(
      "{}: {} blobs ({} damaged), {} metadata pages and {} clusters in use; errors {}, warnings {}, "
      "notes {}\n",
      report.clean ? "clean" : "dirty", report.blobs, report.damaged_blobs, report.used_pages,
      report.used_clusters, report.count(Severity::error), report.count(Severity::warning),
      report.count(Severity::note));
}

void print_json(const CheckReport& report, bool open_for_writing) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    const bool blob = finding.object == ObjectKind::blob;
    findings.push_back({{"severity", name_of(finding.severity)},
                        {"object", name_of(finding.object)},
                        {"number", blob ? Json(hex_id(BlobId{finding.number})) : Json(finding.number)},
                        {"byte", finding.byte == Error::kNowhere ? Json() : Json(finding.byte)},
                        {"text", finding.text}});
  }
  const Json json = {{"clean", report.clean},
                     {"open_for_writing", open_for_writing},
                     {"findings", findings},
                     {"blobs", report.blobs},
                     {"damaged_blobs", report.damaged_blobs},
                     {"used_pages", report.used_pages},
                     {"used_clusters", report.used_clusters},
                     {"errors", report.count(Severity::error)},
                     {"warnings", report.count(Severity::warning)},
                     {"notes", report.count(Severity::note)}};
  fmt::print("{}\n", to_text(json));
}

int run_check(const Arguments& arguments) {
  const auto file = ImageFile::open(arguments.image);
  if (!file) return report(arguments.image, file.error());
  const Result<> locked = (*file)->keep_writers_out();
  const bool open_for_writing = !locked && locked.error().code == Errc::busy;
  if (!locked && !(open_for_writing && arguments.even_if_open)) {
    return report(arguments.image, locked.error());
  }
  if (open_for_writing) {
    fmt::print(stderr,
               "holdfast: {}: a program has it open for writing; what is found may be its half-done work\n",
               arguments.image);
  }
  const auto checked = check_store(**file);
  if (!checked) return report(arguments.image, checked.error());
  if (arguments.json) {
    print_json(*checked, open_for_writing);
  } else {
    print_text(*checked);
  }
  const bool flawless = checked->count(Severity::error) == 0 && checked->count(Severity::warning) == 0;
  return flawless ? kExitOk : kExitDamaged;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("check", "Look for damage in a store that no program writes to");
  command->add_option("IMAGE", arguments->image, "A store's file or block device; it is only read")
      ->required();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->add_flag("--even-if-open", arguments->even_if_open,
                    "Check a store that a program has open for writing; its half-done work may look like "
                    "damage");
  command->footer(
      "Prints a line for each finding: an error where something is lost or belongs to two, a warning where "
      "space leaks or bytes are not as they should be, a note otherwise. The last line counts. Exit status: "
      "0 no errors and no warnings; 1 some; 2 bad usage, or not a store.");
  command->callback([arguments, &exit_code] { exit_code = run_check(*arguments); });
}

}  // namespace holdfast::tools
