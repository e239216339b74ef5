/// What is declared before an on-line calibration starts: priors, noises, the reference's certificate.
///
/// Every number is in the unit of the readings (kelvin or degrees Celsius for a thermometer) and a standard deviation or
/// standard uncertainty unless its name says otherwise.
public struct OnlineCalibrationConfiguration: Sendable, Equatable {
  /// The device's response and what is known of it beforehand.
  public typealias Response = DeviceResponse

  /// How the quantity itself moves while it is held: about a level that is not known beforehand.
  public struct Process: Sendable, Equatable {
    /// Spread and correlation time of the motion about the level.
    public var motion: CorrelatedNoise
    /// Random walk of the level: standard deviation after one second.
    public var levelDriftPerRootSecond: Double
    /// Whether the level may move at any time by any amount, as a set point does.
    ///
    /// Then the estimate of a value that was read rests on the readings of that very instant and on the response, never
    /// on where the quantity was before: it is right during a move and directly after it. Without such moves the
    /// estimate is that of the filter over all readings, which is sharper, and wrong when the quantity moves after all.
    public var mayMove: Bool

    /// A process with the given motion about a level that walks at random.
    public init(motion: CorrelatedNoise, levelDriftPerRootSecond: Double = 0, mayMove: Bool = true) {
      self.motion = motion
      self.levelDriftPerRootSecond = levelDriftPerRootSecond
      self.mayMove = mayMove
    }
  }

  /// The reference: x = y + b(y) + drift + gradient − noise, with the correction curve b of its certificate.
  public struct Reference: Sendable, Equatable {
    /// Middle of the range of the correction curve.
    public var centre: Double
    /// Half the width of that range, above 0.
    public var halfSpan: Double
    /// Number of basis functions 1, t, t², t³ with t = (y − centre)/halfSpan, 0...4.
    public var basisCount: Int
    /// The certificate's correction: the best values of the basis functions' factors.
    public var correction: Coefficients
    /// Covariance of those factors, row by row; the lower triangle is read.
    public var covariance: InlineArray<4, InlineArray<4, Double>>
    /// Standard uncertainty of the drift since the certificate, at the first reading.
    public var driftStandardUncertainty: Double
    /// Growth of that standard uncertainty per second: the drift goes on at the same unknown rate.
    public var driftStandardUncertaintyPerSecond: Double = 0
    /// Standard uncertainty of the difference between the places of reference and device.
    public var gradientStandardUncertainty: Double
    /// Noise of the readings.
    public var noise: CorrelatedNoise

    /// A reference with the given certificate and noise; it is checked when a calibration is set up.
    public init(
      centre: Double, halfSpan: Double, basisCount: Int, correction: Coefficients,
      covariance: InlineArray<4, InlineArray<4, Double>>, driftStandardUncertainty: Double,
      gradientStandardUncertainty: Double, noise: CorrelatedNoise
    ) {
      self.centre = centre
      self.halfSpan = halfSpan
      self.basisCount = basisCount
      self.correction = correction
      self.covariance = covariance
      self.driftStandardUncertainty = driftStandardUncertainty
      self.gradientStandardUncertainty = gradientStandardUncertainty
      self.noise = noise
    }

    /// A reference whose correction's factors are uncorrelated.
    public init(
      range: ClosedRange<Double>, basisCount: Int, correction: Coefficients = Coefficients(0, 0, 0, 0),
      standardUncertainty: Coefficients, driftStandardUncertainty: Double = 0, gradientStandardUncertainty: Double = 0,
      noise: CorrelatedNoise
    ) {
      var covariance = InlineArray<4, InlineArray<4, Double>>(repeating: InlineArray(repeating: 0))
      for index in 0..<4 { covariance[index][index] = standardUncertainty[index] * standardUncertainty[index] }
      self.init(
        centre: (range.lowerBound + range.upperBound) / 2, halfSpan: (range.upperBound - range.lowerBound) / 2,
        basisCount: basisCount, correction: correction, covariance: covariance,
        driftStandardUncertainty: driftStandardUncertainty, gradientStandardUncertainty: gradientStandardUncertainty,
        noise: noise)
    }

