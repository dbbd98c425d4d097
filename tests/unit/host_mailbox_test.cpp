#include <atomic>
#include <thread>

#include "services/runtime/host/mailbox.h"
#include "services/runtime/host/worker_pool.h"
#include "tests/catch_compat.h"

using namespace std::chrono_literals;
using cara::host::Mailbox;
using cara::host::WorkerPool;

TEST_CASE("a mailbox keeps order, hands out bounded batches, and counts what it drops") {
  Mailbox<int> mailbox({.items = 3, .bytes = 100});
  for (int i = 0; i < 5; ++i) mailbox.offer(i, 1);
  auto batch = mailbox.take(2, 0us);
  CHECK(batch.items == std::vector<int>{0, 1});
  CHECK(batch.dropped == 2);
  batch = mailbox.take(9, 0us);
  CHECK(batch.items == std::vector<int>{2});
  CHECK(batch.dropped == 0);
}

TEST_CASE("a mailbox is bounded in bytes; taking makes room; put never drops") {
  Mailbox<int> mailbox({.items = 100, .bytes = 10});
  mailbox.offer(1, 8);
  mailbox.offer(2, 3);
  mailbox.put(3);
  auto batch = mailbox.take(9, 0us);
  CHECK(batch.items == std::vector<int>{1, 3});
  CHECK(batch.dropped == 1);
  mailbox.offer(4, 10);
  CHECK(mailbox.take(9, 0us).items == std::vector<int>{4});
}

TEST_CASE("an item or a wake from another thread ends the wait") {
  Mailbox<int> mailbox({});
  std::thread other([&] { mailbox.offer(7, 0); });
  CHECK(mailbox.take(1, 10s).items == std::vector<int>{7});
  other.join();
  std::thread waker([&] { mailbox.wake(); });
  CHECK(mailbox.take(1, 10s).items.empty());
  waker.join();
}

TEST_CASE("a worker pool runs every job; stopped, it takes none") {
  WorkerPool pool(3);
  std::atomic<int> done = 0;
  for (int i = 0; i < 100; ++i) REQUIRE(pool.submit([&] { ++done; }));
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (done < 100 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(done == 100);
  CHECK(pool.stop(10s));
  CHECK_FALSE(pool.submit([&] { ++done; }));
}
