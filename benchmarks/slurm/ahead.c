// A clock that is ten minutes ahead: cc -shared -fPIC -o ahead.so ahead.c, LD_PRELOAD=ahead.so
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && clock == CLOCK_REALTIME) now->tv_sec += 600;
  return failed;
}
