import EtalonCore
import EtalonMetrology

/// A bench, its wires, its lines and the host's clock in virtual time: the simulated counterpart of a Linux board.
///
/// Time moves only when nothing is due. The same configuration, seed, fault plan and actions give the same inputs.
public struct SimulatedWorld: World, ~Copyable {
  private enum Event {
    case opened(PortIndex)
    case toDevice(PortIndex, slot: Int, first: Int64)
    case toHost(PortIndex, slot: Int, first: Int64)
    case errors(PortIndex, LineErrors)
    case lost(PortIndex, PortFault)
    case interrupted(PortIndex)
    case resumed(PortIndex)
    case level(LineIndex, Bool)
    case glitchEnds(LineIndex)
    case stop(StopRequest)
    case fault(Int)
    case truth(Double, Int)

    func isDelivery(to port: PortIndex) -> Bool {
      switch self {
      case .toHost(port, _, _), .errors(port, _): true
      default: false
      }
    }
  }

  /// How long a run may wait without any input before the wait is called endless.
  static let patienceNanoseconds: Int64 = 90 * 86_400 * 1_000_000_000

  /// The instruments and the plant, for those who may know the truth.
  public let bench: VirtualBench
  /// Number of actions on lines that the line refused because it is busy or gone.
  public private(set) var refusedLineActions = 0

  /// The control lines of each port as the host drives them; opening a port asserts DTR and RTS.
  public private(set) var modemLines: [ModemLines] = []

  private let configuration: SimConfiguration
  private let latencyNanoseconds: Int64
  private let timedFaults: [TimedFault]
  private var clock: SimulatedClock
  private var wires: [SimulatedWire] = []
  private var lines: [SimulatedLine] = []
  private var queue = EventQueue<Event>()
  private var slots: [Frame] = []
  private var freeSlots: [Int] = []
  private var outbox = Outbox()
  private var trueNow: Int64 = 0
  private var shownNow: Int64

  /// - Parameters:
  ///   - seed: decides every drawn truth, all noise and what faults hit.
  ///   - faults: checked against the bench.
  public init(_ configuration: SimConfiguration, seed: UInt64, faults: FaultPlan = FaultPlan())
    throws(SimulationFault)
  {
    // A noncopyable value is set up whole: everything that can fail comes before its first property.
    let bench = try VirtualBench(configuration, seed: seed, faults: faults)
    let timedFaults: [TimedFault]
    do {
      timedFaults = try faults.resolved(for: configuration).filter { $0.layer != .device && $0.layer != .plant }
    } catch {
      throw .faultPlan(error)
    }
    self.bench = bench
    self.timedFaults = timedFaults
    self.configuration = configuration
    latencyNanoseconds = Int64((configuration.host.latencySeconds * 1e9).rounded())
    clock = SimulatedClock(
      offsetNanoseconds: Int64((configuration.host.clockOffsetSeconds * 1e9).rounded()),
      driftPPM: configuration.host.clockDriftPPM)
    shownNow = clock.shown(at: 0)
    for (port, instrument) in configuration.instruments.enumerated() {
      wires.append(SimulatedWire(instrument, port: port, configuration: configuration, seed: seed))
    }
    modemLines = wires.map { _ in [.dataTerminalReady, .requestToSend] }
    for line in configuration.lines { lines.append(SimulatedLine(line)) }
    // Faults come first, so that a port that is missing from the start never opens.
    for (index, fault) in timedFaults.enumerated() { queue.push(.fault(index), at: fault.nanoseconds) }
    for port in wires.indices { queue.push(.opened(PortIndex(port)), at: 0) }
  }

  // MARK: Time

  /// Always `.simulated`.
  public var kind: TimebaseKind { .simulated }

  /// What the host's clock shows.
  public func now() -> Instant { Instant(nanoseconds: shownNow) }

  /// True time since the start of the run in seconds, whatever the host's clock shows.
  public var trueSeconds: Double { Double(trueNow) * 1e-9 }

