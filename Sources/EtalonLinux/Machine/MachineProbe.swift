import CEtalonLinux
import EtalonCore
import Glibc

/// Gathers what `MachineDiagnosis` judges: files below a root folder, and system calls about this process.
///
/// It judges nothing and changes nothing. SCHED_FIFO is tried and given back at once, because limits, capabilities and
/// control groups decide together and only the kernel knows the answer.
public struct MachineProbe {
  private let files: SystemFiles
  private let root: String

  /// - Parameter root: where the system's files are; another folder than `/` is for tests.
  public init(root: String = "/") {
    files = SystemFiles(root: root)
    self.root = files.root
  }

  /// What the machine calls itself; nil where it does not say.
  public var model: String? { BoardModel.read(files) }

  /// All facts.
  /// - Parameters:
  ///   - serialPorts: the serial ports of the machine.
  ///   - runsFolder: where runs are written.
  public func facts(serialPorts: [SerialPortFacts], runsFolder: String) -> MachineFacts {
    MachineFacts(
      model: model, user: user(), groups: files.groups().map(\.name),
      serialPorts: serialPorts.filter { !$0.isConsole }.map { node($0.path) },
      consoles: serialPorts.filter(\.isConsole).map(\.path),
      gpioChips: files.names(in: "/dev").filter { $0.hasPrefix("gpiochip") }.map { node("/dev/" + $0) },
      udevRules: udevRules { $0.contains("etalon") }, realTime: realTime(), clock: clock(), kernel: kernel(),
      libraries: [
        library(
          "libserialport", files: ["libserialport.so.0"],
          versionSymbols: ["sp_get_package_version_string"]),
        library(
          "libgpiod", files: ["libgpiod.so.3", "libgpiod.so.2"],
          versionSymbols: ["gpiod_api_version", "gpiod_version_string"]),
      ],
      portGrabbers: portGrabbers(), storage: storage(runsFolder))
  }

  private func user() -> MachineFacts.User {
    let number = geteuid()
    let list = files.groups()
    let record = files.lines("/etc/passwd").lazy.map { $0.split(separator: ":", omittingEmptySubsequences: false) }
      .first { $0.count > 3 && UInt32($0[2]) == number }
    let name = record.map { String($0[0]) } ?? "\(number)"
    var numbers = [gid_t](repeating: 0, count: 1024)
    let count = Int(max(0, getgroups(Int32(numbers.count), &numbers)))
    let inForce = Set(numbers.prefix(count) + [getegid()])
    let primary = record.flatMap { UInt32($0[3]) }
    return MachineFacts.User(
      name: name, isSuperuser: number == 0,
      groups: list.filter { inForce.contains($0.number) }.map(\.name),
      listedGroups: list.filter { $0.members.contains(name) || $0.number == primary }.map(\.name))
  }

  private func node(_ path: String) -> MachineFacts.DeviceNode {
    var status = stat()
    guard stat(root + path, &status) == 0 else {
      return MachineFacts.DeviceNode(path: path, group: nil, isOpenToGroup: false, isUsable: false)
    }
    let group = status.st_gid
    return MachineFacts.DeviceNode(
      path: path, group: files.groups().first { $0.number == group }?.name,
      isOpenToGroup: status.st_mode & 0o060 == 0o060,
      isUsable: access(root + path, R_OK | W_OK) == 0)
  }

  /// File names of udev rules, by name.
  private func udevRules(_ matches: (String) -> Bool) -> [String] {
    ["/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"].flatMap { folder in
      files.names(in: folder).filter { $0.hasSuffix(".rules") && matches($0) }.map { folder + "/" + $0 }
    }
  }

  private func realTime() -> MachineFacts.RealTime {
    let isThere = files.exists("/dev/cpu_dma_latency")
    return MachineFacts.RealTime(
      priorityLimit: limit(14), lockedMemoryBytes: limit(8), acceptsFIFO: triesFIFO(),
      runtimeMicroseconds: files.number("/proc/sys/kernel/sched_rt_runtime_us"),
      periodMicroseconds: files.number("/proc/sys/kernel/sched_rt_period_us"),
      latencyRequest: isThere ? node("/dev/cpu_dma_latency") : nil)
  }

