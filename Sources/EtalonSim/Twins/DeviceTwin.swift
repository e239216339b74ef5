import EtalonCore

/// What all twins share: bytes in, bytes out at their instants, faults of the device. A twin is written from its data
/// sheet. Instants are true time in nanoseconds.
class DeviceTwin {
  /// Answers that wait for their instant, in order.
  private var replies: [(due: Int64, frame: Frame)] = []
  private var head = 0
  private var lastDue = Int64.min
  let replyDelayNanoseconds: Int64
  /// Time of one character on the wire when replies are paced, else 0.
  let pacedCharacterNanoseconds: Int64
  var faults = FaultState()
  private(set) var isPowered = true

  init(replyDelaySeconds: Double, pacedCharacterNanoseconds: Int64) {
    replyDelayNanoseconds = Int64((replyDelaySeconds * 1e9).rounded())
    self.pacedCharacterNanoseconds = pacedCharacterNanoseconds
    replies.reserveCapacity(8)
  }

  /// Takes bytes; `now` is the instant of the last.
  final func receive(_ frame: Frame, at now: Int64, bath: inout StirredBath) {
    guard isPowered, !faults.isOn(.silent) else { return }
    take(frame, at: now, bath: &bath)
  }

  /// The device's own treatment of bytes.
  func take(_ frame: Frame, at now: Int64, bath: inout StirredBath) {}

  /// When the device itself has something to do next, `Int64.max` when nothing.
  var nextEvent: Int64 { .max }

  /// Does what is due at `now`.
  func act(at now: Int64, bath: inout StirredBath) {}

  /// Brings the device to its state after switching on.
  func powerOn(at now: Int64, bath: inout StirredBath) {}

  /// The device's supply fails.
  func powerOff(at now: Int64) {}

  /// When the bench must look at this twin next, `Int64.max` when never.
  final var nextWake: Int64 {
    let own = isPowered ? nextEvent : .max
    return head < replies.count ? min(own, replies[head].due) : own
  }

  final func wake(at now: Int64, bath: inout StirredBath) {
    while isPowered, nextEvent <= now { act(at: now, bath: &bath) }
  }

  /// The next answer that is due at `now`.
  final func takeReply(at now: Int64) -> Frame? {
    guard head < replies.count, replies[head].due <= now else { return nil }
    let frame = replies[head].frame
    head += 1
    if head == replies.count {
      replies.removeAll(keepingCapacity: true)
      head = 0
    }
    return frame
  }

  /// Sends bytes from `start` on, in frames.
  final func emit(_ bytes: [UInt8], from start: Int64) {
    guard isPowered, !faults.isOn(.silent) else { return }
    var frame = Frame()
    var due = max(start, head < replies.count ? lastDue : .min)
    for index in bytes.indices {
      frame.append(bytes[index])
      if frame.isFull || index == bytes.count - 1 {
        due += Int64(frame.count) * pacedCharacterNanoseconds
        replies.append((due, frame))
        frame.removeAll()
      }
    }
    lastDue = due
  }

  final func apply(_ fault: TimedFault, at now: Int64, bath: inout StirredBath) {
    faults.apply(fault)
    switch (fault.kind, fault.begins) {
    case (.silent, true): dropReplies()
    case (.powerCycle, true):
      dropReplies()
      isPowered = false
      powerOff(at: now)
    case (.powerCycle, false):
      isPowered = true
      powerOn(at: now, bath: &bath)
    default: break
    }
  }

  private func dropReplies() {
    replies.removeAll(keepingCapacity: true)
    head = 0
  }
}
