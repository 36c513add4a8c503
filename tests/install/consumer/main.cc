// SPDX-License-Identifier: BSD-3-Clause
// Uses a public header, and a symbol that only the installed archive has.
#include <cstdio>

#include <holdfast/error.hh>
#include <holdfast/task.hh>

int main() {
  const holdfast::Error error{.code = holdfast::Errc::not_found, .reason = "no such blob"};
  std::puts(holdfast::describe(error).c_str());
  return holdfast::frame_pool_use().live == 0 ? 0 : 1;
}
