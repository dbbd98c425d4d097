#include "schema/defaults.h"

#include <algorithm>

namespace cara::schema {
namespace {

bool is_bound_to_node(const VolumeDef& volume) {
  return volume.type == VolumeType::kHostPath || volume.type == VolumeType::kPersistent;
}

}  // namespace

void fill_defaults(ProjectSpec& spec) {
  if (!spec.on_node_loss) {
    const bool bound = std::any_of(spec.volumes.begin(), spec.volumes.end(), is_bound_to_node);
    spec.on_node_loss = bound ? OnNodeLoss::kStay : OnNodeLoss::kMove;
  }
  // An empty map says nothing, and is not stored.
  for (ServiceDef& service : spec.services) {
    if (service.resources == Resources{}) service.resources.reset();
  }
}

}  // namespace cara::schema
