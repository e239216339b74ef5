import EtalonCore
import EtalonMetrology

/// What stands on a simulated clock bench: a steered oscillator on a serial port and a line, a reference's pulses on another
/// line, and the computer that stamps both.
public struct ClockBenchConfiguration: Sendable, Equatable {
  /// The oscillator in the clock under test.
  public var oscillator = Oscillator.Parameters()
  /// Serial number of the clock.
  public var serial = "2411CS00042"
  /// Seconds from power-on to lock.
  public var warmUpSeconds: Int64 = 0
  /// Paths of the pulses to their stamps.
  public var oscillatorPath = PulsePath.Parameters()
  /// See `oscillatorPath`.
  public var referencePath = PulsePath.Parameters()
  /// Where the reference's mark really is, seconds late.
  public var referencePhaseSeconds = Prior.normal(mean: 0, standardDeviation: 10e-9)
  /// The reference's own frequency.
  public var referenceFrequency = Prior.fixed(0)
  /// Seconds of the run in which the reference's pulses are away.
  public var outages: [ClosedRange<Double>] = []
  /// Rate of the computer's clock against true time, relative.
  public var hostRate = Prior.normal(mean: 0, standardDeviation: 20e-6)
  /// How the port is set.
  public var settings = SerialSettings(baud: 57600)

  /// The usual bench.
  public init() {}
}

/// A clock bench in virtual time: port 0 is the clock's serial line, line 0 the reference's pulses, line 1 the clock's.
///
/// Pulses come with the stamps that the computer's clock gives them. Time moves only when nothing is due, and the same
/// configuration, seed and actions give the same inputs.
public struct ClockWorld: World, ~Copyable {
  /// The line of the reference's pulses.
  public static let referenceLine: LineIndex = 0
  /// The line of the oscillator's pulses.
  public static let oscillatorLine: LineIndex = 1
  private static let second: Int64 = 1_000_000_000
  /// From the last byte on the wire to the program.
  private static let latency: Int64 = 200_000
  /// How long a pulse stays active.
  private static let width: Int64 = 20_000

  private enum Event {
    case opened
    case lineOpened(LineIndex)
    case toTwin(Frame)
    case toHost(Frame, first: Int64)
    case edge(LineIndex, stamp: Int64, active: Bool)
    case stop(StopRequest)
  }

  private let configuration: ClockBenchConfiguration
  private let twin: SA45sTwin
  private var bath: StirredBath
  private var referencePath: PulsePath
  private var oscillatorPath: PulsePath
  private var queue = EventQueue<Event>()
  private var clock: SimulatedClock
  private var trueNow: Int64 = 0
  private var shownNow: Int64 = 0
  private var nextReference: Int64 = ClockWorld.second / 2 + 137_000_000
  private var stamped: Int64 = .min
  /// What the reference's marks really are: seconds late, relative frequency.
  public let reference: (phaseSeconds: Double, frequency: Double)

  /// - Parameter seed: decides every drawn truth and all noise.
  public init(_ configuration: ClockBenchConfiguration, seed: UInt64) {
    var draw = RandomStream(seed: seed, stream: SimStream.clockBench.rawValue)
    let phase = configuration.referencePhaseSeconds.draw(using: &draw)
    let frequency = configuration.referenceFrequency.draw(using: &draw)
    let rate = configuration.hostRate.draw(using: &draw)
    self.configuration = configuration
    reference = (phase, frequency)
    twin = SA45sTwin(
      oscillator: configuration.oscillator, serial: configuration.serial, seed: seed, start: 0, characterNanoseconds: 0,
      warmUpSeconds: configuration.warmUpSeconds)
    bath = StirredBath(
      StirredBath.Parameters(), gradientKelvin: 0, speed: 1, seed: seed, startNanoseconds: 0)
    referencePath = PulsePath(
      configuration.referencePath, random: RandomStream(seed: seed, stream: SimStream.referencePulses.rawValue))
    oscillatorPath = PulsePath(
      configuration.oscillatorPath, random: RandomStream(seed: seed, stream: SimStream.oscillatorPulses.rawValue))
    clock = SimulatedClock(offsetNanoseconds: 0, driftPPM: rate * 1e6)
    twin.powerOn(at: 0, bath: &bath)
    queue.push(.opened, at: 0)
    queue.push(.lineOpened(Self.referenceLine), at: 0)
    queue.push(.lineOpened(Self.oscillatorLine), at: 0)
  }

  /// Always `.simulated`.
  public var kind: TimebaseKind { .simulated }
  /// What the computer's clock shows.
  public func now() -> Instant { Instant(nanoseconds: shownNow) }
  /// True time since the start, seconds.
  public var trueSeconds: Double { Double(trueNow) * 1e-9 }

