/// One frame exchanged over a serial peripheral interface on plain lines, step by step: it says what to drive and when
/// to look, and takes the levels that were seen. It owns no line and no clock, so it serves a board, a chip and a
/// simulation alike.
///
/// Most significant bit first, clock phase 1: both sides change their data with the first edge of the clock (from its
/// idle level) and take them with the second. The far side's bit is looked at just before the second edge, when half a
/// period has passed since it was asked for. Nothing here depends on how long a step takes.
public struct SPITransfer: Sendable {
  /// What to do next.
  public enum Step: Equatable, Sendable {
    /// Drive the three outputs, then let half a period pass. `clock` false is its idle level.
    case drive(select: Bool, clock: Bool, dataOut: Bool)
    /// Look at the far side's data line and `take` its level; no time needs to pass.
    case sample
    /// Everything is done; `received` is complete.
    case finished
  }

  private enum Phase: Sendable { case select, leading, sample, trailing, deselect, finished }

  private let sent: Frame
  /// What came back so far, whole bytes.
  public private(set) var received = Frame()
  private var phase = Phase.select
  private var bit = 0
  private var byte: UInt8 = 0

  /// A transfer of all bytes of `frame` under one selection.
  public init(sending frame: Frame) { sent = frame }

  private var bitOut: Bool { sent[bit / 8] >> UInt8(7 - bit % 8) & 1 == 1 }

  /// The next step; after `.sample`, `take` must have been called.
  public mutating func next() -> Step {
    switch phase {
    case .select:
      phase = sent.isEmpty ? .deselect : .leading
      return .drive(select: true, clock: false, dataOut: false)
    case .leading:
      phase = .sample
      return .drive(select: true, clock: true, dataOut: bitOut)
    case .sample:
      return .sample
    case .trailing:
      let level = bitOut
      bit += 1
      phase = bit == sent.count * 8 ? .deselect : .leading
      return .drive(select: true, clock: false, dataOut: level)
    case .deselect:
      phase = .finished
      return .drive(select: false, clock: false, dataOut: false)
    case .finished:
      return .finished
    }
  }

  /// The level of the far side's data line, as asked for by `.sample`.
  public mutating func take(_ level: Bool) {
    precondition(phase == .sample, "a level that nobody asked for")
    byte = byte << 1 | (level ? 1 : 0)
    if bit % 8 == 7 { received.append(byte) }
    phase = .trailing
  }
}