  /// A limit by the kernel's number: 8 is RLIMIT_MEMLOCK, 14 is RLIMIT_RTPRIO (asm-generic/resource.h).
  private func limit(_ resource: Int32) -> UInt64 {
    var value = rlimit()
    return etalon_resource_limit(resource, &value) == 0 ? UInt64(value.rlim_cur) : 0
  }

  private func triesFIFO() -> Bool {
    var former = sched_param()
    let policy = sched_getscheduler(0)
    guard policy >= 0, sched_getparam(0, &former) == 0 else { return false }
    var wanted = sched_param()
    wanted.sched_priority = 1
    guard sched_setscheduler(0, SCHED_FIFO, &wanted) == 0 else { return false }
    // Giving up a priority needs no right.
    return sched_setscheduler(0, policy, &former) == 0
  }

  private func clock() -> MachineFacts.Clock {
    var status: Int32 = 0
    var maximumErrorMicroseconds = 0
    let state = etalon_clock_state(&status, &maximumErrorMicroseconds)
    // TIME_ERROR is 5; STA_UNSYNC is 0x40 (linux/timex.h).
    return MachineFacts.Clock(
      isSynchronised: state >= 0 && state != 5 && status & 0x40 == 0,
      maximumErrorSeconds: Double(maximumErrorMicroseconds) * 1e-6,
      // The kernel cuts the names of processes after 15 characters.
      services: runningProcesses(["chronyd", "systemd-timesyn", "ntpd", "ptp4l", "phc2sys"]),
      hasTimesyncd: files.exists("/usr/lib/systemd/systemd-timesyncd") || files.exists("/lib/systemd/systemd-timesyncd")
    )
  }

  private func runningProcesses(_ names: [String]) -> [String] {
    let running = Set(
      files.names(in: "/proc").filter { $0.allSatisfy(\.isNumber) }.compactMap { files.text("/proc/\($0)/comm") })
    return names.filter(running.contains)
  }

  private func kernel() -> MachineFacts.Kernel {
    var names = utsname()
    uname(&names)
    func text<T>(_ field: T) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return MachineFacts.Kernel(
      release: files.text("/proc/sys/kernel/osrelease") ?? text(names.release), machine: text(names.machine),
      // Kernels with PREEMPT_RT have this file; their version text says so too (kernel/ksysfs.c).
      isRealTime: files.number("/sys/kernel/realtime") == 1
        || (files.text("/proc/sys/kernel/version") ?? text(names.version)).contains("PREEMPT_RT"))
  }

  /// Asks the library that the dynamic linker finds for its own version.
  private func library(_ name: String, files: [String], versionSymbols: [String]) -> MachineFacts.Library {
    for file in files {
      guard let handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL) else { continue }
      defer { dlclose(handle) }
      for symbol in versionSymbols {
        guard let address = dlsym(handle, symbol) else { continue }
        typealias Version = @convention(c) () -> UnsafePointer<CChar>?
        guard let version = unsafeBitCast(address, to: Version.self)() else { continue }
        return MachineFacts.Library(name: name, version: String(cString: version))
      }
    }
    return MachineFacts.Library(name: name, version: nil)
  }

  private func portGrabbers() -> [String] {
    var found: [String] = []
    if !runningProcesses(["brltty"]).isEmpty || !udevRules({ $0.contains("brltty") }).isEmpty { found.append("brltty") }
    if !runningProcesses(["ModemManager"]).isEmpty { found.append("ModemManager") }
    return found
  }

  private func storage(_ folder: String) -> MachineFacts.Storage {
    var path = folder.isEmpty ? "." : folder
    var status = stat()
    while stat(path, &status) != 0, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      path = String(path[..<slash])
    }
    if stat(path, &status) != 0 { path = "." }
    var space = statvfs()
    let free = statvfs(path, &space) == 0 ? UInt64(space.f_bavail) * UInt64(space.f_frsize) : nil
    return MachineFacts.Storage(path: path, freeBytes: free, isWritable: access(path, W_OK | X_OK) == 0)
  }
}

/// What the machine calls itself.
enum BoardModel {
  /// Model by the device tree (`Documentation/devicetree/bindings`: property `model` of the root node), else by the
  /// firmware's table (DMI); nil where there is neither.
  static func read(_ files: SystemFiles) -> String? {
    for path in ["/proc/device-tree/model", "/sys/firmware/devicetree/base/model", "/sys/class/dmi/id/product_name"] {
      if let model = files.text(path), !model.isEmpty { return model }
    }
    return nil
  }
}
