import EtalonMetrology

/// The device's response with the prior of its parameters: how indication z and quantity x belong together.
@frozen
public struct DeviceResponse: Sendable, Equatable {
  /// Which of the two is written as a function of the other.
  @frozen public enum Form: Sendable, Equatable {
    /// x = Σ θₖ sᵏ + Σ ηⱼ rⱼ with s = (z − centre)/halfSpan and z the indication free of noise.
    ///
    /// Written in this direction a device without noise makes the estimate the linear least-squares one exactly, and the
    /// coefficients are those that the device stores.
    case correction
    /// z = Σ θₖ sᵏ + Σ ηⱼ rⱼ with s = (x − centre)/halfSpan.
    case indication
    /// z = θ₀ (1 + θ₁ x + θ₂ x² + C (x − 100 °C) x³) + Σ ηⱼ rⱼ with x in °C and the last term below 0 °C only
    /// (IEC 60751:2022, 4.2): resistance at 0 °C, A and B are the parameters, C is given. `degree` is 2.
    case callendarVanDusen(c: Double)
  }

  /// Prior of one further parameter.
  @frozen public struct Term: Sendable, Equatable {
    /// Prior mean.
    public var mean: Double
    /// Prior standard uncertainty, 0 or more.
    public var standardUncertainty: Double

    /// A parameter with the given prior.
    @inlinable public init(mean: Double = 0, standardUncertainty: Double) {
      self.mean = mean
      self.standardUncertainty = standardUncertainty
    }
  }

  /// A second quantity that the response depends on, for instance the temperature of a transducer.
  ///
  /// With τ = (a − centre)/halfSpan the regressors are r = τ (offset) and r = τ s (gain).
  @frozen public struct Auxiliary: Sendable, Equatable {
    /// Middle of the second quantity's range.
    public var centre: Double
    /// Half the width of that range, above 0.
    public var halfSpan: Double
    /// Change of the offset over one half span of the second quantity.
    public var offset: Term
    /// Change of θ₁ over one half span of the second quantity.
    public var gain: Term

    /// A dependence with the given priors.
    @inlinable public init(centre: Double, halfSpan: Double, offset: Term, gain: Term) {
      self.centre = centre
      self.halfSpan = halfSpan
      self.offset = offset
      self.gain = gain
    }
  }

  /// Creep of a load cell: after a change of load the indication goes on moving (as OIML R 60 defines it).
  ///
  /// The regressor is a state, r′ = (s − r)/τ, which begins settled at the first reading: η is the change of the
  /// indication, in the unit that the polynomial gives, that follows a load of one half span.
  @frozen public struct Creep: Sendable, Equatable {
    /// Time constant τ, above 0.
    public var timeSeconds: Double
    /// η.
    public var amount: Term

    /// A creep with the given time constant and prior.
    @inlinable public init(timeSeconds: Double, amount: Term) {
      self.timeSeconds = timeSeconds
      self.amount = amount
    }
  }

  /// Which of the two is written as a function of the other.
  public var form: Form
  /// Middle of the range, in the unit of the indication for a correction and of the quantity for the other forms.
  public var centre: Double
  /// Half the width of the range, above 0.
  public var halfSpan: Double
  /// Degree of the polynomial, 1...3.
  public var degree: Int
  /// Prior mean of θ.
  public var mean: Coefficients
  /// Prior standard uncertainty of θ.
  public var standardUncertainty: Coefficients
  /// Random walk of θ: standard deviation after one second; it grows with the square root of the time.
  public var driftPerRootSecond: Coefficients
  /// Linear drift of θ: prior standard uncertainty of its unknown constant rate, per second; the rate's prior mean is 0.
  /// With θ₀ a phase, its rate is the frequency offset of an oscillator.
  public var rateStandardUncertainty: Coefficients
  /// Dependence on a second quantity; nil without.
  public var auxiliary: Auxiliary?
  /// Creep; nil without.
  public var creep: Creep?

