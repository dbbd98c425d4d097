#include "services/runtime/host/nats_access.h"

#include <fmt/format.h>
#include <nats/nats.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "services/runtime/host/nkey.h"
#include "services/runtime/host/read_file.h"

namespace cara::host {
namespace {

Result<std::string> read(const char* flag, const std::string& path) {
  if (auto text = read_file(path)) return std::move(*text);
  return invalid(fmt::format("--{}: {} cannot be read: {}", flag, path, std::strerror(errno)));
}

Error unusable(const char* flag, const std::string& path, const char* what) {
  return invalid(fmt::format("--{}: {} holds {}", flag, path, what));
}

Result<Ok> add_nkey(natsOptions* options, const std::string& path) {
  const Result<std::string> text = read("nats-nkey", path);
  if (!text) return text.error();
  const std::size_t begin = text->find_first_not_of(" \t\r\n");
  const std::size_t end = text->find_first_of(" \t\r\n", begin);
  const Result<std::string> key =
      public_nkey(begin == std::string::npos ? "" : text->substr(begin, end - begin));
  if (!key) return invalid(fmt::format("--nats-nkey: {}: {}", path, key.error().message));
  if (natsOptions_SetNKeyFromSeed(options, key->c_str(), path.c_str()) != NATS_OK) {
    return internal("the NKey cannot be set");
  }
  return Ok{};
}

Result<Ok> add_user(natsOptions* options, const BusAccess& access) {
  if (!access.nkey_file.empty() && !access.creds_file.empty()) {
    return invalid("--nats-creds and --nats-nkey are two ways to be somebody: give one");
  }
  if (!access.nkey_file.empty()) return add_nkey(options, access.nkey_file);
  if (access.creds_file.empty()) return Ok{};
  const Result<std::string> text = read("nats-creds", access.creds_file);
  if (!text) return text.error();
  for (const char* part : {"-----BEGIN NATS USER JWT-----", "-----BEGIN USER NKEY SEED-----"}) {
    if (text->find(part) != std::string::npos) continue;
    return unusable("nats-creds", access.creds_file, "no NATS credentials: a JWT and its seed");
  }
  if (natsOptions_SetUserCredentialsFromFiles(options, access.creds_file.c_str(), nullptr) !=
      NATS_OK) {
    return internal("the credentials cannot be set");
  }
  return Ok{};
}

Result<Ok> add_own_certificate(natsOptions* options, const BusAccess& access) {
  if (access.cert_file.empty() && access.key_file.empty()) return Ok{};
  if (access.cert_file.empty() || access.key_file.empty()) {
    return invalid("--nats-cert and --nats-key belong together: give both");
  }
  if (const auto text = read("nats-cert", access.cert_file); !text) return text.error();
  if (const auto text = read("nats-key", access.key_file); !text) return text.error();
  if (natsOptions_LoadCertificatesChain(options, access.cert_file.c_str(),
                                        access.key_file.c_str()) != NATS_OK) {
    return unusable("nats-cert", access.cert_file,
                    "no certificate in PEM that goes with the --nats-key");
  }
  return Ok{};
}

// Of `SSL handshake error: 20:unable to get local issuer certificate:depth=...`; else empty.
std::string certificate_fault(const std::string& words) {
  constexpr std::string_view kBegin = "SSL handshake error: ";
  if (!words.starts_with(kBegin)) return "";
  const std::size_t number = words.find(':', kBegin.size());
  const bool counted =
      words.find_first_not_of("0123456789", kBegin.size()) == number && number != kBegin.size();
  if (number == std::string::npos || !counted) return "";
  return words.substr(number + 1, words.find(':', number + 1) - number - 1);
}

}  // namespace

Result<Ok> add_access(natsOptions* options, const BusAccess& access, const std::string& host,
                      bool wants_tls) {
  if (auto added = add_user(options, access); !added) return added;
  if (!access.ca_file.empty()) {
    if (const auto text = read("nats-ca", access.ca_file); !text) return text.error();
    if (natsOptions_LoadCATrustedCertificates(options, access.ca_file.c_str()) != NATS_OK) {
      return unusable("nats-ca", access.ca_file, "no certificate in PEM");
    }
  }
  if (auto added = add_own_certificate(options, access); !added) return added;
  // With it cnats reads all certificates of the system, which takes longer than all else that a
  // command does. A server that wants TLS gets it all the same.
  if (!wants_tls) return Ok{};
  if (natsOptions_SetSecure(options, true) != NATS_OK) return internal("TLS cannot be set");
  // cnats checks no name by itself, and any other certificate of the CA would do for a server's.
  const std::string& name = access.server_name.empty() ? host : access.server_name;
  if (natsOptions_SetExpectedHostname(options, name.c_str()) != NATS_OK) {
    return internal("the server's name cannot be set");
  }
  return Ok{};
}

Error connect_error(int status, const BusAccess& access, const std::string& where,
                    std::string words) {
  // `(conn.c:733): ...` helps nobody.
  const std::size_t place = words.starts_with("(") ? words.find("): ") : std::string::npos;
  if (place != std::string::npos) words.erase(0, place + 3);
  const std::string server = "the NATS server at " + where;
  if (status == NATS_CONNECTION_AUTH_FAILED) {
    return forbidden(fmt::format("{} refuses these credentials", server));
  }
  if (status == NATS_NO_SERVER) return unavailable("no NATS server answers at " + where);
  if (status == NATS_TIMEOUT) return timed_out(server + " did not answer in time");
  if (status == NATS_SECURE_CONNECTION_WANTED) {
    return unavailable(server + " speaks no TLS, and is told nothing in clear text");
  }
  if (const auto reason = certificate_fault(words); !reason.empty()) {
    if (reason.find("mismatch") != std::string::npos) {
      return unavailable(fmt::format(
          "the certificate of {} is not for {}; if that is right, --nats-server-name says which "
          "name it has",
          server, access.server_name.empty() ? "this host" : "`" + access.server_name + "`"));
    }
    return unavailable(
        fmt::format("the certificate of {} is not trusted: {}; --nats-ca has those who may sign it",
                    server, reason));
  }
  // A server that misses a certificate of ours says so after our side of TLS 1.3 is done.
  if (words.starts_with("Expected 'PONG', got ''")) {
    return unavailable(server + " ends the connection without a word" +
                       (access.wants_tls(where) && access.cert_file.empty()
                            ? "; perhaps it wants a certificate of ours: --nats-cert"
                            : ""));
  }
  return unavailable(fmt::format(
      "cannot connect to {}: {}", server,
      words.empty() ? natsStatus_GetText(static_cast<natsStatus>(status)) : words.c_str()));
}

}  // namespace cara::host
