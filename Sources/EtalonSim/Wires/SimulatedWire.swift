import EtalonCore
import EtalonMetrology

/// A serial line between the host and one instrument: how long bytes take and what becomes of them on the way.
struct SimulatedWire: Sendable {
  /// Bytes that arrive at one side.
  struct Arrival {
    var frame: Frame
    /// True instants at which the first and the last byte are complete at the receiver.
    var first: Int64
    var last: Int64
    /// What the receiver reports beside them.
    var errors: LineErrors
    /// Whether the port is lost with the last byte.
    var hangsUp = false
    /// How much later the second half arrives; nil when the frame arrives in one piece.
    var splitNanoseconds: Int64?
  }

  let host: SerialSettings
  let device: SerialSettings
  private let bitErrorRate: Double
  private let receiverBytes: Int
  private let latencyNanoseconds: Int64
  private var random: RandomStream
  private var toDeviceFree = Int64.min
  private var toHostFree = Int64.min
  private var lastReply: Frame?
  var faults = FaultState()
  /// Whether the port is gone for the host.
  var isLost = false
  /// Whether the host has closed the port.
  var isClosed = false

  init(_ instrument: SimConfiguration.Instrument, port: Int, configuration: SimConfiguration, seed: UInt64) {
    host = instrument.hostSettings
    device = instrument.settings
    bitErrorRate = configuration.bitErrorRate
    receiverBytes = configuration.host.receiverBytes
    latencyNanoseconds = Int64((configuration.host.latencySeconds * 1e9).rounded())
    random = RandomStream(seed: seed, stream: SimStream.wire.rawValue + UInt64(port))
  }

  /// Nanoseconds that `count` characters take with the given settings.
  static func duration(of count: Int, _ settings: SerialSettings) -> Int64 {
    Int64(count) * Int64(settings.bitsPerCharacter) * 1_000_000_000 / Int64(settings.baud)
  }

  private static func arrival(_ frame: Frame, _ settings: SerialSettings, from start: Int64) -> Arrival {
    Arrival(
      frame: frame, first: start + duration(of: 1, settings), last: start + duration(of: frame.count, settings),
      errors: [])
  }

  /// Sends a frame of the host from `now` on, or when the bytes before it are through.
  mutating func toDevice(_ frame: Frame, at now: Int64) -> Arrival {
    var arrival = Self.arrival(frame, host, from: max(now, toDeviceFree))
    toDeviceFree = arrival.last
    disturb(&arrival, settings: host)
    return arrival
  }

  /// The host hears what it sends.
  mutating func echo(_ sent: Arrival) -> Arrival {
    let arrival = Arrival(frame: sent.frame, first: sent.first, last: sent.last, errors: [])
    toHostFree = max(toHostFree, arrival.last)
    return arrival
  }

  /// Sends a frame of the device from `now` on; nil when nothing of it arrives.
  mutating func toHost(_ frame: Frame, at now: Int64) -> Arrival? {
    if faults.isQuiet, frame.count <= receiverBytes {
      var arrival = Self.arrival(frame, device, from: max(now, toHostFree))
      toHostFree = arrival.last
      lastReply = frame
      disturb(&arrival, settings: device)
      return arrival
    }
    return spoilt(frame, at: now)
  }

  private mutating func spoilt(_ reply: Frame, at now: Int64) -> Arrival? {
    var frame = reply
    if let old = lastReply, faults.take(.stale) { frame = old }
    lastReply = reply
    var start = max(now, toHostFree)
    if faults.take(.delay) { start += Int64(((faults.value(.delay) ?? 0) * 1e9).rounded()) }
    var arrival = Self.arrival(frame, device, from: start)
    // The device's transmitter is busy for the whole frame, whatever arrives of it.
    toHostFree = arrival.last
    if faults.isOn(.silent) { return nil }
    if faults.take(.drop) { arrival.frame = Self.without(random.next() % UInt64(frame.count), in: arrival.frame) }
    if faults.take(.garbage) {
      for index in 0..<arrival.frame.count { arrival.frame[index] = UInt8(truncatingIfNeeded: random.next() >> 56) }
    }
    if faults.take(.half) { cut(&arrival, to: arrival.frame.count / 2, from: start) }
    if faults.take(.hangupInReply) {
      cut(&arrival, to: arrival.frame.count / 2, from: start)
      arrival.hangsUp = true
    }
    if faults.take(.framing) {
      spoilOneByte(&arrival)
      arrival.errors.insert(.framing)
    }
    if faults.take(.parity) {
      spoilOneByte(&arrival)
      arrival.errors.insert(.parity)
    }
    if faults.take(.lineBreak) {
      arrival.frame = Frame([0])
      arrival.errors.insert(.breakCondition)
    }
    let gap = faults.value(.split) ?? 0
    if arrival.frame.count > 1, faults.take(.split) {
      arrival.splitNanoseconds = Int64((gap * 1e9).rounded())
      toHostFree = arrival.last + (arrival.splitNanoseconds ?? 0)
    }
    overrun(&arrival)
    disturb(&arrival, settings: device)
    return arrival.frame.isEmpty && !arrival.hangsUp && arrival.errors.isEmpty ? nil : arrival
  }

