import EtalonMetrology

/// Values of one quantity stated by several laboratories, independent of each other.
public struct InterlaboratoryComparison: Equatable, Sendable {
  /// What one laboratory stated.
  public struct Participant: Equatable, Sendable {
    /// Name, unique in the comparison.
    public let name: String
    /// Value.
    public let value: Double
    /// Standard uncertainty, > 0.
    public let standardUncertainty: Double

    /// A participant; it is checked by the comparison.
    public init(name: String, value: Double, standardUncertainty: Double) {
      self.name = name
      self.value = value
      self.standardUncertainty = standardUncertainty
    }
  }

  /// The participants.
  public let participants: [Participant]

  /// - Throws: `.tooFew` for no participant, `.value`, `.uncertainty`, `.duplicateName`.
  public init(_ participants: [Participant]) throws(ComparisonFault) {
    guard !participants.isEmpty else { throw .tooFew(needed: 1, received: 0) }
    var names: Set<String> = []
    for participant in participants {
      guard participant.value.isFinite else { throw .value(participant.value, participant: participant.name) }
      let u = participant.standardUncertainty
      guard u > 0, u.isFinite, (u * u).isNormal else { throw .uncertainty(u, participant: participant.name) }
      guard names.insert(participant.name).inserted else { throw .duplicateName(participant.name) }
    }
    self.participants = participants
  }

  /// Participants named "1", "2", … from lists of equal length.
  public init(values: [Double], standardUncertainties: [Double]) throws(ComparisonFault) {
    guard values.count == standardUncertainties.count else {
      throw .lengthMismatch(
        input: "standardUncertainties", expected: values.count, received: standardUncertainties.count)
    }
    try self.init(
      values.indices.map {
        Participant(name: "\($0 + 1)", value: values[$0], standardUncertainty: standardUncertainties[$0])
      })
  }

  private var count: Double { Double(participants.count) }

  private func needs(_ number: Int) throws(ComparisonFault) {
    guard participants.count >= number else { throw .tooFew(needed: number, received: participants.count) }
  }

  /// Weighted mean with weights 1 / (u_i² + s²), and Σ w (x − mean)² of it.
  private func weighted(betweenVariance s2: Double) -> (consensus: ConsensusValue, sumOfSquares: Double) {
    // Values are taken from the first one, so that a large common part costs no digits.
    let origin = participants[0].value
    var total = 0.0
    var sum = 0.0
    let weights = participants.map { 1 / ($0.standardUncertainty * $0.standardUncertainty + s2) }
    for (weight, participant) in zip(weights, participants) {
      total += weight
      sum += weight * (participant.value - origin)
    }
    let shift = sum / total
    var squares = 0.0
    for (weight, participant) in zip(weights, participants) {
      let difference = (participant.value - origin) - shift
      squares += weight * difference * difference
    }
    let consensus = ConsensusValue(
      value: origin + shift, standardUncertainty: (1 / total).squareRoot(), weights: weights.map { $0 / total },
      betweenVariance: s2)
    return (consensus, squares)
  }

  /// Mean weighted by 1 / u² (Cox 2002, procedure A).
  public func weightedMean() -> ConsensusValue { weighted(betweenVariance: 0).consensus }

  /// Arithmetic mean with the standard deviation of the mean, √(Σ (x − x̄)² / (n (n − 1))).
  /// - Throws: `.tooFew` for fewer than two participants.
  public func arithmeticMean() throws(ComparisonFault) -> ConsensusValue {
    try needs(2)
    let origin = participants[0].value
    let mean = participants.reduce(0) { $0 + ($1.value - origin) } / count
    let squares = participants.reduce(0) { sum, participant in
      let difference = (participant.value - origin) - mean
      return sum + difference * difference
    }
    return ConsensusValue(
      value: origin + mean, standardUncertainty: (squares / (count * (count - 1))).squareRoot(),
      weights: participants.map { _ in 1 / count }, betweenVariance: 0)
  }

