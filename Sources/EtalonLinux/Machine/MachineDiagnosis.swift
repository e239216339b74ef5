/// Judges what a machine says about itself: a pure function of the facts.
public struct MachineDiagnosis: Sendable, Equatable {
  /// Bytes below which a runs folder is worth a warning: a long run in real time records some megabytes for each hour.
  public static let comfortableBytes: UInt64 = 1 << 30
  /// Bytes below which no run should begin.
  public static let leastBytes: UInt64 = 64 << 20
  /// The priority that the loop asks for, of 1 to 99 (sched(7)): above ordinary threads, below those of the kernel's own
  /// interrupts in a real-time kernel, which run at 50 (kernel/irq/manage.c).
  public static let loopPriority: UInt64 = 49
  /// Bytes that the loop locks: the whole process, generously.
  public static let lockedBytes: UInt64 = 256 << 20

  /// All findings, in a fixed order.
  public let findings: [Finding]

  /// Whether everything is usable.
  public var isUsable: Bool { !findings.contains { $0.state == .missing } }

  /// 0 when everything is usable; 77 when a right is missing, 69 when something is absent, 73 when the disk is full, in
  /// this order.
  public var exitStatus: Int32 {
    let missing = findings.filter { $0.state == .missing }
    if missing.contains(where: { $0.kind == .permission }) { return 77 }
    if missing.contains(where: { $0.kind == .absent }) { return 69 }
    return missing.isEmpty ? 0 : 73
  }

  /// Judges the facts.
  public init(_ facts: MachineFacts) {
    findings =
      [
        Self.kernel(facts), Self.serialPorts(facts), Self.serialAccess(facts), Self.gpioChips(facts),
        Self.gpioAccess(facts), Self.udevRule(facts),
      ] + facts.libraries.map(Self.library) + [
        Self.portGrabbers(facts), Self.realTimePriority(facts), Self.lockedMemory(facts), Self.realTimeRuntime(facts),
        Self.realTimeKernel(facts), Self.latencyRequest(facts), Self.clock(facts), Self.storage(facts),
      ]
  }

  private static func kernel(_ facts: MachineFacts) -> Finding {
    let found = "Linux \(facts.kernel.release) (\(facts.kernel.machine))"
    guard let version = facts.kernel.version else {
      return Finding(
        "kernel", .warning, found: found,
        meaning: "its version can not be told; Linux 5.10 or newer is needed for GPIO",
        remedy: ["uname -a"])
    }
    // The second version of the GPIO character device came with Linux 5.10 (include/uapi/linux/gpio.h).
    if version >= (5, 10) { return Finding("kernel", .ok, found: found) }
    return Finding(
      "kernel", .missing, found: found,
      meaning: "GPIO lines need the character device of Linux 5.10 (its second version); serial ports work",
      remedy: ["sudo apt-get update && sudo apt-get full-upgrade"])
  }

  private static func serialPorts(_ facts: MachineFacts) -> Finding {
    if let fault = facts.portScanFault {
      return Finding(
        "serial-ports", .missing, found: fault.reason, meaning: "it is not known which serial ports there are",
        remedy: ["sudo mount -t sysfs sysfs /sys"])
    }
    let consoles = facts.consoles.joined(separator: ", ")
    let isKept = facts.consoles.isEmpty ? "" : " (\(consoles) is the system's console and refused)"
    if !facts.serialPorts.isEmpty {
      return Finding("serial-ports", .ok, found: facts.serialPorts.map(\.path).joined(separator: ", ") + isKept)
    }
    var remedy = ["etalon ports"]
    if !facts.consoles.isEmpty, facts.model?.hasPrefix("Raspberry Pi") == true {
      remedy.append("sudo raspi-config nonint do_serial_cons 1 && sudo reboot")
    }
    return Finding(
      "serial-ports", facts.gpioChips.isEmpty ? .missing : .warning, found: "no serial port for an instrument" + isKept,
      meaning: "no instrument can be reached by a serial line; plug an adapter in and look again", remedy: remedy)
  }

  private static func serialAccess(_ facts: MachineFacts) -> Finding {
    access(
      "serial-access", facts, nodes: facts.serialPorts, usualGroup: "dialout", what: "serial ports",
      absent: "no serial port to open")
  }

