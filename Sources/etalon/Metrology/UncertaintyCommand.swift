import ArgumentParser
import EtalonMetrology
import EtalonSession
import EtalonUncertainty
import Foundation

/// `etalon uncertainty`: the budget of a measurement, with the Monte Carlo that tells whether it may be used.
struct UncertaintyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uncertainty",
    abstract: "Evaluate the uncertainty of a measurement after the GUM and by Monte Carlo, side by side.",
    discussion: """
      FILE is JSON with a model and its inputs; '-' is standard input. Each input has an estimate and one of u, U with k \
      or p, rectangular, triangular, arcsine (half-widths), trapezoidal [half-width, top ratio], ctrap [half-width, \
      inexactness], t, exponential, truncated [u, low, high]; or observations; or a column of the file named by data (columns together are \
      correlated as observed); or it is a number, or a text such as "4.999(3) V". Units are checked where all inputs \
      have one.

        {"model": "P = U^2/R", "coverage": 0.95,
         "inputs": {"U": {"observations": [10.02, 10.05, 10.01, 10.04], "unit": "V"},
                    "R": {"estimate": 50.01, "U": 0.02, "k": 2, "unit": "Ω"}}}

      The exit status is 0 also where the first order is not valid; the report says so.
      """)

  @Argument(help: "JSON file; '-' is standard input.")
  var file: String
  @Option(parsing: .unconditional, help: "Coverage probability instead of the one in the file.")
  var coverage: Double?
  @Option(help: "Seed of the Monte Carlo.")
  var seed: UInt64 = 1
  @Option(help: "Number of trials; without it the adaptive procedure of JCGM 101 decides.")
  var trials: Int?
  @Option(help: "Significant digits of u that must be right, 1 or 2.")
  var digits = 2
  @Option(help: "Threads; the result does not depend on them.")
  var threads = 2
  @Flag(help: "Only the first-order budget.")
  var noMonteCarlo = false
  @Option(help: "Write the histogram to this file.")
  var svg: String?
  @Flag(name: .long, help: "Print JSON.")
  var json = false
  @Flag(name: .long, help: "Print CSV.")
  var csv = false

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
    if threads < 1 { throw ValidationError("--threads is 1 or more") }
    if let trials, trials < 1 { throw ValidationError("--trials is 1 or more") }
    if digits != 1 && digits != 2 { throw ValidationError("--digits is 1 or 2") }
    if noMonteCarlo && svg != nil { throw ValidationError("--svg shows the Monte Carlo; leave out --no-monte-carlo") }
  }

  func run() throws {
    let report: UncertaintyReport
    do {
      report = try makeReport(try Self.read(file), directory: Self.directory(of: file))
    } catch let fault as UncertaintyFault {
      switch fault {
      case .divisorThroughZero, .undefinedWithinDistribution:
        throw Fail.with(.badData, "\(file): \(fault); --no-monte-carlo prints the first order, which nothing confirms")
      default: throw Fail.with(.badData, "\(file): \(fault)")
      }
    } catch let fault as DataFault {
      throw Fail.with(.badData, fault.description)
    }
    if let svg {
      guard let picture = report.svg else {
        throw Fail.with(.badData, report.monteCarloRefusal ?? "all values are equal; there is no histogram")
      }
      do {
        try picture.write(toFile: svg, atomically: true, encoding: .utf8)
      } catch {
        throw Fail.with(.inputOutput, "\(svg): \(error.localizedDescription)")
      }
    }
    if json {
      let data = try JSONSerialization.data(withJSONObject: report.json, options: [.prettyPrinted, .sortedKeys])
      print(String(decoding: data, as: UTF8.self))
    } else {
      print(csv ? report.csv : report.text)
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func read(_ path: String) throws -> String {
    if path == "-" { return String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) }
    guard FileManager.default.fileExists(atPath: path) else {
      throw Fail.with(.missingFile, "\(path): there is no such file")
    }
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw Fail.with(.inputOutput, "\(path): \(error.localizedDescription)")
    }
  }

  /// The report that text and options describe.
  func makeReport(_ text: String, directory: String = ".") throws -> UncertaintyReport {
    let measurement = try UncertaintyFile(json: text, path: file, directory: directory)
    let p = coverage ?? measurement.coverage
    let model = measurement.model
    var budgets: [UncertaintyBudget] = []
    var correlations: [[Double]] = []
    var second: [SecondOrderEvaluation?] = []
    var budgetRefusal: String?
    do throws(UncertaintyFault) {
      budgets = try model.budgets(coverage: p)
      correlations = try model.outputCorrelations()
      for i in model.outputs.indices {
        do throws(UncertaintyFault) { second.append(try model.secondOrder(output: i)) } catch {
          // An implicit model, correlated inputs or a kink have no such terms; the report leaves the line out.
          second.append(nil)
        }
      }
    } catch {
      // A kink at the estimates has no first order, but a distribution.
      budgetRefusal = try Self.reason(error, isBearable: !noMonteCarlo && Self.isKink(error))
    }
    var result: JointMonteCarloResult?
    var refusal: String?
    if !noMonteCarlo {
      do throws(UncertaintyFault) {
        result = try monteCarlo(model, budgets, coverage: p)
      } catch {
        // Then the budget stands, but nothing confirms it; the report says why.
        refusal = try Self.reason(error, isBearable: !budgets.isEmpty && Self.leavesTheBudget(error))
      }
    }
    return UncertaintyReport(
      measurands: model.outputs, coverageProbability: p, budgets: budgets, budgetRefusal: budgetRefusal,
      outputCorrelations: correlations, secondOrder: second, monteCarlo: result, monteCarloRefusal: refusal,
      significantDigits: digits, units: measurement.units,
      correlations: measurement.correlations, unitless: measurement.unitless)
  }

  /// A fault as a reason for the report, or the fault itself where the report can not go on without.
  private static func reason(_ fault: UncertaintyFault, isBearable: Bool) throws -> String {
    guard isBearable else { throw fault }
    return fault.description
  }

  private static func isKink(_ fault: UncertaintyFault) -> Bool {
    if case .model(_, .notDifferentiable) = fault { return true }
    return false
  }

  /// Whether the fault of a Monte Carlo says nothing against the model.
  private static func leavesTheBudget(_ fault: UncertaintyFault) -> Bool {
    switch fault {
    case .notStable, .correlatedDistribution: return true
    default: return false
    }
  }

  /// The Monte Carlo by the given number of trials, or by as many as its verdicts need.
  private func monteCarlo(
    _ model: MeasurementModel, _ budgets: [UncertaintyBudget], coverage p: Double
  ) throws(UncertaintyFault) -> JointMonteCarloResult {
    func run(_ trials: MonteCarloTrials) throws(UncertaintyFault) -> JointMonteCarloResult {
      try model.jointMonteCarlo(coverage: p, seed: seed, trials: trials, threads: threads)
    }
    if let trials { return try run(.fixed(trials)) }
    let most = 20_000_000
    // Stable results first: most first orders that are not valid show it here, and what never becomes stable stops here.
    let stable: JointMonteCarloResult
    do throws(UncertaintyFault) {
      stable = try run(.adaptive(significantDigits: digits))
    } catch {
      guard case .notStable = error else { throw error }
      // Without a variance the ends of the interval settle slowly; they stand with the standard error that the trials give.
      let long = try run(.fixed(2_000_000))
      guard long.results.contains(where: { !$0.hasStandardUncertainty }) else { throw error }
      return long
    }
    let isDecided = zip(stable.results, budgets).allSatisfy {
      $0.validity(of: $1, significantDigits: digits).verdict != .undecided
    }
    if isDecided { return stable }
    // JCGM 101, 8.2: a comparison needs a Monte Carlo that is stable to a fifth of the tolerance.
    do throws(UncertaintyFault) {
      return try run(.adaptive(significantDigits: digits, fraction: 0.2, maximum: most))
    } catch .notStable {
      return try run(.fixed(most))
    }
  }
}
