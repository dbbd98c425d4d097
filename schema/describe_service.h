// The fields of a service: names on the wire, formats, limits, and what they mean.
#pragma once

#include <array>

#include "schema/describe.h"
#include "schema/service.h"

namespace cara::schema {

inline constexpr std::size_t kMaxEnv = 1'000;
// Some are bytes: memlock, core, fsize.
inline constexpr std::int64_t kMaxUlimit = 1'000'000'000'000'000;

template <>
struct EnumNames<Protocol> {
  static constexpr std::array<std::string_view, 3> kNames{"TCP", "UDP", "SCTP"};
};
template <>
struct EnumNames<HealthAction> {
  static constexpr std::array<std::string_view, 2> kNames{"None", "Restart"};
};
template <>
struct EnumNames<RestartPolicy> {
  static constexpr std::array<std::string_view, 3> kNames{"Always", "OnFailure", "Never"};
};
template <>
struct EnumNames<DependencyCondition> {
  static constexpr std::array<std::string_view, 3> kNames{"Started", "Healthy", "Completed"};
};
template <>
struct EnumNames<ImagePullPolicy> {
  static constexpr std::array<std::string_view, 3> kNames{"IfNotPresent", "Always", "Never"};
};

inline constexpr Presence kRequired = Presence::kRequired;
inline constexpr Presence kOptional = Presence::kOptional;

template <class V>
void describe(V& v, EnvVar& x) {
  v.field(kRequired, "name", x.name, {.doc = "Name of the variable.", .format = Format::kEnvName});
  v.field(kOptional, "value", x.value,
          {.doc = "Value, taken as written; empty if absent.", .format = Format::kEnvValue});
}

template <class V>
void describe(V& v, PortDef& x) {
  v.field(kRequired, "port", x.port,
          {.doc = "Port in the container, or a range `8000-8010`.", .format = Format::kPorts});
  v.field(kOptional, "hostPort", x.host_port,
          {.doc = "Port or range of the node it is published on; absent: not published.",
           .format = Format::kPorts});
  v.field(kOptional, "hostIP", x.host_ip,
          {.doc = "Address of the node it is published on; absent: all.", .format = Format::kIp});
  v.field(kOptional, "protocol", x.protocol, {.doc = "TCP unless said otherwise."});
}

template <class V>
void describe(V& v, VolumeMount& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "Name of a volume of this project.", .format = Format::kDnsLabel});
  v.field(kRequired, "mountPath", x.mount_path,
          {.doc = "Absolute path inside the container.", .format = Format::kAbsolutePath});
  v.field(kOptional, "readOnly", x.read_only, {.doc = "The container cannot write there."});
  v.field(kOptional, "subPath", x.sub_path,
          {.doc = "Folder or file inside the volume that is mounted instead of the whole.",
           .format = Format::kSubPath});
}

template <class V>
void describe(V& v, TmpfsMount& x) {
  v.field(kRequired, "mountPath", x.mount_path,
          {.doc = "Absolute path inside the container.", .format = Format::kAbsolutePath});
  v.field(kOptional, "size", x.size,
          {.doc = "Most it may hold, such as 64Mi.", .format = Format::kMemory});
}

template <class V>
void describe(V& v, Healthcheck& x) {
  v.field(kOptional, "test", x.test,
          {.doc = "[\"CMD\", program, arguments...] or [\"CMD-SHELL\", line]."});
  v.field(kOptional, "interval", x.interval,
          {.doc = "Time between two checks (Docker: 30s).", .format = Format::kDuration});
  v.field(kOptional, "timeout", x.timeout,
          {.doc = "Time a check may take (Docker: 30s).", .format = Format::kDuration});
  v.field(kOptional, "retries", x.retries,
          {.doc = "Failures in a row that make it unhealthy (Docker: 3).", .min = 1, .max = 1000});
  v.field(kOptional, "startPeriod", x.start_period,
          {.doc = "Time after the start in which failures do not count. Without a check: how long "
                  "it must run to count as healthy.",
           .format = Format::kDuration});
  v.field(kOptional, "disable", x.disable, {.doc = "Ignore the check that the image brings."});
  v.field(kOptional, "action", x.action, {.doc = "What is done when it is unhealthy."});
}

template <class V>
void describe(V& v, Dependency& x) {
  v.field(kRequired, "service", x.service,
          {.doc = "Service of this project that comes first.", .format = Format::kDnsLabel});
  v.field(kOptional, "condition", x.condition,
          {.doc = "What it must be before this one starts: Completed is an exit with code 0."});
  v.field(kOptional, "optional", x.optional,
          {.doc = "It may be missing, and its failure does not hold this one up."});
}

