/// The host's clock in a simulation: what it shows as a function of true time. Both in nanoseconds.
///
/// Straight between the instants at which something happens to it: shown = anchor + (true − anchor)·(1 + drift).
struct SimulatedClock: Sendable {
  private var anchorTrue: Int64
  private var anchorShown: Int64
  private var drift: Double

  init(offsetNanoseconds: Int64, driftPPM: Double) {
    anchorTrue = 0
    anchorShown = offsetNanoseconds
    drift = driftPPM * 1e-6
  }

  /// What the clock shows at a true instant.
  func shown(at trueNanoseconds: Int64) -> Int64 {
    let elapsed = trueNanoseconds - anchorTrue
    if drift == 0 { return anchorShown + elapsed }
    return anchorShown + elapsed + Int64((Double(elapsed) * drift).rounded())
  }

  /// The first true instant at which the clock shows `shownNanoseconds` or more, if nothing happens to it before.
  func trueInstant(reaching shownNanoseconds: Int64) -> Int64 {
    let missing = shownNanoseconds - anchorShown
    if drift == 0 { return anchorTrue + missing }
    var instant = anchorTrue + missing - Int64((Double(missing) * drift / (1 + drift)).rounded())
    while shown(at: instant) < shownNanoseconds { instant += 1 }
    while shown(at: instant - 1) >= shownNanoseconds { instant -= 1 }
    return instant
  }

  /// The clock jumps.
  mutating func step(byNanoseconds jump: Int64, at trueNanoseconds: Int64) {
    anchorShown = shown(at: trueNanoseconds) + jump
    anchorTrue = trueNanoseconds
  }

  /// The clock changes its rate without a jump.
  mutating func setDrift(ppm: Double, at trueNanoseconds: Int64) {
    anchorShown = shown(at: trueNanoseconds)
    anchorTrue = trueNanoseconds
    drift = ppm * 1e-6
  }
}
