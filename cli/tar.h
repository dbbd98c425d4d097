// Tar archives as streams, by libarchive; its headers are in tar.cpp only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::cli {

struct TarEntry {
  enum class Type { kFile, kFolder, kSymlink, kHardlink, kOther };
  std::string name;  // as it stands in the archive: nobody has checked it
  Type type = Type::kFile;
  std::string target = {};  // of a link
  std::int64_t size = 0;    // of a file
  unsigned mode = 0644;     // permissions
  std::int64_t mtime_s = 0;
  std::int64_t mtime_ns = 0;
};

class TarReader {
 public:
  // The next bytes of the archive; none: it has ended.
  using More = std::function<Result<std::string>()>;

  explicit TarReader(More more);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  // Nothing: there are no more.
  Result<std::optional<TarEntry>> next();
  // Of the file that came last; empty: all was read. Valid until the next call.
  Result<std::string_view> data();

 private:
  struct Handle;
  const std::unique_ptr<Handle> handle_;
};

class TarWriter {
 public:
  using Sink = std::function<Result<Ok>(std::string_view bytes)>;

  explicit TarWriter(Sink sink);
  ~TarWriter();  // an archive without finish() is cut off
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  Result<Ok> add(const TarEntry& entry);
  // Of the file that was added last; `size` bytes in all.
  Result<Ok> data(std::string_view bytes);
  Result<Ok> finish();

 private:
  struct Handle;
  const std::unique_ptr<Handle> handle_;
};

}  // namespace cara::cli
