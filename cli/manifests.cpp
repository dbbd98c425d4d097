#include "cli/manifests.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "schema/codec.h"
#include "schema/formats.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileName = 1024;
constexpr std::size_t kMaxComplaint = 1024;

// As the user wrote it, fit for a terminal.
std::string shown(const std::string& file) {
  return file == "-" ? "<stdin>" : schema::printable(file, kMaxFileName);
}

std::string at_line(const std::string& file, int line, const std::string& what) {
  return shown(file) + ":" + std::to_string(line) + ": " + schema::printable(what, kMaxComplaint);
}

std::string at_path(const Manifest& manifest, const FieldError& error) {
  const std::string what = error.path.empty() ? error.message : error.path + ": " + error.message;
  return at_line(manifest.file, manifest.document.line_of(error.path), what);
}

// One byte more than the reader of YAML takes: it refuses the rest, naming its limit.
Result<std::string> read_stream(std::istream& in) {
  const std::size_t most = host::YamlLimits{}.bytes + 1;
  std::string text(most, '\0');
  in.read(text.data(), static_cast<std::streamsize>(most));
  if (in.bad()) return internal("cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

Result<std::string> read_file(const std::string& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return invalid("is a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return invalid(std::strerror(errno));
  return read_stream(file);
}

std::vector<std::string> files_in(const std::string& folder, Complaints& complaints) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string extension = it->path().extension().string();
    std::error_code unknown;
    if (it->is_directory(unknown)) continue;
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") {
      files.push_back(it->path().string());
    }
  }
  std::sort(files.begin(), files.end());
  if (failed) {
    complaints.push_back(shown(folder) + ": " + failed.message());
  } else if (files.empty()) {
    complaints.push_back(shown(folder) + ": no *.yaml, *.yml or *.json in this folder");
  }
  return files;
}

// `line 3: what` of the YAML reader as `file:3: what`.
std::string place(const std::string& file, const std::string& message) {
  const std::size_t colon = message.find(": ");
  if (!message.starts_with("line ") || colon == std::string::npos) {
    return shown(file) + ": " + schema::printable(message, kMaxComplaint);
  }
  return shown(file) + ":" + message.substr(5, colon - 5) + ": " +
         schema::printable(message.substr(colon + 2), kMaxComplaint);
}

void load_one(const std::string& file, std::istream& in, std::vector<Manifest>& manifests,
              Complaints& complaints) {
  const Result<std::string> text = file == "-" ? read_stream(in) : read_file(file);
  if (!text) {
    complaints.push_back(shown(file) + ": " + text.error().message);
    return;
  }
  Result<std::vector<host::YamlDocument>> documents = host::read_yaml(*text);
  if (!documents) {
    complaints.push_back(place(file, documents.error().message));
    return;
  }
  if (documents->empty()) complaints.push_back(shown(file) + ": no manifest in it");
  for (host::YamlDocument& document : *documents) {
    manifests.push_back({file, std::move(document), {}});
  }
}

void check_size(const Manifest& manifest, Complaints& complaints) {
  const std::size_t bytes = schema::pack(schema::to_manifest(manifest.project)).size();
  if (bytes <= schema::kMaxManifestBytes) return;
  complaints.push_back(at_line(manifest.file, manifest.document.line,
                               "the manifest has " + std::to_string(bytes) + " bytes; at most " +
                                   std::to_string(schema::kMaxManifestBytes) + " are allowed"));
}

std::string text_at(const Value& value, std::string_view key) {
  const Value* member = value.find(key);
  if (member == nullptr) return "";
  if (const auto* plain = std::get_if<Plain>(&member->data())) return plain->text;
  return member->as_string() == nullptr ? "" : *member->as_string();
}

bool is_about_name(const FieldError& error) {
  return error.path.empty() || error.path == "apiVersion" || error.path == "kind" ||
         error.path == "metadata" || error.path == "metadata.name";
}

}  // namespace

std::vector<Manifest> load_manifests(const std::vector<std::string>& sources, std::istream& in,
                                     Complaints& complaints) {
  std::vector<Manifest> manifests;
  for (const std::string& source : sources) {
    std::error_code unknown;
    if (source != "-" && fs::is_directory(source, unknown)) {
      for (const std::string& file : files_in(source, complaints)) {
        load_one(file, in, manifests, complaints);
      }
    } else {
      load_one(source, in, manifests, complaints);
    }
  }
  return manifests;
}

void check_manifests(std::vector<Manifest>& manifests, Complaints& complaints) {
  std::map<std::string, const Manifest*> seen;
  for (Manifest& manifest : manifests) {
    Result<schema::Project> project = schema::read_manifest(manifest.document.value);
    if (!project) {
      for (std::string& line : complain(manifest, project.error())) {
        complaints.push_back(std::move(line));
      }
      continue;
    }
    manifest.project = std::move(*project);
    check_size(manifest, complaints);
    const auto [first, is_new] = seen.emplace(manifest.project.metadata.name, &manifest);
    if (is_new) continue;
    const Manifest& before = *first->second;
    complaints.push_back(at_path(
        manifest, {"metadata.name", "project `" + manifest.project.metadata.name +
                                        "` is given before, in " + shown(before.file) + ":" +
                                        std::to_string(before.document.line_of("metadata.name"))}));
  }
}

void check_names(std::vector<Manifest>& manifests, Complaints& complaints) {
  for (Manifest& manifest : manifests) {
    const Result<schema::Project> project = schema::read_manifest(manifest.document.value);
    if (project) {
      manifest.project = *project;
      continue;
    }
    if (project.error().fields.empty()) complaints = complain(manifest, project.error());
    for (const FieldError& error : project.error().fields) {
      if (is_about_name(error)) complaints.push_back(at_path(manifest, error));
    }
    const Value* metadata = manifest.document.value.find("metadata");
    if (metadata != nullptr) manifest.project.metadata.name = text_at(*metadata, "name");
  }
}

Complaints complain(const Manifest& manifest, const Error& error) {
  if (error.fields.empty()) return {at_path(manifest, {"", error.message})};
  std::vector<FieldError> fields = error.fields;
  // As a reader of the file meets them.
  std::stable_sort(fields.begin(), fields.end(), [&](const FieldError& a, const FieldError& b) {
    return manifest.document.line_of(a.path) < manifest.document.line_of(b.path);
  });
  Complaints lines;
  for (const FieldError& field : fields) lines.push_back(at_path(manifest, field));
  return lines;
}

}  // namespace cara::cli
