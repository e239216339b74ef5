import EtalonSession
import Foundation
import Synchronization

/// The truth oracle over many seeds: how often do the intervals cover what the simulator knows to be true?
public struct CoverageCampaign: Sendable {
  /// The run that is repeated; its own seed is not used.
  public var run: SimulatedRun
  /// First and last seed.
  public var seeds: ClosedRange<UInt64>

  /// A campaign that has not begun.
  public init(run: SimulatedRun, seeds: ClosedRange<UInt64>) {
    self.run = run
    self.seeds = seeds
  }

  /// One phase of the session, over all seeds and points.
  public struct Phase: Sendable, Encodable {
    /// Name of the board.
    public var bench: String
    /// `as_found` or `as_left`.
    public var phase: String
    /// Points.
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

  /// Runs every seed on all processors; the order of the results does not depend on their number.
  /// - Parameter progress: called with the number of seeds done and of all.
  public func report(progress: @Sendable (Int, Int) -> Void = { _, _ in }) throws -> Report {
    let count = Int(seeds.upperBound - seeds.lowerBound) + 1
    let outcomes = Mutex([Result<SimulatedRun.Outcome, any Error>?](repeating: nil, count: count))
    let done = Atomic<Int>(0)
    withoutActuallyEscaping(progress) { progress in
      DispatchQueue.concurrentPerform(iterations: count) { index in
        var run = run
        run.seed = seeds.lowerBound + UInt64(index)
        let outcome = Result { try run.start() }
        outcomes.withLock { $0[index] = outcome }
        progress(done.add(1, ordering: .relaxed).newValue, count)
      }
    }
    var failures: [String] = []
    var points: [PointResult] = []
    for outcome in outcomes.withLock({ $0 }) {
      guard let outcome = try outcome?.get() else { continue }
      if outcome.results.failure != nil { failures.append("\(outcome)") }
      points += outcome.results.points
    }
    let phases = [PointResult.Phase.asFound, .asLeft].compactMap { phase in
      summarise(points.filter { $0.phase == phase && $0.truth != nil }, phase.rawValue)
    }
    return Report(phases: phases, failures: failures)
  }

  private func summarise(_ points: [PointResult], _ phase: String) -> Phase? {
    guard !points.isEmpty else { return nil }
    var covered = 0
    var squares = 0.0
    var uncertainties = 0.0
    for point in points {
      if point.covered == true { covered += 1 }
      let normalised = (point.error - (point.truth ?? .nan)) / point.standardUncertainty
      squares += normalised * normalised
      uncertainties += point.standardUncertainty
    }
    let n = Double(points.count)
    return Phase(
      bench: run.board.name, phase: phase, n: points.count, covered: Double(covered) / n,
      rms: (squares / n).squareRoot(), meanU: uncertainties / n)
  }
}
