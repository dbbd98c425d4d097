// BackupFile: a file that appears when it is complete, or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::cli {

class BackupFile {
 public:
  // kConflict: `path` is there and no file, or exists and `force` is not said.
  static Result<Ok> check(const std::string& path, bool force);
  // Opens `<path>.partial`, which only its owner may read.
  static Result<BackupFile> create(const std::string& path, bool force);
  ~BackupFile();  // without finish(), nothing is left
  BackupFile(BackupFile&& other) noexcept;
  BackupFile(const BackupFile&) = delete;
  BackupFile& operator=(const BackupFile&) = delete;
  BackupFile& operator=(BackupFile&&) = delete;

  Result<Ok> append(std::string_view bytes);
  // On the disk, and under its name.
  Result<Ok> finish();

 private:
  BackupFile(std::string path, bool force, int file)
      : path_(std::move(path)), force_(force), file_(file) {}
  Error failed() const;
  std::string draft() const { return path_ + ".partial"; }

  std::string path_;
  bool force_ = false;
  int file_ = -1;
};

}  // namespace cara::cli
