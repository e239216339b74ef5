import EtalonUncertainty

extension CategoryAdapter {
  /// Riccati equations: inputs named `carex…` are continuous, `darex…` discrete; results carry the name and `_X`.
  static let optimalControl = CategoryAdapter(category: "optimal-control") { referenceCase in
    var results: [JSONValue.Member] = []
    for member in referenceCase.inputs.members ?? [] {
      func matrix(_ name: String) throws -> Matrix {
        // A weight of one input may be given as a number.
        if let number = member.value[name]?.double { return Matrix(diagonal: [number]) }
        guard let rows = member.value[name]?.matrix else {
          throw EvaluationFault.missing("inputs.\(member.name).\(name)")
        }
        return try Matrix(rows: rows, named: name)
      }
      let solution: RiccatiSolution
      if member.name.hasPrefix("carex") {
        solution = try ContinuousRiccati.solve(a: matrix("A"), b: matrix("B"), q: matrix("Q"), r: matrix("R"))
      } else if member.name.hasPrefix("darex") {
        solution = try DiscreteRiccati.solve(a: matrix("A"), b: matrix("B"), q: matrix("Q"), r: matrix("R"))
      } else {
        throw EvaluationFault.unsupported(member.name)
      }
      let x = solution.cost
      let rows = (0..<x.rowCount).map { r in JSONValue.numbers((0..<x.columnCount).map { x[r, $0] }) }
      results.append(JSONValue.Member(name: "\(member.name)_X", value: .array(rows)))
    }
    return Evaluation(results: .object(results))
  }
}
