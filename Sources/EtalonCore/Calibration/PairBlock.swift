/// Running means of consecutive pairs of one kind.
struct PairBlock: Sendable {
  private(set) var count = 0
  private(set) var hasReference = false
  private(set) var last: Instant?
  private var origin = (reference: 0.0, indication: 0.0)
  private var sum = (reference: 0.0, indication: 0.0)
  private var lowest = Double.infinity
  private var highest = -Double.infinity

  /// Takes one pair in.
  mutating func add(_ pair: Pair, hasReference: Bool) {
    if count == 0 {
      // Sums of differences from the first value keep the digits that a large common offset would cost.
      origin = (pair.reference, pair.indication)
      self.hasReference = hasReference
    }
    count += 1
    last = pair.instant
    sum.reference += pair.reference - origin.reference
    sum.indication += pair.indication - origin.indication
    lowest = min(lowest, pair.indication)
    highest = max(highest, pair.indication)
  }

  var reference: Double { origin.reference + sum.reference / Double(count) }
  var indication: Double { origin.indication + sum.indication / Double(count) }
  var spread: Double { highest - lowest }
}