  /// Median with the standard uncertainty 1.858 MAD / √(n − 1) (Cox 2002, procedure B; J. W. Müller, J. Res. NIST 105
  /// (2000) 551). The weights are 1/n: which participant stands in the middle is chance, and the covariance of each with
  /// the median of n normal values is σ²/n, because Σ (xᵢ − x̄)² and what else does not depend on the level are
  /// independent of x̄ (Basu) and all participants are alike.
  /// - Throws: `.tooFew` for fewer than two participants.
  public func median() throws(ComparisonFault) -> ConsensusValue {
    try needs(2)
    func median(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : 0.5 * sorted[middle - 1] + 0.5 * sorted[middle]
    }
    let centre = median(participants.map(\.value))
    let mad = median(participants.map { abs($0.value - centre) })
    return ConsensusValue(
      value: centre, standardUncertainty: 1.858 * mad / (count - 1).squareRoot(),
      weights: participants.map { _ in 1 / count }, betweenVariance: 0)
  }

  /// Chi-squared test of consistency about the weighted mean.
  /// - Throws: `.tooFew` for fewer than two participants.
  public func consistency() throws(ComparisonFault) -> ConsistencyTest {
    try needs(2)
    let squares = weighted(betweenVariance: 0).sumOfSquares
    let degrees = participants.count - 1
    do {
      let distribution = try ChiSquare(degreesOfFreedom: Double(degrees))
      return ConsistencyTest(
        chiSquared: squares, degreesOfFreedom: degrees, probability: distribution.upperTail(squares),
        birgeRatio: (squares / Double(degrees)).squareRoot())
    } catch {
      throw .distribution(error)
    }
  }

  /// Random-effects mean with the moment estimate of the variance between laboratories (R. DerSimonian and N. Laird,
  /// Control. Clin. Trials 7 (1986) 177).
  /// - Throws: `.tooFew` for fewer than two participants.
  public func derSimonianLaird() throws(ComparisonFault) -> ConsensusValue {
    try needs(2)
    let q = weighted(betweenVariance: 0).sumOfSquares
    var sum = 0.0
    var squares = 0.0
    for participant in participants {
      let weight = 1 / (participant.standardUncertainty * participant.standardUncertainty)
      sum += weight
      squares += weight * weight
    }
    return weighted(betweenVariance: max(0, (q - (count - 1)) / (sum - squares / sum))).consensus
  }

  /// Random-effects mean with the variance between laboratories at which the weighted sum of squares equals n − 1
  /// (R. C. Paule and J. Mandel, J. Res. NBS 87 (1982) 377); 0 when it is below n − 1 already.
  /// - Throws: `.tooFew` for fewer than two participants, `.noConvergence`.
  public func mandelPaule() throws(ComparisonFault) -> ConsensusValue {
    try needs(2)
    let target = count - 1
    var s2 = 0.0
    // The sum of squares falls and is convex in s², so Newton's method approaches the root from the left.
    for _ in 0..<500 {
      let (consensus, squares) = weighted(betweenVariance: s2)
      let excess = squares - target
      if excess <= 0 { return consensus }
      var slope = 0.0
      for participant in participants {
        let weight = 1 / (participant.standardUncertainty * participant.standardUncertainty + s2)
        let difference = participant.value - consensus.value
        slope += weight * weight * difference * difference
      }
      let step = excess / slope
      if step <= 1e-15 * s2 { return consensus }
      s2 += step
    }
    throw .noConvergence("Mandel-Paule variance between laboratories")
  }

