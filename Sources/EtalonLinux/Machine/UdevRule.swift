/// The udev rule that makes a machine ready for a bench.
public enum UdevRule {
  /// Text of `60-etalon.rules`.
  ///
  /// - GPIO chips belong to the group `gpio`, as on Raspberry Pi OS; serial ports belong to `dialout` by the system's own
  ///   rules.
  /// - FTDI adapters hand on what they received after 1 ms instead of 16 ms (attribute `latency_timer` of
  ///   `drivers/usb/serial/ftdi_sio.c`).
  /// - ModemManager leaves USB serial ports alone (ModemManager reference manual, "Common udev tags").
  /// - The loop may keep the processor from deep sleep (`Documentation/power/pm_qos_interface.rst`).
  public static let text = """
    # Rules for a bench: who may open its devices, and who leaves them alone. See 'etalon doctor'.
    SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"
    SUBSYSTEM=="misc", KERNEL=="cpu_dma_latency", GROUP="dialout", MODE="0660"
    SUBSYSTEM=="tty", SUBSYSTEMS=="usb", ENV{ID_MM_PORT_IGNORE}="1"
    ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"

    """
}