template <class V>
void describe(V& v, ResourceList& x) {
  v.field(kOptional, "cpu", x.cpu, {.doc = "Processors: 2, 0.5 or 500m.", .format = Format::kCpu});
  v.field(kOptional, "memory", x.memory, {.doc = "Bytes: 256Mi, 1G.", .format = Format::kMemory});
  v.field(kOptional, "pids", x.pids, {.doc = "Processes and threads.", .min = 1, .max = 4'194'304});
  v.field(kOptional, "gpus", x.gpus, {.doc = "Graphics processors.", .min = 1, .max = 1024});
}

template <class V>
void describe(V& v, Resources& x) {
  v.field(kOptional, "requests", x.requests, {.doc = "What it is promised; used to place it."});
  v.field(kOptional, "limits", x.limits, {.doc = "What it gets at most."});
}

template <class V>
void describe(V& v, Capabilities& x) {
  v.field(kOptional, "add", x.add,
          {.doc = "Added to Docker's default set.", .format = Format::kCapability});
  v.field(kOptional, "drop", x.drop,
          {.doc = "Taken from it; ALL drops all.", .format = Format::kCapability});
}

template <class V>
void describe(V& v, Ulimit& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "As in Docker: nofile, nproc, memlock, ...", .format = Format::kUlimit});
  v.field(kRequired, "soft", x.soft,
          {.doc = "The limit; -1 is none.", .min = -1, .max = kMaxUlimit});
  v.field(kOptional, "hard", x.hard,
          {.doc = "What it can be raised to; absent: as soft.", .min = -1, .max = kMaxUlimit});
}

template <class V>
void describe(V& v, Logging& x) {
  v.field(kRequired, "driver", x.driver,
          {.doc = "Docker's logging driver.", .format = Format::kWord});
  v.field(kOptional, "options", x.options, {.doc = "Its options."});
}

template <class V>
void describe(V& v, ServiceNetwork& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "Name of a network of this project, or default.", .format = Format::kDnsLabel});
  v.field(kOptional, "aliases", x.aliases,
          {.doc = "Further DNS names of the service there.", .format = Format::kDnsName});
  v.field(kOptional, "ipv4", x.ipv4,
          {.doc = "Fixed address; the network needs a subnet.", .format = Format::kIpv4});
}

template <class V>
void describe_process(V& v, ServiceDef& x) {
  v.field(kRequired, "name", x.name,
          {.doc = "Unique in the project; its host name on the project's network.",
           .format = Format::kDnsLabel});
  v.field(kRequired, "image", x.image,
          {.doc = "Docker image reference, used verbatim.", .format = Format::kImage});
  v.field(kOptional, "imagePullPolicy", x.image_pull_policy,
          {.doc = "When the image is pulled: Always is whenever a container is made."});
  v.field(kOptional, "platform", x.platform,
          {.doc = "Platform of the image, such as linux/arm64.", .format = Format::kPlatform});
  v.field(kOptional, "entrypoint", x.entrypoint,
          {.doc = "Program and arguments instead of the image's; [\"\"] clears it.",
           .format = Format::kArgument});
  v.field(kOptional, "command", x.command,
          {.doc = "Arguments, or program and arguments, instead of the image's.",
           .format = Format::kArgument});
  v.field(kOptional, "env", x.env,
          {.doc = "Environment variables, in order.", .max_items = kMaxEnv, .unique_by = "name"});
  v.field(kOptional, "workingDir", x.working_dir,
          {.doc = "Folder the program starts in.", .format = Format::kAnyPath});
  v.field(kOptional, "user", x.user,
          {.doc = "User and group: name or number, user:group.", .format = Format::kWord});
  v.field(kOptional, "groupAdd", x.group_add,
          {.doc = "Further groups, by name or number.", .format = Format::kWord});
  v.field(kOptional, "init", x.init, {.doc = "Run a small init as process 1."});
  v.field(kOptional, "tty", x.tty, {.doc = "Give it a terminal."});
  v.field(kOptional, "stdin", x.stdin_open, {.doc = "Keep its standard input open."});
  v.field(
      kOptional, "stopSignal", x.stop_signal,
      {.doc = "Signal that asks it to end; the image's, else SIGTERM.", .format = Format::kSignal});
  v.field(kOptional, "stopGracePeriod", x.stop_grace_period,
          {.doc = "Time from that signal to SIGKILL.", .format = Format::kDuration});
}

