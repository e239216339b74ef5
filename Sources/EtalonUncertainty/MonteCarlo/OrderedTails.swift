/// The smallest and the largest values of a sample in order, found without sorting the middle.
///
/// Coverage intervals need only the ranks near their end-points. A histogram tells which values can be among them; only
/// those are sorted, by their bits. The result does not depend on the number of threads.
struct OrderedTails {
  /// The `count` smallest values, ascending.
  let low: [Double]
  /// The `count` largest values, ascending.
  let high: [Double]

  fileprivate static let buckets = 2048

  /// - Parameters:
  ///   - sample: finite values.
  ///   - count: 1 … number of values.
  ///   - range: smallest and largest value, where they are known.
  init(_ sample: UnsafeBufferPointer<Double>, count: Int, range: ClosedRange<Double>? = nil, threads: Int = 1) {
    precondition(count >= 1 && count <= sample.count)
    let range = range ?? Self.range(of: sample)
    guard range.lowerBound < range.upperBound else {
      low = [Double](repeating: range.lowerBound, count: count)
      high = low
      return
    }
    let factor = Double(Self.buckets) / (range.upperBound - range.lowerBound)
    // A range too wide or too narrow for the quotient.
    guard factor > 0, factor.isFinite else {
      let all = Self.sorted(Array(sample))
      low = Array(all.prefix(count))
      high = Array(all.suffix(count))
      return
    }
    let classes = Classes(least: range.lowerBound, factor: factor)
    let parts = sample.count < 100_000 ? 1 : threads
    let counts = Self.count(sample, classes, parts: parts)
    var lowBucket = 0
    var sum = Int(counts[0])
    while sum < count {
      lowBucket += 1
      sum += Int(counts[lowBucket])
    }
    let lowCount = sum
    var highBucket = Self.buckets - 1
    sum = Int(counts[highBucket])
    while sum < count {
      highBucket -= 1
      sum += Int(counts[highBucket])
    }
    let (lowValues, highValues) = Self.extract(
      sample, classes, upTo: lowBucket, lowCount, from: highBucket, sum, parts: parts)
    let ordered = SharedParts<[Double]>(count: 2, repeating: [])
    defer { ordered.deallocate() }
    Parallel.run(2, threads: parts) { part in
      ordered.base[part] = Self.sorted(part == 0 ? lowValues : highValues)
    }
    low = Array(ordered.base[0].prefix(count))
    high = Array(ordered.base[1].suffix(count))
  }

  /// Equal classes over the range of the sample.
  private struct Classes: Sendable {
    let least: Double
    let factor: Double

    @inline(__always)
    func callAsFunction(_ x: Double) -> Int {
      let i = Int((x - least) * factor)
      return i < OrderedTails.buckets ? i : OrderedTails.buckets - 1
    }
  }

  private static func range(of sample: UnsafeBufferPointer<Double>) -> ClosedRange<Double> {
    var least = sample[0]
    var greatest = sample[0]
    for x in sample {
      least = x < least ? x : least
      greatest = x > greatest ? x : greatest
    }
    return least...greatest
  }

  private static func bounds(_ part: Int, _ parts: Int, _ count: Int) -> Range<Int> {
    (part * count / parts)..<((part + 1) * count / parts)
  }

  private static func count(_ sample: UnsafeBufferPointer<Double>, _ classes: Classes, parts: Int) -> [Int32] {
    let counts = SharedParts<Int32>(count: parts * buckets, repeating: 0)
    defer { counts.deallocate() }
    let shared = SharedSample(values: sample)
    Parallel.run(parts, threads: parts) { part in
      let own = counts.base + part * buckets
      for i in bounds(part, parts, shared.values.count) { own[classes(shared.values[i])] += 1 }
    }
    return (0..<buckets).map { bucket in
      var sum: Int32 = 0
      for part in 0..<parts { sum += counts.base[part * buckets + bucket] }
      return sum
    }
  }

  private static func extract(
    _ sample: UnsafeBufferPointer<Double>, _ classes: Classes, upTo lowBucket: Int, _ lowCount: Int,
    from highBucket: Int, _ highCount: Int, parts: Int
  ) -> (low: [Double], high: [Double]) {
    let found = SharedParts<(low: [Double], high: [Double])>(count: parts, repeating: ([], []))
    defer { found.deallocate() }
    let shared = SharedSample(values: sample)
    Parallel.run(parts, threads: parts) { part in
      var low: [Double] = []
      var high: [Double] = []
      low.reserveCapacity(lowCount / parts + lowCount / 8 + 16)
      high.reserveCapacity(highCount / parts + highCount / 8 + 16)
      for i in bounds(part, parts, shared.values.count) {
        let x = shared.values[i]
        let bucket = classes(x)
        if bucket > lowBucket && bucket < highBucket { continue }
        if bucket <= lowBucket { low.append(x) }
        if bucket >= highBucket { high.append(x) }
      }
      found.base[part] = (low, high)
    }
    var low = found.base[0].low
    var high = found.base[0].high
    for part in 1..<max(1, parts) {
      low += found.base[part].low
      high += found.base[part].high
    }
    return (low, high)
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
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2049) { positions in
        positions.initialize(repeating: 0)
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