  private mutating func move(to nanoseconds: Int64) {
    trueNow = max(trueNow, nanoseconds)
    // A clock that was set back stands still for the host until it has caught up.
    shownNow = max(shownNow, clock.shown(at: trueNow))
  }

  /// When the host's clock will show at least so much, as far as is known now.
  private func trueInstant(reaching shown: Int64) -> Int64 {
    shown <= shownNow ? trueNow : max(trueNow, clock.trueInstant(reaching: shown))
  }

  // MARK: World

  /// See `World`. A wait without a deadline that nothing can end is a programming error.
  public mutating func nextInput(until deadline: Instant?) -> TimedInput {
    let patience = trueNow + Self.patienceNanoseconds
    while true {
      let wake = deadline.map { trueInstant(reaching: $0.nanoseconds) } ?? .max
      let queued = queue.nextNanoseconds
      let benched = bench.nextWakeNanoseconds
      if queued <= benched, queued <= wake, queued != .max, let entry = queue.pop() {
        move(to: entry.nanoseconds)
        if let input = handle(entry.event) { return input }
      } else if benched <= wake, benched != .max {
        precondition(benched <= patience, "the run waits without a deadline for an input that never comes")
        move(to: benched)
        tellBench(.wake)
      } else {
        precondition(wake != .max, "the run waits without a deadline and nothing can happen any more")
        move(to: wake)
        return TimedInput(.wake, at: now())
      }
    }
  }

  /// See `World`. A truth comes as an input after a window is closed, if a conversion lay in it.
  public mutating func perform(_ action: Action) {
    switch action {
    case .send(let port, let frame, _): send(port, frame)
    case .set(let line, let active): set(line, active)
    case .modem(let port, let change):
      guard Int(port) < wires.count, !wires[Int(port)].isLost, !wires[Int(port)].isClosed else { return }
      modemLines[Int(port)] = modemLines[Int(port)].union(change.asserted).subtracting(change.released)
    case .close(let port):
      guard Int(port) < wires.count else { return }
      wires[Int(port)].isClosed = true
      modemLines[Int(port)] = []
    case .window(open: true):
      bench.openWindow(at: Instant(nanoseconds: trueNow), into: &outbox)
      performBench()
    case .window(open: false):
      let truth = bench.closeWindow(at: Instant(nanoseconds: trueNow), into: &outbox)
      performBench()
      if let truth { queue.push(.truth(truth.error, truth.readings), at: trueNow) }
    }
  }

  /// Lets somebody ask the run to stop, at a true time in seconds since the start; an earlier one than now is now.
  public mutating func schedule(_ request: StopRequest, atSeconds seconds: Double) {
    queue.push(.stop(request), at: max(trueNow, Int64((seconds * 1e9).rounded())))
  }

  /// Lets the outside world drive an input line, at a true time in seconds since the start.
  public mutating func drive(_ line: LineIndex, active: Bool, atSeconds seconds: Double) {
    change(line, to: active, at: max(trueNow, Int64((seconds * 1e9).rounded())))
  }

  /// The level of a line, as a probe on the wire sees it.
  public func level(of line: LineIndex) -> Bool { lines[Int(line)].level }

  // MARK: Bytes

  private mutating func store(_ frame: Frame) -> Int {
    if let slot = freeSlots.popLast() {
      slots[slot] = frame
      return slot
    }
    slots.append(frame)
    return slots.count - 1
  }

  private mutating func send(_ port: PortIndex, _ frame: Frame) {
    let index = Int(port)
    guard index < wires.count, !wires[index].isLost, !wires[index].isClosed, !frame.isEmpty else { return }
    let arrival = wires[index].toDevice(frame, at: trueNow + latencyNanoseconds)
    queue.push(.toDevice(port, slot: store(arrival.frame), first: arrival.first), at: arrival.last)
    if wires[index].faults.isOn(.echo) { deliver(wires[index].echo(arrival), to: port) }
  }

