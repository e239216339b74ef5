import EtalonCore

extension SessionEngine {
  /// A tick of the sampler: ask both sides for a reading, and take what is complete.
  mutating func tick(at instant: Instant, _ outbox: inout Outbox) {
    if let seconds = sampling.noteTick(at: instant), seconds > plan.sampling.maximumGapSeconds {
      // Nobody could have answered in time that did not pass here: the clock was set or the host slept.
      let remark = "no tick for \(seconds) s: the clock jumped or this computer stood still"
      results.remarks.append(remark)
      outbox.record(remark: remark)
    }
    if let tick = sampling.sampler.begin(at: instant) {
      beginRow(tick: tick.number, at: instant, &outbox)
      var isPassedOver = false
      for index in sides where isAsked(index) && instruments[index].isReading { isPassedOver = true }
      sampling.note(tick: tick.number, isPassedOver: isPassedOver)
      // A device that is still busy with the request before has no reading for this tick.
      for index in sides where isAsked(index) && instruments[index].isIdle {
        instruments[index].request(.read, for: .reading(tick: tick.number))
      }
      watchEnvironment(at: instant)
      progress.remainingSeconds = visitEnds.map { max(0, $0.seconds(since: instant)) } ?? 0
    }
    takePairs(at: instant, &outbox)
    lookForLostDevices(at: instant, &outbox)
  }

  /// Whether a side is asked for readings at present.
  private func isAsked(_ index: Int) -> Bool {
    index == reference ? !sampling.referenceIsAway : !sampling.deviceIsPaused
  }

  mutating func readingReport(
    _ report: DeviceReport, tick: UInt32, of index: Int, at instant: Instant, _ outbox: inout Outbox
  ) {
    guard sampling.isRunning, case .reading(let reading) = report else { return }
    let isReference = index == reference
    if !isReference, contradictsItself(reading) {
      // One lost digit can leave an answer that looks right; indication and raw value then no longer belong together.
      note(.malformed(received: 0), of: index, &outbox)
      takePairs(at: instant, &outbox)
      return
    }
    let acceptance = sampling.sampler.add(reading, from: isReference ? .reference : .device, tick: tick)
    if acceptance == .accepted, reading.quality.isDisjoint(with: Pair.unusable) {
      sampling.lastGood[isReference ? 0 : 1] = instant
      sampling.answered(tick: tick)
      if isReference, sampling.referenceIsAway {
        // The answer to a question from before it went away; it makes a pair, and nothing else.
      } else if isReference {
        sampling.latestReference = reading.value
        sampling.settle.add(reading.value, at: reading.instant)
        progress.reference = reading.value
        progress.slope = sampling.settle.slope
        steer(reading.value, tick: tick, at: instant, &outbox)
      } else {
        sampling.latestIndication = reading.value
        progress.indication = reading.value
        correct(reading, tick: tick, at: instant, &outbox)
      }
    }
    takePairs(at: instant, &outbox)
  }

  /// Whether the device's indication is not what its own coefficients make of its raw value, by more than the last digit.
  // Mutates formally, so that the engine is not copied for the call.
  private mutating func contradictsItself(_ reading: Reading) -> Bool {
    guard let held = results.after ?? results.before, reading.raw.isFinite,
      !reading.quality.contains(.overRange), sampling.deviceResolution > 0
    else { return false }
    return abs(held.coefficients.value(at: reading.raw) - reading.value) > sampling.deviceResolution
  }

  private mutating func takePairs(at instant: Instant, _ outbox: inout Outbox) {
    while var raw = sampling.sampler.nextPair(at: instant) {
      if sampling.referenceIsAway { raw = sampling.withoutReference(raw) }
      // What the rejector gives back belongs to the middle of its window, some samples ago.
      if sampling.rejector != nil {
        if let judged = sampling.rejector?.add(raw) { take(judged, at: instant, &outbox) }
      } else {
        take(raw, at: instant, &outbox)
      }
    }
    results.samples = Int(sampling.sampler.counters.samples)
    results.gaps = Int(sampling.sampler.counters.gaps) - sampling.awayTicks
    results.timing.missedPeriods = Int(sampling.sampler.counters.missedTicks)
    progress.samples = results.samples
    progress.gaps = results.gaps
    progress.faults = results.faultCount
  }

  private mutating func take(_ pair: Pair, at instant: Instant, _ outbox: inout Outbox) {
    sampling.channel.add(pair)
    let corrected = pair.isUsable ? sampling.channel.corrected(pair.indication) : nil
    outbox.record(RecordKind.pair.rawValue) {
      $0.append(pair.tick)
      $0.append(pair.instant)
      $0.append(pair.reference)
      $0.append(pair.indication)
      $0.append(pair.raw)
      $0.append(pair.quality.rawValue)
      $0.append(corrected?.value ?? .nan)
      $0.append(corrected?.standardUncertainty ?? .nan)
    }
    if pair.quality.contains(.missing), sampling.isSlow(tick: pair.tick) {
      if sampling.slowTicks > 0, !slownessIsNoted {
        slownessIsNoted = true
        let remark =
          "a device answers more slowly than the session's rate of \(plan.sampling.rateHertz) Hz: pairs come as fast as it can"
        results.remarks.append(remark)
        outbox.record(remark: remark)
      }
      return
    }
    if let series, series.state == .measuring, pair.instant >= series.windowOpened {
      windowPair(pair, at: instant, &outbox)
    }
  }

  /// A device that has given no good reading for long ends the run: nothing will settle without it.
  private mutating func lookForLostDevices(at instant: Instant, _ outbox: inout Outbox) {
    let limit = max(plan.sampling.maximumGapSeconds * Self.lostAfterGaps, 5 / plan.sampling.rateHertz)
    if let failure = lostDevice(at: instant, silentSeconds: limit, orSince: nil) { fail(failure, at: instant, &outbox) }
  }

  /// The failure of the first device that has given no good reading for so long, or none since an instant.
  mutating func lostDevice(at instant: Instant, silentSeconds limit: Double, orSince since: Instant?) -> Failure? {
    guard sampling.isRunning else { return nil }
    for (side, index) in sides.enumerated() {
      if side == 1 ? sampling.deviceIsPaused : sampling.referenceIsAway { continue }
      guard let last = sampling.lastGood[side],
        instant.seconds(since: last) > limit || since.map({ last < $0 }) ?? false
      else { continue }
      let role = instruments[index].roles.first ?? ""
      let kinds = results.faults.filter { $0.role == role }
      let worst = kinds.max { $0.count < $1.count }
      let isSilent = worst.map { $0.kind == "timeout" || $0.kind == "truncated" || $0.kind == "port" } ?? false
      return Failure(
        isSilent ? .deviceAbsent : .inputOutput, role: role,
        "\(role) at \(instruments[index].portName) has given no good reading for \(Int(instant.seconds(since: last))) s"
          + (worst.map { " (\($0.count) times: \($0.kind))" } ?? ": it answers, but out of its range or with old values")
          + "; check power, cable and device")
    }
    return nil
  }
}
