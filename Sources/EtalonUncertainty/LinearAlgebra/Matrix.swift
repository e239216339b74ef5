/// A small dense matrix of `Double`s, stored row by row.
public struct Matrix: Sendable, Equatable {
  /// Number of rows.
  public let rowCount: Int
  /// Number of columns.
  public let columnCount: Int
  /// Elements, row by row; `rowCount · columnCount` of them.
  public private(set) var elements: [Double]

  /// All elements zero.
  public init(rowCount: Int, columnCount: Int) {
    precondition(rowCount >= 0 && columnCount >= 0, "A matrix has no negative extent.")
    self.rowCount = rowCount
    self.columnCount = columnCount
    elements = [Double](repeating: 0, count: rowCount * columnCount)
  }

  /// From its rows.
  /// - Throws: `lengthMismatch` naming the row that is shorter or longer than the first; `notFinite` naming the element.
  public init(rows: [[Double]], named name: String = "matrix") throws(FitFault) {
    let columns = rows.first?.count ?? 0
    self.init(rowCount: rows.count, columnCount: columns)
    for (r, row) in rows.enumerated() {
      guard row.count == columns else {
        throw .lengthMismatch(input: "\(name), row \(r)", expected: columns, received: row.count)
      }
      for (c, element) in row.enumerated() {
        guard element.isFinite else { throw .notFinite(input: "\(name), row \(r)", index: c) }
        self[r, c] = element
      }
    }
  }

  /// A square matrix with this diagonal and zeros elsewhere.
  public init(diagonal: [Double]) {
    self.init(rowCount: diagonal.count, columnCount: diagonal.count)
    for (index, element) in diagonal.enumerated() { self[index, index] = element }
  }

  /// Element in row and column, both counted from 0.
  public subscript(row: Int, column: Int) -> Double {
    get {
      precondition(column >= 0 && column < columnCount, "Column out of range.")
      return elements[row * columnCount + column]
    }
    set {
      precondition(column >= 0 && column < columnCount, "Column out of range.")
      elements[row * columnCount + column] = newValue
    }
  }

  /// The diagonal of a square matrix.
  public var diagonal: [Double] { (0..<min(rowCount, columnCount)).map { self[$0, $0] } }

  /// Rows and columns exchanged.
  public var transposed: Matrix {
    var result = Matrix(rowCount: columnCount, columnCount: rowCount)
    for r in 0..<rowCount { for c in 0..<columnCount { result[c, r] = self[r, c] } }
    return result
  }

  /// Matrix product; the number of columns on the left is the number of rows on the right.
  public static func * (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.columnCount == b.rowCount, "Matrix extents do not match.")
    var result = Matrix(rowCount: a.rowCount, columnCount: b.columnCount)
    for r in 0..<a.rowCount {
      for c in 0..<b.columnCount {
        var sum = 0.0
        for k in 0..<a.columnCount { sum += a[r, k] * b[k, c] }
        result[r, c] = sum
      }
    }
    return result
  }

  /// vᵀ M w of a square matrix: the covariance that the linear forms v and w inherit from a covariance matrix M.
  public func bilinear(_ v: [Double], _ w: [Double]) -> Double {
    precondition(v.count == rowCount && w.count == columnCount, "Vector lengths do not match.")
    var sum = 0.0
    for r in 0..<rowCount {
      for c in 0..<columnCount { sum += v[r] * self[r, c] * w[c] }
    }
    return sum
  }

  /// All elements multiplied.
  public func scaled(by factor: Double) -> Matrix {
    var result = self
    for index in result.elements.indices { result.elements[index] *= factor }
    return result
  }

  /// Checks what a covariance matrix must be: square with `count` rows, finite and symmetric to rounding.
  func checkCovariance(named name: String, count: Int) throws(FitFault) {
    guard rowCount == count else { throw .lengthMismatch(input: name, expected: count, received: rowCount) }
    guard columnCount == count else { throw .lengthMismatch(input: name, expected: count, received: columnCount) }
    for r in 0..<count {
      for c in 0..<count {
        guard self[r, c].isFinite else { throw .notFinite(input: "\(name), row \(r)", index: c) }
        // The larger of the two diagonal elements bounds a covariance, so it sets the scale of a rounding error.
        let scale = max(self[r, r].magnitude, self[c, c].magnitude)
        guard (self[r, c] - self[c, r]).magnitude <= 1e-9 * scale else {
          throw .notSymmetric(input: name, row: r, column: c)
        }
      }
    }
  }
}
