/// A small dense linear system, solved by elimination with partial pivoting.
struct LinearSystem {
  let count: Int
  private var elements: [Double]

  init(count: Int) {
    self.count = count
    elements = [Double](repeating: 0, count: count * count)
  }

  init(_ matrix: Matrix) {
    count = matrix.rowCount
    elements = matrix.elements
  }

  subscript(row: Int, column: Int) -> Double {
    get { elements[row * count + column] }
    set { elements[row * count + column] = newValue }
  }

  /// The solution for one right side, or nil for a singular matrix.
  func solve(_ right: [Double]) -> [Double]? { solve(columns: [right])?.first }

  /// The solutions for several right sides, or nil for a singular matrix.
  func solve(columns: [[Double]]) -> [[Double]]? {
    var a = elements
    var b = columns
    for pivot in 0..<count {
      var best = pivot
      for row in pivot..<count where abs(a[row * count + pivot]) > abs(a[best * count + pivot]) { best = row }
      let divisor = a[best * count + pivot]
      guard divisor != 0, divisor.isFinite else { return nil }
      if best != pivot {
        for column in 0..<count { a.swapAt(best * count + column, pivot * count + column) }
        for index in b.indices { b[index].swapAt(best, pivot) }
      }
      for row in (pivot + 1)..<max(count, pivot + 1) {
        let factor = a[row * count + pivot] / divisor
        if factor == 0 { continue }
        for column in pivot..<count { a[row * count + column] -= factor * a[pivot * count + column] }
        for index in b.indices { b[index][row] -= factor * b[index][pivot] }
      }
    }
    for index in b.indices {
      for row in (0..<count).reversed() {
        var sum = b[index][row]
        for column in (row + 1)..<max(count, row + 1) { sum -= a[row * count + column] * b[index][column] }
        b[index][row] = sum / a[row * count + row]
        guard b[index][row].isFinite else { return nil }
      }
    }
    return b
  }
}
