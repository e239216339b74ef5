import CCalibrationTwin
import EtalonCore
import EtalonMetrology
import Glibc

// Peers side by side in one process; `scripts/bench-calibration` judges what is printed.
//   calibration run KIND COUNT      one recursion alone, for callgrind: swift-line, c-line, swift-consider, c-consider
//   calibration ratios              medians of interleaved rounds
//   calibration nanoseconds COUNT   of one update of the line
//   calibration precision COUNT     single against double precision

let length = 4096
var random = RandomStream(seed: 3)
nonisolated(unsafe) let places = UnsafeMutablePointer<Double>.allocate(capacity: length)
nonisolated(unsafe) let values = UnsafeMutablePointer<Double>.allocate(capacity: length)
for index in 0..<length {
  places[index] = random.uniform(-1, 1)
  values[index] = 0.1 + 1.02 * places[index] + 0.005 * random.normal()
}
let noise = 2.5e-5
let driftOffset = 1e-12
let driftGain = 1e-12

func swiftLine(_ line: inout LineRecursion<Double>, _ count: Int) {
  var state = line
  var at = 0
  for _ in 0..<count {
    state.update(places[at], values[at], noiseVariance: noise, driftOffset: driftOffset, driftGain: driftGain)
    at &+= 1
    if at == length { at = 0 }
  }
  line = state
}

/// The same recursion in this file: what a public generic costs from another module is the ratio of the two.
struct LocalLine<Scalar: BinaryFloatingPoint> {
  var offset: Scalar
  var gain: Scalar
  var offsetVariance: Scalar
  var covariance: Scalar = 0
  var gainVariance: Scalar

  mutating func update(_ s: Scalar, _ x: Scalar, noiseVariance: Scalar, driftOffset: Scalar, driftGain: Scalar) {
    let variance = (offsetVariance + noiseVariance) + (s + s) * covariance + (s * s) * gainVariance
    let scale = 1 / variance
    let a = offsetVariance + s * covariance
    let b = covariance + s * gainVariance
    let step = (x - (offset + s * gain)) * scale
    offset += a * step
    gain += b * step
    offsetVariance = (offsetVariance + driftOffset) - (a * a) * scale
    covariance -= (a * b) * scale
    gainVariance = (gainVariance + driftGain) - (b * b) * scale
  }
}

func localLine(_ line: inout LocalLine<Double>, _ count: Int) {
  var state = line
  var at = 0
  for _ in 0..<count {
    state.update(places[at], values[at], noiseVariance: noise, driftOffset: driftOffset, driftGain: driftGain)
    at &+= 1
    if at == length { at = 0 }
  }
  line = state
}

typealias Factors = ConsiderFactors<2, 3, Double>

struct SwiftConsider {
  var factors = Factors(variances: [0.01, 0.0004], count: 2, considerCount: 3)
  var offset = 0.0
  var gain = 1.0

  mutating func run(_ count: Int) {
    var at = 0
    var factors = factors
    var offset = offset
    var gain = gain
    for _ in 0..<count {
      let s = places[at]
      let x = values[at]
      at &+= 1
      if at == length { at = 0 }
      factors.addNoise(variance: driftOffset, to: 0)
      factors.addNoise(variance: driftGain, to: 1)
      guard
        let update = factors.update(
          [1, s], consider: [-0.01, -0.01 * s, -0.005], noiseVariance: noise, learning: 2)
      else { continue }
      let innovation = x - (offset + s * gain)
      offset += update.gain[0] * innovation
      gain += update.gain[1] * innovation
    }
    self.factors = factors
    self.offset = offset
    self.gain = gain
  }
}

func freshLine() -> LineRecursion<Double> {
  LineRecursion(offset: 0, gain: 1, offsetVariance: 0.01, gainVariance: 0.0004)
}
func freshTwin() -> line_twin {
  line_twin(offset: 0, gain: 1, offset_variance: 0.01, covariance: 0, gain_variance: 0.0004)
}
func freshConsiderTwin() -> consider_twin {
  consider_twin(
    theta: (0, 1), unit: 0, diagonal: (0.01, 0.0004), sensitivity: ((0, 0, 0), (0, 0, 0)))
}

