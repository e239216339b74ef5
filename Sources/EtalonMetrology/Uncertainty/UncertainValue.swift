/// Names an influence: everything that depends on the same influence is correlated through it.
public struct InfluenceIdentity: Equatable, Hashable, Sendable {
  let number: UInt32
}

/// Gives out identities of influences, each once.
public struct InfluenceSource: Sendable {
  private var next: UInt32 = 0

  /// A source that begins with the first identity; values of different sources must not meet.
  public init() {}

  /// An identity that no other value of this source has.
  public mutating func identity() -> InfluenceIdentity {
    next += 1
    return InfluenceIdentity(number: next)
  }
}

/// A value that knows how it depends on its influences, so that correlation through shared ones is right by itself.
///
/// Arithmetic propagates to the first order (GUM 5.1.2, 5.2.2): x − x has uncertainty 0, and two values made with one
/// reference are correlated through it. Use it for results; a loop over samples uses plain numbers.
public struct UncertainValue: Equatable, Sendable {
  /// The part of one influence.
  public struct Component: Equatable, Sendable {
    /// The influence.
    public let influence: InfluenceIdentity
    /// Influences evaluated together share their degrees of freedom; a single one is its own ensemble.
    public let ensemble: InfluenceIdentity
    /// Sensitivity × standard uncertainty of the influence, with sign.
    public let contribution: Double
    /// Degrees of freedom of the ensemble, 1 or more, or infinite.
    public let degreesOfFreedom: Double
  }

  /// Best estimate.
  public let value: Double
  /// The parts, in the order of their identities.
  public let components: [Component]

  init(value: Double, components: [Component]) {
    self.value = value
    self.components = components
  }

  /// An exactly known value.
  public init(exact value: Double) {
    self.init(value: value, components: [])
  }

  /// A value with one influence of its own.
  /// - Parameters:
  ///   - standardUncertainty: 0 or more, finite.
  ///   - degreesOfFreedom: 1 or more, or infinite.
  public init(
    value: Double, standardUncertainty: Double, degreesOfFreedom: Double = .infinity,
    influence: InfluenceIdentity
  ) throws(UncertainValueFault) {
    guard value.isFinite else { throw .notFinite(value) }
    guard standardUncertainty >= 0, standardUncertainty.isFinite else {
      throw .standardUncertainty(standardUncertainty)
    }
    guard degreesOfFreedom >= 1 else { throw .degreesOfFreedom(degreesOfFreedom) }
    self.init(
      value: value,
      components: standardUncertainty == 0
        ? []
        : [
          Component(
            influence: influence, ensemble: influence, contribution: standardUncertainty,
            degreesOfFreedom: degreesOfFreedom)
        ])
  }

