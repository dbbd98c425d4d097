// Engine: what the agent needs of a container engine. Two implementations meet the same contract
// (tests/contract): DockerEngine (ring 3) and ModelEngine (in memory, for the simulator).
//
// Engine objects carry labels; the agent finds its own by them and operates by id, never by a name
// that a foreign object may hold.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/result.h"
#include "schema/time.h"
#include "schema/types.h"

namespace cara::agent {

using Labels = std::map<std::string, std::string>;

// The names users see with `docker ps`, and those we find our objects by.
inline constexpr const char* kLabelProject = "cara.project";
inline constexpr const char* kLabelService = "cara.service";        // containers only
inline constexpr const char* kLabelVolume = "cara.volume";          // volumes only
inline constexpr const char* kLabelNode = "cara.node";              // the agent that owns it
inline constexpr const char* kLabelCluster = "cara.cluster";        // id of the apiserver's store
inline constexpr const char* kLabelUid = "cara.uid";                // of the project
inline constexpr const char* kLabelAssignment = "cara.assignment";  // the epoch it was made in
inline constexpr const char* kLabelSpec = "cara.spec";    // hash of what the object was made from
inline constexpr const char* kLabelAfter = "cara.after";  // services that stop later, by comma
inline constexpr const char* kLabelKeep = "cara.keep";    // a volume that outlives its project

enum class ContainerState { kCreated, kRunning, kPaused, kRestarting, kRemoving, kExited, kDead };
enum class Health { kNone, kStarting, kHealthy, kUnhealthy };

struct ContainerInfo {
  std::string id;
  std::string name;  // without the leading slash
  Labels labels;
  ContainerState state = ContainerState::kCreated;
  Health health = Health::kNone;
  std::int64_t exit_code = 0;  // of the last run; 0 if it never ran
  bool oom_killed = false;
  std::string error;                  // the engine's words when a start failed
  Timestamp started_at;               // not set: never started
  Timestamp finished_at;              // not set: never ended
  std::string address;                // IPv4 on the project's network; empty when not running
  std::vector<std::string> networks;  // ids or names it is attached to
  std::vector<std::string> joined;    // ids of the containers whose namespaces it uses
  std::int64_t stop_grace_ms = 10'000;
  bool operator==(const ContainerInfo&) const = default;
};

struct NetworkInfo {
  std::string id;
  std::string name;
  Labels labels;
  bool internal = false;
  std::string subnet = {};  // IPv4, `10.200.3.0/24`; empty: not known
  bool operator==(const NetworkInfo&) const = default;
};

struct VolumeInfo {
  std::string name;
  Labels labels;
  std::string content;  // hash of the files it was made with; empty: none
  bool operator==(const VolumeInfo&) const = default;
};

// Everything with the asked-for labels, sorted by name (then id).
struct Observation {
  std::vector<ContainerInfo> containers;
  std::vector<NetworkInfo> networks;
  std::vector<VolumeInfo> volumes;
  bool operator==(const Observation&) const = default;
};

struct Mount {
  std::string volume;  // the engine's volume name; empty: `host_path`
  std::string path;    // inside the container
  bool read_only = false;
  std::string sub_path;   // inside the volume or the host path
  std::string host_path;  // of the node
  bool operator==(const Mount&) const = default;
};

struct Endpoint {
  std::string network;               // id or name
  std::vector<std::string> aliases;  // further DNS names there
  std::string ipv4;                  // empty: the engine's choice
  bool operator==(const Endpoint&) const = default;
};

struct ContainerSpec {
  std::string name;
  // What runs in it, and how. Not of it: name, volume mounts, networks, dependencies and restarts;
  // those are below, or the agent's.
  schema::ServiceDef service;
  std::vector<Mount> mounts;
  std::vector<Endpoint> endpoints;  // empty unless networkMode is Bridge
  // Ids of the containers whose namespaces it uses, where the modes say `Service:NAME`.
  std::string network_of;
  std::string pid_of;
  std::string ipc_of;
  Labels labels;
  bool operator==(const ContainerSpec&) const = default;
};

// --- Operations. Each is safe to repeat; each says which errors it has beside kUnavailable (the
// engine does not answer), kTimeout and kInternal. ------------------------------------------------

// Versions and sizes of the engine and its machine, and how much of it is free now.
struct GetInfo {};
// All objects that carry every one of `labels`, and the label `any_value_of`, if it is not empty.
struct Observe {
  Labels labels;
  std::string any_value_of = {};
  bool brief = false;  // containers without what takes a look at each: exit code, health, times
};
// As Kubernetes has it: kIfNotPresent needs no registry for an image that is here; for kAlways, a
// registry that does not answer is an error.
using PullPolicy = schema::ImagePullPolicy;
// Answers with the image's id. kNotFound: no such image; kForbidden: credentials; kInvalid: it is
// for another platform; kConflict: cancelled.
struct EnsureImage {
  std::string image;
  PullPolicy policy = PullPolicy::kIfNotPresent;
  std::string platform = {};  // `linux/arm64`; empty: the engine's own
  std::string ticket = {};    // for CancelPull and the progress: the project's name
};
// A network of that name with the same labels is reused as it is. kConflict: there is one with
// other labels; kInvalid: the subnet is taken, or none is free.
struct CreateNetwork {
  std::string name;
  Labels labels;
  bool internal = false;    // no way out of the node
  std::string subnet = {};  // IPv4, `10.1.2.0/24`; empty: the next free one of the engine's pool
};
// Absent counts as removed. Endpoints that the engine forgot are disconnected by force.
// kConflict: a container that still exists is on it.
struct RemoveNetwork {
  std::string id;
};
// kConflict: a volume of that name with other labels exists. One with the same labels is reused.
// With files it holds just these, also if it was there before.
struct CreateVolume {
  std::string name;
  Labels labels;
  std::map<std::string, schema::ConfigFile> files;
  std::string content;  // what the volume's `content` is from now on
};
// Absent counts as removed. kConflict: still in use.
struct RemoveVolume {
  std::string name;
};
// Does not start it; it is on all its networks. kConflict: the name is taken by a container with
// other labels (one with the same labels is reused); kNotFound: the image, network or a volume is
// missing.
struct CreateContainer {
  ContainerSpec spec;
};
// Running counts as started; a paused one goes on. kNotFound: no such container; kInvalid: it
// cannot start (the engine's words: port taken, no such command, ...); kConflict: the engine has
// lost track of it, and will never start it again.
struct StartContainer {
  std::string id;
  std::int64_t not_after_us = 0;  // is_too_late() from then on; 0: never
};
// Its stop signal, and SIGKILL after `grace_ms`. Stopped and absent count as done.
struct StopContainer {
  std::string id;
  std::int64_t grace_ms = 10'000;
};
// By force, with its anonymous volumes. Absent counts as removed.
struct RemoveContainer {
  std::string id;
};
// By id. Absent: kNotFound; kConflict: the name is taken.
struct RenameContainer {
  std::string id;
  std::string name;
};
// The last `lines` lines of both streams, at most 16 KiB, raw bytes. kNotFound: no such container.
struct TailLogs {
  std::string id;
  std::int64_t lines = 10;
};
// Ends the running EnsureImage operations of that ticket, and returns at once, whether there are
// any or not. One that was just handed over may begin after it: repeat it until they have ended.
struct CancelPull {
  std::string ticket;
};
// Removes images that EnsureImage has pulled and that were last used at least `max_age_ms` ago: no
// container of the engine uses them, and `keep` does not name them. Images of others are never
// touched. Answers with the removed ones, a line each.
struct CollectImages {
  std::vector<std::string> keep;
  std::int64_t max_age_ms = 0;
};

using EngineOp =
    std::variant<GetInfo, Observe, EnsureImage, CreateNetwork, RemoveNetwork, CreateVolume,
                 RemoveVolume, CreateContainer, StartContainer, StopContainer, RemoveContainer,
                 TailLogs, RenameContainer, CancelPull, CollectImages>;

struct EngineInfo {
  std::string engine_version;
  std::string api_version;
  std::string os;  // `Debian GNU/Linux 12 (bookworm)`
  std::string kernel;
  std::string architecture;  // as Docker spells it: amd64, arm64
  std::int64_t cpus = 0;
  std::int64_t memory_bytes = 0;
  bool operator==(const EngineInfo&) const = default;
};

// What changes all the time. Not set: not known.
struct Readings {
  std::vector<std::string> addresses;  // of the machine's interfaces
  std::int64_t disk_bytes = 0;         // of the file system that holds the engine's data
  std::optional<std::int64_t> disk_free_bytes;
  std::optional<std::int64_t> memory_free_bytes;
  bool operator==(const Readings&) const = default;
};

// Which fields are filled depends on the operation.
struct EngineReply {
  std::string id;           // Create*, EnsureImage: of the object
  Observation observation;  // Observe
  EngineInfo info;          // GetInfo
  Readings readings;        // GetInfo
  std::string text;         // TailLogs, CollectImages
  bool operator==(const EngineReply&) const = default;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // Blocks. DockerEngine: any thread, many at once.
  virtual Result<EngineReply> execute(const EngineOp& op) = 0;
};

// Something changed in the engine: the hint that makes the agent observe again. Delivered on
// `local.engine.event`; an empty project means "anything may have changed" (the stream was cut).
struct EngineEvent {
  std::string project;
  std::string action;        // Docker's word, for logs: `die`, `health_status: healthy`, ...
  std::string message = {};  // kPullProgress: the image and how far it is
};

// The action of the event that says the stream was opened: what happened before may be missed.
inline constexpr const char* kStreamOpened = "connected";
// The action of the event that tells how far a pull is; its project is the pull's ticket.
inline constexpr const char* kPullProgress = "pull-progress";

// An operation that may only begin while something lasts (StartContainer), and it is over: whoever
// hands it to the engine asks this just before, with the agent's boot clock. Set: the answer.
std::optional<Error> is_too_late(const EngineOp& op, std::int64_t now_us);

// The agent speaks to its engine as to a peer: Request{"local.engine", encode(op)}.
inline constexpr const char* kEngineSubject = "local.engine";
inline constexpr const char* kEngineEventSubject = "local.engine.event";
std::string encode(const EngineOp& op);
Result<EngineOp> decode_op(std::string_view bytes);
// A reply or an Error of the engine, as one payload.
std::string encode(const Result<EngineReply>& reply);
Result<EngineReply> decode_reply(std::string_view bytes);
std::string encode(const EngineEvent& event);
Result<EngineEvent> decode_event(std::string_view bytes);

}  // namespace cara::agent
