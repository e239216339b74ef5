/// Judges by the numbers of conversions whether a reading is new.
struct ConversionCounter: Sendable {
  /// The newest number accepted; nil before the first.
  private var newest: UInt32?
  /// A number lower than that, which came last.
  private var lower: UInt32?

  /// Whether `number` is newer than all before, modulo 2³². Two numbers in a row that are lower and count up are taken
  /// as a device that started again, and the second is new.
  mutating func isNew(_ number: UInt32) -> Bool {
    guard let last = newest else {
      newest = number
      return true
    }
    let step = number &- last
    if step > 0 && step <= UInt32.max / 2 {
      newest = number
      lower = nil
      return true
    }
    if step != 0, let before = lower, number > before {
      newest = number
      lower = nil
      return true
    }
    lower = step == 0 ? nil : number
    return false
  }
}