    /// Whether both are equal in every part.
    public static func == (a: Self, b: Self) -> Bool {
      for i in 0..<4 { for j in 0..<4 where a.covariance[i][j] != b.covariance[i][j] { return false } }
      return a.centre == b.centre && a.halfSpan == b.halfSpan && a.basisCount == b.basisCount
        && a.correction == b.correction && a.driftStandardUncertainty == b.driftStandardUncertainty
        && a.driftStandardUncertaintyPerSecond == b.driftStandardUncertaintyPerSecond
        && a.gradientStandardUncertainty == b.gradientStandardUncertainty && a.noise == b.noise
    }
  }

  /// The device's response and its prior.
  public var response: Response
  /// How the quantity moves while it is held.
  public var process: Process
  /// The reference with its certificate.
  public var reference: Reference
  /// A further reference that measures the same quantity, with its own certificate.
  public var secondReference: Reference?
  /// The third of them; not without a second.
  public var thirdReference: Reference?
  /// Noise of the device before its display rounds, in the unit of the indication.
  public var deviceNoise: CorrelatedNoise
  /// Smallest step of the indication, 0 when it is far below the noise.
  public var resolution: Double
  /// Time between pairs, above 0.
  public var periodSeconds: Double
  /// Number of pairs in one block mean, 1 or more.
  public var pairsPerBlock: Int
  /// Largest spread (largest − smallest indication) of a block; above it the quantity is moving and the block is refused.
  public var maximumBlockSpread: Double
  /// Range in which corrected values are not extrapolations, of what the response is a function of: of indications for a
  /// correction, of the quantity for the others.
  public var validRange: ClosedRange<Double>
  /// Whether a correlation that is measured between the innovations of neighbouring blocks, beyond the one declared,
  /// enlarges the innovation's variance.
  public var inflatesMeasuredCorrelation = true

  /// - Parameters:
  ///   - pairsPerBlock: 1 uses every pair as it comes; a correlation time of a noise is then a state of the filter. nil takes blocks
  ///     five times as long as the longest correlation time of the two noises, where the correlation of neighbouring means
  ///     has fallen to an eighth.
  ///   - maximumBlockSpread: nil refuses nothing.
  ///   - validRange: nil takes the range of the response.
  public init(
    response: Response, process: Process, reference: Reference, deviceNoise: CorrelatedNoise, resolution: Double,
    periodSeconds: Double, pairsPerBlock: Int? = nil, maximumBlockSpread: Double? = nil,
    validRange: ClosedRange<Double>? = nil
  ) {
    self.response = response
    self.process = process
    self.reference = reference
    self.deviceNoise = deviceNoise
    self.resolution = resolution
    self.periodSeconds = periodSeconds
    let memory = max(deviceNoise.correlationTimeSeconds, reference.noise.correlationTimeSeconds)
    let recommended = (5 * memory / periodSeconds).rounded(.up)
    // What is not finite here is found when a calibration is set up.
    let sensible = recommended >= 1 && recommended <= Double(Self.largestBlock)
    self.pairsPerBlock = pairsPerBlock ?? (sensible ? Int(recommended) : 1)
    self.maximumBlockSpread = maximumBlockSpread ?? .infinity
    let lower = response.centre - response.halfSpan
    let upper = response.centre + response.halfSpan
    self.validRange = validRange ?? (lower <= upper ? lower...upper : 0...0)
  }

  /// Largest number of pairs in a block; the error of rounding is summed over all lags of one when it is set up.
  static let largestBlock = 100_000

  /// Why a configuration can not be used.
  public enum Fault: Error, Sendable, Equatable {
    /// The degree of the response is not 1...3.
    case degree(Int)
    /// The number of the reference's basis functions is not 0...4.
    case basisCount(Int)
    /// A half span, a period or a number of pairs is not above 0 or too large, the prior gain is 0, or a value is not
    /// finite.
    case range(Field)
    /// A standard deviation or uncertainty is negative or not finite.
    case negative(Field)
    /// The covariance of the correction is not positive semidefinite; `row` is where its factor fails.
    case covariance(row: Int)
    /// The references have more basis functions, drifts and gradients in common than the filter holds.
    case systematicParts(Int)
    /// A third reference without a second.
    case missingReference
    /// The response has more parameters than the filter holds.
    case parameters(Int)
  }

