import EtalonCore
import EtalonMetrology

/// What a closed loop does for one channel in one tick: the plant moves, reference and device are read, the device's offset and
/// gain are estimated from both, and the corrected value with its uncertainty goes to the controller.
struct Channel<Control: Controller> where Control.Scalar == Double {
  var random: RandomStream
  var quantity: Double
  var lag: Double
  var output: Double
  var factors: ConsiderFactors<2, 1, Double>
  var offset = 0.0
  var gain = 1.0
  var control: Control
}

/// Channels in one buffer, moved together.
struct ClosedLoop<Control: Controller> where Control.Scalar == Double {
  private var channels: [Channel<Control>]
  private let setup: LoopSetup
  private var tick: Int64 = 0

  init(_ setup: LoopSetup, channels count: Int, control: Control) {
    self.setup = setup
    channels = (0..<count).map { index in
      Channel(
        random: RandomStream(seed: UInt64(index + 1)), quantity: setup.gain * setup.initial,
        lag: setup.gain * setup.initial, output: setup.initial,
        factors: ConsiderFactors(variances: setup.initialVariances, count: 2, considerCount: 1), control: control)
    }
  }

  /// A triangular number of variance 1/6.
  @inline(__always)
  private static func triangular(_ random: inout RandomStream) -> Double {
    let first = random.uniform()
    return first + random.uniform() - 1
  }

  /// Runs all channels for so many ticks; the sum of outputs and corrected values of the last tick.
  mutating func run(ticks: Int) -> Double {
    let s = setup
    var checksum = 0.0
    var tick = self.tick
    defer { self.tick = tick }
    var span = channels.mutableSpan
    for _ in 0..<ticks {
      tick += 1
      let now = Instant(nanoseconds: tick * s.periodNanoseconds)
      let setpoint = (tick / 2000) % 2 == 0 ? 10.0 : 12
      checksum = 0
      for index in span.indices { checksum += Self.step(&span[index], s, now, setpoint) }
    }
    return checksum
  }

  @inline(__always)
  private static func step(
    _ channel: inout Channel<Control>, _ s: LoopSetup, _ now: Instant, _ setpoint: Double
  ) -> Double {
    let quantity = s.keep * channel.quantity + s.couple * channel.lag + s.take * (s.gain * channel.output)
    channel.lag = s.lagKeep * channel.lag + s.lagTake * (s.gain * channel.output)
    channel.quantity = quantity + s.noise * triangular(&channel.random)
    let reference = channel.quantity + s.referenceNoise * triangular(&channel.random)
    let device = 0.05 + 1.01 * channel.quantity + s.deviceNoise * triangular(&channel.random)
    let direction: InlineArray<2, Double> = [1, device]
    let predicted = channel.offset + channel.gain * device
    channel.factors.addNoise(variance: s.motionNoise, to: 0)
    if let update = channel.factors.update(
      direction, consider: [1e-3], noiseVariance: s.referenceNoise * s.referenceNoise, learning: 2)
    {
      let innovation = reference - predicted
      channel.offset += update.gain[0] * innovation
      channel.gain += update.gain[1] * innovation
    }
    let corrected = channel.offset + channel.gain * device
    let variance = channel.factors.variance(along: direction, consider: [0]) + s.deviceNoise * s.deviceNoise
    channel.output = channel.control.update(
      ControlInput(
        measured: corrected, standardUncertainty: variance.squareRoot(), setpoint: setpoint, at: now))
    return channel.output + corrected
  }
}
