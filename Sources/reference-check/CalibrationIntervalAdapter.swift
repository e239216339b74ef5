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
    guard let days = value["I0_days"]?.double, let target = value["target"]?.double else {
      throw EvaluationFault.missing("inputs.assets: I0_days and target")
    }
    var limits = IntervalTest.Limits()
    if let member = ["conf", "confidence"].lazy.compactMap({ value[$0] }).first {
      guard let confidence = member.double else {
        throw EvaluationFault.malformed("inputs.assets.conf", expected: "a number")
      }
      limits.rejectionConfidence = confidence
    }
    let counts = try history(value)
    let test = try IntervalTest(
      inTolerance: counts.inTolerance, calibrations: counts.calibrations, currentDays: days, target: target,
      limits: limits)
    return .dictionary([
      "interval_days": .number(test.intervalDays), "rejection_confidence": .number(test.rejectionConfidence),
      "reliability_range": .numbers([test.reliabilityRange.lowerBound, test.reliabilityRange.upperBound]),
    ])
  }

  /// The numbers of results, listed one by one or as counts; where both are given they must agree.
  private static func history(_ value: JSONValue) throws -> (inTolerance: Int, calibrations: Int) {
    let inTolerance = value["in_tol"]?.int
    let calibrations = value["n"]?.int
    guard let list = value["passfail"] else {
      guard let inTolerance, let calibrations else {
        throw EvaluationFault.missing("inputs.assets: passfail, or n and in_tol")
      }
      return (inTolerance, calibrations)
    }
    guard let results = list.doubles, results.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw EvaluationFault.malformed("inputs.assets.passfail", expected: "a list of 0 and 1")
    }
    let passed = results.count { $0 == 1 }
    guard inTolerance ?? passed == passed, calibrations ?? results.count == results.count else {
      throw EvaluationFault.malformed("inputs.assets", expected: "n and in_tol that agree with passfail")
    }
    return (passed, results.count)
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
