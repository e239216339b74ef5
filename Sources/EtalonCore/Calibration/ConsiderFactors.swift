/// Covariance of a state in factored form, with a systematic part that no measurement may average away.
///
/// The error of the state is x − x̂ = e + V ξ. Its random part e has the covariance U D Uᵀ (U unit upper triangular,
/// D diagonal). Its systematic part is the sensitivity V to *consider* parameters ξ, which are uncorrelated, have mean 0
/// and variance 1 and are never estimated (Schmidt, "Application of state-space methods to navigation problems",
/// Advances in Control Systems 3 (1966) 293). With P = U D Uᵀ + V Vᵀ this is the UD form of the Schmidt-Kalman filter
/// of R. Zanetti and C. D'Souza, "Recursive implementations of the consider filter", AAS 12-619, for consider
/// parameters that are scaled to the unit covariance: their factors there are then the identity and stay so exactly.
///
/// - Measurement update: G. J. Bierman, *Factorization Methods for Discrete Sequential Estimation* (1977), V.3, followed
///   by one rank-one update that turns the gain of known consider parameters into the gain in use. For any gain K the
///   Joseph form gives P(K) = P(K₀) + a (K − K₀)(K − K₀)ᵀ, where K₀ is the optimal gain and a the innovation's variance
///   without the consider part, so the covariance is true for every gain, also for one with rows set to zero.
/// - Time update: each state has dynamics of its own, or grows by one that comes after it, so the general
///   orthogonalisation of Thornton reduces to scalings and to rank-one updates (Agee and Turner, White Sands Missile
///   Range TR 38 (1972)).
///
/// Storage is in place; nothing allocates. `capacity` and `considerCapacity` are the largest numbers of states and of
/// consider parameters; what is in use is set at the start.
@frozen
public struct ConsiderFactors<let capacity: Int, let considerCapacity: Int, Scalar: BinaryFloatingPoint & Sendable>:
  Sendable
{
  /// A vector over the states.
  public typealias StateVector = InlineArray<capacity, Scalar>
  /// A vector over the consider parameters.
  public typealias ConsiderVector = InlineArray<considerCapacity, Scalar>

  /// What one measurement did.
  @frozen public struct Update: Sendable {
    /// Gain in use: the state moves by gain × innovation.
    public let gain: StateVector
    /// Variance of the innovation, with state, consider parameters and noise, before any inflation.
    public let innovationVariance: Scalar
    /// The part of it that comes from the consider parameters.
    public let systematicVariance: Scalar
    @inlinable init(gain: StateVector, innovationVariance: Scalar, systematicVariance: Scalar) {
      self.gain = gain
      self.innovationVariance = innovationVariance
      self.systematicVariance = systematicVariance
    }
  }

  /// Number of states in use.
  public let count: Int
  /// Number of consider parameters in use.
  public let considerCount: Int
  @usableFromInline var unit: InlineArray<capacity, InlineArray<capacity, Scalar>>
  @usableFromInline var diagonal: InlineArray<capacity, Scalar>
  @usableFromInline var sensitivity: InlineArray<capacity, InlineArray<considerCapacity, Scalar>>

  /// A state whose components are uncorrelated with each other and with the consider parameters.
  /// - Parameters:
  ///   - variances: variance of each state, 0 or more; those from `count` on are not used.
  @inlinable
  public init(variances: StateVector, count: Int, considerCount: Int) {
    precondition(count >= 1 && count <= capacity, "more states than the factors hold")
    precondition(considerCount >= 0 && considerCount <= considerCapacity, "more consider parameters than fit")
    self.count = count
    self.considerCount = considerCount
    unit = InlineArray(repeating: InlineArray(repeating: 0))
    diagonal = variances
    sensitivity = InlineArray(repeating: InlineArray(repeating: 0))
    for index in 0..<count {
      precondition(variances[index] >= 0 && variances[index].isFinite, "a variance is finite and not negative")
      unit[index][index] = 1
    }
  }

  // A large value that is not mutated is copied whole for each access to an element; what runs for every sample
  // therefore mutates formally, and works in place.

  /// Covariance of two states, systematic part included.
  @inlinable
  public func covariance(_ first: Int, _ second: Int) -> Scalar {
    var copy = self
    return copy.covarianceInPlace(first, second)
  }

  @inlinable
  mutating func covarianceInPlace(_ first: Int, _ second: Int) -> Scalar {
    var sum: Scalar = 0
    var k = max(first, second)
    while k < count {
      sum += unit[first][k] * diagonal[k] * unit[second][k]
      k += 1
    }
    k = 0
    while k < considerCount {
      sum += sensitivity[first][k] * sensitivity[second][k]
      k += 1
    }
    return sum
  }

  /// Variance of `direction` · x + `consider` · ξ.
  @inlinable
  public func variance(along direction: StateVector, consider: ConsiderVector) -> Scalar {
    var copy = self
    var direction = direction
    var consider = consider
    return copy.varianceInPlace(&direction, &consider)
  }

  @inlinable
  mutating func varianceInPlace(_ direction: inout StateVector, _ consider: inout ConsiderVector) -> Scalar {
    var sum: Scalar = 0
    var j = 0
    while j < count {
      var f = direction[j]
      var i = 0
      while i < j {
        f += unit[i][j] * direction[i]
        i += 1
      }
      sum += diagonal[j] * f * f
      j += 1
    }
    j = 0
    while j < considerCount {
      let f = systematic(&direction, consider[j], j)
      sum += f * f
      j += 1
    }
    return sum
  }

  /// Component k of Vᵀ h + g.
  @inlinable
  mutating func systematic(_ direction: inout StateVector, _ consider: Scalar, _ k: Int) -> Scalar {
    systematic(&direction, consider, k, states: count)
  }

  @inlinable @inline(__always)
  mutating func systematic(_ direction: inout StateVector, _ consider: Scalar, _ k: Int, states: Int) -> Scalar {
    var f = consider
    var i = 0
    while i < states {
      f += sensitivity[i][k] * direction[i]
      i += 1
    }
    return f
  }

  /// Takes a scalar measurement `direction` · x + `consider` · ξ + noise.
  /// - Parameters:
  ///   - noiseVariance: 0 or more.
  ///   - inflation: factor of 1 or more by which the innovation's variance is enlarged in the gain and in the covariance,
  ///     for measurements whose errors are correlated with those of their neighbours.
  ///   - learning: the number of leading states that may move; the gain of the others is 0, their covariance stays true.
  /// - Returns: the gain; nil, with nothing changed, when the innovation has no variance (a second exact measurement of
  ///   what is exactly known).
  @inlinable @inline(__always)
  public mutating func update(
    _ direction: StateVector, consider: ConsiderVector, noiseVariance: Scalar, inflation: Scalar = 1, learning: Int
  ) -> Update? {
    var direction = direction
    var consider = consider
    return update(
      &direction, &consider, noiseVariance: noiseVariance, inflation: inflation, learning: learning)
  }

  @inlinable @inline(__always)
  mutating func update(
    _ direction: inout StateVector, _ consider: inout ConsiderVector, noiseVariance: Scalar, inflation: Scalar,
    learning: Int
  ) -> Update? {
    // Small factors that are full have loops of a known length: they are written out where they are used.
    if isSmall && count == capacity && considerCount == considerCapacity {
      return update(
        &direction, &consider, noiseVariance: noiseVariance, inflation: inflation, learning: learning,
        states: capacity, considered: considerCapacity)
    }
    return updateInUse(
      &direction, &consider, noiseVariance: noiseVariance, inflation: inflation, learning: learning)
  }

  @inlinable @inline(never)
  mutating func updateInUse(
    _ direction: inout StateVector, _ consider: inout ConsiderVector, noiseVariance: Scalar, inflation: Scalar,
    learning: Int
  ) -> Update? {
    update(
      &direction, &consider, noiseVariance: noiseVariance, inflation: inflation, learning: learning, states: count,
      considered: considerCount)
  }

  /// Known when it is compiled.
  @inlinable var isSmall: Bool { capacity <= 4 && considerCapacity <= 4 }

  @inlinable @inline(__always)
  mutating func update(
    _ direction: inout StateVector, _ consider: inout ConsiderVector, noiseVariance: Scalar, inflation: Scalar,
    learning: Int, states count: Int, considered considerCount: Int
  ) -> Update? {
    precondition(noiseVariance >= 0 && inflation >= 1, "a variance is not negative and an inflation not below 1")
    // Uᵀ h and Vᵀ h + g, of which the variance of the innovation consists.
    var projection = StateVector(repeating: 0)
    var systematicPart = ConsiderVector(repeating: 0)
    var randomVariance: Scalar = 0
    var systematicVariance: Scalar = 0
    var j = 0
    while j < count {
      var f = direction[j]
      var i = 0
      while i < j {
        f += unit[i][j] * direction[i]
        i += 1
      }
      projection[j] = f
      randomVariance += diagonal[j] * f * f
      j += 1
    }
    var k = 0
    while k < considerCount {
      let f = systematic(&direction, consider[k], k, states: count)
      systematicPart[k] = f
      systematicVariance += f * f
      k += 1
    }
    let innovationVariance = randomVariance + systematicVariance + noiseVariance
    guard innovationVariance > 0, innovationVariance.isFinite else { return nil }

    // Bierman: the gain and the random part's factors for known consider parameters.
    var gain = StateVector(repeating: 0)
    var alpha = noiseVariance + (inflation - 1) * innovationVariance
    j = 0
    while j < count {
      let f = projection[j]
      let v = diagonal[j] * f
      let before = alpha
      alpha += f * v
      gain[j] = v
      if before > 0 {
        diagonal[j] *= before / alpha
        let lambda = -f / before
        var i = 0
        while i < j {
          let u = unit[i][j]
          unit[i][j] = u + gain[i] * lambda
          gain[i] += v * u
          i += 1
        }
      } else if alpha > 0 {
        // The first direction of an exact measurement becomes exactly known; its column of U counts no longer.
        diagonal[j] = 0
        var i = 0
        while i < j {
          gain[i] += v * unit[i][j]
          i += 1
        }
      }
      j += 1
    }

    // The optimal gain with the consider parameters' part, rows of frozen states set to zero.
    let total = alpha + systematicVariance
    var difference = StateVector(repeating: 0)
    var i = 0
    while i < count {
      let known = alpha > 0 ? gain[i] / alpha : 0
      var used: Scalar = 0
      if i < learning {
        used = gain[i]
        k = 0
        while k < considerCount {
          used += sensitivity[i][k] * systematicPart[k]
          k += 1
        }
        used /= total
      }
      difference[i] = used - known
      gain[i] = used
      k = 0
      while k < considerCount {
        sensitivity[i][k] -= used * systematicPart[k]
        k += 1
      }
      i += 1
    }
    if considerCount > 0 || learning < count { add(difference, weight: alpha, last: count - 1) }
    return Update(
      gain: gain, innovationVariance: innovationVariance, systematicVariance: systematicVariance)
  }

  /// Adds weight · v vᵀ to the covariance of the random part (Agee and Turner); `weight` is 0 or more.
  @inlinable
  public mutating func add(_ vector: StateVector, weight: Scalar) { add(vector, weight: weight, last: count - 1) }

  /// The same for a vector whose components beyond `last` are 0.
  @inlinable @inline(__always)
  mutating func add(_ vector: StateVector, weight: Scalar, last: Int) {
    var v = vector
    var c = weight
    var j = last
    while j >= 0 && c > 0 {
      let a = v[j]
      let before = diagonal[j]
      let after = before + c * a * a
      if after > 0 {
        let beta = c * a / after
        var i = 0
        while i < j {
          v[i] -= a * unit[i][j]
          unit[i][j] += beta * v[i]
          i += 1
        }
        c *= before / after
        diagonal[j] = after
      }
      j -= 1
    }
  }

  /// Adds process noise of the given variance to one state.
  @inlinable @inline(__always)
  public mutating func addNoise(variance: Scalar, to index: Int) {
    guard variance > 0 else { return }
    // The first step of the rank-one update with a unit vector, whose other components are 0.
    let before = diagonal[index]
    let after = before + variance
    diagonal[index] = after
    guard index > 0 else { return }
    let beta = variance / after
    var rest = StateVector(repeating: 0)
    var i = 0
    while i < index {
      rest[i] = -unit[i][index]
      unit[i][index] += beta * rest[i]
      i += 1
    }
    add(rest, weight: variance * (before / after), last: index - 1)
  }

  /// Lets one state follow its own dynamics: x ← `factor` · x + noise of the given variance.
  ///
  /// The state's column of U D Uᵀ is taken out as one term of rank one and put back scaled, which is exact for every
  /// factor, 0 included.
  @inlinable
  public mutating func propagate(_ index: Int, factor: Scalar, noiseVariance: Scalar) {
    guard factor != 1 else {
      addNoise(variance: noiseVariance, to: index)
      return
    }
    var column = StateVector(repeating: 0)
    for i in 0..<index {
      column[i] = unit[i][index]
      unit[i][index] = 0
    }
    column[index] = factor
    let weight = diagonal[index]
    diagonal[index] = noiseVariance
    var k = index + 1
    while k < count {
      unit[index][k] *= factor
      k += 1
    }
    for k in 0..<considerCount { sensitivity[index][k] *= factor }
    add(column, weight: weight, last: index)
  }

  /// Lets one state grow by another: x_first ← x_first + `factor` · x_second, with `first` before `second`.
  ///
  /// The transition is unit upper triangular, so that U stays so and D does not change.
  @inlinable
  public mutating func couple(_ first: Int, to second: Int, factor: Scalar) {
    precondition(first < second && second < count, "a state grows only by one that comes after it")
    for k in second..<count { unit[first][k] += factor * unit[second][k] }
    for k in 0..<considerCount { sensitivity[first][k] += factor * sensitivity[second][k] }
  }

  /// Replaces consider parameter `index` by a new one, independent of it: what the old one left in the state becomes part
  /// of the random errors, and the new one has not touched the state yet.
  @inlinable
  public mutating func renewConsider(_ index: Int) {
    var column = StateVector(repeating: 0)
    for i in 0..<count {
      column[i] = sensitivity[i][index]
      sensitivity[i][index] = 0
    }
    add(column, weight: 1)
  }
}