template <class V>
void describe_lifecycle(V& v, ServiceDef& x) {
  v.field(kOptional, "restartPolicy", x.restart_policy,
          {.doc = "Always: whatever it exits with. OnFailure: exit code 0 is done. Never: it runs "
                  "once."});
  v.field(kOptional, "restartedAt", x.restarted_at,
          {.doc = "Containers made before this are made anew; set by caractrl restart, and kept by "
                  "manifests that do not say it."});
  v.field(kOptional, "dependsOn", x.depends_on,
          {.doc = "Services that come first, and end later.",
           .max_items = 100,
           .unique_by = "service"});
  v.field(kOptional, "healthcheck", x.healthcheck,
          {.doc = "How its health is found out; what is absent is as in the image."});
  v.field(kOptional, "resources", x.resources, {.doc = "What it needs and what it may use."});
}

template <class V>
void describe_storage(V& v, ServiceDef& x) {
  v.field(kOptional, "volumeMounts", x.volume_mounts,
          {.doc = "Volumes to attach.", .max_items = 100, .unique_by = "mountPath"});
  v.field(kOptional, "tmpfs", x.tmpfs,
          {.doc = "Folders in memory, empty at every start.",
           .max_items = 100,
           .unique_by = "mountPath"});
  v.field(kOptional, "shmSize", x.shm_size,
          {.doc = "Size of /dev/shm, such as 256Mi (Docker: 64Mi).", .format = Format::kMemory});
  v.field(kOptional, "devices", x.devices,
          {.doc = "Devices of the node: /dev/x, /dev/x:/dev/y or /dev/x:/dev/y:rwm.",
           .format = Format::kDevice});
  v.field(kOptional, "readOnlyRootFilesystem", x.read_only_root_filesystem,
          {.doc = "Only volumes and tmpfs can be written."});
}

template <class V>
void describe_networking(V& v, ServiceDef& x) {
  v.field(kOptional, "networkMode", x.network_mode,
          {.doc = "Bridge, Host, None, or Service:NAME to share another service's network.",
           .format = Format::kNetworkMode});
  v.field(
      kOptional, "networks", x.networks,
      {.doc = "Networks it is on; absent: the default one.", .max_items = 32, .unique_by = "name"});
  v.field(kOptional, "aliases", x.aliases,
          {.doc = "Further DNS names on its networks.", .format = Format::kDnsName});
  v.field(kOptional, "ports", x.ports, {.doc = "Ports, and where they are published."});
  v.field(kOptional, "hostname", x.hostname,
          {.doc = "Host name inside the container.", .format = Format::kDnsName});
  v.field(kOptional, "extraHosts", x.extra_hosts,
          {.doc = "Lines of /etc/hosts as NAME:ADDRESS; host-gateway is the node.",
           .format = Format::kExtraHost});
  v.field(kOptional, "dns", x.dns, {.doc = "Name servers.", .format = Format::kIp});
}

template <class V>
void describe_isolation(V& v, ServiceDef& x) {
  v.field(kOptional, "privileged", x.privileged, {.doc = "No isolation from the node."});
  v.field(kOptional, "capabilities", x.capabilities, {.doc = "Linux capabilities."});
  v.field(kOptional, "securityOpt", x.security_opt,
          {.doc = "Docker's security options, beside no-new-privileges, which "
                  "no-new-privileges:false turns off.",
           .format = Format::kWord});
  v.field(kOptional, "ulimits", x.ulimits,
          {.doc = "Limits of its processes.", .max_items = 32, .unique_by = "name"});
  v.field(kOptional, "sysctls", x.sysctls, {.doc = "Kernel parameters of its namespaces."});
  v.field(kOptional, "pidMode", x.pid_mode,
          {.doc = "Host, or Service:NAME: whose processes it sees.", .format = Format::kPidMode});
  v.field(kOptional, "ipcMode", x.ipc_mode,
          {.doc = "Private, Shareable, Host, or Service:NAME.", .format = Format::kIpcMode});
  v.field(kOptional, "runtime", x.runtime,
          {.doc = "Docker's runtime, such as nvidia.", .format = Format::kWord});
  v.field(kOptional, "logging", x.logging, {.doc = "Absent: json-file, three files of 10 MB."});
  v.field(kOptional, "labels", x.labels,
          {.doc = "Labels of the container; those that begin with cara. are ours."});
}

template <class V>
void describe(V& v, ServiceDef& x) {
  describe_process(v, x);
  describe_lifecycle(v, x);
  describe_storage(v, x);
  describe_networking(v, x);
  describe_isolation(v, x);
}

}  // namespace cara::schema
