#ifndef ETALON_ALLOCATION_COUNTER_H
#define ETALON_ALLOCATION_COUNTER_H

#include <stdint.h>

/// Number of heap allocations of the whole process since its start: every call of `malloc`, `calloc`, `realloc`,
/// `reallocarray`, `posix_memalign`, `aligned_alloc`, `memalign`, `valloc` and `pvalloc`, by any thread and any library.
uint64_t etalon_allocation_count(void);

#endif
