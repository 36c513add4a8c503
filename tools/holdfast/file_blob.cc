// SPDX-License-Identifier: BSD-3-Clause
#include "file_blob.hh"

#include <cstring>

#include "core/little_endian.hh"

namespace holdfast::tools {

FileBlob describe_file(const Blob& blob) {
  FileBlob file;
  const auto name = blob.xattr(kNameXattr);
  const auto length = blob.xattr(kLengthXattr);
  Le64 bytes;
  if (!name || !length || length->size() != sizeof(bytes)) return file;
  std::memcpy(&bytes, length->data(), sizeof(bytes));
  file.name.assign(reinterpret_cast<const char*>(name->data()), name->size());
  file.length = bytes;
  file.complete = blob.xattr(kCompleteXattr).has_value();
  return file;
}

std::map<std::string, BlobId> names_in(Blobstore& store) {
  std::map<std::string, BlobId> names;
  for (const BlobId id : store.blob_ids()) {
    const auto blob = store.open_blob(id);
    if (!blob) continue;
    const FileBlob file = describe_file(**blob);
    if (!file.name.empty()) names.emplace(file.name, id);
  }
  return names;
}

}  // namespace holdfast::tools
