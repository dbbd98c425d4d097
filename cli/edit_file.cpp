#include "cli/edit_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr const char* kSuffix = ".yaml";

// For the shell, whatever is in it.
std::string quoted(const std::string& path) {
  std::string out = "'";
  for (const char c : path) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Error failed(const std::string& what) { return internal(what + ": " + std::strerror(errno)); }

std::string comments_above(const std::string& name, const std::vector<std::string>& complaints) {
  std::string text =
      "# Change project/" + name +
      " below; it is applied when the editor ends. Lines at the beginning that start\n"
      "# with # are left out; a file without changes, or an empty one, changes nothing.\n#\n";
  for (const std::string& line : complaints) {
    std::istringstream parts(line);
    for (std::string part; std::getline(parts, part);) text += "# " + part + "\n";
  }
  return text + (complaints.empty() ? "" : "#\n");
}

}  // namespace

Result<EditFile> EditFile::create(const std::string& name) {
  std::error_code unknown;
  std::filesystem::path folder = std::filesystem::temp_directory_path(unknown);
  if (unknown) folder = "/tmp";
  std::string path = (folder / ("caractrl-" + name + "-XXXXXX" + kSuffix)).string();
  const int fd = mkstemps(path.data(), static_cast<int>(std::strlen(kSuffix)));
  if (fd < 0) return failed("no file to edit can be made in " + folder.string());
  close(fd);
  return EditFile(std::move(path));
}

EditFile::EditFile(EditFile&& other) noexcept
    : path_(std::exchange(other.path_, "")), path_is_kept_(other.path_is_kept_) {}

EditFile::~EditFile() {
  if (!path_.empty() && !path_is_kept_) unlink(path_.c_str());
}

std::size_t EditFile::lines_above(const std::vector<std::string>& complaints) {
  const std::string comments = comments_above("", complaints);
  return static_cast<std::size_t>(std::count(comments.begin(), comments.end(), '\n'));
}

Result<Ok> EditFile::write(const std::string& name, const std::vector<std::string>& complaints,
                           const std::string& text) const {
  std::ofstream file(path_, std::ios::binary | std::ios::trunc);
  file << comments_above(name, complaints) << text << std::flush;
  return file ? Result<Ok>(Ok{}) : failed(path_ + " cannot be written");
}

Result<Ok> EditFile::edit(const std::string& editor) const {
  // Ctrl-C is the editor's while it runs.
  const int status = std::system((editor + " " + quoted(path_)).c_str());
  if (status < 0) return failed("the editor cannot be started");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Ok{};
  const std::string how = WIFEXITED(status)
                              ? "ended with exit code " + std::to_string(WEXITSTATUS(status))
                              : "was killed by signal " + std::to_string(WTERMSIG(status));
  return conflict("the editor `" + schema::printable(editor) + "` " + how +
                  "; set EDITOR to another one");
}

Result<std::string> EditFile::read() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return failed(path_ + " cannot be read");
  std::string text;
  bool begun = false;
  for (std::string line; std::getline(file, line);) {
    begun = begun || !line.starts_with('#');
    if (begun) text += line + "\n";
  }
  return text;
}

}  // namespace cara::cli
