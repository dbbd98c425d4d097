#include "tests/integration/quiet_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>
#include <vector>

namespace cara::test {

QuietServer::QuietServer() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  listen(listener_, 16);
  thread_ = std::thread([this] { serve(); });
}

QuietServer::~QuietServer() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void QuietServer::serve() {
  static constexpr std::string_view kInfo =
      "INFO {\"server_id\":\"Q\",\"version\":\"2.9.10\",\"proto\":1,\"headers\":true,"
      "\"max_payload\":1048576}\r\n";
  std::vector<int> clients;
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) break;
    (void)send(client, kInfo.data(), kInfo.size(), MSG_NOSIGNAL);
    clients.push_back(client);
  }
  for (const int client : clients) close(client);
}

}  // namespace cara::test
