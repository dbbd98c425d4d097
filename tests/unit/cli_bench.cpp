#include "tests/unit/cli_bench.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace cara::cli::test {
namespace {

// The commands own the Api they connect to; the bench keeps the fake.
class Borrowed final : public Api {
 public:
  explicit Borrowed(FakeApi& api) : api_(api) {}
  Result<runtime::Payload> call(std::string_view operation, const runtime::Payload& body,
                                runtime::Duration timeout) override {
    return api_.call(operation, body, timeout);
  }
  Result<std::unique_ptr<Hints>> watch(const std::string& subject) override {
    return api_.watch(subject);
  }
  Streams& streams() override { return api_.streams(); }
  Result<std::vector<Heard>> ask_all(const std::string& subject, runtime::Duration patience,
                                     const IsDone& done) override {
    return api_.ask_all(subject, patience, done);
  }

 private:
  FakeApi& api_;
};

}  // namespace

CliBench::CliBench() : folder_(std::filesystem::temp_directory_path() / ("cara-cli." + unique())) {
  std::filesystem::create_directory(folder_);
}

CliBench::~CliBench() { std::filesystem::remove_all(folder_); }

Seen CliBench::run(const std::vector<std::string>& words, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Context context{.in = in,
                  .out = out,
                  .err = err,
                  .connect = [this](const Connection& wanted) -> Result<std::unique_ptr<Api>> {
                    connection = wanted;
                    if (no_connection) return *no_connection;
                    return std::unique_ptr<Api>(std::make_unique<Borrowed>(api));
                  },
                  .environment = [this](const std::string& name) -> std::optional<std::string> {
                    const auto found = environment.find(name);
                    if (found == environment.end()) return std::nullopt;
                    return found->second;
                  },
                  .login_name = [] { return "Jane Doe"; },
                  .new_id = [this] { return "id-" + std::to_string(++ids_); },
                  .now = [] { return kNow; },
                  .mono_now = [this] { return api.mono; },
                  .wait_begins = [] {},
                  .interrupted = [this] { return interrupted; },
                  .is_terminal = [this](int fd) { return terminals.contains(fd); }};
  const int exit = cli::run(context, words);
  return {exit, out.str(), shortened(err.str())};
}

std::string CliBench::file(const std::string& name, const std::string& text) {
  std::ofstream(folder_ / name, std::ios::binary) << text;
  return (folder_ / name).string();
}

std::string CliBench::unique() {
  static int number = 0;
  return std::to_string(std::filesystem::file_time_type::clock::now().time_since_epoch().count()) +
         "-" + std::to_string(++number);
}

std::string CliBench::shortened(std::string text) const {
  const std::string prefix = folder() + "/";
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
    text.erase(at, prefix.size());
  }
  return text;
}

bool contains_text(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string manifest(const std::string& name, const std::string& more) {
  return "apiVersion: caravanserai/v1\nkind: Project\nmetadata:\n  name: " + name +
         "\nspec:\n  services:\n    - name: app\n      image: busybox:1\n" + more;
}

}  // namespace cara::cli::test
