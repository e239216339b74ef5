import EtalonCore
import EtalonMetrology

/// All instruments of a bench as twins on one shared plant: bytes in, bytes out at their instants.
///
/// It decides and does not perform, so that the same bench serves a simulated run (under the wires of a
/// `SimulatedWorld`) and a process of its own in real time (under the ports of a board's world). It takes
/// `.bytes`, `.wake` and, for a heater on a line, `.edge`; it returns `.send`. Other inputs mean nothing to it.
///
/// Everything happens at its own instant even when the wake-up comes late. Instants that go backwards are taken as now.
public final class VirtualBench: Automaton {
  /// What the bench was built from.
  public let configuration: SimConfiguration
  /// What is really so on this bench.
  public let truth: BenchTruth
  /// The plant that all instruments share.
  public private(set) var bath: StirredBath

  private let twins: [DeviceTwin]
  private let controllers: [BC200Twin]
  private let devices: [DT100Twin]
  private let converters: [MAX31865Twin]
  private let lineHeaters: [LineHeaterTwin]
  /// When each twin wants to be woken, `Int64.max` for never; renewed whenever a twin was touched.
  private var wakes: [Int64]
  /// The earliest of them and of the next fault.
  private var earliest: Int64
  private let startNanoseconds: Int64
  private let timedFaults: [TimedFault]
  private var nextFault = 0
  private var nowNanoseconds: Int64
  private var lineHeaterOn = false
  private var heaterFaults = FaultState()

  /// - Parameters:
  ///   - seed: decides every drawn truth and all noise.
  ///   - faults: those of the layers device and plant act here; the others belong to a `SimulatedWorld`.
  ///   - start: instant at which all devices are switched on.
  ///   - pacedReplies: whether an answer is held back by its time on the wire, for ports that have no timing of their
  ///     own (pseudo-terminals).
  public init(
    _ configuration: SimConfiguration, seed: UInt64, faults: FaultPlan = FaultPlan(),
    startingAt start: Instant = Instant(nanoseconds: 0), pacedReplies: Bool = false
  ) throws(SimulationFault) {
    try configuration.check()
    do {
      truth = try BenchTruth.draw(configuration, seed: seed)
    } catch {
      throw .reference(error)
    }
    do {
      timedFaults = try faults.resolved(for: configuration).filter { $0.layer == .device || $0.layer == .plant }
    } catch {
      throw .faultPlan(error)
    }
    self.configuration = configuration
    startNanoseconds = start.nanoseconds
    nowNanoseconds = start.nanoseconds
    var plant = configuration.plant
    // No probe is quicker than at once.
    if let lag = truth.deviceLagSeconds { plant.deviceLagSeconds = max(0, plant.referenceLagSeconds + lag) }
    bath = StirredBath(
      plant, gradientKelvin: truth.gradientKelvin, speed: configuration.speed, seed: seed,
      startNanoseconds: start.nanoseconds)
    var twins: [DeviceTwin] = []
    for (index, instrument) in configuration.instruments.enumerated() {
      let character = pacedReplies ? instrument.settings.characterNanoseconds : 0
      // Two instruments of one model on a bench have noise of their own.
      let ownSeed = seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15
      switch instrument.model {
      case .hart1502A:
        twins.append(
          Hart1502ATwin(
            configuration, serial: instrument.serial, truth: truth, seed: ownSeed, start: start.nanoseconds,
            characterNanoseconds: character))
      case .dt100:
        twins.append(
          DT100Twin(
            configuration, serial: instrument.serial, truth: truth, seed: ownSeed, characterNanoseconds: character))
      case .bc200:
        twins.append(BC200Twin(configuration, serial: instrument.serial, characterNanoseconds: character))
      case .max31865:
        twins.append(MAX31865Twin(configuration, truth: truth, seed: ownSeed, characterNanoseconds: character))
      case .lineHeater:
        twins.append(LineHeaterTwin(characterNanoseconds: character))
      }
    }
    self.twins = twins
    controllers = twins.compactMap { $0 as? BC200Twin }
    devices = twins.compactMap { $0 as? DT100Twin }
    converters = twins.compactMap { $0 as? MAX31865Twin }
    lineHeaters = twins.compactMap { $0 as? LineHeaterTwin }
    wakes = [Int64](repeating: .max, count: twins.count)
    earliest = .max
    for twin in twins { twin.powerOn(at: start.nanoseconds, bath: &bath) }
    for index in twins.indices { wakes[index] = twins[index].nextWake }
    renewEarliest()
  }

  // MARK: Automaton

  /// Always false: a bench stands there until it is taken away.
  public var isFinished: Bool { false }

  /// When the next thing happens on the bench.
  public var nextWake: Instant? {
    let next = nextWakeNanoseconds
    return next == .max ? nil : Instant(nanoseconds: next)
  }

  /// The same in nanoseconds, `Int64.max` for never.
  var nextWakeNanoseconds: Int64 { earliest == .max ? .max : max(earliest, nowNanoseconds) }

