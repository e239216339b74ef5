/// What a calibration needs from the certificate of its reference: the corrections at the calibrated points with their
/// uncertainties and correlation, and the correction curve between them.
///
/// The curve is a polynomial of degree `points.count − 1`, at most 3, in s = (x − centre) / halfSpan of the certificate's
/// range, so that its coefficients all have the unit of the correction and 32-bit floats can carry them. It is the
/// generalised least-squares fit of the points with their covariance u_i u_j r (JCGM 100, F.1.2.3; ISO/TS 28037 clause 9
/// without errors of the abscissa), which interpolates when there are no more points than coefficients. A correction is
/// added to an indication.
public struct ReferenceCertificate: Equatable, Sendable {
  /// Why a certificate can not be used.
  public enum Fault: Error, Equatable, Sendable {
    /// No point at all.
    case noPoints
    /// A value that is not finite, with the index of its point.
    case notFinite(point: Int)
    /// A standard uncertainty that is not positive, with the index of its point.
    case standardUncertainty(Double, point: Int)
    /// Two points at the same value of the quantity.
    case duplicatePoints(at: Double)
    /// A point outside the range that the certificate states.
    case pointOutsideRange(at: Double, lower: Double, upper: Double)
    /// A range whose bounds are not finite or not in order.
    case range(lower: Double, upper: Double)
    /// A correlation coefficient that makes the covariance matrix of the points not positive definite.
    case notPositiveDefinite(correlation: Double)
    /// Degrees of freedom that are not positive.
    case degreesOfFreedom(Double)
    /// A date of issue after the due date.
    case datesOutOfOrder(issued: CalendarDate, due: CalendarDate)
    /// A date that does not exist or is not written YYYY-MM-DD.
    case date(CalendarDate.Fault)
    /// A value of the quantity for which the certificate says nothing.
    case outsideRange(Double, lower: Double, upper: Double)
  }

  /// One calibrated point.
  @frozen
  public struct Point: Equatable, Sendable {
    /// Value of the quantity, in the unit of the certificate.
    public let at: Double
    /// What must be added to the indication there, in the same unit.
    public let correction: Double
    /// Standard uncertainty (k = 1) of the correction, > 0.
    public let standardUncertainty: Double

    /// A point; it is checked by the certificate.
    @inlinable
    public init(at: Double, correction: Double, standardUncertainty: Double) {
      self.at = at
      self.correction = correction
      self.standardUncertainty = standardUncertainty
    }
  }

  /// Identifier of the certificate.
  public let identifier: String
  /// Serial number of the instrument it was issued for.
  public let instrumentSerial: String
  /// Day of issue.
  public let issued: CalendarDate
  /// Day on which the calibration falls due; the certificate holds on that day still.
  public let due: CalendarDate
  /// Lower end of the range of the quantity.
  public let lowerBound: Double
  /// Upper end of the range of the quantity.
  public let upperBound: Double
  /// The calibrated points, in ascending order.
  public let points: [Point]
  /// Correlation coefficient between the corrections of any two points.
  public let correlation: Double
  /// Degrees of freedom of the standard uncertainties; infinity when they are taken as exact.
  public let degreesOfFreedom: Double
  /// Middle of the range, where s = 0.
  public let centre: Double
  /// Half of the range, so that s runs from −1 to 1; 1 for a range of one value.
  public let halfSpan: Double
  /// Coefficients of s⁰, s¹, … of the correction curve.
  public let coefficients: [Double]
  /// Covariance matrix of the coefficients, row by row.
  public let covariance: [Double]
  /// Weighted sum of squared residuals of the points; 0 within rounding when the curve interpolates.
  public let chiSquared: Double

  /// Checks the facts of a certificate and derives its correction curve.
  /// - Parameters:
  ///   - issued: Day of issue, "YYYY-MM-DD".
  ///   - due: Due date, "YYYY-MM-DD", not before the day of issue.
  ///   - range: Range of the quantity; every point lies in it.
  ///   - correlation: Correlation coefficient between any two points, above −1/(n − 1) and below 1.
  ///   - degreesOfFreedom: Degrees of freedom of the uncertainties, > 0, infinity allowed.
  public init(
    identifier: String, instrumentSerial: String, issued: String, due: String, range: ClosedRange<Double>,
    points: [Point], correlation: Double = 0, degreesOfFreedom: Double = .infinity
  ) throws(Fault) {
    do {
      self.issued = try CalendarDate(parsing: issued)
      self.due = try CalendarDate(parsing: due)
    } catch {
      throw .date(error)
    }
    guard self.issued <= self.due else { throw .datesOutOfOrder(issued: self.issued, due: self.due) }
    let lower = range.lowerBound
    let upper = range.upperBound
    guard lower.isFinite, upper.isFinite, (upper - lower).isFinite else { throw .range(lower: lower, upper: upper) }
    guard degreesOfFreedom > 0 else { throw .degreesOfFreedom(degreesOfFreedom) }
    try Self.check(points, lower, upper)
    let count = points.count
    guard correlation < 1, correlation * Double(count - 1) > -1 else {
      throw .notPositiveDefinite(correlation: correlation)
    }
    self.identifier = identifier
    self.instrumentSerial = instrumentSerial
    self.points = Self.sorted(points)
    self.correlation = correlation
    self.degreesOfFreedom = degreesOfFreedom
    lowerBound = lower
    upperBound = upper
    centre = 0.5 * lower + 0.5 * upper
    halfSpan = upper > lower ? 0.5 * (upper - lower) : 1
    var fit = CorrectionFit(
      self.points, correlation: correlation, centre: centre, halfSpan: halfSpan, columns: Swift.min(count, 4))
    guard fit.solve() else { throw .notPositiveDefinite(correlation: correlation) }
    coefficients = fit.coefficients
    covariance = fit.covariance
    chiSquared = fit.chiSquared
  }

