// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/core.h>

#include <exception>

#include "commands.hh"

namespace holdfast::tools {

int report(const std::string& what, const Error& error, int exit_code) {
  fmt::print(stderr, "holdfast: {}: {}\n", what, describe(error));
  return exit_code;
}

namespace {

int main_of(int argc, char** argv) {
  CLI::App app{
      "Reads and writes blobstores and compressed volumes: SPDK's on-disk formats, on files and block "
      "devices"};
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 done; 1 something in the store or volume is damaged; 2 bad usage, or not a store or "
      "volume that can be used.");
  int exit_code = kExitOk;
  add_ls(app, exit_code);
  add_cat(app, exit_code);
  add_check(app, exit_code);
  add_dump(app, exit_code);
  add_format(app, exit_code);
  add_import(app, exit_code);
  add_export(app, exit_code);
  add_volume(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadInput;
  }
  return exit_code;
}

}  // namespace
}  // namespace holdfast::tools

int main(int argc, char** argv) {
  try {
    return holdfast::tools::main_of(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "holdfast: {}\n", error.what());
    return holdfast::tools::kExitBadInput;
  }
}
