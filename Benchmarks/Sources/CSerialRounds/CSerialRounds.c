#define _GNU_SOURCE
#include "CSerialRounds.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <signal.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int serial_rounds_open(char *path, int capacity) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, path, capacity) != 0) return -1;
  // Held open, so that clients can come and go.
  int slave = open(path, O_RDWR | O_NOCTTY);
  struct termios settings;
  if (slave < 0 || tcgetattr(slave, &settings) != 0) return -1;
  cfmakeraw(&settings);
  return tcsetattr(slave, TCSANOW, &settings) == 0 ? master : -1;
}

void serial_rounds_answer(const int *masters, int count, int request, int reply) {
  char bytes[512];
  int received[256] = {0};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int group = epoll_create1(0);
  for (int index = 0; index < count; index++) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)index};
    epoll_ctl(group, EPOLL_CTL_ADD, masters[index], &event);
  }
  for (;;) {
    struct epoll_event ready[64];
    int waiting = epoll_wait(group, ready, 64, -1);
    for (int item = 0; item < waiting; item++) {
      unsigned index = ready[item].data.u32;
      long got = read(masters[index], bytes, sizeof bytes);
      if (got <= 0) continue;
      received[index] += (int)got;
      while (received[index] >= request) {
        received[index] -= request;
        memset(bytes, 'r', (size_t)reply);
        if (write(masters[index], bytes, (size_t)reply) != reply) return;
      }
    }
  }
}

long long serial_rounds_minimal(const char *path, int rounds, int request, int reply) {
  char bytes[512];
  int port = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (port < 0) return -1;
  memset(bytes, 'q', sizeof bytes);
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int round = 0; round < rounds; round++) {
    if (write(port, bytes, (size_t)request) != request) return -1;
    int got = 0;
    while (got < reply) {
      struct pollfd wait = {.fd = port, .events = POLLIN};
      if (poll(&wait, 1, 1000) != 1) return -1;
      long count = read(port, bytes, sizeof bytes);
      if (count <= 0) return -1;
      got += (int)count;
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  close(port);
  return (end.tv_sec - begin.tv_sec) * 1000000000LL + (end.tv_nsec - begin.tv_nsec);
}
