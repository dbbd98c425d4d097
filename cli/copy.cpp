// caractrl cp: files and folders out of containers and into them, as tar archives.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>

#include "cli/file.h"
#include "cli/pack.h"
#include "cli/say.h"
#include "cli/stdio_endpoint.h"
#include "cli/streams.h"
#include "cli/targets.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "services/runtime/host/socket_endpoint.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kLook{1};
constexpr int kSliceMs = 100;
constexpr const char* kStandard = "-";

// A path and what its end says: `PATH/.` is what is in a folder, `PATH/` must be one.
struct Place {
  std::string path;
  std::string base;  // its last name; empty: `/`
  bool contents = false;
  bool is_folder = false;
};

Place place_of(std::string path) {
  Place place;
  if (path == "." || path.ends_with("/.")) {
    place.contents = true;
    path.pop_back();
  }
  place.is_folder = path.ends_with('/');
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  place.path = path.empty() ? "." : path;
  place.base = std::filesystem::path(path).filename();
  return place;
}

std::string folder_of(const Place& place) {
  const std::string folder = std::filesystem::path(place.path).parent_path();
  return folder.empty() ? "/" : folder;
}

// That an agent is not there is no missing control plane (exit codes).
Error broken(Error error) {
  if (error.code == Code::kUnavailable) error.code = Code::kGone;
  return error;
}

Error interrupted() { return Error{Code::kInternal, "interrupted", {}}; }

class Copy {
 public:
  Copy(Context& context, Api& api, Target target, runtime::Duration timeout)
      : context_(context), streams_(api.streams()), target_(std::move(target)), timeout_(timeout) {
    context_.wait_begins();
  }

  // --- From the container
  Result<Ok> download(const Place& from, const std::string& local) {
    if (local == kStandard) return download_tar(from);
    const auto stream = open({.path = from.path}, nullptr);
    if (!stream) return stream.error();
    bool over = false;
    const Result<Ok> done = unpack_stream(*stream, over, from, local);
    if (!over) streams_.close(*stream);
    return done;
  }

  // --- To the container
  Result<Ok> upload(const std::string& local, const Place& to) {
    if (local == kStandard) return upload_tar(to);
    const Place from = place_of(local);
    std::error_code error;
    const auto status = std::filesystem::status(from.path, error);
    if (!std::filesystem::exists(std::filesystem::symlink_status(from.path, error))) {
      return not_found(shown(local) + ": there is no such file or folder");
    }
    const bool is_folder = std::filesystem::is_directory(status);
    if ((from.contents || from.is_folder) && !is_folder) {
      return invalid(shown(from.path) + " is no folder");
    }
    auto target = upload_target(from, is_folder, to);
    if (!target) return target.error();
    return pack_stream(from, *target);
  }

 private:
  static std::string shown(const std::string& path) { return schema::printable(path, 500); }

  Result<std::int64_t> open(schema::CopyOptions options, std::unique_ptr<host::Endpoint> endpoint) {
    schema::StreamRequest request{.project = target_.project, .service = target_.service};
    request.copy = std::move(options);
    return streams_.open("copy", std::move(request), std::move(endpoint), timeout_);
  }

  // The next bytes of a stream; none: it is over.
  Result<std::string> more(std::int64_t stream, bool& over) {
    while (!over) {
      if (context_.interrupted()) return interrupted();
      auto event = streams_.next(kLook);
      if (!event || event->stream != stream) continue;
      over = event->over.has_value();
      if (over && event->over->error) return broken(*event->over->error);
      if (!event->bytes.empty()) return std::move(event->bytes);
    }
    return std::string();
  }

  Result<Ok> unpack_stream(std::int64_t stream, bool& over, const Place& from,
                           const std::string& local) {
    TarReader reader([&] { return more(stream, over); });
    auto first = reader.next();
    if (!first) return first.error();
    if (!*first) return not_found(shown(from.path) + " is empty");
    const bool is_folder = (*first)->type == TarEntry::Type::kFolder;
    if ((from.contents || from.is_folder) && !is_folder) {
      return invalid(shown(from.path) + " is no folder in the container");
    }
    const bool contents = from.contents || from.base.empty();
    const auto target = unpack_target(local, from.base, is_folder, contents);
    if (!target) return target.error();
    const Result<Ok> done = unpack(reader, std::move(**first), *target, skipped_);
    say_skipped();
    if (!done) return done;
    // What is behind the archive's end, and whether the agent has more to say.
    while (!over) {
      if (const auto rest = more(stream, over); !rest) return rest.error();
    }
    return Ok{};
  }

