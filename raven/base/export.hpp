#pragma once
// Export policy: hidden by default, RAVEN_API marks what users may link to (exception types included).
#if defined(_WIN32)
#define RAVEN_API
#else
#define RAVEN_API __attribute__((visibility("default")))
#endif
