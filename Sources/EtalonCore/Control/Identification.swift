import EtalonMetrology

/// Why an identification gives no model. No gains come from a run that ended so.
public enum IdentificationFault: Error, Sendable, Equatable {
  /// It has not ended.
  case unfinished
  /// The response is too small against the noise: its size in standard deviations, and what is required.
  case noisy(signalToNoise: Double, required: Double)
  /// A parameter is not known well enough: its relative standard uncertainty and the largest allowed.
  case unidentified(IdentifiedParameter, relativeUncertainty: Double, allowed: Double)
  /// No model of second order with delay describes the response: residuals against the response.
  case notDescribed(relativeResidual: Double, allowed: Double)
  /// The oscillation of a relay test did not become steady: spread of its periods and of its amplitudes.
  case notSteady(relativeSpread: Double, allowed: Double)
  /// The quantity left the range that the test may use.
  case leftRange(Double)
  /// Too many values were missing, or they came too late.
  case interrupted
}

/// What an identification must know.
public enum IdentifiedParameter: UInt8, Sendable {
  /// k/τ₁.
  case rate = 1
  /// θ + τ₂.
  case apparentDelay = 2
  /// k.
  case gain = 3
}

extension IdentificationFault {
  /// Reason and remedy, for people.
  public var explanation: String {
    switch self {
    case .unfinished: "the identification has not ended; let it run on"
    case .noisy(let seen, let required):
      "the response is \(Int(seen)) standard deviations of the noise, \(Int(required)) are required; take a larger step"
    case .unidentified(let parameter, let relative, let allowed):
      "the \(parameter.name) is known to \(Int(relative * 100)) %, \(Int(allowed * 100)) % are required; "
        + "take a larger step or more time"
    case .notDescribed(let relative, let allowed):
      "two lags and a delay leave \(Int(relative * 100)) % of the response unexplained, \(Int(allowed * 100)) % are "
        + "allowed; keep other influences away during the test"
    case .notSteady(let relative, let allowed):
      "the oscillation still changes by \(Int(relative * 100)) % from cycle to cycle, \(Int(allowed * 100)) % are allowed; "
        + "start from a steady process or allow more time"
    case .leftRange(let value): "the quantity went to \(value), out of the range of the test; take a smaller step"
    case .interrupted: "too many values were missing; repair the measurement and start again"
    }
  }
}

extension IdentifiedParameter {
  /// In words.
  public var name: String {
    switch self {
    case .rate: "rate for each unit of output"
    case .apparentDelay: "delay"
    case .gain: "static gain"
    }
  }
}

/// What an identification must reach before it gives a model.
public struct IdentificationRequirements: Sendable, Equatable {
  /// Response in standard deviations of one sample's noise, above 0.
  public var signalToNoise = 20.0
  /// Largest relative standard uncertainty of the rate k/τ₁.
  public var relativeRate = 0.05
  /// Largest standard uncertainty of θ + τ₂ relative to it plus one period.
  public var relativeApparentDelay = 0.15
  /// Largest relative standard uncertainty of the static gain.
  public var relativeGain = 0.1
  /// Largest root mean square of the residuals beyond the noise, relative to the response.
  public var relativeResidual = 0.02
  /// The values above.
  public init() {}

  func check(
    _ result: ResponseFit.Result, response: Double, noise: Double, periodSeconds: Double, needsGain: Bool
  ) throws(IdentificationFault) {
    let model = result.model
    guard let uncertainty = model.uncertainty else { throw .unfinished }
    let excess = max(0, result.residual * result.residual - noise * noise).squareRoot() / response
    guard excess <= relativeResidual else { throw .notDescribed(relativeResidual: excess, allowed: relativeResidual) }
    let rate = uncertainty.rate / model.rate.magnitude
    guard rate <= relativeRate else {
      throw .unidentified(.rate, relativeUncertainty: rate, allowed: relativeRate)
    }
    let delay = uncertainty.apparentDelaySeconds / (model.apparentDelaySeconds + periodSeconds)
    guard delay <= relativeApparentDelay else {
      throw .unidentified(.apparentDelay, relativeUncertainty: delay, allowed: relativeApparentDelay)
    }
    guard needsGain else { return }
    let gain = uncertainty.gain / model.gain.magnitude
    guard gain <= relativeGain else {
      throw .unidentified(.gain, relativeUncertainty: gain, allowed: relativeGain)
    }
  }
}

/// Noise of a quantity about a straight line: its standard deviation and how it is correlated. Bounded memory.
struct BaselineNoise: Sendable {
  static let capacity = 128
  private var values = InlineArray<128, Double>(repeating: 0)
  private(set) var count = 0

  mutating func add(_ value: Double) {
    guard count < Self.capacity else { return }
    values[count] = value
    count += 1
  }

  /// Standard deviation of one sample, and the factor by which correlation enlarges the variance of a long mean.
  func evaluate() -> (standardDeviation: Double, inflation: Double, mean: Double) {
    let n = Double(count)
    var mean = 0.0
    for index in 0..<count { mean += values[index] - values[0] }
    mean = mean / n + values[0]
    var slope = (product: 0.0, norm: 0.0)
    for index in 0..<count {
      let t = Double(index) - 0.5 * (n - 1)
      slope.product += t * (values[index] - mean)
      slope.norm += t * t
    }
    var squares = 0.0
    var correlation = CorrelationTime()
    for index in 0..<count {
      let residual = values[index] - mean - slope.product / slope.norm * (Double(index) - 0.5 * (n - 1))
      squares += residual * residual
      correlation.add(residual)
    }
    let time = correlation.samples?.value ?? 0
    let phi = time > 0 ? Elementary.exp(-1 / time) : 0
    return ((squares / max(1, n - 2)).squareRoot(), (1 + phi) / (1 - phi), mean)
  }
}