  /// A response with the given prior; it is checked when a calibration is set up.
  public init(
    form: Form = .correction, centre: Double, halfSpan: Double, degree: Int, mean: Coefficients,
    standardUncertainty: Coefficients, driftPerRootSecond: Coefficients = Coefficients(0, 0, 0, 0),
    rateStandardUncertainty: Coefficients = Coefficients(0, 0, 0, 0), auxiliary: Auxiliary? = nil, creep: Creep? = nil
  ) {
    self.form = form
    self.centre = centre
    self.halfSpan = halfSpan
    self.degree = degree
    self.mean = mean
    self.standardUncertainty = standardUncertainty
    self.driftPerRootSecond = driftPerRootSecond
    self.rateStandardUncertainty = rateStandardUncertainty
    self.auxiliary = auxiliary
    self.creep = creep
  }

  /// A device that shows the value itself but for an unknown offset, gain, curvature and cubic part.
  /// - Parameter standardUncertainty: of θ₀ (the error at the centre), θ₁ (the error of the gain at the end of the
  ///   range), θ₂ and θ₃.
  public init(
    direct range: ClosedRange<Double>, degree: Int, standardUncertainty: Coefficients,
    driftPerRootSecond: Coefficients = Coefficients(0, 0, 0, 0)
  ) {
    let centre = (range.lowerBound + range.upperBound) / 2
    let halfSpan = (range.upperBound - range.lowerBound) / 2
    self.init(
      centre: centre, halfSpan: halfSpan, degree: degree, mean: Coefficients(centre, halfSpan, 0, 0),
      standardUncertainty: standardUncertainty, driftPerRootSecond: driftPerRootSecond)
  }

  /// A platinum resistance thermometer that shows its resistance in ohm (IEC 60751).
  /// - Parameters:
  ///   - range: temperatures in °C.
  ///   - mean: R₀ in ohm, A in 1/°C, B in 1/°C².
  ///   - c: C in 1/°C⁴, which acts below 0 °C only.
  public init(
    resistanceThermometer range: ClosedRange<Double>, mean: Coefficients = Coefficients(100, 3.9083e-3, -5.775e-7, 0),
    standardUncertainty: Coefficients, driftPerRootSecond: Coefficients = Coefficients(0, 0, 0, 0),
    c: Double = -4.183e-12
  ) {
    self.init(
      form: .callendarVanDusen(c: c), centre: (range.lowerBound + range.upperBound) / 2,
      halfSpan: (range.upperBound - range.lowerBound) / 2, degree: 2, mean: mean,
      standardUncertainty: standardUncertainty, driftPerRootSecond: driftPerRootSecond)
  }

  /// Indication about which the filter works: the one at the middle of the range by the prior.
  var indicationCentre: Double {
    switch form {
    case .correction: centre
    case .indication: mean.c0
    case .callendarVanDusen(let c):
      mean.c0 * (1 + centre * (mean.c1 + centre * mean.c2) + Self.subzero(centre, c))
    }
  }

  /// Quantity about which the filter works.
  var quantityCentre: Double {
    switch form {
    case .correction: mean.c0
    case .indication, .callendarVanDusen: centre
    }
  }

  /// dx/dz at the middle of the range by the prior.
  var nominalSlope: Double {
    switch form {
    case .correction: mean.c1 / halfSpan
    case .indication: halfSpan / mean.c1
    case .callendarVanDusen(let c):
      1 / (mean.c0 * (mean.c1 + 2 * centre * mean.c2 + (centre < 0 ? c * centre * centre * (4 * centre - 300) : 0)))
    }
  }

  /// Half the width of the range in the unit of the indication.
  var indicationHalfSpan: Double {
    switch form {
    case .correction: halfSpan
    case .indication, .callendarVanDusen: (halfSpan / nominalSlope).magnitude
    }
  }

  /// The Callendar-Van Dusen term below 0 °C, C (t − 100 °C) t³.
  @inlinable static func subzero<Scalar: BinaryFloatingPoint>(_ t: Scalar, _ c: Scalar) -> Scalar {
    t < 0 ? c * (t - 100) * t * t * t : 0
  }
}
