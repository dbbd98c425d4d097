// BackupCopy: a consistent copy of the database in use, read piece by piece.
//
// It is made from a connection of its own that only reads, so the writer is not held up, and whose
// file has no name any more: it is gone with the process, however that ends. One thread; not the
// store's.
#pragma once

#include <cstdint>
#include <string>

#include "schema/messages.h"
#include "schema/result.h"
#include "schema/time.h"

namespace cara::apiserver {

class BackupCopy {
 public:
  static constexpr std::size_t kPieceBytes = 256 * 1024;

  explicit BackupCopy(std::string database);
  ~BackupCopy();
  BackupCopy(const BackupCopy&) = delete;
  BackupCopy& operator=(const BackupCopy&) = delete;

  // Makes the copy; asked again by the same client, tells of the one there is. kConflict: another
  // client reads of its own.
  Result<schema::BackupBeginReply> begin(const schema::BackupBeginRequest& request, Timestamp now);
  // kGone: there is no such copy, or not any more.
  Result<schema::BackupReadReply> read(const schema::BackupReadRequest& request, Timestamp now);
  Result<schema::BackupEndReply> end(const schema::BackupEndRequest& request);
  void drop();

 private:
  Result<Ok> make(Timestamp now);

  const std::string database_;
  const std::string draft_;
  int file_ = -1;
  std::string client_;
  schema::BackupBeginReply about_;
  Timestamp used_at_;
};

}  // namespace cara::apiserver
