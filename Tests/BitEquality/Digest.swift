// Digests of what the code that runs on a chip computes. The same source is compiled as Embedded Swift for two processors by
// scripts/aarch64, and every digest must agree: chip and host agree bit for bit, so that a record of one replays on the other.
import EtalonCore
import EtalonMetrology

/// FNV-1a over the bytes of numbers: any single bit that differs changes it.
struct Digest {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ number: Double) { add(number.bitPattern) }

  mutating func add(_ bits: UInt64) {
    var rest = bits
    for _ in 0..<8 {
      value = (value ^ (rest & 0xFF)) &* 0x100_0000_01b3
      rest >>= 8
    }
  }
}

@_cdecl("etalon_digest_elementary")
func elementary() -> UInt64 {
  var digest = Digest()
  var random = RandomStream(seed: 1)
  for _ in 0..<20_000 {
    let small = random.uniform(-1, 1)
    let middle = random.uniform(-30, 30)
    let large = random.uniform(-1e6, 1e6)
    let positive = Elementary.exp(random.uniform(-600, 600))
    digest.add(Elementary.log(positive))
    digest.add(Elementary.log10(positive))
    digest.add(Elementary.log2(positive))
    digest.add(Elementary.log1p(random.uniform(-0.9, 3)))
    digest.add(Elementary.exp(middle))
    digest.add(Elementary.expm1(small))
    digest.add(Elementary.pow(1.5 + small, middle))
    digest.add(Elementary.cbrt(large))
    digest.add(Elementary.hypot(large, middle))
    digest.add(Elementary.sin(large))
    digest.add(Elementary.cos(middle))
    digest.add(Elementary.tan(middle))
    digest.add(Elementary.atan(large))
    digest.add(Elementary.atan2(small, middle))
    digest.add(Elementary.asin(small))
    digest.add(Elementary.acos(small))
    digest.add(Elementary.sinh(middle))
    digest.add(Elementary.cosh(middle))
    digest.add(Elementary.tanh(small))
  }
  return digest.value
}

@_cdecl("etalon_digest_random")
func randomNumbers() -> UInt64 {
  var digest = Digest()
  var random = RandomStream(seed: 2, stream: 3)
  var statistics = RunningStatistics()
  for _ in 0..<50_000 {
    let value = random.normal()
    digest.add(value)
    digest.add(random.uniform())
    do { try statistics.add(value) } catch { digest.add(UInt64.max) }
  }
  digest.add(statistics.mean ?? .nan)
  digest.add(statistics.standardDeviation ?? .nan)
  return digest.value
}

/// Two clocks that jitter, readings that are missing now and then: pairs, the rejector's judgement, block means.
@_cdecl("etalon_digest_sampler")
func sampler() -> UInt64 {
  var digest = Digest()
  do {
    var random = RandomStream(seed: 4)
    let second: Int64 = 1_000_000_000
    var sampler = try Sampler(
      .init(periodNanoseconds: second, alignNanoseconds: second / 10), startingAt: Instant(nanoseconds: 0))
    for step in 0..<5_000 {
      let now = Int64(step) * second
      guard let tick = sampler.begin(at: Instant(nanoseconds: now)) else { continue }
      let temperature = 20 + 5 * Elementary.sin(Double(step) / 50)
      let first = Instant(nanoseconds: now + Int64(random.uniform(0, 2e8)))
      let last = Instant(nanoseconds: now + Int64(random.uniform(2e8, 4e8)))
      if random.uniform() > 0.02 {
        let reading = Reading(
          value: temperature + 0.001 * random.normal(), raw: .nan, conversion: 0, instant: first, quality: [])
        _ = sampler.add(reading, from: .reference, tick: tick.number)
      }
      if random.uniform() > 0.02 {
        let reading = Reading(
          value: temperature + 0.003 * random.normal(), raw: 0.5, conversion: UInt32(step + 1), instant: last,
          quality: [])
        _ = sampler.add(reading, from: .device, tick: tick.number)
      }
      while let pair = sampler.nextPair(at: Instant(nanoseconds: now + second / 2)) { digest.add(pair) }
    }
    while let pair = sampler.flush() { digest.add(pair) }
    digest.add(UInt64(sampler.counters.samples))
    digest.add(UInt64(sampler.counters.gaps))
  } catch { digest.add(UInt64.max) }
  return digest.value
}

