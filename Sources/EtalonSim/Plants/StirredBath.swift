import EtalonMetrology

/// A stirred liquid bath with an immersed heater, constant cooling, two probes, and the room around it.
///
/// Two thermal masses: the heater block takes the power and gives it to the liquid; the liquid loses heat to the room
/// and to a cold sink. C₁ Ṫ₁ = P − G (T₁ − T₂); C₂ Ṫ₂ = G (T₁ − T₂) − L (T₂ − room) − K (T₂ − sink). The probes follow
/// the liquid, on which stirring puts a small correlated noise, with first-order lags.
///
/// The bath moves in fixed steps by the exact solution for constant power; between two steps temperatures are
/// interpolated, one step late. So the result never depends on when somebody looks, and power switched within a step
/// counts with its exact energy.
public struct StirredBath: Sendable {
  /// Parameters of the plant, at speed 1.
  public struct Parameters: Sendable, Equatable {
    /// Heat capacity of the heater block.
    public var blockJoulesPerKelvin = 3_000.0
    /// Heat capacity of the liquid.
    public var liquidJoulesPerKelvin = 18_000.0
    /// Heat flow from block to liquid for each kelvin between them.
    public var couplingWattsPerKelvin = 250.0
    /// Heat flow from liquid to room for each kelvin between them.
    public var lossWattsPerKelvin = 6.0
    /// Heat flow from liquid to the cold sink for each kelvin between them.
    public var coolingWattsPerKelvin = 20.0
    /// Temperature of the cold sink.
    public var sinkCelsius = 2.0
    /// Greatest power of the heater.
    public var maximumHeaterWatts = 1_500.0
    /// First-order lag of the reference's probe.
    public var referenceLagSeconds = 4.0
    /// First-order lag of the device under test.
    public var deviceLagSeconds = 6.0
    /// Standard deviation and correlation time of the liquid's temperature about its mean.
    public var stirringNoiseKelvin = 0.002
    /// Correlation time of the noise of stirring.
    public var stirringCorrelationSeconds = 8.0
    /// Temperature of block, liquid and probes at power-on.
    public var initialCelsius = 23.0
    /// Mean temperature of the room.
    public var roomCelsius = 23.0
    /// Standard deviation of the room's slow wander.
    public var roomWanderKelvin = 0.3
    /// Mean relative humidity of the room, 0...100.
    public var relativeHumidityPercent = 45.0
    /// Standard deviation of the humidity's slow wander.
    public var humidityWanderPercent = 1.0
    /// Mean pressure in the room.
    public var pascals = 101_325.0
    /// Standard deviation of the pressure's slow wander.
    public var pressureWanderPascals = 40.0
    /// Correlation time of the three wanders.
    public var roomCorrelationSeconds = 3_600.0
    /// Temperature change of the device over which its hysteresis builds up.
    public var hysteresisSpanKelvin = 1.0
    /// Length of an integration step.
    public var stepSeconds = 0.1
    /// A bath of about 21 kJ/K in a room of 23 °C.
    public init() {}

    /// Temperature in °C that the liquid reaches with constant power, with the room at `roomCelsius`.
    public func steadyCelsius(watts: Double) -> Double {
      (watts + lossWattsPerKelvin * roomCelsius + coolingWattsPerKelvin * sinkCelsius)
        / (lossWattsPerKelvin + coolingWattsPerKelvin)
    }

    /// Constant power in watts that holds the liquid at `celsius`; outside 0...maximumHeaterWatts it can not be held.
    public func holdingWatts(celsius: Double) -> Double {
      lossWattsPerKelvin * (celsius - roomCelsius) + coolingWattsPerKelvin * (celsius - sinkCelsius)
    }
  }

  /// Parameters at speed 1.
  public let parameters: Parameters
  /// Temperature at the device minus temperature at the reference, kelvin.
  public let gradientKelvin: Double

  let originNanoseconds: Int64
  let stepNanoseconds: Int64
  let speed: Double
  /// Rows of the exact transition matrix of (block, liquid) over one step and of its input matrix for
  /// (power, room, sink).
  let transition: (Double, Double, Double, Double)
  let input: (Double, Double, Double, Double, Double, Double)
  let referenceLag: LagStep
  let deviceLag: LagStep
  let stirring: OrnsteinUhlenbeckStep
  let wander: OrnsteinUhlenbeckStep

  /// Number of steps done; the step under way began at `stepStart`.
  var steps: Int64 = 0
  var stepStart: Int64
  var wattsNow = 0.0
  /// Power times time since the beginning of the step up to `markNanoseconds`.
  var wattNanoseconds = 0.0
  var markNanoseconds: Int64

  /// Temperature of the heater block in °C at the last full step.
  public private(set) var blockCelsius: Double
  /// Liquid without and with the noise of stirring.
  var liquidCelsius: Double
  var stirringKelvin = 0.0
  var mediumCelsius: Double
  var referenceNow: Double
  var referenceBefore: Double
  var deviceNow: Double
  var deviceBefore: Double
  var playCelsius: Double
  var roomDeviation = (0.0, 0.0, 0.0)
  var roomOffsetKelvin = 0.0
  var stirringRandom: RandomStream
  var roomRandom: RandomStream