  private static func without(_ lost: UInt64, in frame: Frame) -> Frame {
    var rest = Frame()
    for index in 0..<frame.count where UInt64(index) != lost { rest.append(frame[index]) }
    return rest
  }

  private func cut(_ arrival: inout Arrival, to count: Int, from start: Int64) {
    var part = Frame()
    for index in 0..<min(count, arrival.frame.count) { part.append(arrival.frame[index]) }
    arrival.frame = part
    arrival.last = start + Self.duration(of: part.count, device)
    arrival.first = min(arrival.first, arrival.last)
  }

  /// The two pieces of an arrival that is split.
  func pieces(of arrival: Arrival, gap: Int64) -> (Arrival, Arrival) {
    let start = arrival.first - Self.duration(of: 1, device)
    var early = arrival
    early.splitNanoseconds = nil
    var late = early
    early.hangsUp = false
    cut(&early, to: arrival.frame.count / 2, from: start)
    late.frame = Frame(arrival.frame.dropFirst(early.frame.count))
    late.first = early.last + gap + Self.duration(of: 1, device)
    late.last = early.last + gap + Self.duration(of: late.frame.count, device)
    late.errors = []
    return (early, late)
  }

  /// What has arrived of a frame at an instant in the middle of it.
  func part(of arrival: Arrival, until now: Int64) -> Arrival {
    var part = arrival
    let start = arrival.first - Self.duration(of: 1, device)
    var count = 0
    while count < arrival.frame.count, start + Self.duration(of: count + 1, device) <= now { count += 1 }
    cut(&part, to: count, from: start)
    return part
  }

  private mutating func spoilOneByte(_ arrival: inout Arrival) {
    guard !arrival.frame.isEmpty else { return }
    let index = Int(random.next() % UInt64(arrival.frame.count))
    arrival.frame[index] ^= UInt8(1) << UInt8(random.next() & 7)
  }

  /// The host takes the bytes one latency after the first; what comes while the full receiver waits for it is lost.
  private func overrun(_ arrival: inout Arrival) {
    guard arrival.frame.count > receiverBytes else { return }
    let start = arrival.first - Self.duration(of: 1, device)
    let served = arrival.first + latencyNanoseconds
    var kept = Frame()
    for index in 0..<arrival.frame.count {
      if index < receiverBytes || start + Self.duration(of: index + 1, device) > served {
        kept.append(arrival.frame[index])
      } else {
        arrival.errors.insert(.overrun)
      }
    }
    arrival.frame = kept
  }

  /// Wrong settings and noise.
  private mutating func disturb(_ arrival: inout Arrival, settings: SerialSettings) {
    if host != device { mismatch(&arrival) }
    let rate = bitErrorRate + (faults.isOn(.noise) ? faults.value(.noise) ?? 0 : 0)
    if rate > 0 { addNoise(&arrival, rate: min(rate, 0.5), settings: settings) }
  }

  /// The receiver samples at other instants than the sender meant. Only a differing choice of even and odd parity
  /// leaves the bytes as they were.
  private mutating func mismatch(_ arrival: inout Arrival) {
    var aligned = host
    aligned.parity = device.parity
    if aligned == device, host.parity != .none, device.parity != .none {
      arrival.errors.insert(.parity)
      return
    }
    for index in 0..<arrival.frame.count { arrival.frame[index] = UInt8(truncatingIfNeeded: random.next() >> 56) }
    arrival.errors.insert(.framing)
  }

  private mutating func addNoise(_ arrival: inout Arrival, rate: Double, settings: SerialSettings) {
    let bits = settings.bitsPerCharacter
    let total = arrival.frame.count * bits
    // The distance to the next wrong bit has a geometric distribution: one draw for each wrong bit, not for each bit.
    let scale = 1 / Elementary.log(1 - rate)
    var position = 0
    while true {
      let skip = Elementary.log(1 - random.uniform()) * scale
      guard skip < Double(total - position) else { return }
      position += Int(skip)
      let character = position / bits
      let bit = position % bits
      if bit == 0 || bit > settings.dataBits + (settings.parity == .none ? 0 : 1) {
        arrival.errors.insert(.framing)
        arrival.frame[character] ^= 0xFF
      } else {
        if bit <= settings.dataBits { arrival.frame[character] ^= UInt8(1) << UInt8(bit - 1) }
        if settings.parity != .none { arrival.errors.insert(.parity) }
      }
      position += 1
    }
  }
}