  private var nextFaultNanoseconds: Int64 {
    nextFault < timedFaults.count ? startNanoseconds + timedFaults[nextFault].nanoseconds : .max
  }

  private func renewEarliest() {
    var next = nextFaultNanoseconds
    for wake in wakes { next = min(next, wake) }
    earliest = next
  }

  /// Lets happen what is due, then takes the input.
  public func handle(_ input: Input, at instant: Instant, into outbox: inout Outbox) {
    run(to: instant.nanoseconds, into: &outbox)
    switch input {
    case .bytes(let port, let frame, _):
      guard Int(port) < twins.count else { return }
      twins[Int(port)].receive(frame, at: nowNanoseconds, bath: &bath)
      afterTouching(Int(port), into: &outbox)
    case .edge(let line, let active, _):
      guard line == configuration.heaterLine else { return }
      lineHeaterOn = active
      updateHeater()
    default: break
    }
  }

  /// Lets everything happen that is due up to an instant, each at its own.
  private func run(to nanoseconds: Int64, into outbox: inout Outbox) {
    while earliest <= nanoseconds {
      nowNanoseconds = max(nowNanoseconds, earliest)
      if nextFaultNanoseconds == earliest {
        let fault = timedFaults[nextFault]
        nextFault += 1
        apply(fault)
        if fault.layer == .device { afterTouching(fault.target, into: &outbox) } else { updateHeater() }
        renewEarliest()
      } else if let index = wakes.firstIndex(of: earliest) {
        twins[index].wake(at: nowNanoseconds, bath: &bath)
        afterTouching(index, into: &outbox)
      }
    }
    nowNanoseconds = max(nowNanoseconds, nanoseconds)
  }

  private func afterTouching(_ port: Int, into outbox: inout Outbox) {
    if twins[port] is BC200Twin || twins[port] is LineHeaterTwin { updateHeater() }
    while let frame = twins[port].takeReply(at: nowNanoseconds) {
      outbox.act(.send(PortIndex(port), frame, confidential: false))
    }
    wakes[port] = twins[port].nextWake
    renewEarliest()
  }

  private func updateHeater() {
    var watts = lineHeaterOn ? configuration.plant.maximumHeaterWatts : 0
    for controller in controllers { watts += controller.outputWatts }
    for heater in lineHeaters where heater.isOutputOn { watts += configuration.plant.maximumHeaterWatts }
    if !heaterFaults.isQuiet {
      if heaterFaults.isOn(.heaterStuckOn) {
        watts = heaterFaults.value(.heaterStuckOn) ?? configuration.plant.maximumHeaterWatts
      }
      if heaterFaults.isOn(.heaterStuckOff) { watts = 0 }
    }
    let limited = min(max(watts, 0), configuration.plant.maximumHeaterWatts)
    if limited != bath.heaterWatts { bath.setHeater(watts: limited, atNanoseconds: nowNanoseconds) }
  }

  private func apply(_ fault: TimedFault) {
    switch fault.layer {
    case .device: twins[fault.target].apply(fault, at: nowNanoseconds, bath: &bath)
    case .plant where fault.kind == .roomStep:
      bath.advance(toNanoseconds: nowNanoseconds)
      bath.shiftRoom(kelvin: fault.begins ? fault.value ?? 0 : -(fault.value ?? 0))
    case .plant: heaterFaults.apply(fault)
    default: break
    }
  }

  // MARK: What an onlooker at the bench sees

  /// Whether a bath controller has its output on, as the controller itself knows; what it answers over a spoilt wire
  /// or what a stuck relay does with its output is another matter.
  public var isHeaterOn: Bool { controllers.contains { $0.isOutputOn } || lineHeaters.contains { $0.isOutputOn } }

  /// Power in watts that the bath's heater really gives, faults of the heater included.
  public var heaterWatts: Double { bath.heaterWatts }

  /// What the first device under test holds; nil when there is none.
  public var deviceMemory: DeviceMemory? { devices.first?.memory }

  // MARK: Truth

  /// Opens a measurement window at an instant: from now on the truth of each conversion is kept.
  public func openWindow(at instant: Instant, into outbox: inout Outbox) {
    run(to: instant.nanoseconds, into: &outbox)
    for device in devices { device.openWindow() }
    for converter in converters { converter.openWindow() }
  }

  /// Closes the window.
  /// - Returns: mean of indication minus true temperature at the device, in kelvin, over the conversions whose middle
  ///   lay in the window; nil when there was none.
  public func closeWindow(at instant: Instant, into outbox: inout Outbox) -> (error: Double, readings: Int)? {
    run(to: instant.nanoseconds, into: &outbox)
    for window in devices.map({ $0.closeWindow() }) + converters.map({ $0.closeWindow() }) {
      if let window, let error = window.error { return (error, window.readings) }
    }
    return nil
  }

  // MARK: Real lines

