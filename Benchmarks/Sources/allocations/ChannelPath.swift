import EtalonCore
import EtalonMetrology

/// A calibration channel in steady state: readings of both sides at different instants, lags, monitor; now and then a
/// move, an absence of the reference, a bad reading and a suspicious block, so that every branch runs.
struct ChannelPath {
  private var channel: CalibrationChannel
  private var random: RandomStream
  private var tick: Int64 = 0
  private var level = 37.0
  private var atDevice = FirstOrderLag()

  /// Samples that came out.
  private(set) var samples = 0
  /// Updates of the response.
  var updates: Int { channel.calibration.updates }
  /// Pairs and readings that were refused.
  var refused: UInt64 { channel.refusals.total }
  /// Changes of the state.
  var transitions: Int { channel.monitor.transitions }
  /// Depends on every number that was computed.
  private(set) var checksum = 0.0

  init(seed: UInt64) throws {
    channel = try CalibrationChannel(
      CalibrationChannel.Configuration(
        calibration: OnlineCalibrationConfiguration(
          response: .init(
            direct: 0...60, degree: 2, standardUncertainty: Coefficients(0.2, 0.2, 0.1, 0),
            driftPerRootSecond: Coefficients(1e-5, 1e-5, 0, 0)),
          process: .init(
            motion: CorrelatedNoise(standardDeviation: 0.005, correlationTimeSeconds: 30),
            levelDriftPerRootSecond: 0.001),
          reference: .init(
            range: 0...60, basisCount: 2, standardUncertainty: Coefficients(0.015, 0.01, 0, 0),
            driftStandardUncertainty: 0.0115, gradientStandardUncertainty: 0.0087,
            noise: CorrelatedNoise(standardDeviation: 0.002)),
          deviceNoise: CorrelatedNoise(standardDeviation: 0.005), resolution: 0.01, periodSeconds: 1, pairsPerBlock: 4),
        dynamics: DynamicsSettings(
          referenceLag: UncertainSeconds(4, standardUncertainty: 0.2),
          deviceLag: UncertainSeconds(6, standardUncertainty: 1), measurand: .quantity)))
    random = RandomStream(seed: seed)
  }

  /// One second: a reading of the reference, one of the device 300 ms later.
  mutating func step() {
    tick += 1
    let second = tick % 5000
    if second == 2000 { channel.processMoves(at: Instant(nanoseconds: tick * 1_000_000_000)) }
    level += second >= 2000 && second < 2200 ? 0.02 : (second >= 3000 && second < 3200 ? -0.02 : 0)
    atDevice.take(level, seconds: 1, timeConstant: 2)
    let now = Instant(nanoseconds: tick * 1_000_000_000)
    if second < 4000 || second > 4200 {
      let reading = level + random.normal(mean: 0, standardDeviation: 0.002)
      if channel.take(reference: second == 500 ? .nan : reading, at: now) != nil { checksum += 1 }
    }
    let spoilt = second == 1000 ? 0.2 : 0
    let shown = atDevice.output + spoilt + random.normal(mean: 0, standardDeviation: 0.005)
    let sample = channel.take(indication: (shown * 100).rounded() / 100, at: now + 300_000_000)
    samples += 1
    if sample.corrected.isFinite { checksum += sample.corrected + sample.standardUncertainty }
  }
}
