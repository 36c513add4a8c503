// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace holdfast {

namespace fs = std::filesystem;

struct Output {
  int exit_code = -1;
  std::string text;  // standard output and standard error
};

class HoldfastTool : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(HOLDFAST_WORK_DIR) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Output run(const std::string& arguments) const {
    Output output;
    std::FILE* pipe = popen((std::string(HOLDFAST_TOOL) + " " + arguments + " 2>&1").c_str(), "r");
    std::array<char, 4096> buffer;
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
      output.text.append(buffer.data(), count);
    }
    const int status = pclose(pipe);
    output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return output;
  }

  void write_file(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  std::string read_file(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void make_store(const std::string& name) const {
    ASSERT_EQ(run("format " + path(name) + " --size 16MiB --cluster-size 64KiB").exit_code, 0);
  }

 private:
  fs::path folder_;
};

// Enough to tell one place in a file from another.
inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 12345;
  for (char& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

inline void expect_refusal(const Output& output) {
  EXPECT_EQ(output.exit_code, 2) << output.text;
  EXPECT_NE(output.text.find("holdfast: "), std::string::npos) << output.text;
}

}  // namespace holdfast
