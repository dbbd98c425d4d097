// Small files of HAProxy's folder, 0600: keys and certificates are among them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::haproxy {

// Empty: there is none, or it cannot be read.
std::string read_file(const std::string& path);
// What comes behind `offset`, at most `limit` bytes.
std::string read_from(const std::string& path, std::int64_t offset, std::size_t limit);
std::int64_t file_size(const std::string& path);
// Complete, or as before. Not for power cuts: what it holds is said again after one.
Result<Ok> write_file(const std::string& path, std::string_view text);
Result<Ok> make_folder(const std::string& path);
// Keeps a log that somebody else appends to below `limit`: what it has goes to `path.1`, of before
// is forgotten. What is appended at that moment may be lost.
void bound_log(const std::string& path, std::int64_t limit);

}  // namespace cara::haproxy
