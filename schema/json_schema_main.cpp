// Writes the JSON Schemas of the manifests into a folder: `cara_json_schema schema/json`.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "schema/json_schema.h"

namespace {

nlohmann::ordered_json to_json(const cara::Value& value) {
  return std::visit(
      [](const auto& data) -> nlohmann::ordered_json {
        using T = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<T, cara::Map>) {
          auto object = nlohmann::ordered_json::object();
          for (const cara::Member& member : data) object[member.key] = to_json(member.value);
          return object;
        } else if constexpr (std::is_same_v<T, cara::Array>) {
          auto list = nlohmann::ordered_json::array();
          for (const cara::Value& entry : data) list.push_back(to_json(entry));
          return list;
        } else if constexpr (std::is_same_v<T, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, cara::Plain>) {
          return data.text;
        } else if constexpr (std::is_same_v<T, cara::Bytes>) {
          return cara::to_base64(data.data);
        } else {
          return data;
        }
      },
      value.data());
}

bool write(const std::string& path, const cara::Value& schema) {
  std::ofstream file(path);
  file << to_json(schema).dump(2) << "\n";
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: cara_json_schema FOLDER\n";
    return 2;
  }
  const std::string folder = argv[1];
  const bool ok = write(folder + "/project.schema.json", cara::schema::project_json_schema()) &&
                  write(folder + "/node.schema.json", cara::schema::node_json_schema());
  if (!ok) std::cerr << "cannot write into " << folder << "\n";
  return ok ? 0 : 1;
}