  /// The truth of the oscillator against true time at the reference's nominal marks, for those who may know it: phase in
  /// seconds (of the last whole second of the oscillator's own simulation, modulo 1 s), frequency, ageing. What the reference
  /// is wrong by is part of the error of who trusts it.
  public var truth: (phaseSeconds: Double, frequency: Double, ageingPerSecond: Double) {
    let own = twin.truth
    let place = Double((nextReference - Self.second / 2) % Self.second) * 1e-9
    var phase = own.phaseSeconds + place
    phase -= phase.rounded()
    return (phase, own.frequency, own.ageingPerSecond)
  }

  /// Steer in force, 1e-15, and writes to the clock's memory.
  public var clockState: (steer: Int64, memoryWrites: Int, mode: UInt16) { (twin.steer, twin.memoryWrites, twin.mode) }

  /// Lets somebody ask the run to stop.
  public mutating func schedule(_ request: StopRequest, atSeconds seconds: Double) {
    queue.push(.stop(request), at: max(trueNow, Int64(seconds * 1e9)))
  }

  private mutating func move(to nanoseconds: Int64) {
    trueNow = max(trueNow, nanoseconds)
    shownNow = max(shownNow, clock.shown(at: trueNow))
  }

  /// See `World`.
  public mutating func nextInput(until deadline: Instant?) -> TimedInput {
    while true {
      let wake =
        deadline.map {
          $0.nanoseconds <= shownNow ? trueNow : max(trueNow, clock.trueInstant(reaching: $0.nanoseconds))
        } ?? .max
      let next = min(queue.nextNanoseconds, twin.nextWake, nextReference)
      if wake < next {
        move(to: wake)
        return TimedInput(.wake, at: now())
      }
      if queue.nextNanoseconds == next, let entry = queue.pop() {
        move(to: entry.nanoseconds)
        if let input = handle(entry.event) { return TimedInput(input, at: now()) }
      } else if nextReference == next {
        move(to: next)
        referencePulse()
      } else {
        move(to: next)
        twin.wake(at: trueNow, bath: &bath)
        performTwin()
      }
    }
  }

  private mutating func referencePulse() {
    let seconds = Double(nextReference) * 1e-9
    let late = (reference.phaseSeconds - reference.frequency * seconds) * 1e9
    let isAway = configuration.outages.contains { $0.contains(seconds) }
    let whole = nextReference
    nextReference += Self.second
    guard !isAway else { return }
    twin.pulseIn(at: whole, fraction: late)
    performTwin()
    stamp(referencePath.stamps(ofPulseAt: whole, fraction: late + hostShift(whole)), on: Self.referenceLine)
  }

  /// How far the computer's clock is ahead at a true instant, nanoseconds, so that paths quantise what it shows.
  private func hostShift(_ whole: Int64) -> Double { Double(clock.shown(at: whole) - whole) }

  /// Puts the edges of a pulse on a line, at the instants that their stamps show.
  private mutating func stamp(_ stamps: [Int64], on line: LineIndex) {
    for stamp in stamps {
      let arrival = max(trueNow, clock.trueInstant(reaching: stamp)) + 2_000
      queue.push(.edge(line, stamp: stamp, active: true), at: arrival)
      queue.push(.edge(line, stamp: stamp + Self.width, active: false), at: arrival + Self.width)
    }
  }

  private mutating func performTwin() {
    for pulse in twin.takePulses() {
      stamp(
        oscillatorPath.stamps(ofPulseAt: pulse.nanoseconds, fraction: pulse.fraction + hostShift(pulse.nanoseconds)),
        on: Self.oscillatorLine)
    }
    while let frame = twin.takeReply(at: trueNow) {
      let duration = Int64(frame.count) * configuration.settings.characterNanoseconds
      queue.push(
        .toHost(frame, first: trueNow + configuration.settings.characterNanoseconds + Self.latency),
        at: trueNow + duration + Self.latency)
    }
  }

  private mutating func handle(_ event: Event) -> Input? {
    switch event {
    case .opened: return .opened(0)
    case .lineOpened(let line): return .lineOpened(line, active: false)
    case .toTwin(let frame):
      twin.receive(frame, at: trueNow, bath: &bath)
      performTwin()
      return nil
    case .toHost(let frame, let first):
      return .bytes(0, frame, first: Instant(nanoseconds: min(shownNow, clock.shown(at: first))))
    case .edge(let line, let stamp, let active):
      return .edge(line, active: active, at: Instant(nanoseconds: min(shownNow, stamp)))
    case .stop(let request): return .stop(request)
    }
  }

  /// See `World`.
  public mutating func perform(_ action: Action) {
    guard case .send(0, let frame, _) = action, !frame.isEmpty else { return }
    queue.push(
      .toTwin(frame), at: trueNow + Self.latency + Int64(frame.count) * configuration.settings.characterNanoseconds)
  }
}
