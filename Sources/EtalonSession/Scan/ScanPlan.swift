import EtalonCore
import EtalonSensors

/// Which questions a scan asks, in which order.
public struct ScanPlan: Sendable {
  /// Settings of the ports and the drivers that ask at them.
  public struct Round: Sendable, Equatable {
    /// How the serial lines are set.
    public var settings: SerialSettings
    /// Names of drivers.
    public var devices: [String]
  }

  /// Rounds in the order of asking.
  public private(set) var rounds: [Round] = []

  /// A scan by the board's devices at the board's settings, then by every driver at its data sheet's, then by every driver
  /// at each of `bauds`. What was asked once is not asked again.
  public init(board: BoardPlan?, bauds: [Int]) {
    let entries = InstrumentReader.catalogue()
    for instrument in board?.bench.instruments ?? [] { add(instrument.device, instrument.settings) }
    for entry in entries { add(entry.name.description, entry.settings) }
    for baud in bauds {
      for entry in entries {
        var settings = entry.settings
        settings.baud = baud
        add(entry.name.description, settings)
      }
    }
  }

  private mutating func add(_ device: String, _ settings: SerialSettings) {
    guard let index = rounds.firstIndex(where: { $0.settings == settings }) else {
      rounds.append(Round(settings: settings, devices: [device]))
      return
    }
    if !rounds[index].devices.contains(device) { rounds[index].devices.append(device) }
  }

  /// The driver of the device that told `identity`: the one that asked if the model is its own, else the one whose model it
  /// is; nil when no driver's is.
  static func device(of identity: DeviceIdentity, asked: String) -> String? {
    let fields = String(ascii: identity.text).split(separator: ",", omittingEmptySubsequences: false)
    let model = fields.count > 1 ? String(fields[1]) : String(ascii: identity.text)
    let fitting = InstrumentReader.catalogue().filter { entry in
      !entry.model.description.isEmpty && model.uppercased().contains(entry.model.description.uppercased())
    }
    // Of two models that both fit, the longer one says more: 34401A rather than 34401.
    let names = fitting.sorted { $0.model.utf8CodeUnitCount > $1.model.utf8CodeUnitCount }.map(\.name.description)
    return names.contains(asked) ? asked : names.first
  }
}