  /// The room changes this many steps apart; it moves so slowly that nothing finer is seen.
  static let stepsPerRoomChange: Int64 = 100

  /// - Parameters:
  ///   - gradientKelvin: temperature at the device minus temperature at the reference.
  ///   - speed: factor by which all times of the plant are shortened.
  ///   - nanoseconds: instant of power-on.
  ///   - heldByWatts: power that the heater has given for long, so that the block is warmer than the liquid by its share.
  public init(
    _ parameters: Parameters, gradientKelvin: Double = 0, speed: Double = 1, seed: UInt64, startNanoseconds: Int64 = 0,
    heldByWatts: Double = 0
  ) {
    self.parameters = parameters
    self.gradientKelvin = gradientKelvin
    self.speed = speed
    originNanoseconds = startNanoseconds
    stepNanoseconds = max(1, Int64((parameters.stepSeconds / speed * 1e9).rounded()))
    // The step in plant time that belongs to the rounded step in true time.
    let h = Double(stepNanoseconds) * 1e-9 * speed
    let p = parameters
    (transition, input) = Self.solve(p, h)
    referenceLag = LagStep(step: h, timeConstant: p.referenceLagSeconds)
    deviceLag = LagStep(step: h, timeConstant: p.deviceLagSeconds)
    stirring = OrnsteinUhlenbeckStep(
      step: h, correlationTime: p.stirringCorrelationSeconds, deviation: p.stirringNoiseKelvin)
    wander = OrnsteinUhlenbeckStep(
      step: h * Double(Self.stepsPerRoomChange), correlationTime: p.roomCorrelationSeconds, deviation: 1)
    stepStart = startNanoseconds
    markNanoseconds = startNanoseconds
    blockCelsius = p.initialCelsius + heldByWatts / p.couplingWattsPerKelvin
    wattsNow = heldByWatts
    liquidCelsius = p.initialCelsius
    mediumCelsius = p.initialCelsius
    referenceNow = p.initialCelsius
    referenceBefore = p.initialCelsius
    deviceNow = p.initialCelsius
    deviceBefore = p.initialCelsius
    playCelsius = p.initialCelsius
    stirringRandom = RandomStream(seed: seed, stream: SimStream.stirring.rawValue)
    roomRandom = RandomStream(seed: seed, stream: SimStream.room.rawValue)
    roomDeviation = (roomRandom.normal(), roomRandom.normal(), roomRandom.normal())
  }

  /// Exact transition over a step of `h` seconds: Φ = exp(A h) and Γ = ∫ exp(A s) ds B by their power series, which
  /// converge in a few terms because h is short against every time constant.
  static func solve(_ p: Parameters, _ h: Double) -> (
    (Double, Double, Double, Double), (Double, Double, Double, Double, Double, Double)
  ) {
    let a11 = -p.couplingWattsPerKelvin / p.blockJoulesPerKelvin * h
    let a12 = -a11
    let a21 = p.couplingWattsPerKelvin / p.liquidJoulesPerKelvin * h
    let a22 =
      -(p.couplingWattsPerKelvin + p.lossWattsPerKelvin + p.coolingWattsPerKelvin) / p.liquidJoulesPerKelvin * h
    // term = (A h)^n / n!; phi sums the terms, integral sums term / (n + 1).
    var term = (1.0, 0.0, 0.0, 1.0)
    var phi = term
    var integral = term
    for n in 1...24 {
      let d = 1 / Double(n)
      term = (
        (term.0 * a11 + term.1 * a21) * d, (term.0 * a12 + term.1 * a22) * d,
        (term.2 * a11 + term.3 * a21) * d, (term.2 * a12 + term.3 * a22) * d
      )
      let e = 1 / Double(n + 1)
      phi = (phi.0 + term.0, phi.1 + term.1, phi.2 + term.2, phi.3 + term.3)
      integral = (
        integral.0 + term.0 * e, integral.1 + term.1 * e, integral.2 + term.2 * e, integral.3 + term.3 * e
      )
    }
    let power = h / p.blockJoulesPerKelvin
    let room = p.lossWattsPerKelvin * h / p.liquidJoulesPerKelvin
    let sink = p.coolingWattsPerKelvin * h / p.liquidJoulesPerKelvin
    return (
      phi,
      (
        integral.0 * power, integral.1 * room, integral.1 * sink,
        integral.2 * power, integral.3 * room, integral.3 * sink
      )
    )
  }

  /// Moves the bath on to an instant; an earlier one does nothing.
  public mutating func advance(toNanoseconds nanoseconds: Int64) {
    while stepStart + stepNanoseconds <= nanoseconds { step() }
  }

