import EtalonMetrology

/// What the factorisations need of a number; `Double` where an iteration corrects itself, `DoubleDouble` where the result
/// of one pass is published.
protocol LinearScalar: Comparable, Sendable {
  init(_ value: Double)
  static var zero: Self { get }
  static prefix func - (a: Self) -> Self
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static func += (a: inout Self, b: Self)
  static func -= (a: inout Self, b: Self)
  func squareRoot() -> Self
  var magnitude: Self { get }
  var doubleValue: Double { get }
  var isFinite: Bool { get }
}

extension Double: LinearScalar {
  var doubleValue: Double { self }
}

extension DoubleDouble: LinearScalar {}
