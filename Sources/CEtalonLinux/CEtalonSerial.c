#define _GNU_SOURCE
#include "CEtalonSerial.h"

#include <errno.h>
#include <linux/serial.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int etalon_line_counts_get(int terminal, struct etalon_line_counts *counts) {
  struct serial_icounter_struct kernel;
  memset(&kernel, 0, sizeof kernel);
  if (ioctl(terminal, TIOCGICOUNT, &kernel) != 0) return -1;
  counts->framing = kernel.frame;
  counts->parity = kernel.parity;
  // Bytes that the receiver lost and bytes that the kernel's buffer lost.
  counts->overrun = kernel.overrun + kernel.buf_overrun;
  counts->break_condition = kernel.brk;
  return 0;
}

static int lines_of(unsigned mask) {
  return (mask & ETALON_MODEM_DTR ? TIOCM_DTR : 0) | (mask & ETALON_MODEM_RTS ? TIOCM_RTS : 0);
}

int etalon_modem_change(int terminal, unsigned asserted, unsigned released) {
  int on = lines_of(asserted), off = lines_of(released);
  if (on != 0 && off != 0) {
    int present = 0;
    if (ioctl(terminal, TIOCMGET, &present) != 0) return -1;
    present = (present | on) & ~off;
    if (ioctl(terminal, TIOCMSET, &present) != 0) return -1;
  } else if (on != 0) {
    if (ioctl(terminal, TIOCMBIS, &on) != 0) return -1;
  } else if (off != 0) {
    if (ioctl(terminal, TIOCMBIC, &off) != 0) return -1;
  }
  if (asserted & ETALON_MODEM_BREAK && ioctl(terminal, TIOCSBRK) != 0) return -1;
  if (released & ETALON_MODEM_BREAK && ioctl(terminal, TIOCCBRK) != 0) return -1;
  return 0;
}

int etalon_modem_get(int terminal) {
  int present = 0;
  if (ioctl(terminal, TIOCMGET, &present) != 0) return -1;
  return (present & TIOCM_DTR ? (int)ETALON_MODEM_DTR : 0) | (present & TIOCM_RTS ? (int)ETALON_MODEM_RTS : 0);
}

int etalon_terminal_pending(int terminal) {
  int count = 0;
  return ioctl(terminal, FIONREAD, &count) == 0 ? count : -1;
}

int etalon_notices_take(int descriptor) {
  char events[4096];
  int taken = 0;
  for (;;) {
    ssize_t count = read(descriptor, events, sizeof events);
    if (count > 0) {
      taken = 1;
    } else if (count == 0 || errno == EAGAIN) {
      return taken;
    } else if (errno != EINTR) {
      return -1;
    }
  }
}
