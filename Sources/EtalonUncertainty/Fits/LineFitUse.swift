import EtalonMetrology

/// Use of a line from abscissa to ordinate and back, with the uncertainties of the line and of what is put in.
extension LineFit {
  /// A value and its standard uncertainty.
  public struct Estimate: Sendable, Equatable {
    /// The value.
    public let value: Double
    /// Its standard uncertainty, in the same unit.
    public let standardUncertainty: Double
  }

  /// Several values with their full covariance matrix.
  public struct JointEstimate: Sendable, Equatable {
    /// The values.
    public let values: [Double]
    /// Their covariance matrix: the line they share correlates them.
    public let covariance: Matrix
    /// Standard uncertainties of the values.
    public var standardUncertainties: [Double] { covariance.diagonal.map { $0.squareRoot() } }
  }

  /// y = a + b x for an abscissa independent of the fit (ISO/TS 28037 clause 11.2).
  public func value(at x: Double, standardUncertainty: Double = 0) throws(FitFault) -> Estimate {
    let joint = try values(at: [x], covariance: Matrix(diagonal: [standardUncertainty * standardUncertainty]))
    return Estimate(value: joint.values[0], standardUncertainty: joint.standardUncertainties[0])
  }

  /// y = a + b x for several abscissae independent of the fit.
  /// - Parameter covariance: of the abscissae; nil for exact ones.
  public func values(at x: [Double], covariance inputs: Matrix? = nil) throws(FitFault) -> JointEstimate {
    try Weighting.checkFinite(x, named: "x", count: x.count)
    try inputs?.checkCovariance(named: "covariance of x", count: x.count)
    var result = Matrix(rowCount: x.count, columnCount: x.count)
    for r in x.indices {
      for c in x.indices {
        result[r, c] = covariance.bilinear([1, x[r]], [1, x[c]]) + slope * slope * (inputs?[r, c] ?? 0)
      }
    }
    return try Self.joint(x.map { intercept + slope * $0 }, result)
  }

  /// x = (y − a)/b: the quantity that an indication stands for (ISO/TS 28037 clause 11.1).
  /// - Parameters:
  ///   - y: indication, independent of the fit.
  ///   - standardUncertainty: of the indication.
  /// - Throws: `notInvertible` for a slope that does not differ from zero by more than its own standard uncertainty.
  public func inverse(of y: Double, standardUncertainty: Double = 0) throws(FitFault) -> Estimate {
    let joint = try inverses(of: [y], covariance: Matrix(diagonal: [standardUncertainty * standardUncertainty]))
    return Estimate(value: joint.values[0], standardUncertainty: joint.standardUncertainties[0])
  }

  /// x = (y − a)/b for several indications, with the covariances that the shared line and the indications give them.
  /// - Parameter covariance: of the indications; nil for exact ones.
  public func inverses(of y: [Double], covariance inputs: Matrix? = nil) throws(FitFault) -> JointEstimate {
    try Weighting.checkFinite(y, named: "y", count: y.count)
    try inputs?.checkCovariance(named: "covariance of y", count: y.count)
    guard slope.magnitude > slopeStandardUncertainty else {
      throw .notInvertible(
        indication: y.first ?? 0,
        reason: "the slope \(slope) does not differ from zero by more than its uncertainty \(slopeStandardUncertainty)")
    }
    let x = y.map { ($0 - intercept) / slope }
    var result = Matrix(rowCount: y.count, columnCount: y.count)
    for r in y.indices {
      for c in y.indices {
        result[r, c] =
          (covariance.bilinear([1, x[r]], [1, x[c]]) + (inputs?[r, c] ?? 0)) / (slope * slope)
      }
    }
    return try Self.joint(x, result)
  }

  /// Standard deviation of one further observation about the line at an exact abscissa: that of the line and that of the
  /// residuals together (the "prediction" of a single y).
  /// - Throws: `tooFewPoints` where the residuals give no standard deviation.
  public func predictionStandardDeviation(at x: Double) throws(FitFault) -> Double {
    guard method == .ordinary || method == .ordinaryBayesian, let deviation = residualStandardDeviation else {
      throw .tooFewPoints(needed: 3, received: pointCount)
    }
    let line = try value(at: x).standardUncertainty
    return (line * line + deviation * deviation).squareRoot()
  }

  private static func joint(_ values: [Double], _ covariance: Matrix) throws(FitFault) -> JointEstimate {
    for index in values.indices {
      guard values[index].isFinite, covariance[index, index].isFinite else {
        throw .overflow("the estimate \(index) from the line")
      }
      guard covariance[index, index] >= 0 else {
        throw .notPositiveDefinite(input: "covariance of the estimates", index: index)
      }
    }
    return JointEstimate(values: values, covariance: covariance)
  }
}
