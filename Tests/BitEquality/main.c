// Prints one line for each part of the chip's code: its name and the digest of all numbers that it made.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t etalon_digest_elementary(void);
uint64_t etalon_digest_random(void);
uint64_t etalon_digest_sampler(void);
uint64_t etalon_digest_estimator(void);
uint64_t etalon_digest_control(void);

// What the embedded library leaves to its host for reading numbers from text; the locale is C unless a program sets another.
const char *_swift_stdlib_strtod_clocale(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return end == text ? NULL : end;
}

int main(void) {
  printf("elementary %016" PRIx64 "\n", etalon_digest_elementary());
  printf("random %016" PRIx64 "\n", etalon_digest_random());
  printf("sampler %016" PRIx64 "\n", etalon_digest_sampler());
  printf("estimator %016" PRIx64 "\n", etalon_digest_estimator());
  printf("control %016" PRIx64 "\n", etalon_digest_control());
  return 0;
}
