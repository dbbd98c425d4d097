#include "services/agent/ingress/certificates.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "schema/formats.h"
#include "services/agent/ingress/config_text.h"
#include "services/agent/ingress/files.h"

namespace cara::haproxy {
namespace {

constexpr std::string_view kEnding = ".pem";

// As HAProxy knows a certificate: relative to its folder.
std::string name_in_haproxy(const std::string& name) {
  return std::string(kCertificateFolder) + "/" + name;
}

// An empty line would end the command.
std::string without_empty_lines(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\r' || (c == '\n' && (out.empty() || out.back() == '\n'))) continue;
    out += c;
  }
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

bool has_good_name(const std::string& name) {
  return !schema::check_format(schema::Format::kFileName, name);
}

}  // namespace

Certificates::Certificates(std::string folder, std::string source, Say say)
    : folder_(std::move(folder)), source_(std::move(source)), say_(std::move(say)) {}

std::string Certificates::kept_path(const std::string& name) const {
  return folder_ + "/" + name_in_haproxy(name);
}

Result<Ok> Certificates::prepare() const {
  if (auto made = make_folder(folder_ + "/" + kCertificateFolder); !made) return made.error();
  return write_list();
}

Result<Ok> Certificates::write_list() const {
  std::string list;
  for (const auto& [name, facts] : kept_files()) list += name_in_haproxy(name) + "\n";
  return write_file(folder_ + "/" + kCertificateList, list);
}

Certificates::Files Certificates::kept_files() const {
  Files files;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_ + "/" + kCertificateFolder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kEnding)) files.emplace(name, Facts{});
  }
  return files;
}

Certificates::Files Certificates::source_files() {
  Files files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(source_, error)) {
    const std::string name = entry.path().filename().string();
    struct stat facts {};
    if (!name.ends_with(kEnding) || ::stat(entry.path().c_str(), &facts) != 0) continue;
    if (!S_ISREG(facts.st_mode) || files.size() >= kMaxFiles) continue;
    files[name] = {.changed_ns = facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec,
                   .bytes = facts.st_size,
                   .inode = facts.st_ino};
  }
  const std::string trouble =
      error ? "cannot read the certificates in " + source_ + ": " + error.message() : "";
  if (trouble != trouble_ && !trouble.empty()) say_(trouble);
  trouble_ = trouble;
  return files;
}

void Certificates::look(const AdminSocket& admin) {
  if (source_.empty()) return;
  const Files now = source_files();
  if (!trouble_.empty()) return;  // a folder that is away for a moment takes nothing away
  const Files kept = kept_files();
  const auto tell = [this](const std::string& name, const Result<Ok>& done) {
    if (!done) {
      say_("certificate " + schema::printable(source_ + "/" + name, 200) +
           " is not used, what was used before is: " + done.error().message);
    }
  };
  for (const auto& [name, facts] : now) {
    const auto before = seen_.find(name);
    if (before != seen_.end() && before->second == facts) continue;
    const auto done = take(admin, name, !kept.contains(name));
    // HAProxy did not decide: the next look asks it again.
    if (!done && (done.error().code == Code::kUnavailable || done.error().code == Code::kTimeout)) {
      return;
    }
    seen_[name] = facts;
    tell(name, done);
  }
  std::erase_if(seen_, [&now](const auto& entry) { return !now.contains(entry.first); });
  for (const auto& [name, facts] : kept) {
    if (!now.contains(name)) tell(name, drop(admin, name));
  }
}

Result<Ok> Certificates::take(const AdminSocket& admin, const std::string& name,
                              bool is_new) const {
  if (!has_good_name(name)) return invalid("its name may have letters, digits, `-`, `_` and `.`");
  const std::string pem = without_empty_lines(read_file(source_ + "/" + name));
  if (pem.empty()) return invalid("it is empty or cannot be read");
  if (pem.size() > kMaxFileBytes) {
    return invalid("it has more than " + std::to_string(kMaxFileBytes) + " bytes");
  }
  if (!is_new && read_file(kept_path(name)) == pem) return Ok{};
  const std::string known = name_in_haproxy(name);
  // HAProxy may have it from a try that was interrupted: then `new` fails and says so.
  if (is_new) {
    if (const auto made = admin.ask("new ssl cert " + known + "\n"); !made) return made.error();
  }
  const auto forget = [&] {
    (void)admin.ask("abort ssl cert " + known + "\n");
    if (is_new) (void)admin.ask("del ssl cert " + known + "\n");
  };
  const auto set = admin.ask("set ssl cert " + known + " <<\n" + pem + "\n");
  if (!set) return set.error();
  if (set->find("ransaction") == std::string::npos) {
    forget();
    return invalid("HAProxy says: " + schema::printable(*set, 300));
  }
  const auto committed = admin.ask("commit ssl cert " + known + "\n");
  if (!committed) return committed.error();
  if (committed->find("Success") == std::string::npos) {
    forget();
    return invalid("HAProxy says: " + schema::printable(*committed, 300));
  }
  if (is_new) {
    const auto added =
        admin.ask(std::string("add ssl crt-list ") + kCertificateList + " " + known + "\n");
    if (!added) return added.error();
    if (added->find("Success") == std::string::npos) {
      forget();
      return invalid("HAProxy says: " + schema::printable(*added, 300));
    }
  }
  if (auto written = write_file(kept_path(name), pem); !written) return written.error();
  return write_list();
}

Result<Ok> Certificates::drop(const AdminSocket& admin, const std::string& name) const {
  const std::string known = name_in_haproxy(name);
  const auto gone =
      admin.ask(std::string("del ssl crt-list ") + kCertificateList + " " + known + "\n");
  if (!gone) return gone.error();
  if (const auto deleted = admin.ask("del ssl cert " + known + "\n"); !deleted) {
    return deleted.error();
  }
  std::error_code error;
  std::filesystem::remove(kept_path(name), error);
  return write_list();
}

}  // namespace cara::haproxy
