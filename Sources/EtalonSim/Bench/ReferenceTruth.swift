import EtalonMetrology

/// Why no true correction curve can be drawn from certificate points.
public enum ReferenceTruthFault: Error, Equatable, Sendable {
  /// A certificate of `count` points; 1 to 4 are possible.
  case pointCount(Int)
  /// Two points, at the given indices, lie at the same indication.
  case duplicate(Int, Int)
  /// The standard uncertainty of the point at the index is negative or not finite.
  case uncertainty(index: Int, Double)
  /// With this coefficient between every pair, the correlation matrix of `count` points is not positive semidefinite.
  case correlation(Double, count: Int)
}

/// The true correction curve of a reference, as a simulation draws it from the reference's certificate.
///
/// The certificate says: at indication xᵢ the correction is cᵢ with standard uncertainty uᵢ, any two of them correlated
/// with coefficient r. The true corrections at the points are drawn from that multivariate normal distribution, and the
/// polynomial through them is the true curve. Corrected value = indication + correction(indication).
public struct ReferenceTruth: Sendable, Equatable {
  /// The points of a certificate.
  public struct Points: Sendable, Equatable {
    /// One point: indication in °C, correction and its standard uncertainty in kelvin.
    public struct Point: Sendable, Equatable {
      /// Indication in °C.
      public var celsius: Double
      /// Correction in kelvin, to be added to the indication.
      public var correctionKelvin: Double
      /// Standard uncertainty of the correction in kelvin, 0 or more.
      public var standardUncertaintyKelvin: Double
      /// As a certificate states it.
      public init(celsius: Double, correctionKelvin: Double, standardUncertaintyKelvin: Double) {
        self.celsius = celsius
        self.correctionKelvin = correctionKelvin
        self.standardUncertaintyKelvin = standardUncertaintyKelvin
      }
    }

    /// One to four points; the degree of the curve is one less than their number.
    public var points: [Point]
    /// Correlation coefficient between the corrections of any two points, −1...1.
    public var correlation: Double

    /// As a certificate states it.
    public init(points: [Point], correlation: Double) {
      self.points = points
      self.correlation = correlation
    }

    /// A reference of the virtual bench: three points over 0 °C to 60 °C.
    public static let standard = Points(
      points: [
        Point(celsius: 0, correctionKelvin: 0.010, standardUncertaintyKelvin: 0.010),
        Point(celsius: 30, correctionKelvin: -0.004, standardUncertaintyKelvin: 0.010),
        Point(celsius: 60, correctionKelvin: 0.013, standardUncertaintyKelvin: 0.010),
      ], correlation: 0.6)
  }

  /// Indications at which the true corrections were drawn, °C.
  public let celsius: [Double]
  /// True corrections at the points, kelvin.
  public let correctionsKelvin: [Double]
  /// Newton's divided differences of the curve, lowest order first.
  let newton: [Double]

  /// Draws the true corrections of a certificate.
  public static func draw(_ points: Points, using random: inout RandomStream) throws(ReferenceTruthFault)
    -> ReferenceTruth
  {
    let count = points.points.count
    guard (1...4).contains(count) else { throw .pointCount(count) }
    for (index, point) in points.points.enumerated() {
      let u = point.standardUncertaintyKelvin
      guard u >= 0, u.isFinite else { throw .uncertainty(index: index, u) }
    }
    // Lower Cholesky factor of the correlation matrix, row by row. A zero pivot (full correlation) leaves the rest of
    // its column 0, which is right for a semidefinite matrix.
    var factor = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0...row {
        var rest = row == column ? 1 : points.correlation
        for k in 0..<column { rest -= factor[row * count + k] * factor[column * count + k] }
        if row == column {
          guard rest >= -1e-12 else { throw .correlation(points.correlation, count: count) }
          factor[row * count + row] = rest > 1e-12 ? rest.squareRoot() : 0
        } else {
          let pivot = factor[column * count + column]
          factor[row * count + column] = pivot > 0 ? rest / pivot : 0
        }
      }
    }
    let normals = (0..<count).map { _ in random.normal() }
    let drawn = (0..<count).map { row in
      let point = points.points[row]
      let combined = (0...row).reduce(0) { $0 + factor[row * count + $1] * normals[$1] }
      return point.correctionKelvin + point.standardUncertaintyKelvin * combined
    }
    return try ReferenceTruth(celsius: points.points.map(\.celsius), correctionsKelvin: drawn)
  }

  /// The curve through given true corrections.
  public init(celsius: [Double], correctionsKelvin: [Double]) throws(ReferenceTruthFault) {
    guard celsius.count == correctionsKelvin.count, (1...4).contains(celsius.count) else {
      throw .pointCount(celsius.count)
    }
    for i in celsius.indices {
      for j in 0..<i where celsius[i] == celsius[j] { throw .duplicate(j, i) }
    }
    var differences = correctionsKelvin
    for order in 1..<max(1, celsius.count) {
      for i in stride(from: celsius.count - 1, through: order, by: -1) {
        differences[i] = (differences[i] - differences[i - 1]) / (celsius[i] - celsius[i - order])
      }
    }
    self.celsius = celsius
    self.correctionsKelvin = correctionsKelvin
    newton = differences
  }

  /// True correction in kelvin at an indication in °C.
  public func correction(at indication: Double) -> Double {
    var value = newton[newton.count - 1]
    for i in stride(from: newton.count - 2, through: 0, by: -1) {
      value = newton[i] + (indication - celsius[i]) * value
    }
    return value
  }

  /// Indication in °C, before drift and noise, of a reference at the true temperature `celsius`.
  ///
  /// It solves indication + correction(indication) = temperature. Each round shrinks the rest by the slope of the
  /// correction curve, at most some 10⁻³, so that three leave less than 10⁻⁹ K.
  public func indication(at celsius: Double) -> Double {
    var indication = celsius - correction(at: celsius)
    indication = celsius - correction(at: indication)
    return celsius - correction(at: indication)
  }
}
