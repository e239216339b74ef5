import EtalonCore
import EtalonMetrology

/// Everything that a pair passes through while a set point is held: sampler, rejector, settle criterion, block means,
/// on-line calibration and control, fed with readings of a noisy bath once a second.
struct SamplingPath {
  private var sampler: Sampler
  private var rejector: HampelRejector
  private var settle: SettleDetector
  private var window: BlockMeans
  private var calibration: OnlineCalibration
  private var controller: PIController
  private var random: RandomStream
  private var now = Instant(nanoseconds: 0)
  private var conversion: UInt32 = 0
  private let emptyWindow: BlockMeans
  private static let setpoint = 37.0

  /// Pairs that came out of the rejector.
  private(set) var pairs = 0
  /// Updates of the calibration.
  var updates: Int { calibration.updates }
  /// Depends on every number that was computed, so that no part of the path can be left out.
  private(set) var checksum = 0.0

  init(seed: UInt64) throws {
    sampler = try Sampler(
      .init(periodNanoseconds: 1_000_000_000, alignNanoseconds: 100_000_000), startingAt: Instant(nanoseconds: 0))
    rejector = try HampelRejector(window: 21, threshold: 4, resolution: 0.01)
    settle = try SettleDetector(holdNanoseconds: 120_000_000_000, periodNanoseconds: 1_000_000_000)
    emptyWindow = try BlockMeans(samples: 240, blocks: 20)
    window = emptyWindow
    calibration = try OnlineCalibration(
      OnlineCalibrationConfiguration(
        response: .init(direct: 0...60, degree: 3, standardUncertainty: Coefficients(0.2, 0.2, 0.1, 0.05)),
        process: .init(
          motion: CorrelatedNoise(standardDeviation: 0.005, correlationTimeSeconds: 30),
          levelDriftPerRootSecond: 0.001),
        reference: .init(
          range: 0...60, basisCount: 2, standardUncertainty: Coefficients(0.015, 0.01, 0, 0),
          driftStandardUncertainty: 0.0115, gradientStandardUncertainty: 0.0087,
          noise: CorrelatedNoise(standardDeviation: 0.002)),
        deviceNoise: CorrelatedNoise(standardDeviation: 0.005), resolution: 0.01, periodSeconds: 1))
    controller = try PIController(
      .init(
        heatCapacityJoulesPerKelvin: 21_000, lossWattsPerKelvin: 26, idleCelsius: 6.85, delaySeconds: 17,
        limitsWatts: 0...1500))
    random = RandomStream(seed: seed)
  }

  /// One second: a tick, both readings, and what follows from them.
  mutating func step() {
    now = now + 1_000_000_000
    conversion &+= 1
    let bath = Self.setpoint + random.normal(mean: 0, standardDeviation: 0.005)
    let tick = sampler.begin(at: now)
    // One device reading in a thousand is far off, so that the rejector's other branch runs too.
    let spike = conversion % 1000 == 0 ? 0.5 : 0
    let shown = ((bath + 0.05 + spike + random.normal(mean: 0, standardDeviation: 0.003)) * 100).rounded() / 100
    let device = Reading(
      value: shown, raw: (shown - 30) / 30, conversion: conversion, instant: now + 30_000_000, quality: [])
    let reference = Reading(
      value: bath + random.normal(mean: 0, standardDeviation: 0.002), raw: .nan, conversion: conversion,
      instant: now + 60_000_000, quality: [])
    let accepted = sampler.add(device, from: .device, tick: tick?.number)
    let kept = sampler.add(reference, from: .reference)
    precondition(accepted == .accepted && kept == .accepted, "every reading of this bench is a good one")
    settle.add(reference.value, at: reference.instant)
    checksum += settle.isSettled(slopeLimitPerSecond: 3e-4, standardDeviationLimit: 0.01) ? 1 : 0
    checksum += controller.update(measured: reference.value, setpoint: Self.setpoint, at: reference.instant)
    while let pair = sampler.nextPair(at: now + 100_000_000) {
      guard let judged = rejector.add(pair) else { continue }
      take(judged)
    }
  }

  private mutating func take(_ pair: Pair) {
    pairs += 1
    _ = calibration.add(pair)
    if let value = calibration.corrected(indication: pair.indication) {
      checksum += value.value + value.standardUncertainty
    }
    guard pair.isUsable else { return }
    window.add(pair)
    guard window.isComplete else { return }
    if let result = window.result(.difference) { checksum += result.mean + result.standardUncertainty }
    window = emptyWindow
  }
}
