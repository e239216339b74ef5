// The allocation counter as a library to preload: at its end a program writes its number of heap allocations to the file
// that ETALON_ALLOCATIONS names. Built by `scripts/bench`.
#include "../Sources/CAllocationCounter/CAllocationCounter.c"

#include <stdio.h>
#include <stdlib.h>

__attribute__((destructor)) static void tell(void) {
  uint64_t allocations = etalon_allocation_count();
  const char *path = getenv("ETALON_ALLOCATIONS");
  FILE *file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%llu\n", (unsigned long long)allocations);
  fclose(file);
}
