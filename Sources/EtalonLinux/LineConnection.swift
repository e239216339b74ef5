import EtalonCore
import Glibc

/// A device that is reached over lines as others are over a port: a frame goes out, a frame comes back at once.
struct LineConnection: ~Copyable {
  private let port: LinePort
  private(set) var lines: GPIOLines

  init(_ port: LinePort, _ specifications: [LineSpecification], consumer: String) throws(GPIOFault) {
    let places: [Int]
    switch port {
    case .spi(let select, let clock, let dataOut, let dataIn, _):
      places = [select, clock, dataOut, dataIn]
      for (place, direction) in zip(places, [.output, .output, .output, .input] as [LineSettings.Direction])
      where specifications[place].settings.direction != direction {
        throw .settings(line: specifications[place].address.text)
      }
    case .levels(let levels): places = levels
    }
    precondition(places.allSatisfy(specifications.indices.contains), "a place in the list of lines")
    lines = try GPIOLines(specifications, consumer: consumer)
    self.port = port
  }

  /// Performs one exchange.
  /// - Parameter pause: lets half a period of the clock pass.
  mutating func exchange(_ frame: Frame, pause: (Int64) -> Void) throws(GPIOFault) -> Frame {
    switch port {
    case .spi(let select, let clock, let dataOut, let dataIn, let half):
      var transfer = SPITransfer(sending: frame)
      let mask: UInt64 = 1 << UInt64(select) | 1 << UInt64(clock) | 1 << UInt64(dataOut)
      while true {
        switch transfer.next() {
        case .drive(let isSelected, let isClocked, let bit):
          try lines.set(
            mask: mask,
            active: (isSelected ? 1 << UInt64(select) : 0) | (isClocked ? 1 << UInt64(clock) : 0)
              | (bit ? 1 << UInt64(dataOut) : 0))
          pause(Int64(half))
        case .sample: transfer.take(try lines.read(dataIn))
        case .finished: return transfer.received
        }
      }
    case .levels(let places):
      var mask: UInt64 = 0
      var active: UInt64 = 0
      for (byte, place) in zip(frame, places) where byte <= 1 {
        mask |= 1 << UInt64(place)
        if byte == 1 { active |= 1 << UInt64(place) }
      }
      if mask != 0 { try lines.set(mask: mask, active: active) }
      let levels = try lines.readAll()
      var reply = Frame()
      for place in places { reply.append(UInt8(levels >> UInt64(place) & 1)) }
      return reply
    }
  }

  /// Whether the chip is still there.
  mutating func check() throws(GPIOFault) { _ = try lines.readAll() }

  /// Lets a time pass: asleep when it is long enough for that, else watching the clock.
  static func wait(_ nanoseconds: Int64) {
    guard nanoseconds > 0 else { return }
    let end = LinuxClock.now() + nanoseconds
    if nanoseconds >= 100_000 {
      var until = timespec(
        tv_sec: Int(end.nanoseconds / 1_000_000_000), tv_nsec: Int(end.nanoseconds % 1_000_000_000))
      while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &until, nil) == EINTR {}
    } else {
      while LinuxClock.now() < end {}
    }
  }
}
