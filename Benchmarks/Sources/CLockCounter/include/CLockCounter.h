#ifndef ETALON_LOCK_COUNTER_H
#define ETALON_LOCK_COUNTER_H

#include <stdint.h>

/// Number of locks that the calling thread has taken since its start: mutexes (tried ones too), read-write locks, spin
/// locks, waits for conditions and semaphores of the C library, and futex calls, which is what a contended lock of
/// another library comes down to.
uint64_t etalon_lock_count(void);

#endif
