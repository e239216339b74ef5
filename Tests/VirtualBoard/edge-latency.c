// The least that a program with libgpiod 1.6 can do with an edge: wait, read, look at the clock. It drives the line of a
// simulated chip itself and prints the delays from the kernel's time stamp to here, one number of nanoseconds for each.
//   edge-latency CHIP OFFSET PULL-FILE COUNT
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count != 5) return 64;
  struct gpiod_chip *chip = gpiod_chip_open(arguments[1]);
  struct gpiod_line *line = chip ? gpiod_chip_get_line(chip, (unsigned)atoi(arguments[2])) : NULL;
  int pull = open(arguments[3], O_WRONLY);
  if (!line || pull < 0 || gpiod_line_request_both_edges_events(line, "edge-latency") != 0) return 69;
  for (int edge = 0; edge < atoi(arguments[4]); edge++) {
    if (edge % 2 == 0 ? write(pull, "pull-up\n", 8) != 8 : write(pull, "pull-down\n", 10) != 10) return 74;
    struct gpiod_line_event event;
    struct timespec limit = {.tv_sec = 5}, now;
    if (gpiod_line_event_wait(line, &limit) != 1 || gpiod_line_event_read(line, &event) != 0) return 74;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%lld\n", (long long)(now.tv_sec - event.ts.tv_sec) * 1000000000 + now.tv_nsec - event.ts.tv_nsec);
  }
  gpiod_chip_close(chip);
  return 0;
}
