/// A point of time on the monotonic time base of one run, in nanoseconds.
///
/// The origin is the time base's own (boot for a Linux board, 0 for a simulation) and means nothing by itself; the
/// ledger's first record names the time base and maps it to UTC once. Spacing is never computed from UTC.
@frozen public struct Instant: Comparable, Hashable, Sendable {
  /// Nanoseconds since the origin of the time base.
  public var nanoseconds: Int64

  /// An instant so many nanoseconds after the origin.
  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Whether `a` is before `b`.
  @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// The instant `nanoseconds` later (earlier when negative).
  @inlinable public static func + (instant: Instant, nanoseconds: Int64) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + nanoseconds)
  }

  /// Nanoseconds from `b` to `a`.
  @inlinable public static func - (a: Instant, b: Instant) -> Int64 { a.nanoseconds - b.nanoseconds }

  /// Seconds from `earlier` to this instant.
  @inlinable public func seconds(since earlier: Instant) -> Double {
    Double(nanoseconds - earlier.nanoseconds) * 1e-9
  }
}

/// Which clock gives the instants of a run.
public enum TimebaseKind: UInt8, Sendable {
  /// `CLOCK_MONOTONIC` of a Linux kernel.
  case monotonic = 1
  /// Virtual time of a simulation.
  case simulated = 2
  /// A timer of a microcontroller.
  case device = 3
}

/// The seam to a clock.
public protocol Timebase: ~Copyable {
  /// Which clock this is.
  var kind: TimebaseKind { get }
  /// The present instant; it never goes backwards.
  func now() -> Instant
}
