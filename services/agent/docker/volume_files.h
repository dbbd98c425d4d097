// The files of Config volumes: one folder per volume below the agent's state directory, which the
// engine mounts. Beside each folder lies the hash of what it holds.
#pragma once

#include <map>
#include <string>

#include "schema/result.h"
#include "schema/types.h"

namespace cara::docker {

std::string volume_folder(const std::string& root, const std::string& volume);

// The folder holds just these files afterwards. Each is replaced as a whole: a container never
// reads half of one.
Result<Ok> write_files(const std::string& folder,
                       const std::map<std::string, schema::ConfigFile>& files);
void remove_files(const std::string& folder);
bool has_files(const std::string& folder);

// What the volume's owner calls its content; empty: not known.
Result<Ok> write_content(const std::string& folder, const std::string& content);
std::string read_content(const std::string& folder);

}  // namespace cara::docker
