/// Scores of one result against a reference (ISO 13528:2022, 9.4 to 9.7; ISO/IEC 17043:2023, B.3).
public enum NormalisedError {
  /// E_n = (x − X) / √(U² + U_ref²) with expanded uncertainties; |E_n| ≤ 1 is satisfactory.
  /// - Throws: `.value` or `.uncertainty`, naming "result" or "reference".
  public static func en(
    value: Double, expandedUncertainty: Double, reference: Double, referenceExpandedUncertainty: Double
  ) throws(ComparisonFault) -> Double {
    try ratio(value, expandedUncertainty, reference, referenceExpandedUncertainty)
  }

  /// ζ = (x − X) / √(u² + u_ref²) with standard uncertainties; |ζ| ≤ 2 is satisfactory, ≥ 3 unsatisfactory.
  /// - Throws: `.value` or `.uncertainty`, naming "result" or "reference".
  public static func zeta(
    value: Double, standardUncertainty: Double, reference: Double, referenceStandardUncertainty: Double
  ) throws(ComparisonFault) -> Double {
    try ratio(value, standardUncertainty, reference, referenceStandardUncertainty)
  }

  private static func ratio(_ x: Double, _ u: Double, _ reference: Double, _ v: Double) throws(ComparisonFault)
    -> Double
  {
    guard x.isFinite else { throw .value(x, participant: "result") }
    guard reference.isFinite else { throw .value(reference, participant: "reference") }
    guard u > 0, u.isFinite else { throw .uncertainty(u, participant: "result") }
    // A reference taken as exact has the uncertainty 0.
    guard v >= 0, v.isFinite else { throw .uncertainty(v, participant: "reference") }
    return (x - reference) / (u * u + v * v).squareRoot()
  }
}
