import EtalonCore
import Glibc

/// The clocks of a Linux kernel. `clock_gettime` can not fail for these clocks.
public struct LinuxClock: Timebase, Sendable {
  /// The one time base of a Linux machine.
  public init() {}

  /// `CLOCK_MONOTONIC`: nanoseconds since boot, not steered by steps of the calendar clock.
  public var kind: TimebaseKind { .monotonic }

  /// The present instant.
  public func now() -> Instant { Self.now() }

  /// The present instant.
  public static func now() -> Instant { Instant(nanoseconds: read(CLOCK_MONOTONIC)) }

  /// Nanoseconds since 1970-01-01T00:00:00Z as the kernel's calendar clock has them, without leap seconds.
  public static func utcNanoseconds() -> Int64 { read(CLOCK_REALTIME) }

  /// An instant and the calendar time at it: the calendar clock is read between two readings of the monotonic one, and
  /// of five tries the closest counts. `uncertaintyNanoseconds` is half the distance of the two readings.
  public static func mapping() -> (instant: Instant, utcNanoseconds: Int64, uncertaintyNanoseconds: Int64) {
    var best: (instant: Instant, utcNanoseconds: Int64, uncertaintyNanoseconds: Int64) = (now(), 0, Int64.max)
    for _ in 0..<5 {
      let before = now()
      let utc = utcNanoseconds()
      let half = (now() - before) / 2
      if half < best.uncertaintyNanoseconds { best = (before + half, utc, half) }
    }
    return best
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
