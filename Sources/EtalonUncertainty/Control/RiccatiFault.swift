/// Why an optimal control problem has no solution.
public enum RiccatiFault: Error, Equatable, Sendable {
  /// A matrix with other extents than the problem needs.
  case extent(matrix: String, rows: Int, columns: Int, expectedRows: Int, expectedColumns: Int)
  /// An element that is not finite.
  case notFinite(matrix: String, row: Int, column: Int)
  /// A weight that is not symmetric.
  case notSymmetric(matrix: String)
  /// The weight of the actuators is singular where the method needs its inverse.
  case singularWeight
  /// No stabilising solution was found: the plant is not stabilisable, or a mode on the stability limit is not weighted.
  case notStabilisable
  /// The equation's residual, relative to its terms, stayed above the tolerance.
  case notSolved(relativeResidual: Double)
}

extension RiccatiFault: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .extent(let name, let rows, let columns, let expectedRows, let expectedColumns):
      return "\(name) is \(rows) by \(columns), needed is \(expectedRows) by \(expectedColumns)"
    case .notFinite(let name, let row, let column): return "\(name)[\(row), \(column)] is not finite"
    case .notSymmetric(let name): return "\(name) is not symmetric"
    case .singularWeight: return "the weight R of the input is singular"
    case .notStabilisable: return "no input stabilises the plant, or a mode on the limit is not weighted"
    case .notSolved(let residual): return "the relative residual stayed at \(residual)"
    }
  }
}