  Result<Ok> download_tar(const Place& from) {
    const auto stream = open({.path = from.path}, nullptr);
    if (!stream) return stream.error();
    bool over = false;
    Result<Ok> done = Ok{};
    while (!over && done) {
      const auto bytes = more(*stream, over);
      if (!bytes)
        done = bytes.error();
      else if (!context_.out.write(bytes->data(), static_cast<std::streamsize>(bytes->size())))
        break;  // main() says why
    }
    if (!over) streams_.close(*stream);
    return done;
  }

  // --- Where it goes

  enum class There { kNothing, kFile, kFolder };

  // What a path in the container is: its archive begins with it.
  Result<There> look_at(const std::string& path) {
    const auto stream = open({.path = path}, nullptr);
    bool over = false;
    if (!stream) return nothing(stream.error());
    TarReader reader([&] { return more(*stream, over); });
    const auto first = reader.next();
    if (!over) streams_.close(*stream);
    if (!first) return nothing(first.error());
    if (!*first) return There::kNothing;
    if ((*first)->type == TarEntry::Type::kSymlink && !path.ends_with("/.")) {
      const auto behind = look_at(path + "/.");
      return behind && *behind == There::kFolder ? There::kFolder : There::kFile;
    }
    return (*first)->type == TarEntry::Type::kFolder ? There::kFolder : There::kFile;
  }
  static Result<There> nothing(const Error& error) {
    if (error.code == Code::kNotFound) return There::kNothing;
    return error;
  }

  struct UploadTarget {
    std::string folder;
    std::string name;  // empty: the contents go there
  };

  Result<UploadTarget> upload_target(const Place& from, bool is_folder, const Place& to) {
    if (to.base.empty()) return UploadTarget{"/", name_in(from)};
    const Result<There> there = look_at(to.path);
    if (!there) return there.error();
    if (*there == There::kFolder) return UploadTarget{to.path, name_in(from)};
    if (*there == There::kFile && (is_folder || to.is_folder)) {
      return invalid(shown(to.path) + " is a file in the container");
    }
    if (*there == There::kNothing && to.is_folder && !is_folder) {
      return not_found(shown(to.path) + ": there is no such folder in the container");
    }
    return UploadTarget{folder_of(to), to.base};
  }

  // What it is called in a folder that there is.
  static std::string name_in(const Place& from) {
    if (from.contents) return "";
    if (!from.base.empty() && from.base != "." && from.base != "..") return from.base;
    std::error_code error;
    return std::filesystem::canonical(from.path, error).filename();
  }

  Result<Ok> pack_stream(const Place& from, const UploadTarget& target) {
    std::array<int, 2> pair{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
      return internal(std::string("no socket: ") + std::strerror(errno));
    }
    const File near(pair[0]);
    auto far = std::make_unique<host::SocketEndpoint>(pair[1]);
    const auto stream = open({.path = target.folder, .upload = true}, std::move(far));
    if (!stream) return stream.error();
    std::optional<runtime::StreamResult> over;
    TarWriter writer([&](std::string_view bytes) { return give(near.fd(), bytes, over); });
    Result<Ok> done = pack(writer, from.path, target.name, skipped_);
    if (done) done = writer.finish();
    say_skipped();
    // An archive that is cut off must not look complete.
    if (!done && !over) {
      streams_.close(*stream);
      return done;
    }
    if (done) shutdown(near.fd(), SHUT_WR);
    return wait(*stream, over);
  }

  Result<Ok> give(int file, std::string_view bytes, std::optional<runtime::StreamResult>& over) {
    while (!bytes.empty()) {
      if (context_.interrupted()) return interrupted();
      if (over) return internal("the container takes no more");
      const ssize_t count = send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
      if (count > 0) continue;
      if (count < 0 && errno != EAGAIN && errno != EINTR) {
        // The stream is over; why comes as its end.
        if (const auto event = streams_.next(kLook)) over = event->over;
        return internal("the container takes no more");
      }
      pollfd polled{.fd = file, .events = POLLOUT, .revents = 0};
      ::poll(&polled, 1, kSliceMs);
      if (const auto event = streams_.next({})) over = event->over;
    }
    return Ok{};
  }