func seconds(_ body: () -> Void) -> Double {
  let start = ContinuousClock.now
  body()
  let duration = ContinuousClock.now - start
  return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// Median over rounds of the time of `subject` divided by that of `peer`, interleaved.
func ratio(_ rounds: Int, _ subject: () -> Void, _ peer: () -> Void) -> Double {
  var ratios: [Double] = []
  for _ in 0..<rounds {
    let own = seconds(subject)
    ratios.append(own / seconds(peer))
  }
  return ratios.sorted()[rounds / 2]
}

/// One update of one channel as a call, which is what a channel that does more than the recursion makes of it. In a loop of
/// nothing else the compiler puts several channels side by side by itself.
@inline(never)
func updateOne<Scalar: BinaryFloatingPoint & SIMDScalar & Sendable>(
  _ line: inout LineRecursion<Scalar>, _ place: Scalar, _ value: Scalar, _ variance: Scalar
) {
  line.update(place, value, noiseVariance: variance)
}

/// Many channels side by side against the same channels one after the other, and whether both give the same.
/// - Parameter isBare: whether the peer is the bare loop, which the compiler vectorises.
@inline(__always)
func bankRatio<Scalar: BinaryFloatingPoint & SIMDScalar & Sendable>(
  _ type: Scalar.Type, _ rounds: Int, isBare: Bool
) -> (ratio: Double, isEqual: Bool) {
  let channels = 1024
  let prior = LineRecursion<Scalar>(offset: 0, gain: 1, offsetVariance: 0.01, gainVariance: 0.0004)
  var bank = LineRecursionBank(count: channels, prior: prior)
  var lines = [LineRecursion<Scalar>](repeating: prior, count: channels)
  let steps = 1000
  let p = UnsafeMutablePointer<SIMD4<Scalar>>.allocate(capacity: length / 4)
  let v = UnsafeMutablePointer<SIMD4<Scalar>>.allocate(capacity: length / 4)
  for index in 0..<length {
    p[index / 4][index % 4] = Scalar(places[index])
    v[index / 4][index % 4] = Scalar(values[index])
  }
  let variance = Scalar(noise)
  let result = p.withMemoryRebound(to: Scalar.self, capacity: length) { place in
    v.withMemoryRebound(to: Scalar.self, capacity: length) { value in
      ratio(
        rounds,
        {
          for step in 0..<steps {
            let at = (step &* 4) % (length - channels)
            bank.update(places: p + at / 4, values: v + at / 4, noiseVariance: variance)
          }
        },
        {
          var span = lines.mutableSpan
          for step in 0..<steps {
            let at = (step &* 4) % (length - channels)
            if isBare {
              for channel in 0..<channels {
                span[channel].update(place[at &+ channel], value[at &+ channel], noiseVariance: variance)
              }
            } else {
              for channel in 0..<channels {
                updateOne(&span[channel], place[at &+ channel], value[at &+ channel], variance)
              }
            }
          }
        })
    }
  }
  let isEqual = bank[77].gain == lines[77].gain && bank[1023].offset == lines[1023].offset
  p.deallocate()
  v.deallocate()
  return (result, isEqual)
}

func fail(_ message: String) -> Never {
  print("error: \(message)")
  exit(70)
}

let arguments = CommandLine.arguments
switch arguments.count > 1 ? arguments[1] : "" {
case "run":
  guard arguments.count == 4, let count = Int(arguments[3]) else { fail("calibration run KIND COUNT") }
  switch arguments[2] {
  case "swift-line":
    var line = freshLine()
    swiftLine(&line, count)
    print(line.offset, line.gain, line.covariance)
  case "c-line":
    var twin = freshTwin()
    line_twin_run(&twin, places, values, length, count, noise, driftOffset, driftGain)
    print(twin.offset, twin.gain, twin.covariance)
  case "swift-consider":
    var state = SwiftConsider()
    state.run(count)
    print(state.offset, state.gain)
  case "c-consider":
    var twin = freshConsiderTwin()
    consider_twin_run(&twin, places, values, length, count, noise, driftOffset, driftGain)
    print(twin.theta.0, twin.theta.1)
  default: fail("there is no kind '\(arguments[2])'")
  }
case "ratios":
  let rounds = 9
  let count = 1_000_000
  var line = freshLine()
  var twin = freshTwin()
  let lineRatio = ratio(
    rounds, { swiftLine(&line, count) },
    { line_twin_run(&twin, places, values, length, count, noise, driftOffset, driftGain) })
  let isEqual =
    line.offset == twin.offset && line.gain == twin.gain && line.offsetVariance == twin.offset_variance
    && line.covariance == twin.covariance && line.gainVariance == twin.gain_variance
  print("line_time_against_c \(lineRatio)")
  print("line_bit_equal \(isEqual ? 1 : 0)")
  var local = LocalLine<Double>(offset: 0, gain: 1, offsetVariance: 0.01, gainVariance: 0.0004)
  print("line_from_another_module \(ratio(rounds, { swiftLine(&line, count) }, { localLine(&local, count) }))")
  var consider = SwiftConsider()
  var considerTwin = freshConsiderTwin()
  let considerRatio = ratio(
    rounds, { consider.run(count) },
    { consider_twin_run(&considerTwin, places, values, length, count, noise, driftOffset, driftGain) })
  print("consider_time_against_c \(considerRatio)")
  print("consider_difference \((consider.gain - considerTwin.theta.1).magnitude)")
  let (doubles, areDoublesEqual) = bankRatio(Double.self, rounds, isBare: false)
  print("bank_against_scalar \(doubles)")
  let (singles, areSinglesEqual) = bankRatio(Float.self, rounds, isBare: false)
  print("bank_against_scalar_single \(singles)")
  print("bank_against_vectorised_loop \(bankRatio(Double.self, rounds, isBare: true).ratio)")
  print("bank_against_vectorised_loop_single \(bankRatio(Float.self, rounds, isBare: true).ratio)")
  print("bank_equal \(areDoublesEqual && areSinglesEqual ? 1 : 0)")
case "nanoseconds":
  guard arguments.count == 3, let count = Int(arguments[2]) else { fail("calibration nanoseconds COUNT") }
  var line = freshLine()
  let time = seconds { swiftLine(&line, count) }
  guard line.gain.isFinite else { fail("the recursion diverged") }
  print(time * 1e9 / Double(count))
case "precision":
  guard arguments.count == 3, let count = Int(arguments[2]) else { fail("calibration precision COUNT") }
  let configuration = OnlineCalibrationConfiguration(
    response: .init(
      direct: 5.0...55.0, degree: 1, standardUncertainty: Coefficients(0.1, 0.5, 0, 0),
      driftPerRootSecond: Coefficients(1e-5, 1e-5, 0, 0)),
    process: .init(motion: CorrelatedNoise(standardDeviation: 0.02)),
    reference: .init(
      range: 0.0...60.0, basisCount: 2, correction: Coefficients(0.012, -0.008, 0, 0),
      standardUncertainty: Coefficients(0.010, 0.010, 0, 0), driftStandardUncertainty: 0.005,
      gradientStandardUncertainty: 0.004, noise: CorrelatedNoise(standardDeviation: 0.005)),
    deviceNoise: CorrelatedNoise(standardDeviation: 0.01), resolution: 0, periodSeconds: 1, pairsPerBlock: 1)
  do {
    var double = try OnlineCalibration(configuration)
    var single = try OnlineCalibrationFilter<Float>(configuration)
    for index in 0..<count {
      let x = (index / 5000 % 2 == 0 ? 20 : 40) + 0.02 * random.normal()
      let pair = Pair(
        instant: Instant(nanoseconds: Int64(index) * 1_000_000_000), reference: x + 0.005 * random.normal(),
        indication: x + 0.05 + 0.01 * random.normal(), raw: .nan, quality: [], tick: UInt32(truncatingIfNeeded: index))
      _ = double.add(pair)
      _ = single.add(pair)
    }
    var worst = 0.0
    for z in [10.0, 20, 30, 40, 50] {
      guard let expected = double.corrected(indication: z), let got = single.corrected(indication: z) else {
        fail("no corrected value")
      }
      worst = max(worst, (got.value - expected.value).magnitude / expected.standardUncertainty)
      worst = max(
        worst, (got.standardUncertainty - expected.standardUncertainty).magnitude / expected.standardUncertainty)
    }
    print("single_against_double \(worst)")
  } catch {
    fail("\(error)")
  }
default: fail("calibration run|ratios|precision")
}
