import EtalonMetrology

/// What is really so on a simulated bench and what a session can only estimate. One draw is one bench.
public struct BenchTruth: Sendable, Equatable {
  /// True correction curve of the reference at its calibration.
  public var reference: ReferenceTruth
  /// What the reference reads too much since its calibration, kelvin.
  public var referenceDriftKelvin: Double
  /// Temperature at the device minus temperature at the reference, kelvin.
  public var gradientKelvin: Double
  /// Response of the device under test, as its indication minus the true temperature with the factory coefficients:
  /// offset + gain·(t − 30 °C) + curvature·s² + cubic·s³, s = (t − 30 °C) / 30 K.
  public var deviceOffsetKelvin: Double
  /// Kelvin per kelvin.
  public var deviceGain: Double
  /// Kelvin at either end of the range (0 °C and 60 °C).
  public var deviceCurvatureKelvin: Double
  /// Kelvin at the upper end of the range, the opposite at the lower.
  public var deviceCubicKelvin: Double
  /// Half the difference between rising and falling temperature, kelvin.
  public var deviceHysteresisKelvin: Double
  /// Kelvin per hour of plant time.
  public var deviceDriftKelvinPerHour: Double
  /// Standard deviation of the noise of one conversion, kelvin, 0 or more.
  public var deviceNoiseKelvin: Double
  /// Time constant of the device minus that of the reference, seconds; nil for the plant's own.
  public var deviceLagSeconds: Double?

  /// Draws a bench. Each quantity has a stream of its own, so that changing one prior moves nothing else.
  public static func draw(_ configuration: SimConfiguration, seed: UInt64) throws(ReferenceTruthFault) -> BenchTruth {
    func draw(_ prior: Prior, _ stream: SimStream) -> Double {
      var random = RandomStream(seed: seed, stream: stream.rawValue)
      return prior.draw(using: &random)
    }
    var certificate = RandomStream(seed: seed, stream: SimStream.certificate.rawValue)
    let device = configuration.device
    return BenchTruth(
      reference: try ReferenceTruth.draw(configuration.reference.certificate, using: &certificate),
      referenceDriftKelvin: draw(configuration.reference.driftKelvin, .referenceDrift),
      gradientKelvin: draw(configuration.gradientKelvin, .gradient),
      deviceOffsetKelvin: draw(device.offsetKelvin, .deviceOffset),
      deviceGain: draw(device.gain, .deviceGain),
      deviceCurvatureKelvin: draw(device.curvatureKelvin, .deviceCurvature),
      deviceCubicKelvin: draw(device.cubicKelvin, .deviceCubic),
      deviceHysteresisKelvin: draw(device.hysteresisKelvin, .deviceHysteresis),
      deviceDriftKelvinPerHour: draw(device.driftKelvinPerHour, .deviceDrift),
      deviceNoiseKelvin: draw(device.noiseKelvin, .deviceNoiseSize).magnitude,
      deviceLagSeconds: device.lagSeconds.map { draw($0, .deviceLag) })
  }

  /// Indication minus true temperature with the factory coefficients at `celsius`, without noise and quantisation.
  /// - Parameters:
  ///   - hours: plant time since power-on of the bench.
  ///   - direction: −1 (falling) to 1 (rising).
  public func deviceError(at celsius: Double, hours: Double, direction: Double) -> Double {
    let fromMiddle = celsius - 30
    let s = fromMiddle / 30
    return deviceOffsetKelvin + deviceGain * fromMiddle + s * s * (deviceCurvatureKelvin + s * deviceCubicKelvin)
      + deviceHysteresisKelvin * direction + deviceDriftKelvinPerHour * hours
  }
}

/// Numbers of the independent random streams of one seed.
enum SimStream: UInt64 {
  case certificate = 1
  case referenceDrift, gradient
  case deviceOffset, deviceGain, deviceCurvature, deviceCubic, deviceHysteresis, deviceDrift, deviceNoiseSize
  case stirring = 32
  case room, referenceNoise, deviceNoise, deviceFaults, faultPlan
  case deviceLag = 64
  case deviceWander
  case oscillator, oscillatorReadings, clockBench, referencePulses, oscillatorPulses
  /// Wires take this number plus their port's.
  case wire = 1024
}
