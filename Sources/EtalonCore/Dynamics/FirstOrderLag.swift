import EtalonMetrology

/// A first-order lag, τ ẏ + y = u, solved exactly for an input that runs straight from one reading to the next.
@frozen
public struct FirstOrderLag: Sendable {
  /// Output at the latest reading; NaN before the first.
  public private(set) var output = Double.nan
  private var input = Double.nan

  /// A lag that has seen nothing.
  public init() {}

  /// Takes the input at `seconds` after the one before; the first starts it at rest.
  /// - Parameter timeConstant: τ in seconds; 0 or less means none.
  public mutating func take(_ value: Double, seconds: Double, timeConstant: Double) {
    defer { input = value }
    guard input.isFinite, timeConstant > 0 else {
      output = value
      return
    }
    let ratio = seconds / timeConstant
    let keep = Elementary.exp(-ratio)
    let mean = ratio > 1e-9 ? (1 - keep) / ratio : 1 - ratio / 2
    output = keep * output + (mean - keep) * input + (1 - mean) * value
  }

  /// Moves the output by `amount`, for a time constant that has become another.
  public mutating func move(by amount: Double) { output += amount }

  /// Forgets everything.
  public mutating func reset() {
    output = .nan
    input = .nan
  }
}