  private mutating func deliver(_ arrival: SimulatedWire.Arrival, to port: PortIndex) {
    if let gap = arrival.splitNanoseconds {
      let (early, late) = wires[Int(port)].pieces(of: arrival, gap: gap)
      deliver(early, to: port)
      deliver(late, to: port)
      return
    }
    let instant = arrival.last + latencyNanoseconds
    if !arrival.errors.isEmpty { queue.push(.errors(port, arrival.errors), at: instant) }
    if !arrival.frame.isEmpty {
      queue.push(.toHost(port, slot: store(arrival.frame), first: arrival.first), at: instant)
    }
  }

  private mutating func tellBench(_ input: Input) {
    bench.handle(input, at: Instant(nanoseconds: trueNow), into: &outbox)
    performBench()
  }

  /// Puts on the wires what the twins want to send.
  private mutating func performBench() {
    for index in outbox.actions.indices {
      guard case .send(let port, let frame, _) = outbox.actions[index] else { continue }
      let wire = Int(port)
      guard !wires[wire].isLost, let arrival = wires[wire].toHost(frame, at: trueNow) else { continue }
      deliver(arrival, to: port)
      if arrival.hangsUp { lose(port, .hangUp, at: arrival.last + latencyNanoseconds) }
    }
    outbox.clear()
  }

  /// The port is gone for the host from an instant on; what is on the wire until then still arrives.
  private mutating func lose(_ port: PortIndex, _ fault: PortFault, at instant: Int64) {
    guard !wires[Int(port)].isLost else { return }
    wires[Int(port)].isLost = true
    queue.push(.lost(port, fault), at: instant)
  }

  /// Cuts the replies that are on the wire now.
  private mutating func cutDeliveries(of port: PortIndex) {
    for entry in queue.remove(where: { $0.isDelivery(to: port) }) {
      guard case .toHost(_, let slot, let first) = entry.event else {
        queue.push(entry.event, at: trueNow)
        continue
      }
      let whole = SimulatedWire.Arrival(
        frame: slots[slot], first: first, last: entry.nanoseconds - latencyNanoseconds, errors: [])
      freeSlots.append(slot)
      let part = wires[Int(port)].part(of: whole, until: trueNow)
      if !part.frame.isEmpty {
        queue.push(.toHost(port, slot: store(part.frame), first: part.first), at: max(trueNow, part.last))
      }
    }
  }

  // MARK: Events

  private mutating func handle(_ event: Event) -> TimedInput? {
    switch event {
    case .opened(let port): return wires[Int(port)].isLost ? nil : input(.opened(port))
    case .toDevice(let port, let slot, let first):
      let frame = slots[slot]
      freeSlots.append(slot)
      tellBench(.bytes(port, frame, first: Instant(nanoseconds: first)))
      return nil
    case .toHost(let port, let slot, let first):
      let frame = slots[slot]
      freeSlots.append(slot)
      guard !wires[Int(port)].isClosed else { return nil }
      let shownFirst = min(shownNow, clock.shown(at: first + latencyNanoseconds))
      return input(.bytes(port, frame, first: Instant(nanoseconds: shownFirst)))
    case .errors(let port, let errors): return wires[Int(port)].isClosed ? nil : input(.lineErrors(port, errors))
    case .lost(let port, let fault): return wires[Int(port)].isClosed ? nil : input(.lost(port, fault))
    case .interrupted(let port): return wires[Int(port)].isClosed ? nil : input(.interrupted(port, .vanished))
    case .resumed(let port): return wires[Int(port)].isClosed ? nil : input(.resumed(port, moved: false))
    case .level(let line, let active):
      lines[Int(line)].driven = active
      return refresh(line)
    case .glitchEnds(let line):
      lines[Int(line)].endGlitch()
      return refresh(line)
    case .stop(let request): return input(.stop(request))
    case .fault(let index): return begin(timedFaults[index])
    case .truth(let error, let readings): return input(.truth(error: error, readings: readings))
    }
  }

  private func input(_ input: Input) -> TimedInput { TimedInput(input, at: now()) }

