// The file that an editor is opened with: comments for the user, and the text. Only its owner can
// read it; it goes with the object unless it is to be kept.
#pragma once

#include <string>
#include <vector>

#include "schema/result.h"

namespace cara::cli {

class EditFile {
 public:
  static Result<EditFile> create(const std::string& name);
  ~EditFile();
  EditFile(EditFile&& other) noexcept;
  EditFile& operator=(EditFile&&) = delete;
  EditFile(const EditFile&) = delete;

  const std::string& path() const { return path_; }
  void keep() { path_is_kept_ = true; }

  // Lines of the file before the text.
  static std::size_t lines_above(const std::vector<std::string>& complaints);
  // `complaints`: lines about the text, told as comments.
  Result<Ok> write(const std::string& name, const std::vector<std::string>& complaints,
                   const std::string& text) const;
  // Runs the editor, a command of the shell, until it ends.
  Result<Ok> edit(const std::string& editor) const;
  // What it holds, without the comments at its beginning.
  Result<std::string> read() const;

 private:
  explicit EditFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
  bool path_is_kept_ = false;
};

}  // namespace cara::cli