extension Digest {
  mutating func add(_ pair: Pair) {
    add(UInt64(bitPattern: pair.instant.nanoseconds))
    add(pair.reference)
    add(pair.indication)
    add(UInt64(pair.quality.rawValue))
  }
}

/// A process held at one place, then moved; the estimator's response, uncertainties and corrected values.
@_cdecl("etalon_digest_estimator")
func estimator() -> UInt64 {
  var digest = Digest()
  do {
    let configuration = OnlineCalibrationConfiguration(
      response: .init(direct: 5.0...55.0, degree: 2, standardUncertainty: Coefficients(0.1, 0.5, 0.05, 0)),
      process: .init(motion: CorrelatedNoise(standardDeviation: 0.02, correlationTimeSeconds: 3)),
      reference: .init(
        range: 0.0...60.0, basisCount: 2, correction: Coefficients(0.012, -0.008, 0, 0),
        standardUncertainty: Coefficients(0.010, 0.010, 0, 0), driftStandardUncertainty: 0.005,
        gradientStandardUncertainty: 0.004, noise: CorrelatedNoise(standardDeviation: 0.005, correlationTimeSeconds: 0)),
      deviceNoise: CorrelatedNoise(standardDeviation: 0.01, correlationTimeSeconds: 0), resolution: 0.01,
      periodSeconds: 1)
    var calibration = try OnlineCalibration(configuration)
    var random = RandomStream(seed: 5)
    #if BREAK_BIT_EQUALITY
      // The negative control: one input differs in its last bit.
      let begin = (20.0).nextUp
    #else
      let begin = 20.0
    #endif
    for step in 0..<5_000 {
      let level = step < 2_500 ? begin : 33.0
      let x = level + 0.02 * random.normal()
      let indication = ((1.002 * x - 0.05 + 0.01 * random.normal()) * 100).rounded() / 100
      let pair = Pair(
        instant: Instant(nanoseconds: Int64(step) * 1_000_000_000), reference: x + 0.005 * random.normal(),
        indication: indication, raw: .nan, quality: [], tick: UInt32(step))
      _ = calibration.add(pair)
      if step % 100 == 99 {
        digest.add(calibration.coefficients.c0)
        digest.add(calibration.coefficients.c1)
        digest.add(calibration.coefficients.c2)
        for power in 0...2 { digest.add(calibration.standardUncertainty(ofCoefficient: power)) }
        if let corrected = calibration.corrected(indication: 25) {
          digest.add(corrected.value)
          digest.add(corrected.standardUncertainty)
        }
        digest.add(calibration.inflation)
      }
    }
    digest.add(UInt64(calibration.updates))
    digest.add(UInt64(calibration.refusedPairs))
  } catch { digest.add(UInt64.max) }
  return digest.value
}

/// A controller on a plant of one thermal mass.
@_cdecl("etalon_digest_control")
func control() -> UInt64 {
  var digest = Digest()
  do {
    var controller = try PIController(
      .init(
        heatCapacityJoulesPerKelvin: 21_000, lossWattsPerKelvin: 26, idleCelsius: 6.85, delaySeconds: 16,
        limitsWatts: 0...1500))
    var celsius = 10.0
    var random = RandomStream(seed: 6)
    for step in 0..<5_000 {
      let watts = controller.update(
        measured: celsius + 0.001 * random.normal(), setpoint: step < 2_500 ? 25 : 50,
        at: Instant(nanoseconds: Int64(step) * 1_000_000_000))
      celsius += (watts - 26 * (celsius - 6.85)) / 21_000
      digest.add(watts)
      digest.add(celsius)
    }
    digest.add(controller.integralWatts)
  } catch { digest.add(UInt64.max) }
  return digest.value
}
