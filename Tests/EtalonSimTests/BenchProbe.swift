import EtalonCore
import XCTest

@testable import EtalonSim

/// Talks to one port of a bench without wires: sends text, lets time pass, gathers what comes back and when.
struct BenchProbe {
  let bench: VirtualBench
  private(set) var now: Int64 = 0
  /// Instant of the last answer, nanoseconds.
  private(set) var answeredAt: Int64 = 0
  private var outbox = Outbox()

  init(
    _ configuration: SimConfiguration = SimConfiguration(), seed: UInt64 = 1, faults: FaultPlan = FaultPlan(),
    pacedReplies: Bool = false
  ) throws {
    bench = try VirtualBench(configuration, seed: seed, faults: faults, pacedReplies: pacedReplies)
  }

  /// Lets `seconds` pass and returns the bytes that the port sent meanwhile.
  @discardableResult
  mutating func pass(_ seconds: Double, port: PortIndex = 1) -> String {
    let end = now + Int64((seconds * 1e9).rounded())
    var bytes: [UInt8] = []
    func gather() -> Bool {
      var any = false
      for action in outbox.actions {
        guard case .send(port, let frame, _) = action else { continue }
        bytes.append(contentsOf: frame)
        any = true
      }
      return any
    }
    if gather() { answeredAt = now }
    outbox.clear()
    while let next = bench.nextWake, next.nanoseconds <= end {
      bench.handle(.wake, at: next, into: &outbox)
      if gather() { answeredAt = next.nanoseconds }
      outbox.clear()
    }
    bench.handle(.wake, at: Instant(nanoseconds: end), into: &outbox)
    if gather() { answeredAt = end }
    outbox.clear()
    now = end
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Sends text and returns what comes back within `seconds`.
  @discardableResult
  mutating func ask(_ text: String, port: PortIndex = 1, within seconds: Double = 0.2) -> String {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let frame = Frame(rest.prefix(Frame.capacity))
      rest = rest.dropFirst(Frame.capacity)
      bench.handle(
        .bytes(port, frame, first: Instant(nanoseconds: now)), at: Instant(nanoseconds: now), into: &outbox)
    }
    return pass(seconds, port: port)
  }
}

extension SimConfiguration {
  /// A bench without noise, errors and wander, at one temperature everywhere: what is shown is what is true.
  static func ideal(celsius: Double = 25) -> SimConfiguration {
    var configuration = SimConfiguration()
    configuration.plant.stirringNoiseKelvin = 0
    configuration.plant.roomWanderKelvin = 0
    configuration.plant.humidityWanderPercent = 0
    configuration.plant.pressureWanderPascals = 0
    configuration.plant.initialCelsius = celsius
    configuration.plant.roomCelsius = celsius
    configuration.plant.coolingWattsPerKelvin = 0
    configuration.reference.noiseKelvin = 0
    configuration.reference.driftKelvin = .fixed(0)
    configuration.reference.certificate = ReferenceTruth.Points(
      points: [.init(celsius: 0, correctionKelvin: 0, standardUncertaintyKelvin: 0)], correlation: 0)
    configuration.device.offsetKelvin = .fixed(0)
    configuration.device.gain = .fixed(0)
    configuration.device.curvatureKelvin = .fixed(0)
    configuration.device.cubicKelvin = .fixed(0)
    configuration.device.noiseKelvin = .fixed(0)
    configuration.gradientKelvin = .fixed(0)
    return configuration
  }
}
