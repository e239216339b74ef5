/// What a machine says about itself, as far as it matters to a bench: gathered by `MachineProbe`, judged by
/// `MachineDiagnosis`.
public struct MachineFacts: Sendable, Equatable {
  /// Who runs the program.
  public struct User: Sendable, Equatable {
    /// Name; the number where it has none.
    public var name: String
    /// Whether it is the superuser, who may open everything.
    public var isSuperuser: Bool
    /// Groups in force for this process.
    public var groups: [String]
    /// Groups that the machine's list gives the user, also those that need a new login.
    public var listedGroups: [String]

    /// A user from the facts.
    public init(name: String, isSuperuser: Bool, groups: [String], listedGroups: [String]) {
      self.name = name
      self.isSuperuser = isSuperuser
      self.groups = groups
      self.listedGroups = listedGroups
    }
  }

  /// A device file.
  public struct DeviceNode: Sendable, Equatable {
    /// Path, for example `/dev/gpiochip0`.
    public var path: String
    /// Owning group; nil for one without a name.
    public var group: String?
    /// Whether the group may read and write.
    public var isOpenToGroup: Bool
    /// Whether this process may read and write.
    public var isUsable: Bool

    /// A node from its facts.
    public init(path: String, group: String?, isOpenToGroup: Bool, isUsable: Bool) {
      self.path = path
      self.group = group
      self.isOpenToGroup = isOpenToGroup
      self.isUsable = isUsable
    }
  }

  /// How far this process may become a real-time one.
  public struct RealTime: Sendable, Equatable {
    /// Highest priority that the limit RLIMIT_RTPRIO allows.
    public var priorityLimit: UInt64
    /// Bytes that may be locked (RLIMIT_MEMLOCK); `UInt64.max` for no limit.
    public var lockedMemoryBytes: UInt64
    /// Whether the kernel accepted SCHED_FIFO for this process, tried for a moment.
    public var acceptsFIFO: Bool
    /// Microseconds of each period that real-time threads may run; -1 for no limit, nil when the kernel does not say.
    public var runtimeMicroseconds: Int?
    /// The period that `runtimeMicroseconds` is a part of.
    public var periodMicroseconds: Int?
    /// `/dev/cpu_dma_latency`, by which a program keeps the processor from deep sleep; nil where it is not there.
    public var latencyRequest: DeviceNode?

    /// Facts from their parts.
    public init(
      priorityLimit: UInt64, lockedMemoryBytes: UInt64, acceptsFIFO: Bool, runtimeMicroseconds: Int?,
      periodMicroseconds: Int?, latencyRequest: DeviceNode?
    ) {
      self.priorityLimit = priorityLimit
      self.lockedMemoryBytes = lockedMemoryBytes
      self.acceptsFIFO = acceptsFIFO
      self.runtimeMicroseconds = runtimeMicroseconds
      self.periodMicroseconds = periodMicroseconds
      self.latencyRequest = latencyRequest
    }
  }

  /// How well the kernel's clock follows UTC (adjtimex).
  public struct Clock: Sendable, Equatable {
    /// Whether the kernel counts its clock as synchronised.
    public var isSynchronised: Bool
    /// Largest error that the synchronising program claims, seconds.
    public var maximumErrorSeconds: Double
    /// Programs that synchronise clocks and are running.
    public var services: [String]
    /// Whether systemd's own one is installed.
    public var hasTimesyncd: Bool

    /// Facts from their parts.
    public init(isSynchronised: Bool, maximumErrorSeconds: Double, services: [String], hasTimesyncd: Bool) {
      self.isSynchronised = isSynchronised
      self.maximumErrorSeconds = maximumErrorSeconds
      self.services = services
      self.hasTimesyncd = hasTimesyncd
    }
  }

  /// The kernel.
  public struct Kernel: Sendable, Equatable {
    /// Release, for example `6.12.25+rpt-rpi-2712`.
    public var release: String
    /// Processor, for example `aarch64`.
    public var machine: String
    /// Whether it is built for real time (PREEMPT_RT).
    public var isRealTime: Bool

    /// A kernel from its facts.
    public init(release: String, machine: String, isRealTime: Bool) {
      self.release = release
      self.machine = machine
      self.isRealTime = isRealTime
    }

    /// Major and minor number; nil when the release does not begin with them.
    public var version: (major: Int, minor: Int)? {
      let parts = release.split(separator: ".", maxSplits: 2).map { $0.prefix { $0.isNumber } }
      guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1]) else { return nil }
      return (major, minor)
    }
  }

  /// A C library that Etalon can use.
  public struct Library: Sendable, Equatable {
    /// Name, for example `libgpiod`.
    public var name: String
    /// Its own version; nil when it is not installed.
    public var version: String?

    /// A library from its facts.
    public init(name: String, version: String?) {
      self.name = name
      self.version = version
    }
  }

  /// Where runs are written.
  public struct Storage: Sendable, Equatable {
    /// The folder, or the nearest one above that is there.
    public var path: String
    /// Bytes free for this user; nil when the file system does not say.
    public var freeBytes: UInt64?
    /// Whether this process may write there.
    public var isWritable: Bool

    /// Facts from their parts.
    public init(path: String, freeBytes: UInt64?, isWritable: Bool) {
      self.path = path
      self.freeBytes = freeBytes
      self.isWritable = isWritable
    }
  }

  /// Model by the device tree, or by the firmware's table; nil where the machine does not say.
  public var model: String?
  /// Who runs the program.
  public var user: User
  /// Groups that exist on the machine.
  public var groups: [String]
  /// Serial ports for instruments.
  public var serialPorts: [DeviceNode]
  /// Serial ports that the kernel writes its messages to.
  public var consoles: [String]
  /// Why the serial ports can not be listed; nil where they can.
  public var portScanFault: PortScanFault?
  /// GPIO chips.
  public var gpioChips: [DeviceNode]
  /// Rules of Etalon for udev.
  public var udevRules: [String]
  /// Limits for real time.
  public var realTime: RealTime
  /// The clock.
  public var clock: Clock
  /// The kernel.
  public var kernel: Kernel
  /// Libraries.
  public var libraries: [Library]
  /// Programs that open serial ports of others and are installed or running: `brltty`, `ModemManager`.
  public var portGrabbers: [String]
  /// Where runs are written.
  public var storage: Storage

  /// Facts from their parts.
  public init(
    model: String?, user: User, groups: [String], serialPorts: [DeviceNode], consoles: [String],
    gpioChips: [DeviceNode],
    udevRules: [String], realTime: RealTime, clock: Clock, kernel: Kernel, libraries: [Library],
    portGrabbers: [String], storage: Storage
  ) {
    self.model = model
    self.user = user
    self.groups = groups
    self.serialPorts = serialPorts
    self.consoles = consoles
    self.gpioChips = gpioChips
    self.udevRules = udevRules
    self.realTime = realTime
    self.clock = clock
    self.kernel = kernel
    self.libraries = libraries
    self.portGrabbers = portGrabbers
    self.storage = storage
  }
}
