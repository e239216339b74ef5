/// Correlation coefficients of all inputs, checked to be possible.
struct CorrelationMatrix: Equatable, Sendable {
  let size: Int
  /// Lower triangle by rows with the diagonal; empty where no pair is correlated.
  private let elements: [Double]
  /// Indices of inputs that are correlated with another one, in ascending order.
  let correlated: [Int]

  init(_ inputs: [InputQuantity], _ correlations: [InputCorrelation]) throws(UncertaintyFault) {
    size = inputs.count
    guard !correlations.isEmpty else {
      elements = []
      correlated = []
      return
    }
    var matrix = [Double](repeating: 0, count: size * (size + 1) / 2)
    for i in 0..<size { matrix[Self.position(i, i)] = 1 }
    var seen: Set<Int> = []
    var involved: Set<Int> = []
    for pair in correlations {
      guard let i = inputs.firstIndex(where: { $0.name == pair.first }),
        let j = inputs.firstIndex(where: { $0.name == pair.second }), i != j,
        seen.insert(Self.position(i, j)).inserted
      else { throw .correlationPair(pair.first, pair.second) }
      guard pair.coefficient >= -1, pair.coefficient <= 1 else {
        throw .correlationCoefficient(pair.first, pair.second, pair.coefficient)
      }
      matrix[Self.position(i, j)] = pair.coefficient
      if pair.coefficient != 0 {
        involved.insert(i)
        involved.insert(j)
      }
    }
    elements = matrix
    correlated = involved.sorted()
    if let bad = Self.factor(correlated.count, { matrix[Self.position(correlated[$0], correlated[$1])] }).bad {
      throw .correlationMatrix(input: inputs[correlated[bad]].name)
    }
  }

  private static func position(_ i: Int, _ j: Int) -> Int { i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i }

  subscript(i: Int, j: Int) -> Double {
    if elements.isEmpty { return i == j ? 1 : 0 }
    return elements[Self.position(i, j)]
  }

  /// Groups of inputs connected by correlations, each in ascending order; inputs without correlation are in none.
  var ensembles: [[Int]] {
    if correlated.isEmpty { return [] }
    var left = Set(correlated)
    var groups: [[Int]] = []
    while let first = left.min() {
      var group = [first]
      left.remove(first)
      var next = 0
      while next < group.count {
        for j in left.sorted() where self[group[next], j] != 0 {
          group.append(j)
          left.remove(j)
        }
        next += 1
      }
      groups.append(group.sorted())
    }
    return groups
  }

  /// Lower Cholesky factor by rows (full square) of a matrix with unit diagonal that may be singular, as it is when a
  /// coefficient is ±1; `bad` is the row at which a matrix turns out to be indefinite.
  static func factor(_ n: Int, _ r: (Int, Int) -> Double) -> (lower: [Double], bad: Int?) {
    var lower = [Double](repeating: 0, count: n * n)
    // Published coefficients are rounded to few digits; what rounding in the sums can do is far smaller than this.
    let slack = 1e-12 * Double(n)
    for i in 0..<n {
      for j in 0...i {
        var sum = r(i, j)
        for k in 0..<j { sum -= lower[i * n + k] * lower[j * n + k] }
        if i == j {
          if sum < -slack { return (lower, i) }
          lower[i * n + i] = sum > slack ? sum.squareRoot() : 0
        } else if lower[j * n + j] > 0 {
          lower[i * n + j] = sum / lower[j * n + j]
        } else if abs(sum) > 1e-6 {
          // A null direction must be one for all further rows too.
          return (lower, i)
        }
      }
    }
    return (lower, nil)
  }
}
