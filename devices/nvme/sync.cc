// SPDX-License-Identifier: BSD-3-Clause
#include "sync.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "ring.hh"

namespace holdfast::nvme {
namespace {

class SyncOperation;
struct SyncWait;
std::string folder_of(const std::string& path);

}  // namespace

Result<> sync_new_file(const FileDescriptor& file, const std::string& path) noexcept {
  if (::fsync(file.number()) != 0) return error_of_errno(errno, "the new file cannot be made durable");
  const FileDescriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.number()) != 0) {
    return error_of_errno(errno, "the folder of the new file cannot be made durable");
  }
  return {};
}

namespace {

// The task's half: it waits in the task's frame, and may go before the kernel has answered.
struct SyncWait {
  explicit SyncWait(SyncOperation& started) noexcept;
  SyncWait(const SyncWait&) = delete;
  SyncWait& operator=(const SyncWait&) = delete;
  ~SyncWait();

  Arrival<int> os_error;
  SyncOperation* operation;
};

// The kernel's half: it lives until the kernel has answered, however early the task is abandoned.
class SyncOperation final : public Operation {
 public:
  SyncOperation(Ring& ring, int file) noexcept : ring_(ring), file_(file) {}

  void prepare(io_uring_sqe& entry) noexcept override { io_uring_prep_fsync(&entry, file_, 0); }
  void answered(int32_t result) noexcept override {
    if (result == -EINTR) return ring_.start(*this);
    SyncWait* wait = std::exchange(waited_for_by, nullptr);
    delete this;
    if (wait == nullptr) return;
    wait->operation = nullptr;
    wait->os_error.set(-result);
  }

  SyncWait* waited_for_by = nullptr;

 private:
  Ring& ring_;
  const int file_;
};

SyncWait::SyncWait(SyncOperation& started) noexcept : operation(&started) { started.waited_for_by = this; }
SyncWait::~SyncWait() {
  if (operation != nullptr) operation->waited_for_by = nullptr;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, slash + 1);
}

}  // namespace

Task<> sync_folder(Loop& loop, const FileDescriptor& folder) {
  auto* operation = new SyncOperation(loop.ring(), folder.number());
  SyncWait wait(*operation);
  loop.ring().start(*operation);
  const int os_error = co_await wait.os_error;
  if (os_error != 0)
    co_return error_of_errno(os_error,
                             "the names of a folder cannot be made durable; which it has is unknown");
  co_return {};
}

}  // namespace holdfast::nvme
