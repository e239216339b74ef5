// The minimal program that a serial round trip is compared with, and the device that answers both.
#ifndef CSERIAL_ROUNDS_H
#define CSERIAL_ROUNDS_H

/// Makes a pseudo-terminal in raw mode; gives its master side and writes the path of its slave side. -1 on an error.
int serial_rounds_open(char *path, int capacity);

/// Answers each `request` bytes on any of `count` masters with `reply` bytes, until the parent process ends.
void serial_rounds_answer(const int *masters, int count, int request, int reply);

/// The minimal client: writes, waits with a time-out of one second, reads. Nanoseconds for all rounds, -1 on an error.
long long serial_rounds_minimal(const char *path, int rounds, int request, int reply);

#endif
