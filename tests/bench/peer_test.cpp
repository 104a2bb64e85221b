#include "bench/runner/peer.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"

namespace raven::bench {
namespace {

std::vector<std::string> fake_peer() { return {"sh", RAVEN_SOURCE_DIR "/tests/bench/fake_peer.sh"}; }

TEST(Peer, AnswersRequests) {
  PeerProcess peer("fake", fake_peer(), {2, "active"});
  EXPECT_EQ(peer.info("version"), "1.2");
  EXPECT_EQ(peer.info("blas"), "fake blas");
  EXPECT_EQ(peer.info("threads"), "2");
  EXPECT_EQ(peer.info("absent"), "");
  EXPECT_EQ(peer.sgemm(), 5e9);
  EXPECT_TRUE(peer.setup("known"));
  EXPECT_DOUBLE_EQ(peer.time(3, 1), 0.006);
  EXPECT_FALSE(peer.setup("unknown"));
  peer.drop();
}

TEST(Peer, ErrorsNameThePeerAndItsMessage) {
  PeerProcess peer("fake", fake_peer(), {});
  try {
    peer.setup("broken");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "bench.peer: fake answered 'setup broken': no such array");
  }
  EXPECT_TRUE(peer.setup("known"));  // and the peer goes on
}

TEST(Peer, DeathIsAnErrorNotAHang) {
  PeerProcess peer("fake", fake_peer(), {});
  EXPECT_THROW(peer.setup("dies"), Error);
  EXPECT_THROW(peer.setup("known"), Error);
}

TEST(Peer, MissingProgramIsAnError) { EXPECT_THROW(PeerProcess("fake", {"/nonexistent/python"}, {}), Error); }

TEST(Peer, EnvironmentDropsWhatRestrainsABlasAndSetsThreads) {
  const char* ours[] = {"OPENBLAS_CORETYPE=Haswell", "HOME=/home/someone",      "OMP_NUM_THREADS=7",
                        "OPENBLAS_L2_SIZE=256",      "OMP_WAIT_POLICY=passive", nullptr};
  const std::vector<std::string> active = peer_environment(ours, {2, "active"});
  EXPECT_EQ(active, (std::vector<std::string>{"HOME=/home/someone", "OMP_NUM_THREADS=2", "OPENBLAS_NUM_THREADS=2",
                                              "MKL_NUM_THREADS=2", "OMP_WAIT_POLICY=active"}));
  const std::vector<std::string> plain = peer_environment(ours, {1, ""});
  EXPECT_EQ(std::count(plain.begin(), plain.end(), "OMP_NUM_THREADS=1"), 1);
  EXPECT_EQ(plain.size(), 4u);
}

TEST(Peer, RestrainingVariablesDoNotReachTheProcess) {
  setenv("OPENBLAS_CORETYPE", "Haswell", 1);
  PeerProcess peer("fake", fake_peer(), {});
  unsetenv("OPENBLAS_CORETYPE");
  EXPECT_EQ(peer.info("restrained"), "");
}

TEST(Peer, SettingsInWords) {
  EXPECT_EQ((PeerSettings{1, ""}.text()), "1 thread");
  EXPECT_EQ((PeerSettings{2, "passive"}.text()), "2 threads, passive");
}

}  // namespace
}  // namespace raven::bench