  /// Names the part of a configuration that is wrong.
  public enum Field: UInt8, Sendable {
    case response, process, reference, deviceNoise, resolution, period, pairsPerBlock, auxiliary, creep
  }

  func check() throws(Fault) {
    func positive(_ value: Double, _ field: Field) throws(Fault) {
      guard value > 0 && value.isFinite else { throw .range(field) }
    }
    func deviation(_ value: Double, _ field: Field) throws(Fault) {
      guard value >= 0 && value.isFinite else { throw .negative(field) }
    }
    func noise(_ value: CorrelatedNoise, _ field: Field) throws(Fault) {
      try deviation(value.standardDeviation, field)
      try deviation(value.correlationTimeSeconds, field)
    }
    func reference(_ reference: Reference) throws(Fault) {
      guard reference.basisCount >= 0 && reference.basisCount <= 4 else { throw .basisCount(reference.basisCount) }
      try positive(reference.halfSpan, .reference)
      guard reference.centre.isFinite else { throw .range(.reference) }
      for index in 0..<4 { guard reference.correction[index].isFinite else { throw .range(.reference) } }
      try noise(reference.noise, .reference)
      try deviation(reference.driftStandardUncertainty, .reference)
      try deviation(reference.driftStandardUncertaintyPerSecond, .reference)
      try deviation(reference.gradientStandardUncertainty, .reference)
    }
    guard response.degree >= 1 && response.degree <= 3 else { throw .degree(response.degree) }
    try reference(self.reference)
    if let secondReference { try reference(secondReference) }
    if let thirdReference {
      guard secondReference != nil else { throw .missingReference }
      try reference(thirdReference)
    }
    try positive(response.halfSpan, .response)
    try positive(periodSeconds, .period)
    guard pairsPerBlock >= 1 && pairsPerBlock <= Self.largestBlock else { throw .range(.pairsPerBlock) }
    guard response.centre.isFinite, response.nominalSlope.isFinite, response.nominalSlope != 0 else {
      throw .range(.response)
    }
    for index in 0..<4 {
      guard response.mean[index].isFinite else { throw .range(.response) }
      try deviation(response.standardUncertainty[index], .response)
      try deviation(response.driftPerRootSecond[index], .response)
      try deviation(response.rateStandardUncertainty[index], .response)
    }
    if case .callendarVanDusen(let c) = response.form {
      guard response.degree == 2 else { throw .degree(response.degree) }
      guard c.isFinite else { throw .range(.response) }
    }
    if let auxiliary = response.auxiliary {
      guard auxiliary.centre.isFinite else { throw .range(.auxiliary) }
      try positive(auxiliary.halfSpan, .auxiliary)
      guard auxiliary.offset.mean.isFinite, auxiliary.gain.mean.isFinite else { throw .range(.auxiliary) }
      try deviation(auxiliary.offset.standardUncertainty, .auxiliary)
      try deviation(auxiliary.gain.standardUncertainty, .auxiliary)
    }
    if let creep = response.creep {
      try positive(creep.timeSeconds, .creep)
      guard creep.amount.mean.isFinite else { throw .range(.creep) }
      try deviation(creep.amount.standardUncertainty, .creep)
    }
    try noise(process.motion, .process)
    try deviation(process.levelDriftPerRootSecond, .process)
    try noise(deviceNoise, .deviceNoise)
    try deviation(resolution, .resolution)
  }
}

extension Coefficients {
  /// Coefficient of the power `index`, 0...3.
  @inlinable public subscript(index: Int) -> Double {
    switch index {
    case 0: c0
    case 1: c1
    case 2: c2
    default: c3
    }
  }
}
