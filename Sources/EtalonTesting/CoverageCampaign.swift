import EtalonMetrology
import EtalonSession
import Foundation
import Synchronization

/// The truth oracle over many seeds: how often do the intervals cover what the simulator knows to be true?
///
/// Points of an offline session (`as_found`, `as_left`) all count. Of each phase of an on-line session one instant counts
/// for each seed, drawn from the seed: the values of one run share the errors of its reference, so more of them would
/// only pretend to be independent.
public struct CoverageCampaign: Sendable {
  /// The run that is repeated; its own seed is not used.
  public var run: SimulatedRun
  /// First and last seed.
  public var seeds: ClosedRange<UInt64>
  /// Coverage probability of the interval about a corrected value, 0...1; points keep that of their session.
  public var coverageProbability = 0.95

  /// A campaign that has not begun.
  public init(run: SimulatedRun, seeds: ClosedRange<UInt64>) {
    self.run = run
    self.seeds = seeds
  }

  /// One phase of the session, over all seeds and points.
  public struct Phase: Sendable, Encodable {
    /// Name of the board.
    public var bench: String
    /// `as_found`, `as_left`, or the name of a phase of a `monitor` step.
    public var phase: String
    /// Points, or instants.
    public var n: Int
    /// Share of points whose interval covers the truth, 0...1.
    public var covered: Double
    /// Root mean square of (error − true error)/u.
    public var rms: Double
    /// Mean standard uncertainty in kelvin.
    public var meanU: Double

    enum CodingKeys: String, CodingKey {
      case bench, phase, n, covered, rms
      case meanU = "mean_u"
    }
  }

  /// What all runs say together.
  public struct Report: Sendable {
    /// One entry for each phase that had points.
    public var phases: [Phase]
    /// Runs that ended in a failure, with their seeds.
    public var failures: [String]
  }

  /// One value with its truth.
  private struct Sample: Sendable {
    let phase: String
    /// Value minus truth over u.
    let normalised: Double
    let isCovered: Bool
    let u: Double
  }

  private struct Yield: Sendable {
    var samples: [Sample]
    var failure: String?
  }

  /// Runs every seed on all processors; the order of the results does not depend on their number.
  /// - Parameter progress: called with the number of seeds done and of all.
  public func report(progress: @Sendable (Int, Int) -> Void = { _, _ in }) throws -> Report {
    let count = Int(seeds.upperBound - seeds.lowerBound) + 1
    let yields = Mutex([Result<Yield, any Error>?](repeating: nil, count: count))
    let next = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    let workers = max(1, min(count, ProcessInfo.processInfo.activeProcessorCount))
    withoutActuallyEscaping(progress) { progress in
      DispatchQueue.concurrentPerform(iterations: workers) { _ in
        while true {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < count else { return }
          let yield = Result { try self.yield(seed: seeds.lowerBound + UInt64(index)) }
          yields.withLock { $0[index] = yield }
          progress(done.add(1, ordering: .relaxed).newValue, count)
        }
      }
    }
    var failures: [String] = []
    var samples: [Sample] = []
    for yield in yields.withLock({ $0 }) {
      guard let yield = try yield?.get() else { continue }
      if let failure = yield.failure { failures.append(failure) }
      samples += yield.samples
    }
    var names: [String] = []
    for sample in samples where !names.contains(sample.phase) { names.append(sample.phase) }
    return Report(phases: names.compactMap { summarise(samples, $0) }, failures: failures)
  }

  /// One run, of which only what counts is kept.
  private func yield(seed: UInt64) throws -> Yield {
    var run = run
    run.seed = seed
    let outcome = try run.start()
    var samples: [Sample] = []
    for point in outcome.results.points {
      guard let truth = point.truth, let isCovered = point.covered else { continue }
      samples.append(
        Sample(
          phase: point.phase.rawValue, normalised: (point.error - truth) / point.standardUncertainty,
          isCovered: isCovered, u: point.standardUncertainty))
    }
    var random = RandomStream(seed: seed, stream: Self.stream)
    for monitor in outcome.results.monitors {
      for (number, phase) in monitor.step.phases.enumerated() {
        // One draw for each phase, whether it gave rows or not.
        let share = random.uniform()
        let rows = monitor.rows.filter { $0.phase == number && $0.error != nil }
        guard !rows.isEmpty else { continue }
        let row = rows[min(rows.count - 1, Int(share * Double(rows.count)))]
        guard let error = row.error, let half = row.uncertainty.halfWidth(holding: coverageProbability) else {
          continue
        }
        samples.append(
          Sample(
            phase: phase.name, normalised: error / row.uncertainty.standard, isCovered: abs(error) <= half,
            u: row.uncertainty.standard))
      }
    }
    return Yield(samples: samples, failure: outcome.results.failure == nil ? nil : "\(outcome)")
  }

  /// A stream of random numbers that no part of a simulation uses.
  private static let stream: UInt64 = 0x636F_7665_7261_6765

  private func summarise(_ samples: [Sample], _ phase: String) -> Phase? {
    let own = samples.filter { $0.phase == phase }
    guard !own.isEmpty else { return nil }
    let n = Double(own.count)
    return Phase(
      bench: run.board.name, phase: phase, n: own.count,
      covered: Double(own.filter(\.isCovered).count) / n,
      rms: (own.reduce(0) { $0 + $1.normalised * $1.normalised } / n).squareRoot(),
      meanU: own.reduce(0) { $0 + $1.u } / n)
  }
}
