#define _GNU_SOURCE
#include "RealTime.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int etalon_schedule_fifo(int priority) {
  struct sched_param parameters;
  memset(&parameters, 0, sizeof parameters);
  parameters.sched_priority = priority;
  return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0 ? 0 : errno;
}

int etalon_schedule_normal(void) {
  struct sched_param parameters;
  memset(&parameters, 0, sizeof parameters);
  return sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &parameters) == 0 ? 0 : errno;
}

int etalon_bind_to_processor(int processor) {
  if (processor < 0 || processor >= CPU_SETSIZE) return EINVAL;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

int etalon_lock_memory(void) { return mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : errno; }

void etalon_unlock_memory(void) { munlockall(); }

__attribute__((noinline)) void etalon_touch_stack(size_t bytes) {
  if (bytes > 1u << 20) bytes = 1u << 20;
  if (bytes == 0) return;
  volatile char *stack = alloca(bytes);
  for (size_t index = 0; index < bytes; index += 1024) stack[index] = 0;
}

int etalon_hold_latency(int microseconds) {
  int descriptor = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  if (write(descriptor, &microseconds, sizeof microseconds) == sizeof microseconds) return descriptor;
  int code = errno;
  close(descriptor);
  errno = code;
  return -1;
}
