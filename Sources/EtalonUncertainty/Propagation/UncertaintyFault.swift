import EtalonMetrology

/// Why an uncertainty cannot be evaluated, naming the input and the reason.
public enum UncertaintyFault: Error, Equatable, Sendable {
  /// The model has no inputs, no outputs, or more than 200 inputs.
  case modelSize(inputs: Int, outputs: Int)
  /// Two inputs or two outputs have one name.
  case duplicateName(String)
  /// An estimate is not a finite number.
  case estimate(input: String, value: Double)
  /// A standard uncertainty, half-width or scale is not a finite number above zero.
  case notPositive(input: String, parameter: String, value: Double)
  /// A shape parameter is out of its range.
  case shape(input: String, parameter: String, value: Double, range: String)
  /// Degrees of freedom below 1 or not a number.
  case degreesOfFreedom(input: String, value: Double)
  /// A coverage probability outside (0, 1), or a coverage factor that is not above 0.
  case coverage(Double)
  /// A correlation names an input that is not there, an input with itself, or a pair twice.
  case correlationPair(String, String)
  /// A correlation coefficient outside [−1, 1] or not a number.
  case correlationCoefficient(String, String, Double)
  /// The correlations contradict one another: their matrix is not positive semi-definite. The input at which this shows.
  case correlationMatrix(input: String)
  /// Correlated inputs of a Monte Carlo need a joint normal distribution, or a joint t with common degrees of freedom.
  case correlatedDistribution(input: String)
  /// A divisor of the model passes through zero within the distributions of the inputs named, so that the quotient has no
  /// variance.
  case divisorThroughZero(output: String, divisor: String, inputs: [String])
  /// The model cannot be read or has no value at the estimates.
  case model(output: String, ExpressionFault)
  /// The model has no finite value for a draw within the distributions of its inputs.
  case undefinedWithinDistribution(output: String, values: [Double], ExpressionFault)
  /// The equation of an implicit model does not fix its measurand: its derivative there is zero.
  case implicitSlope(measurand: String)
  /// Terms beyond the first order are asked of an implicit model or come out negative.
  case secondOrder(String)
  /// A number of trials, blocks or threads out of range, or too many trials to keep.
  case trials(Int, range: String)
  /// The adaptive procedure did not become stable within the allowed number of trials.
  case notStable(trials: Int, tolerance: Double, reached: Double)
  /// All readings of a type A evaluation are one value: their scatter is below the resolution (GUM F.2.2.1).
  case equalReadings(input: String, count: Int)
  /// Statistics of data failed.
  case data(input: String, StatisticsFault)
  /// The distribution function needed for a coverage factor failed.
  case distribution(DistributionFault)
}

extension UncertaintyFault: CustomStringConvertible {
  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .modelSize(let inputs, let outputs):
      return "a model needs 1 to 200 inputs and at least one output; it has \(inputs) and \(outputs)"
    case .duplicateName(let name): return "the name \"\(name)\" stands twice"
    case .estimate(let input, let value): return "the estimate \(value) of \"\(input)\" is not a finite number"
    case .notPositive(let input, let parameter, let value):
      return "the \(parameter) of \"\(input)\" is \(value); it must be a finite number above 0"
    case .shape(let input, let parameter, let value, let range):
      return "the \(parameter) of \"\(input)\" is \(value); it must be \(range)"
    case .degreesOfFreedom(let input, let value):
      return "the degrees of freedom of \"\(input)\" are \(value); they must be at least 1, or infinite"
    case .coverage(let value): return "the coverage \(value) is out of range; a probability lies between 0 and 1"
    case .correlationPair(let a, let b):
      return "the correlation of \"\(a)\" and \"\(b)\" names an unknown input, one input twice, or a pair again"
    case .correlationCoefficient(let a, let b, let r):
      return "the correlation coefficient \(r) of \"\(a)\" and \"\(b)\" is not within -1 and 1"
    case .correlationMatrix(let input):
      return "the correlations with \"\(input)\" contradict the others: their matrix is not positive semi-definite"
    case .correlatedDistribution(let input):
      return "\"\(input)\" is correlated, but is neither normal nor t with the degrees of freedom of its partners"
    case .divisorThroughZero(let output, let divisor, let inputs):
      let names = inputs.map { "\"\($0)\"" }.joined(separator: ", ")
      return
        "\(output): the divisor \(divisor) passes through zero within the distribution of \(names), so that the quotient "
        + "has no variance; a smaller uncertainty, limits that exclude zero, or another model is needed"
    case .model(let output, let fault): return "\(output): \(fault)"
    case .undefinedWithinDistribution(let output, let values, let fault):
      return "\(output): \(fault), within the distributions of the inputs, at \(values)"
    case .implicitSlope(let measurand): return "the equation does not depend on \"\(measurand)\" at its solution"
    case .secondOrder(let reason): return reason
    case .trials(let count, let range): return "\(count) is out of range for the Monte Carlo, which takes \(range)"
    case .notStable(let trials, let tolerance, let reached):
      return
        "\(trials) trials reach a stability of \(reached), not the numerical tolerance \(tolerance); the variance may "
        + "not exist, because a divisor may pass through zero"
    case .equalReadings(let input, let count):
      return "all \(count) readings of \"\(input)\" are equal; give the resolution as a rectangular input"
    case .data(let input, let fault): return "the data of \"\(input)\" have no statistics: \(fault)"
    case .distribution(let fault): return "no coverage factor: \(fault)"
    }
  }
}
