// Counts locks of each thread by standing in front of the C library's (ELF symbol interposition, as the allocation
// counter does). The functions behind are found with dlsym(RTLD_NEXT); each is looked up once, before or at its first use.
#define _GNU_SOURCE
#include "CLockCounter.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

static __thread uint64_t locks __attribute__((tls_model("initial-exec")));

uint64_t etalon_lock_count(void) { return locks; }

// The lookup gives the same pointer to every thread, so that a race of two threads is harmless.
#define FORWARD(name, parameters, arguments)                                       \
  int name parameters {                                                            \
    static _Atomic(void *) behind;                                                 \
    void *function = behind;                                                       \
    if (function == NULL) behind = function = dlsym(RTLD_NEXT, #name);             \
    if (function == NULL) abort();                                                 \
    locks++;                                                                       \
    return ((int(*) parameters)function)arguments;                                 \
  }

FORWARD(pthread_mutex_lock, (pthread_mutex_t * a), (a))
FORWARD(pthread_mutex_trylock, (pthread_mutex_t * a), (a))
FORWARD(pthread_mutex_timedlock, (pthread_mutex_t * a, const struct timespec *b), (a, b))
FORWARD(pthread_rwlock_rdlock, (pthread_rwlock_t * a), (a))
FORWARD(pthread_rwlock_wrlock, (pthread_rwlock_t * a), (a))
FORWARD(pthread_spin_lock, (pthread_spinlock_t * a), (a))
FORWARD(pthread_cond_wait, (pthread_cond_t * a, pthread_mutex_t *b), (a, b))
FORWARD(pthread_cond_timedwait, (pthread_cond_t * a, pthread_mutex_t *b, const struct timespec *c), (a, b, c))
FORWARD(sem_wait, (sem_t * a), (a))

long syscall(long number, ...) {
  static _Atomic(void *) behind;
  void *function = behind;
  if (function == NULL) behind = function = dlsym(RTLD_NEXT, "syscall");
  if (function == NULL) abort();
  if (number == SYS_futex) locks++;
  // No system call has more than six arguments, and reading those that were not given does no harm.
  va_list list;
  va_start(list, number);
  long a[6];
  for (int index = 0; index < 6; index++) a[index] = va_arg(list, long);
  va_end(list);
  return ((long (*)(long, ...))function)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
