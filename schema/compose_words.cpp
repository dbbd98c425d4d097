#include "schema/compose_words.h"

#include <algorithm>
#include <array>

namespace cara::schema {
namespace {

struct Words {
  std::string_view name;
  std::string_view text;
};

// The names that differ by more than their spelling; the table for people is in the README.
constexpr std::array kFields{
    Words{"build", "none: build and push the image, and name it in `image`"},
    Words{"cap_add", "`capabilities: {add: [NET_ADMIN]}`"},
    Words{"cap_drop", "`capabilities: {drop: [ALL]}`"},
    Words{"configs", "a volume with `type: Config`"},
    Words{"container_name", "none: containers are called PROJECT-SERVICE"},
    Words{"cpus", "`resources: {limits: {cpu: 500m}}`"},
    Words{"deploy", "`resources`; there is one container per service"},
    Words{"env_file", "`env: [{name: A, value: b}]`, written out"},
    Words{"environment", "`env: [{name: A, value: b}]`"},
    Words{"expose", "`ports: [{port: 80}]`, which a shared network does not need"},
    Words{"ipc", "`ipcMode`"},
    Words{"links", "none: services reach each other by their names"},
    Words{"mem_limit", "`resources: {limits: {memory: 256Mi}}`"},
    Words{"pid", "`pidMode`"},
    Words{"pids_limit", "`resources: {limits: {pids: 100}}`"},
    Words{"pull_policy", "`imagePullPolicy`"},
    Words{"read_only", "`readOnlyRootFilesystem: true`"},
    Words{"restart", "`restartPolicy: Always`"},
    Words{"scale", "none: there is one container per service"},
    Words{"secrets", "a volume with `type: Config`"},
    Words{"stdin_open", "`stdin: true`"},
    Words{"volumes",
          "`volumeMounts: [{name: data, mountPath: /data}]`, and the volume in "
          "`spec.volumes`"},
};

constexpr std::array kEntries{
    Words{"dependsOn", "{service: db, condition: Healthy}"},
    Words{"env", "{name: A, value: b}"},
    Words{"ingress", "{name: web, host: shop, target: {service: web, port: 80}}"},
    Words{"networks", "{name: back}"},
    Words{"ports", "{port: 80, hostPort: 8080}"},
    Words{"services", "{name: web, image: \"nginx:1\"}"},
    Words{"tmpfs", "{mountPath: /tmp}"},
    Words{"ulimits", "{name: nofile, soft: 1024, hard: 2048}"},
    Words{"volumeMounts", "{name: data, mountPath: /data}"},
    Words{"volumes", "{name: data, type: Persistent}"},
};

template <class Table>
std::string_view look_up(const Table& table, std::string_view name) {
  const auto* found = std::find_if(table.begin(), table.end(),
                                   [&](const Words& words) { return words.name == name; });
  return found == table.end() ? std::string_view() : found->text;
}

// `ports` of `spec.services[0].ports[1]`.
std::string_view list_of(std::string_view path) {
  if (path.ends_with(']')) path = path.substr(0, path.rfind('['));
  return path.substr(path.rfind('.') + 1);
}

}  // namespace

std::string_view stands_for(std::string_view path, std::string_view compose_field) {
  const bool is_service = path.ends_with(']') && list_of(path) == "services";
  return is_service ? look_up(kFields, compose_field) : "";
}

std::string_view example_entry(std::string_view path) { return look_up(kEntries, list_of(path)); }

std::string in_camel_case(std::string_view name) {
  std::string camel;
  bool upper = false;
  for (const char c : name) {
    if (c != '_') camel += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_' && !camel.empty();
  }
  return camel;
}

}  // namespace cara::schema
