// GPIO lines through libgpiod, whose API changed between 1.6 and 2: which one is installed is known in this module only.
// Functions that can fail give NULL or -1 and set errno; what libgpiod answers to misuse with an abort is checked here.
#ifndef CETALON_GPIO_H
#define CETALON_GPIO_H

#include <stdint.h>

/// The most lines of one request.
#define ETALON_GPIO_LINES 64

/// Room for the name or consumer of a line, with its terminating zero.
#define ETALON_GPIO_NAME 64

/// An open chip.
typedef struct etalon_gpio_chip etalon_gpio_chip;

/// Lines that the kernel granted.
typedef struct etalon_gpio_request etalon_gpio_request;

/// Numbers of `etalon_gpio_settings`.
enum {
  ETALON_GPIO_BIAS_AS_IS = 0, ETALON_GPIO_BIAS_DISABLED, ETALON_GPIO_BIAS_PULL_UP, ETALON_GPIO_BIAS_PULL_DOWN,
  ETALON_GPIO_PUSH_PULL = 0, ETALON_GPIO_OPEN_DRAIN, ETALON_GPIO_OPEN_SOURCE,
  ETALON_GPIO_NO_EDGE = 0, ETALON_GPIO_RISING, ETALON_GPIO_FALLING, ETALON_GPIO_BOTH_EDGES
};

/// What is asked of one line.
typedef struct {
  uint32_t offset;
  uint8_t output;
  uint8_t bias;
  uint8_t drive;
  uint8_t edges;
  uint8_t active_low;
  /// First level of an output: 1 active.
  uint8_t initial;
  /// By the kernel; 0 is none. API 1.6 has none (ENOTSUP).
  uint32_t debounce_microseconds;
} etalon_gpio_settings;

/// What the kernel says about one line.
typedef struct {
  char name[ETALON_GPIO_NAME];
  char consumer[ETALON_GPIO_NAME];
  uint8_t used;
  uint8_t output;
  uint8_t active_low;
} etalon_gpio_info;

/// One change of a line.
typedef struct {
  /// Place of the line in the request.
  uint32_t index;
  /// 1: to active, 0: to inactive.
  uint8_t active;
  /// Counts the edges of this line from 1; 0 where the API does not tell (1.6).
  uint32_t sequence;
  /// CLOCK_MONOTONIC.
  int64_t nanoseconds;
} etalon_gpio_event;

/// 1 or 2.
int etalon_gpio_api(void);

/// The version of the library, for example "1.6.3".
const char *etalon_gpio_version(void);

/// Opens the chip at a path such as /dev/gpiochip0.
etalon_gpio_chip *etalon_gpio_open(const char *path);

/// Ends the use of a chip that no request has taken over.
void etalon_gpio_close(etalon_gpio_chip *chip);

/// The label that the chip's driver gives it.
const char *etalon_gpio_label(const etalon_gpio_chip *chip);

/// The number of lines.
uint32_t etalon_gpio_count(const etalon_gpio_chip *chip);

/// Asks for name, consumer and present use of a line.
int etalon_gpio_line_info(etalon_gpio_chip *chip, uint32_t offset, etalon_gpio_info *info);

/// Requests lines of a chip; on success the request owns the chip. `capacity` is the number of events that the kernel
/// keeps (0: its default); API 1.6 always keeps 16 for each line.
etalon_gpio_request *etalon_gpio_request_lines(
  etalon_gpio_chip *chip, const char *consumer, const etalon_gpio_settings *settings, uint32_t count, uint32_t capacity);

/// Gives the lines and the chip back.
void etalon_gpio_release(etalon_gpio_request *request);

/// Reads all lines; bit i of `active` is the line at place i.
int etalon_gpio_get(etalon_gpio_request *request, uint64_t *active);

/// Drives the outputs in `mask`; other lines keep their levels. Safe in a signal handler.
int etalon_gpio_set(etalon_gpio_request *request, uint64_t mask, uint64_t active);

/// Changes settings; places and offsets stay. API 1.6 can not change lines with edge detection (ENOTSUP), nor split
/// lines that were requested with equal settings.
int etalon_gpio_reconfigure(etalon_gpio_request *request, const etalon_gpio_settings *settings);

/// Descriptors that are readable when there are events; their number.
int etalon_gpio_descriptors(const etalon_gpio_request *request, int *descriptors, int capacity);

/// Waits for an event: 1 there is one, 0 the time is over. Negative nanoseconds wait for ever.
int etalon_gpio_wait(etalon_gpio_request *request, int64_t nanoseconds);

/// Takes up to `capacity` events that are there, in the order of their instants; 0 when there is none.
int etalon_gpio_read(etalon_gpio_request *request, etalon_gpio_event *events, int capacity);

/// Drives the outputs in `mask` to `safe` when the process ends in a way that runs no cleanup: exit, a fatal signal
/// (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT), or SIGINT, SIGTERM, SIGHUP, SIGQUIT where they would end it.
/// Only SIGKILL and a crash of the machine are left to the kernel, which gives the lines back. -1 when 256 requests are
/// guarded already.
int etalon_gpio_guard(etalon_gpio_request *request, uint64_t mask, uint64_t safe);

/// Changes what a guarded request is driven to.
void etalon_gpio_change_guard(etalon_gpio_request *request, uint64_t mask, uint64_t safe);

#endif
