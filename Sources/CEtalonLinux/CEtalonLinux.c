#define _GNU_SOURCE
#include "CEtalonLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

int etalon_pty_open(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) return -1;
  if (grantpt(master) == 0 && unlockpt(master) == 0 && fcntl(master, F_SETFD, FD_CLOEXEC) == 0 &&
      fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) == 0) {
    return master;
  }
  int code = errno;
  close(master);
  errno = code;
  return -1;
}

int etalon_pty_name(int master, char *name, size_t capacity) { return ptsname_r(master, name, capacity); }

int etalon_terminal_claim(int terminal) { return ioctl(terminal, TIOCEXCL); }

int etalon_terminal_is_claimed(int terminal) {
  int claimed = 0;
  return ioctl(terminal, TIOCGEXCL, &claimed) == 0 && claimed != 0;
}

int etalon_epoll_control(int epoll, int operation, int descriptor, unsigned events, unsigned token) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = events;
  event.data.u32 = token;
  return epoll_ctl(epoll, operation, descriptor, &event);
}

int etalon_epoll_wait(int epoll, unsigned *tokens, unsigned *events, int capacity, int milliseconds) {
  struct epoll_event ready[64];
  int count = epoll_wait(epoll, ready, capacity < 64 ? capacity : 64, milliseconds);
  for (int index = 0; index < count; index++) {
    tokens[index] = ready[index].data.u32;
    events[index] = ready[index].events;
  }
  return count;
}

int etalon_resource_limit(int resource, struct rlimit *limit) { return getrlimit(resource, limit); }

int etalon_clock_state(int *status, long *maximum_error_microseconds) {
  struct timex clock;
  memset(&clock, 0, sizeof clock);
  int state = adjtimex(&clock);
  *status = clock.status;
  *maximum_error_microseconds = clock.maxerror;
  return state;
}

int etalon_epoll_wait_exactly(int epoll, unsigned *tokens, unsigned *ready, int capacity, long long instant) {
#ifdef SYS_epoll_pwait2
  struct epoll_event events[64];
  if (capacity > 64) capacity = 64;
  struct timespec now;
  // The kernel takes the time that is left, so the clock is read at the last moment.
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long left = instant - now.tv_sec * 1000000000LL - now.tv_nsec;
  if (left < 0) left = 0;
  // The kernel's own layout: 64-bit numbers also where time_t has 32 bits.
  struct {
    int64_t seconds;
    int64_t nanoseconds;
  } timeout = {left / 1000000000, left % 1000000000};
  long count = syscall(SYS_epoll_pwait2, epoll, events, capacity, &timeout, NULL, (size_t)8);
  for (long index = 0; index < count; index++) {
    tokens[index] = events[index].data.u32;
    ready[index] = events[index].events;
  }
  return (int)count;
#else
  (void)epoll, (void)tokens, (void)ready, (void)capacity, (void)instant;
  errno = ENOSYS;
  return -1;
#endif
}
