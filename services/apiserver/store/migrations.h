// The steps from an empty file to today's tables: number i + 1 makes `PRAGMA user_version` i + 1.
// Embedded from migrations/*.sql at build time. A released step is never changed, only followed.
#pragma once

#include <span>
#include <string_view>

namespace cara::apiserver {

std::span<const std::string_view> migrations();

}  // namespace cara::apiserver
