#define _GNU_SOURCE
#include "CEtalonGPIO.h"

#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The header of 1.6 limits its bulks; that of 2 has no bulks.
#ifdef GPIOD_LINE_BULK_MAX_LINES
#define API 1
#else
#define API 2
#endif

struct etalon_gpio_chip {
  struct gpiod_chip *chip;
  char label[ETALON_GPIO_NAME];
  uint32_t count;
};

#if API == 1
// Lines with equal settings: one request of the kernel. All outputs of a group are set together, so their levels are kept.
struct group {
  struct gpiod_line_bulk bulk;
  uint32_t places[ETALON_GPIO_LINES];
  int values[ETALON_GPIO_LINES];
};
#endif

struct etalon_gpio_request {
  etalon_gpio_chip *chip;
  uint32_t count;
  etalon_gpio_settings settings[ETALON_GPIO_LINES];
  uint64_t guard_mask;
  uint64_t guard_safe;
#if API == 1
  uint32_t group_count;
  struct group groups[ETALON_GPIO_LINES];
#else
  struct gpiod_line_request *lines;
  struct gpiod_edge_event_buffer *buffer;
#endif
};

static void copy_text(char *to, const char *from) {
  memset(to, 0, ETALON_GPIO_NAME);
  if (from) strncpy(to, from, ETALON_GPIO_NAME - 1);
}

static int fail(int code) {
  errno = code;
  return -1;
}

int etalon_gpio_api(void) { return API; }

const char *etalon_gpio_version(void) {
#if API == 1
  return gpiod_version_string();
#else
  return gpiod_api_version();
#endif
}

// MARK: chips

etalon_gpio_chip *etalon_gpio_open(const char *path) {
  struct gpiod_chip *opened = gpiod_chip_open(path);
  if (!opened) return NULL;
  etalon_gpio_chip *chip = calloc(1, sizeof *chip);
#if API == 1
  if (chip) {
    copy_text(chip->label, gpiod_chip_label(opened));
    chip->count = gpiod_chip_num_lines(opened);
  }
#else
  struct gpiod_chip_info *info = chip ? gpiod_chip_get_info(opened) : NULL;
  if (info) {
    copy_text(chip->label, gpiod_chip_info_get_label(info));
    chip->count = (uint32_t)gpiod_chip_info_get_num_lines(info);
    gpiod_chip_info_free(info);
  } else {
    free(chip);
    chip = NULL;
  }
#endif
  if (!chip) {
    int code = errno;
    gpiod_chip_close(opened);
    errno = code;
    return NULL;
  }
  chip->chip = opened;
  return chip;
}

void etalon_gpio_close(etalon_gpio_chip *chip) {
  if (!chip) return;
  gpiod_chip_close(chip->chip);
  free(chip);
}

const char *etalon_gpio_label(const etalon_gpio_chip *chip) { return chip->label; }

uint32_t etalon_gpio_count(const etalon_gpio_chip *chip) { return chip->count; }

int etalon_gpio_line_info(etalon_gpio_chip *chip, uint32_t offset, etalon_gpio_info *info) {
  memset(info, 0, sizeof *info);
  if (offset >= chip->count) return fail(EINVAL);
#if API == 1
  // Asks the kernel anew each time.
  struct gpiod_line *line = gpiod_chip_get_line(chip->chip, offset);
  if (!line) return -1;
  copy_text(info->name, gpiod_line_name(line));
  copy_text(info->consumer, gpiod_line_consumer(line));
  info->used = gpiod_line_is_used(line);
  info->output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
  info->active_low = gpiod_line_active_state(line) == GPIOD_LINE_ACTIVE_STATE_LOW;
#else
  struct gpiod_line_info *line = gpiod_chip_get_line_info(chip->chip, offset);
  if (!line) return -1;
  copy_text(info->name, gpiod_line_info_get_name(line));
  copy_text(info->consumer, gpiod_line_info_get_consumer(line));
  info->used = gpiod_line_info_is_used(line);
  info->output = gpiod_line_info_get_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
  info->active_low = gpiod_line_info_is_active_low(line);
  gpiod_line_info_free(line);
#endif
  return 0;
}

// MARK: requests

