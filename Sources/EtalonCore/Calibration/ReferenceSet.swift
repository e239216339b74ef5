import EtalonMetrology

/// The references' readings of one instant as one, corrected by their certificates.
@frozen @usableFromInline struct FusedReading<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Value minus that at the middle of the response's range.
  @usableFromInline var value: Scalar
  /// Variance of its noise without memory.
  @usableFromInline var noiseVariance: Scalar
  /// Share of each reference in the value; their sum is 1.
  @usableFromInline var weights: InlineArray<3, Scalar>
  @inlinable init(value: Scalar, noiseVariance: Scalar, weights: InlineArray<3, Scalar>) {
    self.value = value
    self.noiseVariance = noiseVariance
    self.weights = weights
  }
}

/// One to three references with their certificates, as the filter needs them.
@frozen @usableFromInline struct ReferenceSet<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  @usableFromInline typealias ConsiderVector = InlineArray<16, Scalar>

  /// One reference.
  @frozen @usableFromInline struct Member: Sendable {
    @usableFromInline let centre: Double
    @usableFromInline let halfSpan: Double
    @usableFromInline let basisCount: Int
    @usableFromInline let correction: Coefficients
    @usableFromInline let drift: Scalar
    @usableFromInline let driftPerSecond: Scalar
    @usableFromInline let gradient: Scalar
    @usableFromInline let noiseDeviation: Double
    /// t = (x + offset) · inverseHalfSpan is the argument of the correction's basis functions.
    @usableFromInline let offset: Scalar
    @usableFromInline let inverseHalfSpan: Scalar
    /// Cholesky factor of the certificate's covariance.
    @usableFromInline let factor: InlineArray<4, InlineArray<4, Scalar>>
    /// First of its consider parameters; those of drift and gradient, −1 where there is none.
    @usableFromInline let column: Int
    @usableFromInline let driftColumn: Int
    @usableFromInline let gradientColumn: Int
    @usableFromInline let noiseVariance: Scalar
  }

  @usableFromInline let count: Int
  @usableFromInline let members: InlineArray<3, Member>
  /// Number of consider parameters of all references.
  @usableFromInline let columns: Int
  @usableFromInline let quantityCentre: Double
  /// Noise of the fused reading, as far as its correlation is a state.
  @usableFromInline let noise: CorrelatedNoise

  init(_ configuration: OnlineCalibrationConfiguration) throws(OnlineCalibrationConfiguration.Fault) {
    let centre = configuration.response.quantityCentre
    quantityCentre = centre
    var next = 0
    let one = try Self.member(configuration.reference, configuration, centre, column: &next)
    var members = InlineArray<3, Member>(repeating: one)
    if let other = configuration.secondReference {
      members[1] = try Self.member(other, configuration, centre, column: &next)
    }
    if let other = configuration.thirdReference {
      members[2] = try Self.member(other, configuration, centre, column: &next)
    }
    self.members = members
    count = configuration.secondReference == nil ? 1 : (configuration.thirdReference == nil ? 2 : 3)
    columns = next
    guard next + 2 <= 16 else { throw .systematicParts(next) }
    noise = configuration.reference.noise
  }

  private static func member(
    _ reference: OnlineCalibrationConfiguration.Reference, _ configuration: OnlineCalibrationConfiguration,
    _ centre: Double, column next: inout Int
  ) throws(OnlineCalibrationConfiguration.Fault) -> Member {
    let lower = try factor(reference)
    let column = next
    next += reference.basisCount
    var drift = -1
    if reference.driftStandardUncertainty > 0 || reference.driftStandardUncertaintyPerSecond > 0 {
      drift = next
      next += 1
    }
    var gradient = -1
    if reference.gradientStandardUncertainty > 0 {
      gradient = next
      next += 1
    }
    var factor = InlineArray<4, InlineArray<4, Scalar>>(repeating: InlineArray(repeating: 0))
    for i in 0..<4 { for j in 0..<4 { factor[i][j] = Scalar(lower[i][j]) } }
    let states =
      configuration.pairsPerBlock == 1
      && (configuration.deviceNoise.correlationTimeSeconds > 0
        || configuration.reference.noise.correlationTimeSeconds > 0)
    return Member(
      centre: reference.centre, halfSpan: reference.halfSpan, basisCount: reference.basisCount,
      correction: reference.correction, drift: Scalar(reference.driftStandardUncertainty),
      driftPerSecond: Scalar(reference.driftStandardUncertaintyPerSecond),
      gradient: Scalar(reference.gradientStandardUncertainty), noiseDeviation: reference.noise.standardDeviation,
      offset: Scalar(centre - reference.centre), inverseHalfSpan: Scalar(1 / reference.halfSpan),
      factor: factor, column: column, driftColumn: drift, gradientColumn: gradient,
      noiseVariance: states
        ? 0
        : Scalar(
          reference.noise.varianceOfMean(count: configuration.pairsPerBlock, periodSeconds: configuration.periodSeconds)
        ))
  }

  /// Cholesky factor of the certificate's covariance; a parameter without uncertainty gives a row of zeros.
  private static func factor(
    _ reference: OnlineCalibrationConfiguration.Reference
  ) throws(OnlineCalibrationConfiguration.Fault) -> InlineArray<4, InlineArray<4, Double>> {
    var lower = InlineArray<4, InlineArray<4, Double>>(repeating: InlineArray(repeating: 0))
    for i in 0..<reference.basisCount {
      for j in 0...i {
        var sum = reference.covariance[i][j]
        guard sum.isFinite else { throw .covariance(row: i) }
        for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
        // Rounding of a covariance of deficient rank leaves a rest of this order.
        let tolerance = 1e-12 * max(reference.covariance[i][i], 0)
        if i == j {
          guard sum >= -tolerance else { throw .covariance(row: i) }
          lower[i][i] = sum > tolerance ? sum.squareRoot() : 0
        } else if lower[j][j] > 0 {
          lower[i][j] = sum / lower[j][j]
        } else {
          let scale = (reference.covariance[i][i] * max(reference.covariance[j][j], 0)).squareRoot()
          guard sum.magnitude <= 1e-9 * scale else { throw .covariance(row: i) }
        }
      }
    }
    return lower
  }

  /// The readings of those references that exist.
  @inlinable @inline(__always)
  func present(_ one: Double, _ two: Double, _ three: Double) -> InlineArray<3, Double> {
    [one, count > 1 ? two : .nan, count > 2 ? three : .nan]
  }

  /// A reading with the certificate's correction, relative to the middle of the response's range.
  @inlinable @inline(__always)
  func corrected(_ reading: Double, _ index: Int) -> Scalar {
    let t = (reading - members[index].centre) / members[index].halfSpan
    var value = reading
    var basis = 1.0
    var power = 0
    while power < members[index].basisCount {
      value += members[index].correction[power] * basis
      basis *= t
      power += 1
    }
    return Scalar(value - quantityCentre)
  }

  /// The reading of the only reference.
  @inlinable @inline(__always)
  func only(_ reading: Double) -> FusedReading<Scalar>? {
    guard reading.isFinite else { return nil }
    return FusedReading(value: corrected(reading, 0), noiseVariance: members[0].noiseVariance, weights: [1, 0, 0])
  }

  /// Sensitivities of a fused reading to the consider parameters where the quantity has the given value.
  ///
  /// They belong to the estimated value, never to the reading: the reading's own noise would be correlated with the
  /// innovation, and the small product of both would, over many thousand blocks, push the response away.
  @inlinable @inline(__always)
  func sensitivities(at x: Scalar, _ fused: FusedReading<Scalar>, age: Double) -> ConsiderVector {
    var consider = ConsiderVector(repeating: 0)
    var index = 0
    while index < count {
      if fused.weights[index] != 0 { add(index, weight: fused.weights[index], at: x, age: age, into: &consider) }
      index += 1
    }
    return consider
  }

  @inlinable @inline(__always)
  func add(_ index: Int, weight: Scalar, at x: Scalar, age: Double, into consider: inout ConsiderVector) {
    let t = (x + members[index].offset) * members[index].inverseHalfSpan
    var basis = weight
    let first = members[index].column
    var row = 0
    while row < members[index].basisCount {
      var column = 0
      while column <= row {
        consider[first + column] -= basis * members[index].factor[row][column]
        column += 1
      }
      basis *= t
      row += 1
    }
    if members[index].driftColumn >= 0 {
      consider[members[index].driftColumn] =
        -weight * (members[index].drift + members[index].driftPerSecond * Scalar(age))
    }
    if members[index].gradientColumn >= 0 {
      consider[members[index].gradientColumn] = -weight * members[index].gradient
    }
  }

  /// Variance of one reference's systematic error where the quantity has the given value.
  func systematicVariance(_ index: Int, at x: Scalar, age: Double) -> Scalar {
    var consider = ConsiderVector(repeating: 0)
    add(index, weight: 1, at: x, age: age, into: &consider)
    var sum: Scalar = 0
    for column in 0..<columns { sum += consider[column] * consider[column] }
    return sum
  }

  /// One reading from several, weighted by the inverse of their variances (the best combination of independent
  /// certificates), without one that the others contradict.
  @usableFromInline func fuse(
    _ readings: InlineArray<3, Double>, age: Double, agreement: inout ReferenceAgreement
  ) -> FusedReading<Scalar>? {
    var values = InlineArray<3, Scalar>(repeating: 0)
    var systematic = InlineArray<3, Double>(repeating: 0)
    var noise = InlineArray<3, Double>(repeating: 0)
    var present = InlineArray<3, Bool>(repeating: false)
    for index in 0..<count where readings[index].isFinite {
      values[index] = corrected(readings[index], index)
      systematic[index] = Double(systematicVariance(index, at: values[index], age: age))
      let deviation = members[index].noiseDeviation
      noise[index] = deviation * deviation
      present[index] = true
    }
    agreement.add(
      values: [Double(values[0]), Double(values[1]), Double(values[2])], present: present, systematic: systematic,
      noise: noise)
    if case .oneDisagrees(let liar) = agreement.verdict { present[liar] = false }
    var weights = InlineArray<3, Scalar>(repeating: 0)
    var total: Scalar = 0
    for index in 0..<count where present[index] {
      // Two exact references share evenly.
      let variance = max(systematic[index] + noise[index], Double.leastNormalMagnitude)
      weights[index] = Scalar(1 / variance)
      total += weights[index]
    }
    guard total > 0 else { return nil }
    var value: Scalar = 0
    var variance: Scalar = 0
    for index in 0..<count where present[index] {
      weights[index] /= total
      value += weights[index] * values[index]
      variance += weights[index] * weights[index] * members[index].noiseVariance
    }
    return FusedReading(value: value, noiseVariance: variance, weights: weights)
  }
}
