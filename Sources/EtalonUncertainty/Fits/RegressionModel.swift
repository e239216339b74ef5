import EtalonMetrology

/// A model to be fitted, read from text: `y = b1*(1 - exp(-b2*x))`, `log(y) = b1 - b2*x1*exp(-b3*x2)`.
///
/// The left side is the response or a function of it alone; the right side holds predictors, whose values are data, and
/// parameters, which are sought. Grammar: that of `Expression`.
public struct RegressionModel: Sendable {
  /// The text as given.
  public let text: String
  /// Name of the response.
  public let response: String
  /// Names of the predictors.
  public let predictors: [String]
  /// Names of the parameters, in the order of starting values and results.
  public let parameters: [String]
  let left: Expression
  /// Variables: the predictors, then the parameters.
  let right: Expression

  /// Reads a model.
  /// - Parameters:
  ///   - predictors: names that stand for data.
  ///   - parameters: names that are sought, in the order wanted; nil for all other names of the right side in natural
  ///     order (b2 before b10).
  /// - Throws: `invalidModel` with the reason: no equation, a response function of more than one name, a parameter that does
  ///   not appear, or a text that can not be read.
  public init(parsing text: String, predictors: [String], parameters: [String]? = nil) throws(FitFault) {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard sides.count == 2 else { throw .invalidModel("'\(text)' is not an equation 'response = function'") }
    do {
      left = try Expression(parsing: sides[0])
      let free = try Expression(parsing: sides[1])
      let wanted = parameters ?? free.variables.filter { !predictors.contains($0) }.sorted(by: Self.naturalOrder)
      right = try Expression(parsing: sides[1], variables: predictors + wanted)
      self.parameters = wanted
      for name in wanted where !free.variables.contains(name) {
        throw FitFault.invalidModel("the parameter '\(name)' does not appear in '\(sides[1])'")
      }
    } catch let fault as FitFault {
      throw fault
    } catch {
      throw .invalidModel("\(error)")
    }
    guard left.variables.count == 1, let response = left.variables.first else {
      throw .invalidModel("the left side of '\(text)' has to hold the response and no other name")
    }
    guard !right.variables.contains(response) else {
      throw .invalidModel("the response '\(response)' stands on both sides of '\(text)'")
    }
    guard !self.parameters.isEmpty else { throw .invalidModel("'\(text)' holds no parameter") }
    self.text = text
    self.response = response
    self.predictors = predictors
  }

  private static func naturalOrder(_ a: String, _ b: String) -> Bool {
    func parts(_ name: String) -> (stem: String, number: Int) {
      let digits = String(name.reversed().prefix { $0.isNumber }.reversed())
      return (String(name.dropLast(digits.count)), Int(digits) ?? -1)
    }
    let (first, second) = (parts(a), parts(b))
    return first.stem == second.stem ? first.number < second.number : first.stem < second.stem
  }
}
