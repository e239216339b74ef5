import XCTest

@testable import EtalonLinux

/// What `etalon doctor` says, from facts as machines gave them.
final class MachineDiagnosisTests: XCTestCase {
  /// A Raspberry Pi 5 that lacks nothing.
  private func good() -> MachineFacts {
    MachineFacts(
      model: "Raspberry Pi 5 Model B Rev 1.0",
      user: .init(
        name: "lab", isSuperuser: false, groups: ["lab", "dialout", "gpio"], listedGroups: ["lab", "dialout", "gpio"]),
      groups: ["root", "dialout", "gpio", "lab"],
      serialPorts: [.init(path: "/dev/ttyUSB0", group: "dialout", isOpenToGroup: true, isUsable: true)],
      consoles: ["/dev/ttyAMA10"],
      gpioChips: [.init(path: "/dev/gpiochip0", group: "gpio", isOpenToGroup: true, isUsable: true)],
      udevRules: ["/usr/lib/udev/rules.d/60-etalon.rules"],
      realTime: .init(
        priorityLimit: 49, lockedMemoryBytes: .max, acceptsFIFO: true, runtimeMicroseconds: 950_000,
        periodMicroseconds: 1_000_000,
        latencyRequest: .init(path: "/dev/cpu_dma_latency", group: "dialout", isOpenToGroup: true, isUsable: true)),
      clock: .init(isSynchronised: true, maximumErrorSeconds: 0.0123, services: ["chronyd"], hasTimesyncd: false),
      kernel: .init(release: "6.12.25+rpt-rpi-2712", machine: "aarch64", isRealTime: true),
      libraries: [.init(name: "libserialport", version: "0.1.1"), .init(name: "libgpiod", version: "1.6.3")],
      portGrabbers: [], storage: .init(path: "runs", freeBytes: 8 << 30, isWritable: true))
  }

  private func finding(_ name: String, _ facts: MachineFacts) throws -> Finding {
    try XCTUnwrap(MachineDiagnosis(facts).findings.first { $0.name == name }, name)
  }

  func testMachineThatLacksNothing() throws {
    let diagnosis = MachineDiagnosis(good())
    for finding in diagnosis.findings {
      XCTAssertEqual(finding.state, .ok, "\(finding)")
      XCTAssertTrue(finding.remedy.isEmpty, "\(finding)")
      XCTAssertFalse(finding.found.isEmpty, "\(finding)")
    }
    XCTAssertEqual(diagnosis.exitStatus, 0)
    XCTAssertEqual(try finding("clock", good()).found, "synchronised by chronyd, within 13 ms of UTC")
    XCTAssertEqual(Set(diagnosis.findings.map(\.name)).count, diagnosis.findings.count)
  }

  func testMachineThatHasNothing() throws {
    var facts = good()
    facts.model = nil
    facts.user = .init(name: "lab", isSuperuser: false, groups: ["lab"], listedGroups: ["lab"])
    facts.serialPorts = []
    facts.consoles = []
    facts.gpioChips = []
    facts.udevRules = []
    facts.realTime = .init(
      priorityLimit: 0, lockedMemoryBytes: 64 << 10, acceptsFIFO: false, runtimeMicroseconds: nil,
      periodMicroseconds: nil, latencyRequest: nil)
    facts.clock = .init(isSynchronised: false, maximumErrorSeconds: 16, services: [], hasTimesyncd: false)
    facts.kernel = .init(release: "5.4.0-150-generic", machine: "x86_64", isRealTime: false)
    facts.libraries = facts.libraries.map { .init(name: $0.name, version: nil) }
    facts.portGrabbers = ["brltty", "ModemManager"]
    facts.storage = .init(path: ".", freeBytes: 1 << 20, isWritable: true)
    let diagnosis = MachineDiagnosis(facts)
    XCTAssertEqual(diagnosis.exitStatus, 69)
    for finding in diagnosis.findings {
      XCTAssertNotEqual(finding.state, .ok, "\(finding)")
      XCTAssertFalse(finding.meaning.isEmpty, "\(finding)")
      XCTAssertFalse(finding.remedy.isEmpty, "\(finding)")
    }
    XCTAssertEqual(
      diagnosis.findings.filter { $0.state == .missing }.map(\.name),
      ["kernel", "serial-ports", "gpio-chips", "libserialport", "libgpiod", "runs-folder"])
    XCTAssertEqual(
      try finding("port-grabbers", facts).remedy,
      ["sudo apt-get remove brltty", "sudo systemctl disable --now ModemManager"])
    XCTAssertEqual(try finding("clock", facts).remedy, ["sudo apt-get install chrony"])
    XCTAssertEqual(try finding("real-time-kernel", facts).remedy, ["sudo apt-get install linux-image-rt-amd64"])
    XCTAssertTrue(try finding("real-time-priority", facts).remedy[0].contains("@dialout - rtprio 49"))
  }

