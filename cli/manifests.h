// Manifest files: from what `-f` names to projects, with every error at its file and line.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "schema/result.h"
#include "schema/types.h"
#include "services/runtime/host/yaml.h"

namespace cara::cli {

// One document of one file.
struct Manifest {
  std::string file;
  host::YamlDocument document;
  schema::Project project;  // what it says, once it was read without errors
};

// Lines for standard error, `file:line: path: what is wrong`; none: all is well.
using Complaints = std::vector<std::string>;

// Every document of every source: a file, `-` for `in`, or a folder, whose *.yaml, *.yml and *.json
// are read in order of their names. A file that cannot be read is a complaint.
std::vector<Manifest> load_manifests(const std::vector<std::string>& sources, std::istream& in,
                                     Complaints& complaints);

// Reads the projects; complains about all that is wrong in any of them, and about names given
// twice.
void check_manifests(std::vector<Manifest>& manifests, Complaints& complaints);

// Only as far as `delete -f` needs it: kind and name.
void check_names(std::vector<Manifest>& manifests, Complaints& complaints);

// The server's complaints about a manifest.
Complaints complain(const Manifest& manifest, const Error& error);

}  // namespace cara::cli
