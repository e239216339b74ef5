// What Swift's own module of the C library hides: headers that it leaves out, functions behind feature macros, and
// requests that take a variable argument. Nothing here decides anything.
#ifndef CETALON_LINUX_H
#define CETALON_LINUX_H

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "CEtalonSerial.h"
#include "RealTime.h"

/// Opens the master side of a new pseudo-terminal, unlocked, not waiting, closed on exec; -1 and errno on an error.
int etalon_pty_open(void);

/// Writes the path of the slave side to `name`; 0 or an error number.
int etalon_pty_name(int master, char *name, size_t capacity);

/// Asks the kernel to refuse further opening of the terminal; -1 and errno on an error.
int etalon_terminal_claim(int terminal);

/// Whether somebody claimed the terminal: 1 yes, 0 no or not known.
int etalon_terminal_is_claimed(int terminal);

/// Adds, changes or removes (EPOLL_CTL_...) a descriptor that is reported with `token`; -1 and errno on an error.
int etalon_epoll_control(int epoll, int operation, int descriptor, unsigned events, unsigned token);

/// Waits; writes token and events of each ready descriptor; their number, or -1 and errno.
int etalon_epoll_wait(int epoll, unsigned *tokens, unsigned *events, int capacity, int milliseconds);

/// The same until an instant of CLOCK_MONOTONIC in nanoseconds, which the kernel keeps exactly for threads under a real-time
/// scheduler (others get slack: a thousandth of the time, at least 50 us). ENOSYS before Linux 5.11.
int etalon_epoll_wait_exactly(int epoll, unsigned *tokens, unsigned *events, int capacity, long long instant);

/// Reads the limit of a resource by the kernel's number; 0, or -1 and errno.
int etalon_resource_limit(int resource, struct rlimit *limit);

/// State of the kernel's clock without changing it: TIME_OK ... TIME_ERROR, or -1 and errno; writes the status bits (STA_...)
/// and the largest error in microseconds.
int etalon_clock_state(int *status, long *maximum_error_microseconds);

#endif
