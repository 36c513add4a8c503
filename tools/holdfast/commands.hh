// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "holdfast/error.hh"

namespace holdfast::tools {

inline constexpr int kExitOk = 0;
inline constexpr int kExitDamaged = 1;   // the store or volume is readable, and something in it is damaged
inline constexpr int kExitBadInput = 2;  // bad usage, or not a store or volume that can be used

// Each adds its subcommand, which sets `exit_code` when it has run.
void add_ls(CLI::App& app, int& exit_code);
void add_cat(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_dump(CLI::App& app, int& exit_code);
void add_format(CLI::App& app, int& exit_code);
void add_import(CLI::App& app, int& exit_code);
void add_export(CLI::App& app, int& exit_code);
void add_volume(CLI::App& app, int& exit_code);
// Below `volume`.
void add_volume_create(CLI::App& app, int& exit_code);
void add_volume_info(CLI::App& app, int& exit_code);
void add_volume_cat(CLI::App& app, int& exit_code);
void add_volume_import(CLI::App& app, int& exit_code);
void add_volume_export(CLI::App& app, int& exit_code);
void add_volume_destroy(CLI::App& app, int& exit_code);
void add_volume_maps(CLI::App& app, int& exit_code);

// Says on standard error what is wrong with `what`, and returns the exit code.
int report(const std::string& what, const Error& error, int exit_code = kExitBadInput);

}  // namespace holdfast::tools
