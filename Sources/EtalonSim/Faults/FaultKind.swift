/// Which part of the simulated world a fault belongs to.
public enum FaultLayer: String, Sendable, CaseIterable {
  case wire, device, line, clock, plant

  /// The layer with the given name.
  public static func parse(_ name: String) throws(FaultPlanFault) -> FaultLayer {
    guard let layer = FaultLayer(rawValue: name) else {
      throw .unknownLayer(name, known: allCases.map(\.rawValue))
    }
    return layer
  }

  /// The kinds of fault that the layer knows.
  public var kinds: [FaultKind] {
    switch self {
    case .wire:
      [
        .silent, .drop, .garbage, .half, .noise, .framing, .parity, .hangup, .hangupInReply, .echo, .stale, .delay,
        .missing, .permission, .busy, .split, .lineBreak, .unplug,
      ]
    case .device:
      [.silent, .stuck, .stale, .saturate, .offsetStep, .storeCorrupt, .writeCorrupt, .refuseStore, .powerCycle]
    case .line: [.stuck, .glitch, .bounce, .busy, .gone]
    case .clock: [.step, .drift]
    case .plant: [.heaterStuckOn, .heaterStuckOff, .roomStep]
    }
  }
}

/// What can go wrong. Without a duration, the kinds marked *once* spoil the next reply only and all others last to the
/// end of the run.
public enum FaultKind: Int, Sendable, CaseIterable {
  /// Wire: the device hears, its answers vanish. Device: it neither hears nor answers.
  case silent
  /// Wire, once: one byte of the reply is lost.
  case drop
  /// Wire, once: the reply arrives as random bytes.
  case garbage
  /// Wire, once: the second half of the reply is lost.
  case half
  /// Wire: bits flip in both directions; value = probability for each bit.
  case noise
  /// Wire, once: one byte of the reply is spoilt and the receiver reports a framing error.
  case framing
  /// Wire, once: one byte of the reply is spoilt and the receiver reports a parity error.
  case parity
  /// Wire: the port is lost at that moment, in the middle of a reply if one is under way. With a duration it comes back.
  case hangup
  /// Wire: the port is lost in the middle of the next reply. With a duration it comes back.
  case hangupInReply
  /// Wire: what the host sends comes back before the answer.
  case echo
  /// Wire, once: the answer to the query before comes in place of the right one. Device: it repeats its last conversion.
  case stale
  /// Wire: replies come later; value = seconds.
  case delay
  /// Wire: the port is not there (at the start), or is lost as missing.
  case missing
  /// Wire: the port may not be opened (at the start), or is lost for that reason.
  case permission
  /// Wire: another process holds the port. Line: another process holds the line.
  case busy
  /// Device: the converter repeats its value, conversions go on. Line: the level stays; value 0 or 1 forces it.
  case stuck
  /// Device: the converter is at its upper limit.
  case saturate
  /// Device: the indication changes; value = kelvin.
  case offsetStep
  /// Device: a coefficient is altered in the store while `CAL:STOR` writes it; value = index 0...3, 1 by default.
  case storeCorrupt
  /// Device: a coefficient is altered when `CAL:DATA` arrives; value = index 0...3, 1 by default.
  case writeCorrupt
  /// Device: `CAL:STOR` is refused with −311 "Memory error".
  case refuseStore
  /// Device: the supply fails, for the given duration.
  case powerCycle
  /// Plant: the heater is on whatever it is told; value = watts, the greatest power by default.
  case heaterStuckOn
  /// Plant: the heater is off whatever it is told.
  case heaterStuckOff
  /// Plant: the room's temperature changes; value = kelvin.
  case roomStep
  /// Clock: the host's clock jumps; value = seconds.
  case step
  /// Clock: the host's clock runs fast by value parts per million (slow when negative).
  case drift
  /// Line: a short pulse to the other level; value = seconds, 0.001 by default.
  case glitch
  /// Line: each change bounces; value = seconds, 0.005 by default.
  case bounce
  /// Line: the chip of the line was unplugged.
  case gone
  /// Wire, once: the reply arrives in two pieces, the second later by value = seconds, 0 by default.
  case split
  /// Wire, once: the line is held low while the reply is sent; the receiver reports a break and one zero byte.
  case lineBreak
  /// Wire: the device is unplugged, in the middle of a reply if one is under way. With a duration the same device comes back
  /// and the host waits for it; without one the port is lost.
  case unplug

  /// The name in fault plans.
  public var name: String { Self.names[rawValue] }

  static let names = [
    "silent", "drop", "garbage", "half", "noise", "framing", "parity", "hangup", "hangup-in-reply", "echo", "stale",
    "delay", "missing", "permission", "busy", "stuck", "saturate", "offset-step", "store-corrupt", "write-corrupt",
    "refuse-store", "power-cycle", "heater-stuck-on", "heater-stuck-off", "room-step", "step", "drift", "glitch",
    "bounce", "gone", "split", "break", "unplug",
  ]

  /// The kind with the given name in a layer.
  public static func parse(_ name: String, layer: FaultLayer) throws(FaultPlanFault) -> FaultKind {
    for kind in layer.kinds where kind.name == name { return kind }
    throw .unknownKind(name, layer: layer, known: layer.kinds.map(\.name))
  }

  /// Whether the kind, without a duration, spoils one reply and is over.
  var isOnce: Bool {
    switch self {
    case .drop, .garbage, .half, .framing, .parity, .stale, .hangupInReply, .split, .lineBreak: true
    default: false
    }
  }

  /// Whether the kind means nothing without a value.
  var needsValue: Bool {
    switch self {
    case .noise, .delay, .offsetStep, .roomStep, .step, .drift: true
    default: false
    }
  }

  /// The values that make sense.
  var valueRange: ClosedRange<Double> {
    switch self {
    case .noise: 0...0.5
    case .delay, .split: 0...3600
    case .storeCorrupt, .writeCorrupt: 0...3
    case .drift: -100_000...100_000
    case .step: -1e6...1e6
    case .glitch, .bounce: 1e-9...10
    case .stuck: 0...1
    case .heaterStuckOn: 0...1e6
    default: -1e6...1e6
    }
  }
}
