extension CategoryAdapter {
  /// Every category the checker knows; one line each.
  static let all: [CategoryAdapter] = [
    .univariate,
    .linearRegression,
    .oneWayAnova,
    .nestedAnova,
    .calibrationLine,
    .calibrationLineUncertainAbscissae,
    .nonlinearRegression,
    .uncertaintyPropagation,
    .monteCarlo,
    .temperature,
    .conformity,
    .keyComparison,
    .calibrationInterval,
    .monitoring,
    .driftKalman,
    .optimalControl,
    .timeFrequency,
  ]
}