  /// Power-moderated mean (S. Pommé and J. Keightley, Metrologia 52 (2015) S200), used for the key comparison reference
  /// values of the CCRI(II): weights u_ref² / ((u_i² + s²)^(α/2) S^(2−α)) with S = √(n max(u²_AM, u²_MP)).
  /// - Parameter power: α; without it 2 − 3/n, at least 0.
  /// - Throws: `.tooFew` for fewer than two participants, `.parameter` for α outside 0 … 2.
  public func powerModeratedMean(power: Double? = nil) throws(ComparisonFault) -> ConsensusValue {
    try needs(2)
    let alpha = power ?? max(0, 2 - 3 / count)
    guard alpha >= 0, alpha <= 2 else { throw .parameter(name: "power", value: alpha) }
    let mandelPaule = try self.mandelPaule()
    let arithmetic = try arithmeticMean()
    let s2 = mandelPaule.betweenVariance
    let larger = max(
      arithmetic.standardUncertainty * arithmetic.standardUncertainty,
      mandelPaule.standardUncertainty * mandelPaule.standardUncertainty)
    let characteristic = (count * larger).squareRoot()
    var total = 0.0
    let raw = participants.map { participant -> Double in
      let u = (participant.standardUncertainty * participant.standardUncertainty + s2).squareRoot()
      let weight = 1 / (Elementary.pow(u, alpha) * Elementary.pow(characteristic, 2 - alpha))
      total += weight
      return weight
    }
    let origin = participants[0].value
    var shift = 0.0
    for (weight, participant) in zip(raw, participants) { shift += weight / total * (participant.value - origin) }
    return ConsensusValue(
      value: origin + shift, standardUncertainty: (1 / total).squareRoot(), weights: raw.map { $0 / total },
      betweenVariance: s2)
  }

  /// Degrees of equivalence with a reference value made of these participants:
  /// u²(D_i) = (1 − 2 w_i)(u_i² + s²) + u_ref² (Pommé and Keightley 2015, equation 19).
  /// - Throws: `.lengthMismatch` for a consensus of other participants, `.parameter` for a coverage factor not above 0.
  public func degreesOfEquivalence(
    with consensus: ConsensusValue, coverageFactor k: Double = 2
  ) throws(ComparisonFault) -> [DegreeOfEquivalence] {
    guard consensus.weights.count == participants.count else {
      throw .lengthMismatch(input: "consensus", expected: participants.count, received: consensus.weights.count)
    }
    guard k > 0, k.isFinite else { throw .parameter(name: "coverageFactor", value: k) }
    var result: [DegreeOfEquivalence] = []
    for (participant, weight) in zip(participants, consensus.weights) {
      let own =
        participant.standardUncertainty * participant.standardUncertainty + consensus.betweenVariance
      let variance = (1 - 2 * weight) * own + consensus.standardUncertainty * consensus.standardUncertainty
      // A single participant is its own reference: nothing is left to compare.
      guard variance > 0 else { throw .uncertainty(variance, participant: participant.name) }
      let expanded = k * variance.squareRoot()
      let deviation = participant.value - consensus.value
      result.append(
        DegreeOfEquivalence(
          name: participant.name, deviation: deviation, expandedUncertainty: expanded,
          normalisedError: abs(deviation) / expanded))
    }
    return result
  }

  /// The largest subset that passes the chi-squared test (M. G. Cox, Metrologia 44 (2007) 187); among subsets of equal
  /// size the one with the smallest chi-squared.
  /// - Returns: Indices of the participants, ascending.
  /// - Throws: `.tooFew` for fewer than two participants, `.parameter` for more than 16, because all subsets are tried.
  public func largestConsistentSubset(level: Double = 0.05) throws(ComparisonFault) -> [Int] {
    try needs(2)
    guard participants.count <= 16 else { throw .parameter(name: "participants", value: count) }
    guard level > 0, level < 1 else { throw .parameter(name: "level", value: level) }
    var size = participants.count
    while size >= 2 {
      var best: (members: [Int], chiSquared: Double)?
      for mask in 1..<(1 << participants.count) where mask.nonzeroBitCount == size {
        let members = participants.indices.filter { mask >> $0 & 1 == 1 }
        let test = try InterlaboratoryComparison(members.map { participants[$0] }).consistency()
        if test.isConsistent(level: level), test.chiSquared < best?.chiSquared ?? .infinity {
          best = (members, test.chiSquared)
        }
      }
      if let best { return best.members }
      size -= 1
    }
    // No two agree: the participant with the smallest uncertainty stands alone.
    let alone = participants.indices.min {
      participants[$0].standardUncertainty < participants[$1].standardUncertainty
    }
    return [alone ?? 0]
  }
}
