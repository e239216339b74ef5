/// What a file declares about a quantity that nobody knows exactly: the distribution of its possible values.
public enum DeclaredDistribution: Sendable, Equatable {
  /// Known, with the given value.
  case fixed(Double)
  /// Normal with the given standard deviation, 0 or more.
  case normal(mean: Double, standardDeviation: Double)
  /// Rectangular on mean ± half-width, half-width 0 or more.
  case rectangular(mean: Double, halfWidth: Double)
  /// Symmetric triangular on mean ± half-width, half-width 0 or more.
  case triangular(mean: Double, halfWidth: Double)

  /// Expectation.
  public var mean: Double {
    switch self {
    case .fixed(let value): value
    case .normal(let mean, _), .rectangular(let mean, _), .triangular(let mean, _): mean
    }
  }

  /// Standard deviation: a/√3 for a rectangular and a/√6 for a triangular distribution of half-width a (JCGM 100,
  /// 4.3.7 and 4.3.9).
  public var standardDeviation: Double {
    switch self {
    case .fixed: 0
    case .normal(_, let standardDeviation): standardDeviation
    case .rectangular(_, let halfWidth): halfWidth / 3.0.squareRoot()
    case .triangular(_, let halfWidth): halfWidth / 6.0.squareRoot()
    }
  }

  /// Root mean square: what a standard deviation counts for whose size is itself uncertain.
  public var rootMeanSquare: Double {
    (mean * mean + standardDeviation * standardDeviation).squareRoot()
  }
}

extension MappingReader {
  /// Reads `{normal: SD}`, `{rectangular: HALF_WIDTH}`, `{triangular: HALF_WIDTH}` or `{fixed: VALUE}`, with an optional
  /// `mean`, under a key that may be there.
  /// - Parameter scale: factor from the unit of `kind` to the one of the result.
  public func distribution(_ key: String, _ kind: QuantityKind, scale: Double = 1) -> DeclaredDistribution? {
    guard let mapping = optional(key)?.mapping() else { return nil }
    let mean = (mapping.optional("mean")?.quantity(kind) ?? 0) * scale
    var result: DeclaredDistribution?
    if let value = mapping.optional("fixed")?.quantity(kind) {
      result = .fixed(value * scale)
    } else if let value = mapping.optional("normal")?.quantity(kind, .notNegative) {
      result = .normal(mean: mean, standardDeviation: value * scale)
    } else if let value = mapping.optional("rectangular")?.quantity(kind, .notNegative) {
      result = .rectangular(mean: mean, halfWidth: value * scale)
    } else if let value = mapping.required("triangular")?.quantity(kind, .notNegative) {
      result = .triangular(mean: mean, halfWidth: value * scale)
    }
    mapping.finish()
    return result
  }
}
