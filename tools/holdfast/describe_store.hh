// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "check/store_image.hh"

namespace holdfast::tools {

using Json = nlohmann::ordered_json;

std::string hex_id(BlobId id);
std::string hex_bytes(std::span<const std::byte> bytes);
Json list_store(const StoreImage& image);
Json describe_blob(const StoreImage& image, const BlobRecord& blob);
// Text that came from media, as JSON can carry it.
std::string to_text(const Json& json);

}  // namespace holdfast::tools
