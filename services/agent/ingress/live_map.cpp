#include "services/agent/ingress/live_map.h"

#include <utility>
#include <vector>

#include "schema/formats.h"
#include "services/agent/ingress/files.h"

namespace cara::haproxy {

LiveMap::LiveMap(const std::string& folder, std::string file)
    : path_(folder + "/" + file), file_(std::move(file)), wanted_(parse_file(read_file(path_))) {}

void LiveMap::want(RouteMap map) {
  if (map == wanted_ && file_is_current_) return;
  wanted_ = std::move(map);
  file_is_current_ = write_file(path_, file_text(wanted_)).ok();
}

Result<Ok> LiveMap::adopt(const AdminSocket& admin) {
  if (auto done = read(admin); !done) return done.error();
  want(*held_);
  return Ok{};
}

Result<Ok> LiveMap::read(const AdminSocket& admin) {
  const auto shown = admin.ask("show map " + file_ + "\n");
  if (!shown) return shown.error();
  held_ = parse_shown(*shown);
  return Ok{};
}

Result<Ok> LiveMap::apply(const AdminSocket& admin) {
  if (!held_) {
    if (auto done = read(admin); !done) return done.error();
  }
  if (*held_ == wanted_) return Ok{};
  const std::vector<std::string> commands = changes(*held_, wanted_, file_);
  // Until HAProxy has said so, nobody knows what it has.
  held_.reset();
  bool refused = commands.size() > kFewChanges;
  if (!refused) {
    for (const std::string& line : to_lines(commands)) {
      const auto done = admin.tell(line);
      if (!done && done.error().code != Code::kInternal) return done.error();
      refused = refused || !done;
    }
  }
  if (refused) {
    if (auto done = replace(admin); !done) return done.error();
  }
  held_ = wanted_;
  return Ok{};
}

Result<Ok> LiveMap::replace(const AdminSocket& admin) {
  const auto prepared = admin.ask("prepare map " + file_ + "\n");
  if (!prepared) return prepared.error();
  constexpr std::string_view kVersion = "New version created: ";  // 3
  if (!prepared->starts_with(kVersion)) {
    return internal("HAProxy says: " + schema::printable(*prepared, 300));
  }
  std::string version = prepared->substr(kVersion.size());
  version.resize(version.find_first_not_of("0123456789"));
  for (const std::string& command : filling(wanted_, version, file_)) {
    if (auto done = admin.tell(command); !done) return done.error();
  }
  return admin.tell("commit map @" + version + " " + file_ + "\n");
}

}  // namespace cara::haproxy
