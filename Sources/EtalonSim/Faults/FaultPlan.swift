import EtalonMetrology

/// Why a fault plan can not be used.
public enum FaultPlanFault: Error, Equatable, Sendable {
  case unknownLayer(String, known: [String])
  case unknownKind(String, layer: FaultLayer, known: [String])
  /// Entry `index` names a role, device or line that the bench does not have.
  case unknownTarget(String, index: Int, known: [String])
  /// The device that entry `index` names can not have the fault.
  case notOffered(FaultKind, target: String, index: Int)
  /// Entry `index` needs a value.
  case missingValue(FaultKind, index: Int)
  /// The value of entry `index` makes no sense for the kind.
  case value(FaultKind, Double, index: Int)
  /// Start or duration of entry `index` is negative or not finite, or beyond 30 years.
  case time(Double, index: Int)
}

/// One fault: what happens where, when, for how long and how much.
public struct FaultEntry: Sendable, Equatable {
  /// True time since the start of the run.
  public var atSeconds: Double
  /// Which part of the world it belongs to.
  public var layer: FaultLayer
  /// Role or model of a device, or name of a line; not looked at for clock and plant.
  public var target: String
  /// What happens.
  public var kind: FaultKind
  /// nil: see `FaultKind`.
  public var forSeconds: Double?
  /// Meaning and unit depend on the kind, see `FaultKind`.
  public var value: Double?

  /// As a plan states it.
  public init(
    atSeconds: Double, layer: FaultLayer, target: String = "", kind: FaultKind, forSeconds: Double? = nil,
    value: Double? = nil
  ) {
    self.atSeconds = atSeconds
    self.layer = layer
    self.target = target
    self.kind = kind
    self.forSeconds = forSeconds
    self.value = value
  }
}

/// The faults of one run. The same plan, seed and session give the same run.
public struct FaultPlan: Sendable, Equatable {
  /// In any order.
  public var entries: [FaultEntry]

  /// As a plan states it.
  public init(_ entries: [FaultEntry] = []) { self.entries = entries }

  /// Draws a plan of `count` faults on the devices of a bench, in the first `durationSeconds` of a run.
  ///
  /// Layers line, clock and plant are left out: their faults change what is true, not what an exchange has to survive.
  public static func random(
    seed: UInt64, count: Int, durationSeconds: Double, configuration: SimConfiguration
  ) -> FaultPlan {
    var random = RandomStream(seed: seed, stream: SimStream.faultPlan.rawValue)
    let wire: [FaultKind] = [.silent, .drop, .garbage, .half, .noise, .framing, .parity, .echo, .stale, .delay]
    var entries: [FaultEntry] = []
    for _ in 0..<count {
      let instrument = configuration.instruments[Int(random.next() % UInt64(configuration.instruments.count))]
      let kind = wire[Int(random.next() % UInt64(wire.count))]
      let value: Double? =
        switch kind {
        case .noise: random.uniform(0, 0.01)
        case .delay: random.uniform(0, 3)
        default: nil
        }
      entries.append(
        FaultEntry(
          atSeconds: random.uniform(0, durationSeconds), layer: .wire,
          target: instrument.roles.first ?? instrument.model.rawValue, kind: kind,
          forSeconds: random.uniform(0, 20), value: value))
    }
    return FaultPlan(entries)
  }

