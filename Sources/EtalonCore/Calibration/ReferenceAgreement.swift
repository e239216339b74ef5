/// Whether several references tell the same within what their certificates and noises allow.
///
/// The running means of their differences are compared with the systematic parts: χ² = Σ (mᵢ − m̄)²/Vᵢ with
/// Vᵢ = systematic variance + noise variance/n and weights 1/Vᵢ has as many degrees of freedom as there are references
/// less one (R. T. Birge, Physical Review 40 (1932) 207). Three references tell which one is wrong; of two only that
/// they disagree. A drift that all have in common can not be seen by any comparison.
public struct ReferenceAgreement: Sendable, Equatable {
  /// What the comparison says.
  public enum Verdict: Sendable, Equatable {
    /// Nothing contradicts the certificates.
    case agree
    /// They disagree, and which one is wrong can not be told.
    case disagree
    /// The others agree without this one (0...2, in the order of the configuration); it is left out while this lasts.
    case oneDisagrees(Int)
  }

  /// The present verdict.
  public private(set) var verdict = Verdict.agree
  /// χ² of all references that were read.
  public private(set) var chiSquare = 0.0
  /// Its degrees of freedom.
  public private(set) var degreesOfFreedom = 0

  private var mean: (Double, Double) = (0, 0)
  private var weight = 0.0

  /// Number of readings that the running means remember.
  static let memory = 64.0

  /// Nothing was read yet.
  public init() {}

  /// Whether both have seen the same.
  public static func == (a: Self, b: Self) -> Bool {
    a.verdict == b.verdict && a.chiSquare == b.chiSquare && a.degreesOfFreedom == b.degreesOfFreedom
      && a.mean == b.mean && a.weight == b.weight
  }

  /// 99.9 % quantile of chi-square with one and with two degrees of freedom.
  private static func limit(_ degrees: Int) -> Double { degrees == 1 ? 10.827566170662733 : 13.815510557964274 }

  mutating func add(
    values: InlineArray<3, Double>, present: InlineArray<3, Bool>, systematic: InlineArray<3, Double>,
    noise: InlineArray<3, Double>
  ) {
    // Differences from the first reference: only rows in which all that count were read are comparable.
    guard present[0], present[1] else { return }
    let keep = weight < Self.memory ? weight / (weight + 1) : 1 - 1 / Self.memory
    weight = min(weight + 1, Self.memory)
    mean.0 = keep * mean.0 + (1 - keep) * (values[1] - values[0])
    if present[2] { mean.1 = keep * mean.1 + (1 - keep) * (values[2] - values[0]) }
    let means: InlineArray<3, Double> = [0, mean.0, mean.1]
    func variance(_ index: Int) -> Double {
      max(systematic[index] + noise[index] / weight, Double.leastNormalMagnitude)
    }
    func statistic(without: Int) -> Double {
      var sum = 0.0
      var weights = 0.0
      for index in 0..<3 where present[index] && index != without {
        sum += means[index] / variance(index)
        weights += 1 / variance(index)
      }
      let centre = sum / weights
      var square = 0.0
      for index in 0..<3 where present[index] && index != without {
        square += (means[index] - centre) * (means[index] - centre) / variance(index)
      }
      return square
    }
    degreesOfFreedom = present[2] ? 2 : 1
    chiSquare = statistic(without: -1)
    guard chiSquare > Self.limit(degreesOfFreedom) else {
      verdict = .agree
      return
    }
    guard present[2] else {
      verdict = .disagree
      return
    }
    // The one without which the others agree; when two candidates remain, nobody can tell.
    var liar = -1
    var candidates = 0
    for index in 0..<3 where statistic(without: index) <= Self.limit(1) {
      liar = index
      candidates += 1
    }
    verdict = candidates == 1 ? .oneDisagrees(liar) : .disagree
  }
}
