// caractrl bus: keys of users of a NATS server, and its configuration.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/permissions.h"
#include "services/runtime/host/nkey.h"
#include "services/runtime/host/write_all.h"

namespace cara::cli {
namespace {

using schema::Identity;

Result<std::string> seed_in(const std::string& path) {
  std::ifstream file(path);
  std::string seed;
  if (!(file >> seed)) return invalid(path + " cannot be read");
  return seed;
}

// Never instead of a file that is there.
Result<std::string> make_seed(const std::string& path) {
  Result<std::string> seed = host::new_nkey_seed();
  if (!seed) return seed;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && host::write_all(fd, *seed + "\n");
  const int why = errno;
  if (fd >= 0) close(fd);
  if (!written) return invalid(path + " cannot be written: " + std::strerror(why));
  return seed;
}

Exit make_keys(Context& context, const std::vector<std::string>& paths) {
  if (paths.empty()) return say_usage(context, "bus", "in which file? Name it");
  for (const std::string& path : paths) {
    struct stat found {};
    const bool there = stat(path.c_str(), &found) == 0;
    const Result<std::string> seed = there ? seed_in(path) : make_seed(path);
    if (!seed) return say_error(context, seed.error());
    const Result<std::string> key = host::public_nkey(*seed);
    if (!key) return say_error(context, invalid(path + ": " + key.error().message));
    context.out << *key << "\n";
  }
  return kDone;
}

// `agent/worker-01`; an apiserver's id is `a1` and may be left out. Names of nodes may have dots.
Result<Identity> parse_identity(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto role = schema::parse_role(text.substr(0, slash));
  if (!role) {
    return invalid("`" + schema::printable(text) +
                   "` begins with no role: apiserver, sched, gc, agent, admin, viewer");
  }
  std::string id = slash == std::string::npos ? "" : text.substr(slash + 1);
  if (id.empty() && *role == schema::Role::kApiserver) id = "a1";
  if (*role == schema::Role::kAgent) id = schema::node_token(id);
  if (!schema::is_token(id)) {
    return invalid("`" + schema::printable(text) + "` is not ROLE/NAME, such as admin/jane");
  }
  return Identity{*role, id};
}

struct User {
  Identity identity;
  std::string key;
};

Result<User> parse_user(const std::string& text) {
  const std::size_t equals = text.find('=');
  const auto identity = parse_identity(text.substr(0, equals));
  if (!identity) return identity.error();
  const std::string key = equals == std::string::npos ? "" : text.substr(equals + 1);
  const bool right = key.size() == 56 && key.front() == 'U' &&
                     key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == std::string::npos;
  if (!right) {
    return invalid("`" + schema::printable(text) +
                   "` needs the public key behind `=`, which `caractrl bus key FILE` prints");
  }
  return User{*identity, key};
}

void print_list(std::ostream& out, const char* name, const std::vector<std::string>& subjects) {
  out << "        " << name << ": { allow: [";
  const char* comma = "\n          ";
  for (const std::string& subject : subjects) {
    out << comma << '"' << subject << '"';
    comma = ",\n          ";
  }
  out << "\n        ] }\n";
}

void print_user(std::ostream& out, const User& user) {
  const auto lists = schema::permissions_of(user.identity);
  out << "    # " << schema::to_string(user.identity.role) << "/" << user.identity.id << "\n"
      << "    {\n      nkey: " << user.key << "\n      permissions: {\n";
  print_list(out, "publish", lists.publish);
  print_list(out, "subscribe", lists.subscribe);
  out << "      }\n    }\n";
}

// A path or an address, as the server's configuration has text.
Result<std::string> quoted(const std::string& text) {
  if (text.find_first_of("\"\\\n") != std::string::npos) {
    return invalid("`" + schema::printable(text) + "` cannot be said in the configuration");
  }
  return "\"" + text + "\"";
}

Result<std::string> tls_block(const host::Flags& flags) {
  std::string block = "tls: {\n";
  for (const auto& [flag, word] :
       {std::pair{"tls-cert", "cert_file"}, {"tls-key", "key_file"}, {"tls-ca", "ca_file"}}) {
    if (flags.text(flag).empty()) {
      if (flag == std::string("tls-ca")) continue;
      return invalid(
          "--tls-cert and --tls-key name the files of the server's certificate; "
          "without TLS everybody on the way reads along");
    }
    const auto path = quoted(flags.text(flag));
    if (!path) return path.error();
    block += std::string("  ") + word + ": " + *path + "\n";
  }
  if (!flags.text("tls-ca").empty()) block += "  verify: true\n";
  return block + "  timeout: 3\n}\n";
}

Exit print_config(Context& context, const std::vector<std::string>& words,
                  const host::Flags& flags) {
  if (words.empty()) return say_usage(context, "bus", "for whom? Name users as ROLE/NAME=KEY");
  std::map<Identity, User> users;
  for (const std::string& word : words) {
    const auto user = parse_user(word);
    if (!user) return say_error(context, user.error());
    if (!users.emplace(user->identity, *user).second) {
      return say_error(context, invalid("`" + schema::printable(word) + "` is there twice"));
    }
  }
  const auto tls = tls_block(flags);
  if (!tls) return say_error(context, tls.error());
  const auto listen = quoted(flags.text("listen"));
  if (!listen) return say_error(context, listen.error());
  const auto monitor = quoted(flags.text("monitor"));
  if (!monitor) return say_error(context, monitor.error());
  context.out << "# Made by `caractrl bus config`: make it again rather than change it.\n"
              << "listen: " << *listen << "\n"
              << (flags.text("monitor").empty() ? "" : "http: " + *monitor + "\n")
              << "max_payload: 1MB\n"
              << "max_pending: 16MB\nmax_subscriptions: 128\nwrite_deadline: \"5s\"\n"
              << "ping_interval: \"5s\"\nping_max: 2\n"
              << *tls << "authorization: {\n  timeout: 3\n  users: [\n";
  for (const auto& [identity, user] : users) print_user(context.out, user);
  context.out << "  ]\n}\n";
  return kDone;
}

Exit print_permissions(Context& context, const std::vector<std::string>& words) {
  if (words.size() != 1) return say_usage(context, "bus", "of whom? Name one, as admin/jane");
  const auto identity = parse_identity(words.front());
  if (!identity) return say_error(context, identity.error());
  const auto lists = schema::permissions_of(*identity);
  for (const std::string& subject : lists.publish) context.out << "publish   " << subject << "\n";
  for (const std::string& subject : lists.subscribe) {
    context.out << "subscribe " << subject << "\n";
  }
  return kDone;
}

Exit bus(Context& context, const host::Flags& flags) {
  std::vector<std::string> words = flags.positionals();
  if (words.empty()) return say_usage(context, "bus", "what? Say `key`, `config` or `permissions`");
  const std::string what = words.front();
  words.erase(words.begin());
  if (what == "key") return make_keys(context, words);
  if (what == "config") return print_config(context, words, flags);
  if (what == "permissions") return print_permissions(context, words);
  return say_usage(
      context, "bus",
      "`" + schema::printable(what) + "` is nothing to do; say `key`, `config` or `permissions`");
}

}  // namespace

const Verb& bus_verb() {
  static const Verb kVerb{
      .name = "bus",
      .summary = "Make keys and the configuration for a NATS server that knows its users",
      .usage = "bus key FILE... | bus config ROLE/NAME=KEY... | bus permissions ROLE/NAME",
      .details =
          "`key` makes a secret NKey in each file that is not there yet, and prints the public\n"
          "half of each. `config` prints what nats-server -c reads: TLS, and for each user the\n"
          "subjects of its role and nothing else. `permissions` prints those of one. Roles:\n"
          "apiserver (its NAME may be left out), sched and gc (NAME: their --id), agent (NAME:\n"
          "the node), admin, viewer (NAME: their --user). With --tls-ca users need a certificate\n"
          "of that CA as well. No connection is made.\n"
          "\n"
          "Examples:\n"
          "  caractrl bus key jane.nk\n"
          "  caractrl bus config --tls-cert server.crt --tls-key server.key \\\n"
          "      apiserver=$(caractrl bus key apiserver.nk) sched/s1=$(caractrl bus key s1.nk) \\\n"
          "      gc/g1=$(caractrl bus key g1.nk) agent/worker-01=$(caractrl bus key w1.nk) \\\n"
          "      admin/jane=$(caractrl bus key jane.nk) >nats.conf\n"
          "  caractrl bus permissions viewer/bob\n",
      .flags = {{.name = "listen",
                 .help = "address of the NATS server",
                 .default_value = "0.0.0.0:4222",
                 .value_name = "ADDRESS",
                 .environment = kNoEnvironment},
                {.name = "monitor",
                 .help = "address where it tells about itself by HTTP, for this machine only; "
                         "`--monitor=` for none",
                 .default_value = "127.0.0.1:8222",
                 .value_name = "ADDRESS",
                 .environment = kNoEnvironment},
                {.name = "tls-cert",
                 .help = "its certificate",
                 .value_name = "FILE",
                 .environment = kNoEnvironment},
                {.name = "tls-key",
                 .help = "its private key",
                 .value_name = "FILE",
                 .environment = kNoEnvironment},
                {.name = "tls-ca",
                 .help = "who signed the certificates that its users show; none: they show none",
                 .value_name = "FILE",
                 .environment = kNoEnvironment}},
      .run = bus};
  return kVerb;
}

}  // namespace cara::cli
