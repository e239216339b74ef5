import EtalonMetrology

/// What the response depends on beside indication and parameters.
@frozen @usableFromInline struct ResponseInputs<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Second quantity, from the middle of its range in half spans.
  @usableFromInline var auxiliary: Scalar = 0
  /// The creep's own state r, in half spans.
  @usableFromInline var creep: Scalar = 0
  /// The load s that it follows.
  @usableFromInline var load: Scalar = 0
  @inlinable init() {}
}

/// One place on the response curve, relative to the middle of the range.
@frozen @usableFromInline struct ResponsePlace<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Quantity minus that at the middle of the range.
  @usableFromInline var x: Scalar
  /// Scaled argument of the polynomial.
  @usableFromInline var s: Scalar
  /// dx/dp.
  @usableFromInline var slope: Scalar
  @inlinable init(x: Scalar, s: Scalar, slope: Scalar) {
    self.x = x
    self.s = s
    self.slope = slope
  }
}

/// A declared response as the filter needs it: deviations from the prior as parameters, from the middle of the range as
/// arguments, and where in the filter's state each parameter lies.
@frozen @usableFromInline struct ResponseModel<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  @usableFromInline typealias State = InlineArray<12, Scalar>
  @usableFromInline typealias Factors = ConsiderFactors<12, 16, Scalar>

  @usableFromInline let form: DeviceResponse.Form
  @usableFromInline let degree: Int
  /// Index of θ₀ in the state.
  @usableFromInline let base: Int
  /// Indices of the parameters of the second quantity and of creep; 0 where there is none.
  @usableFromInline let auxiliaryOffset: Int
  @usableFromInline let auxiliaryGain: Int
  @usableFromInline let creep: Int
  /// Index of the drift rate of each coefficient; 0 where there is none.
  @usableFromInline let rates: InlineArray<4, Int>
  /// Number of states up to and with the last parameter.
  @usableFromInline let end: Int
  /// Prior means; θ₀ of a polynomial is contained in the centres.
  @usableFromInline let means: State
  @usableFromInline let driftVariances: InlineArray<4, Scalar>
  @usableFromInline let inverseHalfSpan: Scalar
  @usableFromInline let halfSpan: Scalar
  /// Middle of the range, for the Callendar-Van Dusen equation.
  @usableFromInline let centre: Scalar
  @usableFromInline let indicationCentre: Double
  @usableFromInline let quantityCentre: Double
  @usableFromInline let auxiliaryCentre: Double
  @usableFromInline let auxiliaryHalfSpan: Double
  @usableFromInline let needsAuxiliary: Bool

  init(
    _ response: DeviceResponse, base: Int, capacity: Int
  ) throws(OnlineCalibrationConfiguration.Fault) {
    form = response.form
    degree = response.degree
    self.base = base
    var means = State(repeating: 0)
    var next = base + response.degree + 1
    func place(_ present: Bool) -> Int {
      guard present else { return 0 }
      defer { next += 1 }
      return next
    }
    auxiliaryOffset = place(response.auxiliary != nil)
    auxiliaryGain = place(response.auxiliary != nil)
    creep = place(response.creep != nil)
    var rates = InlineArray<4, Int>(repeating: 0)
    var driftVariances = InlineArray<4, Scalar>(repeating: 0)
    for power in 0...response.degree {
      rates[power] = place(response.rateStandardUncertainty[power] > 0)
      let drift = Scalar(response.driftPerRootSecond[power])
      driftVariances[power] = drift * drift
    }
    guard next <= capacity else { throw .parameters(next - base) }
    end = next
    self.rates = rates
    self.driftVariances = driftVariances
    for power in 0...response.degree { means[base + power] = Scalar(response.mean[power]) }
    if case .callendarVanDusen = response.form {} else { means[base] = 0 }
    if let auxiliary = response.auxiliary {
      means[auxiliaryOffset] = Scalar(auxiliary.offset.mean)
      means[auxiliaryGain] = Scalar(auxiliary.gain.mean)
    }
    if let creep = response.creep { means[self.creep] = Scalar(creep.amount.mean) }
    self.means = means
    halfSpan = Scalar(response.halfSpan)
    inverseHalfSpan = Scalar(1 / response.halfSpan)
    centre = Scalar(response.centre)
    indicationCentre = response.indicationCentre
    quantityCentre = response.quantityCentre
    needsAuxiliary = response.auxiliary != nil
    auxiliaryCentre = response.auxiliary?.centre ?? 0
    auxiliaryHalfSpan = response.auxiliary?.halfSpan ?? 1
  }

  func priorVariances(_ response: DeviceResponse, into variances: inout State) {
    func square(_ value: Double) -> Scalar { Scalar(value) * Scalar(value) }
    for power in 0...degree {
      variances[base + power] = square(response.standardUncertainty[power])
      if rates[power] > 0 { variances[rates[power]] = square(response.rateStandardUncertainty[power]) }
    }
    if let auxiliary = response.auxiliary {
      variances[auxiliaryOffset] = square(auxiliary.offset.standardUncertainty)
      variances[auxiliaryGain] = square(auxiliary.gain.standardUncertainty)
    }
    if let creep = response.creep { variances[self.creep] = square(creep.amount.standardUncertainty) }
  }

  /// An indication from the one at the middle of the range; the difference is formed in double precision.
  @inlinable func relative(indication: Double) -> Scalar { Scalar(indication - indicationCentre) }

  @inlinable func relative(auxiliary: Double) -> Scalar {
    needsAuxiliary ? Scalar((auxiliary - auxiliaryCentre) / auxiliaryHalfSpan) : 0
  }

  /// Lets the parameters drift.
  @inlinable @inline(__always)
  func drift(seconds: Scalar, _ state: inout State, _ factors: inout Factors) {
    for power in 0...degree {
      let rate = rates[power]
      if rate > 0 {
        state[base + power] += seconds * state[rate]
        factors.couple(base + power, to: rate, factor: seconds)
      }
      factors.addNoise(variance: driftVariances[power] * seconds, to: base + power)
    }
  }

  @inlinable @inline(__always)
  func polynomial(_ s: Scalar, _ state: State) -> Scalar {
    var sum: Scalar = 0
    var index = base + degree
    while index >= base {
      sum = sum * s + (means[index] + state[index])
      index -= 1
    }
    return sum
  }

  @inlinable @inline(__always)
  func polynomialSlope(_ s: Scalar, _ state: State) -> Scalar {
    var sum: Scalar = 0
    var power = degree
    while power >= 1 {
      sum = sum * s + Scalar(power) * (means[base + power] + state[base + power])
      power -= 1
    }
    return sum
  }

  /// Σ ηⱼ rⱼ without the part that is proportional to s, and the factor of that part.
  @inlinable @inline(__always)
  func extras(_ state: State, _ inputs: ResponseInputs<Scalar>) -> (constant: Scalar, gain: Scalar) {
    var constant: Scalar = 0
    var gain: Scalar = 0
    if auxiliaryOffset > 0 {
      constant += (means[auxiliaryOffset] + state[auxiliaryOffset]) * inputs.auxiliary
      gain = (means[auxiliaryGain] + state[auxiliaryGain]) * inputs.auxiliary
    }
    if creep > 0 { constant += (means[creep] + state[creep]) * inputs.creep }
    return (constant, gain)
  }

  /// The place on the curve that belongs to an indication free of noise.
  @inlinable @inline(__always)
  func place(_ p: Scalar, _ state: State, _ inputs: ResponseInputs<Scalar>) -> ResponsePlace<Scalar> {
    let extra = extras(state, inputs)
    switch form {
    case .correction:
      let s = p * inverseHalfSpan
      return ResponsePlace(
        x: polynomial(s, state) + extra.constant + extra.gain * s, s: s,
        slope: (polynomialSlope(s, state) + extra.gain) * inverseHalfSpan)
    case .indication:
      // Newton's method from the straight line; for a device that deserves a calibration four steps are exact.
      var s = p / (means[base + 1] + state[base + 1])
      for _ in 0..<(degree == 1 && creep == 0 && auxiliaryOffset == 0 ? 1 : 5) {
        s += (p - extra.constant - extra.gain * s - polynomial(s, state)) / (polynomialSlope(s, state) + extra.gain)
      }
      return ResponsePlace(x: s * halfSpan, s: s, slope: halfSpan / (polynomialSlope(s, state) + extra.gain))
    case .callendarVanDusen(let c):
      let subzero = Scalar(c)
      var x = p / resistanceSlope(0, state, subzero)
      for _ in 0..<5 {
        let rest = p - extra.constant - extra.gain * x * inverseHalfSpan - resistance(x, state, subzero)
        x += rest / (resistanceSlope(x, state, subzero) + extra.gain * inverseHalfSpan)
      }
      return ResponsePlace(
        x: x, s: x * inverseHalfSpan, slope: 1 / (resistanceSlope(x, state, subzero) + extra.gain * inverseHalfSpan))
    }
  }

  /// Resistance minus the prior's at the middle of the range, where the temperature is `x` from that middle; written so
  /// that nothing large cancels.
  @inlinable
  func resistance(_ x: Scalar, _ state: State, _ c: Scalar) -> Scalar {
    let zero = means[base] + state[base]
    let a = means[base + 1] + state[base + 1]
    let b = means[base + 2] + state[base + 2]
    let t = centre + x
    let prior = 1 + centre * (means[base + 1] + centre * means[base + 2]) + DeviceResponse.subzero(centre, c)
    var change = centre * (state[base + 1] + centre * state[base + 2])
    change += x * (a + 2 * centre * b) + x * x * b
    change += DeviceResponse.subzero(t, c) - DeviceResponse.subzero(centre, c)
    return state[base] * prior + zero * change
  }

  @inlinable
  func resistanceSlope(_ x: Scalar, _ state: State, _ c: Scalar) -> Scalar {
    let t = centre + x
    let a: Scalar = means[base + 1] + state[base + 1]
    let b: Scalar = means[base + 2] + state[base + 2]
    var slope: Scalar = a + 2 * t * b
    if t < 0 { slope += c * t * t * (4 * t - 300) }
    return (means[base] + state[base]) * slope
  }

  /// ∂x/∂(parameter) at a place, into the parameters' components of a direction.
  @inlinable @inline(__always)
  func sensitivities(
    _ place: ResponsePlace<Scalar>, _ state: State, _ inputs: ResponseInputs<Scalar>, into direction: inout State
  ) {
    var scale: Scalar = 1
    switch form {
    case .correction: break
    case .indication, .callendarVanDusen: scale = -place.slope
    }
    if case .callendarVanDusen(let c) = form {
      let t = centre + place.x
      let a = means[base + 1] + state[base + 1]
      let b = means[base + 2] + state[base + 2]
      let zero = means[base] + state[base]
      direction[base] = scale * (1 + t * (a + t * b) + DeviceResponse.subzero(t, Scalar(c)))
      direction[base + 1] = scale * zero * t
      direction[base + 2] = scale * zero * t * t
    } else {
      var power = scale
      var index = base
      while index <= base + degree {
        direction[index] = power
        power *= place.s
        index += 1
      }
    }
    if auxiliaryOffset > 0 {
      direction[auxiliaryOffset] = scale * inputs.auxiliary
      direction[auxiliaryGain] = scale * inputs.auxiliary * place.s
    }
    if creep > 0 { direction[creep] = scale * inputs.creep }
  }

  /// The indication free of noise that belongs to a quantity, both relative.
  @inlinable
  func indication(of x: Scalar, _ state: State, _ inputs: ResponseInputs<Scalar>) -> Scalar {
    let extra = extras(state, inputs)
    switch form {
    case .correction:
      var p = x / ((means[base + 1] + state[base + 1]) * inverseHalfSpan)
      for _ in 0..<5 {
        let place = place(p, state, inputs)
        p += (x - place.x) / place.slope
      }
      return p
    case .indication:
      let s = x * inverseHalfSpan
      return polynomial(s, state) + extra.constant + extra.gain * s
    case .callendarVanDusen(let c):
      return resistance(x, state, Scalar(c)) + extra.constant + extra.gain * x * inverseHalfSpan
    }
  }
}
