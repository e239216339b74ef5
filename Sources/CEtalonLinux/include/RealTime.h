// What a thread needs to be woken on time: scheduling, memory and the sleep states of the processor.
#ifndef CETALON_REAL_TIME_H
#define CETALON_REAL_TIME_H

#include <stddef.h>
#include <sys/timerfd.h>

/// TFD_TIMER_CANCEL_ON_SET: reading ends with ECANCELED when the clock was stepped.
static const int etalon_timer_cancel_on_set = TFD_TIMER_CANCEL_ON_SET;

/// Puts the calling thread under SCHED_FIFO with this priority (1 to 99); threads that it starts later are under the
/// normal scheduler again. 0 or an error number.
int etalon_schedule_fifo(int priority);

/// Puts the calling thread back under the normal scheduler; 0 or an error number.
int etalon_schedule_normal(void);

/// Binds the calling thread to one processor; 0 or an error number.
int etalon_bind_to_processor(int processor);

/// Keeps all present and future memory of the process in place; 0 or an error number.
int etalon_lock_memory(void);

/// Lets the memory of the process be moved out again.
void etalon_unlock_memory(void);

/// Touches so many bytes of the stack, at most 1 MiB, so that they are there.
void etalon_touch_stack(size_t bytes);

/// Asks the processors for a wake-up latency of at most so many microseconds for as long as the descriptor is open; -1
/// and errno on an error.
int etalon_hold_latency(int microseconds);

/// Tells the processor that a loop is waiting.
static inline void etalon_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ __volatile__("yield");
#endif
}

#endif
