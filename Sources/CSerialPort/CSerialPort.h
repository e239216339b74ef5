// libserialport (sigrok project), 0.1.1 or newer: opening and setting real serial ports.
#ifndef CSERIALPORT_H
#define CSERIALPORT_H

#if __has_include(<libserialport.h>)
#include <libserialport.h>
#else
#error "libserialport.h is missing: install it with 'apt-get install libserialport-dev' (scripts/etalon and scripts/test do it themselves)"
#endif

#endif
