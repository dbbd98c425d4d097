// Projects and nodes, whose fields this file alone compiles, and manifests. The messages are in
// wire_messages.cpp and wire_history.cpp.
#include "schema/wire.h"

#include "schema/defaults.h"
#include "schema/validate.h"
#include "schema/wire_parts.h"

namespace cara::schema {
namespace {

// What stops a manifest before its fields can be read.
std::vector<FieldError> check_header(const Value& manifest) {
  DecodeContext context(Mode::kManifest);
  const auto check = [&](const std::string& key, const std::string& wanted) {
    const Value* value = manifest.find(key);
    std::string text;
    if (value == nullptr || value->is_null()) return context.fail(key, "is required: " + wanted);
    const auto before = context.errors().size();
    decode_scalar(context, key, *value, text);
    if (context.errors().size() == before && text != wanted) {
      context.fail(key, "`" + printable(text) + "` is not supported; use " + wanted);
    }
  };
  check("apiVersion", kApiVersion);
  check("kind", "Project");
  return context.take_errors();
}

Error manifest_error(std::vector<FieldError> errors) {
  const std::string path = errors.front().path;
  std::string message =
      (path.empty() ? std::string("the manifest") : path) + " " + errors.front().message;
  if (errors.size() > 1) message += " (and " + std::to_string(errors.size() - 1) + " more)";
  return invalid(std::move(message), std::move(errors));
}

}  // namespace

template Value encode_value(const Project&, Fields);
template Value encode_value(const ProjectSpec&, Fields);
template Value encode_value(const Node&, Fields);
template Value encode_value(const NodeInfo&, Fields);
template void decode_value(DecodeContext&, Path, const Value&, Project&, const Rules&);
template void decode_value(DecodeContext&, Path, const Value&, ProjectSpec&, const Rules&);
template void decode_value(DecodeContext&, Path, const Value&, Node&, const Rules&);
template void decode_value(DecodeContext&, Path, const Value&, NodeInfo&, const Rules&);

CARA_MESSAGE(Project)
CARA_MESSAGE(Node)
CARA_MESSAGE(ProjectSpec)

Value to_value(const Project& project) { return encode(project); }
Value to_value(const Node& node) { return encode(node); }
Value to_value(const ProjectSpec& spec) { return encode(spec); }
Value to_value(const NodeInfo& info) { return encode(info); }
Value changed_fields(const ProjectSpec& spec) { return encode(spec, Fields::kChanged); }
Value changed_fields(const ServiceDef& service) { return encode(service, Fields::kChanged); }
Value changed_fields(const VolumeDef& volume) { return encode(volume, Fields::kChanged); }
Value changed_fields(const NetworkDef& network) { return encode(network, Fields::kChanged); }

Result<Project> read_manifest(const Value& manifest) {
  if (manifest.as_map() == nullptr) {
    return invalid("a manifest is a map with apiVersion, kind, metadata and spec, not " +
                   std::string(kind_of(manifest)));
  }
  // Another kind has other fields: its header is the only thing to say about it.
  if (std::vector<FieldError> errors = check_header(manifest); !errors.empty()) {
    return manifest_error(std::move(errors));
  }
  DecodeContext context(Mode::kManifest);
  Project project;
  decode_value(context, "", manifest, project, Rules{});
  std::vector<FieldError> errors = context.take_errors();
  fill_defaults(project.spec);
  for (FieldError& error : validate(project.spec)) errors.push_back(std::move(error));
  if (!errors.empty()) return manifest_error(std::move(errors));
  return project;
}

Value to_manifest(const Project& project) {
  Map metadata{{"name", Value(project.metadata.name)}};
  if (!project.metadata.labels.empty()) {
    metadata.push_back({"labels", encode(project.metadata.labels)});
  }
  if (!project.metadata.annotations.empty()) {
    metadata.push_back({"annotations", encode(project.metadata.annotations)});
  }
  if (project.metadata.revision != 0) {
    metadata.push_back({"revision", Value(project.metadata.revision)});
  }
  return Map{{"apiVersion", Value(kApiVersion)},
             {"kind", Value("Project")},
             {"metadata", Value(std::move(metadata))},
             {"spec", encode(project.spec)}};
}

}  // namespace cara::schema
