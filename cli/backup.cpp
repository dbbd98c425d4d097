// caractrl backup: the cluster's state as one file, while the cluster goes on.
#include <ostream>

#include "cli/backup_file.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/style.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

// The first bytes of every SQLite file: https://sqlite.org/fileformat.html, section 1.3.1.
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr runtime::Duration kShowEvery = std::chrono::milliseconds(200);

std::string amount(std::int64_t bytes) {
  constexpr std::int64_t kMega = 1024 * 1024;
  if (bytes < kMega) return std::to_string((bytes + 1023) / 1024) + " KiB";
  return std::to_string(bytes / kMega) + "." + std::to_string(bytes % kMega * 10 / kMega) + " MiB";
}

// One line that is written over, on a terminal only.
class Progress {
 public:
  Progress(Context& context, std::int64_t all) : context_(context), all_(all) {
    shown_ = is_terminal(context, Stream::kErr);
  }
  ~Progress() {
    if (wrote_) context_.err << "\r\033[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::int64_t done) {
    const runtime::MonoTime now = context_.mono_now();
    if (!shown_ || now < next_) return;
    next_ = now + kShowEvery;
    wrote_ = true;
    context_.err << "\r" << amount(done) << " of " << amount(all_) << "\033[K" << std::flush;
  }

 private:
  Context& context_;
  const std::int64_t all_;
  bool shown_ = false;
  bool wrote_ = false;
  runtime::MonoTime next_{};
};

struct Copy {
  Context& context;
  Api& api;
  const std::string client;
  const runtime::Duration timeout;

  template <class Reply, class Request>
  Result<Reply> ask(std::string_view operation, const Request& request,
                    runtime::Duration patience) const {
    return call<Reply>(api, operation, request, patience);
  }

  Result<Ok> read_into(BackupFile& file, const schema::BackupBeginReply& about) const {
    if (about.bytes <= 0) return internal("what came is no database");
    Progress progress(context, about.bytes);
    std::int64_t offset = 0;
    while (offset < about.bytes) {
      if (context.interrupted()) return timed_out("interrupted");
      const auto piece = ask<schema::BackupReadReply>(
          "backup.read", schema::BackupReadRequest{client, offset}, timeout);
      if (!piece) return piece.error();
      const std::string& bytes = piece->data.data;
      if (bytes.empty()) return internal("the copy ended before it was complete");
      if (offset == 0 && !bytes.starts_with(kMagic)) {
        return internal("what came is no database");
      }
      if (Result<Ok> written = file.append(bytes); !written) return written;
      offset += static_cast<std::int64_t>(bytes.size());
      progress.show(offset);
    }
    return file.finish();
  }

  Result<schema::BackupBeginReply> run(const std::string& path, bool force,
                                       runtime::Duration copying) const {
    if (Result<Ok> checked = BackupFile::check(path, force); !checked) return checked.error();
    auto about =
        ask<schema::BackupBeginReply>("backup.begin", schema::BackupBeginRequest{client}, copying);
    if (!about) return about;
    context.wait_begins();  // from here on there is something to tidy up
    auto file = BackupFile::create(path, force);
    const Result<Ok> done = file ? read_into(*file, *about) : file.error();
    (void)ask<schema::BackupEndReply>("backup.end", schema::BackupEndRequest{client}, timeout);
    if (!done) return done.error();
    return about;
  }
};

Exit run_backup(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  if (words.size() != 1 || words.front().empty()) {
    return say_usage(context, "backup", "into which file? Say `caractrl backup FILE`");
  }
  const std::string& path = words.front();
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const Copy copy{context, **api, context.new_id(), flags.duration("timeout")};
  const auto about = copy.run(path, flags.enabled("force"), flags.duration("copy-timeout"));
  if (!about && context.interrupted()) return kInterrupted;
  if (!about) return say_error(context, about.error());
  const Output output = output_of(flags);
  if (output != Output::kTable) {
    context.out << render(Map{{"file", Value(path)},
                              {"bytes", Value(about->bytes)},
                              {"revision", Value(about->revision)},
                              {"cluster", Value(about->cluster)}},
                          output);
    return kDone;
  }
  context.out << "backup of cluster " << schema::printable(about->cluster) << " at revision "
              << about->revision << " written to " << schema::printable(path, 4096) << " ("
              << amount(about->bytes) << ")\n";
  return kDone;
}

}  // namespace

const Verb& backup_verb() {
  static const Verb kVerb{
      .name = "backup",
      .summary = "Write the cluster's state into a file, while the cluster goes on",
      .usage = "backup FILE [FLAGS]",
      .details =
          "Projects, nodes, revisions and events as they are at one moment; not what containers\n"
          "have in their volumes. The file appears when it is complete and on the disk, and only\n"
          "its owner may read it: it holds the environment of every service. To go back to it,\n"
          "stop cara-apiserver, start it once with `--restore FILE`, and then as always.\n\n"
          "Examples:\n"
          "  caractrl backup cara-$(date +%F).db\n"
          "  caractrl backup --force /var/backups/cara.db -o json\n"
          "  cara-apiserver --db /var/lib/cara/cara.db --restore cara-2026-11-28.db\n",
      .flags = {output_flag(), answer_timeout_flag(),
                switch_flag("force", "Replace FILE if it exists"),
                duration_flag("copy-timeout",
                              "How long the apiserver may take to copy its database", "10m")},
      .run = run_backup};
  return kVerb;
}

}  // namespace cara::cli
