import ArgumentParser
import EtalonMetrology
import EtalonSession
import EtalonUncertainty
import Foundation

/// `etalon fit`: lines, polynomials and nonlinear models with the covariance of their parameters, in both directions.
struct FitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Fit a line, a polynomial or any model to data, and use it in both directions.",
    discussion: """
      FILE is CSV with a line of names, or JSON with a list of numbers for each name; '-' is standard input. An uncertainty \
      is a column's name or a number that holds for all points. With --ux the abscissae are uncertain too (ISO/TS 28037 \
      clause 7); without any uncertainty the residuals give it. A model names its parameters freely: every name that is \
      no column is sought, from the values of --start. Status 1 when chi-squared contradicts the stated uncertainties. The \
      picture has bars of one standard uncertainty and a band of two standard uncertainties of the curve.

        etalon fit data.csv --x t --y R --uy 0.005 --at 25 --inverse 109.7
        etalon fit data.csv --degree 3 --svg fit.svg
        etalon fit data.csv --model 'y = b1*(1 - exp(-b2*x))' --start b1=500,b2=0.0001
      """)

  @Argument(help: "CSV or JSON file; '-' is standard input.")
  var file: String
  @Option(help: "Column of the abscissae.")
  var x: String?
  @Option(help: "Column of the ordinates.")
  var y: String?
  @Option(parsing: .unconditional, help: "Standard uncertainty of the abscissae: a column or a number.")
  var ux: String?
  @Option(parsing: .unconditional, help: "Standard uncertainty of the ordinates: a column or a number.")
  var uy: String?
  @Option(help: "Column of weights, proportional to 1/u².")
  var weights: String?
  @Option(help: "Degree of the polynomial (1 is a straight line).")
  var degree = 1
  @Option(help: "Equation to be fitted, such as 'y = a*exp(-b*x)'.")
  var model: String?
  @Option(parsing: .singleValue, help: "Starting values of a model's parameters: name=value, several with commas.")
  var start: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: "Abscissae at which the curve is wanted, with commas between; 25±0.1 for an uncertain one.")
  var at: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: "Ordinates whose abscissae are wanted, with commas between; 10.5±0.5 for an uncertain one.")
  var inverse: [String] = []
  @Option(help: "Write the plot to this file.")
  var svg: String?
  @Flag(name: .long, help: "Print JSON.")
  var json = false
  @Flag(name: .long, help: "Print CSV.")
  var csv = false

  func validate() throws {
    if json && csv { throw ValidationError("give --json or --csv, not both") }
    if model != nil && (weights != nil && uy != nil) { throw ValidationError("give --weights or --uy, not both") }
    if weights != nil && (ux != nil || uy != nil) { throw ValidationError("give --weights or uncertainties, not both") }
    if model != nil && ux != nil { throw ValidationError("--ux is for straight lines; a model takes --uy") }
    if model != nil && !inverse.isEmpty {
      throw ValidationError(
        "--inverse is for lines and polynomials; solve the model for its predictor, or fit --degree over a short range")
    }
    if model != nil && start.isEmpty { throw ValidationError("--model needs starting values: --start name=value") }
    if model == nil && !start.isEmpty { throw ValidationError("--start belongs to --model") }
    if ux != nil && degree != 1 { throw ValidationError("--ux is for straight lines (degree 1)") }
  }

  func run() throws {
    let report: FitReport
    do {
      report = try makeReport(try DataTable.read(file))
    } catch let fault as FitFault {
      throw Fail.with(.badData, "\(file): \(fault)")
    } catch let fault as DataFault {
      throw Fail.with(.badData, fault.description)
    }
    if let svg {
      guard let picture = report.svg else { throw Fail.with(.badData, "a model with several predictors has no plot") }
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
    // As `compare`: measured, and the results contradict what is stated about them.
    if let consistency = report.consistency, !consistency.isConsistent {
      throw ArgumentParser.ExitCode(EtalonSession.ExitCode.nonconforming.rawValue)
    }
  }

  /// The fit that the options describe.
  func makeReport(_ table: DataTable) throws -> FitReport {
    if let model { return try nonlinear(model, table) }
    let abscissae = try column(x, defaults: ["x"], position: 0, table)
    let ordinates = try column(y, defaults: ["y"], position: 1, table)
    let count = table.rowCount
    let xUncertainties = try ux.map { try uncertainties($0, of: abscissae, table, count) }
    let yUncertainties = try uy.map { try uncertainties($0, of: ordinates, table, count) }
    var report: FitReport
    if let xUncertainties {
      let line = try LineFit.generalisedDistance(
        x: abscissae.values, y: ordinates.values, xStandardUncertainties: xUncertainties,
        yStandardUncertainties: yUncertainties ?? [Double](repeating: 0, count: count))
      report = try lineReport(line)
    } else {
      var weighting = Weighting.equal
      if let weights { weighting = .relative(try table.column(weights, of: file).values) }
      if let yUncertainties { weighting = .standardUncertainties(yUncertainties) }
      let fit = try PolynomialFit.fit(x: abscissae.values, y: ordinates.values, weighting: weighting, degree: degree)
      report = try polynomialReport(fit, weighting)
    }
    report.xName = abscissae.name
    report.yName = ordinates.name
    report.xUnit = abscissae.unit
    report.yUnit = ordinates.unit
    report.x = abscissae.values
    report.y = ordinates.values
    report.xUncertainties = xUncertainties
    report.yUncertainties = yUncertainties
    return report
  }

  // MARK: - Lines and polynomials

  private func lineReport(_ line: LineFit) throws -> FitReport {
    var report = FitReport(
      method: "generalised distance regression, stated uncertainties of both coordinates (ISO/TS 28037 clause 7)",
      equation: "y = a + b x", names: ["a", "b"], parameters: [line.intercept, line.slope], covariance: line.covariance,
      residuals: line.residuals, residualSumOfSquares: line.residualSumOfSquares,
      residualStandardDeviation: line.residualStandardDeviation, degreesOfFreedom: line.degreesOfFreedom, rSquared: nil,
      consistency: line.degreesOfFreedom > 0 ? try line.consistency() : nil, estimatesFromResiduals: false)
    report.forward = try listed(at).map { text in
      let (value, u) = try uncertain(text)
      let estimate = try line.value(at: value, standardUncertainty: u)
      return .init(input: value, inputUncertainty: u, value: estimate.value, uncertainty: estimate.standardUncertainty)
    }
    report.inverse = try listed(inverse).map { text in
      let (value, u) = try uncertain(text)
      let estimate = try line.inverse(of: value, standardUncertainty: u)
      return .init(input: value, inputUncertainty: u, value: estimate.value, uncertainty: estimate.standardUncertainty)
    }
    report.curve = try grid(line.estimatedAbscissae).map { x in
      let estimate = try line.value(at: x)
      return (x, estimate.value, estimate.standardUncertainty)
    }
    return report
  }

  private func polynomialReport(_ fit: PolynomialFit, _ weighting: Weighting) throws -> FitReport {
    let terms = fit.coefficients.indices.map { $0 == 0 ? "c0" : $0 == 1 ? "c1 x" : "c\($0) x^\($0)" }
    let linear = fit.linearFit
    let absolute = weighting.isAbsolute
    var report = FitReport(
      method: absolute
        ? "least squares with stated uncertainties of y (ISO/TS 28037 clause 6)"
        : "least squares, uncertainty from the residuals (GUM H.3)",
      equation: "y = " + terms.joined(separator: " + "), names: fit.coefficients.indices.map { "c\($0)" },
      parameters: fit.coefficients, covariance: fit.covariance, residuals: fit.residuals,
      residualSumOfSquares: linear.residualSumOfSquares, residualStandardDeviation: fit.residualStandardDeviation,
      degreesOfFreedom: fit.degreesOfFreedom, rSquared: linear.rSquared,
      consistency: absolute && fit.degreesOfFreedom > 0 ? try linear.consistency() : nil,
      estimatesFromResiduals: !absolute)
    report.forward = try listed(at).map { text in
      let (value, u) = try uncertain(text)
      let estimate = try fit.value(at: value, standardUncertainty: u)
      return .init(input: value, inputUncertainty: u, value: estimate.value, uncertainty: estimate.standardUncertainty)
    }
    report.inverse = try listed(inverse).map { text in
      let (value, u) = try uncertain(text)
      let estimate = try fit.inverse(of: value, standardUncertainty: u)
      return .init(input: value, inputUncertainty: u, value: estimate.value, uncertainty: estimate.standardUncertainty)
    }
    report.curve = try grid([fit.range.lowerBound, fit.range.upperBound]).map { x in
      let estimate = try fit.value(at: x)
      return (x, estimate.value, estimate.standardUncertainty)
    }
    return report
  }

  // MARK: - Models

  private func nonlinear(_ text: String, _ table: DataTable) throws -> FitReport {
    let values = try startingValues()
    let right = text.split(separator: "=").last.map(String.init) ?? text
    let used: [String]
    do {
      used = try Expression(parsing: right).variables
    } catch {
      throw FitFault.invalidModel("\(error)")
    }
    let predictors = used.filter { table[$0] != nil }
    let model = try RegressionModel(parsing: text, predictors: predictors)
    for name in model.parameters where values[name] == nil {
      throw FitFault.invalidModel("'\(name)' is neither a column of the file nor has it a starting value")
    }
    for name in values.keys.sorted() where !model.parameters.contains(name) {
      throw FitFault.invalidModel("--start names '\(name)', which is no parameter of the model")
    }
    var data: [String: [DoubleDouble]] = [:]
    for name in predictors + [model.response] {
      let column = try table.column(name, of: file)
      data[name] = zip(column.literals, column.values).map { DoubleDouble(decimal: $0.utf8) ?? DoubleDouble($1) }
    }
    var weighting = Weighting.equal
    if let weights { weighting = .relative(try table.column(weights, of: file).values) }
    if let uy {
      let response = try table.column(model.response, of: file)
      weighting = .standardUncertainties(try uncertainties(uy, of: response, table, table.rowCount))
    }
    let fit = try NonlinearFit.fit(model, data: data, start: model.parameters.map { values[$0]! }, weighting: weighting)
    var report = FitReport(
      method: weighting.isAbsolute
        ? "nonlinear least squares with stated uncertainties"
        : "nonlinear least squares, uncertainty from the residuals",
      equation: text, names: fit.parameterNames, parameters: fit.parameters, covariance: fit.covariance,
      residuals: fit.residuals, residualSumOfSquares: fit.residualSumOfSquares,
      residualStandardDeviation: fit.residualStandardDeviation, degreesOfFreedom: fit.degreesOfFreedom, rSquared: nil,
      consistency: weighting.isAbsolute && fit.degreesOfFreedom > 0
        ? try FitConsistency(
          observed: fit.residualSumOfSquares, degreesOfFreedom: fit.degreesOfFreedom, probability: 0.95) : nil,
      estimatesFromResiduals: !weighting.isAbsolute)
    guard predictors.count == 1, let column = table[predictors[0]] else {
      if !at.isEmpty { throw FitFault.invalidModel("--at needs a model of one predictor") }
      return report
    }
    report.forward = try listed(at).map { text in
      let (value, u) = try uncertain(text)
      guard u == 0 else { throw FitFault.invalidModel("--at takes exact abscissae for a model") }
      let estimate = try fit.value(at: [value])
      return .init(input: value, inputUncertainty: 0, value: estimate.value, uncertainty: estimate.standardUncertainty)
    }
    report.xName = column.name
    report.xUnit = column.unit
    report.yName = text.split(separator: "=").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? model.response
    report.x = column.values
    // The left side may be a function of the response: residuals and curve are on its scale.
    report.y = try zip(column.values, fit.residuals).map { try fit.value(at: [$0]).value + $1 }
    report.curve = try grid(column.values).map { x in
      let estimate = try fit.value(at: [x])
      return (x, estimate.value, estimate.standardUncertainty)
    }
    return report
  }

  private func startingValues() throws -> [String: Double] {
    var values: [String: Double] = [:]
    for item in start.flatMap({ $0.split(separator: ",") }) {
      let parts = item.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard parts.count == 2, let value = Double(parts[1]), value.isFinite else {
        throw ValidationError("--start takes name=value, not '\(item)'")
      }
      values[parts[0]] = value
    }
    return values
  }

  // MARK: - Columns

  private func column(
    _ chosen: String?, defaults: [String], position: Int, _ table: DataTable
  ) throws -> DataTable.Column {
    if let chosen { return try table.column(chosen, of: file) }
    for name in defaults { if let column = table[name] { return column } }
    guard table.columns.count > position else {
      throw DataFault(path: file, line: nil, reason: "needs two columns at least")
    }
    return table.columns[position]
  }

  /// In the unit of the column whose uncertainties they are.
  private func uncertainties(
    _ text: String, of values: DataTable.Column, _ table: DataTable, _ count: Int
  ) throws -> [Double] {
    if table[text] == nil, let value = Double(text) { return [Double](repeating: value, count: count) }
    let column = try table.column(text, of: file)
    let factor = try ColumnUnits.factor(
      column: column.name, unit: column.unit, to: values.unit, path: file,
      advice: "give it in the unit of '\(values.name)'")
    return column.values.map { $0 * factor }
  }

  private func listed(_ texts: [String]) -> [String] { texts.flatMap { $0.split(separator: ",").map(String.init) } }

  /// `10.5` or `10.5±0.5`.
  private func uncertain(_ text: String) throws -> (value: Double, standardUncertainty: Double) {
    let bare = text.replacing("+-", with: "±").filter { !" ()".contains($0) }
    let parts = bare.split(separator: "±", omittingEmptySubsequences: false)
    guard parts.count <= 2, let value = Double(parts[0]), value.isFinite,
      let u = parts.count == 2 ? Double(parts[1]) : 0, u >= 0, u.isFinite
    else {
      throw ValidationError(
        "expected a number or value±uncertainty in the unit of the column and without unit, not '\(text)'")
    }
    return (value, u)
  }

  /// Two hundred steps over the range of the data.
  private func grid(_ values: [Double]) -> [Double] {
    guard let low = values.min(), let high = values.max(), high > low else { return values }
    return (0...200).map { low + (high - low) * Double($0) / 200 }
  }
}