// What no API allows, so that both answer alike: an output can not report edges, an input has no drive.
static int check(const etalon_gpio_chip *chip, const etalon_gpio_settings *settings, uint32_t count) {
  if (count == 0 || count > ETALON_GPIO_LINES) return fail(EINVAL);
  for (uint32_t index = 0; index < count; index++) {
    const etalon_gpio_settings *line = &settings[index];
    if (line->offset >= chip->count || line->bias > ETALON_GPIO_BIAS_PULL_DOWN || line->drive > ETALON_GPIO_OPEN_SOURCE ||
        line->edges > ETALON_GPIO_BOTH_EDGES || (line->output && line->edges) || (!line->output && line->drive))
      return fail(EINVAL);
    if (API == 1 && line->debounce_microseconds) return fail(ENOTSUP);
    for (uint32_t other = 0; other < index; other++)
      if (settings[other].offset == line->offset) return fail(EINVAL);
  }
  return 0;
}

static int make_readable(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

#if API == 1

static int flags_of(const etalon_gpio_settings *line) {
  static const int bias[] = {
    0, GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE, GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
    GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN};
  static const int drive[] = {0, GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN, GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE};
  return bias[line->bias] | drive[line->drive] | (line->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
}

static int type_of(const etalon_gpio_settings *line) {
  static const int edges[] = {
    GPIOD_LINE_REQUEST_DIRECTION_INPUT, GPIOD_LINE_REQUEST_EVENT_RISING_EDGE, GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE,
    GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES};
  return line->output ? GPIOD_LINE_REQUEST_DIRECTION_OUTPUT : edges[line->edges];
}

static int are_alike(const etalon_gpio_settings *a, const etalon_gpio_settings *b) {
  return type_of(a) == type_of(b) && flags_of(a) == flags_of(b);
}

static const etalon_gpio_settings *settings_of(const etalon_gpio_request *request, const struct group *group) {
  return &request->settings[group->places[0]];
}

static void release_groups(etalon_gpio_request *request) {
  for (uint32_t index = 0; index < request->group_count; index++) gpiod_line_release_bulk(&request->groups[index].bulk);
}

static int request_groups(etalon_gpio_request *request, const char *consumer) {
  uint64_t taken = 0;
  for (uint32_t first = 0; first < request->count; first++) {
    if (taken >> first & 1) continue;
    struct group *group = &request->groups[request->group_count];
    const etalon_gpio_settings *settings = &request->settings[first];
    gpiod_line_bulk_init(&group->bulk);
    for (uint32_t place = first; place < request->count; place++) {
      if (!are_alike(settings, &request->settings[place])) continue;
      struct gpiod_line *line = gpiod_chip_get_line(request->chip->chip, request->settings[place].offset);
      if (!line) return -1;
      uint32_t member = gpiod_line_bulk_num_lines(&group->bulk);
      group->places[member] = place;
      group->values[member] = request->settings[place].initial;
      gpiod_line_bulk_add(&group->bulk, line);
      taken |= (uint64_t)1 << place;
    }
    struct gpiod_line_request_config config = {
      .consumer = consumer, .request_type = type_of(settings), .flags = flags_of(settings)};
    if (gpiod_line_request_bulk(&group->bulk, &config, group->values) != 0) return -1;
    request->group_count++;
    if (!settings->edges) continue;
    for (uint32_t member = 0; member < gpiod_line_bulk_num_lines(&group->bulk); member++)
      if (make_readable(gpiod_line_event_get_fd(gpiod_line_bulk_get_line(&group->bulk, member))) < 0) return -1;
  }
  return 0;
}

#else

static struct gpiod_line_config *make_config(const etalon_gpio_settings *lines, uint32_t count) {
  static const enum gpiod_line_bias bias[] = {
    GPIOD_LINE_BIAS_AS_IS, GPIOD_LINE_BIAS_DISABLED, GPIOD_LINE_BIAS_PULL_UP, GPIOD_LINE_BIAS_PULL_DOWN};
  static const enum gpiod_line_drive drive[] = {
    GPIOD_LINE_DRIVE_PUSH_PULL, GPIOD_LINE_DRIVE_OPEN_DRAIN, GPIOD_LINE_DRIVE_OPEN_SOURCE};
  static const enum gpiod_line_edge edges[] = {
    GPIOD_LINE_EDGE_NONE, GPIOD_LINE_EDGE_RISING, GPIOD_LINE_EDGE_FALLING, GPIOD_LINE_EDGE_BOTH};
  struct gpiod_line_config *config = gpiod_line_config_new();
  struct gpiod_line_settings *settings = gpiod_line_settings_new();
  int result = config && settings ? 0 : -1;
  for (uint32_t index = 0; index < count && result == 0; index++) {
    const etalon_gpio_settings *line = &lines[index];
    gpiod_line_settings_reset(settings);
    gpiod_line_settings_set_active_low(settings, line->active_low);
    gpiod_line_settings_set_debounce_period_us(settings, line->debounce_microseconds);
    gpiod_line_settings_set_output_value(settings, line->initial ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
    if (gpiod_line_settings_set_direction(
          settings, line->output ? GPIOD_LINE_DIRECTION_OUTPUT : GPIOD_LINE_DIRECTION_INPUT) != 0 ||
        gpiod_line_settings_set_bias(settings, bias[line->bias]) != 0 ||
        gpiod_line_settings_set_drive(settings, drive[line->drive]) != 0 ||
        gpiod_line_settings_set_edge_detection(settings, edges[line->edges]) != 0 ||
        gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC) != 0)
      result = -1;
    else
      result = gpiod_line_config_add_line_settings(config, &line->offset, 1, settings);
  }
  int code = errno;
  if (settings) gpiod_line_settings_free(settings);
  if (result != 0 && config) {
    gpiod_line_config_free(config);
    config = NULL;
  }
  errno = code;
  return config;
}

static int request_lines(etalon_gpio_request *request, const char *consumer, uint32_t capacity) {
  struct gpiod_request_config *options = gpiod_request_config_new();
  struct gpiod_line_config *config = make_config(request->settings, request->count);
  if (options && config) {
    gpiod_request_config_set_consumer(options, consumer);
    if (capacity) gpiod_request_config_set_event_buffer_size(options, capacity);
    request->lines = gpiod_chip_request_lines(request->chip->chip, options, config);
  }
  if (request->lines) request->buffer = gpiod_edge_event_buffer_new(ETALON_GPIO_LINES);
  int code = errno;
  if (options) gpiod_request_config_free(options);
  if (config) gpiod_line_config_free(config);
  errno = code;
  if (!request->lines || !request->buffer) return -1;
  return make_readable(gpiod_line_request_get_fd(request->lines));
}

#endif

static void free_request(etalon_gpio_request *request) {
#if API == 1
  release_groups(request);
#else
  if (request->lines) gpiod_line_request_release(request->lines);
  if (request->buffer) gpiod_edge_event_buffer_free(request->buffer);
#endif
  free(request);
}

etalon_gpio_request *etalon_gpio_request_lines(
  etalon_gpio_chip *chip, const char *consumer, const etalon_gpio_settings *settings, uint32_t count, uint32_t capacity) {
  if (check(chip, settings, count) != 0) return NULL;
  etalon_gpio_request *request = calloc(1, sizeof *request);
  if (!request) return NULL;
  request->chip = chip;
  request->count = count;
  memcpy(request->settings, settings, count * sizeof *settings);
#if API == 1
  (void)capacity;
  int result = request_groups(request, consumer);
#else
  int result = request_lines(request, consumer, capacity);
#endif
  if (result == 0) return request;
  int code = errno;
  free_request(request);
  errno = code;
  return NULL;
}

int etalon_gpio_get(etalon_gpio_request *request, uint64_t *active) {
  *active = 0;
#if API == 1
  for (uint32_t index = 0; index < request->group_count; index++) {
    struct group *group = &request->groups[index];
    int values[ETALON_GPIO_LINES];
    if (gpiod_line_get_value_bulk(&group->bulk, values) != 0) return -1;
    for (uint32_t member = 0; member < gpiod_line_bulk_num_lines(&group->bulk); member++)
      if (values[member]) *active |= (uint64_t)1 << group->places[member];
  }
#else
  unsigned offsets[ETALON_GPIO_LINES];
  enum gpiod_line_value values[ETALON_GPIO_LINES];
  for (uint32_t index = 0; index < request->count; index++) offsets[index] = request->settings[index].offset;
  if (gpiod_line_request_get_values_subset(request->lines, request->count, offsets, values) != 0) return -1;
  for (uint32_t index = 0; index < request->count; index++)
    if (values[index] == GPIOD_LINE_VALUE_ACTIVE) *active |= (uint64_t)1 << index;
#endif
  return 0;
}

int etalon_gpio_set(etalon_gpio_request *request, uint64_t mask, uint64_t active) {
#if API == 1
  for (uint32_t index = 0; index < request->group_count; index++) {
    struct group *group = &request->groups[index];
    if (!settings_of(request, group)->output) continue;
    int concerned = 0;
    for (uint32_t member = 0; member < gpiod_line_bulk_num_lines(&group->bulk); member++) {
      uint32_t place = group->places[member];
      if (!(mask >> place & 1)) continue;
      group->values[member] = (int)(active >> place & 1);
      concerned = 1;
    }
    if (concerned && gpiod_line_set_value_bulk(&group->bulk, group->values) != 0) return -1;
  }
  return 0;
#else
  unsigned offsets[ETALON_GPIO_LINES];
  enum gpiod_line_value values[ETALON_GPIO_LINES];
  uint32_t count = 0;
  for (uint32_t index = 0; index < request->count; index++) {
    if (!(mask >> index & 1) || !request->settings[index].output) continue;
    offsets[count] = request->settings[index].offset;
    values[count++] = active >> index & 1 ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
  }
  return count == 0 ? 0 : gpiod_line_request_set_values_subset(request->lines, count, offsets, values);
#endif
}

int etalon_gpio_reconfigure(etalon_gpio_request *request, const etalon_gpio_settings *settings) {
  if (check(request->chip, settings, request->count) != 0) return -1;
  for (uint32_t index = 0; index < request->count; index++)
    if (settings[index].offset != request->settings[index].offset) return fail(EINVAL);
#if API == 1
  // First whether all can be done, then the doing.
  for (int doing = 0; doing < 2; doing++) {
    for (uint32_t index = 0; index < request->group_count; index++) {
      struct group *group = &request->groups[index];
      const etalon_gpio_settings *before = settings_of(request, group), *after = &settings[group->places[0]];
      for (uint32_t member = 0; member < gpiod_line_bulk_num_lines(&group->bulk); member++) {
        if (!are_alike(after, &settings[group->places[member]])) return fail(ENOTSUP);
        if (doing) group->values[member] = settings[group->places[member]].initial;
      }
      if (are_alike(before, after) && !after->output) continue;
      if (before->edges || after->edges) return fail(ENOTSUP);
      if (doing && gpiod_line_set_config_bulk(&group->bulk, type_of(after), flags_of(after), group->values) != 0) return -1;
    }
  }
#else
  struct gpiod_line_config *config = make_config(settings, request->count);
  if (!config) return -1;
  int result = gpiod_line_request_reconfigure_lines(request->lines, config);
  int code = errno;
  gpiod_line_config_free(config);
  errno = code;
  if (result != 0) return -1;
#endif
  memcpy(request->settings, settings, request->count * sizeof *settings);
  return 0;
}

// MARK: events

int etalon_gpio_descriptors(const etalon_gpio_request *request, int *descriptors, int capacity) {
  int count = 0;
#if API == 1
  for (uint32_t index = 0; index < request->group_count; index++) {
    const struct group *group = &request->groups[index];
    if (!settings_of(request, group)->edges) continue;
    for (uint32_t member = 0; member < group->bulk.num_lines && count < capacity; member++)
      descriptors[count++] = gpiod_line_event_get_fd(group->bulk.lines[member]);
  }
#else
  int has_edges = 0;
  for (uint32_t index = 0; index < request->count; index++) has_edges |= request->settings[index].edges;
  if (has_edges && capacity > 0) descriptors[count++] = gpiod_line_request_get_fd(request->lines);
#endif
  return count;
}

int etalon_gpio_wait(etalon_gpio_request *request, int64_t nanoseconds) {
  int descriptors[ETALON_GPIO_LINES];
  struct pollfd polled[ETALON_GPIO_LINES];
  int count = etalon_gpio_descriptors(request, descriptors, ETALON_GPIO_LINES);
  for (int index = 0; index < count; index++) polled[index] = (struct pollfd){.fd = descriptors[index], .events = POLLIN};
  struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  int result = ppoll(polled, (nfds_t)count, nanoseconds < 0 ? NULL : &limit, NULL);
  for (int index = 0; index < count && result > 0; index++)
    if (polled[index].revents & (POLLERR | POLLHUP | POLLNVAL)) return fail(ENODEV);
  return result > 0 ? 1 : result;
}

int etalon_gpio_read(etalon_gpio_request *request, etalon_gpio_event *events, int capacity) {
  int count = 0;
#if API == 1
  for (uint32_t index = 0; index < request->group_count; index++) {
    struct group *group = &request->groups[index];
    if (!settings_of(request, group)->edges) continue;
    for (uint32_t member = 0; member < gpiod_line_bulk_num_lines(&group->bulk) && count < capacity; member++) {
      struct gpiod_line_event taken[16];
      unsigned room = (unsigned)(capacity - count < 16 ? capacity - count : 16);
      int descriptor = gpiod_line_event_get_fd(gpiod_line_bulk_get_line(&group->bulk, member));
      int got = gpiod_line_event_read_fd_multiple(descriptor, taken, room);
      if (got < 0 && errno != EAGAIN) return -1;
      for (int event = 0; event < got; event++) {
        etalon_gpio_event next = {
          .index = group->places[member], .active = taken[event].event_type == GPIOD_LINE_EVENT_RISING_EDGE,
          .nanoseconds = (int64_t)taken[event].ts.tv_sec * 1000000000 + taken[event].ts.tv_nsec};
        int place = count++;
        for (; place > 0 && events[place - 1].nanoseconds > next.nanoseconds; place--) events[place] = events[place - 1];
        events[place] = next;
      }
    }
  }
#else
  size_t room = capacity < ETALON_GPIO_LINES ? (size_t)capacity : ETALON_GPIO_LINES;
  int got = gpiod_line_request_read_edge_events(request->lines, request->buffer, room);
  if (got < 0) return errno == EAGAIN ? 0 : -1;
  for (; count < got; count++) {
    struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(request->buffer, (unsigned long)count);
    uint32_t place = 0;
    while (place + 1 < request->count && request->settings[place].offset != gpiod_edge_event_get_line_offset(event)) place++;
    events[count] = (etalon_gpio_event){
      .index = place, .active = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
      .sequence = (uint32_t)gpiod_edge_event_get_line_seqno(event),
      .nanoseconds = (int64_t)gpiod_edge_event_get_timestamp_ns(event)};
  }
#endif
  return count;
}

// MARK: the safe state at the end of the process

#define GUARDED 256
static etalon_gpio_request *guarded[GUARDED];

static void make_safe(void) {
  for (int index = 0; index < GUARDED; index++) {
    etalon_gpio_request *request = __atomic_load_n(&guarded[index], __ATOMIC_ACQUIRE);
    if (request) etalon_gpio_set(request, request->guard_mask, request->guard_safe);
  }
}

static struct sigaction replaced[NSIG];

static void make_safe_on_signal(int number) {
  make_safe();
  // Then the signal does what it would have done without us.
  sigaction(number, &replaced[number], NULL);
  // An instruction that faults faults again; any other signal is sent again.
  if (number != SIGSEGV && number != SIGBUS && number != SIGFPE && number != SIGILL) raise(number);
}

static void guard_signal(int number, int only_by_default) {
  if (sigaction(number, NULL, &replaced[number]) != 0) return;
  int is_default = !(replaced[number].sa_flags & SA_SIGINFO) && replaced[number].sa_handler == SIG_DFL;
  if (only_by_default && !is_default) return;
  struct sigaction action = {.sa_handler = make_safe_on_signal, .sa_flags = SA_NODEFER | SA_ONSTACK};
  sigaction(number, &action, NULL);
}

static void install_guard(void) {
  static int installed;
  if (__atomic_exchange_n(&installed, 1, __ATOMIC_ACQ_REL)) return;
  atexit(make_safe);
  // A stack that overflowed can not carry the handler: it gets one of its own, in the thread that holds the lines.
  static char stack[65536];
  stack_t own = {.ss_sp = stack, .ss_size = sizeof stack}, present;
  if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE)) sigaltstack(&own, NULL);
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  // SIGXCPU comes from the limit of processor time of a real-time thread.
  static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2};
  for (size_t index = 0; index < sizeof fatal / sizeof *fatal; index++) guard_signal(fatal[index], 0);
  // Whoever handles or ignores a request to end keeps it.
  for (size_t index = 0; index < sizeof ending / sizeof *ending; index++) guard_signal(ending[index], 1);
}

void etalon_gpio_change_guard(etalon_gpio_request *request, uint64_t mask, uint64_t safe) {
  request->guard_mask = mask;
  request->guard_safe = safe;
}

int etalon_gpio_guard(etalon_gpio_request *request, uint64_t mask, uint64_t safe) {
  install_guard();
  etalon_gpio_change_guard(request, mask, safe);
  for (int index = 0; index < GUARDED; index++) {
    etalon_gpio_request *empty = NULL;
    if (__atomic_compare_exchange_n(&guarded[index], &empty, request, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return 0;
  }
  return fail(ENOSPC);
}

void etalon_gpio_release(etalon_gpio_request *request) {
  if (!request) return;
  for (int index = 0; index < GUARDED; index++) {
    etalon_gpio_request *mine = request;
    __atomic_compare_exchange_n(&guarded[index], &mine, NULL, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  }
  etalon_gpio_chip *chip = request->chip;
  free_request(request);
  etalon_gpio_close(chip);
}