  /// Checks every entry against a bench and lists what begins and ends when, in order of time.
  func resolved(for configuration: SimConfiguration) throws(FaultPlanFault) -> [TimedFault] {
    var timed: [TimedFault] = []
    for (index, entry) in entries.enumerated() {
      guard entry.layer.kinds.contains(entry.kind) else {
        throw .unknownKind(entry.kind.name, layer: entry.layer, known: entry.layer.kinds.map(\.name))
      }
      if entry.value == nil, entry.kind.needsValue { throw .missingValue(entry.kind, index: index) }
      if let value = entry.value, !entry.kind.valueRange.contains(value) {
        throw .value(entry.kind, value, index: index)
      }
      for seconds in [entry.atSeconds, entry.forSeconds ?? 0] where !(0...1e9).contains(seconds) {
        throw .time(seconds, index: index)
      }
      let target = try target(of: entry, index: index, in: configuration)
      let start = Int64((entry.atSeconds * 1e9).rounded())
      let end = entry.forSeconds.map { start + Int64(($0 * 1e9).rounded()) }
      let once = end == nil && entry.kind.isOnce
      timed.append(
        TimedFault(
          nanoseconds: start, order: index, begins: true, once: once, layer: entry.layer, target: target,
          kind: entry.kind, value: entry.value, durationNanoseconds: end.map { $0 - start }))
      // A supply that fails without a stated duration comes back at once.
      let finish = end ?? (entry.kind == .powerCycle ? start : nil)
      if let finish {
        timed.append(
          TimedFault(
            nanoseconds: finish, order: index, begins: false, once: false, layer: entry.layer, target: target,
            kind: entry.kind, value: entry.value, durationNanoseconds: nil))
      }
    }
    return timed.sorted {
      if $0.nanoseconds != $1.nanoseconds { return $0.nanoseconds < $1.nanoseconds }
      if $0.order != $1.order { return $0.order < $1.order }
      return $0.begins && !$1.begins
    }
  }

  private func target(of entry: FaultEntry, index: Int, in configuration: SimConfiguration) throws(FaultPlanFault)
    -> Int
  {
    switch entry.layer {
    case .clock, .plant: return 0
    case .line:
      guard let line = configuration.line(named: entry.target) else {
        throw .unknownTarget(entry.target, index: index, known: configuration.lines.map(\.name))
      }
      return Int(line)
    case .wire, .device:
      guard let port = configuration.port(named: entry.target) else {
        let known = configuration.instruments.flatMap { $0.roles + [$0.model.rawValue] }
        throw .unknownTarget(entry.target, index: index, known: known)
      }
      if entry.layer == .device, !configuration.instruments[Int(port)].model.offers(entry.kind) {
        throw .notOffered(entry.kind, target: entry.target, index: index)
      }
      return Int(port)
    }
  }
}

extension TwinModel {
  /// Whether a device fault means anything for the model.
  func offers(_ kind: FaultKind) -> Bool {
    switch kind {
    case .silent, .powerCycle: true
    case .stuck: self != .bc200 && self != .max31865
    case .offsetStep: self != .bc200 && self != .lineHeater
    case .saturate: self == .dt100 || self == .max31865
    case .stale, .storeCorrupt, .writeCorrupt, .refuseStore: self == .dt100
    default: false
    }
  }
}

/// One fault's beginning or end.
struct TimedFault: Sendable, Equatable {
  var nanoseconds: Int64
  var order: Int
  var begins: Bool
  var once: Bool
  var layer: FaultLayer
  /// Port or line.
  var target: Int
  var kind: FaultKind
  var value: Double?
  var durationNanoseconds: Int64?
}

/// Which faults act now on one wire, device or line.
struct FaultState: Sendable {
  private enum Mode: UInt8 { case off, once, lasting }
  private var modes = [Mode](repeating: .off, count: FaultKind.allCases.count)
  private var values = [Double?](repeating: nil, count: FaultKind.allCases.count)
  private var active = 0

  /// Whether no fault acts.
  var isQuiet: Bool { active == 0 }

  mutating func apply(_ fault: TimedFault) {
    set(fault.kind, fault.begins ? (fault.once ? .once : .lasting) : .off, fault.value)
  }

  private mutating func set(_ kind: FaultKind, _ mode: Mode, _ value: Double?) {
    active += (mode == .off ? 0 : 1) - (modes[kind.rawValue] == .off ? 0 : 1)
    modes[kind.rawValue] = mode
    values[kind.rawValue] = value
  }

  func isOn(_ kind: FaultKind) -> Bool { modes[kind.rawValue] != .off }

  func value(_ kind: FaultKind) -> Double? { values[kind.rawValue] }

  /// Whether the fault acts on this reply; one that acts once is over then.
  mutating func take(_ kind: FaultKind) -> Bool {
    switch modes[kind.rawValue] {
    case .off: return false
    case .lasting: return true
    case .once:
      set(kind, .off, nil)
      return true
    }
  }
}
