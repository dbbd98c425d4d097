#include "cli/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <cstring>

#include "schema/check.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kMaxWords = 500;

// Ours, if a callback has failed; else what the library says.
Error failure(const std::optional<Error>& ours, archive* handle) {
  if (ours) return *ours;
  const char* words = archive_error_string(handle);
  return invalid("the tar archive is damaged: " +
                 schema::printable(words == nullptr ? "?" : words, kMaxWords));
}

TarEntry::Type type_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return TarEntry::Type::kHardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return TarEntry::Type::kFile;
    case AE_IFDIR:
      return TarEntry::Type::kFolder;
    case AE_IFLNK:
      return TarEntry::Type::kSymlink;
    default:
      return TarEntry::Type::kOther;
  }
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

// --- Reading ------------------------------------------------------------------------------------

struct TarReader::Handle {
  More more;
  archive* reader = archive_read_new();
  bool begun = false;
  std::string piece;  // what the library looks at
  std::optional<Error> failed;
  std::array<char, kPiece> buffer{};

  static la_ssize_t read(archive* reader, void* self, const void** bytes) {
    auto& handle = *static_cast<Handle*>(self);
    Result<std::string> piece = handle.more();
    if (!piece) {
      handle.failed = piece.error();
      archive_set_error(reader, ECANCELED, "%s", "no more of it");
      return -1;
    }
    handle.piece = std::move(*piece);
    *bytes = handle.piece.data();
    return static_cast<la_ssize_t>(handle.piece.size());
  }
};

TarReader::TarReader(More more) : handle_(new Handle{.more = std::move(more)}) {
  CARA_CHECK(handle_->reader != nullptr);
  archive_read_support_format_tar(handle_->reader);
}

TarReader::~TarReader() { archive_read_free(handle_->reader); }

Result<std::optional<TarEntry>> TarReader::next() {
  archive* reader = handle_->reader;
  if (!handle_->begun) {
    handle_->begun = true;
    if (archive_read_open(reader, handle_.get(), nullptr, Handle::read, nullptr) != ARCHIVE_OK) {
      return failure(handle_->failed, reader);
    }
  }
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(reader, &entry);
  if (result == ARCHIVE_EOF) return std::optional<TarEntry>();
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return failure(handle_->failed, reader);
  TarEntry out{.name = text_of(archive_entry_pathname(entry)),
               .type = type_of(entry),
               .size = archive_entry_size(entry),
               .mode = archive_entry_perm(entry),
               .mtime_s = archive_entry_mtime(entry),
               .mtime_ns = archive_entry_mtime_nsec(entry)};
  if (out.type == TarEntry::Type::kHardlink) out.target = text_of(archive_entry_hardlink(entry));
  if (out.type == TarEntry::Type::kSymlink) out.target = text_of(archive_entry_symlink(entry));
  return std::optional(std::move(out));
}

Result<std::string_view> TarReader::data() {
  const la_ssize_t count =
      archive_read_data(handle_->reader, handle_->buffer.data(), handle_->buffer.size());
  if (count < 0) return failure(handle_->failed, handle_->reader);
  return std::string_view(handle_->buffer.data(), static_cast<std::size_t>(count));
}

// --- Writing ------------------------------------------------------------------------------------

struct TarWriter::Handle {
  Sink sink;
  archive* writer = archive_write_new();
  std::optional<Error> failed;

  static la_ssize_t write(archive* writer, void* self, const void* bytes, std::size_t size) {
    auto& handle = *static_cast<Handle*>(self);
    const Result<Ok> done = handle.sink({static_cast<const char*>(bytes), size});
    if (done) return static_cast<la_ssize_t>(size);
    handle.failed = done.error();
    archive_set_error(writer, ECANCELED, "%s", "nobody takes it");
    return -1;
  }
};

TarWriter::TarWriter(Sink sink) : handle_(new Handle{.sink = std::move(sink)}) {
  archive* writer = handle_->writer;
  CARA_CHECK(writer != nullptr);
  archive_write_set_format_pax_restricted(writer);
  // Names as they are, whatever the locale.
  archive_write_set_options(writer, "hdrcharset=BINARY");
  archive_write_set_bytes_per_block(writer, static_cast<int>(kPiece));
  archive_write_set_bytes_in_last_block(writer, 1);
  // Fails only without memory, and then everything after it does.
  archive_write_open(writer, handle_.get(), nullptr, Handle::write, nullptr);
}

TarWriter::~TarWriter() {
  handle_->sink = [](std::string_view) -> Result<Ok> { return Ok{}; };
  archive_write_free(handle_->writer);
}

Result<Ok> TarWriter::add(const TarEntry& from) {
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                            archive_entry_free);
  const bool is_link = from.type == TarEntry::Type::kSymlink;
  const bool is_folder = from.type == TarEntry::Type::kFolder;
  archive_entry_set_pathname(entry.get(), from.name.c_str());
  archive_entry_set_filetype(entry.get(), is_folder ? AE_IFDIR : is_link ? AE_IFLNK : AE_IFREG);
  if (is_link) archive_entry_set_symlink(entry.get(), from.target.c_str());
  if (from.type == TarEntry::Type::kHardlink) {
    archive_entry_set_hardlink(entry.get(), from.target.c_str());
  }
  archive_entry_set_size(entry.get(), from.size);
  archive_entry_set_perm(entry.get(), from.mode);
  archive_entry_set_mtime(entry.get(), from.mtime_s, static_cast<long>(from.mtime_ns));
  if (archive_write_header(handle_->writer, entry.get()) >= ARCHIVE_WARN) return Ok{};
  return failure(handle_->failed, handle_->writer);
}

Result<Ok> TarWriter::data(std::string_view bytes) {
  if (archive_write_data(handle_->writer, bytes.data(), bytes.size()) >= 0) return Ok{};
  return failure(handle_->failed, handle_->writer);
}

Result<Ok> TarWriter::finish() {
  if (archive_write_close(handle_->writer) == ARCHIVE_OK) return Ok{};
  return failure(handle_->failed, handle_->writer);
}

}  // namespace cara::cli
