// Requests to a serial port that take a variable argument, and notices of the folder of device files.
#ifndef CETALON_SERIAL_H
#define CETALON_SERIAL_H

#include <stddef.h>
#include <sys/inotify.h>

/// How often the receiver saw each kind of error since the port's driver was loaded.
struct etalon_line_counts {
  int framing;
  int parity;
  int overrun;
  int break_condition;
};

/// Reads the counts (TIOCGICOUNT); -1 and errno where the port has none.
int etalon_line_counts_get(int terminal, struct etalon_line_counts *counts);

#define ETALON_MODEM_DTR 1u
#define ETALON_MODEM_RTS 2u
#define ETALON_MODEM_BREAK 4u

/// Asserts the lines of `asserted` and releases those of `released`, DTR and RTS in one request; -1 and errno on an error.
int etalon_modem_change(int terminal, unsigned asserted, unsigned released);

/// The modem lines that are asserted now (DTR and RTS only), or -1 and errno where the port has none.
int etalon_modem_get(int terminal);

/// Number of bytes that have arrived and not been read, or -1 and errno: EIO tells that the port is gone.
int etalon_terminal_pending(int terminal);

/// Empties the queue of an inotify descriptor; 1 when something was in it, 0 when nothing was, -1 and errno on an error.
int etalon_notices_take(int descriptor);

#endif
