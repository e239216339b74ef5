import EtalonCore
import EtalonMetrology

/// Everything between a reading and a mean: the periodic sampler, the rejector, the settle criterion, the window under
/// way and the on-line calibration.
struct SamplingState: Sendable {
  var sampler: Sampler
  var rejector: HampelRejector?
  var settle: SettleDetector
  var window: BlockMeans?
  var channel: OnlineChannel
  private let periodNanoseconds: Int64
  private(set) var isRunning = false
  /// While the device is being adjusted it is not read.
  private(set) var deviceIsPaused = false
  /// Whether the reference was taken away: it is not read, and nobody misses it.
  private(set) var referenceIsAway = false
  /// Ticks without a reference because it is away.
  private(set) var awayTicks = 0
  /// Latest good reading of the reference, °C, before correction.
  var latestReference: Double?
  var latestIndication: Double?
  /// Ticks that got no reading only because a device was still answering the one before: for the tick with number n,
  /// bit n mod 64 of the first word says that it was passed over, and of the second that the answer then came.
  private var passedOver: UInt64 = 0
  private var slow: UInt64 = 0
  /// How many ticks were passed over for that reason.
  private(set) var slowTicks = 0
  /// When each side last gave a good reading.
  var lastGood: [Instant?] = [nil, nil]
  private var lastTick: Instant?
  /// Last digit of the device's indication after the session, kelvin; 0 where it says nothing.
  let deviceResolution: Double

  init(plan: SessionPlan, certificate: ReferenceCertificate) throws(Failure) {
    let sampling = plan.sampling
    periodNanoseconds = Int64((1e9 / sampling.rateHertz).rounded())
    let resolution = plan.roles.first { $0.kind == .device }?.resolutionKelvin ?? 0
    deviceResolution = resolution
    do throws(SamplingFault) {
      sampler = try Sampler(
        Sampler.Configuration(
          periodNanoseconds: periodNanoseconds, alignNanoseconds: Int64(sampling.alignSeconds * 1e9),
          // A device that needs several periods for an answer must have given it before its tick is judged.
          waitNanoseconds: max(2 * periodNanoseconds, min(6 * periodNanoseconds, 250_000_000))),
        startingAt: Instant(nanoseconds: 0))
      if let reject = sampling.reject {
        rejector = try HampelRejector(window: reject.window, threshold: reject.k, resolution: resolution)
      }
      settle = try SettleDetector(holdNanoseconds: 1_000_000_000, periodNanoseconds: periodNanoseconds)
    } catch {
      throw Failure(.badData, "the session's sampling can not be done: \(error)")
    }
    channel = try OnlineChannel(plan: plan, certificate: certificate)
  }

  /// When time alone makes something due.
  var nextWake: Instant? {
    guard isRunning else { return nil }
    guard let deadline = sampler.deadline else { return sampler.nextTick }
    return min(deadline, sampler.nextTick)
  }

  mutating func start(at instant: Instant) throws(SamplingFault) {
    sampler = try Sampler(sampler.configuration, startingAt: instant)
    isRunning = true
    lastTick = instant
    lastGood = [instant, instant]
  }

  mutating func stop() { isRunning = false }

  /// Notes that a tick is handled; the time since the one before is no silence of a device beyond a period or two.
  /// - Returns: seconds since the tick before.
  mutating func noteTick(at instant: Instant) -> Double? {
    defer { lastTick = instant }
    guard let lastTick else { return nil }
    let excess = (instant - lastTick) - 2 * periodNanoseconds
    // The sampler itself waits for the slower side: only what no period explains is taken off the silence.
    if excess > 1_000_000_000 {
      for side in lastGood.indices { lastGood[side] = lastGood[side].map { min($0 + excess, instant) } }
    }
    return instant.seconds(since: lastTick)
  }

  /// A tick begins; `isPassedOver` when a device is still busy with an earlier one.
  mutating func note(tick: UInt32, isPassedOver: Bool) {
    let bit = UInt64(1) << UInt64(tick % 64)
    slow &= ~bit
    if isPassedOver { passedOver |= bit } else { passedOver &= ~bit }
  }

  /// A device answered well: the ticks that it was too busy for are slow, not missing.
  mutating func answered(tick: UInt32) {
    guard passedOver != 0 else { return }
    var number = tick &+ 1
    while number < sampler.nextNumber, number < tick &+ 64 {
      let bit = UInt64(1) << UInt64(number % 64)
      if passedOver & bit != 0 {
        passedOver &= ~bit
        slow |= bit
        slowTicks += 1
      }
      number += 1
    }
  }

  /// Whether the pair of a tick is absent only because a device answers more slowly than the session's rate.
  func isSlow(tick: UInt32) -> Bool { slow & (UInt64(1) << UInt64(tick % 64)) != 0 }

  /// The reference goes away or comes back.
  mutating func setReference(away: Bool, at instant: Instant) {
    referenceIsAway = away
    lastGood[0] = instant
    channel.setReference(away: away, at: instant)
    if away { latestReference = nil }
  }

  /// What a pair is while the reference is away: a reading of the device alone. Pairs that were complete before it went
  /// are still good.
  mutating func withoutReference(_ pair: Pair) -> Pair {
    guard !pair.isUsable else { return pair }
    var alone = pair
    alone.reference = .nan
    alone.quality.remove(.skewed)
    alone.quality.insert(.missing)
    awayTicks += 1
    return alone
  }

  mutating func pauseDevice() { deviceIsPaused = true }

  mutating func resumeDevice(at instant: Instant) {
    deviceIsPaused = false
    lastGood[1] = instant
  }

  /// The device has another response now: what was learnt about the old one is void.
  mutating func deviceWasAdjusted(at instant: Instant) { channel.restart(at: instant) }

  mutating func beginSettling(hold seconds: Double) throws(SamplingFault) {
    settle = try SettleDetector(holdNanoseconds: Int64(seconds * 1e9), periodNanoseconds: periodNanoseconds)
  }

  func isSettled(slope: Double, standardDeviation: Double) -> Bool {
    settle.isSettled(slopeLimitPerSecond: slope, standardDeviationLimit: standardDeviation)
  }

  mutating func openWindow(samples: Int, blocks: Int) throws(SamplingFault) {
    window = try BlockMeans(samples: samples, blocks: blocks)
  }

  mutating func closeWindow() { window = nil }

  mutating func addToWindow(_ pair: Pair) { window?.add(pair) }

  /// Does what can fail only for values that the session file was checked for.
  mutating func trying(_ body: (inout SamplingState) throws(SamplingFault) -> Void) {
    do throws(SamplingFault) { try body(&self) } catch {
      preconditionFailure("a checked session asks for no window that is impossible: \(error)")
    }
  }
}