  private static func gpioChips(_ facts: MachineFacts) -> Finding {
    if !facts.gpioChips.isEmpty {
      return Finding("gpio-chips", .ok, found: facts.gpioChips.map(\.path).joined(separator: ", "))
    }
    return Finding(
      "gpio-chips", facts.serialPorts.isEmpty ? .missing : .warning, found: "no GPIO chip",
      meaning: "no line can be driven or watched; instruments on serial ports work without",
      remedy: ["ls /sys/bus/gpio/devices", "sudo apt-get install gpiod && gpiodetect"])
  }

  private static func gpioAccess(_ facts: MachineFacts) -> Finding {
    access(
      "gpio-access", facts, nodes: facts.gpioChips, usualGroup: "gpio", what: "GPIO chips",
      absent: "no GPIO chip to open")
  }

  /// Whether the user may open `nodes`, and else the shortest way to the right.
  private static func access(
    _ name: String, _ facts: MachineFacts, nodes: [MachineFacts.DeviceNode], usualGroup: String, what: String,
    absent: String
  ) -> Finding {
    let user = facts.user
    guard !nodes.isEmpty else {
      // Nothing can be tried, so the group is all there is to say.
      if user.isSuperuser || user.groups.contains(usualGroup) { return Finding(name, .ok, found: absent) }
      let exists = facts.groups.contains(usualGroup)
      let membership = ["sudo usermod -aG \(usualGroup) \(user.name)", "newgrp \(usualGroup)"]
      return Finding(
        name, .warning,
        found: absent
          + (exists ? "; \(user.name) is not in the group \(usualGroup)" : "; there is no group \(usualGroup)"),
        meaning: "\(what) that come later may be closed to \(user.name)",
        remedy: (exists ? [] : ["sudo groupadd --system \(usualGroup)"]) + membership)
    }
    let closed = nodes.filter { !$0.isUsable }
    guard let first = closed.first else {
      return Finding(
        name, .ok, found: "\(user.name) may open \(nodes.count == 1 ? nodes[0].path : "all \(nodes.count) \(what)")")
    }
    let paths = closed.map(\.path).joined(separator: ", ")
    let found = "\(user.name) may not open \(paths)"
    let meaning = "a run that uses \(closed.count == 1 ? "it" : "one of them") ends with exit status 77"
    guard let group = first.group, first.isOpenToGroup, group != "root" else {
      var remedy = ["etalon doctor --udev-rule | sudo tee /etc/udev/rules.d/60-etalon.rules"]
      if !facts.groups.contains(usualGroup) { remedy.insert("sudo groupadd --system \(usualGroup)", at: 0) }
      remedy += ["sudo udevadm control --reload && sudo udevadm trigger"]
      if !user.listedGroups.contains(usualGroup) { remedy.append("sudo usermod -aG \(usualGroup) \(user.name)") }
      return Finding(
        name, .missing, found: found + ": it is open to no group but root's", meaning: meaning, kind: .permission,
        remedy: remedy)
    }
    if user.listedGroups.contains(group) {
      return Finding(
        name, .missing, found: found + ": \(user.name) is in the group \(group) since this login began",
        meaning: meaning, kind: .permission, remedy: ["newgrp \(group)"])
    }
    return Finding(
      name, .missing, found: found + ": \(user.name) is not in the group \(group)", meaning: meaning,
      kind: .permission, remedy: ["sudo usermod -aG \(group) \(user.name)", "newgrp \(group)"])
  }

  private static func udevRule(_ facts: MachineFacts) -> Finding {
    if let rule = facts.udevRules.first { return Finding("udev-rule", .ok, found: rule) }
    return Finding(
      "udev-rule", .warning, found: "no udev rule of Etalon",
      meaning: "rights, adapter latency and programs that seize ports are left to the system's defaults",
      remedy: [
        "etalon doctor --udev-rule | sudo tee /etc/udev/rules.d/60-etalon.rules",
        "sudo udevadm control --reload && sudo udevadm trigger",
      ])
  }

  private static func library(_ library: MachineFacts.Library) -> Finding {
    if let version = library.version { return Finding(library.name, .ok, found: "version \(version)") }
    let isSerial = library.name == "libserialport"
    return Finding(
      library.name, .missing, found: "not installed",
      meaning: isSerial
        ? "real serial ports can not be opened; pseudo-terminals can" : "GPIO lines can not be used",
      // Debian 12 has libgpiod2, Debian 13 libgpiod3.
      remedy: [
        isSerial
          ? "sudo apt-get install libserialport0" : "sudo apt-get install libgpiod2 || sudo apt-get install libgpiod3"
      ])
  }

