#define _GNU_SOURCE
#include "CEtalonLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
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