  private mutating func step() {
    let end = stepStart + stepNanoseconds
    wattNanoseconds += wattsNow * Double(end - markNanoseconds)
    let watts = wattNanoseconds / Double(stepNanoseconds)
    wattNanoseconds = 0
    markNanoseconds = end
    stepStart = end
    steps += 1
    if steps % Self.stepsPerRoomChange == 0 {
      roomDeviation.0 = wander.next(roomDeviation.0, roomRandom.normal())
      roomDeviation.1 = wander.next(roomDeviation.1, roomRandom.normal())
      roomDeviation.2 = wander.next(roomDeviation.2, roomRandom.normal())
    }
    let room = roomCelsius
    let sink = parameters.sinkCelsius
    let block = transition.0 * blockCelsius + transition.1 * liquidCelsius + input.0 * watts + input.1 * room
    let liquid = transition.2 * blockCelsius + transition.3 * liquidCelsius + input.3 * watts + input.4 * room
    blockCelsius = block + input.2 * sink
    liquidCelsius = liquid + input.5 * sink
    stirringKelvin = stirring.next(stirringKelvin, stirringRandom.normal())
    let medium = liquidCelsius + stirringKelvin
    referenceBefore = referenceNow
    referenceNow = referenceLag.next(referenceNow, mediumCelsius, medium)
    deviceBefore = deviceNow
    deviceNow = deviceLag.next(deviceNow, mediumCelsius, medium)
    mediumCelsius = medium
    let span = parameters.hysteresisSpanKelvin
    playCelsius = min(max(playCelsius, deviceNow - span), deviceNow + span)
  }

  private func share(_ nanoseconds: Int64) -> Double {
    min(1, max(0, Double(nanoseconds - stepStart) / Double(stepNanoseconds)))
  }

  /// Sets the heater's power in watts from an instant on, to which the bath moves.
  public mutating func setHeater(watts: Double, atNanoseconds nanoseconds: Int64) {
    advance(toNanoseconds: nanoseconds)
    if nanoseconds > markNanoseconds {
      wattNanoseconds += wattsNow * Double(nanoseconds - markNanoseconds)
      markNanoseconds = nanoseconds
    }
    wattsNow = min(max(watts, 0), parameters.maximumHeaterWatts)
  }

  /// Power of the heater now, in watts.
  public var heaterWatts: Double { wattsNow }

  /// Mean temperature of the liquid in °C at the last full step, without the noise of stirring.
  public var bathCelsius: Double { liquidCelsius }

  /// True temperature in °C of the reference's probe; the bath must have been moved to the instant.
  public func referenceCelsius(atNanoseconds nanoseconds: Int64) -> Double {
    referenceBefore + (referenceNow - referenceBefore) * share(nanoseconds)
  }

  /// True temperature in °C of the device under test; the bath must have been moved to the instant.
  public func deviceCelsius(atNanoseconds nanoseconds: Int64) -> Double {
    deviceBefore + (deviceNow - deviceBefore) * share(nanoseconds) + gradientKelvin
  }

  /// Where the device comes from: −1 after a long fall of temperature, 1 after a long rise.
  public var deviceDirection: Double {
    parameters.hysteresisSpanKelvin > 0 ? (deviceNow - playCelsius) / parameters.hysteresisSpanKelvin : 0
  }

  /// Plant time in hours since power-on.
  public func hours(atNanoseconds nanoseconds: Int64) -> Double {
    Double(nanoseconds - originNanoseconds) * speed / 3.6e12
  }

  /// Temperature of the room in °C.
  public var roomCelsius: Double {
    parameters.roomCelsius + roomOffsetKelvin + parameters.roomWanderKelvin * roomDeviation.0
  }

  /// Relative humidity of the room, 0...100 %.
  public var relativeHumidityPercent: Double {
    min(100, max(0, parameters.relativeHumidityPercent + parameters.humidityWanderPercent * roomDeviation.1))
  }

  /// Pressure in the room, pascal.
  public var pascals: Double { parameters.pascals + parameters.pressureWanderPascals * roomDeviation.2 }

  /// Shifts the room's temperature, as an opened window does.
  public mutating func shiftRoom(kelvin: Double) { roomOffsetKelvin += kelvin }
}

/// One step of a first-order lag, exact for an input that runs straight from one end of the step to the other.
struct LagStep: Sendable {
  let keep: Double
  let early: Double
  let late: Double

  init(step: Double, timeConstant: Double) {
    guard timeConstant > 0 else {
      (keep, early, late) = (0, 0, 1)
      return
    }
    let ratio = step / timeConstant
    keep = Elementary.exp(-ratio)
    let mean = (1 - keep) / ratio
    early = mean - keep
    late = 1 - mean
  }

  func next(_ state: Double, _ before: Double, _ after: Double) -> Double {
    keep * state + early * before + late * after
  }
}

/// One exact step of an Ornstein-Uhlenbeck process: stationary noise with exponential correlation.
struct OrnsteinUhlenbeckStep: Sendable {
  let keep: Double
  let scale: Double

  init(step: Double, correlationTime: Double, deviation: Double) {
    keep = correlationTime > 0 ? Elementary.exp(-step / correlationTime) : 0
    scale = deviation * (1 - keep * keep).squareRoot()
  }

  func next(_ state: Double, _ normal: Double) -> Double { keep * state + scale * normal }
}
