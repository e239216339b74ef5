import EtalonMetrology

/// How many trials a Monte Carlo makes.
public enum MonteCarloTrials: Equatable, Sendable {
  /// That many, from 1000 to 20 000 000, and at least 100/(1 − p).
  case fixed(Int)
  /// The adaptive procedure of JCGM 101, 7.9.4: blocks of max(10⁴, 100/(1 − p)) trials until estimate, standard
  /// uncertainty and both ends of the symmetric interval are stable, that is, until twice the standard deviation of each
  /// average is at most `fraction` of the numerical tolerance for that many significant digits of u. At least five
  /// blocks are made, so that the standard deviations themselves are known.
  case adaptive(significantDigits: Int = 2, fraction: Double = 1, maximum: Int = 10_000_000)
}

/// How draws are made.
public enum MonteCarloSampling: Equatable, Sendable {
  /// Independent random numbers, as JCGM 101 has it; the fastest draw.
  case random
  /// Points of a randomly shifted lattice: several times fewer draws for the same stability, each somewhat slower to make.
  /// Every draw still has the distributions of the inputs, and the stability is that of independently shifted lattices.
  case lattice
}

/// Distribution of a measurand as a Monte Carlo found it.
public struct MonteCarloResult: Equatable, Sendable {
  /// Counts of values in equal classes, for a plot.
  public struct Histogram: Equatable, Sendable {
    /// Lower end of the first class.
    public let lower: Double
    /// Width of a class; above 0 unless all values are equal.
    public let width: Double
    /// Values in each class.
    public let counts: [Int]
  }

  /// Name of the measurand.
  public let measurand: String
  /// Number of trials made.
  public let trials: Int
  /// Seed that gives the same result again, at any number of threads.
  public let seed: UInt64
  /// Coverage probability asked for.
  public let coverageProbability: Double
  /// Average of the values (JCGM 101, equation 16), or their median where the standard uncertainty does not exist.
  public let estimate: Double
  /// Standard deviation of the values (JCGM 101, equation 17); infinite where it does not exist, because an input has a t
  /// distribution with at most two degrees of freedom (JCGM 101, 6.4.9.5): the intervals stand all the same.
  public let standardUncertainty: Double
  /// Interval with equal probability beyond both ends (JCGM 101, 7.7.2).
  public let symmetricInterval: ClosedRange<Double>
  /// The shortest interval of the coverage probability (JCGM 101, 7.7.3); its ends are values that were drawn.
  public let shortestInterval: ClosedRange<Double>
  /// Whether the distribution has a standard uncertainty.
  public var hasStandardUncertainty: Bool { standardUncertainty.isFinite }
  /// Numerical tolerance that the adaptive procedure had to reach; nil for a fixed number of trials.
  public let numericalTolerance: Double?
  /// Twice the largest standard deviation of the four averages the procedure watches; nil for a fixed number.
  public let stability: Double?
  /// Standard error of the ends of the symmetric interval by the number of trials, the larger of the two; infinite where
  /// the trials are too few to tell. For a fixed number of points of a lattice it is that of random numbers, and too
  /// large.
  public let endStandardError: Double
  /// The values in classes; values beyond six standard deviations count in the outermost ones.
  public let histogram: Histogram

  /// Numerical tolerance for a standard uncertainty of so many significant digits: half a unit of the last one
  /// (JCGM 101, 7.9.2). 0 for u = 0.
  public static func numericalTolerance(of u: Double, significantDigits: Int) -> Double {
    guard u > 0, u.isFinite else { return 0 }
    // The decimal exponent of u; the logarithm may fall on the wrong side of a whole number by its rounding.
    let logarithm = Elementary.log10(u)
    var exponent = Int(logarithm)
    if Double(exponent) > logarithm { exponent -= 1 }
    func ten(_ n: Int) -> Double { Elementary.pow(10, Double(n)) }
    if u >= ten(exponent + 1) { exponent += 1 }
    if u < ten(exponent) { exponent -= 1 }
    return 0.5 * ten(exponent - significantDigits + 1)
  }
}