  private static func portGrabbers(_ facts: MachineFacts) -> Finding {
    guard !facts.portGrabbers.isEmpty else {
      return Finding("port-grabbers", .ok, found: "no program that opens ports of others")
    }
    var remedy: [String] = []
    for program in facts.portGrabbers {
      switch program {
      case "brltty": remedy.append("sudo apt-get remove brltty")
      case "ModemManager": remedy.append("sudo systemctl disable --now ModemManager")
      default: break
      }
    }
    return Finding(
      "port-grabbers", .warning, found: facts.portGrabbers.joined(separator: ", "),
      meaning: "brltty takes USB adapters for Braille displays, ModemManager sends modem commands to new ports: an "
        + "instrument can be busy, or get bytes that nobody here sent", remedy: remedy)
  }

  private static let limitsFile = "/etc/security/limits.d/etalon.conf"

  private static func limitsRemedy(_ facts: MachineFacts) -> [String] {
    let group = facts.groups.contains("dialout") ? "dialout" : facts.user.name
    let subject = facts.groups.contains("dialout") ? "@\(group)" : group
    return [
      "printf '\(subject) - rtprio \(loopPriority)\\n\(subject) - memlock unlimited\\n' | sudo tee \(limitsFile)",
      "exec su - \(facts.user.name)",
    ]
  }

  private static func realTimePriority(_ facts: MachineFacts) -> Finding {
    let limit = facts.realTime.priorityLimit
    let shown = limit == .max ? "unlimited" : "\(limit)"
    if facts.realTime.acceptsFIFO && (limit >= loopPriority || facts.user.isSuperuser) {
      return Finding("real-time-priority", .ok, found: "SCHED_FIFO is granted (RLIMIT_RTPRIO \(shown))")
    }
    let meaning =
      "the loop runs as an ordinary thread: wake-ups come late when the machine is busy, and are recorded as late"
    if limit >= loopPriority || facts.user.isSuperuser {
      return Finding(
        "real-time-priority", .warning, found: "SCHED_FIFO is refused although RLIMIT_RTPRIO is \(shown)",
        meaning: meaning + "; a control group or container keeps it back",
        remedy: ["sudo sysctl kernel.sched_rt_runtime_us=950000"])
    }
    return Finding(
      "real-time-priority", .warning, found: "RLIMIT_RTPRIO is \(shown), \(loopPriority) is asked for",
      meaning: meaning,
      remedy: limitsRemedy(facts))
  }

  private static func lockedMemory(_ facts: MachineFacts) -> Finding {
    let limit = facts.realTime.lockedMemoryBytes
    if limit == .max || facts.user.isSuperuser {
      return Finding(
        "locked-memory", .ok, found: "RLIMIT_MEMLOCK is \(limit == .max ? "unlimited" : "lifted for root")")
    }
    let shown = "RLIMIT_MEMLOCK is \(limit / 1024) KiB"
    if limit >= lockedBytes { return Finding("locked-memory", .ok, found: shown) }
    return Finding(
      "locked-memory", .warning, found: shown,
      meaning: "memory can not be locked: a page that was swapped out can hold the loop for milliseconds",
      remedy: limitsRemedy(facts))
  }

  private static func realTimeRuntime(_ facts: MachineFacts) -> Finding {
    let name = "real-time-share"
    guard let runtime = facts.realTime.runtimeMicroseconds, let period = facts.realTime.periodMicroseconds else {
      return Finding(
        name, .warning, found: "the kernel does not tell sched_rt_runtime_us",
        meaning: "it is not known how long real-time threads may run", remedy: ["sudo mount -t proc proc /proc"])
    }
    if runtime < 0 || runtime >= period {
      return Finding(name, .ok, found: "real-time threads are not limited (sched_rt_runtime_us \(runtime))")
    }
    let share = period > 0 ? 100 * runtime / period : 0
    let found = "real-time threads may run \(share) % of the time (sched_rt_runtime_us \(runtime))"
    // The kernel's own default is 95 % of a second (Documentation/scheduler/sched-rt-group.rst).
    if share >= 95 { return Finding(name, .ok, found: found) }
    return Finding(
      name, .warning, found: found,
      meaning: runtime == 0
        ? "no thread can be a real-time one" : "a loop that spins before its instant is stopped for the rest",
      remedy: ["sudo sysctl kernel.sched_rt_runtime_us=950000"])
  }

