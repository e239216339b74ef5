import EtalonCore
import EtalonMetrology
import EtalonSensors

/// A bench file made from the devices that a scan found: a pure function of what was found, the board and certificates.
public struct BenchDraft: Sendable {
  /// A device that told who it is.
  public struct Found: Sendable {
    /// The port as people call it.
    public var port: String
    /// By what the bench file finds it.
    public var naming: PortNaming
    /// Name of its driver.
    public var device: String
    /// The settings at which it answered.
    public var settings: SerialSettings
    /// What it calls itself.
    public var identity: String
    /// Its serial number.
    public var serial: String

    /// A device from its facts.
    /// - Parameter naming: nil for the path that `port` is.
    public init(
      port: String, naming: PortNaming? = nil, device: String, settings: SerialSettings, identity: String,
      serial: String
    ) {
      self.port = port
      self.naming = naming ?? .path(port)
      self.device = device
      self.settings = settings
      self.identity = identity
      self.serial = serial
    }
  }

  /// One role of the file.
  public struct Role: Sendable {
    /// Name of the role.
    public var name: String
    /// The device that serves it.
    public var found: Found
    /// The dead-man time that the board states, seconds.
    var deadManSeconds: Double?
    var updatePeriodSeconds: Double?
    /// File of the certificate that is for this very device.
    var certificate: String?
    /// Whether the role calls for a certificate and none is for this device.
    var lacksCertificate: Bool
  }

  /// The roles that are served, in the order of the file.
  public private(set) var roles: [Role] = []
  /// Roles of the board for which no device was found.
  public private(set) var unserved: [String] = []
  /// Devices that serve no role.
  public private(set) var spare: [Found] = []
  private let title: String

  /// Gives devices to roles: those of the board in its order, or the usual names (`ref`, `dut`, `bath`, `room`) without one.
  /// - Parameters:
  ///   - found: in an order that does not depend on plugging.
  ///   - certificates: files of certificates with the serial number that each is for.
  public init(found: [Found], board: BoardPlan?, certificates: [(file: String, serial: String)]) {
    title = board.map { "the board \($0.name)" } ?? "no board in particular"
    var rest = found
    func certificate(_ device: Found) -> String? { certificates.first { $0.serial == device.serial }?.file }
    guard let board else {
      var taken: Set<String> = []
      for device in found {
        let kinds = DriverCatalogue.roles(of: device.device)
        for (kind, name) in [(SensorRoles.standard, "ref"), (.device, "dut"), (.actuator, "bath"), (.monitor, "room")]
        where kinds.contains(kind) {
          var role = name
          var number = 2
          while !taken.insert(role).inserted {
            role = "\(name)\(number)"
            number += 1
          }
          let file = kind == .standard ? certificate(device) : nil
          roles.append(
            Role(
              name: role, found: device, certificate: file, lacksCertificate: kind == .standard && file == nil))
        }
      }
      return
    }
    for instrument in board.bench.instruments {
      guard let index = rest.firstIndex(where: { $0.device == instrument.device }) else {
        unserved += instrument.roles
        continue
      }
      let device = rest.remove(at: index)
      let isStandard = DriverCatalogue.roles(of: device.device).contains(.standard)
      for (number, role) in instrument.roles.enumerated() {
        let file = number == 0 ? certificate(device) : nil
        roles.append(
          Role(
            name: role, found: device, deadManSeconds: number == 0 ? instrument.deadManSeconds : nil,
            updatePeriodSeconds: number == 0 ? instrument.updatePeriodSeconds : nil, certificate: file,
            lacksCertificate: isStandard && number == 0 && file == nil))
      }
    }
    spare = rest
  }

  /// The text of the file, without a line that depends on time or chance.
  public func yaml() -> String {
    var lines = ["# Written by 'etalon bench scan' for \(title).", "etalon: 1", "roles:"]
    for role in roles {
      var fields = ["device: \(role.found.device)", "port: \(Self.text(role.found.naming))"]
      fields += Self.settings(role.found.settings)
      if let deadMan = role.deadManSeconds { fields.append("dead_man: \(deadMan) s") }
      if let period = role.updatePeriodSeconds { fields.append("update_period: \(period) s") }
      if let certificate = role.certificate { fields.append("certificate: \(Self.quoted(certificate))") }
      lines.append("  # \(role.found.identity)")
      if role.lacksCertificate {
        lines.append(
          "  # A session may call for its certificate: add 'certificate: FILE', for serial \(role.found.serial).")
      }
      lines.append("  \(role.name): {\(fields.joined(separator: ", "))}")
    }
    for role in unserved { lines.append("  # \(role): no device of its kind was found") }
    for device in spare {
      lines.append("  # not used: \(device.device) at \(device.port), \(device.identity)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func settings(_ settings: SerialSettings) -> [String] {
    var fields = ["baud: \(settings.baud)"]
    if settings.dataBits != 8 { fields.append("data_bits: \(settings.dataBits)") }
    switch settings.parity {
    case .none: break
    case .even: fields.append("parity: even")
    case .odd: fields.append("parity: odd")
    }
    if settings.stopBits != 1 { fields.append("stop_bits: \(settings.stopBits)") }
    return fields
  }

  /// A port as the bench language names it.
  private static func text(_ naming: PortNaming) -> String {
    switch naming {
    case .path(let path): return quoted(path)
    case .physicalPath(let path): return "{physical_path: \(quoted(path))}"
    case .usb(let vendor, let product, let serialNumber, let interface):
      func digits(_ number: UInt16) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 4 - text.count) + text
      }
      var parts: [String] = []
      if let vendor { parts.append("vendor: \(digits(vendor))") }
      if let product { parts.append("product: \(digits(product))") }
      if let serialNumber { parts.append("serial: \(quoted(serialNumber))") }
      if let interface { parts.append("interface: \(interface)") }
      return "{usb: {\(parts.joined(separator: ", "))}}"
    }
  }

  /// Text as a YAML scalar: quoted when it holds anything but letters, digits and `/ _ - .`.
  static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || [0x2D, 0x2E, 0x2F, 0x5F].contains(byte)
    }
    if isPlain && !text.isEmpty { return text }
    return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
