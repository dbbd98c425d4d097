#include "services/runtime/host/nats_access.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "services/runtime/host/nkey.h"

namespace cara::host {
namespace {

Result<std::string> read(const char* flag, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.good() || file.eof()) return text;
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
  if (text->find("BEGIN NATS USER JWT") == std::string::npos) {
    return unusable("nats-creds", access.creds_file, "no NATS credentials");
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

}  // namespace

Result<Ok> add_access(natsOptions* options, const BusAccess& access, const std::string& host) {
  if (auto added = add_user(options, access); !added) return added;
  if (!access.ca_file.empty()) {
    if (const auto text = read("nats-ca", access.ca_file); !text) return text.error();
    if (natsOptions_LoadCATrustedCertificates(options, access.ca_file.c_str()) != NATS_OK) {
      return unusable("nats-ca", access.ca_file, "no certificate in PEM");
    }
  }
  if (auto added = add_own_certificate(options, access); !added) return added;
  // Only then: without it a server that wants TLS gets it as well.
  if (access.wants_tls() && natsOptions_SetSecure(options, true) != NATS_OK) {
    return internal("TLS cannot be set");
  }
  // cnats checks no name by itself, and any other certificate of the CA would do for a server's.
  const std::string& name = access.server_name.empty() ? host : access.server_name;
  if (natsOptions_SetExpectedHostname(options, name.c_str()) != NATS_OK) {
    return internal("the server's name cannot be set");
  }
  return Ok{};
}

Error connect_error(natsStatus status, const std::string& where, const std::string& words) {
  if (status == NATS_CONNECTION_AUTH_FAILED) {
    return forbidden(fmt::format("the NATS server at {} refuses these credentials", where));
  }
  if (status == NATS_NO_SERVER) {
    return unavailable(fmt::format("no NATS server answers at {}", where));
  }
  if (status == NATS_TIMEOUT) {
    return timed_out(fmt::format("the NATS server at {} did not answer in time", where));
  }
  return unavailable(fmt::format("cannot connect to the NATS server at {}: {}", where,
                                 words.empty() ? natsStatus_GetText(status) : words.c_str()));
}

}  // namespace cara::host
