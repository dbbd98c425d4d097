// Files and folders of this machine to tar archives and back. What is unpacked stays below its
// target, whatever an archive says: no name leaves it, and no link is walked through.
#pragma once

#include <string>
#include <vector>

#include "cli/tar.h"

namespace cara::cli {

// `path` and all below it, called `name` in the archive; its contents alone if `name` is empty.
// Sockets, pipes and devices are left out and named in `skipped`. Their owner becomes root.
Result<Ok> pack(TarWriter& writer, const std::string& path, const std::string& name,
                std::vector<std::string>& skipped);

// Where an archive of one file or folder goes.
struct UnpackTarget {
  std::string folder;  // there is one
  std::string name;    // of what is in the archive; empty: its contents go into the folder
};
// The rules of `cp`: `local` is where it shall go, `base` what it is called, `contents` that it
// is named `SOURCE/.`.
Result<UnpackTarget> unpack_target(const std::string& local, const std::string& base,
                                   bool is_folder, bool contents);

// `first` has been read, the others have not. Each file gets its name when it is complete.
Result<Ok> unpack(TarReader& reader, TarEntry first, const UnpackTarget& target,
                  std::vector<std::string>& skipped);

// The names of a path in an archive, without `.`. kInvalid: it is absolute or has a `..`.
Result<std::vector<std::string>> parts_of(const std::string& name);

}  // namespace cara::cli