  private static func realTimeKernel(_ facts: MachineFacts) -> Finding {
    if facts.kernel.isRealTime { return Finding("real-time-kernel", .ok, found: "PREEMPT_RT") }
    let package: String?
    switch facts.kernel.machine {
    case "x86_64": package = "linux-image-rt-amd64"
    case "aarch64": package = "linux-image-rt-arm64"
    case "armv7l": package = "linux-image-rt-armmp"
    default: package = nil
    }
    return Finding(
      "real-time-kernel", .warning, found: "not built with PREEMPT_RT",
      meaning:
        "enough for sampling with settled windows; for a loop at 1 kHz and above a driver of another device can hold it back",
      remedy: [package.map { "sudo apt-get install \($0)" } ?? "apt-cache search --names-only linux-image-rt"])
  }

  private static func latencyRequest(_ facts: MachineFacts) -> Finding {
    let name = "cpu-latency"
    guard let node = facts.realTime.latencyRequest else {
      return Finding(
        name, .warning, found: "no /dev/cpu_dma_latency",
        meaning:
          "the processor can not be kept from deep sleep; a wake-up can take some 100 µs longer, unless the first "
          + "command says 'none': then it has no deep sleep",
        remedy: ["cat /sys/devices/system/cpu/cpuidle/current_driver", "grep -o 'cpuidle.off=1' /proc/cmdline"])
    }
    if node.isUsable { return Finding(name, .ok, found: "\(node.path) may be written") }
    return Finding(
      name, .warning, found: "\(facts.user.name) may not write \(node.path)",
      meaning: "the processor can not be kept from deep sleep; a wake-up can take some 100 µs longer",
      remedy: [
        "etalon doctor --udev-rule | sudo tee /etc/udev/rules.d/60-etalon.rules",
        "sudo udevadm control --reload && sudo udevadm trigger",
      ])
  }

  private static func clock(_ facts: MachineFacts) -> Finding {
    let clock = facts.clock
    let service = clock.services.isEmpty ? "" : " by \(clock.services.joined(separator: ", "))"
    if clock.isSynchronised {
      let milliseconds = (clock.maximumErrorSeconds * 1e3).rounded(.up)
      return Finding("clock", .ok, found: "synchronised\(service), within \(Int(milliseconds)) ms of UTC")
    }
    let meaning =
      "dates of runs and certificates' expiry rest on a clock that nobody checks; spacing of samples does not"
    if !clock.services.isEmpty {
      return Finding(
        "clock", .warning, found: "not synchronised yet\(service)", meaning: meaning,
        remedy: [
          clock.services.contains("chronyd")
            ? "chronyc -a makestep && chronyc waitsync 30" : "timedatectl timesync-status"
        ])
    }
    return Finding(
      "clock", .warning, found: "not synchronised, and no program that would do it is running", meaning: meaning,
      remedy: [clock.hasTimesyncd ? "sudo timedatectl set-ntp true" : "sudo apt-get install chrony"])
  }

  private static func storage(_ facts: MachineFacts) -> Finding {
    let storage = facts.storage
    guard storage.isWritable else {
      return Finding(
        "runs-folder", .missing, found: "\(facts.user.name) may not write '\(storage.path)'",
        meaning: "no run can be recorded there", kind: .permission,
        remedy: ["mkdir -p ~/etalon && cd ~/etalon"])
    }
    guard let free = storage.freeBytes else {
      return Finding("runs-folder", .ok, found: "'\(storage.path)' may be written")
    }
    let shown = "\(free >> 20) MiB free in '\(storage.path)'"
    if free >= comfortableBytes { return Finding("runs-folder", .ok, found: shown) }
    let remedy = ["df -h '\(storage.path)'", "du -sh runs/* | sort -h"]
    if free >= leastBytes {
      return Finding(
        "runs-folder", .warning, found: shown, meaning: "a long run may fill the disk and stop", remedy: remedy)
    }
    return Finding(
      "runs-folder", .missing, found: shown, meaning: "a run would end with exit status 73", kind: .space,
      remedy: remedy)
  }
}
