// Certificates: the owner's PEM folder and what HAProxy uses of it. A file is handed to HAProxy
// while it runs; what it has accepted is kept in a folder of its own, which it starts from. So a
// broken file never replaces a good one, and keeps nothing from starting.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "services/agent/ingress/admin_socket.h"

namespace cara::haproxy {

class Certificates {
 public:
  static constexpr std::size_t kMaxFileBytes =
      15'000;  // a command of HAProxy is shorter than 16 KiB
  static constexpr std::size_t kMaxFiles = 1'000;

  using Say = std::function<void(const std::string& sentence)>;

  // `folder` is HAProxy's, `source` the owner's; empty: no TLS.
  Certificates(std::string folder, std::string source, Say say);

  // Before HAProxy starts: the list exists.
  Result<Ok> prepare() const;
  // Looks for new, changed and removed files and tells HAProxy, which runs. What cannot be used is
  // said once and tried again when the file changes.
  void look(const AdminSocket& admin);

 private:
  struct Facts {
    std::int64_t changed_ns = 0;
    std::int64_t bytes = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const Facts&) const = default;
  };
  using Files = std::map<std::string, Facts>;  // by name

  Files source_files();
  Files kept_files() const;
  Result<Ok> take(const AdminSocket& admin, const std::string& name, bool is_new) const;
  Result<Ok> drop(const AdminSocket& admin, const std::string& name) const;
  Result<Ok> write_list() const;
  std::string kept_path(const std::string& name) const;

  std::string folder_;
  std::string source_;
  Say say_;
  Files seen_;
  std::string trouble_;  // of the folder, said already
};

}  // namespace cara::haproxy
