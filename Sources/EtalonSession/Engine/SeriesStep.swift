import EtalonCore

extension SessionEngine {
  /// How near to the set point the reference must come before the soak begins, kelvin.
  static let reachedKelvin = 0.1
  /// A device that gave no good reading for so many times the longest allowed gap counts as lost.
  static let lostAfterGaps = 10.0

  mutating func beginSeries(_ name: String, phase: PointResult.Phase, at instant: Instant) {
    guard let points = plan.points.first(where: { $0.name == name }) else {
      preconditionFailure("the session file was checked: every step names a known list of points")
    }
    let series = PointSeries(phase: phase, plan: points, at: instant)
    progress.stepName = phase.rawValue
    progress.visitCount = series.visits.count
    self.series = series
    beginVisit(at: instant)
  }

  private mutating func beginVisit(at instant: Instant) {
    guard var series else { return }
    series.state = .approaching
    series.began = instant
    self.series = series
    control.setpoint = series.visit.setpoint
    sampling.trying { sampling throws(SamplingFault) in
      try sampling.beginSettling(hold: series.plan.settle.holdSeconds)
    }
    progress.visit = series.index + 1
    progress.setpoint = series.visit.setpoint
    progress.activity = .approaching
    visitEnds = instant + Int64(min(remainingSeconds(series), 1e9) * 1e9)
  }

  /// Seconds that the visits of this series from the present one on, and those of the steps after it, will take by the
  /// plan's own times and the plant's model.
  private func remainingSeconds(_ series: PointSeries) -> Double {
    var celsius = sampling.latestReference ?? board.roomCelsius
    var seconds = 0.0
    func add(_ setpoint: Double, _ plan: SessionPlan.PointsPlan) {
      seconds += (board.travelSeconds(from: celsius, to: setpoint) ?? 0) * control.plantTimeRatio
      seconds += plan.soakSeconds + plan.settle.holdSeconds
      seconds += Double(plan.measure.samples) / self.plan.sampling.rateHertz
      celsius = setpoint
    }
    for visit in series.visits[series.index...] { add(visit.setpoint, series.plan) }
    if series.phase == .asFound {
      for case .asLeft(let name) in plan.steps {
        guard let points = plan.points.first(where: { $0.name == name }) else { continue }
        for visit in PointSeries(phase: .asLeft, plan: points, at: series.began).visits { add(visit.setpoint, points) }
      }
    }
    return seconds
  }

  private mutating func move(to state: PointSeries.State, _ outbox: inout Outbox) {
    guard var series else { return }
    series.state = state
    self.series = series
    progress.activity = state.activity
    outbox.record(visit: state, setpoint: series.visit.setpoint, attempt: series.retries + 1)
  }

  mutating func advanceSeries(_ number: Int, at instant: Instant, _ outbox: inout Outbox) -> Bool {
    guard let series else { return false }
    if case .complete = series.state {
      self.series = nil
      guard evaluate(series, at: instant, &outbox) else { return true }
      beginStep(number + 1, at: instant, &outbox)
      return true
    }
    if case .backingOff(let until) = series.state {
      guard instant >= until else { return false }
      beginVisit(at: instant)
      return false
    }
    if series.state != .measuring, series.state != .paused,
      instant.seconds(since: series.began) > series.plan.settle.timeoutSeconds
    {
      retry("it did not settle within \(series.plan.settle.timeoutSeconds) s", at: instant, &outbox)
      return true
    }
    switch series.state {
    case .approaching:
      guard let latest = sampling.latestReference,
        abs(latest + certificate.steeringCorrection(at: latest) - series.visit.setpoint) <= Self.reachedKelvin
      else { return false }
      move(to: .soaking(until: instant + Int64(series.plan.soakSeconds * 1e9)), &outbox)
      return true
    case .soaking(let until):
      guard instant >= until else { return false }
      move(to: .settling, &outbox)
      return true
    case .settling:
      guard
        sampling.isSettled(
          slope: series.plan.settle.slopeKelvinPerSecond,
          standardDeviation: series.plan.settle.standardDeviationKelvin)
      else { return false }
      openWindow(at: instant, &outbox)
      return true
    default: return false
    }
  }

  private mutating func openWindow(at instant: Instant, _ outbox: inout Outbox) {
    guard var series else { return }
    series.windowOpened = instant
    series.rejected = 0
    series.missing = 0
    series.consecutiveMissing = 0
    series.truthIsForNobody = false
    self.series = series
    sampling.trying { sampling throws(SamplingFault) in
      try sampling.openWindow(samples: series.plan.measure.samples, blocks: series.plan.measure.blocks)
    }
    progress.windowNeeded = series.plan.measure.samples
    progress.windowSamples = 0
    outbox.act(.window(open: true))
    outbox.record(RecordKind.window.rawValue) { $0.append(true) }
    move(to: .measuring, &outbox)
  }

  mutating func closeWindow(_ outbox: inout Outbox) {
    // The world answers with the truth of the window even when the window gives no result.
    series?.truthIsForNobody = true
    sampling.closeWindow()
    outbox.act(.window(open: false))
    outbox.record(RecordKind.window.rawValue) { $0.append(false) }
  }

