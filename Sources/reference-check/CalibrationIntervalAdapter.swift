import EtalonMetrology
import EtalonUncertainty

extension CategoryAdapter {
  /// Calibration intervals from pass and fail data (NCSLI RP-1 A3) and from drifts (NASA-HDBK-8739.19-5).
  static let calibrationInterval = CategoryAdapter(
    category: "calibration-interval",
    rule: { referenceCase, path in
      // The case names its tolerances "rejection" and "reliability".
      if path.contains("rejection_confidence") {
        return referenceCase.tolerance?["rejection"]?.double.map { .absolute($0) }
      }
      if path.contains("reliability_range") {
        return referenceCase.tolerance?["reliability"]?.double.map { .absolute($0) }
      }
      return nil
    },
    evaluate: { referenceCase in
      if let assets = referenceCase.inputs["assets"]?.array {
        return Evaluation(["assets": .array(try assets.map(asset))])
      }
      return try drift(referenceCase)
    })

  private static func asset(_ value: JSONValue) throws -> JSONValue {
    guard let results = value["passfail"]?.doubles, let days = value["I0_days"]?.double,
      let target = value["target"]?.double
    else { throw EvaluationFault.missing("inputs.assets") }
    let test = try IntervalTest(results: results.map { $0 != 0 }, currentDays: days, target: target)
    return .dictionary([
      "interval_days": .number(test.intervalDays), "rejection_confidence": .number(test.rejectionConfidence),
      "reliability_range": .numbers([test.reliabilityRange.lowerBound, test.reliabilityRange.upperBound]),
    ])
  }

  private static func drift(_ referenceCase: ReferenceCase) throws -> Evaluation {
    guard let order = try referenceCase.input("order").int else { throw EvaluationFault.missing("inputs.order") }
    let drift = try DriftInterval(
      days: referenceCase.doubles("days"), deltas: referenceCase.doubles("deltas"), order: order)
    let u0 = try referenceCase.double("u0")
    let y0 = try referenceCase.double("y0")
    let limits = try referenceCase.doubles("limits")
    let confidence = try referenceCase.double("confidence")
    guard limits.count == 2 else { throw EvaluationFault.malformed("inputs.limits", expected: "two limits") }
    func days(_ tolerance: ToleranceInterval) throws -> Double {
      try drift.days(startingAt: y0, initial: u0, tolerance: tolerance, confidence: confidence)
    }
    let covariance = drift.covariance
    return Evaluation([
      "b": .numbers(drift.coefficients),
      "cov": .array(
        (0..<covariance.rowCount).map { r in .numbers((0..<covariance.columnCount).map { covariance[r, $0] }) }),
      "s_yx": .number(drift.residualStandardDeviation),
      "interval_uncertainty_target": .number(
        try drift.days(initial: u0, targetUncertainty: referenceCase.double("u_target"))),
      "interval_reliability_two_sided": .number(
        try days(ToleranceInterval(lower: limits[0], upper: limits[1]))),
      "interval_reliability_upper_only": .number(try days(ToleranceInterval(upper: limits[1]))),
    ])
  }
}
