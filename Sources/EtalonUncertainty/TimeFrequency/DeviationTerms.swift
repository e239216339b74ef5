import EtalonMetrology

/// The sums of squares behind the stability statistics, on bare phase.
extension PhaseRecord {
  /// Mean square of the second differences x_{i+2m} − 2 x_{i+m} + x_i with i in steps, and the number of terms.
  func secondDifferences(_ m: Int, step: Int) -> (meanSquare: Double, terms: Int) {
    let last = phase.count - 2 * m
    guard last > 0 else { return (0, 0) }
    if hasGaps {
      return accumulate(from: 0, below: last, step: step) { i in
        guard isUsable(i, step: m, count: 3) else { return nil }
        return (phase[i + 2 * m] - phase[i + m]) - (phase[i + m] - phase[i])
      }
    }
    return phase.withUnsafeBufferPointer { x in
      // Four sums, so that one addition does not wait for the one before it.
      var s0 = 0.0
      var s1 = 0.0
      var s2 = 0.0
      var s3 = 0.0
      var i = 0
      if step == 1 {
        let end = last - last % 4
        while i < end {
          let d0 = (x[i + 2 * m] - x[i + m]) - (x[i + m] - x[i])
          let d1 = (x[i + 1 + 2 * m] - x[i + 1 + m]) - (x[i + 1 + m] - x[i + 1])
          let d2 = (x[i + 2 + 2 * m] - x[i + 2 + m]) - (x[i + 2 + m] - x[i + 2])
          let d3 = (x[i + 3 + 2 * m] - x[i + 3 + m]) - (x[i + 3 + m] - x[i + 3])
          s0 += d0 * d0
          s1 += d1 * d1
          s2 += d2 * d2
          s3 += d3 * d3
          i += 4
        }
      }
      while i < last {
        let d = (x[i + 2 * m] - x[i + m]) - (x[i + m] - x[i])
        s0 += d * d
        i += step
      }
      let terms = (last + step - 1) / step
      return ((s0 + s1 + s2 + s3) / Double(terms), terms)
    }
  }

  /// Mean square of the third differences.
  func thirdDifferences(_ m: Int, step: Int) -> (meanSquare: Double, terms: Int) {
    accumulate(from: 0, below: phase.count - 3 * m, step: step) { i in
      guard !hasGaps || isUsable(i, step: m, count: 4) else { return nil }
      return (phase[i + 3 * m] - phase[i]) - 3 * (phase[i + 2 * m] - phase[i + m])
    }
  }

  /// Mean square of the second differences of m-point means of phase, every m + … window of 3 m points.
  func meanDifferences(_ m: Int) -> (meanSquare: Double, terms: Int) {
    let last = phase.count - 3 * m + 1
    guard last > 0 else { return (0, 0) }
    return phase.withUnsafeBufferPointer { x in
      var window = 0.0
      for i in 0..<m { window += (x[i + 2 * m] - x[i + m]) - (x[i + m] - x[i]) }
      var sum = 0.0
      var terms = 0
      for i in 0..<last {
        if !hasGaps || isWhole(i, i + 3 * m - 1) {
          sum += window * window
          terms += 1
        }
        if i + 1 < last {
          window += (x[i + 3 * m] - x[i]) - 3 * (x[i + 2 * m] - x[i + m])
        }
      }
      let scale = Double(m) * Double(m) * Double(max(terms, 1))
      return (sum / scale, terms)
    }
  }