  private static func check(_ points: [Point], _ lower: Double, _ upper: Double) throws(Fault) {
    guard !points.isEmpty else { throw .noPoints }
    for index in points.indices {
      let point = points[index]
      guard point.at.isFinite, point.correction.isFinite else { throw .notFinite(point: index) }
      guard point.standardUncertainty > 0, point.standardUncertainty.isFinite else {
        throw .standardUncertainty(point.standardUncertainty, point: index)
      }
      guard point.at >= lower, point.at <= upper else {
        throw .pointOutsideRange(at: point.at, lower: lower, upper: upper)
      }
      for other in 0..<index where points[other].at == point.at { throw .duplicatePoints(at: point.at) }
    }
  }

  private static func sorted(_ points: [Point]) -> [Point] {
    var ordered: [Point] = []
    for point in points {
      var index = ordered.count
      while index > 0 && ordered[index - 1].at > point.at { index -= 1 }
      ordered.insert(point, at: index)
    }
    return ordered
  }

  /// Degrees of freedom of the fit, against which `chiSquared` is judged; 0 when the curve interpolates.
  public var fitDegreesOfFreedom: Int { points.count - coefficients.count }

  /// Whether the certificate holds on a day: not before its issue and not after its due date.
  public func isValid(on date: CalendarDate) -> Bool { date >= issued && date <= due }

  /// Whether the certificate says something about a value of the quantity.
  public func covers(_ x: Double) -> Bool { x >= lowerBound && x <= upperBound }

  /// s = (x − centre) / halfSpan, −1 … 1.
  public func scaled(_ x: Double) throws(Fault) -> Double {
    guard covers(x) else { throw .outsideRange(x, lower: lowerBound, upper: upperBound) }
    return (x - centre) / halfSpan
  }

  /// The basis functions s⁰, s¹, … at x, as many as there are coefficients.
  public func basis(at x: Double) throws(Fault) -> [Double] {
    let s = try scaled(x)
    var powers = [1.0]
    while powers.count < coefficients.count { powers.append(powers[powers.count - 1] * s) }
    return powers
  }

  /// The correction to add to an indication x.
  public func correction(at x: Double) throws(Fault) -> Double {
    let s = try scaled(x)
    var value = 0.0
    for coefficient in coefficients.reversed() { value = value * s + coefficient }
    return value
  }

  /// Standard uncertainty of the correction at x.
  public func standardUncertainty(at x: Double) throws(Fault) -> Double {
    try covariance(at: x, and: x).squareRoot()
  }

  /// Covariance of the corrections at two values of the quantity.
  public func covariance(at x: Double, and y: Double) throws(Fault) -> Double {
    let s = try scaled(x)
    let t = try scaled(y)
    let n = coefficients.count
    var sum = 0.0
    var power = 1.0
    for row in 0..<n {
      var inner = 0.0
      for column in (0..<n).reversed() { inner = inner * t + covariance[row * n + column] }
      sum += power * inner
      power *= s
    }
    // Rounding may leave a variance a little below 0 where it vanishes.
    return x == y ? Swift.max(sum, 0) : sum
  }
}

/// Generalised least squares of few coefficients: the points are whitened with the Cholesky factor of their covariance
/// and the whitened design is orthogonalised twice (Björck, Numerical Methods for Least Squares Problems, 2.4.5).
private struct CorrectionFit {
  let count: Int
  let columns: Int
  var factor: [Double]
  var design: [Double]
  var right: [Double]
  var coefficients: [Double] = []
  var covariance: [Double] = []
  var chiSquared = 0.0