  /// Takes the levels of the real lines of the converter on `port` (`select` true is selected) at an instant, and gives
  /// the level that it drives its data line to; nil when it drives none.
  public func levels(
    of port: PortIndex, select: Bool, clock: Bool, data: Bool, at instant: Instant, into outbox: inout Outbox
  ) -> Bool? {
    run(to: instant.nanoseconds, into: &outbox)
    guard Int(port) < twins.count, let converter = twins[Int(port)] as? MAX31865Twin else { return nil }
    defer { afterTouching(Int(port), into: &outbox) }
    return converter.levels(select: select, clock: clock, data: data, at: nowNanoseconds)
  }

  /// Takes the level of the real line of the heater on `port` at an instant.
  public func heat(_ port: PortIndex, isOn: Bool, at instant: Instant, into outbox: inout Outbox) {
    run(to: instant.nanoseconds, into: &outbox)
    guard Int(port) < twins.count, let heater = twins[Int(port)] as? LineHeaterTwin else { return }
    heater.set(isOn ? 1 : 0)
    afterTouching(Int(port), into: &outbox)
  }

  /// True temperature in °C at the device under test and at the reference's probe, as of the last thing that happened.
  public func trueCelsius() -> (device: Double, reference: Double) {
    bath.advance(toNanoseconds: nowNanoseconds)
    return (
      bath.deviceCelsius(atNanoseconds: nowNanoseconds), bath.referenceCelsius(atNanoseconds: nowNanoseconds)
    )
  }
}

extension SimConfiguration {
  /// Checks the parameters that would make the simulation meaningless or endless.
  func check() throws(SimulationFault) {
    func require(_ name: String, _ value: Double, _ range: ClosedRange<Double>) throws(SimulationFault) {
      guard range.contains(value) else { throw .parameter(name, value) }
    }
    try require("instruments", Double(instruments.count), 1...64)
    try require("speed", speed, 1e-3...1e5)
    try require("conversionSeconds", device.conversionSeconds, 1e-6...10)
    try require("bitErrorRate", bitErrorRate, 0...0.5)
    try require("reference.noiseKelvin", reference.noiseKelvin, 0...1e3)
    try require("reference.resolutionKelvin", reference.resolutionKelvin, 1e-6...100)
    try require("reference.periodSeconds", reference.periodSeconds, 1e-3...1e5)
    try require("reference.filterSeconds", reference.filterSeconds, 0...60)
    try require("device.wanderKelvinPerRootHour", device.wanderKelvinPerRootHour, 0...1e3)
    try require("reference.replyDelaySeconds", reference.replyDelaySeconds, 0...1e3)
    try require("device.replyDelaySeconds", device.replyDelaySeconds, 0...1e3)
    try require("controller.replyDelaySeconds", controller.replyDelaySeconds, 0...1e3)
    try require("controller.deadManSeconds", controller.deadManSeconds, BC200Twin.deadManRange)
    try require("host.latencySeconds", host.latencySeconds, 0...1e3)
    try require("host.receiverBytes", Double(host.receiverBytes), 1...1e9)
    try require("host.clockOffsetSeconds", host.clockOffsetSeconds, 0...1e9)
    try require("host.clockDriftPPM", host.clockDriftPPM, -1e5...1e5)
    try require("plant.stepSeconds", plant.stepSeconds, 1e-3...10)
    try require("plant.blockJoulesPerKelvin", plant.blockJoulesPerKelvin, 1...1e12)
    try require("plant.liquidJoulesPerKelvin", plant.liquidJoulesPerKelvin, 1...1e12)
    // The transition matrix is a power series in step / shortest time constant.
    let rate = plant.couplingWattsPerKelvin / plant.blockJoulesPerKelvin * plant.stepSeconds
    try require("plant.couplingWattsPerKelvin × step / block", rate, 0...1)
    try require("plant.lossWattsPerKelvin", plant.lossWattsPerKelvin, 0...1e9)
    try require("plant.coolingWattsPerKelvin", plant.coolingWattsPerKelvin, 0...1e9)
    try require("plant.maximumHeaterWatts", plant.maximumHeaterWatts, 0...1e9)
    try require("plant.referenceLagSeconds", plant.referenceLagSeconds, 0...1e6)
    try require("plant.deviceLagSeconds", plant.deviceLagSeconds, 0...1e6)
    try require("plant.stirringNoiseKelvin", plant.stirringNoiseKelvin, 0...1e3)
    try require("plant.stirringCorrelationSeconds", plant.stirringCorrelationSeconds, 0...1e9)
    for (name, value) in [
      ("plant.initialCelsius", plant.initialCelsius), ("plant.sinkCelsius", plant.sinkCelsius),
      ("plant.roomCelsius", plant.roomCelsius),
    ] { try require(name, value, -273.15...2_000) }
    for instrument in instruments {
      for settings in [instrument.settings, instrument.hostSettings] {
        try require("settings.baud", Double(settings.baud), 50...4_000_000)
      }
    }
    if let heaterLine {
      guard Int(heaterLine) < lines.count, lines[Int(heaterLine)].direction == .output else {
        throw .heaterLine(heaterLine)
      }
    }
  }
}
