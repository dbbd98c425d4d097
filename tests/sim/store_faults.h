// StoreFaults: the disk below the store, which is in memory: it is full, or it fails.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "services/apiserver/store/store.h"

namespace cara::sim {

class StoreFaults {
 public:
  StoreFaults();
  ~StoreFaults();
  StoreFaults(const StoreFaults&) = delete;
  StoreFaults& operator=(const StoreFaults&) = delete;

  // The store whose disk it is. REQUIRES: called once.
  std::unique_ptr<apiserver::Store> open(const apiserver::StoreOptions& options);

  // It takes nothing new, until it is not full any more; what is there can be read.
  void set_full(bool full);
  bool is_full() const;
  // The next transaction that writes is lost while it is committed.
  void fail_next_commit(std::function<void()> on_failure);

 private:
  struct Disk;
  std::unique_ptr<Disk> disk_;
};

}  // namespace cara::sim
