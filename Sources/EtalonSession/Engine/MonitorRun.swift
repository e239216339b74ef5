import EtalonCore

/// Calibrating on line while the device works: the step `monitor`.
struct MonitorRun: Sendable {
  var result: MonitorResult
  /// Number of the phase under way.
  var phase = 0
  /// When it ends.
  var phaseEnds: Instant
  /// Ticks of the sampler from one row to the next.
  let ticksPerRow: UInt32
  /// The tick whose reading makes the next row, while a window is open for it.
  var rowTick: UInt32?
  /// A row was closed and its truth may still come.
  var truthIsDue = false
  var state: AccuracyState?
  /// Updates of the response that were told already: between two of them there is no new innovation.
  var updatesTold = 0
  var hasLost = false
  var wasCalibrated = false

  init(_ step: SessionPlan.MonitorStep, rateHertz: Double, at instant: Instant) {
    result = MonitorResult(step: step)
    phaseEnds = instant
    ticksPerRow = UInt32(max(1, (step.everySeconds * rateHertz).rounded()))
  }
}

extension SessionEngine {
  mutating func beginMonitor(_ step: SessionPlan.MonitorStep, at instant: Instant, _ outbox: inout Outbox) {
    monitoring = MonitorRun(step, rateHertz: plan.sampling.rateHertz, at: instant)
    progress.stepName = "monitor"
    progress.visitCount = step.phases.count
    if let loop = step.loop, let setpoint = step.phases.first?.setpointCelsius {
      beginLoop(loop, setpoint: setpoint, at: instant, &outbox)
    }
    visitEnds = instant + Int64(min(step.seconds, 1e9) * 1e9)
    beginPhase(0, at: instant, &outbox)
  }

  private mutating func beginPhase(_ number: Int, at instant: Instant, _ outbox: inout Outbox) {
    guard var run = monitoring else { return }
    let phase = run.result.step.phases[number]
    run.phase = number
    run.phaseEnds = instant + Int64(phase.seconds * 1e9)
    run.result.began.append(instant)
    monitoring = run
    if let setpoint = phase.setpointCelsius {
      control.setpoint = setpoint
      progress.setpoint = setpoint
    }
    if phase.referencePresent == sampling.referenceIsAway {
      sampling.setReference(away: !phase.referencePresent, at: instant)
    }
    progress.visit = number + 1
    progress.activity = phase.referencePresent ? .monitoring : .holdover
    if !phase.referencePresent { progress.reference = nil }
    outbox.record(RecordKind.phase.rawValue) {
      $0.append(UInt16(number))
      $0.append(text: phase.name)
      $0.append(phase.setpointCelsius ?? .nan)
      $0.append(phase.referencePresent)
    }
  }

  mutating func advanceMonitor(_ number: Int, at instant: Instant, _ outbox: inout Outbox) -> Bool {
    guard let ends = monitoring?.phaseEnds, instant >= ends, var run = monitoring else { return false }
    if run.phase + 1 < run.result.step.phases.count {
      beginPhase(run.phase + 1, at: instant, &outbox)
      return true
    }
    if !run.result.alarms.isEmpty {
      run.result.verdict = .nonconforming
    } else {
      run.result.verdict = run.wasCalibrated ? .conforming : .inconclusive
      if !run.wasCalibrated {
        let remark = "monitor: the device never counted as calibrated"
        results.remarks.append(remark)
        outbox.record(remark: remark)
      }
    }
    monitoring = run
    if sampling.referenceIsAway { sampling.setReference(away: false, at: instant) }
    endOnlineSteps(&outbox)
    beginStep(number + 1, at: instant, &outbox)
    return true
  }

  // MARK: Rows

  /// A tick begins: if a row is due, a simulated world is asked to keep the truth of the conversion that follows.
  mutating func beginRow(tick: UInt32, at instant: Instant, _ outbox: inout Outbox) {
    guard let ticks = monitoring?.ticksPerRow, tick % ticks == 0, instruments[device].isIdle, var run = monitoring
    else { return }
    closeRow(&run, &outbox)
    run.rowTick = tick
    monitoring = run
    outbox.act(.window(open: true))
    outbox.record(RecordKind.window.rawValue) { $0.append(true) }
  }

  /// Closes a window that got no row; its truth is for nobody.
  mutating func closeRow(_ run: inout MonitorRun, _ outbox: inout Outbox) {
    guard run.rowTick != nil else { return }
    run.rowTick = nil
    run.truthIsDue = false
    outbox.act(.window(open: false))
    outbox.record(RecordKind.window.rawValue) { $0.append(false) }
  }

