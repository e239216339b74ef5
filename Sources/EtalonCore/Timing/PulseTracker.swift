/// Numbers the pulses of one line by the seconds, from the kernel's time stamps alone: which edge is a pulse, how many are
/// missing, which one is a second edge of the same pulse or a disturbance.
///
/// A pulse is expected one second of the counter after the one before; how much the counter's second differs from the line's
/// is learnt from the pulses, so that numbering survives gaps. All arithmetic on time stamps is in whole nanoseconds.
public struct PulseTracker: Sendable {
  /// What is expected of a line.
  @frozen public struct Expectation: Sendable, Equatable {
    /// How far from its expected instant a pulse may come, nanoseconds, 1...200 000 000.
    public var windowNanoseconds: Int64
    /// Largest difference of the counter's rate from that of the line, relative, 0...0.01.
    public var rateTolerance: Double
    /// This many edges outside every window that follow each other by seconds begin the numbering anew.
    public var relockAfter: Int

    /// An expectation; what is not given has its usual value.
    public init(windowNanoseconds: Int64 = 1_000_000, rateTolerance: Double = 2e-4, relockAfter: Int = 3) {
      self.windowNanoseconds = windowNanoseconds
      self.rateTolerance = rateTolerance
      self.relockAfter = relockAfter
    }

    var isValid: Bool {
      (1...200_000_000).contains(windowNanoseconds) && rateTolerance >= 0 && rateTolerance <= 0.01 && relockAfter >= 2
    }
  }

  /// A pulse that was numbered.
  @frozen public struct Pulse: Sendable, Equatable {
    /// Number of its second; the first pulse is 0.
    public var second: Int64
    /// Its time stamp.
    public var instant: Instant
    /// How many pulses are missing before it.
    public var missing: Int64
  }

  /// What an edge was.
  @frozen public enum Event: Sendable, Equatable {
    /// A pulse.
    case pulse(Pulse)
    /// A further edge of a pulse that was taken already.
    case doubled
    /// An edge where none is expected, so many nanoseconds from the nearest expected instant.
    case stray(nanoseconds: Int64)
    /// The line's pulses come at another place of the second now: by so many nanoseconds later. Numbering goes on.
    case relocked(Pulse, nanoseconds: Int64)
    /// An edge before the one before it.
    case backwards
    /// The gap is so long that the number of seconds in it can not be told: numbering begins anew with this pulse.
    case ambiguous(Pulse)
  }

  /// What is expected.
  public let expectation: Expectation
  /// The latest pulse.
  public private(set) var latest: Pulse?
  /// Number of pulses.
  public private(set) var pulses: Int64 = 0
  /// Number of pulses that are missing between others.
  public private(set) var missing: Int64 = 0
  /// Number of second edges of one pulse.
  public private(set) var doubled = 0
  /// Number of edges where none was expected.
  public private(set) var strays = 0
  /// Number of times that the place in the second changed, or the count of seconds was lost.
  public private(set) var relocks = 0
  /// Nanoseconds of the counter in one second of the line.
  public private(set) var periodNanoseconds = 1e9

  private var learned = 0
  private var candidate: Int64?
  private var candidates = 0

  /// - Returns: nil for an expectation out of range.
  public init?(_ expectation: Expectation = Expectation()) {
    guard expectation.isValid else { return nil }
    self.expectation = expectation
  }

  /// Takes one edge.
  public mutating func take(edgeAt instant: Instant) -> Event {
    guard let latest else { return .pulse(accept(second: 0, instant, missing: 0)) }
    let elapsed = instant - latest.instant
    guard elapsed >= 0 else {
      strays += 1
      return .backwards
    }
    let seconds = (Double(elapsed) / periodNanoseconds).rounded()
    let residual = elapsed - Int64((seconds * periodNanoseconds).rounded())
    let count = Int64(seconds)
    // What the rate may have changed by since it was learnt widens the window with the gap.
    let drift = seconds * 1e9 * (learned >= 16 ? expectation.rateTolerance / 20 : expectation.rateTolerance)
    let window = Double(expectation.windowNanoseconds) + drift
    if count == 0 {
      candidate = nil
      if Double(elapsed) <= window {
        doubled += 1
        return .doubled
      }
      strays += 1
      return .stray(nanoseconds: elapsed)
    }
    if window >= 4.5e8 {
      relocks += 1
      learned = 0
      return .ambiguous(accept(second: latest.second + count, instant, missing: count - 1))
    }
    if Double(residual.magnitude) <= window {
      if count <= 100 { learn(Double(elapsed) / seconds, weight: seconds) }
      return .pulse(accept(second: latest.second + count, instant, missing: count - 1))
    }
    return stray(residual: residual, second: latest.second + count, instant, missing: count - 1)
  }

  private mutating func stray(residual: Int64, second: Int64, _ instant: Instant, missing: Int64) -> Event {
    let near = candidate.map { (residual - $0).magnitude <= UInt64(expectation.windowNanoseconds) } ?? false
    candidates = near ? candidates + 1 : 1
    candidate = residual
    if candidates >= expectation.relockAfter {
      relocks += 1
      // Residuals lie within half a second either way; the pulses between were not lost, they came elsewhere.
      return .relocked(
        accept(second: second, instant, missing: max(0, missing - Int64(candidates) + 1)), nanoseconds: residual)
    }
    strays += 1
    return .stray(nanoseconds: residual)
  }

  private mutating func accept(second: Int64, _ instant: Instant, missing gone: Int64) -> Pulse {
    let pulse = Pulse(second: second, instant: instant, missing: gone)
    latest = pulse
    pulses += 1
    missing += gone
    candidate = nil
    candidates = 0
    return pulse
  }

  /// A running mean over the latest 16 seconds of the counter's nanoseconds in one second of the line.
  private mutating func learn(_ period: Double, weight: Double) {
    learned = min(16, learned + 1)
    periodNanoseconds += (period - periodNanoseconds) * min(1, weight / Double(learned))
  }
}