  /// The group is named; without it, or without a group that may, the remedy is another one.
  func testUnprivilegedUser() throws {
    var facts = good()
    facts.user.groups = ["lab", "gpio"]
    facts.user.listedGroups = ["lab", "gpio"]
    facts.serialPorts[0].isUsable = false
    XCTAssertEqual(MachineDiagnosis(facts).exitStatus, 77)
    var access = try finding("serial-access", facts)
    XCTAssertEqual(access.state, .missing)
    XCTAssertEqual(access.found, "lab may not open /dev/ttyUSB0: lab is not in the group dialout")
    XCTAssertEqual(access.remedy, ["sudo usermod -aG dialout lab", "newgrp dialout"])

    facts.user.listedGroups.append("dialout")
    access = try finding("serial-access", facts)
    XCTAssertEqual(access.remedy, ["newgrp dialout"], "in the list since the login")

    facts.serialPorts[0].isOpenToGroup = false
    access = try finding("serial-access", facts)
    XCTAssertTrue(access.remedy[0].contains("60-etalon.rules"), "\(access)")

    facts = good()
    facts.groups.removeAll { $0 == "gpio" }
    facts.gpioChips = [.init(path: "/dev/gpiochip0", group: "root", isOpenToGroup: false, isUsable: false)]
    access = try finding("gpio-access", facts)
    XCTAssertEqual(access.remedy.first, "sudo groupadd --system gpio")
    XCTAssertEqual(MachineDiagnosis(facts).exitStatus, 77)
  }

  /// A machine without the usual groups, or without its system files, is told as such.
  func testNoGroupsAndNoSystemFiles() throws {
    var facts = good()
    facts.groups = ["root", "lab"]
    facts.user = .init(name: "lab", isSuperuser: false, groups: ["lab"], listedGroups: ["lab"])
    facts.serialPorts = []
    facts.gpioChips = []
    XCTAssertEqual(try finding("serial-access", facts).found, "no serial port to open; there is no group dialout")
    XCTAssertEqual(
      try finding("gpio-access", facts).remedy,
      ["sudo groupadd --system gpio", "sudo usermod -aG gpio lab", "newgrp gpio"])
    XCTAssertEqual(try finding("serial-ports", facts).state, .missing)
    facts.portScanFault = PortScanFault(path: "/sys/class/tty", code: 2)
    let ports = try finding("serial-ports", facts)
    XCTAssertEqual(ports.state, .missing)
    XCTAssertTrue(ports.found.contains("/sys/class/tty"), ports.found)
    XCTAssertEqual(ports.remedy, ["sudo mount -t sysfs sysfs /sys"])
    XCTAssertEqual(MachineDiagnosis(facts).exitStatus, 69)
  }

  /// A right goes before an absence, an absence before a full disk.
  func testExitStatus() {
    var facts = good()
    facts.storage.freeBytes = 1 << 20
    XCTAssertEqual(MachineDiagnosis(facts).exitStatus, 73)
    facts.libraries[1].version = nil
    XCTAssertEqual(MachineDiagnosis(facts).exitStatus, 69)
    facts.serialPorts[0].isUsable = false
    XCTAssertEqual(MachineDiagnosis(facts).exitStatus, 77)
    facts = good()
    facts.storage.isWritable = false
    XCTAssertEqual(MachineDiagnosis(facts).exitStatus, 77)
  }

