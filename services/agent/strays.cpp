#include "services/agent/strays.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "schema/formats.h"

namespace cara::agent {
namespace {

constexpr std::size_t kMaxNamed = 3;  // of each kind

// `2 containers (a-web, a-db)`
template <class Object>
std::string describe_kind(const std::vector<Object>& objects, const Owner& owner,
                          std::string_view kind) {
  std::size_t count = 0;
  std::string names;
  for (const Object& object : objects) {
    if (label(object.labels, kLabelNode) == owner.node &&
        label(object.labels, kLabelCluster) == owner.cluster) {
      continue;
    }
    if (++count > kMaxNamed) continue;
    names += (names.empty() ? "" : ", ") + schema::printable(object.name);
  }
  if (count == 0) return "";
  if (count > kMaxNamed) names += ", ...";
  return std::to_string(count) + " " + std::string(kind) + (count == 1 ? "" : "s") + " (" + names +
         ")";
}

}  // namespace

std::string describe_strays(const Observation& all, const Owner& owner) {
  std::string text;
  for (const std::string& kind : {describe_kind(all.containers, owner, "container"),
                                  describe_kind(all.networks, owner, "network"),
                                  describe_kind(all.volumes, owner, "volume")}) {
    if (!kind.empty()) text += (text.empty() ? "" : ", ") + kind;
  }
  if (text.empty()) return text;
  return text +
         " of another cluster or node name are on this engine and left alone; remove with "
         "docker what nobody needs";
}

}  // namespace cara::agent