  /// A pair for the window under way.
  mutating func windowPair(_ pair: Pair, at instant: Instant, _ outbox: inout Outbox) {
    guard var series, series.state == .measuring else { return }
    let limits = plan.sampling
    if pair.quality.contains(.missing) || pair.quality.contains(.skewed) || pair.quality.contains(.overRange)
      || pair.quality.contains(.stale)
    {
      series.missing += 1
      series.consecutiveMissing += 1
      self.series = series
      if Double(series.consecutiveMissing) / limits.rateHertz > limits.maximumGapSeconds {
        retry("no pair for more than \(limits.maximumGapSeconds) s", at: instant, &outbox)
      } else if Double(series.missing) > limits.maximumMissingFraction * Double(series.plan.measure.samples) + 1 {
        retry("\(series.missing) of \(series.plan.measure.samples) pairs are missing", at: instant, &outbox)
      }
      return
    }
    series.consecutiveMissing = 0
    if pair.quality.contains(.outlier) {
      series.rejected += 1
      self.series = series
      if let reject = limits.reject,
        Double(series.rejected) > reject.maximumFraction * Double(series.plan.measure.samples) + 1
      {
        retry("\(series.rejected) of \(series.plan.measure.samples) pairs were rejected", at: instant, &outbox)
      }
      return
    }
    self.series = series
    sampling.addToWindow(pair)
    progress.windowSamples += 1
    guard let window = sampling.window, window.isComplete else { return }
    guard let reference = window.result(.reference), let indication = window.result(.indication),
      let difference = window.result(.difference)
    else {
      retry("the window gives no mean", at: instant, &outbox)
      return
    }
    let point = PointResult(
      phase: series.phase, direction: series.visit.direction, setpoint: series.visit.setpoint,
      referenceReading: reference.mean, referenceCorrection: certificate.steeringCorrection(at: reference.mean),
      indication: indication.mean, raw: window.result(.raw)?.mean ?? .nan, samples: series.plan.measure.samples,
      rejected: series.rejected,
      missing: series.missing, typeA: difference.standardUncertainty,
      typeADegreesOfFreedom: difference.degreesOfFreedom, blockCorrelation: difference.lagOneCorrelation,
      opened: series.windowOpened, closed: instant)
    closeWindow(&outbox)
    outbox.record(measurement: point)
    self.series?.state = .complete
    self.series?.measured.append(point)
    self.series?.truthIsForNobody = false
    self.series?.retries = 0
    progress.windowSamples = 0
    progress.windowNeeded = 0
    if stopAtCheckpoint {
      results.stop = .atCheckpoint
      finish(at: instant, &outbox)
      return
    }
    if series.index + 1 < series.visits.count {
      self.series?.index += 1
      beginVisit(at: instant)
    }
  }

  /// Tries the visit again, or ends the run when it was tried often enough.
  mutating func retry(_ reason: String, at instant: Instant, _ outbox: inout Outbox) {
    guard let series else { return }
    if series.state == .measuring { closeWindow(&outbox) }
    let what = "\(series.phase.rawValue) at \(series.visit.setpoint) °C: \(reason)"
    guard series.retries < series.plan.retries else {
      // The code of a failed run is that of its cause: a point that fails because a device is silent is no matter of
      // the point.
      if let lost = lostDevice(at: instant, silentSeconds: plan.sampling.maximumGapSeconds, orSince: series.began) {
        outbox.record(remark: what)
        fail(lost, at: instant, &outbox)
        return
      }
      fail(
        Failure(.inconclusive, role: series.plan.settle.signal, what + "; tried \(series.retries + 1) times"),
        at: instant, &outbox)
      return
    }
    // Somebody waits for the end of a measurement that will not come: there is nothing to finish any more.
    if stopAtCheckpoint {
      outbox.record(remark: what + "; stopping as requested")
      results.stop = .atCheckpoint
      finish(at: instant, &outbox)
      return
    }
    results.remarks.append(what + "; trying again")
    outbox.record(remark: what + "; trying again")
    self.series?.retries += 1
    move(to: .backingOff(until: instant + Int64(series.plan.retryBackoffSeconds * 1e9)), &outbox)
  }

  mutating func pauseVisit(at instant: Instant, _ outbox: inout Outbox) {
    guard let series, series.state != .paused, series.state != .complete else { return }
    if series.state == .measuring { closeWindow(&outbox) }
    move(to: .paused, &outbox)
    if stopAtCheckpoint {
      results.stop = .atCheckpoint
      finish(at: instant, &outbox)
    }
  }

  mutating func resumeVisit(at instant: Instant, _ outbox: inout Outbox) {
    guard series?.state == .paused else { return }
    beginVisit(at: instant)
    if let series { outbox.record(visit: series.state, setpoint: series.visit.setpoint, attempt: series.retries + 1) }
  }

  /// Gives the truth of the window that closed last to its result, if it has one.
  mutating func attach(truth: Double) {
    if attachToRow(truth: truth) { return }
    if let series, series.truthIsForNobody { return }
    if let series, !series.measured.isEmpty {
      self.series?.measured[series.measured.count - 1].truth = truth
    } else if let last = results.points.last, last.truth == nil {
      // The last window of a series: its points are evaluated already, and another series may have begun.
      results.points[results.points.count - 1].truth = truth
    }
  }
}