  init(
    _ points: [ReferenceCertificate.Point], correlation: Double, centre: Double, halfSpan: Double, columns: Int
  ) {
    count = points.count
    self.columns = columns
    factor = [Double](repeating: 0, count: count * count)
    design = [Double](repeating: 1, count: count * columns)
    right = points.map { $0.correction }
    for i in 0..<count {
      for j in 0..<count {
        factor[i * count + j] =
          points[i].standardUncertainty * points[j].standardUncertainty * (i == j ? 1 : correlation)
      }
      let s = (points[i].at - centre) / halfSpan
      for k in 1..<Swift.max(columns, 1) { design[i * columns + k] = design[i * columns + k - 1] * s }
    }
  }

  mutating func solve() -> Bool {
    guard whiten() else { return false }
    var r = [Double](repeating: 0, count: columns * columns)
    for k in 0..<columns {
      let before = norm(k)
      for _ in 0..<2 {
        for j in 0..<k {
          var product = 0.0
          for i in 0..<count { product += design[i * columns + j] * design[i * columns + k] }
          r[j * columns + k] += product
          for i in 0..<count { design[i * columns + k] -= product * design[i * columns + j] }
        }
      }
      let length = norm(k)
      guard length > before * 1e-13, length.isFinite else { return false }
      r[k * columns + k] = length
      for i in 0..<count { design[i * columns + k] /= length }
    }
    backSubstitute(r)
    return true
  }

  private func norm(_ k: Int) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += design[i * columns + k] * design[i * columns + k] }
    return sum.squareRoot()
  }

  /// Cholesky factorisation of the covariance, then forward substitution in the design and the right side.
  private mutating func whiten() -> Bool {
    for j in 0..<count {
      var diagonal = factor[j * count + j]
      let original = diagonal
      for k in 0..<j { diagonal -= factor[j * count + k] * factor[j * count + k] }
      guard diagonal > original * 1e-14 else { return false }
      let root = diagonal.squareRoot()
      factor[j * count + j] = root
      for i in (j + 1)..<Swift.max(count, j + 1) {
        var sum = factor[i * count + j]
        for k in 0..<j { sum -= factor[i * count + k] * factor[j * count + k] }
        factor[i * count + j] = sum / root
      }
    }
    for i in 0..<count {
      for k in 0..<i {
        let f = factor[i * count + k]
        right[i] -= f * right[k]
        for c in 0..<columns { design[i * columns + c] -= f * design[k * columns + c] }
      }
      let f = factor[i * count + i]
      right[i] /= f
      for c in 0..<columns { design[i * columns + c] /= f }
    }
    return true
  }

  /// Coefficients from R c = Qᵀ y and their covariance R⁻¹ R⁻ᵀ.
  private mutating func backSubstitute(_ r: [Double]) {
    var rotated = [Double](repeating: 0, count: columns)
    for k in 0..<columns {
      for i in 0..<count { rotated[k] += design[i * columns + k] * right[i] }
    }
    for i in 0..<count {
      var residual = right[i]
      for k in 0..<columns { residual -= design[i * columns + k] * rotated[k] }
      chiSquared += residual * residual
    }
    var inverse = [Double](repeating: 0, count: columns * columns)
    for c in 0..<columns {
      for i in (0...c).reversed() {
        var sum = i == c ? 1.0 : 0.0
        for k in (i + 1)..<Swift.max(c + 1, i + 1) { sum -= r[i * columns + k] * inverse[k * columns + c] }
        inverse[i * columns + c] = sum / r[i * columns + i]
      }
    }
    coefficients = [Double](repeating: 0, count: columns)
    covariance = [Double](repeating: 0, count: columns * columns)
    for i in 0..<columns {
      for k in i..<columns { coefficients[i] += inverse[i * columns + k] * rotated[k] }
      for j in 0..<columns {
        for k in Swift.max(i, j)..<columns {
          covariance[i * columns + j] += inverse[i * columns + k] * inverse[j * columns + k]
        }
      }
    }
  }
}

extension ReferenceCertificate.Fault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .noPoints: return "the certificate has no points"
    case .notFinite(let index): return "point \(index) (counted from 0) has a value that is not finite"
    case .standardUncertainty(let u, let index):
      return "point \(index) (counted from 0) has the standard uncertainty \(u), which is not positive and finite"
    case .duplicatePoints(let x): return "two points lie at \(x)"
    case .pointOutsideRange(let x, let lower, let upper):
      return "the point at \(x) lies outside the certificate's range \(lower) to \(upper)"
    case .range(let lower, let upper): return "\(lower) to \(upper) is no usable range"
    case .notPositiveDefinite(let r): return "points with a common correlation of \(r) have no valid covariance matrix"
    case .degreesOfFreedom(let n): return "\(n) degrees of freedom are not possible"
    case .datesOutOfOrder(let issued, let due): return "issued \(issued.text), after it was due \(due.text)"
    case .date(let fault): return fault.description
    case .outsideRange(let x, let lower, let upper):
      return "\(x) lies outside the certificate's range \(lower) to \(upper)"
    }
  }
}