  Result<Ok> wait(std::int64_t stream, std::optional<runtime::StreamResult>& over) {
    while (!over) {
      if (context_.interrupted()) {
        streams_.close(stream);
        return interrupted();
      }
      const auto event = streams_.next(kLook);
      if (event && event->stream == stream) over = event->over;
    }
    if (over->error) return broken(*over->error);
    return Ok{};
  }

  // Standard input is an archive, and goes as it is.
  Result<Ok> upload_tar(const Place& to) {
    const auto state = std::make_shared<StdioEndpoint::State>();
    const auto stream = open({.path = to.path, .upload = true},
                             std::make_unique<StdioEndpoint>(context_.files, true, state));
    if (!stream) return stream.error();
    std::optional<runtime::StreamResult> over;
    return wait(*stream, over);
  }

  void say_skipped() {
    for (const std::string& name : skipped_) {
      context_.err << "skipped " << shown(name) << ": neither a file nor a folder nor a link\n";
    }
    skipped_.clear();
  }

  Context& context_;
  Streams& streams_;
  const Target target_;
  const runtime::Duration timeout_;
  std::vector<std::string> skipped_;
};

// `PROJECT[/SERVICE]:PATH`; nothing: it is a path here. One with a slash in front is always that.
std::optional<std::pair<std::string, std::string>> remote_of(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos || colon == 0 || word.front() == '/' || word.front() == '.') {
    return std::nullopt;
  }
  return std::pair(word.substr(0, colon), word.substr(colon + 1));
}

struct Job {
  std::string target;
  Place place;
  std::string local;
  bool upload = false;
};

Result<Job> job_of(const std::vector<std::string>& words) {
  if (words.size() != 2) return invalid("from where to where? Write two paths");
  const auto from = remote_of(words[0]);
  const auto to = remote_of(words[1]);
  if (from && to) return invalid("from one container to another is two copies");
  if (!from && !to) return invalid("one of the two paths must be PROJECT/SERVICE:PATH");
  const auto& [target, path] = from ? *from : *to;
  if (!path.starts_with('/')) {
    return invalid("a path in a container begins with `/`, not `" + schema::printable(path) + "`");
  }
  if (const auto named = parse_target(target); !named) return named.error();
  const std::string local = words[from ? 1 : 0];
  if (local.empty()) return invalid("an empty path is none");
  return Job{target, place_of(path), local, to.has_value()};
}

Exit run_copy(Context& context, const host::Flags& flags) {
  const Result<Job> job = job_of(flags.positionals());
  if (!job) return say_usage(context, "cp", job.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const runtime::Duration timeout = flags.duration("timeout");
  const Result<Target> target = find_target(**api, job->target, timeout);
  if (!target) return say_error(context, target.error());
  Copy copy(context, **api, *target, timeout);
  const Result<Ok> done =
      job->upload ? copy.upload(job->local, job->place) : copy.download(job->place, job->local);
  if (context.interrupted()) return kInterrupted;
  return done ? kDone : say_error(context, done.error());
}

}  // namespace

const Verb& copy_verb() {
  static const Verb kVerb{
      .name = "cp",
      .summary = "Copy files out of a container, or into one",
      .usage = "cp PROJECT[/SERVICE]:PATH LOCAL | cp LOCAL PROJECT[/SERVICE]:PATH",
      .details =
          "Files and folders with their permissions and times. Where the target is a folder, what "
          "is\n"
          "copied goes into it; `SOURCE/.` is what is in a folder. A target that is not there "
          "gets\n"
          "the name that is given, its folder must exist. `-` is a tar archive on standard output\n"
          "or input. A file gets its name when it is complete.\n"
          "Nothing is written outside of LOCAL: an archive with `..` or absolute names is "
          "refused,\n"
          "links are copied as links and never followed. In the container, root owns what "
          "comes.\n\n"
          "Examples:\n"
          "  caractrl cp wordpress/db:/var/lib/mysql ./backup\n"
          "  caractrl cp ./site/. wordpress/web:/var/www/html\n"
          "  caractrl cp wordpress/web:/etc - | tar tv\n",
      .flags = {answer_timeout_flag()},
      .run = run_copy};
  return kVerb;
}

}  // namespace cara::cli
