/// The far side of a serial peripheral interface, clock phase 1, by levels only: it answers with the clock's first edge
/// and takes with the second. The level of the clock at the beginning of a selection is its idle one (modes 1 and 3).
struct SPISlave: Sendable {
  /// What a change of levels meant.
  enum Event: Equatable, Sendable {
    case none
    /// Selected; the first byte follows.
    case begin
    /// A byte has come in whole.
    case byte(UInt8)
    /// No longer selected.
    case end
  }

  private var isSelected = false
  private var idle = false
  private var clock = false
  private var count = 0
  private var incoming: UInt8 = 0
  /// The byte that goes out next; it must be set before its first bit is asked for.
  var outgoing: UInt8 = 0
  /// The level of the data line that the device drives; nil while it is not selected and drives nothing.
  private(set) var dataOut: Bool?

  /// Takes the levels of the lines; several may have changed since the last time.
  mutating func take(selected: Bool, clock level: Bool, data: Bool) -> Event {
    if selected != isSelected {
      isSelected = selected
      idle = level
      clock = level
      count = 0
      dataOut = selected ? false : nil
      return selected ? .begin : .end
    }
    guard isSelected, level != clock else { return .none }
    clock = level
    if level != idle {
      dataOut = outgoing >> UInt8(7 - count) & 1 == 1
      return .none
    }
    incoming = incoming << 1 | (data ? 1 : 0)
    count += 1
    guard count == 8 else { return .none }
    count = 0
    return .byte(incoming)
  }
}
