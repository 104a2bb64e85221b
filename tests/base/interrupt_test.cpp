#include "raven/base/interrupt.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "raven/base/error.hpp"

namespace raven {
namespace {

// Wait status of a child that runs `body`.
template <class Body>
int status_of(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGINT, SIG_DFL);  // a test run in the background may ignore it
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(Interrupt, SignalBecomesAFlag) {
  const InterruptScope scope;
  EXPECT_FALSE(interrupted());
  EXPECT_NO_THROW(check_interrupt());
  ::raise(SIGINT);
  EXPECT_TRUE(interrupted());
  EXPECT_THROW(check_interrupt(), Interrupted);
  set_interrupted(false);
  ::raise(SIGTERM);
  EXPECT_TRUE(interrupted());
  set_interrupted(false);
}

TEST(Interrupt, SecondSignalEndsTheProcess) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "TSan stands between the signal and its default action";
#endif
#endif
  const int status = status_of([] {
    const InterruptScope scope;
    ::raise(SIGINT);
    ::raise(SIGINT);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(Interrupt, ClearedFlagCountsAnew) {
  const int status = status_of([] {
    const InterruptScope scope;
    ::raise(SIGINT);
    set_interrupted(false);
    ::raise(SIGINT);
    ::_exit(interrupted() ? 7 : 8);
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Interrupt, OutermostScopeRestoresTheFormerAction) {
  const int status = status_of([] {
    {
      const InterruptScope outer;
      {
        const InterruptScope inner;
      }
      ::raise(SIGINT);  // still caught
    }
    ::raise(SIGINT);
    ::_exit(9);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

}  // namespace
}  // namespace raven
