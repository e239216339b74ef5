/// The smallest and the largest values of a sample in order, found without sorting the middle.
///
/// Coverage intervals need only the ranks near their end-points. A histogram tells which values can be among them; only
/// those are sorted, by their bits.
struct OrderedTails {
  /// The `count` smallest values, ascending.
  let low: [Double]
  /// The `count` largest values, ascending.
  let high: [Double]

  /// - Parameters:
  ///   - sample: finite values.
  ///   - count: 1 … number of values.
  init(_ sample: UnsafeBufferPointer<Double>, count: Int) {
    precondition(count >= 1 && count <= sample.count)
    var least = sample[0]
    var greatest = sample[0]
    for x in sample {
      least = x < least ? x : least
      greatest = x > greatest ? x : greatest
    }
    guard least < greatest else {
      low = [Double](repeating: least, count: count)
      high = low
      return
    }
    let buckets = 2048
    let factor = Double(buckets) / (greatest - least)
    // A range too wide or too narrow for the quotient.
    guard factor > 0, factor.isFinite else {
      let all = Self.sorted(Array(sample))
      low = Array(all.prefix(count))
      high = Array(all.suffix(count))
      return
    }
    let counts = withUnsafeTemporaryAllocation(of: Int32.self, capacity: buckets) { counts in
      counts.initialize(repeating: 0)
      for x in sample {
        let i = Int((x - least) * factor)
        counts[i < buckets ? i : buckets - 1] += 1
      }
      return Array(counts)
    }
    var lowBucket = 0
    var sum = Int(counts[0])
    while sum < count {
      lowBucket += 1
      sum += Int(counts[lowBucket])
    }
    var lowValues: [Double] = []
    lowValues.reserveCapacity(sum)
    var highBucket = buckets - 1
    sum = Int(counts[highBucket])
    while sum < count {
      highBucket -= 1
      sum += Int(counts[highBucket])
    }
    var highValues: [Double] = []
    highValues.reserveCapacity(sum)
    for x in sample {
      let i = min(buckets - 1, Int((x - least) * factor))
      if i <= lowBucket { lowValues.append(x) }
      if i >= highBucket { highValues.append(x) }
    }
    low = Array(Self.sorted(lowValues).prefix(count))
    high = Array(Self.sorted(highValues).suffix(count))
  }

  /// Ascending order by the bits of the numbers, eleven at a time.
  static func sorted(_ values: [Double]) -> [Double] {
    if values.count < 64 { return values.sorted() }
    var keys = values.map { x -> UInt64 in
      let bits = x.bitPattern
      return bits >> 63 == 1 ? ~bits : bits | 1 << 63
    }
    var other = [UInt64](repeating: 0, count: keys.count)
    let first = keys[0]
    var differing: UInt64 = 0
    for key in keys { differing |= key ^ first }
    for shift in stride(from: UInt64(0), to: 64, by: 11) where (differing >> shift) & 2047 != 0 {
      var positions = [Int32](repeating: 0, count: 2049)
      positions.withUnsafeMutableBufferPointer { positions in
        keys.withUnsafeBufferPointer { keys in
          other.withUnsafeMutableBufferPointer { other in
            for key in keys { positions[Int((key >> shift) & 2047) + 1] += 1 }
            for i in 1...2048 { positions[i] += positions[i - 1] }
            for key in keys {
              let digit = Int((key >> shift) & 2047)
              other[Int(positions[digit])] = key
              positions[digit] += 1
            }
          }
        }
      }
      swap(&keys, &other)
    }
    return keys.map { Double(bitPattern: $0 >> 63 == 1 ? $0 & ~(1 << 63) : ~$0) }
  }
}