  /// Values evaluated together, with a correlation coefficient for each pair (GUM 5.2.3).
  ///
  /// They are written as combinations of independent influences, one for each value.
  /// - Parameters:
  ///   - correlation: full matrix by rows, diagonal 1, symmetric, positive semi-definite.
  public static func ensemble(
    values: [Double], standardUncertainties: [Double], correlation: [Double],
    degreesOfFreedom: Double = .infinity, from source: inout InfluenceSource
  ) throws(UncertainValueFault) -> [UncertainValue] {
    let n = values.count
    guard n > 0, standardUncertainties.count == n, correlation.count == n * n else { throw .shape(expected: n) }
    guard degreesOfFreedom >= 1 else { throw .degreesOfFreedom(degreesOfFreedom) }
    var lower = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      guard values[i].isFinite else { throw .notFinite(values[i]) }
      guard standardUncertainties[i] > 0, standardUncertainties[i].isFinite else {
        throw .standardUncertainty(standardUncertainties[i])
      }
      for j in 0...i {
        let r = correlation[i * n + j]
        guard r >= -1, r <= 1, r == correlation[j * n + i], i != j || r == 1 else {
          throw .correlation(row: i, column: j)
        }
        var sum = r
        for k in 0..<j { sum -= lower[i * n + k] * lower[j * n + k] }
        // Rounding in the sums stays far below this; a singular matrix is one with coefficients of ±1.
        let slack = 1e-12 * Double(n)
        if i == j {
          guard sum >= -slack else { throw .correlation(row: i, column: j) }
          lower[i * n + i] = sum > slack ? sum.squareRoot() : 0
        } else if lower[j * n + j] > 0 {
          lower[i * n + j] = sum / lower[j * n + j]
        } else if sum.magnitude > 1e-6 {
          throw .correlation(row: i, column: j)
        }
      }
    }
    var identities: [InfluenceIdentity] = []
    for _ in 0..<n { identities.append(source.identity()) }
    var results: [UncertainValue] = []
    for i in 0..<n {
      var components: [Component] = []
      for j in 0...i where lower[i * n + j] != 0 {
        components.append(
          Component(
            influence: identities[j], ensemble: identities[0],
            contribution: standardUncertainties[i] * lower[i * n + j], degreesOfFreedom: degreesOfFreedom))
      }
      results.append(UncertainValue(value: values[i], components: components))
    }
    return results
  }

  /// Combined standard uncertainty.
  public var standardUncertainty: Double {
    var sum = 0.0
    for component in components { sum += component.contribution * component.contribution }
    return sum.squareRoot()
  }

  /// Effective degrees of freedom: Welch-Satterthwaite (GUM G.4.1) over ensembles (R. Willink, Metrologia 44 (2007) 340).
  public var degreesOfFreedom: Double {
    let u = standardUncertainty
    guard u > 0 else { return .infinity }
    var sum = 0.0
    for (i, component) in components.enumerated() where component.degreesOfFreedom.isFinite {
      // Each ensemble counts at its first component.
      if components[..<i].contains(where: { $0.ensemble == component.ensemble }) { continue }
      var part = 0.0
      for other in components where other.ensemble == component.ensemble {
        let share = other.contribution / u
        part += share * share
      }
      sum += part * part / component.degreesOfFreedom
    }
    return sum > 0 ? 1 / sum : .infinity
  }

  /// Covariance with another value, through the influences they share.
  public func covariance(with other: UncertainValue) -> Double {
    var sum = 0.0
    var i = 0
    var j = 0
    while i < components.count && j < other.components.count {
      let a = components[i]
      let b = other.components[j]
      if a.influence == b.influence {
        sum += a.contribution * b.contribution
        i += 1
        j += 1
      } else if a.influence.number < b.influence.number {
        i += 1
      } else {
        j += 1
      }
    }
    return sum
  }

  /// Correlation coefficient with another value; 0 where one of them is exact.
  public func correlation(with other: UncertainValue) -> Double {
    let product = standardUncertainty * other.standardUncertainty
    return product > 0 ? max(-1, min(1, covariance(with: other) / product)) : 0
  }

  /// A function of one value from its result and derivative there.
  /// - Throws: `notFinite` where one of them is not a finite number.
  public func mapped(to result: Double, derivative: Double) throws(UncertainValueFault) -> UncertainValue {
    guard result.isFinite else { throw .notFinite(result) }
    guard derivative.isFinite else { throw .notFinite(derivative) }
    return Self.combined(result, self, derivative, UncertainValue(exact: 0), 0)
  }

  /// A function of two values from its result and its two derivatives.
  static func combined(
    _ value: Double, _ a: UncertainValue, _ da: Double, _ b: UncertainValue, _ db: Double
  ) -> UncertainValue {
    var components: [Component] = []
    components.reserveCapacity(a.components.count + b.components.count)
    func add(_ component: Component, _ contribution: Double) {
      if contribution == 0 { return }
      components.append(
        Component(
          influence: component.influence, ensemble: component.ensemble, contribution: contribution,
          degreesOfFreedom: component.degreesOfFreedom))
    }
    var i = 0
    var j = 0
    while i < a.components.count || j < b.components.count {
      if j == b.components.count
        || (i < a.components.count && a.components[i].influence.number < b.components[j].influence.number)
      {
        add(a.components[i], da * a.components[i].contribution)
        i += 1
      } else if i == a.components.count || b.components[j].influence.number < a.components[i].influence.number {
        add(b.components[j], db * b.components[j].contribution)
        j += 1
      } else {
        add(a.components[i], da * a.components[i].contribution + db * b.components[j].contribution)
        i += 1
        j += 1
      }
    }
    return UncertainValue(value: value, components: components)
  }

  /// Sum.
  public static func + (a: UncertainValue, b: UncertainValue) -> UncertainValue {
    combined(a.value + b.value, a, 1, b, 1)
  }

  /// Difference.
  public static func - (a: UncertainValue, b: UncertainValue) -> UncertainValue {
    combined(a.value - b.value, a, 1, b, -1)
  }

  /// Product.
  public static func * (a: UncertainValue, b: UncertainValue) -> UncertainValue {
    combined(a.value * b.value, a, b.value, b, a.value)
  }

  /// Product with an exact factor.
  public static func * (a: Double, b: UncertainValue) -> UncertainValue {
    combined(a * b.value, b, a, UncertainValue(exact: 0), 0)
  }

  /// Quotient.
  /// - Throws: `notFinite` for a divisor of value 0.
  public func divided(by b: UncertainValue) throws(UncertainValueFault) -> UncertainValue {
    let quotient = value / b.value
    guard quotient.isFinite else { throw .notFinite(quotient) }
    return Self.combined(quotient, self, 1 / b.value, b, -quotient / b.value)
  }
}

/// Why an uncertain value cannot be made.
public enum UncertainValueFault: Error, Equatable, Sendable {
  /// A value, a result or a derivative is not a finite number.
  case notFinite(Double)
  /// A standard uncertainty is negative or not finite; zero is refused where a correlation needs it above zero.
  case standardUncertainty(Double)
  /// Degrees of freedom below 1 or not a number.
  case degreesOfFreedom(Double)
  /// Lists of an ensemble have not the length of its values.
  case shape(expected: Int)
  /// The correlation matrix is not symmetric with diagonal 1, or not positive semi-definite, as seen at this element.
  case correlation(row: Int, column: Int)
}