  mutating func finishRow(
    _ reading: Reading, _ corrected: OnlineChannel.Corrected, tick: UInt32, _ outbox: inout Outbox
  ) {
    guard monitoring?.rowTick == tick, var run = monitoring else { return }
    // Given up first, so that the rows have one owner and are not copied.
    monitoring = nil
    var coefficients = InlineArray<4, Double>(repeating: 0)
    var uncertainties = InlineArray<4, Double>(repeating: 0)
    let known = sampling.channel.estimator.coefficients
    for power in 0...sampling.channel.degree {
      coefficients[power] = known[power]
      uncertainties[power] = sampling.channel.estimator.standardUncertainty(ofCoefficient: power)
    }
    let sums = sampling.channel.channel.monitor.sums
    let updates = sampling.channel.estimator.updates
    let row = MonitorRow(
      instant: reading.instant, phase: run.phase, setpoint: control.loop == nil ? nil : control.setpoint,
      reference: sampling.latestReference.map { $0 + certificate.steeringCorrection(at: $0) },
      indication: reading.value, corrected: corrected.value, uncertainty: corrected.uncertainty,
      expandedUncertainty: corrected.expandedUncertainty, state: sampling.channel.state,
      innovation: updates > run.updatesTold ? sampling.channel.estimator.responseInnovation?.normalised : nil,
      sums: (sums.high, sums.low),
      coefficients: coefficients,
      coefficientUncertainties: uncertainties, watts: control.loop?.watts)
    run.updatesTold = updates
    closeRow(&run, &outbox)
    run.result.rows.append(row)
    run.truthIsDue = true
    monitoring = run
    outbox.record(row: row)
  }

  /// Gives a truth to the row that closed last; false when no row waits for one.
  mutating func attachToRow(truth: Double) -> Bool {
    guard let isDue = monitoring?.truthIsDue else { return false }
    if isDue, let last = monitoring?.result.rows.indices.last {
      monitoring?.truthIsDue = false
      monitoring?.result.rows[last].truth = truth
    }
    return true
  }

  // MARK: Accuracy

  /// Notes changes of the device's accuracy, and does what the session says when it is lost.
  mutating func watchAccuracy(_ corrected: OnlineChannel.Corrected, at instant: Instant, _ outbox: inout Outbox) {
    guard monitoring != nil else { return }
    let state = sampling.channel.state
    if state == .calibrated { monitoring?.wasCalibrated = true }
    if state != monitoring?.state {
      monitoring?.state = state
      monitoring?.result.changes.append((instant, state))
      outbox.record(RecordKind.accuracy.rawValue) {
        $0.append(state.rawValue)
        $0.append(corrected.value)
        $0.append(corrected.expandedUncertainty)
      }
    }
    var reason: String?
    if state == .lost {
      reason =
        "device and reference no longer agree within what is declared"
        + Self.words(sampling.channel.channel.monitor.reasons)
    } else if monitoring?.wasCalibrated == true,
      let limit = monitoring?.result.step.maximumExpandedUncertaintyKelvin,
      corrected.expandedUncertainty > limit
    {
      reason = "U is \(corrected.expandedUncertainty) K, the session allows \(limit) K"
    }
    guard let reason else {
      if monitoring?.hasLost == true { signal(loss: false, &outbox) }
      monitoring?.hasLost = false
      return
    }
    guard monitoring?.hasLost == false else { return }
    monitoring?.hasLost = true
    lose(reason, state, at: instant, &outbox)
  }

  /// What speaks against the device, in words.
  private static func words(_ reasons: AccuracyReasons) -> String {
    let all: [(AccuracyReasons, String)] = [
      (.step, "they have moved against each other"), (.spread, "their differences are larger than declared"),
      (.stuck, "the indication is stuck"), (.saturated, "the indication is at the end of its scale"),
      (.noisy, "the indication scatters more than declared"), (.uncertainty, "the uncertainty is above the limit"),
      (.references, "the references disagree"),
    ]
    let words = all.filter { reasons.contains($0.0) }.map(\.1)
    return words.isEmpty ? "" : " (" + words.joined(separator: ", ") + ")"
  }

  /// Drives the alarm line, where the session names one. It stays active at the end of a run that ended lost, until the
  /// program gives the lines back.
  private mutating func signal(loss: Bool, _ outbox: inout Outbox) {
    guard let name = monitoring?.result.step.alarmLine, let place = lineNames.firstIndex(of: name) else { return }
    outbox.act(.set(LineIndex(place), active: loss))
    outbox.record(RecordKind.lineSet.rawValue) {
      $0.append(UInt16(place))
      $0.append(loss)
    }
  }

  private mutating func lose(
    _ reason: String, _ state: AccuracyState, at instant: Instant, _ outbox: inout Outbox
  ) {
    guard let run = monitoring else { return }
    let role = instruments[device].roles.first ?? ""
    var action = run.result.step.onLoss
    // Without the reference nothing can take the device's place.
    if action == .replace, sampling.referenceIsAway { action = .stop }
    monitoring?.result.alarms.append(AccuracyAlarm(instant: instant, state: state, reason: reason, action: action))
    let remark = "alarm: \(role) lost its accuracy: \(reason); \(action.rawValue)"
    results.remarks.append(remark)
    outbox.record(remark: remark)
    monitoring?.result.verdict = .nonconforming
    signal(loss: true, &outbox)
    switch action {
    case .alarm: break
    case .replace: control.loop?.isReplaced = true
    case .stop: finish(at: instant, &outbox)
    }
  }
}
