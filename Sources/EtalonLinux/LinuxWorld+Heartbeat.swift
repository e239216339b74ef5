import EtalonCore

extension LinuxWorld {
  /// The gap between two turns of the loop that ended the heartbeat, nanoseconds; nil while it goes on, or without one.
  public var heartbeatGapNanoseconds: Int64? { deadMan?.heartbeat.gapNanoseconds }

  /// Number of beats that were given; 0 without a dead-man.
  public var heartbeatCount: UInt64 { deadMan?.heartbeat.count ?? 0 }

  /// The loop has come back to the world and waits: only then is a beat given, so that a decision or a record that hangs
  /// ends the heartbeat.
  mutating func beat(at instant: Instant) {
    guard let step = deadMan?.heartbeat.turn(at: instant) else { return }
    switch step {
    case .nothing: break
    case .drive(let active): drive(active)
    case .end:
      drive(false)
      inject(.stop(.loopLate))
    }
  }

  private mutating func drive(_ active: Bool) {
    guard let carrier = deadMan?.carrier else { return }
    switch carrier {
    case .line(let line): perform(.set(line, active: active))
    case .modem(let port, let lines):
      perform(.modem(port, active ? ModemChange(asserted: lines) : ModemChange(released: lines)))
    }
  }
}