/// Distribution of several measurands that share inputs (JCGM 102).
public struct JointMonteCarloResult: Equatable, Sendable {
  /// One result for each measurand, in the order of the model.
  public let results: [MonteCarloResult]
  /// Correlation coefficients of the measurands, a full matrix by rows; nil where a standard uncertainty does not exist.
  public let correlations: [[Double]]?
  /// Coverage factor of the ellipsoidal coverage region (y − ŷ)ᵀ V⁻¹ (y − ŷ) ≤ k² that holds the coverage probability of
  /// the values (JCGM 102, 7.7.2 a); nil for a single measurand, or where one measurand follows from the others.
  public let ellipsoidalCoverageFactor: Double?
}

/// Whether the first-order evaluation agrees with the Monte Carlo (JCGM 101, clause 8).
public struct FirstOrderValidity: Equatable, Sendable {
  /// Numerical tolerance δ for the standard uncertainty.
  public let tolerance: Double
  /// |y − U_p − y_low|, the difference at the lower end of the coverage interval.
  public let lowDifference: Double
  /// |y + U_p − y_high|, the difference at the upper end.
  public let highDifference: Double
  /// Standard error of the ends of the Monte Carlo's interval; see `MonteCarloResult.endStandardError`.
  public let endStandardError: Double

  /// What the comparison says.
  public enum Verdict: Equatable, Sendable {
    /// Both differences are within the tolerance.
    case valid
    /// A difference is beyond the tolerance.
    case notValid
    /// The trials are too few for either.
    case undecided
  }

  /// The verdict. It needs ends that are certain to a fifth of the tolerance (JCGM 101, 8.2), unless a difference is
  /// beyond the tolerance by four standard errors, which further trials do not take back.
  public var verdict: Verdict {
    let difference = max(lowDifference, highDifference)
    if difference - 4 * endStandardError > tolerance { return .notValid }
    if endStandardError > tolerance / 5 { return .undecided }
    return difference <= tolerance ? .valid : .notValid
  }

  /// Whether the first order is shown to be valid.
  public var isValid: Bool { verdict == .valid }

  /// The verdict as a sentence for reports.
  public var statement: String {
    let differences = "the ends of the coverage intervals differ by \(lowDifference) and \(highDifference)"
    switch verdict {
    case .valid: return "The first-order (GUM) result is valid: \(differences), within the tolerance \(tolerance)."
    case .notValid:
      return "The first-order (GUM) result is NOT valid: \(differences), beyond the tolerance \(tolerance); "
        + "use the Monte Carlo result."
    case .undecided:
      return
        "Whether the first-order (GUM) result is valid is undecided: too few trials; \(differences) with a standard "
        + "error of \(endStandardError), the tolerance is \(tolerance)."
    }
  }
}

extension MonteCarloResult {
  /// Compares a first-order budget for the same coverage probability with this result, by its symmetric interval.
  /// - Parameter digits: significant digits of the standard uncertainty that are regarded as meaningful, 1 or 2.
  public func validity(of budget: UncertaintyBudget, significantDigits digits: Int = 2) -> FirstOrderValidity {
    precondition(digits >= 1, "a standard uncertainty has at least one significant digit")
    let half = budget.expandedUncertainty
    // The tolerance belongs to the uncertainty of the Monte Carlo where the first order gives none.
    let spread =
      standardUncertainty.isFinite
      ? standardUncertainty : (symmetricInterval.upperBound - symmetricInterval.lowerBound) / 2
    let u = budget.standardUncertainty > 0 ? budget.standardUncertainty : spread
    return FirstOrderValidity(
      tolerance: Self.numericalTolerance(of: u, significantDigits: digits),
      lowDifference: abs(budget.estimate - half - symmetricInterval.lowerBound),
      highDifference: abs(budget.estimate + half - symmetricInterval.upperBound), endStandardError: endStandardError)
  }
}