  /// Mean square of x*_{i−m} − 2 x*_i + x*_{i+m} over the inner points of the record extended by reflection about both
  /// ends (SP 1065, equation 25).
  ///
  /// With gaps the record ends at its first and last datum, and terms that need a missing phase, or phases from both sides
  /// of a missing frequency, are left out, those of the reflected parts included.
  func reflectedDifferences(_ m: Int) -> (meanSquare: Double, terms: Int) {
    let (first, last) = dataRange
    /// The index in the record for one of the extended record, and whether it lies beyond an end.
    func place(_ i: Int) -> (index: Int, end: Int?) {
      if i < first { return (2 * first - i, first) }
      if i > last { return (2 * last - i, last) }
      return (i, nil)
    }
    func extended(_ i: Int) -> Double {
      let (index, end) = place(i)
      return end.map { 2 * phase[$0] - phase[index] } ?? phase[index]
    }
    func isKnown(_ i: Int) -> Bool {
      var least = i
      var greatest = i
      for (index, end) in [place(i - m), (i, nil), place(i + m)] {
        if isMissing(index) { return false }
        least = min(least, index, end ?? index)
        greatest = max(greatest, index, end ?? index)
      }
      return cuts.map { $0[greatest] == $0[least] } ?? true
    }
    // A reflection reaches as far as the record is long.
    guard m <= last - first else { return (0, 0) }
    return accumulate(from: first + 1, below: last, step: 1) { i in
      guard !hasGaps || isKnown(i) else { return nil }
      return (extended(i + m) - phase[i]) - (phase[i] - extended(i - m))
    }
  }

  private func accumulate(
    from start: Int, below end: Int, step: Int, _ term: (Int) -> Double?
  ) -> (meanSquare: Double, terms: Int) {
    var sum = 0.0
    var terms = 0
    var i = start
    while i < end {
      if let value = term(i) {
        sum += value * value
        terms += 1
      }
      i += step
    }
    return terms == 0 ? (0, 0) : (sum / Double(terms), terms)
  }

  /// Modified total variance times 2 τ² (SP 1065, 5.2.12): every run of 3 m phases loses its trend, is reflected to 9 m
  /// points, and all its 6 m second differences of m-point means are used.
  func modifiedTotal(_ m: Int) -> (meanSquare: Double, terms: Int) {
    let length = 3 * m
    let runs = phase.count - length + 1
    guard runs > 0 else { return (0, 0) }
    var run = [Double](repeating: 0, count: 3 * length)
    var sum = 0.0
    var whole = 0
    for start in 0..<runs where !hasGaps || isWhole(start, start + length - 1) {
      whole += 1
      let half = length / 2
      let second = length - half
      var first = 0.0
      var last = 0.0
      for i in 0..<half {
        first += phase[start + i]
        last += phase[start + second + i]
      }
      // The halves' middles are `second` points apart, also when a middle point is left out.
      let slope = (last - first) / Double(half) / Double(second)
      for i in 0..<length {
        let x = phase[start + i] - slope * Double(i)
        run[length + i] = x
        run[length - 1 - i] = x
        run[3 * length - 1 - i] = x
      }
      var window = 0.0
      for i in 0..<m { window += run[i] - 2 * run[i + m] + run[i + 2 * m] }
      var squares = 0.0
      for j in 0..<(6 * m) {
        squares += window * window
        window += (run[j + 3 * m] - run[j]) - 3 * (run[j + 2 * m] - run[j + m])
      }
      sum += squares / Double(6 * m) / (Double(m) * Double(m))
    }
    return whole == 0 ? (0, 0) : (sum / Double(whole), whole)
  }

  /// Thêo1 variance times (m τ₀)² (SP 1065, equation 30 with the factor 1/0.75 that makes it unbiased for white frequency
  /// noise; D. A. Howe and F. Vernotte 2004).
  func theo1Sum(_ m: Int) -> (meanSquare: Double, terms: Int) {
    let runs = phase.count - m
    guard runs > 0 else { return (0, 0) }
    let half = m / 2
    return phase.withUnsafeBufferPointer { x in
      var sum = 0.0
      var whole = 0
      for i in 0..<runs where !hasGaps || isWhole(i, i + m) {
        whole += 1
        for delta in 0..<half {
          let d = (x[i] - x[i - delta + half]) + (x[i + m] - x[i + delta + half])
          sum += d * d / Double(half - delta)
        }
      }
      return whole == 0 ? (0, 0) : (sum / (0.75 * Double(whole)), whole)
    }
  }
}
