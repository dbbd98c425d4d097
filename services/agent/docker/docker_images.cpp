// Images: pulled for projects, and removed again if nobody else's.
#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

#include "schema/fit.h"
#include "schema/formats.h"
#include "services/agent/docker/docker_config.h"
#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/docker_objects.h"
#include "services/agent/docker/pull_log.h"
#include "services/agent/docker/reference.h"

namespace cara::docker {

using agent::EngineReply;
using agent::PullPolicy;

namespace {

// Of one CollectImages: large images take seconds each. The others are older the next time.
constexpr std::size_t kMaxRemovals = 8;

std::int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string image_path(const std::string& image) {
  return "/images/" + percent_encode(image, "/:@");
}

struct Platform {
  std::string os;
  std::string architecture;
  std::string variant;
};

Platform parse_platform(const std::string& text) {
  Platform platform;
  std::istringstream parts(text);
  std::getline(parts, platform.os, '/');
  std::getline(parts, platform.architecture, '/');
  std::getline(parts, platform.variant, '/');
  return platform;
}

std::string spelled(const ImageFacts& image) {
  return image.os + "/" + image.architecture + (image.variant.empty() ? "" : "/" + image.variant);
}

// What an image does not tell fits.
bool same(const std::string& wanted, const std::string& has) {
  return wanted.empty() || has.empty() || wanted == has;
}

bool is_for(const ImageFacts& image, const Platform& wanted) {
  return same(wanted.os, image.os) && same(wanted.architecture, image.architecture) &&
         same(wanted.variant, image.variant);
}

bool runs_on(const ImageFacts& image, const std::string& engine_architecture) {
  return same(engine_architecture, image.architecture) ||
         schema::runs_programs_of(engine_architecture, image.architecture);
}

Error wrong_platform(const agent::EnsureImage& op, const ImageFacts& image,
                     const std::string& architecture) {
  const std::string what = "image " + schema::printable(op.image) + " is for " + spelled(image);
  if (!op.platform.empty()) return invalid(what + ", and not for " + op.platform);
  return invalid(what + ", and this node is " + architecture +
                 "; name an image for it, or a platform that the node can run");
}

}  // namespace

// --- Pulls ---------------------------------------------------------------------------------------

Result<EngineReply> DockerEngine::run(const agent::EnsureImage& op) {
  HttpStream stream(options_.endpoint);
  std::multimap<std::string, HttpStream*>::iterator slot;
  {
    const std::lock_guard lock(pulls_mutex_);
    slot = pulls_.emplace(op.ticket, &stream);
  }
  auto reply = ensure_image(op, stream);
  {
    const std::lock_guard lock(pulls_mutex_);
    pulls_.erase(slot);
  }
  if (!reply.ok() && stream.cancelled()) {
    return conflict("the pull of " + schema::printable(op.image) + " was cancelled");
  }
  return reply;
}

Result<EngineReply> DockerEngine::run(const agent::CancelPull& op) {
  const std::lock_guard lock(pulls_mutex_);
  const auto [first, last] = pulls_.equal_range(op.ticket);
  for (auto pull = first; pull != last; ++pull) pull->second->cancel();
  return EngineReply{};
}

Result<EngineReply> DockerEngine::ensure_image(const agent::EnsureImage& op, HttpStream& stream) {
  const auto own = architecture();
  if (!own.ok()) return own.error();
  const Platform wanted = parse_platform(op.platform);
  const auto fits = [&](const ImageFacts& image) {
    return op.platform.empty() ? runs_on(image, *own) : is_for(image, wanted);
  };
  const auto before = look_for(op.image, &stream);
  if (!before.ok()) return before.error();
  const auto& present = *before;
  const std::string reference = full_reference(op.image);
  if (op.policy == PullPolicy::kNever) {
    if (!present) {
      return not_found("image " + schema::printable(op.image) +
                       " is not on this node, and its pull policy is Never");
    }
    if (!fits(*present)) return wrong_platform(op, *present, *own);
  }
  if (present && fits(*present) && op.policy != PullPolicy::kAlways) {
    images_.used(reference, unix_ms());
    return EngineReply{.id = present->id};
  }
  const auto pulled = pull(op, stream);
  if (!pulled.ok()) return pulled.error();
  // A pull may end without an error and without an image.
  const auto after = look_for(op.image, &stream);
  if (!after.ok()) return after.error();
  if (!*after) {
    return not_found("the pull of " + schema::printable(op.image) + " brought no such image");
  }
  images_.pulled(reference, present ? present->id : "", (*after)->id, unix_ms());
  if (!fits(**after)) return wrong_platform(op, **after, *own);
  return EngineReply{.id = (*after)->id};
}

Result<std::optional<ImageFacts>> DockerEngine::look_for(const std::string& image,
                                                         HttpStream* stream) {
  const auto response = call({.method = Method::kGet,
                              .path = image_path(image) + "/json",
                              .deadline = options_.read_limit},
                             stream);
  if (!response.ok()) return response.error();
  if (response->status == 404) return std::optional<ImageFacts>();
  const std::string what = "look for image " + schema::printable(image);
  if (!is_done(*response)) return error_of(response->status, response->body, what);
  auto facts = read_image(response->body);
  if (!facts) return internal(what + ": the Docker engine's answer makes no sense");
  return facts;
}

Result<Ok> DockerEngine::pull(const agent::EnsureImage& op, HttpStream& stream) {
  using std::chrono::steady_clock;
  const Reference reference = split_reference(op.image);
  const std::string registry = registry_of(reference.name);
  const RegistryLogin login = options_.docker_config.empty()
                                  ? RegistryLogin{}
                                  : read_login(options_.docker_config, registry);
  PullLog log;
  auto told_at = steady_clock::now();
  const auto tell = [&] {
    const std::string text = log.progress();
    if (on_progress_ && !text.empty()) on_progress_(op.ticket, op.image, text);
    told_at = steady_clock::now();
  };
  HttpRequest request{.method = Method::kPost,
                      .path = "/images/create?fromImage=" + percent_encode(reference.name) +
                              "&tag=" + percent_encode(reference.tag),
                      .deadline = options_.pull_limit,
                      .stall_limit = options_.pull_stall_limit,
                      .sink = [&](std::string_view bytes) {
                        log.feed(bytes);
                        if (steady_clock::now() - told_at >= options_.progress_every) tell();
                        return true;
                      }};
  if (!op.platform.empty()) request.path += "&platform=" + percent_encode(op.platform);
  if (!login.header.empty()) request.headers = {"X-Registry-Auth: " + login.header};
  const auto response = call(std::move(request), &stream);
  if (!response.ok()) return response.error();
  const std::string words = is_done(*response) ? log.take_error() : read_message(response->body);
  if (is_done(*response) && words.empty()) {
    tell();
    return Ok{};
  }
  Error error = pull_error(is_done(*response) ? 0 : response->status, words, op.image);
  // Docker's own registry says `pull access denied, repository does not exist or may require ...`
  // of both.
  const bool refused = error.code == Code::kForbidden || words.find("denied") != std::string::npos;
  if (refused && !login.remark.empty()) error.message += "; " + login.remark;
  return error;
}

// --- Old images ----------------------------------------------------------------------------------

Result<EngineReply> DockerEngine::run(const agent::CollectImages& op) {
  const auto listed = get("/containers/json?all=1");
  if (!listed.ok()) return listed.error();
  if (!is_done(*listed)) return error_of(listed->status, listed->body, "list containers");
  const auto used = read_used_images(listed->body);
  if (!used) return internal("list containers: the Docker engine's answer makes no sense");
  ImageUse use{.ids = {used->begin(), used->end()}, .references = {}};
  for (const std::string& image : op.keep) use.references.insert(full_reference(image));

  EngineReply reply;
  std::size_t removals = 0;
  for (const PulledImage& image : images_.unused(use, unix_ms(), op.max_age_ms)) {
    if (++removals > kMaxRemovals) break;
    const auto removed = remove_image(image);
    if (!removed.ok()) return removed.error();
    if (*removed) {
      reply.text += (image.reference == kNoReference ? image.id : image.reference) + "\n";
    }
  }
  return reply;
}

// False: it is not ours any more, or still needed.
Result<bool> DockerEngine::remove_image(const PulledImage& image) {
  const auto by_id = look_for(image.id, nullptr);
  if (!by_id.ok()) return by_id.error();
  std::string name = image.id;
  if (*by_id && image.reference != kNoReference) {
    const auto named = look_for(image.reference, nullptr);
    if (!named.ok()) return named.error();
    if (*named && (*named)->id == image.id) name = image.reference;
  }
  // The other tags that an image has got since are somebody else's.
  if (!*by_id || (name == image.id && (*by_id)->has_tags)) {
    images_.forget(image);
    return false;
  }
  // Without `force`: the engine refuses if a container or another image needs it.
  const auto response = remove(image_path(name));
  if (!response.ok()) return response.error();
  if (response->status == 409) return false;
  if (!is_done(*response) && response->status != 404) {
    return error_of(response->status, response->body, "remove image " + name);
  }
  images_.forget(image);
  return true;
}

}  // namespace cara::docker
