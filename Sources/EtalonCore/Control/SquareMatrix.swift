/// Arithmetic of small square matrices in place: no allocation, for sizes of a control or identification problem.
enum SquareMatrix<let n: Int> {
  /// A square matrix by rows.
  typealias Square = InlineArray<n, InlineArray<n, Double>>
  /// A vector.
  typealias Vector = InlineArray<n, Double>

  /// The unit matrix.
  static var identity: Square {
    var result = Square(repeating: Vector(repeating: 0))
    for i in 0..<n { result[i][i] = 1 }
    return result
  }

  static func product(_ x: Square, _ y: Square) -> Square {
    var result = Square(repeating: Vector(repeating: 0))
    for i in 0..<n {
      for j in 0..<n {
        var sum = 0.0
        for k in 0..<n { sum += x[i][k] * y[k][j] }
        result[i][j] = sum
      }
    }
    return result
  }

  static func product(_ x: Square, _ y: Vector) -> Vector {
    var result = Vector(repeating: 0)
    for i in 0..<n {
      for k in 0..<n { result[i] += x[i][k] * y[k] }
    }
    return result
  }

  static func transposed(_ x: Square) -> Square {
    var result = x
    for i in 0..<n {
      for j in 0..<n { result[i][j] = x[j][i] }
    }
    return result
  }

  static func largest(_ x: Square) -> Double {
    var size = 0.0
    for i in 0..<n {
      for j in 0..<n { size = max(size, x[i][j].magnitude) }
    }
    return size
  }

  /// w⁻¹ y by elimination with the largest pivot of each column; nil where w is singular.
  static func solved(_ w: Square, _ y: Square) -> Square? {
    var left = w
    var right = y
    for column in 0..<n {
      var pivot = column
      for row in column..<n where left[row][column].magnitude > left[pivot][column].magnitude { pivot = row }
      guard left[pivot][column] != 0, left[pivot][column].isFinite else { return nil }
      if pivot != column {
        let l = left[pivot]
        left[pivot] = left[column]
        left[column] = l
        let r = right[pivot]
        right[pivot] = right[column]
        right[column] = r
      }
      for row in 0..<n where row != column {
        let factor = left[row][column] / left[column][column]
        if factor == 0 { continue }
        for k in column..<n { left[row][k] -= factor * left[column][k] }
        for k in 0..<n { right[row][k] -= factor * right[column][k] }
      }
    }
    for row in 0..<n {
      for k in 0..<n { right[row][k] /= left[row][row] }
    }
    return right
  }
}