  func testWhatIsOnlyWorseThanItCouldBe() throws {
    var facts = good()
    facts.serialPorts = []
    facts.clock.isSynchronised = false
    facts.realTime.runtimeMicroseconds = 500_000
    facts.kernel.isRealTime = false
    facts.realTime.acceptsFIFO = false
    let diagnosis = MachineDiagnosis(facts)
    XCTAssertEqual(diagnosis.exitStatus, 0)
    XCTAssertTrue(diagnosis.isUsable)
    let warnings = diagnosis.findings.filter { $0.state == .warning }.map(\.name)
    XCTAssertEqual(
      warnings, ["serial-ports", "real-time-priority", "real-time-share", "real-time-kernel", "clock"])
    XCTAssertTrue(try finding("serial-ports", facts).found.contains("/dev/ttyAMA10 is the system's console"))
    XCTAssertTrue(try finding("serial-ports", facts).remedy.contains { $0.contains("raspi-config") })
  }

  func testKernelOfTheSecondCharacterDevice() throws {
    for (release, state) in [
      ("5.9.16", Finding.State.missing), ("5.10.0-28-arm64", .ok), ("6.1.0", .ok), ("4.19.94-ti-r42", .missing),
      ("unknown", .warning),
    ] {
      var facts = good()
      facts.kernel.release = release
      XCTAssertEqual(try finding("kernel", facts).state, state, release)
    }
  }

  /// The probe reads files below its root and nothing else; what is not there is a fact.
  func testProbeOfAnEmptyMachine() throws {
    let root = try FakeRoot()
    XCTAssertThrowsError(try SerialPortFacts.all(root: root.path), "sysfs is not there")
    let facts = MachineProbe(root: root.path).facts(serialPorts: [], runsFolder: "/")
    XCTAssertNil(facts.model)
    XCTAssertEqual(facts.serialPorts, [])
    XCTAssertEqual(facts.gpioChips, [])
    XCTAssertEqual(facts.groups, [])
    XCTAssertNil(facts.realTime.runtimeMicroseconds)
    XCTAssertEqual(facts.portGrabbers, [])
    XCTAssertFalse(MachineDiagnosis(facts).isUsable)
  }

  func testProbeOfFiles() throws {
    let root = try FakeRoot()
    try root.write("Raspberry Pi 4 Model B Rev 1.4\0", to: "proc/device-tree/model")
    try root.write("5.15.0-rt\n", to: "proc/sys/kernel/osrelease")
    try root.write("1\n", to: "sys/kernel/realtime")
    try root.write("950000\n", to: "proc/sys/kernel/sched_rt_runtime_us")
    try root.write("1000000\n", to: "proc/sys/kernel/sched_rt_period_us")
    try root.write("root:x:0:\ndialout:x:20:lab\n", to: "etc/group")
    try root.write("chronyd\n", to: "proc/321/comm")
    try root.write("ModemManager\n", to: "proc/400/comm")
    try root.write("", to: "usr/lib/udev/rules.d/90-brltty-device.rules")
    try root.write("", to: "etc/udev/rules.d/60-etalon.rules")
    try root.write("", to: "dev/gpiochip10")
    try root.write("", to: "dev/gpiochip2")
    let facts = MachineProbe(root: root.path).facts(serialPorts: [], runsFolder: "/")
    XCTAssertEqual(facts.model, "Raspberry Pi 4 Model B Rev 1.4")
    XCTAssertEqual(facts.kernel.release, "5.15.0-rt")
    XCTAssertTrue(facts.kernel.isRealTime)
    XCTAssertEqual(facts.realTime.runtimeMicroseconds, 950_000)
    XCTAssertEqual(facts.groups, ["root", "dialout"])
    XCTAssertEqual(facts.clock.services, ["chronyd"])
    XCTAssertEqual(facts.portGrabbers, ["brltty", "ModemManager"])
    XCTAssertEqual(facts.udevRules, ["/etc/udev/rules.d/60-etalon.rules"])
    XCTAssertEqual(facts.gpioChips.map(\.path), ["/dev/gpiochip2", "/dev/gpiochip10"])
    XCTAssertTrue(facts.gpioChips.allSatisfy(\.isUsable), "plain files of our own")
  }
}
