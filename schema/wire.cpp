#include "schema/wire.h"

#include "schema/codec.h"
#include "schema/defaults.h"
#include "schema/describe_history.h"
#include "schema/describe_messages.h"
#include "schema/describe_streams.h"
#include "schema/encode.h"
#include "schema/validate.h"

namespace cara::schema {
namespace {

template <class T>
Result<T> decode_from(const Result<Value>& value) {
  if (!value) return value.error();
  return decode<T>(*value, Mode::kMessage);
}

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

template <class T>
std::string pack_message(const T& message) {
  return pack(encode(message));
}

template <class T>
Result<T> unpack_message(std::string_view bytes) {
  return decode_from<T>(unpack(bytes));
}

template <class T>
Result<T> unpack_reply(std::string_view bytes) {
  return decode_from<T>(open_reply(bytes));
}

#define CARA_MESSAGE(T)                                   \
  template std::string pack_message<T>(const T&);         \
  template Result<T> unpack_message<T>(std::string_view); \
  template Result<T> unpack_reply<T>(std::string_view);
CARA_MESSAGE(Project)
CARA_MESSAGE(Node)
CARA_MESSAGE(ApplyRequest)
CARA_MESSAGE(ApplyReply)
CARA_MESSAGE(GetRequest)
CARA_MESSAGE(ProjectReply)
CARA_MESSAGE(NodeReply)
CARA_MESSAGE(ListRequest)
CARA_MESSAGE(ProjectListReply)
CARA_MESSAGE(NodeListReply)
CARA_MESSAGE(DeleteRequest)
CARA_MESSAGE(DeleteReply)
CARA_MESSAGE(BindRequest)
CARA_MESSAGE(RevisionReply)
CARA_MESSAGE(UnschedulableRequest)
CARA_MESSAGE(MoveRequest)
CARA_MESSAGE(MoveReply)
CARA_MESSAGE(GcRequest)
CARA_MESSAGE(StatusRequest)
CARA_MESSAGE(RegisterRequest)
CARA_MESSAGE(RegisterReply)
CARA_MESSAGE(Heartbeat)
CARA_MESSAGE(HeartbeatReply)
CARA_MESSAGE(NodeChangeRequest)
CARA_MESSAGE(NodeChangeReply)
CARA_MESSAGE(DesiredRequest)
CARA_MESSAGE(DesiredProject)
CARA_MESSAGE(DesiredReply)
CARA_MESSAGE(RoutesRequest)
CARA_MESSAGE(RoutesReply)
CARA_MESSAGE(ProjectRoutes)
CARA_MESSAGE(NodeRoute)
CARA_MESSAGE(ChangesRequest)
CARA_MESSAGE(ChangesReply)
CARA_MESSAGE(Wake)
CARA_MESSAGE(ChangeEvent)
CARA_MESSAGE(Alive)
CARA_MESSAGE(ServerInfo)
CARA_MESSAGE(AllowMovesRequest)
CARA_MESSAGE(AllowMovesReply)
CARA_MESSAGE(ProjectSpec)
CARA_MESSAGE(HistoryRequest)
CARA_MESSAGE(HistoryReply)
CARA_MESSAGE(UndoRequest)
CARA_MESSAGE(UndoReply)
CARA_MESSAGE(EventListRequest)
CARA_MESSAGE(EventListReply)
CARA_MESSAGE(EventReportRequest)
CARA_MESSAGE(EventReportReply)
CARA_MESSAGE(ProjectChangeRequest)
CARA_MESSAGE(ProjectChangeReply)
CARA_MESSAGE(StreamRequest)
CARA_MESSAGE(StreamReply)
CARA_MESSAGE(StreamOpen)
CARA_MESSAGE(StreamFrame)
CARA_MESSAGE(NodeUsage)
CARA_MESSAGE(BackupBeginRequest)
CARA_MESSAGE(BackupBeginReply)
CARA_MESSAGE(BackupReadRequest)
CARA_MESSAGE(BackupReadReply)
CARA_MESSAGE(BackupEndRequest)
CARA_MESSAGE(BackupEndReply)
#undef CARA_MESSAGE

Value to_value(const Project& project) { return encode(project); }
Value to_value(const Node& node) { return encode(node); }
Value to_value(const ProjectSpec& spec) { return encode(spec); }
Value to_value(const RevisionInfo& revision) { return encode(revision); }
Value to_value(const Event& event) { return encode(event); }
Value to_value(const NodeInfo& info) { return encode(info); }
Value to_value(const ServerInfo& info) { return encode(info); }
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