  private mutating func begin(_ fault: TimedFault) -> TimedInput? {
    switch fault.layer {
    case .clock: applyToClock(fault)
    case .line: return applyToLine(fault)
    case .wire: applyToWire(fault)
    case .device, .plant: break
    }
    return nil
  }

  private mutating func applyToClock(_ fault: TimedFault) {
    let value = fault.value ?? 0
    if fault.kind == .step {
      let jump = Int64((value * 1e9).rounded())
      clock.step(byNanoseconds: fault.begins ? jump : -jump, at: trueNow)
    } else {
      clock.setDrift(ppm: fault.begins ? value : configuration.host.clockDriftPPM, at: trueNow)
    }
    move(to: trueNow)
  }

  private mutating func applyToLine(_ fault: TimedFault) -> TimedInput? {
    let line = LineIndex(fault.target)
    lines[fault.target].apply(fault)
    if fault.kind == .glitch, fault.begins {
      queue.push(.glitchEnds(line), at: trueNow + Int64(((fault.value ?? 0.001) * 1e9).rounded()))
    }
    return refresh(line)
  }

  private mutating func applyToWire(_ fault: TimedFault) {
    let port = PortIndex(fault.target)
    wires[fault.target].faults.apply(fault)
    let reason: PortFault
    switch fault.kind {
    case .hangup: reason = .hangUp
    case .missing: reason = .missing
    case .permission: reason = .permission
    case .busy: reason = .busy
    case .hangupInReply where !fault.begins: reason = .hangUp
    case .unplug: return unplug(fault)
    default: return
    }
    if fault.begins {
      cutDeliveries(of: port)
      lose(port, reason, at: trueNow)
    } else if wires[fault.target].isLost, !wires[fault.target].isClosed {
      wires[fault.target].isLost = false
      queue.push(.opened(port), at: trueNow)
    }
  }

  /// A device that will come back interrupts its port; one that stays away loses it.
  private mutating func unplug(_ fault: TimedFault) {
    let port = PortIndex(fault.target)
    guard fault.begins else {
      guard wires[fault.target].isLost, !wires[fault.target].isClosed else { return }
      wires[fault.target].isLost = false
      return queue.push(.resumed(port), at: trueNow)
    }
    cutDeliveries(of: port)
    guard fault.durationNanoseconds != nil else { return lose(port, .vanished, at: trueNow) }
    guard !wires[fault.target].isLost else { return }
    wires[fault.target].isLost = true
    queue.push(.interrupted(port), at: trueNow)
  }

  // MARK: Lines

  private mutating func set(_ line: LineIndex, _ active: Bool) {
    guard Int(line) < lines.count, lines[Int(line)].configuration.direction == .output else {
      refusedLineActions += 1
      return
    }
    do {
      try lines[Int(line)].set(active)
    } catch {
      refusedLineActions += 1
      return
    }
    _ = refresh(line)
  }

  /// Lets an input change at an instant, with the bouncing of its contact: four more changes within the bounce time.
  private mutating func change(_ line: LineIndex, to active: Bool, at instant: Int64) {
    queue.push(.level(line, active), at: instant)
    let bounce = Int64((lines[Int(line)].bounceSeconds * 1e9).rounded())
    guard bounce > 0 else { return }
    for turn in 1...4 as ClosedRange<Int64> {
      queue.push(.level(line, turn % 2 == 0 ? active : !active), at: instant + bounce * turn / 4)
    }
  }

  /// Tells the rest of the world when the level of a line has changed.
  private mutating func refresh(_ line: LineIndex) -> TimedInput? {
    let index = Int(line)
    let level = lines[index].level
    guard level != lines[index].told else { return nil }
    lines[index].told = level
    if lines[index].configuration.direction == .input {
      return lines[index].isHeard ? input(.edge(line, active: level, at: now())) : nil
    }
    if line == configuration.heaterLine { tellBench(.edge(line, active: level, at: Instant(nanoseconds: trueNow))) }
    for follower in lines.indices where lines[follower].configuration.follows == line {
      change(LineIndex(follower), to: level, at: trueNow)
    }
    return nil
  }
}
